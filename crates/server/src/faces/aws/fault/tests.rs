//! Every fault has its code, status and message.

use super::*;

fn all() -> Vec<(Fault, u16, &'static str)> {
    let text = || "x".to_owned();
    let bucket = || BucketName::new("photos").unwrap();
    vec![
        (
            awsproto::Fault::InvalidClientTokenId.into(),
            403,
            "InvalidClientTokenId",
        ),
        (awsproto::Fault::MissingAction.into(), 400, "MissingAction"),
        (Fault::MethodNotAllowed, 405, "InvalidParameterException"),
        (
            Fault::RequestTooLarge(text()),
            413,
            "InvalidParameterException",
        ),
        (Fault::RequestIncomplete, 408, "RequestTimeout"),
        (
            Fault::MissingParameter("Manifest"),
            400,
            "MissingParameterException",
        ),
        (
            Fault::InvalidParameter(text()),
            400,
            "InvalidParameterException",
        ),
        (Fault::InvalidVersion, 400, "InvalidVersionException"),
        (Fault::NoSuchJob(text()), 400, "InvalidJobIdException"),
        (Fault::MissingJobId, 400, "InvalidJobIdException"),
        (Fault::CanceledJob, 400, "CanceledJobIdException"),
        (Fault::ExpiredJob, 400, "ExpiredJobIdException"),
        (
            Fault::UnableToCancel(Refusal::Over),
            400,
            "UnableToCancelJobIdException",
        ),
        (
            Fault::UnableToUpdate(Refusal::Over),
            400,
            "UnableToUpdateJobIdException",
        ),
        (
            Fault::MalformedManifest(None),
            400,
            "MalformedManifestException",
        ),
        (
            Fault::MissingManifestField(text()),
            400,
            "MissingManifestFieldException",
        ),
        (
            Fault::InvalidManifestField(text()),
            400,
            "InvalidManifestFieldException",
        ),
        (
            Fault::InvalidAddress(text()),
            400,
            "InvalidAddressException",
        ),
        (
            Fault::MissingCustoms(text()),
            400,
            "MissingCustomsException",
        ),
        (
            Fault::InvalidCustoms(text()),
            400,
            "InvalidCustomsException",
        ),
        (
            Fault::InvalidFileSystem(text()),
            400,
            "InvalidFileSystemException",
        ),
        (
            Fault::InvalidAccessKeyId(text()),
            400,
            "InvalidAccessKeyIdException",
        ),
        (Fault::NoSuchBucket(vec![]), 400, "NoSuchBucketException"),
        (
            Fault::BucketPermission(vec![]),
            400,
            "BucketPermissionException",
        ),
        (
            Fault::MultipleRegions(vec![]),
            400,
            "MultipleRegionsException",
        ),
        (
            Fault::QuotaExceeded(50),
            400,
            "CreateJobQuotaExceededException",
        ),
        (Fault::TooManySecrets, 400, "Throttling"),
        (Fault::Unavailable, 503, "ServiceUnavailable"),
        (Fault::StoreUnavailable(bucket()), 503, "ServiceUnavailable"),
        (Fault::StoreUnusable(bucket()), 500, "InternalFailure"),
        (
            Fault::BucketElsewhere(vec![text()]),
            400,
            "NoSuchBucketException",
        ),
        (Fault::OutcomeUnknown, 400, "InternalFailure"),
        (Fault::Internal, 500, "InternalFailure"),
    ]
}

#[test]
fn every_fault_has_the_documented_code_and_status() {
    for (fault, status, code) in all() {
        assert_eq!(
            (fault.http_status(), fault.code()),
            (status, code),
            "{fault:?}"
        );
        assert!(!fault.message().trim().is_empty(), "{fault:?}");
    }
}

#[test]
fn recorded_messages_are_exact() {
    for (fault, message) in [
        (
            Fault::no_such_job("123456"),
            "No such job 123456 for your account",
        ),
        (
            Fault::MissingParameter("Manifest"),
            "Manifest must be specified",
        ),
        (
            Fault::MalformedManifest(None),
            "Your manifest is not well-formed",
        ),
    ] {
        assert_eq!(fault.message(), message);
    }
}

#[test]
fn only_our_own_failures_blame_the_receiver() {
    for (fault, status, _) in all() {
        let ours = status >= 500 || fault == Fault::OutcomeUnknown;
        assert_eq!(fault.blame() == Blame::Receiver, ours, "{fault:?}");
    }
}

#[test]
fn long_details_and_echoes_are_cut() {
    let fault = Fault::InvalidManifestField("é".repeat(DETAIL_BYTES));
    assert!(fault.message().len() < 2 * DETAIL_BYTES && fault.message().ends_with(" …"));
    assert_eq!(
        Fault::no_such_job(&"é".repeat(500)),
        Fault::NoSuchJob("é".repeat(ECHO_CHARS))
    );
}
