//! Where requests go: endpoint, bucket and key as host and path.
//!
//! Keys are percent-encoded once, byte by byte, and sent as they are: empty, `.` and `..` segments
//! name objects like any other, so nothing here or below may resolve them.

use awshttp::endpoint::{Address, Target};
use awsproto::params::encode_path;
use model::ids::{BucketName, ObjectKey};

/// Where a bucket's name goes in an address.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Addressing {
    /// `http://host/bucket/key`.
    #[default]
    Path,
    /// `http://bucket.host/key`.
    VirtualHost,
}

impl Addressing {
    /// By paths, or else by hosts.
    #[must_use]
    pub fn of(path_style: bool) -> Self {
        if path_style {
            Self::Path
        } else {
            Self::VirtualHost
        }
    }
}

/// The address of a store, and where its buckets are there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Endpoint<'a> {
    address: &'a Address,
    addressing: Addressing,
}

impl<'a> Endpoint<'a> {
    pub(crate) fn new(address: &'a Address, addressing: Addressing) -> Self {
        Self {
            address,
            addressing,
        }
    }

    /// The store itself, which knows its buckets.
    pub(crate) fn service(&self) -> Target {
        self.address.target("/")
    }

    pub(crate) fn bucket(&self, bucket: &BucketName) -> Target {
        self.target(bucket, "")
    }

    pub(crate) fn object(&self, bucket: &BucketName, key: &ObjectKey) -> Target {
        self.target(bucket, &format!("/{}", encode_path(key.as_str())))
    }

    fn target(&self, bucket: &BucketName, rest: &str) -> Target {
        match self.addressing {
            Addressing::Path => self.address.target(&format!("/{bucket}{rest}")),
            Addressing::VirtualHost => {
                let rest = if rest.is_empty() { "/" } else { rest };
                let Target { scheme, host, path } = self.address.target(rest);
                let host = format!("{bucket}.{host}");
                Target { scheme, host, path }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path_of(key: &str) -> String {
        let address = Address::parse("http://127.0.0.1:9000").unwrap();
        let endpoint = Endpoint::new(&address, Addressing::Path);
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
    fn virtual_hosts_carry_the_bucket() {
        let address = Address::parse("https://s3.test/").unwrap();
        let endpoint = Endpoint::new(&address, Addressing::VirtualHost);
        let bucket = BucketName::new("dock").unwrap();
        let target = endpoint.object(&bucket, &ObjectKey::new("k").unwrap());
        assert_eq!(
            (target.host.as_str(), target.path.as_str()),
            ("dock.s3.test", "/k")
        );
        assert_eq!(endpoint.bucket(&bucket).path, "/");
    }

    #[test]
    fn buckets_are_below_the_path_of_the_store() {
        let nested = Address::parse("https://h:8443/s3/").unwrap();
        let endpoint = Endpoint::new(&nested, Addressing::Path);
        let target = endpoint.bucket(&BucketName::new("dock").unwrap());
        assert_eq!(
            (target.host.as_str(), target.path.as_str()),
            ("h:8443", "/s3/dock")
        );
        assert_eq!(endpoint.service().path, "/s3/");
    }
}
