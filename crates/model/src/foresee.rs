//! What will become of files of which no more is known than their paths: told before a device is sent.
//!
//! The decisions are those of an import, [`plan::import_item`]; here they are made of a list that somebody wrote, and
//! what two files of it do to each other is seen. What the bucket has already, and what its store does with odd keys, is
//! left to the import.

use std::collections::{HashMap, HashSet};

use crate::entry::{Entry, EntryId, EntryKind, EntryPath};
use crate::ids::ObjectKey;
use crate::manifest::S3Import;
use crate::outcome::{Failure, IgnoreRule};
use crate::plan::{self, Item};
use crate::progress::LogLocation;
use crate::report;

/// A file of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its path.
    pub path: EntryPath,
    /// What it is.
    pub kind: ListedKind,
}

/// What stands in a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListedKind {
    /// A file, of so many bytes if that is said.
    File(Option<u64>),
    /// A folder: nothing becomes of it, unless there is nothing in it.
    Folder,
    /// A symbolic link.
    Link,
    /// A device, a socket or a pipe.
    Special,
}

/// What will become of a list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Foreseen {
    /// Files that are loaded, in the order of the list: path, key, bytes.
    pub loaded: Vec<(EntryPath, ObjectKey, u64)>,
    /// What is left out.
    pub ignored: Vec<(EntryPath, IgnoreRule)>,
    /// What cannot be loaded. Of several files with one key this has all but the first of the list; which of them has it
    /// depends on the device.
    pub failed: Vec<(EntryPath, Failure)>,
    /// Bytes of the files that are loaded, as far as the list says.
    pub bytes: u64,
    /// Files that are loaded of which it does not.
    pub without_size: u64,
}

/// Reads a list, a file a line: a path; size and path, or type, size and path with tabs between, as `find -printf
/// '%y\t%s\t%P\n'` writes them; or JSON with `path` and `bytes`.
#[must_use]
pub fn read_list(text: &str) -> Vec<Listed> {
    let lines = text.lines().map(|line| line.trim_end_matches('\r'));
    lines.filter_map(read_line).collect()
}

fn read_line(line: &str) -> Option<Listed> {
    if line.trim().is_empty() {
        return None;
    }
    let (path, kind) = of_json(line)
        .or_else(|| of_find(line))
        .unwrap_or_else(|| (line.to_owned(), ListedKind::File(None)));
    let plain = path.trim_start_matches("./").trim_start_matches('/');
    let kind = match (plain.ends_with('/'), kind) {
        (true, _) => ListedKind::Folder,
        (false, kind) => kind,
    };
    let plain = plain.trim_end_matches('/');
    (!plain.is_empty() && plain != ".").then(|| Listed {
        path: EntryPath::new(plain),
        kind,
    })
}

fn of_json(line: &str) -> Option<(String, ListedKind)> {
    let value: serde_json::Value = line
        .starts_with('{')
        .then(|| serde_json::from_str(line).ok())??;
    let of = |names: [&str; 4]| names.iter().find_map(|name| value.get(*name)).cloned();
    let path = of(["path", "Path", "file", "name"])?.as_str()?.to_owned();
    let bytes = of(["bytes", "Bytes", "size", "Size"]).and_then(|bytes| bytes.as_u64());
    Some((path, ListedKind::File(bytes)))
}

fn of_find(line: &str) -> Option<(String, ListedKind)> {
    let (first, rest) = line.split_once('\t')?;
    if let Ok(bytes) = first.parse() {
        return Some((rest.to_owned(), ListedKind::File(Some(bytes))));
    }
    let (size, path) = rest.split_once('\t')?;
    let bytes = size.parse().ok()?;
    let kind = match first {
        "f" => ListedKind::File(Some(bytes)),
        "d" => ListedKind::Folder,
        "l" => ListedKind::Link,
        "b" | "c" | "p" | "s" | "D" => ListedKind::Special,
        _ => return None,
    };
    Some((path.to_owned(), kind))
}

