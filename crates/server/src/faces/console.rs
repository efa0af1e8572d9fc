//! The console: pages for the people who run the service, and for its customers.
//!
//! It can do nothing that the operator API cannot: every page is made of that API's documents, and every button sends one
//! of its messages, with the rights, the refusals and the audit that a command has. Pages are whole without a script;
//! with one, what goes on comes by itself.
//!
//! Customers have pages of their own, made of what the API of AWS would tell them: [`customers`].
//!
//! Here is who asks and what for. Each page has a file in `pages/` with its template beside the others in `templates/`.

mod acts;
mod asking;
mod assets;
mod customers;
mod events;
mod form;
mod guard;
mod page;
mod pages;
mod trouble;
mod visit;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{Method, StatusCode};
use axum::response::Response;
use tokio_util::sync::CancellationToken;

use crate::app::Context;
use events::{Snapshot, Streams};
use form::Fields;
use pages::list_file::{self, FileForm};
use pages::scan::Tables;
use trouble::Trouble;
use visit::Visit;

/// What all requests share.
pub(crate) struct Console {
    context: Context,
    /// Whether browsers reach it over TLS.
    is_secure: bool,
    /// When pages are not told of anything any more.
    stop: CancellationToken,
    bays: Snapshot,
    streams: Streams,
    tables: Tables,
}

impl Console {
    pub(crate) fn new(context: Context, is_secure: bool, stop: CancellationToken) -> Self {
        Self {
            context,
            is_secure,
            stop,
            bays: Snapshot::default(),
            streams: Streams::default(),
            tables: Tables::default(),
        }
    }
}

/// All pages.
pub(crate) fn router(console: Console) -> Router {
    Router::new()
        .fallback(respond)
        .with_state(Arc::new(console))
}

async fn respond(State(console): State<Arc<Console>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let path = head.uri.path().to_owned();
    let words: Vec<&str> = path.trim_matches('/').split('/').collect();
    if let ["assets", name] = words.as_slice() {
        return guard::guarded(assets::answer(name));
    }
    let answered = match head.method {
        Method::GET | Method::HEAD => show(&console, &words, &head).await,
        Method::POST => change(&console, &words, &head, body).await,
        _ => Err(Trouble::no_such_page()),
    };
    guard::guarded(answered.unwrap_or_else(page::bare))
}

/// Answers what only looks.
async fn show(console: &Arc<Console>, words: &[&str], head: &Parts) -> Result<Response, Trouble> {
    match words {
        ["in"] => return pages::sign_in::asked(StatusCode::OK),
        ["in", token] => return pages::sign_in::offered(token),
        _ => {}
    }
    let Some(visit) = Visit::of(console, head).await? else {
        return pages::sign_in::asked(StatusCode::UNAUTHORIZED);
    };
    let query = form::query(head);
    let shown = match visit.is_customer() {
        true => customers::show(&visit, words, &query).await,
        false => show_people(console, &visit, words, &query).await,
    };
    Ok(shown.unwrap_or_else(|trouble| page::trouble(trouble, &visit)))
}

async fn show_people(
    console: &Arc<Console>,
    visit: &Visit,
    words: &[&str],
    query: &Fields,
) -> Result<Response, Trouble> {
    match words {
        [""] => Ok(guard::see_other(visit.home())),
        ["events"] => events::stream(console, visit.clone(), query),
        ["bench"] => pages::bench::all(visit, query).await,
        ["bench", station] => pages::bench::of_station(visit, station, query).await,
        ["bench", station, bay] => pages::bench::one(visit, station, bay).await,
        ["jobs"] => pages::jobs::list(visit, query).await,
        ["jobs", id] => pages::job::show(visit, id).await,
        ["jobs", id, "failed"] => pages::job::failed(visit, id).await,
        [
            "jobs",
            id,
            name @ ("report" | "packing-slip.pdf" | "signature-sheet.pdf"),
        ] => pages::own_job::file_of(visit, id, name).await,
        ["jobs", id, "receipt"] => pages::job::receipt(visit, id).await,
        ["jobs", id, "receipt.pdf"] => pages::job::receipt_pdf(visit, id).await,
        ["parcels"] => pages::parcels::list(visit, query).await,
        ["stations"] => pages::stations::list(visit).await,
        ["stations", name] => pages::stations::show(visit, name).await,
        ["stores"] => pages::stores::list(visit).await,
        ["accounts"] => pages::accounts::list(visit).await,
        ["people"] => pages::people::list(visit).await,
        ["audit"] => pages::audit::list(visit, query).await,
        ["today"] => pages::today::show(visit, query).await,
        [name] if let Some((list, form)) = FileForm::of(name) => {
            list_file::keep(visit, list, query, form).await
        }
        ["help"] => pages::help::show(visit),
        _ => Err(Trouble::no_such_page()),
    }
}

/// Answers what changes something: only what this console's own pages sent, and once.
async fn change(
    console: &Arc<Console>,
    words: &[&str],
    head: &Parts,
    body: Body,
) -> Result<Response, Trouble> {
    if !guard::is_from_here(&head.headers, console.context.console.as_deref()) {
        return Err(Trouble::elsewhere());
    }
    if words == ["in"] {
        return pages::sign_in::enter(console, head, body).await;
    }
    let Some(visit) = Visit::of(console, head).await? else {
        return pages::sign_in::asked(StatusCode::UNAUTHORIZED);
    };
    let done = sent(&visit, words, body).await;
    Ok(done.unwrap_or_else(|trouble| page::trouble(trouble, &visit)))
}

/// Does what a form is for, once.
async fn sent(visit: &Visit, words: &[&str], body: Body) -> Result<Response, Trouble> {
    let form = match visit.is_customer() {
        true => form::read_of_customer(body).await?,
        false => form::read(body).await?,
    };
    if visit.is_customer() && customers::only_looks(words) {
        form.check_key(visit)?;
        return customers::look(visit, words, &form).await;
    }
    if !form.is_first(visit).await? {
        return Ok(guard::see_other(&form.back(visit.home())));
    }
    let done = match words {
        ["out"] => pages::sign_in::leave(visit).await,
        _ if visit.is_customer() => customers::act(visit, words, &form).await,
        ["scan"] => pages::scan::scan(visit, &form).await,
        ["act", rest @ ..] => acts::act(visit, rest, &form).await,
        _ => Err(Trouble::no_such_page()),
    };
    if done.is_err() {
        form.free(visit).await;
    }
    done
}
