//! Images of devices that are well.

use super::*;
use crate::image::{Archive, ImageError};
use disks::fault::Fault;
use disks::tree::DeviceGone;
use model::outcome::FailureCode;

/// What was read is what can be read where it went, whatever its size and wherever it goes.
#[test]
fn the_image_is_the_device_to_the_byte() {
    for to in EVERYWHERE {
        for (bytes, zeros) in [
            (1, 0),
            (MIB / 2, 0),
            (MIB / 2 + 512, 0),
            (8 * MIB, 16),
            (8 * MIB + 4096, 3),
            (16 * MIB, 5),
            (37 * MIB + 511, 6),
        ] {
            let world = World::new(to);
            let content = content(bytes, zeros);
            let done = world.run(&memory(content.clone())).done();
            world.check(&done, &content);
            assert_eq!((done.errors, &*done.bad_ranges), (0, &[][..]));
            assert_eq!(
                (&*done.record.file, done.record.bytes),
                ("BOOT-DISK-9", bytes as u64)
            );
        }
    }
}

#[test]
fn a_snapshot_has_no_block_of_zeros_and_is_known_by_its_job() {
    let world = World::new(To::Snapshot);
    let content = content(20 * MIB, 10);
    let done = world.run(&memory(content)).done();
    let snapshots = world.services.snapshots.all();
    let (id, snapshot) = snapshots.first_key_value().unwrap();
    assert!(
        snapshot
            .blocks
            .values()
            .all(|block| block.iter().any(|byte| *byte != 0))
    );
    assert!(snapshot.blocks.len() < 40 && snapshot.puts == snapshot.blocks.len() as u64);
    assert_eq!(snapshot.volume_gib, 1);
    assert_eq!(
        snapshot.description,
        "Import/Export job ABCDE, device BOOT-DISK-9"
    );
    assert_eq!(key(&done), id);
    assert_eq!(
        done.remark,
        format!("The snapshot is {id}; its volume has 1 GiB.")
    );
}

#[test]
fn objects_that_are_all_zeros_are_not_stored_and_the_index_knows() {
    let world = World::new(To::Series);
    let mut content = content(60 * MIB, 0);
    content[16 * MIB..40 * MIB].fill(0);
    let done = world.run(&memory(content.clone())).done();
    world.check(&done, &content);
    let index = world.index();
    let keys: Vec<Option<&str>> = index
        .objects
        .iter()
        .map(|object| object.key.as_ref().map(ObjectKey::as_str))
        .collect();
    let object = |number| {
        Some(
            [
                "p/ABCDE/image.00000",
                "",
                "p/ABCDE/image.00002",
                "p/ABCDE/image.00003",
            ][number],
        )
    };
    assert_eq!(keys, [object(0), None, object(2), object(3)]);
    assert_eq!(index.sha256.as_ref(), Some(&stored(&done).sha256));
    assert_eq!(key(&done), "p/ABCDE/");
    assert!(
        done.remark.contains("3 objects of bucket logs"),
        "{}",
        done.remark
    );
}

#[test]
fn one_object_of_an_archive_class_takes_the_place_of_an_archive() {
    use objectstore::Bucket as _;
    let world = World::new(To::One);
    let content = content(20 * MIB, 4);
    let done = world.run(&memory(content.clone())).done();
    let key = ObjectKey::new("p/ABCDE/image.00000").unwrap();
    assert!(world.object(&key) == content);
    let head = world.bucket.head(&key).unwrap().unwrap();
    assert_eq!(
        head.attributes.storage_class.as_deref(),
        Some("DEEP_ARCHIVE")
    );
    let place = Archive::Object("logs/p/ABCDE/image.00000".to_owned());
    assert_eq!(done.archive, Some(place));
}

#[test]
fn an_archive_has_the_comment_as_far_as_a_service_takes_it() {
    let world = World::new(To::Vault);
    let done = world.run(&memory(content(9 * MIB, 0))).done();
    let archives = world.services.vault.archives();
    assert_eq!(archives["archive-1"].description, "?t? 2013");
    assert_eq!(done.archive, Some(Archive::Id("archive-1".to_owned())));
    assert_eq!(done.remark, "The archive is archive-1.");
}

