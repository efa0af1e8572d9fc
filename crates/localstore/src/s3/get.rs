//! GetObject and HeadObject: conditions, ranges, and the bytes.

use super::attributes::{
    etag, from_http_date, http_date, seconds, show_checksums_and_kind, shown_class, shown_metadata,
    signed, timestamp,
};
use super::fault::{access_denied, custom, fault, no_such_key, precondition_failed};
use super::{bucket, caller};
use crate::error::StoreError;
use crate::index::rows::Object;
use crate::keyring::Caller;
use crate::limits;
use crate::store::LocalStore;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, header};
use s3s::dto::*;
use s3s::{Body, S3Error, S3ErrorCode, S3Request, S3Response, S3Result, s3_error};
use std::io::{self, Read, Seek, SeekFrom};
use std::ops;
use tokio::io::AsyncReadExt;
use tokio_util::io::ReaderStream;

/// How often a look-up is repeated because the object was replaced meanwhile.
const ATTEMPTS: usize = 8;

/// An object's row and its contents, which belong together.
pub(super) struct Opened {
    pub(super) object: Object,
    pub(super) file: std::fs::File,
}

pub(super) async fn get(
    store: &LocalStore,
    request: S3Request<GetObjectInput>,
) -> S3Result<GetObjectOutput> {
    let caller = caller(&request);
    let input = request.input;
    let Opened { object, file } = open(store, &caller, &input.bucket, &input.key).await?;
    let conditions = Conditions {
        if_match: input.if_match.as_ref(),
        if_none_match: input.if_none_match.as_ref(),
        if_modified_since: input.if_modified_since.as_ref(),
        if_unmodified_since: input.if_unmodified_since.as_ref(),
    };
    conditions.check(&object)?;
    let range = input
        .range
        .as_ref()
        .filter(|_| may_resume(&request.headers, &object));
    let piece = piece(&object, range, input.part_number)?;
    let wants_checksums = input.checksum_mode.is_some() && piece.range.is_none();
    let attributes = &object.label.attributes;
    let mut output = GetObjectOutput {
        accept_ranges: Some("bytes".to_owned()),
        body: Some(body(file, piece.bytes.clone()).await?),
        cache_control: attributes.cache_control.clone(),
        content_disposition: attributes.content_disposition.clone(),
        content_encoding: attributes.content_encoding.clone(),
        content_language: attributes.content_language.clone(),
        content_length: Some(signed(piece.bytes.end - piece.bytes.start)?),
        content_range: piece.range,
        content_type: content_type(&object),
        e_tag: Some(etag(&object.etag)),
        expires: attributes.expires.as_deref().and_then(from_http_date),
        last_modified: Some(timestamp(object.modified)),
        metadata: shown_metadata(attributes),
        parts_count: piece.parts,
        storage_class: shown_class(&object.label),
        tag_count: tag_count(&object),
        website_redirect_location: attributes.redirect.clone(),
        ..Default::default()
    };
    if wants_checksums {
        show_checksums_and_kind!(output, &object.checksums);
    }
    Ok(output)
}

