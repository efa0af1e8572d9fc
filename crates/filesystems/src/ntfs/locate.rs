//! How $MFT is found: its own first record tells where it lies, in parts that may be told in records of itself.

use super::attribute::{BITMAP, DATA};
use super::boot::NtfsGeometry;
use super::node::gather;
use super::record::FileRecord;
use super::runs::RunLimits;
use super::source::{Metered, Stop};
use super::table::MasterTable;
use crate::reader::Refusal;
use crate::told::Unloadable;

/// Finds $MFT: by its first record, or the copy of that.
///
/// # Errors
///
/// If neither tells of it.
pub(super) fn locate(
    source: &mut Metered<'_>,
    geometry: NtfsGeometry,
    limits: RunLimits,
) -> Result<MasterTable, Refusal> {
    let unknown = MasterTable::unknown(geometry);
    let first = unknown.first(source);
    match first.and_then(|record| learn(source, geometry, limits, &record)) {
        Err(Stop::File(_)) => {}
        Ok(table) => return Ok(table),
        Err(Stop::Volume(refusal)) => return Err(refusal),
    }
    let copy = unknown.copy(source, 0);
    let learned = copy.and_then(|record| learn(source, geometry, limits, &record));
    learned.map_err(|stop| match stop {
        Stop::Volume(refusal) => refusal,
        Stop::File(Unloadable::Damaged(why)) => Refusal::Damaged(format!("$MFT: {why}")),
        Stop::File(other) => Refusal::Damaged(format!("$MFT: {other:?}")),
    })
}

/// Learns where it lies from its first record: with each part that is known, further records can be read that tell of
/// the next.
fn learn(
    source: &mut Metered<'_>,
    geometry: NtfsGeometry,
    limits: RunLimits,
    record: &[u8],
) -> Result<MasterTable, Stop> {
    let record = FileRecord::parse(record, 0).map_err(Stop::damaged)?;
    let mut table = MasterTable::unknown(geometry);
    loop {
        let node = gather(source, &table, limits, &record).map_err(Stop::Volume)?;
        let data = node.stream(DATA, b"");
        let data = data.ok_or_else(|| Stop::damaged("its first record tells of no content"))?;
        let has_more = table.learn(data, node.stream(BITMAP, b""))?;
        if !has_more && table.records() == 0 {
            return Err(Stop::damaged("its first record tells of no records"));
        }
        if !has_more || !table.is_cut() {
            return Ok(table);
        }
    }
}
