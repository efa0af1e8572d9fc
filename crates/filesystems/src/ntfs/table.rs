//! $MFT, the table of all records: where it lies, and one record of it.

use super::boot::NtfsGeometry;
use super::record::{FileRecord, undo_fixups};
use super::runs::ClusterRun;
use super::source::{Metered, Stop};
use super::stream::{DataStream, places};

/// The records of which $MFTMirr has a copy.
const MIRRORED: u64 = 4;

/// Where $MFT lies.
#[derive(Debug)]
pub(super) struct MasterTable {
    geometry: NtfsGeometry,
    runs: Vec<ClusterRun>,
    /// Its bytes that were ever written.
    bytes: u64,
    /// Which records are used; what is not known of it says nothing.
    marks: DataStream,
    /// Whether a part of it is not known.
    is_cut: bool,
}

impl MasterTable {
    /// That of which nothing is known but where it begins.
    pub(super) fn unknown(geometry: NtfsGeometry) -> Self {
        Self {
            geometry,
            runs: Vec::new(),
            bytes: 0,
            marks: DataStream::default(),
            is_cut: true,
        }
    }

    /// The same with as much of it as its own record tells. `false` if that is no more than before.
    ///
    /// # Errors
    ///
    /// If it cannot lie there.
    pub(super) fn learn(
        &mut self,
        data: &DataStream,
        marks: Option<&DataStream>,
    ) -> Result<bool, Stop> {
        let runs = data.runs();
        let before = self.clusters();
        if runs.iter().any(|run| run.lcn.is_none()) || is_crossed(runs) {
            return Err(Stop::damaged("$MFT has holes, or lies over itself"));
        }
        self.runs = runs.to_vec();
        self.is_cut = data.fault().is_some();
        let held = self.clusters().saturating_mul(self.geometry.cluster);
        let is_right = self.is_cut || data.sizes.initialised <= held;
        if !is_right {
            return Err(Stop::damaged("$MFT is longer than its runs"));
        }
        self.bytes = data.sizes.initialised.min(held);
        self.marks = marks.cloned().unwrap_or_default();
        Ok(self.clusters() > before)
    }

    fn clusters(&self) -> u64 {
        self.runs.last().map_or(0, ClusterRun::end)
    }

    /// How large everything is.
    pub(super) fn geometry(&self) -> &NtfsGeometry {
        &self.geometry
    }

    /// Whether a part of it is not known: what has its records there is missing.
    pub(super) fn is_cut(&self) -> bool {
        self.is_cut
    }

    /// How many records it has.
    pub(super) fn records(&self) -> u64 {
        self.bytes / self.geometry.record as u64
    }

    /// Record `number` with its fixups undone; where it cannot be had, its copy.
    ///
    /// # Errors
    ///
    /// [`Stop::File`] if it cannot be had.
    pub(super) fn record(&self, source: &mut Metered<'_>, number: u64) -> Result<Vec<u8>, Stop> {
        match self.own_record(source, number) {
            Err(Stop::File(_)) if number < MIRRORED => self.copy(source, number),
            found => found,
        }
    }

    fn own_record(&self, source: &mut Metered<'_>, number: u64) -> Result<Vec<u8>, Stop> {
        if number >= self.records() {
            return Err(Stop::damaged("a record of it is outside $MFT"));
        }
        let mut record = vec![0; self.geometry.record];
        let mut rest = &mut record[..];
        for (at, bytes) in self.places(number, 1)? {
            let bytes = usize::try_from(bytes).unwrap_or(usize::MAX).min(rest.len());
            let (piece, after) = rest.split_at_mut(bytes);
            source.read(at, piece)?;
            rest = after;
        }
        repair(&mut record, number).map_err(Stop::damaged)?;
        Ok(record)
    }

    /// Where the records from `number` on lie, `count` of them: offset and bytes of each piece.
    ///
    /// # Errors
    ///
    /// If they are not of it.
    pub(super) fn places(&self, number: u64, count: u64) -> Result<Vec<(u64, u64)>, Stop> {
        let record = self.geometry.record as u64;
        let (offset, length) = (number.saturating_mul(record), count.saturating_mul(record));
        places(&self.runs, &self.geometry, offset, length)
    }

    /// The copy of record `number` in $MFTMirr.
    pub(super) fn copy(&self, source: &mut Metered<'_>, number: u64) -> Result<Vec<u8>, Stop> {
        record_in(source, &self.geometry, self.geometry.mirror, number)
    }

    /// Record 0 where the boot sector says that it is.
    pub(super) fn first(&self, source: &mut Metered<'_>) -> Result<Vec<u8>, Stop> {
        record_in(source, &self.geometry, self.geometry.table, 0)
    }

    /// Whether record `number` is marked as used; what is not known counts as used.
    ///
    /// # Errors
    ///
    /// [`Stop::Volume`] alone.
    pub(super) fn is_marked(&self, source: &mut Metered<'_>, number: u64) -> Result<bool, Stop> {
        let mut byte = [0];
        let read = self
            .marks
            .read(source, &self.geometry, number / 8, &mut byte);
        match read {
            Ok(()) => Ok(byte[0] >> (number % 8) & 1 == 1),
            Err(Stop::File(_)) => Ok(true),
            Err(stop) => Err(stop),
        }
    }
}

/// Record `number` of those that lie one after the other from cluster `first` on.
fn record_in(
    source: &mut Metered<'_>,
    geometry: &NtfsGeometry,
    first: u64,
    number: u64,
) -> Result<Vec<u8>, Stop> {
    let within = number.checked_mul(geometry.record as u64);
    let offset = geometry.offset(first).zip(within);
    let offset = offset.and_then(|(first, within)| first.checked_add(within));
    let offset = offset.ok_or_else(|| Stop::damaged("a record of it is outside the volume"))?;
    let mut record = vec![0; geometry.record];
    source.read(offset, &mut record)?;
    repair(&mut record, number).map_err(Stop::damaged)?;
    Ok(record)
}

/// Undoes the fixups of record `number`.
///
/// # Errors
///
/// If it is not this record, or none.
pub(super) fn repair(record: &mut [u8], number: u64) -> Result<(), &'static str> {
    undo_fixups(record)?;
    FileRecord::parse(record, number).map(drop)
}

/// Whether some runs lie over each other.
fn is_crossed(runs: &[ClusterRun]) -> bool {
    let mut places: Vec<_> = runs.iter().map(|run| (run.lcn, run.clusters)).collect();
    places.sort_unstable();
    places.windows(2).any(|pair| match pair {
        [(Some(one), clusters), (Some(next), _)] => one.saturating_add(*clusters) > *next,
        _ => false,
    })
}
