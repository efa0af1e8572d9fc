//! Reads a stretch of a device, and finds out what of it cannot be read.

use std::io;

use model::image::BadRange;

use crate::stop::{Halt, Stop};
use disks::fault::Fault;
use disks::tree::{DeviceGone, fill_by};

use super::Halted;
use disks::device::{Device, SECTOR_BYTES};

/// Into so many pieces a read that failed is split: a bad sector of 8 MiB costs some forty reads, of which
/// four fail, and failing ones are slow.
const PIECES: u64 = 16;

/// Reads `buffer.len()` bytes at `offset`. What cannot be read is filled with zeros, and told sector by
/// sector, sectors that touch as one range.
///
/// # Errors
/// If the device is gone or somebody asks to stop.
pub(crate) fn read(
    device: &dyn Device,
    offset: u64,
    buffer: &mut [u8],
    stop: &Stop,
) -> Result<Vec<BadRange>, Halted> {
    let mut bad = Vec::new();
    read_piece(device, offset, buffer, stop, &mut bad)?;
    Ok(bad)
}

fn read_piece(
    device: &dyn Device,
    offset: u64,
    buffer: &mut [u8],
    stop: &Stop,
    bad: &mut Vec<BadRange>,
) -> Result<(), Halted> {
    if stop.is_set() {
        return Err(Halted);
    }
    let Err(error) = read_whole(device, offset, buffer) else {
        return Ok(());
    };
    let length = buffer.len() as u64;
    tracing::debug!(offset, length, %error, "could not be read");
    if let Err(gone) = tell_bad_from_gone(device, error) {
        stop.halt(Halt::Device(gone));
        return Err(Halted);
    }
    if length <= SECTOR_BYTES {
        buffer.fill(0);
        add(
            bad,
            BadRange {
                offset,
                bytes: length,
            },
        );
        return Ok(());
    }
    let piece = length.div_ceil(PIECES).next_multiple_of(SECTOR_BYTES);
    let step = usize::try_from(piece).unwrap_or(usize::MAX);
    let mut at = offset;
    for part in buffer.chunks_mut(step) {
        read_piece(device, at, part, stop, bad)?;
        at += part.len() as u64;
    }
    Ok(())
}

fn add(bad: &mut Vec<BadRange>, range: BadRange) {
    match bad.last_mut() {
        Some(last) if last.offset + last.bytes == range.offset => last.bytes += range.bytes,
        _ => bad.push(range),
    }
}

fn read_whole(device: &dyn Device, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
    match fill_by(offset, buffer, |at, rest| Ok(device.read_at(at, rest)?)) {
        Ok(filled) if filled == buffer.len() => Ok(()),
        Ok(_) => Err(io::ErrorKind::UnexpectedEof.into()),
        Err(bad) => Err(bad.source),
    }
}

/// An error of a sector is data; one of the device, or of this host, ends the run.
fn tell_bad_from_gone(device: &dyn Device, error: io::Error) -> Result<(), DeviceGone> {
    // One that was pulled gives no bytes and no error.
    if error.kind() == io::ErrorKind::UnexpectedEof {
        return Err(DeviceGone(error));
    }
    match Fault::of_error(&error) {
        Fault::Gone(_) | Fault::Host(_) => Err(DeviceGone(error)),
        Fault::Bad(_) | Fault::Slow(_) => device.check(),
    }
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
    use disks::device::memory::MemoryDevice;

    fn range(offset: u64, bytes: u64) -> BadRange {
        BadRange { offset, bytes }
    }

    #[test]
    fn bad_sectors_are_found_to_the_sector_and_the_rest_is_read() {
        let content: Vec<u8> = (0..3_000_000_u32).map(|i| i.to_le_bytes()[1] | 1).collect();
        let device = MemoryDevice::new(content.clone());
        for sector in [3, 4, 100, 732] {
            device.break_sector(sector, u32::MAX);
        }
        let mut buffer = vec![9; content.len() - 4096];
        let bad = read(&device, 4096, &mut buffer, &Stop::default()).unwrap();
        let last = range(732 * 4096, 3_000_000 - 732 * 4096);
        assert_eq!(
            bad,
            [range(3 * 4096, 2 * 4096), range(100 * 4096, 4096), last]
        );
        for (at, (read, there)) in (4096_u64..).zip(buffer.iter().zip(&content[4096..])) {
            let is_bad = bad
                .iter()
                .any(|bad| (bad.offset..bad.offset + bad.bytes).contains(&at));
            assert_eq!(*read, if is_bad { 0 } else { *there }, "at {at}");
        }
    }

    #[test]
    fn a_device_that_is_gone_ends_the_run() {
        let device = MemoryDevice::new(vec![1; 100_000]);
        device.pull();
        let stop = Stop::default();
        assert!(read(&device, 0, &mut [0; 8192], &stop).is_err());
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
