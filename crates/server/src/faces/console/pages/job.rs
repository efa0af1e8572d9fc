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

use super::{job_parts, plot};
use crate::faces::console::form::Fields;
use crate::faces::console::page::{Shell, file, html, say};
use crate::faces::console::trouble::Trouble;
use crate::faces::console::visit::Visit;

#[derive(Template)]
#[template(path = "job.html")]
struct OneJob {
    shell: Shell,
    job: JobDetail,
    history: History,
    figures: String,
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

    /// How it stands.
    fn sentence(&self) -> String {
        format!("{} {}", self.place(), self.work())
    }

    fn place(&self) -> String {
        let station = self.job.line.station.as_ref();
        match self.job.line.location_code.as_str() {
            "NotReceived" => "The device has not arrived yet.".to_owned(),
            "Returned" => "The device was sent back.".to_owned(),
            _ => match station {
                Some(station) => format!("The device is at {station}."),
                None => "The device has arrived.".to_owned(),
            },
        }
    }

    fn work(&self) -> String {
        let errors = self.job.line.error_count.unwrap_or_default();
        match self.job.line.progress_code.as_str() {
            "Pending" => "Nothing has been transferred yet.".to_owned(),
            "InProgress" => match &self.job.at_work {
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

    /// Whether nothing of it is to be transferred any more.
    fn is_over(&self) -> bool {
        !matches!(
            self.job.line.progress_code.as_str(),
            "Pending" | "InProgress"
        )
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
        shell: Shell::new(visit, &format!("Job {id}"), "jobs", &format!("/jobs/{id}")),
        figures: job_parts::figures(job.figures.as_ref())?,
        failed: job_parts::failed(failed.as_ref())?,
        manifest: job_parts::manifest(manifest.as_ref())?,
        job,
        history,
    })
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
