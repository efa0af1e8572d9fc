//! UploadPart and ListParts.

use super::attributes::{etag, in_xml, show_checksums, signed, timestamp};
use super::bucket::owner;
use super::fault::{fault, no_such_upload};
use super::list::limit;
use super::{caller, contents};
use crate::index::apply::Change;
use crate::index::rows::{self, Moment, Upload};
use crate::intake::{self, Promise, Received};
use crate::keyring::Caller;
use crate::limits;
use crate::store::LocalStore;
use s3s::dto::*;
use s3s::{S3Request, S3Result, s3_error};

pub(super) async fn upload(
    store: &LocalStore,
    request: S3Request<UploadPartInput>,
) -> S3Result<UploadPartOutput> {
    let caller = caller(&request);
    let input = request.input;
    check_number(input.part_number)?;
    let mut promise = Promise::parse(
        &request.headers,
        input.content_length,
        request.trailing_headers,
    )?;
    let upload = find(
        store,
        &caller,
        (&input.bucket, &input.key),
        &input.upload_id,
    )
    .await?;
    if let Some((algorithm, _)) = upload.checksum {
        promise.compute(algorithm);
    }
    let received = intake::receive(&store.tree, input.body, promise).await?;
    let part = keep(store, &upload, input.part_number, received).await?;
    let mut output = UploadPartOutput {
        e_tag: Some(etag(&hex::encode(part.md5))),
        ..Default::default()
    };
    show_checksums!(output, &part.checksums);
    Ok(output)
}

pub(super) async fn list(
    store: &LocalStore,
    request: S3Request<ListPartsInput>,
) -> S3Result<ListPartsOutput> {
    let caller = caller(&request);
    let account = caller.account().to_owned();
    let input = request.input;
    let limit = limit(input.max_parts, "max-parts")?;
    let upload = find(
        store,
        &caller,
        (&input.bucket, &input.key),
        &input.upload_id,
    )
    .await?;
    let behind = input.part_number_marker.unwrap_or(0);
    let mut parts = store
        .index
        .parts(&upload.id, behind, limit + 1)
        .await
        .map_err(fault)?;
    let is_truncated = parts.len() > limit;
    parts.truncate(limit);
    let last = parts.last().map(|part| part.number);
    let parts = contents::parts(store, parts).await;
    Ok(ListPartsOutput {
        bucket: Some(input.bucket),
        checksum_algorithm: upload
            .checksum
            .map(|(algorithm, _)| ChecksumAlgorithm::from_static(algorithm.name())),
        checksum_type: upload
            .checksum
            .map(|(_, kind)| ChecksumType::from_static(kind.name())),
        initiator: Some(Initiator {
            display_name: Some(account.clone()),
            id: Some(account),
        }),
        is_truncated: Some(is_truncated),
        key: in_xml(input.key),
        max_parts: Some(signed(limit)?),
        next_part_number_marker: last.filter(|_| is_truncated),
        owner: Some(owner(&upload.label.owner)),
        part_number_marker: Some(behind),
        parts: Some(parts.into_iter().map(shown).collect::<S3Result<_>>()?),
        storage_class: Some(upload.label.storage_class.into()),
        upload_id: Some(upload.id),
        ..Default::default()
    })
}

/// Finds an upload that is in progress for the key, and is the caller's unless it may do everything
/// with the bucket.
///
/// # Errors
/// `NoSuchUpload`.
pub(super) async fn find(
    store: &LocalStore,
    caller: &Caller,
    (bucket, key): (&str, &str),
    id: &str,
) -> S3Result<Upload> {
    let upload = store.index.upload(id).await.map_err(fault)?;
    upload
        .filter(|upload| upload.label.bucket == bucket && upload.label.key == key)
        .filter(|upload| is_shown(caller, upload))
        .ok_or_else(no_such_upload)
}

/// Whether an upload in progress is there for the caller.
pub(super) fn is_shown(caller: &Caller, upload: &Upload) -> bool {
    let label = &upload.label;
    caller.may_export(&label.bucket) || caller.account() == label.owner
}

/// Makes received bytes a part of an upload.
pub(super) async fn keep(
    store: &LocalStore,
    upload: &Upload,
    number: i32,
    received: Received,
) -> S3Result<rows::Part> {
    let part = rows::Part {
        upload: upload.id.clone(),
        number,
        path: String::new(),
        size: received.size,
        modified: Moment::now(),
        md5: received.md5,
        checksums: received.checksums,
    };
    let change = Change::PutPart {
        bucket: upload.label.bucket.clone(),
        key: upload.label.key.clone(),
        part: part.clone(),
    };
    store
        .change_with(change, received.contents)
        .await
        .map_err(fault)?;
    Ok(part)
}

pub(super) fn check_number(number: i32) -> S3Result<()> {
    if !(1..=limits::PARTS).contains(&number) {
        return Err(s3_error!(
            InvalidArgument,
            "Part number must be an integer between 1 and 10000, inclusive"
        ));
    }
    Ok(())
}

fn shown(part: rows::Part) -> S3Result<Part> {
    let mut output = Part {
        e_tag: Some(etag(&hex::encode(part.md5))),
        last_modified: Some(timestamp(part.modified)),
        part_number: Some(part.number),
        size: Some(signed(part.size)?),
        ..Default::default()
    };
    show_checksums!(output, &part.checksums);
    Ok(output)
}
