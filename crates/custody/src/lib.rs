//! What happened to a device, and how that is proved to a stranger.
//!
//! Every step from parcel to return is an event: one line of bytes, chained to the line before it in its job
//! ([`chain`]) and a leaf of one tree of the whole installation ([`tree`]).
//!
//! This crate is pure. It opens nothing, asks nobody, and has neither a clock nor chance of its own: times, salts and
//! keys are passed in. What is told of a step is told once and never edited, so bytes are what is hashed: nothing is
//! ever written anew from what was read.

pub mod by;
pub mod chain;
pub mod changes;
pub mod digest;
pub mod event;
pub mod limits;
pub mod line;
pub mod moment;
pub mod told;
pub mod tree;
