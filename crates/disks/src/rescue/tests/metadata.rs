//! What readers of file systems ask for.

use filesystems::blocks::{Blocks as _, Fault};

use super::*;

#[test]
fn metadata_is_tried_three_times_at_once_and_then_no_more() {
    let (content, folder) = (content(1024 * KIB), tempfile::tempdir().unwrap());
    let device = Arc::new(MemoryDevice::new(content.clone()));
    device.break_range(8192..8704, Errno::IO, 2);
    device.break_range(20480..20992, Errno::NODATA, u32::MAX);
    let rescue = open(&device, folder.path());
    let mut blocks = rescue.metadata();
    let mut into = vec![0; 8192];
    // Fails with what is around it, and once alone; then it comes.
    assert_eq!(blocks.read(4100, &mut into), Ok(()));
    assert_eq!(into, content[4100..12292]);
    assert_eq!(blocks.read(16384, &mut into), Err(Fault::Bad));
    assert_eq!(device.failed_reads(20480), 3);
    assert_eq!(blocks.read(20480, &mut into), Err(Fault::Bad));
    assert_eq!(device.failed_reads(20480), 3);
    // What lies around the bad sector is to be had by whoever asks for it alone.
    assert_eq!(blocks.read(16384, &mut into[..4096]), Ok(()));
    assert_eq!(into[..4096], content[16384..20480]);
    assert_eq!(blocks.read(20992, &mut into[..3584]), Ok(()));
    assert_eq!(into[..3584], content[20992..24576]);
    assert_eq!(blocks.read(1024 * KIB - 10, &mut into), Err(Fault::Bad));
}

/// What is read around a block is nobody's wish: a bad sector in it is tried once, what is well is not spoiled by it, and
/// what is asked for then has its other tries.
#[test]
fn what_is_read_around_metadata_costs_a_bad_sector_one_try() {
    let (content, folder) = (content(1024 * KIB), tempfile::tempdir().unwrap());
    let device = Arc::new(MemoryDevice::new(content.clone()));
    device.break_range(20480..20992, Errno::NODATA, u32::MAX);
    let rescue = open(&device, folder.path());
    let mut blocks = rescue.metadata();
    let mut around = vec![0; 256 << 10];
    for bytes in [256 << 10, 64 << 10] {
        let read = blocks.read_lightly(0, &mut around[..bytes]);
        assert_eq!((read, device.failed_reads(20480)), (Err(Fault::Bad), 1));
    }
    assert_eq!(rescue.unread(0..1024 * KIB), Unread::default());
    assert!(rescue.map().ranges(Status::Bad).is_empty());
    assert_eq!(blocks.read_lightly(256 * KIB, &mut around), Ok(()));
    assert!(around == content[256 << 10..512 << 10]);
    let mut into = vec![0; 4096];
    assert_eq!(blocks.read(16384, &mut into), Ok(()));
    assert_eq!(
        (&into[..], 1),
        (&content[16384..20480], device.failed_reads(20480))
    );
    assert_eq!(blocks.read(20480, &mut into), Err(Fault::Bad));
    assert_eq!(device.failed_reads(20480), 3);
    assert_eq!(rescue.unread(0..1024 * KIB).pending, only(20480..20992));
}

/// The same for the bytes of files: with what was read around metadata they have had their first try.
#[test]
fn what_failed_around_metadata_is_not_read_in_large_steps_again() {
    let (content, folder) = (content(1024 * KIB), tempfile::tempdir().unwrap());
    let device = Arc::new(MemoryDevice::new(content.clone()));
    device.break_range(20480..20992, Errno::NODATA, u32::MAX);
    let rescue = open(&device, folder.path());
    let around = &mut vec![0; 256 << 10];
    assert_eq!(rescue.metadata().read_lightly(0, around), Err(Fault::Bad));
    read(&rescue, &content, 0..1024 * KIB);
    assert_eq!(device.failed_reads(20480), 2, "and in its cluster");
    retry(&rescue);
    assert_eq!(device.failed_reads(20480), 4, "and alone, and in the retry");
    assert_eq!(rescue.unread(0..1024 * KIB).given_up, only(20480..20992));
}
