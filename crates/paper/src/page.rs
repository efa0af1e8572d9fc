//! A page as a list of marks: what is where, before anything is written.
//!
//! Lengths are points, 1/72 inch, counted from the top left corner. Whoever lays out a page gives
//! areas; text is made to fit its area here, so that no text can leave the page.

use crate::PaperError;
use crate::clean::clean;
use crate::code::{self, Modules};
use crate::fonts::Weight;
use crate::shape::{self, Line};
use crate::wrap::wrap;

/// One millimetre.
pub(crate) const MM: f32 = 72.0 / 25.4;

/// One inch.
pub(crate) const INCH: f32 = 72.0;

/// From line to line, in font sizes. Thai, Khmer and Burmese need that much.
const LEADING: f32 = 1.25;

/// The share of its size to which a line is shrunk before it is cut.
const SMALLEST: f32 = 0.6;

/// From the top of a line to its baseline, in font sizes.
const ASCENT: f32 = 0.95;

/// A rectangle.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Area {
    /// Left edge.
    pub(crate) x: f32,
    /// Upper edge.
    pub(crate) y: f32,
    /// Width.
    pub(crate) w: f32,
    /// Height.
    pub(crate) h: f32,
}

/// Something on a page.
#[derive(Debug, Clone)]
pub(crate) enum Mark {
    /// A line of text.
    Text {
        /// Left end of the baseline.
        x: f32,
        /// The baseline.
        y: f32,
        /// Size of the font.
        size: f32,
        /// Black or white.
        ink: Ink,
        /// The glyphs.
        line: Line,
    },
    /// Rectangles filled with black.
    Fill(Vec<Area>),
    /// The outline of a rectangle, or a line if it has no height or width.
    Outline(Area, Pen),
}

/// What a text is printed with. There is no grey: label printers have none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ink {
    /// On paper.
    Black,
    /// On a black band.
    White,
}

/// What a line is drawn with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pen {
    /// Half a point.
    Fine,
    /// A point and a half.
    Strong,
    /// Dashes: cut here.
    Cut,
}

/// Where a text stands in its area.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Align {
    /// At the left edge.
    Left,
    /// In the middle.
    Centre,
    /// At the right edge.
    Right,
}

/// How a text looks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Style {
    /// Size of the font, in points.
    pub(crate) size: f32,
    /// Regular or bold.
    pub(crate) weight: Weight,
    /// Left, centred or right.
    pub(crate) align: Align,
    /// Black or white.
    pub(crate) ink: Ink,
}

impl Style {
    /// Regular, left, black.
    pub(crate) const fn regular(size: f32) -> Self {
        Self {
            size,
            weight: Weight::Regular,
            align: Align::Left,
            ink: Ink::Black,
        }
    }

    /// Bold, left, black.
    pub(crate) const fn bold(size: f32) -> Self {
        Self {
            weight: Weight::Bold,
            ..Self::regular(size)
        }
    }

    /// The same elsewhere in its area.
    pub(crate) const fn align(self, align: Align) -> Self {
        Self { align, ..self }
    }

    /// The same in white.
    pub(crate) const fn white(self) -> Self {
        Self {
            ink: Ink::White,
            ..self
        }
    }

    /// From line to line.
    pub(crate) fn leading(self) -> f32 {
        self.size * LEADING
    }

    fn sized(self, size: f32) -> Self {
        Self { size, ..self }
    }
}

/// A page under way.
#[derive(Debug, Clone)]
pub(crate) struct Page {
    /// Width of the sheet.
    pub(crate) width: f32,
    /// Height of the sheet.
    pub(crate) height: f32,
    /// In the order of drawing.
    pub(crate) marks: Vec<Mark>,
}

impl Page {
    /// An empty page.
    pub(crate) fn new(width: f32, height: f32) -> Self {
        Self {
            width,
            height,
            marks: Vec::new(),
        }
    }

    /// Writes one line at the top of `area`, smaller where it would be too wide, then cut.
    /// The baseline is that of the full size.
    pub(crate) fn text(&mut self, area: Area, style: Style, text: &str) {
        let text = clean(text);
        let whole = shape::line(&text, style.weight);
        let smallest = style.sized(style.size * SMALLEST);
        let baseline = area.y + style.size * ASCENT;
        if whole.width * smallest.size <= area.w {
            self.put(area, style, baseline, whole);
        } else if let Some(cut) = wrap(&text, style.weight, area.w / smallest.size, 1).pop() {
            self.put(area, smallest, baseline, cut);
        }
    }

