//! The signature sheet: what an EBS or Glacier device carries instead of a `SIGNATURE` file.
//!
//! The part to cut out is 134 by 88 millimetres, so that it goes on a 3.5-inch drive.

use model::signature::SignatureFile;

use crate::PaperError;
use crate::caption::{self, OFFICE, Value};
use crate::form::SignatureSheet;
use crate::page::{Align, Area, INCH, MM, Page, Pen, Style};
use crate::slip::{self, LOOK};

const STEPS: [&str; 5] = [
    "1.  Print this sheet at its full size (100 %), without “fit to page”.",
    "2.  Cut along the dashed line.",
    "3.  Tape the part to the case of the device along all four sides. No tape may hide a code.",
    "4.  Write the job id on the device as well, in case the part comes off.",
    "5.  Keep this sheet to yourself: who has it can hand in a device for this job.",
];

const CARD: Area = Area {
    x: (210.0 - 134.0) / 2.0 * MM,
    y: 192.0,
    w: 134.0 * MM,
    h: 88.0 * MM,
};

const EDGE: f32 = 10.0;
const QR: f32 = 41.0 * MM;

/// Seven dots of a printer with 600 to the inch, 0.296 mm: 34 characters are 121 mm wide.
const SCAN_MODULE: f32 = 7.0 / 600.0 * INCH;

/// Lays out a signature sheet.
///
/// # Errors
/// [`PaperError::NoBarcode`] never, for job ids and signatures always have one.
pub(crate) fn page(sheet: &SignatureSheet) -> Result<Page, PaperError> {
    let (mut page, below) = caption::office("Signature sheet");
    let steps: Vec<String> = STEPS.iter().map(|step| (*step).to_owned()).collect();
    page.block(
        Area { h: 90.0, ..below },
        Style::regular(0.0),
        &[11.0, 10.0],
        &steps,
    );
    card(&mut page, sheet)?;
    let y = CARD.y + CARD.h + 22.0;
    let used = caption::list(&mut page, Area { y, ..OFFICE }, LOOK, &values(sheet));
    let to = Area {
        y: y + used + 8.0,
        h: 110.0,
        w: OFFICE.w / 2.0,
        ..OFFICE
    };
    caption::party(
        &mut page,
        to,
        "SHIP TO",
        &[11.0, 10.0, 9.0, 8.0, 7.0],
        &sheet.to,
    );
    slip::footer(
        &mut page,
        "A device whose codes are missing or cannot be read is returned as it came.",
    );
    Ok(page)
}

fn values(sheet: &SignatureSheet) -> Vec<Value> {
    vec![
        Value::line("Job", sheet.signature.job.to_string()),
        Value::line("Job type", sheet.job_type.clone()),
        Value::lines("Device", sheet.device_id.clone(), 2),
        Value::line("Created", sheet.created.to_string()),
    ]
}

/// The part to cut out.
fn card(page: &mut Page, sheet: &SignatureSheet) -> Result<(), PaperError> {
    page.frame(CARD, Pen::Cut);
    let scissors = Area {
        x: CARD.x + 16.0,
        y: CARD.y - 9.5,
        w: 20.0,
        h: 20.0,
    };
    page.text(scissors, Style::regular(16.0), "✂");
    identity(page, sheet)?;
    four_lines(page, &sheet.signature)?;
    one_line(page, &sheet.signature)
}

/// Top left: whose device it is, for people, with the job id to scan.
fn identity(page: &mut Page, sheet: &SignatureSheet) -> Result<(), PaperError> {
    let id = sheet.signature.job.to_string();
    let left = Area {
        x: CARD.x + EDGE + 6.0,
        y: CARD.y + EDGE,
        w: CARD.w - QR - 2.0 * EDGE - 14.0,
        h: 0.0,
    };
    page.text(left, Style::bold(7.0), "JOB");
    page.text(
        Area {
            y: left.y + 8.0,
            ..left
        },
        Style::bold(38.0),
        &id,
    );
    let quiet = f32::from(crate::code::CODE128_QUIET) * JOB_MODULE;
    let bars = Area {
        x: left.x - quiet,
        y: left.y + 58.0,
        w: 110.0 * JOB_MODULE,
        h: 30.0,
    };
    page.code128(bars, JOB_MODULE, &id)?;
    let device = Area {
        y: left.y + 94.0,
        h: 24.0,
        ..left
    };
    let lines = [sheet.job_type.clone(), sheet.device_id.clone()];
    page.block(device, Style::regular(0.0), &[9.0, 8.0, 7.0, 6.0], &lines);
    Ok(())
}

/// Fourteen dots of a printer with 600 to the inch.
const JOB_MODULE: f32 = 14.0 / 600.0 * INCH;

/// Top right: the `SIGNATURE` file as it would be on a device, as QR code.
fn four_lines(page: &mut Page, signature: &SignatureFile) -> Result<(), PaperError> {
    let area = Area {
        x: CARD.x + CARD.w - QR - EDGE,
        y: CARD.y + EDGE,
        w: QR,
        h: QR,
    };
    page.qr(
        area,
        &SignatureFile::contents(signature.job.to_string().as_str(), &signature.signature),
    )
}

/// Bottom: job and signature in one line, as Code 128 and as text to type.
fn one_line(page: &mut Page, signature: &SignatureFile) -> Result<(), PaperError> {
    let scan = signature.scan_text();
    let text = Area {
        x: CARD.x,
        y: CARD.y + CARD.h - 24.0,
        w: CARD.w,
        h: 14.0,
    };
    page.text(text, Style::regular(9.5).align(Align::Centre), &scan);
    let top = CARD.y + EDGE + QR + 8.0;
    page.code128(
        Area {
            y: top,
            h: text.y - 6.0 - top,
            ..text
        },
        SCAN_MODULE,
        &scan,
    )
}
