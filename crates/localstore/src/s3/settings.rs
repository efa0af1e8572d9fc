//! What buckets could be configured with elsewhere: here there is none of it, and each question is
//! answered as AWS answers it for a bucket that nobody configured.

use super::bucket;
use super::fault::custom;
use crate::store::LocalStore;
use http::StatusCode;
use s3s::dto::*;
use s3s::{S3Request, S3Result};

/// Writes the operations that say that there is none: name, input, output, code and message.
macro_rules! there_is_none {
    ($($name:ident: $input:ident => $output:ident = $code:literal, $message:literal;)*) => {
        $(pub(super) async fn $name(
            store: &LocalStore,
            request: S3Request<$input>,
        ) -> S3Result<$output> {
            bucket::find(store, &request.input.bucket).await?;
            Err(custom($code, StatusCode::NOT_FOUND, $message))
        })*
    };
}

/// Writes the operations that say so by an empty answer.
macro_rules! nothing_is_set {
    ($($name:ident: $input:ident => $output:ident = $answer:expr;)*) => {
        $(pub(super) async fn $name(
            store: &LocalStore,
            request: S3Request<$input>,
        ) -> S3Result<$output> {
            bucket::find(store, &request.input.bucket).await?;
            Ok($answer)
        })*
    };
}

there_is_none! {
    policy: GetBucketPolicyInput => GetBucketPolicyOutput = "NoSuchBucketPolicy", "The bucket policy does not exist";
    policy_status: GetBucketPolicyStatusInput => GetBucketPolicyStatusOutput = "NoSuchBucketPolicy", "The bucket policy does not exist";
    cors: GetBucketCorsInput => GetBucketCorsOutput = "NoSuchCORSConfiguration", "The CORS configuration does not exist";
    lifecycle: GetBucketLifecycleConfigurationInput => GetBucketLifecycleConfigurationOutput = "NoSuchLifecycleConfiguration", "The lifecycle configuration does not exist";
    tagging: GetBucketTaggingInput => GetBucketTaggingOutput = "NoSuchTagSet", "The TagSet does not exist";
    encryption: GetBucketEncryptionInput => GetBucketEncryptionOutput = "ServerSideEncryptionConfigurationNotFoundError", "The server side encryption configuration was not found";
    public_access_block: GetPublicAccessBlockInput => GetPublicAccessBlockOutput = "NoSuchPublicAccessBlockConfiguration", "The public access block configuration was not found";
    ownership_controls: GetBucketOwnershipControlsInput => GetBucketOwnershipControlsOutput = "OwnershipControlsNotFoundError", "The bucket ownership controls were not found";
    website: GetBucketWebsiteInput => GetBucketWebsiteOutput = "NoSuchWebsiteConfiguration", "The specified bucket does not have a website configuration";
    replication: GetBucketReplicationInput => GetBucketReplicationOutput = "ReplicationConfigurationNotFoundError", "The replication configuration was not found";
    object_lock: GetObjectLockConfigurationInput => GetObjectLockConfigurationOutput = "ObjectLockConfigurationNotFoundError", "Object Lock configuration does not exist for this bucket";
}

nothing_is_set! {
    logging: GetBucketLoggingInput => GetBucketLoggingOutput = GetBucketLoggingOutput::default();
    notification: GetBucketNotificationConfigurationInput => GetBucketNotificationConfigurationOutput
        = GetBucketNotificationConfigurationOutput::default();
    accelerate: GetBucketAccelerateConfigurationInput => GetBucketAccelerateConfigurationOutput
        = GetBucketAccelerateConfigurationOutput::default();
    request_payment: GetBucketRequestPaymentInput => GetBucketRequestPaymentOutput
        = GetBucketRequestPaymentOutput {
            payer: Some(Payer::from_static(Payer::BUCKET_OWNER)),
        };
}
