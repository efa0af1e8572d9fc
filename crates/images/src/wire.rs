//! One request and its answer: signing, sending, reading within limits.
//!
//! Retries live above ([`crate::retry`]). Redirections are not followed: these services have none.

use std::fmt;
use std::io::Read as _;

use awsquery::sign::{Credentials, Payload, S3Request};
use awsquery::sigv4::{KeyOfTheDay, canonical_query};
use objects::connect::Timeouts;
use objects::error::Answer;
use objects::http::{Address, NoAnswer, Route, SigningClock};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use sha2::{Digest as _, Sha256};
use time::OffsetDateTime;
use ureq::Agent;
use ureq::http::{HeaderName, HeaderValue, Method, Request, Response, StatusCode};

use crate::connect::{InvalidEndpoint, ServiceConfig};
use crate::error::ServiceError;

/// Longest answer that is a document, in bytes: a page of 10,000 blocks with tokens of 256 characters is
/// 3 MiB.
const DOCUMENT_BYTES: u64 = 16 << 20;

/// Bodies from this size on wait for the service's leave (`Expect: 100-continue`), in bytes: a service that
/// refuses at once closes the connection, and a refusal sent into a body is lost.
const POLITE_BYTES: usize = 1 << 20;

/// How often one request is signed again because the service finds its time wrong.
const SIGNED_AGAIN: usize = 2;

/// The version of the Glacier API. EBS does not look at it.
const GLACIER_VERSION: &str = "2012-06-01";

/// How patient to be with an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Patience {
    /// As with most requests.
    Usual,
    /// As with the assembly of a large archive.
    Assembly,
}

/// What is sent, and what of it is signed.
#[derive(Debug, Clone)]
pub(crate) struct Body<'a> {
    data: &'a [u8],
    /// Hex SHA-256 of the data; `None` leaves it unsigned.
    sha256: Option<String>,
}

impl<'a> Body<'a> {
    /// A body whose hash is computed here.
    pub(crate) fn hashed(data: &'a [u8]) -> Self {
        Self::signed(data, &Sha256::digest(data).into())
    }

    /// A body whose hash is known.
    pub(crate) fn signed(data: &'a [u8], sha256: &[u8; 32]) -> Self {
        let sha256 = Some(hex::encode(sha256));
        Self { data, sha256 }
    }

    /// A body that a signed header vouches for.
    pub(crate) fn unsigned(data: &'a [u8]) -> Self {
        Self { data, sha256: None }
    }
}

/// A request before it is signed.
#[derive(Debug, Clone)]
pub(crate) struct Call<'a> {
    pub(crate) method: Method,
    /// The path below the endpoint's, encoded once.
    pub(crate) path: String,
    pub(crate) query: Vec<(&'static str, String)>,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Body<'a>,
    pub(crate) patience: Patience,
}

impl Call<'_> {
    pub(crate) fn new(method: Method, path: String) -> Self {
        Self {
            method,
            path,
            query: Vec::new(),
            headers: Vec::new(),
            body: Body::hashed(&[]),
            patience: Patience::Usual,
        }
    }
}

/// Which service is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Service {
    /// The EBS direct APIs.
    Ebs,
    /// Glacier.
    Glacier,
}

impl Service {
    /// The name in the scope of a signature.
    fn signing_name(self) -> &'static str {
        match self {
            Self::Ebs => "ebs",
            Self::Glacier => "glacier",
        }
    }

    /// What every request says.
    fn header(self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::Ebs => None,
            Self::Glacier => Some(("x-amz-glacier-version", GLACIER_VERSION)),
        }
    }
}

/// The connections to one service, and what is needed to sign for it.
pub(crate) struct Wire {
    agent: Agent,
    route: Route,
    clock: SigningClock,
    endpoint: Address,
    service: Service,
    region: String,
    credentials: Credentials,
    timeouts: Timeouts,
    key: KeyOfTheDay,
}

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wire")
            .field("endpoint", &self.endpoint)
            .field("service", &self.service)
            .field("region", &self.region)
            .finish_non_exhaustive()
    }
}

impl Wire {
    pub(crate) fn new(config: &ServiceConfig, service: Service) -> Result<Self, InvalidEndpoint> {
        let now = OffsetDateTime::now_utc();
        let (secret, region) = (&config.credentials.secret, &config.region);
        let endpoint = config.address()?;
        let route = config.surroundings.route(endpoint.scheme, &endpoint.host);
        Ok(Self {
            agent: route.agent(&config.timeouts, config.connections),
            route,
            clock: SigningClock::default(),
            endpoint,
            service,
            region: config.region.clone(),
            key: KeyOfTheDay::new(secret, region, service.signing_name(), now),
            credentials: config.credentials.clone(),
            timeouts: config.timeouts,
        })
    }

