//! A customer's own jobs: filters, and a page at a time.

use askama::Template;
use axum::response::Response;
use model::ids::JobId;
use model::job::Job;
use model::operator::{JobLine, JobsPage, Patience};
use model::progress::Progress;
use model::stopped::Stopped;
use url::form_urlencoded::Serializer;

use super::list_file::{self, FileForm, of_file, wanted};
use crate::faces::console::form::{Fields, is_first};
use crate::faces::console::language::{key, text};
use crate::faces::console::page::{Shell, html};
use crate::faces::console::trouble::Trouble;
use crate::faces::console::visit::Visit;
use crate::faces::console::word;
use crate::ops::jobs::{self, MOST_JOBS, Search};

/// Jobs of a page.
const JOBS: u32 = 50;

#[derive(Template)]
#[template(path = "own_jobs.html")]
struct OwnJobs {
    shell: Shell,
    jobs: Vec<Job>,
    state: String,
    is_held: bool,
    /// The query of the next page, if there is one.
    next: Option<String>,
    is_first: bool,
    /// What the list is asked for with, for its file.
    query: String,
    patience: Patience,
}

impl OwnJobs {
    fn is_overdue(&self, hold: &Stopped) -> bool {
        hold.is_overdue(self.patience.now, self.patience.days)
    }

    fn states(&self) -> Vec<&'static str> {
        Progress::codes().collect()
    }
}

/// The page.
pub(in super::super) async fn list(visit: &Visit, query: &Fields) -> Result<Response, Trouble> {
    let wanted = read(query)?;
    let found = jobs::own(
        &visit.console.context.admin(),
        visit.caller(),
        wanted.clone(),
    )
    .await?;
    let last = found.jobs.last().map(|(job, _)| job.id);
    let next = last.filter(|_| found.truncated);
    html(&OwnJobs {
        shell: Shell::new(visit, key("jobs"), "jobs", "/jobs"),
        next: next.map(|last| behind(&wanted, last)),
        patience: visit.console.context.patience(),
        jobs: found.jobs.into_iter().map(|(job, _)| job).collect(),
        state: wanted.progress.unwrap_or_default(),
        is_held: wanted.held,
        is_first: is_first(query),
        query: of_file(query),
    })
}

/// The list as a file.
pub(in super::super) async fn kept(
    visit: &Visit,
    query: &Fields,
    form: FileForm,
) -> Result<Response, Trouble> {
    list_file::of_pages(form, wanted(query), visit.clone(), own_page).await
}

/// A page for a file, of as many jobs as a page has.
async fn own_page(visit: Visit, query: Fields) -> Result<JobsPage, Trouble> {
    let search = Search {
        limit: Some(MOST_JOBS),
        ..read(&query)?
    };
    let found = jobs::own(&visit.console.context.admin(), visit.caller(), search).await?;
    let last = found.jobs.last().map(|(job, _)| job.id);
    let patience = visit.console.context.patience();
    Ok(JobsPage {
        next: last.filter(|_| found.truncated),
        jobs: found
            .jobs
            .iter()
            .map(|(job, _)| JobLine::of(job, None, patience))
            .collect(),
    })
}

/// Reads what is wanted. A name that is not known is refused: a filter that does nothing shows too much.
fn read(query: &Fields) -> Result<Search, Trouble> {
    let mut search = Search {
        limit: Some(JOBS),
        ..Search::default()
    };
    let said = query.iter().filter(|(_, value)| !value.trim().is_empty());
    for (name, value) in said {
        let wrong = || Trouble::field(text("filter-wrong").with("name", name).with("value", value));
        match name.as_str() {
            "state" => {
                let mut codes = Progress::codes();
                let code = codes.find(|code| code.eq_ignore_ascii_case(value));
                search.progress = Some(code.ok_or_else(wrong)?.to_owned());
            }
            "held" => search.held = value.parse().map_err(|_| wrong())?,
            "before" => search.before = Some(JobId::new(value).map_err(|_| wrong())?),
            _ => return Err(wrong()),
        }
    }
    Ok(search)
}

/// The query of the page behind a job.
fn behind(wanted: &Search, last: JobId) -> String {
    let mut query = Serializer::new(String::new());
    if let Some(state) = &wanted.progress {
        query.append_pair("state", state);
    }
    if wanted.held {
        query.append_pair("held", "true");
    }
    query.append_pair("before", last.as_str());
    query.finish()
}
