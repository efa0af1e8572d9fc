//! How Longshore speaks to an S3-compatible store, and the only crate that does.
//!
//! Everything goes through one trait, [`Bucket`](bucket::Bucket). [`connect::Store`] opens buckets of a real store,
//! [`memory::MemoryBucket`] is an honest small one for tests and trials, and behaviour is added by
//! wrapping: [`retrying::Retrying`] tries again, [`adaptive::Adaptive`] finds how many requests do
//! best at once, [`paced::Paced`] keeps to a rate, [`counted::Counted`] counts, [`faulty::Faulty`] fails on purpose. Every
//! implementation passes the same [`suite`]. [`probe`] finds out what a store does.
//!
//! The crate blocks. It is thread-safe and starts neither a thread nor a runtime of its own: callers
//! bring as many threads as they want requests in flight. What to send, where and in which order
//! is theirs too.

pub mod adaptive;
pub mod bucket;
pub mod checksum;
pub mod client;
pub mod connect;
pub mod counted;
pub mod error;
pub mod evidence;
pub mod faulty;
pub mod memory;
pub mod object;
pub mod paced;
pub mod part_sum;
pub mod probe;
pub mod reading;
pub mod retrying;
pub mod s3;
pub mod sts;
pub mod suite;
pub mod upload;

pub use bucket::{Body, Bucket};
pub use checksum::{Checksums, Hasher};
pub use error::StoreError;
