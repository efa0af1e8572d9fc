//! What came of a comparison, told to the service for the receipt of its job.

use std::path::Path;

use anyhow::{Context as _, anyhow};
use model::operator::disposal::{ComparedSide, ComparedWhole, ToldOf};
use transfer::verify::Verdict;
use transfer::verify::report_file::ReportFile;

use crate::cli::VerifyArgs;
use crate::exit::{Exit, Failure};
use crate::output;
use crate::receipt::sum;
use crate::way::Way;

/// Tells of each side that was compared as a whole. That of another bucket than the report names is nobody's business.
///
/// # Errors
/// What the service refuses, and what keeps us from telling it.
pub(super) fn tell(
    args: &VerifyArgs,
    (path, report): (&Path, &ReportFile),
    verdict: &Verdict,
) -> Result<(), Failure> {
    if matches!(args.bucket, Some(Some(_))) {
        let wrong = anyhow!("another bucket than the report names was compared: that is not told");
        return Err(Failure::new(Exit::Usage, wrong));
    }
    let report_sha256 = sum(path).context("could not read the report once more")?;
    let sides = [
        (
            ComparedSide::Bucket,
            args.bucket.is_some(),
            verdict.bucket.different,
        ),
        (
            ComparedSide::Device,
            args.device.is_some(),
            verdict.device.different,
        ),
    ];
    let way = Way::on(&args.data)?;
    let job = report.head.about.job;
    for (what, is_compared, differences) in sides {
        if is_compared {
            let message = ComparedWhole {
                what,
                differences,
                report_sha256: report_sha256
                    .to_string()
                    .parse()
                    .context("a sum has its form")?,
            };
            let _: ToldOf = way.post(&format!("jobs/{job}/verified"), &message)?;
        }
    }
    output::note(&format!("The receipt of job {job} tells it."));
    Ok(())
}
