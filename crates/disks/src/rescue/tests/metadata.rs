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
