//! Decides whether a request was signed by the holder of a secret.
//!
//! The scheme comes from the [`Claims`]; everything signed is recomputed from the request as
//! received. Signatures are compared in constant time, and a wrong one is answered with the strings
//! we signed, which hold nothing secret.

use subtle::ConstantTimeEq;
use time::{Duration, OffsetDateTime};

use crate::claims::{Claims, Scheme, V4, Validity};
use crate::digest::sha256_hex;
use crate::fault::{Computed, Fault};
use crate::params::{Params, encode_path};
use crate::request::Request;
use crate::secret::SecretKey;
use crate::sigv2::{self, HmacMethod};
use crate::sigv4::{
    self, CanonicalRequest, SigningKey, UNSIGNED_PAYLOAD, canonical_query, canonical_value,
};

/// What a verifier accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules<'a> {
    /// The service names a Version 4 scope may have; its region may be any.
    pub services: &'a [&'a str],
    /// How far the time of signing may lie before or after the server's time.
    pub window: Duration,
}

impl Rules<'static> {
    /// The rules of AWS Import/Export: boto3 and the AWS CLI sign for `IngestionService`, other
    /// SDKs for `importexport`.
    pub const IMPORT_EXPORT: Rules<'static> = Rules {
        services: &["IngestionService", "importexport"],
        window: Duration::minutes(15),
    };
}

/// Verifies a request against the secret of the access key it claims.
///
/// `claims` are those parsed from this very request, and `now` the server's time. The body is
/// always signed: a Version 4 client that declares `UNSIGNED-PAYLOAD` must sign its hash
/// nonetheless, since the body holds the parameters.
///
/// # Errors
///
/// [`Fault::Contradiction`], [`Fault::RequestExpired`] and [`Fault::SignatureDoesNotMatch`], in
/// this order of precedence; [`Fault::IncompleteSignature`] if something signed is not in the
/// request.
pub fn verify(
    request: &Request<'_>,
    claims: &Claims,
    secret: &SecretKey,
    now: OffsetDateTime,
    rules: &Rules<'_>,
) -> Result<(), Fault> {
    match claims.scheme() {
        Scheme::V2(method) => {
            check_time(claims.validity(), now, rules.window)?;
            verify_v2(request, claims, secret, *method)
        }
        Scheme::V4Header(v4) => {
            check_service(v4, rules)?;
            check_time(claims.validity(), now, rules.window)?;
            let query = Params::parse(request.query().as_bytes())?;
            verify_v4(request, claims, secret, v4, &canonical_query(query.iter()))
        }
        Scheme::V4Presigned(v4) => {
            check_service(v4, rules)?;
            check_time(claims.validity(), now, rules.window)?;
            let query = Params::parse(request.query().as_bytes())?;
            let signed = query.iter().filter(|&(name, _)| name != "X-Amz-Signature");
            verify_v4(request, claims, secret, v4, &canonical_query(signed))
        }
    }
}

fn verify_v2(
    request: &Request<'_>,
    claims: &Claims,
    secret: &SecretKey,
    method: HmacMethod,
) -> Result<(), Fault> {
    let host = request
        .header("host")?
        .ok_or_else(|| Fault::incomplete("the request has no `Host` header"))?;
    let string = sigv2::string_to_sign(request.method, host, request.path(), claims.params());
    let expected = sigv2::signature(secret, method, &string);
    compare(&expected, claims.signature(), || {
        Computed::new(None, &string)
    })
}

fn verify_v4(
    request: &Request<'_>,
    claims: &Claims,
    secret: &SecretKey,
    v4: &V4,
    query: &str,
) -> Result<(), Fault> {
    let headers: Vec<(String, String)> = v4
        .signed_headers
        .iter()
        .map(|name| signed_header(request, name))
        .collect::<Result<_, _>>()?;
    let canonical = CanonicalRequest {
        method: request.method,
        // The path is encoded as sent, and every service but S3 signs it encoded once more.
        path: &encode_path(request.path()),
        query,
        headers: &headers,
        payload: &payload_hash(request)?,
    }
    .text();
    let string = sigv4::string_to_sign(&v4.date, &v4.scope, &canonical);
    let expected = SigningKey::derive(secret, v4.scope.clone()).sign(&string);
    compare(&expected, claims.signature(), || {
        Computed::new(Some(&canonical), &string)
    })
}

