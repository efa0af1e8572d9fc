//! What trying again may cost, and who may end it.

use std::sync::atomic::{AtomicU64, Ordering};

use model::time::{Clock, ManualClock, Timestamp};

use super::*;
use crate::fault::Fault;

/// Each failing read takes seven seconds of a clock, as on a disk that gives up early.
struct Searching(Arc<MemoryDevice>, Arc<ManualClock>);

impl Device for Searching {
    fn bytes(&self) -> u64 {
        self.0.bytes()
    }
    fn sector(&self) -> u32 {
        512
    }
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize, Fault> {
        let read = self.0.read_at(offset, buffer);
        self.1.advance(if read.is_ok() { 0 } else { 7 });
        read
    }
    fn next_data(&self, offset: u64) -> u64 {
        offset
    }
    fn check(&self) -> Result<(), DeviceGone> {
        self.0.check()
    }
}

/// 2 MiB of which the second half is bad.
fn half_bad() -> (Vec<u8>, Arc<MemoryDevice>) {
    let content = content(2048 * KIB);
    let device = Arc::new(MemoryDevice::new(content.clone()));
    device.break_range(1024 * KIB..2048 * KIB, Errno::NODATA, u32::MAX);
    (content, device)
}

#[test]
fn when_the_time_is_over_what_is_left_is_given_up_and_next_time_it_is_not() {
    let ((content, device), folder) = (half_bad(), tempfile::tempdir().unwrap());
    let clock = Arc::new(ManualClock::at(Timestamp::from_unix(0)));
    let open = || {
        let device = Searching(Arc::clone(&device), Arc::clone(&clock));
        let clock: Arc<dyn Clock> = clock.clone();
        let timing = Timing {
            clock,
            ..impatient()
        };
        Rescue::open_with(Arc::new(device), folder.path(), timing).unwrap()
    };
    let rescue = open();
    let whole = 0..2048 * KIB;
    assert_eq!(
        read(&rescue, &content, whole.clone()),
        only(1024 * KIB..2048 * KIB)
    );
    let before = clock.now();
    let limits = RetryLimits {
        time: Duration::from_secs(3600),
        ..RetryLimits::default()
    };
    rescue.retry(&limits, &|| false).unwrap();
    let took = clock.now().since(before).whole_seconds();
    assert!((3600..3607).contains(&took), "{took}");
    let left = rescue.unread(whole.clone());
    assert_eq!(
        (left.pending, left.given_up),
        (vec![], only(1024 * KIB..2048 * KIB))
    );
    drop(rescue);
    let rescue = open();
    let left = rescue.unread(whole);
    assert!(left.given_up.is_empty() && !left.pending.is_empty());
}

#[test]
fn with_too_many_bad_areas_it_ends() {
    let (content, folder) = (content(2048 * KIB), tempfile::tempdir().unwrap());
    let device = Arc::new(MemoryDevice::new(content.clone()));
    for sector in (0..4096).step_by(2) {
        device.break_range(sector * 512..sector * 512 + 512, Errno::IO, u32::MAX);
    }
    let rescue = open(&device, folder.path());
    read(&rescue, &content, 0..2048 * KIB);
    let limits = RetryLimits {
        bad_areas: 50,
        ..RetryLimits::default()
    };
    rescue.retry(&limits, &|| false).unwrap();
    assert_eq!(rescue.map().ranges(Status::Bad).len(), 51);
    assert!(rescue.unread(0..2048 * KIB).pending.is_empty());
}

#[test]
fn who_stops_it_gives_nothing_up() {
    let ((content, device), folder) = (half_bad(), tempfile::tempdir().unwrap());
    let rescue = open(&device, folder.path());
    let bad = only(1024 * KIB..2048 * KIB);
    read(&rescue, &content, 0..2048 * KIB);
    let asked = AtomicU64::new(0);
    let is_stopped = || asked.fetch_add(1, Ordering::SeqCst) > 300;
    rescue.retry(&RetryLimits::default(), &is_stopped).unwrap();
    let left = rescue.unread(0..2048 * KIB);
    assert_eq!((left.pending, left.given_up), (bad.clone(), vec![]));
    retry(&rescue);
    assert_eq!(rescue.unread(0..2048 * KIB).given_up, bad);
}

