//! What a request claims about its signer, read before any secret is known.
//!
//! A claim is not a fact until [`crate::verify::verify`] agrees. The parameters are decoded here,
//! once, so that what is executed is what was verified.

use std::fmt;

use time::{Duration, OffsetDateTime};

use crate::fault::Fault;
use crate::limits::{
    MAX_ACCESS_KEY_ID_BYTES, MAX_PRESIGNED_SECONDS, MAX_SESSION_TOKEN_BYTES, MAX_SIGNED_HEADERS,
};
use crate::params::Params;
use crate::request::Request;
use crate::secret::SessionToken;
use crate::sigv2::HmacMethod;
use crate::sigv4::{ALGORITHM, Scope};
use crate::timestamp::{parse_basic, parse_extended};

/// The public half of an access key: 1 to 128 printable ASCII characters, none of them `/`, `,` or
/// `=`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AccessKeyId(String);

impl AccessKeyId {
    /// Checks and wraps an access key id.
    pub fn parse(text: &str) -> Option<Self> {
        // The three excluded characters delimit the `Authorization` header.
        let printable = |b: u8| b.is_ascii_graphic() && !matches!(b, b'/' | b',' | b'=');
        let fits =
            (1..=MAX_ACCESS_KEY_ID_BYTES).contains(&text.len()) && text.bytes().all(printable);
        fits.then(|| AccessKeyId(text.to_owned()))
    }

    /// Gives the text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AccessKeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// When a request says it is valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Validity {
    /// Within the server's window around the time of signing.
    Around(OffsetDateTime),
    /// Until a time, from whenever it was signed (`Expires` of Version 2).
    Until(OffsetDateTime),
    /// For a while after signing (`X-Amz-Expires` of a presigned request).
    Lasting {
        /// The time of signing.
        from: OffsetDateTime,
        /// How long the request stays valid.
        lasts: Duration,
    },
}

/// How a request is signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scheme {
    /// Signature Version 2: everything is a parameter.
    V2(HmacMethod),
    /// Signature Version 4 in the `Authorization` header.
    V4Header(V4),
    /// Signature Version 4 in the query string.
    V4Presigned(V4),
}

/// What both kinds of Version 4 claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct V4 {
    /// The day, region and service the key was derived for.
    pub scope: Scope,
    /// The time of signing exactly as sent, `YYYYMMDD'T'HHMMSS'Z'`.
    pub date: String,
    /// The lower-case names of the signed headers, in the order sent.
    pub signed_headers: Vec<String>,
}

impl V4 {
    fn signs(&self, header: &str) -> bool {
        self.signed_headers.iter().any(|name| name == header)
    }
}

/// A request's claim about its signer, with the parameters it carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claims {
    access_key_id: AccessKeyId,
    scheme: Scheme,
    validity: Validity,
    session_token: Option<SessionToken>,
    signature: String,
    params: Params,
}

impl Claims {
    /// Reads the claims of a request and decodes its parameters, from query string and body
    /// together.
    ///
    /// Version 4 is claimed by an `Authorization: AWS4-HMAC-SHA256 …` header, or else by an
    /// `X-Amz-Algorithm` parameter in the query string; any other request is taken as Version 2.
    pub fn parse(request: &Request<'_>) -> Result<Self, Fault> {
        let query = Params::parse(request.query().as_bytes())?;
        let mut params = query.clone();
        params.absorb(request.body)?;

        match request.header("authorization")?.map(str::trim) {
            Some(header) if header.starts_with("AWS4-") => {
                Self::parse_v4_header(request, header, params)
            }
            // Only the query string is looked at: the same names in a body would not be signed.
            _ if query.get("X-Amz-Algorithm").is_some() => Self::parse_v4_presigned(&query, params),
            _ => Self::parse_v2(params),
        }
    }

    /// Gives the access key id whose secret should verify the request.
    pub fn access_key_id(&self) -> &AccessKeyId {
        &self.access_key_id
    }

    /// Tells how the request is signed.
    pub fn scheme(&self) -> &Scheme {
        &self.scheme
    }

    /// Tells when the request says it is valid.
    pub fn validity(&self) -> Validity {
        self.validity
    }

    /// Gives the token of temporary credentials, for the caller to judge.
    pub fn session_token(&self) -> Option<&SessionToken> {
        self.session_token.as_ref()
    }

    /// Gives the decoded parameters, authentication ones included.
    pub fn params(&self) -> &Params {
        &self.params
    }

