//! `ignore` expressions: Java regular expressions, searched for in a path.

use fancy_regex::{Regex, RegexBuilder};

use super::java;
use crate::limits::{REGEX_BACKTRACKS, REGEX_BACKTRACKS_EACH};

/// Longest expression in bytes. Those in use are a tenth of it; a path has 4096 at most.
const SOURCE_BYTES: usize = 1024;

/// Memory in bytes that one compiled expression may take, so that the most a manifest can have
/// stay within 128 MiB. Any letter of any script with repetition takes about half.
const COMPILED_BYTES: usize = 128 << 10;

/// Instructions of the backtracking part of one expression.
const PROGRAM_SIZE: usize = 10_000;

/// A regular expression for paths that are not loaded.
#[derive(Debug, Clone)]
pub struct IgnorePattern {
    source: String,
    regex: Regex,
}

/// Matching took more steps than [`crate::limits::REGEX_BACKTRACKS`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the ignore expression `{0}` takes too long on this path")]
pub struct PatternTooCostly(pub String);

impl IgnorePattern {
    /// Compiles one of `count` expressions. The error is a fragment for a fault.
    pub(super) fn new(source: &str, count: usize) -> Result<Self, String> {
        if source.is_empty() {
            return Err("an empty expression would match every path".to_owned());
        }
        if source.len() > SOURCE_BYTES {
            return Err(format!("longer than {SOURCE_BYTES} bytes"));
        }
        let translated = java::translate(source).map_err(|error| error.to_string())?;
        let (least, most) = REGEX_BACKTRACKS_EACH.into_inner();
        let steps = (REGEX_BACKTRACKS / count.max(1)).clamp(least, most);
        let regex = RegexBuilder::new(&translated)
            .backtrack_limit(steps)
            .delegate_size_limit(COMPILED_BYTES)
            .max_prog_size(PROGRAM_SIZE)
            .build()
            .map_err(|_| format!("`{source}` is not an expression that can be used"))?;
        Ok(Self {
            source: source.to_owned(),
            regex,
        })
    }

    /// The expression as written.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Whether the expression is found anywhere in `path`, a path relative to the device's root
    /// with `/` between its parts and no leading slash.
    ///
    /// # Errors
    /// [`PatternTooCostly`] when no answer was found within bounds.
    pub fn matches(&self, path: &str) -> Result<bool, PatternTooCostly> {
        self.regex
            .is_match(path)
            .map_err(|_| PatternTooCostly(self.source.clone()))
    }
}

impl PartialEq for IgnorePattern {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source
    }
}

impl Eq for IgnorePattern {}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(source: &str, path: &str) -> bool {
        let pattern = IgnorePattern::new(source, 1).unwrap_or_else(|e| panic!("{source}: {e}"));
        pattern.matches(path).unwrap_or_else(|e| panic!("{e}"))
    }

    #[test]
    fn the_documented_expressions_work() {
        for (source, hit, miss) in [
            (r"\.psd$", "a/b.psd", "a/b.psd.txt"),
            (r"^lost\+found/", "lost+found/#12", "a/lost+found/x"),
            (r".*~$", "notes~", "notes~1"),
            (r".*\.swp$", "a/.b.swp", "swp"),
            (r"^\$Recycle\.bin/", "$Recycle.bin/x", "Recycle.bin/x"),
            (r"\.(psd|PSD)$", "a.PSD", "a.Psd"),
            (r"(?i)\.psd$", "a.Psd", "a.ps"),
            (r"^dir/", "dir/x", "a/dir/x"),
        ] {
            assert!(found(source, hit), "{source} {hit}");
            assert!(!found(source, miss), "{source} {miss}");
        }
    }

    #[test]
    fn java_syntax_means_what_java_means() {
        for (source, hit, miss) in [
            (r"^\Qa.b*\E$", "a.b*", "axbb"),
            (r"^\d+$", "12", "\u{661}"),
            (r"^\w$", "e", "é"),
            (r"^[^\W_]$", "e", "_"),
            (r"^\h$", "\t", "a"),
            (r"^\p{Upper}\p{Lower}+$", "Abc", "ABC"),
            (r"^[\p{Punct}]$", "!", "a"),
            (r"^\p{IsLatin}+$", "é", "я"),
            (r"^[a-z&&[^aeiou]]$", "b", "a"),
            (r"^\x41\u0042\0103$", "ABC", "abc"),
            (r"^a++b$", "aab", "aac"),
            (r"^(?>a|ab)c$", "ac", "abc"),
            (r"^(?!keep).*\.tmp$", "x.tmp", "keep.tmp"),
            (r"(?<=/)cache$", "a/cache", "cache"),
            (r"^(\w)\1$", "aa", "ab"),
            (r"^\<x\>$", "<x>", "x"),
            (r"^[[:alpha:]]$", ":", "b"),
            (r"^[a~~b]$", "~", "c"),
            (r"^[\&\&a]$", "&", "b"),
            (r"^[\^a]$", "^", "b"),
            (r"^[a\~\~b]$", "~", "c"),
            (r"^[--b]$", "-", "c"),
            (r"^[]a]$", "]", "b"),
            (r"^[\[\]\-^]$", "]", "a"),
            (r"^a\-b\ c\/$", "a-b c/", "a-bc/"),
        ] {
            assert!(found(source, hit), "{source} {hit}");
            assert!(!found(source, miss), "{source} {miss}");
        }
    }

    #[test]
    fn what_cannot_be_used_is_refused() {
        let long = "a".repeat(SOURCE_BYTES + 1);
        for source in [
            "",
            "(",
            "[",
            "*a",
            r"\p{javaLowerCase}",
            r"\p{InGreek}",
            r"\K",
            r"a\",
            r"\N{DIGIT ONE}",
            "(?U)a",
            "((((a{99}){99}){99}){99})",
            r"(?=a)((((\pL{99}){99}){99}){99})",
            &long,
        ] {
            assert!(IgnorePattern::new(source, 1).is_err(), "{source}");
        }
    }

    #[test]
    fn a_hostile_expression_ends() {
        let pattern = IgnorePattern::new(r"^(a|aa)+\1x$", 1).unwrap();
        let path = format!("{}xy", "a".repeat(300));
        assert_eq!(
            pattern.matches(&path),
            Err(PatternTooCostly(pattern.source().to_owned()))
        );
    }
}
