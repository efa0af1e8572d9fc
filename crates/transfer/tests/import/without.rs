//! A job that was on hold ends with what is loaded of it.

use disks::tree::memory::{Memory, Node};
use model::stopped::{StopCause, Stopped};
use model::time::Timestamp;
use model::without::Without;
use objectstore::memory::MemoryBucket;

use crate::world::{World, keys};

fn device(files: &[&str]) -> Memory {
    let node = |name: &&str| {
        (
            name.as_bytes().to_vec(),
            Node::File(name.as_bytes().to_vec()),
        )
    };
    Memory::new(files.iter().map(node).collect::<Vec<_>>())
}

fn without(cause: StopCause) -> Option<Without> {
    let hold = Stopped::new(Timestamp::from_unix(1_500_000_000), cause);
    Some(Without::of(&hold, None))
}

fn is_stored(line: &str) -> bool {
    line.starts_with("200,OK,")
}

#[test]
fn what_is_not_loaded_fails_with_the_code_of_the_hold() {
    for (cause, start) in [
        (StopCause::StoreFull, "507,StoreFull,"),
        (StopCause::StoreRefuses, "403,StoreRefuses,"),
        (StopCause::DiskFailing, "500,DiskFailing,"),
    ] {
        let (mut world, bucket) = (World::new("ignore:\n    - c$\n"), MemoryBucket::new());
        let ended = world.run(&device(&["a"]), &bucket);
        assert!(
            ended.why.is_none() && is_stored(&ended.report["a"]),
            "{:?}",
            ended.report
        );
        world.without = without(cause);
        let mut texts = Vec::new();
        // A station that was killed in the middle of it, or before it told the server, does it again.
        for _ in 0..2 {
            let ended = world.run(&device(&["a", "b/b", "c"]), &bucket);
            assert!(ended.why.is_none(), "{:?}", ended.why);
            assert!(is_stored(&ended.report["a"]), "{:?}", ended.report);
            assert!(ended.report["b/b"].starts_with(start), "{:?}", ended.report);
            assert!(
                ended.report["c"].starts_with("103,Ignored,"),
                "{:?}",
                ended.report
            );
            assert!(
                ended.lines.contains("the job was finished without it"),
                "{}",
                ended.lines
            );
            texts.push(ended.text);
        }
        assert_eq!(texts[0], texts[1]);
        assert_eq!(keys(&bucket), ["a"], "nothing more is sent");
    }
}

/// All that is left is the journal: what is stored has its line, and nothing is said of what was never begun.
#[test]
fn a_job_without_its_device_is_finished_by_its_journal() {
    let (mut world, bucket) = (World::new(""), MemoryBucket::new());
    let begun = Memory::new([
        (b"a".to_vec(), Node::File(b"a".to_vec())),
        (b"torn".to_vec(), Node::BadSector(vec![7; 100], 50)),
    ]);
    let ended = world.run(&begun, &bucket);
    assert!(is_stored(&ended.report["a"]), "{:?}", ended.report);
    world.without = without(StopCause::DiskGone);
    let ended = world.run(&Memory::default(), &bucket);
    assert!(ended.why.is_none(), "{:?}", ended.why);
    assert!(is_stored(&ended.report["a"]), "{:?}", ended.report);
    assert!(
        ended.report["torn"].starts_with("500,DiskGone,"),
        "{:?}",
        ended.report
    );
    assert_eq!(ended.report.len(), 2);
}
