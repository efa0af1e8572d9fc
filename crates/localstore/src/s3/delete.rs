//! DeleteObject and DeleteObjects. What is not there is deleted already.

use super::fault::fault;
use super::put::condition;
use crate::index::apply::{Change, Condition};
use crate::limits;
use crate::store::LocalStore;
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
    let outcomes = join_all(delete.objects.into_iter().map(|object| async {
        let key = object.key;
        let condition = match object.e_tag {
            Some(etag) => Condition::ETag(etag.into_value()),
            None => Condition::None,
        };
        let change = Change::DeleteObject {
            bucket: bucket.clone(),
            key: key.clone(),
            condition,
        };
        (key, store.change(change).await)
    }))
    .await;
    let quiet = delete.quiet.unwrap_or(false);
    let (mut deleted, mut errors) = (Vec::new(), Vec::new());
    for (key, outcome) in outcomes {
        match outcome {
            Ok(()) if quiet => {}
            Ok(()) => deleted.push(DeletedObject {
                key: Some(key),
                ..Default::default()
            }),
            Err(error) => errors.push(told(key, fault(error))),
        }
    }
    Ok(DeleteObjectsOutput {
        deleted: Some(deleted),
        errors: Some(errors),
        ..Default::default()
    })
}

fn told(key: String, error: s3s::S3Error) -> Error {
    Error {
        code: Some(error.code().as_str().to_owned()),
        key: Some(key),
        message: error.message().map(ToOwned::to_owned),
        version_id: None,
    }
}
