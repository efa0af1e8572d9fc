//! A request to a webhook: where it may go, and what comes of it.
//!
//! The name of a host is looked up by our own resolver for each request, and the addresses that come out are those that are
//! dialled: what answers otherwise a moment later finds nobody. If one of them is forbidden the request is not made.
//! Redirections are not followed, no proxy stands between, and of an answer little is read and nothing kept.

use std::io::Read as _;
use std::net::IpAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use awshttp::trust::Trust;
use ureq::Agent;
use ureq::config::{AutoHeaderValue, Config};
use ureq::http::Uri;
use ureq::tls::TlsConfig;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{DefaultConnector, NextTimeout};
use url::Url;

use super::addresses::Allowed;
use super::schedule::Pace;
use crate::config::{Unencrypted, WebhooksConfig};

/// How long a receiver may take to say that it has a notice.
const ANSWER: Duration = Duration::from_secs(20);

/// Most bytes that are read of an answer.
const ANSWER_BYTES: u64 = 4 << 10;

/// Most bytes of the head of an answer.
const HEAD_BYTES: usize = 16 << 10;

/// Longest address of a webhook.
const URL_BYTES: usize = 2_048;

/// What came of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reached {
    /// The receiver has it.
    Taken(u16),
    /// It may be tried again. In words without an address.
    Not(String, Pace),
    /// The receiver wants no other.
    Gone,
}

/// A request that is to be made.
#[derive(Debug)]
pub(crate) struct Request<'a> {
    /// Where to.
    pub(crate) url: &'a str,
    /// Names and values of headers.
    pub(crate) headers: Vec<(&'static str, String)>,
    /// What is sent, to the byte.
    pub(crate) body: &'a str,
}

/// Makes requests.
#[derive(Debug)]
pub(crate) struct WebhookRoute {
    allowed: Allowed,
    http: Unencrypted,
    trust: Trust,
    patience: Duration,
    resolver: Names,
    agent: OnceLock<Agent>,
}

/// Who looks names up.
type Names = Arc<dyn Resolver>;

impl WebhookRoute {
    /// The way to webhooks. Nothing is read or sent before the first request.
    pub(crate) fn new(config: &WebhooksConfig, trust: &Trust) -> Self {
        Self::with(config, trust, ANSWER, DefaultResolver::default())
    }

    /// The same with another patience, and names that are looked up elsewhere.
    fn with(
        config: &WebhooksConfig,
        trust: &Trust,
        patience: Duration,
        resolver: impl Resolver,
    ) -> Self {
        Self {
            allowed: Allowed {
                networks: config.allow.clone(),
                ports: config.ports.clone(),
            },
            http: config.http,
            trust: trust.clone(),
            patience,
            resolver: Arc::new(resolver),
            agent: OnceLock::new(),
        }
    }

    fn agent(&self) -> Agent {
        let guard = Guard {
            allowed: self.allowed.clone(),
            inner: Arc::clone(&self.resolver),
        };
        let settings = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .proxy(None)
            .timeout_global(Some(self.patience))
            .max_response_header_size(HEAD_BYTES)
            .max_idle_connections(0)
            .max_idle_connections_per_host(0)
            .accept(AutoHeaderValue::None)
            .accept_encoding(AutoHeaderValue::None)
            .user_agent(concat!("longshore/", env!("CARGO_PKG_VERSION")))
            .tls_config(TlsConfig::builder().root_certs(self.trust.roots()).build())
            .build();
        Agent::with_parts(settings, DefaultConnector::default(), guard)
    }

    /// Checks the address of a webhook, as far as that can be done without asking anybody.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn check(&self, text: &str) -> Result<Url, &'static str> {
        check(&self.allowed, self.http, text)
    }

    /// Makes a request. Blocks, for some twenty seconds at most.
    pub(crate) fn send(&self, request: &Request<'_>) -> Reached {
        if let Err(why) = self.check(request.url) {
            return Reached::Not(format!("its address {why}"), Pace::Usual);
        }
        let mut built = self.agent.get_or_init(|| self.agent()).post(request.url);
        for (name, value) in &request.headers {
            built = built.header(*name, value);
        }
        match built.send(request.body.as_bytes()) {
            Ok(response) => sorted(response),
            Err(error) => Reached::Not(told(&error), Pace::Usual),
        }
    }
}

