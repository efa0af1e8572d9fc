//! Where a service is, and with which key and how much patience to speak to it.

use awsquery::sign::Credentials;
use objects::connect::Timeouts;
use url::Url;

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
}

impl ServiceConfig {
    /// A configuration with the usual patience and 64 connections.
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
        }
    }
}

/// The address of a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Endpoint {
    /// Scheme, host, port.
    pub(crate) origin: String,
    /// The `Host` header.
    pub(crate) host: String,
    /// The path all paths begin with, encoded and without a slash at its end.
    pub(crate) base: String,
}

impl Endpoint {
    pub(crate) fn parse(text: &str) -> Result<Self, InvalidEndpoint> {
        let invalid = || InvalidEndpoint(text.to_owned());
        let url = Url::parse(text).map_err(|_| invalid())?;
        let bare = url.username().is_empty() && url.password().is_none();
        let plain = url.query().is_none() && url.fragment().is_none();
        if !bare || !plain || !matches!(url.scheme(), "http" | "https") {
            return Err(invalid());
        }
        let name = url.host_str().ok_or_else(invalid)?;
        let host = match url.port() {
            Some(port) => format!("{name}:{port}"),
            None => name.to_owned(),
        };
        Ok(Self {
            origin: format!("{}://{host}", url.scheme()),
            host,
            base: url.path().trim_end_matches('/').to_owned(),
        })
    }
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
            assert!(Endpoint::parse(bad).is_err(), "{bad}");
        }
        let nested = Endpoint::parse("https://h:8443/cloud/").unwrap();
        assert_eq!(nested.origin, "https://h:8443");
        assert_eq!((&*nested.host, &*nested.base), ("h:8443", "/cloud"));
        assert_eq!(Endpoint::parse("http://h:80").unwrap().host, "h");
    }
}
