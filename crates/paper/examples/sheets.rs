//! Writes one of each sheet into a directory, for people to look at.

use std::path::PathBuf;

#[path = "../tests/printed/samples.rs"]
#[expect(
    dead_code,
    clippy::unwrap_used,
    reason = "these are the sheets of the tests, and not all are drawn here"
)]
mod samples;

fn main() -> std::io::Result<()> {
    let directory = PathBuf::from(std::env::args().nth(1).unwrap_or_else(|| ".".to_owned()));
    for (name, bytes) in samples::all() {
        std::fs::write(directory.join(name).with_extension("pdf"), bytes)?;
    }
    Ok(())
}
