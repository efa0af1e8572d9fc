//! What this crate promises about the wire: published vectors, recorded requests, golden answers,
//! and properties.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod envelopes;
mod properties;
mod recorded;
mod refusals;
mod vectors;
mod wire;
