//! How Longshore speaks to the services that take the image of a device: the EBS direct APIs
//! ([`snapshots`]) and Glacier ([`vaults`]).
//!
//! Knows nothing of jobs or devices. Like [`awshttp`], the crate blocks, is thread-safe and starts no
//! thread of its own; callers bring as many as they want requests in flight. Every call is one
//! request, or one per page of a list, tried again as its [`Retry`](awshttp::retry::Retry) says: an error means
//! that the time is used up or that no patience would help.

mod dialect;
pub mod error;
pub mod snapshots;
pub mod treehash;
pub mod vaults;

pub use error::ServiceError;
pub use snapshots::Snapshots;
pub use vaults::Vault;
