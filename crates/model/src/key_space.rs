//! Which keys a store takes for each other, or does not keep as they are: found out by the probe, and
//! decides which files of a device are put at all.
//!
//! A store that takes `a\b` for `a/b` answers both puts with success and has one object. Here every key
//! gets the form under which its store files it; of two files with one form only one is loaded, and a
//! key that its store gives another name is not put.

use std::collections::BTreeMap;
use std::fmt;

use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};
use unicode_normalization::{UnicodeNormalization as _, is_nfc, is_nfd};

use crate::capabilities::Finding;
use crate::ids::ObjectKey;

/// What is odd about a key. The order is that in which a key's plain form is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Oddity {
    /// `%2F` for what it stands for in an address.
    Percent,
    /// `+` for a blank, as in forms.
    Plus,
    /// `\` for `/`.
    Backslash,
    /// `//`, or `/` at the beginning.
    EmptyPart,
    /// `.` or `..` between slashes.
    DotPart,
    /// `/` at the end.
    TrailingSlash,
    /// Blanks at the end.
    TrailingBlank,
    /// Capital letters.
    Capitals,
    /// Letters and their marks as two characters (Unicode NFD).
    Decomposed,
    /// Letters and their marks as one character (Unicode NFC).
    Composed,
}

impl Oddity {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Percent,
        Self::Plus,
        Self::Backslash,
        Self::EmptyPart,
        Self::DotPart,
        Self::TrailingSlash,
        Self::TrailingBlank,
        Self::Capitals,
        Self::Decomposed,
        Self::Composed,
    ];

    /// A key that has it, and its plain twin, both to stand after a slash.
    #[must_use]
    pub fn example(self) -> (&'static str, &'static str) {
        match self {
            Self::Percent => ("a%2Fb", "a/b"),
            Self::Plus => ("a+b", "a b"),
            Self::Backslash => ("a\\b", "a/b"),
            Self::EmptyPart => ("a//b", "a/b"),
            Self::DotPart => ("a/./c/../b", "a/b"),
            Self::TrailingSlash => ("a/", "a"),
            Self::TrailingBlank => ("a ", "a"),
            Self::Capitals => ("A.Jpg", "a.jpg"),
            Self::Decomposed => ("e\u{301}", "\u{e9}"),
            Self::Composed => ("\u{e9}", "e\u{301}"),
        }
    }

    /// The key without it; the same if it has none.
    #[must_use]
    pub fn plain(self, key: &str) -> String {
        match self {
            Self::Percent => percent_decode_str(key).decode_utf8_lossy().into_owned(),
            Self::Plus => key.replace('+', " "),
            Self::Backslash => key.replace('\\', "/"),
            Self::EmptyPart => without_empty_parts(key),
            Self::DotPart => without_dot_parts(key),
            Self::TrailingSlash => key.trim_end_matches('/').to_owned(),
            Self::TrailingBlank => key.trim_end_matches(' ').to_owned(),
            Self::Capitals => key.to_lowercase(),
            Self::Decomposed if is_nfc(key) => key.to_owned(),
            Self::Decomposed => key.nfc().collect(),
            Self::Composed if is_nfd(key) => key.to_owned(),
            Self::Composed => key.nfd().collect(),
        }
    }
}

/// What a key has, after "the key has".
impl fmt::Display for Oddity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Percent => "a `%` as in addresses",
            Self::Plus => "a `+`",
            Self::Backslash => "a `\\`",
            Self::EmptyPart => "an empty part between slashes",
            Self::DotPart => "a part `.` or `..`",
            Self::TrailingSlash => "a slash at its end",
            Self::TrailingBlank => "a blank at its end",
            Self::Capitals => "capital letters",
            Self::Decomposed => "letters with separate marks (Unicode NFD)",
            Self::Composed => "letters with marks (Unicode NFC)",
        })
    }
}

/// What a store makes of keys with an oddity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kept {
    /// It keeps them as they are, apart from their plain twins.
    Apart,
    /// It keeps one that is alone; one and its plain twin become one object.
    Merged,
    /// It files them under another name, or answers with success and keeps nothing.
    Renamed,
    /// It refuses them.
    Refused,
}

/// What a store was found to do with its name space.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct KeySpace {
    /// What it makes of odd keys. What is not here was not found out.
    #[serde(default)]
    pub odd: BTreeMap<Oddity, Kept>,
    /// Lists keys in the order of their bytes.
    #[serde(default)]
    pub order: Finding,
    /// Lists the same in small pages as in one.
    #[serde(default)]
    pub pages: Finding,
}

/// What becomes of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// The store keeps it, filed under this form: no two objects have the same.
    Filed(String),
    /// The store does not keep it as it is.
    NotKept(Oddity, Kept),
}

impl KeySpace {
    /// Everything kept apart and in order.
    #[must_use]
    pub fn honest() -> Self {
        Self {
            odd: Oddity::ALL.map(|oddity| (oddity, Kept::Apart)).into(),
            order: Finding::Honored,
            pages: Finding::Honored,
        }
    }

    /// Whether nothing was found out.
    #[must_use]
    pub fn is_unknown(&self) -> bool {
        *self == Self::default()
    }

    /// Whether two keys may become one object.
    #[must_use]
    pub fn may_merge(&self) -> bool {
        self.odd.values().any(|kept| *kept == Kept::Merged)
    }

