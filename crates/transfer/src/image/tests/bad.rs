//! Images of devices that do not give all they have.

use std::ops::Range;
use std::sync::atomic::AtomicU64;

use super::*;
use disks::fault::Fault;
use disks::rescue::map::{RescueMap, Status};
use disks::tree::DeviceGone;
use rustix::io::Errno;

const SECTOR: usize = 4096;

fn without(content: &[u8], sectors: &[usize]) -> Vec<u8> {
    let of_sector = |sector: &usize| (sector * SECTOR) as u64..((sector + 1) * SECTOR) as u64;
    without_ranges(content, &sectors.iter().map(of_sector).collect::<Vec<_>>())
}

fn without_ranges(content: &[u8], ranges: &[Range<u64>]) -> Vec<u8> {
    let mut content = content.to_vec();
    for range in ranges {
        let [start, end] = [range.start, range.end].map(|at| usize::try_from(at).unwrap());
        let end = end.min(content.len());
        content[start..end].fill(0);
    }
    content
}

/// What cannot be read is zeros in the image, and listed; the sums are those of the image.
#[test]
fn bad_sectors_are_zeros_and_listed() {
    for to in EVERYWHERE {
        let world = World::new(to);
        let content = content(20 * MIB + 512, 2);
        let device = memory(content.clone());
        let last = content.len() / SECTOR;
        let bad = [3, 4, 2500, last];
        bad.iter()
            .for_each(|sector| device.break_sector(*sector as u64, u32::MAX));
        let done = world.run(&device).done();
        world.check(&done, &without(&content, &bad));
        let range = |first: usize, end: usize| (first * SECTOR) as u64..end as u64;
        let listed = [
            range(3, 5 * SECTOR),
            range(2500, 2501 * SECTOR),
            range(last, content.len()),
        ];
        assert_eq!(done.bad_ranges, listed);
        assert_eq!(done.errors, 3);
        let file = |name: &str| std::fs::read_to_string(world.folder.path().join(name));
        let map = RescueMap::parse(&file("device.map").unwrap()).unwrap();
        assert_eq!(map.ranges(Status::Bad), listed);
        assert_eq!(map.blocks().len(), 6);
        // The image has what was rescued.
        assert!(file("rescued").is_err());
        assert!(
            done.remark.ends_with(
                " 12,800 bytes of the device could not be read and are zeros in the image: 8192 from \
                 offset 12288, 4096 from offset 10240000, 512 from offset 20971520."
            ),
            "{}",
            done.remark
        );
    }
}

/// A sector that gives its bytes when it is asked again at the end is in the image, and the sums know.
#[test]
fn what_comes_at_the_second_asking_is_in_the_image() {
    for to in EVERYWHERE {
        let world = World::new(to);
        let content = content(44 * MIB, 2);
        let device = memory(content.clone());
        // A read of 4 MiB, one of 64 KiB, the first and the last sector of 512 bytes.
        device.break_sector(2500, 4);
        device.break_sector(7000, u32::MAX);
        let done = world.run(&device).done();
        world.check(&done, &without(&content, &[7000]));
        assert_eq!(done.errors, 1);
    }
}

/// The same, with an attempt that ends at any step.
#[test]
fn a_crash_among_bad_sectors_changes_nothing() {
    for to in EVERYWHERE {
        let content = content(12 * MIB, 8);
        for at in (0..60).step_by(if to == To::Snapshot { 11 } else { 5 }) {
            let world = World::new(to);
            let device = memory(content.clone());
            device.break_sector(1500, 4);
            device.break_sector(2000, 4 + 3);
            device.break_sector(2200, u32::MAX);
            let first = world.run_for(&device, at, at % 2 == 0);
            if matches!(first.outcome, ImageOutcome::Stopped) && at % 4 == 0 {
                world.lose_power();
            }
            let done = world.run(&device).done();
            let lost = &done.bad_ranges;
            let has_lost = |at: u64| lost.iter().any(|range| range.contains(&at));
            assert!(has_lost(2200 * SECTOR as u64), "{lost:?}");
            let is_bad = |at: u64| [1500, 2000, 2200].contains(&(at / SECTOR as u64));
            assert!(
                lost.iter()
                    .all(|range| is_bad(range.start) && is_bad(range.end - 1)),
                "{lost:?}"
            );
            world.check(&done, &without_ranges(&content, lost));
        }
    }
}

/// A device that is not the same from one read to the next: asked for a range, with the number of bytes
/// read before, it tells whether it fails.
struct Moody<F> {
    content: Vec<u8>,
    read: AtomicU64,
    fails: F,
}

impl<F: Fn(u64, u64, u64) -> bool + Send + Sync> Device for Moody<F> {
    fn bytes(&self) -> u64 {
        self.content.len() as u64
    }
    fn sector(&self) -> u32 {
        512
    }
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize, Fault> {
        let length = buffer.len() as u64;
        let before = self.read.load(Ordering::SeqCst);
        if (self.fails)(offset, length, before) {
            return Err(Fault::of(Errno::IO));
        }
        self.read.fetch_add(length, Ordering::SeqCst);
        let at = usize::try_from(offset).unwrap();
        buffer.copy_from_slice(&self.content[at..at + buffer.len()]);
        Ok(buffer.len())
    }
    fn next_data(&self, offset: u64) -> u64 {
        offset
    }
    fn check(&self) -> Result<(), DeviceGone> {
        Ok(())
    }
}

/// A sector comes at the second asking, and when the rest is read again for the sums, one that was read
/// before is gone: what was sent stays, and only the sums are missing.
#[test]
fn what_was_sent_stays_though_the_device_does_not_give_it_again() {
    let content = content(40 * MIB, 0);
    let has = |offset: u64, length: u64, sector: u64| {
        (offset..offset + length).contains(&(sector * SECTOR as u64))
    };
    // Sector 100 fails until nearly all was read; 3000 from then on.
    let late = 38 << 20;
    for to in EVERYWHERE {
        let device = Arc::new(Moody {
            content: content.clone(),
            read: AtomicU64::new(0),
            fails: move |offset, length, read| match read < late {
                true => has(offset, length, 100),
                false => has(offset, length, 3000),
            },
        });
        let world = World::new(to);
        let done = world.run(&device).done();
        assert!(world.image(&done) == content, "{to:?}");
        assert_eq!((&*stored(&done).md5, &*stored(&done).sha256), ("", ""));
        assert_eq!(done.bad_ranges, []);
        assert!(
            done.remark.contains("no sums of the whole image"),
            "{}",
            done.remark
        );
        if to == To::Series {
            let index = world.index();
            let sums: Vec<bool> = index.objects.iter().map(|o| o.sha256.is_some()).collect();
            assert_eq!((index.md5, sums), (None, vec![false, true, true]));
        }
    }
}
