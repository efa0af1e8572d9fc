//! The faults of the generic AWS Query layer, before any operation has begun.
//!
//! Codes and statuses are those of the common-errors pages of AWS's Query services. `Display` is
//! the message a client reads, so it is a sentence and says what to change; nothing in it is
//! secret.

use time::OffsetDateTime;

use crate::claims::Validity;
use crate::limits::MAX_ECHO_BYTES;
use crate::params::ParamError;
use crate::timestamp::extended;

/// Whose mistake a fault is: the `Type` of an error response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blame {
    /// The request was wrong; sending it again changes nothing.
    Sender,
    /// The service failed; the request may be fine.
    Receiver,
}

impl Blame {
    /// Gives the text of the `Type` element.
    pub fn as_str(self) -> &'static str {
        match self {
            Blame::Sender => "Sender",
            Blame::Receiver => "Receiver",
        }
    }
}

/// A refusal by the front end.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// No credentials of any kind.
    #[error("The request is missing an authentication token.")]
    MissingAuthenticationToken,
    /// Credentials that cannot be read; the text names the part.
    #[error("The request signature does not conform to AWS standards: {0}.")]
    IncompleteSignature(String),
    /// An access key id nobody has.
    #[error("The AWS access key ID provided does not exist in our records.")]
    InvalidClientTokenId,
    /// A signature that is not the one we compute.
    #[error(
        "The request signature we calculated does not match the signature you provided. \
         Check your AWS Secret Access Key and signing method. \
         Consult the service documentation for details.{0}"
    )]
    SignatureDoesNotMatch(Computed),
    /// A Version 4 scope, date or payload hash that contradicts the request; the text says what was
    /// wanted.
    #[error("{0}.")]
    Contradiction(String),
    /// A time of signing outside the window, or an expiry that has passed.
    #[error("{}", expired(.signed, *.now, .window))]
    RequestExpired {
        /// When the request said it is valid.
        signed: Validity,
        /// The server's time.
        now: OffsetDateTime,
        /// How far the two may differ.
        window: time::Duration,
    },
    /// Neither `Action` nor `Operation`.
    #[error("The request is missing an Action or a required parameter.")]
    MissingAction,
    /// An operation nobody has.
    #[error("The action `{0}` is not valid for this service.")]
    InvalidAction(String),
    /// A body or query string that is not a form.
    #[error("The query string contains a syntax error: {0}.")]
    MalformedQueryString(ParamError),
    /// More than the server will read.
    #[error("The request is too large: {0}.")]
    RequestEntityTooLarge(String),
    /// A parameter of the protocol itself with an impossible value.
    #[error("The AWS query string is malformed or does not adhere to AWS standards: {0}.")]
    InvalidQueryParameter(String),
    /// Parameters that exclude each other.
    #[error("Parameters that must not be used together were used together: {0}.")]
    InvalidParameterCombination(String),
    /// The signer may not do this.
    #[error("User is not authorized to perform: {0}")]
    AccessDenied(String),
    /// The signer has not signed up.
    #[error("The AWS access key ID needs a subscription for the service.")]
    OptInRequired,
    /// Too many requests.
    #[error("Request was denied due to request throttling. Try again later.")]
    Throttling,
    /// Our mistake.
    #[error("The request processing has failed because of an unknown error.")]
    InternalFailure,
    /// We cannot at the moment.
    #[error("The request has failed due to a temporary failure of the server.")]
    ServiceUnavailable,
}

