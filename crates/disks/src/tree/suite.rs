//! What every [`Tree`] must do, as functions that panic where one does not.
//!
//! Run by the tests of each implementation, on a tree that holds [`things`] and nothing else, or of those what its file
//! system can hold.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::ops::ControlFlow;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use model::entry::{Entry, EntryKind, EntryPath};
use rustix::fs::{CWD, FileType, Mode, mknodat};

use super::{Health, Totals, Tree, Walked, fill};
use crate::layout::{Layout, Origin};

/// What is under a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Thing {
    /// A regular file.
    File(Vec<u8>),
    /// A symbolic link that leads there, to nothing.
    Link(Vec<u8>),
    /// A pipe.
    Pipe,
    /// A folder with nothing in it.
    EmptyFolder,
}

/// What the tree has to hold, by path: names that are no text, folders in folders, names that sort otherwise with
/// their folders than without, files of no, one and some millions of bytes.
#[must_use]
pub fn things() -> BTreeMap<Vec<u8>, Thing> {
    let file = |bytes, seed| Thing::File(noise(bytes, seed));
    let things: [(&[u8], Thing); 12] = [
        (b"empty", file(0, 0)),
        (b"one", file(1, 1)),
        (b"d/one", file(1, 2)),
        (b"d/d/d/deep", file(70_000, 3)),
        (b"d-", file(4096, 4)),
        (b"d.txt", file(4097, 5)),
        (b"large", file((3 << 20) + 777, 6)),
        (b"caf\xE9/100% \n.txt", file(9, 7)),
        (b"link", Thing::Link(b"../nowhere/caf\xE9".to_vec())),
        (b"d/pipe", Thing::Pipe),
        (b"d/nothing", Thing::EmptyFolder),
        (b"nothing/at/all", Thing::EmptyFolder),
    ];
    things.map(|(path, it)| (path.to_vec(), it)).into()
}

/// Makes things below a folder of this host, from which a tree of files is opened or an image is filled.
///
/// # Errors
/// The system's error.
pub fn make(root: &Path, things: &BTreeMap<Vec<u8>, Thing>) -> io::Result<()> {
    for (path, thing) in things {
        let path = root.join(OsStr::from_bytes(path));
        if let Some(above) = path.parent() {
            fs::create_dir_all(above)?;
        }
        match thing {
            Thing::File(content) => fs::write(path, content)?,
            Thing::Link(target) => {
                std::os::unix::fs::symlink(OsStr::from_bytes(target), path)?;
            }
            Thing::Pipe => mknodat(CWD, path, FileType::Fifo, Mode::RUSR, 0)?,
            Thing::EmptyFolder => fs::create_dir(path)?,
        }
    }
    Ok(())
}

/// Bytes that look like chance and are the same each time.
fn noise(bytes: usize, seed: u32) -> Vec<u8> {
    let bytes = u32::try_from(bytes).expect("a few mebibytes");
    let mixed = |at: u32| (at ^ seed << 24).wrapping_mul(2_654_435_761);
    (0..bytes).map(|at| mixed(at).to_le_bytes()[3]).collect()
}

/// Runs the whole suite on a tree that holds [`things`].
pub fn run(tree: &dyn Tree) {
    run_on(tree, &things());
}

/// Runs the whole suite on a tree that holds some of [`things`].
pub fn run_on(tree: &dyn Tree, things: &BTreeMap<Vec<u8>, Thing>) {
    walks(tree, things);
    stops(tree);
    identities(tree);
    totals(tree);
    finds(tree);
    opens(tree);
    reads(tree, things);
    layouts(tree);
    assert_ne!(tree.check().ok(), None::<Health>, "the device is there");
}

/// A walk hands everything out once, and as often as it is done in the same order.
pub fn walks(tree: &dyn Tree, things: &BTreeMap<Vec<u8>, Thing>) {
    let entries = entries(tree);
    let met: BTreeMap<Vec<u8>, &Entry> = entries
        .iter()
        .map(|entry| (entry.path.as_bytes().to_vec(), entry))
        .collect();
    assert_eq!(met.len(), entries.len(), "a path is handed out twice");
    assert!(met.keys().eq(things.keys()), "{:?}", met.keys());
    for (path, thing) in things {
        must_be(met[path], thing);
    }
    let again = self::entries(tree);
    let paths = |entries: &[Entry]| -> Vec<EntryPath> {
        entries.iter().map(|entry| entry.path.clone()).collect()
    };
    assert_eq!(paths(&again), paths(&entries), "another order");
}

/// A walk ends where it is told to.
pub fn stops(tree: &dyn Tree) {
    let mut met = 0;
    let walked = tree.walk(&mut |_| {
        met += 1;
        match met {
            3 => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        }
    });
    assert!(walked.is_ok() && met == 3, "{met} after it was to stop");
}

/// Files have numbers of their own, which stay.
pub fn identities(tree: &dyn Tree) {
    let ids = || entries(tree).iter().map(|entry| entry.id).collect();
    let (first, again): (Vec<_>, Vec<_>) = (ids(), ids());
    assert_eq!(first, again, "other numbers");
    let distinct: BTreeSet<_> = first.iter().collect();
    assert_eq!(distinct.len(), first.len(), "no two names are of one file");
}

/// What a tree says of all is what a walk hands out.
pub fn totals(tree: &dyn Tree) {
    let mut counted = Totals::default();
    each(tree, &mut |walked| counted.add(&walked));
    assert_eq!(tree.totals().unwrap_or(counted), counted);
}

