//! What each operation understands: every header and parameter that changes what a request means is
//! named here, and is either honoured by the operation or refused, never dropped in silence.
//!
//! A table, and the walk over it. What is not in it (an `x-amz-*` header, a condition, a parameter)
//! is refused with `NotImplemented`, unless it is known to change nothing.

use crate::front;
use http::{HeaderMap, StatusCode};
use s3s::{S3Error, S3ErrorCode, S3Result, s3_error};

/// An operation with what it honours.
#[derive(Debug)]
pub(crate) struct Operation {
    pub(crate) name: &'static str,
    /// `x-amz-*` headers and conditions; a name that ends with `*` is the beginning of names.
    pub(crate) headers: &'static [&'static [&'static str]],
    pub(crate) query: &'static [&'static str],
}

/// How requests are signed and sent, and what changes nothing here.
const ALWAYS: &[&str] = &[
    "x-amz-date",
    "x-amz-content-sha256",
    "x-amz-user-agent",
    "x-amz-expected-bucket-owner",
    // Whoever says that he pays: nobody does.
    "x-amz-request-payer",
    // Each says how a body is protected; without a body it says nothing.
    "x-amz-sdk-checksum-algorithm",
    "x-amz-checksum-algorithm",
];

/// Parameters that change nothing: the name of the operation, and the parts of a signature.
const ALWAYS_QUERY: &[&str] = &[
    "x-id",
    "X-Amz-Algorithm",
    "X-Amz-Credential",
    "X-Amz-Date",
    "X-Amz-Expires",
    "X-Amz-SignedHeaders",
    "X-Amz-Signature",
    "X-Amz-Content-Sha256",
    "AWSAccessKeyId",
    "Expires",
    "Signature",
];

/// What an object is and where it goes.
const LABEL: &[&str] = &[
    "x-amz-acl",
    "x-amz-storage-class",
    "x-amz-tagging",
    "x-amz-website-redirect-location",
    "x-amz-meta-*",
];

/// How a body is sent and checked.
const BODY: &[&str] = &[
    "x-amz-decoded-content-length",
    "x-amz-trailer",
    "x-amz-checksum-crc32",
    "x-amz-checksum-crc32c",
    "x-amz-checksum-crc64nvme",
    "x-amz-checksum-sha1",
    "x-amz-checksum-sha256",
];

const SOURCE: &[&str] = &[
    "x-amz-copy-source",
    "x-amz-copy-source-if-match",
    "x-amz-copy-source-if-none-match",
    "x-amz-copy-source-if-modified-since",
    "x-amz-copy-source-if-unmodified-since",
    "x-amz-source-expected-bucket-owner",
];

const TAGS: &[&str] = &["if-match", "if-none-match"];

const READ: &[&str] = &[
    "if-match",
    "if-none-match",
    "if-modified-since",
    "if-unmodified-since",
    "if-range",
    "x-amz-checksum-mode",
];

const RESPONSE: [&str; 8] = [
    "versionId",
    "partNumber",
    "response-cache-control",
    "response-content-disposition",
    "response-content-encoding",
    "response-content-language",
    "response-content-type",
    "response-expires",
];

macro_rules! table {
    ($($name:ident [$($headers:expr),*] $query:expr;)*) => {
        /// Every operation that is answered.
        pub(crate) const TABLE: &[Operation] = &[$(Operation {
            name: stringify!($name),
            headers: &[$($headers),*],
            query: &$query,
        }),*];
    };
}

