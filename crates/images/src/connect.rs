//! Where a service is, and with which key and how much patience to speak to it.

use awsquery::sign::Credentials;
use objects::connect::Timeouts;
use objects::http::{Address, Surroundings};

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
            surroundings: Surroundings::default(),
        }
    }

    /// The endpoint as an address.
    pub(crate) fn address(&self) -> Result<Address, InvalidEndpoint> {
        Address::parse(&self.endpoint).ok_or_else(|| InvalidEndpoint(self.endpoint.clone()))
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
            assert!(Address::parse(bad).is_none(), "{bad}");
        }
        let nested = Address::parse("https://h:8443/cloud/").unwrap();
        let origin = format!("{}://{}", nested.scheme, nested.host);
        assert_eq!(origin, "https://h:8443");
        assert_eq!((&*nested.host, &*nested.base), ("h:8443", "/cloud"));
        assert_eq!(Address::parse("http://h:80").unwrap().host, "h");
    }
}
