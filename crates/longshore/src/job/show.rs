//! The answers of the API as tables for people.

use super::answers::{Artifact, Created, Label, Status, Updated};
use crate::output;

/// A job that was made, or a manifest that was found good.
pub(crate) fn created(created: &Created) -> String {
    let artifacts = artifacts(&created.artifact_list);
    output::fields([
        ("Job", Some(created.job_id.as_str())),
        ("Type", created.job_type.as_deref()),
        ("Ship to", created.aws_shipping_address.as_deref()),
        ("Warning", created.warning_message.as_deref()),
        ("Documents", artifacts.as_deref()),
    ])
}

/// A manifest that was replaced.
pub(crate) fn updated(updated: &Updated) -> String {
    let artifacts = artifacts(&updated.artifact_list);
    output::fields([
        ("Warning", updated.warning_message.as_deref()),
        ("Documents", artifacts.as_deref()),
    ])
}

/// A label.
pub(crate) fn label(label: &Label) -> String {
    output::fields([
        ("Label", Some(label.shipping_label_url.as_str())),
        ("Warning", label.warning.as_deref()),
    ])
}

/// The table of sheets.
pub(crate) fn artifact_list(artifacts: &[Artifact]) -> String {
    let row = |artifact: &Artifact| {
        let (description, url) = (artifact.description.clone(), artifact.url.clone());
        [description.unwrap_or_default(), url.unwrap_or_default()]
    };
    let rows: Vec<[String; 2]> = artifacts.iter().map(row).collect();
    output::table(["SHEET", "URL"], &rows)
}

/// Everything about a job.
pub(crate) fn status<'a>(status: &'a Status) -> String {
    let location = location(status);
    let progress = said(
        status.progress_code.as_deref(),
        status.progress_message.as_deref(),
    );
    let is_over = status.is_over();
    let unless_over =
        |name: &'static str, value: Option<&'a str>| (name, value.filter(|_| !is_over));
    let errors = status.error_count.map(|count| count.to_string());
    let report = report(status);
    let artifacts = artifacts(&status.artifact_list);
    output::fields([
        ("Job", Some(status.job_id.as_str())),
        ("Type", status.job_type.as_deref()),
        ("Created", status.creation_date.as_deref()),
        ("Location", location.as_deref()),
        ("Progress", progress.as_deref()),
        ("Errors", errors.as_deref()),
        ("Report", report.as_deref()),
        ("Carrier", status.carrier.as_deref()),
        ("Tracking", status.tracking_number.as_deref()),
        unless_over("Ship to", status.aws_shipping_address.as_deref()),
        unless_over("Signature", status.signature.as_deref()),
        unless_over("SIGNATURE", status.signature_file_contents.as_deref()),
        ("Documents", artifacts.as_deref()),
        ("Manifest", status.current_manifest.as_deref()),
    ])
}

/// What can change about a job, on one line.
pub(crate) fn change(status: &Status) -> String {
    let location = location(status);
    let progress = said(
        status.progress_code.as_deref(),
        status.progress_message.as_deref(),
    );
    let errors = status
        .error_count
        .filter(|errors| *errors > 0)
        .map(|errors| format!("  {}", output::count(errors, "error")));
    output::printable(&format!(
        "{}  {}{}",
        location.unwrap_or_default(),
        progress.unwrap_or_default(),
        errors.unwrap_or_default()
    ))
}

/// What is going on, for a line that moves: `InProgress: Loaded 12,345 of 50,000 files …`. Of a
/// message of two sentences, as a job that is loaded has it, the second says it; the first is
/// always the same.
pub(crate) fn loading(status: &Status) -> String {
    let message = status.progress_message.as_deref().unwrap_or_default();
    let (_, figures) = message.split_once(". ").unwrap_or_default();
    let message = match status.progress_code.as_deref() {
        Some("InProgress") if !figures.is_empty() => figures,
        _ => message,
    };
    let said = said(status.progress_code.as_deref(), Some(message)).unwrap_or_default();
    output::printable(&said).replace('\n', " ")
}

