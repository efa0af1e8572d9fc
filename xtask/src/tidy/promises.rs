//! Every paragraph of `docs/semantics.md` names the tests that hold it, in a comment below it:
//! `<!-- held by: a_test, another_test -->`.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::Result;

use super::{crates, files, text_of};

const PROMISES: &str = "docs/semantics.md";
const BEGINS: &str = "<!-- held by: ";
const ENDS: &str = " -->";

/// Paragraphs without tests, and tests that are not there.
pub(super) fn without_tests(root: &Path) -> Result<Vec<String>> {
    let text = text_of(&root.join(PROMISES))?;
    Ok(faults(&text, &tests(root)?))
}

/// The names of all functions that may be tests: `name`, and `crate::name`.
fn tests(root: &Path) -> Result<BTreeSet<String>> {
    let mut names = BTreeSet::new();
    let mut add = |of: &str, folder: &Path, extension: &str, word: &str| -> Result<()> {
        for file in files(folder, extension)? {
            for line in text_of(&file)?.lines() {
                if let Some(name) = function(line, word) {
                    names.insert(name.to_owned());
                    names.insert(format!("{of}::{name}"));
                }
            }
        }
        Ok(())
    };
    for (name, folder) in crates(root)? {
        add(&name, &folder, "rs", "fn ")?;
    }
    add("simulation", &root.join("tests/simulation"), "rs", "fn ")?;
    add("e2e", &root.join("tests/e2e"), "py", "def ")?;
    Ok(names)
}

/// The name of the function that a line begins.
fn function<'a>(line: &'a str, word: &str) -> Option<&'a str> {
    let line = line.trim_start();
    let line = line.strip_prefix("async ").unwrap_or(line);
    let name = line.strip_prefix(word)?;
    name.split(['(', '<']).next()
}

fn faults(text: &str, tests: &BTreeSet<String>) -> Vec<String> {
    let mut faults = Vec::new();
    // The introduction, above the first chapter, promises nothing.
    let chapters = text
        .lines()
        .enumerate()
        .skip_while(|(_, line)| !line.starts_with("## "));
    let mut last: Option<(usize, &str)> = None;
    for (number, line) in chapters.chain([(0, "")]) {
        match line
            .strip_prefix(BEGINS)
            .and_then(|rest| rest.strip_suffix(ENDS))
        {
            Some(names) => {
                faults.extend(missing(number, names, tests));
                last = None;
            }
            None if line.trim().is_empty() => {
                let is_promise = |(_, line): &(usize, &str)| !line.starts_with('#');
                if let Some((number, _)) = last.take().filter(is_promise) {
                    faults.push(format!(
                        "{PROMISES}:{}: no tests are named for what stands here",
                        number + 1
                    ));
                }
            }
            None => last = Some((number, line)),
        }
    }
    faults
}

fn missing(number: usize, names: &str, tests: &BTreeSet<String>) -> Vec<String> {
    let absent = names.split(", ").filter(|name| !tests.contains(*name));
    absent
        .map(|name| format!("{PROMISES}:{}: there is no test `{name}`", number + 1))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_paragraph_without_tests_and_a_test_that_is_not_there_are_faults() {
        let tests = ["kept", "model::also"].map(str::to_owned).into();
        let text = "# Promises\n\nWords.\n\n## One\n\nHeld\nin two lines.\n<!-- held by: kept, model::also -->\n\n\
                    Not held.\n\n## Two\n\n| a | b |\n<!-- held by: gone -->\n\n- the last\n";
        assert_eq!(
            faults(text, &tests),
            [
                "docs/semantics.md:11: no tests are named for what stands here",
                "docs/semantics.md:16: there is no test `gone`",
                "docs/semantics.md:18: no tests are named for what stands here",
            ]
        );
    }

    #[test]
    fn functions_are_found_in_both_languages() {
        assert_eq!(function("    fn one() {", "fn "), Some("one"));
        assert_eq!(function("async fn two<T>(t: T) {", "fn "), Some("two"));
        assert_eq!(
            function("def test_three(tmp_path):", "def "),
            Some("test_three")
        );
        assert_eq!(function("pub fn four() {", "fn "), None);
    }
}
