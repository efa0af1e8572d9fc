//! The head of an answer, and its body still on the line.

use std::fmt;
use std::io::Read;
use std::marker::PhantomData;

use ureq::http::{Response, StatusCode};

use crate::connection::Dialect;
use crate::error::TransportError;
use crate::limits::DOCUMENT_BYTES;
use crate::retry::CallError as _;

/// The head of an answer, and its body still on the line.
pub struct Reply<D> {
    response: Response<ureq::Body>,
    /// The body, if it was read to find out what the answer is about.
    read: Option<Vec<u8>>,
    dialect: PhantomData<fn() -> D>,
}

impl<D> fmt::Debug for Reply<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reply")
            .field("response", &self.response)
            .finish_non_exhaustive()
    }
}

impl<D: Dialect> Reply<D> {
    pub(crate) fn new(response: Response<ureq::Body>) -> Self {
        Self {
            response,
            read: None,
            dialect: PhantomData,
        }
    }

    /// The status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.response.status()
    }

    /// A header's value; those that are not UTF-8 count as absent.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        std::str::from_utf8(self.response.headers().get(name)?.as_bytes()).ok()
    }

    /// All headers that are text.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        self.response.headers().iter().filter_map(|(name, value)| {
            Some((name.as_str(), std::str::from_utf8(value.as_bytes()).ok()?))
        })
    }

    /// Passes an answer of success on with its body unread, and turns any other into its error.
    ///
    /// # Errors
    /// What the service refuses with.
    pub fn streaming(mut self) -> Result<Self, D::Error> {
        if self.status().is_success() {
            return Ok(self);
        }
        // Many, proxies above all, send no document.
        let document = self.document().unwrap_or_default();
        Err(D::refusal(&self, &document))
    }

    /// Reads an answer to its end, so that its connection can serve again, and keeps its headers.
    ///
    /// # Errors
    /// As [`streaming`](Self::streaming), and where the body breaks off.
    pub fn succeed(self) -> Result<Self, D::Error> {
        let mut reply = self.streaming()?;
        reply.document()?;
        Ok(reply)
    }

    /// Reads the body of an answer that is a document.
    ///
    /// # Errors
    /// Where it breaks off, or is longer than any document.
    pub fn document(&mut self) -> Result<Vec<u8>, D::Error> {
        self.bytes(DOCUMENT_BYTES)
    }

    /// Reads the body, of at most `limit` bytes.
    ///
    /// # Errors
    /// Where it breaks off, or is longer.
    pub fn bytes(&mut self, limit: u64) -> Result<Vec<u8>, D::Error> {
        if let Some(read) = self.read.take() {
            return Ok(read);
        }
        let mut bytes = Vec::new();
        let body = self.response.body_mut().as_reader();
        body.take(limit + 1)
            .read_to_end(&mut bytes)
            .map_err(|error| TransportError::while_reading(D::Error::PEER, error))?;
        if bytes.len() as u64 > limit {
            return Err(self.protocol(format!("it is longer than `{limit}` bytes")));
        }
        Ok(bytes)
    }

    /// The body, to be read by the caller.
    pub fn into_reader(self) -> impl Read + Send + 'static {
        self.response.into_body().into_reader()
    }

    /// An answer that cannot be understood.
    pub fn protocol(&self, what: impl Into<String>) -> D::Error {
        let (peer, status) = (D::Error::PEER, self.status().as_u16());
        let what = what.into();
        TransportError::Protocol { peer, status, what }.into()
    }

    /// The code of a refusal that may be about us and the time; `None` of any other answer. The body is kept.
    pub(crate) fn code_of_denial(&mut self) -> Option<String> {
        if !matches!(self.status().as_u16(), 400 | 401 | 403) {
            return None;
        }
        let document = self.document().unwrap_or_default();
        let code = D::code(self, &document);
        self.read = Some(document);
        Some(code.unwrap_or_default())
    }
}
