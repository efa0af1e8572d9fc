//! What all pages share: their frame, their words for bytes and times, and what they say when something goes wrong.

use askama::Template;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use model::role::Role;

use super::assets::{Assets, assets};
use super::form::new_key;
use super::language::{Language, Text, TextKey, key};
pub(super) use super::say;
use super::trouble::Trouble;
use super::visit::Visit;
use super::word;
use crate::access::BearerToken;

/// The frame of a page, for whoever looks at it.
pub(super) struct Shell {
    /// In which language.
    pub(super) say: Language,
    /// The title, as a browser has it.
    pub(super) title: String,
    /// Which of the links at the top is this.
    pub(super) here: &'static str,
    /// The page's own path, to which its forms go back.
    pub(super) path: String,
    /// Who looks.
    pub(super) name: String,
    pub(super) role: Option<Role>,
    /// The page on which everything begins.
    pub(super) home: &'static str,
    token: BearerToken,
}

impl Shell {
    pub(super) fn new(
        visit: &Visit,
        title: impl Into<Text>,
        here: &'static str,
        path: &str,
    ) -> Self {
        Self {
            say: visit.say,
            title: visit.say.of_text(title.into()),
            here,
            path: path.to_owned(),
            name: visit.name(),
            role: visit.role(),
            home: visit.home(),
            token: visit.token.clone(),
        }
    }

    /// A key for one form.
    pub(super) fn key(&self) -> String {
        new_key(&self.token)
    }

    pub(super) fn assets(&self) -> &'static Assets {
        assets()
    }

    /// Whether the person may do what takes this role.
    pub(super) fn may(&self, role: &str) -> bool {
        role.parse()
            .is_ok_and(|least: Role| self.role.is_some_and(|role| role >= least))
    }

    /// Whether it is a customer who looks.
    pub(super) fn is_customer(&self) -> bool {
        self.role.is_none()
    }

    /// What stands beside the name.
    pub(super) fn role_name(&self) -> TextKey {
        self.role.map_or(key("role-customer"), word::role)
    }
}

/// A file to be kept. A browser shows nothing of it within the console.
pub(super) fn file(name: &str, kind: &'static str, content: Vec<u8>) -> Response {
    let headers = [
        (header::CONTENT_TYPE, kind.to_owned()),
        (
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"{name}\""),
        ),
    ];
    (headers, content).into_response()
}

/// The page of a template.
pub(super) fn html(template: &impl Template) -> Result<Response, Trouble> {
    with_status(StatusCode::OK, template)
}

/// The same with another status than 200.
pub(super) fn with_status(
    status: StatusCode,
    template: &impl Template,
) -> Result<Response, Trouble> {
    let text = template.render().map_err(|error| {
        tracing::error!(%error, "a page cannot be written");
        Trouble::ours()
    })?;
    let kind = [(header::CONTENT_TYPE, "text/html; charset=utf-8")];
    Ok((status, kind, text).into_response())
}

#[derive(Template)]
#[template(path = "trouble.html")]
struct TroublePage<'a> {
    shell: Shell,
    sentence: &'a Text,
    hint: Option<TextKey>,
}

#[derive(Template)]
#[template(path = "alone.html")]
struct AlonePage {
    say: Language,
    title: String,
    sentence: Text,
    hint: Option<TextKey>,
    /// The page to which whoever chooses another language comes back.
    return_to: &'static str,
}

/// The page that says what went wrong, to whoever is signed in.
pub(super) fn trouble(trouble: Trouble, visit: &Visit) -> Response {
    let page = TroublePage {
        shell: Shell::new(visit, key("not-done"), "", visit.home()),
        sentence: &trouble.sentence,
        hint: trouble.hint,
    };
    with_status(trouble.status, &page).unwrap_or_else(|_| bare(trouble, visit.say))
}

/// The same to somebody who is not.
pub(super) fn bare(trouble: Trouble, say: Language) -> Response {
    let Trouble {
        status,
        sentence,
        hint,
    } = trouble;
    let page = alone(say, status, key("not-done"), sentence, hint);
    page.unwrap_or_else(|_| status.into_response())
}

/// A page for nobody in particular.
pub(super) fn alone(
    say: Language,
    status: StatusCode,
    title: TextKey,
    sentence: impl Into<Text>,
    hint: Option<TextKey>,
) -> Result<Response, Trouble> {
    with_status(
        status,
        &AlonePage {
            say,
            title: say.of_key(title),
            sentence: sentence.into(),
            hint,
            return_to: "/",
        },
    )
}