table! {
    ListBuckets [] ["max-buckets", "continuation-token", "prefix", "bucket-region"];
    CreateBucket [&["x-amz-acl", "x-amz-bucket-object-lock-enabled", "x-amz-object-ownership"], BODY] [];
    DeleteBucket [] [];
    HeadBucket [] [];
    ListObjects [] ["delimiter", "encoding-type", "marker", "max-keys", "prefix"];
    ListObjectsV2 [&["x-amz-optional-object-attributes"]] [
        "list-type", "continuation-token", "delimiter", "encoding-type", "fetch-owner", "max-keys",
        "prefix", "start-after", "metadata"
    ];
    ListObjectVersions [&["x-amz-optional-object-attributes"]] [
        "versions", "delimiter", "encoding-type", "key-marker", "max-keys", "prefix",
        "version-id-marker"
    ];
    ListMultipartUploads [] [
        "uploads", "delimiter", "encoding-type", "key-marker", "max-uploads", "prefix",
        "upload-id-marker"
    ];
    GetBucketLocation [] ["location"];
    GetBucketVersioning [] ["versioning"];
    GetBucketAcl [] ["acl"];
    PutBucketAcl [&["x-amz-acl"], BODY] ["acl"];
    GetBucketPolicy [] ["policy"];
    GetBucketPolicyStatus [] ["policyStatus"];
    GetBucketCors [] ["cors"];
    GetBucketLifecycleConfiguration [] ["lifecycle"];
    GetBucketTagging [] ["tagging"];
    GetBucketEncryption [] ["encryption"];
    GetPublicAccessBlock [] ["publicAccessBlock"];
    GetBucketOwnershipControls [] ["ownershipControls"];
    GetBucketWebsite [] ["website"];
    GetBucketLogging [] ["logging"];
    GetBucketNotificationConfiguration [] ["notification"];
    GetBucketReplication [] ["replication"];
    GetObjectLockConfiguration [] ["object-lock"];
    GetBucketAccelerateConfiguration [] ["accelerate"];
    GetBucketRequestPayment [] ["requestPayment"];
    GetObject [READ] RESPONSE;
    HeadObject [READ] RESPONSE;
    GetObjectAttributes [&["x-amz-object-attributes", "x-amz-max-parts", "x-amz-part-number-marker"]] [
        "attributes", "versionId"
    ];
    GetObjectAcl [] ["acl", "versionId"];
    GetObjectTagging [] ["tagging", "versionId"];
    PutObject [LABEL, BODY, TAGS] [];
    CopyObject [LABEL, SOURCE, TAGS, &["x-amz-metadata-directive", "x-amz-tagging-directive"]] [];
    DeleteObject [&["if-match", "x-amz-bypass-governance-retention"]] ["versionId"];
    DeleteObjects [BODY, &["x-amz-bypass-governance-retention"]] ["delete"];
    PutObjectAcl [&["x-amz-acl"], BODY] ["acl", "versionId"];
    PutObjectTagging [BODY] ["tagging", "versionId"];
    DeleteObjectTagging [] ["tagging", "versionId"];
    CreateMultipartUpload [LABEL, &["x-amz-checksum-type"]] ["uploads"];
    UploadPart [BODY] ["partNumber", "uploadId"];
    UploadPartCopy [SOURCE, &["x-amz-copy-source-range"]] ["partNumber", "uploadId"];
    ListParts [] ["uploadId", "max-parts", "part-number-marker"];
    CompleteMultipartUpload [BODY, TAGS, &["x-amz-checksum-type", "x-amz-mp-object-size"]] ["uploadId"];
    AbortMultipartUpload [] ["uploadId"];
}

/// The table's line of an operation.
pub(crate) fn of(name: &str) -> Option<&'static Operation> {
    TABLE.iter().find(|operation| operation.name == name)
}

/// Refuses what the operation would not honour.
///
/// # Errors
/// `NotImplemented`, `InvalidArgument` and `InvalidRequest`, as AWS answers them.
pub(crate) fn check(
    operation: &str,
    headers: &HeaderMap,
    query: &str,
    signed: bool,
) -> S3Result<()> {
    // What is not answered at all drops nothing.
    let Some(operation) = of(operation) else {
        return Ok(());
    };
    for (name, value) in headers {
        operation.check_header(name.as_str(), value.to_str().ok())?;
    }
    let query = front::pairs(query);
    let is_link = query.iter().any(|(name, _)| name == "X-Amz-Signature");
    for (name, value) in query {
        // In a link these are headers, and were looked at above.
        let is_header = is_link && name.to_ascii_lowercase().starts_with("x-amz-");
        if !is_header {
            operation.check_parameter(&name, &value, signed)?;
        }
    }
    Ok(())
}

