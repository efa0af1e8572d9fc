//! Moves bytes between a device and a store, under a journal, and accounts for every entry.
//!
//! An [`import`] loads files, an [`export`] fills a device, an [`image`] takes a device whole; [`verify`]
//! compares afterwards, and the [`report`] is a function of the [`journal`]. What all of them share of
//! threads, memory and hashes is in `pipeline`. Nothing here reaches a server, mounts or formats: whose
//! device it is, the caller knows.

pub mod destination;
pub mod export;
pub mod image;
pub mod import;
pub mod journal;
pub mod pipeline;
pub mod progress;
pub mod report;
pub mod resources;
mod salvaged;
pub mod settings;
pub mod stop;
pub mod verify;
