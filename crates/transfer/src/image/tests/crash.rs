//! Attempts that end at any step, and those that go on after them.

use super::*;
use disks::device::memory::MemoryDevice;

/// Kills an attempt after `calls` calls, and lets another go on. With `power` what of the journal was not
/// synced is lost as well.
#[track_caller]
fn kill_and_go_on(
    world: &World,
    device: &Arc<MemoryDevice>,
    calls: i64,
    is_late: bool,
    power: bool,
) -> ImageDone {
    let ended = world.run_for(device, calls, is_late);
    assert!(
        matches!(ended.outcome, ImageOutcome::Stopped),
        "{calls}: {:?}",
        ended.outcome
    );
    if power {
        world.lose_power();
    }
    world.run(device).done()
}

/// How many calls a whole run makes.
fn calls(to: To, device: &Arc<MemoryDevice>) -> i64 {
    let mut calls = 1;
    // Twice as many, until one gets through; then between the two.
    let runs = |calls| {
        matches!(
            World::new(to).run_for(device, calls, false).outcome,
            ImageOutcome::Done(_)
        )
    };
    while !runs(calls) {
        calls *= 2;
    }
    let (mut too_few, mut enough) = (calls / 2, calls);
    while enough - too_few > 1 {
        let middle = too_few + (enough - too_few) / 2;
        if runs(middle) {
            enough = middle;
        } else {
            too_few = middle;
        }
    }
    enough
}

#[test]
fn a_crash_at_any_step_leaves_an_image_that_can_be_gone_on_with() {
    for to in EVERYWHERE {
        let content = content(12 * MIB + 512, 6);
        let device = memory(content.clone());
        let calls = calls(to, &device);
        let step = if to == To::Snapshot { 5 } else { 1 };
        for at in (0..calls).step_by(step) {
            let world = World::new(to);
            let done = kill_and_go_on(&world, &device, at, at % 2 == 0, at % 3 == 0);
            world.check(&done, &content);
        }
    }
}

/// Neither a snapshot that is complete, nor an archive, nor an object.
#[test]
fn nothing_is_seen_of_an_image_before_all_of_it_is_there() {
    use objectstore::Bucket as _;
    for to in EVERYWHERE {
        // Three objects of two parts, or 80 blocks.
        let device = memory(content(40 * MIB, 0));
        for at in [2, 4, 5] {
            let world = World::new(to);
            let ended = world.run_for(&device, at, true);
            assert!(matches!(ended.outcome, ImageOutcome::Stopped));
            let snapshots = world.services.snapshots.all();
            assert!(snapshots.values().all(|snapshot| snapshot.status.is_none()));
            assert!(world.services.vault.archives().is_empty());
            let page = world.bucket.list("p/ABCDE/", None, 10).unwrap();
            assert_eq!(page.objects, [], "{to:?} after {at} calls");
        }
    }
}

/// What was confirmed before the crash is not sent again.
#[test]
fn nothing_is_sent_twice_but_what_was_on_its_way() {
    for to in [To::Snapshot, To::Vault] {
        let content = content(40 * MIB, 0);
        let device = memory(content.clone());
        let all = World::new(to);
        all.run(&device).done();
        let world = World::new(to);
        let done = kill_and_go_on(&world, &device, calls(to, &device) - 2, false, false);
        world.check(&done, &content);
        // Three stretches may be on their way, each of sixteen blocks or one part.
        let on_the_way = if to == To::Snapshot { 3 * 16 } else { 3 };
        assert!(
            world.puts() <= all.puts() + on_the_way,
            "{} {}",
            world.puts(),
            all.puts()
        );
    }
}

