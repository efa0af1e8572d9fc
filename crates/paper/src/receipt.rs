//! The receipt for people: whose device it was, what could not be transferred, what happened, and how to check it. The
//! receipt that counts is attached.

use crate::PaperError;
use crate::caption;
use crate::flow::Flow;
use crate::form::{ReceiptLine, ReceiptSheet, Step};
use crate::limits::{RECEIPT_LINES, RECEIPT_STEPS};
use crate::page::{Area, MM, Page, Style};

const HEADLINE: Style = Style::bold(12.0);
const TEXT: Style = Style::regular(9.0);
const NAME: Style = Style::bold(9.0);
const SMALL: Style = Style::regular(7.5);

/// Width of the column of captions, and of that of times.
const CAPTIONS: f32 = 96.0;
const TIMES: f32 = 118.0;

/// A code of some hundred and twenty bytes has 57 modules with its edge: 0.5 mm each.
const QR: f32 = 30.0 * MM;

/// Lays out a receipt, on as many pages as it takes.
///
/// # Errors
/// [`PaperError::NoBarcode`] if what is to be scanned is too long.
pub(crate) fn pages(sheet: &ReceiptSheet) -> Result<Vec<Page>, PaperError> {
    let foot = format!(
        "Receipt of job {}. What counts is the file that is attached",
        sheet.job
    );
    let mut flow = Flow::new("Receipt".to_owned(), foot);
    job(&mut flow, sheet)?;
    flow.paragraph(0.0, HEADLINE, &sheet.headline);
    flow.skip(6.0);
    for (name, text) in &sheet.particulars {
        flow.beside(CAPTIONS, [NAME, TEXT], name, text);
    }
    report(&mut flow, &sheet.report);
    steps(&mut flow, &sheet.steps);
    check(&mut flow, sheet)?;
    Ok(flow.end())
}

fn job(flow: &mut Flow, sheet: &ReceiptSheet) -> Result<(), PaperError> {
    let (page, area) = flow.free();
    let area = Area { h: 34.0, ..area };
    caption::job(page, area, 30.0, sheet.job)?;
    flow.skip(area.h + 14.0);
    Ok(())
}

/// What the report for people says.
fn report(flow: &mut Flow, lines: &[ReceiptLine]) {
    let shown = lines.get(..RECEIPT_LINES).unwrap_or(lines);
    for line in shown {
        match line {
            ReceiptLine::Heading(text) => flow.heading(text),
            ReceiptLine::Value(name, text) => {
                flow.beside(CAPTIONS, [NAME, TEXT], name, text);
            }
            ReceiptLine::Text { indent, text } => {
                flow.paragraph(f32::from(*indent) * 4.0, TEXT, text);
            }
        }
    }
    more(
        flow,
        lines.len() - shown.len(),
        "lines, which the report has",
    );
}

fn more(flow: &mut Flow, count: usize, of: &str) {
    if count > 0 {
        flow.paragraph(0.0, NAME, &format!("… and {count} more {of}."));
    }
}

/// What happened, with who did it.
fn steps(flow: &mut Flow, steps: &[Step]) {
    flow.heading("What happened");
    let shown = steps.get(..RECEIPT_STEPS).unwrap_or(steps);
    for step in shown {
        flow.need(TEXT.leading() + SMALL.leading());
        flow.beside(TIMES, [TEXT, TEXT], &step.at, &step.what);
        flow.paragraph(TIMES, SMALL, &step.who);
        flow.skip(2.0);
    }
    more(
        flow,
        steps.len() - shown.len(),
        "steps, which the attached receipt has",
    );
}

/// How it is checked, and what to scan.
fn check(flow: &mut Flow, sheet: &ReceiptSheet) -> Result<(), PaperError> {
    flow.need(QR + 60.0);
    flow.heading("How to check it");
    for text in &sheet.check {
        flow.paragraph(0.0, TEXT, text);
    }
    flow.skip(4.0);
    flow.need(QR);
    let (page, area) = flow.free();
    let code = Area {
        w: QR,
        h: QR,
        ..area
    };
    page.qr(code, &sheet.scan_text)?;
    flow.skip(QR);
    Ok(())
}
