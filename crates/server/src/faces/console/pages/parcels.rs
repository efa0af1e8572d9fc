//! Boxes that came and went.

use askama::Template;
use axum::response::Response;
use model::operator::parcels::{ParcelLine, ParcelsPage};
use model::parcel::Direction;

use super::list_file::of_file;
use crate::faces::console::form::{Fields, is_first, of_list};
use crate::faces::console::language::key;
use crate::faces::console::page::{Shell, html, say};
use crate::faces::console::trouble::Trouble;
use crate::faces::console::visit::Visit;

/// Lines of a page.
const LINES: u32 = 50;

#[derive(Template)]
#[template(path = "parcels.html")]
struct ParcelList {
    shell: Shell,
    parcels: Vec<ParcelLine>,
    next: Option<i64>,
    is_first: bool,
    /// What the list is asked for with, for its file.
    query: String,
}

impl ParcelList {
    fn is_in(&self, parcel: &ParcelLine) -> bool {
        parcel.direction == Direction::In
    }
}

/// The page.
pub(in super::super) async fn list(visit: &Visit, query: &Fields) -> Result<Response, Trouble> {
    let page: ParcelsPage = visit.get("parcels", &of_list(query, LINES)).await?;
    html(&ParcelList {
        shell: Shell::new(visit, key("parcels"), "parcels", "/parcels"),
        parcels: page.parcels,
        next: page.next,
        is_first: is_first(query),
        query: of_file(query),
    })
}
