//! Signs requests: to a Query service (Version 4 header, Version 4 presigned, Version 2 form) and
//! to an S3-compatible store.
//!
//! Everything returned is ready to send; nothing is sent here. `time` is the client's time, an
//! argument like any other.

use time::OffsetDateTime;

use crate::claims::AccessKeyId;
use crate::digest::sha256_hex;
use crate::params::{Params, encode_path};
use crate::secret::{SecretKey, SessionToken};
use crate::sigv2::{self, HmacMethod};
use crate::sigv4::{
    self, ALGORITHM, CanonicalRequest, Scope, SigningKey, UNSIGNED_PAYLOAD, canonical_query,
    canonical_value,
};
use crate::timestamp::{basic, extended};

/// The content type of every Query request with a body.
pub const FORM: &str = "application/x-www-form-urlencoded; charset=utf-8";

/// What a client signs with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The public half of the access key.
    pub access_key_id: AccessKeyId,
    /// The secret half.
    pub secret: SecretKey,
    /// The token of temporary credentials.
    pub session_token: Option<SessionToken>,
}

/// Where a Query request goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Endpoint<'a> {
    /// The `Host` header: the host, with `:port` unless it is the scheme's own.
    pub host: &'a str,
    /// The path as sent, at least `/`.
    pub path: &'a str,
}

/// A signed `POST`: headers to send beside `Host` and `Content-Length`, and the body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedForm {
    /// Lower-case names and values.
    pub headers: Vec<(&'static str, String)>,
    /// The form.
    pub body: String,
}

/// Signs a `POST` to a Query service with a Version 4 `Authorization` header.
pub fn query_v4(
    credentials: &Credentials,
    endpoint: Endpoint<'_>,
    region: &str,
    service: &str,
    params: &Params,
    time: OffsetDateTime,
) -> SignedForm {
    let key = SigningKey::derive(&credentials.secret, Scope::new(time, region, service));
    let body = params.encode();
    let mut headers = vec![
        ("content-type", FORM.to_owned()),
        ("host", endpoint.host.to_owned()),
        ("x-amz-date", basic(time)),
    ];
    if let Some(token) = &credentials.session_token {
        headers.push(("x-amz-security-token", token.expose().to_owned()));
    }
    let canonical = canonical_headers(headers.iter().map(|(name, value)| (*name, value.as_str())));
    let authorization = authorization(
        &credentials.access_key_id,
        &key,
        time,
        &CanonicalRequest {
            method: "POST",
            path: &encode_path(endpoint.path),
            query: "",
            headers: &canonical,
            payload: &sha256_hex(body.as_bytes()),
        },
    );
    headers.retain(|(name, _)| *name != "host");
    headers.push(("authorization", authorization));
    SignedForm { headers, body }
}

/// Presigns a `GET` to a Query service and gives its path and query string; it is valid for
/// `seconds` from `time`.
pub fn presigned_v4(
    credentials: &Credentials,
    endpoint: Endpoint<'_>,
    region: &str,
    service: &str,
    params: &Params,
    time: OffsetDateTime,
    seconds: u32,
) -> String {
    let key = SigningKey::derive(&credentials.secret, Scope::new(time, region, service));
    let mut params = params.clone();
    params
        .set("X-Amz-Algorithm", ALGORITHM)
        .set(
            "X-Amz-Credential",
            format!("{}/{}", credentials.access_key_id, key.scope()),
        )
        .set("X-Amz-Date", basic(time))
        .set("X-Amz-Expires", seconds.to_string())
        .set("X-Amz-SignedHeaders", "host");
    if let Some(token) = &credentials.session_token {
        params.set("X-Amz-Security-Token", token.expose());
    }
    let query = canonical_query(params.iter());
    let canonical = CanonicalRequest {
        method: "GET",
        path: &encode_path(endpoint.path),
        query: &query,
        headers: &canonical_headers([("host", endpoint.host)]),
        payload: &sha256_hex(b""),
    }
    .text();
    let signature = key.sign(&sigv4::string_to_sign(
        &basic(time),
        key.scope(),
        &canonical,
    ));
    format!("{}?{query}&X-Amz-Signature={signature}", endpoint.path)
}

