//! What can go wrong between us and a store, sorted by what the caller can do about it.
//!
//! Every [`StoreError`] answers two questions: may the same call be made again, and might the call
//! have taken effect although it failed? S3's own code and HTTP status ride along, so that a report
//! can name them.

use std::io;

use awshttp::retry::CallError;
use awshttp::{Answer, TransportError};

/// What a store answers if a condition of the request does not hold.
const PRECONDITION_FAILED: &str = "PreconditionFailed";

/// A call to a store that did not succeed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The bucket does not exist.
    #[error("the bucket does not exist: {0}")]
    NoSuchBucket(Answer),
    /// There is no object under this key.
    #[error("the object does not exist: {0}")]
    NoSuchKey(Answer),
    /// The upload was completed, abandoned or never begun.
    #[error("the upload does not exist: {0}")]
    NoSuchUpload(Answer),
    /// The account may not do this.
    #[error("access denied: {0}")]
    AccessDenied(Answer),
    /// The access key, its secret, its token or our clock is not accepted: no call will succeed.
    #[error("the credentials were not accepted: {0}")]
    Credentials(Answer),
    /// The key has run out. Whoever speaks to the store may be given another one meanwhile.
    #[error("the key for the store has run out: {0}")]
    KeyExpired(Answer),
    /// The bucket is served by another region or endpoint.
    #[error(
        "the bucket is served elsewhere{}: {answer}",
        region.as_ref().map(|region| format!(", in the region `{region}`")).unwrap_or_default()
    )]
    WrongRegion {
        /// What the store answered.
        answer: Answer,
        /// The region it named, if it did.
        region: Option<String>,
    },
    /// The request was well understood and is not acceptable: about this object, not the store.
    #[error("the store refused: {0}")]
    Refused(Answer),
    /// There is an object under this key, and the call was not to replace one.
    #[error("there is an object already: {0}")]
    Exists(Answer),
    /// The bytes that arrived are not those that were sent; nothing was stored.
    #[error("the data was damaged on its way: {0}")]
    BadDigest(Answer),
    /// The store asks to go slower.
    #[error("the store asks to slow down: {0}")]
    Throttled(Answer),
    /// The store has no room, or the account has used up what it may take. No patience helps:
    /// somebody has to make room.
    #[error("the store is full: {0}")]
    Full(Answer),
    /// The store is in trouble.
    #[error("the store is unavailable: {0}")]
    Unavailable(Answer),
    /// The request or its answer did not get through, or could not be understood.
    #[error(transparent)]
    Transport(TransportError),
    /// Trying again ended in `last`, but an earlier try, which failed with `earlier`, may have succeeded.
    #[error("{last}; an earlier try may have succeeded: {earlier}")]
    Unsure {
        /// The failure that left the outcome open.
        earlier: Box<StoreError>,
        /// The failure that ended the tries.
        last: Box<StoreError>,
    },
    /// Somebody asked to stop while this waited to be sent, or to be sent again.
    #[error("stopped while waiting{}", last.as_ref().map(|last| format!(" to try again: {last}")).unwrap_or_default())]
    Canceled {
        /// The failure that made it wait; `None` if it was not sent at all.
        last: Option<Box<StoreError>>,
    },
}

impl StoreError {
    /// Tells whether the same call may succeed when made again.
    #[must_use]
    pub fn may_retry(&self) -> bool {
        match self {
            Self::BadDigest(_)
            | Self::Throttled(_)
            | Self::Unavailable(_)
            | Self::KeyExpired(_) => true,
            Self::Transport(error) => error.may_retry(),
            Self::Unsure { last, .. } => last.may_retry(),
            Self::NoSuchBucket(_)
            | Self::NoSuchKey(_)
            | Self::NoSuchUpload(_)
            | Self::AccessDenied(_)
            | Self::Credentials(_)
            | Self::WrongRegion { .. }
            | Self::Refused(_)
            | Self::Exists(_)
            | Self::Full(_)
            | Self::Canceled { .. } => false,
        }
    }

    /// Tells whether the call may have taken effect although it failed.
    #[must_use]
    pub fn might_have_happened(&self) -> bool {
        match self {
            Self::Unavailable(_) | Self::Unsure { .. } => true,
            Self::Transport(error) => error.might_have_happened(),
            Self::Canceled { last } => last.as_ref().is_some_and(|last| last.might_have_happened()),
            Self::NoSuchBucket(_)
            | Self::NoSuchKey(_)
            | Self::NoSuchUpload(_)
            | Self::AccessDenied(_)
            | Self::Credentials(_)
            | Self::KeyExpired(_)
            | Self::WrongRegion { .. }
            | Self::Refused(_)
            | Self::Exists(_)
            | Self::BadDigest(_)
            | Self::Full(_)
            | Self::Throttled(_) => false,
        }
    }

