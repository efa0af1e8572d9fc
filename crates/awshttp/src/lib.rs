//! One signed request and its answer, to whatever service that speaks as AWS does.
//!
//! A [`Connection`](connection::Connection) signs, sends and reads within limits; [`Retry`](retry::Retry) tries
//! again; [`Surroundings`](surroundings::Surroundings) are the proxies and authorities of this host. What a
//! service adds to that, its [`Dialect`](connection::Dialect), stands with its client: this crate knows no path,
//! no document and no code but those that all services share.
//!
//! The crate blocks. It is thread-safe and starts neither a thread nor a runtime of its own: callers bring as many
//! threads as they want requests in flight.

pub mod answer;
pub mod connection;
pub mod endpoint;
pub mod error;
mod limits;
pub mod proxies;
pub mod reply;
pub mod request;
pub mod retry;
pub mod route;
mod signing_clock;
pub mod surroundings;
pub mod trust;

pub use answer::Answer;
pub use error::{NetworkFailure, TransportError};
pub use signing_clock::SigningClock;
pub use surroundings::Surroundings;
