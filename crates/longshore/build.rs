//! Tells the program which commit it is built from, if that is known: `LONGSHORE_COMMIT`, or what
//! `.git` says. Needs no git, and a source without either builds all the same.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

/// Characters of a commit that are shown.
const SHOWN: usize = 12;

fn main() {
    println!("cargo::rerun-if-env-changed=LONGSHORE_COMMIT");
    let version = env::var("CARGO_PKG_VERSION").unwrap_or_default();
    let commit = env::var("LONGSHORE_COMMIT").ok().or_else(of_git);
    let commit =
        commit.filter(|commit| commit.len() >= 7 && commit.bytes().all(|b| b.is_ascii_hexdigit()));
    let version = match commit {
        Some(commit) => format!("{version} ({})", &commit[..commit.len().min(SHOWN)]),
        None => version,
    };
    println!("cargo::rustc-env=LONGSHORE_VERSION={version}");
}

/// The commit that is checked out.
fn of_git() -> Option<String> {
    let source = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR")?);
    let folder = git_folder(&source.parent()?.parent()?.join(".git"))?;
    let head = read(&folder.join("HEAD"))?;
    let Some(name) = head.strip_prefix("ref: ") else {
        return Some(head);
    };
    // A work tree of its own has its HEAD, and the branches lie with the others.
    let shared = read_if_there(&folder.join("commondir")).map(|path| folder.join(path));
    let shared = shared.unwrap_or(folder);
    read(&shared.join(name)).or_else(|| packed(&shared.join("packed-refs"), name))
}

/// `.git` is a folder, or a file that names it.
fn git_folder(path: &Path) -> Option<PathBuf> {
    if path.is_dir() {
        return Some(path.to_owned());
    }
    let text = read_if_there(path)?;
    Some(path.parent()?.join(text.strip_prefix("gitdir: ")?))
}

fn packed(path: &Path, name: &str) -> Option<String> {
    let text = read(path)?;
    let mut lines = text.lines().filter_map(|line| line.split_once(' '));
    lines
        .find(|(_, of)| *of == name)
        .map(|(commit, _)| commit.to_owned())
}

/// Reads a file that changes when another commit is checked out.
fn read(path: &Path) -> Option<String> {
    let text = read_if_there(path)?;
    println!("cargo::rerun-if-changed={}", path.display());
    Some(text)
}

fn read_if_there(path: &Path) -> Option<String> {
    Some(fs::read_to_string(path).ok()?.trim().to_owned())
}
