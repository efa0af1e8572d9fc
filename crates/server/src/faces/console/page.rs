//! What all pages share: their frame, their words for bytes and times, and what they say when something goes wrong.

use askama::Template;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use model::readable;
use model::role::Role;
use model::time::Timestamp;

use super::assets::{Assets, assets};
use super::form::new_key;
use super::trouble::Trouble;
use super::visit::Visit;
use crate::access::BearerToken;

/// Most characters of a name from a device or a customer that are shown.
const NAME_CHARS: usize = 400;

/// Most characters of a line of a text that are shown.
const LINE_CHARS: usize = 4_000;

/// The frame of a page, for whoever looks at it.
pub(super) struct Shell {
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
    pub(super) fn new(visit: &Visit, title: &str, here: &'static str, path: &str) -> Self {
        Self {
            title: title.to_owned(),
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
    pub(super) fn role_name(&self) -> &'static str {
        self.role.map_or("customer", Role::name)
    }
}

/// What the templates say things with.
pub(super) mod say {
    use super::{LINE_CHARS, NAME_CHARS, Timestamp, readable};

    /// A value, or what leads to it: templates pass either.
    pub(crate) trait Said<T> {
        fn said(&self) -> T;
    }

    impl Said<u64> for u64 {
        fn said(&self) -> u64 {
            *self
        }
    }

    impl Said<Timestamp> for Timestamp {
        fn said(&self) -> Timestamp {
            *self
        }
    }

    impl<T, S: Said<T>> Said<T> for &S {
        fn said(&self) -> T {
            (*self).said()
        }
    }

    /// A name from elsewhere, on one line and harmless.
    pub(crate) fn name(text: impl AsRef<str>) -> String {
        readable::name(text.as_ref(), NAME_CHARS)
    }

    /// A line of a text from elsewhere, harmless and as long as lines are.
    pub(crate) fn line(text: impl AsRef<str>) -> String {
        readable::name(text.as_ref(), LINE_CHARS)
    }

    pub(crate) fn bytes(count: impl Said<u64>) -> String {
        readable::bytes(count.said())
    }

    pub(crate) fn number(count: impl Said<u64>) -> String {
        readable::number(count.said())
    }

    pub(crate) fn rate(bytes_per_second: impl Said<u64>) -> String {
        readable::rate(bytes_per_second.said())
    }

    pub(crate) fn about(seconds: impl Said<u64>) -> String {
        readable::about(seconds.said())
    }

    /// `2026-11-30 04:41:41 UTC`.
    pub(crate) fn time(at: impl Said<Timestamp>) -> String {
        at.said().to_string().replace('T', " ").replace('Z', " UTC")
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
struct TroublePage {
    shell: Shell,
    sentence: String,
    hint: &'static str,
}

#[derive(Template)]
#[template(path = "alone.html")]
struct AlonePage {
    title: &'static str,
    sentence: String,
    hint: &'static str,
}

/// The page that says what went wrong, to whoever is signed in.
pub(super) fn trouble(trouble: Trouble, visit: &Visit) -> Response {
    let page = TroublePage {
        shell: Shell::new(visit, "Not done", "", visit.home()),
        sentence: trouble.sentence.clone(),
        hint: trouble.hint,
    };
    let status = trouble.status;
    with_status(status, &page).unwrap_or_else(|_| bare(trouble))
}

/// The same to somebody who is not.
pub(super) fn bare(trouble: Trouble) -> Response {
    let Trouble {
        status,
        sentence,
        hint,
    } = trouble;
    let page = alone(status, "Not done", sentence, hint);
    page.unwrap_or_else(|_| status.into_response())
}

/// A page for nobody in particular.
pub(super) fn alone(
    status: StatusCode,
    title: &'static str,
    sentence: String,
    hint: &'static str,
) -> Result<Response, Trouble> {
    with_status(
        status,
        &AlonePage {
            title,
            sentence,
            hint,
        },
    )
}
