//! What is cut out and stuck on: the tags of a station's bays, command cards, and the tag of a device on a shelf.

use axum::response::Response;
use model::ids::{JobId, StationName};
use model::operator::JobDetail;
use model::operator::stations::{BayLine, CardLine, CardList, StationDetail};
use model::scan::BayTag;
use paper::{CardSheet, PaperError, ShelfTag};

use crate::faces::console::form::Fields;
use crate::faces::console::language::key;
use crate::faces::console::page::{file, say};
use crate::faces::console::trouble::Trouble;
use crate::faces::console::visit::Visit;

const PDF: &str = "application/pdf";

/// The tags of the bays of a station.
pub(in super::super) async fn bay_tags(visit: &Visit, name: &str) -> Result<Response, Trouble> {
    let name = StationName::new(name).map_err(|_| Trouble::no_such_page())?;
    let path = format!("stations/{name}");
    let station: StationDetail = visit.get(&path, &Fields::new()).await?;
    let tag = |bay: BayLine| BayTag {
        station: bay.station,
        bay: bay.bay,
    };
    let tags: Vec<BayTag> = station.told.into_iter().map(tag).collect();
    if tags.is_empty() {
        return Err(Trouble::field(key("station-without-bays")));
    }
    drawn(&format!("bay-tags-{name}.pdf"), paper::bay_tags(&tags))
}

/// Command cards.
pub(in super::super) async fn cards(visit: &Visit) -> Result<Response, Trouble> {
    let list: CardList = visit.get("command-cards", &Fields::new()).await?;
    let sheet = |card: CardLine| CardSheet {
        verb: card.verb,
        what: card.what,
        code: card.code,
    };
    let cards: Vec<CardSheet> = list.cards.into_iter().map(sheet).collect();
    drawn("command-cards.pdf", paper::command_cards(&cards))
}

/// The tag of the device of a job.
pub(in super::super) async fn shelf_tag(visit: &Visit, id: &str) -> Result<Response, Trouble> {
    let id = JobId::new(id).map_err(|_| Trouble::no_such_page())?;
    let job: JobDetail = visit.get(&format!("jobs/{id}"), &Fields::new()).await?;
    let tag = ShelfTag {
        job: id,
        about: job.shelf_lines(|name| say::name(name)),
    };
    drawn(&format!("{id}.shelf-tag.pdf"), paper::shelf_tags(&[tag]))
}

fn drawn(name: &str, pdf: Result<Vec<u8>, PaperError>) -> Result<Response, Trouble> {
    let pdf = pdf.map_err(|error| {
        tracing::error!(%error, "a paper cannot be drawn");
        Trouble::ours()
    })?;
    Ok(file(name, PDF, pdf))
}
