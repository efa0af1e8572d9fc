//! The operator API of a whole service: who may ask for what, and what the documents look like.

#![expect(clippy::unwrap_used, reason = "this is a test")]

#[path = "../support/world.rs"]
#[expect(
    dead_code,
    reason = "the world serves several test programs, and none uses all of it"
)]
mod world;

mod audit;
mod devices;
mod documents;
mod jobs;
mod parcels;
mod people;
mod talk;
