//! CopyObject and UploadPartCopy.

use super::attributes::{
    algorithm, etag, label_of, seconds, show_checksums, show_checksums_and_kind, timestamp,
};
use super::fault::precondition_failed;
use super::get::{self, Opened, matches};
use super::put::{condition, healing, keep};
use super::{bucket, caller, parts};
use crate::index::apply::Condition;
use crate::index::rows::Object;
use crate::intake;
use crate::keyring::Caller;
use crate::meaning;
use crate::store::LocalStore;
use http::HeaderMap;
use s3s::dto::*;
use s3s::{S3Request, S3Result, s3_error};
use std::collections::BTreeSet;
use std::ops;

pub(super) async fn object(
    store: &LocalStore,
    request: S3Request<CopyObjectInput>,
) -> S3Result<CopyObjectOutput> {
    let caller = caller(&request);
    let input = request.input;
    let mut label = label_of!(input, caller);
    let replaces = input
        .metadata_directive
        .as_ref()
        .is_some_and(|it| it.as_str() == "REPLACE");
    let replaces_tags = input
        .tagging_directive
        .as_ref()
        .is_some_and(|it| it.as_str() == "REPLACE");
    bucket::find(store, &label.bucket).await?;
    let Opened {
        object: source,
        file,
    } = source(store, &caller, &input.copy_source).await?;
    SourceConditions {
        if_match: input.copy_source_if_match.as_ref(),
        if_none_match: input.copy_source_if_none_match.as_ref(),
        if_modified_since: input.copy_source_if_modified_since.as_ref(),
        if_unmodified_since: input.copy_source_if_unmodified_since.as_ref(),
    }
    .check(&source)?;
    let condition = target_condition(&request.headers)?;
    let onto_itself = source.label.bucket == label.bucket && source.label.key == label.key;
    if onto_itself && !replaces && input.storage_class.is_none() && !replaces_tags {
        return Err(s3_error!(
            InvalidRequest,
            "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, storage class, website redirect location or encryption attributes."
        ));
    }
    let given_tags = std::mem::take(&mut label.attributes.tags);
    if !replaces {
        label.attributes = source.label.attributes.clone();
    }
    label.attributes.tags = if replaces_tags {
        given_tags
    } else {
        source.label.attributes.tags.clone()
    };
    let mut algorithms: BTreeSet<_> = source.checksums.values.keys().copied().collect();
    algorithms.extend(algorithm(input.checksum_algorithm.as_ref())?);
    let received = intake::copy(&store.tree, file, 0..source.size, &algorithms).await?;
    let condition = healing(store, &label, condition).await?;
    let object = keep(store, label, condition, received).await?;
    let mut result = CopyObjectResult {
        e_tag: Some(etag(&object.etag)),
        last_modified: Some(timestamp(object.modified)),
        ..Default::default()
    };
    show_checksums_and_kind!(result, &object.checksums);
    Ok(CopyObjectOutput {
        copy_object_result: Some(result),
        ..Default::default()
    })
}

pub(super) async fn part(
    store: &LocalStore,
    request: S3Request<UploadPartCopyInput>,
) -> S3Result<UploadPartCopyOutput> {
    let caller = caller(&request);
    let input = request.input;
    parts::check_number(input.part_number)?;
    let target = (input.bucket.as_str(), input.key.as_str());
    let upload = parts::find(store, &caller, target, &input.upload_id).await?;
    let Opened {
        object: source,
        file,
    } = source(store, &caller, &input.copy_source).await?;
    SourceConditions {
        if_match: input.copy_source_if_match.as_ref(),
        if_none_match: input.copy_source_if_none_match.as_ref(),
        if_modified_since: input.copy_source_if_modified_since.as_ref(),
        if_unmodified_since: input.copy_source_if_unmodified_since.as_ref(),
    }
    .check(&source)?;
    let bytes = match input.copy_source_range.as_deref() {
        None => 0..source.size,
        Some(range) => source_range(range, source.size)?,
    };
    let algorithms = upload
        .checksum
        .map(|(algorithm, _)| algorithm)
        .into_iter()
        .collect();
    let received = intake::copy(&store.tree, file, bytes, &algorithms).await?;
    let part = parts::keep(store, &upload, input.part_number, received).await?;
    let mut result = CopyPartResult {
        e_tag: Some(etag(&hex::encode(part.md5))),
        last_modified: Some(timestamp(part.modified)),
        ..Default::default()
    };
    show_checksums!(result, &part.checksums);
    Ok(UploadPartCopyOutput {
        copy_part_result: Some(result),
        ..Default::default()
    })
}

/// A range of the source: `bytes=first-last` and nothing else, and not a byte beyond the end.
fn source_range(text: &str, size: u64) -> S3Result<ops::Range<u64>> {
    let number = |text: &str| {
        let is_plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        is_plain.then(|| text.parse::<u64>().ok()).flatten()
    };
    let range = text.strip_prefix("bytes=").and_then(|range| {
        let (first, last) = range.split_once('-')?;
        Some((number(first)?, number(last)?))
    });
    match range {
        Some((first, last)) if first <= last && last < size => Ok(first..last + 1),
        Some((first, last)) if first <= last => Err(s3_error!(
            InvalidArgument,
            "Range specified is not valid for source object of size: {}",
            size
        )),
        _ => Err(s3_error!(
            InvalidArgument,
            "The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the zero-based offsets of the first and last bytes to copy"
        )),
    }
}

/// Opens what is to be copied, which the caller must be allowed to read.
async fn source(store: &LocalStore, caller: &Caller, source: &CopySource) -> S3Result<Opened> {
    match source {
        CopySource::Bucket {
            bucket,
            key,
            version_id,
        } => {
            if let Some(version) = version_id {
                meaning::check_version(version)?;
            }
            get::open(store, caller, bucket, key).await
        }
        _ => Err(s3_error!(
            NotImplemented,
            "Only objects of buckets can be copied."
        )),
    }
}

/// What must hold of the object that is there, which the library reads for a plain put only.
fn target_condition(headers: &HeaderMap) -> S3Result<Condition> {
    let parse = |name| match headers.get(name) {
        None => Ok(None),
        Some(value) => ETagCondition::parse_http_header(value.as_bytes())
            .map(Some)
            .map_err(|_| s3_error!(InvalidArgument, "A condition is not an entity tag.")),
    };
    let (if_match, if_none_match) = (parse("if-match")?, parse("if-none-match")?);
    condition(if_match.as_ref(), if_none_match.as_ref())
}

struct SourceConditions<'a> {
    if_match: Option<&'a ETagCondition>,
    if_none_match: Option<&'a ETagCondition>,
    if_modified_since: Option<&'a Timestamp>,
    if_unmodified_since: Option<&'a Timestamp>,
}

impl SourceConditions<'_> {
    /// As for GET, but what would be "not modified" there is a failed precondition here.
    fn check(&self, source: &Object) -> S3Result<()> {
        let modified = source.modified.seconds();
        let holds = match (self.if_match, self.if_unmodified_since) {
            (Some(condition), _) => matches(condition, source),
            (None, Some(since)) => modified <= seconds(since),
            (None, None) => true,
        } && match (self.if_none_match, self.if_modified_since) {
            (Some(condition), _) => !matches(condition, source),
            (None, Some(since)) => modified > seconds(since),
            (None, None) => true,
        };
        if holds {
            Ok(())
        } else {
            Err(precondition_failed())
        }
    }
}
