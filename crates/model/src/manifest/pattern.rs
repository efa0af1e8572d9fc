//! `ignore` expressions: Java regular expressions, searched for in a path.
//!
//! An expression is compiled twice in its life: once when its manifest is submitted, to see that it
//! can be used and within what the manifest may cost ([`Allowance`]), and once where paths are matched.
//! Reading a manifest that was accepted compiles nothing, so that it may be read for every answer.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use fancy_regex::{CompileError, Error, Regex, RegexBuilder};

use super::java;
use crate::limits::{REGEX_BACKTRACKS, REGEX_BACKTRACKS_EACH};

/// Longest expression in bytes. Those in use are a tenth of it; a path has 4096 at most.
const SOURCE_BYTES: usize = 1024;

/// Memory in bytes that one compiled expression may take. Any letter of any script with repetition
/// takes about half.
const COMPILED_BYTES: usize = 128 << 10;

/// What is tried first of that, in bytes. `\.psd$` takes half of it; each further try doubles it.
const FIRST_TRY_BYTES: usize = 2 << 10;

/// Bytes that all tries of all expressions of a manifest may compile to: more than a thousand plain
/// expressions, or a dozen of the greatest. Compiling takes three to ten nanoseconds a byte (release
/// build), ten to thirty milliseconds in all.
const ALLOWANCE_BYTES: usize = 3 << 20;

/// Sets of characters that are costly to make before anything is compiled, for all expressions of a
/// manifest: classes of Unicode, and those that ignore case. Each takes up to half a millisecond.
const ALLOWANCE_SETS: usize = 128;

/// Memory in bytes for the states that matching one expression finds on its way, so that those of a
/// thousand on each of eight readers are not sixteen gigabytes, the library's own bound.
const STATES_BYTES: usize = 256 << 10;

/// Instructions of the backtracking part of one expression.
const PROGRAM_SIZE: usize = 2_000;

/// Expressions compiled by this process, for tests of what a request costs.
static COMPILED: AtomicU64 = AtomicU64::new(0);

/// How many `ignore` expressions this process has compiled.
#[doc(hidden)]
#[must_use]
pub fn expressions_compiled() -> u64 {
    COMPILED.load(Ordering::Relaxed)
}

/// A regular expression for paths that are not loaded.
#[derive(Debug, Clone)]
pub struct IgnorePattern {
    source: String,
    /// Steps it may take on one path.
    steps: usize,
    /// Made when the first path is matched. `None` if it cannot be used, which no expression is
    /// that was accepted by a release with the same limits.
    regex: OnceLock<Option<Regex>>,
}

/// Matching took more steps than [`crate::limits::REGEX_BACKTRACKS`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the ignore expression `{0}` takes too long on this path")]
pub struct PatternTooCostly(pub String);

/// What checking the expressions of one manifest may still cost.
#[derive(Debug)]
pub(super) struct Allowance {
    bytes: usize,
    sets: usize,
}

/// An expression that is not accepted. The texts are fragments for a fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unusable {
    /// It alone is at fault.
    #[error("{0}")]
    This(String),
    /// All up to it are too much together: nothing after it was looked at.
    #[error(
        "the expressions up to this one are too costly together; write fewer of those with \\p{{…}}, \
         (?i)[…] or counted repetitions such as {{30}}"
    )]
    All,
}

impl Allowance {
    /// That of a whole manifest.
    pub(super) fn new() -> Self {
        Self {
            bytes: ALLOWANCE_BYTES,
            sets: ALLOWANCE_SETS,
        }
    }

    /// Compiles one of `count` expressions, to see that it can be used, and forgets what it made.
    pub(super) fn check(&mut self, source: &str, count: usize) -> Result<IgnorePattern, Unusable> {
        let this = |text: String| Unusable::This(text);
        if source.is_empty() {
            return Err(this(
                "an empty expression would match every path".to_owned(),
            ));
        }
        if source.len() > SOURCE_BYTES {
            return Err(this(format!("longer than {SOURCE_BYTES} bytes")));
        }
        self.take_sets(costly_sets(source))?;
        let pattern = IgnorePattern::accepted(source, count);
        let translated = java::translate(source).map_err(|error| this(error.to_string()))?;
        let parts = compiled_parts(&translated);
        let mut bytes = FIRST_TRY_BYTES;
        loop {
            self.take_bytes(bytes)?;
            match build(&translated, pattern.steps, bytes / parts) {
                Ok(_) => return Ok(pattern),
                Err(error) if is_too_large(&error) && bytes < COMPILED_BYTES => bytes *= 2,
                Err(error) if is_too_large(&error) => {
                    return Err(this(format!("`{source}` is too large an expression")));
                }
                Err(_) => {
                    let text = format!("`{source}` is not an expression that can be used");
                    return Err(this(text));
                }
            }
        }
    }

    fn take_sets(&mut self, sets: usize) -> Result<(), Unusable> {
        self.sets = self.sets.checked_sub(sets).ok_or(Unusable::All)?;
        Ok(())
    }

    fn take_bytes(&mut self, bytes: usize) -> Result<(), Unusable> {
        self.bytes = self.bytes.checked_sub(bytes).ok_or(Unusable::All)?;
        Ok(())
    }
}

impl IgnorePattern {
    /// Takes one of `count` expressions of a manifest that was accepted, without a look at it.
    pub(super) fn accepted(source: &str, count: usize) -> Self {
        let (least, most) = REGEX_BACKTRACKS_EACH.into_inner();
        Self {
            source: source.to_owned(),
            steps: (REGEX_BACKTRACKS / count.max(1)).clamp(least, most),
            regex: OnceLock::new(),
        }
    }

