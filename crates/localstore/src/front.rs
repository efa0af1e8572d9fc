//! What is decided about a request before the protocol library sees it: whether it is for this port at
//! all, and whether its signature covers everything that decides what happens.
//!
//! The library checks that a signature is right for the headers it names. That every header which
//! matters is named, that a link lives no longer than AWS lets it, and that there is one signature and
//! a current one, is checked here.

use crate::limits;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use percent_encoding::percent_decode_str;
use s3s::HttpRequest;
use std::collections::BTreeMap;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;

/// The longest life of a presigned link: seven days, in seconds (AWS's limit).
const LINK_SECONDS: i64 = 604_800;

/// The algorithm of Signature Version 4.
const VERSION_4: &str = "AWS4-HMAC-SHA256";

/// What the query of a presigned link consists of besides the request's own parameters.
const LINK: [&str; 6] = [
    "X-Amz-Algorithm",
    "X-Amz-Credential",
    "X-Amz-Date",
    "X-Amz-Expires",
    "X-Amz-SignedHeaders",
    "X-Amz-Signature",
];

/// The same for Version 2.
const LINK_2: [&str; 3] = ["AWSAccessKeyId", "Expires", "Signature"];

/// Parameters of the signature that are no headers in disguise.
const SIGNATURE: [&str; 7] = [
    "x-amz-algorithm",
    "x-amz-credential",
    "x-amz-date",
    "x-amz-expires",
    "x-amz-signedheaders",
    "x-amz-signature",
    "x-amz-content-sha256",
];

/// Why a request goes no further.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stop {
    pub(crate) status: StatusCode,
    pub(crate) code: &'static str,
    pub(crate) message: String,
}

impl Stop {
    fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
        }
    }

    fn bad(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, message)
    }

    fn denied(message: &str) -> Self {
        Self::new(StatusCode::FORBIDDEN, "AccessDenied", message)
    }
}

/// Checks a request, and writes parameters that stand for headers as the headers they stand for.
///
/// # Errors
/// [`Stop`] with AWS's codes.
pub(crate) fn check(request: &mut HttpRequest) -> Result<(), Stop> {
    let query = pairs(request.uri().query().unwrap_or_default());
    refuse_strangers(request, &query)?;
    refuse_doubles(request.headers())?;
    let authorization = request
        .headers()
        .get(header::AUTHORIZATION)
        .map(|value| value.to_str().unwrap_or("?").trim().to_owned());
    refuse_large_documents(request, &query)?;
    let is_link = query.iter().any(|(name, _)| LINK.contains(&name.as_str()));
    check_version_2(authorization.as_deref(), &query, OffsetDateTime::now_utc())?;
    match authorization {
        Some(_) if is_link => Err(one_mechanism()),
        Some(authorization) => check_header(request.headers_mut(), &authorization),
        None if is_link => {
            check_link(request.headers(), &query)?;
            lift_headers(request.headers_mut(), &query)
        }
        None => Ok(()),
    }
}

/// The parameters of a query, decoded.
pub(crate) fn pairs(query: &str) -> Vec<(String, String)> {
    let decoded = |text: &str| {
        percent_decode_str(&text.replace('+', " "))
            .decode_utf8_lossy()
            .into_owned()
    };
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decoded(name), decoded(value))
        })
        .collect()
}

/// Requests of the Query protocol are for the service's other port.
fn refuse_strangers(request: &HttpRequest, query: &[(String, String)]) -> Result<(), Stop> {
    let kind = request.headers().get(header::CONTENT_TYPE);
    let is_form = kind.is_some_and(|kind| {
        kind.as_bytes()
            .starts_with(b"application/x-www-form-urlencoded")
    });
    let names_action = query
        .iter()
        .any(|(name, _)| name == "Action" || name == "Operation");
    let is_root = request.uri().path().trim_matches('/').is_empty();
    if is_root && (names_action || (is_form && request.method() == Method::POST)) {
        return Err(wrong_port());
    }
    Ok(())
}

