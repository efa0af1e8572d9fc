//! What will happen: which key each file of a list gets by a manifest, what is left out, what cannot be loaded, how much it
//! is and how long it takes. The decisions are the import's own.

use askama::Template;
use axum::response::Response;
use model::foresee::{Foreseen, foresee, read_list};
use model::ids::JobType;
use model::manifest::Manifest;
use model::outcome::IgnoreRule;

use super::fields::WrittenJob;
use crate::faces::console::form::Form;
use crate::faces::console::language::{Text, TextKey, key, text};
use crate::faces::console::page::{Shell, html, say};
use crate::faces::console::trouble::Trouble;
use crate::faces::console::visit::Visit;
use crate::ops::{Refused, jobs};

/// Rows of a table that are shown.
const ROWS: usize = 1_000;

/// What lists files as the form reads them.
const FIND: &str = r"find . -printf '%y\t%s\t%P\n'";

/// Megabytes a second where nobody says how many: a disk that turns.
const RATE: u64 = 100;

/// Others to compare with.
const RATES: [u64; 3] = [100, 200, 400];

#[derive(Template)]
#[template(path = "foresee.html")]
struct ForeseePage {
    shell: Shell,
    manifest: String,
    /// The job whose manifest it is.
    job: Option<String>,
    paths: String,
    rate: u64,
    seen: WhatComes,
}

/// What came of a list.
enum WhatComes {
    /// There is none yet.
    Nothing,
    /// The manifest is none of an import of files, or has faults.
    Faulty(Text),
    Foreseen(Foreseen),
}

impl ForeseePage {
    /// How long it takes at each rate.
    fn times(&self, seen: &Foreseen) -> String {
        let bytes = seen.bytes;
        let others = RATES.into_iter().filter(|rate| *rate != self.rate);
        let rates = std::iter::once(self.rate).chain(others);
        let seconds = |rate: u64| bytes.div_ceil(rate.saturating_mul(1_000_000)).max(1);
        let say = self.shell.say;
        let time = |rate| {
            say.t("time-at-rate")
                .with("time", say.about(seconds(rate)))
                .count("rate", rate)
                .to_string()
        };
        rates.map(time).collect::<Vec<_>>().join(", ")
    }

    fn is_cut(&self, rows: usize) -> bool {
        rows > ROWS
    }

    /// Why something is left out.
    fn why(&self, rule: &IgnoreRule) -> TextKey {
        match rule {
            IgnoreRule::Signature => key("ignored-signature"),
            IgnoreRule::Manifest => key("ignored-manifest"),
            IgnoreRule::SymbolicLink => key("ignored-link"),
            IgnoreRule::Special => key("ignored-special"),
            IgnoreRule::EmptyFolder => key("ignored-empty"),
            IgnoreRule::Volume | IgnoreRule::Remark => key("ignored-volume"),
            IgnoreRule::NameGone => key("ignored-gone"),
        }
    }
}

/// The page of a job that is there.
pub(in super::super::super) async fn of_job(visit: &Visit, id: &str) -> Result<Response, Trouble> {
    let status = jobs::get_status(&visit.console.context, visit.caller(), id).await?;
    let title = text("what-will-happen-with").with("job", id);
    html(&ForeseePage {
        shell: Shell::new(visit, title, "jobs", &format!("/jobs/{id}/foresee")),
        manifest: status.job.manifest,
        job: Some(id.to_owned()),
        paths: String::new(),
        rate: RATE,
        seen: WhatComes::Nothing,
    })
}

/// The page with what comes of a list, for a manifest that is sent along or that of a job.
pub(in super::super::super) async fn of_list(
    visit: &Visit,
    form: &Form,
) -> Result<Response, Trouble> {
    let context = &visit.console.context;
    let job = match form.get("job") {
        Some(id) => Some(jobs::get_status(context, visit.caller(), id).await?.job),
        None => None,
    };
    let (manifest, job_type) = match &job {
        Some(job) => (job.manifest.clone(), job.job_type),
        None => {
            let written = WrittenJob::sent(form);
            (written.text, written.job_type)
        }
    };
    let paths = form.raw("paths").replace("\r\n", "\n");
    let rate = form.get("rate").and_then(|rate| rate.parse().ok());
    let id = job.as_ref().map(|job| job.id);
    let seen = {
        let (manifest, paths) = (manifest.clone(), paths.clone());
        let look = move || match Manifest::parse_accepted(&manifest, job_type) {
            Ok(Manifest::S3Import(_)) if paths.trim().is_empty() => WhatComes::Nothing,
            Ok(read @ Manifest::S3Import(_)) => {
                let log = id.map(|id| read.log_location(id));
                let Manifest::S3Import(rules) = read else {
                    return WhatComes::Nothing;
                };
                WhatComes::Foreseen(foresee(&rules, log.as_ref(), &read_list(&paths)))
            }
            Ok(_) => WhatComes::Faulty(text("foresee-imports-only")),
            Err(faults) => {
                let faults = Text::English(faults.to_string());
                WhatComes::Faulty(text("foresee-faulty").text("faults", faults))
            }
        };
        let looked = context.work.run(look).await;
        looked.map_err(|why| Trouble::from(Refused::from(why)))?
    };
    let here = if job.is_some() { "jobs" } else { "new" };
    html(&ForeseePage {
        shell: Shell::new(visit, key("what-will-happen"), here, "/new"),
        manifest,
        job: id.map(|id| id.to_string()),
        paths,
        rate: rate.filter(|rate| *rate > 0).unwrap_or(RATE),
        seen,
    })
}

/// Whether it can be told of a job.
pub(in super::super::super) fn is_of_files(job_type: JobType, manifest: &str) -> bool {
    job_type == JobType::Import && !Manifest::is_for_image(manifest, job_type)
}
