//! GetObjectAttributes.

use super::attributes::{etag, show_checksums_and_kind, signed, timestamp};
use super::caller;
use super::get::{self, Opened};
use crate::limits;
use crate::store::LocalStore;
use s3s::dto::*;
use s3s::{S3Request, S3Result, s3_error};

/// What may be asked for.
const KNOWN: [&str; 5] = [
    "ETag",
    "Checksum",
    "ObjectParts",
    "StorageClass",
    "ObjectSize",
];

pub(super) async fn attributes(
    store: &LocalStore,
    request: S3Request<GetObjectAttributesInput>,
) -> S3Result<GetObjectAttributesOutput> {
    let caller = caller(&request);
    let input = request.input;
    let asked: Vec<&str> = input
        .object_attributes
        .iter()
        .flat_map(|names| names.as_str().split(','))
        .map(str::trim)
        .collect();
    if asked.is_empty() || !asked.iter().all(|name| KNOWN.contains(name)) {
        return Err(s3_error!(
            InvalidArgument,
            "Invalid attribute name specified."
        ));
    }
    let asks = |name: &str| asked.contains(&name);
    let Opened { object, .. } = get::open(store, &caller, &input.bucket, &input.key).await?;
    let mut output = GetObjectAttributesOutput {
        last_modified: Some(timestamp(object.modified)),
        ..Default::default()
    };
    if asks("ETag") {
        output.e_tag = Some(etag(&object.etag));
    }
    if asks("ObjectSize") {
        output.object_size = Some(signed(object.size)?);
    }
    if asks("StorageClass") {
        output.storage_class = Some(object.label.storage_class.clone().into());
    }
    if asks("Checksum") && !object.checksums.values.is_empty() {
        let mut checksum = Checksum::default();
        show_checksums_and_kind!(checksum, &object.checksums);
        output.checksum = Some(checksum);
    }
    if asks("ObjectParts") && !object.parts.is_empty() {
        let behind = input.part_number_marker.unwrap_or(0);
        output.object_parts = Some(parts(&object.parts, behind, input.max_parts)?);
    }
    Ok(output)
}

/// One page of the parts that an object was put in. Their checksums are not kept.
fn parts(sizes: &[u64], behind: i32, limit: Option<i32>) -> S3Result<GetObjectAttributesParts> {
    let limit = super::list::limit(limit, "max-parts")?.min(limits::PAGE);
    let first = usize::try_from(behind)
        .map_err(|_| s3_error!(InvalidArgument, "The part number marker is negative."))?;
    let page: Vec<ObjectPart> = sizes
        .iter()
        .enumerate()
        .skip(first)
        .take(limit)
        .map(|(at, size)| {
            Ok(ObjectPart {
                part_number: Some(signed(at + 1)?),
                size: Some(signed(*size)?),
                ..Default::default()
            })
        })
        .collect::<S3Result<_>>()?;
    let is_truncated = first + page.len() < sizes.len();
    Ok(GetObjectAttributesParts {
        is_truncated: Some(is_truncated),
        max_parts: Some(signed(limit)?),
        next_part_number_marker: page.last().and_then(|part| part.part_number),
        part_number_marker: Some(behind),
        parts: Some(page),
        total_parts_count: Some(signed(sizes.len())?),
    })
}
