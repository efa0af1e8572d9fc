//! What is refused, and under which code; and how a request's scheme is told.

use awsproto::claims::{Scheme, Validity};
use awsproto::sign::{self, Payload, S3Request};
use awsproto::sigv2::{self, HmacMethod};
use awsproto::sigv4::{Scope, SigningKey};
use awsproto::{AccessKeyId, Fault, Params, SecretKey};
use time::Duration;
use time::macros::datetime;

use crate::vectors::{EMPTY_SHA256, HOST, SIGNED_AT, at, credentials, get_status};
use crate::wire::{KEY_ID, RawRequest, SECRET};

const V2_BODY: &str = "Action=GetStatus&AWSAccessKeyId=AKIAIOSFODNN7EXAMPLE&SignatureVersion=2\
    &SignatureMethod=HmacSHA256&Signature=x";

fn v2_fault(body: &str) -> Fault {
    RawRequest::new("POST", "/", &[("Host", HOST)], body)
        .judge(SIGNED_AT)
        .unwrap_err()
}

#[test]
fn v2_claims_must_be_complete() {
    assert_eq!(
        v2_fault("Action=ListJobs"),
        Fault::MissingAuthenticationToken
    );
    let both = format!("{V2_BODY}&Timestamp=2011-06-20T22:30:59Z&Expires=2011-06-20T22:30:59Z");
    for (body, code) in [
        (V2_BODY, "IncompleteSignature"),
        (&both, "InvalidParameterCombination"),
        (&format!("{V2_BODY}&Timestamp=now"), "InvalidQueryParameter"),
        (
            &format!("{V2_BODY}&Timestamp=2011-06-20T22:30:59Z"),
            "SignatureDoesNotMatch",
        ),
        (
            &format!("{V2_BODY}&Expires=2011-06-20T22:30:58Z"),
            "RequestExpired",
        ),
        (
            &V2_BODY.replace("Version=2", "Version=1"),
            "InvalidQueryParameter",
        ),
        (&V2_BODY.replace("SHA256", "MD5"), "InvalidQueryParameter"),
        ("AWSAccessKeyId=A", "IncompleteSignature"),
        ("Signature=A", "IncompleteSignature"),
        ("Action=%", "MalformedQueryString"),
        ("Action=A&Action=A", "MalformedQueryString"),
    ] {
        assert_eq!(v2_fault(body).code(), code, "{body}");
    }
}

#[test]
fn v2_may_expire_at_a_time_and_come_by_get_or_from_both_query_and_body() {
    let signed = |method: &str, query: &str, body: &str| {
        let authentication = "AWSAccessKeyId=AKIAIOSFODNN7EXAMPLE&SignatureVersion=2&SignatureMethod=HmacSHA256\
            &Expires=2012-01-01T00%3A00%3A00.000Z";
        let mut all = Params::parse(body.as_bytes()).unwrap();
        all.absorb(query.as_bytes()).unwrap();
        all.absorb(authentication.as_bytes()).unwrap();
        let string = sigv2::string_to_sign(method, "H:1", "/", &all);
        let signature = sigv2::signature(&SecretKey::new(SECRET), HmacMethod::Sha256, &string);
        let mut signature_param = Params::new();
        signature_param.set("Signature", signature);
        let target = format!("?{query}&{authentication}&{}", signature_param.encode());
        RawRequest::new(method, &target, &[("Host", "h:1")], body)
    };
    for request in [
        signed("GET", "Action=ListJobs", ""),
        signed("POST", "Operation=X", "Action=ListJobs"),
    ] {
        let params = request.judge(SIGNED_AT).unwrap();
        assert_eq!(params.action(), Ok("ListJobs"));
        let late = request
            .judge(datetime!(2012-01-01 0:00:01 UTC))
            .unwrap_err();
        assert!(
            late.message().contains("valid until 2012-01-01T00:00:00Z"),
            "{late}"
        );
    }
    let mut twice = signed("POST", "Action=ListJobs", "");
    twice.body = b"Action=CancelJob".to_vec();
    assert_eq!(
        twice.judge(SIGNED_AT).unwrap_err().code(),
        "MalformedQueryString"
    );
}

/// A well-formed Version 4 request whose `Authorization` header is edited.
fn v4_fault(from: &str, to: &str) -> Fault {
    let signed = sign::query_v4(
        &credentials(None),
        at(HOST),
        "us-east-1",
        "importexport",
        &get_status(),
        SIGNED_AT,
    );
    let mut request = RawRequest::new("POST", "/", &[("Host", HOST)], &signed.body);
    for (name, value) in signed.headers {
        let value = if name == "authorization" {
            assert!(value.contains(from), "{from}");
            value.replacen(from, to, 1)
        } else {
            value
        };
        request.headers.push((name.to_owned(), value.into_bytes()));
    }
    request.judge(SIGNED_AT).unwrap_err()
}

