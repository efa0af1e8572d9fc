//! The master boot record, and the chain of extended ones.

use std::collections::BTreeSet;

use super::{Partition, PartitionTable, Scheme, TableFault, placed, sector};
use crate::blocks::Blocks;
use crate::fields::le32;

/// The most extended boot records that are followed.
const CHAIN: usize = 64;

struct MbrEntry {
    kind: u8,
    first: u64,
    count: u64,
}

/// Reads an MBR.
pub(super) fn read(
    blocks: &mut dyn Blocks,
    sector_bytes: u32,
) -> Result<PartitionTable, TableFault> {
    // A file of a few bytes, whose name was mistaken, has no table that could be damaged.
    if blocks.bytes() < 512 {
        return Err(TableFault::None);
    }
    let record = sector(blocks, 0, 512)?.ok_or(TableFault::Damaged("its MBR cannot be read"))?;
    let entries = entries(&record).ok_or(TableFault::None)?;
    if entries
        .iter()
        .all(|entry| entry.kind == 0 || entry.count == 0)
    {
        return Err(TableFault::None);
    }
    if entries.iter().any(|entry| entry.kind == 0xEE) {
        return Err(TableFault::Damaged(
            "its MBR says that it has a GPT, and no copy of that is right",
        ));
    }
    let mut table = PartitionTable {
        scheme: Scheme::Mbr,
        sector: sector_bytes,
        partitions: Vec::new(),
        remarks: Vec::new(),
    };
    for (number, entry) in (1..).zip(&entries) {
        if !is_extended(entry.kind) {
            add(blocks, &mut table, number, entry, 0);
        }
    }
    for entry in entries.iter().filter(|entry| is_extended(entry.kind)) {
        logical(blocks, &mut table, entry.first)?;
    }
    Ok(table)
}

/// Follows the chain from the extended partition that begins with sector `start`.
fn logical(
    blocks: &mut dyn Blocks,
    table: &mut PartitionTable,
    start: u64,
) -> Result<(), TableFault> {
    let mut seen = BTreeSet::new();
    let mut at = start;
    loop {
        if seen.len() >= CHAIN || !seen.insert(at) {
            table
                .remarks
                .push("its logical partitions go round, or are too many".to_owned());
            return Ok(());
        }
        let offset = at.saturating_mul(u64::from(table.sector));
        let record = sector(blocks, offset, 512)?;
        let Some(entries) = record.as_deref().and_then(entries) else {
            let remark = "its logical partitions end in a record that cannot be read";
            table.remarks.push(remark.to_owned());
            return Ok(());
        };
        let number = next_logical(table);
        let [own, next, ..] = &entries;
        add(blocks, table, number, own, at);
        if !is_extended(next.kind) || next.first == 0 {
            return Ok(());
        }
        at = start.saturating_add(next.first);
    }
}

fn next_logical(table: &PartitionTable) -> u32 {
    let numbers = table.partitions.iter().map(|partition| partition.number);
    numbers
        .filter(|&number| number > 4)
        .max()
        .map_or(5, |last| last + 1)
}

/// Adds the partition of an entry that counts from sector `base`.
fn add(blocks: &dyn Blocks, table: &mut PartitionTable, number: u32, entry: &MbrEntry, base: u64) {
    if entry.kind == 0 || entry.count == 0 {
        return;
    }
    let first = base.saturating_add(entry.first);
    let (place, remark) = placed(blocks.bytes(), table.sector, number, first, entry.count);
    table.remarks.extend(remark);
    if let Some((offset, bytes)) = place {
        table.partitions.push(Partition {
            number,
            offset,
            bytes,
            kind: format!("{:02x}", entry.kind),
            name: String::new(),
        });
    }
}

fn is_extended(kind: u8) -> bool {
    matches!(kind, 0x05 | 0x0F | 0x85)
}

/// The four entries of a record; `None` without its signature, or with a status that no table has.
fn entries(record: &[u8]) -> Option<[MbrEntry; 4]> {
    if record.get(510..512)? != [0x55, 0xAA] {
        return None;
    }
    let entry = |index: usize| {
        let bytes = record.get(446 + index * 16..462 + index * 16)?;
        let is_status = matches!(bytes.first()?, 0 | 0x80);
        is_status.then_some(MbrEntry {
            kind: *bytes.get(4)?,
            first: u64::from(le32(bytes, 8)?),
            count: u64::from(le32(bytes, 12)?),
        })
    };
    Some([entry(0)?, entry(1)?, entry(2)?, entry(3)?])
}
