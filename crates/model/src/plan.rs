//! What is to be done with each entry of a device: decided here, before anything is read.

use crate::attributes::Attributes;
use crate::content_type;
use crate::entry::{Entry, EntryKind, EntryPath, VolumeNote};
use crate::file_time::FileTime;
use crate::ids::ObjectKey;
use crate::limits;
use crate::manifest::{S3Import, StorageClass};
use crate::naming;
use crate::outcome::{Failure, IgnoreRule};

/// The name of the file that identifies a device. Left out of the import in the root only.
pub const SIGNATURE_NAME: &str = "SIGNATURE";

/// What is to be done with one entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Item {
    /// Read it and store it.
    Load {
        /// Under this key.
        key: ObjectKey,
        /// Its size in bytes as the device gave it.
        bytes: u64,
    },
    /// Leave it out, as a rule says.
    Ignore(IgnoreRule),
    /// It cannot be stored; say so in the report.
    Fail(Failure),
}

/// Decides what is to be done with one entry. Collisions are not seen here: they need memory.
#[must_use]
pub fn import_item(rules: &S3Import, entry: &Entry) -> Item {
    let bytes = match entry.kind {
        EntryKind::SymbolicLink { .. } => return Item::Ignore(IgnoreRule::SymbolicLink),
        EntryKind::Special => return Item::Ignore(IgnoreRule::Special),
        EntryKind::EmptyFolder => return Item::Ignore(IgnoreRule::EmptyFolder),
        EntryKind::Volume(VolumeNote::LeftOut(_)) => return Item::Ignore(IgnoreRule::Volume),
        EntryKind::Volume(VolumeNote::Remark(_)) => return Item::Ignore(IgnoreRule::Remark),
        EntryKind::File { bytes } => bytes,
    };
    if entry.path.as_bytes() == SIGNATURE_NAME.as_bytes() {
        return Item::Ignore(IgnoreRule::Signature);
    }
    file_item(rules, entry, bytes)
}

/// Decides what is to be done with a file that is no SIGNATURE of a device, whatever its name.
#[must_use]
pub fn file_item(rules: &S3Import, entry: &Entry, bytes: u64) -> Item {
    match is_ignored(rules, &entry.path) {
        Ok(false) => {}
        Ok(true) => return Item::Ignore(IgnoreRule::Manifest),
        Err(failure) => return Item::Fail(failure),
    }
    match naming::import_key(rules, &entry.path) {
        Err(problem) => Item::Fail(Failure::unnamed(&problem)),
        Ok(key) if bytes > limits::OBJECT_BYTES => Item::Fail(Failure::too_large(key, bytes)),
        Ok(key) => Item::Load { key, bytes },
    }
}

/// Whether an `ignore` expression finds something in the path. Names that are not UTF-8 are
/// matched in their escaped form, so that they can be ignored too.
fn is_ignored(rules: &S3Import, path: &EntryPath) -> Result<bool, Failure> {
    if rules.ignore.is_empty() {
        return Ok(false);
    }
    let text = path.to_string();
    for pattern in &rules.ignore {
        match pattern.matches(&text) {
            Ok(false) => {}
            Ok(true) => return Ok(true),
            Err(_) => return Err(Failure::undecided(pattern.source())),
        }
    }
    Ok(false)
}

/// What the object of a file carries. `head` is the beginning of its content, at least
/// [`content_type::HEAD_BYTES`] long where the file is.
#[must_use]
pub fn attributes(
    rules: &S3Import,
    path: &EntryPath,
    head: &[u8],
    modified: Option<FileTime>,
) -> Attributes {
    let content = content_type::content(rules, &path.to_string(), head);
    let mut metadata = rules.static_metadata.clone();
    if let (Some(name), Some(modified)) = (&rules.disk_timestamp_key, modified) {
        metadata.push((name.clone(), modified.timestamp().to_string()));
    }
    Attributes {
        content_type: Some(content.content_type),
        content_encoding: content.encoding.map(str::to_owned),
        content_language: rules.content_language.clone(),
        content_disposition: rules.content_disposition.clone(),
        cache_control: rules.cache_control.clone(),
        expires: rules.expires.clone(),
        acl: Some(rules.acl.as_str().to_owned()),
        storage_class: (rules.storage_class != StorageClass::Standard)
            .then(|| rules.storage_class.as_str().to_owned()),
        metadata,
    }
}
