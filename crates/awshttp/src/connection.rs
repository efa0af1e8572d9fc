//! The connections to one service: signing, sending, waiting for an answer.
//!
//! Retries live above ([`crate::retry`]). Repeated here is only what is no failure yet: a request whose time the
//! service finds wrong, which is signed again by the service's clock; and one with a body that the service does not
//! want to be asked for. No redirection is followed: what was signed for one host is nothing for another.

use std::fmt;
use std::marker::PhantomData;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use awsproto::claims::AccessKeyId;
use awsproto::secret::SessionToken;
use awsproto::sign::{Credentials, Payload, S3Request};
use awsproto::sigv4::{KeyOfTheDay, SigningKey};
use time::OffsetDateTime;
use ureq::Agent;
use ureq::http::{self, HeaderValue, StatusCode};

use crate::endpoint::{Address, InvalidEndpoint, ServiceConfig, Target, Timeouts};
use crate::error::TransportError;
use crate::limits::{POLITE_BYTES, SIGNED_AGAIN};
use crate::reply::Reply;
use crate::request::{Request, Wait};
use crate::retry::CallError;
use crate::route::Route;
use crate::signing_clock::SigningClock;

/// Signs a request, and gives the headers to add: [`awsproto::sign::s3`] or [`awsproto::sign::rest`].
pub type Sign = fn(
    &AccessKeyId,
    Option<&SessionToken>,
    &SigningKey,
    &S3Request<'_>,
    OffsetDateTime,
) -> Vec<(&'static str, String)>;

/// What one service has of its own, beside its paths and bodies.
///
/// # Contract
/// `code` and `refusal` look at answers that are no success; `document` is the body, empty where it could not be
/// read. Proxies send documents of another form, or none.
pub trait Dialect: Sized {
    /// What its calls fail with.
    type Error: CallError + From<TransportError>;

    /// Its name in the scope of a signature.
    const SIGNING_NAME: &'static str;

    /// How it wants requests signed.
    const SIGN: Sign;

    /// What every request says.
    const HEADERS: &'static [(&'static str, &'static str)];

    /// Whether a header is covered by the signature. Proxies may rewrite others.
    fn is_signed(header: &str) -> bool;

    /// The code of a refusal, without decoration.
    fn code(reply: &Reply<Self>, document: &[u8]) -> Option<String>;

    /// What a refusal stands for.
    fn refusal(reply: &Reply<Self>, document: &[u8]) -> Self::Error;
}

/// The connections to one service, and what is needed to sign for it.
pub struct Connection<D> {
    agent: Agent,
    route: Route,
    clock: SigningClock,
    address: Address,
    region: String,
    signer: RwLock<Arc<Signer>>,
    timeouts: Timeouts,
    /// Whether the service has refused to be asked before a body is sent.
    hates_to_be_asked: AtomicBool,
    dialect: PhantomData<fn() -> D>,
}

/// Whose signature requests have.
struct Signer {
    access_key_id: AccessKeyId,
    session_token: Option<SessionToken>,
    key: KeyOfTheDay,
}

impl Signer {
    fn of(credentials: &Credentials, region: &str, service: &str) -> Self {
        let now = OffsetDateTime::now_utc();
        Self {
            access_key_id: credentials.access_key_id.clone(),
            session_token: credentials.session_token.clone(),
            key: KeyOfTheDay::new(&credentials.secret, region, service, now),
        }
    }
}

impl<D> fmt::Debug for Connection<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection")
            .field("address", &self.address)
            .field("region", &self.region)
            .finish_non_exhaustive()
    }
}

impl<D: Dialect> Connection<D> {
    /// Prepares to speak to a service. Nothing is sent before the first request.
    ///
    /// # Errors
    /// [`InvalidEndpoint`] if the endpoint is not an `http` or `https` address.
    pub fn new(config: &ServiceConfig) -> Result<Self, InvalidEndpoint> {
        let address = Address::parse(&config.endpoint)?;
        let route = config.surroundings.route(address.scheme, &address.host);
        let region = &config.region;
        let signer = Signer::of(&config.credentials, region, D::SIGNING_NAME);
        Ok(Self {
            agent: route.agent(&config.timeouts, config.connections),
            route,
            clock: SigningClock::default(),
            address,
            region: region.clone(),
            signer: RwLock::new(Arc::new(signer)),
            timeouts: config.timeouts,
            hates_to_be_asked: AtomicBool::new(false),
            dialect: PhantomData,
        })
    }

