//! Why a question of an operator is not answered: the statuses, and stable words for machines.

use axum::http::StatusCode;
use model::control::ControlFault;

use super::{Answered, MESSAGE_BYTES};
use crate::access::Unidentified;
use crate::faces::body::BodyError;
use crate::faces::station::wire;
use crate::ops::Refused;

/// Why a question is not answered.
#[derive(Debug, thiserror::Error)]
pub(super) enum OperatorFault {
    /// No token, or one that nobody has.
    #[error(transparent)]
    Unidentified(#[from] Unidentified),
    /// There is no such path, or it is not for this method.
    #[error("this service knows no such path; GET reads, POST changes")]
    NoSuchPath,
    /// The message cannot be read.
    #[error("the message cannot be read: {0}")]
    Unreadable(String),
    /// The query has something that cannot be.
    #[error("`{name}` cannot be `{value}`")]
    Query {
        /// Of what.
        name: String,
        /// As given.
        value: String,
    },
    /// It takes a service that runs.
    #[error(
        "this is done by a service that runs, for a person whom it knows: name it with --server, and the token that `longshore \
         operator add` gave with --token-file"
    )]
    NeedsService,
    /// There is no console.
    #[error(
        "no console is served: the service runs where there is one, and `[console] listen` is not none"
    )]
    NoConsole,
    /// The operation refuses.
    #[error(transparent)]
    Refused(#[from] Refused),
}

impl OperatorFault {
    fn wire(&self) -> (StatusCode, &'static str) {
        match self {
            Self::Unidentified(Unidentified::Store(_)) | Self::NeedsService => {
                (StatusCode::SERVICE_UNAVAILABLE, "Unavailable")
            }
            Self::Unidentified(_) => (StatusCode::UNAUTHORIZED, "Unauthorized"),
            Self::NoSuchPath => (StatusCode::NOT_FOUND, "UnknownPath"),
            Self::Unreadable(_) => (StatusCode::BAD_REQUEST, "Unreadable"),
            Self::Query { .. } => (StatusCode::BAD_REQUEST, "BadQuery"),
            Self::NoConsole => (StatusCode::CONFLICT, "NoConsole"),
            Self::Refused(refused) => wire(refused),
        }
    }

    /// The word for machines.
    pub(super) fn code(&self) -> &'static str {
        self.wire().1
    }

    /// The answer that says so; whoever keeps the service reads more in its log.
    pub(super) fn answered(self) -> Answered {
        let (status, code) = self.wire();
        if let Self::Unidentified(Unidentified::Store(error))
        | Self::Refused(Refused::Store(error)) = &self
        {
            tracing::error!(error = error as &dyn std::error::Error, "job store failed");
        } else {
            tracing::info!(code, why = ?self.to_string(), "operator refused");
        }
        let fault = ControlFault {
            code: code.to_owned(),
            message: self.to_string(),
        };
        Answered {
            status,
            body: serde_json::to_vec(&fault).unwrap_or_default(),
        }
    }
}

impl From<BodyError> for OperatorFault {
    fn from(error: BodyError) -> Self {
        Self::Unreadable(match error {
            BodyError::TooLong => format!("it has more than {MESSAGE_BYTES} bytes"),
            BodyError::Incomplete | BodyError::NoRoom => "it did not arrive whole".to_owned(),
        })
    }
}