    /// Writes a line that was wrapped at the top of `area`.
    pub(crate) fn line(&mut self, area: Area, style: Style, line: Line) {
        self.put(area, style, area.y + style.size * ASCENT, line);
    }

    /// Writes paragraphs into `area` in the largest of `sizes` in which all are whole. In the
    /// smallest each gets an equal share of the lines there are, and is cut if it needs more;
    /// where there are fewer lines than paragraphs, the last share one.
    /// Returns how much of the height was used.
    pub(crate) fn block(
        &mut self,
        area: Area,
        style: Style,
        sizes: &[f32],
        paragraphs: &[String],
    ) -> f32 {
        let paragraphs: Vec<String> = paragraphs.iter().map(|p| clean(p)).collect();
        let paragraphs: Vec<String> = paragraphs.into_iter().filter(|p| !p.is_empty()).collect();
        let (size, lines) = fit(area, style.weight, sizes, &paragraphs);
        let style = style.sized(size);
        let mut y = area.y;
        for line in lines {
            self.put(area, style, y + size * ASCENT, line);
            y += style.leading();
        }
        y - area.y
    }

    /// Sets a line as large as its style, or as large as the area is wide.
    fn put(&mut self, area: Area, style: Style, baseline: f32, line: Line) {
        let size = style.size.min(area.w / line.width.max(f32::EPSILON));
        let room = (area.w - line.width * size).max(0.0);
        let x = match style.align {
            Align::Left => area.x,
            Align::Centre => area.x + room / 2.0,
            Align::Right => area.x + room,
        };
        self.marks.push(Mark::Text {
            x,
            y: baseline,
            size,
            ink: style.ink,
            line,
        });
    }

    /// Fills a rectangle with black.
    pub(crate) fn band(&mut self, area: Area) {
        self.marks.push(Mark::Fill(vec![area]));
    }

    /// Draws the outline of a rectangle.
    pub(crate) fn frame(&mut self, area: Area, pen: Pen) {
        self.marks.push(Mark::Outline(area, pen));
    }

    /// Draws a horizontal line.
    pub(crate) fn rule(&mut self, x: f32, y: f32, w: f32, pen: Pen) {
        self.frame(Area { x, y, w, h: 0.0 }, pen);
    }

    /// Draws `text` as Code 128 into `area`: as high as it is, centred, with modules of at most
    /// `module` points and its quiet zones within.
    ///
    /// # Errors
    /// [`PaperError::NoBarcode`] if the text has none.
    pub(crate) fn code128(
        &mut self,
        area: Area,
        module: f32,
        text: &str,
    ) -> Result<(), PaperError> {
        let symbol = code::code128(text)?;
        let quiet = code::CODE128_QUIET;
        let module = module.min(area.w / f32::from(symbol.width + 2 * quiet));
        let x = area.x + (area.w - f32::from(symbol.width) * module) / 2.0;
        self.modules(
            &symbol,
            Area {
                x,
                w: module,
                ..area
            },
        );
        Ok(())
    }

    /// Draws `text` as QR code into the square `area`, its quiet zone within.
    ///
    /// # Errors
    /// [`PaperError::NoBarcode`] if the text has none.
    pub(crate) fn qr(&mut self, area: Area, text: &str) -> Result<(), PaperError> {
        let symbol = code::qr(text)?;
        let module = area.w / f32::from(symbol.width + 2 * code::QR_QUIET);
        let edge = f32::from(code::QR_QUIET) * module;
        let first = Area {
            x: area.x + edge,
            y: area.y + edge,
            w: module,
            h: module,
        };
        self.modules(&symbol, first);
        Ok(())
    }

    /// Draws modules, the first of which is at `first`.
    fn modules(&mut self, symbol: &Modules, first: Area) {
        let bars = symbol.bars().into_iter().map(|(y, x, count)| Area {
            x: first.x + f32::from(x) * first.w,
            y: first.y + f32::from(y) * first.h,
            w: f32::from(count) * first.w,
            h: first.h,
        });
        self.marks.push(Mark::Fill(bars.collect()));
    }
}

