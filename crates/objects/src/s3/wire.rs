//! One request and its answer: signing, sending, reading within limits.
//!
//! Retries live above ([`crate::retrying`]). Repeated here is only what is no failure yet: a request that S3
//! sends elsewhere with a 307, which happens for some minutes after a bucket was made; one whose time the
//! store finds wrong, which is signed again by the store's clock; and a question without a body that is
//! refused without a word, which is put once more so that the answer can have one.

use std::borrow::Cow;
use std::fmt;
use std::io::Read as _;

use awsquery::sign::{Credentials, Payload, S3Request};
use awsquery::sigv4::{KeyOfTheDay, canonical_query};
use awsquery::xml::{self, Element};
use bytes::Bytes;
use sha2::{Digest as _, Sha256};
use time::OffsetDateTime;
use ureq::Agent;
use ureq::http::{HeaderName, HeaderValue, Method, Request, Response, StatusCode, Uri};

use super::address::{Endpoint, Target};
use super::habits::Habits;
use crate::connect::{StoreConfig, Timeouts};
use crate::error::{Answer, StoreError};
use crate::http::{NoAnswer, Route, SigningClock};

/// Longest answer that is a document, in bytes: a page of 1,000 keys of 1,024 bytes, encoded
/// threefold, is 3 MiB, and the XML reader takes no more than 16.
const DOCUMENT_BYTES: u64 = 16 << 20;

/// Bodies from this size on wait for the store's leave (`Expect: 100-continue`), in bytes: a store
/// that refuses at once closes the connection, and a refusal sent into a body is lost.
const POLITE_BYTES: usize = 1 << 20;

/// How often one request follows a 307.
const REDIRECTIONS: usize = 2;

/// How often one request is signed again because the store finds its time wrong: by our own clock where the
/// answer does not tell another, and then by the store's.
const SIGNED_AGAIN: usize = 2;

/// How patient to be with an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Patience {
    /// As with most requests.
    Usual,
    /// As with the assembly of a large object.
    Assembly,
}

/// A request before it is signed.
#[derive(Debug, Clone)]
pub(crate) struct Call<'a> {
    pub(crate) method: Method,
    pub(crate) target: Target,
    pub(crate) query: Vec<(&'a str, &'a str)>,
    pub(crate) headers: Vec<(Cow<'static, str>, String)>,
    pub(crate) body: Bytes,
    /// Hex SHA-256 of the body where it is known. Large bodies without one go unsigned.
    pub(crate) sha256: Option<String>,
    pub(crate) patience: Patience,
}

impl Call<'_> {
    pub(crate) fn new(method: Method, target: Target) -> Self {
        Self {
            method,
            target,
            query: Vec::new(),
            headers: Vec::new(),
            body: Bytes::new(),
            sha256: None,
            patience: Patience::Usual,
        }
    }
}

/// The connections to one endpoint, and what is needed to sign for it.
pub(crate) struct Wire {
    agent: Agent,
    route: Route,
    clock: SigningClock,
    habits: Habits,
    endpoint: Endpoint,
    region: String,
    credentials: Credentials,
    timeouts: Timeouts,
    key: KeyOfTheDay,
}

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wire")
            .field("endpoint", &self.endpoint)
            .field("region", &self.region)
            .finish_non_exhaustive()
    }
}

impl Wire {
    pub(crate) fn new(endpoint: Endpoint, config: &StoreConfig) -> Self {
        let now = OffsetDateTime::now_utc();
        let (scheme, host) = endpoint.origin();
        let route = config.surroundings.route(scheme, host);
        Self {
            agent: route.agent(&config.timeouts, config.connections),
            route,
            clock: SigningClock::default(),
            habits: Habits::default(),
            endpoint,
            region: config.region.clone(),
            key: KeyOfTheDay::new(&config.credentials.secret, &config.region, "s3", now),
            credentials: config.credentials.clone(),
            timeouts: config.timeouts,
        }
    }

    pub(crate) fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    pub(crate) fn habits(&self) -> &Habits {
        &self.habits
    }

    pub(crate) fn region(&self) -> &str {
        &self.region
    }

    /// Sends `call` and waits for the head of the answer, whatever its status.
    pub(crate) fn ask(&self, call: &Call<'_>) -> Result<Reply, StoreError> {
        let mut target = call.target.clone();
        for _ in 0..REDIRECTIONS {
            let reply = self.timely(call, &target)?;
            match reply
                .redirection()
                .and_then(|location| target.moved(location))
            {
                Some(moved) => target = moved,
                None => return Ok(reply),
            }
        }
        self.timely(call, &target)
    }

