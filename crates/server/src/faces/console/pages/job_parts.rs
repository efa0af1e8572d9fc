//! The parts of a job's page that people who run the service and its customer both see: how far it is, what its report
//! says, which files failed, and its manifest.

use askama::Template;
use axum::response::Response;
use model::operator::reports::{JobFailures, JobManifest, ReportState, ReportTotals};
use model::operator::stations::FiguresLine;

use super::plot;
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

/// How far a transfer is; nothing of one that nobody is at.
pub(super) fn figures(figures: Option<&FiguresLine>) -> Result<String, Trouble> {
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
