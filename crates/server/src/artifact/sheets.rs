//! What stands on each sheet: the job and its manifest, put into the words that are printed.

use model::ids::JobId;
use model::job::Job;
use model::manifest::{Common, Manifest, ServiceLevel};
use model::progress::Progress;
use model::signature::SignatureFile;
use paper::{Custody, Declaration, PackingSlip, PaperError, Party, ShippingLabel, SignatureSheet};

use super::{Artifact, Sender, Taken};
use crate::app::Context;
use crate::change;
use crate::custody_key;
use crate::jobstore::JobStoreError;
use crate::work::NotDone;

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
    /// There is too much to do.
    #[error(transparent)]
    Busy(#[from] NotDone),
}

/// A job and what is printed of its manifest. The manifest itself is let go: a label has up to 48.
#[derive(Debug)]
pub(crate) struct Subject {
    /// The job, without its manifest.
    pub(crate) job: Job,
    pub(crate) common: Common,
    kind: Kind,
}

/// The kind of a job, as a sheet tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    S3Import,
    S3Export,
    EbsImport,
    GlacierImport,
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
        Artifact::PackingSlip { job } => {
            let subject = open(context, *job).await?;
            Sheet::Slip(slip(context, &subject, custody(context).await?))
        }
        Artifact::SignatureSheet { job } => {
            let subject = open(context, *job).await?;
            if subject.kind.taken() == Taken::AsFiles {
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
    let subject = Subject::of(context, job).await?;
    subject.ok_or_else(|| gone(id, "its manifest cannot be read by this release"))
}

fn gone(job: JobId, why: &'static str) -> Gone {
    Gone::Job { job, why }
}

impl Subject {
    /// A job whose manifest was read when it was accepted. `None` if it cannot be read any more.
    ///
    /// # Errors
    /// [`NotDone`] if there was no turn for it.
    pub(crate) async fn of(context: &Context, job: Job) -> Result<Option<Self>, NotDone> {
        context.work.run(move || Self::read(job)).await
    }

    fn read(mut job: Job) -> Option<Self> {
        let text = std::mem::take(&mut job.manifest);
        match Manifest::parse_accepted(&text, job.job_type) {
            Ok(manifest) => Some(Self {
                job,
                common: manifest.common().clone(),
                kind: Kind::of(&manifest),
            }),
            Err(faults) => {
                tracing::error!(job = %job.id, faults = ?faults.to_string(), "manifest not readable any more");
                None
            }
        }
    }
}

/// By what receipts are known, as it is now.
async fn custody(context: &Context) -> Result<Custody, JobStoreError> {
    let key = custody_key::in_force(&*context.jobs).await?;
    let (_, checkpoint) = key.head(&*context.jobs).await?;
    Ok(Custody {
        signer: key.installation.principal(),
        fingerprint: key.public.fingerprint(),
        checkpoint: checkpoint.to_string(),
        recipient: context.identity.recipient().to_string(),
    })
}

fn slip(context: &Context, subject: &Subject, custody: Custody) -> PackingSlip {
    let (job, common) = (&subject.job, &subject.common);
    PackingSlip {
        job: job.id,
        job_type: subject.kind.words().to_owned(),
        device_id: common.device_id.clone(),
        created: job.created,
        from: Sender::default()
            .complete(Some(&common.return_address))
            .unwrap_or_default(),
        email: common.notification_email.clone(),
        to: facility(context),
        what_to_do: what_to_do(subject),
        custody,
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
        job_type: subject.kind.words().to_owned(),
        device_id: subject.common.device_id.clone(),
        created: job.created,
        to: facility(context),
    }
}

async fn label(context: &Context, jobs: &[JobId], sender: &Sender) -> Result<ShippingLabel, Gone> {
    let mut from = Party::default();
    let mut is_expedited = true;
    let mut customs = Vec::new();
    for job in jobs {
        let subject = open(context, *job).await?;
        if subject.job.id == jobs[0] {
            from = sender
                .complete(Some(&subject.common.return_address))
                .map_err(|_| gone(subject.job.id, "its return address was updated"))?;
        }
        is_expedited &= subject.common.service_level == ServiceLevel::Expedited;
        let papers = subject.common.customs;
        customs.extend(papers.map(|customs| Declaration { job: *job, customs }));
    }
    Ok(ShippingLabel {
        jobs: jobs.to_vec(),
        from,
        to: facility(context),
        // One parcel has one service: the slower, if the jobs do not agree.
        service: if is_expedited {
            "Expedited"
        } else {
            "Standard"
        }
        .to_owned(),
        customs,
    })
}

fn facility(context: &Context) -> Party {
    Party {
        lines: context.rules.shipping_address.lines().to_vec(),
        phone: None,
    }
}

impl Kind {
    fn of(manifest: &Manifest) -> Self {
        match manifest {
            Manifest::S3Import(_) => Self::S3Import,
            Manifest::S3Export(_) => Self::S3Export,
            Manifest::EbsImport(_) => Self::EbsImport,
            Manifest::GlacierImport(_) => Self::GlacierImport,
        }
    }

    fn taken(self) -> Taken {
        match self {
            Self::S3Import | Self::S3Export => Taken::AsFiles,
            Self::EbsImport | Self::GlacierImport => Taken::AsImage,
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::S3Import => "Import to S3",
            Self::S3Export => "Export from S3",
            Self::EbsImport => "Import of an image to EBS",
            Self::GlacierImport => "Import of an image to Glacier",
        }
    }
}

/// What is to be done before the box is closed (developer guide, *Packing*).
fn what_to_do(subject: &Subject) -> Vec<String> {
    let proof = match subject.kind.taken() {
        Taken::AsFiles => "The SIGNATURE file of this job is in the root folder of the device.",
        Taken::AsImage => {
            "The signature sheet of this job is taped to the device on all four sides."
        }
    };
    let fate = match subject.kind {
        Kind::S3Export => Some("Nothing on the device is needed any more: it is overwritten."),
        _ if subject.common.erase_device => {
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
