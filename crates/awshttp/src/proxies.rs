//! Which proxy leads to an address, if one does.
//!
//! The usual variables are read as curl reads them, and two things are firmer: what is on this host is
//! always spoken to directly, and `NO_PROXY` may have networks (`10.0.0.0/8`). A proxy that is set for
//! one store by name is used for it whatever its address.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

/// The word for no proxy at all.
pub const NONE: &str = "none";

/// A text that is not the address of a proxy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidProxy {
    /// No address. It is not repeated: there may be a password in it.
    #[error("is not an address like `http://proxy.example.org:3128`")]
    NoAddress,
    /// A proxy that speaks SOCKS.
    #[error(
        "is a SOCKS proxy: only `http://` and `https://` proxies that know CONNECT are spoken to"
    )]
    Socks,
}

/// A proxy, and who named it.
#[derive(Clone)]
pub struct NamedProxy {
    pub(super) proxy: ureq::Proxy,
    named_by: String,
}

impl NamedProxy {
    /// Reads the address of a proxy; `named_by` is the variable or setting that has it.
    ///
    /// # Errors
    /// [`InvalidProxy`].
    pub fn new(address: &str, named_by: &str) -> Result<Self, InvalidProxy> {
        let proxy = ureq::Proxy::new(address.trim()).map_err(|_| InvalidProxy::NoAddress)?;
        match proxy.protocol() {
            ureq::ProxyProtocol::Http | ureq::ProxyProtocol::Https if !proxy.host().is_empty() => {
                Ok(Self {
                    proxy,
                    named_by: named_by.to_owned(),
                })
            }
            ureq::ProxyProtocol::Http | ureq::ProxyProtocol::Https => Err(InvalidProxy::NoAddress),
            _ => Err(InvalidProxy::Socks),
        }
    }

    /// Whether the way to the proxy itself is TLS.
    pub(super) fn speaks_tls(&self) -> bool {
        self.proxy.protocol() == ureq::ProxyProtocol::Https
    }
}

/// Without user and password.
impl fmt::Display for NamedProxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.speaks_tls() { "https" } else { "http" };
        let (host, port) = (self.proxy.host(), self.proxy.port());
        write!(f, "`{scheme}://{host}:{port}` ({})", self.named_by)
    }
}

impl fmt::Debug for NamedProxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NamedProxy({self})")
    }
}

/// The proxies of a host, and what is reached without them.
#[derive(Debug, Clone, Default)]
pub struct Proxies {
    http: Option<NamedProxy>,
    https: Option<NamedProxy>,
    exempt: Arc<Exempt>,
}

impl Proxies {
    /// Reads `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY`, small or large. One that cannot be
    /// used is left out and told in the log.
    #[must_use]
    pub fn of_variables(variable: &dyn Fn(&str) -> Option<String>) -> Self {
        let find = |name: &str| {
            let names = [name.to_ascii_lowercase(), name.to_ascii_uppercase()];
            let mut found = names.into_iter().filter_map(|name| {
                let text = variable(&name).filter(|text| !text.trim().is_empty())?;
                Some((name, text))
            });
            found.next()
        };
        let proxy = |names: [&str; 2]| {
            let (name, text) = names.into_iter().find_map(find)?;
            NamedProxy::new(&text, &name)
                .inspect_err(|error| tracing::warn!(variable = name, %error, "proxy not used"))
                .ok()
        };
        let exempt = find("no_proxy").map(|(_, text)| Exempt::parse(&text));
        Self {
            http: proxy(["http_proxy", "all_proxy"]),
            https: proxy(["https_proxy", "all_proxy"]),
            exempt: Arc::new(exempt.unwrap_or_default()),
        }
    }

    /// The same exceptions, and one proxy for everything else; `None` for no proxy.
    #[must_use]
    pub fn replaced_by(&self, proxy: Option<NamedProxy>) -> Self {
        Self {
            http: proxy.clone(),
            https: proxy,
            exempt: Arc::clone(&self.exempt),
        }
    }

