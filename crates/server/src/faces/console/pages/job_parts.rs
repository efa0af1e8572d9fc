//! The parts of a job's page that people who run the service and its customer both see: how far it is, what its report
//! says, which files failed, and its manifest.

use askama::Template;
use axum::response::Response;
use model::ids::JobId;
use model::operator::reports::{JobFailures, JobManifest, ReportState, ReportTotals};
use model::operator::stations::FiguresLine;

use sha2::{Digest as _, Sha256};

use super::plot;
use crate::faces::console::form::Fields;
use crate::faces::console::page::{html, say};
use crate::faces::console::trouble::Trouble;

/// Failed files of which the list is open at once.
const FEW: usize = 20;

/// How far a transfer is.
#[derive(Template)]
#[template(path = "job_figures.html")]
struct FiguresPart<'a> {
    figures: &'a FiguresLine,
}

/// How it stands at this moment; the page asks for it again and again, as long as there is something to come.
#[derive(Template)]
#[template(path = "job_live.html")]
struct LivePart {
    id: JobId,
    sentence: String,
    figures: String,
    /// What the page was made of.
    seen: String,
    /// What it is now.
    now: String,
    goes_on: bool,
}

/// How a job stands, for the part of its page that moves by itself.
pub(super) struct JobStanding<'a> {
    pub(super) id: JobId,
    pub(super) sentence: String,
    pub(super) figures: Option<&'a FiguresLine>,
    /// What decides what can be done, and so what else the page has: words, in any order that stays.
    pub(super) facts: [&'a str; 3],
    /// Whether something is still to come.
    pub(super) goes_on: bool,
}

/// What the report says.
#[derive(Template)]
#[template(path = "job_failed.html")]
struct FailedPart<'a> {
    told: &'a JobFailures,
    map: String,
}

/// The manifest, a line at a time.
#[derive(Template)]
#[template(path = "job_manifest.html")]
struct ManifestPart<'a> {
    manifest: &'a JobManifest,
}

impl LivePart {
    /// Whether more than the figures is another than on the page: what was typed there is not taken away by showing it.
    fn has_moved_on(&self) -> bool {
        self.seen != self.now
    }
}

impl FiguresPart<'_> {
    fn percent(&self) -> String {
        let thousandths = self.figures.thousandths;
        format!("{}.{}", thousandths / 10, thousandths % 10)
    }
}

impl FailedPart<'_> {
    fn is_being_read(&self) -> bool {
        self.told.state == ReportState::BeingRead
    }

    fn is_lost(&self) -> bool {
        self.told.state == ReportState::Lost
    }

    /// Files that were not transferred whole.
    fn failed(&self, totals: &ReportTotals) -> u64 {
        totals.failed.saturating_add(totals.in_part)
    }

    fn are_few(&self) -> bool {
        self.told.files.len() <= FEW
    }

    fn are_cut(&self, totals: &ReportTotals) -> bool {
        self.failed(totals) > self.told.files.len() as u64
    }
}

impl ManifestPart<'_> {
    /// How many things there are to be said.
    fn notes(&self) -> usize {
        let beside = self.manifest.lines.iter().map(|line| line.told.len());
        self.manifest.told.len() + beside.sum::<usize>()
    }
}

/// How a job stands. `seen` is what the page was made of, if it asks again.
pub(super) fn live(standing: &JobStanding<'_>, seen: Option<&str>) -> Result<String, Trouble> {
    let part = live_part(standing, seen)?;
    part.render().map_err(|_| Trouble::ours())
}

/// The same by itself.
pub(super) fn live_alone(standing: &JobStanding<'_>, query: &Fields) -> Result<Response, Trouble> {
    let seen = query.iter().find(|(name, _)| name == "seen");
    html(&live_part(standing, seen.map(|(_, value)| value.as_str()))?)
}

fn live_part(standing: &JobStanding<'_>, seen: Option<&str>) -> Result<LivePart, Trouble> {
    let hash = Sha256::digest(standing.facts.join(" "));
    let now = hex::encode(&hash[..8]);
    // What is no such text was made by nobody's page.
    let seen =
        seen.filter(|seen| seen.len() == now.len() && seen.bytes().all(|b| b.is_ascii_hexdigit()));
    Ok(LivePart {
        id: standing.id,
        sentence: standing.sentence.clone(),
        figures: figures(standing.figures)?,
        seen: seen.unwrap_or(&now).to_owned(),
        now,
        goes_on: standing.goes_on,
    })
}

/// How far a transfer is; nothing of one that nobody is at.
fn figures(figures: Option<&FiguresLine>) -> Result<String, Trouble> {
    let figures = figures.map(|figures| FiguresPart { figures }.render());
    figures
        .transpose()
        .map(Option::unwrap_or_default)
        .map_err(|_| Trouble::ours())
}

/// What a report says; nothing where there is none, or it is not for whoever looks.
pub(super) fn failed(told: Option<&JobFailures>) -> Result<String, Trouble> {
    let told = told.filter(|told| told.state != ReportState::None);
    let told = told.map(|told| {
        let map = plot::map(told.map.as_ref())?;
        FailedPart { told, map }
            .render()
            .map_err(|_| Trouble::ours())
    });
    told.transpose()
        .map(Option::unwrap_or_default)
        .map_err(|_| Trouble::ours())
}

/// The same by itself, for a page that waits for it.
pub(super) fn failed_alone(told: &JobFailures) -> Result<Response, Trouble> {
    html(&FailedPart {
        told,
        map: plot::map(told.map.as_ref())?,
    })
}

/// The manifest; nothing where it is not for whoever looks.
pub(super) fn manifest(manifest: Option<&JobManifest>) -> Result<String, Trouble> {
    let manifest = manifest.map(|manifest| ManifestPart { manifest }.render());
    manifest
        .transpose()
        .map(Option::unwrap_or_default)
        .map_err(|_| Trouble::ours())
}