    /// Tells whether the last try found an object that it was not to replace. An earlier try may have put
    /// that, if this [might have happened](Self::might_have_happened).
    #[must_use]
    pub fn finds_an_object(&self) -> bool {
        match self {
            Self::Exists(_) => true,
            Self::Unsure { last, .. } => last.finds_an_object(),
            _ => false,
        }
    }

    /// Of a call that was not to replace an object: that it did not is a matter of its own.
    #[must_use]
    pub(crate) fn of_condition(self) -> Self {
        match self {
            Self::Refused(answer) if answer.status == 412 || answer.code == PRECONDITION_FAILED => {
                Self::Exists(answer)
            }
            other => other,
        }
    }

    /// Of the completing of parts that have arrived: that they do not make what they were to make is not mended by
    /// asking again.
    #[must_use]
    pub(crate) fn of_whole(self) -> Self {
        match self {
            Self::BadDigest(answer) => Self::Refused(answer),
            other => other,
        }
    }

    /// What the store answered, if it answered something a report can name.
    #[must_use]
    pub fn answer(&self) -> Option<&Answer> {
        match self {
            Self::NoSuchBucket(answer)
            | Self::NoSuchKey(answer)
            | Self::NoSuchUpload(answer)
            | Self::AccessDenied(answer)
            | Self::Credentials(answer)
            | Self::KeyExpired(answer)
            | Self::WrongRegion { answer, .. }
            | Self::Refused(answer)
            | Self::Exists(answer)
            | Self::BadDigest(answer)
            | Self::Throttled(answer)
            | Self::Full(answer)
            | Self::Unavailable(answer) => Some(answer),
            Self::Transport(_) => None,
            Self::Unsure { last, .. } => last.answer(),
            Self::Canceled { last } => last.as_ref()?.answer(),
        }
    }

    /// Sorts an error met while reading a body, such as that of a [`Download`](crate::object::Download).
    #[must_use]
    pub fn while_reading(source: io::Error) -> Self {
        Self::Transport(TransportError::while_reading(Self::PEER, source))
    }

    /// An answer of `status` that cannot be understood.
    #[must_use]
    pub fn protocol(status: u16, what: impl Into<String>) -> Self {
        Self::Transport(TransportError::Protocol {
            peer: Self::PEER,
            status,
            what: what.into(),
        })
    }

    /// A refusal of this object that S3 would answer with status 400, found before sending.
    #[must_use]
    pub(crate) fn invalid_argument(message: &str) -> Self {
        Self::Refused(Answer::invalid_argument(message))
    }

    /// Sorts an answer by its code and, where the code says nothing, by its status.
    ///
    /// Codes: S3 API reference, *Error responses*; and those seen from Ceph, Garage, MinIO and SeaweedFS.
    #[must_use]
    pub fn from_answer(answer: Answer, region: Option<String>) -> Self {
        match answer.code.as_str() {
            "NoSuchBucket" => Self::NoSuchBucket(answer),
            "NoSuchKey" => Self::NoSuchKey(answer),
            // S3 may hide these in a 200, where the status cannot tell.
            "InvalidPart" | "InvalidPartOrder" | "EntityTooSmall" | "MalformedXML"
            | PRECONDITION_FAILED => Self::Refused(answer),
            "NoSuchUpload" => Self::NoSuchUpload(answer),
            "AccessDenied" | "AccessForbidden" | "AllAccessDisabled" | "AccountProblem" => {
                Self::AccessDenied(answer)
            }
            "InvalidAccessKeyId"
            | "SignatureDoesNotMatch"
            | "InvalidToken"
            | "RequestTimeTooSkewed"
            | "RequestExpired"
            | "TokenRefreshRequired"
            | "InvalidSecurity"
            | "NotSignedUp" => Self::Credentials(answer),
            "ExpiredToken" | "ExpiredTokenException" => Self::KeyExpired(answer),
            "PermanentRedirect" | "TemporaryRedirect" | "AuthorizationHeaderMalformed" => {
                Self::WrongRegion { answer, region }
            }
            "BadDigest"
            | "IncompleteBody"
            | "XAmzContentSHA256Mismatch"
            | "XAmzContentChecksumMismatch" => Self::BadDigest(answer),
            "SlowDown"
            | "TooManyRequests"
            | "RequestLimitExceeded"
            | "Throttling"
            | "ThrottlingException"
            | "BandwidthLimitExceeded"
            | "OperationAborted"
            | "ConditionalRequestConflict" => Self::Throttled(answer),
            "InsufficientStorage"
            | "StorageFull"
            | "QuotaExceeded"
            | "XMinioStorageFull"
            | "XMinioAdminBucketQuotaExceeded" => Self::Full(answer),
            "RequestTimeout" | "InternalError" | "ServiceUnavailable" => Self::Unavailable(answer),
            _ => Self::from_status(answer, region),
        }
    }

