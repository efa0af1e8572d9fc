//! The site whose passkeys they are: its name and the origin of its pages.

use sha2::{Digest as _, Sha256};
use url::{Host, Url};

/// A site that can have passkeys. Browsers give them to pages that came by TLS under a name, and to those of their own
/// host (sections 5.1 and 13.4.9).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    name: String,
    origin: String,
}

/// Why a site has no passkeys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoPasskeys {
    /// Its pages do not come by TLS.
    Insecure,
    /// It has an address and no name.
    Nameless,
}

impl Site {
    /// The site whose pages have this URL: a scheme, a host and perhaps a port.
    ///
    /// # Errors
    /// [`NoPasskeys`] if browsers give it none; also of what is no such URL.
    pub fn of(url: &str) -> Result<Self, NoPasskeys> {
        let url = Url::parse(url).map_err(|_| NoPasskeys::Nameless)?;
        let name = match url.host() {
            Some(Host::Domain(name)) => name,
            Some(Host::Ipv4(_) | Host::Ipv6(_)) | None => {
                return Err(match url.scheme() {
                    "https" => NoPasskeys::Nameless,
                    _ => NoPasskeys::Insecure,
                });
            }
        };
        let is_this_host = name == "localhost" || name.ends_with(".localhost");
        if url.scheme() != "https" && !(url.scheme() == "http" && is_this_host) {
            return Err(NoPasskeys::Insecure);
        }
        let is_bare = url.username().is_empty()
            && url.password().is_none()
            && url.path() == "/"
            && url.query().is_none()
            && url.fragment().is_none();
        if !is_bare {
            return Err(NoPasskeys::Nameless);
        }
        Ok(Self {
            name: name.to_owned(),
            origin: url.origin().ascii_serialization(),
        })
    }

    /// Its name, the *RP ID*: the host of its pages.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The origin of its pages, as browsers write it.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// What passkeys call it.
    pub(crate) fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.name.as_bytes()).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_site_has_tls_and_a_name_or_is_this_host() {
        for (url, name, origin) in [
            (
                "https://dock.example.org",
                "dock.example.org",
                "https://dock.example.org",
            ),
            (
                "https://dock.example.org:443/",
                "dock.example.org",
                "https://dock.example.org",
            ),
            (
                "https://Dock.Example.org:8443",
                "dock.example.org",
                "https://dock.example.org:8443",
            ),
            ("https://dock", "dock", "https://dock"),
            (
                "http://localhost:4782",
                "localhost",
                "http://localhost:4782",
            ),
            (
                "http://dock.localhost",
                "dock.localhost",
                "http://dock.localhost",
            ),
        ] {
            let site = Site::of(url).unwrap();
            assert_eq!((site.name(), site.origin()), (name, origin), "{url}");
        }
        for (url, why) in [
            ("http://dock.example.org", NoPasskeys::Insecure),
            ("http://127.0.0.1:4782", NoPasskeys::Insecure),
            ("http://notlocalhost", NoPasskeys::Insecure),
            ("https://192.0.2.7", NoPasskeys::Nameless),
            ("https://[2001:db8::1]:8443", NoPasskeys::Nameless),
            (
                "https://dock.example.org@evil.example",
                NoPasskeys::Nameless,
            ),
            ("https://dock.example.org/console", NoPasskeys::Nameless),
            ("dock.example.org", NoPasskeys::Nameless),
            ("", NoPasskeys::Nameless),
        ] {
            assert_eq!(Site::of(url), Err(why), "{url}");
        }
    }
}