    /// Gives the signature as sent.
    pub(crate) fn signature(&self) -> &str {
        &self.signature
    }

    fn parse_v2(params: Params) -> Result<Self, Fault> {
        if params.get("AWSAccessKeyId").is_none() && params.get("Signature").is_none() {
            return Err(Fault::MissingAuthenticationToken);
        }
        let version = required(&params, "SignatureVersion")?;
        if version != "2" {
            return Err(Fault::InvalidQueryParameter(
                "SignatureVersion must be 2".to_owned(),
            ));
        }
        let method = HmacMethod::parse(required(&params, "SignatureMethod")?).ok_or_else(|| {
            Fault::InvalidQueryParameter(
                "SignatureMethod must be HmacSHA256 or HmacSHA1".to_owned(),
            )
        })?;
        Ok(Claims {
            access_key_id: access_key_id(required(&params, "AWSAccessKeyId")?)?,
            scheme: Scheme::V2(method),
            validity: validity_v2(&params)?,
            session_token: session_token(params.get("SecurityToken"))?,
            signature: required(&params, "Signature")?.to_owned(),
            params,
        })
    }

    fn parse_v4_header(request: &Request<'_>, header: &str, params: Params) -> Result<Self, Fault> {
        let fields = AuthorizationFields::parse(header)?;
        let date = request
            .header("x-amz-date")?
            .map(str::trim)
            .ok_or_else(|| {
                Fault::incomplete("the Authorization header needs an `X-Amz-Date` header beside it")
            })?;
        let (signed_at, v4, access_key_id) =
            parse_v4(fields.credential, date, fields.signed_headers)?;
        let token = request.header("x-amz-security-token")?.map(str::trim);
        // A token outside the signature could be swapped on the way.
        if token.is_some() && !v4.signs("x-amz-security-token") {
            return Err(Fault::incomplete(
                "`x-amz-security-token` must be a signed header",
            ));
        }
        Ok(Claims {
            access_key_id,
            scheme: Scheme::V4Header(v4),
            validity: Validity::Around(signed_at),
            session_token: session_token(token)?,
            signature: fields.signature.to_owned(),
            params,
        })
    }

    fn parse_v4_presigned(query: &Params, params: Params) -> Result<Self, Fault> {
        if query.get("X-Amz-Algorithm") != Some(ALGORITHM) {
            return Err(Fault::incomplete(format!(
                "X-Amz-Algorithm must be {ALGORITHM}"
            )));
        }
        let (from, v4, access_key_id) = parse_v4(
            required(query, "X-Amz-Credential")?,
            required(query, "X-Amz-Date")?,
            required(query, "X-Amz-SignedHeaders")?,
        )?;
        Ok(Claims {
            access_key_id,
            scheme: Scheme::V4Presigned(v4),
            validity: Validity::Lasting {
                from,
                lasts: lifetime(required(query, "X-Amz-Expires")?)?,
            },
            session_token: session_token(query.get("X-Amz-Security-Token"))?,
            signature: required(query, "X-Amz-Signature")?.to_owned(),
            params,
        })
    }
}

/// The three fields of a Version 4 `Authorization` header.
struct AuthorizationFields<'a> {
    credential: &'a str,
    signed_headers: &'a str,
    signature: &'a str,
}

impl<'a> AuthorizationFields<'a> {
    fn parse(header: &'a str) -> Result<Self, Fault> {
        let fields = header
            .strip_prefix(ALGORITHM)
            .filter(|rest| rest.starts_with([' ', '\t']))
            .ok_or_else(|| Fault::incomplete(format!("the algorithm must be {ALGORITHM}")))?;
        Ok(AuthorizationFields {
            credential: authorization_field(fields, "Credential")?,
            signed_headers: authorization_field(fields, "SignedHeaders")?,
            signature: authorization_field(fields, "Signature")?,
        })
    }
}

fn authorization_field<'a>(fields: &'a str, name: &str) -> Result<&'a str, Fault> {
    let mut values = fields
        .split(',')
        .filter_map(|field| field.trim().split_once('='))
        .filter(|(given, _)| *given == name)
        .map(|(_, value)| value);
    match (values.next(), values.next()) {
        (Some(value), None) if !value.is_empty() => Ok(value),
        (Some(_), Some(_)) => Err(Fault::incomplete(format!(
            "the Authorization header has `{name}` twice"
        ))),
        _ => Err(Fault::incomplete(format!(
            "the Authorization header needs `{name}`"
        ))),
    }
}

