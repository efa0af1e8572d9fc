//! The stations, and one of them.

use askama::Template;
use axum::response::Response;
use model::ids::StationName;
use model::operator::stations::{StationDetail, StationLine, StationList};

use crate::faces::console::form::Fields;
use crate::faces::console::language::{key, text};
use crate::faces::console::page::{Shell, html, say};
use crate::faces::console::trouble::Trouble;
use crate::faces::console::visit::Visit;
use crate::faces::console::word;

#[derive(Template)]
#[template(path = "stations.html")]
struct StationsPage {
    shell: Shell,
    stations: Vec<StationLine>,
}

#[derive(Template)]
#[template(path = "station.html")]
struct StationPage {
    shell: Shell,
    station: StationDetail,
}

/// The page of all.
pub(in super::super) async fn list(visit: &Visit) -> Result<Response, Trouble> {
    let list: StationList = visit.get("stations", &Fields::new()).await?;
    html(&StationsPage {
        shell: Shell::new(visit, key("stations"), "stations", "/stations"),
        stations: list.stations,
    })
}

/// The page of one.
pub(in super::super) async fn show(visit: &Visit, name: &str) -> Result<Response, Trouble> {
    let name = StationName::new(name).map_err(|_| Trouble::no_such_page())?;
    let path = format!("stations/{name}");
    let station: StationDetail = visit.get(&path, &Fields::new()).await?;
    let title = text("station-title").with("station", &name);
    html(&StationPage {
        shell: Shell::new(visit, title, "stations", &format!("/stations/{name}")),
        station,
    })
}
