//! ListObjectVersions of a store that keeps one version of each object: the version `null`.

use super::attributes::{etag, signed, timestamp};
use super::bucket::{self, owner};
use super::fault::fault;
use super::list::{Shown, limit};
use super::page::{Entry, Query, behind, page};
use crate::index::read::From;
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
    bucket::find(store, &input.bucket).await?;
    let limit = limit(input.max_keys, "max-keys")?;
    let prefix = input.prefix.as_deref().unwrap_or_default();
    let delimiter = input
        .delimiter
        .as_deref()
        .filter(|delimiter| !delimiter.is_empty());
    let marker = input.key_marker.as_deref().unwrap_or_default();
    let version = input.version_id_marker.as_deref().unwrap_or_default();
    if marker.is_empty() && !version.is_empty() {
        return Err(s3_error!(
            InvalidArgument,
            "A version-id marker cannot be specified without a key marker."
        ));
    }
    let from = match marker {
        "" => From::At(Vec::new()),
        // There is one version of each key, so whatever the version is, the list goes on behind the key.
        marker => behind(marker, prefix, delimiter),
    };
    let query = Query {
        bucket: &input.bucket,
        prefix,
        delimiter,
        from,
        limit,
    };
    let page = page(&store.index, &query).await.map_err(fault)?;
    let asked = [prefix, marker, delimiter.unwrap_or_default()];
    let shown = Shown::new(&input.encoding_type, page.names().chain(asked))?;
    let is_truncated = page.next.is_some();
    let last = page.entries.last().filter(|_| is_truncated);
    let next_key_marker = last.map(|last| shown.text(last.name()));
    let next_version_id_marker = last
        .filter(|last| matches!(last, Entry::Object(_)))
        .map(|_| NULL.to_owned());
    let (mut versions, mut prefixes) = (Vec::new(), Vec::new());
    for entry in page.entries {
        match entry {
            Entry::Object(listed) => versions.push(one(&shown, listed)?),
            Entry::Prefix(prefix) => prefixes.push(shown.prefix(&prefix)),
        }
    }
    Ok(ListObjectVersionsOutput {
        common_prefixes: Some(prefixes),
        delimiter: delimiter.map(|delimiter| shown.text(delimiter)),
        encoding_type: shown.encoding(),
        is_truncated: Some(is_truncated),
        key_marker: Some(shown.text(marker)),
        max_keys: Some(signed(limit)?),
        next_key_marker,
        next_version_id_marker,
        prefix: Some(shown.text(prefix)),
        version_id_marker: Some(version.to_owned()),
        versions: Some(versions),
        name: Some(input.bucket),
        ..Default::default()
    })
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
