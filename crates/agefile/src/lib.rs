//! Files that are sealed for a recipient, as age v1 has them (age-encryption.org/v1, C2SP `age.md`), with X25519 recipients alone.
//!
//! Bytes in, bytes out, and chance is an argument. What is sealed here is a password: one chunk, and what is longer is
//! refused. Files of other programs may have further recipients, which are passed over. Keys have no face, and are wiped.

mod bech32;
mod file;
mod keys;

pub use file::{Chance, LONGEST, OpenError, open, seal};
pub use keys::{BadRecipient, Identity, Recipient};
