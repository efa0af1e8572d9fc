//! An object's attributes, checksums and dates between requests, rows and responses.
//!
//! The protocol library has a type of its own per operation, with the same fields; the macros below
//! are written once for all of them.

use crate::checksum::Algorithm;
use crate::index::rows::{Attributes, Label, Moment};
use crate::limits;
use s3s::dto::{ETag, Metadata, ObjectCannedACL, Timestamp, TimestampFormat};
use s3s::{S3Error, S3Result, s3_error};
use std::collections::BTreeMap;

/// The attributes in the input of an operation that writes an object.
macro_rules! attributes_of {
    ($input:expr) => {
        $crate::index::rows::Attributes {
            content_type: $input.content_type.clone(),
            content_encoding: $crate::s3::attributes::without_chunking(
                $input.content_encoding.clone(),
            ),
            content_language: $input.content_language.clone(),
            content_disposition: $input.content_disposition.clone(),
            cache_control: $input.cache_control.clone(),
            expires: $input
                .expires
                .as_ref()
                .and_then($crate::s3::attributes::http_date),
            redirect: $input.website_redirect_location.clone(),
            metadata: $crate::s3::attributes::metadata($input.metadata.clone())?,
            tags: $crate::s3::tagging::parse_header($input.tagging.as_deref())?,
        }
    };
}
pub(crate) use attributes_of;

/// What an operation that writes an object says about it besides its contents.
macro_rules! label_of {
    ($input:expr, $caller:expr) => {{
        $crate::s3::attributes::refuse_grants(&[
            &$input.grant_full_control,
            &$input.grant_read,
            &$input.grant_read_acp,
            &$input.grant_write_acp,
        ])?;
        $crate::s3::attributes::check_key(&$input.key)?;
        $crate::index::rows::Label {
            bucket: $input.bucket.clone(),
            key: $input.key.clone(),
            owner: $caller.account().to_owned(),
            acl: $crate::s3::attributes::canned_acl($input.acl.as_ref())?,
            storage_class: $input
                .storage_class
                .as_ref()
                .map_or("STANDARD", |class| class.as_str())
                .to_owned(),
            attributes: $crate::s3::attributes::attributes_of!($input),
        }
    }};
}
pub(crate) use label_of;

/// Puts checksums into the fields of an output.
macro_rules! show_checksums {
    ($output:expr, $checksums:expr) => {{
        use $crate::checksum::Algorithm;
        let checksums: &$crate::checksum::Checksums = $checksums;
        $output.checksum_crc32 = checksums.get(Algorithm::Crc32);
        $output.checksum_crc32c = checksums.get(Algorithm::Crc32c);
        $output.checksum_crc64nvme = checksums.get(Algorithm::Crc64Nvme);
        $output.checksum_sha1 = checksums.get(Algorithm::Sha1);
        $output.checksum_sha256 = checksums.get(Algorithm::Sha256);
    }};
}
pub(crate) use show_checksums;

/// As [`show_checksums`], for outputs that also say what the checksum was taken over.
macro_rules! show_checksums_and_kind {
    ($output:expr, $checksums:expr) => {{
        $crate::s3::attributes::show_checksums!($output, $checksums);
        if !$checksums.values.is_empty() {
            $output.checksum_type =
                Some(s3s::dto::ChecksumType::from_static($checksums.kind.name()));
        }
    }};
}
pub(crate) use show_checksums_and_kind;

/// The values a client gave for checksums in the fields of an input.
macro_rules! given_checksums {
    ($input:expr) => {
        $crate::s3::attributes::given([
            (&$input.checksum_crc32, $crate::checksum::Algorithm::Crc32),
            (&$input.checksum_crc32c, $crate::checksum::Algorithm::Crc32c),
            (
                &$input.checksum_crc64nvme,
                $crate::checksum::Algorithm::Crc64Nvme,
            ),
            (&$input.checksum_sha1, $crate::checksum::Algorithm::Sha1),
            (&$input.checksum_sha256, $crate::checksum::Algorithm::Sha256),
        ])
    };
}
pub(crate) use given_checksums;

pub(crate) fn given(values: [(&Option<String>, Algorithm); 5]) -> BTreeMap<Algorithm, String> {
    values
        .into_iter()
        .filter_map(|(value, algorithm)| Some((algorithm, value.clone()?)))
        .collect()
}

/// The name of an algorithm that a client chose.
pub(crate) fn algorithm(name: Option<&s3s::dto::ChecksumAlgorithm>) -> S3Result<Option<Algorithm>> {
    name.map(|name| {
        Algorithm::from_name(&name.as_str().to_ascii_uppercase()).ok_or_else(|| {
            s3_error!(
                InvalidRequest,
                "Checksum algorithm provided is unsupported."
            )
        })
    })
    .transpose()
}

