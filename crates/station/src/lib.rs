//! The agent of the machine that has the devices: it finds out whose a device is, claims the job, lets
//! it be loaded or filled, and tells the server what became of it.
//!
//! Plain threads throughout: disks block. The station knows its server only through the messages
//! of [`model::control`]; it cannot reach the database, and it moves no byte itself ([`transfer`] does).

pub mod control;
pub mod devices;
pub mod dock;
pub mod erasing;
pub mod heartbeat;
mod in_bays;
mod keys;
pub mod lease;
pub mod metrics;
pub mod port;
pub mod raw;
pub mod resident;
pub mod scratch;
mod shares;
pub mod stores;
pub mod watch;
