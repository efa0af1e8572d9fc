//! A request before it is signed, and how it becomes one of HTTP.

use std::borrow::Cow;

use awsproto::sigv4::canonical_query;
use sha2::{Digest as _, Sha256};
use ureq::http::{self, HeaderName, HeaderValue, Method, Uri};

use crate::endpoint::Target;
use crate::error::TransportError;

/// How long to wait for an answer to begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wait {
    /// As with most requests.
    Usual,
    /// As while the service puts a large thing together.
    Assembly,
}

/// What is sent, and what of it is signed.
#[derive(Debug, Clone)]
pub struct Body<'a> {
    pub(crate) data: Cow<'a, [u8]>,
    /// Hex SHA-256 of the data; `None` leaves it unsigned.
    pub(crate) sha256: Option<String>,
}

impl<'a> Body<'a> {
    /// A body whose hash is computed here.
    #[must_use]
    pub fn hashed(data: impl Into<Cow<'a, [u8]>>) -> Self {
        let data = data.into();
        let sha256 = Some(hex::encode(Sha256::digest(&data)));
        Self { data, sha256 }
    }

    /// A body whose hash is known.
    #[must_use]
    pub fn signed(data: &'a [u8], sha256: &[u8; 32]) -> Self {
        Self {
            data: Cow::Borrowed(data),
            sha256: Some(hex::encode(sha256)),
        }
    }

    /// A body that something else vouches for, such as a signed header.
    #[must_use]
    pub fn unsigned(data: &'a [u8]) -> Self {
        Self {
            data: Cow::Borrowed(data),
            sha256: None,
        }
    }

    /// The bytes.
    #[must_use]
    pub fn data(&self) -> &[u8] {
        &self.data
    }
}

/// A request before it is signed.
#[derive(Debug, Clone)]
pub struct Request<'a> {
    /// The method.
    pub method: Method,
    /// Where it goes.
    pub target: Target,
    /// Names and values, not encoded.
    pub query: Vec<(&'static str, Cow<'a, str>)>,
    /// Lower-case names and values.
    pub headers: Vec<(Cow<'static, str>, String)>,
    /// The body, empty where there is none.
    pub body: Body<'a>,
    /// How long to wait for an answer.
    pub wait: Wait,
}

impl<'a> Request<'a> {
    /// A request without query, headers and body.
    #[must_use]
    pub fn new(method: Method, target: Target) -> Self {
        Self {
            method,
            target,
            query: Vec::new(),
            headers: Vec::new(),
            body: Body::hashed(&[][..]),
            wait: Wait::Usual,
        }
    }

    /// Adds a parameter to the query.
    pub fn ask(&mut self, name: &'static str, value: impl Into<Cow<'a, str>>) {
        self.query.push((name, value.into()));
    }

    /// Adds a header.
    pub fn say(&mut self, name: impl Into<Cow<'static, str>>, value: impl Into<String>) {
        self.headers.push((name.into(), value.into()));
    }

    /// The query as it is signed.
    pub(crate) fn query_pairs(&self) -> Vec<(&str, &str)> {
        let pairs = self.query.iter();
        pairs.map(|(name, value)| (*name, &**value)).collect()
    }

    /// The request as HTTP, with `added` beside its own headers.
    pub(crate) fn written(
        &self,
        added: &[(&'static str, String)],
    ) -> Result<http::Request<&[u8]>, TransportError> {
        let mut request = http::Request::new(&*self.body.data);
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = uri(&self.target, &self.query_pairs())?;
        let own = self.headers.iter().map(|(name, value)| (&**name, value));
        let added = added.iter().map(|(name, value)| (*name, value));
        for (name, value) in own.chain(added) {
            let headers = request.headers_mut();
            headers.insert(header_name(name)?, header_value(name, value)?);
        }
        Ok(request)
    }
}

fn uri(target: &Target, query: &[(&str, &str)]) -> Result<Uri, TransportError> {
    let Target { scheme, host, path } = target;
    let text = match query {
        [] => format!("{scheme}://{host}{path}"),
        _ => format!(
            "{scheme}://{host}{path}?{}",
            canonical_query(query.iter().copied())
        ),
    };
    text.parse()
        .map_err(|_| TransportError::Unsendable("the address cannot be sent".to_owned()))
}

fn header_name(name: &str) -> Result<HeaderName, TransportError> {
    HeaderName::from_bytes(name.as_bytes())
        .map_err(|_| TransportError::Unsendable(format!("`{name}` cannot be the name of a header")))
}

fn header_value(name: &str, value: &str) -> Result<HeaderValue, TransportError> {
    HeaderValue::from_bytes(value.as_bytes()).map_err(|_| {
        TransportError::Unsendable(format!("`{name}` has characters no header can have"))
    })
}