/// What a walk hands out is found by its path, and nothing else is.
pub fn finds(tree: &dyn Tree) {
    for entry in entries(tree) {
        let found = tree.find(&entry.path).expect("it can be looked at");
        let found = found.unwrap_or_else(|| panic!("{:?} is not found", entry.path));
        assert_eq!(found, entry);
    }
    for folder in ["d", "d/d", "nothing", "nothing/at"] {
        let found = tree.find(&EntryPath::new(folder));
        let kind = found.expect_err(folder).kind();
        assert_eq!(kind, io::ErrorKind::IsADirectory, "{folder}");
    }
    for none in [
        "",
        ".",
        "..",
        "/",
        "none",
        "d/none",
        "none/none",
        "one/",
        "/one",
        "d//one",
        "d/./one",
        "d/../one",
        "one/one",
        "link/one",
        "On",
    ] {
        let found = tree.find(&EntryPath::new(none)).expect(none);
        assert_eq!(found, None, "{none}");
    }
}

/// Files are opened and say their size; nothing else is opened.
pub fn opens(tree: &dyn Tree) {
    for entry in entries(tree) {
        match (tree.open(&entry), &entry.kind) {
            (Ok(file), EntryKind::File { bytes }) => {
                let shape = file.shape().expect("an open file has a shape");
                assert_eq!(shape.bytes, *bytes, "{:?}", entry.path);
                let (modified, changed) = (entry.times.modified, entry.times.changed);
                assert!(modified.is_none_or(|time| time.ns() == shape.modified_ns));
                assert!(changed.is_none_or(|time| time.ns() == shape.changed_ns));
            }
            (Err(error), EntryKind::File { .. }) => panic!("{:?}: {error}", entry.path),
            (Ok(_), _) => panic!("{:?} was opened", entry.path),
            (Err(error), _) => assert_eq!(error.kind(), io::ErrorKind::InvalidInput),
        }
    }
    let none = |path| Entry {
        path: EntryPath::new(path),
        ..entries(tree).swap_remove(0)
    };
    assert!(tree.open(&none("none/none")).is_err(), "what is not there");
    assert!(tree.open(&none("../one")).is_err(), "what is above");
}

/// A file is read whole and in pieces, by many at once, and ends where it says.
pub fn reads(tree: &dyn Tree, things: &BTreeMap<Vec<u8>, Thing>) {
    for entry in entries(tree) {
        let Some(Thing::File(content)) = things.get(entry.path.as_bytes()) else {
            continue;
        };
        let file = tree.open(&entry).expect("a file is opened");
        let read = |from: usize, length: usize| {
            let mut buffer = vec![0; length];
            let filled = fill(&*file, from as u64, &mut buffer).expect("it is read");
            buffer.truncate(filled);
            let until = content.len().min(from + length);
            assert!(
                buffer == content[from.min(until)..until],
                "{:?}",
                entry.path
            );
        };
        read(0, content.len() + 1);
        let read = &read;
        std::thread::scope(|scope| {
            for part in 0..4 {
                let from = content.len() * part / 4;
                scope.spawn(move || read(from, content.len() / 3));
            }
        });
        let end = content.len() as u64;
        assert_eq!(file.read_at(end, &mut [0]).expect("the end"), 0);
        assert_eq!(file.read_at(end + 9999, &mut [0]).expect("behind it"), 0);
        assert!(!file.read_afresh(end).expect("the end"));
        assert!(end == 0 || file.read_afresh(end - 1).expect("the last byte"));
    }
}

/// Where a file lies, if that is told, is all of it, and begins where its entry says.
pub fn layouts(tree: &dyn Tree) {
    for entry in entries(tree) {
        let EntryKind::File { bytes } = entry.kind else {
            continue;
        };
        let file = tree.open(&entry).expect("a file is opened");
        let layout = file.layout();
        assert!(layout.is_none_or(|layout| layout.bytes() == bytes));
        assert_eq!(layout.and_then(Layout::place), entry.place);
        let pieces = layout.map_or(&[][..], Layout::pieces);
        let mut at = 0;
        for piece in pieces {
            let mut read = vec![1; usize::try_from(piece.bytes).expect("a few mebibytes")];
            let filled = fill(&*file, at, &mut read).expect("it is read");
            assert_eq!(filled, read.len());
            match &piece.origin {
                Origin::Device(_) | Origin::Packed(_) => {}
                Origin::Zeros => assert!(read.iter().all(|byte| *byte == 0)),
                Origin::Inline(bytes) => assert!(read == **bytes),
            }
            at += piece.bytes;
        }
    }
}

fn must_be(entry: &Entry, thing: &Thing) {
    let wanted = match thing {
        Thing::File(content) => EntryKind::File {
            bytes: content.len() as u64,
        },
        Thing::Link(target) => EntryKind::SymbolicLink {
            target: Some(target.clone()),
        },
        Thing::Pipe => EntryKind::Special,
        Thing::EmptyFolder => EntryKind::EmptyFolder,
    };
    assert_eq!(entry.kind, wanted, "{:?}", entry.path);
}

fn entries(tree: &dyn Tree) -> Vec<Entry> {
    let mut entries = Vec::new();
    each(tree, &mut |walked| match walked {
        Ok(entry) => entries.push(entry),
        Err(bad) => panic!("{:?}: {}", bad.path, bad.why),
    });
    entries
}

fn each(tree: &dyn Tree, visit: &mut dyn FnMut(Walked)) {
    let walked = tree.walk(&mut |walked| {
        visit(walked);
        ControlFlow::Continue(())
    });
    walked.expect("the device is there");
}