#[test]
fn a_sector_is_retried_as_often_as_is_asked_for_also_over_attempts() {
    let (content, folder) = (content(256 * KIB), tempfile::tempdir().unwrap());
    let device = Arc::new(MemoryDevice::new(content.clone()));
    // A large read, a cluster, alone; then four retries in vain.
    device.break_range(8192..8704, Errno::IO, 3 + 4);
    let limits = RetryLimits {
        retries: 5,
        ..RetryLimits::default()
    };
    let whole = 0..256 * KIB;
    for attempt in 0..=5 {
        let rescue = open(&device, folder.path());
        assert_ne!(read(&rescue, &content, whole.clone()), []);
        assert_ne!(rescue.unread(whole.clone()).pending, [], "{attempt}");
        let asked = AtomicU64::new(0);
        // Stopped when what was skipped is read and the cluster is trimmed, and then after each retry.
        let most = if attempt == 0 { 1 + 128 } else { 1 };
        let is_stopped = || asked.fetch_add(1, Ordering::SeqCst) >= most;
        rescue.retry(&limits, &is_stopped).unwrap();
    }
    assert_eq!(device.failed_reads(8192), 7);
    let rescue = open(&device, folder.path());
    assert_eq!(read(&rescue, &content, 0..256 * KIB), []);
}

/// What was given up is not touched by a later attempt, unless somebody says so; what was rescued stays.
#[test]
fn what_was_given_up_is_tried_anew_if_that_is_wanted() {
    let (content, folder) = (content(256 * KIB), tempfile::tempdir().unwrap());
    let device = Arc::new(MemoryDevice::new(content.clone()));
    device.break_range(8192..8704, Errno::IO, 4);
    device.break_range(65536..66048, Errno::IO, 2);
    let whole = 0..256 * KIB;
    let rescue = open(&device, folder.path());
    read(&rescue, &content, whole.clone());
    retry(&rescue);
    assert_eq!(rescue.unread(whole.clone()).given_up, only(8192..8704));
    drop(rescue);
    let rescue = open(&device, folder.path());
    assert_eq!(read(&rescue, &content, whole.clone()), only(8192..8704));
    retry(&rescue);
    assert_eq!(rescue.unread(whole.clone()).given_up, only(8192..8704));
    drop(rescue);
    try_anew(folder.path()).unwrap();
    // What was rescued comes from where it is kept.
    device.break_range(65536..66048, Errno::IO, u32::MAX);
    let rescue = open(&device, folder.path());
    assert_eq!(read(&rescue, &content, whole.clone()), only(8192..8704));
    assert_eq!(rescue.unread(whole.clone()).pending, only(8192..8704));
    retry(&rescue);
    assert_eq!(read(&rescue, &content, whole), []);
    // Where nothing is known there is nothing to be forgotten.
    try_anew(tempfile::tempdir().unwrap().path()).unwrap();
}

#[test]
fn another_device_has_nothing_of_what_was_rescued() {
    let folder = tempfile::tempdir().unwrap();
    let first = Arc::new(MemoryDevice::new(content(2048 * KIB)));
    first.break_range(1000 * KIB..1001 * KIB, Errno::IO, 3);
    let rescue = open(&first, folder.path());
    read(&rescue, &content(2048 * KIB), 0..2048 * KIB);
    retry(&rescue);
    drop(rescue);
    assert!(folder.path().join(kept::FILE).exists());
    let other: Vec<u8> = content(2048 * KIB).iter().map(|byte| !byte).collect();
    let second = Arc::new(MemoryDevice::new(other.clone()));
    let rescue = open(&second, folder.path());
    assert_eq!(read(&rescue, &other, 0..2048 * KIB), []);
    drop(rescue);
    // And the first comes back to a clean folder.
    let rescue = open(&first, folder.path());
    assert_eq!(read(&rescue, &content(2048 * KIB), 0..2048 * KIB), []);
}

/// It comes alone, and never with what lies around it.
#[test]
fn what_there_is_no_room_for_is_not_tried_for_ever() {
    let content = content(1024 * KIB);
    let inner = Arc::new(MemoryDevice::new(content.clone()));
    let folder = tempfile::tempdir().unwrap();
    let device = Arc::new(Alone(inner));
    let rescue = Rescue::open_with(device, folder.path(), impatient()).unwrap();
    rescue.kept().room = 0;
    let whole = 0..1024 * KIB;
    assert_ne!(read(&rescue, &content, whole.clone()), []);
    retry(&rescue);
    assert_eq!(rescue.unread(whole.clone()), Unread::default());
    let unread = read(&rescue, &content, whole.clone());
    assert!(unread.iter().any(|range| range.contains(&(100 * KIB))));
    assert_eq!(rescue.unread(whole).pending, []);
}

struct Alone(Arc<MemoryDevice>);

impl Device for Alone {
    fn bytes(&self) -> u64 {
        self.0.bytes()
    }
    fn sector(&self) -> u32 {
        512
    }
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize, Fault> {
        let end = offset + buffer.len() as u64;
        match offset <= 100 * KIB && 100 * KIB < end && buffer.len() > 512 {
            true => Err(Fault::of(Errno::IO)),
            false => self.0.read_at(offset, buffer),
        }
    }
    fn next_data(&self, offset: u64) -> u64 {
        offset
    }
    fn check(&self) -> Result<(), DeviceGone> {
        Ok(())
    }
}
