//! The path of an entry: raw bytes, which need not be text.

use std::fmt::{self, Write as _};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// A path relative to the device's root: the raw bytes of its parts, joined by `/`, without a
/// leading one. Need not be UTF-8.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntryPath(Vec<u8>);

impl EntryPath {
    /// What stands in a report for a whole device of which nothing could be listed: no name on any device is this.
    #[must_use]
    pub fn whole_device() -> Self {
        Self::new("/")
    }

    /// Wraps the raw bytes.
    #[must_use]
    pub fn new(bytes: impl Into<Vec<u8>>) -> Self {
        Self(bytes.into())
    }

    /// The raw bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The path as text, if it is UTF-8.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        std::str::from_utf8(&self.0).ok()
    }

    /// Whether every part of it is a name: not empty, and neither `.` nor `..`.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        let mut parts = self.0.split(|byte| *byte == b'/');
        parts.all(|part| !matches!(part, b"" | b"." | b".."))
    }

    /// The path as records keep it: for a person, and the raw bytes in base64 where that is not
    /// all.
    #[must_use]
    pub fn to_record(&self) -> (String, Option<String>) {
        let raw = self.as_str().is_none().then(|| STANDARD.encode(&self.0));
        (self.to_string(), raw)
    }

    /// The path of a record; `None` if its base64 is none.
    #[must_use]
    pub fn from_record(file: &str, raw: Option<&str>) -> Option<Self> {
        match raw {
            Some(raw) => STANDARD.decode(raw).ok().map(Self),
            None => Some(Self::new(file)),
        }
    }
}

/// The path as text; where it is not UTF-8, with every byte outside printable ASCII, and `%`
/// itself, as `%XX`.
impl fmt::Display for EntryPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(text) = self.as_str() {
            return f.write_str(text);
        }
        for &byte in &self.0 {
            match byte {
                b'%' | 0..=0x1F | 0x7F..=0xFF => write!(f, "%{byte:02X}")?,
                _ => f.write_char(char::from(byte))?,
            }
        }
        Ok(())
    }
}

impl fmt::Debug for EntryPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{self}`")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_path_has_names_only() {
        for (path, is_plain) in [
            ("a", true),
            ("a/..b/c.", true),
            ("", false),
            ("/a", false),
            ("a/", false),
            ("a//b", false),
            ("a/./b", false),
            ("../a", false),
        ] {
            assert_eq!(EntryPath::new(path).is_plain(), is_plain, "{path}");
        }
    }

    #[test]
    fn names_that_are_not_text_are_escaped_and_others_left_alone() {
        assert_eq!(EntryPath::new("Ünï/100%.txt").to_string(), "Ünï/100%.txt");
        assert_eq!(
            EntryPath::new(*b"caf\xE9/100%").to_string(),
            "caf%E9/100%25"
        );
    }
}
