//! What pytest says of each test, and how it compares with the list of expected failures.

use std::collections::BTreeMap;
use std::fmt;

use anyhow::{Result, bail};

/// How a test went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// As the suite wants it.
    Passed,
    /// Not so, or it broke off.
    Failed,
    /// The suite itself leaves it out.
    Skipped,
}

/// Reads a list: on each line a test's name, then why it fails. Empty lines and such as begin with `#` are
/// for people.
///
/// # Errors
/// If a name has no reason, or is there twice.
pub(crate) fn parse(list: &str) -> Result<BTreeMap<String, String>> {
    let mut expected = BTreeMap::new();
    for line in list.lines().map(str::trim) {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let Some((name, reason)) = line.split_once(char::is_whitespace) else {
            bail!("the list of expected failures gives no reason for `{line}`");
        };
        let known = expected.insert(name.to_owned(), reason.trim().to_owned());
        if known.is_some() {
            bail!("the list of expected failures has `{name}` twice");
        }
    }
    Ok(expected)
}

/// Takes note of what a line of `pytest -v` says: `FILE::NAME OUTCOME [ 12%]`.
pub(crate) fn note(line: &str, outcomes: &mut BTreeMap<String, Outcome>) {
    let Some((_, rest)) = line.split_once(".py::") else {
        return;
    };
    let mut words = rest.split_whitespace();
    let (Some(name), Some(word)) = (words.next(), words.next()) else {
        return;
    };
    let outcome = match word {
        "PASSED" | "XPASS" => Outcome::Passed,
        "FAILED" | "ERROR" => Outcome::Failed,
        "SKIPPED" | "XFAIL" => Outcome::Skipped,
        _ => return,
    };
    // A test that passed and could not clean up has two lines.
    let known = outcomes.entry(name.to_owned()).or_insert(outcome);
    if outcome == Outcome::Failed {
        *known = outcome;
    }
}

/// What a run means.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Verdict {
    passed: Vec<String>,
    failed_as_expected: Vec<String>,
    unexpected: Vec<String>,
    /// Passed, and listed as failing.
    mended: Vec<String>,
    /// Listed, and not among what was run.
    unknown: Vec<String>,
}

impl Verdict {
    /// Compares; `is_whole` says that all tests were run, so that a listed one that was not is told.
    pub(crate) fn of(
        expected: &BTreeMap<String, String>,
        outcomes: &BTreeMap<String, Outcome>,
        is_whole: bool,
    ) -> Self {
        let mut verdict = Self::default();
        for (name, outcome) in outcomes {
            let is_listed = expected.contains_key(name);
            let places: &mut [&mut Vec<String>] = match (outcome, is_listed) {
                (Outcome::Passed, false) => &mut [&mut verdict.passed],
                (Outcome::Passed, true) => &mut [&mut verdict.passed, &mut verdict.mended],
                (Outcome::Failed, true) => &mut [&mut verdict.failed_as_expected],
                (Outcome::Failed, false) => &mut [&mut verdict.unexpected],
                (Outcome::Skipped, _) => &mut [],
            };
            for place in places {
                place.push(name.clone());
            }
        }
        if is_whole {
            let unknown = expected.keys().filter(|name| !outcomes.contains_key(*name));
            verdict.unknown = unknown.cloned().collect();
        }
        verdict
    }

    /// How many passed.
    pub(crate) fn passed(&self) -> u64 {
        self.passed.len() as u64
    }

    /// How many failed and are listed.
    pub(crate) fn failed_as_expected(&self) -> u64 {
        self.failed_as_expected.len() as u64
    }

    /// How many failed and are not listed.
    pub(crate) fn unexpected(&self) -> u64 {
        self.unexpected.len() as u64
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for name in &self.unknown {
            writeln!(
                f,
                "listed as failing, and not among the tests that ran: {name}"
            )?;
        }
        for name in &self.mended {
            writeln!(f, "listed as failing, and passes: {name}")?;
        }
        for name in &self.unexpected {
            writeln!(f, "failed, and is not listed: {name}")?;
        }
        writeln!(
            f,
            "s3-tests: {} passed, {} failed as expected, {} failed unexpectedly",
            self.passed(),
            self.failed_as_expected(),
            self.unexpected()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_without_a_reason_and_a_name_listed_twice_are_refused() {
        let list = "# of links\n\ntest_a  the store has no links\ntest_b[x] neither here\n";
        let expected = parse(list).unwrap();
        assert_eq!(expected["test_a"], "the store has no links");
        assert_eq!(expected["test_b[x]"], "neither here");
        assert!(parse("test_a").is_err());
        assert!(parse("test_a one\ntest_a two").is_err());
    }

    #[test]
    fn only_a_failure_that_is_not_listed_is_unexpected() {
        let mut outcomes = BTreeMap::new();
        for line in [
            "collected 5 items",
            "s3tests/functional/test_s3.py::test_fine PASSED    [  1%]",
            "s3tests/functional/test_s3.py::test_known[a-b] FAILED [  2%]",
            "s3tests/functional/test_s3.py::test_mended PASSED  [  3%]",
            "s3tests/functional/test_s3.py::test_untidy PASSED  [  4%]",
            "s3tests/functional/test_s3.py::test_untidy ERROR   [  4%]",
            "s3tests/functional/test_s3.py::test_left_out SKIPPED (no cloud) [  5%]",
        ] {
            note(line, &mut outcomes);
        }
        let expected = parse("test_known[a-b] x\ntest_mended x\ntest_gone x").unwrap();
        let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
        let verdict = Verdict::of(&expected, &outcomes, true);
        let wanted = Verdict {
            passed: names(&["test_fine", "test_mended"]),
            failed_as_expected: names(&["test_known[a-b]"]),
            unexpected: names(&["test_untidy"]),
            mended: names(&["test_mended"]),
            unknown: names(&["test_gone"]),
        };
        assert_eq!(verdict, wanted);
        assert!(Verdict::of(&expected, &outcomes, false).unknown.is_empty());
    }
}
