//! The documents of the answers.

use std::fmt::Write as _;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::store::{Content, Listing, Page, Parts};

const NAMESPACE: &str = "http://s3.amazonaws.com/doc/2006-03-01/";

/// What `encoding-type=url` leaves as it is.
const KEPT: AsciiSet = NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~')
    .remove(b'/');

/// When everything was changed: the sink has no clock.
const CHANGED: &str = "2026-01-01T00:00:00.000Z";

fn document(root: &str, content: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<{root} xmlns=\"{NAMESPACE}\">{content}</{root}>"
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

fn of_object(bucket: &str, key: &str) -> String {
    format!("<Bucket>{bucket}</Bucket><Key>{}</Key>", escaped(key))
}

pub(crate) fn error(code: &str) -> String {
    let message = "the sink does not do this, or has no such thing";
    format!("<Error><Code>{code}</Code><Message>{message}</Message></Error>")
}

pub(crate) fn no_buckets() -> String {
    let owner = "<Owner><ID>sink</ID></Owner>";
    document(
        "ListAllMyBucketsResult",
        &format!("{owner}<Buckets></Buckets>"),
    )
}

pub(crate) fn location() -> String {
    document("LocationConstraint", "")
}

pub(crate) fn begun(bucket: &str, key: &str, upload: &str) -> String {
    let id = format!("<UploadId>{upload}</UploadId>");
    document(
        "InitiateMultipartUploadResult",
        &(of_object(bucket, key) + &id),
    )
}

pub(crate) fn completed(bucket: &str, key: &str, content: &Content) -> String {
    let tag = format!("<ETag>{}</ETag>", escaped(&content.tag.to_string()));
    document(
        "CompleteMultipartUploadResult",
        &(of_object(bucket, key) + &tag),
    )
}

/// The numbers of the parts that a client names.
pub(crate) fn named(document: &[u8]) -> Vec<u16> {
    let text = String::from_utf8_lossy(document);
    let numbers = text.split("<PartNumber>").skip(1);
    numbers
        .filter_map(|rest| rest.split('<').next()?.trim().parse().ok())
        .collect()
}

pub(crate) fn parts(bucket: &str, key: &str, upload: &str, parts: &Parts) -> String {
    let mut text = of_object(bucket, key);
    let _ = write!(
        text,
        "<UploadId>{upload}</UploadId><IsTruncated>false</IsTruncated>"
    );
    for (number, part) in parts {
        let (size, tag) = (part.size, escaped(&part.tag.to_string()));
        let _ = write!(
            text,
            "<Part><PartNumber>{number}</PartNumber><LastModified>{CHANGED}</LastModified>\
             <ETag>{tag}</ETag><Size>{size}</Size></Part>"
        );
    }
    document("ListPartsResult", &text)
}

/// Uploads in progress, each with id and key.
pub(crate) fn uploads(bucket: &str, uploads: &[(String, String)]) -> String {
    let mut text = format!("<Bucket>{bucket}</Bucket><IsTruncated>false</IsTruncated>");
    for (id, key) in uploads {
        let key = escaped(key);
        let _ = write!(
            text,
            "<Upload><Key>{key}</Key><UploadId>{id}</UploadId><Initiated>{CHANGED}</Initiated></Upload>"
        );
    }
    document("ListMultipartUploadsResult", &text)
}

/// A page in the form of both versions of the listing.
pub(crate) fn page(listing: &Listing, page: &Page) -> String {
    let name = |key: &str| match listing.encodes {
        true => utf8_percent_encode(key, &KEPT).to_string(),
        false => escaped(key),
    };
    let count = page.objects.len() + page.folders.len();
    let (bucket, prefix) = (&listing.bucket, name(&listing.prefix));
    let mut text = format!(
        "<Name>{bucket}</Name><Prefix>{prefix}</Prefix><KeyCount>{count}</KeyCount>\
         <MaxKeys>1000</MaxKeys><IsTruncated>{}</IsTruncated>",
        page.is_truncated
    );
    if listing.encodes {
        text.push_str("<EncodingType>url</EncodingType>");
    }
    if page.is_truncated {
        let (marker, token) = (name(&page.last), escaped(&page.last));
        let _ = write!(
            text,
            "<NextMarker>{marker}</NextMarker><NextContinuationToken>{token}</NextContinuationToken>"
        );
    }
    for (key, content) in &page.objects {
        let (key, size, tag) = (name(key), content.size, escaped(&content.tag.to_string()));
        let _ = write!(
            text,
            "<Contents><Key>{key}</Key><LastModified>{CHANGED}</LastModified><ETag>{tag}</ETag>\
             <Size>{size}</Size><StorageClass>STANDARD</StorageClass></Contents>"
        );
    }
    for folder in &page.folders {
        let folder = name(folder);
        let _ = write!(
            text,
            "<CommonPrefixes><Prefix>{folder}</Prefix></CommonPrefixes>"
        );
    }
    document("ListBucketResult", &text)
}
