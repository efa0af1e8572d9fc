//! ListObjects in both versions, and ListMultipartUploads.

use super::attributes::{etag, is_xml, signed, timestamp};
use super::bucket::{self, owner};
use super::caller;
use super::fault::fault;
use super::listing::{Asked, Listing, Start};
use super::page::{common_prefix, token};
use super::parts::is_shown;
use crate::index::read::successor;
use crate::index::rows::{Listed, Upload};
use crate::limits;
use crate::store::LocalStore;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use s3s::dto::*;
use s3s::{S3Request, S3Result, s3_error};

/// What `encoding-type=url` leaves as it is.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~')
    .remove(b'/')
    .remove(b'*');

/// Uploads looked at for one page; more than this many unfinished ones in a bucket is a leak.
const UPLOADS_SEEN: usize = 10_000;

/// Above every upload id.
const BEYOND_IDS: &str = "\u{10FFFF}";

pub(super) async fn first_version(
    store: &LocalStore,
    request: S3Request<ListObjectsInput>,
) -> S3Result<ListObjectsOutput> {
    let input = request.input;
    let marker = input.marker.as_deref().unwrap_or_default();
    let asked = Asked {
        bucket: &input.bucket,
        prefix: input.prefix.as_deref(),
        delimiter: input.delimiter.as_deref(),
        limit: input.max_keys,
        encoding: &input.encoding_type,
        start: Start::Behind(marker),
    };
    let listing = Listing::read(store, &asked, marker).await?;
    let mut output = ListObjectsOutput {
        prefix: listing.prefix(),
        marker: Some(listing.shown.text(marker)),
        max_keys: listing.limit()?,
        is_truncated: Some(listing.next().is_some()),
        delimiter: listing.delimiter(),
        next_marker: listing.last().map(|last| listing.shown.text(last.name())),
        encoding_type: listing.shown.encoding(),
        name: Some(input.bucket.clone()),
        ..Default::default()
    };
    let (contents, prefixes) = listing.into_entries(|shown, listed| shown.object(listed, true))?;
    (output.contents, output.common_prefixes) = (Some(contents), Some(prefixes));
    Ok(output)
}

pub(super) async fn second_version(
    store: &LocalStore,
    request: S3Request<ListObjectsV2Input>,
) -> S3Result<ListObjectsV2Output> {
    let input = request.input;
    let after = input.start_after.as_deref().unwrap_or_default();
    let token_given = input.continuation_token.as_deref().unwrap_or_default();
    let asked = Asked {
        bucket: &input.bucket,
        prefix: input.prefix.as_deref(),
        delimiter: input.delimiter.as_deref(),
        limit: input.max_keys,
        encoding: &input.encoding_type,
        start: match token_given {
            "" => Start::Behind(after),
            token => Start::Token(token),
        },
    };
    let listing = Listing::read(store, &asked, after).await?;
    let next = listing.next().map(token);
    let mut output = ListObjectsV2Output {
        prefix: listing.prefix(),
        max_keys: listing.limit()?,
        key_count: listing.count()?,
        is_truncated: Some(next.is_some()),
        next_continuation_token: next,
        delimiter: listing.delimiter(),
        start_after: input
            .start_after
            .as_deref()
            .map(|after| listing.shown.text(after)),
        encoding_type: listing.shown.encoding(),
        name: Some(input.bucket.clone()),
        ..Default::default()
    };
    let with_owner = input.fetch_owner.unwrap_or(false);
    let (contents, prefixes) =
        listing.into_entries(|shown, listed| shown.object(listed, with_owner))?;
    (output.contents, output.common_prefixes) = (Some(contents), Some(prefixes));
    output.continuation_token = input.continuation_token;
    Ok(output)
}

pub(super) async fn uploads(
    store: &LocalStore,
    request: S3Request<ListMultipartUploadsInput>,
) -> S3Result<ListMultipartUploadsOutput> {
    let caller = caller(&request);
    let account = caller.account().to_owned();
    let input = request.input;
    bucket::find(store, &input.bucket).await?;
    let limit = limit(input.max_uploads, "max-uploads")?;
    let prefix = input.prefix.as_deref().unwrap_or_default();
    let delimiter = input
        .delimiter
        .as_deref()
        .filter(|delimiter| !delimiter.is_empty());
    let key_marker = input
        .key_marker
        .as_deref()
        .filter(|marker| !marker.is_empty());
    let id_marker = input
        .upload_id_marker
        .as_deref()
        .filter(|marker| !marker.is_empty());
    let from = match key_marker {
        Some(marker) if marker >= prefix => (marker, id_marker.unwrap_or(BEYOND_IDS)),
        _ => (prefix, ""),
    };
    let below = successor(prefix.as_bytes());
    let from = (from.0.as_bytes(), from.1);
    let found = store
        .index
        .uploads(&input.bucket, from, &below, UPLOADS_SEEN)
        .await;
    let mut found = found.map_err(fault)?;
    found.retain(|upload| is_shown(&caller, upload));
    let rolled = roll_up(found, prefix, delimiter, key_marker, limit);
    let asked = [prefix, key_marker.unwrap_or_default()];
    let keys = rolled.uploads.iter().map(|upload| &*upload.label.key);
    let names = keys.chain(rolled.prefixes.iter().map(String::as_str));
    let shown = Shown::new(&input.encoding_type, names.chain(asked))?;
    Ok(ListMultipartUploadsOutput {
        common_prefixes: Some(
            rolled
                .prefixes
                .iter()
                .map(|prefix| shown.prefix(prefix))
                .collect(),
        ),
        delimiter: delimiter.map(|delimiter| shown.text(delimiter)),
        is_truncated: Some(rolled.next.is_some()),
        key_marker: Some(shown.text(key_marker.unwrap_or_default())),
        max_uploads: Some(signed(limit)?),
        next_key_marker: rolled.next.as_ref().map(|(key, _)| shown.text(key)),
        next_upload_id_marker: rolled.next.map(|(_, id)| id),
        prefix: Some(shown.text(prefix)),
        upload_id_marker: id_marker.map(ToOwned::to_owned),
        uploads: Some(
            rolled
                .uploads
                .into_iter()
                .map(|one| shown.upload(one, &account))
                .collect(),
        ),
        encoding_type: shown.encoding(),
        bucket: Some(input.bucket),
        ..Default::default()
    })
}

