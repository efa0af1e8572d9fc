//! A customer's own job: how it stands in one sentence, what is to be done now, what happened, and the files that go with
//! it.

use askama::Template;
use axum::response::Response;
use model::event::{Event, WhileRunning};
use model::ids::{JobId, JobType};
use model::operator::Patience;
use model::operator::reports::JobFailures;
use model::operator::stations::FiguresLine;
use model::progress::Progress;
use model::signature::SignatureFile;
use model::stopped::StopCause;

use super::job_parts::JobStanding;
use super::new_job::foresee::is_of_files;
use super::{job_parts, plot};
use crate::artifact::Taken;
use crate::faces::console::form::Fields;
use crate::faces::console::history::Happened;
use crate::faces::console::language::{key, text};
use crate::faces::console::page::{Shell, file, html, say};
use crate::faces::console::trouble::Trouble;
use crate::faces::console::visit::Visit;
use crate::faces::console::word;
use crate::ops::artifacts::{self, SheetOf};
use crate::ops::jobs::{self, JobStatus};
use crate::ops::{Refused, receipts};

const PDF: &str = "application/pdf";
const TEXT: &str = "text/plain; charset=utf-8";

#[derive(Template)]
#[template(path = "own_job.html")]
struct OwnJob {
    shell: Shell,
    status: JobStatus,
    history: Vec<Happened>,
    live: String,
    rates: String,
    failed: String,
    manifest: String,
    patience: Patience,
    /// Whether a job that runs can be canceled here.
    cancels_running: WhileRunning,
}

impl OwnJob {
    fn is_pending(&self) -> bool {
        !self.status.job.progress.is_terminal() && self.status.job.custody.station().is_none()
    }

    fn may_update(&self) -> bool {
        let job = &self.status.job;
        let event = Event::Updated {
            job_type: job.job_type,
            manifest: job.manifest.clone(),
        };
        job.apply(&event, self.patience.now).is_ok()
    }

    fn is_overdue(&self) -> bool {
        let Patience { now, days } = self.patience;
        let hold = self.status.job.hold();
        hold.is_some_and(|hold| hold.is_overdue(now, days))
    }

    /// Whether there is more of it to be asked for than that it has expired.
    fn is_expected(&self) -> bool {
        !matches!(self.status.job.progress, Progress::Expired { .. })
    }

    fn may_cancel(&self) -> bool {
        let event = Event::Canceled {
            running: self.cancels_running,
            because: None,
        };
        self.status.job.apply(&event, self.patience.now).is_ok()
    }

    /// Whether its device can be said to be free for erasing, or not.
    fn may_say_of_device(&self) -> bool {
        let because = String::new();
        let is_over = self.status.job.progress.is_terminal();
        let event = Event::Objected { because };
        is_over && self.status.job.apply(&event, self.patience.now).is_ok()
    }

    /// Whether what opens its device can be sent.
    fn may_give_secret(&self) -> bool {
        let job = &self.status.job;
        !job.progress.is_terminal()
            && job.job_type == JobType::Import
            && Taken::of(job) != Taken::AsImage
    }

    fn is_held_for(&self, cause: StopCause) -> bool {
        let hold = self.status.job.hold();
        hold.is_some_and(|hold| hold.cause == cause)
    }

    /// Whether it waits to be told that its device is loaded as it is.
    fn is_dirty(&self) -> bool {
        self.is_held_for(StopCause::Dirty)
    }

    fn is_held_by_customer(&self) -> bool {
        self.is_held_for(StopCause::ByCustomer)
    }

    /// Whether it can be had wait: what waits already does so.
    fn may_hold(&self) -> bool {
        let job = &self.status.job;
        !job.progress.is_terminal() && job.hold().is_none()
    }

    fn waits_for_secret(&self) -> bool {
        let hold = self.status.job.hold();
        hold.is_some_and(|hold| hold.cause.waits_for_secret())
    }

    fn is_image(&self) -> bool {
        Taken::of(&self.status.job) == Taken::AsImage
    }

    fn is_of_files(&self) -> bool {
        is_of_files(self.status.job.job_type, &self.status.job.manifest)
    }

    fn has_sheets(&self) -> bool {
        !self.status.artifacts.is_empty()
    }
}

