//! Receipts: what happened to the device of a job, in one file that a stranger can check.

use std::fmt;

use custody::digest::Digest;
use custody::event::{File, FileName};
use custody::note::Note;
use custody::receipt::{CONTENT_TYPE, Contents, Leaf};
use custody::timestamp;
use custody::tree::{inclusion, needed};
use custody::verify::verify;
use model::attributes::Attributes;
use model::ids::{BucketName, JobId};
use model::job::Job;
use model::manifest::Manifest;
use model::notice::NoticeKind;
use model::readable;
use model::report::{self, Keys, RECEIPT_SUFFIX};

use super::jobs::permit;
use super::{Admin, Context, DockingFault, Refused, ledger};
use crate::access::{Action, Caller, Resource, authorize};
use crate::artifact::receipt;
use crate::change::tries;
use crate::custody_key;
use crate::jobstore::{DueReceipt, JobStoreError, LedgerLine, Notice};
use crate::notices::table;
use crate::stores::BucketFault;
use crate::timestamps::NotStamped;

/// `Content-Type` of the receipt for people.
const PDF: &str = "application/pdf";

/// Why a job of before the ledger has no receipt.
pub(super) const NOTHING_TOLD: &str =
    "it was made by an earlier release, and nothing has happened to it since";

/// A receipt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// Which one it is of its job, from 1.
    pub edition: u32,
    /// How many events it has.
    pub events: u64,
    /// Whether nothing more is to come.
    pub is_closed: bool,
    /// The file.
    pub text: String,
}

/// Makes the receipt of a job as it stands.
///
/// # Errors
/// [`Refused::NoSuchJob`], or [`Refused`] if the caller has no right to it or the job store fails.
pub async fn receipt(
    admin: &Admin,
    service: Option<&Context>,
    caller: &Caller,
    id: JobId,
) -> Result<Receipt, Refused> {
    let stored = admin.jobs.job(id).await?;
    let job = stored.ok_or_else(|| Refused::no_such_job(id))?.job;
    permit(caller, Action::MakeReceipt, &job, id.as_str())?;
    make(admin, &job, Heads::Known(service)).await
}

/// Where the head of the log in a receipt comes from.
enum Heads<'a> {
    /// As it is known, with what witnesses of a service have signed of it already.
    Known(Option<&'a Context>),
    /// From a service, which shows it to its witnesses first.
    Asked(&'a Context),
}

impl Heads<'_> {
    /// Its leaves, and the note of it.
    async fn head(&self, admin: &Admin) -> Result<(u64, Note), JobStoreError> {
        match self {
            Self::Known(service) => ledger::head(admin, *service).await,
            Self::Asked(context) => context.witnesses.asked(&*admin.jobs).await,
        }
    }
}

/// Makes the receipt of a job for people, as PDF, in which the one that counts is attached. Without a service that runs
/// nothing is told of what the report says.
///
/// # Errors
/// As of [`receipt`]; [`Refused::Busy`] if there was no turn to draw it.
pub async fn for_people(
    admin: &Admin,
    service: Option<&Context>,
    caller: &Caller,
    id: JobId,
) -> Result<(Receipt, Vec<u8>), Refused> {
    let stored = admin.jobs.job(id).await?;
    let job = stored.ok_or_else(|| Refused::no_such_job(id))?.job;
    permit(caller, Action::MakeReceipt, &job, id.as_str())?;
    let receipt = make(admin, &job, Heads::Known(service)).await?;
    let pdf = draw(service, &job, &receipt).await?;
    Ok((receipt, pdf))
}

/// Draws a receipt, with what the report says.
async fn draw(service: Option<&Context>, job: &Job, receipt: &Receipt) -> Result<Vec<u8>, Refused> {
    let text = receipt.text.clone();
    let verified = verify(text.as_bytes()).map_err(|fault| none(job, fault))?;
    let report = match receipt::report_of(&verified) {
        Some(file) => Some(report(service, file).await),
        None => None,
    };
    let name = match place(job) {
        Some((_, keys)) => FileName::of_key(&keys.receipt).to_string(),
        None => format!("{}{RECEIPT_SUFFIX}", job.id),
    };
    let job_type = job.job_type;
    let draw = move || {
        let sheet = receipt::sheet(&verified, job_type, text, name, report);
        paper::receipt(&sheet)
    };
    let drawn = match service {
        Some(context) => context.work.run(draw).await?,
        None => draw(),
    };
    Ok(drawn.map_err(|error| none(job, error))?)
}

/// What the report for people says, or why it cannot be told.
async fn report(service: Option<&Context>, file: &File) -> Result<String, String> {
    let File { bucket, key, .. } = file;
    let Some(context) = service else {
        let key = readable::name(key.as_str(), 200);
        return Err(format!(
            "What could be transferred, file by file, says the report {key} in the bucket {bucket}."
        ));
    };
    let most = receipt::REPORT_BYTES + 1;
    let found = match context.stores.get(bucket, key, most).await {
        Ok(found) => found,
        Err(fault) => return Err(format!("The report could not be read: {fault}.")),
    };
    let content = found.ok_or_else(|| format!("The report is gone from the bucket {bucket}."))?;
    if Digest::of(&content) != file.sha256 {
        return Err(format!(
            "The report in the bucket {bucket} is not the one that was put there."
        ));
    }
    String::from_utf8(content).map_err(|_| "The report is no text.".to_owned())
}

