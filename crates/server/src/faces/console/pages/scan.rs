//! What a scanner reads, on any page: the same as at a terminal. Two codes make an act, so what was scanned last is kept
//! for each session, for as long as it counts.

use std::collections::HashMap;

use askama::Template;
use axum::response::Response;
use model::ids::StationName;
use model::operator::parcels::{Arrived, Received};
use model::operator::scanned::Scanned;
use model::operator::stations::{Commanded, StationList};
use model::scan::Code;
use model::scanning::{Act, Scanning};
use tokio::sync::Mutex;

use crate::faces::console::asking::read;
use crate::faces::console::form::{Fields, Form};
use crate::faces::console::page::{Shell, html};
use crate::faces::console::trouble::Trouble;
use crate::faces::console::visit::Visit;

/// Longest code, in characters, that is looked at.
const CODE_CHARS: usize = 4_096;

/// Most sessions whose last scan is kept.
const MOST_TABLES: usize = 1_000;

/// What was scanned last, by session.
#[derive(Default)]
pub(in super::super) struct Tables(Mutex<HashMap<i64, Scanning>>);

#[derive(Template)]
#[template(path = "scan.html")]
struct ScanPage {
    shell: Shell,
    answers: Vec<Reply>,
    /// The job that was named, if one was.
    job: Option<String>,
    back: String,
}

/// What came of an act.
struct Reply {
    sentence: String,
    is_done: bool,
}

/// Does what a code is for.
pub(in super::super) async fn scan(visit: &Visit, form: &Form) -> Result<Response, Trouble> {
    let code: String = form
        .get("code")
        .unwrap_or_default()
        .chars()
        .take(CODE_CHARS)
        .collect();
    if code.is_empty() {
        return Err(Trouble::field("Nothing was scanned.".to_owned()));
    }
    let station = station(visit, form.get("station")).await?;
    let acts = hear(visit, &code).await;
    let mut answers = Vec::new();
    let mut job = None;
    for act in acts {
        if let Act::Arrive { job: named, .. } = &act {
            job = Some(named.to_string());
        }
        answers.push(answer(visit, Scanned::of(act, station.as_ref())).await);
    }
    html(&ScanPage {
        shell: Shell::new(visit, "Scanned", "", "/bench"),
        answers,
        job,
        back: form.back(visit.home()),
    })
}

async fn hear(visit: &Visit, code: &str) -> Vec<Act> {
    let mut tables = visit.console.tables.0.lock().await;
    if tables.len() >= MOST_TABLES {
        tables.clear();
    }
    let table = tables.entry(visit.session.number).or_default();
    table.hear(Code::read(code), visit.console.context.clock.now())
}

/// Where what is scanned comes to: the station whose bench is looked at, or the only one there is.
async fn station(visit: &Visit, told: Option<&str>) -> Result<Option<StationName>, Trouble> {
    if let Some(name) = told {
        let name = StationName::new(name).map_err(|_| Trouble::no_such_page())?;
        return Ok(Some(name));
    }
    let list: StationList = visit.get("stations", &Fields::new()).await?;
    let mut in_force = list
        .stations
        .into_iter()
        .filter(|line| line.revoked.is_none());
    let only = in_force.next().map(|line| line.name);
    Ok(only.filter(|_| in_force.next().is_none()))
}

async fn answer(visit: &Visit, asked: Scanned) -> Reply {
    match done(visit, &asked).await {
        Ok(sentence) => Reply {
            sentence,
            is_done: !matches!(
                asked,
                Scanned::Nothing {
                    is_known: false,
                    ..
                }
            ),
        },
        // The next code may be good.
        Err(trouble) => Reply {
            sentence: format!("Not done: {}", trouble.sentence),
            is_done: false,
        },
    }
}

async fn done(visit: &Visit, asked: &Scanned) -> Result<String, Trouble> {
    let path = asked.path();
    match asked {
        Scanned::Receive(message) => {
            let received: Received = read(&visit.post(&path, message).await?)?;
            Ok(received.told())
        }
        Scanned::Arrive(_, message) => {
            let arrived: Arrived = read(&visit.post(&path, message).await?)?;
            Ok(arrived.told())
        }
        Scanned::Order { message, told, .. } => {
            visit.post(&path, message).await?;
            Ok(told.clone())
        }
        Scanned::Command { message, .. } => {
            let done: Commanded = read(&visit.post(&path, message).await?)?;
            Ok(done.sentence)
        }
        Scanned::Nothing { told, .. } => Ok(told.clone()),
    }
}
