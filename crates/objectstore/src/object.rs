//! The vocabulary of stored objects: what is said of one when it is put, headed, listed or got.

use std::fmt;
use std::io::Read;
use std::ops::Range;

pub use model::attributes::Attributes;
use model::ids::{BucketName, ObjectKey};
use time::OffsetDateTime;

use crate::evidence::Statement;

/// A tag of an object: key and value.
pub type Tag = (String, String);

/// The store's word that it holds a whole object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The entity tag without quotes. Empty where the store gave none and none could be computed.
    pub etag: String,
    /// The version, in buckets that keep versions.
    pub version: Option<String>,
}

/// What a store tells of one object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectInfo {
    /// Length in bytes, of the whole object also when a range of it is read.
    pub size: u64,
    /// The entity tag without quotes.
    pub etag: String,
    /// When it was last written, by the store's clock, to the second.
    pub last_modified: Option<OffsetDateTime>,
    /// SHA-256 of the whole object, where the store keeps it.
    pub sha256: Option<[u8; 32]>,
    /// What the store says of the content beside that: its own checksums of the whole object. Empty
    /// where only a part of the object was asked for.
    pub checksums: Vec<Statement>,
    /// Whether the entity tag is no MD5 whatever it looks like, because the object is encrypted with a
    /// key of somebody's (API reference, *Object*, `ETag`).
    pub is_tag_opaque: bool,
    /// How many tags the object has, where the store says so.
    pub tag_count: Option<u32>,
    /// What is stored beside it; `acl` is never known.
    pub attributes: Attributes,
}

/// One object of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Whole, with the prefix it was listed under.
    pub key: ObjectKey,
    /// Length in bytes.
    pub size: u64,
    /// The entity tag without quotes.
    pub etag: String,
    /// When it was last written.
    pub last_modified: Option<OffsetDateTime>,
}

/// One bucket of a store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedBucket {
    /// Its name.
    pub name: BucketName,
    /// When it was made.
    pub created: Option<OffsetDateTime>,
}

/// A stretch of a listing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Page {
    /// The objects, in the store's order.
    pub objects: Vec<Listed>,
    /// Whether there is more after the last of them.
    pub more: bool,
    /// What the store wants to be asked with for the next page; `None` where it gives nothing to go
    /// on with, and the last key has to do.
    pub next: Option<String>,
}

/// What a store tells of one part of an object that was stored in parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PartInfo {
    /// Bytes of the part.
    pub bytes: u64,
    /// Parts of the object.
    pub count: u32,
}

/// An object on its way to us.
pub struct Download {
    /// What the store says of it.
    pub info: ObjectInfo,
    /// Which bytes the body has.
    pub range: Range<u64>,
    /// The bytes. Reading fails, rather than ends, if fewer come than `range` promises.
    pub body: Box<dyn Read + Send>,
}

impl fmt::Debug for Download {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Download")
            .field("info", &self.info)
            .field("range", &self.range)
            .finish_non_exhaustive()
    }
}
