//! The way to one address: the connections, and what it means when there is no answer.

use std::fmt;
use std::io;

use rustls::{AlertDescription, CertificateError, InvalidMessage};
use ureq::config::{AutoHeaderValue, ConfigBuilder};
use ureq::tls::TlsConfig;
use ureq::typestate::AgentScope;
use ureq::{Agent, Timeout};

use crate::endpoint::Timeouts;
use crate::error::{NetworkFailure, TransportError};
use crate::proxies::NamedProxy;

/// The way to one address: through which proxy, and trusting whom.
#[derive(Debug, Clone)]
pub struct Route {
    address: String,
    proxy: Option<NamedProxy>,
    tls: Option<TlsConfig>,
}

impl Route {
    pub(crate) fn new(address: String, proxy: Option<NamedProxy>, tls: Option<TlsConfig>) -> Self {
        Self {
            address,
            proxy,
            tls,
        }
    }

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

    /// Sorts the HTTP library's errors by whether the request can have reached `peer`, and says
    /// what stands in the way: a proxy, a certificate, another protocol.
    #[must_use]
    pub fn no_answer(&self, peer: &'static str, error: ureq::Error) -> TransportError {
        use ureq::Error as E;
        let failure = match &error {
            E::Protocol(_) | E::LargeResponseHeader(..) => {
                return TransportError::Protocol {
                    peer,
                    status: 0,
                    what: self.no_http(&error),
                };
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
        TransportError::Network {
            peer,
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
