//! The AWS Import/Export API of a whole service, over HTTP with signed requests.

#![expect(clippy::unwrap_used, reason = "this is a test")]

#[path = "../support/world.rs"]
#[expect(
    dead_code,
    reason = "the world serves two test programs, and neither uses all of it"
)]
mod world;

mod artifacts;
mod cost;
mod create;
mod golden;
mod jobs;
mod precedence;
mod secrets;
mod states;
mod store_trouble;
mod transport;
