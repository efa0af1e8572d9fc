//! What came of a job, file by file, and what it was to be: the documents of `jobs/JOBID/manifest` and `…/failed`.

use serde::{Deserialize, Serialize};

use crate::ids::{BucketName, JobId, JobType, ObjectKey};
use crate::manifest::{ManifestFault, ShownLine, ShownManifest, Warning};
use crate::progress::LogLocation;
use crate::report::device_map::{DeviceMap, NotRead, Stretched};
use crate::report::failed::{FailedFile, ReportDigest};

/// `GET /operator/v1/jobs/JOBID/manifest`: a job's manifest without its secrets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct JobManifest {
    /// Which job.
    pub job_id: JobId,
    /// Import or export.
    pub job_type: JobType,
    /// The lines.
    pub lines: Vec<ManifestLine>,
    /// What is to be said that has no line.
    pub told: Vec<ManifestNote>,
}

/// A line of a manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ManifestLine {
    /// Which, from 1.
    pub number: usize,
    /// What stands there; asterisks in the place of a secret.
    pub text: String,
    /// What is to be said of it.
    pub told: Vec<ManifestNote>,
}

/// Something that is wrong with a manifest, or to be known of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ManifestNote {
    /// Whether it is wrong: no job could be made of it now.
    pub is_fault: bool,
    /// The option that it is about.
    pub option: Option<String>,
    /// What it is.
    pub text: String,
}

impl From<ManifestFault> for ManifestNote {
    fn from(fault: ManifestFault) -> Self {
        Self {
            is_fault: true,
            option: fault.field,
            text: fault.detail,
        }
    }
}

impl From<Warning> for ManifestNote {
    fn from(warning: Warning) -> Self {
        Self {
            is_fault: false,
            option: warning.field,
            text: warning.detail,
        }
    }
}

fn notes(faults: Vec<ManifestFault>, warnings: Vec<Warning>) -> Vec<ManifestNote> {
    let faults = faults.into_iter().map(ManifestNote::from);
    faults
        .chain(warnings.into_iter().map(ManifestNote::from))
        .collect()
}

impl JobManifest {
    /// The manifest of a job.
    #[must_use]
    pub fn of(job_id: JobId, job_type: JobType, shown: ShownManifest) -> Self {
        let line = |line: ShownLine| ManifestLine {
            number: line.number,
            text: line.text,
            told: notes(line.faults, line.warnings),
        };
        Self {
            job_id,
            job_type,
            lines: shown.lines.into_iter().map(line).collect(),
            told: notes(shown.faults, shown.warnings),
        }
    }
}

/// `GET /operator/v1/jobs/JOBID/failed`: what the report of a job says, and which files failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct JobFailures {
    /// Which job.
    pub job_id: JobId,
    /// How much of its report is known.
    pub state: ReportState,
    /// Where the report lies.
    pub log_bucket: Option<BucketName>,
    /// Under which key.
    pub log_key: Option<ObjectKey>,
    /// What its entries add up to.
    pub totals: Option<ReportTotals>,
    /// How many failed, by code.
    pub codes: Vec<FailedCode>,
    /// How many failed with further codes.
    pub others: u64,
    /// The first 1,000 that failed.
    pub files: Vec<FailedLine>,
    /// What of the device could be read, where some of it could not.
    #[serde(default)]
    pub map: Option<MapTold>,
}

/// What of a device could be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct MapTold {
    /// How long the device is, in bytes.
    pub bytes: u64,
    /// Bytes of it that were read.
    pub read: u64,
    /// Bytes of these that came only when they were tried again.
    #[serde(default)]
    pub again: u64,
    /// Bytes that were never asked for, or skipped behind an error.
    pub untried: u64,
    /// Bytes of stretches of which a read failed, and that were not tried to the end.
    pub failed: u64,
    /// Bytes of sectors that were tried alone and failed.
    pub bad: u64,
    /// The device in 240 equal parts, a letter for the worst of each, as in the map: `+` read, `~` read when
    /// tried again, `?` untried, `/` failed, `-` bad.
    pub cells: String,
    /// How many stretches were not read.
    pub count: u64,
    /// The first 1,000 of them.
    pub ranges: Vec<MapLine>,
}