/// The sums go on from their last mark: what lies before it is not read a second time.
#[test]
fn a_device_is_not_read_again_from_its_beginning() {
    let content = content(200 * MIB, 15);
    let device = memory(content.clone());
    let world = World::new(To::Snapshot);
    let whole = device.bytes();
    let calls = calls_of_blocks(&content) - 2;
    let ended = world.run_for(&device, calls, false);
    assert!(matches!(ended.outcome, ImageOutcome::Stopped));
    let before = device.bytes_read();
    let done = world.run(&device).done();
    world.check(&done, &content);
    let again = device.bytes_read() - before;
    // 25 stretches, a mark after sixteen; six are looked at to know the device.
    assert!(
        again <= whole - (16 << 23) + (6 << 23),
        "{again} of {whole}"
    );
}

fn calls_of_blocks(content: &[u8]) -> i64 {
    let blocks = content.chunks(MIB / 2);
    let full = blocks
        .filter(|block| block.iter().any(|byte| *byte != 0))
        .count();
    1 + i64::try_from(full).unwrap()
}

#[test]
fn a_job_that_is_done_stays_done() {
    for to in EVERYWHERE {
        let world = World::new(to);
        let content = content(9 * MIB, 2);
        let device = memory(content.clone());
        let done = world.run(&device).done();
        let read = device.bytes_read();
        let again = world.run_for(&device, 0, false).done();
        assert_eq!(
            again,
            ImageDone {
                sent_bytes: 0,
                ..done
            }
        );
        assert_eq!(device.bytes_read(), read);
    }
}

#[test]
fn another_device_under_the_same_job_is_imaged_from_its_beginning() {
    for to in EVERYWHERE {
        let world = World::new(to);
        let first = content(20 * MIB, 0);
        let ended = world.run_for(&memory(first.clone()), 3, false);
        assert!(matches!(ended.outcome, ImageOutcome::Stopped));
        let other: Vec<u8> = first.iter().map(|byte| byte.wrapping_add(1)).collect();
        let done = world.run(&memory(other.clone())).done();
        world.check(&done, &other);
    }
}

/// The services forget what nobody goes on with for days.
#[test]
fn what_the_service_dropped_is_begun_anew() {
    for to in [To::Snapshot, To::Vault, To::Series] {
        use objectstore::Bucket as _;
        let world = World::new(to);
        let content = content(30 * MIB, 2);
        let device = memory(content.clone());
        let ended = world.run_for(&device, 4, false);
        assert!(matches!(ended.outcome, ImageOutcome::Stopped));
        if let Some((_, dropped)) = world.services.snapshots.all().pop_first() {
            assert!(dropped.puts > 0);
        }
        world.services.vault.uploads().clear();
        for open in world.bucket.list_uploads("").unwrap() {
            world
                .bucket
                .abort(&ObjectKey::new(open.key).unwrap(), &open.id)
                .unwrap();
        }
        let done = world.run(&device).done();
        world.check(&done, &content);
    }
}

#[test]
fn a_canceled_job_leaves_nothing_half_sent() {
    use objectstore::Bucket as _;
    for to in [To::Vault, To::Series, To::One] {
        let world = World::new(to);
        let device = memory(content(30 * MIB, 2));
        let ended = world.run_for(&device, 4, false);
        assert!(matches!(ended.outcome, ImageOutcome::Stopped));
        let stop = Stop::default();
        stop.halt(Halt::Canceled);
        let ended = world.run_until(&device, &Fuse::new(i64::MAX, false, &stop), &stop);
        assert!(matches!(ended.why, Some(Halt::Canceled)));
        assert_eq!(world.bucket.list_uploads("").unwrap(), []);
        assert!(world.services.vault.uploads().is_empty());
    }
}

#[test]
fn a_device_that_is_pulled_goes_on_when_it_is_back() {
    let world = World::new(To::Snapshot);
    let content = content(20 * MIB, 0);
    let device = memory(content.clone());
    device.pull();
    let ended = world.run(&device);
    assert!(
        matches!(ended.why, Some(Halt::Device(_))),
        "{:?}",
        ended.why
    );
    device.plug_in();
    let done = world.run(&device).done();
    world.check(&done, &content);
}