/// Checks the address of a webhook, as far as that can be done without asking anybody.
///
/// # Errors
/// What is wrong with it.
pub(crate) fn check(allowed: &Allowed, http: Unencrypted, text: &str) -> Result<Url, &'static str> {
    if text.len() > URL_BYTES {
        return Err("is longer than 2048 bytes");
    }
    let url = Url::parse(text).map_err(|_| "is not a URL")?;
    match (url.scheme(), http) {
        ("https", _) | ("http", Unencrypted::Allowed) => {}
        ("http", Unencrypted::Refused) => return Err("is not https://"),
        _ => return Err("is not https://"),
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("has a user name or a password in it");
    }
    if url.fragment().is_some() {
        return Err("has a fragment in it");
    }
    let port = url.port_or_known_default().ok_or("has no port")?;
    if !allowed.ports.contains(&port) {
        return Err("has a port that is not among `ports` of `[webhooks]`");
    }
    // Names are looked up when a request is made, and again each time.
    let literal: Option<IpAddr> = match url.host() {
        Some(url::Host::Ipv4(address)) => Some(address.into()),
        Some(url::Host::Ipv6(address)) => Some(address.into()),
        Some(url::Host::Domain(_)) => None,
        None => return Err("has no host"),
    };
    match literal {
        Some(ip) if !allowed.permits((ip, port).into()) => {
            Err("is not of the public network, nor among `allow` of `[webhooks]`")
        }
        _ => Ok(url),
    }
}

/// Looks names up, and lets nothing through that is forbidden.
#[derive(Debug)]
struct Guard {
    allowed: Allowed,
    inner: Names,
}

/// That an address is forbidden, as the client passes it on.
#[derive(Debug, thiserror::Error)]
#[error("its host has an address that is not of the public network")]
struct ForbiddenAddress;

impl Resolver for Guard {
    fn resolve(
        &self,
        uri: &Uri,
        config: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let found = self.inner.resolve(uri, config, timeout)?;
        if found.iter().all(|address| self.allowed.permits(*address)) {
            return Ok(found);
        }
        Err(ureq::Error::Other(Box::new(ForbiddenAddress)))
    }
}

fn sorted(mut response: ureq::http::Response<ureq::Body>) -> Reached {
    let status = response.status().as_u16();
    let after = response.headers().get("retry-after");
    let after = after.and_then(|value| value.to_str().ok()?.trim().parse().ok());
    // What it says beside is nobody's business; a polite client lets it say some of it.
    let mut said = Vec::new();
    let _ = response
        .body_mut()
        .as_reader()
        .take(ANSWER_BYTES)
        .read_to_end(&mut said);
    match status {
        200..=299 => Reached::Taken(status),
        410 => Reached::Gone,
        429 | 502..=504 => Reached::Not(format!("answered {status}"), Pace::Slower(after)),
        _ => Reached::Not(format!("answered {status}"), Pace::Usual),
    }
}

/// What stood in the way, for an account: without the address.
fn told(error: &ureq::Error) -> String {
    use ureq::Error as E;
    let words = match error {
        E::HostNotFound => "the name of its host is not known",
        E::Timeout(_) => "did not answer within 20 seconds",
        E::ConnectionFailed => "no connection",
        E::Tls(_) | E::Rustls(_) => "its certificate is not acceptable",
        E::Protocol(_) | E::LargeResponseHeader(..) => "does not answer as HTTP does",
        E::Other(other) if other.is::<ForbiddenAddress>() => {
            return other.to_string();
        }
        E::Io(error) => return of_io(error).to_owned(),
        _ => "the request could not be made",
    };
    words.to_owned()
}

fn of_io(error: &std::io::Error) -> &'static str {
    use std::io::ErrorKind;
    let is_tls = error
        .get_ref()
        .is_some_and(|inner| inner.is::<rustls::Error>());
    match error.kind() {
        _ if is_tls => "its certificate is not acceptable",
        ErrorKind::ConnectionRefused => "refused the connection",
        ErrorKind::TimedOut => "did not answer within 20 seconds",
        ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted | ErrorKind::UnexpectedEof => {
            "broke the connection"
        }
        _ => "no connection, or its name is not known",
    }
}

#[cfg(test)]
pub(crate) mod tests;
