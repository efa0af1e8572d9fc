//! The built binary as a person uses it: what it prints, leaves behind and how it ends.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod accounts;
mod bay;
mod customer;
mod decisions;
mod docking;
mod dry_run;
mod full;
mod help;
mod import;
mod joining;
mod json;
mod objects;
mod operators;
mod parsing;
mod plan_export;
mod receipt;
mod resuming;
mod secrets;
mod stations;
#[path = "../../../custody/tests/receipts/world.rs"]
#[expect(dead_code, reason = "the tests of receipts themselves take more of it")]
mod told;
mod users;
mod watch;
mod world;
