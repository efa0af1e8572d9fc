//! Boxes that came and went.

use askama::Template;
use axum::response::Response;
use model::operator::parcels::{ParcelLine, ParcelsPage};
use model::parcel::Direction;

use crate::faces::console::form::Fields;
use crate::faces::console::page::{Shell, html, say};
use crate::faces::console::trouble::Trouble;
use crate::faces::console::visit::Visit;

#[derive(Template)]
#[template(path = "parcels.html")]
struct ParcelList {
    shell: Shell,
    parcels: Vec<ParcelLine>,
    next: Option<i64>,
    is_first: bool,
}

impl ParcelList {
    fn is_in(&self, parcel: &ParcelLine) -> bool {
        parcel.direction == Direction::In
    }
}

/// The page.
pub(in super::super) async fn list(visit: &Visit, query: &Fields) -> Result<Response, Trouble> {
    let mut wanted: Fields = query
        .iter()
        .filter(|(name, value)| name == "before" && !value.is_empty())
        .cloned()
        .collect();
    let is_first = wanted.is_empty();
    wanted.push(("limit".to_owned(), "50".to_owned()));
    let page: ParcelsPage = visit.get("parcels", &wanted).await?;
    html(&ParcelList {
        shell: Shell::new(visit, "Parcels", "parcels", "/parcels"),
        parcels: page.parcels,
        next: page.next,
        is_first,
    })
}
