//! Passkeys: what a browser tells of one, and whether that is true.
//!
//! This is the part of a relying party of W3C *Web Authentication* Level 3 that a service needs which asks for no
//! attestation: [`Registration`] is section 7.1, [`Assertion`] section 7.2. A passkey has to know its user by itself, by a
//! PIN, a finger or a face: it alone lets somebody in, so that one which was found on a bench must not.
//!
//! Pure: it has neither clock nor chance and keeps nothing. Who draws challenges, knows which are good, and keeps keys and
//! counters is the server's.

mod assertion;
mod authenticator;
mod cbor;
mod client;
mod fault;
mod key;
mod registration;
mod site;

pub use assertion::{Assertion, Known};
pub use fault::Fault;
pub use key::PublicKey;
pub use registration::{NewPasskey, Registration};
pub use site::{NoPasskeys, Site};

/// Longest document of a browser that is read, in bytes: an RSA key of 4,096 bits with its attestation has less than 8 KiB.
pub const DOCUMENT_BYTES: usize = 16 << 10;

/// Longest id of a credential, in bytes (section 4, *Credential ID*).
pub const CREDENTIAL_BYTES: usize = 1023;
