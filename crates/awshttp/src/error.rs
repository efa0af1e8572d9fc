//! How a request, or its answer, did not get through.
//!
//! What a service answers is no matter of this module: that is sorted by its client.

use std::io;

/// How the way to a service failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NetworkFailure {
    /// No connection came about, so nothing was sent.
    Unreachable,
    /// There was a connection, but the other side's certificate or protocol was not acceptable.
    Untrusted,
    /// The other side was silent for too long.
    TimedOut,
    /// The connection broke.
    Broken,
}

impl NetworkFailure {
    /// Sorts an error met while something is sent or received.
    #[must_use]
    pub fn while_reading(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => Self::TimedOut,
            // Before anything could be sent.
            io::ErrorKind::ConnectionRefused
            | io::ErrorKind::HostUnreachable
            | io::ErrorKind::NetworkUnreachable => Self::Unreachable,
            _ => Self::Broken,
        }
    }

    fn told_of(self, peer: &str) -> String {
        match self {
            Self::Unreachable => format!("could not reach {peer}"),
            Self::Untrusted => format!("could not trust {peer}"),
            Self::TimedOut => format!("{peer} was silent for too long"),
            Self::Broken => format!("the connection to {peer} broke"),
        }
    }
}

/// A request that brought no answer that can be understood.
#[derive(Debug, thiserror::Error)]
pub enum TransportError {
    /// The request or its answer did not get through.
    #[error("{}", failure.told_of(peer))]
    Network {
        /// What messages call the other side, such as `the store`.
        peer: &'static str,
        /// In which way.
        failure: NetworkFailure,
        /// What the operating system or TLS said.
        source: io::Error,
    },
    /// The answer came and could not be understood.
    #[error("could not understand {peer}'s answer of status {status}: {what}")]
    Protocol {
        /// What messages call the other side.
        peer: &'static str,
        /// HTTP status; 0 if what came is no HTTP.
        status: u16,
        /// What was wrong with it.
        what: String,
    },
    /// The request cannot be written as HTTP, and was not sent.
    #[error("{0}")]
    Unsendable(String),
}

impl TransportError {
    /// Sorts an error met while an answer of `peer` is read.
    #[must_use]
    pub fn while_reading(peer: &'static str, source: io::Error) -> Self {
        Self::Network {
            peer,
            failure: NetworkFailure::while_reading(&source),
            source,
        }
    }

    /// How the way to the service failed, if that is what happened.
    #[must_use]
    pub fn network(&self) -> Option<NetworkFailure> {
        match self {
            Self::Network { failure, .. } => Some(*failure),
            Self::Protocol { .. } | Self::Unsendable(_) => None,
        }
    }

    /// Tells whether the same call may succeed when made again.
    #[must_use]
    pub fn may_retry(&self) -> bool {
        match self {
            Self::Network { failure, .. } => *failure != NetworkFailure::Untrusted,
            Self::Protocol { .. } => true,
            Self::Unsendable(_) => false,
        }
    }

    /// Tells whether the call may have taken effect although it failed.
    #[must_use]
    pub fn might_have_happened(&self) -> bool {
        match self {
            Self::Network { failure, .. } => {
                matches!(failure, NetworkFailure::TimedOut | NetworkFailure::Broken)
            }
            Self::Protocol { .. } => true,
            Self::Unsendable(_) => false,
        }
    }

    /// The same as an error of the operating system, for callers that tell no more apart.
    #[must_use]
    pub fn into_io(self) -> io::Error {
        match self {
            Self::Network { source, .. } => source,
            Self::Protocol { what, .. } | Self::Unsendable(what) => io::Error::other(what),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broken_way_answers_both_questions() {
        for (failure, may_retry, doubt) in [
            (NetworkFailure::Unreachable, true, false),
            (NetworkFailure::Untrusted, false, false),
            (NetworkFailure::TimedOut, true, true),
            (NetworkFailure::Broken, true, true),
        ] {
            let error = TransportError::Network {
                peer: "the store",
                failure,
                source: io::ErrorKind::Other.into(),
            };
            assert_eq!(error.may_retry(), may_retry, "{error:?}");
            assert_eq!(error.might_have_happened(), doubt, "{error:?}");
            assert!(error.to_string().contains("the store"), "{error}");
        }
    }
}