pub(super) async fn head(
    store: &LocalStore,
    request: S3Request<HeadObjectInput>,
) -> S3Result<S3Response<HeadObjectOutput>> {
    let caller = caller(&request);
    let input = request.input;
    let object = look_at(store, &caller, &input.bucket, &input.key).await?;
    store.tree.at_rest(&object.path).await.map_err(fault)?;
    if store.tree.length(&object.path) != Some(object.size) {
        let again = look_at(store, &caller, &input.bucket, &input.key).await?;
        match store.tree.length(&again.path) {
            // Replaced in between.
            _ if again.path != object.path || again.size != object.size => {}
            None => return Err(contents_gone(&again)),
            Some(found) if found != again.size => return Err(contents_damaged(&again, found)),
            Some(_) => {}
        }
    }
    let conditions = Conditions {
        if_match: input.if_match.as_ref(),
        if_none_match: input.if_none_match.as_ref(),
        if_modified_since: input.if_modified_since.as_ref(),
        if_unmodified_since: input.if_unmodified_since.as_ref(),
    };
    conditions.check(&object)?;
    let range = input
        .range
        .as_ref()
        .filter(|_| may_resume(&request.headers, &object));
    let piece = piece(&object, range, input.part_number)?;
    let attributes = &object.label.attributes;
    let mut output = HeadObjectOutput {
        accept_ranges: Some("bytes".to_owned()),
        cache_control: attributes.cache_control.clone(),
        content_disposition: attributes.content_disposition.clone(),
        content_encoding: attributes.content_encoding.clone(),
        content_language: attributes.content_language.clone(),
        content_length: Some(signed(piece.bytes.end - piece.bytes.start)?),
        content_range: piece.range,
        content_type: content_type(&object),
        e_tag: Some(etag(&object.etag)),
        expires: attributes.expires.as_deref().and_then(from_http_date),
        last_modified: Some(timestamp(object.modified)),
        metadata: shown_metadata(attributes),
        parts_count: piece.parts,
        storage_class: shown_class(&object.label),
        website_redirect_location: attributes.redirect.clone(),
        ..Default::default()
    };
    if input.checksum_mode.is_some() && output.content_range.is_none() {
        show_checksums_and_kind!(output, &object.checksums);
    }
    let overridden = [
        (&mut output.cache_control, input.response_cache_control),
        (
            &mut output.content_disposition,
            input.response_content_disposition,
        ),
        (
            &mut output.content_encoding,
            input.response_content_encoding,
        ),
        (
            &mut output.content_language,
            input.response_content_language,
        ),
        (&mut output.content_type, input.response_content_type),
    ];
    for (field, given) in overridden {
        *field = given.or(field.take());
    }
    output.expires = input.response_expires.or(output.expires);
    let mut headers = HeaderMap::new();
    if let Some(count) = tag_count(&object) {
        headers.insert("x-amz-tagging-count", HeaderValue::from(count));
    }
    Ok(S3Response::with_headers(output, headers))
}

/// Whether a range is to be answered: with `If-Range` only if the object is still the one it was
/// (RFC 9110, 13.1.5).
fn may_resume(headers: &HeaderMap, object: &Object) -> bool {
    let Some(condition) = headers.get(header::IF_RANGE) else {
        return true;
    };
    let condition = condition.to_str().unwrap_or_default().trim();
    if let Some(tag) = condition.strip_prefix('"') {
        return tag.strip_suffix('"') == Some(&object.etag);
    }
    from_http_date(condition).is_some_and(|date| seconds(&date) == object.modified.seconds())
}

/// Finds an object that the caller may read, by its rights or by the object's ACL.
///
/// # Errors
/// `NoSuchBucket`, `NoSuchKey`; `AccessDenied`, also for what does not exist and could not be read.
pub(super) async fn look_up(
    store: &LocalStore,
    caller: &Caller,
    bucket: &str,
    key: &str,
) -> S3Result<Object> {
    let may_read = caller.may_read(bucket, key);
    find(store, caller, (bucket, key), may_read).await
}

/// As [`look_up`], for those who may know of the object without reading it.
async fn look_at(store: &LocalStore, caller: &Caller, bucket: &str, key: &str) -> S3Result<Object> {
    find(store, caller, (bucket, key), caller.may_use(bucket)).await
}

async fn find(
    store: &LocalStore,
    caller: &Caller,
    (bucket, key): (&str, &str),
    by_right: bool,
) -> S3Result<Object> {
    let object = store.index.object(bucket, key).await.map_err(fault)?;
    match object {
        Some(object) if by_right || caller.may_read_by_acl(&object.label.acl) => Ok(object),
        None if by_right => {
            bucket::find(store, bucket).await?;
            Err(no_such_key())
        }
        None if matches!(caller, Caller::Anonymous) => {
            bucket::find(store, bucket).await?;
            Err(access_denied())
        }
        Some(_) | None => Err(access_denied()),
    }
}