/// Says what will become of a list, by a manifest; `log` is where the report of the job goes, if there is one already.
#[must_use]
pub fn foresee(rules: &S3Import, log: Option<&LogLocation>, list: &[Listed]) -> Foreseen {
    let reports = log.map(report::keys);
    let filled = filled(list);
    let mut foreseen = Foreseen::default();
    let mut seen = HashSet::new();
    let mut keys: HashMap<ObjectKey, &EntryPath> = HashMap::new();
    for Listed { path, kind } in list {
        let kind_of_entry = match kind {
            ListedKind::File(bytes) => EntryKind::File {
                bytes: bytes.unwrap_or(0),
            },
            ListedKind::Folder if filled.contains(path.as_bytes()) => continue,
            ListedKind::Folder => EntryKind::EmptyFolder,
            ListedKind::Link => EntryKind::SymbolicLink { target: None },
            ListedKind::Special => EntryKind::Special,
        };
        if !seen.insert(path) {
            continue;
        }
        let entry = Entry::new(EntryId::new(0), path.clone(), kind_of_entry);
        match plan::import_item(rules, &entry) {
            Item::Ignore(rule) => foreseen.ignored.push((path.clone(), rule)),
            Item::Fail(failure) => foreseen.failed.push((path.clone(), failure)),
            Item::Load { key, .. } if reports.as_ref().is_some_and(|keys| keys.contain(&key)) => {
                foreseen.failed.push((path.clone(), Failure::reserved(key)));
            }
            Item::Load { key, .. } if keys.contains_key(&key) => {
                foreseen
                    .failed
                    .push((path.clone(), Failure::collision(key)));
            }
            Item::Load { key, bytes } => {
                keys.insert(key.clone(), path);
                foreseen.bytes = foreseen.bytes.saturating_add(bytes);
                foreseen.without_size += u64::from(*kind == ListedKind::File(None));
                foreseen.loaded.push((path.clone(), key, bytes));
            }
        }
    }
    foreseen
}

/// Folders in which something is.
fn filled(list: &[Listed]) -> HashSet<&[u8]> {
    let mut filled = HashSet::new();
    for Listed { path, .. } in list {
        let mut rest = path.as_bytes();
        while let Some(slash) = rest.iter().rposition(|byte| *byte == b'/') {
            rest = &rest[..slash];
            if !filled.insert(rest) {
                break;
            }
        }
    }
    filled
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::JobType;
    use crate::manifest::Manifest;

    const MANIFEST: &str = "\
manifestVersion: 2.0
deviceId: X-1
bucket: photos
eraseDevice: no
prefix: 2026/
ignore:
    - \\.tmp$
substitutions:
    \"raw/\": \"\"
returnAddress:
    name: Jane Roe
    street1: 1 Quay
    city: Sacramento
    stateOrProvince: CA
    postalCode: 95814
    country: USA
    phoneNumber: +1-916-555-0160
";

    fn rules() -> S3Import {
        match Manifest::parse_accepted(MANIFEST, JobType::Import).unwrap() {
            Manifest::S3Import(import) => import,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_list_is_read_in_the_forms_it_comes_in() {
        let list = read_list(
            "./a b.jpg\r\n\n12\tb/c.jpg\nf\t7\td\nd\t4096\te\nl\t3\tlink\np\t0\tpipe\nd\t0\t\n\
             {\"path\":\"x/y\",\"bytes\":9}\n{odd\nf/\n",
        );
        let seen: Vec<(String, ListedKind)> = list
            .into_iter()
            .map(|listed| (listed.path.to_string(), listed.kind))
            .collect();
        let expected = [
            ("a b.jpg", ListedKind::File(None)),
            ("b/c.jpg", ListedKind::File(Some(12))),
            ("d", ListedKind::File(Some(7))),
            ("e", ListedKind::Folder),
            ("link", ListedKind::Link),
            ("pipe", ListedKind::Special),
            ("x/y", ListedKind::File(Some(9))),
            ("{odd", ListedKind::File(None)),
            ("f", ListedKind::Folder),
        ];
        let expected = expected.map(|(path, kind)| (path.to_owned(), kind));
        assert_eq!(seen, expected);
    }

    #[test]
    fn each_file_has_its_key_or_why_not() {
        let list = read_list(
            "5\tSIGNATURE\n10\ta.jpg\n20\traw/a.jpg\n3\tb.tmp\nd\t0\tempty\nd\t0\traw\nl\t1\tlink\nc.jpg\na.jpg\n\
             1\timport-log-ABCDE\n",
        );
        let log = LogLocation {
            bucket: "photos".parse().unwrap(),
            key: ObjectKey::new("2026/import-log-ABCDE").unwrap(),
        };
        let seen = foresee(&rules(), Some(&log), &list);
        let loaded: Vec<(&str, u64)> = seen
            .loaded
            .iter()
            .map(|(_, key, bytes)| (key.as_str(), *bytes))
            .collect();
        assert_eq!(loaded, [("2026/a.jpg", 10), ("2026/c.jpg", 0)]);
        assert_eq!((seen.bytes, seen.without_size), (10, 1));
        let ignored: Vec<(String, IgnoreRule)> = seen
            .ignored
            .iter()
            .map(|(path, rule)| (path.to_string(), *rule))
            .collect();
        let expected = [
            ("SIGNATURE", IgnoreRule::Signature),
            ("b.tmp", IgnoreRule::Manifest),
            ("empty", IgnoreRule::EmptyFolder),
            ("link", IgnoreRule::SymbolicLink),
        ];
        assert_eq!(
            ignored,
            expected.map(|(path, rule)| (path.to_owned(), rule))
        );
        let failed: Vec<String> = seen
            .failed
            .iter()
            .map(|(path, _)| path.to_string())
            .collect();
        assert_eq!(failed, ["raw/a.jpg", "import-log-ABCDE"]);
    }
}
