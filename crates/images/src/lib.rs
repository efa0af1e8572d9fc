//! How Longshore speaks to the services that take the image of a device: the EBS direct APIs
//! ([`snapshots`]) and Glacier ([`vaults`]).
//!
//! Knows nothing of jobs or devices. Like [`objects`], the crate blocks, is thread-safe and starts no
//! thread of its own; callers bring as many as they want requests in flight. Every call is one
//! request, or one per page of a list, tried again as its [`Retry`] says: an error means that the time
//! is used up or that no patience would help.

pub mod connect;
pub mod error;
mod retry;
pub mod snapshots;
pub mod treehash;
pub mod vaults;
mod wire;

pub use connect::ServiceConfig;
pub use error::ServiceError;
pub use retry::Retry;
pub use snapshots::Snapshots;
pub use vaults::Vault;
