//! What the sheets have in common: captions with values, addresses, a heading.

use model::ids::JobId;

use crate::PaperError;
use crate::form::Party;
use crate::limits::PARTY_LINES;
use crate::page::{Align, Area, MM, Page, Pen, Style};

/// Width of a sheet of A4.
pub(crate) const A4_WIDTH: f32 = 210.0 * MM;

/// Height of a sheet of A4.
pub(crate) const A4_HEIGHT: f32 = 297.0 * MM;

/// Where an office printer prints, whether it holds A4 or Letter: Letter is 279 mm high, and a
/// printer wants some 12 mm of margin.
pub(crate) const OFFICE: Area = Area {
    x: 18.0 * MM,
    y: 15.0 * MM,
    w: A4_WIDTH - 36.0 * MM,
    h: 250.0 * MM,
};

/// How captioned values look.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Captions<'a> {
    /// Size of the captions.
    pub(crate) caption: f32,
    /// Sizes of the values, largest first.
    pub(crate) sizes: &'a [f32],
    /// Width of the column of captions.
    pub(crate) column: f32,
    /// Space between two values.
    pub(crate) gap: f32,
}

/// A value under its caption.
#[derive(Debug, Clone)]
pub(crate) struct Value {
    caption: &'static str,
    text: String,
    lines: u8,
}

impl Value {
    /// A value of one line.
    pub(crate) fn line(caption: &'static str, text: impl Into<String>) -> Self {
        Self {
            caption,
            text: text.into(),
            lines: 1,
        }
    }

    /// A value of up to `lines` lines of the largest size.
    pub(crate) fn lines(caption: &'static str, text: impl Into<String>, lines: u8) -> Self {
        Self {
            lines,
            ..Self::line(caption, text)
        }
    }
}

/// Lists values below each other from the top of `area`. Returns the height they took.
pub(crate) fn list(page: &mut Page, area: Area, look: Captions<'_>, values: &[Value]) -> f32 {
    let largest = look.sizes.first().copied().unwrap_or(look.caption);
    let style = Style::regular(largest);
    let mut y = area.y;
    for value in values {
        // The captions stand on the baseline of the values.
        let lower = largest - look.caption;
        let caption = Area {
            x: area.x,
            y: y + lower * 0.95,
            w: look.column - 4.0,
            h: 0.0,
        };
        page.text(caption, Style::bold(look.caption), value.caption);
        let room = Area {
            x: area.x + look.column,
            y,
            w: area.w - look.column,
            h: style.leading() * f32::from(value.lines),
        };
        let used = page.block(room, style, look.sizes, std::slice::from_ref(&value.text));
        y += used.max(style.leading()) + look.gap;
    }
    y - area.y
}

/// Writes an address under its caption into `area`.
pub(crate) fn party(page: &mut Page, area: Area, caption: &str, sizes: &[f32], party: &Party) {
    const CAPTION: Style = Style::bold(7.0);
    page.text(area, CAPTION, caption);
    let below = CAPTION.leading() + 1.0;
    let room = Area {
        y: area.y + below,
        h: area.h - below,
        ..area
    };
    let phone = party.phone.as_ref().map(|phone| format!("Tel. {phone}"));
    let lines = party.lines.iter().take(PARTY_LINES).cloned().chain(phone);
    let lines: Vec<String> = lines.collect();
    page.block(room, Style::regular(0.0), sizes, &lines);
}

/// Writes a job's id with its barcode to the right.
///
/// # Errors
/// [`PaperError::NoBarcode`] never, for a job id always has one.
pub(crate) fn job(page: &mut Page, area: Area, size: f32, job: JobId) -> Result<(), PaperError> {
    let id = job.to_string();
    let half = area.w / 2.0;
    page.text(Area { w: half, ..area }, Style::bold(size), &id);
    page.code128(
        Area {
            x: area.x + half,
            w: half,
            ..area
        },
        half,
        &id,
    )
}

/// Begins a sheet of office paper with its title. Returns the page and where it goes on.
pub(crate) fn office(title: &str) -> (Page, Area) {
    let mut page = Page::new(A4_WIDTH, A4_HEIGHT);
    page.text(OFFICE, Style::bold(22.0), title);
    let name = Area {
        y: OFFICE.y + 11.0,
        ..OFFICE
    };
    page.text(name, Style::regular(10.0).align(Align::Right), "Longshore");
    page.rule(OFFICE.x, OFFICE.y + 30.0, OFFICE.w, Pen::Strong);
    (
        page,
        Area {
            y: OFFICE.y + 42.0,
            h: OFFICE.h - 42.0,
            ..OFFICE
        },
    )
}
