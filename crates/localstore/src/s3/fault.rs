//! The one place where the store's failures become S3's error codes.

use crate::error::{Refusal, StoreError};
use http::StatusCode;
use s3s::{S3Error, S3ErrorCode, s3_error};

/// The S3 error for a failure; the operator's log gets its cause.
pub(crate) fn fault(error: StoreError) -> S3Error {
    if error.is_out_of_space() {
        tracing::error!(%error, "the disk is full");
        return custom(
            "InsufficientStorage",
            StatusCode::INSUFFICIENT_STORAGE,
            "The store has no space left for this request.",
        );
    }
    match error {
        StoreError::Refused(refusal) => refused(refusal),
        StoreError::Closed => s3_error!(ServiceUnavailable, "The store is shutting down."),
        StoreError::Disk { .. } | StoreError::Index(_) => {
            tracing::error!(%error, cause = ?std::error::Error::source(&error), "request failed");
            s3_error!(
                InternalError,
                "We encountered an internal error. Please try again."
            )
        }
    }
}

fn refused(refusal: Refusal) -> S3Error {
    match refusal {
        Refusal::NoSuchBucket => no_such_bucket(),
        Refusal::NoSuchKey => no_such_key(),
        Refusal::NoSuchUpload => no_such_upload(),
        Refusal::PreconditionFailed => precondition_failed(),
        Refusal::BucketNotEmpty => {
            s3_error!(
                BucketNotEmpty,
                "The bucket you tried to delete is not empty."
            )
        }
        Refusal::BucketExists { .. } => {
            s3_error!(
                BucketAlreadyExists,
                "The requested bucket name is not available."
            )
        }
        Refusal::BadBucketName => {
            s3_error!(InvalidBucketName, "The specified bucket is not valid.")
        }
        Refusal::PathTaken => s3_error!(SlowDown, "Please try again."),
    }
}

pub(crate) fn no_such_bucket() -> S3Error {
    s3_error!(NoSuchBucket, "The specified bucket does not exist.")
}

pub(crate) fn no_such_key() -> S3Error {
    s3_error!(NoSuchKey, "The specified key does not exist.")
}

pub(crate) fn no_such_upload() -> S3Error {
    s3_error!(
        NoSuchUpload,
        "The specified multipart upload does not exist."
    )
}

pub(crate) fn precondition_failed() -> S3Error {
    s3_error!(
        PreconditionFailed,
        "At least one of the preconditions you specified did not hold."
    )
}

pub(crate) fn access_denied() -> S3Error {
    s3_error!(AccessDenied, "Access Denied")
}

/// An error whose code the protocol library does not know.
pub(crate) fn custom(code: &'static str, status: StatusCode, message: &'static str) -> S3Error {
    let mut error = S3Error::with_message(S3ErrorCode::Custom(code.into()), message);
    error.set_status_code(status);
    error
}
