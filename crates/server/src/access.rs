//! Who comes, and what they may do.
//!
//! [`caller`] finds out who sends a request, whatever face it comes by; [`authorize`] is the one place
//! where a right is decided. Operations ask it, and nobody decides beside it.

mod authorize;
mod buckets;
mod caller;
mod token;
mod user;

pub use authorize::{Action, Denied, Principal, Resource, authorize};
pub(crate) use buckets::denied_buckets;
pub(crate) use caller::by_key;
pub use caller::{Caller, Customer, Unidentified, by_signature, by_token};
pub use token::BearerToken;
pub use user::{AccessDenied, Origin, User};
