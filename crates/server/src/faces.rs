//! The ways in. Each reads what its clients send, has an operation done, and writes the answer; none
//! decides anything, and what one can do another can.

mod aws;
mod body;
pub(crate) mod console;
mod custody;
mod deeds;
pub(crate) mod http;
pub(crate) mod operator;
mod origin;
mod sheets;
mod station;
