//! Large files in parts that go by each sum a store may check, and what is compared of the whole.

use super::*;
use model::capabilities::PartCheck;

const CHECKS: [PartCheck; 4] = [
    PartCheck::Md5,
    PartCheck::Crc64Nvme,
    PartCheck::Crc32c,
    PartCheck::Sha256,
];

fn world(check: PartCheck) -> World {
    World {
        check,
        ..World::new("")
    }
}

/// A bucket that ends the run at the fourth part, when the three before it are in the journal.
fn ending_at_the_fourth_part(world: &World, memory: &Arc<MemoryBucket>) -> impl Bucket + use<> {
    let (mut parts, path) = (0, world.folder.path().join("journal"));
    Faulty::new(Arc::clone(memory), move |operation| {
        parts += u32::from(operation == Operation::PutPart);
        let is_to_fail = parts >= 4;
        while is_to_fail && !is_hashed_up_to(&path, 3) {
            std::thread::sleep(Duration::from_millis(10));
        }
        is_to_fail.then_some(Fault::before(Failure::AccessDenied))
    })
}

/// Sends half a file of six parts by one sum and goes on where the store checks another. Gives how many parts were
/// there then, and how many were sent.
fn goes_on(begun: PartCheck, then: PartCheck) -> (usize, usize) {
    let mut world = world(begun);
    let big = noise(27 << 20, 9);
    let device = Memory::new([("big", Node::File(big.clone()))]);
    let memory = Arc::new(MemoryBucket::new());
    let failing = ending_at_the_fourth_part(&world, &memory);
    let ended = world.run(&device, &failing);
    assert!(matches!(ended.why, Some(Halt::Store(_))), "{:?}", ended.why);
    let open = memory.list_uploads("").unwrap();
    assert_eq!(open.len(), 1);
    let held = memory.list_parts(&ObjectKey::new("big").unwrap(), &open[0].id);
    let held = held.unwrap();
    assert!(held.iter().all(|part| part.sum.is_none() == begun.is_md5()));

    world.check = then;
    let sent = Arc::new(AtomicU32::new(0));
    let counter = Arc::clone(&sent);
    let counting = Faulty::new(Arc::clone(&memory), move |operation| {
        counter.fetch_add(u32::from(operation == Operation::PutPart), Ordering::SeqCst);
        None
    });
    let ended = world.run(&device, &counting);
    assert!(ended.why.is_none(), "{:?}", ended.why);
    assert!(ended.report["big"].starts_with("200,OK"), "{}", ended.text);
    assert!(ended.report["big"].contains(&Checksums::of(&big).md5_hex()));
    assert_eq!(content(&memory, "big").unwrap(), big);
    assert!(memory.list_uploads("").unwrap().is_empty());
    let sent = usize::try_from(sent.load(Ordering::SeqCst)).unwrap();
    (held.len(), sent)
}

/// The store in memory refuses a part whose sum is not the one that its upload was begun for.
#[test]
fn an_upload_goes_on_by_the_sum_that_it_was_begun_for() {
    for begun in CHECKS {
        let (held, sent) = goes_on(begun, begun);
        assert_eq!(sent, 6 - held, "{begun:?}");
    }
    let (held, sent) = goes_on(PartCheck::Md5, PartCheck::Crc64Nvme);
    assert_eq!(sent, 6 - held, "as it was begun by an earlier release");
}

#[test]
fn an_upload_whose_sum_the_store_does_not_check_any_more_is_begun_anew() {
    let (held, sent) = goes_on(PartCheck::Crc64Nvme, PartCheck::Md5);
    assert!(held > 0);
    assert_eq!(sent, 6);
    let (_, sent) = goes_on(PartCheck::Crc64Nvme, PartCheck::Crc32c);
    assert_eq!(sent, 6);
}

/// Before the answer to completing is believed, the store's own sum of the whole is compared with that of the parts.
#[test]
fn a_completed_object_with_another_sum_than_its_parts_is_a_failed_line() {
    for (check, name) in [
        (PartCheck::Crc64Nvme, "its CRC-64/NVME is"),
        (PartCheck::Crc32c, "its CRC-32C is"),
        (PartCheck::Sha256, "its SHA-256 of its 2 parts is"),
    ] {
        let memory = Arc::new(MemoryBucket::new());
        let misjoining = Arc::clone(&memory);
        let key = ObjectKey::new("big").unwrap();
        let bucket = Faulty::new(Arc::clone(&memory), move |operation| {
            if operation == Operation::Head && content(&misjoining, "big").is_some() {
                misjoining.tell(&key, |info| info.checksums[0].value[3] ^= 1);
            }
            None
        });
        let device = Memory::new([("big", Node::File(noise(LARGE, 1)))]);
        let ended = world(check).run(&device, &bucket);
        assert!(ended.why.is_none(), "{:?}", ended.why);
        let line = &ended.report["big"];
        assert!(line.starts_with("500,ReviewFailed,bkt/big,"), "{line}");
        assert!(ended.lines.contains(name), "{}", ended.lines);
    }
}

/// After a crash at the completing, too: an object of the same size and tag is not the file's if it has another sum.
#[test]
fn an_object_with_another_sum_is_not_taken_for_the_one_that_was_completed() {
    for is_other in [false, true] {
        let world = world(PartCheck::Crc64Nvme);
        let big = noise(12 << 20, 3);
        let device = Memory::new([("big", Node::File(big.clone()))]);
        let memory = Arc::new(MemoryBucket::new());
        let dying = Faulty::new(Arc::clone(&memory), |operation| {
            (operation == Operation::Complete).then_some(Fault::after(Failure::TimedOut))
        });
        let ended = world.run(&device, &dying);
        assert!(matches!(ended.why, Some(Halt::Store(_))), "{:?}", ended.why);
        if is_other {
            let key = ObjectKey::new("big").unwrap();
            memory.tell(&key, |info| info.checksums[0].value[0] ^= 1);
        }
        let sent = Arc::new(AtomicU32::new(0));
        let counter = Arc::clone(&sent);
        let counting = Faulty::new(Arc::clone(&memory), move |operation| {
            counter.fetch_add(u32::from(operation == Operation::PutPart), Ordering::SeqCst);
            None
        });
        let ended = world.run(&device, &counting);
        assert!(ended.report["big"].starts_with("200,OK"), "{}", ended.text);
        assert_eq!(content(&memory, "big").unwrap(), big);
        assert_eq!(sent.load(Ordering::SeqCst), if is_other { 3 } else { 0 });
    }
}
