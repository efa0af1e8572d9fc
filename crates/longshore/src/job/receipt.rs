//! `longshore job receipt`: what happened to the device of a job, in one file that a stranger can check.

use std::path::Path;

use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use model::ids::JobId;
use model::operator::custody::{JobReceipt, JobReceiptPdf};

use crate::cli::JobReceiptArgs;
use crate::exit::{Exit, Failure};
use crate::way::Way;
use crate::{new_file, output};

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
    new_file::write(file, content).with_context(|| format!("could not write `{}`", file.display()))
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
