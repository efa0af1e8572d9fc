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
mod history;
mod language;
mod page;
mod pages;
mod say;
mod site;
mod touch;
mod trouble;
mod visit;
mod word;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::Response;
use model::role::Role;
use passkey::Site;
use tokio_util::sync::CancellationToken;

use crate::app::Context;
use crate::ops::passkeys::Gatehouse;
use events::{Snapshot, Streams};
use form::Fields;
use pages::list_file::{self, FileForm, ListOf};
use pages::own_job;
use pages::scan::Tables;
use site::NoSite;
use trouble::Trouble;
use visit::Visit;

/// What all requests share.
pub(crate) struct Console {
    context: Context,
    /// How browsers see it, where that is told.
    told: Option<String>,
    /// Whether browsers reach it over TLS.
    is_secure: bool,
    /// When pages are not told of anything any more.
    stop: CancellationToken,
    bays: Snapshot,
    streams: Streams,
    tables: Tables,
}

impl Console {
    pub(crate) fn new(
        context: Context,
        told: Option<String>,
        is_secure: bool,
        stop: CancellationToken,
    ) -> Self {
        Self {
            context,
            told,
            is_secure,
            stop,
            bays: Snapshot::default(),
            streams: Streams::default(),
            tables: Tables::default(),
        }
    }

    /// The site whose passkeys a browser can be asked for.
    fn site(&self, headers: &HeaderMap) -> Result<Site, NoSite> {
        site::of(headers, self.told.as_deref(), self.is_secure)
    }