    /// Asks what has no body in its answer, such as whether an object is there. A refusal that does not say
    /// what it is about is asked for once more in a form that can: by `GET`, of as little as can be.
    pub(crate) fn ask_head(&self, mut call: Call<'_>) -> Result<Reply, StoreError> {
        call.method = Method::HEAD;
        let reply = self.ask(&call)?;
        if reply.status().is_success() || reply.status() == StatusCode::NOT_FOUND {
            return Ok(reply);
        }
        let status = reply.status();
        let silent = reply.refusal();
        if silent.answer().is_none_or(|answer| !answer.code.is_empty()) || silent.may_retry() {
            return Err(silent);
        }
        call.method = Method::GET;
        call.headers.push(("range".into(), "bytes=0-0".to_owned()));
        let told = self.ask(&call).and_then(Reply::streaming);
        match told {
            Err(told)
                if told
                    .answer()
                    .is_some_and(|answer| answer.status == status.as_u16()) =>
            {
                Err(told)
            }
            _ => Err(silent),
        }
    }

    /// Sends a request, and again if the store finds that it was signed at a wrong time.
    fn timely(&self, call: &Call<'_>, target: &Target) -> Result<Reply, StoreError> {
        for _ in 0..SIGNED_AGAIN {
            let mut reply = self.send(call, target)?;
            let date = reply.header("date").map(str::to_owned);
            if !reply.is_about_time(&self.clock) {
                return Ok(reply);
            }
            let host = format!("the store at `{}`", target.host);
            self.clock.correct(date.as_deref(), &host);
        }
        self.send(call, target)
    }

    fn send(&self, call: &Call<'_>, target: &Target) -> Result<Reply, StoreError> {
        let reply = self.send_once(call, target)?;
        // The store would take the body, and not the question whether it does.
        if reply.status() == StatusCode::EXPECTATION_FAILED && self.is_polite(call) {
            self.habits.expect.refuse();
            return self.send_once(call, target);
        }
        Ok(reply)
    }

    fn is_polite(&self, call: &Call<'_>) -> bool {
        call.body.len() >= POLITE_BYTES && self.habits.expect.is_sent()
    }

    fn send_once(&self, call: &Call<'_>, target: &Target) -> Result<Reply, StoreError> {
        let request = self.request(call, target)?;
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
        target: &Target,
    ) -> Result<Request<&'c [u8]>, StoreError> {
        let mut request = Request::new(&*call.body);
        *request.method_mut() = call.method.clone();
        *request.uri_mut() = uri(target, &call.query)?;
        let headers = request.headers_mut();
        for (name, value) in &call.headers {
            headers.insert(header_name(name)?, header_value(value)?);
        }
        for (name, value) in self.signature(call, target) {
            headers.insert(header_name(name)?, header_value(&value)?);
        }
        if self.is_polite(call) {
            headers.insert("expect", HeaderValue::from_static("100-continue"));
        }
        Ok(request)
    }

    fn signature(&self, call: &Call<'_>, target: &Target) -> Vec<(&'static str, String)> {
        let sha256 = payload_sha256(call);
        let signed: Vec<(&str, &str)> = call
            .headers
            .iter()
            .filter(|(name, _)| is_signed(name))
            .map(|(name, value)| (&**name, value.as_str()))
            .collect();
        let request = S3Request {
            method: call.method.as_str(),
            host: &target.host,
            path: &target.path,
            query: &call.query,
            headers: &signed,
            payload: sha256.as_deref().map_or(Payload::Unsigned, Payload::Sha256),
        };
        let now = self.clock.now();
        let key = self.key.at(now);
        let credentials = &self.credentials;
        let token = credentials.session_token.as_ref();
        awsquery::sign::s3(&credentials.access_key_id, token, &key, &request, now)
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

    /// All headers that are text.
    pub(crate) fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        self.response.headers().iter().filter_map(|(name, value)| {
            Some((name.as_str(), std::str::from_utf8(value.as_bytes()).ok()?))
        })
    }

    /// Passes an answer of success on with its body unread, and turns any other into its error.
    pub(crate) fn streaming(self) -> Result<Self, StoreError> {
        if self.status().is_success() {
            return Ok(self);
        }
        Err(self.refusal())
    }

    /// Reads an answer to its end, so that its connection can serve again, and keeps its headers.
    pub(crate) fn succeed(self) -> Result<Self, StoreError> {
        let mut reply = self.streaming()?;
        reply.bytes()?;
        Ok(reply)
    }

    /// Reads an answer of success that is a document.
    ///
    /// An `<Error>` in it counts as what it is: S3 commits itself to a 200 before it assembles an
    /// object (API reference, `CompleteMultipartUpload`).
    pub(crate) fn document(self) -> Result<Element, StoreError> {
        let mut reply = self.streaming()?;
        let bytes = reply.bytes()?;
        let root = xml::parse(&bytes).map_err(|error| reply.protocol(&error.to_string()))?;
        match reply.answer(&root) {
            Some(answer) => Err(StoreError::from_answer(answer, None)),
            None => Ok(root),
        }
    }

    /// The body, to be read by the caller.
    pub(crate) fn into_body(self) -> ureq::Body {
        self.response.into_body()
    }

    /// An answer that cannot be understood.
    pub(crate) fn protocol(&self, what: &str) -> StoreError {
        StoreError::Protocol {
            status: self.status().as_u16(),
            what: what.to_owned(),
        }
    }

    fn redirection(&self) -> Option<&str> {
        (self.status() == StatusCode::TEMPORARY_REDIRECT)
            .then(|| self.header("location"))
            .flatten()
    }

    /// Whether a refusal is about the time of the signature. Where the answer to a `HEAD` does not tell, a
    /// `Date` far from the time we signed with does.
    fn is_about_time(&mut self, clock: &SigningClock) -> bool {
        if !matches!(self.status().as_u16(), 400 | 401 | 403) {
            return false;
        }
        let bytes = self.bytes().unwrap_or_default();
        let code = xml::parse(&bytes)
            .ok()
            .and_then(|root| Some(xml::remote_error(&root)?.code));
        self.read = Some(bytes);
        match code.as_deref() {
            Some("RequestTimeTooSkewed" | "RequestExpired") => true,
            // Some stores say nothing but this of a signature that is not of their time.
            Some("SignatureDoesNotMatch" | "AccessDenied" | "InvalidSignature") | None => {
                clock.differs_from(self.header("date"))
            }
            Some(_) => false,
        }
    }

    fn bytes(&mut self) -> Result<Vec<u8>, StoreError> {
        if let Some(read) = self.read.take() {
            return Ok(read);
        }
        let mut bytes = Vec::new();
        let body = self.response.body_mut().as_reader();
        body.take(DOCUMENT_BYTES + 1)
            .read_to_end(&mut bytes)
            .map_err(StoreError::while_reading)?;
        if bytes.len() as u64 > DOCUMENT_BYTES {
            return Err(self.protocol("it is longer than 16 MiB"));
        }
        Ok(bytes)
    }

    /// The error this answer stands for. Many stores, proxies above all, send no document.
    fn refusal(mut self) -> StoreError {
        let region_header = self.header("x-amz-bucket-region").map(str::to_owned);
        let location = self.moved_to();
        let root = self.bytes().ok().and_then(|bytes| xml::parse(&bytes).ok());
        let region_element = root.as_ref().and_then(|root| root.text_of("Region"));
        let region = region_header.or_else(|| region_element.map(str::to_owned));
        let answer = root.and_then(|root| self.answer(&root));
        let mut answer = answer.unwrap_or_else(|| Answer {
            request_id: self.header("x-amz-request-id").map(str::to_owned),
            ..Answer::new(self.status().as_u16(), "", "")
        });
        if let Some(origin) = location {
            let mending = "set the store's `endpoint` to it";
            answer.message = format!("it sends to `{origin}`: {mending}");
        }
        StoreError::from_answer(answer, region)
    }

    /// The scheme and host that a permanent redirection leads to.
    fn moved_to(&self) -> Option<String> {
        let is_redirection = self.status().is_redirection();
        let uri: Uri = self
            .header("location")
            .filter(|_| is_redirection)?
            .parse()
            .ok()?;
        Some(format!("{}://{}", uri.scheme_str()?, uri.authority()?))
    }

    fn answer(&self, root: &Element) -> Option<Answer> {
        let error = xml::remote_error(root)?;
        let header = || self.header("x-amz-request-id").map(str::to_owned);
        Some(Answer {
            status: self.status().as_u16(),
            code: error.code,
            message: error.message,
            request_id: error.request_id.or_else(header),
        })
    }
}

