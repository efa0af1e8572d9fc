//! A small durable object store on one disk, that answers S3.
//!
//! Objects are plain files under their own names wherever a name allows it, so that a person with
//! `ls` and `cp` can read them; what a file cannot hold (attributes, checksums, uploads in progress)
//! is in an index beside them. The index is the truth: a file it does not know is not an object.
//! `docs/formats.md` describes both. Everything acknowledged is on the disk; a crash at any moment leaves
//! the old object or the new one, whole.
//!
//! Left to others: who the keys belong to ([`Keyring`]), TLS, and everything about jobs.

mod access;
mod answer;
mod checksum;
mod error;
mod front;
mod index;
mod intake;
mod keyring;
mod limits;
mod meaning;
mod naming;
mod recover;
mod s3;
mod serve;
mod store;
mod tar;
mod tree;

pub use error::{OpenError, Refusal, StoreError};
pub use keyring::{BucketRights, Everything, KeyHolder, Keyring, KeyringError, SecretKey};
pub use listen::{Door, Limits};
pub use serve::serve;
pub use store::{Durability, LocalStore, Service};
pub use tree::reserve;