    /// The proxy for a host, which may have a port.
    #[must_use]
    pub fn of(&self, scheme: &str, host: &str) -> Option<&NamedProxy> {
        let own_port = if scheme == "https" { 443 } else { 80 };
        let (name, port) = split(host);
        if is_of_this_host(name) || self.exempt.has(name, port.unwrap_or(own_port)) {
            return None;
        }
        match scheme {
            "https" => self.https.as_ref(),
            _ => self.http.as_ref(),
        }
    }
}

/// Whether a host is this one, by the loopback address or the name for it.
#[must_use]
pub fn is_of_this_host(name: &str) -> bool {
    let (name, _) = split(name);
    match address(name) {
        Some(ip) => ip.is_loopback() || ip.is_unspecified(),
        None => {
            let name = name.trim_end_matches('.').to_ascii_lowercase();
            name == "localhost" || name.ends_with(".localhost")
        }
    }
}

/// `NO_PROXY`: hosts, domains and networks.
#[derive(Debug, Default)]
struct Exempt(Vec<Exemption>);

#[derive(Debug)]
enum Exemption {
    All,
    /// A name and all below it, perhaps at one port.
    Domain(String, Option<u16>),
    /// The addresses whose first bits are these.
    Network(IpAddr, u8, Option<u16>),
}

impl Exempt {
    fn parse(text: &str) -> Self {
        let entries = text.split([',', ' ', '\t', ';']).map(str::trim);
        let entries = entries.filter(|entry| !entry.is_empty());
        Self(entries.filter_map(Exemption::parse).collect())
    }

    fn has(&self, name: &str, port: u16) -> bool {
        self.0.iter().any(|exemption| exemption.has(name, port))
    }
}

impl Exemption {
    fn parse(entry: &str) -> Option<Self> {
        if entry == "*" {
            return Some(Self::All);
        }
        if let Some((network, bits)) = entry.split_once('/') {
            let ip = address(network)?;
            let bits: u8 = bits.parse().ok()?;
            return (bits <= width(ip)).then_some(Self::Network(ip, bits, None));
        }
        let (name, port) = split(entry);
        if let Some(ip) = address(name) {
            return Some(Self::Network(ip, width(ip), port));
        }
        let name = name.trim_start_matches('*').trim_matches('.');
        (!name.is_empty()).then(|| Self::Domain(name.to_ascii_lowercase(), port))
    }

    fn has(&self, name: &str, port: u16) -> bool {
        let at = |only: &Option<u16>| only.is_none_or(|only| only == port);
        match self {
            Self::All => true,
            Self::Domain(domain, only) => {
                let name = name.trim_end_matches('.').to_ascii_lowercase();
                let above = name.strip_suffix(domain.as_str());
                at(only) && above.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
            }
            Self::Network(network, bits, only) => {
                at(only) && address(name).is_some_and(|ip| begins_alike(ip, *network, *bits))
            }
        }
    }
}

/// The address a name stands for by itself; one of version 4 also in the form of version 6.
fn address(name: &str) -> Option<IpAddr> {
    let bare = name.trim_start_matches('[').trim_end_matches(']');
    let ip: IpAddr = bare.parse().ok()?;
    Some(ip.to_canonical())
}

fn width(ip: IpAddr) -> u8 {
    if ip.is_ipv4() { 32 } else { 128 }
}

fn begins_alike(a: IpAddr, b: IpAddr, bits: u8) -> bool {
    let number = |ip: IpAddr| match ip {
        IpAddr::V4(ip) => u128::from(ip.to_bits()) << 96,
        IpAddr::V6(ip) => Ipv6Addr::to_bits(ip),
    };
    let differing = number(a) ^ number(b);
    a.is_ipv4() == b.is_ipv4() && differing.leading_zeros() >= u32::from(bits)
}

