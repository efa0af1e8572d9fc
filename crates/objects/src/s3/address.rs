//! Where requests go: endpoint, bucket and key as host and path.
//!
//! Keys are percent-encoded once, byte by byte, and sent as they are: empty, `.` and `..` segments
//! name objects like any other, so nothing here or below may resolve them.

use awsquery::params::encode_path;
use model::ids::{BucketName, ObjectKey};
use ureq::http::Uri;

use crate::http::{Address, known_scheme};

/// Where a bucket's name goes in an address.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Addressing {
    /// `http://host/bucket/key`.
    #[default]
    Path,
    /// `http://bucket.host/key`.
    VirtualHost,
}

/// A text that is not the address of a store.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not the `http` or `https` address of a store")]
pub struct InvalidEndpoint(pub String);

/// The address of a store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Endpoint {
    scheme: &'static str,
    host: String,
    base: String,
    addressing: Addressing,
}

/// Where one request goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    /// `http` or `https`.
    pub(crate) scheme: &'static str,
    /// The `Host` header.
    pub(crate) host: String,
    /// The path, percent-encoded.
    pub(crate) path: String,
}

impl Endpoint {
    /// The scheme, and the host with its port.
    pub(crate) fn origin(&self) -> (&'static str, &str) {
        (self.scheme, &self.host)
    }

    pub(crate) fn parse(text: &str, addressing: Addressing) -> Result<Self, InvalidEndpoint> {
        let invalid = || InvalidEndpoint(text.to_owned());
        let Address { scheme, host, base } = Address::parse(text).ok_or_else(invalid)?;
        Ok(Self {
            scheme,
            host,
            base,
            addressing,
        })
    }

    /// The store itself, which knows its buckets.
    pub(crate) fn service(&self) -> Target {
        Target {
            scheme: self.scheme,
            host: self.host.clone(),
            path: format!("{}/", self.base),
        }
    }

    pub(crate) fn bucket(&self, bucket: &BucketName) -> Target {
        self.target(bucket, "")
    }

    pub(crate) fn object(&self, bucket: &BucketName, key: &ObjectKey) -> Target {
        self.target(bucket, &format!("/{}", encode_path(key.as_str())))
    }

    fn target(&self, bucket: &BucketName, rest: &str) -> Target {
        let base = &self.base;
        let (host, path) = match self.addressing {
            Addressing::Path => (self.host.clone(), format!("{base}/{bucket}{rest}")),
            Addressing::VirtualHost => {
                let rest = if rest.is_empty() { "/" } else { rest };
                (format!("{bucket}.{}", self.host), format!("{base}{rest}"))
            }
        };
        Target {
            scheme: self.scheme,
            host,
            path,
        }
    }
}

impl Target {
    /// The same path at the host a redirection names; `None` if it would leave TLS or names no host.
    pub(crate) fn moved(&self, location: &str) -> Option<Self> {
        // Not `Url`, which would resolve `..` in a key.
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

#[cfg(test)]
mod tests {
    use super::*;

    fn path_of(key: &str) -> String {
        let endpoint = Endpoint::parse("http://127.0.0.1:9000", Addressing::Path).unwrap();
        let bucket = BucketName::new("dock").unwrap();
        endpoint.object(&bucket, &ObjectKey::new(key).unwrap()).path
    }

    #[test]
    fn keys_are_encoded_once_and_never_resolved() {
        for (key, path) in [
            ("a/b", "/dock/a/b"),
            ("a+b c~d", "/dock/a%2Bb%20c~d"),
            ("é", "/dock/%C3%A9"),
            ("/a", "/dock//a"),
            ("a//b/", "/dock/a//b/"),
            ("a/../b/./c", "/dock/a/../b/./c"),
            ("100%", "/dock/100%25"),
            ("%41?x=1#y", "/dock/%2541%3Fx%3D1%23y"),
            ("\n\u{7f}", "/dock/%0A%7F"),
        ] {
            assert_eq!(path_of(key), path, "{key}");
        }
    }

    #[test]
    fn the_http_library_leaves_paths_alone() {
        let uri: Uri = "http://h/dock//a/../b/./c%2F".parse().unwrap();
        assert_eq!(uri.path(), "/dock//a/../b/./c%2F");
    }

    #[test]
    fn virtual_hosts_carry_the_bucket() {
        let endpoint = Endpoint::parse("https://s3.test/", Addressing::VirtualHost).unwrap();
        let bucket = BucketName::new("dock").unwrap();
        let target = endpoint.object(&bucket, &ObjectKey::new("k").unwrap());
        assert_eq!(
            (target.host.as_str(), target.path.as_str()),
            ("dock.s3.test", "/k")
        );
        assert_eq!(endpoint.bucket(&bucket).path, "/");
    }

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
            assert!(Endpoint::parse(bad, Addressing::Path).is_err(), "{bad}");
        }
        let nested = Endpoint::parse("https://h:8443/s3/", Addressing::Path).unwrap();
        let target = nested.bucket(&BucketName::new("dock").unwrap());
        assert_eq!(
            (target.host.as_str(), target.path.as_str()),
            ("h:8443", "/s3/dock")
        );
    }

    #[test]
    fn a_redirection_never_leaves_tls() {
        let endpoint = Endpoint::parse("https://h", Addressing::Path).unwrap();
        let target = endpoint.bucket(&BucketName::new("dock").unwrap());
        assert_eq!(target.moved("http://other/dock"), None);
        let moved = target.moved("https://other:81/dock/a/../b").unwrap();
        assert_eq!(
            (moved.host.as_str(), moved.path.as_str()),
            ("other:81", "/dock/a/../b")
        );
    }
}
