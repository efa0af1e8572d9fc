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
use crate::faces::console::language::{Language, Text};
use crate::faces::console::page::{html, say};
use crate::faces::console::trouble::Trouble;

/// Failed files of which the list is open at once.
const FEW: usize = 20;

/// How far a transfer is.
#[derive(Template)]
#[template(path = "job_figures.html")]
struct FiguresPart<'a> {
    say: Language,
    figures: &'a FiguresLine,
}

/// How it stands at this moment; the page asks for it again and again, as long as there is something to come.
#[derive(Template)]
#[template(path = "job_live.html")]
struct LivePart {
    say: Language,
    id: JobId,
    sentence: Text,
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
    pub(super) sentence: Text,
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
    say: Language,
    told: &'a JobFailures,
    map: String,
}

/// The manifest, a line at a time.
#[derive(Template)]
#[template(path = "job_manifest.html")]
struct ManifestPart<'a> {
    say: Language,
    manifest: &'a JobManifest,
}

impl LivePart {
    /// Whether more than the figures is another than on the page: what was typed there is not taken away by showing it.
    fn has_moved_on(&self) -> bool {
        self.seen != self.now
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
pub(super) fn live(
    say: Language,
    standing: &JobStanding<'_>,
    seen: Option<&str>,
) -> Result<String, Trouble> {
    let part = live_part(say, standing, seen)?;
    part.render().map_err(|_| Trouble::ours())
}

/// The same by itself.
pub(super) fn live_alone(
    say: Language,
    standing: &JobStanding<'_>,
    query: &Fields,
) -> Result<Response, Trouble> {
    let seen = query.iter().find(|(name, _)| name == "seen");
    let seen = seen.map(|(_, value)| value.as_str());
    html(&live_part(say, standing, seen)?)
}

fn live_part(
    say: Language,
    standing: &JobStanding<'_>,
    seen: Option<&str>,
) -> Result<LivePart, Trouble> {
    let hash = Sha256::digest(standing.facts.join(" "));
    let now = hex::encode(&hash[..8]);
    // What is no such text was made by nobody's page.
    let seen =
        seen.filter(|seen| seen.len() == now.len() && seen.bytes().all(|b| b.is_ascii_hexdigit()));
    Ok(LivePart {
        say,
        id: standing.id,
        sentence: standing.sentence.clone(),
        figures: figures(say, standing.figures)?,
        seen: seen.unwrap_or(&now).to_owned(),
        now,
        goes_on: standing.goes_on,
    })
}

/// How far a transfer is; nothing of one that nobody is at.
fn figures(say: Language, figures: Option<&FiguresLine>) -> Result<String, Trouble> {
    part(figures.map(|figures| FiguresPart { say, figures }))
}

/// What a report says; nothing where there is none, or it is not for whoever looks.
pub(super) fn failed(say: Language, told: Option<&JobFailures>) -> Result<String, Trouble> {
    let told = told.filter(|told| told.state != ReportState::None);
    let told = told.map(|told| failed_part(say, told)).transpose()?;
    part(told)
}

/// The same by itself, for a page that waits for it.
pub(super) fn failed_alone(say: Language, told: &JobFailures) -> Result<Response, Trouble> {
    html(&failed_part(say, told)?)
}

fn failed_part(say: Language, told: &JobFailures) -> Result<FailedPart<'_>, Trouble> {
    let map = plot::map(say, told.map.as_ref())?;
    Ok(FailedPart { say, told, map })
}

/// The manifest; nothing where it is not for whoever looks.
pub(super) fn manifest(say: Language, manifest: Option<&JobManifest>) -> Result<String, Trouble> {
    part(manifest.map(|manifest| ManifestPart { say, manifest }))
}

/// A part that is there, or nothing.
fn part(part: Option<impl Template>) -> Result<String, Trouble> {
    let part = part.map(|part| part.render());
    let part = part.transpose().map_err(|_| Trouble::ours())?;
    Ok(part.unwrap_or_default())
}
