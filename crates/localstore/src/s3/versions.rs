//! ListObjectVersions of a store that keeps one version of each object: the version `null`.

use super::attributes::{etag, signed, timestamp};
use super::bucket::owner;
use super::list::Shown;
use super::listing::{Asked, Listing, Start};
use super::page::Entry;
use crate::index::rows::Listed;
use crate::store::LocalStore;
use s3s::dto::*;
use s3s::{S3Request, S3Result, s3_error};

/// The one version of an object.
const NULL: &str = "null";

pub(super) async fn list(
    store: &LocalStore,
    request: S3Request<ListObjectVersionsInput>,
) -> S3Result<ListObjectVersionsOutput> {
    let input = request.input;
    let marker = input.key_marker.as_deref().unwrap_or_default();
    let version = input.version_id_marker.as_deref().unwrap_or_default();
    let asked = Asked {
        bucket: &input.bucket,
        prefix: input.prefix.as_deref(),
        delimiter: input.delimiter.as_deref(),
        limit: input.max_keys,
        encoding: &input.encoding_type,
        // There is one version of each key, so whatever the version is, the list goes on behind the key.
        start: Start::Behind(marker),
    };
    let listing = Listing::read(store, &asked, marker).await?;
    if marker.is_empty() && !version.is_empty() {
        return Err(s3_error!(
            InvalidArgument,
            "A version-id marker cannot be specified without a key marker."
        ));
    }
    let last = listing.last();
    let mut output = ListObjectVersionsOutput {
        delimiter: listing.delimiter(),
        encoding_type: listing.shown.encoding(),
        is_truncated: Some(listing.next().is_some()),
        key_marker: Some(listing.shown.text(marker)),
        max_keys: listing.limit()?,
        next_key_marker: last.map(|last| listing.shown.text(last.name())),
        next_version_id_marker: last
            .filter(|last| matches!(last, Entry::Object(_)))
            .map(|_| NULL.to_owned()),
        prefix: listing.prefix(),
        version_id_marker: Some(version.to_owned()),
        name: Some(input.bucket.clone()),
        ..Default::default()
    };
    let (versions, prefixes) = listing.into_entries(one)?;
    (output.versions, output.common_prefixes) = (Some(versions), Some(prefixes));
    Ok(output)
}

fn one(shown: &Shown, listed: Listed) -> S3Result<ObjectVersion> {
    Ok(ObjectVersion {
        e_tag: Some(etag(&listed.etag)),
        is_latest: Some(true),
        key: Some(shown.text(&listed.key)),
        last_modified: Some(timestamp(listed.modified)),
        owner: Some(owner(&listed.owner)),
        size: Some(signed(listed.size)?),
        storage_class: Some(listed.storage_class.into()),
        version_id: Some(NULL.to_owned()),
        ..Default::default()
    })
}
