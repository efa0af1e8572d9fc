//! From a device to objects and back.

use std::os::unix::fs::MetadataExt as _;

use objectstore::{Bucket as _, Checksums};
use proptest::prelude::*;

use super::*;
use crate::image::restore::{Output, OutputError, Overwrite, Restore, RestoreError, Restored};

/// Rebuilds a world's image as a file.
fn restore(world: &World, path: &Path) -> Result<Restored, RestoreError> {
    let index = world.index();
    let restore = Restore {
        index: &index,
        bucket: &*world.bucket,
        parallel: 3,
        progress: &Progress::default(),
        stop: &Stop::default(),
    };
    restore.run(Output::open(path, index.bytes, Overwrite::Never)?)
}

fn imaged(to: To, content: &[u8]) -> World {
    let world = World::new(to);
    world.run(&memory(content.to_vec())).done();
    world
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// Whatever the device holds, the rebuilt image holds.
    #[test]
    fn what_is_rebuilt_is_the_device(bytes in 1..40 * MIB, zeros in 0..17_usize, one in any::<bool>()) {
        let content = content(bytes, zeros);
        let world = imaged(if one { To::One } else { To::Series }, &content);
        let path = world.folder.path().join("image");
        let restored = restore(&world, &path).unwrap();
        prop_assert!(std::fs::read(&path).unwrap() == content);
        prop_assert!(restored.whole);
        prop_assert_eq!((restored.bytes, restored.unproved), (bytes as u64, 0));
    }
}

#[test]
fn zeros_are_neither_fetched_nor_written() {
    let mut content = vec![0; 64 * MIB];
    content[20 * MIB..20 * MIB + 5].copy_from_slice(b"hello");
    let world = imaged(To::Series, &content);
    let path = world.folder.path().join("image");
    let restored = restore(&world, &path).unwrap();
    assert_eq!((restored.fetched, restored.proved), (OBJECT_BYTES, 1));
    assert!(std::fs::metadata(&path).unwrap().blocks() * 512 < MIB as u64);
    assert!(std::fs::read(&path).unwrap() == content);
}

#[test]
fn an_object_that_is_not_what_it_was_leaves_no_file() {
    let content = content(40 * MIB, 0);
    let world = imaged(To::Series, &content);
    let key = ObjectKey::new("p/ABCDE/image.00001").unwrap();
    let path = world.folder.path().join("image");
    let mut other = world.object(&key);
    other[9 * MIB] ^= 1;
    let put = |body: &[u8]| {
        let body = bytes::Bytes::copy_from_slice(body);
        let sums = Checksums::of(&body);
        world
            .bucket
            .put(&key, body, &Default::default(), &sums)
            .unwrap();
    };
    put(&other);
    let error = restore(&world, &path).unwrap_err().to_string();
    assert!(
        error.contains("image.00001") && error.contains("SHA-256"),
        "{error}"
    );
    put(&other[..MIB]);
    let error = restore(&world, &path).unwrap_err().to_string();
    assert!(error.contains("image.00001"), "{error}");
    world.bucket.delete(&key).unwrap();
    assert!(matches!(
        restore(&world, &path),
        Err(RestoreError::Store { .. })
    ));
    let left: Vec<_> = std::fs::read_dir(world.folder.path()).unwrap().collect();
    assert!(
        !path.exists()
            && left.iter().all(|entry| {
                !entry
                    .as_ref()
                    .unwrap()
                    .file_name()
                    .to_string_lossy()
                    .contains("image")
            })
    );
}

#[test]
fn an_output_that_exists_needs_leave() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("image");
    std::fs::write(&path, "old").unwrap();
    let refused = Output::open(&path, 10, Overwrite::Never);
    assert!(matches!(refused, Err(OutputError::Exists(_))));
    let unsuited = Output::open(folder.path(), 10, Overwrite::Allowed);
    assert!(matches!(unsuited, Err(OutputError::Unsuited(_))));
    let output = Output::open(&path, 10, Overwrite::Allowed).unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), b"old", "until it is whole");
    drop(output);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}
