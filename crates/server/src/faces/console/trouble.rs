//! Something that went wrong, in words for whoever looks.

use axum::http::StatusCode;
use model::control::ControlFault;

use crate::faces::station::wire;
use crate::jobstore::JobStoreError;
use crate::ops::Refused;

/// Something that went wrong, in words for whoever looks.
#[derive(Debug)]
pub(super) struct Trouble {
    pub(super) status: StatusCode,
    pub(super) sentence: String,
    pub(super) hint: &'static str,
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

    pub(super) fn not_now() -> Self {
        let sentence = "The service cannot look at its bays.";
        let hint = "Try again in a moment.";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, sentence, hint)
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
                "Try again in a moment."
            }
            Refused::Busy(_) => "Try again in a moment.",
            Refused::NoSuchJob(_)
            | Refused::Denied(_)
            | Refused::State { .. }
            | Refused::Submission(_)
            | Refused::Docking(_)
            | Refused::Account(_)
            | Refused::Internal => "",
        };
        Self {
            status,
            sentence: sentence(&refused.to_string()),
            hint,
        }
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
