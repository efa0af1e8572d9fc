//! Requests recorded from boto3, the AWS CLI and the AWS SDK for JavaScript: all verify, and none
//! does with a byte changed.

use std::fs;
use std::path::Path;

use awsproto::claims::{Scheme, Validity};
use time::{Duration, OffsetDateTime};

use crate::wire::RawRequest;

fn recorded() -> Vec<(String, RawRequest)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/requests");
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    files
        .into_iter()
        .map(|file| {
            let raw = fs::read(&file).unwrap();
            (
                file.file_name().unwrap().to_string_lossy().into_owned(),
                RawRequest::parse(&raw),
            )
        })
        .collect()
}

/// Gives the time at which a request says it was signed.
fn signed_at(request: &RawRequest) -> OffsetDateTime {
    match request.claims().unwrap().validity() {
        Validity::Around(time) => time,
        other => panic!("recorded requests are signed at a time, not {other:?}"),
    }
}

#[test]
fn every_recorded_request_verifies() {
    let requests = recorded();
    assert_eq!(requests.len(), 41);
    for (name, request) in requests {
        let params = request
            .judge(signed_at(&request))
            .unwrap_or_else(|e| panic!("{name}: {e}"));
        assert!(params.action().is_ok(), "{name}");
        let is_v2 = matches!(request.claims().unwrap().scheme(), Scheme::V2(_));
        assert_eq!(is_v2, name.contains("v2"), "{name}");
    }
}

#[test]
fn every_recorded_request_expires() {
    for (name, request) in recorded() {
        let time = signed_at(&request);
        for now in [time + Duration::minutes(16), time - Duration::minutes(16)] {
            assert_eq!(
                request.judge(now).unwrap_err().code(),
                "RequestExpired",
                "{name}"
            );
        }
    }
}

#[test]
fn no_other_secret_verifies() {
    for (name, request) in recorded() {
        let fault = request
            .judge_with(crate::wire::KEY_ID, "another secret", signed_at(&request))
            .unwrap_err();
        assert_eq!(fault.code(), "SignatureDoesNotMatch", "{name}");
    }
}

#[test]
fn no_byte_of_a_body_can_change() {
    for (name, request) in recorded() {
        let now = signed_at(&request);
        let meant = request.judge(now).unwrap();
        for at in 0..request.body.len() {
            for flip in [0x01, 0x20] {
                let mut changed = request.clone();
                changed.body[at] ^= flip;
                // Version 2 signs what parameters mean: `%3a` for `%3A` is the same request.
                if let Ok(params) = changed.judge(now) {
                    assert_eq!(params, meant, "{name}: byte {at} ^ {flip:#x}");
                    assert!(name.contains("v2"), "{name}: byte {at} ^ {flip:#x}");
                }
            }
        }
    }
}

#[test]
fn no_byte_of_a_signed_header_can_change() {
    let signed = [
        "host",
        "authorization",
        "x-amz-date",
        "x-amz-content-sha256",
    ];
    for (name, request) in recorded() {
        let now = signed_at(&request);
        for header in signed {
            let Some(value) = request.clone().header_mut(header).cloned() else {
                continue;
            };
            // The space after the colon is not part of the value.
            for at in 1..value.len() {
                let mut changed = request.clone();
                changed.header_mut(header).unwrap()[at] ^= 0x01;
                assert!(changed.judge(now).is_err(), "{name}: {header} byte {at}");
            }
        }
    }
}

#[test]
fn method_path_and_query_are_signed() {
    for (name, request) in recorded() {
        let now = signed_at(&request);
        for (method, target) in [("GET", "/"), ("POST", "/x"), ("POST", "/?x=1")] {
            let changed = RawRequest {
                method: method.into(),
                target: target.into(),
                ..request.clone()
            };
            let fault = changed.judge(now).unwrap_err();
            assert_eq!(
                fault.code(),
                "SignatureDoesNotMatch",
                "{name}: {method} {target}"
            );
        }
    }
}
