//! A device of 1 GiB with two hundred bad areas.

use super::traced::Traced;
use super::*;
use crate::fault::Fault;

const MIB: u64 = 1 << 20;
const BYTES: u64 = 1024 * MIB;

/// Each sector says where it is.
struct Generated {
    bad: Vec<Range<u64>>,
}

/// 200 of 512 bytes to 100 KiB, here and there.
fn areas() -> Vec<Range<u64>> {
    let area = |n: u64| {
        let start = n * (BYTES / 200) / 512 * 512 + n * n * 7 % 4000 * 512;
        start..start + 512 * (1 + n * 31 % 200)
    };
    (0..200).map(area).collect()
}

impl Device for Generated {
    fn bytes(&self) -> u64 {
        BYTES
    }

    fn sector(&self) -> u32 {
        512
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize, Fault> {
        let end = offset + buffer.len() as u64;
        if self
            .bad
            .iter()
            .any(|bad| bad.start < end && offset < bad.end)
        {
            return Err(Fault::of(Errno::NODATA));
        }
        for (at, sector) in (offset..).step_by(512).zip(buffer.chunks_mut(512)) {
            sector[..8].copy_from_slice(&(at + 1).to_le_bytes());
            sector[8..].fill(7);
        }
        Ok(buffer.len())
    }

    fn next_data(&self, offset: u64) -> u64 {
        offset
    }

    fn check(&self) -> Result<(), DeviceGone> {
        Ok(())
    }
}

/// Reads the whole; gives what did not come.
fn read_whole(rescue: &Rescue) -> Vec<Range<u64>> {
    let (mut all, buffers) = (Vec::new(), Arc::new(Buffers::default()));
    let mut bytes = buffers.take(8 * MIB);
    for start in (0..BYTES).step_by(index(8 * MIB)) {
        let unread = rescue.read(start, &mut bytes).unwrap();
        for (at, sector) in (start..).step_by(512).zip(bytes.chunks(512)) {
            let is_unread = unread.iter().any(|gap| gap.contains(&at));
            let said = u64::from_le_bytes(*sector.first_chunk().unwrap());
            assert_eq!(said, if is_unread { 0 } else { at + 1 });
        }
        unread.into_iter().for_each(|gap| push(&mut all, gap));
    }
    all
}

#[test]
fn two_hundred_bad_areas_cost_little_and_all_else_comes() {
    let folder = tempfile::tempdir().unwrap();
    let generated: Arc<dyn Device> = Arc::new(Generated { bad: areas() });
    let device = Arc::new(Traced::whole(generated));
    let rescue = Rescue::open_with(
        Arc::clone(&device) as Arc<dyn Device>,
        folder.path(),
        impatient(),
    );
    let rescue = rescue.unwrap();
    let skipped = read_whole(&rescue);
    let first = std::mem::take(&mut *device.asked.lock().unwrap());
    // The head never goes back, and few reads fail: the large one, and for each area one or two clusters.
    assert!(
        first
            .windows(2)
            .all(|pair| pair[0].range.start <= pair[1].range.start)
    );
    let failed = first.iter().filter(|asked| !asked.is_well).count();
    assert!(failed <= 200 * 3, "{failed} reads failed in the first pass");
    let left: u64 = skipped.iter().map(|gap| gap.end - gap.start).sum();
    assert!(left < 200 * 512 * KIB, "{left} bytes were left");
    retry(&rescue);
    let areas = areas();
    assert_eq!(read_whole(&rescue), areas);
    let bad: u64 = areas.iter().map(|area| (area.end - area.start) / 512).sum();
    let later = std::mem::take(&mut *device.asked.lock().unwrap());
    let failed = later.iter().filter(|asked| !asked.is_well).count() as u64;
    // Each sector alone, twice, and some more clusters.
    assert!(
        failed <= 2 * bad + 1000,
        "{failed} reads failed for {bad} bad sectors"
    );
    assert_eq!(rescue.map().ranges(Status::Bad), areas);
}