fn wrong_port() -> Stop {
    Stop::bad(
        "InvalidRequest",
        "This is the port of the object store, which speaks S3 alone. The API for jobs answers at \
         the service's other address.",
    )
}

/// One header, one meaning: of two that differ nobody knows which was signed for.
fn refuse_doubles(headers: &HeaderMap) -> Result<(), Stop> {
    for name in headers.keys() {
        let name = name.as_str();
        // The one kind of header that is a list.
        let is_list = name.ends_with("object-attributes");
        let matters = (name.starts_with("x-amz-") && !is_list)
            || matches!(
                name,
                "authorization" | "host" | "date" | "content-md5" | "content-length" | "range"
            );
        if matters && headers.get_all(name).iter().nth(1).is_some() {
            return Err(Stop::bad(
                "InvalidRequest",
                format!("The header `{name}` was sent more than once."),
            ));
        }
    }
    Ok(())
}

/// A document that is too large is no document, and is not read.
fn refuse_large_documents(request: &HttpRequest, query: &[(String, String)]) -> Result<(), Stop> {
    let has = |names: &[&str]| query.iter().any(|(name, _)| names.contains(&name.as_str()));
    let is_object = request.uri().path().trim_matches('/').contains('/');
    let is_document = match *request.method() {
        Method::POST => !has(&["uploads"]),
        Method::PUT => !is_object || has(&["acl", "tagging", "retention", "legal-hold"]),
        _ => false,
    };
    let length = request.headers().get(header::CONTENT_LENGTH);
    let length = length.and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    let limit = u64::try_from(limits::DOCUMENT_BYTES).unwrap_or(u64::MAX);
    if is_document && length.is_some_and(|length| length > limit) {
        return Err(Stop::bad(
            "MalformedXML",
            format!("The XML you provided is larger than {limit} bytes."),
        ));
    }
    Ok(())
}

/// Version 2 is taken in links alone, which some clients still make unless told otherwise: there it
/// covers every `x-amz-*` header, and ends. In a header it would be good for ever, and for any body.
fn check_version_2(
    authorization: Option<&str>,
    query: &[(String, String)],
    now: OffsetDateTime,
) -> Result<(), Stop> {
    if authorization.is_some_and(|text| text.starts_with("AWS ")) {
        return Err(Stop::bad(
            "InvalidRequest",
            "The authorization mechanism you have provided is not supported. Please use \
             AWS4-HMAC-SHA256.",
        ));
    }
    let fields: Vec<&(String, String)> = query
        .iter()
        .filter(|(name, _)| LINK_2.contains(&name.as_str()))
        .collect();
    if fields.is_empty() {
        return Ok(());
    }
    let expires = fields.iter().find(|(name, _)| name == "Expires");
    let expires = expires.and_then(|(_, at)| at.parse::<i64>().ok());
    let Some(expires) = expires.filter(|_| fields.len() == LINK_2.len()) else {
        return Err(Stop::denied(
            "Query-string authentication requires the Signature, Expires and AWSAccessKeyId \
             parameters, each once",
        ));
    };
    if authorization.is_some() {
        return Err(one_mechanism());
    }
    if expires.saturating_sub(now.unix_timestamp()) > LINK_SECONDS {
        return Err(Stop::bad(
            "AuthorizationQueryParametersError",
            format!("Expires must be less than a week ahead; that is, {LINK_SECONDS} seconds"),
        ));
    }
    Ok(())
}

fn one_mechanism() -> Stop {
    Stop::bad(
        "InvalidArgument",
        "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature \
         query string parameter or the Authorization header should be specified",
    )
}

