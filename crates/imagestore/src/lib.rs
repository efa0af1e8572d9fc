//! How Longshore speaks to the services that take the image of a device, and the only crate that does.
//!
//! Everything goes through two traits, [`Snapshots`](snapshots::Snapshots) and [`Vault`](vaults::Vault).
//! [`services::Services`] opens them: [`ebs`] and [`glacier`] are the real ones, [`memory`] has honest small ones for
//! tests and simulations. Every implementation passes the same [`suite`].
//!
//! Knows nothing of jobs or devices. Like [`awshttp`], the crate blocks, is thread-safe and starts no
//! thread of its own; callers bring as many as they want requests in flight. Every call is one
//! request, or one per page of a list, tried again as its [`Retry`](awshttp::retry::Retry) says: an error means
//! that the time is used up or that no patience would help.

mod dialect;
pub mod ebs;
pub mod error;
pub mod glacier;
pub mod memory;
pub mod services;
pub mod snapshots;
pub mod suite;
pub mod treehash;
pub mod vaults;

pub use error::ServiceError;
pub use snapshots::Snapshots;
pub use vaults::Vault;
