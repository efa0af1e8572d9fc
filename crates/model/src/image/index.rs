//! The index of an image that went to objects: what `image restore` needs to rebuild it.

use serde::{Deserialize, Serialize};

use super::BadRange;
use crate::ids::{JobId, ObjectKey};

/// The name of the format.
const FORMAT: &str = "longshore-image";

/// The version written, and the latest that is read.
const VERSION: u32 = 1;

/// `Content-Type` of an index.
pub const CONTENT_TYPE: &str = "application/json";

/// The index of an image. `docs/formats.md` describes its JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Index {
    format: String,
    version: u32,
    /// The job that imaged the device.
    pub job: JobId,
    /// What the manifest calls the device.
    pub device_id: String,
    /// Size of the image in bytes.
    pub bytes: u64,
    /// Bytes of each object but the last.
    pub object_bytes: u64,
    /// MD5 of the image as it is stored, lower-case hex; absent where it could not be made because the
    /// device would not be read a second time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub md5: Option<String>,
    /// SHA-256 of the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// The stretches of the image in their order, without a gap.
    pub objects: Vec<IndexObject>,
    /// What the device would not give: zeros in the image.
    pub bad_ranges: Vec<BadRange>,
}

/// A stretch of an image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IndexObject {
    /// The object that holds it; absent where it is all zeros and not stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<ObjectKey>,
    /// Its size.
    pub bytes: u64,
    /// SHA-256 of its bytes, lower-case hex. Absent for zeros, and like [`Index::md5`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
}

/// A text that is not a usable index.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IndexFault {
    /// It is something else, or damaged.
    #[error("it is not the index of an image: {0}")]
    NotAnIndex(String),
    /// It was written by a later release.
    #[error("it is of version {0}, and this release reads up to version {VERSION}")]
    Newer(u32),
    /// Its parts contradict each other.
    #[error("it contradicts itself: {0}")]
    Inconsistent(String),
}

/// What an [`Index`] is made of, beside its objects.
#[derive(Debug, Clone)]
pub struct Image {
    /// The job.
    pub job: JobId,
    /// What the manifest calls the device.
    pub device_id: String,
    /// Size of the image in bytes.
    pub bytes: u64,
    /// Bytes of each object but the last.
    pub object_bytes: u64,
}

impl Index {
    /// An index of `image` without objects, sums and bad ranges yet.
    #[must_use]
    pub fn new(image: Image) -> Self {
        Self {
            format: FORMAT.to_owned(),
            version: VERSION,
            job: image.job,
            device_id: image.device_id,
            bytes: image.bytes,
            object_bytes: image.object_bytes,
            md5: None,
            sha256: None,
            objects: Vec::new(),
            bad_ranges: Vec::new(),
        }
    }

    /// The text of the index, with a line end after the last brace.
    #[must_use]
    pub fn to_json(&self) -> String {
        let json = serde_json::to_string_pretty(self);
        json.expect("strings and numbers can always be written") + "\n"
    }

    /// Reads an index and checks that its stretches make up the image.
    ///
    /// # Errors
    /// [`IndexFault`].
    pub fn parse(text: &[u8]) -> Result<Self, IndexFault> {
        #[derive(Deserialize)]
        struct Head {
            format: String,
            version: u32,
        }
        let not_one = |e: serde_json::Error| IndexFault::NotAnIndex(e.to_string());
        let head: Head = serde_json::from_slice(text).map_err(not_one)?;
        if head.format != FORMAT {
            let reason = format!("its format is `{}`", head.format);
            return Err(IndexFault::NotAnIndex(reason));
        }
        if head.version > VERSION {
            return Err(IndexFault::Newer(head.version));
        }
        let index: Self = serde_json::from_slice(text).map_err(not_one)?;
        index.check().map_err(IndexFault::Inconsistent)?;
        Ok(index)
    }

    fn check(&self) -> Result<(), String> {
        if self.object_bytes == 0 {
            return Err("its objects have no bytes".to_owned());
        }
        let wanted = self.bytes.div_ceil(self.object_bytes);
        if self.objects.len() as u64 != wanted {
            let found = self.objects.len();
            return Err(format!(
                "it has {found} objects, and its size needs {wanted}"
            ));
        }
        let mut rest = self.bytes;
        for (number, object) in self.objects.iter().enumerate() {
            let wanted = rest.min(self.object_bytes);
            if object.bytes != wanted {
                let found = object.bytes;
                return Err(format!(
                    "object {number} has {found} bytes and not {wanted}"
                ));
            }
            rest -= wanted;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index() -> Index {
        let mut index = Index::new(Image {
            job: JobId::new("ABCDE").unwrap(),
            device_id: "BOOT-DISK-9".to_owned(),
            bytes: 25,
            object_bytes: 10,
        });
        let object = |key: Option<&str>, bytes, sha256: Option<&str>| IndexObject {
            key: key.map(|key| ObjectKey::new(key).unwrap()),
            bytes,
            sha256: sha256.map(str::to_owned),
        };
        index.objects = vec![
            object(Some("ABCDE/image.00000"), 10, Some("00ff")),
            object(None, 10, None),
            object(Some("ABCDE/image.00002"), 5, None),
        ];
        index.md5 = Some("d41d8cd98f00b204e9800998ecf8427e".to_owned());
        index.bad_ranges = vec![BadRange {
            offset: 20,
            bytes: 4,
        }];
        index
    }

    #[test]
    fn an_index_is_read_as_it_was_written() {
        let text = index().to_json();
        assert_eq!(Index::parse(text.as_bytes()), Ok(index()));
    }

    /// The sample that every later release must read.
    #[test]
    fn the_frozen_sample_is_read() {
        let sample = include_bytes!("../../tests/image/index-1.json");
        assert_eq!(Index::parse(sample), Ok(index()));
    }

    #[test]
    fn what_is_no_index_or_contradicts_itself_is_refused() {
        let good = index().to_json();
        for (from, to, words) in [
            ("longshore-image", "longshore-report", "its format is"),
            ("\"version\": 1", "\"version\": 2", "version 2"),
            ("\"bytes\": 25", "\"bytes\": 31", "needs 4"),
            (
                "\"bytes\": 25",
                "\"bytes\": 26",
                "object 2 has 5 bytes and not 6",
            ),
            ("\"object_bytes\": 10", "\"object_bytes\": 0", "no bytes"),
            ("ABCDE", "?", "not an index"),
        ] {
            let text = good.replacen(from, to, 1);
            let error = Index::parse(text.as_bytes()).unwrap_err().to_string();
            let words = words.replace("not an index", "is not the index");
            assert!(error.contains(&words), "{error}");
        }
    }
}