/// The largest size in which all paragraphs are whole, and their lines.
fn fit(area: Area, weight: Weight, sizes: &[f32], paragraphs: &[String]) -> (f32, Vec<Line>) {
    for size in sizes {
        let room = rows(area.h, *size);
        // One line more than there is room for tells that it is too long.
        let one = |p: &String| wrap(p, weight, area.w / size, room + 1);
        let lines: Vec<Line> = paragraphs.iter().flat_map(one).take(room + 1).collect();
        if lines.len() <= room {
            return (*size, lines);
        }
    }
    let size = sizes.last().copied().unwrap_or(8.0);
    let room = rows(area.h, size);
    let paragraphs = joined(paragraphs, room);
    let share = room / paragraphs.len().max(1);
    let one = |p: &String| wrap(p, weight, area.w / size, share);
    (size, paragraphs.iter().flat_map(one).collect())
}

/// The paragraphs as at most `most`: the last of them share a line.
fn joined(paragraphs: &[String], most: usize) -> Vec<String> {
    if paragraphs.len() <= most {
        return paragraphs.to_vec();
    }
    let (own, shared) = paragraphs.split_at(most - 1);
    own.iter().cloned().chain([shared.join(", ")]).collect()
}

/// How many lines of a size go into a height; at least one.
fn rows(height: f32, size: f32) -> usize {
    (1_u8..u8::MAX)
        .take_while(|n| f32::from(*n) * size * LEADING <= height)
        .last()
        .map_or(1, usize::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    const AREA: Area = Area {
        x: 10.0,
        y: 10.0,
        w: 100.0,
        h: 40.0,
    };

    /// Size and text of each line that a block of `paragraphs` becomes.
    fn block(sizes: &[f32], paragraphs: &[&str]) -> Vec<(f32, String)> {
        let mut page = Page::new(120.0, 60.0);
        let paragraphs: Vec<String> = paragraphs.iter().map(|p| (*p).to_owned()).collect();
        page.block(AREA, Style::regular(0.0), sizes, &paragraphs);
        page.marks.iter().filter_map(written).collect()
    }

    fn written(mark: &Mark) -> Option<(f32, String)> {
        let Mark::Text { size, line, .. } = mark else {
            return None;
        };
        let text = line.runs.iter().map(|run| run.text.as_str()).collect();
        Some((*size, text))
    }

    fn lines(size: f32, texts: &[&str]) -> Vec<(f32, String)> {
        texts
            .iter()
            .map(|text| (size, (*text).to_owned()))
            .collect()
    }

    #[test]
    fn a_block_is_set_as_large_as_it_goes() {
        let sizes = [16.0, 10.0, 8.0];
        assert_eq!(
            block(&sizes, &["Ada", "", "Bo"]),
            lines(16.0, &["Ada", "Bo"])
        );
        assert_eq!(
            block(&sizes, &["A", "B", "C"]),
            lines(10.0, &["A", "B", "C"])
        );
        assert_eq!(
            block(&sizes, &["A", "B", "C", "D"]),
            lines(8.0, &["A", "B", "C", "D"])
        );
    }

    #[test]
    fn what_has_no_line_of_its_own_shares_one() {
        let five = block(&[10.0], &["A", "B", "C", "D", "E"]);
        assert_eq!(five, lines(10.0, &["A", "B", "C, D, E"]));
    }

    #[test]
    fn a_long_text_takes_no_other_line() {
        let two = block(&[10.0], &[&"long ".repeat(50), "Germany"]);
        assert_eq!(two, lines(10.0, &["long long long lon…", "Germany"]));
    }

    #[test]
    fn a_line_shrinks_before_it_is_cut() {
        let mut page = Page::new(120.0, 60.0);
        page.text(AREA, Style::regular(10.0), "Donaudampfschifffahrt");
        page.text(
            AREA,
            Style::regular(10.0),
            &"Donaudampfschifffahrt".repeat(3),
        );
        let written: Vec<(f32, String)> = page.marks.iter().filter_map(written).collect();
        assert!((6.0..10.0).contains(&written[0].0) && written[0].1 == "Donaudampfschifffahrt");
        assert!(written[1].1.ends_with('…'));
    }
}