    /// What the store makes of `key`.
    #[must_use]
    pub fn fate(&self, key: &ObjectKey) -> Fate {
        let mut form = key.as_str().to_owned();
        for (oddity, kept) in &self.odd {
            if *kept == Kept::Apart {
                continue;
            }
            let plain = oddity.plain(&form);
            if plain == form {
                continue;
            }
            match kept {
                Kept::Merged => form = plain,
                Kept::Renamed | Kept::Refused => return Fate::NotKept(*oddity, *kept),
                Kept::Apart => {}
            }
        }
        Fate::Filed(form)
    }

    /// The form under which the store files `key`, also where that is another name.
    #[must_use]
    pub fn form(&self, key: &str) -> String {
        let folding = [Kept::Merged, Kept::Renamed];
        let folded = self.odd.iter().filter(|(_, kept)| folding.contains(kept));
        folded.fold(key.to_owned(), |form, (oddity, _)| oddity.plain(&form))
    }

    /// The keys it does not keep as they are, in words; empty if it keeps all that were tried.
    #[must_use]
    pub fn words(&self) -> String {
        let list = |wanted: Kept| {
            let found = self.odd.iter().filter(|(_, kept)| **kept == wanted);
            let names: Vec<String> = found.map(|(oddity, _)| oddity.to_string()).collect();
            names.join(", ")
        };
        let sentences = [
            (Kept::Merged, "to take for the same key one that has"),
            (Kept::Renamed, "to file under another name a key that has"),
            (Kept::Refused, "to refuse a key that has"),
        ];
        let told = sentences.into_iter().filter_map(|(kept, words)| {
            let names = list(kept);
            (!names.is_empty()).then(|| format!("The store was found {words} {names}."))
        });
        told.collect::<Vec<_>>().join("\n")
    }
}

fn without_empty_parts(key: &str) -> String {
    let mut plain = String::with_capacity(key.len());
    for c in key.chars() {
        if c != '/' || !(plain.is_empty() || plain.ends_with('/')) {
            plain.push(c);
        }
    }
    plain
}

fn without_dot_parts(key: &str) -> String {
    if !key.split('/').any(|part| matches!(part, "." | "..")) {
        return key.to_owned();
    }
    let mut parts: Vec<&str> = Vec::new();
    for part in key.split('/') {
        match part {
            "." => {}
            ".." => {
                parts.pop();
            }
            other => parts.push(other),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn space(odd: &[(Oddity, Kept)]) -> KeySpace {
        KeySpace {
            odd: odd.iter().copied().collect(),
            ..KeySpace::default()
        }
    }

    fn fate(odd: &[(Oddity, Kept)], key: &str) -> Fate {
        space(odd).fate(&ObjectKey::new(key).unwrap())
    }

    #[test]
    fn every_example_has_its_oddity_and_its_twin_has_not() {
        for oddity in Oddity::ALL {
            let (odd, plain) = oddity.example();
            assert_eq!(oddity.plain(odd), plain, "{oddity:?}");
            assert_eq!(oddity.plain(plain), plain, "{oddity:?}");
        }
    }

    #[test]
    fn keys_that_merge_have_one_form() {
        let merged = |oddity| [(oddity, Kept::Merged)];
        for (oddity, a, b) in [
            (Oddity::Backslash, "x\\y\\z", "x/y/z"),
            (Oddity::EmptyPart, "/x///y", "x/y"),
            (Oddity::DotPart, "x/../y/./z", "y/z"),
            (Oddity::Capitals, "ÄB", "äb"),
            (Oddity::Decomposed, "u\u{308}", "ü"),
            (Oddity::Composed, "u\u{308}", "ü"),
            (Oddity::Plus, "a+ b", "a  b"),
            (Oddity::Percent, "%41", "A"),
            (Oddity::TrailingBlank, "a  ", "a"),
            (Oddity::TrailingSlash, "a/", "a"),
        ] {
            assert_eq!(
                fate(&merged(oddity), a),
                fate(&merged(oddity), b),
                "{oddity:?}"
            );
            assert_ne!(fate(&[], a), fate(&[], b));
        }
        let both = [
            (Oddity::Backslash, Kept::Merged),
            (Oddity::EmptyPart, Kept::Merged),
        ];
        assert_eq!(fate(&both, "a\\\\b"), Fate::Filed("a/b".to_owned()));
    }

    #[test]
    fn a_key_that_is_renamed_or_refused_is_not_kept_and_its_twin_is() {
        for kept in [Kept::Renamed, Kept::Refused] {
            let odd = [(Oddity::Backslash, kept), (Oddity::Plus, Kept::Apart)];
            assert_eq!(fate(&odd, "a\\b+"), Fate::NotKept(Oddity::Backslash, kept));
            assert_eq!(fate(&odd, "a/b+"), Fate::Filed("a/b+".to_owned()));
        }
        let space = space(&[(Oddity::Backslash, Kept::Renamed)]);
        assert_eq!(space.form("a\\b"), "a/b");
        assert!(!space.may_merge());
        let words = "The store was found to file under another name a key that has a `\\`.";
        assert_eq!(space.words(), words);
    }

    #[test]
    fn older_journals_know_nothing_of_it() {
        let space: KeySpace = serde_json::from_str("{}").unwrap();
        assert_eq!(space, KeySpace::default());
        assert_eq!(space.words(), "");
        let text = serde_json::to_string(&KeySpace::honest()).unwrap();
        assert!(text.contains("\"empty-part\":\"apart\""), "{text}");
        assert_eq!(
            serde_json::from_str::<KeySpace>(&text).unwrap(),
            KeySpace::honest()
        );
    }
}
