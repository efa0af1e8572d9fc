//! The site that a browser sees, whose passkeys are asked for: the one that is told in the settings, or the address that the
//! browser has used.

use axum::http::{HeaderMap, header};
use passkey::{NoPasskeys, Site};
use url::Url;

use super::language::{Text, text};

/// Why there are no passkeys where somebody looks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum NoSite {
    /// Browsers have none for such an address.
    Refused(NoPasskeys),
    /// It is the host itself, by its address: by this URL browsers have some.
    ThisHost(String),
    /// The console has another address, and its passkeys are for that.
    Elsewhere(String),
}

impl NoSite {
    /// What whoever looks is told of it.
    pub(super) fn text(&self) -> Text {
        match self {
            Self::Refused(NoPasskeys::Insecure) => text("no-passkeys-insecure"),
            Self::Refused(NoPasskeys::Nameless) => text("no-passkeys-nameless"),
            Self::ThisHost(url) => text("no-passkeys-this-host").with("url", url),
            Self::Elsewhere(url) => text("no-passkeys-elsewhere").with("url", url),
        }
    }
}

/// The site of a request, at a console of which `told` is told that browsers see it so. What a proxy says counts for
/// nothing: where one stands before the console, that is told.
pub(super) fn of(headers: &HeaderMap, told: Option<&str>, is_secure: bool) -> Result<Site, NoSite> {
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    let scheme = if is_secure { "https" } else { "http" };
    let seen = format!("{scheme}://{}", host.unwrap_or_default());
    match told {
        Some(told) if authority(told).is_none() || authority(told) != authority(&seen) => {
            Err(NoSite::Elsewhere(told.to_owned()))
        }
        Some(told) => Site::of(told).map_err(NoSite::Refused),
        None => Site::of(&seen).map_err(|why| match this_host(&seen) {
            Some(url) => NoSite::ThisHost(url),
            None => NoSite::Refused(why),
        }),
    }
}

/// Host and port of a URL; none of what is no URL of a host alone.
fn authority(url: &str) -> Option<(String, u16)> {
    let url = Url::parse(url).ok()?;
    let is_bare = url.username().is_empty() && url.password().is_none();
    let port = url.port_or_known_default()?;
    let host = url.host_str()?.to_owned();
    is_bare.then_some((host, port))
}

/// By which name a browser may reach the console on its own host.
fn this_host(url: &str) -> Option<String> {
    let mut url = Url::parse(url).ok()?;
    let is_here = match url.host()? {
        url::Host::Ipv4(address) => address.is_loopback(),
        url::Host::Ipv6(address) => address.is_loopback(),
        url::Host::Domain(_) => false,
    };
    url.set_host(Some("localhost")).ok()?;
    is_here.then(|| url.origin().ascii_serialization())
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn seen(host: &'static str, told: Option<&str>, is_secure: bool) -> Result<String, NoSite> {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, HeaderValue::from_static(host));
        of(&headers, told, is_secure).map(|site| format!("{} at {}", site.name(), site.origin()))
    }

    #[test]
    fn the_site_is_the_one_that_the_browser_has_used() {
        let own = |text: &str| Ok(text.to_owned());
        let expected = own("localhost at http://localhost:4782");
        assert_eq!(seen("localhost:4782", None, false), expected);
        let expected = own("dock.example.org at https://dock.example.org:4782");
        assert_eq!(seen("dock.example.org:4782", None, true), expected);
        let insecure = Err(NoSite::Refused(NoPasskeys::Insecure));
        assert_eq!(seen("dock.example.org:4782", None, false), insecure);
        assert_eq!(seen("10.0.0.5:4782", None, false), insecure);
        let nameless = Err(NoSite::Refused(NoPasskeys::Nameless));
        assert_eq!(seen("10.0.0.5:4782", None, true), nameless);
        assert_eq!(seen("", None, true), nameless);
        assert_eq!(seen("dock.example.org@evil.example", None, true), nameless);
        for host in ["127.0.0.1:4782", "[::1]:4782"] {
            let local = Err(NoSite::ThisHost("http://localhost:4782".to_owned()));
            assert_eq!(seen(host, None, false), local);
        }
    }

    #[test]
    fn a_site_that_is_told_is_the_only_one() {
        let told = Some("https://console.example.org");
        let expected = "console.example.org at https://console.example.org".to_owned();
        // Its proxy may speak plain HTTP to the console.
        for (host, is_secure) in [
            ("console.example.org", true),
            ("console.example.org:443", true),
        ] {
            assert_eq!(seen(host, told, is_secure), Ok(expected.clone()), "{host}");
        }
        let elsewhere = Err(NoSite::Elsewhere("https://console.example.org".to_owned()));
        for host in [
            "localhost:4782",
            "10.0.0.5:4782",
            "evil.example",
            "console.example.org:8443",
            "",
        ] {
            assert_eq!(seen(host, told, true), elsewhere, "{host}");
        }
        let plain = Some("http://console.example.org");
        let insecure = Err(NoSite::Refused(NoPasskeys::Insecure));
        assert_eq!(seen("console.example.org", plain, false), insecure);
    }
}