impl Operation {
    /// Whether the operation makes a difference by a header.
    pub(crate) fn honours(&self, header: &str) -> bool {
        let is_known = |known: &&str| match known.strip_suffix('*') {
            Some(start) => header.starts_with(start),
            None => *known == header,
        };
        ALWAYS.iter().any(&is_known) || self.headers.iter().any(|group| group.iter().any(&is_known))
    }

    fn changes_something(&self) -> bool {
        !["Get", "Head", "List"]
            .iter()
            .any(|verb| self.name.starts_with(verb))
    }

    fn check_header(&self, name: &str, value: Option<&str>) -> S3Result<()> {
        // A condition on an answer may be left out of account (RFC 9110, 13.2.1), one on a change not.
        let matters = name.starts_with("x-amz-")
            || (self.changes_something() && (name.starts_with("if-") || name == "content-range"));
        if !matters {
            return Ok(());
        }
        if !self.honours(name) {
            return Err(refused_header(name));
        }
        check_value(self.name, name, value.unwrap_or_default())
    }

    fn check_parameter(&self, name: &str, value: &str, signed: bool) -> S3Result<()> {
        if ALWAYS_QUERY.contains(&name) {
            return Ok(());
        }
        if !self.query.contains(&name) {
            return Err(match name {
                "versionId" => s3_error!(
                    InvalidArgument,
                    "This operation does not accept a version-id."
                ),
                _ => not_implemented(format!(
                    "The parameter `{name}` means nothing to {}, and is not dropped in silence.",
                    self.name
                )),
            });
        }
        match name {
            "versionId" => check_version(value),
            _ if name.starts_with("response-") && !signed => Err(s3_error!(
                InvalidRequest,
                "Request specific response headers cannot be used for anonymous GET requests."
            )),
            _ => Ok(()),
        }
    }
}

/// Versions are not kept: what is there is the version `null`.
///
/// # Errors
/// `InvalidArgument` for any other.
pub(crate) fn check_version(id: &str) -> S3Result<()> {
    match id {
        "null" => Ok(()),
        "" => Err(s3_error!(
            InvalidArgument,
            "Version id cannot be the empty string"
        )),
        _ => Err(s3_error!(InvalidArgument, "Invalid version id specified")),
    }
}

fn refused_header(name: &str) -> S3Error {
    if name.starts_with("x-amz-object-lock-") {
        return s3_error!(
            InvalidRequest,
            "Bucket is missing Object Lock Configuration"
        );
    }
    if name.contains("server-side-encryption") {
        return not_implemented(format!(
            "Objects are not encrypted by this store, so nothing was done: `{name}`."
        ));
    }
    if name.starts_with("x-amz-grant-") {
        return not_implemented(
            "Grants to single accounts are not supported; use a canned ACL.".to_owned(),
        );
    }
    if name == "x-amz-security-token" {
        return s3_error!(
            InvalidToken,
            "The provided token is malformed or otherwise invalid."
        );
    }
    not_implemented(format!(
        "A header you provided implies functionality that is not implemented: `{name}`."
    ))
}

