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

/// The sum of a part that goes with it, by which the store sees that it arrived as it was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PartCheck {
    /// MD5, which every store is told and some look at.
    #[default]
    Md5,
    /// CRC-64/NVME.
    Crc64Nvme,
    /// CRC-32C.
    Crc32c,
    /// SHA-256.
    Sha256,
}

impl PartCheck {
    /// Those that cost less than MD5, whose steps wait for each other, the one to be preferred first.
    pub const BEFORE_MD5: [Self; 3] = [Self::Crc64Nvme, Self::Crc32c, Self::Sha256];

    /// Whether it is MD5, by which all parts went once.
    #[must_use]
    pub fn is_md5(&self) -> bool {
        *self == Self::Md5
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
    /// Refuses a part whose CRC-64/NVME is wrong, of an upload that was begun for it, and completes the rest by that
    /// of the whole.
    #[serde(default, skip_serializing_if = "Finding::is_unknown")]
    pub part_crc64nvme: Finding,
    /// Does so by CRC-32C.
    #[serde(default, skip_serializing_if = "Finding::is_unknown")]
    pub part_crc32c: Finding,
    /// Does so by SHA-256, and the SHA-256 of the parts' SHA-256s.
    #[serde(default, skip_serializing_if = "Finding::is_unknown")]
    pub part_sha256: Finding,
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
            part_crc64nvme: finding,
            part_crc32c: finding,
            part_sha256: finding,
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

    /// Whether wrong parts are refused by a sum.
    #[must_use]
    pub fn checks_parts_by(&self, check: PartCheck) -> bool {
        let found = match check {
            PartCheck::Md5 => self.part_md5,
            PartCheck::Crc64Nvme => self.part_crc64nvme,
            PartCheck::Crc32c => self.part_crc32c,
            PartCheck::Sha256 => self.part_sha256,
        };
        found.is_honored()
    }

    /// By which sum parts are to be sent: the cheapest that the store was shown to check, else MD5.
    #[must_use]
    pub fn part_check(&self) -> PartCheck {
        let mut cheap = PartCheck::BEFORE_MD5.into_iter();
        cheap
            .find(|check| self.checks_parts_by(*check))
            .unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_checked_by_what_the_store_was_shown_to_check() {
        let ignored = Capabilities::all(Finding::Ignored);
        assert_eq!(ignored.part_check(), PartCheck::Md5);
        let by_sha256 = Capabilities {
            part_md5: Finding::Honored,
            part_sha256: Finding::Honored,
            ..ignored
        };
        assert_eq!(by_sha256.part_check(), PartCheck::Sha256);
        let by_crc32c = Capabilities {
            part_crc32c: Finding::Honored,
            ..by_sha256
        };
        assert_eq!(by_crc32c.part_check(), PartCheck::Crc32c);
        let all = Capabilities::all(Finding::Honored);
        assert_eq!(all.part_check(), PartCheck::Crc64Nvme);
    }

    #[test]
    fn what_was_found_before_parts_had_other_sums_is_read() {
        let mut old = serde_json::to_value(Capabilities::all(Finding::Honored)).unwrap();
        for name in ["part_crc64nvme", "part_crc32c", "part_sha256"] {
            old.as_object_mut().unwrap().remove(name);
        }
        let read: Capabilities = serde_json::from_value(old).unwrap();
        assert_eq!(read.part_check(), PartCheck::Md5);
        assert!(read.part_md5.is_honored());
    }
}
