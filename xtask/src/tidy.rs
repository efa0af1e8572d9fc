//! `cargo xtask tidy`: the rules of the house that a compiler does not hold.
//!
//! Which crate may know which; no circle of files in the server; a type name stands for one thing in a crate; every file says what it is
//! for; no folder of sources has the name of a folder of products; every promise names the tests that
//! hold it. Each rule reads the tree and gives sentences, each with the place.

mod arrows;
mod promises;
mod rooms;
mod sources;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, Result};

use crate::shell::root;
use crate::steps::Steps;

/// A rule: what is wrong with the tree below a folder.
type Rule = fn(&Path) -> Result<Vec<String>>;

const RULES: [(&str, Rule); 6] = [
    ("arrows between crates", arrows::wrong),
    ("no circles between rooms", rooms::circles),
    ("one name for one type", sources::names_used_twice),
    ("files say what they are for", sources::without_words),
    ("no sources where products go", sources::among_products),
    ("every promise has its tests", promises::without_tests),
];

/// `cargo xtask tidy`
pub(crate) fn command() -> ExitCode {
    let mut steps = Steps::new();
    add(&mut steps);
    steps.sum_up()
}

/// The rules as steps of a longer run.
pub(crate) fn add(steps: &mut Steps) {
    for (name, rule) in RULES {
        steps.step(name, |_| {
            let faults = rule(root())?;
            for fault in &faults {
                eprintln!("{fault}");
            }
            Ok(faults.is_empty())
        });
    }
}

/// The crates of the product, with the folder of each.
fn crates(root: &Path) -> Result<Vec<(String, PathBuf)>> {
    let mut found = Vec::new();
    for folder in folders(&root.join("crates"))? {
        let name = name_of(&folder);
        found.push((name, folder));
    }
    Ok(found)
}

fn folders(parent: &Path) -> Result<Vec<PathBuf>> {
    let mut found: Vec<PathBuf> = entries(parent)?;
    found.retain(|path| path.is_dir());
    Ok(found)
}

/// All files below `folder` whose names end so, in order.
fn files(folder: &Path, extension: &str) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for path in entries(folder)? {
        if path.is_dir() {
            found.extend(files(&path, extension)?);
        } else if path.extension().is_some_and(|it| it == extension) {
            found.push(path);
        }
    }
    Ok(found)
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let listed =
        fs::read_dir(folder).with_context(|| format!("could not list `{}`", folder.display()))?;
    let mut found = listed
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<Vec<_>>>()?;
    found.sort();
    Ok(found)
}

fn text_of(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("could not read `{}`", path.display()))
}

/// The path as it is written in a sentence.
fn below(root: &Path, path: &Path) -> String {
    path.strip_prefix(root)
        .unwrap_or(path)
        .display()
        .to_string()
}

fn name_of(path: &Path) -> String {
    path.file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default()
}