/// The page.
pub(in super::super) async fn show(visit: &Visit, id: &str) -> Result<Response, Trouble> {
    let context = &visit.console.context;
    let status = jobs::show(context, visit.caller(), id).await?;
    let id = status.job.id;
    // A user who may see how a job is, and not what happened to it, sees the one without the other.
    let history = match jobs::told(&context.admin(), visit.caller(), id).await {
        Ok(told) => told.iter().map(Happened::of).collect(),
        Err(Refused::NoSuchJob(_) | Refused::Denied(_)) => Vec::new(),
        Err(other) => return Err(other.into()),
    };
    let figures = status.loading.clone().map(FiguresLine::from);
    let live = job_parts::live(visit.say, &standing(&status, figures.as_ref()), None)?;
    let failed = match report_of(visit, id).await {
        Ok(told) => Some(told),
        Err(Refused::NoSuchJob(_) | Refused::Denied(_)) => None,
        Err(other) => return Err(other.into()),
    };
    let manifest = jobs::manifest(&context.admin(), &context.work, visit.caller(), id).await?;
    let rates = jobs::rates(&context.admin(), visit.caller(), id).await?;
    html(&OwnJob {
        rates: plot::rate(visit.say, key("rate"), &rates.rates)?,
        live,
        failed: job_parts::failed(visit.say, failed.as_ref())?,
        manifest: job_parts::manifest(visit.say, Some(&manifest))?,
        shell: Shell::new(
            visit,
            text("job-title").with("job", id),
            "jobs",
            &format!("/jobs/{id}"),
        ),
        status,
        history,
        patience: context.patience(),
        cancels_running: context.rules.cancel_in_progress,
    })
}

fn standing<'a>(status: &'a JobStatus, figures: Option<&'a FiguresLine>) -> JobStanding<'a> {
    let job = &status.job;
    JobStanding {
        id: job.id,
        sentence: word::standing(status),
        figures,
        facts: [
            job.progress.code(),
            job.custody.code(),
            job.hold().map_or("", |held| held.cause.code()),
        ],
        goes_on: !job.progress.is_terminal(),
    }
}

/// How it stands at this moment, for a page that shows it.
pub(in super::super) async fn live(
    visit: &Visit,
    id: &str,
    query: &Fields,
) -> Result<Response, Trouble> {
    let status = jobs::show(&visit.console.context, visit.caller(), id).await?;
    let figures = status.loading.clone().map(FiguresLine::from);
    job_parts::live_alone(visit.say, &standing(&status, figures.as_ref()), query)
}

/// What its report says, for a page that waits for it.
pub(in super::super) async fn failed(visit: &Visit, id: &str) -> Result<Response, Trouble> {
    let id = JobId::new(id).map_err(|_| Trouble::no_such_page())?;
    job_parts::failed_alone(visit.say, &report_of(visit, id).await?)
}

async fn report_of(visit: &Visit, id: JobId) -> Result<JobFailures, Refused> {
    let context = &visit.console.context;
    let (admin, digests) = (context.admin(), Some(&context.digests));
    jobs::failed(&admin, &context.stores, digests, visit.caller(), id).await
}

/// A file that goes with a job.
pub(in super::super) async fn file_of(
    visit: &Visit,
    id: &str,
    name: &str,
) -> Result<Response, Trouble> {
    let (context, caller) = (&visit.console.context, visit.caller());
    let admin = context.admin();
    let job = || JobId::new(id).map_err(|_| Trouble::no_such_page());
    Ok(match name {
        "SIGNATURE" => {
            let status = jobs::get_status(context, caller, id).await?;
            let contents = SignatureFile::contents(status.job.id.as_str(), &status.signature);
            file("SIGNATURE", "application/octet-stream", contents.into())
        }
        "packing-slip.pdf" => sheet(visit, id, SheetOf::Slip).await?,
        "signature-sheet.pdf" => sheet(visit, id, SheetOf::Signature).await?,
        "shipping-label.pdf" => sheet(visit, id, SheetOf::Label).await?,
        "receipt" => {
            let receipt = receipts::receipt(&admin, Some(context), caller, job()?).await?;
            file(&format!("{id}.receipt"), TEXT, receipt.text.into())
        }
        "receipt.pdf" => {
            let made = receipts::for_people(&admin, Some(context), caller, job()?).await?;
            file(&format!("{id}.receipt.pdf"), PDF, made.1)
        }
        "report" => {
            let report = jobs::report(context, caller, id).await?;
            let name = report.key.as_str().rsplit('/').next().unwrap_or_default();
            let is_plain = |c: &char| c.is_ascii_alphanumeric() || "-._".contains(*c);
            let name: String = name.chars().filter(is_plain).collect();
            file(&name, "text/csv; charset=utf-8", report.content)
        }
        _ => return Err(Trouble::no_such_page()),
    })
}

async fn sheet(visit: &Visit, id: &str, which: SheetOf) -> Result<Response, Trouble> {
    let drawn = artifacts::sheet(&visit.console.context, visit.caller(), id, which).await?;
    Ok(file(&drawn.file_name, PDF, drawn.pdf))
}
