//! Receipts as strangers meet them: changed in every way, and checked with programs that are not ours.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod changes;
mod strangers;
mod witnesses;
mod world;
