//! exFAT, by Microsoft's *exFAT file system specification* (revision 1.00).
//!
//! Names are taken as they are, so that the table of upper case is not needed. What is past a file's valid length is
//! zeros. Files that EFS encrypted are known by a bit that Windows sets, or by the name that it gives them (`.PFILE`;
//! `$EFS` is the key of a folder). A set of entries whose checksum is wrong, or that is not whole, is damaged, and
//! what must be understood and is not makes the file, the folder or the volume unreadable in which it stands; entries
//! that may be passed over are. Of two tables and two bitmaps (TexFAT) those are read that the volume says count.

mod boot;
mod entries;
mod set;

use std::ops::ControlFlow;

use crate::blocks::Blocks;
use crate::clusters::catalogue;
use crate::clusters::chain::{self, Step};
use crate::clusters::folder;
use crate::clusters::item::Lying;
use crate::clusters::metadata::{Metadata, PIECE};
use crate::clusters::remarks::Met;
use crate::clusters::survey::{self, FolderSurvey, Parts, Root};
use crate::clusters::table::Table;
use crate::exfat::boot::ExfatBoot;
use crate::exfat::entries::ExfatEntries;
use crate::fat;
use crate::reader::{Options, Reader, Refusal};
use crate::told::{Facts, Summary, Told};

/// An exFAT volume.
#[derive(Debug)]
pub struct Exfat {
    boot: ExfatBoot,
    options: Options,
    label: Option<Vec<u8>>,
    bitmap: Option<Lying>,
}

impl Exfat {
    /// Opens a volume. Where the boot region cannot be read, or is damaged, its copy is taken.
    ///
    /// # Errors
    ///
    /// [`Refusal::Other`] if it is no exFAT, or nothing that can be read says that it is; otherwise what keeps all of it from being read.
    pub fn open(blocks: &mut dyn Blocks, options: &Options) -> Result<Self, Refusal> {
        let device_sector = blocks.sector();
        let mut metered = Metadata::new(blocks, &options.limits);
        let mut exfat = Self {
            boot: ExfatBoot::read(&mut metered, device_sector)?,
            options: options.clone(),
            label: None,
            bitmap: None,
        };
        let (mut table, mut entries) = (exfat.table(), exfat.entries());
        survey::read_root(&mut exfat.parts(&mut metered, &mut table, &mut entries))?;
        exfat.label = entries.take_label();
        exfat.bitmap = entries.bitmap();
        Ok(exfat)
    }

    fn entries(&self) -> ExfatEntries {
        ExfatEntries::new(self.options.zone_minutes, self.boot.is_second_active)
    }

    fn table(&self) -> Table {
        Table::new(self.boot.table.clone(), self.boot.heap)
    }

    fn parts<'a, 'b>(
        &'a self,
        metered: &'a mut Metadata<'b>,
        table: &'a mut Table,
        entries: &'a mut ExfatEntries,
    ) -> Parts<'a, 'b> {
        Parts {
            metered,
            table,
            entries,
            heap: self.boot.heap,
            root: Root::Chain(self.boot.root),
            sector: self.boot.sector,
            limits: &self.options.limits,
        }
    }

    /// How many clusters the bitmap says are used that nothing claims; `None` if there is no bitmap of all clusters.
    /// Where it cannot be read, all are used.
    fn unclaimed(
        &self,
        table: &mut Table,
        metered: &mut Metadata,
        survey: &FolderSurvey,
    ) -> Result<Option<u64>, Refusal> {
        let mut missed = 0;
        let mut cluster = 0;
        for (place, length) in self.bitmap_pieces(table, metered)? {
            let mut at = 0;
            while at < length {
                let wanted = usize::try_from(length - at).unwrap_or(PIECE).min(PIECE);
                let mut used = vec![0; wanted];
                if !metered.read(place + at, &mut used)? {
                    used.fill(0xFF);
                }
                missed += survey.claimed.unclaimed(cluster, &used);
                cluster += wanted as u64 * 8;
                at += wanted as u64;
            }
        }
        Ok((cluster >= u64::from(self.boot.heap.count)).then_some(missed))
    }

    fn bitmap_pieces(
        &self,
        table: &mut Table,
        metered: &mut Metadata,
    ) -> Result<Vec<(u64, u64)>, Refusal> {
        let Some(bitmap) = self.bitmap else {
            return Ok(Vec::new());
        };
        let heap = &self.boot.heap;
        let bytes = u64::from(heap.count).div_ceil(8);
        let needed = heap.needed(bytes);
        let (mut runs, mut has) = (Vec::new(), 0);
        chain::follow(table, metered, bitmap.first, &mut |cluster| {
            chain::add(&mut runs, cluster);
            has += 1;
            if has == needed {
                Step::Enough
            } else {
                Step::On
            }
        })?;
        Ok(folder::pieces(heap, &runs, Some(bytes)))
    }
}

impl Reader for Exfat {
    fn facts(&self) -> Facts {
        Facts {
            kind: "exFAT",
            label: self.label.clone(),
            uuid: Some(fat::serial(self.boot.serial)),
            bytes: self.boot.bytes,
            cluster: self.boot.heap.cluster,
        }
    }

    fn catalogue(
        &mut self,
        blocks: &mut dyn Blocks,
        tell: &mut dyn FnMut(Told) -> ControlFlow<()>,
    ) -> Result<Summary, Refusal> {
        let mut metered = Metadata::new(blocks, &self.options.limits);
        let (mut table, mut entries) = (self.table(), self.entries());
        let mut parts = self.parts(&mut metered, &mut table, &mut entries);
        let survey = FolderSurvey::new(&mut parts)?;
        let counts = catalogue::tell(&mut parts, &survey, tell)?;
        let missed = self.unclaimed(&mut table, &mut metered, &survey)?;
        let met = Met {
            is_dirty: self.boot.is_dirty,
            is_from_backup: self.boot.is_backup,
            bytes: self.boot.bytes,
            device: metered.bytes(),
            table: &table,
            counts: &counts,
        };
        let mut remarks = met.remarks();
        if missed.is_none() {
            remarks.push("its bitmap of clusters in use is missing or damaged".to_owned());
        }
        Ok(Summary {
            remarks,
            is_dirty: self.boot.is_dirty,
            unaccounted: missed.map(|missed| missed * u64::from(self.boot.heap.cluster)),
        })
    }
}
