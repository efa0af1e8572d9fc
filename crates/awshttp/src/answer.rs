//! What a service answers when it refuses.

use std::fmt;

/// What a service answered when it refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status; 200 for an error that was hidden in a successful answer.
    pub status: u16,
    /// The service's code, such as `NoSuchKey`; empty if the answer had none.
    pub code: String,
    /// The service's message, possibly empty.
    pub message: String,
    /// The service's name for the request, which its operator can look up.
    pub request_id: Option<String>,
}

impl Answer {
    /// An answer without a request id, for services that answer from within this process.
    #[must_use]
    pub fn new(status: u16, code: &str, message: &str) -> Self {
        Self {
            status,
            code: code.to_owned(),
            message: message.to_owned(),
            request_id: None,
        }
    }

    /// A refusal found before sending, as a service would answer it.
    #[must_use]
    pub fn invalid_argument(message: &str) -> Self {
        Self::new(400, "InvalidArgument", message)
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.code.as_str() {
            "" => write!(f, "status {}", self.status)?,
            code => write!(f, "`{code}`, status {}", self.status)?,
        }
        if !self.message.is_empty() {
            write!(f, ", {}", self.message)?;
        }
        match &self.request_id {
            Some(id) => write!(f, " (request {id})"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_read_as_fragments() {
        let mut answer = Answer::new(503, "SlowDown", "please reduce your request rate");
        answer.request_id = Some("17C".to_owned());
        assert_eq!(
            answer.to_string(),
            "`SlowDown`, status 503, please reduce your request rate (request 17C)"
        );
        assert_eq!(Answer::new(502, "", "").to_string(), "status 502");
    }
}
