//! What can go wrong between us and a service, sorted by what the caller can do about it.
//!
//! As with stores, every error answers two questions: may the same call be made again, and might it have
//! taken effect although it failed?

use awshttp::retry::CallError;
use awshttp::{Answer, TransportError};

/// A call to a service that did not succeed.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    /// The snapshot, the vault or the upload does not exist, or does no longer.
    #[error("the service does not have it: {0}")]
    NotFound(Answer),
    /// The account may not do this.
    #[error("access denied: {0}")]
    Denied(Answer),
    /// The access key, its secret, its token or our clock is not accepted: no call will succeed.
    #[error("the credentials were not accepted: {0}")]
    Credentials(Answer),
    /// The account has used up what it is allowed, such as snapshots that are not completed.
    #[error("the account is at its limit: {0}")]
    Quota(Answer),
    /// The request was well understood and is not acceptable.
    #[error("the service refused: {0}")]
    Refused(Answer),
    /// The bytes that arrived, there or here, are not those that were sent.
    #[error("the data was damaged on its way: {0}")]
    Damaged(String),
    /// The service asks to go slower.
    #[error("the service asks to slow down: {0}")]
    Throttled(Answer),
    /// The service is in trouble.
    #[error("the service is unavailable: {0}")]
    Unavailable(Answer),
    /// The request or its answer did not get through, or could not be understood.
    #[error(transparent)]
    Transport(TransportError),
    /// Trying again ended in `last`, but an earlier try, which failed with `earlier`, may have succeeded.
    #[error("{last}; an earlier try may have succeeded: {earlier}")]
    Unsure {
        /// The failure that left the outcome open.
        earlier: Box<ServiceError>,
        /// The failure that ended the tries.
        last: Box<ServiceError>,
    },
    /// Somebody asked to stop while this waited to be sent again.
    #[error("stopped while waiting to try again: {last}")]
    Canceled {
        /// The failure that made it wait.
        last: Box<ServiceError>,
    },
}

impl ServiceError {
    /// Tells whether the same call may succeed when made again.
    #[must_use]
    pub fn may_retry(&self) -> bool {
        match self {
            Self::Damaged(_) | Self::Throttled(_) | Self::Unavailable(_) => true,
            Self::Transport(error) => error.may_retry(),
            Self::Unsure { last, .. } => last.may_retry(),
            Self::NotFound(_)
            | Self::Denied(_)
            | Self::Credentials(_)
            | Self::Quota(_)
            | Self::Refused(_)
            | Self::Canceled { .. } => false,
        }
    }

    /// Tells whether the call may have taken effect although it failed.
    #[must_use]
    pub fn might_have_happened(&self) -> bool {
        match self {
            // The service took bytes, though perhaps not ours.
            Self::Damaged(_) | Self::Unavailable(_) | Self::Unsure { .. } => true,
            Self::Transport(error) => error.might_have_happened(),
            Self::Canceled { last } => last.might_have_happened(),
            Self::NotFound(_)
            | Self::Denied(_)
            | Self::Credentials(_)
            | Self::Quota(_)
            | Self::Refused(_)
            | Self::Throttled(_) => false,
        }
    }

    /// What the service answered, if it answered something a report can name.
    #[must_use]
    pub fn answer(&self) -> Option<&Answer> {
        match self {
            Self::NotFound(answer)
            | Self::Denied(answer)
            | Self::Credentials(answer)
            | Self::Quota(answer)
            | Self::Refused(answer)
            | Self::Throttled(answer)
            | Self::Unavailable(answer) => Some(answer),
            Self::Damaged(_) | Self::Transport(_) => None,
            Self::Unsure { last, .. } | Self::Canceled { last } => last.answer(),
        }
    }

    /// A refusal found before sending.
    pub(crate) fn invalid_argument(message: &str) -> Self {
        Self::Refused(Answer::invalid_argument(message))
    }

    /// An answer of `status` that cannot be understood.
    pub(crate) fn protocol(status: u16, what: impl Into<String>) -> Self {
        Self::Transport(TransportError::Protocol {
            peer: Self::PEER,
            status,
            what: what.into(),
        })
    }

