//! Tags of bays: strips of office paper to cut out, each with the name of a bay to read from two metres, and its code.

use model::scan::BayTag;

use crate::PaperError;
use crate::caption::{self, OFFICE};
use crate::page::{Area, Page, Pen, Style};
use crate::slip::footer;

/// Height of a strip: five are on a page.
const STRIP: f32 = 118.0;

const EDGE: f32 = 10.0;
const NAME: Style = Style::bold(40.0);
const STATION: Style = Style::regular(12.0);

/// Longest code that is printed in bars: its modules are a quarter of a millimetre.
const LONGEST_BARS: usize = 34;

/// Modules of a short code, in points.
const WIDEST_MODULE: f32 = 1.4;

/// Strips on a page.
const PER_PAGE: usize = 5;

/// Lays out tags, five on a page.
///
/// # Errors
/// [`PaperError::NoBarcode`] never, for a name of a bay is short.
pub(crate) fn pages(tags: &[BayTag]) -> Result<Vec<Page>, PaperError> {
    tags.chunks(PER_PAGE).map(page).collect()
}

fn page(tags: &[BayTag]) -> Result<Page, PaperError> {
    let (mut page, below) = caption::office("Bay tags");
    let mut y = below.y;
    for tag in tags {
        strip(
            &mut page,
            Area {
                y,
                h: STRIP,
                ..OFFICE
            },
            tag,
        )?;
        y += STRIP;
    }
    footer(
        &mut page,
        "Cut along the dashed lines. A tag is scanned before or after the sheet of what is in its bay.",
    );
    Ok(page)
}

fn strip(page: &mut Page, area: Area, tag: &BayTag) -> Result<(), PaperError> {
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
    page.text(left, NAME, tag.bay.as_str());
    let station = Area {
        y: inside.y + NAME.leading() + 6.0,
        ..left
    };
    page.text(station, STATION, &format!("Station {}", tag.station));
    let right = Area {
        x: inside.x + left.w + EDGE,
        w: inside.w - left.w - EDGE,
        ..inside
    };
    let code = tag.scan_text();
    // Code 128 has ASCII, and as much of it as is wide enough for a scanner; a name may have any letters and many of them.
    let bars = Area { h: 62.0, ..right };
    if code.len() > LONGEST_BARS || page.code128(bars, WIDEST_MODULE, &code).is_err() {
        page.qr(
            Area {
                w: right.h,
                ..right
            },
            &code,
        )?;
        return Ok(());
    }
    let text = Area {
        y: right.y + 68.0,
        ..right
    };
    page.text(text, Style::regular(9.0), &code);
    Ok(())
}
