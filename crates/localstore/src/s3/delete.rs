//! DeleteObject and DeleteObjects. What is not there is deleted already.

use super::fault::fault;
use super::put::condition;
use crate::index::apply::{Change, Condition};
use crate::store::LocalStore;
use crate::{limits, meaning};
use futures::future::join_all;
use s3s::dto::*;
use s3s::{S3Request, S3Result, s3_error};

pub(super) async fn one(
    store: &LocalStore,
    request: S3Request<DeleteObjectInput>,
) -> S3Result<DeleteObjectOutput> {
    let input = request.input;
    let condition = condition(input.if_match.as_ref(), None)?;
    let change = Change::DeleteObject {
        bucket: input.bucket,
        key: input.key,
        condition,
    };
    store.change(change).await.map_err(fault)?;
    Ok(DeleteObjectOutput::default())
}

pub(super) async fn many(
    store: &LocalStore,
    request: S3Request<DeleteObjectsInput>,
) -> S3Result<DeleteObjectsOutput> {
    let DeleteObjectsInput { bucket, delete, .. } = request.input;
    super::bucket::find(store, &bucket).await?;
    if delete.objects.len() > limits::PAGE {
        return Err(s3_error!(MalformedXML, "Too many objects to delete."));
    }
    // Handed in together, they share transactions.
    let outcomes = join_all(delete.objects.into_iter().map(|object| {
        let bucket = bucket.clone();
        delete_one(store, bucket, object)
    }))
    .await;
    let quiet = delete.quiet.unwrap_or(false);
    let (mut deleted, mut errors) = (Vec::new(), Vec::new());
    for (key, version_id, outcome) in outcomes {
        match outcome {
            Ok(()) if quiet => {}
            Ok(()) => deleted.push(DeletedObject {
                key: Some(key),
                version_id,
                ..Default::default()
            }),
            Err(error) => errors.push(told(key, version_id, &error)),
        }
    }
    Ok(DeleteObjectsOutput {
        deleted: Some(deleted),
        errors: Some(errors),
        ..Default::default()
    })
}

/// Deletes one of many; returns what it was called, and how it went.
async fn delete_one(
    store: &LocalStore,
    bucket: String,
    object: ObjectIdentifier,
) -> (String, Option<String>, S3Result<()>) {
    let ObjectIdentifier {
        key,
        version_id,
        e_tag,
        last_modified_time,
        size,
    } = object;
    let unheard = last_modified_time.is_some() || size.is_some();
    if let Err(error) = checked(version_id.as_deref(), unheard) {
        return (key, version_id, Err(error));
    }
    let condition = match e_tag {
        Some(etag) => Condition::ETag(etag.into_value()),
        None => Condition::None,
    };
    let change = Change::DeleteObject {
        bucket,
        key: key.clone(),
        condition,
    };
    (key, version_id, store.change(change).await.map_err(fault))
}

/// Refuses what would not be honoured: another version, and conditions other than the tag.
fn checked(version: Option<&str>, unheard: bool) -> S3Result<()> {
    if let Some(version) = version {
        meaning::check_version(version)?;
    }
    if unheard {
        return Err(s3_error!(
            NotImplemented,
            "Of conditions on an object to delete only ETag is implemented."
        ));
    }
    Ok(())
}

fn told(key: String, version_id: Option<String>, error: &s3s::S3Error) -> Error {
    Error {
        code: Some(error.code().as_str().to_owned()),
        key: Some(key),
        message: error.message().map(ToOwned::to_owned),
        version_id,
    }
}