/// Finds a signed header in canonical form; values of repeated fields are joined by commas.
fn signed_header(request: &Request<'_>, name: &str) -> Result<(String, String), Fault> {
    let values: Vec<String> = request
        .header_values(name)
        .map(|value| value.map(canonical_value))
        .collect::<Result<_, _>>()?;
    if values.is_empty() {
        return Err(Fault::incomplete(format!(
            "the signed header `{name}` is not in the request"
        )));
    }
    Ok((name.to_owned(), values.join(",")))
}

/// Hashes the body, and holds a declared hash against it.
fn payload_hash(request: &Request<'_>) -> Result<String, Fault> {
    let actual = sha256_hex(request.body);
    match request.header("x-amz-content-sha256")?.map(str::trim) {
        Some(declared) if declared != actual && declared != UNSIGNED_PAYLOAD => {
            Err(Fault::Contradiction(format!(
                "The provided 'x-amz-content-sha256' header does not match what was \
                 computed: {actual}"
            )))
        }
        _ => Ok(actual),
    }
}

fn compare(expected: &str, given: &str, computed: impl FnOnce() -> Computed) -> Result<(), Fault> {
    if bool::from(expected.as_bytes().ct_eq(given.as_bytes())) {
        Ok(())
    } else {
        Err(Fault::SignatureDoesNotMatch(computed()))
    }
}

fn check_service(v4: &V4, rules: &Rules<'_>) -> Result<(), Fault> {
    let service = v4.scope.service();
    if rules.services.contains(&service) {
        return Ok(());
    }
    Err(Fault::Contradiction(format!(
        "Credential should be scoped to correct service: '{}'",
        rules.services.join("' or '")
    )))
}

/// Checks a validity against the clock. Only differences are computed: no sum can leave the
/// calendar.
fn check_time(validity: Validity, now: OffsetDateTime, window: Duration) -> Result<(), Fault> {
    let valid = match validity {
        Validity::Around(time) => (now - time).abs() <= window,
        Validity::Until(end) => now <= end,
        Validity::Lasting { from, lasts } => from - now <= window && now - from <= lasts,
    };
    if valid {
        Ok(())
    } else {
        Err(Fault::RequestExpired {
            signed: validity,
            now,
            window,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    const NOON: OffsetDateTime = datetime!(2026-11-21 12:00 UTC);
    const WINDOW: Duration = Duration::minutes(15);

    fn is_valid(validity: Validity, now: OffsetDateTime) -> bool {
        check_time(validity, now, WINDOW).is_ok()
    }

    #[test]
    fn a_timestamp_is_valid_for_the_window_on_either_side() {
        let validity = Validity::Around(NOON);
        assert!(is_valid(validity, NOON + WINDOW));
        assert!(is_valid(validity, NOON - WINDOW));
        assert!(!is_valid(validity, NOON + WINDOW + Duration::NANOSECOND));
        assert!(!is_valid(validity, NOON - WINDOW - Duration::NANOSECOND));
    }

    #[test]
    fn an_expiry_ends_at_its_time() {
        assert!(is_valid(Validity::Until(NOON), NOON - Duration::days(300)));
        assert!(is_valid(Validity::Until(NOON), NOON));
        assert!(!is_valid(
            Validity::Until(NOON),
            NOON + Duration::NANOSECOND
        ));
    }

    #[test]
    fn a_presigned_request_lasts_as_long_as_it_says() {
        let validity = Validity::Lasting {
            from: NOON,
            lasts: Duration::hours(1),
        };
        assert!(is_valid(validity, NOON - WINDOW));
        assert!(!is_valid(validity, NOON - WINDOW - Duration::SECOND));
        assert!(is_valid(validity, NOON + Duration::hours(1)));
        assert!(!is_valid(
            validity,
            NOON + Duration::hours(1) + Duration::SECOND
        ));
    }

    #[test]
    fn the_ends_of_the_calendar_are_ordinary_times() {
        let first = datetime!(-9999-01-01 0:00 UTC);
        let last = datetime!(9999-12-31 23:59:59 UTC);
        assert!(!is_valid(Validity::Around(first), last));
        assert!(!is_valid(Validity::Around(last), first));
        assert!(!is_valid(
            Validity::Lasting {
                from: first,
                lasts: WINDOW
            },
            last
        ));
    }
}