    /// Has requests signed with another key from now on. Those on their way keep the one they have.
    pub fn sign_with(&self, credentials: &Credentials) {
        let signer = Signer::of(credentials, &self.region, D::SIGNING_NAME);
        *self.signer.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(signer);
    }

    fn signer(&self) -> Arc<Signer> {
        let signer = self.signer.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&signer)
    }

    /// Where the service is.
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// The region that is signed for.
    pub fn region(&self) -> &str {
        &self.region
    }

    /// Sends `request` and waits for the head of the answer, whatever its status.
    ///
    /// # Errors
    /// [`TransportError`], as the service's client has it, if no answer came.
    pub fn ask(&self, request: &Request<'_>) -> Result<Reply<D>, D::Error> {
        for _ in 0..SIGNED_AGAIN {
            let mut reply = self.send(request)?;
            if !self.is_about_time(&mut reply) {
                return Ok(reply);
            }
            let name = format!("{} at `{}`", D::Error::PEER, request.target.host);
            self.clock.correct(reply.header("date"), &name);
        }
        Ok(self.send(request)?)
    }

    /// Whether a refusal is about the time of the signature (*Common errors* of AWS's services). Where the answer
    /// does not tell, as that to a `HEAD`, a `Date` far from the time we signed with does.
    fn is_about_time(&self, reply: &mut Reply<D>) -> bool {
        let Some(code) = reply.code_of_denial() else {
            return false;
        };
        match &*code {
            "RequestTimeTooSkewed" | "RequestExpired" => true,
            // Some say nothing but this of a signature that is not of their time, or say in words:
            // `Signature expired: 20110101T… is now earlier than 20110101T…`
            "" | "AccessDenied" => self.clock.differs_from(reply.header("date")),
            code if code.contains("Signature") => self.clock.differs_from(reply.header("date")),
            _ => false,
        }
    }

    fn send(&self, request: &Request<'_>) -> Result<Reply<D>, TransportError> {
        let reply = self.send_once(request)?;
        // The service would take the body, and not the question whether it does.
        if reply.status() == StatusCode::EXPECTATION_FAILED && self.asks_before(request) {
            self.hates_to_be_asked.store(true, Ordering::Relaxed);
            return self.send_once(request);
        }
        Ok(reply)
    }

    fn send_once(&self, request: &Request<'_>) -> Result<Reply<D>, TransportError> {
        let signed = self.signed(request, self.clock.now())?;
        let sent = match request.wait {
            Wait::Usual => self.agent.run(signed),
            Wait::Assembly => {
                let longer = self.agent.configure_request(signed);
                let longer = longer.timeout_per_read(Some(self.timeouts.assembly));
                self.agent.run(longer.build())
            }
        };
        sent.map(Reply::new)
            .map_err(|error| self.route.no_answer(D::Error::PEER, error))
    }

    /// The request as it is sent at `now`, for tests too: they compare it with what other clients send.
    ///
    /// # Errors
    /// [`TransportError::Unsendable`].
    pub fn signed<'r>(
        &self,
        request: &'r Request<'_>,
        now: OffsetDateTime,
    ) -> Result<http::Request<&'r [u8]>, TransportError> {
        let mut added = self.signature(request, now);
        let said = D::HEADERS.iter();
        added.extend(said.map(|(name, value)| (*name, (*value).to_owned())));
        let mut signed = request.written(&added)?;
        if self.asks_before(request) {
            let leave = HeaderValue::from_static("100-continue");
            signed.headers_mut().insert("expect", leave);
        }
        Ok(signed)
    }

    fn asks_before(&self, request: &Request<'_>) -> bool {
        request.body.data.len() >= POLITE_BYTES && !self.hates_to_be_asked.load(Ordering::Relaxed)
    }

    fn signature(&self, request: &Request<'_>, now: OffsetDateTime) -> Vec<(&'static str, String)> {
        let own = request.headers.iter();
        let own = own.map(|(name, value)| (&**name, value.as_str()));
        let headers: Vec<(&str, &str)> = own
            .chain(D::HEADERS.iter().copied())
            .filter(|(name, _)| D::is_signed(name))
            .collect();
        let Target { host, path, .. } = &request.target;
        let sha256 = request.body.sha256.as_deref();
        let signed = S3Request {
            method: request.method.as_str(),
            host,
            path,
            query: &request.query_pairs(),
            headers: &headers,
            payload: sha256.map_or(Payload::Unsigned, Payload::Sha256),
        };
        let Signer {
            access_key_id,
            session_token,
            key,
        } = &*self.signer();
        let key = key.at(now);
        (D::SIGN)(access_key_id, session_token.as_ref(), &key, &signed, now)
    }
}