/// As [`look_up`], with the contents open.
///
/// A path may be used again by the object after the next, so the row is read before and after the
/// file is opened: if both are the same, the file was that row's all the time.
pub(super) async fn open(
    store: &LocalStore,
    caller: &Caller,
    bucket: &str,
    key: &str,
) -> S3Result<Opened> {
    let mut object = look_up(store, caller, bucket, key).await?;
    for _ in 0..ATTEMPTS {
        store.tree.at_rest(&object.path).await.map_err(fault)?;
        let path = store.tree.path(&object.path);
        let opened = tokio::task::spawn_blocking(move || std::fs::File::open(path)).await;
        let opened = opened.map_err(S3Error::internal_error)?;
        let again = look_up(store, caller, bucket, key).await?;
        if again != object {
            object = again;
            continue;
        }
        let file = match opened {
            Ok(file) => file,
            Err(error) if is_gone(&error) => return Err(contents_gone(&object)),
            Err(error) => return Err(fault(StoreError::disk("open an object")(error))),
        };
        let found = file
            .metadata()
            .map_err(StoreError::disk("open an object"))
            .map_err(fault)?;
        if !found.is_file() {
            return Err(contents_gone(&object));
        }
        if found.len() != object.size {
            return Err(contents_damaged(&object, found.len()));
        }
        return Ok(Opened { object, file });
    }
    Err(s3_error!(
        SlowDown,
        "The object is being replaced too often."
    ))
}

/// Whether an error of opening says that somebody removed the file, or put something else there.
fn is_gone(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory | io::ErrorKind::IsADirectory
    )
}

/// To clients an object whose file was removed by hand is missing: asking again is of no use, and
/// putting it again heals it.
fn contents_gone(object: &Object) -> S3Error {
    let label = &object.label;
    tracing::error!(
        bucket = label.bucket,
        key = label.key,
        path = object.path,
        "the object's file is gone; put the object again, or delete it"
    );
    s3_error!(
        NoSuchKey,
        "The object's file is gone from the store's folder. Put the object again."
    )
}

/// As [`contents_gone`], where there is a file, but not the object's.
fn contents_damaged(object: &Object, found: u64) -> S3Error {
    let label = &object.label;
    tracing::error!(
        bucket = label.bucket,
        key = label.key,
        path = object.path,
        size = object.size,
        found,
        "the object's file was changed outside the store; put the object again, or delete it"
    );
    custom(
        "ObjectDamaged",
        http::StatusCode::CONFLICT,
        "The object's file was changed outside the store. Put the object again.",
    )
}

struct Conditions<'a> {
    if_match: Option<&'a ETagCondition>,
    if_none_match: Option<&'a ETagCondition>,
    if_modified_since: Option<&'a Timestamp>,
    if_unmodified_since: Option<&'a Timestamp>,
}

impl Conditions<'_> {
    /// In the order of RFC 9110, section 13.2.2: entity tags outrank dates.
    fn check(&self, object: &Object) -> S3Result<()> {
        let modified = object.modified.seconds();
        match (self.if_match, self.if_unmodified_since) {
            (Some(condition), _) if !matches(condition, object) => {
                return Err(precondition_failed());
            }
            (None, Some(since)) if modified > seconds(since) => return Err(precondition_failed()),
            _ => {}
        }
        match (self.if_none_match, self.if_modified_since) {
            (Some(condition), _) if matches(condition, object) => Err(not_modified(object)),
            (None, Some(since)) if modified <= seconds(since) => Err(not_modified(object)),
            _ => Ok(()),
        }
    }
}

pub(super) fn matches(condition: &ETagCondition, object: &Object) -> bool {
    match condition {
        ETagCondition::Any => true,
        ETagCondition::ETag(etag) => etag.value() == object.etag,
    }
}

