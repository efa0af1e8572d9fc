//! The machine that has the devices: it finds out whose a device is, loads it, and accounts for
//! every entry.
//!
//! Plain threads throughout: disks block. The station knows its server only through the messages
//! of [`model::control`] and the store only through [`objects::bucket::Bucket`]; it cannot reach
//! the database.

pub mod budget;
pub mod control;
pub mod dock;
mod doubt;
pub mod export;
mod hashing;
mod holdings;
pub mod image;
pub mod import;
pub mod index;
pub mod journal;
pub mod lease;
pub mod logfile;
mod looking;
pub mod progress;
mod putter;
mod read_back;
mod reader;
pub mod recorder;
mod recount;
pub mod report;
pub mod resume;
mod run;
pub mod settings;
pub mod stop;
pub mod stores;
mod taken;
pub mod target;
mod turns;
mod upload;
pub mod verify;
pub mod whole;
