//! How AWS speaks: the Query protocol, Signature Versions 2 and 4, and their XML.
//!
//! Everything here is a pure function of its arguments: no I/O, no clock, no randomness, and no
//! panic whatever the bytes. The crate knows nothing of jobs, accounts or permissions; it tells
//! *who claims to speak* ([`claims::Claims`]), *whether the claim holds* under a secret the caller
//! looked up ([`verify::verify`]), *what was said* ([`params::Params`]), and it writes and reads
//! the envelopes of the answer ([`xml`]). The other direction, speaking to such a service or to an
//! S3-compatible store, is [`sign`].

pub mod claims;
pub mod fault;
pub mod limits;
pub mod params;
pub mod request;
pub mod secret;
pub mod sign;
pub mod sigv2;
pub mod sigv4;
pub mod timestamp;
pub mod verify;
pub mod xml;

mod digest;

pub use claims::{AccessKeyId, Claims};
pub use fault::Fault;
pub use params::Params;
pub use request::Request;
pub use secret::{SecretKey, SessionToken};
pub use verify::{Rules, verify};
