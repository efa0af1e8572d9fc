//! A job: how it stands in one sentence, what holds it up, how far it is, what came of it, what happened to it, and what
//! can be done.

use askama::Template;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use model::ids::JobId;
use model::operator::JobDetail;
use model::operator::custody::{JobReceipt, JobReceiptPdf};
use model::operator::rates::JobRates;
use model::operator::reports::{JobFailures, JobManifest};
use model::progress::AbortReason;
use model::role::Role;
use model::stopped::StopCause;

use super::job_parts::JobStanding;
use super::{job_parts, plot};
use crate::faces::console::form::Fields;
use crate::faces::console::history::Happened;
use crate::faces::console::language::{Text, key, text};
use crate::faces::console::page::{Shell, file, html, say};
use crate::faces::console::trouble::Trouble;
use crate::faces::console::visit::Visit;
use crate::faces::console::word;
use crate::ops::jobs;

#[derive(Template)]
#[template(path = "job.html")]
struct OneJob {
    shell: Shell,
    job: JobDetail,
    history: Vec<Happened>,
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

    /// Whose it is, as people call it.
    fn customer(&self) -> String {
        match &self.job.line.account_name {
            Some(name) => say::name(name),
            None => self.job.line.account.to_string(),
        }
    }

    /// What is due for its device, if that is here.
    fn due(&self) -> Option<Text> {
        let sentence = self.job.due_sentence.as_deref()?;
        let due = self.job.due.filter(|_| self.is_here())?;
        Some(word::due(due, &self.job.line, sentence))
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
        sentence: text("standing")
            .text("place", place(job))
            .text("work", work(job)),
        figures: job.figures.as_ref(),
        facts: [&line.progress_code, &line.location_code, held],
        goes_on: !is_over(job),
    }
}

/// Whether nothing of it is to be transferred any more.
fn is_over(job: &JobDetail) -> bool {
    !matches!(job.line.progress_code.as_str(), "Pending" | "InProgress")
}

fn place(job: &JobDetail) -> Text {
    let station = job.line.station.as_ref();
    match job.line.location_code.as_str() {
        "NotReceived" => text("place-not-received"),
        "Returned" => text("place-returned"),
        _ => match station {
            Some(station) => text("place-station").with("station", station),
            None => text("place-arrived"),
        },
    }
}

fn work(job: &JobDetail) -> Text {
    let errors = job.line.error_count.unwrap_or_default();
    match job.line.progress_code.as_str() {
        "Pending" => text("work-pending"),
        "InProgress" => match &job.at_work {
            Some(station) => text("work-at-it").with("station", station),
            None => text("work-nobody"),
        },
        "Complete" => text("work-complete"),
        "SuccessWithErrors" => text("work-with-errors").count("errors", errors),
        "Canceled" => text("work-canceled"),
        "Expired" => text("work-expired"),
        ended => text("work-ended").text("code", word::progress(ended)),
    }
}

/// The page.
pub(in super::super) async fn show(visit: &Visit, id: &str) -> Result<Response, Trouble> {
    let id = job_id(id)?;
    let job: JobDetail = visit.get(&format!("jobs/{id}"), &Fields::new()).await?;
    // What the operator API tells of it in English, from the same events.
    let admin = visit.console.context.admin();
    let history = jobs::told(&admin, visit.caller(), id).await?;
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
        rates: plot::rate(visit.say, key("rate"), &rates.rates)?,
        shell: Shell::new(
            visit,
            text("job-title").with("job", id),
            "jobs",
            &format!("/jobs/{id}"),
        ),
        live: job_parts::live(visit.say, &standing(&job), None)?,
        failed: job_parts::failed(visit.say, failed.as_ref())?,
        manifest: job_parts::manifest(visit.say, manifest.as_ref())?,
        history: history.iter().map(Happened::of).collect(),
        job,
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
    job_parts::live_alone(visit.say, &standing(&job), query)
}

/// What its report says, for a page that waits for it.
pub(in super::super) async fn failed(visit: &Visit, id: &str) -> Result<Response, Trouble> {
    let id = job_id(id)?;
    let told: JobFailures = visit
        .get(&format!("jobs/{id}/failed"), &Fields::new())
        .await?;
    job_parts::failed_alone(visit.say, &told)
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
