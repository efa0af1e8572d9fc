//! Where two listings of one volume differ, and which differences are known to be no fault.

use std::collections::BTreeMap;

use super::errand::{Driver, Entry, Thing};

/// A difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Difference {
    /// The path, in printable ASCII.
    pub(crate) path: String,
    /// What one says, and what the other.
    pub(crate) how: String,
    /// Why it is no fault, if it is none.
    pub(crate) known: Option<&'static str>,
}

/// A name that is told differently: by the kernel, and by us.
struct Pair<'a> {
    kernel: Option<&'a Entry>,
    ours: Option<&'a Entry>,
}

/// A difference that is no fault: for which driver, which, and why. docs/testing.md has the same list.
type Exception = (Driver, fn(&Pair<'_>) -> bool, &'static str);

const EXCEPTIONS: [Exception; 4] = [
    (
        Driver::Ntfs3,
        |pair| is_unread(pair.kernel, "os error 95") && is_file(pair.ours),
        "what WOF packs is not unpacked by the ntfs3 of Debian",
    ),
    (
        Driver::Ntfs3,
        |pair| is_file(pair.kernel) && is_unread(pair.ours, "cloud drive"),
        "ntfs3 shows zeros for a placeholder of a cloud drive",
    ),
    (
        Driver::Exfat,
        |pair| is_file(pair.kernel) && is_unread(pair.ours, "encrypted by EFS"),
        "the driver shows the bytes of a file that EFS encrypted",
    ),
    (
        Driver::Ext4,
        |pair| {
            let kernel = pair.kernel.is_none() || is_unread(pair.kernel, "os error 126");
            let ours = pair.ours.is_none() || is_unread(pair.ours, "encrypted by fscrypt");
            kernel && ours
        },
        "a name that fscrypt encrypted is written otherwise by the kernel",
    ),
];

fn is_file(entry: Option<&Entry>) -> bool {
    entry.is_some_and(|entry| matches!(entry.what, Thing::File { .. }))
}

/// Whether it could not be read for a reason that has these words.
fn is_unread(entry: Option<&Entry>, words: &str) -> bool {
    entry.is_some_and(|entry| match &entry.what {
        Thing::Unread { why } => why.contains(words),
        Thing::Folder | Thing::File { .. } | Thing::Link { .. } | Thing::Special => false,
    })
}

/// Where our listing differs from that of the kernel. Times are compared where both are known.
pub(crate) fn differences(driver: Driver, kernel: &[Entry], ours: &[Entry]) -> Vec<Difference> {
    let mut pairs: BTreeMap<&str, Pair<'_>> = BTreeMap::new();
    let mut found = Vec::new();
    for (entries, is_ours) in [(kernel, false), (ours, true)] {
        for entry in entries {
            let pair = pairs.entry(&entry.path).or_insert(Pair {
                kernel: None,
                ours: None,
            });
            let side = if is_ours {
                &mut pair.ours
            } else {
                &mut pair.kernel
            };
            if side.replace(entry).is_some() {
                let whose = if is_ours {
                    "we tell"
                } else {
                    "the kernel tells"
                };
                found.push(Difference {
                    path: entry.path.clone(),
                    how: format!("{whose} it twice"),
                    known: None,
                });
            }
        }
    }
    for (path, pair) in pairs {
        found.extend(difference(&pair).map(|how| Difference {
            path: path.to_owned(),
            how,
            known: known(driver, &pair),
        }));
    }
    found
}

fn known(driver: Driver, pair: &Pair<'_>) -> Option<&'static str> {
    let mut fitting = EXCEPTIONS.iter();
    let fitting = fitting.find(|(of, fits, _)| *of == driver && fits(pair));
    fitting.map(|(_, _, why)| *why)
}

fn difference(pair: &Pair<'_>) -> Option<String> {
    match (pair.kernel, pair.ours) {
        (Some(kernel), None) => Some(format!("missing: {:?}", kernel.what)),
        (None, Some(ours)) => Some(format!("not of the volume: {:?}", ours.what)),
        (Some(kernel), Some(ours)) if kernel.what != ours.what => {
            Some(format!("{:?}, and we say {:?}", kernel.what, ours.what))
        }
        (Some(kernel), Some(ours)) => match (kernel.modified, ours.modified) {
            (Some(one), Some(other)) if one != other => {
                Some(format!("modified at {one:?}, and we say {other:?}"))
            }
            _ => None,
        },
        (None, None) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, sum: &str, modified: Option<(i64, u32)>) -> Entry {
        Entry {
            path: path.to_owned(),
            what: Thing::File {
                bytes: 1,
                sum: sum.to_owned(),
            },
            modified,
        }
    }

    #[test]
    fn what_is_missing_invented_other_or_twice_differs() {
        let kernel = [
            file("same", "1", None),
            file("missing", "1", None),
            file("other", "1", None),
            file("later", "1", Some((1, 0))),
            file("timeless", "1", Some((1, 0))),
        ];
        let ours = [
            file("same", "1", Some((5, 5))),
            file("same", "1", None),
            file("invented", "1", None),
            file("other", "2", None),
            file("later", "1", Some((2, 0))),
            file("timeless", "1", None),
        ];
        let found = differences(Driver::Vfat, &kernel, &ours);
        let paths: Vec<&str> = found.iter().map(|found| found.path.as_str()).collect();
        assert_eq!(paths, ["same", "invented", "later", "missing", "other"]);
        assert!(found.iter().all(|found| found.known.is_none()));
    }

    #[test]
    fn what_is_known_is_known_of_its_driver_alone() {
        let packed = |why: &str| Entry {
            path: "packed".to_owned(),
            what: Thing::Unread {
                why: why.to_owned(),
            },
            modified: None,
        };
        let ours = [file("packed", "1", None)];
        let is_known = |driver, why| {
            let found = differences(driver, &[packed(why)], &ours);
            found.iter().all(|found| found.known.is_some())
        };
        let unpacked = "Operation not supported (os error 95)";
        assert!(is_known(Driver::Ntfs3, unpacked));
        assert!(!is_known(Driver::Exfat, unpacked));
        assert!(!is_known(Driver::Ntfs3, "Input/output error (os error 5)"));
    }
}
