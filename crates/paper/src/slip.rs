//! The packing slip: what lies in the box beside the device.

use crate::PaperError;
use crate::caption::{self, Captions, OFFICE, Value};
use crate::form::{Custody, PackingSlip};
use crate::limits::LIST_ENTRIES;
use crate::page::{Area, MM, Page, Pen, Style};

const SIZES: [f32; 5] = [11.0, 10.0, 9.0, 8.0, 7.0];
const PARTY_HEIGHT: f32 = 105.0;
const BOX: f32 = 10.0;

/// A code of some three hundred bytes has 93 modules with its edge: 0.45 mm each.
const QR: f32 = 42.0 * MM;

const SMALL: Style = Style::regular(7.5);

/// How the particulars of a job look on office paper.
pub(crate) const LOOK: Captions<'_> = Captions {
    caption: 8.5,
    sizes: &[11.0, 10.0, 9.0, 8.0],
    column: 88.0,
    gap: 3.0,
};

/// Lays out a packing slip.
///
/// # Errors
/// [`PaperError::NoBarcode`] never, for a job id always has one.
pub(crate) fn page(slip: &PackingSlip) -> Result<Page, PaperError> {
    let (mut page, below) = caption::office("Packing slip");
    let frame = Area { h: 78.0, ..below };
    page.frame(frame, Pen::Fine);
    let job = Area {
        x: frame.x + 14.0,
        y: frame.y + 12.0,
        w: frame.w - 28.0,
        h: 54.0,
    };
    caption::job(&mut page, job, 46.0, slip.job)?;
    let mut y = frame.y + frame.h + 14.0;
    y += caption::list(&mut page, Area { y, ..OFFICE }, LOOK, &values(slip)) + 10.0;
    parties(&mut page, y, slip);
    y += PARTY_HEIGHT + 12.0;
    let bottom = OFFICE.y + OFFICE.h - 24.0;
    let proof = Area {
        y: bottom - QR,
        h: QR,
        ..OFFICE
    };
    let h = proof.y - 10.0 - y;
    tasks(&mut page, Area { y, h, ..OFFICE }, &slip.what_to_do);
    custody(&mut page, proof, &slip.custody)?;
    footer(&mut page, "Put this sheet into the box, beside the device.");
    Ok(page)
}

fn values(slip: &PackingSlip) -> Vec<Value> {
    let email: Vec<&str> = slip
        .email
        .iter()
        .take(LIST_ENTRIES)
        .map(String::as_str)
        .collect();
    vec![
        Value::line("Job type", slip.job_type.clone()),
        Value::lines("Device", slip.device_id.clone(), 2),
        Value::line("Created", slip.created.to_string()),
        Value::lines("E-mail", email.join(", "), 3),
    ]
}

fn parties(page: &mut Page, y: f32, slip: &PackingSlip) {
    page.rule(OFFICE.x, y - 6.0, OFFICE.w, Pen::Fine);
    let half = OFFICE.w / 2.0;
    let left = Area {
        y,
        w: half - 8.0,
        h: PARTY_HEIGHT,
        ..OFFICE
    };
    caption::party(page, left, "FROM", &SIZES, &slip.from);
    let right = Area {
        x: OFFICE.x + half + 8.0,
        ..left
    };
    caption::party(page, right, "TO", &SIZES, &slip.to);
    page.rule(OFFICE.x, y + PARTY_HEIGHT, OFFICE.w, Pen::Fine);
}

/// Boxes to tick.
fn tasks(page: &mut Page, area: Area, tasks: &[String]) {
    let heading = Style::bold(12.0);
    page.text(area, heading, "Before you close the box");
    let tasks = tasks.get(..LIST_ENTRIES).unwrap_or(tasks);
    let top = area.y + heading.leading() + 6.0;
    let share = (area.y + area.h - top) / f32::from(u8::try_from(tasks.len()).unwrap_or(1).max(1));
    let mut y = top;
    for task in tasks {
        y += tick(
            page,
            Area {
                y,
                h: share - 6.0,
                ..area
            },
            task,
        ) + 6.0;
    }
}

fn tick(page: &mut Page, area: Area, task: &str) -> f32 {
    page.frame(
        Area {
            w: BOX,
            h: BOX,
            y: area.y + 2.0,
            ..area
        },
        Pen::Fine,
    );
    let text = Area {
        x: area.x + 20.0,
        w: area.w - 20.0,
        ..area
    };
    page.block(text, Style::regular(0.0), &SIZES, &[task.to_owned()])
        .max(BOX)
}

/// By what the receipt is known later: to read, and to scan.
fn custody(page: &mut Page, area: Area, custody: &Custody) -> Result<(), PaperError> {
    page.rule(area.x, area.y - 4.0, area.w, Pen::Fine);
    let code = Area {
        x: area.x + area.w - QR,
        w: QR,
        ..area
    };
    page.qr(code, &custody.scan_text())?;
    let heading = Style::bold(9.0);
    let w = area.w - QR - 8.0;
    let mut line = Area { w, ..area };
    page.text(
        line,
        heading,
        "Keep a copy of this sheet: it tells the receipt of your device from any other",
    );
    line.y += heading.leading() + 3.0;
    let said = [
        format!("Receipts are signed by {} with the key", custody.signer),
        custody.fingerprint.clone(),
        "Passwords of devices are sealed (age) for".to_owned(),
        custody.recipient.clone(),
        "When this sheet was printed, the log of all devices here was at".to_owned(),
    ];
    let log = custody.checkpoint.lines().filter(|line| !line.is_empty());
    for text in said
        .into_iter()
        .chain(log.map(str::to_owned))
        .take(LIST_ENTRIES)
    {
        page.text(line, SMALL, &text);
        line.y += SMALL.leading();
    }
    Ok(())
}

/// The last line of a sheet of office paper.
pub(crate) fn footer(page: &mut Page, text: &str) {
    let area = Area {
        y: OFFICE.y + OFFICE.h - 14.0,
        ..OFFICE
    };
    page.rule(area.x, area.y - 3.0, area.w, Pen::Fine);
    page.text(area, Style::regular(9.0), text);
}
