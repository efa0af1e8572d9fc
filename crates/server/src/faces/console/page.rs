//! What all pages share: their frame, their words for bytes and times, and what they say when something goes wrong.

use askama::Template;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use model::control::ControlFault;
use model::readable;
use model::role::Role;
use model::time::Timestamp;

use super::assets::{Assets, assets};
use super::form::new_key;
use super::visit::Visit;
use crate::access::BearerToken;
use crate::jobstore::JobStoreError;

/// Most characters of a name from a device or a customer that are shown.
const NAME_CHARS: usize = 400;

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
    pub(super) role: Role,
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
        role.parse().is_ok_and(|least: Role| self.role >= least)
    }
}

/// What the templates say things with.
pub(super) mod say {
    use super::{NAME_CHARS, Timestamp, readable};

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

/// Something that went wrong, in words for whoever looks.
#[derive(Debug)]
pub(super) struct Trouble {
    status: StatusCode,
    sentence: String,
    hint: &'static str,
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

impl Trouble {
    fn new(status: StatusCode, sentence: &str, hint: &'static str) -> Self {
        Self {
            status,
            sentence: sentence.to_owned(),
            hint,
        }
    }

    pub(super) fn no_such_page() -> Self {
        let sentence = "There is no such page, or it is not for you.";
        Self::new(StatusCode::NOT_FOUND, sentence, "")
    }

    pub(super) fn elsewhere() -> Self {
        let sentence = "Nothing was done: this did not come from a page of this console.";
        Self::new(StatusCode::FORBIDDEN, sentence, "")
    }

    pub(super) fn stale() -> Self {
        let sentence = "Nothing was done: the page was made for another session.";
        let hint = "Go back, load the page again, and press the button once more.";
        Self::new(StatusCode::CONFLICT, sentence, hint)
    }

    pub(super) fn unreadable() -> Self {
        let sentence = "Nothing was done: what was sent cannot be read.";
        Self::new(StatusCode::BAD_REQUEST, sentence, "")
    }

    pub(super) fn ours() -> Self {
        let sentence = "The service failed; its log says why.";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, sentence, "")
    }

    /// A field that somebody has to fill in, or fill in otherwise.
    pub(super) fn field(sentence: String) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            sentence,
            hint: "Go back, and fill in the field.",
        }
    }

    /// What the operator API refuses.
    pub(super) fn told(status: StatusCode, body: &[u8]) -> Self {
        let Ok(fault) = serde_json::from_slice::<ControlFault>(body) else {
            return Self::ours();
        };
        let hint = match fault.code.as_str() {
            "Denied" => "It takes a role with more rights.",
            "Unavailable" => "Try again in a moment.",
            "Changed" => "Somebody was faster: load the page again, and look.",
            _ => "",
        };
        Self {
            status,
            sentence: sentence(&fault.message),
            hint,
        }
    }

    /// What went wrong.
    pub(super) fn sentence(&self) -> &str {
        &self.sentence
    }

    /// The page that says so, to whoever is signed in.
    pub(super) fn page(self, visit: &Visit) -> Response {
        let page = TroublePage {
            shell: Shell::new(visit, "Not done", "", "/bench"),
            sentence: self.sentence.clone(),
            hint: self.hint,
        };
        let status = self.status;
        with_status(status, &page).unwrap_or_else(|_| self.bare())
    }

    /// The same to somebody who is not.
    pub(super) fn bare(self) -> Response {
        let page = AlonePage {
            title: "Not done",
            sentence: self.sentence,
            hint: self.hint,
        };
        let status = self.status;
        with_status(status, &page).unwrap_or_else(|_| status.into_response())
    }
}

impl From<JobStoreError> for Trouble {
    fn from(error: JobStoreError) -> Self {
        tracing::error!(error = &error as &dyn std::error::Error, "job store failed");
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "The service cannot reach its job store.",
            "Try again in a moment.",
        )
    }
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

/// What a refusal says, as a sentence.
fn sentence(message: &str) -> String {
    let mut letters = message.chars();
    let Some(first) = letters.next() else {
        return String::new();
    };
    let end = if message.ends_with(['.', '!', '?']) {
        ""
    } else {
        "."
    };
    format!("{}{}{end}", first.to_uppercase(), letters.as_str())
}
