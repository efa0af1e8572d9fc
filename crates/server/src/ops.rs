//! What the service can do, without a way in: one file for each noun.
//!
//! An operation is a function of the [`Context`], or of the smaller [`Admin`] that can be had without a
//! running service; of the [`Caller`]; and of its input. It gives an output or [`Refused`]. It asks
//! [`authorize`] before it tells or changes anything. Faces read requests and write answers, and decide
//! nothing: what a client of AWS, a station, the command line or a console can do is the same.
//!
//! The order in which things are checked is one for all operations of customers: whether the job is
//! there and whose it is, canceled or expired, the manifest, its buckets, the state of the job, the
//! quota.
//!
//! [`authorize`]: crate::access::authorize

pub mod accounts;
pub mod artifacts;
pub mod audit;
mod base32;
pub(crate) mod cards;
pub mod claims;
pub mod custody;
pub mod disposal;
pub mod first_start;
pub mod heartbeats;
pub mod jobs;
pub mod keys;
pub mod leases;
pub mod ledger;
pub mod notices;
pub mod operators;
pub mod orders;
pub mod parcels;
pub mod passkeys;
pub mod receipts;
mod refused;
pub mod remarks;
pub mod secrets;
pub mod shares;
pub mod sign_ins;
pub mod stations;
pub mod stores;
pub mod today;
pub mod users;
mod ways;

pub use accounts::Rights;
pub use refused::{AccountFault, DockingFault, Refused, SubmissionFault};

pub use crate::access::Caller;
pub use crate::app::{Admin, Context};
pub use crate::artifact::BadAddress;

#[cfg(test)]
mod tests;
