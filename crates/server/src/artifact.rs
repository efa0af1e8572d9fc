//! The sheets that go with a job, and the links by which they are had.
//!
//! A link is the whole right: whoever has it gets the sheet, without any other credential, until
//! it expires. So nothing in it can be read or guessed: what is asked for is sealed under the
//! installation's key. The sheet is drawn when it is asked for, from the job as it stands then.

pub(crate) mod receipt;
mod sender;
mod sheets;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use model::ids::JobId;
use model::job::Job;
use model::manifest::Manifest;
use model::time::Timestamp;
use serde::{Deserialize, Serialize};

pub use sender::BadAddress;
pub(crate) use sender::Sender;
pub(crate) use sheets::{Gone, Subject, prepare};

use crate::app::Context;
use crate::sealing::{Purpose, Sealer};

/// Where links lead, below the service's own URL.
pub(crate) const PATH: &str = "/artifacts/v1";

/// Longest token that is looked at, in bytes. One for 48 jobs and an address of ten lines of a
/// hundred characters, four bytes each, has 6,500.
const TOKEN_BYTES: usize = 8 << 10;

/// Seconds of a day.
const DAY: i64 = 24 * 60 * 60;

/// A sheet that can be asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "sheet", rename_all = "kebab-case")]
pub(crate) enum Artifact {
    /// What lies in the box.
    PackingSlip {
        /// The job.
        job: JobId,
    },
    /// What a device carries that is taken as an image: nothing can be written to it.
    SignatureSheet {
        /// The job.
        job: JobId,
    },
    /// What the parcel carries.
    ShippingLabel {
        /// The jobs whose devices are in the parcel.
        jobs: Vec<JobId>,
        /// Who sends it, as far as that was said.
        sender: Box<Sender>,
    },
}

/// How the device of a job is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Taken {
    /// File by file: it carries a SIGNATURE file.
    AsFiles,
    /// As an image: a sheet stands for the SIGNATURE file.
    AsImage,
}

impl Taken {
    /// That of a job with this manifest, without reading it whole: statuses are asked for often.
    pub(crate) fn of(job: &Job) -> Self {
        match Manifest::is_for_image(&job.manifest, job.job_type) {
            true => Self::AsImage,
            false => Self::AsFiles,
        }
    }

    pub(crate) fn of_manifest(manifest: &Manifest) -> Self {
        match manifest {
            Manifest::EbsImport(_) | Manifest::GlacierImport(_) => Self::AsImage,
            Manifest::S3Import(_) | Manifest::S3Export(_) => Self::AsFiles,
        }
    }
}

/// A sheet of a job, and where it is had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArtifactLink {
    /// What the sheet is for, in a few words.
    pub description: &'static str,
    /// A link that needs no other credential, and expires.
    pub url: String,
}

/// Links to the sheets of a job whose device is taken as files or as an image.
pub(crate) fn links(context: &Context, job: JobId, taken: Taken) -> Vec<ArtifactLink> {
    let link = |artifact: Artifact| ArtifactLink {
        description: artifact.description(),
        url: artifact.link(context),
    };
    Artifact::of_job(job, taken).into_iter().map(link).collect()
}

/// A right to a sheet.
#[derive(Serialize, Deserialize)]
struct Ticket {
    artifact: Artifact,
    until: Timestamp,
}

/// A link that gives nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BadLink {
    /// Longer than any.
    #[error("this link is longer than any of this service")]
    TooLong,
    /// Not made here, or changed since.
    #[error("this link was not made by this service, or was changed since")]
    Forged,
    /// Its time is over.
    #[error("this link has expired; ask the service for a new one")]
    Expired,
}

impl Artifact {
    /// The sheets that go with a job: a packing slip, and for a device that is taken as an image
    /// the sheet that stands for its SIGNATURE file.
    pub(crate) fn of_job(job: JobId, taken: Taken) -> Vec<Self> {
        let mut sheets = vec![Self::PackingSlip { job }];
        match taken {
            Taken::AsImage => sheets.push(Self::SignatureSheet { job }),
            Taken::AsFiles => {}
        }
        sheets
    }

