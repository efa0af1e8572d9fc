//! Asks the person at the bay whether it is this device.

use std::io::{self, BufRead as _, IsTerminal as _};

use anyhow::anyhow;

use crate::exit::{Exit, Failure};
use crate::output;

/// The last four characters of the serial number, typed or scanned by a person who saw what is lost. Where they were given
/// with the command, they are asked for all the same: what is typed here is typed of this device.
///
/// # Errors
/// If there is nobody to ask, or nothing was said.
pub(super) fn serial_end(given: Option<&str>) -> Result<String, Failure> {
    if !io::stdin().is_terminal() {
        return Err(refused("nobody was asked whether this device is to be erased")
            .hint("--serial-end with the last four characters of its serial number, and --yes, say so"));
    }
    output::note(
        "Everything on it will be destroyed. Scan or type the last four characters of its serial number:",
    );
    let mut answer = String::new();
    let read = io::stdin().lock().read_line(&mut answer);
    let answer = answer.trim();
    match (read, given) {
        (Ok(_), Some(given)) if !answer.eq_ignore_ascii_case(given.trim()) => Err(refused(
            "what was typed is not what --serial-end says: the device was not erased",
        )),
        (Ok(_), _) if !answer.is_empty() => Ok(answer.to_owned()),
        _ => Err(refused("the device was not erased")),
    }
}

fn refused(text: &'static str) -> Failure {
    Failure::new(Exit::Refused, anyhow!(text))
}
