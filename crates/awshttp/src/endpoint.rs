//! Where a service is, and with which key and how long a wait to speak to it.

use std::time::Duration;

use awsproto::sign::Credentials;
use ureq::http::Uri;
use url::Url;

use crate::surroundings::Surroundings;

/// How long to wait for a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// For a connection, name resolution and TLS included.
    pub connect: Duration,
    /// The longest silence while sending, waiting for an answer or receiving. There is no limit on
    /// the whole: a part of 64 MiB over a thin line takes as long as it takes, while bytes flow.
    pub silence: Duration,
    /// The longest silence while the service puts a large thing together from its parts: minutes are
    /// documented for objects (S3 API reference, `CompleteMultipartUpload`).
    pub assembly: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            silence: Duration::from_secs(60),
            assembly: Duration::from_secs(600),
        }
    }
}

/// A text that is not the address of a service.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not the `http` or `https` address of a service")]
pub struct InvalidEndpoint(pub String);

/// What it takes to speak to a service.
#[derive(Debug, Clone)]
pub struct ServiceConfig {
    /// `http://` or `https://`, host, perhaps a port and a path.
    pub endpoint: String,
    /// The region to sign for, such as `us-east-1`.
    pub region: String,
    /// The access key to sign with.
    pub credentials: Credentials,
    /// How long to wait.
    pub timeouts: Timeouts,
    /// How many idle connections to keep: as many as there are threads that send.
    pub connections: usize,
    /// What stands between this host and the service.
    pub surroundings: Surroundings,
}

impl ServiceConfig {
    /// A configuration with the usual timeouts and 64 connections.
    #[must_use]
    pub fn new(
        endpoint: impl Into<String>,
        region: impl Into<String>,
        credentials: Credentials,
    ) -> Self {
        Self {
            endpoint: endpoint.into(),
            region: region.into(),
            credentials,
            timeouts: Timeouts::default(),
            connections: 64,
            surroundings: Surroundings::default(),
        }
    }
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
    /// Reads an `http` or `https` address of a host, perhaps with a port and a path.
    ///
    /// # Errors
    /// [`InvalidEndpoint`] if it is something else, or more than that.
    pub fn parse(text: &str) -> Result<Self, InvalidEndpoint> {
        Self::read(text).ok_or_else(|| InvalidEndpoint(text.to_owned()))
    }

    fn read(text: &str) -> Option<Self> {
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

    /// Where a request for `path`, encoded and with its leading slash, goes.
    #[must_use]
    pub fn target(&self, path: &str) -> Target {
        Target {
            scheme: self.scheme,
            host: self.host.clone(),
            path: format!("{}{path}", self.base),
        }
    }
}

/// Where one request goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// `http` or `https`.
    pub scheme: &'static str,
    /// The `Host` header.
    pub host: String,
    /// The path, percent-encoded.
    pub path: String,
}

impl Target {
    /// The same path at the host a redirection names; `None` if it would leave TLS or names no host.
    #[must_use]
    pub fn moved(&self, location: &str) -> Option<Self> {
        // Not `Url`, which would resolve `..` in a path.
        let uri: Uri = location.parse().ok()?;
        let scheme = known_scheme(uri.scheme_str()?)?;
        if self.scheme == "https" && scheme == "http" {
            return None;
        }
        Some(Self {
            scheme,
            host: uri.authority()?.as_str().to_owned(),
            path: uri.path().to_owned(),
        })
    }
}

/// The scheme, if it is one of the two that are spoken.
fn known_scheme(text: &str) -> Option<&'static str> {
    ["http", "https"].into_iter().find(|scheme| *scheme == text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_web_addresses_are_endpoints() {
        for bad in [
            "",
            "host:80",
            "ftp://h",
            "http://u:p@h/",
            "http://h/?x",
            "http://",
        ] {
            assert!(Address::parse(bad).is_err(), "{bad}");
        }
        let nested = Address::parse("https://h:8443/cloud/").unwrap();
        let origin = format!("{}://{}", nested.scheme, nested.host);
        assert_eq!(origin, "https://h:8443");
        assert_eq!((&*nested.host, &*nested.base), ("h:8443", "/cloud"));
        assert_eq!(nested.target("/a/../b").path, "/cloud/a/../b");
        assert_eq!(Address::parse("http://h:80").unwrap().host, "h");
    }

    #[test]
    fn a_redirection_never_leaves_tls() {
        let target = Address::parse("https://h").unwrap().target("/dock");
        assert_eq!(target.moved("http://other/dock"), None);
        let moved = target.moved("https://other:81/dock/a/../b").unwrap();
        assert_eq!(
            (moved.host.as_str(), moved.path.as_str()),
            ("other:81", "/dock/a/../b")
        );
    }

    #[test]
    fn the_http_library_leaves_paths_alone() {
        let uri: Uri = "http://h/dock//a/../b/./c%2F".parse().unwrap();
        assert_eq!(uri.path(), "/dock//a/../b/./c%2F");
    }
}
