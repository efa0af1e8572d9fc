//! Signature Version 4: an HMAC, under a key derived for one day, region and service, over a
//! canonical request.
//!
//! Verifier and both signers share these functions. What differs between services, how the path is
//! encoded and what stands for the payload, is the caller's to decide.

use std::fmt;
use std::sync::{PoisonError, RwLock};

use time::OffsetDateTime;
use zeroize::Zeroizing;

use crate::digest::{hmac_sha256, sha256_hex};
use crate::params::encode_component;
use crate::secret::SecretKey;
use crate::timestamp::day;

/// The one algorithm spoken here.
pub const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// What stands for the payload's hash when the payload is not signed.
pub const UNSIGNED_PAYLOAD: &str = "UNSIGNED-PAYLOAD";

/// The last element of every credential scope.
const TERMINATOR: &str = "aws4_request";

/// A credential scope: the day, region and service a signing key is for.
///
/// `Display` gives `YYYYMMDD/region/service/aws4_request`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Scope {
    day: String,
    region: String,
    service: String,
}

impl Scope {
    /// Makes the scope of requests signed at `time`; region and service hold no `/`.
    pub fn new(time: OffsetDateTime, region: &str, service: &str) -> Self {
        Scope {
            day: day(time),
            region: region.to_owned(),
            service: service.to_owned(),
        }
    }

    /// Reads `YYYYMMDD/region/service/aws4_request`.
    pub fn parse(text: &str) -> Option<Self> {
        let elements: Vec<&str> = text.splitn(5, '/').collect();
        let &[day, region, service, TERMINATOR] = elements.as_slice() else {
            return None;
        };
        let is_day = day.len() == 8 && day.bytes().all(|b| b.is_ascii_digit());
        let complete = is_day && !region.is_empty() && !service.is_empty();
        complete.then(|| Scope {
            day: day.to_owned(),
            region: region.to_owned(),
            service: service.to_owned(),
        })
    }

    /// Gives the UTC day, `YYYYMMDD`.
    pub fn day(&self) -> &str {
        &self.day
    }

    /// Gives the region.
    pub fn region(&self) -> &str {
        &self.region
    }

    /// Gives the service's signing name.
    pub fn service(&self) -> &str {
        &self.service
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}/{}/{}/{TERMINATOR}",
            self.day, self.region, self.service
        )
    }
}

/// A key derived from a secret for one [`Scope`].
///
/// Deriving costs four HMACs and signing one, so a caller that signs much keeps the key until
/// [`SigningKey::is_for`] says the day is over. `Debug` shows the scope alone; the key is wiped on
/// drop.
#[derive(Clone)]
pub struct SigningKey {
    key: Zeroizing<[u8; 32]>,
    scope: Scope,
}

impl SigningKey {
    /// Derives the key of a scope.
    pub fn derive(secret: &SecretKey, scope: Scope) -> Self {
        let seed = Zeroizing::new(format!("AWS4{}", secret.expose()));
        let day_key = Zeroizing::new(hmac_sha256(seed.as_bytes(), scope.day.as_bytes()));
        let key = [&scope.region, &scope.service, TERMINATOR]
            .into_iter()
            .fold(day_key, |key, element| {
                Zeroizing::new(hmac_sha256(&*key, element.as_bytes()))
            });
        SigningKey { key, scope }
    }

    /// Gives the scope the key is for.
    pub fn scope(&self) -> &Scope {
        &self.scope
    }

    /// Tells whether requests of `time` may be signed with this key, that is whether it is still
    /// the same UTC day.
    pub fn is_for(&self, time: OffsetDateTime) -> bool {
        self.scope.day == day(time)
    }

    /// Computes the hexadecimal signature of a string to sign.
    pub fn sign(&self, string_to_sign: &str) -> String {
        hex::encode(hmac_sha256(&*self.key, string_to_sign.as_bytes()))
    }
}

/// A client's key, derived anew when the UTC day is over. Cheap to ask while it lasts.
pub struct KeyOfTheDay {
    secret: SecretKey,
    region: String,
    service: String,
    key: RwLock<SigningKey>,
}

impl KeyOfTheDay {
    /// The key for a service in a region, derived for `now`.
    pub fn new(secret: &SecretKey, region: &str, service: &str, now: OffsetDateTime) -> Self {
        let scope = Scope::new(now, region, service);
        Self {
            key: RwLock::new(SigningKey::derive(secret, scope)),
            secret: secret.clone(),
            region: region.to_owned(),
            service: service.to_owned(),
        }
    }

    /// The key that requests of `time` are signed with.
    pub fn at(&self, time: OffsetDateTime) -> SigningKey {
        let key = self
            .key
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        if key.is_for(time) {
            return key;
        }
        let scope = Scope::new(time, &self.region, &self.service);
        let fresh = SigningKey::derive(&self.secret, scope);
        *self.key.write().unwrap_or_else(PoisonError::into_inner) = fresh.clone();
        fresh
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({}, …)", self.scope)
    }
}

/// The parts of a canonical request, each already in canonical form.
#[derive(Debug, Clone, Copy)]
pub struct CanonicalRequest<'a> {
    /// The method in upper case.
    pub method: &'a str,
    /// The encoded path: once for S3, twice for every other service.
    pub path: &'a str,
    /// The query string from [`canonical_query`].
    pub query: &'a str,
    /// Lower-case names and trimmed values of the signed headers, in signing order.
    pub headers: &'a [(String, String)],
    /// The payload's SHA-256 in hexadecimal, or [`UNSIGNED_PAYLOAD`].
    pub payload: &'a str,
}

impl CanonicalRequest<'_> {
    /// Joins the names of the signed headers by `;`.
    pub fn signed_headers(&self) -> String {
        let names: Vec<&str> = self.headers.iter().map(|(name, _)| name.as_str()).collect();
        names.join(";")
    }

    /// Writes the text whose hash is signed.
    pub fn text(&self) -> String {
        let CanonicalRequest {
            method,
            path,
            query,
            payload,
            ..
        } = self;
        let headers: String = self
            .headers
            .iter()
            .map(|(name, value)| format!("{name}:{value}\n"))
            .collect();
        let signed = self.signed_headers();
        format!("{method}\n{path}\n{query}\n{headers}\n{signed}\n{payload}")
    }
}

/// Builds the string to sign of a canonical request's text; `date` is the time of signing as sent.
pub fn string_to_sign(date: &str, scope: &Scope, canonical_request: &str) -> String {
    format!(
        "{ALGORITHM}\n{date}\n{scope}\n{}",
        sha256_hex(canonical_request.as_bytes())
    )
}

/// Encodes decoded query parameters and sorts them by encoded name, then value.
///
/// The result is also a valid query string for the URL.
pub fn canonical_query<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let mut encoded: Vec<(String, String)> = pairs
        .into_iter()
        .map(|(name, value)| (encode_component(name), encode_component(value)))
        .collect();
    encoded.sort_unstable();
    let pairs: Vec<String> = encoded
        .into_iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    pairs.join("&")
}

/// Trims a header value and makes each run of white space inside it one space.
pub fn canonical_value(value: &str) -> String {
    let words: Vec<&str> = value.split_ascii_whitespace().collect();
    words.join(" ")
}
