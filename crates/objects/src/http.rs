//! What all requests have in common, to whatever service: the way there, the connections, the clock,
//! and what it means when there is no answer. [`crate::s3`] and the clients of other services stand
//! on it.

pub mod proxies;
mod signing_clock;
pub mod trust;

use std::fmt;
use std::io;

use rustls::{AlertDescription, CertificateError, InvalidMessage};
use ureq::config::{AutoHeaderValue, ConfigBuilder};
use ureq::tls::TlsConfig;
use ureq::typestate::AgentScope;
use ureq::{Agent, Timeout};
use url::Url;

use self::proxies::{NamedProxy, Proxies};
use self::trust::Trust;
use crate::connect::Timeouts;
use crate::error::NetworkFailure;

pub use signing_clock::SigningClock;

/// What stands between this host and others: proxies, and whom to trust. By default there are no
/// proxies, and the built-in authorities are trusted.
#[derive(Debug, Clone, Default)]
pub struct Surroundings {
    /// The proxies of this host.
    pub proxies: Proxies,
    /// The authorities of this host.
    pub trust: Trust,
    /// The proxy that is set for this one service, whatever its address.
    pub own_proxy: Option<NamedProxy>,
}

impl Surroundings {
    /// What the variables of a process say, and what the host has.
    #[must_use]
    pub fn of_variables(variable: &dyn Fn(&str) -> Option<String>) -> Self {
        Self {
            proxies: Proxies::of_variables(variable),
            trust: Trust::of_system(variable),
            own_proxy: None,
        }
    }

    /// The same for one service that has a proxy of its own, or `none`, and certificates of authorities of
    /// its own, in the form of PEM. What cannot be used is told in the log.
    #[must_use]
    pub fn of_service(&self, proxy: Option<&str>, certificates: Option<&str>) -> Self {
        let mut own = self.clone();
        match proxy {
            Some(proxies::NONE) => own.proxies = Proxies::default(),
            Some(address) => match NamedProxy::new(address, "`proxy` in the settings") {
                Ok(named) => own.own_proxy = Some(named),
                Err(error) => tracing::warn!(%error, "proxy not used"),
            },
            None => {}
        }
        if let Some(pem) = certificates {
            own.trust = own.trust.and_checked("`ca_file` in the settings", pem);
        }
        own
    }

    /// The way to the host of an address.
    #[must_use]
    pub fn route(&self, scheme: &str, host: &str) -> Route {
        let proxy = self.own_proxy.clone();
        let proxy = proxy.or_else(|| self.proxies.of(scheme, host).cloned());
        let needs_tls = scheme == "https" || proxy.as_ref().is_some_and(NamedProxy::speaks_tls);
        let tls = needs_tls.then(|| TlsConfig::builder().root_certs(self.trust.roots()).build());
        Route {
            address: format!("{scheme}://{host}"),
            proxy,
            tls,
        }
    }
}

/// The way to one address: through which proxy, and trusting whom.
#[derive(Debug, Clone)]
pub struct Route {
    address: String,
    proxy: Option<NamedProxy>,
    tls: Option<TlsConfig>,
}

impl Route {
    /// Settings of connections that go this way. No status is an error, and nothing is followed: what
    /// was signed for one host is nothing for another.
    #[must_use]
    pub fn config(&self) -> ConfigBuilder<AgentScope> {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .proxy(self.proxy.as_ref().map(|named| named.proxy.clone()))
            .user_agent(concat!("longshore/", env!("CARGO_PKG_VERSION")));
        match &self.tls {
            Some(tls) => config.tls_config(tls.clone()),
            None => config,
        }
    }

