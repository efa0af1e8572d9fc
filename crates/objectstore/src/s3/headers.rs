//! Attributes as headers, and what answers tell in theirs.

use std::borrow::Cow;
use std::ops::Range;

use awshttp::Answer;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use model::capabilities::PartCheck;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;

use super::dialect::Reply;
use super::encoded_word;
use crate::checksum::{Checksums, sha256_from_base64};
use crate::error::StoreError;
use crate::evidence::{Algorithm, Statement};
use crate::object::{Attributes, ObjectInfo, PartInfo, Receipt};
use crate::part_sum::{self, PartSum};
use crate::upload::PartReceipt;

const METADATA: &str = "x-amz-meta-";

/// The headers that carry `attributes`.
pub(super) fn of_attributes(attributes: &Attributes) -> Vec<(Cow<'static, str>, String)> {
    // What an object is without the header, which some stores do not know, and others refuse where a
    // bucket has no ACLs.
    let acl = attributes.acl.clone().filter(|acl| acl != "private");
    let named = [
        ("content-type", &attributes.content_type),
        ("content-encoding", &attributes.content_encoding),
        ("content-language", &attributes.content_language),
        ("content-disposition", &attributes.content_disposition),
        ("cache-control", &attributes.cache_control),
        ("expires", &attributes.expires),
        ("x-amz-acl", &acl),
        ("x-amz-storage-class", &attributes.storage_class),
    ];
    let named = named
        .into_iter()
        .filter_map(|(name, value)| Some((Cow::Borrowed(name), value.clone()?)));
    let metadata = attributes.metadata.iter().map(|(name, value)| {
        let name = format!("{METADATA}{}", name.to_ascii_lowercase());
        (Cow::Owned(name), encoded_word::encode(value).into_owned())
    });
    named.chain(metadata).collect()
}

/// The headers that begin an upload whose parts are checked by `check` (API reference, `CreateMultipartUpload`).
pub(super) fn of_check(check: PartCheck) -> Vec<(Cow<'static, str>, String)> {
    let Some(names) = part_sum::names(check) else {
        return Vec::new();
    };
    let algorithm = Some(("x-amz-checksum-algorithm", names.algorithm));
    let kind = names.kind.map(|kind| ("x-amz-checksum-type", kind));
    let said = algorithm.into_iter().chain(kind);
    said.map(|(name, value)| (Cow::Borrowed(name), value.to_owned()))
        .collect()
}

/// The header by which a store sees that it makes of `parts` what they were parts of (API reference,
/// `CompleteMultipartUpload`). Of a sum of sums there is none: each part's goes in the document.
pub(super) fn of_whole(parts: &[PartReceipt]) -> Option<(&'static str, String)> {
    let whole = part_sum::of_whole(parts).filter(|whole| whole.parts.is_none())?;
    let names = part_sum::names(parts.first()?.sum?.check())?;
    Some((names.header, STANDARD.encode(whole.value)))
}

/// The attributes an answer tells.
fn attributes(reply: &Reply) -> Attributes {
    let text = |name: &str| reply.header(name).map(str::to_owned);
    let mut metadata: Vec<(String, String)> = reply
        .headers()
        .filter_map(|(name, value)| {
            let name = name.strip_prefix(METADATA)?;
            Some((name.to_owned(), encoded_word::decode(value).into_owned()))
        })
        .collect();
    metadata.sort_unstable();
    Attributes {
        content_type: text("content-type"),
        content_encoding: text("content-encoding"),
        content_language: text("content-language"),
        content_disposition: text("content-disposition"),
        cache_control: text("cache-control"),
        expires: text("expires"),
        acl: None,
        // S3 leaves the header out for the usual class (API reference, `HeadObject`).
        storage_class: text("x-amz-storage-class").filter(|class| class != "STANDARD"),
        metadata,
    }
}

/// What an answer tells of an object of `size` bytes.
pub(super) fn info(reply: &Reply, size: u64) -> ObjectInfo {
    ObjectInfo {
        size,
        etag: etag(reply).to_owned(),
        last_modified: reply
            .header("last-modified")
            .and_then(|date| OffsetDateTime::parse(date, &Rfc2822).ok()),
        sha256: reply
            .header("x-amz-checksum-sha256")
            .and_then(sha256_from_base64),
        checksums: checksums(reply),
        is_tag_opaque: is_encrypted(reply),
        tag_count: reply
            .header("x-amz-tagging-count")
            .and_then(|count| count.parse().ok()),
        attributes: attributes(reply),
    }
}

/// The checksums an answer tells. Those of parts say of how many they are, if only in the entity tag.
fn checksums(reply: &Reply) -> Vec<Statement> {
    let is_of_parts = reply
        .header("x-amz-checksum-type")
        .is_some_and(|kind| kind.eq_ignore_ascii_case("COMPOSITE"));
    let tagged = Statement::of_entity_tag(etag(reply)).and_then(|tag| tag.parts);
    let told = Algorithm::OF_HEADERS
        .into_iter()
        .filter_map(|(algorithm, name)| {
            let told = Statement::of_header(algorithm, reply.header(name)?)?;
            match told.parts {
                None if is_of_parts => Some(Statement {
                    parts: Some(tagged?),
                    ..told
                }),
                _ => Some(told),
            }
        });
    told.collect()
}

