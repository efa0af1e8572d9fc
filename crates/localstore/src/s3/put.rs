//! PutObject.

use super::attributes::{algorithm, etag, label_of, show_checksums_and_kind, signed};
use super::fault::fault;
use super::snowball::Extraction;
use super::{bucket, caller};
use crate::index::apply::{Change, Condition};
use crate::index::rows::{Label, Moment, Object};
use crate::intake::{self, Promise, Received};
use crate::store::LocalStore;
use s3s::dto::*;
use s3s::{S3Request, S3Result, s3_error};

pub(super) async fn put(
    store: &LocalStore,
    request: S3Request<PutObjectInput>,
) -> S3Result<PutObjectOutput> {
    let mut label = label_of!(request.input, caller(&request));
    let extraction = Extraction::take(&mut label.attributes.metadata);
    let input = request.input;
    let condition = condition(input.if_match.as_ref(), input.if_none_match.as_ref())?;
    let mut promise = Promise::parse(
        &request.headers,
        input.content_length,
        request.trailing_headers,
    )?;
    if let Some(algorithm) = algorithm(input.checksum_algorithm.as_ref())? {
        promise.compute(algorithm);
    }
    bucket::find(store, &label.bucket).await?;
    let received = intake::receive(&store.tree, input.body, promise).await?;
    if let Some(extraction) = extraction {
        if condition != Condition::None {
            return Err(s3_error!(
                NotImplemented,
                "An archive that is extracted cannot be put on a condition."
            ));
        }
        return extraction.run(store, &label, received).await;
    }
    let condition = healing(store, &label, condition).await?;
    let object = keep(store, label, condition, received).await?;
    let mut output = PutObjectOutput {
        e_tag: Some(etag(&object.etag)),
        size: Some(signed(object.size)?),
        ..Default::default()
    };
    show_checksums_and_kind!(output, &object.checksums);
    Ok(output)
}

/// An object whose file somebody removed is absent to whoever asks for that; the one that takes its
/// place must still take the place of that very one.
pub(super) async fn healing(
    store: &LocalStore,
    label: &Label,
    condition: Condition,
) -> S3Result<Condition> {
    if condition != Condition::Absent {
        return Ok(condition);
    }
    let present = store.index.object(&label.bucket, &label.key).await;
    match present.map_err(fault)? {
        Some(present) => {
            store.tree.at_rest(&present.path).await.map_err(fault)?;
            let is_there = store.tree.has(&present.path);
            Ok(if is_there {
                condition
            } else {
                Condition::ETag(present.etag)
            })
        }
        None => Ok(condition),
    }
}

/// Makes received bytes the object under a key.
pub(super) async fn keep(
    store: &LocalStore,
    label: Label,
    condition: Condition,
    received: Received,
) -> S3Result<Object> {
    let object = Object {
        label,
        path: String::new(),
        size: received.size,
        modified: Moment::now(),
        etag: hex::encode(received.md5),
        checksums: received.checksums,
        parts: Vec::new(),
    };
    let change = Change::PutObject {
        object: object.clone(),
        condition,
    };
    store
        .change_with(change, received.contents)
        .await
        .map_err(fault)?;
    Ok(object)
}

/// What `If-Match` and `If-None-Match` ask of the object that is there.
pub(super) fn condition(
    if_match: Option<&ETagCondition>,
    if_none_match: Option<&ETagCondition>,
) -> S3Result<Condition> {
    match (if_match, if_none_match) {
        (None, None) => Ok(Condition::None),
        (None, Some(ETagCondition::Any)) => Ok(Condition::Absent),
        (Some(ETagCondition::Any), None) => Ok(Condition::Present),
        (Some(ETagCondition::ETag(etag)), None) => Ok(Condition::ETag(etag.value().to_owned())),
        _ => Err(s3_error!(
            NotImplemented,
            "A header you provided implies functionality that is not implemented."
        )),
    }
}
