//! What all requests have in common, to whatever service: the connections, the address, and what it
//! means when there is no answer. [`crate::s3`] and the clients of other services stand on it.

use std::io;

use ureq::config::AutoHeaderValue;
use ureq::{Agent, Timeout};
use url::Url;

use crate::connect::Timeouts;
use crate::error::NetworkFailure;

/// Connections to one service, of which so many idle ones are kept. Nothing is followed, and no
/// status is an error.
#[must_use]
pub fn agent(timeouts: &Timeouts, connections: usize) -> Agent {
    Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        // The environment is the command line's business.
        .proxy(None)
        .user_agent(concat!("longshore/", env!("CARGO_PKG_VERSION")))
        .accept(AutoHeaderValue::None)
        .accept_encoding(AutoHeaderValue::None)
        .timeout_connect(Some(timeouts.connect))
        .timeout_per_read(Some(timeouts.silence))
        .timeout_per_write(Some(timeouts.silence))
        .max_idle_connections(connections)
        .max_idle_connections_per_host(connections)
        .build()
        .new_agent()
}

/// The address of a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// `http` or `https`.
    pub scheme: &'static str,
    /// The `Host` header: the host, with `:port` unless it is the scheme's own.
    pub host: String,
    /// The path all paths begin with, encoded and without a slash at its end.
    pub base: String,
}

impl Address {
    /// Reads an `http` or `https` address of a host, perhaps with a port and a path; `None` if it
    /// is something else, or more than that.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let url = Url::parse(text).ok()?;
        let bare = url.username().is_empty() && url.password().is_none();
        let plain = url.query().is_none() && url.fragment().is_none();
        (bare && plain).then_some(())?;
        let name = url.host_str()?;
        Some(Self {
            scheme: known_scheme(url.scheme())?,
            host: match url.port() {
                Some(port) => format!("{name}:{port}"),
                None => name.to_owned(),
            },
            base: url.path().trim_end_matches('/').to_owned(),
        })
    }
}

/// The scheme, if it is one of the two that are spoken.
#[must_use]
pub fn known_scheme(text: &str) -> Option<&'static str> {
    ["http", "https"].into_iter().find(|scheme| *scheme == text)
}

/// Why there is no answer.
#[derive(Debug)]
pub enum NoAnswer {
    /// The request or its answer did not get through.
    Network {
        /// In which way.
        failure: NetworkFailure,
        /// What the operating system or TLS said.
        source: io::Error,
    },
    /// What came is no HTTP.
    Protocol(String),
}

/// Sorts the HTTP library's errors by whether the request can have reached the service.
#[must_use]
pub fn no_answer(error: ureq::Error) -> NoAnswer {
    use ureq::Error as E;
    let failure = match &error {
        E::Protocol(_) | E::LargeResponseHeader(..) => {
            return NoAnswer::Protocol(error.to_string());
        }
        E::HostNotFound | E::ConnectionFailed | E::Timeout(Timeout::Resolve | Timeout::Connect) => {
            NetworkFailure::Unreachable
        }
        E::Timeout(_) => NetworkFailure::TimedOut,
        E::Tls(_) | E::Rustls(_) => NetworkFailure::Untrusted,
        E::Io(io) => NetworkFailure::while_reading(io),
        _ => NetworkFailure::Broken,
    };
    NoAnswer::Network {
        failure,
        source: error.into_io(),
    }
}