/// What the answer about one part tells. A store that does not know the question answers about the
/// whole object, and names no count of parts.
pub(super) fn part(reply: &Reply) -> Option<PartInfo> {
    let count = reply.header("x-amz-mp-parts-count")?.parse().ok()?;
    let bytes = reply.header("content-length")?.parse().ok()?;
    Some(PartInfo { bytes, count })
}

/// The receipt of a whole object.
pub(super) fn receipt(reply: &Reply) -> Receipt {
    Receipt {
        etag: etag(reply).to_owned(),
        version: version(reply),
    }
}

/// The entity tag without its quotes, empty if there is none.
pub(super) fn etag(reply: &Reply) -> &str {
    bare_etag(reply.header("etag").unwrap_or_default())
}

/// Strips the quotes, and the mark of weak tags that proxies add.
pub(super) fn bare_etag(quoted: &str) -> &str {
    quoted.trim_start_matches("W/").trim_matches('"')
}

/// The version id; `null` is S3's word for none.
pub(super) fn version(reply: &Reply) -> Option<String> {
    let version = reply.header("x-amz-version-id")?;
    (version != "null").then(|| version.to_owned())
}

/// Compares the SHA-256 a store says it has with the one that was sent.
pub(super) fn check_echo(reply: &Reply, sent: &Checksums) -> Result<(), StoreError> {
    let told = reply
        .header("x-amz-checksum-sha256")
        .and_then(sha256_from_base64);
    match (told, sent.sha256) {
        (Some(told), Some(sent)) if told != sent => {
            Err(reply.protocol("it confirms another checksum than was sent"))
        }
        _ => Ok(()),
    }
}

/// Compares the sum of a part that a store says it has with the one that was sent.
pub(super) fn check_part_echo(reply: &Reply, sent: &PartSum) -> Result<(), StoreError> {
    let told = part_sum::names(sent.check()).and_then(|names| reply.header(names.header));
    match told {
        Some(told) if told != sent.to_base64() => {
            Err(reply.protocol("it confirms another checksum of a part than was sent"))
        }
        _ => Ok(()),
    }
}

/// Compares a part's entity tag with the MD5 that was sent, where the tag is an MD5.
///
/// On stores that encrypt with keys of their own the tag only looks like one, and the answer says so
/// (API reference, *Object*, `ETag`).
pub(super) fn check_etag(reply: &Reply, sent: &[u8; 16]) -> Result<(), StoreError> {
    let mut told = [0; 16];
    let is_md5 = hex::decode_to_slice(etag(reply), &mut told).is_ok() && !is_encrypted(reply);
    if is_md5 && told != *sent {
        let message = "the store received other bytes than were sent";
        return Err(StoreError::BadDigest(Answer::new(
            reply.status().as_u16(),
            "",
            message,
        )));
    }
    Ok(())
}

fn is_encrypted(reply: &Reply) -> bool {
    let with_key = reply
        .header("x-amz-server-side-encryption-customer-algorithm")
        .is_some();
    let by_store = reply.header("x-amz-server-side-encryption");
    with_key || by_store.is_some_and(|method| method != "AES256")
}

/// The length of the body.
pub(super) fn length(reply: &Reply) -> Result<u64, StoreError> {
    let length = reply
        .header("content-length")
        .and_then(|text| text.parse().ok());
    length.ok_or_else(|| reply.protocol("it does not tell the length"))
}

/// The bytes given, and the length of the whole: `bytes 0-499/1234` (RFC 9110, section 14.4).
pub(super) fn content_range(reply: &Reply) -> Result<(Range<u64>, u64), StoreError> {
    let range = reply.header("content-range").and_then(parse_content_range);
    range.ok_or_else(|| reply.protocol("it does not tell which bytes it gives"))
}

fn parse_content_range(text: &str) -> Option<(Range<u64>, u64)> {
    let (bytes, size) = text.strip_prefix("bytes ")?.split_once('/')?;
    let (first, last) = bytes.split_once('-')?;
    let end = last.parse::<u64>().ok()?.checked_add(1)?;
    Some((first.parse().ok()?..end, size.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_ranges_are_read_or_refused() {
        assert_eq!(parse_content_range("bytes 5-9/10"), Some((5..10, 10)));
        for bad in [
            "",
            "bytes */10",
            "bytes 5-9/*",
            "items 1-2/3",
            "bytes 0-18446744073709551615/1",
        ] {
            assert_eq!(parse_content_range(bad), None, "{bad}");
        }
    }

    #[test]
    fn http_dates_are_read() {
        let date = OffsetDateTime::parse("Tue, 03 Feb 2009 21:57:43 GMT", &Rfc2822).unwrap();
        assert_eq!(date.unix_timestamp(), 1_233_698_263);
    }

    #[test]
    fn entity_tags_lose_their_quotes() {
        assert_eq!(bare_etag("\"abc-2\""), "abc-2");
        assert_eq!(bare_etag("W/\"abc\""), "abc");
        assert_eq!(bare_etag("abc"), "abc");
    }
}
