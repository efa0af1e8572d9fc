//! The S3 operations, each a file for its group; this one is the table of which are answered.
//!
//! An operation turns a request into values, asks the index or hands the writer a change, and turns the
//! outcome back into S3's words. Failures become S3's codes in [`fault`] alone.

mod acl;
mod attributes;
mod bucket;
mod contents;
mod copy;
mod delete;
pub(crate) mod fault;
mod get;
mod inspect;
mod list;
mod listing;
mod multipart;
mod page;
mod parts;
mod put;
mod settings;
mod snowball;
mod tagging;
mod versions;

use crate::keyring::Caller;
use crate::store::LocalStore;
use async_trait::async_trait;
use s3s::dto::*;
use s3s::{S3, S3Request, S3Response, S3Result};

/// Who sent a request. One that did not come through the gate is nobody's.
fn caller<T>(request: &S3Request<T>) -> Caller {
    request
        .extensions
        .get()
        .cloned()
        .unwrap_or(Caller::Anonymous)
}

/// What an operation answers: an output, or one with headers that the output has no field for.
trait Answer<O> {
    fn response(self) -> S3Response<O>;
}

impl<O> Answer<O> for O {
    fn response(self) -> S3Response<O> {
        S3Response::new(self)
    }
}

impl<O> Answer<O> for S3Response<O> {
    fn response(self) -> Self {
        self
    }
}

/// Writes the trait's methods, which all look alike: input in, output out.
macro_rules! operations {
    ($($name:ident: $input:ident => $output:ident = $handler:path;)*) => {
        #[async_trait]
        impl S3 for LocalStore {
            $(async fn $name(
                &self,
                request: S3Request<$input>,
            ) -> S3Result<S3Response<$output>> {
                $handler(self, request).await.map(Answer::response)
            })*
        }
    };
}

operations! {
    create_bucket: CreateBucketInput => CreateBucketOutput = bucket::create;
    delete_bucket: DeleteBucketInput => DeleteBucketOutput = bucket::delete;
    head_bucket: HeadBucketInput => HeadBucketOutput = bucket::head;
    list_buckets: ListBucketsInput => ListBucketsOutput = bucket::list;
    get_bucket_location: GetBucketLocationInput => GetBucketLocationOutput = bucket::location;
    get_bucket_versioning: GetBucketVersioningInput => GetBucketVersioningOutput = bucket::versioning;
    get_bucket_acl: GetBucketAclInput => GetBucketAclOutput = acl::get_bucket;
    put_bucket_acl: PutBucketAclInput => PutBucketAclOutput = acl::put_bucket;
    get_bucket_policy: GetBucketPolicyInput => GetBucketPolicyOutput = settings::policy;
    get_bucket_policy_status: GetBucketPolicyStatusInput => GetBucketPolicyStatusOutput = settings::policy_status;
    get_bucket_cors: GetBucketCorsInput => GetBucketCorsOutput = settings::cors;
    get_bucket_lifecycle_configuration: GetBucketLifecycleConfigurationInput => GetBucketLifecycleConfigurationOutput = settings::lifecycle;
    get_bucket_tagging: GetBucketTaggingInput => GetBucketTaggingOutput = settings::tagging;
    get_bucket_encryption: GetBucketEncryptionInput => GetBucketEncryptionOutput = settings::encryption;
    get_public_access_block: GetPublicAccessBlockInput => GetPublicAccessBlockOutput = settings::public_access_block;
    get_bucket_ownership_controls: GetBucketOwnershipControlsInput => GetBucketOwnershipControlsOutput = settings::ownership_controls;
    get_bucket_website: GetBucketWebsiteInput => GetBucketWebsiteOutput = settings::website;
    get_bucket_replication: GetBucketReplicationInput => GetBucketReplicationOutput = settings::replication;
    get_object_lock_configuration: GetObjectLockConfigurationInput => GetObjectLockConfigurationOutput = settings::object_lock;
    get_bucket_logging: GetBucketLoggingInput => GetBucketLoggingOutput = settings::logging;
    get_bucket_notification_configuration: GetBucketNotificationConfigurationInput => GetBucketNotificationConfigurationOutput = settings::notification;
    get_bucket_accelerate_configuration: GetBucketAccelerateConfigurationInput => GetBucketAccelerateConfigurationOutput = settings::accelerate;
    get_bucket_request_payment: GetBucketRequestPaymentInput => GetBucketRequestPaymentOutput = settings::request_payment;
    put_object: PutObjectInput => PutObjectOutput = put::put;
    get_object: GetObjectInput => GetObjectOutput = get::get;
    get_object_attributes: GetObjectAttributesInput => GetObjectAttributesOutput = inspect::attributes;
    head_object: HeadObjectInput => HeadObjectOutput = get::head;
    delete_object: DeleteObjectInput => DeleteObjectOutput = delete::one;
    delete_objects: DeleteObjectsInput => DeleteObjectsOutput = delete::many;
    copy_object: CopyObjectInput => CopyObjectOutput = copy::object;
    list_objects: ListObjectsInput => ListObjectsOutput = list::first_version;
    list_objects_v2: ListObjectsV2Input => ListObjectsV2Output = list::second_version;
    list_object_versions: ListObjectVersionsInput => ListObjectVersionsOutput = versions::list;
    get_object_acl: GetObjectAclInput => GetObjectAclOutput = acl::get_object;
    put_object_acl: PutObjectAclInput => PutObjectAclOutput = acl::put_object;
    get_object_tagging: GetObjectTaggingInput => GetObjectTaggingOutput = tagging::get;
    put_object_tagging: PutObjectTaggingInput => PutObjectTaggingOutput = tagging::put;
    delete_object_tagging: DeleteObjectTaggingInput => DeleteObjectTaggingOutput = tagging::delete;
    create_multipart_upload: CreateMultipartUploadInput => CreateMultipartUploadOutput = multipart::create;
    upload_part: UploadPartInput => UploadPartOutput = parts::upload;
    upload_part_copy: UploadPartCopyInput => UploadPartCopyOutput = copy::part;
    list_parts: ListPartsInput => ListPartsOutput = parts::list;
    list_multipart_uploads: ListMultipartUploadsInput => ListMultipartUploadsOutput = list::uploads;
    complete_multipart_upload: CompleteMultipartUploadInput => CompleteMultipartUploadOutput = multipart::complete;
    abort_multipart_upload: AbortMultipartUploadInput => AbortMultipartUploadOutput = multipart::abort;
}
