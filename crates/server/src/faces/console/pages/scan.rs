//! What a scanner reads, on any page: the same as at a terminal. Two codes make an act, so what was scanned last is kept
//! for each session, for as long as it counts.

use std::collections::HashMap;

use askama::Template;
use axum::response::Response;
use model::card::CardVerb;
use model::ids::{JobId, StationName};
use model::operator::parcels::{Arrived, Received};
use model::operator::scanned::{Scanned, awaited};
use model::operator::stations::{BayLine, Commanded, OrderLine, StationList, unheard};
use model::scan::{BayTag, Code, Why};
use model::scanning::{Act, Scanning};
use model::time::Timestamp;
use tokio::sync::Mutex;

use crate::faces::console::asking::read;
use crate::faces::console::form::{Fields, Form};
use crate::faces::console::language::{Text, TextKey, key, text};
use crate::faces::console::page::{Shell, html, say};
use crate::faces::console::trouble::Trouble;
use crate::faces::console::visit::Visit;
use crate::faces::console::word;

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
    sentence: Text,
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
        return Err(Trouble::field(key("nothing-scanned")));
    }
    let station = station(visit, form.get("station")).await?;
    let acts = hear(visit, &code).await;
    let mut answers = Vec::new();
    let mut job = None;
    for act in acts {
        if let Act::Arrive { job: named, .. } = &act {
            job = Some(named.to_string());
        }
        let words = words(&act);
        answers.push(answer(visit, words, Scanned::of(act, station.as_ref())).await);
    }
    html(&ScanPage {
        shell: Shell::new(visit, key("scanned"), "", "/bench"),
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

async fn answer(visit: &Visit, words: Text, asked: Scanned) -> Reply {
    match done(visit, words, &asked).await {
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
            sentence: text("not-done-because").text("why", trouble.sentence),
            is_done: false,
        },
    }
}

/// Does what is asked for; `words` is what can be told before that is done.
async fn done(visit: &Visit, words: Text, asked: &Scanned) -> Result<Text, Trouble> {
    let path = asked.path();
    match asked {
        Scanned::Receive(message) => {
            let answer: Received = read(&visit.post(&path, message).await?)?;
            Ok(received(&answer))
        }
        Scanned::Arrive(_, message) => {
            let answer: Arrived = read(&visit.post(&path, message).await?)?;
            Ok(arrived(&answer))
        }
        Scanned::Order {
            station,
            message,
            told,
        } => {
            let line: OrderLine = read(&visit.post(&path, message).await?)?;
            Ok(with_silence(words, told, (station, line.unheard_since)))
        }
        Scanned::Command { station, message } => {
            let done: Commanded = read(&visit.post(&path, message).await?)?;
            let silence = (station, done.unheard_since);
            Ok(with_silence(words, &done.sentence, silence))
        }
        Scanned::Await(tag) => {
            let bay = Fields::from([("bay".to_owned(), tag.bay.to_string())]);
            let line: BayLine = visit.get(&path, &bay).await?;
            let words = text("scan-await")
                .with("bay", &line.bay)
                .with("station", &line.station)
                .text("told", word::bay(line.state));
            let words = match line.last_told.as_ref().and_then(|last| last.at) {
                Some(at) => text("scan-await-unheard")
                    .text("told", words)
                    .time("at", at),
                None => words,
            };
            Ok(words.retells(&awaited(&line)))
        }
        Scanned::Nothing { told, .. } => Ok(words.retells(told)),
    }
}

/// What is ordered of a station, in our words and in English ones, and that it may never hear of it, if so.
fn with_silence(
    words: Text,
    told: &str,
    (station, since): (&StationName, Option<Timestamp>),
) -> Text {
    match since {
        Some(at) => text("scan-unheard")
            .text("told", words)
            .with("station", station)
            .time("at", at)
            .retells(&format!("{told} {}", unheard(station, at))),
        None => words.retells(told),
    }
}

/// What can be told of an act by itself.
fn words(act: &Act) -> Text {
    match act {
        Act::Receive(number) => text("scan-received").with("parcel", number),
        Act::Arrive { job, .. } => text("job-title").with("job", job),
        Act::Load(BayTag { station, bay }, named) => text("scan-load")
            .with("bay", bay)
            .with("station", station)
            .with("job", named.job()),
        // It is told when it is known how the bay is.
        Act::Await(_) => key("scanned").into(),
        Act::Command(BayTag { station, bay }, card) => text("scan-card")
            .with("bay", bay)
            .with("station", station)
            .text("does", card_does(card.verb)),
        Act::NoBay(card) => text("scan-bay-first").with("verb", card.verb.code()),
        Act::Nothing(unknown) => match unknown.why {
            Why::Strange => text("scan-strange").with("code", &unknown.shown),
            Why::TooLong => text("scan-too-long").with("code", &unknown.shown),
            Why::Layout => text("scan-layout").with("code", &unknown.shown),
            Why::Lines => text("scan-lines").with("code", &unknown.shown),
        },
    }
}

fn card_does(verb: CardVerb) -> TextKey {
    match verb {
        CardVerb::Load => key("card-load"),
        CardVerb::Hold => key("card-hold"),
        CardVerb::Stop => key("card-stop"),
        CardVerb::Remove => key("card-remove"),
        CardVerb::Look => key("card-look"),
        CardVerb::Blink => key("card-blink"),
    }
}

/// That a box has come.
fn received(answer: &Received) -> Text {
    let jobs: Vec<&str> = answer.expected.iter().map(JobId::as_str).collect();
    let number = &answer.parcel.number;
    let told = match jobs.as_slice() {
        [] => text("scan-unannounced").with("parcel", number),
        jobs => text("scan-expected")
            .with("parcel", number)
            .count("count", jobs.len())
            .with("jobs", jobs.join(", ")),
    };
    told.retells(&answer.told())
}

/// That a device has come.
fn arrived(answer: &Arrived) -> Text {
    let job = &answer.job;
    let here = match (&job.station, answer.was_here) {
        (None, _) => text("scan-not-booked"),
        (Some(station), true) => text("scan-was-here").with("station", station),
        (Some(station), false) => text("scan-received-at").with("station", station),
    };
    let name = job.account_name.as_deref();
    let customer = name.map_or_else(|| job.account.to_string(), say::name);
    text("scan-arrived")
        .with("job", job.job_id)
        .text("type", word::job_type(job.job_type))
        .with("customer", customer)
        .text("here", here)
        .text("due", word::due(answer.due, job, &answer.sentence))
        .retells(&answer.told())
}