    /// Sends `call` and waits for the head of the answer, whatever its status. A request whose time the
    /// service finds wrong is signed again, by the service's clock.
    pub(crate) fn ask(&self, call: &Call<'_>) -> Result<Reply, ServiceError> {
        for _ in 0..SIGNED_AGAIN {
            let mut reply = self.send(call)?;
            let date = reply.header("date").map(str::to_owned);
            if !reply.is_about_time(&self.clock) {
                return Ok(reply);
            }
            let host = format!("the service at `{}`", self.endpoint.host);
            self.clock.correct(date.as_deref(), &host);
        }
        self.send(call)
    }

    fn send(&self, call: &Call<'_>) -> Result<Reply, ServiceError> {
        let request = self.request(call, self.clock.now())?;
        let sent = match call.patience {
            Patience::Usual => self.agent.run(request),
            Patience::Assembly => {
                let patient = self.agent.configure_request(request);
                let patient = patient.timeout_per_read(Some(self.timeouts.assembly));
                self.agent.run(patient.build())
            }
        };
        let reply = |response| Reply {
            response,
            read: None,
        };
        let failed = |error| no_answer(&self.route, error);
        sent.map(reply).map_err(failed)
    }

    fn request<'c>(
        &self,
        call: &'c Call<'_>,
        now: OffsetDateTime,
    ) -> Result<Request<&'c [u8]>, ServiceError> {
        let path = format!("{}{}", self.endpoint.base, call.path);
        let query: Vec<(&str, &str)> = pairs(&call.query).collect();
        let said = self.service.header().into_iter();
        let said: Vec<(&str, &str)> = said.chain(pairs(&call.headers)).collect();
        let signature = self.signature(call, &path, &query, &said, now);
        let mut request = Request::new(call.body.data);
        *request.method_mut() = call.method.clone();
        *request.uri_mut() = self
            .uri(&path, &query)
            .parse()
            .map_err(|_| ServiceError::invalid_argument("the address cannot be sent"))?;
        for (name, value) in said.into_iter().chain(pairs(&signature)) {
            request
                .headers_mut()
                .insert(header_name(name)?, header_value(name, value)?);
        }
        if call.body.data.len() >= POLITE_BYTES {
            let leave = HeaderValue::from_static("100-continue");
            request.headers_mut().insert("expect", leave);
        }
        Ok(request)
    }

    fn uri(&self, path: &str, query: &[(&str, &str)]) -> String {
        let Address { scheme, host, .. } = &self.endpoint;
        match query {
            [] => format!("{scheme}://{host}{path}"),
            _ => format!(
                "{scheme}://{host}{path}?{}",
                canonical_query(query.iter().copied())
            ),
        }
    }

    fn signature(
        &self,
        call: &Call<'_>,
        path: &str,
        query: &[(&str, &str)],
        said: &[(&str, &str)],
        now: OffsetDateTime,
    ) -> Vec<(&'static str, String)> {
        let sha256 = call.body.sha256.as_deref();
        let request = S3Request {
            method: call.method.as_str(),
            host: &self.endpoint.host,
            path,
            query,
            headers: said,
            payload: sha256.map_or(Payload::Unsigned, Payload::Sha256),
        };
        let key = self.key.at(now);
        let credentials = &self.credentials;
        let token = credentials.session_token.as_ref();
        awsquery::sign::rest(&credentials.access_key_id, token, &key, &request, now)
    }
}

/// The head of an answer, and its body still on the line.
#[derive(Debug)]
pub(crate) struct Reply {
    response: Response<ureq::Body>,
    /// The body, if it was read to find out what the answer is about.
    read: Option<Vec<u8>>,
}

impl Reply {
    pub(crate) fn status(&self) -> StatusCode {
        self.response.status()
    }

