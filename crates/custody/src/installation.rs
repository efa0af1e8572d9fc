//! The name of an installation, by which its log and its key are known.

use std::fmt;
use std::str::FromStr;

use model::ids::InvalidId;
use serde::{Deserialize, Serialize};

/// An installation: 1 to 128 small letters, digits, dots and hyphens, as a host is named. It stands in checkpoints and in
/// lines of allowed signers, where blanks, commas and stars would mean something.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct InstallationName(String);

impl InstallationName {
    /// Longest name: half of what a name in the DNS may have.
    const BYTES: usize = 128;

    /// Checks a name.
    ///
    /// # Errors
    /// [`InvalidId`] says what it should have looked like.
    pub fn new(name: impl Into<String>) -> Result<Self, InvalidId> {
        let name = name.into();
        let is_one =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-".contains(&byte);
        if (1..=Self::BYTES).contains(&name.len()) && name.bytes().all(is_one) {
            return Ok(Self(name));
        }
        Err(InvalidId {
            value: name,
            expected: "an installation's name of 1 to 128 small letters, digits, dots and hyphens",
        })
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What its log is called: the first line of every checkpoint, and the name of its key there.
    #[must_use]
    pub fn origin(&self) -> String {
        format!("{self}/custody")
    }

    /// Who signs its receipts, for `ssh-keygen -Y verify -I`.
    #[must_use]
    pub fn principal(&self) -> String {
        format!("custody@{self}")
    }
}

impl fmt::Display for InstallationName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for InstallationName {
    type Err = InvalidId;

    fn from_str(name: &str) -> Result<Self, InvalidId> {
        Self::new(name)
    }
}

impl TryFrom<String> for InstallationName {
    type Error = InvalidId;

    fn try_from(name: String) -> Result<Self, InvalidId> {
        Self::new(name)
    }
}

impl From<InstallationName> for String {
    fn from(name: InstallationName) -> Self {
        name.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_means_nothing_else_where_it_stands() {
        let name = InstallationName::new("dock.example").unwrap();
        assert_eq!(name.origin(), "dock.example/custody");
        assert_eq!(name.principal(), "custody@dock.example");
        let long = "x".repeat(129);
        for other in ["", "a b", "a+b", "*", "a,b", "A", "a/b", "a\nb", "é", &long] {
            assert!(InstallationName::new(other).is_err(), "{other}");
        }
    }
}
