//! What is told, and what is then in the list.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use filesystems::told::{self, Damaged, Extent, Told, What};
use model::entry::{Damage, EntryKind, Unloadable};
use tempfile::TempDir;

use super::*;
use crate::tree::BadEntry;

fn folder(id: u64, parent: u64, name: &str) -> Told {
    Told::Folder(told::Folder {
        id,
        parent,
        name: name.as_bytes().to_vec(),
        times: told::Times::default(),
        owner: None,
    })
}

fn file(id: u64, parent: u64, name: &str, extents: &[(u64, u64)]) -> Told {
    let mut logical = 0;
    let extents: Vec<Extent> = extents
        .iter()
        .map(|&(at, bytes)| {
            let from = logical;
            logical += bytes;
            Extent {
                logical: from,
                bytes,
                what: What::Disk(at),
            }
        })
        .collect();
    Told::File(told::File::plain((id, parent), name, logical, extents))
}

fn damaged(parent: Option<u64>, name: Option<&str>, id: Option<u64>) -> Told {
    Told::Damaged(Damaged {
        parent,
        name: name.map(|name| name.as_bytes().to_vec()),
        id,
        is_folder: true,
        why: "it is broken".to_owned(),
    })
}

fn place(number: u16, folder: Option<&str>) -> Place {
    Place {
        number,
        offset: 1 << 20,
        bytes: 1 << 40,
        folder: folder.map(str::to_owned),
        may_claim: false,
    }
}

fn tell(builder: &mut Builder, place: Place, told: &[Told]) {
    let mut volume = builder.volume(place).unwrap();
    for told in told {
        volume.take(told).unwrap();
    }
    volume.close().unwrap();
}

fn listed(told: &[Told]) -> (TempDir, Catalogue) {
    let on = tempfile::tempdir().unwrap();
    let mut builder = Builder::create(on.path()).unwrap();
    tell(&mut builder, place(0, None), told);
    (on, builder.finish().unwrap())
}

fn all(catalogue: &Catalogue) -> Vec<Walked> {
    let mut all = Vec::new();
    let walk = catalogue.walk(&mut |walked| {
        all.push(walked);
        ControlFlow::Continue(())
    });
    walk.unwrap();
    let mut totals = Totals::default();
    all.iter().for_each(|walked| totals.add(walked));
    assert_eq!(catalogue.totals(), totals);
    all
}

/// Paths, with why for what cannot be loaded.
fn lines(catalogue: &Catalogue) -> Vec<String> {
    let line = |walked: Walked| match walked {
        Ok(entry) => entry.path.to_string(),
        Err(BadEntry { path, why, .. }) => format!("{path}: {why}"),
    };
    all(catalogue).into_iter().map(line).collect()
}

#[test]
fn names_come_in_the_order_in_which_files_begin_whatever_the_order_of_telling() {
    let (_on, catalogue) = listed(&[
        file(12, 5, "second", &[(700, 10), (100, 10)]),
        folder(5, 2, "d"),
        file(11, 2, "first", &[(300, 10)]),
        folder(6, 5, "nothing"),
        folder(2, 2, ""),
        file(13, 5, "empty", &[]),
        file(14, 2, "a link to the second", &[(700, 10), (100, 10)]),
    ]);
    let order = [
        "d/empty",
        "d/nothing",
        "first",
        "a link to the second",
        "d/second",
    ];
    assert_eq!(lines(&catalogue), order);
    for entry in all(&catalogue).into_iter().map(Result::unwrap) {
        let Found::Entry(found) = catalogue.find(&entry.path).unwrap() else {
            panic!("{:?} is not found", entry.path);
        };
        assert_eq!(found.entry, entry);
        assert_eq!(catalogue.locate(&entry.path).unwrap(), Some(found.at));
        let layout = catalogue.layout(found.at).unwrap();
        assert_eq!(catalogue.layout_of(&found).unwrap(), layout);
        assert_eq!(
            (layout.bytes(), layout.place()),
            (entry.bytes(), entry.place)
        );
    }
    let found = |path: &str| catalogue.find(&EntryPath::new(path)).unwrap();
    assert!(matches!(found("d"), Found::Folder));
    for none in ["", "d/", "x", "first/x", "D"] {
        assert!(matches!(found(none), Found::Nothing), "{none}");
        assert_eq!(catalogue.locate(&EntryPath::new(none)).unwrap(), None);
    }
}

