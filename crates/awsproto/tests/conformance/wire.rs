//! Raw HTTP requests as text, and the one verdict the tests ask for.

use awsproto::{AccessKeyId, Claims, Fault, Params, Request, Rules, SecretKey, verify};
use time::OffsetDateTime;

/// The access key of AWS's own documentation, with which all recorded requests are signed.
pub(crate) const KEY_ID: &str = "AKIAIOSFODNN7EXAMPLE";
/// Its secret.
pub(crate) const SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

/// A request that owns its parts, so that tests can change them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RawRequest {
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) headers: Vec<(String, Vec<u8>)>,
    pub(crate) body: Vec<u8>,
}

impl RawRequest {
    pub(crate) fn new(method: &str, target: &str, headers: &[(&str, &str)], body: &str) -> Self {
        let headers = headers
            .iter()
            .map(|(name, value)| (name.to_string(), value.as_bytes().to_vec()));
        RawRequest {
            method: method.to_owned(),
            target: target.to_owned(),
            headers: headers.collect(),
            body: body.as_bytes().to_vec(),
        }
    }

    /// Splits a recorded request.
    pub(crate) fn parse(raw: &[u8]) -> Self {
        let end = raw
            .windows(4)
            .position(|w| w == b"\r\n\r\n")
            .expect("an empty line ends the head");
        let head = str::from_utf8(&raw[..end]).expect("heads are UTF-8");
        let mut lines = head.split("\r\n");
        let mut words = lines.next().expect("a request line").split(' ');
        let (method, target) = (words.next().expect("method"), words.next().expect("target"));
        let headers: Vec<(&str, &str)> = lines
            .map(|line| line.split_once(':').expect("a header"))
            .collect();
        let body = str::from_utf8(&raw[end + 4..]).expect("bodies are UTF-8");
        RawRequest::new(method, target, &headers, body)
    }

    pub(crate) fn header_mut(&mut self, name: &str) -> Option<&mut Vec<u8>> {
        let mut headers = self.headers.iter_mut();
        headers
            .find(|(given, _)| given.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }

    /// Lends the request to a closure in the form the crate takes.
    pub(crate) fn with<T>(&self, then: impl FnOnce(&Request<'_>) -> T) -> T {
        let headers: Vec<(&str, &[u8])> = self
            .headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_slice()))
            .collect();
        then(&Request {
            method: &self.method,
            path_and_query: &self.target,
            headers: &headers,
            body: &self.body,
        })
    }

    pub(crate) fn claims(&self) -> Result<Claims, Fault> {
        self.with(Claims::parse)
    }

    /// Judges the request as a server would that knows a single key, and gives the parameters it
    /// would act on.
    pub(crate) fn judge_with(
        &self,
        key_id: &str,
        secret: &str,
        now: OffsetDateTime,
    ) -> Result<Params, Fault> {
        self.with(|request| {
            let claims = Claims::parse(request)?;
            if AccessKeyId::parse(key_id).as_ref() != Some(claims.access_key_id()) {
                return Err(Fault::InvalidClientTokenId);
            }
            verify(
                request,
                &claims,
                &SecretKey::new(secret),
                now,
                &Rules::IMPORT_EXPORT,
            )?;
            Ok(claims.params().clone())
        })
    }

    pub(crate) fn judge(&self, now: OffsetDateTime) -> Result<Params, Fault> {
        self.judge_with(KEY_ID, SECRET, now)
    }
}
