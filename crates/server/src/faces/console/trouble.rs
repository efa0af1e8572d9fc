//! Something that went wrong, in words for whoever looks.

use axum::http::StatusCode;
use model::control::ControlFault;

use super::language::{Language, Text, TextKey, key, text};
use super::site::NoSite;
use crate::faces::station::wire;
use crate::jobstore::JobStoreError;
use crate::ops::Refused;

/// Something that went wrong, in words for whoever looks.
#[derive(Debug)]
pub(super) struct Trouble {
    pub(super) status: StatusCode,
    pub(super) sentence: Text,
    pub(super) hint: Option<TextKey>,
}

impl Trouble {
    fn new(status: StatusCode, sentence: TextKey, hint: Option<TextKey>) -> Self {
        Self {
            status,
            sentence: sentence.into(),
            hint,
        }
    }

    /// What a log says of it.
    pub(super) fn in_english(&self) -> String {
        self.sentence.in_language(Language::English)
    }

    pub(super) fn no_such_page() -> Self {
        let sentence = key("no-such-page");
        Self::new(StatusCode::NOT_FOUND, sentence, None)
    }

    pub(super) fn elsewhere() -> Self {
        let sentence = key("not-from-here");
        Self::new(StatusCode::FORBIDDEN, sentence, None)
    }

    pub(super) fn stale() -> Self {
        let sentence = key("stale-page");
        let hint = Some(key("load-and-press-again"));
        Self::new(StatusCode::CONFLICT, sentence, hint)
    }

    /// There are no passkeys where somebody looks.
    pub(super) fn no_passkeys(why: &NoSite) -> Self {
        Self {
            status: StatusCode::CONFLICT,
            sentence: why.text(),
            hint: None,
        }
    }

    /// A touch is due of a passkey that is for another site.
    pub(super) fn touch_elsewhere(sites: &str) -> Self {
        Self {
            status: StatusCode::FORBIDDEN,
            sentence: text("touch-elsewhere").with("sites", sites),
            hint: Some(key("touch-elsewhere-hint")),
        }
    }

    pub(super) fn unreadable() -> Self {
        let sentence = key("unreadable-form");
        Self::new(StatusCode::BAD_REQUEST, sentence, None)
    }

    pub(super) fn not_now() -> Self {
        let sentence = key("bays-not-seen");
        let hint = Some(key("try-again"));
        Self::new(StatusCode::SERVICE_UNAVAILABLE, sentence, hint)
    }

    pub(super) fn ours() -> Self {
        let sentence = key("service-failed");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, sentence, None)
    }

    /// A field that somebody has to fill in, or fill in otherwise.
    pub(super) fn field(sentence: impl Into<Text>) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            sentence: sentence.into(),
            hint: Some(key("fill-in-field")),
        }
    }

    /// What the operator API refuses.
    pub(super) fn told(status: StatusCode, body: &[u8]) -> Self {
        let Ok(fault) = serde_json::from_slice::<ControlFault>(body) else {
            return Self::ours();
        };
        let hint = match fault.code.as_str() {
            "Denied" => Some(key("takes-more-rights")),
            "Unavailable" => Some(key("try-again")),
            "Changed" => Some(key("somebody-was-faster")),
            _ => None,
        };
        Self {
            status,
            sentence: Text::English(sentence(&fault.message)),
            hint,
        }
    }
}

/// What an operation refuses a customer, who asks without the operator API.
impl From<Refused> for Trouble {
    fn from(refused: Refused) -> Self {
        let status = match &refused {
            Refused::Submission(_) => StatusCode::BAD_REQUEST,
            other => wire(other).0,
        };
        let hint = match &refused {
            Refused::Store(error) => {
                tracing::error!(error = error as &dyn std::error::Error, "job store failed");
                Some(key("try-again"))
            }
            Refused::Busy(_) => Some(key("try-again")),
            Refused::NoSuchJob(_)
            | Refused::Denied(_)
            | Refused::State { .. }
            | Refused::Submission(_)
            | Refused::Docking(_)
            | Refused::Account(_)
            | Refused::Internal => None,
        };
        Self {
            status,
            sentence: Text::English(sentence(&refused.to_string())),
            hint,
        }
    }
}

impl From<JobStoreError> for Trouble {
    fn from(error: JobStoreError) -> Self {
        tracing::error!(error = &error as &dyn std::error::Error, "job store failed");
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            key("no-job-store"),
            Some(key("try-again")),
        )
    }
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
