//! Object tags.

use super::fault::{fault, no_such_key};
use crate::index::apply::Change;
use crate::index::rows::{Attributes, Object};
use crate::limits;
use crate::store::LocalStore;
use percent_encoding::percent_decode_str;
use s3s::dto::*;
use s3s::{S3Request, S3Result, s3_error};

/// The tags in an `x-amz-tagging` header, which is written like a query string.
pub(crate) fn parse_header(header: Option<&str>) -> S3Result<Vec<(String, String)>> {
    let tags = header
        .unwrap_or_default()
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            Ok((decoded(key)?, decoded(value)?))
        })
        .collect::<S3Result<_>>()?;
    checked(tags)
}

pub(super) async fn get(
    store: &LocalStore,
    request: S3Request<GetObjectTaggingInput>,
) -> S3Result<GetObjectTaggingOutput> {
    let object = find(store, &request.input.bucket, &request.input.key).await?;
    let tags = object.label.attributes.tags.into_iter();
    let tag_set = tags
        .map(|(key, value)| Tag {
            key: Some(key),
            value: Some(value),
        })
        .collect();
    Ok(GetObjectTaggingOutput {
        tag_set,
        version_id: None,
    })
}

pub(super) async fn put(
    store: &LocalStore,
    request: S3Request<PutObjectTaggingInput>,
) -> S3Result<PutObjectTaggingOutput> {
    let input = request.input;
    let tags = input.tagging.tag_set.into_iter();
    let tags = tags.map(|tag| (tag.key.unwrap_or_default(), tag.value.unwrap_or_default()));
    set(store, &input.bucket, &input.key, checked(tags.collect())?).await?;
    Ok(PutObjectTaggingOutput::default())
}

pub(super) async fn delete(
    store: &LocalStore,
    request: S3Request<DeleteObjectTaggingInput>,
) -> S3Result<DeleteObjectTaggingOutput> {
    set(store, &request.input.bucket, &request.input.key, Vec::new()).await?;
    Ok(DeleteObjectTaggingOutput::default())
}

async fn set(
    store: &LocalStore,
    bucket: &str,
    key: &str,
    tags: Vec<(String, String)>,
) -> S3Result<()> {
    let Object { label, path, .. } = find(store, bucket, key).await?;
    let attributes = Attributes {
        tags,
        ..label.attributes
    };
    let (bucket, key) = (label.bucket, label.key);
    store
        .change(Change::SetAttributes {
            bucket,
            key,
            path,
            attributes,
        })
        .await
        .map_err(fault)
}

async fn find(store: &LocalStore, bucket: &str, key: &str) -> S3Result<Object> {
    super::bucket::find(store, bucket).await?;
    store
        .index
        .object(bucket, key)
        .await
        .map_err(fault)?
        .ok_or_else(no_such_key)
}

fn checked(tags: Vec<(String, String)>) -> S3Result<Vec<(String, String)>> {
    let valid = |(key, value): &(String, String)| {
        !key.is_empty() && key.chars().count() <= 128 && value.chars().count() <= 256
    };
    if tags.len() > limits::TAGS || !tags.iter().all(valid) {
        return Err(s3_error!(
            InvalidTag,
            "The tags you provided are not valid."
        ));
    }
    Ok(tags)
}

fn decoded(text: &str) -> S3Result<String> {
    percent_decode_str(&text.replace('+', " "))
        .decode_utf8()
        .map(|text| text.into_owned())
        .map_err(|_| s3_error!(InvalidTag, "The tags you provided are not valid."))
}