/// Where the device is, in plain words: AWS's own, on the wire, speak of AWS.
fn location(status: &Status) -> Option<String> {
    let words = match status.location_code.as_deref() {
        Some("NotReceived") => Some("the device has not arrived yet"),
        Some("AtAWS") => Some("the device has arrived, and is with the service"),
        _ => None,
    };
    match words {
        Some(words) => Some(words.to_owned()),
        None => said(
            status.location_code.as_deref(),
            status.location_message.as_deref(),
        ),
    }
}

/// Code and message: `Pending: The specified job has not started.`
fn said(code: Option<&str>, message: Option<&str>) -> Option<String> {
    match (code, message) {
        (Some(code), Some(message)) if !message.is_empty() => Some(format!("{code}: {message}")),
        (code, message) => code.or(message).map(str::to_owned),
    }
}

fn report(status: &Status) -> Option<String> {
    Some(format!(
        "s3://{}/{}",
        status.log_bucket.as_deref()?,
        status.log_key.as_deref()?
    ))
}

fn artifacts(artifacts: &[Artifact]) -> Option<String> {
    let line = |artifact: &Artifact| {
        said(artifact.description.as_deref(), artifact.url.as_deref()).unwrap_or_default()
    };
    let lines: Vec<String> = artifacts.iter().map(line).collect();
    Some(lines.join("\n")).filter(|_| !artifacts.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use awsproto::xml;

    fn sample() -> Status {
        let answer = "<GetStatusResult><JobId>ABCDE</JobId><JobType>Import</JobType>\
            <LocationCode>AtAWS</LocationCode><LocationMessage>Your device is at AWS.</LocationMessage>\
            <ProgressCode>SuccessWithErrors</ProgressCode><ProgressMessage>Done.</ProgressMessage>\
            <LogBucket>photos</LogBucket><LogKey>import-log-ABCDE</LogKey>\
            <ErrorCount>2</ErrorCount><CreationDate>2026-01-02T03:04:05Z</CreationDate>\
            <CurrentManifest>manifestVersion: 2.0\nbucket: photos\n</CurrentManifest>\
            </GetStatusResult>";
        Status::read(&xml::parse(answer.as_bytes()).unwrap())
    }

    #[test]
    fn a_status_shows_every_field_there_is() {
        assert_eq!(
            status(&sample()),
            "Job       ABCDE\n\
             Type      Import\n\
             Created   2026-01-02T03:04:05Z\n\
             Location  the device has arrived, and is with the service\n\
             Progress  SuccessWithErrors: Done.\n\
             Errors    2\n\
             Report    s3://photos/import-log-ABCDE\n\
             Manifest  manifestVersion: 2.0\n\
             \u{20}         bucket: photos\n"
        );
    }

    #[test]
    fn a_change_is_one_line() {
        let text =
            "the device has arrived, and is with the service  SuccessWithErrors: Done.  2 errors";
        assert_eq!(change(&sample()), text);
    }

    #[test]
    fn the_line_that_moves_has_the_figures() {
        let line = |code: &str, message: &str| {
            loading(&Status {
                progress_code: Some(code.to_owned()),
                progress_message: Some(message.to_owned()),
                ..sample()
            })
        };
        let (pending, begun) = ("It has not started.", "The data is being loaded.");
        assert_eq!(line("Pending", pending), format!("Pending: {pending}"));
        assert_eq!(line("InProgress", begun), format!("InProgress: {begun}"));
        assert_eq!(
            line(
                "InProgress",
                "It is being loaded. Loaded 1 of 2 files (1.2 of 8.4 GB); now a. b"
            ),
            "InProgress: Loaded 1 of 2 files (1.2 of 8.4 GB); now a. b"
        );
        assert_eq!(
            line("InProgress", "Odd\n\x1b[2J."),
            "InProgress: Odd \u{fffd}[2J."
        );
    }
}
