//! What is printed: shipping labels, packing slips, signature sheets, receipts and tags of bays, as PDF.
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

use model::scan::BayTag;

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
    pdf::write("Bay tags", &tags::pages(tags)?, None)
}