/// `aws-chunked` says how the request was sent, not what the object is.
pub(crate) fn without_chunking(encoding: Option<String>) -> Option<String> {
    let encoding = encoding?;
    let rest: Vec<&str> = encoding
        .split(',')
        .filter(|coding| !coding.trim().eq_ignore_ascii_case("aws-chunked"))
        .collect();
    // The rest goes back as it came, blanks and all.
    let rest = rest.join(",");
    let rest = rest.trim();
    (!rest.is_empty()).then(|| rest.to_owned())
}

/// Whether XML can carry a text as it is: control characters and the two that are no characters
/// make a document ill-formed, and a line end is turned into another on the way.
pub(crate) fn is_xml(text: &str) -> bool {
    !text
        .chars()
        .any(|c| matches!(c, '\0'..='\u{8}' | '\u{B}'..='\u{1F}' | '\u{FFFE}' | '\u{FFFF}'))
}

/// A key for a field of an answer that has no encoding; left out where XML cannot carry it.
pub(crate) fn in_xml(key: String) -> Option<String> {
    is_xml(&key).then_some(key)
}

pub(crate) fn metadata(metadata: Option<Metadata>) -> S3Result<BTreeMap<String, String>> {
    let metadata: BTreeMap<String, String> = metadata.unwrap_or_default().into_iter().collect();
    let bytes: usize = metadata
        .iter()
        .map(|(name, value)| name.len() + value.len())
        .sum();
    if bytes > limits::METADATA_BYTES {
        return Err(s3_error!(
            MetadataTooLarge,
            "Your metadata headers exceed the maximum allowed metadata size."
        ));
    }
    Ok(metadata)
}

pub(crate) fn check_key(key: &str) -> S3Result<()> {
    if key.len() > limits::KEY_BYTES {
        return Err(s3_error!(KeyTooLongError, "Your key is too long."));
    }
    if key.is_empty() {
        return Err(s3_error!(
            InvalidArgument,
            "A key must have at least one character."
        ));
    }
    Ok(())
}

pub(crate) fn refuse_grants(grants: &[&Option<String>]) -> S3Result<()> {
    if grants.iter().any(|grant| grant.is_some()) {
        return Err(s3_error!(
            NotImplemented,
            "Grants to single accounts are not supported; use a canned ACL."
        ));
    }
    Ok(())
}

pub(crate) fn canned_acl(acl: Option<&ObjectCannedACL>) -> S3Result<String> {
    let acl = acl.map_or(ObjectCannedACL::PRIVATE, ObjectCannedACL::as_str);
    match acl {
        "private"
        | "public-read"
        | "public-read-write"
        | "authenticated-read"
        | "aws-exec-read"
        | "bucket-owner-read"
        | "bucket-owner-full-control" => Ok(acl.to_owned()),
        _ => Err(s3_error!(InvalidArgument, "The canned ACL is not known.")),
    }
}

/// Attributes as the output of GET and HEAD shows them.
pub(crate) fn shown_metadata(attributes: &Attributes) -> Option<Metadata> {
    let metadata = &attributes.metadata;
    (!metadata.is_empty()).then(|| metadata.clone().into_iter().collect())
}

/// `STANDARD` is what S3 leaves unsaid on GET and HEAD.
pub(crate) fn shown_class(label: &Label) -> Option<s3s::dto::StorageClass> {
    (label.storage_class != "STANDARD").then(|| label.storage_class.clone().into())
}

pub(crate) fn etag(value: &str) -> ETag {
    ETag::Strong(value.to_owned())
}

pub(crate) fn timestamp(moment: Moment) -> Timestamp {
    let nanoseconds = i128::from(moment.0) * 1_000_000;
    time::OffsetDateTime::from_unix_timestamp_nanos(nanoseconds)
        .unwrap_or(time::OffsetDateTime::UNIX_EPOCH)
        .into()
}

/// Whole seconds since 1970 of a date in a request.
pub(crate) fn seconds(timestamp: &Timestamp) -> i64 {
    time::OffsetDateTime::from(timestamp.clone()).unix_timestamp()
}

pub(crate) fn http_date(timestamp: &Timestamp) -> Option<String> {
    let mut text = Vec::new();
    timestamp
        .format(TimestampFormat::HttpDate, &mut text)
        .ok()?;
    String::from_utf8(text).ok()
}

pub(crate) fn from_http_date(text: &str) -> Option<Timestamp> {
    Timestamp::parse(TimestampFormat::HttpDate, text).ok()
}

/// A number for a field that S3 made signed.
pub(crate) fn signed<T: TryInto<S>, S>(number: T) -> Result<S, S3Error>
where
    T::Error: std::error::Error + Send + Sync + 'static,
{
    number.try_into().map_err(S3Error::internal_error)
}