fn check_value(operation: &str, name: &str, value: &str) -> S3Result<()> {
    let one_of = |known: &[&str]| {
        if known.contains(&value) {
            return Ok(());
        }
        Err(S3Error::with_message(
            S3ErrorCode::InvalidArgument,
            format!(
                "The value of `{name}` is not valid: one of {}.",
                known.join(", ")
            ),
        ))
    };
    match name {
        "x-amz-request-payer" => one_of(&["requester"]),
        "x-amz-checksum-mode" => one_of(&["ENABLED"]),
        "x-amz-metadata-directive" | "x-amz-tagging-directive" => one_of(&["COPY", "REPLACE"]),
        "x-amz-checksum-type" => one_of(&["COMPOSITE", "FULL_OBJECT"]),
        "x-amz-bucket-object-lock-enabled" if !value.eq_ignore_ascii_case("false") => Err(
            not_implemented("Object Lock is not implemented; nothing was made.".to_owned()),
        ),
        "x-amz-object-ownership" if value != "ObjectWriter" => Err(not_implemented(
            "Objects belong to whoever writes them; other ownership is not implemented.".to_owned(),
        )),
        "x-amz-acl" if operation.contains("Bucket") && value != "private" => Err(not_implemented(
            "A bucket is always private; its objects can have an ACL of their own.".to_owned(),
        )),
        "x-amz-storage-class" => check_class(value),
        "x-amz-trailer" => check_trailers(value),
        _ => Ok(()),
    }
}

/// Classes are kept as a label; whatever it says, an object can be read at once.
fn check_class(class: &str) -> S3Result<()> {
    match class {
        "STANDARD"
        | "REDUCED_REDUNDANCY"
        | "STANDARD_IA"
        | "ONEZONE_IA"
        | "INTELLIGENT_TIERING"
        | "GLACIER_IR"
        | "GLACIER"
        | "DEEP_ARCHIVE" => Ok(()),
        _ => Err(s3_error!(
            InvalidStorageClass,
            "The storage class you specified is not valid"
        )),
    }
}

/// Only checksums may be announced: anything else would not be looked at.
fn check_trailers(names: &str) -> S3Result<()> {
    let mut names = names.split(',').map(str::trim);
    if names.all(|name| crate::checksum::Algorithm::from_header(name).is_some()) {
        return Ok(());
    }
    Err(s3_error!(
        InvalidRequest,
        "The value specified in the x-amz-trailer header is not supported"
    ))
}

