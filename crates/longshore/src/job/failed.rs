//! `longshore job failed` and `job manifest`: what came of a job, file by file, and what it was to be, for the people who
//! run the service.

use std::thread;
use std::time::Duration;

use model::operator::reports::{JobFailures, JobManifest, ManifestNote, ReportState};
use model::readable;

use crate::cli::HistoryArgs;
use crate::exit::{Exit, Failure};
use crate::output;
use crate::way::Way;

/// Between two looks whether a long report is read.
const AGAIN: Duration = Duration::from_secs(1);

/// Shows what the report of a job says, and which files failed.
///
/// # Errors
/// If the operation is refused, the service cannot be asked, or the report cannot be had.
pub(super) fn failed(args: &HistoryArgs) -> Result<Exit, Failure> {
    let way = Way::open(&args.store)?;
    let told: JobFailures = loop {
        let told: JobFailures = way.get(&format!("jobs/{}/failed", args.job), &[])?;
        match told.state {
            ReportState::BeingRead => thread::sleep(AGAIN),
            ReportState::None | ReportState::Read | ReportState::Lost => break told,
        }
    };
    if args.json {
        output::json(&told)?;
        return Ok(Exit::Ok);
    }
    match told.state {
        ReportState::Lost => Err(Failure::refused(format!(
            "the report of job {} cannot be read: its bucket does not give it",
            args.job
        ))),
        ReportState::None | ReportState::BeingRead => {
            output::note(&format!("Job {} has no report yet.", args.job));
            Ok(Exit::Ok)
        }
        ReportState::Read => {
            output::data(&text(&told))?;
            Ok(Exit::Ok)
        }
    }
}

fn text(told: &JobFailures) -> String {
    let mut text = String::new();
    if let Some(totals) = &told.totals {
        text.push_str(&format!(
            "{} files transferred ({}), {} failed, {} in part\n",
            readable::number(totals.stored),
            readable::bytes(totals.bytes),
            readable::number(totals.failed),
            readable::number(totals.in_part)
        ));
    }
    let codes = told.codes.iter();
    let codes = codes.map(|code| {
        [
            readable::number(code.files),
            code.status.to_string(),
            code.code.clone(),
        ]
    });
    let codes: Vec<[String; 3]> = codes.collect();
    if !codes.is_empty() {
        text.push_str(&format!(
            "\n{}",
            output::table(["FILES", "STATUS", "CODE"], &codes)
        ));
    }
    let files = told.files.iter();
    let files = files.map(|file| [file.code.clone(), file.path.clone(), file.reason.clone()]);
    let files: Vec<[String; 3]> = files.collect();
    if !files.is_empty() {
        text.push_str(&format!(
            "\n{}",
            output::table(["CODE", "FILE", "WHY"], &files)
        ));
    }
    text
}

/// Shows the manifest of a job without its secrets, with what is to be said of each line.
///
/// # Errors
/// If the operation is refused, or the service cannot be asked.
pub(super) fn manifest(args: &HistoryArgs) -> Result<Exit, Failure> {
    let path = format!("jobs/{}/manifest", args.job);
    let manifest: JobManifest = Way::open(&args.store)?.get(&path, &[])?;
    if args.json {
        output::json(&manifest)?;
        return Ok(Exit::Ok);
    }
    let lines = manifest.lines.iter();
    let text: String = lines.map(|line| format!("{}\n", line.text)).collect();
    output::data(&text)?;
    for note in &manifest.told {
        output::note(&said(note));
    }
    for line in &manifest.lines {
        for note in &line.told {
            output::note(&format!("line {}: {}", line.number, said(note)));
        }
    }
    Ok(Exit::Ok)
}

fn said(note: &ManifestNote) -> String {
    match &note.option {
        Some(option) => format!("{option}: {}", note.text),
        None => note.text.clone(),
    }
}