    /// Sorts an answer by its code and `reason` and, where they say nothing, by its status.
    ///
    /// Codes: EBS direct APIs reference, *Errors* of each operation; Glacier Developer Guide, *Error
    /// responses*; and those all AWS services share.
    #[must_use]
    pub fn from_answer(answer: Answer, reason: Option<&str>) -> Self {
        match answer.code.as_str() {
            // A refusal by its code and a passing trouble by its reason.
            "ValidationException"
                if matches!(
                    reason,
                    Some("WRITE_REQUEST_TIMEOUT" | "CONFLICTING_BLOCK_UPDATE")
                ) =>
            {
                Self::Unavailable(answer)
            }
            "ResourceNotFoundException" | "VaultNotFound" => Self::NotFound(answer),
            "AccessDeniedException" | "AccessDenied" | "PolicyEnforcedException" => {
                Self::Denied(answer)
            }
            "UnrecognizedClientException"
            | "InvalidClientTokenId"
            | "InvalidSignatureException"
            | "SignatureDoesNotMatch"
            | "IncompleteSignature"
            | "MissingAuthenticationTokenException"
            | "ExpiredTokenException"
            | "RequestExpired"
            | "OptInRequired" => Self::Credentials(answer),
            "ServiceQuotaExceededException" | "LimitExceededException" => Self::Quota(answer),
            "RequestThrottledException"
            | "RequestThrottled"
            | "ThrottlingException"
            | "Throttling"
            | "RequestLimitExceeded"
            | "TooManyRequestsException"
            | "SlowDown"
            | "ConcurrentLimitExceededException" => Self::Throttled(answer),
            "InternalServerException"
            | "InternalFailure"
            | "ServiceUnavailableException"
            | "ServiceUnavailable"
            | "InsufficientCapacityException"
            | "RequestTimeoutException" => Self::Unavailable(answer),
            _ => Self::from_status(answer),
        }
    }

    fn from_status(answer: Answer) -> Self {
        match answer.status {
            401 | 403 => Self::Denied(answer),
            402 => Self::Quota(answer),
            404 | 410 => Self::NotFound(answer),
            429 => Self::Throttled(answer),
            408 => Self::Unavailable(answer),
            // A redirection leads nowhere: these services have none.
            300..=499 | 501 => Self::Refused(answer),
            _ => Self::Unavailable(answer),
        }
    }
}

/// What cannot be sent is refused as the service would.
impl From<TransportError> for ServiceError {
    fn from(error: TransportError) -> Self {
        match error {
            TransportError::Unsendable(what) => Self::invalid_argument(&what),
            other => Self::Transport(other),
        }
    }
}

impl CallError for ServiceError {
    const PEER: &'static str = "the service";

    fn may_retry(&self) -> bool {
        self.may_retry()
    }

    fn might_have_happened(&self) -> bool {
        self.might_have_happened()
    }

    fn unsure(earlier: Self, last: Self) -> Self {
        Self::Unsure {
            earlier: Box::new(earlier),
            last: Box::new(last),
        }
    }

    fn canceled(last: Self) -> Self {
        Self::Canceled {
            last: Box::new(last),
        }
    }

    fn settled(self) -> Self {
        match self {
            Self::Unsure { last, .. } => *last,
            other => other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sorted(status: u16, code: &str, reason: Option<&str>) -> ServiceError {
        ServiceError::from_answer(Answer::new(status, code, ""), reason)
    }

    #[test]
    fn what_no_patience_helps_is_neither_retried_nor_doubted() {
        for (status, code) in [
            (404, "ResourceNotFoundException"),
            (404, ""),
            (400, "VaultNotFound"),
            (403, "AccessDeniedException"),
            (403, "InvalidSignatureException"),
            (402, "ServiceQuotaExceededException"),
            (400, "LimitExceededException"),
            (400, "ValidationException"),
            (400, "InvalidParameterValueException"),
            (409, "ConflictException"),
            (301, ""),
            (501, ""),
        ] {
            let error = sorted(status, code, None);
            assert!(!error.may_retry(), "{error:?}");
            assert!(!error.might_have_happened(), "{error:?}");
        }
    }

    #[test]
    fn trouble_is_retried_and_doubted_unless_it_was_turned_away() {
        for (status, code, doubt) in [
            (500, "InternalServerException", true),
            (500, "ServiceUnavailableException", true),
            (408, "RequestTimeoutException", true),
            (502, "", true),
            (400, "RequestThrottledException", false),
            (400, "ThrottlingException", false),
            (400, "ConcurrentLimitExceededException", false),
            (429, "", false),
        ] {
            let error = sorted(status, code, None);
            assert!(error.may_retry(), "{error:?}");
            assert_eq!(error.might_have_happened(), doubt, "{error:?}");
        }
    }

    #[test]
    fn a_reason_outweighs_its_code() {
        let code = "ValidationException";
        assert!(sorted(400, code, Some("WRITE_REQUEST_TIMEOUT")).may_retry());
        assert!(!sorted(400, code, Some("INVALID_BLOCK")).may_retry());
    }

    #[test]
    fn an_open_outcome_outlives_a_clear_refusal() {
        let error = ServiceError::Unsure {
            earlier: Box::new(sorted(500, "", None)),
            last: Box::new(sorted(404, "ResourceNotFoundException", None)),
        };
        assert!(error.might_have_happened() && !error.may_retry());
        assert_eq!(error.answer().unwrap().status, 404);
    }
}
