//! An attribute as a whole: the bytes of a resident one, or the runs of all its parts.

use super::attribute::{Attribute, Body, Sizes, Spread};
use super::boot::NtfsGeometry;
use super::bytes::part;
use super::runs::{ClusterRun, RunLimits, decode};
use super::source::{Metered, Stop};

/// What of the flags is a method of compression.
const COMPRESSION: u16 = 0x00FF;
/// LZNT1.
const LZNT1: u16 = 1;
const ENCRYPTED: u16 = 0x4000;
const SPARSE: u16 = 0x8000;

/// An attribute as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct DataStream {
    /// Whether a part of it was met.
    is_begun: bool,
    flags: u16,
    /// The clusters of a unit of compression as an exponent of two.
    unit: u8,
    /// Its sizes, those of the bytes themselves if it is resident.
    pub(super) sizes: Sizes,
    /// Where its bytes are.
    pub(super) held: Held,
    /// What is wrong with it, if anything is.
    fault: Option<String>,
}

/// Where the bytes of an attribute are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Held {
    /// In its record: these.
    Resident(Vec<u8>),
    /// In these clusters, in order and without a gap.
    Runs(Vec<ClusterRun>),
}

impl Default for Held {
    fn default() -> Self {
        Self::Runs(Vec::new())
    }
}

impl DataStream {
    /// Adds a part, which must follow those before.
    pub(super) fn add(&mut self, attribute: &Attribute<'_>, limits: RunLimits) {
        if self.fault.is_some() {
            return;
        }
        let added = match attribute.body {
            Body::Resident(bytes) => self.add_resident(bytes),
            Body::Spread(spread) => self.add_runs(&spread, attribute.flags, limits),
        };
        match added {
            Ok(()) => {
                self.is_begun = true;
                self.flags |= attribute.flags;
            }
            Err(why) => self.spoil(why),
        }
    }