impl Fault {
    /// Gives the text of the `Code` element.
    pub fn code(&self) -> &'static str {
        match self {
            Fault::MissingAuthenticationToken => "MissingAuthenticationToken",
            Fault::IncompleteSignature(_) => "IncompleteSignature",
            Fault::InvalidClientTokenId => "InvalidClientTokenId",
            Fault::SignatureDoesNotMatch(_) | Fault::Contradiction(_) => "SignatureDoesNotMatch",
            Fault::RequestExpired { .. } => "RequestExpired",
            Fault::MissingAction => "MissingAction",
            Fault::InvalidAction(_) => "InvalidAction",
            Fault::MalformedQueryString(_) => "MalformedQueryString",
            Fault::RequestEntityTooLarge(_) => "RequestEntityTooLarge",
            Fault::InvalidQueryParameter(_) => "InvalidQueryParameter",
            Fault::InvalidParameterCombination(_) => "InvalidParameterCombination",
            Fault::AccessDenied(_) => "AccessDenied",
            Fault::OptInRequired => "OptInRequired",
            Fault::Throttling => "Throttling",
            Fault::InternalFailure => "InternalFailure",
            Fault::ServiceUnavailable => "ServiceUnavailable",
        }
    }

    /// Gives the HTTP status.
    pub fn http_status(&self) -> u16 {
        match self {
            Fault::IncompleteSignature(_)
            | Fault::RequestExpired { .. }
            | Fault::MissingAction
            | Fault::InvalidAction(_)
            | Fault::InvalidQueryParameter(_)
            | Fault::InvalidParameterCombination(_)
            | Fault::Throttling => 400,
            Fault::MissingAuthenticationToken
            | Fault::InvalidClientTokenId
            | Fault::SignatureDoesNotMatch(_)
            | Fault::Contradiction(_)
            | Fault::AccessDenied(_)
            | Fault::OptInRequired => 403,
            Fault::MalformedQueryString(_) => 404,
            Fault::RequestEntityTooLarge(_) => 413,
            Fault::InternalFailure => 500,
            Fault::ServiceUnavailable => 503,
        }
    }

    /// Gives the text of the `Type` element.
    pub fn blame(&self) -> Blame {
        match self.http_status() {
            500.. => Blame::Receiver,
            _ => Blame::Sender,
        }
    }

    /// Gives the text of the `Message` element.
    pub fn message(&self) -> String {
        self.to_string()
    }

    pub(crate) fn incomplete(reason: impl Into<String>) -> Self {
        Fault::IncompleteSignature(reason.into())
    }
}

impl From<ParamError> for Fault {
    fn from(error: ParamError) -> Self {
        match error {
            ParamError::FormTooLong
            | ParamError::TooMany
            | ParamError::NameTooLong
            | ParamError::ValueTooLong(_) => Fault::RequestEntityTooLarge(error.to_string()),
            ParamError::BadEscape
            | ParamError::NotUtf8
            | ParamError::NoName
            | ParamError::Duplicate(_) => Fault::MalformedQueryString(error),
        }
    }
}

/// What the server signed over, for the client's author to compare with; long strings are cut.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Computed {
    canonical_request: Option<String>,
    string_to_sign: String,
}

impl Computed {
    /// Keeps a string to sign and, for Version 4, the canonical request it was made from.
    pub fn new(canonical_request: Option<&str>, string_to_sign: &str) -> Self {
        Computed {
            canonical_request: canonical_request.map(cut),
            string_to_sign: cut(string_to_sign),
        }
    }
}

impl std::fmt::Display for Computed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(canonical) = &self.canonical_request {
            write!(
                f,
                "\n\nThe Canonical String for this request should have been\n'{canonical}'"
            )?;
        }
        write!(
            f,
            "\n\nThe String-to-Sign should have been\n'{}'\n",
            self.string_to_sign
        )
    }
}

fn cut(text: &str) -> String {
    let end = text.floor_char_boundary(MAX_ECHO_BYTES);
    let ellipsis = if end < text.len() { "…" } else { "" };
    format!("{}{ellipsis}", &text[..end])
}

fn expired(signed: &Validity, now: OffsetDateTime, window: &time::Duration) -> String {
    let now = extended(now);
    let minutes = window.whole_minutes();
    match signed {
        Validity::Around(time) => format!(
            "Request has expired. It was signed at {}; the time of the server is {now}, \
             and they may differ by at most {minutes} minutes.",
            extended(*time)
        ),
        Validity::Until(end) => format!(
            "Request has expired. It was valid until {}; the time of the server is {now}.",
            extended(*end)
        ),
        Validity::Lasting { from, lasts } => format!(
            "Request has expired. It was signed at {} for {} seconds; the time of the \
             server is {now}.",
            extended(*from),
            lasts.whole_seconds()
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_echoes_are_cut_between_characters() {
        let text = "é".repeat(MAX_ECHO_BYTES);
        let cut = cut(&format!("x{text}"));
        assert!(cut.len() <= MAX_ECHO_BYTES + "…".len());
        assert!(cut.ends_with("é…"));
    }

    #[test]
    fn the_receiver_is_to_blame_for_5xx_only() {
        assert_eq!(Fault::InternalFailure.blame(), Blame::Receiver);
        assert_eq!(Fault::ServiceUnavailable.blame().as_str(), "Receiver");
        assert_eq!(Fault::Throttling.blame().as_str(), "Sender");
        assert_eq!(
            Fault::MalformedQueryString(ParamError::NoName).http_status(),
            404
        );
    }
}
