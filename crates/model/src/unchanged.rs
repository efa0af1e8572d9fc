//! Whether an object that is in a bucket already is what a file would become: then it need not be sent.
//!
//! Decided by what the store tells of the object, without reading either: the same size, and the same time
//! of the last change to the nanosecond in the metadata `mtime`, as rclone and restic decide; and it must
//! carry all that the manifest asks for, and must not say that it lacks some of its file. Whoever doubts, sends.

use crate::attributes::Attributes;
use crate::content_type::GZIP_MAGIC;
use crate::entry::EntryPath;
use crate::file_time::FileTime;
use crate::manifest::{CannedAcl, S3Import, StorageClass};
use crate::{identity, plan};

/// Whether the file at `path`, of the same size as the object and last changed at `modified`, would become
/// an object that carries what is `found` on the one that is there.
#[must_use]
pub fn is_unchanged(
    rules: &S3Import,
    path: &EntryPath,
    modified: FileTime,
    found: &Attributes,
) -> bool {
    // No store tells an ACL with an object; this is the one that an object has if nobody asks.
    rules.acl == CannedAcl::Private && is_of_file(rules, path, modified, found)
}

/// Whether an object says that it was made whole from the file at `path`, last changed at `modified`, and carries all
/// that the manifest asks for and a store tells.
#[must_use]
pub fn is_of_file(
    rules: &S3Import,
    path: &EntryPath,
    modified: FileTime,
    found: &Attributes,
) -> bool {
    !identity::is_partial(found) && identity::mtime(found) == Some(modified) && {
        let is_gzip = found.content_encoding.as_deref() == Some("gzip");
        let head: &[u8] = if is_gzip { &GZIP_MAGIC } else { &[] };
        carries(found, &plan::attributes(rules, path, head, Some(modified)))
    }
}

/// Whether an object carries all that is asked for, but for an ACL.
#[must_use]
pub fn carries(found: &Attributes, asked: &Attributes) -> bool {
    let class = |attributes: &Attributes| {
        let class = attributes.storage_class.clone();
        class.unwrap_or_else(|| StorageClass::Standard.as_str().to_owned())
    };
    let has = |(name, value): &(String, String)| {
        let mut found = found.metadata.iter();
        found.any(|(other, kept)| other.eq_ignore_ascii_case(name) && kept == value)
    };
    found.content_type == asked.content_type
        && found.content_encoding == asked.content_encoding
        && found.content_language == asked.content_language
        && found.content_disposition == asked.content_disposition
        && found.cache_control == asked.cache_control
        && found.expires == asked.expires
        && class(found) == class(asked)
        && asked.metadata.iter().all(has)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::JobType;
    use crate::manifest::Manifest;
    use crate::missing::Missing;

    fn rules(options: &str) -> S3Import {
        let text = format!(
            "manifestVersion: 2.0\nbucket: bkt\ndeviceId: D-1\neraseDevice: no\n\
             notificationEmail: a@b.example\nreturnAddress:\n    name: N\n    street1: S\n    \
             city: C\n    stateOrProvince: WA\n    postalCode: 98000\n    country: USA\n    \
             phoneNumber: 1\n{options}"
        );
        match Manifest::parse_accepted(&text, JobType::Import) {
            Ok(Manifest::S3Import(rules)) => rules,
            other => panic!("{other:?}"),
        }
    }

    fn path() -> EntryPath {
        EntryPath::new("a.txt")
    }

    fn time() -> FileTime {
        FileTime::from_ns(1_298_426_159_123_456_789)
    }

    /// What was stored under these options, as a store tells it.
    fn stored(options: &str, head: &[u8]) -> Attributes {
        let mut attributes = plan::attributes(&rules(options), &path(), head, Some(time()));
        identity::add_sha256(&mut attributes, Some("ab".repeat(32)));
        identity::add_mtime(&mut attributes, Some(time()));
        attributes.acl = None;
        attributes
    }

    #[test]
    fn what_was_stored_under_the_same_manifest_is_unchanged() {
        for options in [
            "",
            "cacheControl: max-age=60\ncontentDisposition: inline\ncontentLanguage: es\n",
            "storageClass: REDUCED_REDUNDANCY\nstaticMetadata:\n    batch: one\n",
            "setContentEncodingForGzFiles: yes\ndiskTimestampMetadataKey: taken\n",
        ] {
            for head in [&b"text"[..], &GZIP_MAGIC] {
                let found = stored(options, head);
                assert!(
                    is_unchanged(&rules(options), &path(), time(), &found),
                    "{options}"
                );
            }
        }
    }

    #[test]
    fn whatever_differs_or_is_not_known_is_sent() {
        let is_same = |options: &str, found: &Attributes| {
            is_unchanged(&rules(options), &path(), time(), found)
        };
        let plain = stored("", b"");
        for options in [
            "acl: public-read\n",
            "cacheControl: max-age=60\n",
            "defaultContentType: a/b\ncontentTypes:\n    txt: c/d\n",
            "storageClass: REDUCED_REDUNDANCY\n",
            "staticMetadata:\n    batch: one\n",
            "diskTimestampMetadataKey: taken\n",
            "diskTimestampMetadataKey: mtime\n",
        ] {
            assert!(!is_same(options, &plain), "{options}");
        }
        assert!(!is_same("", &stored("cacheControl: no-store\n", b"")));
        assert!(!is_same(
            "diskTimestampMetadataKey: mtime\n",
            &stored("diskTimestampMetadataKey: mtime\n", b"")
        ));
        let missing = Missing::of(std::iter::once(0..512)).unwrap();
        let mut partial = plain.clone();
        assert!(identity::add_missing(&mut partial, &missing));
        assert!(!is_same("", &partial), "the file may be whole now");
        let later = FileTime::from_ns(time().ns() + 1);
        assert!(!is_unchanged(&rules(""), &path(), later, &plain));
        let untimed = Attributes {
            metadata: Vec::new(),
            ..plain
        };
        assert!(!is_same("", &untimed));
    }
}