fn uri(target: &Target, query: &[(&str, &str)]) -> Result<Uri, StoreError> {
    let Target { scheme, host, path } = target;
    let text = if query.is_empty() {
        format!("{scheme}://{host}{path}")
    } else {
        format!(
            "{scheme}://{host}{path}?{}",
            canonical_query(query.iter().copied())
        )
    };
    text.parse()
        .map_err(|_| StoreError::invalid_argument("the address cannot be sent"))
}

/// Small bodies are always signed; a large one only if its hash is there for nothing.
fn payload_sha256(call: &Call<'_>) -> Option<String> {
    const HASHED_ANYWAY_BYTES: usize = 4 << 10;
    call.sha256.clone().or_else(|| {
        (call.body.len() <= HASHED_ANYWAY_BYTES).then(|| hex::encode(Sha256::digest(&call.body)))
    })
}

/// Proxies may rewrite other headers, which must not break the signature.
fn is_signed(name: &str) -> bool {
    name.starts_with("x-amz-") || matches!(name, "content-md5" | "content-type")
}

fn header_name(name: &str) -> Result<HeaderName, StoreError> {
    HeaderName::from_bytes(name.as_bytes()).map_err(|_| {
        StoreError::invalid_argument(&format!("`{name}` cannot be the name of a header"))
    })
}

fn header_value(value: &str) -> Result<HeaderValue, StoreError> {
    HeaderValue::from_bytes(value.as_bytes())
        .map_err(|_| StoreError::invalid_argument("a value has control characters"))
}

fn no_answer(route: &Route, error: ureq::Error) -> StoreError {
    match route.no_answer(error) {
        NoAnswer::Network { failure, source } => StoreError::Network { failure, source },
        NoAnswer::Protocol(what) => StoreError::Protocol { status: 0, what },
    }
}