#[test]
fn what_has_no_path_is_a_line_that_says_why() {
    let lost = Unloadable::Damaged(Damage::Lost).to_string();
    let (_on, catalogue) = listed(&[
        folder(2, 2, ""),
        folder(7, 8, "round"),
        folder(8, 7, "and round"),
        folder(9, 8, "holds nothing"),
        file(20, 99, "orphan", &[(0, 5)]),
        file(21, 7, "in a circle", &[(5, 5)]),
        file(22, 2, "well", &[(10, 5)]),
    ]);
    let mut told = lines(&catalogue);
    told.sort();
    let mut lost = [
        "#7/in a circle".to_owned(),
        "#8/holds nothing".to_owned(),
        "#99/orphan".to_owned(),
    ]
    .map(|path| format!("{path}: {lost}"))
    .to_vec();
    lost.push("well".to_owned());
    lost.sort();
    assert_eq!(told, lost);
    let bad = catalogue.find(&EntryPath::new("#99/orphan")).unwrap();
    assert!(matches!(bad, Found::Bad));
}

#[test]
fn folders_too_deep_are_lines_with_what_lies_in_them() {
    let mut told = vec![folder(2, 2, "")];
    told.extend((3..600).map(|id| folder(id, id - 1, "x")));
    told.push(file(700, 599, "deep", &[(0, 1)]));
    let (_on, catalogue) = listed(&told);
    assert_eq!(
        lines(&catalogue),
        [format!("#599/deep: {}", Unloadable::TooDeep)]
    );
}

#[test]
fn what_is_damaged_has_the_path_that_is_known_of_it() {
    let (_on, catalogue) = listed(&[
        folder(2, 2, ""),
        folder(5, 2, "d"),
        file(30, 5, "f", &[(0, 1)]),
        damaged(Some(5), Some("named"), Some(40)),
        damaged(Some(5), None, Some(41)),
        damaged(None, None, Some(5)),
        damaged(None, Some("only a name"), None),
        damaged(None, None, None),
        damaged(None, None, None),
        damaged(Some(5), Some("../x\0"), Some(42)),
        damaged(Some(5), Some(".."), Some(43)),
    ]);
    let mut bad = vec!["f"; 0];
    let told = lines(&catalogue);
    assert_eq!(told[0], "d/f");
    let broken = ": it is broken: the file system is damaged";
    for line in &told[1..] {
        bad.push(line.strip_suffix(broken).unwrap());
    }
    let paths = [
        "#?",
        "#? (number 2 of this name)",
        "d",
        "d/#41",
        "d/%..",
        "d/..%2Fx%00",
        "d/named",
        "only a name",
    ];
    assert_eq!(bad, paths);
}

#[test]
fn of_several_names_with_one_path_the_first_is_loaded_and_each_other_is_a_line() {
    let (_on, catalogue) = listed(&[
        folder(2, 2, ""),
        folder(2, 2, ""),
        file(31, 2, "twice", &[(900, 7)]),
        file(30, 2, "twice", &[(100, 9)]),
        file(32, 2, "twice", &[(950, 8)]),
        damaged(Some(2), Some("twice"), None),
        folder(5, 2, "d"),
        folder(6, 2, "d"),
        file(33, 5, "in one", &[(1, 1)]),
        file(34, 6, "in the other", &[(2, 1)]),
    ]);
    let twice = Unloadable::Damaged(Damage::NamedTwice);
    let met = Unloadable::Damaged(Damage::MetBefore);
    assert_eq!(
        lines(&catalogue),
        [
            "d/in one".to_owned(),
            "d/in the other".to_owned(),
            "twice".to_owned(),
            format!("twice (number 2 of this name): {twice}"),
            format!("twice (number 3 of this name): {twice}"),
            format!("%: {met}"),
            "twice (number 4 of this name): it is broken: the file system is damaged".to_owned(),
        ]
    );
    let Found::Entry(found) = catalogue.find(&EntryPath::new("twice")).unwrap() else {
        panic!("the first is found");
    };
    assert_eq!((found.entry.bytes(), found.entry.id.get()), (9, 30));
    assert_eq!(catalogue.layout(found.at).unwrap().bytes(), 9);
}

