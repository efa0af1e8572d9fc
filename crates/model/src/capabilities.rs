//! What a store was found to do when it was probed, before the first byte of a job.
//!
//! Decides what an import relies on, and is kept in the journal and in the report.

use serde::{Deserialize, Serialize};

use crate::key_space::KeySpace;

/// What a store makes of something it is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Finding {
    /// It does it.
    Honored,
    /// It answers with an error.
    Refused,
    /// It answers with success and does not do it.
    Ignored,
    /// It was not asked, or the answer says nothing.
    #[default]
    Unknown,
}

impl Finding {
    /// Whether it can be relied on.
    #[must_use]
    pub fn is_honored(self) -> bool {
        self == Self::Honored
    }

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
    fn is_unknown(&self) -> bool {
        *self == Self::Unknown
    }
}

/// What a store was found to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capabilities {
    /// Refuses a body whose `Content-MD5` is wrong, and keeps nothing of it.
    pub md5: Finding,
    /// Refuses a body whose `x-amz-checksum-sha256` is wrong.
    pub sha256: Finding,
    /// Refuses a body whose `x-amz-checksum-crc64nvme` is wrong.
    pub crc64nvme: Finding,
    /// Refuses a body that is not what its signature says (`x-amz-content-sha256`).
    pub signed_body: Finding,
    /// Tells the SHA-256 again when asked for the object (`x-amz-checksum-mode`).
    pub keeps_sha256: Finding,
    /// Gives an object put in one request its MD5 as entity tag.
    pub etag_is_md5: Finding,
    /// Takes uploads in parts.
    pub multipart: Finding,
    /// Refuses a part whose `Content-MD5` is wrong.
    pub part_md5: Finding,
    /// Gives a part its MD5 as entity tag.
    pub part_etag_is_md5: Finding,
    /// Lists the parts of an upload that is not complete.
    pub lists_parts: Finding,
    /// Keeps `x-amz-meta-` headers.
    pub metadata: Finding,
    /// Keeps a canned ACL; whether it has effect is the store's affair.
    pub acl: Finding,
    /// Takes keys of 1024 bytes.
    pub long_keys: Finding,
    /// Keeps object tags.
    pub tags: Finding,
    /// Unpacks an archive that is put with `X-Amz-Meta-Snowball-Auto-Extract`.
    pub extraction: Finding,
    /// Refuses to put an object with `If-None-Match: *` where one is, and leaves that as it was.
    #[serde(default, skip_serializing_if = "Finding::is_unknown")]
    pub put_if_absent: Finding,
    /// Refuses to complete an upload in parts so, and leaves the object that is there.
    #[serde(default, skip_serializing_if = "Finding::is_unknown")]
    pub complete_if_absent: Finding,
    /// Which keys it keeps apart, and how it lists them.
    #[serde(default, skip_serializing_if = "KeySpace::is_unknown")]
    pub key_space: KeySpace,
}

impl Capabilities {
    /// The same finding for everything but the name space, of which nothing is known.
    #[must_use]
    pub fn all(finding: Finding) -> Self {
        Self {
            md5: finding,
            sha256: finding,
            crc64nvme: finding,
            signed_body: finding,
            keeps_sha256: finding,
            etag_is_md5: finding,
            multipart: finding,
            part_md5: finding,
            part_etag_is_md5: finding,
            lists_parts: finding,
            metadata: finding,
            acl: finding,
            long_keys: finding,
            tags: finding,
            extraction: finding,
            put_if_absent: finding,
            complete_if_absent: finding,
            key_space: KeySpace::default(),
        }
    }
}
