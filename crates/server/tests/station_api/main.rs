//! The station API of a whole service: devices are claimed, loaded, concluded and sent back.

#![expect(clippy::unwrap_used, reason = "this is a test")]

#[path = "../support/world.rs"]
#[expect(
    dead_code,
    reason = "the world serves two test programs, and neither uses all of it"
)]
mod world;

#[path = "../support/postgres.rs"]
mod postgres;

mod claims;
mod clocks;
mod custody;
mod decisions;
mod earlier;
mod erasing;
mod heartbeats;
mod holds;
mod keys;
mod leases;
mod mended;
mod secrets;
mod shares;
mod talk;
mod without;
