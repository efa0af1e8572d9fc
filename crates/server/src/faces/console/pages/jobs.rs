//! The jobs of all accounts: filters, search, and a page at a time.

use askama::Template;
use axum::response::Response;
use model::operator::{JobLine, JobsPage};
use model::progress::Progress;
use url::form_urlencoded::Serializer;

use super::list_file::of_file;
use crate::faces::console::form::{Fields, is_first, of_list};
use crate::faces::console::language::key;
use crate::faces::console::page::{Shell, html, say};
use crate::faces::console::trouble::Trouble;
use crate::faces::console::visit::Visit;
use crate::faces::console::word;

/// Jobs of a page.
const JOBS: u32 = 50;

#[derive(Template)]
#[template(path = "jobs.html")]
struct JobsList {
    shell: Shell,
    jobs: Vec<JobLine>,
    /// What was filtered by.
    state: String,
    is_held: bool,
    station: String,
    search: String,
    account: String,
    /// The query of the next page, if there is one.
    next: Option<String>,
    is_first: bool,
    /// What the list is asked for with, for its file.
    query: String,
}

impl JobsList {
    fn states(&self) -> Vec<&'static str> {
        Progress::codes().collect()
    }
}

/// The page.
pub(in super::super) async fn list(visit: &Visit, query: &Fields) -> Result<Response, Trouble> {
    let asked = |name: &str| {
        let found = query.iter().find(|(field, _)| field == name);
        found
            .map(|(_, value)| value.trim().to_owned())
            .unwrap_or_default()
    };
    let wanted = of_list(query, JOBS);
    let page: JobsPage = visit.get("jobs", &wanted).await?;
    let next = page.next.map(|last| {
        let kept = wanted
            .iter()
            .filter(|(name, _)| name != "before" && name != "limit");
        let mut query = Serializer::new(String::new());
        query.extend_pairs(kept);
        query.append_pair("before", last.as_str());
        query.finish()
    });
    html(&JobsList {
        shell: Shell::new(visit, key("jobs"), "jobs", "/jobs"),
        jobs: page.jobs,
        state: asked("state"),
        is_held: asked("held") == "true",
        station: asked("station"),
        search: asked("search"),
        account: asked("account"),
        next,
        is_first: is_first(query),
        query: of_file(query),
    })
}