    /// Connections of which so many idle ones are kept.
    #[must_use]
    pub fn agent(&self, timeouts: &Timeouts, connections: usize) -> Agent {
        self.config()
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

    /// Sorts the HTTP library's errors by whether the request can have reached the service, and says
    /// what stands in the way: a proxy, a certificate, another protocol.
    #[must_use]
    pub fn no_answer(&self, error: ureq::Error) -> NoAnswer {
        use ureq::Error as E;
        let failure = match &error {
            E::Protocol(_) | E::LargeResponseHeader(..) => {
                return NoAnswer::Protocol(self.no_http(&error));
            }
            E::HostNotFound
            | E::ConnectionFailed
            | E::ConnectProxyFailed(_)
            | E::Timeout(Timeout::Resolve | Timeout::Connect) => NetworkFailure::Unreachable,
            E::Timeout(_) => NetworkFailure::TimedOut,
            E::Tls(_) => NetworkFailure::Untrusted,
            E::Rustls(tls) => sorted_tls(tls),
            E::Io(io) => match tls_within(io) {
                Some(tls) => sorted_tls(tls),
                None => NetworkFailure::while_reading(io),
            },
            _ => NetworkFailure::Broken,
        };
        NoAnswer::Network {
            failure,
            source: self.told(error),
        }
    }

    /// A text of what was met on the way, with the proxy and the certificate named.
    fn told(&self, error: ureq::Error) -> io::Error {
        let tls = match &error {
            ureq::Error::Rustls(tls) => Some(tls),
            ureq::Error::Io(io) => tls_within(io),
            _ => None,
        };
        let what = tls.map(|tls| self.tls_words(tls));
        if what.is_none() && self.proxy.is_none() {
            return error.into_io();
        }
        let source = error.into_io();
        let (kind, what) = (source.kind(), what.unwrap_or_else(|| source.to_string()));
        let proxy = self.proxy.as_ref();
        let through = proxy.map(|proxy| format!("through the proxy {proxy}: "));
        let text = format!("{}{what}", through.unwrap_or_default());
        io::Error::new(kind, OnTheWay(text))
    }

    fn tls_words(&self, tls: &rustls::Error) -> String {
        let address = &self.address;
        match tls {
            rustls::Error::InvalidCertificate(
                CertificateError::UnknownIssuer | CertificateError::BadSignature,
            ) => format!(
                "the certificate of `{address}` is not signed by an authority that is trusted here; \
                 name the authority's certificate with `ca_file` in the settings or with SSL_CERT_FILE"
            ),
            rustls::Error::InvalidCertificate(
                CertificateError::Expired
                | CertificateError::ExpiredContext { .. }
                | CertificateError::NotValidYet
                | CertificateError::NotValidYetContext { .. },
            ) => format!(
                "the certificate of `{address}` is not valid at this time ({tls}); look at its dates and \
                 at this host's clock"
            ),
            rustls::Error::InvalidCertificate(_) => {
                format!("the certificate of `{address}` is not acceptable: {tls}")
            }
            rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType) => {
                format!("`{address}` does not speak TLS; is it an http:// address?")
            }
            other => format!("`{address}`: {other}"),
        }
    }

    fn no_http(&self, error: &ureq::Error) -> String {
        match self.address.strip_prefix("http://") {
            Some(host) => format!("{error}; is `{host}` an https:// address?"),
            None => error.to_string(),
        }
    }
}

/// What was met on the way, in words that name it.
#[derive(Debug)]
struct OnTheWay(String);

impl fmt::Display for OnTheWay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The text has what the source says: a chain that is printed would say it twice.
impl std::error::Error for OnTheWay {}

fn tls_within(error: &io::Error) -> Option<&rustls::Error> {
    error.get_ref()?.downcast_ref::<rustls::Error>()
}

/// Whether trying again may help: not against a certificate, a protocol or a policy.
fn sorted_tls(error: &rustls::Error) -> NetworkFailure {
    match error {
        rustls::Error::InvalidCertificate(_)
        | rustls::Error::NoCertificatesPresented
        | rustls::Error::UnsupportedNameType
        | rustls::Error::PeerIncompatible(_)
        | rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType)
        | rustls::Error::AlertReceived(
            AlertDescription::HandshakeFailure
            | AlertDescription::ProtocolVersion
            | AlertDescription::UnknownCA
            | AlertDescription::BadCertificate
            | AlertDescription::CertificateRequired
            | AlertDescription::UnrecognisedName
            | AlertDescription::AccessDenied,
        ) => NetworkFailure::Untrusted,
        _ => NetworkFailure::Broken,
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
