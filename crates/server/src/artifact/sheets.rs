//! What stands on each sheet: the job and its manifest, put into the words that are printed.

use model::ids::JobId;
use model::job::Job;
use model::manifest::{Common, Manifest, ServiceLevel};
use model::progress::Progress;
use model::signature::SignatureFile;
use paper::{Declaration, PackingSlip, PaperError, Party, ShippingLabel, SignatureSheet};

use super::{Artifact, Sender};
use crate::api::Context;
use crate::change;
use crate::jobstore::JobStoreError;

/// A sheet that there is no more. The text is for whoever followed the link.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Gone {
    /// The job is not what it was.
    #[error("there is nothing to print for job {job}: {why}")]
    Job {
        /// The job.
        job: JobId,
        /// What has become of it.
        why: &'static str,
    },
    /// The job store failed.
    #[error("the service cannot reach its job store")]
    Store(#[from] JobStoreError),
}

/// A job with its manifest read.
#[derive(Debug)]
pub(crate) struct Subject {
    pub(crate) job: Job,
    pub(crate) manifest: Manifest,
}

/// A sheet with all that stands on it.
#[derive(Debug)]
pub(crate) enum Sheet {
    Slip(PackingSlip),
    Signature(SignatureSheet),
    Label(ShippingLabel),
}

impl Sheet {
    /// Draws it, which takes some ten milliseconds of a processor.
    pub(crate) fn draw(&self) -> Result<Vec<u8>, PaperError> {
        match self {
            Self::Slip(slip) => paper::packing_slip(slip),
            Self::Signature(sheet) => paper::signature_sheet(sheet),
            Self::Label(label) => paper::shipping_label(label),
        }
    }
}

/// An artifact's sheet, from its jobs as they stand.
///
/// # Errors
/// [`Gone`] if a job was canceled, has expired, or has become one that has no such sheet.
pub(crate) async fn prepare(context: &Context, artifact: &Artifact) -> Result<Sheet, Gone> {
    Ok(match artifact {
        Artifact::PackingSlip { job } => Sheet::Slip(slip(context, &open(context, *job).await?)),
        Artifact::SignatureSheet { job } => {
            let subject = open(context, *job).await?;
            if !Artifact::of_job(*job, &subject.manifest).contains(artifact) {
                return Err(gone(*job, "its device carries a SIGNATURE file now"));
            }
            Sheet::Signature(signature_sheet(context, &subject))
        }
        Artifact::ShippingLabel { jobs, sender } => {
            Sheet::Label(label(context, jobs, sender).await?)
        }
    })
}

async fn open(context: &Context, id: JobId) -> Result<Subject, Gone> {
    let job = change::look(context, id).await?;
    let job = job.ok_or_else(|| gone(id, "there is no such job"))?;
    match job.progress {
        Progress::Canceled { .. } => return Err(gone(id, "it was canceled")),
        Progress::Expired { .. } => return Err(gone(id, "it has expired")),
        _ => {}
    }
    Subject::of(job).ok_or_else(|| gone(id, "its manifest cannot be read by this release"))
}

fn gone(job: JobId, why: &'static str) -> Gone {
    Gone::Job { job, why }
}

impl Subject {
    /// A job whose manifest was read when it was accepted. `None` if it cannot be read any more.
    pub(crate) fn of(job: Job) -> Option<Self> {
        match Manifest::parse_accepted(&job.manifest, job.job_type) {
            Ok(manifest) => Some(Self { job, manifest }),
            Err(faults) => {
                tracing::error!(job = %job.id, faults = ?faults.to_string(), "manifest not readable any more");
                None
            }
        }
    }

    pub(crate) fn common(&self) -> &Common {
        self.manifest.common()
    }
}

fn slip(context: &Context, subject: &Subject) -> PackingSlip {
    let (job, common) = (&subject.job, subject.common());
    PackingSlip {
        job: job.id,
        job_type: kind(&subject.manifest).to_owned(),
        device_id: common.device_id.clone(),
        created: job.created,
        from: Sender::default()
            .complete(Some(&common.return_address))
            .unwrap_or_default(),
        email: common.notification_email.clone(),
        to: facility(context),
        what_to_do: what_to_do(&subject.manifest),
    }
}

fn signature_sheet(context: &Context, subject: &Subject) -> SignatureSheet {
    let job = &subject.job;
    let signature = context.signing_key.sign(&job.account, job.id, job.created);
    SignatureSheet {
        signature: SignatureFile {
            job: job.id,
            signature,
        },
        job_type: kind(&subject.manifest).to_owned(),
        device_id: subject.common().device_id.clone(),
        created: job.created,
        to: facility(context),
    }
}

async fn label(context: &Context, jobs: &[JobId], sender: &Sender) -> Result<ShippingLabel, Gone> {
    let mut subjects = Vec::new();
    for job in jobs {
        subjects.push(open(context, *job).await?);
    }
    let home = subjects
        .first()
        .map(|first| (first.job.id, &first.common().return_address));
    let from = match home {
        Some((job, home)) => sender
            .complete(Some(home))
            .map_err(|_| gone(job, "its return address was updated"))?,
        None => Party::default(),
    };
    Ok(ShippingLabel {
        jobs: jobs.to_vec(),
        from,
        to: facility(context),
        service: service(&subjects).to_owned(),
        customs: subjects.iter().filter_map(declaration).collect(),
    })
}

fn facility(context: &Context) -> Party {
    Party {
        lines: context.rules.shipping_address.lines().to_vec(),
        phone: None,
    }
}

/// One parcel has one service: the slower, if the jobs do not agree.
fn service(subjects: &[Subject]) -> &'static str {
    let is_expedited = |s: &Subject| s.common().service_level == ServiceLevel::Expedited;
    if subjects.iter().all(is_expedited) {
        "Expedited"
    } else {
        "Standard"
    }
}

fn declaration(subject: &Subject) -> Option<Declaration> {
    let customs = subject.common().customs.clone()?;
    Some(Declaration {
        job: subject.job.id,
        customs,
    })
}

fn kind(manifest: &Manifest) -> &'static str {
    match manifest {
        Manifest::S3Import(_) => "Import to S3",
        Manifest::S3Export(_) => "Export from S3",
        Manifest::EbsImport(_) => "Import of an image to EBS",
        Manifest::GlacierImport(_) => "Import of an image to Glacier",
    }
}

/// What is to be done before the box is closed (developer guide, *Packing*).
fn what_to_do(manifest: &Manifest) -> Vec<String> {
    let proof = match manifest {
        Manifest::S3Import(_) | Manifest::S3Export(_) => {
            "The SIGNATURE file of this job is in the root folder of the device."
        }
        Manifest::EbsImport(_) | Manifest::GlacierImport(_) => {
            "The signature sheet of this job is taped to the device on all four sides."
        }
    };
    let fate = match manifest {
        Manifest::S3Export(_) => {
            Some("Nothing on the device is needed any more: it is overwritten.")
        }
        _ if manifest.common().erase_device => {
            Some("There is a copy of the data: the device is erased before it returns.")
        }
        _ => None,
    };
    let rest = [
        "The job id stands on the device.",
        "Power supply and cables are in the box, each marked with the job id.",
        "The shipping label is on the outside of the box, this slip inside.",
    ];
    let tasks = std::iter::once(proof).chain(fate).chain(rest);
    tasks.map(str::to_owned).collect()
}
