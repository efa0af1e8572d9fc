//! The extents of a stream: from runs, sizes and units of compression.

use super::boot::NtfsGeometry;
use super::runs::ClusterRun;
use super::stream::{DataStream, Held};
use super::units::{Unit, Units};
use crate::told::{Codec, Extent, Unloadable, What};
use crate::unpack::LZNT1_BYTES;

/// The extents of a stream of known size, one after the other.
#[derive(Debug)]
pub(super) struct ExtentList {
    found: Vec<Extent>,
    at: u64,
    /// The bytes that were ever written.
    initialised: u64,
    bytes: u64,
    most: usize,
}

impl ExtentList {
    /// None yet of a stream of `bytes`, of which `initialised` were ever written; at most `most` extents.
    pub(super) fn new(bytes: u64, initialised: u64, most: usize) -> Self {
        Self {
            found: Vec::new(),
            at: 0,
            initialised: initialised.min(bytes),
            bytes,
            most,
        }
    }

    /// The bytes that are told.
    pub(super) fn at(&self) -> u64 {
        self.at
    }

    /// Whether nothing is missing.
    pub(super) fn is_full(&self) -> bool {
        self.at == self.bytes
    }

    /// The next `bytes` are `what`; what is past the end is left out, and what was never written is zeros.
    pub(super) fn push(&mut self, bytes: u64, what: What) -> Result<(), Unloadable> {
        let end = self.at.saturating_add(bytes);
        let written = end.min(self.initialised).saturating_sub(self.at);
        self.put(written, what)?;
        let zeros = end.min(self.bytes) - self.at;
        self.put(zeros, What::Zeros)
    }

    fn put(&mut self, bytes: u64, what: What) -> Result<(), Unloadable> {
        if bytes == 0 {
            return Ok(());
        }
        let logical = self.at;
        self.at += bytes;
        if let Some(last) = self.found.last_mut()
            && is_continued(last, &what)
        {
            last.bytes += bytes;
            return Ok(());
        }
        if self.found.len() >= self.most {
            let why = format!("it has more than {} extents", self.most);
            return Err(Unloadable::UnknownFeature(why));
        }
        self.found.push(Extent {
            logical,
            bytes,
            what,
        });
        Ok(())
    }

    /// All of them.
    ///
    /// # Errors
    ///
    /// If some are missing.
    pub(super) fn finish(self) -> Result<Vec<Extent>, Unloadable> {
        if !self.is_full() {
            return Err(damaged("its list of runs ends before it does"));
        }
        Ok(self.found)
    }
}

fn is_continued(last: &Extent, what: &What) -> bool {
    match (&last.what, what) {
        (What::Disk(at), What::Disk(next)) => at.checked_add(last.bytes) == Some(*next),
        (What::Zeros, What::Zeros) => true,
        _ => false,
    }
}

fn damaged(why: &str) -> Unloadable {
    Unloadable::Damaged(why.to_owned())
}

/// The extents of a stream, at most `most`.
///
/// # Errors
///
/// If it cannot be had.
pub(super) fn of(
    stream: &DataStream,
    geometry: &NtfsGeometry,
    most: usize,
) -> Result<Vec<Extent>, Unloadable> {
    if let Some(why) = stream.fault() {
        return Err(damaged(why));
    }
    if stream.is_encrypted() {
        return Err(Unloadable::Encrypted("EFS"));
    }
    let sizes = stream.sizes;
    if sizes.initialised > sizes.data {
        return Err(damaged("more of it was written than it has"));
    }
    let mut list = ExtentList::new(sizes.data, sizes.initialised, most);
    match &stream.held {
        Held::Resident(bytes) => {
            list.push(sizes.data, What::Inline(bytes.clone().into_boxed_slice()))?;
        }
        Held::Runs(runs) => match stream.unit_clusters().map_err(Unloadable::UnknownFeature)? {
            None => plain(&mut list, runs, geometry, stream.is_sparse())?,
            Some(unit) => packed(&mut list, runs, geometry, unit)?,
        },
    }
    list.finish()
}

/// Of runs that are not packed. A hole is one only in a sparse stream.
fn plain(
    list: &mut ExtentList,
    runs: &[ClusterRun],
    geometry: &NtfsGeometry,
    is_sparse: bool,
) -> Result<(), Unloadable> {
    for run in runs {
        if list.is_full() {
            break;
        }
        if run.lcn.is_none() && !is_sparse {
            return Err(damaged("there is a hole in it though it is not sparse"));
        }
        push_run(list, run, geometry)?;
    }
    Ok(())
}

/// Of a run that is what it is.
fn push_run(
    list: &mut ExtentList,
    run: &ClusterRun,
    geometry: &NtfsGeometry,
) -> Result<(), Unloadable> {
    let bytes = run.clusters.saturating_mul(geometry.cluster);
    let what = match run.lcn {
        None => What::Zeros,
        Some(lcn) => {
            let outside = || damaged("a run of it lies past the end of the volume");
            What::Disk(geometry.offset(lcn).ok_or_else(outside)?)
        }
    };
    list.push(bytes, what)
}

/// Of runs of which each unit is packed, whole, or a hole.
fn packed(
    list: &mut ExtentList,
    runs: &[ClusterRun],
    geometry: &NtfsGeometry,
    unit: u64,
) -> Result<(), Unloadable> {
    let unit_bytes = unit.saturating_mul(geometry.cluster);
    if unit_bytes > LZNT1_BYTES as u64 {
        let why = format!("compression in units of {unit_bytes} bytes");
        return Err(Unloadable::UnknownFeature(why));
    }
    let mut units = Units::new(runs, unit);
    while !list.is_full() {
        match units.next().map_err(damaged)? {
            None => break,
            Some(Unit::Whole(run)) => push_run(list, &run, geometry)?,
            Some(Unit::Packed(runs)) => {
                let runs = runs.iter().filter_map(|run| {
                    let offset = geometry.offset(run.lcn?)?;
                    Some((offset, run.clusters * geometry.cluster))
                });
                let what = What::Packed {
                    codec: Codec::Lznt1,
                    runs: runs.collect(),
                };
                list.push(unit_bytes, what)?;
            }
        }
    }
    Ok(())
}