    fn from_status(answer: Answer, region: Option<String>) -> Self {
        match answer.status {
            300..=399 => Self::WrongRegion { answer, region },
            401 | 403 => Self::AccessDenied(answer),
            429 => Self::Throttled(answer),
            408 => Self::Unavailable(answer),
            // Insufficient Storage (RFC 4918, 11.5).
            507 => Self::Full(answer),
            // The store cannot do this at all; no patience will help.
            400..=499 | 501 => Self::Refused(answer),
            // A 200 with an unknown code in its body is trouble as well.
            _ => Self::Unavailable(answer),
        }
    }
}

/// What cannot be sent is this object's fault, and not the way's.
impl From<TransportError> for StoreError {
    fn from(error: TransportError) -> Self {
        match error {
            TransportError::Unsendable(what) => Self::invalid_argument(&what),
            other => Self::Transport(other),
        }
    }
}

impl CallError for StoreError {
    const PEER: &'static str = "the store";

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
            last: Some(Box::new(last)),
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

    fn sorted(status: u16, code: &str) -> StoreError {
        StoreError::from_answer(Answer::new(status, code, ""), None)
    }

    #[test]
    fn what_is_about_the_object_is_neither_retried_nor_doubted() {
        for (status, code) in [
            (400, "KeyTooLongError"),
            (400, "EntityTooLarge"),
            (400, "InvalidStorageClass"),
            (404, "NoSuchKey"),
            (404, ""),
            (403, "AccessDenied"),
            (403, ""),
            (403, "SignatureDoesNotMatch"),
            (501, "NotImplemented"),
        ] {
            let error = sorted(status, code);
            assert!(
                !error.may_retry() && !error.might_have_happened(),
                "{error:?}"
            );
        }
    }

    #[test]
    fn trouble_is_retried_and_doubted_unless_nothing_was_stored() {
        for (status, code, doubt) in [
            (500, "InternalError", true),
            (200, "InternalError", true),
            (502, "", true),
            (400, "RequestTimeout", true),
            (503, "SlowDown", false),
            (429, "", false),
            (400, "BadDigest", false),
            (400, "IncompleteBody", false),
        ] {
            let error = sorted(status, code);
            assert!(error.may_retry(), "{error:?}");
            assert_eq!(error.might_have_happened(), doubt, "{error:?}");
        }
    }

    #[test]
    fn a_full_store_is_told_at_once_and_not_the_objects_fault() {
        for (status, code) in [
            (507, ""),
            (507, "InsufficientStorage"),
            (507, "XMinioStorageFull"),
            (403, "QuotaExceeded"),
        ] {
            let error = sorted(status, code);
            assert!(matches!(error, StoreError::Full(_)), "{error:?}");
            assert!(!error.may_retry() && !error.might_have_happened());
            assert_eq!(error.answer().unwrap().status, status);
        }
    }

    /// Also where it comes in the body of a success, as that of a long completing does.
    #[test]
    fn a_condition_that_does_not_hold_is_told_where_one_was_made() {
        for (status, code) in [
            (412, "PreconditionFailed"),
            (412, ""),
            (200, "PreconditionFailed"),
        ] {
            let error = sorted(status, code);
            assert!(matches!(error, StoreError::Refused(_)), "{error:?}");
            assert!(!error.finds_an_object());
            let error = error.of_condition();
            assert!(matches!(error, StoreError::Exists(_)), "{error:?}");
            assert!(!error.may_retry() && !error.might_have_happened());
            let earlier = Box::new(sorted(500, "InternalError"));
            let last = Box::new(error);
            assert!(StoreError::Unsure { earlier, last }.finds_an_object());
        }
        let other = sorted(403, "AccessDenied").of_condition();
        assert!(matches!(other, StoreError::AccessDenied(_)));
        assert!(sorted(409, "ConditionalRequestConflict").may_retry());
    }

    #[test]
    fn an_open_outcome_outlives_a_clear_refusal() {
        let earlier = Box::new(sorted(500, "InternalError"));
        let last = Box::new(sorted(403, "AccessDenied"));
        let error = StoreError::Unsure { earlier, last };
        assert!(error.might_have_happened() && !error.may_retry());
        assert_eq!(error.answer().unwrap().code, "AccessDenied");
    }

    #[test]
    fn answers_read_as_fragments() {
        let mut answer = Answer::new(503, "SlowDown", "please reduce your request rate");
        answer.request_id = Some("17C".to_owned());
        assert_eq!(
            StoreError::Throttled(answer).to_string(),
            "the store asks to slow down: `SlowDown`, status 503, please reduce your request rate \
             (request 17C)"
        );
    }
}
