//! What the gate is asked with: the job, its history, its report in the bucket, the jobs of the same device.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use model::delivered::Delivered;
use model::device::DeviceFacts;
use model::disposal::EraseWish;
use model::disposal::gate::{BayFacts, GateFacts, ReportFound};
use model::event::Event;
use model::ids::JobId;
use model::job::Job;
use model::limits::SIGNATURE_FILE_BYTES;
use model::manifest::Manifest;
use model::progress::Progress;
use model::report;
use model::signature::SignatureFile;
use model::signature::SignatureSeen;
use model::words::Word;
use serde::Deserialize;

use crate::jobstore::{HistoryLine, JobFilter, JobStoreError};
use crate::ops::Context;
use crate::ops::orders::sheet_of;

/// Jobs that are looked at at once for one that waits for the same device.
const PAGE: u32 = 200;

/// Collects what is to be known of a job with this in a bay.
pub(super) async fn collect(
    context: &Context,
    job: &Job,
    bay: BayFacts,
) -> Result<GateFacts, JobStoreError> {
    let history = context.jobs.history(job.id).await?;
    let manifest = Manifest::parse_accepted(&job.manifest, job.job_type).ok();
    let device_id = manifest.map(|manifest| manifest.common().device_id.clone());
    Ok(GateFacts {
        job: job.id,
        job_type: job.job_type,
        wish: wish(job),
        progress: job.progress.clone(),
        custody: job.custody.clone(),
        disposal: job.disposal.clone(),
        objection: job.objection.clone(),
        rules: context.erase.gate(),
        report: report(context, job, &history).await?,
        others: others(context, job).await?,
        loaded: loaded(&history),
        device_id,
        bay,
        now: context.certain.now(&*context.clock),
    })
}

/// Whether the device is to be erased. Of a job that an earlier release made its manifest says it.
fn wish(job: &Job) -> EraseWish {
    job.erase
        .unwrap_or_else(|| EraseWish::of(job.job_type, &job.manifest))
}

/// What was told of the device with the last attempt at the load: what is docked later is another matter.
pub(in crate::ops) fn loaded(history: &[HistoryLine]) -> Option<DeviceFacts> {
    let (mut here, mut loaded) = (None, None);
    for event in history.iter().filter_map(|line| line.event.as_ref()) {
        match event {
            Event::DeviceArrived { device, .. } => here = device.clone().or(here),
            Event::TransferStarted => loaded.clone_from(&here),
            _ => {}
        }
    }
    loaded
}

/// The files of the report, as they were told when the job was finished last.
fn delivered(history: &[HistoryLine]) -> Option<&Vec<Delivered>> {
    let events = history.iter().filter_map(|line| line.event.as_ref());
    let mut told = events.filter_map(|event| match event {
        Event::TransferFinished { files, .. } => Some(files),
        _ => None,
    });
    told.next_back()
}

/// How the report lies in its bucket now.
async fn report(
    context: &Context,
    job: &Job,
    history: &[HistoryLine],
) -> Result<ReportFound, JobStoreError> {
    let Progress::Finished { log, .. } = &job.progress else {
        return Ok(ReportFound::NotTold);
    };
    let files = match delivered(history) {
        Some(files) if !files.is_empty() => files.clone(),
        Some(_) | None => return Ok(ReportFound::NotTold),
    };
    let keys = report::keys(log);
    let has_map = files.iter().any(|file| file.key == keys.map);
    let lines = files.iter().find(|file| file.key == keys.lines).cloned();
    let found = context
        .stores
        .find_report(&log.bucket, files, keys.lines)
        .await;
    let ReportFound::Asked { files, says } = found else {
        return Ok(found);
    };
    let Some(mut says) = says else {
        return Ok(ReportFound::Asked { files, says: None });
    };
    says.has_bad_ranges = has_map;
    if let Some(lines) = lines {
        (says.is_verified, says.differs) = compared(context, job.id, lines.sha256.as_str()).await?;
    }
    let says = Some(says);
    Ok(ReportFound::Asked { files, says })
}

/// What is read of an event of the ledger.
#[derive(Deserialize)]
struct Compared {
    event: String,
    #[serde(default)]
    what: Option<String>,
    #[serde(default)]
    share: Option<String>,
    #[serde(default)]
    differences: Option<u64>,
    #[serde(default)]
    report_sha256: Option<String>,
}

impl Compared {
    fn is_whole(&self) -> bool {
        self.share.as_ref().is_none_or(|share| share == "100")
    }

    fn found_nothing(&self) -> bool {
        self.differences == Some(0)
    }
}

/// Whether the whole bucket was compared with this report and nothing differed, and whether something did: what was told
/// last counts.
async fn compared(
    context: &Context,
    job: JobId,
    sha256: &str,
) -> Result<(bool, bool), JobStoreError> {
    let lines = context.jobs.told_of(Some(job)).await?;
    let told = lines.iter().rev();
    let told = told.filter_map(|line| serde_json::from_str::<Compared>(&line.line).ok());
    let mut told = told.filter(|it| {
        it.event == "verified"
            && it.what.as_deref() == Some("bucket")
            && it.report_sha256.as_deref() == Some(sha256)
    });
    let Some(last) = told.next() else {
        return Ok((false, false));
    };
    let differs = !last.found_nothing();
    let whole = match last.is_whole() {
        true => Some(last),
        false => told.find(Compared::is_whole),
    };
    let is_verified = !differs && whole.is_some_and(|it| it.found_nothing());
    Ok((is_verified, differs))
}

/// Other jobs that are not over, and whose device has the same serial.
async fn others(context: &Context, job: &Job) -> Result<Vec<JobId>, JobStoreError> {
    let serial = job.custody.serial();
    let Some((serial, word)) = serial.and_then(|serial| Some((serial, Word::new(serial)?))) else {
        return Ok(Vec::new());
    };
    let mut filter = JobFilter {
        word: Some(word),
        ..JobFilter::default()
    };
    let is_waiting = |other: &Job| {
        other.id != job.id
            && !other.progress.is_terminal()
            && other.custody.serial() == Some(serial)
    };
    let mut waiting = Vec::new();
    loop {
        let found = context.jobs.find_jobs(&filter, PAGE).await?;
        let jobs = found.jobs.iter().map(|(other, _)| other);
        waiting.extend(jobs.filter(|other| is_waiting(other)).map(|other| other.id));
        match found.jobs.last() {
            Some((last, _)) if found.truncated => filter.before = Some(last.id),
            _ => return Ok(waiting),
        }
    }
}

/// What the SIGNATURE is worth that a station sent.
pub(super) fn signature(context: &Context, job: &Job, sent: Option<&str>) -> SignatureSeen {
    let Some(text) = sent else {
        return match Manifest::is_for_image(&job.manifest, job.job_type) {
            true => SignatureSeen::Sheet,
            false => SignatureSeen::Missing,
        };
    };
    let fits = |bytes: &Vec<u8>| bytes.len() as u64 <= SIGNATURE_FILE_BYTES;
    let bytes = STANDARD.decode(text).ok().filter(fits);
    let file = bytes.and_then(|bytes| SignatureFile::parse(&bytes).ok());
    match file.is_some_and(|file| file == sheet_of(context, job)) {
        true => SignatureSeen::Valid,
        false => SignatureSeen::Invalid,
    }
}