/// Checks what an `Authorization` header says, and gives a request dated by `Date` alone the date
/// where the library looks for it.
fn check_header(headers: &mut HeaderMap, authorization: &str) -> Result<(), Stop> {
    if authorization.is_empty() {
        return Err(Stop::denied("Access Denied"));
    }
    let Some(fields) = authorization.strip_prefix(VERSION_4) else {
        return Err(Stop::bad(
            "InvalidArgument",
            "Unsupported Authorization Type",
        ));
    };
    let fields: BTreeMap<&str, &str> = fields
        .split(',')
        .filter_map(|field| field.trim().split_once('='))
        .collect();
    let (Some(credential), Some(signed)) = (fields.get("Credential"), fields.get("SignedHeaders"))
    else {
        return Err(Stop::bad(
            "AuthorizationHeaderMalformed",
            "The authorization header is malformed; it needs Credential, SignedHeaders and Signature.",
        ));
    };
    match credential.split('/').nth_back(1) {
        Some("s3") => {}
        Some("importexport" | "IngestionService") => return Err(wrong_port()),
        other => {
            return Err(Stop::bad(
                "AuthorizationHeaderMalformed",
                format!(
                    "The authorization header is malformed; incorrect service \"{}\". This endpoint \
                     belongs to \"s3\".",
                    other.unwrap_or_default()
                ),
            ));
        }
    }
    check_signed(headers, signed)?;
    date_by_date(headers)
}

fn check_link(headers: &HeaderMap, query: &[(String, String)]) -> Result<(), Stop> {
    let wrong = |message: String| Stop::bad("AuthorizationQueryParametersError", message);
    let mut fields = BTreeMap::new();
    for name in LINK {
        let mut values = query.iter().filter(|(given, _)| given == name);
        match (values.next(), values.next()) {
            (Some((_, value)), None) => fields.insert(name, value.as_str()),
            _ => {
                return Err(wrong(
                    "Query-string authentication version 4 requires the X-Amz-Algorithm, \
                     X-Amz-Credential, X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and \
                     X-Amz-Expires parameters, each once."
                        .to_owned(),
                ));
            }
        };
    }
    if fields["X-Amz-Algorithm"] != VERSION_4 {
        return Err(wrong(format!(
            "X-Amz-Algorithm only supports \"{VERSION_4}\""
        )));
    }
    match fields["X-Amz-Expires"].parse::<i64>() {
        Ok(seconds) if seconds > LINK_SECONDS => Err(wrong(format!(
            "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires \
             must be less than {LINK_SECONDS} seconds"
        ))),
        Ok(seconds) if seconds < 0 => Err(wrong("X-Amz-Expires must be non-negative".to_owned())),
        Err(_) => Err(wrong("X-Amz-Expires should be a number".to_owned())),
        Ok(_) => Ok(()),
    }?;
    let service = fields["X-Amz-Credential"].split('/').nth_back(1);
    if service != Some("s3") {
        return Err(wrong(format!(
            "Error parsing the X-Amz-Credential parameter; incorrect service \"{}\". This endpoint \
             belongs to \"s3\".",
            service.unwrap_or_default()
        )));
    }
    check_signed(headers, fields["X-Amz-SignedHeaders"])
}

/// The signature must cover the host and every `x-amz-*` header: they decide what happens.
fn check_signed(headers: &HeaderMap, signed: &str) -> Result<(), Stop> {
    let is_signed = |name: &str| signed.split(';').any(|one| one == name);
    let unsigned = headers
        .keys()
        .map(HeaderName::as_str)
        .filter(|name| name.starts_with("x-amz-"))
        .chain(["host"])
        .find(|name| !is_signed(name));
    match unsigned {
        Some(name) => Err(Stop::denied(&format!(
            "There were headers present in the request which were not signed: {name}"
        ))),
        None => Ok(()),
    }
}

/// A request may be dated by `Date` alone; the signature's own time is taken from there then.
fn date_by_date(headers: &mut HeaderMap) -> Result<(), Stop> {
    if headers.contains_key("x-amz-date") {
        return Ok(());
    }
    let given = headers
        .get(header::DATE)
        .and_then(|value| value.to_str().ok());
    let stamp = given.and_then(|text| {
        let is_stamp = text.len() == 16 && text.ends_with('Z') && !text.contains(' ');
        if is_stamp {
            return Some(text.to_owned());
        }
        let at = OffsetDateTime::parse(&text.replace("GMT", "+0000"), &Rfc2822).ok()?;
        let at = at.to_offset(time::UtcOffset::UTC);
        Some(format!(
            "{:04}{:02}{:02}T{:02}{:02}{:02}Z",
            at.year(),
            u8::from(at.month()),
            at.day(),
            at.hour(),
            at.minute(),
            at.second()
        ))
    });
    let stamp = stamp.and_then(|stamp| HeaderValue::try_from(stamp).ok());
    let Some(stamp) = stamp else {
        return Err(Stop::denied(
            "AWS authentication requires a valid Date or x-amz-date header",
        ));
    };
    headers.insert("x-amz-date", stamp);
    Ok(())
}

