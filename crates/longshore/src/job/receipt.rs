//! `longshore job receipt`: what happened to the device of a job, in one file that a stranger can check.

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::Path;

use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use model::ids::JobId;
use model::operator::custody::{JobReceipt, JobReceiptPdf};

use crate::cli::JobReceiptArgs;
use crate::exit::{Exit, Failure};
use crate::output;
use crate::way::Way;

/// Gets the receipt of a job.
///
/// # Errors
/// If the operation is refused, the service cannot be asked, or the file cannot be written.
pub(super) fn receipt(args: &JobReceiptArgs) -> Result<Exit, Failure> {
    let way = Way::open(&args.store)?;
    let path = format!("jobs/{}/receipt", args.job);
    if let Some(file) = &args.pdf {
        let drawn: JobReceiptPdf = way.get(&format!("{path}.pdf"), &[])?;
        let pdf = STANDARD
            .decode(&drawn.pdf)
            .context("the service sent no base64")?;
        save(file, &pdf)?;
        if args.output.is_none() {
            match args.json {
                true => output::json(&drawn)?,
                false => output::note(&about(
                    drawn.job_id,
                    drawn.edition,
                    drawn.events,
                    drawn.closed,
                )),
            }
            return Ok(Exit::Ok);
        }
    }
    let receipt: JobReceipt = way.get(&path, &[])?;
    if let Some(file) = &args.output {
        save(file, receipt.receipt.as_bytes())?;
    }
    match (args.json, &args.output) {
        (true, _) => output::json(&receipt)?,
        (false, Some(_)) => {
            let JobReceipt {
                job_id,
                edition,
                events,
                closed,
                ..
            } = receipt;
            output::note(&about(job_id, edition, events, closed));
        }
        (false, None) => output::data(&receipt.receipt)?,
    }
    Ok(Exit::Ok)
}

fn save(file: &Path, content: &[u8]) -> anyhow::Result<()> {
    write(file, content).with_context(|| format!("could not write `{}`", file.display()))
}

fn write(file: &Path, content: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).open(file)?;
    file.write_all(content)?;
    file.sync_all()
}

fn about(job: JobId, edition: u32, events: u64, closed: bool) -> String {
    let end = match closed {
        true => "nothing more is to come",
        false => "more is to come until the device is handed over",
    };
    format!("Edition {edition} of the receipt of job {job}, with {events} events: {end}.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_there_is_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("45HFS.receipt");
        write(&file, b"first").unwrap();
        let again = write(&file, b"second").unwrap_err();
        assert_eq!(again.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "first");
    }

    #[test]
    fn whether_more_is_to_come_is_said() {
        let beginning = "Edition 2 of the receipt of job 45HFS, with 9 events: ";
        for (closed, end) in [
            (true, "nothing more is to come."),
            (false, "more is to come until"),
        ] {
            let told = about("45HFS".parse().unwrap(), 2, 9, closed);
            assert!(
                told.starts_with(beginning) && told[beginning.len()..].starts_with(end),
                "{told}"
            );
        }
    }
}