    /// A header's value; those that are not UTF-8 count as absent.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        std::str::from_utf8(self.response.headers().get(name)?.as_bytes()).ok()
    }

    /// Passes an answer of success on with its body unread, and turns any other into its error.
    pub(crate) fn streaming(self) -> Result<Self, ServiceError> {
        if self.status().is_success() {
            return Ok(self);
        }
        Err(self.refusal())
    }

    /// Reads an answer to its end, so that its connection can serve again, and keeps its headers.
    pub(crate) fn succeed(self) -> Result<Self, ServiceError> {
        let mut reply = self.streaming()?;
        reply.bytes(DOCUMENT_BYTES)?;
        Ok(reply)
    }

    /// Reads an answer of success that is a document.
    pub(crate) fn json<T: DeserializeOwned>(self) -> Result<T, ServiceError> {
        let mut reply = self.streaming()?;
        let bytes = reply.bytes(DOCUMENT_BYTES)?;
        serde_json::from_slice(&bytes).map_err(|error| reply.protocol(&error.to_string()))
    }

    /// Reads the body, of at most `limit` bytes.
    pub(crate) fn bytes(&mut self, limit: u64) -> Result<Vec<u8>, ServiceError> {
        if let Some(read) = self.read.take() {
            return Ok(read);
        }
        let mut bytes = Vec::new();
        let body = self.response.body_mut().as_reader();
        body.take(limit + 1)
            .read_to_end(&mut bytes)
            .map_err(ServiceError::while_reading)?;
        if bytes.len() as u64 > limit {
            return Err(self.protocol(&format!("it is longer than `{limit}` bytes")));
        }
        Ok(bytes)
    }

    /// An answer that cannot be understood.
    pub(crate) fn protocol(&self, what: &str) -> ServiceError {
        ServiceError::Protocol {
            status: self.status().as_u16(),
            what: what.to_owned(),
        }
    }

    /// Whether a refusal is about the time of the signature (*Common errors* of AWS's services).
    fn is_about_time(&mut self, clock: &SigningClock) -> bool {
        if !matches!(self.status().as_u16(), 400 | 401 | 403) {
            return false;
        }
        let bytes = self.bytes(DOCUMENT_BYTES).unwrap_or_default();
        let document: Fault = serde_json::from_slice(&bytes).unwrap_or_default();
        self.read = Some(bytes);
        let header = self.header("x-amzn-errortype");
        let code = bare_code(header.or(document.code.as_deref()).unwrap_or_default());
        let of_time = ["RequestExpired", "RequestTimeTooSkewed"].contains(&code);
        // `Signature expired: 20110101T… is now earlier than 20110101T…`
        let of_signature = code.is_empty() || code.contains("Signature");
        of_time || (of_signature && clock.differs_from(self.header("date")))
    }

    /// The error this answer stands for. Proxies send no document, or one that is not JSON.
    fn refusal(mut self) -> ServiceError {
        let bytes = self.bytes(DOCUMENT_BYTES).unwrap_or_default();
        let document: Fault = serde_json::from_slice(&bytes).unwrap_or_default();
        let header = self.header("x-amzn-errortype");
        let code = header.or(document.code.as_deref()).unwrap_or_default();
        let message = document.message.as_deref().unwrap_or_default();
        let reason = document.reason.as_deref();
        let mut answer = Answer::new(self.status().as_u16(), bare_code(code), message);
        if let Some(reason) = reason {
            answer.message = format!("{reason}: {message}");
        }
        answer.request_id = self.header("x-amzn-requestid").map(str::to_owned);
        ServiceError::from_answer(answer, reason)
    }
}

/// An error document: EBS writes `Message` and `Reason`, Glacier `code` and `message`, others `__type`.
#[derive(Debug, Default, Deserialize)]
struct Fault {
    #[serde(alias = "__type", alias = "Code")]
    code: Option<String>,
    #[serde(alias = "Message")]
    message: Option<String>,
    #[serde(alias = "Reason")]
    reason: Option<String>,
}

/// Takes `Name` out of `namespace#Name:http://...`.
fn bare_code(code: &str) -> &str {
    let code = code.split(':').next().unwrap_or_default();
    code.rsplit('#').next().unwrap_or_default()
}

fn pairs<'a>(owned: &'a [(&'static str, String)]) -> impl Iterator<Item = (&'static str, &'a str)> {
    owned.iter().map(|(name, value)| (*name, value.as_str()))
}

fn header_name(name: &str) -> Result<HeaderName, ServiceError> {
    HeaderName::from_bytes(name.as_bytes()).map_err(|_| {
        ServiceError::invalid_argument(&format!("`{name}` cannot be the name of a header"))
    })
}

fn header_value(name: &str, value: &str) -> Result<HeaderValue, ServiceError> {
    HeaderValue::from_str(value).map_err(|_| {
        ServiceError::invalid_argument(&format!("`{name}` has characters no header can have"))
    })
}

fn no_answer(route: &Route, error: ureq::Error) -> ServiceError {
    match route.no_answer(error) {
        NoAnswer::Network { failure, source } => ServiceError::Network { failure, source },
        NoAnswer::Protocol(what) => ServiceError::Protocol { status: 0, what },
    }
}

#[cfg(test)]
#[path = "wire_tests.rs"]
mod tests;