struct RolledUp {
    uploads: Vec<Upload>,
    prefixes: Vec<String>,
    /// Key and upload id of the last one shown, if there are more.
    next: Option<(String, String)>,
}

fn roll_up(
    found: Vec<Upload>,
    prefix: &str,
    delimiter: Option<&str>,
    marker: Option<&str>,
    limit: usize,
) -> RolledUp {
    let mut rolled = RolledUp {
        uploads: Vec::new(),
        prefixes: Vec::new(),
        next: None,
    };
    let mut last = None;
    for upload in found {
        let common = common_prefix(&upload.label.key, prefix, delimiter).map(ToOwned::to_owned);
        if common.is_some()
            && (common.as_ref() == rolled.prefixes.last() || common.as_deref() == marker)
        {
            continue;
        }
        if rolled.uploads.len() + rolled.prefixes.len() >= limit {
            rolled.next = last;
            break;
        }
        match common {
            Some(common) => {
                last = Some((common.clone(), String::new()));
                rolled.prefixes.push(common);
            }
            None => {
                last = Some((upload.label.key.clone(), upload.id.clone()));
                rolled.uploads.push(upload);
            }
        }
    }
    rolled
}

/// How names are written in an answer: as they are, unless the client asks for an encoding or one of
/// them has a character that XML cannot carry. The answer says which.
pub(super) struct Shown {
    encoded: bool,
}

impl Shown {
    pub(super) fn new<'a>(
        encoding: &Option<EncodingType>,
        mut names: impl Iterator<Item = &'a str>,
    ) -> S3Result<Self> {
        match encoding.as_ref().map(EncodingType::as_str) {
            None => Ok(Self {
                encoded: !names.all(is_xml),
            }),
            Some("url") => Ok(Self { encoded: true }),
            Some(_) => Err(s3_error!(
                InvalidArgument,
                "Invalid Encoding Method specified in Request"
            )),
        }
    }

    /// The encoding, for the field of the answer.
    pub(super) fn encoding(&self) -> Option<EncodingType> {
        self.encoded
            .then(|| EncodingType::from_static(EncodingType::URL))
    }

    pub(super) fn text(&self, name: &str) -> String {
        if self.encoded {
            utf8_percent_encode(name, ENCODED).to_string()
        } else {
            name.to_owned()
        }
    }

    pub(super) fn prefix(&self, prefix: &str) -> CommonPrefix {
        CommonPrefix {
            prefix: Some(self.text(prefix)),
        }
    }

    fn object(&self, listed: Listed, with_owner: bool) -> S3Result<Object> {
        Ok(Object {
            e_tag: Some(etag(&listed.etag)),
            key: Some(self.text(&listed.key)),
            last_modified: Some(timestamp(listed.modified)),
            owner: with_owner.then(|| owner(&listed.owner)),
            size: Some(signed(listed.size)?),
            storage_class: Some(listed.storage_class.into()),
            ..Default::default()
        })
    }

    fn upload(&self, upload: Upload, account: &str) -> MultipartUpload {
        let initiator = Initiator {
            display_name: Some(account.to_owned()),
            id: Some(account.to_owned()),
        };
        MultipartUpload {
            checksum_algorithm: upload
                .checksum
                .map(|(algorithm, _)| ChecksumAlgorithm::from_static(algorithm.name())),
            checksum_type: upload
                .checksum
                .map(|(_, kind)| ChecksumType::from_static(kind.name())),
            initiated: Some(timestamp(upload.initiated)),
            initiator: Some(initiator),
            key: Some(self.text(&upload.label.key)),
            owner: Some(owner(&upload.label.owner)),
            storage_class: Some(upload.label.storage_class.into()),
            upload_id: Some(upload.id),
        }
    }
}

/// The number of entries in a page; what is asked for beyond S3's own limit is cut.
pub(super) fn limit(asked: Option<i32>, name: &str) -> S3Result<usize> {
    match asked.map(usize::try_from) {
        None => Ok(limits::PAGE),
        Some(Ok(asked)) => Ok(asked.min(limits::PAGE)),
        Some(Err(_)) => Err(s3_error!(
            InvalidArgument,
            "Argument {} must not be negative",
            name
        )),
    }
}