    /// The expression as written.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Whether the expression is found anywhere in `path`, a path relative to the device's root
    /// with `/` between its parts and no leading slash. The first call compiles it.
    ///
    /// # Errors
    /// [`PatternTooCostly`] when no answer was found within bounds.
    pub fn matches(&self, path: &str) -> Result<bool, PatternTooCostly> {
        let regex = self.regex.get_or_init(|| {
            let translated = java::translate(&self.source).ok()?;
            build(&translated, self.steps, COMPILED_BYTES).ok()
        });
        let found = regex.as_ref().map(|regex| regex.is_match(path));
        match found {
            Some(Ok(found)) => Ok(found),
            Some(Err(_)) | None => Err(PatternTooCostly(self.source.clone())),
        }
    }
}

/// Compiles an expression whose parts may take `bytes` each.
fn build(translated: &str, steps: usize, bytes: usize) -> Result<Regex, Error> {
    COMPILED.fetch_add(1, Ordering::Relaxed);
    RegexBuilder::new(translated)
        .backtrack_limit(steps)
        .delegate_size_limit(bytes)
        .delegate_dfa_size_limit(STATES_BYTES)
        .max_prog_size(PROGRAM_SIZE)
        .build()
}

fn is_too_large(error: &Error) -> bool {
    match error {
        Error::CompileError(error) => match &**error {
            CompileError::InnerError(error) => error.size_limit().is_some(),
            // What looks behind is compiled by another builder, which says no more.
            CompileError::DfaBuildError(..) => true,
            _ => false,
        },
        Error::ParseError(..) | Error::RuntimeError(_) | _ => false,
    }
}

/// How many sets of characters an expression makes that are costly, at most.
fn costly_sets(source: &str) -> usize {
    let classes = source.matches(r"\p").count() + source.matches(r"\P").count();
    let ignores_case = source.split("(?").skip(1).any(|group| {
        let flags = group.split([')', ':']).next().unwrap_or_default();
        flags.contains('i')
    });
    match ignores_case {
        // A class of Unicode takes twice as long, and a range may be as wide as one.
        true => 2 * classes + source.matches('[').count() + source.matches('-').count(),
        false => classes,
    }
}

/// How many parts of an expression the engine compiles apart, at most: it backtracks between them.
/// One, if nothing in it looks around, refers back, or does not give back what it took.
fn compiled_parts(translated: &str) -> usize {
    let around = ["(?=", "(?!", "(?<", "(?>", r"\k", r"\Z"];
    let hard: usize = around
        .iter()
        .map(|mark| translated.matches(mark).count())
        .sum();
    let bytes = translated.as_bytes();
    let back = bytes
        .windows(2)
        .filter(|two| two[0] == b'\\' && two[1].is_ascii_digit());
    let possessive = bytes
        .windows(2)
        .filter(|two| b"+*?}".contains(&two[0]) && two[1] == b'+');
    let hard = hard + back.count() + possessive.count();
    match hard {
        0 => 1,
        _ => 1 + 2 * (hard + translated.matches(['(', '|']).count()),
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
        let checked = Allowance::new().check(source, 1);
        let pattern = checked.unwrap_or_else(|e| panic!("{source}: {e}"));
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
            assert!(Allowance::new().check(source, 1).is_err(), "{source}");
        }
    }

    #[test]
    fn a_hostile_expression_ends() {
        let pattern = IgnorePattern::accepted(r"^(a|aa)+\1x$", 1);
        let path = format!("{}xy", "a".repeat(300));
        assert_eq!(
            pattern.matches(&path),
            Err(PatternTooCostly(pattern.source().to_owned()))
        );
    }
    /// The manifest's allowance is used up, and how far it got.
    fn used_up(source: &str) -> Option<usize> {
        let mut allowance = Allowance::new();
        (0..1000).find(|_| matches!(allowance.check(source, 1000), Err(Unusable::All)))
    }

    #[test]
    fn a_thousand_plain_expressions_are_within_the_allowance() {
        for source in [
            r"\.psd$",
            r"(?i)\.psd$",
            r"^lost\+found/",
            r".*\.swp$",
            r"\.(psd|PSD)$",
            r"^\$Recycle\.bin/",
            r"^Pictures/2011/[0-9]{4}-[0-9]{2}/Thumbs\.db$",
        ] {
            assert_eq!(used_up(source), None, "{source}");
        }
    }

    #[test]
    fn some_five_hundred_expressions_with_classes_are_within_the_allowance() {
        for source in [r"^[^/]+/cache/", r"[^/]\.tmp$"] {
            let reached = used_up(source);
            assert!(reached.is_none_or(|n| n > 400), "{source}: {reached:?}");
        }
    }

    #[test]
    fn costly_expressions_use_the_allowance_up() {
        for source in [
            r"\p{L}{3}xN",
            r"\pL{30}x",
            r"(?i)[!-\uFFFF]",
            r"(?=\p{L}{3})(?!\p{L}{2})\1(a)",
            r"(?<=\p{L}|ab)x",
            r"[a-z]{999}",
        ] {
            let reached = used_up(source);
            assert!(reached.is_some_and(|n| n < 150), "{source}: {reached:?}");
        }
    }

    #[test]
    fn what_was_accepted_is_not_compiled_before_a_path_is_matched() {
        let pattern = IgnorePattern::accepted("(", 1);
        assert_eq!(pattern.source(), "(");
        assert!(pattern.matches("a").is_err());
    }
}
