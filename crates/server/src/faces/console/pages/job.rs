//! A job: how it stands in one sentence, what holds it up, how far it is, what came of it, what happened to it, and what
//! can be done.

use askama::Template;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use model::ids::JobId;
use model::operator::custody::{JobReceipt, JobReceiptPdf};
use model::operator::rates::JobRates;
use model::operator::reports::{JobFailures, JobManifest};
use model::operator::{History, JobDetail};
use model::progress::AbortReason;
use model::role::Role;
use model::stopped::StopCause;

use super::job_parts::JobStanding;
use super::{job_parts, plot};
use crate::faces::console::form::Fields;
use crate::faces::console::language::text;
use crate::faces::console::page::{Shell, file, html, say};
use crate::faces::console::trouble::Trouble;
use crate::faces::console::visit::Visit;

#[derive(Template)]
#[template(path = "job.html")]
struct OneJob {
    shell: Shell,
    job: JobDetail,
    history: History,
    live: String,
    rates: String,
    failed: String,
    manifest: String,
}

impl OneJob {
    /// Whether there is a report.
    fn is_reported(&self) -> bool {
        self.job.line.error_count.is_some()
    }

    /// Whether sheets are drawn of it.
    fn has_sheets(&self) -> bool {
        let code = self.job.line.progress_code.as_str();
        !matches!(code, "Canceled" | "Expired")
    }

    /// Whether nothing of it is to be transferred any more.
    fn is_over(&self) -> bool {
        is_over(&self.job)
    }

    /// As what a person may end it.
    fn reasons(&self) -> Vec<&'static str> {
        AbortReason::ALL
            .into_iter()
            .map(AbortReason::code)
            .collect()
    }

    fn waits_for_secret(&self) -> bool {
        let held = self.job.line.held.as_ref();
        let cause = held.and_then(|held| StopCause::of(&held.code));
        cause.is_some_and(StopCause::waits_for_secret)
    }

    fn is_returned(&self) -> bool {
        self.job.line.location_code == "Returned"
    }

    fn is_here(&self) -> bool {
        !self.is_returned() && self.job.line.location_code != "NotReceived"
    }
}

/// How it stands.
fn standing(job: &JobDetail) -> JobStanding<'_> {
    let line = &job.line;
    let held = line.held.as_ref().map_or("", |held| held.code.as_str());
    JobStanding {
        id: line.job_id,
        sentence: format!("{} {}", place(job), work(job)),
        figures: job.figures.as_ref(),
        facts: [&line.progress_code, &line.location_code, held],
        goes_on: !is_over(job),
    }
}

/// Whether nothing of it is to be transferred any more.
fn is_over(job: &JobDetail) -> bool {
    !matches!(job.line.progress_code.as_str(), "Pending" | "InProgress")
}

fn place(job: &JobDetail) -> String {
    let station = job.line.station.as_ref();
    match job.line.location_code.as_str() {
        "NotReceived" => "The device has not arrived yet.".to_owned(),
        "Returned" => "The device was sent back.".to_owned(),
        _ => match station {
            Some(station) => format!("The device is at {station}."),
            None => "The device has arrived.".to_owned(),
        },
    }
}

fn work(job: &JobDetail) -> String {
    let errors = job.line.error_count.unwrap_or_default();
    match job.line.progress_code.as_str() {
        "Pending" => "Nothing has been transferred yet.".to_owned(),
        "InProgress" => match &job.at_work {
            Some(station) => format!("{station} is at work on it."),
            None => "It was begun, and nobody is at work on it.".to_owned(),
        },
        "Complete" => "Everything was transferred, without errors.".to_owned(),
        "SuccessWithErrors" if errors == 1 => {
            "1 entry could not be transferred whole; all others were.".to_owned()
        }
        "SuccessWithErrors" => format!(
            "{} entries could not be transferred whole; all others were.",
            say::number(errors)
        ),
        "Canceled" => "Its owner has canceled it.".to_owned(),
        "Expired" => "It has expired: the device did not come in time.".to_owned(),
        ended => format!("It has ended as {ended}."),
    }
}

/// The page.
pub(in super::super) async fn show(visit: &Visit, id: &str) -> Result<Response, Trouble> {
    let id = job_id(id)?;
    let job: JobDetail = visit.get(&format!("jobs/{id}"), &Fields::new()).await?;
    let path = format!("jobs/{id}/history");
    let history: History = visit.get(&path, &Fields::new()).await?;
    // A manifest and the names of files are more than that a job is there.
    let may_read = visit.role() >= Some(Role::Operator);
    let (mut manifest, mut failed) = (None, None);
    if may_read {
        let (read, told): (JobManifest, JobFailures) = (
            visit
                .get(&format!("jobs/{id}/manifest"), &Fields::new())
                .await?,
            visit
                .get(&format!("jobs/{id}/failed"), &Fields::new())
                .await?,
        );
        (manifest, failed) = (Some(read), Some(told));
    }
    let rates: JobRates = visit
        .get(&format!("jobs/{id}/rates"), &Fields::new())
        .await?;
    html(&OneJob {
        rates: plot::rate("Rate", &rates.rates)?,
        shell: Shell::new(
            visit,
            text("job-title").with("job", id),
            "jobs",
            &format!("/jobs/{id}"),
        ),
        live: job_parts::live(&standing(&job), None)?,
        failed: job_parts::failed(failed.as_ref())?,
        manifest: job_parts::manifest(manifest.as_ref())?,
        job,
        history,
    })
}

/// How it stands at this moment, for a page that shows it.
pub(in super::super) async fn live(
    visit: &Visit,
    id: &str,
    query: &Fields,
) -> Result<Response, Trouble> {
    let id = job_id(id)?;
    let job: JobDetail = visit.get(&format!("jobs/{id}"), &Fields::new()).await?;
    job_parts::live_alone(&standing(&job), query)
}

/// What its report says, for a page that waits for it.
pub(in super::super) async fn failed(visit: &Visit, id: &str) -> Result<Response, Trouble> {
    let id = job_id(id)?;
    let told: JobFailures = visit
        .get(&format!("jobs/{id}/failed"), &Fields::new())
        .await?;
    job_parts::failed_alone(&told)
}

/// The receipt, as a file.
pub(in super::super) async fn receipt(visit: &Visit, id: &str) -> Result<Response, Trouble> {
    let id = job_id(id)?;
    let path = format!("jobs/{id}/receipt");
    let receipt: JobReceipt = visit.get(&path, &Fields::new()).await?;
    Ok(file(
        &format!("{id}.receipt"),
        "text/plain; charset=utf-8",
        receipt.receipt.into_bytes(),
    ))
}

/// The same for people.
pub(in super::super) async fn receipt_pdf(visit: &Visit, id: &str) -> Result<Response, Trouble> {
    let id = job_id(id)?;
    let path = format!("jobs/{id}/receipt.pdf");
    let receipt: JobReceiptPdf = visit.get(&path, &Fields::new()).await?;
    let pdf = STANDARD.decode(receipt.pdf).map_err(|_| Trouble::ours())?;
    Ok(file(&format!("{id}.receipt.pdf"), "application/pdf", pdf))
}

fn job_id(text: &str) -> Result<JobId, Trouble> {
    JobId::new(text).map_err(|_| Trouble::no_such_page())
}