    fn add_resident(&mut self, bytes: &[u8]) -> Result<(), &'static str> {
        if self.is_begun {
            return Err("it is there twice");
        }
        let length = bytes.len() as u64;
        self.sizes = Sizes {
            data: length,
            initialised: length,
        };
        self.held = Held::Resident(bytes.to_vec());
        Ok(())
    }

    fn add_runs(
        &mut self,
        spread: &Spread<'_>,
        flags: u16,
        limits: RunLimits,
    ) -> Result<(), &'static str> {
        let is_first = !self.is_begun;
        let Held::Runs(runs) = &mut self.held else {
            return Err("it is there twice");
        };
        let next = runs.last().map_or(0, ClusterRun::end);
        if spread.lowest != next || is_first != spread.sizes.is_some() {
            return Err("a part of its list of runs is missing, or there twice");
        }
        if !is_first && flags & !SPARSE != self.flags & !SPARSE {
            return Err("the parts of it are not of one kind");
        }
        if let Some(sizes) = spread.sizes {
            self.sizes = sizes;
            self.unit = spread.unit;
        }
        decode(spread.pairs, spread.lowest, spread.highest, limits, runs)
    }

    /// Says that something is wrong with it.
    pub(super) fn spoil(&mut self, why: &str) {
        self.fault.get_or_insert_with(|| why.to_owned());
    }

    /// What is wrong with it.
    pub(super) fn fault(&self) -> Option<&str> {
        self.fault.as_deref()
    }

    /// Its runs, of a damaged one those that are known; none if it is resident.
    pub(super) fn runs(&self) -> &[ClusterRun] {
        match &self.held {
            Held::Resident(_) => &[],
            Held::Runs(runs) => runs,
        }
    }

    /// Whether EFS encrypted it.
    pub(super) fn is_encrypted(&self) -> bool {
        self.flags & ENCRYPTED != 0
    }

    /// Whether it may have holes.
    pub(super) fn is_sparse(&self) -> bool {
        self.flags & SPARSE != 0
    }

    /// The clusters of a unit of compression; `None` if it is not compressed, or only says so.
    ///
    /// # Errors
    ///
    /// If it is compressed as nothing here knows.
    pub(super) fn unit_clusters(&self) -> Result<Option<u64>, String> {
        match self.flags & COMPRESSION {
            0 => Ok(None),
            LZNT1 if (1..=8).contains(&self.unit) => Ok(Some(1 << self.unit)),
            LZNT1 => Err(format!("compression in units of 2^{} clusters", self.unit)),
            other => Err(format!("compression of kind {other}")),
        }
    }

    /// The bytes of a small one that holds neither holes nor packed units.
    ///
    /// # Errors
    ///
    /// If it is damaged, longer than `most`, or cannot be read.
    pub(super) fn bytes(
        &self,
        source: &mut Metered<'_>,
        geometry: &NtfsGeometry,
        most: u64,
    ) -> Result<Vec<u8>, Stop> {
        if let Held::Resident(bytes) = &self.held {
            return Ok(bytes.clone());
        }
        let length = self.sizes.data;
        let length = usize::try_from(length).ok().filter(|_| length <= most);
        let mut bytes = vec![0; length.ok_or_else(|| Stop::damaged("it is too long"))?];
        self.read(source, geometry, 0, &mut bytes)?;
        Ok(bytes)
    }

    /// Fills `into` from byte `offset` of it on; past what was ever written come zeros.
    ///
    /// # Errors
    ///
    /// If it is damaged, packed, ends before, or cannot be read.
    pub(super) fn read(
        &self,
        source: &mut Metered<'_>,
        geometry: &NtfsGeometry,
        offset: u64,
        into: &mut [u8],
    ) -> Result<(), Stop> {
        if let Held::Resident(bytes) = &self.held {
            return copy(bytes, offset, into);
        }
        self.checked()?;
        let written = self.sizes.initialised.saturating_sub(offset);
        let written = usize::try_from(written)
            .unwrap_or(usize::MAX)
            .min(into.len());
        let (written, zeros) = into.split_at_mut(written);
        zeros.fill(0);
        let mut rest = written;
        for (at, bytes) in places(self.runs(), geometry, offset, rest.len() as u64)? {
            let bytes = usize::try_from(bytes).unwrap_or(usize::MAX).min(rest.len());
            let (piece, after) = rest.split_at_mut(bytes);
            source.read(at, piece)?;
            rest = after;
        }
        Ok(())
    }

    /// That it is whole, and lies in clusters as it is.
    pub(super) fn checked(&self) -> Result<(), Stop> {
        if let Some(why) = &self.fault {
            return Err(Stop::damaged(why));
        }
        if self.flags & (COMPRESSION | ENCRYPTED) != 0 || self.runs().is_empty() {
            return Err(Stop::damaged("it does not lie in clusters as it is"));
        }
        Ok(())
    }
}

/// Fills `into` from `offset` of `bytes` on.
fn copy(bytes: &[u8], offset: u64, into: &mut [u8]) -> Result<(), Stop> {
    let offset = usize::try_from(offset).ok();
    let held = offset.and_then(|offset| part(bytes, offset, into.len()));
    into.copy_from_slice(held.ok_or_else(|| Stop::damaged("it ends early"))?);
    Ok(())
}

/// Where `length` bytes from `offset` on lie in the volume: offset and length of each piece.
///
/// # Errors
///
/// If some of them are in a hole, or past the end of the runs.
pub(super) fn places(
    runs: &[ClusterRun],
    geometry: &NtfsGeometry,
    offset: u64,
    length: u64,
) -> Result<Vec<(u64, u64)>, Stop> {
    let mut found = Vec::new();
    let cluster = geometry.cluster;
    let first = runs.partition_point(|run| run.end() <= offset / cluster);
    let mut left = length;
    let mut at = offset;
    for run in runs.get(first..).unwrap_or_default() {
        if left == 0 {
            break;
        }
        let lcn = run
            .lcn
            .ok_or_else(|| Stop::damaged("there is a hole in it"))?;
        // No product of clusters of the volume with their size goes beyond 64 bits.
        let skipped = at - run.at * cluster;
        let bytes = (run.clusters * cluster - skipped).min(left);
        found.push((lcn * cluster + skipped, bytes));
        at += bytes;
        left -= bytes;
    }
    if left > 0 {
        return Err(Stop::damaged("its list of runs ends early"));
    }
    Ok(found)
}