fn parse_v4(
    credential: &str,
    date: &str,
    signed_headers: &str,
) -> Result<(OffsetDateTime, V4, AccessKeyId), Fault> {
    let (key, scope) = credential.split_once('/').ok_or_else(bad_credential)?;
    let scope = Scope::parse(scope).ok_or_else(bad_credential)?;
    let signed_at = parse_basic(date).ok_or_else(|| {
        Fault::incomplete("the date must be in ISO 8601 basic form, YYYYMMDD'T'HHMMSS'Z'")
    })?;
    if !date.starts_with(scope.day()) {
        return Err(Fault::Contradiction(format!(
            "Date in Credential scope does not match YYYYMMDD from the date of the request: \
             '{}' != '{}'",
            scope.day(),
            &date[..8]
        )));
    }
    let signed_headers = parse_signed_headers(signed_headers)?;
    Ok((
        signed_at,
        V4 {
            scope,
            date: date.to_owned(),
            signed_headers,
        },
        access_key_id(key)?,
    ))
}

fn bad_credential() -> Fault {
    Fault::incomplete(
        "the credential must have five slash-delimited elements, \
         access-key-id/YYYYMMDD/region/service/aws4_request",
    )
}

/// Reads a `SignedHeaders` list. `host` must be in it, or a request could be replayed against
/// another server.
fn parse_signed_headers(list: &str) -> Result<Vec<String>, Fault> {
    let names: Vec<String> = list
        .split(';')
        .take(MAX_SIGNED_HEADERS + 1)
        .map(str::to_ascii_lowercase)
        .collect();
    if names.len() > MAX_SIGNED_HEADERS {
        return Err(Fault::incomplete(format!(
            "more than {MAX_SIGNED_HEADERS} headers are signed"
        )));
    }
    if names.iter().any(String::is_empty) {
        return Err(Fault::incomplete("`SignedHeaders` holds an empty name"));
    }
    if !names.iter().any(|name| name == "host") {
        return Err(Fault::incomplete("`host` must be a signed header"));
    }
    Ok(names)
}

fn required<'a>(params: &'a Params, name: &str) -> Result<&'a str, Fault> {
    params
        .get(name)
        .filter(|value| !value.is_empty())
        .ok_or_else(|| Fault::incomplete(format!("the parameter `{name}` is missing")))
}

fn access_key_id(text: &str) -> Result<AccessKeyId, Fault> {
    AccessKeyId::parse(text).ok_or_else(|| Fault::incomplete("the access key ID is malformed"))
}

fn session_token(text: Option<&str>) -> Result<Option<SessionToken>, Fault> {
    match text {
        Some(token) if token.len() > MAX_SESSION_TOKEN_BYTES => Err(Fault::incomplete(format!(
            "the session token has more than {MAX_SESSION_TOKEN_BYTES} bytes"
        ))),
        token => Ok(token.map(SessionToken::new)),
    }
}

fn validity_v2(params: &Params) -> Result<Validity, Fault> {
    let parse = |name: &str, text: &str| {
        parse_extended(text).ok_or_else(|| {
            Fault::InvalidQueryParameter(format!("{name} must be an ISO 8601 time with its zone"))
        })
    };
    match (params.get("Timestamp"), params.get("Expires")) {
        (Some(text), None) => parse("Timestamp", text).map(Validity::Around),
        (None, Some(text)) => parse("Expires", text).map(Validity::Until),
        (Some(_), Some(_)) => Err(Fault::InvalidParameterCombination(
            "a request has either Timestamp or Expires".to_owned(),
        )),
        (None, None) => Err(Fault::incomplete(
            "one of the parameters `Timestamp` and `Expires` is missing",
        )),
    }
}

fn lifetime(text: &str) -> Result<Duration, Fault> {
    // A sign is not a digit: `u32` alone would let `+300` pass.
    let digits = text.bytes().all(|b| b.is_ascii_digit());
    let seconds = text
        .parse()
        .ok()
        .filter(|seconds| digits && (1..=MAX_PRESIGNED_SECONDS).contains(seconds));
    seconds
        .map(|seconds| Duration::seconds(i64::from(seconds)))
        .ok_or_else(|| {
            Fault::InvalidQueryParameter(format!(
                "X-Amz-Expires must be a number of seconds from 1 to {MAX_PRESIGNED_SECONDS}"
            ))
        })
}