#[test]
fn several_volumes_have_folders_and_one_that_is_not_closed_leaves_nothing() {
    let on = tempfile::tempdir().unwrap();
    let mut builder = Builder::create(on.path()).unwrap();
    let told = [
        folder(2, 2, ""),
        folder(3, 2, "lost+found"),
        folder(4, 2, "d"),
        file(9, 4, "f", &[(0, 5)]),
        file(9, 2, "g", &[(0, 5)]),
    ];
    tell(&mut builder, place(1, Some("partition-1")), &told);
    let mut dropped = builder.volume(place(2, Some("partition-2"))).unwrap();
    dropped.take(&told[0]).unwrap();
    dropped.take(&file(7, 2, "dropped", &[(0, 1)])).unwrap();
    drop(dropped);
    let mut anew = builder.volume(place(2, Some("partition-2"))).unwrap();
    anew.take(&told[0]).unwrap();
    anew.take(&file(7, 2, "forgotten", &[(0, 1)])).unwrap();
    anew.anew().unwrap();
    told.iter().for_each(|it| anew.take(it).unwrap());
    anew.close().unwrap();
    tell(&mut builder, place(3, Some("partition-3")), &told[..1]);
    let catalogue = builder.finish().unwrap();
    let paths = [
        "partition-3",
        "partition-1/d/f",
        "partition-1/g",
        "partition-2/d/f",
        "partition-2/g",
    ];
    assert_eq!(lines(&catalogue), paths);
    let entries: Vec<_> = all(&catalogue).into_iter().map(Result::unwrap).collect();
    assert_eq!(entries[0].kind, EntryKind::EmptyFolder);
    assert_eq!(entries[1].id, entries[2].id, "two names of one file");
    assert_ne!(entries[1].id, entries[3].id, "files of two volumes");
    for folder in ["partition-1", "partition-2/d"] {
        let found = catalogue.find(&EntryPath::new(folder)).unwrap();
        assert!(matches!(found, Found::Folder), "{folder}");
    }
}

#[test]
fn what_is_long_of_a_record_is_read_as_well() {
    let many: Vec<(u64, u64)> = (0..5000).map(|i| (i * 7919 % 5000 * 8192, 4096)).collect();
    let held: Box<[u8]> = (0..60_000_u32).map(|i| i.to_le_bytes()[0]).collect();
    let Told::File(mut inline) = file(9, 2, "inline", &[]) else {
        unreachable!("a file was made");
    };
    inline.bytes = 60_000;
    inline.streams = (0..100)
        .map(|i| told::Stream {
            name: format!("stream {i}").into_bytes(),
            bytes: i,
        })
        .collect();
    inline.content = Ok(vec![Extent {
        logical: 0,
        bytes: 60_000,
        what: What::Inline(held.clone()),
    }]);
    let told = [
        folder(2, 2, ""),
        file(8, 2, "many", &many),
        Told::File(inline),
    ];
    let (_on, catalogue) = listed(&told);
    assert_eq!(lines(&catalogue), ["inline", "many"]);
    let layout = |path: &str| match catalogue.find(&EntryPath::new(path)).unwrap() {
        Found::Entry(found) => (catalogue.layout_of(&found).unwrap(), found.entry),
        other => panic!("{path}: {other:?}"),
    };
    let (many_read, _) = layout("many");
    let runs = many_read
        .runs()
        .map(|run| (run.at.get() - (1 << 20), run.bytes));
    assert!(runs.eq(many));
    let (inline, entry) = layout("inline");
    assert_eq!(
        inline.pieces()[0].origin,
        crate::layout::Origin::Inline(held)
    );
    assert_eq!(entry.streams.len(), 100);
}

