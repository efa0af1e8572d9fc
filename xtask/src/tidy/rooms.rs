//! No file of the server imports one that imports it, however far around: what is above may be put on or
//! taken off without touching what is below. A folder's own file and the files in it are one thing here.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::Result;

use super::{below, files, text_of};

/// The crates whose files are looked at: those with rooms enough to go round in.
const CRATES: [&str; 1] = ["server"];

/// The files, by the path of their module without `crate`: each with those that it imports.
type Imports = BTreeMap<String, BTreeSet<String>>;

/// Files that import each other in a circle.
pub(super) fn circles(root: &Path) -> Result<Vec<String>> {
    let mut faults = Vec::new();
    for name in CRATES {
        let sources = root.join("crates").join(name).join("src");
        let imports = imports(&sources)?;
        let in_circles = imports
            .keys()
            .filter(|file| reached(&imports, file).contains(*file))
            .cloned();
        let in_circles: Vec<String> = in_circles.collect();
        if !in_circles.is_empty() {
            let place = below(root, &sources);
            faults.push(format!("{place}: in a circle: {}", in_circles.join(", ")));
        }
    }
    Ok(faults)
}

fn imports(sources: &Path) -> Result<Imports> {
    let mut texts = BTreeMap::new();
    for file in files(sources, "rs")? {
        let module = below(sources, &file)
            .trim_end_matches(".rs")
            .replace('/', "::");
        if !module.ends_with("tests") {
            texts.insert(module, text_of(&file)?);
        }
    }
    let known: BTreeSet<&str> = texts.keys().map(String::as_str).collect();
    let of = |(module, text): (&String, &String)| {
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        let found = paths(code)
            .into_iter()
            .filter_map(|path| resolve(module, &path, &known))
            .filter(|found| !is_family(module, found))
            .collect();
        (module.clone(), found)
    };
    Ok(texts.iter().map(of).collect())
}

/// All that is reached from a file by imports of imports.
fn reached(imports: &Imports, from: &str) -> BTreeSet<String> {
    let mut seen = BTreeSet::new();
    let mut open = vec![from.to_owned()];
    while let Some(next) = open.pop() {
        for file in imports.get(&next).into_iter().flatten() {
            if seen.insert(file.clone()) {
                open.push(file.clone());
            }
        }
    }
    seen
}

/// What the `use` items of a text that begin with `crate` or `super` name, one path each.
fn paths(code: &str) -> Vec<String> {
    let mut found = Vec::new();
    for item in code.split(';') {
        let lines = item.lines().map(str::trim);
        let item: String = lines.filter(|line| !line.starts_with("//")).collect();
        for word in ["use crate::", "use super::"] {
            if let Some((_, tree)) = item.split_once(word) {
                expand(&format!("{}::", &word[4..word.len() - 2]), tree, &mut found);
            }
        }
    }
    found
}

/// The leaves of a tree of imports: `a::{b, c::d}` is `a::b` and `a::c::d`.
fn expand(before: &str, tree: &str, found: &mut Vec<String>) {
    let Some((head, rest)) = tree.split_once('{') else {
        found.push(format!("{before}{}", tree.trim()));
        return;
    };
    let inside = rest.strip_suffix('}').unwrap_or(rest);
    let (mut depth, mut begin) = (0_u32, 0);
    for (at, letter) in inside.char_indices().chain([(inside.len(), ',')]) {
        match letter {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                let leaf = inside[begin..at].trim();
                if !leaf.is_empty() {
                    expand(&format!("{before}{head}"), leaf, found);
                }
                begin = at + 1;
            }
            _ => {}
        }
    }
}

/// The file in which a path of `module` ends.
fn resolve(module: &str, path: &str, known: &BTreeSet<&str>) -> Option<String> {
    let mut whole: Vec<&str> = match path.strip_prefix("crate::") {
        Some(_) => Vec::new(),
        None => module.split("::").collect(),
    };
    for part in path.split("::") {
        match part {
            "crate" => {}
            "super" => {
                whole.pop();
            }
            part => whole.push(part),
        }
    }
    while !whole.is_empty() {
        let file = whole.join("::");
        if known.contains(file.as_str()) {
            return Some(file);
        }
        whole.pop();
    }
    None
}

/// Whether one file is the other, or is in its folder.
fn is_family(one: &str, other: &str) -> bool {
    let is_in = |one: &str, other: &str| {
        one.strip_prefix(other)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
    };
    is_in(one, other) || is_in(other, one)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn tree(files: &[(&str, &str)]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = root.path().join("crates/server/src").join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        root
    }

    #[test]
    fn leaves_are_found_in_every_form_of_an_import() {
        let code = "//! use crate::not;\nuse std::x;\nuse crate::{\n    a::B,\n    c::{D, e::F},\n};\n\
                    pub(crate) use super::g::H;\n";
        let expected = [
            "crate::a::B",
            "crate::c::D",
            "crate::c::e::F",
            "super::g::H",
        ];
        assert_eq!(paths(code), expected);
    }

    #[test]
    fn a_circle_is_found_however_far_around_and_a_family_is_none() {
        let down = [
            ("lib.rs", "//! All.\nmod a;\nmod b;\nmod c;\n"),
            ("a.rs", "//! A.\nmod inner;\nuse crate::b::B;\n"),
            ("a/inner.rs", "//! A's.\nuse super::A;\nuse crate::c::C;\n"),
            (
                "b.rs",
                "//! B.\nuse crate::c::C;\n#[cfg(test)]\nmod tests { use crate::a::A; }\n",
            ),
            ("c.rs", "//! C.\n"),
        ];
        assert_eq!(circles(tree(&down).path()).unwrap(), [""; 0]);
        let mut round = down;
        round[4].1 = "//! C.\nuse crate::a::inner::I;\n";
        assert_eq!(
            circles(tree(&round).path()).unwrap(),
            ["crates/server/src: in a circle: a::inner, c"]
        );
    }
}
