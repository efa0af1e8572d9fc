//! `longshore job list`: one's own jobs with where each device is and what became of its data.
//!
//! ListJobs tells neither, so the newest are asked for one by one (GetStatus).

use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicUsize, Ordering};

use model::ids::JobType;
use model::manifest::Manifest;
use serde::Serialize;

use super::answers::{JobLine, Status};
use super::client::{ApiError, Client};
use crate::exit::Failure;
use crate::output;

/// Jobs that are asked for: each is a request, and a screen shows fewer.
const ASKED: usize = 500;

/// Requests at once.
const AT_ONCE: usize = 8;

/// A job of the list.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Listed {
    #[serde(flatten)]
    line: JobLine,
    /// What GetStatus says; none of jobs that were not asked for.
    #[serde(flatten)]
    state: Option<State>,
}

/// What there is to see of a job at a glance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct State {
    location_code: Option<String>,
    progress_code: Option<String>,
    error_count: Option<u64>,
    device_id: Option<String>,
    /// The first, of an export of several.
    bucket: Option<String>,
}

/// Asks for the newest of the jobs.
///
/// # Errors
/// If the service does not answer. A job that is gone meanwhile is left as it was listed.
pub(super) fn ask(client: &Client, lines: Vec<JobLine>) -> Result<Vec<Listed>, Failure> {
    let mut jobs: Vec<Listed> = lines
        .into_iter()
        .map(|line| Listed { line, state: None })
        .collect();
    let asked = &jobs[..ASKED.min(jobs.len())];
    let (next, found) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE.min(asked.len()) {
            scope.spawn(|| {
                while let Some(job) = asked.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let status = client.status(&job.line.job_id);
                    let mut found = found.lock().unwrap_or_else(PoisonError::into_inner);
                    found.push((job.line.job_id.clone(), status));
                }
            });
        }
    });
    for (id, status) in found.into_inner().unwrap_or_else(PoisonError::into_inner) {
        let state = match status {
            Ok(status) => Some(State::of(&status)),
            Err(ApiError::Fault { status, .. }) if status.is_client_error() => None,
            Err(error) => return Err(error.into()),
        };
        if let Some(job) = jobs.iter_mut().find(|job| job.line.job_id == id) {
            job.state = state;
        }
    }
    Ok(jobs)
}

/// The table.
pub(super) fn table(jobs: &[Listed]) -> String {
    let rows: Vec<[String; 8]> = jobs.iter().map(Listed::row).collect();
    let header = [
        "JOB", "TYPE", "CREATED", "WHERE", "PROGRESS", "ERRORS", "DEVICE", "BUCKET",
    ];
    output::table(header, &rows)
}

/// What to say if not all jobs were asked for.
pub(super) fn unasked(jobs: &[Listed]) -> Option<String> {
    (jobs.len() > ASKED).then(|| {
        format!("Only the newest {ASKED} were asked where they are; `longshore job status JOBID` asks for one.")
    })
}

impl State {
    fn of(status: &Status) -> Self {
        let job_type = status.job_type.as_deref().and_then(JobType::parse);
        let text = status.current_manifest.as_deref();
        let manifest = job_type
            .zip(text)
            .and_then(|(job_type, text)| Manifest::parse_accepted(text, job_type).ok());
        Self {
            location_code: status.location_code.clone(),
            progress_code: status.progress_code.clone(),
            error_count: status.error_count,
            device_id: manifest.as_ref().map(|of| of.common().device_id.clone()),
            bucket: manifest.as_ref().and_then(bucket),
        }
    }
}

fn bucket(manifest: &Manifest) -> Option<String> {
    match manifest {
        Manifest::S3Import(rules) => Some(rules.bucket.to_string()),
        Manifest::S3Export(rules) => rules
            .operations
            .first()
            .map(|first| first.bucket.to_string()),
        Manifest::EbsImport(_) | Manifest::GlacierImport(_) => None,
    }
}

impl Listed {
    fn row(&self) -> [String; 8] {
        let text = |text: Option<&String>| text.cloned().unwrap_or_default();
        let state = self.state.as_ref();
        let progress = match (state, self.line.is_canceled) {
            (None, true) => "Canceled".to_owned(),
            (state, _) => text(state.and_then(|state| state.progress_code.as_ref())),
        };
        let errors = state
            .and_then(|state| state.error_count)
            .filter(|errors| *errors > 0);
        [
            self.line.job_id.clone(),
            text(self.line.job_type.as_ref()),
            text(self.line.creation_date.as_ref()),
            text(state.and_then(|state| state.location_code.as_ref())),
            progress,
            errors.map(model::readable::number).unwrap_or_default(),
            text(state.and_then(|state| state.device_id.as_ref())),
            text(state.and_then(|state| state.bucket.as_ref())),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(id: &str, is_canceled: bool) -> JobLine {
        JobLine {
            job_id: id.into(),
            creation_date: Some("2026-01-02T03:04:05Z".into()),
            is_canceled,
            job_type: Some("Import".into()),
        }
    }

    #[test]
    fn jobs_are_a_table_with_what_became_of_them() {
        let state = State {
            location_code: Some("AtAWS".into()),
            progress_code: Some("SuccessWithErrors".into()),
            error_count: Some(1_234),
            device_id: Some("WD-1".into()),
            bucket: Some("photos".into()),
        };
        let jobs = [
            Listed {
                line: line("ABCDE", false),
                state: Some(state),
            },
            Listed {
                line: line("ZZZZZ", true),
                state: None,
            },
        ];
        assert_eq!(
            table(&jobs),
            "JOB    TYPE    CREATED               WHERE  PROGRESS           ERRORS  DEVICE  BUCKET\n\
             ABCDE  Import  2026-01-02T03:04:05Z  AtAWS  SuccessWithErrors  1,234   WD-1    photos\n\
             ZZZZZ  Import  2026-01-02T03:04:05Z         Canceled\n"
        );
        let json = serde_json::to_value(&jobs).unwrap();
        assert_eq!(
            (&json[0]["JobId"], &json[0]["DeviceId"]),
            (&"ABCDE".into(), &"WD-1".into())
        );
        assert_eq!(unasked(&jobs), None);
    }
}