/// Signs a `POST` to a Query service with Version 2: the signature is one of the form's parameters.
pub fn form_v2(
    credentials: &Credentials,
    endpoint: Endpoint<'_>,
    method: HmacMethod,
    params: &Params,
    time: OffsetDateTime,
) -> SignedForm {
    let mut params = params.clone();
    params
        .set("AWSAccessKeyId", credentials.access_key_id.as_str())
        .set("SignatureVersion", "2")
        .set("SignatureMethod", method.as_str())
        .set("Timestamp", extended(time));
    if let Some(token) = &credentials.session_token {
        params.set("SecurityToken", token.expose());
    }
    let string = sigv2::string_to_sign("POST", endpoint.host, endpoint.path, &params);
    params.set(
        "Signature",
        sigv2::signature(&credentials.secret, method, &string),
    );
    SignedForm {
        headers: vec![("content-type", FORM.to_owned())],
        body: params.encode(),
    }
}

/// What an S3 request signs of its payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Payload<'a> {
    /// Nothing; only for connections that protect the body themselves.
    Unsigned,
    /// Its SHA-256 in lower-case hexadecimal.
    Sha256(&'a str),
}

/// A request to an S3-compatible store, as far as the signature depends on it.
#[derive(Debug, Clone, Copy)]
pub struct S3Request<'a> {
    /// The method in upper case.
    pub method: &'a str,
    /// The `Host` header, with `:port` unless it is the scheme's own.
    pub host: &'a str,
    /// The path as sent, encoded once by [`encode_path`].
    pub path: &'a str,
    /// The decoded query parameters in any order; the URL must spell them as [`canonical_query`]
    /// does.
    pub query: &'a [(&'a str, &'a str)],
    /// Further headers to sign, in any order and case, beside `host` and the `x-amz-*` ones this
    /// function adds.
    pub headers: &'a [(&'a str, &'a str)],
    /// What is signed of the payload.
    pub payload: Payload<'a>,
}

/// Signs a request to an S3-compatible store and gives the headers to add to it.
///
/// They are `x-amz-date`, `x-amz-content-sha256`, with temporary credentials
/// `x-amz-security-token`, and `authorization`. The key must be one for which
/// [`SigningKey::is_for`] accepts `time`; it is the costly part, kept by the caller.
pub fn s3(
    access_key_id: &AccessKeyId,
    session_token: Option<&SessionToken>,
    key: &SigningKey,
    request: &S3Request<'_>,
    time: OffsetDateTime,
) -> Vec<(&'static str, String)> {
    let payload = match request.payload {
        Payload::Unsigned => UNSIGNED_PAYLOAD,
        Payload::Sha256(hash) => hash,
    };
    let mut added = vec![
        ("x-amz-date", basic(time)),
        ("x-amz-content-sha256", payload.to_owned()),
    ];
    if let Some(token) = session_token {
        added.push(("x-amz-security-token", token.expose().to_owned()));
    }
    let added_pairs = added.iter().map(|(name, value)| (*name, value.as_str()));
    let given_pairs = request.headers.iter().copied();
    let canonical = canonical_headers(
        given_pairs
            .chain(added_pairs)
            .chain([("host", request.host)]),
    );
    let authorization = authorization(
        access_key_id,
        key,
        time,
        &CanonicalRequest {
            method: request.method,
            path: request.path,
            query: &canonical_query(request.query.iter().copied()),
            headers: &canonical,
            payload,
        },
    );
    added.push(("authorization", authorization));
    added
}

/// Signs a request to a REST service other than S3 and gives the headers to add to it, as [`s3`] does.
///
/// The one difference: every service but S3 signs the path encoded once more than it is sent.
pub fn rest(
    access_key_id: &AccessKeyId,
    session_token: Option<&SessionToken>,
    key: &SigningKey,
    request: &S3Request<'_>,
    time: OffsetDateTime,
) -> Vec<(&'static str, String)> {
    let path = encode_path(request.path);
    let request = S3Request {
        path: &path,
        ..*request
    };
    s3(access_key_id, session_token, key, &request, time)
}

/// Brings headers into signing order and form.
fn canonical_headers<'a>(
    headers: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> Vec<(String, String)> {
    let mut canonical: Vec<(String, String)> = headers
        .into_iter()
        .map(|(name, value)| (name.to_ascii_lowercase(), canonical_value(value)))
        .collect();
    canonical.sort_unstable();
    canonical
}

/// Signs a canonical request and writes the `Authorization` header.
fn authorization(
    access_key_id: &AccessKeyId,
    key: &SigningKey,
    time: OffsetDateTime,
    canonical: &CanonicalRequest<'_>,
) -> String {
    let scope = key.scope();
    let signature = key.sign(&sigv4::string_to_sign(
        &basic(time),
        scope,
        &canonical.text(),
    ));
    let signed_headers = canonical.signed_headers();
    format!(
        "{ALGORITHM} Credential={access_key_id}/{scope}, SignedHeaders={signed_headers}, \
         Signature={signature}"
    )
}