#[test]
fn v4_claims_must_be_complete_and_ours() {
    for (from, to, code) in [
        (
            "AWS4-HMAC-SHA256 ",
            "AWS4-HMAC-SHA256,",
            "IncompleteSignature",
        ),
        (
            "AWS4-HMAC-SHA256",
            "AWS4-ECDSA-P256-SHA256",
            "IncompleteSignature",
        ),
        ("AWS4-HMAC-SHA256", "Basic", "MissingAuthenticationToken"),
        ("Credential=", "Credential=x/", "IncompleteSignature"),
        ("/aws4_request", "/aws5_request", "IncompleteSignature"),
        ("/us-east-1/", "//", "IncompleteSignature"),
        ("/importexport/", "/s3/", "SignatureDoesNotMatch"),
        ("/20110620/", "/20110621/", "SignatureDoesNotMatch"),
        ("host;", "", "IncompleteSignature"),
        ("host;", "host;;", "IncompleteSignature"),
        ("host;", "host;x-absent;", "IncompleteSignature"),
        (
            "Signature=",
            "Signature=0,Signature=",
            "IncompleteSignature",
        ),
        ("Signature=", "Signatur=", "IncompleteSignature"),
        ("Credential=AKIA", "Credential=BKIA", "InvalidClientTokenId"),
    ] {
        assert_eq!(v4_fault(from, to).code(), code, "{from} -> {to}");
    }
    let scoped = v4_fault("/importexport/", "/s3/").message();
    assert!(
        scoped.contains("'IngestionService' or 'importexport'"),
        "{scoped}"
    );
}

/// A client may not leave the body, where the parameters are, out of its signature.
#[test]
fn v4_declared_payload_hashes_are_held_against_the_body() {
    let body = "Action=CancelJob&JobId=ABCDE";
    let key = SigningKey::derive(
        &SecretKey::new(SECRET),
        Scope::new(SIGNED_AT, "us-east-1", "importexport"),
    );
    let judge = |declared: &str| {
        let s3_like = S3Request {
            method: "POST",
            host: HOST,
            path: "/",
            query: &[],
            headers: &[],
            payload: Payload::Sha256(declared),
        };
        let access_key_id = AccessKeyId::parse(KEY_ID).unwrap();
        let added = sign::s3(&access_key_id, None, &key, &s3_like, SIGNED_AT);
        let mut headers: Vec<(&str, &str)> = added.iter().map(|(n, v)| (*n, v.as_str())).collect();
        headers.push(("Host", HOST));
        RawRequest::new("POST", "/", &headers, body).judge(SIGNED_AT)
    };
    let actual = "f3f0cb5545c8d5d350d2c8c939320397fab180b10942e44ca205ba8596bab212";
    judge(actual).unwrap();
    for wrong in [EMPTY_SHA256, "UNSIGNED-PAYLOAD", ""] {
        assert_eq!(
            judge(wrong).unwrap_err().code(),
            "SignatureDoesNotMatch",
            "{wrong}"
        );
    }
}

#[test]
fn v4_tokens_must_be_signed() {
    let authorization = "AWS4-HMAC-SHA256 Credential=A/20110620/r/importexport/aws4_request, \
                         SignedHeaders=host, Signature=0";
    let headers = [
        ("Host", HOST),
        ("X-Amz-Date", "20110620T223059Z"),
        ("Authorization", authorization),
        ("X-Amz-Security-Token", "added on the way"),
    ];
    assert!(
        RawRequest::new("POST", "/", &headers[..3], "")
            .claims()
            .is_ok()
    );
    let fault = RawRequest::new("POST", "/", &headers, "")
        .claims()
        .unwrap_err();
    assert_eq!(fault.code(), "IncompleteSignature");
}

#[test]
fn messages_tell_both_times() {
    let body = format!("{V2_BODY}&Timestamp=2011-06-20T21:30:59Z");
    assert_eq!(
        v2_fault(&body).message(),
        "Request has expired. It was signed at 2011-06-20T21:30:59Z; the time of the server is \
         2011-06-20T22:30:59Z, and they may differ by at most 15 minutes."
    );
}

#[test]
fn the_scheme_is_chosen_by_what_is_sent() {
    let credentials = credentials(None);
    let v2 = sign::form_v2(
        &credentials,
        at(HOST),
        HmacMethod::Sha1,
        &get_status(),
        SIGNED_AT,
    );
    let claims = RawRequest::new("POST", "/", &[("Host", HOST)], &v2.body)
        .claims()
        .unwrap();
    assert_eq!(*claims.scheme(), Scheme::V2(HmacMethod::Sha1));
    assert_eq!(claims.access_key_id().as_str(), KEY_ID);

    let target = sign::presigned_v4(
        &credentials,
        at(HOST),
        "eu-west-1",
        "importexport",
        &get_status(),
        SIGNED_AT,
        60,
    );
    let claims = RawRequest::new("GET", &target, &[("Host", HOST)], "")
        .claims()
        .unwrap();
    let Scheme::V4Presigned(v4) = claims.scheme() else {
        panic!("{:?}", claims.scheme())
    };
    assert_eq!(
        (v4.scope.region(), v4.scope.service()),
        ("eu-west-1", "importexport")
    );
    let lasts = Duration::seconds(60);
    assert_eq!(
        claims.validity(),
        Validity::Lasting {
            from: SIGNED_AT,
            lasts
        }
    );

    for bad in ["0", "604801", "+60", "-1", "1.5", ""] {
        let target = target.replace("X-Amz-Expires=60", &format!("X-Amz-Expires={bad}"));
        assert!(
            RawRequest::new("GET", &target, &[("Host", HOST)], "")
                .claims()
                .is_err(),
            "{bad}"
        );
    }
    // In the body the same parameters would not be signed, so they claim nothing.
    let body = target.split_once('?').unwrap().1;
    let fault = RawRequest::new("POST", "/", &[("Host", HOST)], body)
        .claims()
        .unwrap_err();
    assert_eq!(fault, Fault::MissingAuthenticationToken);
}