    /// What passkeys are asked with.
    fn gatehouse(&self) -> Gatehouse<'_> {
        Gatehouse {
            admin: self.context.admin(),
            challenges: &self.context.challenges,
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
    let say = language::of_request(&head);
    guard::guarded(answered.unwrap_or_else(|trouble| page::bare(trouble, say)))
}

/// Answers what only looks.
async fn show(console: &Arc<Console>, words: &[&str], head: &Parts) -> Result<Response, Trouble> {
    let say = language::of_request(head);
    match words {
        ["in"] => return pages::sign_in::asked(say, StatusCode::OK, console.site(&head.headers)),
        ["questions", "sign-in"] => {
            return pages::questions::to_sign_in(console, console.site(&head.headers));
        }
        ["in", token] => return pages::sign_in::offered(say, token),
        _ => {}
    }
    let Some(visit) = Visit::of(console, head).await? else {
        let site = console.site(&head.headers);
        return pages::sign_in::asked(say, StatusCode::UNAUTHORIZED, site);
    };
    let query = form::query(head);
    let shown = match (words, visit.is_customer()) {
        (["questions", what], _) => pages::questions::of_visit(&visit, what).await,
        (_, true) => customers::show(&visit, words, &query).await,
        (_, false) => show_people(words, console, &visit, &query).await,
    };
    Ok(shown.unwrap_or_else(|trouble| page::trouble(trouble, &visit)))
}

/// The pages of people who run the service: what is at each path, and the least role for which there is anything. Whether
/// somebody may is decided by what a page asks for; the table tells it, and is printed as `docs/console-pages.md`.
macro_rules! pages {
    ($table:ident, $show:ident($words:ident, $($name:ident: $kind:ty),+): $($path:tt $least:ident => $shown:expr;)+) => {
        /// Paths as patterns, each with its least role.
        #[cfg_attr(not(test), expect(dead_code, reason = "it is printed by a test"))]
        const $table: &[(&str, Role)] = &[$((stringify!($path), Role::$least)),+];

        async fn $show($words: &[&str], $($name: $kind),+) -> Result<Response, Trouble> {
            match $words {
                $($path => $shown,)+
                _ => Err(Trouble::no_such_page()),
            }
        }
    };
}

pages! { PAGES, show_people(words, console: &Arc<Console>, visit: &Visit, query: &Fields):
    [""] Viewer => Ok(guard::see_other(visit.home()));
    ["events"] Viewer => events::stream(console, visit.clone(), query);
    ["bench"] Viewer => pages::bench::all(visit, query).await;
    ["bench", station] Viewer => pages::bench::of_station(visit, station, query).await;
    ["bench", station, bay] Viewer => pages::bench::one(visit, station, bay).await;
    ["jobs"] Viewer => pages::jobs::list(visit, query).await;
    ["jobs.csv"] Viewer => list_file::keep(visit, ListOf::Jobs, query, FileForm::Csv).await;
    ["jobs.json"] Viewer => list_file::keep(visit, ListOf::Jobs, query, FileForm::Json).await;
    ["jobs", id] Viewer => pages::job::show(visit, id).await;
    ["jobs", id, "live"] Viewer => pages::job::live(visit, id, query).await;
    ["jobs", id, "failed"] Operator => pages::job::failed(visit, id).await;
    ["jobs", id, "report"] Operator => own_job::file_of(visit, id, "report").await;
    ["jobs", id, "packing-slip.pdf"] Operator => own_job::file_of(visit, id, "packing-slip.pdf").await;
    ["jobs", id, "signature-sheet.pdf"] Operator => own_job::file_of(visit, id, "signature-sheet.pdf").await;
    ["jobs", id, "shelf-tag.pdf"] Viewer => pages::papers::shelf_tag(visit, id).await;
    ["jobs", id, "receipt"] Operator => pages::job::receipt(visit, id).await;
    ["jobs", id, "receipt.pdf"] Operator => pages::job::receipt_pdf(visit, id).await;
    ["parcels"] Viewer => pages::parcels::list(visit, query).await;
    ["parcels.csv"] Viewer => list_file::keep(visit, ListOf::Parcels, query, FileForm::Csv).await;
    ["parcels.json"] Viewer => list_file::keep(visit, ListOf::Parcels, query, FileForm::Json).await;
    ["today"] Viewer => pages::today::show(visit, query).await;
    ["stations"] Viewer => pages::stations::list(visit).await;
    ["stations", name] Viewer => pages::stations::show(visit, name).await;
    ["stations", name, "bay-tags.pdf"] Viewer => pages::papers::bay_tags(visit, name).await;
    ["command-cards.pdf"] Operator => pages::papers::cards(visit).await;
    ["stores"] Viewer => pages::stores::list(visit).await;
    ["accounts"] Admin => pages::accounts::list(visit).await;
    ["accounts", account] Admin => pages::identities::list(visit, account).await;
    ["accounts", account, "users", name] Admin => pages::identities::show(visit, account, "users", name, query).await;
    ["accounts", account, "groups", name] Admin => pages::identities::show(visit, account, "groups", name, query).await;
    ["people"] Viewer => pages::people::list(visit).await;
    ["audit"] Lead => pages::audit::list(visit, query).await;
    ["audit.csv"] Lead => list_file::keep(visit, ListOf::Acts, query, FileForm::Csv).await;
    ["audit.json"] Lead => list_file::keep(visit, ListOf::Acts, query, FileForm::Json).await;
    ["me"] Viewer => pages::me::show(visit).await;
    ["help"] Viewer => pages::help::show(visit);
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
    let say = language::of_request(head);
    if words == ["language"] {
        return speak(console, body).await;
    }
    if words == ["in"] {
        return pages::sign_in::enter(console, head, body).await;
    }
    if words == ["in", "passkey"] {
        return pages::sign_in::enter_by_passkey(console, head, body).await;
    }
    let Some(visit) = Visit::of(console, head).await? else {
        let site = console.site(&head.headers);
        return pages::sign_in::asked(say, StatusCode::UNAUTHORIZED, site);
    };
    let done = sent(&visit, words, body).await;
    Ok(done.unwrap_or_else(|trouble| page::trouble(trouble, &visit)))
}

/// Keeps the language that somebody chose. It is nobody's secret and undone by another choice, so it takes no session, and
/// may be sent twice.
async fn speak(console: &Console, body: Body) -> Result<Response, Trouble> {
    let form = form::read(body).await?;
    let chosen = form.get("language").and_then(language::offered);
    let language = chosen.ok_or_else(Trouble::unreadable)?;
    let mut response = guard::see_other(&form.back("/"));
    let kept = language::cookie(language, console.is_secure);
    response.headers_mut().insert(header::SET_COOKIE, kept);
    Ok(response)
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
    form.check_key(visit)?;
    if let Some(page) = touch::asked(visit, words, &form).await? {
        return Ok(page);
    }
    if !form.is_first(visit).await? {
        return Ok(guard::see_other(&form.back(visit.home())));
    }
    let done = match words {
        ["out"] => pages::sign_in::leave(visit).await,
        ["me", rest @ ..] => pages::me::act(visit, rest, &form).await,
        _ if visit.is_customer() => customers::act(visit, words, &form).await,
        ["scan"] => pages::scan::scan(visit, &form).await,
        ["act", kind @ ("users" | "groups"), name, "policy"] => {
            pages::identities::give_policy(visit, kind, name, &form).await
        }
        ["act", rest @ ..] => acts::act(visit, rest, &form).await,
        _ => Err(Trouble::no_such_page()),
    };
    if done.is_err() {
        form.free(visit).await;
    }
    done
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `/jobs/*/failed` of the pattern `["jobs", id, "failed"]`.
    fn path_of(pattern: &str) -> String {
        let words = pattern.trim_matches(['[', ']']).split(',').map(str::trim);
        let words = words.map(|word| match word.strip_prefix('"') {
            Some(word) => word.trim_end_matches('"'),
            None => "*",
        });
        words.map(|word| format!("/{word}")).collect()
    }

    fn table() -> String {
        let mut page = String::from(
            "# Pages of the console, and who may have them\n\n\
             Printed from `server::faces::console` by its tests; do not edit by hand. `*` stands for a name. A page that somebody may\n\
             not have is answered with 403, and what only customers have with 404. What a page shows of itself depends on the role\n\
             too: [console.md](console.md), [roles.md](roles.md).\n\n",
        );
        let roles: Vec<&str> = Role::ALL.iter().map(|role| role.name()).collect();
        let mut rows = |verb: &str, all: &mut dyn Iterator<Item = (String, Role)>| {
            page.push_str(&format!(
                "| {verb} | {} |\n| --- |{}\n",
                roles.join(" | "),
                " --- |".repeat(roles.len())
            ));
            for (path, least) in all {
                let cells = Role::ALL.map(|role| if role >= least { "yes" } else { "" });
                page.push_str(&format!("| `{path}` | {} |\n", cells.join(" | ")));
            }
            page.push('\n');
        };
        rows(
            "GET",
            &mut PAGES
                .iter()
                .map(|(pattern, least)| (path_of(pattern), *least)),
        );
        rows("POST", &mut acts::acts());
        page.trim_end().to_owned() + "\n"
    }

    /// Prints `docs/console-pages.md`. With `UPDATE_DOCS=1` it is written, otherwise compared.
    #[test]
    fn the_documented_pages_are_those_there_are() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/console-pages.md");
        let printed = table();
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::write(path, &printed).unwrap();
        }
        let page = std::fs::read_to_string(path).unwrap();
        assert_eq!(page, printed, "run the tests once with UPDATE_DOCS=1");
    }

    #[test]
    fn a_pattern_is_a_path_with_a_star_for_each_name() {
        assert_eq!(path_of(r#"["jobs", id, "failed"]"#), "/jobs/*/failed");
        assert_eq!(path_of(r#"[""]"#), "/");
    }
}
