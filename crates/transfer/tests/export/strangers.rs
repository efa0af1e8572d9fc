//! What somebody else has put on a device is never replaced, also when an export goes on.

use std::collections::BTreeMap;
use std::sync::Arc;

use objectstore::faulty::{Failure, Fault, Faulty, Operation};
use objectstore::memory::MemoryBucket;
use transfer::destination::memory::Memory;
use transfer::destination::{Occupied, Target};

use crate::world::{World, expected, fill, objects};

/// Puts a file on a device as its owner would.
fn put(target: &Memory, path: &str, content: &[u8]) {
    let staged = target.stage(u64::MAX - 100, path).unwrap();
    staged.write_at(0, content).unwrap();
    target
        .publish(u64::MAX - 100, path, Occupied::Replace)
        .unwrap();
    target.sync().unwrap();
}

#[test]
fn an_export_that_goes_on_replaces_only_what_it_wrote_itself() {
    let (source, objects) = (Arc::new(MemoryBucket::new()), objects());
    let (world, target) = (World::new(fill(&source, &objects)), Memory::default());
    let mut gets = 0;
    let broken = Faulty::new(Arc::clone(&source), move |operation| {
        gets += u32::from(operation == Operation::Get);
        (gets > 3).then(|| Fault::before(Failure::InternalError))
    });
    assert!(world.run(&target, broken).why.is_some());

    let written = target.files();
    let whole = expected(&objects);
    let mut missing = whole.keys().filter(|path| !written.contains_key(*path));
    let (same, other) = (missing.next().unwrap(), missing.next().unwrap());
    // It had its name when the power went, and could not be noted any more.
    put(&target, same, &whole[same]);
    // An owner's file of the same size.
    let owners = vec![b'o'; whole[other].len()];
    put(&target, other, &owners);
    let noted = written.keys().next();
    if let Some(noted) = noted {
        // The journal has it, and the device lost its end.
        put(&target, noted, b"");
    }

    let ended = world.run(&target, source);
    assert!(ended.why.is_none(), "{:?}", ended.why);
    let failed: BTreeMap<&str, &str> = ended
        .report
        .iter()
        .filter(|line| line.1 != "200 OK")
        .map(|line| (line.2.as_str(), line.1.as_str()))
        .collect();
    assert_eq!(
        failed,
        BTreeMap::from([(other.as_str(), "500 NameCollision")])
    );
    let mut files = target.files();
    assert_eq!(files.remove(other), Some(owners));
    for (path, content) in files {
        assert!(whole[&path] == content, "{path}");
    }
    assert_eq!(target.staged(), Vec::<u64>::new());
}
