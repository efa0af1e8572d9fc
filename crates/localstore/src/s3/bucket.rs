//! Operations on buckets themselves.

use super::attributes::timestamp;
use super::caller;
use super::fault::{fault, no_such_bucket};
use crate::error::StoreError;
use crate::index::apply::Change;
use crate::index::rows;
use crate::keyring;
use crate::store::LocalStore;
use s3s::dto::*;
use s3s::{S3Request, S3Result, s3_error};

/// Finds a bucket.
///
/// # Errors
/// `NoSuchBucket`.
pub(super) async fn find(store: &LocalStore, name: &str) -> S3Result<rows::Bucket> {
    store
        .index
        .bucket(name)
        .await
        .map_err(fault)?
        .ok_or_else(no_such_bucket)
}

pub(super) async fn create(
    store: &LocalStore,
    request: S3Request<CreateBucketInput>,
) -> S3Result<CreateBucketOutput> {
    let caller = caller(&request);
    let input = request.input;
    let region = input
        .create_bucket_configuration
        .and_then(|configuration| configuration.location_constraint)
        .map(|constraint| constraint.as_str().to_owned())
        .unwrap_or_default();
    match store
        .make_bucket(&input.bucket, caller.account(), &region)
        .await
    {
        Ok(()) => Ok(CreateBucketOutput {
            location: Some(format!("/{}", input.bucket)),
        }),
        Err(StoreError::Refused(refusal)) if keyring::owns(&refusal, caller.account()) => Err(
            s3_error!(BucketAlreadyOwnedByYou, "You already have this bucket."),
        ),
        Err(error) => Err(fault(error)),
    }
}

pub(super) async fn delete(
    store: &LocalStore,
    request: S3Request<DeleteBucketInput>,
) -> S3Result<DeleteBucketOutput> {
    let change = Change::DeleteBucket {
        bucket: request.input.bucket,
    };
    store.change(change).await.map_err(fault)?;
    Ok(DeleteBucketOutput::default())
}

pub(super) async fn head(
    store: &LocalStore,
    request: S3Request<HeadBucketInput>,
) -> S3Result<HeadBucketOutput> {
    let bucket = find(store, &request.input.bucket).await?;
    let region = if bucket.region.is_empty() {
        "us-east-1".to_owned()
    } else {
        bucket.region
    };
    Ok(HeadBucketOutput {
        bucket_region: Some(region),
        ..Default::default()
    })
}

/// Shows only buckets that the caller may use.
pub(super) async fn list(
    store: &LocalStore,
    request: S3Request<ListBucketsInput>,
) -> S3Result<ListBucketsOutput> {
    let caller = caller(&request);
    let prefix = request.input.prefix;
    let shown = store
        .index
        .buckets()
        .await
        .map_err(fault)?
        .into_iter()
        .filter(|bucket| caller.may_use(&bucket.name))
        .filter(|bucket| {
            bucket
                .name
                .starts_with(prefix.as_deref().unwrap_or_default())
        })
        .map(|bucket| Bucket {
            bucket_region: None,
            creation_date: Some(timestamp(bucket.created)),
            name: Some(bucket.name),
        })
        .collect();
    Ok(ListBucketsOutput {
        buckets: Some(shown),
        owner: Some(owner(caller.account())),
        prefix,
        ..Default::default()
    })
}

pub(super) async fn location(
    store: &LocalStore,
    request: S3Request<GetBucketLocationInput>,
) -> S3Result<GetBucketLocationOutput> {
    let bucket = find(store, &request.input.bucket).await?;
    let constraint = (!bucket.region.is_empty()).then(|| bucket.region.into());
    Ok(GetBucketLocationOutput {
        location_constraint: constraint,
    })
}

/// Versions are never kept, which S3 says by saying nothing.
pub(super) async fn versioning(
    store: &LocalStore,
    request: S3Request<GetBucketVersioningInput>,
) -> S3Result<GetBucketVersioningOutput> {
    find(store, &request.input.bucket).await?;
    Ok(GetBucketVersioningOutput::default())
}

pub(super) fn owner(account: &str) -> Owner {
    Owner {
        display_name: Some(account.to_owned()),
        id: Some(account.to_owned()),
    }
}
