//! One request and its answer: signing, sending, reading within limits.
//!
//! Retries live above ([`crate::retrying`]). The only thing repeated here is a request that S3
//! sends elsewhere with a 307, which happens for some minutes after a bucket was made.

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
use crate::connect::{StoreConfig, Timeouts};
use crate::error::{Answer, StoreError};
use crate::http::{self, NoAnswer};

/// Longest answer that is a document, in bytes: a page of 1,000 keys of 1,024 bytes, encoded
/// threefold, is 3 MiB, and the XML reader takes no more than 16.
const DOCUMENT_BYTES: u64 = 16 << 20;

/// Bodies from this size on wait for the store's leave (`Expect: 100-continue`), in bytes: a store
/// that refuses at once closes the connection, and a refusal sent into a body is lost.
const POLITE_BYTES: usize = 1 << 20;

/// How often one request follows a 307.
const REDIRECTIONS: usize = 2;

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
        Self {
            agent: http::agent(&config.timeouts, config.connections),
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

    pub(crate) fn region(&self) -> &str {
        &self.region
    }

    /// Sends `call` and waits for the head of the answer, whatever its status.
    pub(crate) fn ask(&self, call: &Call<'_>) -> Result<Reply, StoreError> {
        let mut target = call.target.clone();
        for _ in 0..REDIRECTIONS {
            let reply = self.send(call, &target)?;
            match reply
                .redirection()
                .and_then(|location| target.moved(location))
            {
                Some(moved) => target = moved,
                None => return Ok(reply),
            }
        }
        self.send(call, &target)
    }

    fn send(&self, call: &Call<'_>, target: &Target) -> Result<Reply, StoreError> {
        let request = self.request(call, target)?;
        let sent = match call.patience {
            Patience::Usual => self.agent.run(request),
            Patience::Assembly => {
                let patient = self.agent.configure_request(request);
                let patient = patient.timeout_per_read(Some(self.timeouts.assembly));
                self.agent.run(patient.build())
            }
        };
        sent.map(|response| Reply { response }).map_err(no_answer)
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
        if call.body.len() >= POLITE_BYTES {
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
        let now = OffsetDateTime::now_utc();
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

    fn bytes(&mut self) -> Result<Vec<u8>, StoreError> {
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
        let root = self.bytes().ok().and_then(|bytes| xml::parse(&bytes).ok());
        let region_element = root.as_ref().and_then(|root| root.text_of("Region"));
        let region = region_header.or_else(|| region_element.map(str::to_owned));
        let answer = root.and_then(|root| self.answer(&root));
        let answer = answer.unwrap_or_else(|| Answer {
            request_id: self.header("x-amz-request-id").map(str::to_owned),
            ..Answer::new(self.status().as_u16(), "", "")
        });
        StoreError::from_answer(answer, region)
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

fn no_answer(error: ureq::Error) -> StoreError {
    match http::no_answer(error) {
        NoAnswer::Network { failure, source } => StoreError::Network { failure, source },
        NoAnswer::Protocol(what) => StoreError::Protocol { status: 0, what },
    }
}
