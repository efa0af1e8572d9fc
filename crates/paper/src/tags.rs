//! Tags to cut out: strips of office paper, each with a word to read from two metres, what is to be known of it, and a code.
//! Bays have them, devices that lie on a shelf, and cards that are commands.

use crate::PaperError;
use crate::caption::{self, OFFICE};
use crate::page::{Area, Page, Pen, Style};
use crate::slip::footer;

/// Height of a strip: five are on a page.
const STRIP: f32 = 118.0;

const EDGE: f32 = 10.0;
const NAME: Style = Style::bold(40.0);
const ABOUT: Style = Style::regular(12.0);

/// Sizes in which what is to be known is tried, until it has room.
const ABOUT_SIZES: [f32; 4] = [12.0, 10.5, 9.0, 7.5];

/// Longest code that is printed in bars: its modules are a quarter of a millimetre.
const LONGEST_BARS: usize = 34;

/// Modules of a short code, in points.
const WIDEST_MODULE: f32 = 1.4;

/// Strips on a page.
const PER_PAGE: usize = 5;

/// A strip.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Strip {
    /// What is read from afar.
    pub(crate) name: String,
    /// Lines below it.
    pub(crate) about: Vec<String>,
    /// What the code holds.
    pub(crate) code: String,
    /// What is printed below the bars.
    pub(crate) below: String,
}

/// Lays out strips, five on a page.
///
/// # Errors
/// [`PaperError::NoBarcode`] never, for codes of strips are short.
pub(crate) fn pages(title: &str, strips: &[Strip], foot: &str) -> Result<Vec<Page>, PaperError> {
    strips
        .chunks(PER_PAGE)
        .map(|strips| page(title, strips, foot))
        .collect()
}

fn page(title: &str, strips: &[Strip], foot: &str) -> Result<Page, PaperError> {
    let (mut page, below) = caption::office(title);
    let mut y = below.y;
    for one in strips {
        let area = Area {
            y,
            h: STRIP,
            ..OFFICE
        };
        strip(&mut page, area, one)?;
        y += STRIP;
    }
    footer(&mut page, foot);
    Ok(page)
}

fn strip(page: &mut Page, area: Area, strip: &Strip) -> Result<(), PaperError> {
    page.frame(area, Pen::Cut);
    let inside = Area {
        x: area.x + EDGE,
        y: area.y + EDGE,
        w: area.w - 2.0 * EDGE,
        h: area.h - 2.0 * EDGE,
    };
    let left = Area {
        w: inside.w * 0.4,
        ..inside
    };
    page.text(left, NAME, &strip.name);
    let y = inside.y + NAME.leading() + 4.0;
    let about = Area {
        y,
        h: inside.y + inside.h - y,
        ..left
    };
    page.block(about, ABOUT, &ABOUT_SIZES, &strip.about);
    let right = Area {
        x: inside.x + left.w + EDGE,
        w: inside.w - left.w - EDGE,
        ..inside
    };
    let code = &strip.code;
    // Code 128 has ASCII, and as much of it as is wide enough for a scanner; a name may have any letters and many of them.
    let bars = Area { h: 62.0, ..right };
    if code.len() > LONGEST_BARS || page.code128(bars, WIDEST_MODULE, code).is_err() {
        page.qr(
            Area {
                w: right.h,
                ..right
            },
            code,
        )?;
        return Ok(());
    }
    let text = Area {
        y: right.y + 68.0,
        ..right
    };
    page.text(text, Style::regular(9.0), &strip.below);
    Ok(())
}
