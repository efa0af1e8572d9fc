//! `longshore job receipt`: what happened to the device of a job, in one file that a stranger can check.

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::Path;

use anyhow::Context as _;
use model::operator::custody::JobReceipt;

use crate::cli::JobReceiptArgs;
use crate::exit::{Exit, Failure};
use crate::output;
use crate::way::Way;

/// Gets the receipt of a job.
///
/// # Errors
/// If the operation is refused, the service cannot be asked, or the file cannot be written.
pub(super) fn receipt(args: &JobReceiptArgs) -> Result<Exit, Failure> {
    let path = format!("jobs/{}/receipt", args.job);
    let receipt: JobReceipt = Way::open(&args.store)?.get(&path, &[])?;
    if let Some(file) = &args.output {
        write(file, &receipt.receipt)
            .with_context(|| format!("could not write `{}`", file.display()))?;
    }
    match (args.json, &args.output) {
        (true, _) => output::json(&receipt)?,
        (false, Some(_)) => output::note(&about(&receipt)),
        (false, None) => output::data(&receipt.receipt)?,
    }
    Ok(Exit::Ok)
}

fn write(file: &Path, text: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).open(file)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

fn about(receipt: &JobReceipt) -> String {
    let JobReceipt {
        job_id,
        edition,
        events,
        ..
    } = receipt;
    let end = match receipt.closed {
        true => "nothing more is to come",
        false => "more is to come until the device is handed over",
    };
    format!("Edition {edition} of the receipt of job {job_id}, with {events} events: {end}.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_there_is_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("45HFS.receipt");
        write(&file, "first").unwrap();
        let again = write(&file, "second").unwrap_err();
        assert_eq!(again.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "first");
    }

    #[test]
    fn whether_more_is_to_come_is_said() {
        let receipt = |closed| JobReceipt {
            job_id: "45HFS".parse().unwrap(),
            edition: 2,
            events: 9,
            closed,
            receipt: String::new(),
        };
        let beginning = "Edition 2 of the receipt of job 45HFS, with 9 events: ";
        for (closed, end) in [
            (true, "nothing more is to come."),
            (false, "more is to come until"),
        ] {
            let told = about(&receipt(closed));
            assert!(
                told.starts_with(beginning) && told[beginning.len()..].starts_with(end),
                "{told}"
            );
        }
    }
}