async fn make(admin: &Admin, job: &Job, heads: Heads<'_>) -> Result<Receipt, Refused> {
    let key = custody_key::in_force(&*admin.jobs).await?;
    for _ in tries() {
        let lines = admin.jobs.told_of(Some(job.id)).await?;
        if lines.is_empty() {
            return Err(none(job, NOTHING_TOLD).into());
        }
        let edition = admin.jobs.edition(job.id, lines.len() as u64).await?;
        if edition.events > lines.len() as u64 {
            // Something happened since the lines were read.
            continue;
        }
        let (size, checkpoint) = heads.head(admin).await?;
        let texts: Vec<&str> = lines.iter().map(|line| line.line.as_str()).collect();
        let contents = Contents {
            installation: &key.installation,
            job: job.id,
            account: &job.account,
            edition: edition.edition,
            lines: &texts,
            leaves: leaves(admin, &lines, size).await?,
            checkpoint: &checkpoint,
        };
        let signed = contents.sign(&key.private);
        let (text, verified) = signed.map_err(|fault| none(job, fault))?;
        return Ok(Receipt {
            edition: edition.edition,
            events: edition.events,
            is_closed: verified.is_closed(),
            text,
        });
    }
    Err(JobStoreError::Conflict.into())
}

fn none(job: &Job, why: impl fmt::Display) -> DockingFault {
    DockingFault::NoReceipt {
        job: job.id,
        why: why.to_string(),
    }
}

/// Where lines stand in the log of `size` leaves. What was read of them before is in it: it only ever grows.
async fn leaves(
    admin: &Admin,
    lines: &[LedgerLine],
    size: u64,
) -> Result<Vec<Leaf>, JobStoreError> {
    let asked = |line: &LedgerLine| needed(|hash_of| inclusion(line.leaf, size, hash_of));
    let hashes = admin
        .jobs
        .nodes(&lines.iter().flat_map(asked).collect())
        .await?;
    let leaf = |line: &LedgerLine| {
        let index = line.leaf;
        let gone = || JobStoreError::Corrupt(format!("the ledger has no way to its leaf {index}"));
        let path = inclusion(index, size, |node| {
            hashes.get(&node).copied().ok_or_else(gone)
        })?;
        Ok(Leaf { index, path })
    };
    lines.iter().map(leaf).collect()
}

/// Puts a receipt that is due beside the report of its job. Again is harmless.
///
/// # Errors
/// [`Undelivered`].
pub(crate) async fn deliver(context: &Context, due: &DueReceipt) -> Result<(), Undelivered> {
    let stored = context.jobs.job(due.job).await?;
    let job = stored
        .ok_or_else(|| JobStoreError::Missing(due.job.to_string()))?
        .job;
    let (bucket, keys) = place(&job).ok_or(Undelivered::NoPlace)?;
    let account = context.jobs.account(&job.account).await?;
    let account = account.ok_or_else(|| JobStoreError::Missing(job.account.to_string()))?;
    authorize(&account, Action::Report, Resource::Bucket(&bucket)).map_err(Refused::from)?;
    let heads = Heads::Asked(context);
    let receipt = make(&context.admin(), &job, heads).await?;
    let edition = receipt.edition;
    let put = async |key, content: Vec<u8>, content_type: &str| {
        let attributes = Attributes {
            content_type: Some(content_type.to_owned()),
            ..Attributes::default()
        };
        context.stores.put(&bucket, key, content, attributes).await
    };
    // The one that counts waits for no drawing.
    let text = receipt.text.as_bytes();
    put(&keys.receipt, text.to_vec(), CONTENT_TYPE).await?;
    let notice = Notice {
        id: table::id_of_receipt(job.id, edition),
        job: job.id,
        kind: NoticeKind::ReceiptIssued,
        about: edition.into(),
        at: context.clock.now().into(),
    };
    context.jobs.put_notice(&notice).await?;
    let pdf = draw(Some(context), &job, &receipt).await?;
    put(&keys.receipt_pdf, pdf, PDF).await?;
    if let Some(authority) = &context.timestamps {
        let (reply, at) = authority.of(text).await?;
        put(&keys.receipt_timestamp, reply, timestamp::REPLY).await?;
        tracing::info!(job = %job.id, edition, %at, "receipt has its timestamp");
    }
    let key = keys.receipt.as_str();
    tracing::info!(job = %job.id, edition, %bucket, ?key, "receipt put beside the report");
    Ok(())
}

/// Why a receipt does not lie beside its report.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Undelivered {
    /// Nobody can say where that is.
    #[error("the manifest of the job says no place for it that can be used")]
    NoPlace,
    /// It was not made, or its account may not use the bucket any more.
    #[error("it could not be made")]
    NotMade(#[from] Refused),
    /// The job store fails.
    #[error(transparent)]
    JobStore(#[from] JobStoreError),
    /// The store does not take it.
    #[error(transparent)]
    Store(#[from] BucketFault),
    /// It is there, and has no timestamp yet.
    #[error("it is there without a timestamp")]
    NotStamped(#[from] NotStamped),
}

impl Undelivered {
    /// Whether the receipt lies beside its report, and only something that goes with it is lacking.
    pub(crate) fn is_there(&self) -> bool {
        matches!(self, Self::NotStamped(_))
    }
}

/// Where the receipts of a job lie: beside its report.
fn place(job: &Job) -> Option<(BucketName, Keys)> {
    let manifest = Manifest::parse_accepted(&job.manifest, job.job_type).ok()?;
    let log = manifest.log_location(job.id);
    let keys = report::keys(&log);
    Some((log.bucket, keys))
}
