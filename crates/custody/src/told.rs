//! What a person typed or a device says of itself: any text, of which so much is kept as fits into a line.

use serde::{Deserialize, Serialize};

use crate::limits::TOLD_CHARS;

/// A text that somebody else chose, of [`TOLD_CHARS`] characters at most. It may hold anything: quotes, line ends, what
/// looks like a signature. It stands in JSON, where none of that ends it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Told(String);

impl Told {
    /// The text; cut, and ending in `…`, if it is too long.
    #[must_use]
    pub fn new(text: &str) -> Self {
        if text.chars().nth(TOLD_CHARS).is_none() {
            return Self(text.to_owned());
        }
        let kept = text.chars().take(TOLD_CHARS - 1);
        Self(kept.chain(['…']).collect())
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Told {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl From<&String> for Told {
    fn from(text: &String) -> Self {
        Self::new(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_kept_as_it_is_up_to_its_limit() {
        let fits = "ä".repeat(TOLD_CHARS);
        assert_eq!(Told::new(&fits).as_str(), fits);
        let cut = Told::new(&format!("{fits}x"));
        assert_eq!(cut.as_str().chars().count(), TOLD_CHARS);
        assert!(cut.as_str().ends_with("ä…"));
    }
}
