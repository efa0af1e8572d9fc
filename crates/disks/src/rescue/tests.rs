//! Devices that fail, in memory: what comes, what does not, and what is touched for it.

mod bounds;
mod kills;
mod large;
mod metadata;
mod oracle;
mod reading;
mod traced;

use super::map::Status;
use super::*;
use crate::device::memory::MemoryDevice;
use rustix::io::Errno;

const KIB: u64 = 1024;

/// Bytes of which none is zero and no two sectors are alike.
fn content(bytes: u64) -> Vec<u8> {
    let mut content = Vec::with_capacity(index(bytes) + 512);
    for sector in 0..bytes.div_ceil(512) {
        let word = (sector + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 0x0101_0101_0101_0101;
        content.extend_from_slice(&word.to_le_bytes().repeat(64));
    }
    content.truncate(index(bytes));
    content
}

/// A rescue that waits for nothing.
fn open(device: &Arc<MemoryDevice>, folder: &Path) -> Arc<Rescue> {
    let device = Arc::clone(device) as Arc<dyn Device>;
    Arc::new(Rescue::open_with(device, folder, impatient()).unwrap())
}

fn impatient() -> Timing {
    Timing {
        pause: Duration::ZERO,
        ..Timing::default()
    }
}

/// The same, and what it knows is saved at once.
fn at_once() -> Timing {
    Timing {
        save_every: Duration::ZERO,
        ..impatient()
    }
}

/// Reads a range, and looks whether what came is right and the rest is zeros. Gives what did not come.
#[track_caller]
fn read(rescue: &Rescue, content: &[u8], range: Range<u64>) -> Vec<Range<u64>> {
    let mut buffer = vec![0xAA; index(range.end - range.start)];
    let unread = rescue.read(range.start, &mut buffer).unwrap();
    let there = range.start.min(content.len() as u64)..range.end.min(content.len() as u64);
    let mut expected = content[index(there.start)..index(there.end)].to_vec();
    expected.resize(buffer.len(), 0);
    for missing in &unread {
        expected[index(missing.start - range.start)..index(missing.end - range.start)].fill(0);
    }
    assert!(buffer == expected, "other bytes in {range:?}");
    unread
}

fn retry(rescue: &Rescue) {
    rescue.retry(&RetryLimits::default(), &|| false).unwrap();
}

/// One range and no other.
fn only(range: Range<u64>) -> Vec<Range<u64>> {
    std::iter::once(range).collect()
}
