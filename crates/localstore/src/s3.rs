//! The S3 operations, each a file for its group; this one is the table of which are answered.
//!
//! An operation turns a request into values, asks the index or hands the writer a change, and turns the
//! outcome back into S3's words. Failures become S3's codes in [`fault`] alone.

mod acl;
mod attributes;
mod bucket;
mod copy;
mod delete;
pub(crate) mod fault;
mod get;
mod list;
mod multipart;
mod page;
mod parts;
mod put;
mod tagging;

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

/// Writes the trait's methods, which all look alike: input in, output out.
macro_rules! operations {
    ($($name:ident: $input:ident => $output:ident = $handler:path;)*) => {
        #[async_trait]
        impl S3 for LocalStore {
            $(async fn $name(
                &self,
                request: S3Request<$input>,
            ) -> S3Result<S3Response<$output>> {
                $handler(self, request).await.map(S3Response::new)
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
    put_object: PutObjectInput => PutObjectOutput = put::put;
    get_object: GetObjectInput => GetObjectOutput = get::get;
    head_object: HeadObjectInput => HeadObjectOutput = get::head;
    delete_object: DeleteObjectInput => DeleteObjectOutput = delete::one;
    delete_objects: DeleteObjectsInput => DeleteObjectsOutput = delete::many;
    copy_object: CopyObjectInput => CopyObjectOutput = copy::object;
    list_objects: ListObjectsInput => ListObjectsOutput = list::first_version;
    list_objects_v2: ListObjectsV2Input => ListObjectsV2Output = list::second_version;
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
