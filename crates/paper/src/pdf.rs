//! Pages as PDF. Writes what [`page`](crate::page) lists, and decides nothing.
//!
//! The same pages are the same bytes: there is no date in them and no random identifier.

use krilla::color::luma;
use krilla::embed::{AssociationKind, EmbeddedFile, MimeType};
use krilla::geom::{PathBuilder, Point, Rect};
use krilla::metadata::Metadata;
use krilla::page::PageSettings;
use krilla::paint::{Fill, Stroke, StrokeDash};
use krilla::surface::Surface;
use krilla::{Document, SerializeSettings};

use crate::PaperError;
use crate::fonts;
use crate::page::{Area, Ink, Mark, Page, Pen};
use crate::shape::Line;

/// A file in a document.
pub(crate) struct Attached<'a> {
    /// What it is called.
    pub(crate) name: &'a str,
    /// What stands in it.
    pub(crate) text: &'a str,
    /// What it is.
    pub(crate) about: &'static str,
}

/// Writes a document of these pages, with a file in it if there is one.
///
/// # Errors
/// [`PaperError::Pdf`] if the PDF library refuses.
pub(crate) fn write(
    title: &str,
    pages: &[Page],
    attached: Option<Attached<'_>>,
) -> Result<Vec<u8>, PaperError> {
    let mut document = Document::new_with(SerializeSettings {
        xmp_metadata: false,
        enable_tagging: false,
        ..SerializeSettings::default()
    });
    document.set_metadata(
        Metadata::new()
            .title(title.to_owned())
            .creator("Longshore".to_owned())
            .language("en".to_owned()),
    );
    for page in pages {
        add(&mut document, page)?;
    }
    if let Some(attached) = attached {
        attach(&mut document, &attached)?;
    }
    document
        .finish()
        .map_err(|e| PaperError::Pdf(e.to_string()))
}

fn attach(document: &mut Document, attached: &Attached<'_>) -> Result<(), PaperError> {
    let file = EmbeddedFile {
        path: attached.name.to_owned(),
        mime_type: MimeType::new("text/plain"),
        description: Some(attached.about.to_owned()),
        association_kind: AssociationKind::Source,
        data: attached.text.as_bytes().to_vec().into(),
        modification_date: None,
        compress: Some(true),
        location: None,
    };
    let refused = || PaperError::Pdf(format!("it takes no file `{}`", attached.name));
    document.embed_file(file).ok_or_else(refused)
}

fn add(document: &mut Document, page: &Page) -> Result<(), PaperError> {
    let settings = PageSettings::from_wh(page.width, page.height)
        .ok_or_else(|| PaperError::Pdf(format!("no page is {}×{}", page.width, page.height)))?;
    let mut sheet = document.start_page_with(settings);
    let mut surface = sheet.surface();
    for mark in &page.marks {
        draw(&mut surface, mark);
    }
    surface.finish();
    sheet.finish();
    Ok(())
}

fn draw(surface: &mut Surface<'_>, mark: &Mark) {
    match mark {
        Mark::Text {
            x,
            y,
            size,
            ink,
            line,
        } => {
            pens(surface, Some(fill(*ink)), None);
            text(surface, Point::from_xy(*x, *y), *size, line);
        }
        Mark::Fill(areas) => {
            pens(surface, Some(fill(Ink::Black)), None);
            areas_path(surface, areas);
        }
        Mark::Outline(area, pen) => {
            pens(surface, None, Some(stroke(*pen)));
            outline(surface, *area);
        }
    }
}

fn pens(surface: &mut Surface<'_>, fill: Option<Fill>, stroke: Option<Stroke>) {
    surface.set_fill(fill);
    surface.set_stroke(stroke);
}

fn text(surface: &mut Surface<'_>, start: Point, size: f32, line: &Line) {
    let mut x = start.x;
    for run in &line.runs {
        let font = fonts::face(run.face).pdf.clone();
        surface.draw_glyphs(
            Point::from_xy(x, start.y),
            &run.glyphs,
            font,
            &run.text,
            size,
            false,
        );
        x += run.width * size;
    }
}

fn areas_path(surface: &mut Surface<'_>, areas: &[Area]) {
    let mut path = PathBuilder::new();
    for area in areas {
        if let Some(rect) = Rect::from_xywh(area.x, area.y, area.w, area.h) {
            path.push_rect(rect);
        }
    }
    if let Some(path) = path.finish() {
        surface.draw_path(&path);
    }
}

fn outline(surface: &mut Surface<'_>, area: Area) {
    let mut path = PathBuilder::new();
    path.move_to(area.x, area.y);
    path.line_to(area.x + area.w, area.y);
    if area.h > 0.0 {
        path.line_to(area.x + area.w, area.y + area.h);
        path.line_to(area.x, area.y + area.h);
        path.close();
    }
    if let Some(path) = path.finish() {
        surface.draw_path(&path);
    }
}

fn fill(ink: Ink) -> Fill {
    let color = match ink {
        Ink::Black => luma::Color::black(),
        Ink::White => luma::Color::white(),
    };
    Fill {
        paint: color.into(),
        ..Fill::default()
    }
}

fn stroke(pen: Pen) -> Stroke {
    let (width, dash) = match pen {
        Pen::Fine => (0.5, None),
        Pen::Strong => (1.5, None),
        Pen::Cut => (
            0.75,
            Some(StrokeDash {
                array: vec![6.0, 4.0],
                offset: 0.0,
            }),
        ),
    };
    Stroke {
        width,
        dash,
        paint: luma::Color::black().into(),
        ..Stroke::default()
    }
}
