//! Rules that each file of sources keeps.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Result;

use super::{below, crates, files, folders, name_of, text_of};

/// Names that stand for several things of one crate, with good reason.
const ALIKE: &[(&str, &str)] = &[
    // A kernel for each processor: the same part in files that are alike by nature.
    ("lanes", "Kernel"),
    ("lanes", "Word"),
];

/// Names of folders that tools fill.
const PRODUCTS: [&str; 3] = ["target", "build", "out"];

/// Types whose name is that of another type of the same crate. Those of tests do not count.
pub(super) fn names_used_twice(root: &Path) -> Result<Vec<String>> {
    let mut faults = Vec::new();
    for (name, folder) in crates(root)? {
        let mut places: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
        for file in files(&folder.join("src"), "rs")? {
            if is_of_tests(&file) {
                continue;
            }
            for found in text_of(&file)?.lines().filter_map(type_name) {
                places
                    .entry(found.to_owned())
                    .or_default()
                    .push(file.clone());
            }
        }
        places
            .retain(|found, at| at.len() > 1 && !ALIKE.contains(&(name.as_str(), found.as_str())));
        faults.extend(places.iter().map(|(found, at)| {
            let at: Vec<String> = at.iter().map(|at| below(root, at)).collect();
            format!(
                "crates/{name}: `{found}` is {} types: {}",
                at.len(),
                at.join(", ")
            )
        }));
    }
    Ok(faults)
}

/// Files that do not begin with what they are for.
pub(super) fn without_words(root: &Path) -> Result<Vec<String>> {
    let mut faults = Vec::new();
    for file in sources(root)? {
        if !text_of(&file)?.starts_with("//!") {
            faults.push(format!(
                "{}: the first line does not say what the file is for (`//! …`)",
                below(root, &file)
            ));
        }
    }
    Ok(faults)
}

/// Folders of sources that are called as those that tools fill, and are ignored with them.
pub(super) fn among_products(root: &Path) -> Result<Vec<String>> {
    let mut faults = Vec::new();
    for (_, folder) in crates(root)? {
        look_for_products(root, &folder.join("src"), &mut faults)?;
    }
    Ok(faults)
}

fn look_for_products(root: &Path, folder: &Path, faults: &mut Vec<String>) -> Result<()> {
    for child in folders(folder)? {
        if PRODUCTS.contains(&name_of(&child).as_str()) {
            faults.push(format!(
                "{}: a folder that tools fill is called so",
                below(root, &child)
            ));
        }
        look_for_products(root, &child, faults)?;
    }
    Ok(())
}

/// All files of Rust in crates, chores and the simulation.
fn sources(root: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for (_, folder) in crates(root)? {
        found.extend(files(&folder.join("src"), "rs")?);
        found.extend(files(&folder.join("tests"), "rs")?);
    }
    found.extend(files(&root.join("xtask/src"), "rs")?);
    found.extend(files(&root.join("tests/simulation"), "rs")?);
    Ok(found)
}

fn is_of_tests(file: &Path) -> bool {
    let name = name_of(file);
    name == "tests.rs"
        || name.ends_with("_tests.rs")
        || file.components().any(|part| part.as_os_str() == "tests")
}

/// The name of the type that a line at the margin declares.
fn type_name(line: &str) -> Option<&str> {
    let mut words = line.split_whitespace();
    let mut word = words.next().filter(|_| !line.starts_with(' '))?;
    if word.starts_with("pub") {
        word = words.next()?;
    }
    if !["struct", "enum", "trait", "type", "union"].contains(&word) {
        return None;
    }
    let name = words.next()?;
    let end = name.find(|c: char| !c.is_alphanumeric() && c != '_');
    Some(&name[..end.unwrap_or(name.len())])
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn tree(files: &[(&str, &str)]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        root
    }

    #[test]
    fn types_are_found_as_they_are_declared() {
        let table = [
            ("pub struct One<'a> {", Some("One")),
            ("pub(crate) enum Two {", Some("Two")),
            ("struct Three(u8);", Some("Three")),
            ("type Four = u8;", Some("Four")),
            ("trait Five: Send {", Some("Five")),
            ("    struct Inner;", None),
            ("pub fn six() {", None),
            ("// struct Seven", None),
            ("", None),
        ];
        for (line, name) in table {
            assert_eq!(type_name(line), name, "{line}");
        }
    }

    #[test]
    fn each_rule_finds_its_fault_and_nothing_else() {
        let root = tree(&[
            (
                "crates/a/src/lib.rs",
                "//! Words.\npub struct Same;\npub struct Other;\n",
            ),
            ("crates/a/src/b.rs", "struct Same;\n"),
            ("crates/a/src/tests.rs", "//! Words.\nstruct Other;\n"),
            ("crates/a/src/target/c.rs", "//! Words.\n"),
            ("crates/c/src/lib.rs", "//! Words.\nstruct Same;\n"),
        ]);
        let found = names_used_twice(root.path()).unwrap();
        assert_eq!(
            found,
            ["crates/a: `Same` is 2 types: crates/a/src/b.rs, crates/a/src/lib.rs"]
        );
        let found = without_words(root.path()).unwrap();
        assert_eq!(found.len(), 1);
        assert!(found[0].starts_with("crates/a/src/b.rs: "), "{found:?}");
        let found = among_products(root.path()).unwrap();
        assert_eq!(
            found,
            ["crates/a/src/target: a folder that tools fill is called so"]
        );
    }
}
