//! Operations on buckets themselves.

use super::attributes::timestamp;
use super::caller;
use super::fault::{fault, no_such_bucket};
use super::page::{parse_token, token};
use crate::error::StoreError;
use crate::index::apply::Change;
use crate::index::read::From;
use crate::index::rows;
use crate::keyring;
use crate::limits;
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
    let configuration = input.create_bucket_configuration;
    if configuration
        .as_ref()
        .is_some_and(|it| it.bucket.is_some() || it.location.is_some())
    {
        return Err(s3_error!(
            NotImplemented,
            "Of a bucket's configuration only LocationConstraint is implemented."
        ));
    }
    let region = configuration
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
    Ok(HeadBucketOutput {
        bucket_region: Some(shown_region(&bucket).to_owned()),
        ..Default::default()
    })
}

/// Shows only buckets that the caller may use.
pub(super) async fn list(
    store: &LocalStore,
    request: S3Request<ListBucketsInput>,
) -> S3Result<ListBucketsOutput> {
    let caller = caller(&request);
    let ListBucketsInput {
        bucket_region,
        continuation_token,
        max_buckets,
        prefix,
    } = request.input;
    let limit = match max_buckets.map(usize::try_from) {
        None => usize::MAX,
        Some(Ok(limit)) if (1..=limits::BUCKETS_PAGE).contains(&limit) => limit,
        Some(_) => {
            return Err(s3_error!(
                InvalidArgument,
                "Argument max-buckets must be an integer between 1 and 10000"
            ));
        }
    };
    let behind = match continuation_token
        .as_deref()
        .filter(|token| !token.is_empty())
    {
        None => String::new(),
        Some(token) => match parse_token(token) {
            Some(From::Behind(name)) => String::from_utf8_lossy(&name).into_owned(),
            _ => return Err(incorrect_token()),
        },
    };
    let mut shown: Vec<rows::Bucket> = store
        .index
        .buckets()
        .await
        .map_err(fault)?
        .into_iter()
        .filter(|bucket| caller.may_use(&bucket.name) && bucket.name > behind)
        .filter(|bucket| {
            let prefix = prefix.as_deref().unwrap_or_default();
            let region = bucket_region.as_deref().unwrap_or(shown_region(bucket));
            bucket.name.starts_with(prefix) && shown_region(bucket) == region
        })
        .collect();
    let is_truncated = shown.len() > limit;
    shown.truncate(limit);
    let next = shown
        .last()
        .filter(|_| is_truncated)
        .map(|last| token(&From::Behind(last.name.clone().into_bytes())));
    let buckets = shown.into_iter().map(|bucket| Bucket {
        bucket_region: None,
        creation_date: Some(timestamp(bucket.created)),
        name: Some(bucket.name),
    });
    Ok(ListBucketsOutput {
        buckets: Some(buckets.collect()),
        continuation_token: next,
        owner: Some(owner(caller.account())),
        prefix,
    })
}

/// The region a bucket says it is in.
fn shown_region(bucket: &rows::Bucket) -> &str {
    match bucket.region.as_str() {
        "" => "us-east-1",
        region => region,
    }
}

pub(super) fn incorrect_token() -> s3s::S3Error {
    s3_error!(
        InvalidArgument,
        "The continuation token provided is incorrect"
    )
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