fn not_implemented(message: String) -> S3Error {
    let mut error = S3Error::with_message(S3ErrorCode::NotImplemented, message);
    error.set_status_code(StatusCode::NOT_IMPLEMENTED);
    error
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(operation: &str, headers: &[(&'static str, &'static str)], query: &str) -> String {
        let headers: HeaderMap = headers
            .iter()
            .map(|(name, value)| {
                let name = http::HeaderName::from_static(name);
                (name, http::HeaderValue::from_static(value))
            })
            .collect();
        match check(operation, &headers, query, true) {
            Ok(()) => String::new(),
            Err(error) => error.code().as_str().to_owned(),
        }
    }

    /// No operation takes a header or parameter that is not in its line.
    #[test]
    fn what_is_not_in_the_table_is_refused() {
        for operation in TABLE {
            let name = operation.name;
            assert_eq!(
                code(name, &[("x-amz-unheard-of", "1")], ""),
                "NotImplemented",
                "{name}"
            );
            assert_eq!(code(name, &[], "unheard-of=1"), "NotImplemented", "{name}");
            assert_eq!(code(name, &[], "renameObject"), "NotImplemented", "{name}");
            for header in [
                "x-amz-server-side-encryption",
                "x-amz-server-side-encryption-aws-kms-key-id",
                "x-amz-server-side-encryption-context",
                "x-amz-server-side-encryption-customer-algorithm",
                "x-amz-server-side-encryption-customer-key",
                "x-amz-server-side-encryption-customer-key-md5",
                "x-amz-copy-source-server-side-encryption-customer-key",
                "x-amz-grant-read",
                "x-amz-grant-full-control",
                "x-amz-write-offset-bytes",
                "x-amz-mfa",
            ] {
                assert_eq!(
                    code(name, &[(header, "v")], ""),
                    "NotImplemented",
                    "{name} {header}"
                );
            }
            for header in [
                "x-amz-object-lock-mode",
                "x-amz-object-lock-retain-until-date",
                "x-amz-object-lock-legal-hold",
            ] {
                assert_eq!(
                    code(name, &[(header, "v")], ""),
                    "InvalidRequest",
                    "{name} {header}"
                );
            }
            for parameter in operation.query {
                let value = if *parameter == "versionId" {
                    "=null"
                } else {
                    ""
                };
                assert_eq!(
                    code(name, &[], &format!("{parameter}{value}")),
                    "",
                    "{name}"
                );
            }
            assert_eq!(
                code(name, &[("content-type", "a/b")], "x-id=Any"),
                "",
                "{name}"
            );
        }
    }

    /// A condition on a change is honoured or refused.
    #[test]
    fn conditions_on_changes_are_not_dropped() {
        let conditions = [
            "if-match",
            "if-none-match",
            "if-modified-since",
            "if-unmodified-since",
            "if-range",
            "content-range",
        ];
        for operation in TABLE
            .iter()
            .filter(|operation| operation.changes_something())
        {
            for condition in conditions {
                let expected = if operation.honours(condition) {
                    ""
                } else {
                    "NotImplemented"
                };
                assert_eq!(
                    code(operation.name, &[(condition, "*")], ""),
                    expected,
                    "{} {condition}",
                    operation.name
                );
            }
        }
        assert!(of("PutObject").unwrap().honours("if-none-match"));
        assert!(!of("DeleteObject").unwrap().honours("if-none-match"));
    }

    #[test]
    fn only_the_null_version_is_there() {
        for operation in TABLE {
            let knows = operation.query.contains(&"versionId");
            assert_eq!(
                code(operation.name, &[], "versionId=bogus"),
                "InvalidArgument"
            );
            assert_eq!(code(operation.name, &[], "versionId="), "InvalidArgument");
            let expected = if knows { "" } else { "InvalidArgument" };
            assert_eq!(code(operation.name, &[], "versionId=null"), expected);
        }
    }

    #[test]
    fn values_are_looked_at() {
        for (operation, header, value, expected) in [
            ("CreateBucket", "x-amz-acl", "public-read", "NotImplemented"),
            ("CreateBucket", "x-amz-acl", "private", ""),
            (
                "CreateBucket",
                "x-amz-bucket-object-lock-enabled",
                "true",
                "NotImplemented",
            ),
            (
                "CreateBucket",
                "x-amz-bucket-object-lock-enabled",
                "false",
                "",
            ),
            (
                "CreateBucket",
                "x-amz-object-ownership",
                "BucketOwnerEnforced",
                "NotImplemented",
            ),
            (
                "PutBucketAcl",
                "x-amz-acl",
                "public-read-write",
                "NotImplemented",
            ),
            ("PutObject", "x-amz-acl", "public-read", ""),
            ("PutObject", "x-amz-storage-class", "STANDARD_IA", ""),
            (
                "PutObject",
                "x-amz-storage-class",
                "OUTPOSTS",
                "InvalidStorageClass",
            ),
            ("PutObject", "x-amz-trailer", "x-amz-checksum-crc32", ""),
            (
                "PutObject",
                "x-amz-trailer",
                "x-amz-meta-a",
                "InvalidRequest",
            ),
            ("GetObject", "x-amz-request-payer", "me", "InvalidArgument"),
            (
                "CopyObject",
                "x-amz-metadata-directive",
                "KEEP",
                "InvalidArgument",
            ),
            ("GetObject", "x-amz-security-token", "t", "InvalidToken"),
        ] {
            assert_eq!(
                code(operation, &[(header, value)], ""),
                expected,
                "{header}: {value}"
            );
        }
        let anonymous = check(
            "GetObject",
            &HeaderMap::new(),
            "response-content-type=a",
            false,
        );
        assert_eq!(anonymous.unwrap_err().code(), &S3ErrorCode::InvalidRequest);
    }
}