/// A stretch of a device that was not read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct MapLine {
    /// Its first byte.
    pub at: u64,
    /// How long it is, in bytes.
    pub bytes: u64,
    /// What is known of it, in words.
    pub what: String,
}

impl From<&DeviceMap> for MapTold {
    fn from(map: &DeviceMap) -> Self {
        let range = |range: &NotRead| MapLine {
            at: range.at,
            bytes: range.bytes,
            what: range.what.word().to_owned(),
        };
        Self {
            bytes: map.bytes,
            read: map.sum(Stretched::Read),
            again: map.again,
            untried: map.sum(Stretched::Untried),
            failed: map.sum(Stretched::Failed),
            bad: map.sum(Stretched::Bad),
            cells: map.cells.iter().map(|cell| cell.letter()).collect(),
            count: map.count,
            ranges: map.ranges.iter().map(range).collect(),
        }
    }
}

/// How much of a report is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ReportState {
    /// There is none: the job is not over, or nothing was transferred.
    None,
    /// It is being read: ask again.
    BeingRead,
    /// It was read.
    Read,
    /// It cannot be had: its store gives no such file, or it is none. Asking again is trying again.
    Lost,
}

/// What the entries of a report add up to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ReportTotals {
    /// Entries there are.
    pub entries: u64,
    /// Entries that were transferred.
    pub stored: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Bytes of them that were sent, as far as they were not there before.
    pub bytes_sent: u64,
    /// Entries left out by a rule.
    pub ignored: u64,
    /// Entries that failed.
    pub failed: u64,
    /// Entries that were transferred in part.
    pub in_part: u64,
    /// Entries that were read back and compared.
    pub read_back: u64,
    /// Bytes per second that were sent, of a job that took one attempt.
    pub rate: Option<u64>,
}

/// How many files failed with a code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct FailedCode {
    /// The status, as the report has it.
    pub status: u16,
    /// The code.
    pub code: String,
    /// How many.
    pub files: u64,
}

/// A file that failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct FailedLine {
    /// Its path.
    pub path: String,
    /// Its size in bytes.
    pub bytes: u64,
    /// The status, as the report has it.
    pub status: u16,
    /// The code.
    pub code: String,
    /// Why, for a person.
    pub reason: String,
    /// The key that it has or would have.
    pub key: Option<ObjectKey>,
}

impl JobFailures {
    /// What is known of a report that says nothing, or not yet.
    #[must_use]
    pub fn silent(job_id: JobId, state: ReportState, log: Option<&LogLocation>) -> Self {
        Self {
            job_id,
            state,
            log_bucket: log.map(|log| log.bucket.clone()),
            log_key: log.map(|log| log.key.clone()),
            totals: None,
            codes: Vec::new(),
            others: 0,
            files: Vec::new(),
            map: None,
        }
    }

    /// What a report says.
    #[must_use]
    pub fn of(
        job_id: JobId,
        log: &LogLocation,
        digest: &ReportDigest,
        map: Option<&DeviceMap>,
    ) -> Self {
        let mut codes: Vec<FailedCode> = digest
            .codes
            .iter()
            .map(|((status, code), files)| FailedCode {
                status: *status,
                code: code.clone(),
                files: *files,
            })
            .collect();
        codes.sort_by_key(|code| std::cmp::Reverse(code.files));
        Self {
            totals: Some(ReportTotals::from(digest)),
            codes,
            others: digest.others,
            files: digest.files.iter().map(FailedLine::from).collect(),
            map: map.map(MapTold::from),
            ..Self::silent(job_id, ReportState::Read, Some(log))
        }
    }
}

impl From<&ReportDigest> for ReportTotals {
    fn from(digest: &ReportDigest) -> Self {
        let totals = &digest.totals;
        Self {
            entries: totals.entries,
            stored: totals.stored,
            bytes: totals.bytes,
            bytes_sent: totals.sent().1,
            ignored: totals.ignored,
            failed: totals.failed,
            in_part: totals.partial,
            read_back: totals.read_back,
            rate: digest.rate(),
        }
    }
}

impl From<&FailedFile> for FailedLine {
    fn from(file: &FailedFile) -> Self {
        Self {
            path: file.path.clone(),
            bytes: file.bytes,
            status: file.status,
            code: file.code.clone(),
            reason: file.reason.clone(),
            key: file.key.clone(),
        }
    }
}