#[test]
fn what_is_read_back_is_compared() {
    for to in [To::Snapshot, To::Series] {
        let mut world = World::new(to);
        world.read_back = ReadBack::Full;
        let content = content(20 * MIB, 4);
        let done = world.run(&memory(content.clone())).done();
        world.check(&done, &content);
        assert!(stored(&done).read_back, "{to:?}");
    }
}

/// A service that gives other bytes than it took: the image is not taken for stored.
#[test]
fn an_image_that_is_not_what_was_sent_is_an_error() {
    let world = World {
        read_back: ReadBack::Full,
        ..World::new(To::Snapshot)
    };
    let device = memory(content(20 * MIB, 0));
    // Up to the completion: the start, 40 blocks, the completion itself.
    let ended = world.run_for(&device, 42, false);
    assert!(matches!(ended.outcome, ImageOutcome::Stopped));
    for snapshot in world.services.snapshots.all().values_mut() {
        assert!(snapshot.status.is_some());
        snapshot.blocks.get_mut(&20).unwrap()[77] ^= 1;
    }
    let done = world.run(&device).done();
    assert_eq!(done.errors, 1);
    let Outcome::Failed(failure) = &done.record.outcome else {
        panic!("{done:?}")
    };
    assert_eq!(failure.code, FailureCode::ReadBackMismatch);
    assert!(
        failure.reason.contains("offset 8388608"),
        "{}",
        failure.reason
    );
}

/// A device of any size, none of which can be read.
struct Sized(u64);

impl Device for Sized {
    fn bytes(&self) -> u64 {
        self.0
    }
    fn sector(&self) -> u32 {
        512
    }
    fn read_at(&self, _: u64, _: &mut [u8]) -> Result<usize, Fault> {
        panic!("it is not to be read")
    }
    fn next_data(&self, offset: u64) -> u64 {
        offset
    }
    fn check(&self) -> Result<(), DeviceGone> {
        Ok(())
    }
}

#[test]
fn a_device_of_the_wrong_capacity_is_not_read() {
    let world = World::new(To::Snapshot);
    let over = (1 << 40) + 1;
    match world.run(&Arc::new(Sized(over))).outcome {
        ImageOutcome::WrongCapacity {
            bytes,
            said_over_1tb,
        } => assert_eq!((bytes, said_over_1tb), (over, false)),
        other => panic!("{other:?}"),
    }
    assert!(world.services.snapshots.all().is_empty());
}

#[test]
fn what_can_hold_no_image_is_said_before_anything_is_read() {
    let run = |to: To, bytes: u64| {
        let world = World::new(to);
        let stop = Stop::default();
        let manifest = to.manifest();
        let What::Glacier(import) = (match &manifest {
            Manifest::GlacierImport(import) => What::Glacier(import),
            other => panic!("{other:?}"),
        }) else {
            panic!()
        };
        let services = Wired {
            services: world.services.clone(),
            fuse: Fuse::new(0, false, &stop),
        };
        let import = ImageImport {
            job: JobId::new("ABCDE").unwrap(),
            attempt: &world.attempt(),
            device: Arc::new(Sized(bytes)),
            what: What::Glacier(import),
            target: &to.target(),
            services: &services,
            log_bucket: &*world.bucket,
            log: &LogLocation {
                bucket: BucketName::new("logs").unwrap(),
                key: ObjectKey::new("log").unwrap(),
            },
            settings: Settings::default(),
            resources: &crate::resources::Resources::new(&Settings::default()),
            logs: &Disk,
            clock: &ManualClock::at(Timestamp::from_unix(0)),
            progress: &Progress::default(),
            stop: &stop,
        };
        import.run(world.folder.path()).unwrap_err()
    };
    assert!(matches!(run(To::Vault, 0), ImageError::Empty));
    assert!(matches!(
        run(To::Vault, (40 << 40) + 1),
        ImageError::TooLarge { .. }
    ));
    assert!(matches!(
        run(To::One, (5 << 40) + 1),
        ImageError::TooLarge { .. }
    ));
}
