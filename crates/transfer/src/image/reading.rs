//! Reads a stretch of a device, and finds out what of it cannot be read.

use disks::rescue::{Rescue, RetryLimits};
use disks::tree::DeviceGone;
use model::image::BadRange;

use super::Halted;
use crate::stop::{Halt, Stop};

/// Reads `buffer.len()` bytes at `offset`. What did not come, or was left for later, is filled with zeros and told,
/// ranges that touch as one.
///
/// # Errors
/// If the device is gone or somebody asks to stop.
pub(crate) fn read(
    rescue: &Rescue,
    offset: u64,
    buffer: &mut [u8],
    stop: &Stop,
) -> Result<Vec<BadRange>, Halted> {
    if stop.is_set() {
        return Err(Halted);
    }
    let unread = halting(stop, rescue.read(offset, buffer))?;
    let bad = unread.into_iter().map(|range| BadRange {
        offset: range.start,
        bytes: range.end - range.start,
    });
    Ok(bad.collect())
}

/// Asks again for all that did not come, `bad` among it, which another attempt may have left.
///
/// # Errors
/// If the device is gone or somebody asks to stop.
pub(crate) fn retry(rescue: &Rescue, bad: &[BadRange], stop: &Stop) -> Result<(), Halted> {
    for range in bad {
        rescue.want(range.offset..range.offset.saturating_add(range.bytes));
    }
    let retried = rescue.retry(&RetryLimits::default(), &|| stop.is_set());
    halting(stop, retried)?;
    match stop.is_set() {
        true => Err(Halted),
        false => Ok(()),
    }
}

/// A device that is gone ends the run.
fn halting<T>(stop: &Stop, done: Result<T, DeviceGone>) -> Result<T, Halted> {
    done.map_err(|gone| {
        stop.halt(Halt::Device(gone));
        Halted
    })
}

/// Whether every range of `found` lies within one of `known`.
pub(crate) fn are_known(found: &[BadRange], known: &[BadRange]) -> bool {
    found.iter().all(|range| {
        known.iter().any(|other| {
            other.offset <= range.offset && range.offset + range.bytes <= other.offset + other.bytes
        })
    })
}

/// Whether all bytes are zero.
pub(crate) fn is_zero(bytes: &[u8]) -> bool {
    const ZEROS: [u8; 4096] = [0; 4096];
    // Most data shows it in its first bytes; comparing whole pages is what the processor does best.
    bytes
        .chunks(ZEROS.len())
        .all(|page| *page == ZEROS[..page.len()])
}

#[cfg(test)]
mod tests {
    use super::*;
    use disks::device::Device;
    use disks::device::memory::MemoryDevice;
    use std::sync::Arc;

    fn range(offset: u64, bytes: u64) -> BadRange {
        BadRange { offset, bytes }
    }

    fn rescue(device: &Arc<MemoryDevice>) -> (Rescue, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let device = Arc::clone(device) as Arc<dyn Device>;
        (Rescue::open(device, folder.path()).unwrap(), folder)
    }

    #[test]
    fn bad_sectors_are_found_to_the_sector_and_the_rest_is_read() {
        let content: Vec<u8> = (0..3_000_000_u32).map(|i| i.to_le_bytes()[1] | 1).collect();
        let device = Arc::new(MemoryDevice::new(content.clone()));
        for sector in [3, 4, 100, 732] {
            device.break_sector(sector, u32::MAX);
        }
        let (rescue, _folder) = rescue(&device);
        let (mut buffer, stop) = (vec![9; content.len() - 4096], Stop::default());
        let left = read(&rescue, 4096, &mut buffer, &stop).unwrap();
        retry(&rescue, &left, &stop).unwrap();
        let bad = read(&rescue, 4096, &mut buffer, &stop).unwrap();
        let last = range(732 * 4096, 3_000_000 - 732 * 4096);
        assert_eq!(
            bad,
            [range(3 * 4096, 2 * 4096), range(100 * 4096, 4096), last]
        );
        assert!(are_known(&bad, &left));
        for (at, (read, there)) in (4096_u64..).zip(buffer.iter().zip(&content[4096..])) {
            let is_bad = bad
                .iter()
                .any(|bad| (bad.offset..bad.offset + bad.bytes).contains(&at));
            assert_eq!(*read, if is_bad { 0 } else { *there }, "at {at}");
        }
    }

    #[test]
    fn a_device_that_is_gone_ends_the_run() {
        let device = Arc::new(MemoryDevice::new(vec![1; 100_000]));
        let (rescue, _folder) = rescue(&device);
        device.pull();
        let stop = Stop::default();
        assert!(read(&rescue, 0, &mut [0; 8192], &stop).is_err());
        assert!(matches!(stop.take_reason(), Some(Halt::Device(_))));
    }

    #[test]
    fn ranges_are_known_only_as_a_whole() {
        let known = [range(10, 10), range(30, 5)];
        assert!(are_known(&[], &known));
        assert!(are_known(&[range(12, 8), range(30, 5)], &known));
        assert!(!are_known(&[range(12, 9)], &known));
        assert!(!are_known(&[range(20, 1)], &known));
    }

    #[test]
    fn zeros_are_all_zeros() {
        assert!(is_zero(&[]) && is_zero(&[0; 10_000]));
        for at in [0, 4095, 4096, 9_999] {
            let mut bytes = [0; 10_000];
            bytes[at] = 1;
            assert!(!is_zero(&bytes), "{at}");
        }
    }
}
