//! Events that name files, whose sums a receipt repeats for `sha256sum`.

use std::fmt;

pub use model::photograph::Subject;

use model::ids::{BucketName, ObjectKey};
use model::readable::plays_with_terminals;
use serde::{Deserialize, Serialize};

use crate::digest::Digest;

/// The report lies in the log bucket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reported {
    /// Each form of it, and what lies beside it.
    pub files: Vec<File>,
}

/// A file that was delivered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct File {
    /// Where it lies.
    pub bucket: BucketName,
    /// Where it lies there.
    pub key: ObjectKey,
    /// What it is called where it lies beside a receipt.
    pub name: FileName,
    /// Its size.
    pub bytes: u64,
    /// Of its content.
    pub sha256: Digest,
}

/// A picture was taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Photographed {
    /// What is to be seen.
    pub of: Subject,
    /// What it is called where it lies beside a receipt.
    pub name: FileName,
    /// Of its content.
    pub sha256: Digest,
    /// Its size.
    pub bytes: u64,
    /// What it is.
    pub media_type: String,
}

/// The name of a file in a folder, that stands on a line as it is: 1 to 255 bytes without slash, backslash and
/// characters that play with terminals, and neither `.` nor `..`.
///
/// `sha256sum` writes other names in another way, and a name with a slash would reach out of the folder.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct FileName(String);

/// A name that is not one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{}` is not the name of a file in a folder", model::readable::name(.0, 80))]
pub struct UnfitName(String);

impl FileName {
    /// Longest name in bytes: that of a file on Linux.
    const BYTES: usize = 255;

    /// Checks a name.
    ///
    /// # Errors
    /// [`UnfitName`].
    pub fn new(name: impl Into<String>) -> Result<Self, UnfitName> {
        let name = name.into();
        let fits = (1..=Self::BYTES).contains(&name.len());
        if fits && !name.contains(is_odd) && name != "." && name != ".." {
            return Ok(Self(name));
        }
        Err(UnfitName(name))
    }

    /// The name of what a client fetches that has this key: what stands behind the last slash, with `_` for each
    /// character that may not stand in a name.
    #[must_use]
    pub fn of_key(key: &ObjectKey) -> Self {
        let last = key.as_str().rsplit('/').next().unwrap_or_default();
        let mut name = String::new();
        for c in last.chars().map(|c| if is_odd(c) { '_' } else { c }) {
            if name.len() + c.len_utf8() <= Self::BYTES {
                name.push(c);
            }
        }
        Self::new(name).unwrap_or_else(|_| Self("_".to_owned()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn is_odd(c: char) -> bool {
    matches!(c, '/' | '\\') || plays_with_terminals(c)
}

impl fmt::Display for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for FileName {
    type Error = UnfitName;

    fn try_from(name: String) -> Result<Self, UnfitName> {
        Self::new(name)
    }
}

impl From<FileName> for String {
    fn from(name: FileName) -> Self {
        name.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stays_in_its_folder_and_on_its_line() {
        for name in ["import-log-45HFS.jsonl", "a (b) = c", "é", " x ", "-rf"] {
            assert_eq!(FileName::new(name).unwrap().as_str(), name);
        }
        let long = "x".repeat(256);
        for name in ["", ".", "..", "a/b", "a\\b", "a\nb", "\u{202e}a", &long] {
            assert!(FileName::new(name).is_err(), "{name:?}");
        }
    }

    #[test]
    fn every_key_gives_a_name() {
        for (key, name) in [
            ("logs/2026/import-log-45HFS.jsonl", "import-log-45HFS.jsonl"),
            ("a\\b\nc", "a_b_c"),
            ("logs/", "_"),
            ("logs/..", "_"),
        ] {
            let key = ObjectKey::new(key).unwrap();
            assert_eq!(FileName::of_key(&key).as_str(), name);
        }
        let long = ObjectKey::new("é".repeat(500)).unwrap();
        assert_eq!(FileName::of_key(&long).as_str().len(), 254);
    }
}
