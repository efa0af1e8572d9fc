//! Requests as they are sent. The signatures are those botocore 1.44 computes for the same requests.

use awshttp::connection::Connection;
use awshttp::endpoint::ServiceConfig;
use awshttp::request::{Body, Request};
use awsproto::claims::AccessKeyId;
use awsproto::secret::{SecretKey, SessionToken};
use awsproto::sign::Credentials;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use sha2::{Digest as _, Sha256};
use time::OffsetDateTime;
use time::macros::datetime;
use ureq::http::{self, Method};

use super::*;

const NOON: OffsetDateTime = datetime!(2026-11-21 12:00 UTC);

fn connection<D: Dialect>(endpoint: &str, token: Option<&str>) -> Connection<D> {
    let credentials = Credentials {
        access_key_id: AccessKeyId::parse("AKIDEXAMPLE").unwrap(),
        secret: SecretKey::new("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
        session_token: token.map(SessionToken::new),
    };
    let config = ServiceConfig::new(endpoint, "eu-west-1", credentials);
    Connection::new(&config).unwrap()
}

fn header<'r>(request: &'r http::Request<&[u8]>, name: &str) -> &'r str {
    request.headers()[name].to_str().unwrap()
}

/// Holds scope, signed headers and signature against what botocore says.
fn check_signature(request: &http::Request<&[u8]>, service: &str, signed: &str, signature: &str) {
    assert_eq!(header(request, "x-amz-date"), "20261121T120000Z");
    assert_eq!(
        header(request, "authorization"),
        format!(
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261121/eu-west-1/{service}/aws4_request, \
             SignedHeaders={signed}, Signature={signature}"
        )
    );
}

#[test]
fn a_block_is_vouched_for_by_its_checksum_alone() {
    let block = vec![7; 512 << 10];
    let connection = connection::<Rest<Ebs>>("http://127.0.0.1:5000", None);
    let target = connection
        .address()
        .target("/snapshots/snap-0a1b2c/blocks/7");
    let mut request = Request::new(Method::PUT, target);
    let checksum = BASE64.encode(Sha256::digest(&block));
    request.say("content-type", "application/octet-stream");
    request.say("x-amz-data-length", "524288");
    request.say("x-amz-checksum", checksum);
    request.say("x-amz-checksum-algorithm", "SHA256");
    request.body = Body::unsigned(&block);
    let request = connection.signed(&request, NOON).unwrap();
    assert_eq!(header(&request, "x-amz-content-sha256"), "UNSIGNED-PAYLOAD");
    assert!(!request.headers().contains_key("expect"));
    check_signature(
        &request,
        "ebs",
        "content-type;host;x-amz-checksum;x-amz-checksum-algorithm;x-amz-content-sha256;\
         x-amz-data-length;x-amz-date",
        "4cc135d8d7ad096f36eedb47a921374bb1609c91cfda2724751fd6b635a7b5d9",
    );
}

#[test]
fn a_path_is_signed_encoded_once_more() {
    let connection = connection::<Rest<Ebs>>("http://127.0.0.1:5000/a b/", Some("TOKEN"));
    let target = connection
        .address()
        .target("/snapshots/snap-0a1b2c/blocks/7");
    let mut request = Request::new(Method::GET, target);
    request.ask("blockToken", "ab+c/=");
    let request = connection.signed(&request, NOON).unwrap();
    assert_eq!(
        request.uri().to_string(),
        "http://127.0.0.1:5000/a%20b/snapshots/snap-0a1b2c/blocks/7?blockToken=ab%2Bc%2F%3D"
    );
    check_signature(
        &request,
        "ebs",
        "host;x-amz-content-sha256;x-amz-date;x-amz-security-token",
        "4fee559baae30264e494420e374f1170788076323f7f122b3997ee7c508173e4",
    );
}

#[test]
fn a_part_is_signed_with_its_plain_hash() {
    let part = vec![b'a'; 1 << 20];
    let connection = connection::<Rest<Glacier>>("https://glacier.test", None);
    let target = connection
        .address()
        .target("/-/vaults/my.vault_1/multipart-uploads/up-1_x");
    let mut request = Request::new(Method::PUT, target);
    request.say("content-type", "application/octet-stream");
    request.say("content-range", "bytes 1048576-2097151/*");
    request.say(
        "x-amz-sha256-tree-hash",
        hex::encode(crate::treehash::of(&part)),
    );
    request.body = Body::hashed(&part);
    let request = connection.signed(&request, NOON).unwrap();
    assert_eq!(header(&request, "x-amz-glacier-version"), "2012-06-01");
    assert_eq!(header(&request, "expect"), "100-continue");
    check_signature(
        &request,
        "glacier",
        "content-range;content-type;host;x-amz-content-sha256;x-amz-date;x-amz-glacier-version;\
         x-amz-sha256-tree-hash",
        "7770c10f12ad2982b0a6efde527e8e57ad798c30cd428af2dfc8128691f42741",
    );
}

#[test]
fn what_no_header_can_carry_is_refused_unsent() {
    let connection = connection::<Rest<Glacier>>("http://h", None);
    let target = connection.address().target("/");
    let mut request = Request::new(Method::POST, target);
    request.say("x-amz-archive-description", "a\nb");
    let error = connection.signed(&request, NOON).unwrap_err();
    assert!(!error.may_retry());
    assert!(error.to_string().contains("`x-amz-archive-description`"));
}

#[test]
fn secrets_have_no_face() {
    let connection = connection::<Rest<Ebs>>("http://h", Some("TOKEN"));
    let shown = format!("{connection:?}");
    assert!(
        !shown.contains("wJalr") && !shown.contains("TOKEN"),
        "{shown}"
    );
}

#[test]
fn codes_are_found_within_their_decoration() {
    for text in [
        "ValidationException",
        "ValidationException:http://internal.amazon.com/coral/",
        "com.amazonaws.ebs#ValidationException",
        "a#ValidationException:b",
    ] {
        assert_eq!(bare_code(text), "ValidationException", "{text}");
    }
}
