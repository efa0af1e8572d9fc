//! The first pass, and what becomes of it.

use super::*;

#[test]
fn what_is_well_is_read_wherever_it_is_asked_for() {
    let (content, folder) = (content(300 * KIB + 100), tempfile::tempdir().unwrap());
    let device = Arc::new(MemoryDevice::new(content.clone()));
    let rescue = open(&device, folder.path());
    for range in [
        0..content.len() as u64,
        5..17,
        511..1025,
        300 * KIB + 7..300 * KIB + 100,
    ] {
        assert_eq!(read(&rescue, &content, range), []);
    }
    assert_eq!(rescue.map().ranges(Status::Read), only(0..300 * KIB + 100));
    // Past the end there is nothing, which is no error of the device.
    let end = content.len() as u64;
    assert_eq!(
        read(&rescue, &content, end - 10..end + 20),
        only(end..end + 20)
    );
    assert_eq!(
        read(&rescue, &content, end + 5..end + 9),
        only(end + 5..end + 9)
    );
    assert_eq!(
        rescue.unread(end - 10..end + 20).given_up,
        only(end..end + 20)
    );
}

#[test]
fn a_bad_cluster_and_the_skip_behind_it_are_left_and_come_later() {
    let (content, folder) = (content(8192 * KIB), tempfile::tempdir().unwrap());
    let device = Arc::new(MemoryDevice::new(content.clone()));
    let bad = 1000 * KIB..1000 * KIB + 512;
    device.break_range(bad.clone(), Errno::NODATA, u32::MAX);
    let rescue = open(&device, folder.path());
    let whole = 0..8192 * KIB;
    // The cluster with it, and 80 KiB behind: a hundredth of the device, in whole clusters.
    let unread = read(&rescue, &content, whole.clone());
    assert_eq!(unread, only(960 * KIB..1088 * KIB));
    let map = rescue.map();
    assert_eq!(map.ranges(Status::Untrimmed), only(960 * KIB..1024 * KIB));
    assert_eq!(map.ranges(Status::Untried), only(1024 * KIB..1088 * KIB));
    assert_eq!(device.failed_reads(bad.start), 2);
    // Asked again, it is not touched again.
    assert_eq!(read(&rescue, &content, whole.clone()), unread);
    assert_eq!(device.failed_reads(bad.start), 2);
    assert_eq!(rescue.unread(whole.clone()).pending, unread);
    retry(&rescue);
    assert_eq!(device.failed_reads(bad.start), 4);
    let left = rescue.unread(whole.clone());
    assert_eq!((left.pending, left.given_up), (vec![], only(bad.clone())));
    assert_eq!(read(&rescue, &content, whole.clone()), only(bad.clone()));
    // The next attempt knows it, and has what came in the retry though the device would not give it again.
    rescue.save().unwrap();
    drop(rescue);
    device.break_range(960 * KIB..1088 * KIB, Errno::NODATA, u32::MAX);
    let rescue = open(&device, folder.path());
    assert_eq!(read(&rescue, &content, whole.clone()), only(bad.clone()));
    assert_eq!(rescue.unread(whole).given_up, only(bad));
    retry(&rescue);
    assert_eq!(device.failed_reads(960 * KIB), 0);
    rescue.let_go().unwrap();
    drop(rescue);
    let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(left.len(), 1, "{left:?}");
    let map = std::fs::read_to_string(folder.path().join(MAP)).unwrap();
    assert_eq!(RescueMap::parse(&map).unwrap().ranges(Status::Bad).len(), 1);
}

#[test]
fn what_is_wanted_and_not_read_now_comes_later() {
    let (content, folder) = (content(1024 * KIB), tempfile::tempdir().unwrap());
    let device = Arc::new(MemoryDevice::new(content.clone()));
    let rescue = open(&device, folder.path());
    assert_eq!(read(&rescue, &content, 0..4096), []);
    rescue.want(100..10_000);
    assert_eq!(rescue.unread(0..1024 * KIB).pending, only(4096..10_240));
    retry(&rescue);
    assert_eq!(read(&rescue, &content, 0..1024 * KIB), []);
}

#[test]
fn a_device_that_is_gone_leaves_nothing_in_the_map() {
    let (content, folder) = (content(1024 * KIB), tempfile::tempdir().unwrap());
    let device = Arc::new(MemoryDevice::new(content.clone()));
    let rescue = open(&device, folder.path());
    device.pull();
    assert!(rescue.read(0, &mut [0; 8192]).is_err());
    device.plug_in();
    assert_eq!(rescue.map().blocks(), [(0..1024 * KIB, Status::Untried)]);
    assert_eq!(read(&rescue, &content, 0..1024 * KIB), []);
}

/// It has its name and its size still, and answers every read with an error of a place.
struct Dead(MemoryDevice);

impl Device for Dead {
    fn bytes(&self) -> u64 {
        self.0.bytes()
    }
    fn sector(&self) -> u32 {
        512
    }
    fn read_at(&self, _: u64, _: &mut [u8]) -> Result<usize, crate::fault::Fault> {
        Err(crate::fault::Fault::of(Errno::IO))
    }
    fn next_data(&self, offset: u64) -> u64 {
        offset
    }
    fn check(&self) -> Result<(), DeviceGone> {
        Err(DeviceGone(Errno::IO.into()))
    }
}

#[test]
fn a_device_that_answers_with_errors_alone_is_gone_and_none_of_them_counts() {
    let folder = tempfile::tempdir().unwrap();
    let device: Arc<dyn Device> = Arc::new(Dead(MemoryDevice::new(content(4096 * KIB))));
    for timing in [at_once(), Timing::default()] {
        let rescue =
            Arc::new(Rescue::open_with(Arc::clone(&device), folder.path(), timing).unwrap());
        assert!(rescue.read(0, &mut vec![0; 4096 * 1024]).is_err());
        let mut blocks = rescue.metadata();
        let read = filesystems::blocks::Blocks::read(&mut blocks, 0, &mut [0; 4096]);
        assert_eq!(read, Err(filesystems::blocks::Fault::Ended));
        assert!(blocks.gone().is_some());
        assert_eq!(rescue.map().blocks(), [(0..4096 * KIB, Status::Untried)]);
    }
}