fn not_modified(object: &Object) -> S3Error {
    let mut headers = HeaderMap::new();
    if let Ok(value) = HeaderValue::try_from(format!("\"{}\"", object.etag)) {
        headers.insert(header::ETAG, value);
    }
    if let Some(value) =
        http_date(&timestamp(object.modified)).and_then(|date| HeaderValue::try_from(date).ok())
    {
        headers.insert(header::LAST_MODIFIED, value);
    }
    let mut error = S3Error::new(S3ErrorCode::NotModified);
    error.set_headers(headers);
    error
}

/// The bytes that were asked for.
struct Piece {
    bytes: ops::Range<u64>,
    /// The `Content-Range`, if that is not everything.
    range: Option<String>,
    parts: Option<i32>,
}

fn piece(object: &Object, range: Option<&Range>, part: Option<i32>) -> S3Result<Piece> {
    let (bytes, parts) = match (range, part) {
        (None, None) => {
            return Ok(Piece {
                bytes: 0..object.size,
                range: None,
                parts: None,
            });
        }
        (Some(range), None) => (range.check(object.size)?, None),
        (None, Some(part)) => {
            let count = signed(object.parts.len())?;
            (part_bytes(object, part)?, (count > 0).then_some(count))
        }
        (Some(_), Some(_)) => {
            return Err(s3_error!(
                InvalidRequest,
                "Cannot specify both Range and partNumber."
            ));
        }
    };
    // An empty object has no range that could be written down.
    let range = (!bytes.is_empty())
        .then(|| format!("bytes {}-{}/{}", bytes.start, bytes.end - 1, object.size));
    Ok(Piece {
        bytes,
        range,
        parts,
    })
}

fn part_bytes(object: &Object, number: i32) -> S3Result<ops::Range<u64>> {
    let whole = [object.size];
    let parts = if object.parts.is_empty() {
        &whole[..]
    } else {
        &object.parts[..]
    };
    let position = usize::try_from(number)
        .ok()
        .and_then(|number| number.checked_sub(1));
    let Some((position, size)) = position.and_then(|at| Some((at, parts.get(at)?))) else {
        return Err(custom(
            "InvalidPartNumber",
            http::StatusCode::RANGE_NOT_SATISFIABLE,
            "The requested partnumber is not satisfiable.",
        ));
    };
    let start = parts[..position].iter().sum();
    Ok(start..start + size)
}

fn content_type(object: &Object) -> Option<String> {
    let given = object.label.attributes.content_type.clone();
    Some(given.unwrap_or_else(|| "binary/octet-stream".to_owned()))
}

fn tag_count(object: &Object) -> Option<i32> {
    let tags = &object.label.attributes.tags;
    i32::try_from(tags.len()).ok().filter(|count| *count > 0)
}

/// Small pieces are read at once, large ones as they are sent.
async fn body(mut file: std::fs::File, bytes: ops::Range<u64>) -> S3Result<StreamingBlob> {
    let length = bytes.end - bytes.start;
    match usize::try_from(length) {
        Ok(length) if length <= limits::READ_BYTES => {
            let read = tokio::task::spawn_blocking(move || {
                let mut buffer = vec![0; length];
                file.seek(SeekFrom::Start(bytes.start))?;
                file.read_exact(&mut buffer)?;
                Ok(buffer)
            });
            let read = read.await.map_err(S3Error::internal_error)?;
            let buffer = read
                .map_err(StoreError::disk("read an object"))
                .map_err(fault)?;
            Ok(StreamingBlob::from(Body::from(Bytes::from(buffer))))
        }
        _ => {
            file.seek(SeekFrom::Start(bytes.start))
                .map_err(StoreError::disk("read an object"))
                .map_err(fault)?;
            let reader = tokio::fs::File::from_std(file).take(length);
            Ok(StreamingBlob::wrap(ReaderStream::with_capacity(
                reader,
                limits::READ_BYTES,
            )))
        }
    }
}
