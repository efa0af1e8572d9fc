//! `GetStatus`: tells where the device is and what became of the data.

use awsquery::params::Params;
use awsquery::xml::Element;
use model::control::Tally;
use model::custody::Custody;
use model::job::Job;
use model::progress::Progress;
use model::signature::{Signature, SignatureFile};

use super::{Context, Fault, input, no_artifacts, own_job};
use crate::identity::Identity;

/// A question about a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GetStatus {
    job_id: String,
}

/// How a job is.
#[derive(Debug, Clone)]
pub struct JobStatus {
    /// The job.
    pub job: Job,
    /// Where its device goes.
    pub address: String,
    /// Its proof.
    pub signature: Signature,
    /// How far a transfer is that runs.
    pub tally: Option<Tally>,
}

impl GetStatus {
    /// Reads the parameters.
    ///
    /// # Errors
    /// `MissingJobId`, `InvalidVersion`.
    pub fn read(params: &Params) -> Result<Self, Fault> {
        let job_id = input::job_id(params)?;
        input::check_api_version(params)?;
        Ok(Self { job_id })
    }
}

/// Tells how a job is. One that was canceled is told like any other.
///
/// # Errors
/// [`Fault::NoSuchJob`], [`Fault::ExpiredJob`], or the job store's failure.
pub async fn get_status(
    context: &Context,
    caller: &Identity,
    GetStatus { job_id }: GetStatus,
) -> Result<JobStatus, Fault> {
    let job = own_job(context, caller, &job_id).await?;
    let tally = match job.progress {
        Progress::Expired { .. } => return Err(Fault::ExpiredJob),
        Progress::InProgress { .. } => context.jobs.lease(job.id).await?.map(|lease| lease.tally),
        _ => None,
    };
    Ok(JobStatus {
        address: context.rules.shipping_address.for_job(job.id.as_str()),
        signature: context.signing_key.sign(&job.account, job.id, job.created),
        job,
        tally,
    })
}

impl JobStatus {
    /// The elements of `GetStatusResult`. Those about the way back and the report are there only
    /// once there is something to say.
    #[must_use]
    pub fn elements(&self) -> Vec<Element> {
        let mut elements = self.state();
        elements.extend(self.parcel());
        elements.extend(self.report());
        elements.extend(self.paperwork());
        elements
    }

    fn state(&self) -> Vec<Element> {
        let job = &self.job;
        vec![
            Element::leaf("JobId", job.id.as_str()),
            Element::leaf("JobType", job.job_type.as_str()),
            Element::leaf("AwsShippingAddress", self.address.as_str()),
            Element::leaf("LocationCode", job.custody.code()),
            Element::leaf("LocationMessage", job.custody.message()),
            Element::leaf("ProgressCode", job.progress.code()),
            Element::leaf("ProgressMessage", self.progress_message()),
        ]
    }

    fn parcel(&self) -> Vec<Element> {
        match &self.job.custody {
            Custody::Returned {
                carrier,
                tracking_number,
                ..
            } => vec![
                Element::leaf("Carrier", carrier.as_str()),
                Element::leaf("TrackingNumber", tracking_number.as_str()),
            ],
            Custody::NotReceived | Custody::AtStation { .. } => Vec::new(),
        }
    }

    fn report(&self) -> Vec<Element> {
        self.job.progress.log().map_or_else(Vec::new, |log| {
            vec![
                Element::leaf("LogBucket", log.bucket.as_str()),
                Element::leaf("LogKey", log.key.as_str()),
            ]
        })
    }

    fn paperwork(&self) -> Vec<Element> {
        let job = &self.job;
        let contents = SignatureFile::contents(job.id.as_str(), &self.signature);
        vec![
            Element::leaf("ErrorCount", job.progress.error_count().to_string()),
            Element::leaf("Signature", self.signature.to_string()),
            Element::leaf("SignatureFileContents", contents),
            Element::leaf("CurrentManifest", job.manifest.as_str()),
            Element::leaf("CreationDate", job.created.to_string()),
            no_artifacts(),
        ]
    }

    /// AWS's sentence, and for a transfer that runs how far it is.
    fn progress_message(&self) -> String {
        let sentence = self.job.progress.message();
        match self.tally {
            Some(tally) => format!(
                "{sentence} {} files and {} are loaded so far, with {} errors.",
                tally.stored,
                size(tally.bytes),
                tally.failed
            ),
            None => sentence,
        }
    }
}

/// A size rounded to one decimal, in units of a thousand.
fn size(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["KB", "MB", "GB", "TB", "PB"];
    if bytes < 1000 {
        return format!("{bytes} bytes");
    }
    // Tenths of the next unit; rounding may carry into one more.
    let mut tenths = u128::from(bytes).div_euclid(100) + u128::from(bytes % 100 >= 50);
    let mut unit = 0;
    while tenths >= 10_000 && unit + 1 < UNITS.len() {
        tenths = (tenths + 500) / 1000;
        unit += 1;
    }
    format!("{}.{} {}", tenths / 10, tenths % 10, UNITS[unit])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_rounded_to_a_decimal() {
        for (bytes, text) in [
            (0, "0 bytes"),
            (999, "999 bytes"),
            (1000, "1.0 KB"),
            (5_600_000_000, "5.6 GB"),
            (999_949, "999.9 KB"),
            (999_950, "1.0 MB"),
            (4_000_000_000_000, "4.0 TB"),
            (u64::MAX, "18446.7 PB"),
        ] {
            assert_eq!(size(bytes), text);
        }
    }
}