/// A host without its port, and the port.
fn split(host: &str) -> (&str, Option<u16>) {
    match host.rsplit_once(':') {
        // More colons without brackets are an address of version 6.
        Some((name, port)) if !name.contains(':') || name.ends_with(']') => {
            match port.parse::<u16>() {
                Ok(port) => (name, Some(port)),
                Err(_) => (host, None),
            }
        }
        _ => (host, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxies(variables: &[(&str, &str)]) -> Proxies {
        Proxies::of_variables(&|name| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    const PROXY: &str = "http://user:secret@proxy.example:3128";

    #[test]
    fn what_is_on_this_host_is_spoken_to_directly_whatever_is_set() {
        for name in [
            "HTTP_PROXY",
            "http_proxy",
            "HTTPS_PROXY",
            "https_proxy",
            "ALL_PROXY",
            "all_proxy",
        ] {
            let proxies = proxies(&[(name, PROXY)]);
            for host in [
                "127.0.0.1:4780",
                "127.9.9.9",
                "localhost:80",
                "LOCALHOST",
                "dock.localhost",
                "[::1]:4780",
                "[::ffff:127.0.0.1]:1",
                "0.0.0.0:4780",
            ] {
                assert!(proxies.of("http", host).is_none(), "{name} {host}");
                assert!(proxies.of("https", host).is_none(), "{name} {host}");
            }
        }
    }

    #[test]
    fn each_scheme_has_its_proxy() {
        let told = |variables: &[(&str, &str)], scheme| {
            let proxies = proxies(variables);
            proxies.of(scheme, "s3.example").map(ToString::to_string)
        };
        let named = |by| Some(format!("`http://proxy.example:3128` ({by})"));
        assert_eq!(
            told(&[("HTTPS_PROXY", PROXY)], "https"),
            named("HTTPS_PROXY")
        );
        assert_eq!(told(&[("HTTPS_PROXY", PROXY)], "http"), None);
        assert_eq!(told(&[("http_proxy", PROXY)], "http"), named("http_proxy"));
        assert_eq!(told(&[("ALL_PROXY", PROXY)], "http"), named("ALL_PROXY"));
        assert_eq!(told(&[("ALL_PROXY", PROXY)], "https"), named("ALL_PROXY"));
        assert_eq!(told(&[("HTTPS_PROXY", " ")], "https"), None);
        assert_eq!(told(&[("HTTPS_PROXY", "socks5://x:1")], "https"), None);
        assert_eq!(told(&[], "https"), None);
    }

    #[test]
    fn exceptions_are_names_domains_addresses_and_networks() {
        let list = "one.example, .two.example *.three.example,10.0.0.0/8;192.168.7.1:9000,fd00::/8,four:81";
        let proxies = proxies(&[("ALL_PROXY", PROXY), ("NO_PROXY", list)]);
        let direct = |host| proxies.of("http", host).is_none();
        for host in [
            "one.example",
            "a.one.example:99",
            "two.example",
            "s3.TWO.example",
            "s3.three.example",
            "10.200.3.4:9000",
            "192.168.7.1:9000",
            "[fd12::1]:80",
            "four:81",
        ] {
            assert!(direct(host), "{host}");
        }
        for host in [
            "none.example",
            "notone.example",
            "11.0.0.1",
            "192.168.7.1",
            "192.168.7.2:9000",
            "[fe80::1]",
            "four",
        ] {
            assert!(!direct(host), "{host}");
        }
        let all = super::tests::proxies(&[("ALL_PROXY", PROXY), ("no_proxy", "*")]);
        assert!(all.of("https", "s3.example").is_none());
        let loopback = super::tests::proxies(&[("ALL_PROXY", PROXY), ("NO_PROXY", "127.0.0.0/8")]);
        assert!(loopback.of("http", "128.0.0.1").is_some());
    }

    #[test]
    fn a_proxy_is_shown_without_its_password() {
        let proxy = NamedProxy::new(PROXY, "proxy").unwrap();
        assert_eq!(
            format!("{proxy:?}"),
            "NamedProxy(`http://proxy.example:3128` (proxy))"
        );
        for bad in ["", "http://", "://x", "ftp://x:1"] {
            assert_eq!(
                NamedProxy::new(bad, "").unwrap_err(),
                InvalidProxy::NoAddress,
                "{bad}"
            );
        }
        assert_eq!(
            NamedProxy::new("socks5h://x:1", "").unwrap_err(),
            InvalidProxy::Socks
        );
        assert!(NamedProxy::new("proxy.example:3128", "").is_ok());
    }
}
