//! The GUID partition table.
//!
//! Source: UEFI specification 2.10, section 5.3.

use super::{Partition, PartitionTable, Scheme, TableFault, placed, sector};
use crate::blocks::Blocks;
use crate::checksum::crc32;
use crate::fields::{self, le16, le32, le64};

/// The largest array of entries, in bytes: a table of 128 has 16 KiB.
const ARRAY: u64 = 1 << 20;

/// A header that is right.
struct GptHeader {
    entries_at: u64,
    entries: u32,
    entry_bytes: u32,
    checksum: u32,
    other: u64,
}

/// Reads the first copy, or the one at the end.
pub(super) fn read(
    blocks: &mut dyn Blocks,
    sector_bytes: u32,
) -> Result<PartitionTable, TableFault> {
    let size = u64::from(sector_bytes);
    let last = (blocks.bytes() / size).saturating_sub(1);
    let mut is_seen = false;
    let mut tried = Vec::new();
    let mut places = vec![last, 1];
    while let Some(place) = places.pop() {
        tried.push(place);
        let bytes = usize::try_from(size).unwrap_or(512);
        let held = sector(blocks, place.saturating_mul(size), bytes)?;
        let held = held.unwrap_or_default();
        is_seen |= held.starts_with(b"EFI PART");
        let Some(header) = header(&held, place) else {
            continue;
        };
        if let Some(mut table) = entries(blocks, &header, sector_bytes)? {
            if place != 1 {
                let remark =
                    "the first copy of its partition table is damaged: the last one was taken";
                table.remarks.push(remark.to_owned());
            }
            return Ok(table);
        }
        // An enclosure may hide the last sectors: the header says where the other copy is.
        if !tried.contains(&header.other) {
            places.insert(0, header.other);
        }
    }
    match is_seen {
        true => Err(TableFault::Damaged("no copy of its GPT is right")),
        false => Err(TableFault::None),
    }
}

/// The header in a sector; `None` if it is none, its checksum is wrong, or it is of another place.
fn header(held: &[u8], place: u64) -> Option<GptHeader> {
    let bytes = usize::try_from(le32(held, 12)?).ok()?;
    if !held.starts_with(b"EFI PART") || !(92..=held.len()).contains(&bytes) {
        return None;
    }
    let mut blank = held.get(..bytes)?.to_vec();
    blank.get_mut(16..20)?.fill(0);
    if crc32(&blank) != le32(held, 16)? || le64(held, 24)? != place {
        return None;
    }
    let header = GptHeader {
        other: le64(held, 32)?,
        entries_at: le64(held, 72)?,
        entries: le32(held, 80)?,
        entry_bytes: le32(held, 84)?,
        checksum: le32(held, 88)?,
    };
    let array = u64::from(header.entries) * u64::from(header.entry_bytes);
    let is_right = (128..=4096).contains(&header.entry_bytes) && array <= ARRAY;
    is_right.then_some(header)
}

/// The partitions of a header; `None` if they cannot be read, or their checksum is wrong.
fn entries(
    blocks: &mut dyn Blocks,
    header: &GptHeader,
    sector_bytes: u32,
) -> Result<Option<PartitionTable>, TableFault> {
    let volume = blocks.bytes();
    let offset = header.entries_at.saturating_mul(u64::from(sector_bytes));
    let array = u64::from(header.entries) * u64::from(header.entry_bytes);
    let array = usize::try_from(array).unwrap_or_default();
    let held = sector(blocks, offset, array)?;
    let Some(held) = held.filter(|held| crc32(held) == header.checksum) else {
        return Ok(None);
    };
    let mut table = PartitionTable {
        scheme: Scheme::Gpt,
        sector: sector_bytes,
        partitions: Vec::new(),
        remarks: Vec::new(),
    };
    let size = usize::try_from(header.entry_bytes).unwrap_or(128);
    for (number, entry) in (1..).zip(held.chunks_exact(size)) {
        add(&mut table, volume, number, entry);
    }
    Ok(Some(table))
}

fn add(table: &mut PartitionTable, volume: u64, number: u32, entry: &[u8]) {
    let kind = fields::bytes(entry, 0).unwrap_or_default();
    let (first, last) = (le64(entry, 32).unwrap_or(0), le64(entry, 40).unwrap_or(0));
    if kind == [0; 16] {
        return;
    }
    let Some(count) = last
        .checked_sub(first)
        .and_then(|count| count.checked_add(1))
    else {
        table
            .remarks
            .push(format!("partition {number} ends before it begins"));
        return;
    };
    let (place, remark) = placed(volume, table.sector, number, first, count);
    table.remarks.extend(remark);
    if let Some((offset, bytes)) = place {
        table.partitions.push(Partition {
            number,
            offset,
            bytes,
            kind: fields::guid(&kind),
            name: name(entry),
        });
    }
}

/// The name: 36 units of UTF-16.
fn name(entry: &[u8]) -> String {
    let units = (0..36).map_while(|index| le16(entry, 56 + index * 2));
    let units: Vec<u16> = units.take_while(|&unit| unit != 0).collect();
    String::from_utf16_lossy(&units)
}