/// Some clients write `x-amz-*` headers into the query of the links they sign.
fn lift_headers(headers: &mut HeaderMap, query: &[(String, String)]) -> Result<(), Stop> {
    for (name, value) in query {
        let lower = name.to_ascii_lowercase();
        if !lower.starts_with("x-amz-") || SIGNATURE.contains(&lower.as_str()) {
            continue;
        }
        let (Ok(name), Ok(value)) = (HeaderName::try_from(lower), HeaderValue::try_from(value))
        else {
            return Err(Stop::bad(
                "InvalidArgument",
                format!("The parameter `{name}` is not valid."),
            ));
        };
        if headers.insert(&name, value).is_some() {
            return Err(Stop::bad(
                "InvalidArgument",
                format!("`{name}` is given in the query and as a header."),
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use s3s::Body;

    const SCOPE: &str = "KEY/20260101/us-east-1/s3/aws4_request";

    fn request(uri: &str, headers: &[(&str, &str)]) -> HttpRequest {
        let mut builder = http::Request::put(format!("http://store{uri}")).header("host", "store");
        for (name, value) in headers {
            builder = builder.header(*name, *value);
        }
        builder.body(Body::empty()).unwrap()
    }

    fn code(uri: &str, headers: &[(&str, &str)]) -> &'static str {
        check(&mut request(uri, headers)).map_or_else(|stop| stop.code, |()| "")
    }

    fn authorization(scope: &str, signed: &str) -> String {
        format!("{VERSION_4} Credential={scope}, SignedHeaders={signed}, Signature=00")
    }

    fn link(expires: &str, signed: &str, more: &str) -> String {
        format!(
            "/b/k?X-Amz-Algorithm={VERSION_4}&X-Amz-Credential={}&X-Amz-Date=20260101T000000Z\
             &X-Amz-Expires={expires}&X-Amz-SignedHeaders={signed}&X-Amz-Signature=00{more}",
            SCOPE.replace('/', "%2F")
        )
    }

    #[test]
    fn every_header_that_decides_something_is_signed() {
        let signed = authorization(SCOPE, "host;x-amz-content-sha256;x-amz-date");
        let sound = [
            ("authorization", signed.as_str()),
            ("x-amz-date", "20260101T000000Z"),
            ("x-amz-content-sha256", "UNSIGNED-PAYLOAD"),
        ];
        assert_eq!(code("/b/k", &sound), "");
        for added in [
            "x-amz-copy-source",
            "x-amz-acl",
            "x-amz-meta-a",
            "x-amz-anything",
        ] {
            let more = [&sound[..], &[(added, "v")]].concat();
            assert_eq!(code("/b/k", &more), "AccessDenied", "{added}");
            assert_eq!(
                code(&link("60", "host", ""), &[(added, "v")]),
                "AccessDenied"
            );
        }
        let hostless = authorization(SCOPE, "x-amz-date");
        let headers = [
            ("authorization", hostless.as_str()),
            ("x-amz-date", "20260101T000000Z"),
        ];
        assert_eq!(code("/b/k", &headers), "AccessDenied");
        assert_eq!(code(&link("60", "range", ""), &[]), "AccessDenied");
    }

    #[test]
    fn links_live_a_week_at_most() {
        for (expires, expected) in [
            ("1", ""),
            ("604800", ""),
            ("604801", "AuthorizationQueryParametersError"),
            ("-1", "AuthorizationQueryParametersError"),
            ("soon", "AuthorizationQueryParametersError"),
            ("", "AuthorizationQueryParametersError"),
        ] {
            assert_eq!(code(&link(expires, "host", ""), &[]), expected, "{expires}");
        }
        let doubled = link("60", "host", "&X-Amz-Expires=604801");
        assert_eq!(code(&doubled, &[]), "AuthorizationQueryParametersError");
        assert_eq!(
            code("/b/k?X-Amz-Signature=00", &[]),
            "AuthorizationQueryParametersError"
        );
        let other = link("60", "host", "").replace("%2Fs3%2F", "%2Fsts%2F");
        assert_eq!(code(&other, &[]), "AuthorizationQueryParametersError");
    }

    #[test]
    fn there_is_one_signature_and_it_is_of_version_4() {
        let signed = authorization(SCOPE, "host;x-amz-date");
        let both = [
            ("authorization", signed.as_str()),
            ("x-amz-date", "20260101T000000Z"),
        ];
        assert_eq!(code(&link("60", "host", ""), &both), "InvalidArgument");
        for (text, expected) in [
            ("", "AccessDenied"),
            ("  ", "AccessDenied"),
            ("AWS KEY:c2lnbmF0dXJl", "InvalidRequest"),
            ("Basic a2V5", "InvalidArgument"),
            ("AWS4-HMAC-SHA256 nothing", "AuthorizationHeaderMalformed"),
        ] {
            assert_eq!(code("/b/k", &[("authorization", text)]), expected, "{text}");
        }
        let old = |more: i64| {
            let expires = OffsetDateTime::now_utc().unix_timestamp() + more;
            format!("/b/k?AWSAccessKeyId=KEY&Expires={expires}&Signature=s")
        };
        assert_eq!(code(&old(60), &[]), "");
        assert_eq!(
            code(&old(700_000), &[]),
            "AuthorizationQueryParametersError"
        );
        assert_eq!(code(&old(60), &both), "InvalidArgument");
        assert_eq!(
            code("/b/k?AWSAccessKeyId=KEY&Signature=s", &[]),
            "AccessDenied"
        );
        assert_eq!(code(&format!("{}&Expires=1", old(60)), &[]), "AccessDenied");
        let sts = authorization(&SCOPE.replace("/s3/", "/sts/"), "host;x-amz-date");
        let headers = [
            ("authorization", sts.as_str()),
            ("x-amz-date", "20260101T000000Z"),
        ];
        assert_eq!(code("/b/k", &headers), "AuthorizationHeaderMalformed");
    }

    #[test]
    fn a_date_will_do() {
        let signed = authorization(SCOPE, "date;host");
        for date in ["Thu, 01 Jan 2026 00:00:00 GMT", "20260101T000000Z"] {
            let mut dated = request("/b/k", &[("authorization", &signed), ("date", date)]);
            check(&mut dated).unwrap();
            assert_eq!(dated.headers()["x-amz-date"], "20260101T000000Z");
        }
        let headers = [("authorization", signed.as_str()), ("date", "yesterday")];
        assert_eq!(code("/b/k", &headers), "AccessDenied");
    }

    #[test]
    fn headers_in_a_link_are_headers() {
        let mut lifted = request(&link("60", "host", "&x-amz-acl=public-read"), &[]);
        check(&mut lifted).unwrap();
        assert_eq!(lifted.headers()["x-amz-acl"], "public-read");
        assert!(!lifted.headers().contains_key("x-amz-signature"));
    }

    #[test]
    fn clients_of_the_api_are_told_where_they_are() {
        let form = [(
            "content-type",
            "application/x-www-form-urlencoded; charset=utf-8",
        )];
        let mut posted = request("/", &form);
        *posted.method_mut() = Method::POST;
        assert!(
            check(&mut posted)
                .unwrap_err()
                .message
                .contains("port of the object store")
        );
        assert_eq!(code("/?Operation=CreateJob", &[]), "InvalidRequest");
        assert_eq!(code("/bucket?Action=x", &[]), "");
    }
}