    /// `Description` on the wire.
    pub(crate) fn description(&self) -> &'static str {
        match self {
            Self::PackingSlip { .. } => "Packing slip",
            Self::SignatureSheet { .. } => "Signature barcode sheet",
            Self::ShippingLabel { .. } => "Shipping label",
        }
    }

    /// The name to keep the sheet under.
    pub(crate) fn file_name(&self) -> String {
        match self {
            Self::PackingSlip { job } => format!("packing-slip-{job}.pdf"),
            Self::SignatureSheet { job } => format!("signature-sheet-{job}.pdf"),
            Self::ShippingLabel { jobs, .. } => {
                let first = jobs.first().map(ToString::to_string).unwrap_or_default();
                format!("shipping-label-{first}.pdf")
            }
        }
    }

    /// A link to this sheet that is good for the days the operator allows.
    pub(crate) fn link(self, context: &Context) -> String {
        let name = self.file_name();
        let seconds = i64::from(context.rules.artifact_days) * DAY;
        let ticket = Ticket {
            artifact: self,
            until: context.clock.now().plus_seconds(seconds),
        };
        let token = ticket.seal(&context.sealer);
        format!("{}{PATH}/{name}?token={token}", context.public_url)
    }

    /// The sheet that a link's last name and token ask for.
    ///
    /// # Errors
    /// [`BadLink`] unless both are as [`Artifact::link`] made them, and in time.
    pub(crate) fn of_link(context: &Context, name: &str, token: &str) -> Result<Self, BadLink> {
        let ticket = Ticket::open(&context.sealer, token)?;
        if ticket.artifact.file_name() != name {
            return Err(BadLink::Forged);
        }
        if ticket.until <= context.clock.now() {
            return Err(BadLink::Expired);
        }
        Ok(ticket.artifact)
    }
}

impl Ticket {
    fn seal(&self, sealer: &Sealer) -> String {
        let text = serde_json::to_vec(self).expect("texts and numbers have a JSON form");
        URL_SAFE_NO_PAD.encode(sealer.seal(Purpose::Artifact, &text))
    }

    fn open(sealer: &Sealer, token: &str) -> Result<Self, BadLink> {
        if token.len() > TOKEN_BYTES {
            return Err(BadLink::TooLong);
        }
        let blob = URL_SAFE_NO_PAD.decode(token);
        let text = sealer.open(Purpose::Artifact, &blob.map_err(|_| BadLink::Forged)?);
        let text = text.map_err(|_| BadLink::Forged)?;
        serde_json::from_slice(&text).map_err(|_| BadLink::Forged)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sealing::MasterKey;

    /// The longest link there is: all jobs of a label, and an address that is as long as it may be.
    fn longest() -> Ticket {
        let text = "𝕏".repeat(100);
        let job = JobId::new("ABCDE").unwrap();
        Ticket {
            artifact: Artifact::ShippingLabel {
                jobs: vec![job; paper::limits::LABEL_JOBS],
                sender: Box::new(Sender::read(|_| Some(text.as_str()))),
            },
            until: Timestamp::from_unix(1_300_000_000),
        }
    }

    #[test]
    fn the_longest_link_is_not_too_long() {
        let sealer = MasterKey::new([1; 32]).sealer();
        let (ticket, token) = (longest(), longest().seal(&sealer));
        assert!(token.len() > 6000, "{}", token.len());
        assert_eq!(
            Ticket::open(&sealer, &token).unwrap().artifact,
            ticket.artifact
        );
    }

    /// Links are in mails and on desks: every build must open those of the one before.
    #[test]
    fn frozen_tokens_still_open() {
        let sealer = MasterKey::new([1; 32]).sealer();
        for token in include_str!("../tests/golden/tokens.txt").lines() {
            let ticket = Ticket::open(&sealer, token).unwrap();
            assert_eq!(ticket.until, Timestamp::from_unix(1_300_000_000));
            assert!(ticket.artifact.file_name().ends_with("-ABCDE.pdf"));
        }
    }
}
