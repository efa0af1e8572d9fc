//! What is printed: shipping labels, packing slips, signature sheets, receipts, tags of bays and of devices on a shelf, and
//! command cards, as PDF.
//!
//! Data in, bytes out. Nothing here opens a file, reads a clock or draws a random number: the
//! same sheet is the same bytes, always. What stands on a sheet is decided by the caller; how it
//! fits on the page, in any script and of any length, is decided here.

mod caption;
mod clean;
mod code;
mod customs;
mod flow;
mod fonts;
mod form;
mod label;
pub mod limits;
mod page;
mod pdf;
mod receipt;
mod shape;
mod sheet;
mod slip;
mod tags;
mod wrap;

pub use form::{
    Custody, Declaration, PackingSlip, Party, ReceiptLine, ReceiptSheet, ShippingLabel,
    SignatureSheet, Step,
};

use model::ids::JobId;
use model::scan::BayTag;
use tags::Strip;

/// A sheet that cannot be drawn.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PaperError {
    /// A label for nothing.
    #[error("a shipping label needs at least one job")]
    NoJobs,
    /// More than one label can be for.
    #[error("a shipping label holds at most {most} jobs, not {given}")]
    TooManyJobs {
        /// What was asked for.
        given: usize,
        /// What there is room for.
        most: usize,
    },
    /// A text that no barcode holds; its length in bytes, for it may be a secret.
    #[error("a text of {0} bytes has no barcode")]
    NoBarcode(usize),
    /// The PDF library refused.
    #[error("could not write the PDF: {0}")]
    Pdf(String),
}

/// Draws a shipping label, and behind it the customs declarations.
///
/// # Errors
/// [`PaperError`] if there are no jobs or too many.
pub fn shipping_label(label: &ShippingLabel) -> Result<Vec<u8>, PaperError> {
    pdf::write("Shipping label", &label::pages(label)?, None)
}

/// Draws a packing slip.
///
/// # Errors
/// [`PaperError::Pdf`] if the PDF library refuses.
pub fn packing_slip(slip: &PackingSlip) -> Result<Vec<u8>, PaperError> {
    pdf::write("Packing slip", &[slip::page(slip)?], None)
}

/// Draws a signature sheet.
///
/// # Errors
/// [`PaperError::Pdf`] if the PDF library refuses.
pub fn signature_sheet(sheet: &SignatureSheet) -> Result<Vec<u8>, PaperError> {
    pdf::write("Signature sheet", &[sheet::page(sheet)?], None)
}

/// Draws a receipt, and attaches the one that counts.
///
/// # Errors
/// [`PaperError::NoBarcode`] if what is to be scanned is too long; [`PaperError::Pdf`] if the PDF library refuses.
pub fn receipt(sheet: &ReceiptSheet) -> Result<Vec<u8>, PaperError> {
    let attached = pdf::Attached {
        name: &sheet.name,
        text: &sheet.receipt,
        about: "The receipt that counts: check its signature with ssh-keygen",
    };
    pdf::write("Receipt", &receipt::pages(sheet)?, Some(attached))
}

/// Draws tags of bays to cut out, five on a page.
///
/// # Errors
/// [`PaperError::Pdf`] if the PDF library refuses.
pub fn bay_tags(tags: &[BayTag]) -> Result<Vec<u8>, PaperError> {
    const FOOT: &str = "Cut along the dashed lines. A tag is scanned before or after the sheet of what is in its bay, and before a command card.";
    let strip = |tag: &BayTag| Strip {
        name: tag.bay.to_string(),
        about: vec![format!("Station {}", tag.station)],
        code: tag.scan_text(),
        below: tag.scan_text(),
    };
    let strips: Vec<Strip> = tags.iter().map(strip).collect();
    pdf::write("Bay tags", &tags::pages("Bay tags", &strips, FOOT)?, None)
}

/// A command card: its word, what it does, and what its code holds.
#[derive(Clone, PartialEq, Eq)]
pub struct CardSheet {
    /// The word.
    pub verb: String,
    /// What it does.
    pub what: String,
    /// The code. What proves it is not printed in letters, for a photograph of letters is typed.
    pub code: String,
}

/// Draws command cards to cut out, five on a page.
///
/// # Errors
/// [`PaperError::Pdf`] if the PDF library refuses.
pub fn command_cards(cards: &[CardSheet]) -> Result<Vec<u8>, PaperError> {
    const FOOT: &str = "Cut along the dashed lines. The tag of the bay is scanned first, and then the card. Cards are good at this installation alone.";
    let strip = |card: &CardSheet| Strip {
        name: card.verb.clone(),
        about: vec!["Scan the bay, then this:".to_owned(), card.what.clone()],
        code: card.code.clone(),
        below: format!("Command card: {}", card.verb),
    };
    let strips: Vec<Strip> = cards.iter().map(strip).collect();
    let pages = tags::pages("Command cards", &strips, FOOT)?;
    pdf::write("Command cards", &pages, None)
}

/// A tag for a device that lies on a shelf.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShelfTag {
    /// Its job.
    pub job: JobId,
    /// Whose it is, what it is called, what is due for it: a line each.
    pub about: Vec<String>,
}

/// Draws tags of devices to cut out, five on a page. A scan of one is as that of its packing slip.
///
/// # Errors
/// [`PaperError::Pdf`] if the PDF library refuses.
pub fn shelf_tags(tags: &[ShelfTag]) -> Result<Vec<u8>, PaperError> {
    const FOOT: &str = "Cut along the dashed lines. A scan of the tag says what is to be done with the device now, which may be other than what is printed.";
    let strip = |tag: &ShelfTag| Strip {
        name: tag.job.to_string(),
        about: tag.about.clone(),
        code: tag.job.to_string(),
        below: tag.job.to_string(),
    };
    let strips: Vec<Strip> = tags.iter().map(strip).collect();
    pdf::write(
        "Shelf tags",
        &tags::pages("Shelf tags", &strips, FOOT)?,
        None,
    )
}
