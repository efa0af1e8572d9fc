//! The sheets as a printer and a scanner see them: rendered by a PDF library that is not the one
//! that wrote them, and read by a barcode library that did not make the codes.

#![expect(clippy::unwrap_used, reason = "this is a test")]

mod codes;
mod layout;
mod render;
mod samples;
