//! The people who run the service, and who is signed in.

use askama::Template;
use axum::response::Response;
use model::operator::console::{SessionLine, SessionList};
use model::operator::{PersonLine, PersonList};
use model::role::Role;

use crate::faces::console::form::Fields;
use crate::faces::console::language::key;
use crate::faces::console::page::{Shell, html};
use crate::faces::console::trouble::Trouble;
use crate::faces::console::visit::Visit;
use crate::faces::console::word;

#[derive(Template)]
#[template(path = "people.html")]
struct PeoplePage {
    shell: Shell,
    people: Vec<PersonLine>,
    sessions: Vec<SessionLine>,
    /// The session in which this is looked at.
    own: i64,
}

impl PeoplePage {
    fn roles(&self) -> [Role; 4] {
        Role::ALL
    }
}

/// The page: who runs the service for those who manage them, and one's own sessions for others.
pub(in super::super) async fn list(visit: &Visit) -> Result<Response, Trouble> {
    let shell = Shell::new(visit, key("people"), "people", "/people");
    let people = match shell.may("admin") {
        true => {
            visit
                .get::<PersonList>("operators", &Fields::new())
                .await?
                .operators
        }
        false => Vec::new(),
    };
    let sessions: SessionList = visit.get("console/sessions", &Fields::new()).await?;
    html(&PeoplePage {
        shell,
        people,
        sessions: sessions.sessions,
        own: visit.session.number,
    })
}
