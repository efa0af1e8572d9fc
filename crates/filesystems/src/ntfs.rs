//! NTFS, read by a linear scan of $MFT.
//!
//! Every file and folder is told from its own records: names and the folders in which they lie come from
//! `$FILE_NAME`, not from the indexes of folders. What has more records than one is read when its first is met, by
//! number, so that memory is for folders alone. A name whose folder is gone, was used anew since, or hangs on nothing
//! is told as damaged. The files of the file system itself (records below 16, and what lies in $Extend) are left out.
//!
//! What a file is: its unnamed stream, whole or compressed (LZNT1), or what WOF packed. Bytes past what was ever
//! written are zeros. A run outside the volume, a hole in what is not sparse, a part of a list of runs that is
//! missing: each makes its file damaged. Clusters that two files have make the one found second damaged; the first
//! was told by then, and a remark says so. Symbolic links that ntfs-3g made in the manner of Interix are told as the
//! files that they are for Windows. Names of DOS beside longer ones are dropped, and so is what $LogFile holds: a
//! volume that was not ejected cleanly is told as it lies.
//!
//! A file of a cloud drive is read where its flags say that all of it is here and no byte of it was left unwritten;
//! else it is a placeholder. A folder of one is told as any folder, unless its flags say that it is elsewhere and
//! nothing lies in it here.
//!
//! Source: libyal libfsntfs, *New Technologies File System (NTFS)*; MS-FSCC; MS-XCA.

mod attribute;
mod attribute_list;
mod boot;
mod bytes;
mod catalogue;
mod claims;
mod content;
mod extents;
mod folders;
mod locate;
mod log;
mod names;
mod node;
mod record;
mod remarks;
mod reparse;
mod runs;
mod source;
mod stream;
mod table;
mod times;
mod units;
mod volume;
mod wof;

use std::ops::ControlFlow;

use boot::{BOOT_BYTES, NtfsGeometry};
use catalogue::Scan;
use node::{Node, gather};
use record::FileRecord;
use remarks::Noticed;
use runs::RunLimits;
use source::{Metered, Stop};
use table::MasterTable;
use volume::{VOLUME, VolumeState};

use crate::blocks::{Blocks, Fault};
use crate::limits::Limits;
use crate::reader::{Options, Reader, Refusal};
use crate::told::{Facts, Summary, Told};

/// A volume of NTFS.
#[derive(Debug)]
pub struct Ntfs {
    table: MasterTable,
    state: VolumeState,
    limits: Limits,
    noticed: Noticed,
    /// The bytes that the volume says it has.
    bytes: u64,
}

impl Ntfs {
    /// Opens a volume: reads its boot sector, where $MFT lies, $Volume, and the head of $LogFile.
    ///
    /// # Errors
    ///
    /// [`Refusal::Other`] if it is none of NTFS; else why it cannot be read.
    pub fn open(blocks: &mut dyn Blocks, options: &Options) -> Result<Self, Refusal> {
        let (mut geometry, is_boot_damaged) = boot_sector(blocks)?;
        let bytes = geometry.bytes();
        // The last sector is the copy of the first, which a partition may lack room for.
        let missing_bytes = (bytes - geometry.sector).saturating_sub(blocks.bytes());
        geometry.clusters = geometry.clusters.min(blocks.bytes() / geometry.cluster);
        let limits = options.limits.clone();
        let runs = RunLimits {
            clusters: geometry.clusters,
            runs: limits.extents,
        };
        let mut source = Metered::new(blocks, limits.metadata_bytes);
        let table = locate::locate(&mut source, geometry, runs)?;
        let state = match node(&mut source, &table, runs, VOLUME)? {
            Some(volume) => VolumeState::of(&volume)?,
            None => VolumeState::unknown(),
        };
        let is_unclean = match node(&mut source, &table, runs, log::LOG)? {
            Some(log) => log::is_unclean(&mut source, table.geometry(), &log)?,
            None => false,
        };
        let noticed = Noticed {
            is_boot_damaged,
            is_dirty: state.is_dirty || is_unclean,
            is_state_unknown: state.is_unknown,
            missing_bytes,
            ..Noticed::default()
        };
        Ok(Self {
            table,
            state,
            limits,
            noticed,
            bytes,
        })
    }
}

impl Reader for Ntfs {
    fn facts(&self) -> Facts {
        let geometry = self.table.geometry();
        Facts {
            kind: "NTFS",
            label: self.state.label.clone(),
            uuid: Some(format!("{:016X}", geometry.serial)),
            bytes: self.bytes,
            cluster: u32::try_from(geometry.cluster).unwrap_or(u32::MAX),
        }
    }

    fn catalogue(
        &mut self,
        blocks: &mut dyn Blocks,
        tell: &mut dyn FnMut(Told) -> ControlFlow<()>,
    ) -> Result<Summary, Refusal> {
        let mut source = Metered::new(blocks, self.limits.metadata_bytes);
        let noticed = self.noticed.clone();
        Scan::new(&mut source, &self.table, &self.limits, noticed, tell).run()
    }
}

/// The boot sector, or its copy at the end, and whether it is the copy. The copy is looked at only where the boot
/// sector is one of NTFS or cannot be read: another file system may have been made over an old one.
fn boot_sector(blocks: &mut dyn Blocks) -> Result<(NtfsGeometry, bool), Refusal> {
    let why = match boot_at(blocks, 0) {
        Ok(geometry) => return Ok((geometry, false)),
        Err(why @ (Refusal::Other | Refusal::Ended)) => return Err(why),
        Err(why) => why,
    };
    for sector in [512, 4096] {
        let Some(last) = blocks.bytes().checked_sub(sector) else {
            continue;
        };
        match boot_at(blocks, last) {
            Ok(geometry) if geometry.sectors.checked_mul(geometry.sector) == Some(last) => {
                return Ok((geometry, true));
            }
            Err(Refusal::Ended) => return Err(Refusal::Ended),
            _ => {}
        }
    }
    Err(why)
}

fn boot_at(blocks: &mut dyn Blocks, offset: u64) -> Result<NtfsGeometry, Refusal> {
    let mut boot = [0; BOOT_BYTES];
    match blocks.read(offset, &mut boot) {
        Ok(()) => NtfsGeometry::parse(&boot),
        Err(Fault::Bad) if blocks.bytes() < BOOT_BYTES as u64 => Err(Refusal::Other),
        Err(fault) => Err(Refusal::of(fault, "the boot sector")),
    }
}

/// What one of the first records says; `None` if it cannot be had.
fn node(
    source: &mut Metered<'_>,
    table: &MasterTable,
    limits: RunLimits,
    number: u64,
) -> Result<Option<Node>, Refusal> {
    let bytes = match table.record(source, number) {
        Ok(bytes) => bytes,
        Err(Stop::Volume(refusal)) => return Err(refusal),
        Err(Stop::File(_)) => return Ok(None),
    };
    match FileRecord::parse(&bytes, number) {
        Ok(record) if record.is_used => gather(source, table, limits, &record).map(Some),
        _ => Ok(None),
    }
}
