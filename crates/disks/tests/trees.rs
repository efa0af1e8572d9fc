//! Every tree passes the suite: a folder, memory, and either behind a wrapper that has no faults to order.

use std::fs;
use std::ops::ControlFlow;

use disks::asked::Leaving;
use disks::tree::Tree as _;
use disks::tree::apart::ApartTree;
use disks::tree::faulty::FaultyTree;
use disks::tree::folder::Folder;
use disks::tree::memory::{Memory, Node};
use disks::tree::suite::{self, Thing, things};
use model::entry::Entry;

fn memory() -> Memory {
    Memory::new(things().into_iter().map(|(path, thing)| {
        let node = match thing {
            Thing::File(content) => Node::File(content),
            Thing::Link(target) => Node::Link(target),
            Thing::Pipe => Node::Special,
            Thing::EmptyFolder => Node::EmptyFolder,
        };
        (path, node)
    }))
}

#[test]
fn a_folder_keeps_every_promise_of_a_tree() {
    let root = tempfile::tempdir().unwrap();
    suite::make(root.path(), &things()).unwrap();
    let tree = Folder::open(root.path()).unwrap();
    suite::run(&tree);
    suite::run(&FaultyTree::new(tree));
    let tree = Folder::open(root.path()).unwrap();
    suite::run(&ApartTree::new(tree, "folder", Leaving::default()));
}

#[test]
fn memory_keeps_every_promise_of_a_tree() {
    suite::run(&memory());
    suite::run(&FaultyTree::new(memory()));
}

/// What the kernel tells of a file stands in its entry, and two names of one file have one number.
#[test]
fn an_entry_of_a_folder_says_what_its_file_system_knows() {
    let root = tempfile::tempdir().unwrap();
    let at = |name: &str| root.path().join(name);
    fs::write(at("a"), b"content").unwrap();
    fs::hard_link(at("a"), at("b")).unwrap();
    fs::write(at("c"), b"content").unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o4750);
    fs::set_permissions(at("c"), mode).unwrap();
    let mut entries: Vec<Entry> = Vec::new();
    let walked = Folder::open(root.path()).unwrap().walk(&mut |walked| {
        entries.push(walked.unwrap());
        ControlFlow::Continue(())
    });
    walked.unwrap();
    let [a, b, c] = &entries[..] else {
        panic!("{entries:?}")
    };
    assert_eq!((a.id, a.links), (b.id, 2));
    assert_ne!(a.id, c.id);
    assert_eq!((c.links, c.owner.unwrap().mode), (1, 0o4750));
    let own = std::os::unix::fs::MetadataExt::uid(&fs::metadata(at("c")).unwrap());
    assert_eq!(c.owner.unwrap().user, own);
    let times = c.times;
    assert!(times.modified.is_some() && times.accessed.is_some());
    assert!(times.created.is_none_or(|made| Some(made) <= times.changed));
    assert_eq!((c.place, &c.streams), (None, &Vec::new()));
}
