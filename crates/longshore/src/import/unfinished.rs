//! Imports that were begun on a data folder and not finished: what `--list` shows, and what a new
//! import of the same folder is told.

use std::path::Path;

use anyhow::Context as _;
use model::ids::JobId;
use serde::Serialize;

use super::{kept, manifest};
use crate::cli::ImportArgs;
use crate::exit::{Exit, Failure};
use crate::job::client::{ApiError, Client};
use crate::local_service::LocalService;
use crate::output;
use crate::settings::{self, Listen};

/// An import that can be resumed.
#[derive(Debug, Serialize)]
pub(super) struct Unfinished {
    job: JobId,
    folder: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    bucket: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    created: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    progress: Option<String>,
}

/// Runs `longshore import --list`.
///
/// # Errors
/// If the data folder cannot be read, or its jobs cannot be asked for.
pub(super) fn list(args: &ImportArgs) -> Result<Exit, Failure> {
    let config = settings::load(
        args.config.as_deref(),
        args.data.data.as_deref(),
        Listen::any_port(),
    )?;
    let data = config.server.data.clone();
    let begun = kept::all(&data).context("could not read the data folder")?;
    let mut unfinished = Vec::new();
    if !begun.is_empty() {
        let local = LocalService::open(config)?;
        let found = local.client().and_then(|client| {
            let found = begun
                .iter()
                .map(|(job, folder)| look(&client, *job, folder));
            found.collect::<Result<Vec<_>, _>>()
        });
        local.close();
        unfinished = found?.into_iter().flatten().collect();
    }
    if args.json {
        output::json(&serde_json::json!({ "imports": unfinished }))?;
        return Ok(Exit::Ok);
    }
    if unfinished.is_empty() {
        output::note("No import was interrupted.");
        return Ok(Exit::Ok);
    }
    let rows: Vec<[String; 5]> = unfinished.iter().map(Unfinished::row).collect();
    output::data(&output::table(
        ["JOB", "CREATED", "PROGRESS", "BUCKET", "FOLDER"],
        &rows,
    ))?;
    output::note("`longshore import FOLDER --resume JOB` goes on with one.");
    Ok(Exit::Ok)
}

/// The imports of `folder` that were not finished, for somebody who is about to begin another. Those
/// whose report is there are over.
///
/// # Errors
/// If the jobs cannot be asked for.
pub(super) fn of_folder(local: &LocalService, folder: &Path) -> Result<Vec<JobId>, Failure> {
    let Ok(begun) = kept::all(local.data()) else {
        return Ok(Vec::new());
    };
    let is_of_it = |(job, of): &&(JobId, String)| {
        let report = kept::job_folder(local.data(), *job).join("report.csv");
        kept::is_of(of, folder) && !report.exists()
    };
    let client = local.client()?;
    let found = begun
        .iter()
        .filter(is_of_it)
        .map(|(job, of)| look(&client, *job, of));
    let found = found.collect::<Result<Vec<_>, _>>()?;
    Ok(found
        .into_iter()
        .flatten()
        .map(|import| import.job)
        .collect())
}

/// Asks for a job; `None` if it is over, or of another account.
fn look(client: &Client, job: JobId, folder: &str) -> Result<Option<Unfinished>, Failure> {
    let status = match client.status(job.as_str()) {
        Ok(status) => status,
        // The data folder was used by another service before.
        Err(ApiError::Fault { error, .. }) if error.code.starts_with("InvalidJobId") => {
            return Ok(None);
        }
        Err(error) => return Err(error.into()),
    };
    if status.is_over() {
        return Ok(None);
    }
    let text = status.current_manifest.as_deref().unwrap_or_default();
    let rules = manifest::read(text).ok();
    Ok(Some(Unfinished {
        job,
        folder: folder.to_owned(),
        bucket: rules.map(|rules| rules.bucket.to_string()),
        created: status.creation_date,
        progress: status.progress_code,
    }))
}

impl Unfinished {
    fn row(&self) -> [String; 5] {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        [
            self.job.to_string(),
            text(&self.created),
            text(&self.progress),
            text(&self.bucket),
            self.folder.clone(),
        ]
    }
}
