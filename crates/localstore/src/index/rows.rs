//! What the index holds, as values.

use crate::checksum::{Algorithm, Checksums, Kind};
use serde::{Deserialize, Serialize};
use sqlx::Row;
use sqlx::sqlite::SqliteRow;
use std::collections::BTreeMap;

/// A bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Bucket {
    pub(crate) name: String,
    pub(crate) owner: String,
    /// The location constraint it was made with; empty for none.
    pub(crate) region: String,
    pub(crate) created: Moment,
}

/// Milliseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moment(pub(crate) i64);

/// What a client said about an object, given back on GET and HEAD.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Attributes {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) content_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) content_encoding: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) content_language: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) content_disposition: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) cache_control: Option<String>,
    /// An HTTP date.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) expires: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) redirect: Option<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) metadata: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) tags: Vec<(String, String)>,
}

/// What an object and an upload that is to become one have in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Label {
    pub(crate) bucket: String,
    pub(crate) key: String,
    pub(crate) owner: String,
    /// A canned ACL.
    pub(crate) acl: String,
    pub(crate) storage_class: String,
    pub(crate) attributes: Attributes,
}

/// An object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Object {
    pub(crate) label: Label,
    /// Where its contents are, relative to the root; empty until they are placed.
    pub(crate) path: String,
    pub(crate) size: u64,
    pub(crate) modified: Moment,
    /// Without quotes.
    pub(crate) etag: String,
    pub(crate) checksums: Checksums,
    /// Sizes of the parts it was uploaded in; empty if in one piece.
    pub(crate) parts: Vec<u64>,
}

/// An object as a list shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Listed {
    pub(crate) key: String,
    /// Where its contents are, relative to the root.
    pub(crate) path: String,
    pub(crate) size: u64,
    pub(crate) modified: Moment,
    pub(crate) etag: String,
    pub(crate) owner: String,
    pub(crate) storage_class: String,
}

/// A multipart upload in progress.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Upload {
    pub(crate) id: String,
    pub(crate) label: Label,
    pub(crate) initiated: Moment,
    pub(crate) checksum: Option<(Algorithm, Kind)>,
}

/// A part of an upload in progress.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) upload: String,
    pub(crate) number: i32,
    /// Where its contents are, relative to the root; empty until they are placed.
    pub(crate) path: String,
    pub(crate) size: u64,
    pub(crate) modified: Moment,
    pub(crate) md5: [u8; 16],
    pub(crate) checksums: Checksums,
}

impl Moment {
    /// The present.
    pub(crate) fn now() -> Self {
        let milliseconds = time::OffsetDateTime::now_utc().unix_timestamp_nanos() / 1_000_000;
        Self(i64::try_from(milliseconds).unwrap_or(i64::MAX))
    }

    /// Whole seconds since 1970: all that HTTP dates can say.
    pub(crate) fn seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }
}

impl Bucket {
    pub(crate) fn from_row(row: &SqliteRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            name: row.try_get("name")?,
            owner: row.try_get("owner")?,
            region: row.try_get("region")?,
            created: Moment(row.try_get("created")?),
        })
    }
}

impl Label {
    fn from_row(row: &SqliteRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            bucket: row.try_get("bucket")?,
            key: key(row)?,
            owner: row.try_get("owner")?,
            acl: row.try_get("acl")?,
            storage_class: row.try_get("storage_class")?,
            attributes: json(row, "attributes")?,
        })
    }
}

impl Object {
    pub(crate) fn from_row(row: &SqliteRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            label: Label::from_row(row)?,
            path: row.try_get("path")?,
            size: unsigned(row, "size")?,
            modified: Moment(row.try_get("modified")?),
            etag: row.try_get("etag")?,
            checksums: json(row, "checksums")?,
            parts: json(row, "parts")?,
        })
    }
}

impl Listed {
    pub(crate) fn from_row(row: &SqliteRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            key: key(row)?,
            path: row.try_get("path")?,
            size: unsigned(row, "size")?,
            modified: Moment(row.try_get("modified")?),
            etag: row.try_get("etag")?,
            owner: row.try_get("owner")?,
            storage_class: row.try_get("storage_class")?,
        })
    }
}

impl Upload {
    pub(crate) fn from_row(row: &SqliteRow) -> Result<Self, sqlx::Error> {
        let algorithm: Option<String> = row.try_get("algorithm")?;
        let kind: Option<String> = row.try_get("kind")?;
        let kind = match kind.as_deref() {
            Some("COMPOSITE") => Kind::Composite,
            _ => Kind::FullObject,
        };
        Ok(Self {
            id: row.try_get("id")?,
            label: Label::from_row(row)?,
            initiated: Moment(row.try_get("initiated")?),
            checksum: algorithm
                .and_then(|name| Algorithm::from_name(&name))
                .map(|algorithm| (algorithm, kind)),
        })
    }
}

impl Part {
    pub(crate) fn from_row(row: &SqliteRow) -> Result<Self, sqlx::Error> {
        let md5: Vec<u8> = row.try_get("md5")?;
        Ok(Self {
            upload: row.try_get("upload")?,
            number: row.try_get("number")?,
            path: row.try_get("path")?,
            size: unsigned(row, "size")?,
            modified: Moment(row.try_get("modified")?),
            md5: md5.try_into().map_err(|_| damaged("md5", "not 16 bytes"))?,
            checksums: json(row, "checksums")?,
        })
    }
}

fn key(row: &SqliteRow) -> Result<String, sqlx::Error> {
    let bytes: Vec<u8> = row.try_get("key")?;
    String::from_utf8(bytes).map_err(|error| damaged("key", error))
}

fn unsigned(row: &SqliteRow, column: &str) -> Result<u64, sqlx::Error> {
    let number: i64 = row.try_get(column)?;
    u64::try_from(number).map_err(|error| damaged(column, error))
}

fn json<T: serde::de::DeserializeOwned>(row: &SqliteRow, column: &str) -> Result<T, sqlx::Error> {
    let text: &str = row.try_get(column)?;
    serde_json::from_str(text).map_err(|error| damaged(column, error))
}

fn damaged(
    column: &str,
    source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> sqlx::Error {
    sqlx::Error::ColumnDecode {
        index: column.to_owned(),
        source: source.into(),
    }
}