/// What chance tells of a volume: folders that lead anywhere, and names that several have.
fn chance_tells(seed: u64) -> Vec<Told> {
    let mut state = seed;
    let mut below = |end: u64| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(seed | 1);
        (state >> 33) % end
    };
    let mut told = Vec::new();
    for id in 0..30 {
        // Some are told twice, and some lead to what is no folder.
        let id = if below(8) == 0 { below(30) } else { id };
        let parent = if id == 0 { 0 } else { below(id + 3) };
        let name =
            ["", "a", "b", "c", "d"][usize::try_from(below(4)).unwrap() + usize::from(id > 0)];
        told.push(folder(id, parent, name));
    }
    for id in 100..160 {
        let name = ["x", "y", "z", "a"][usize::try_from(below(4)).unwrap()];
        match below(10) {
            0 => told.push(damaged(Some(below(32)), Some(name), Some(id))),
            1 => told.push(damaged(None, None, Some(below(32)))),
            _ => told.push(file(id, below(32), name, &[(below(1 << 20), 1)])),
        }
    }
    for at in (1..told.len()).rev() {
        told.swap(at, usize::try_from(below(at as u64 + 1)).unwrap());
    }
    told
}

/// What was told, understood without care for time and memory.
#[derive(Default)]
struct Plainly {
    /// Parents and names.
    folders: BTreeMap<u64, (u64, String)>,
    root: Option<u64>,
    /// Paths of files, where they have one.
    files: BTreeMap<u64, Option<String>>,
    /// What is damaged, and folders that were told again.
    lines: usize,
}

impl Plainly {
    fn of(told: &[Told]) -> Self {
        let mut plainly = Self::default();
        for it in told {
            match it {
                Told::File(_) => {}
                Told::Damaged(_) => plainly.lines += 1,
                Told::Folder(it) if plainly.folders.contains_key(&it.id) => plainly.lines += 1,
                Told::Folder(it) => {
                    if it.id == it.parent {
                        plainly.root.get_or_insert(it.id);
                    }
                    let name = String::from_utf8(it.name.clone()).unwrap();
                    plainly.folders.insert(it.id, (it.parent, name));
                }
            }
        }
        for it in told {
            if let Told::File(it) = it {
                let name = String::from_utf8(it.name.clone()).unwrap();
                let path = plainly.path(it.parent).map(|folder| folder + &name);
                plainly.files.insert(it.id, path);
            }
        }
        plainly
    }

    /// The path of a folder, with a slash behind each name.
    fn path(&self, mut here: u64) -> Option<String> {
        let mut path = String::new();
        for _ in 0..=self.folders.len() {
            if Some(here) == self.root {
                return Some(path);
            }
            let (parent, name) = self.folders.get(&here)?;
            path = format!("{name}/{path}");
            here = *parent;
        }
        None
    }
}

#[test]
fn nothing_that_is_told_is_left_out_and_what_is_loaded_has_its_path() {
    for seed in 0..300 {
        let told = chance_tells(seed);
        let (_on, catalogue) = listed(&told);
        let plainly = Plainly::of(&told);
        let (mut paths, mut lines, mut bad) = (BTreeSet::new(), 0, 0);
        for walked in all(&catalogue) {
            let path = match walked {
                Ok(entry) if entry.kind == EntryKind::EmptyFolder => entry.path,
                Ok(entry) => {
                    lines += 1;
                    let wanted = plainly.files[&entry.id.get()].as_deref();
                    assert_eq!(entry.path.as_str(), wanted, "seed {seed}");
                    entry.path
                }
                Err(line) => {
                    (lines, bad) = (lines + 1, bad + 1);
                    line.path
                }
            };
            assert!(paths.insert(path.clone()), "{seed}: {path:?} has two lines");
        }
        // Folders that lead nowhere and hold nothing are lines as well.
        assert!(lines >= plainly.files.len() + plainly.lines, "seed {seed}");
        let lost = plainly.files.values().filter(|path| path.is_none());
        assert!(bad >= lost.count() + plainly.lines, "seed {seed}");
    }
}
