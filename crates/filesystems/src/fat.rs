//! FAT12, FAT16 and FAT32, by Microsoft's *FAT: General Overview of On-Disk Format* 1.03 (fatgen103).
//!
//! What FSInfo says is not read: nothing depends on it. Chains that end early, loop, or are claimed twice damage every
//! file that has part in them; a chain longer than the size of its file is allowed (room is kept in advance that way)
//! and told as a remark. Files in which other systems keep what FAT has no room for (`EA DATA. SF`, `WP ROOT. SF`) and
//! labels are left out. A file's name is its long name where the checksum of that fits, else its short name.

mod boot;
mod code_page;
mod entries;
mod long_name;
mod short_name;

use std::ops::ControlFlow;

use crate::blocks::Blocks;
use crate::clusters::catalogue;
use crate::clusters::heap::{FIRST, Heap};
use crate::clusters::metadata::Metadata;
use crate::clusters::remarks::Met;
use crate::clusters::survey::{self, FolderSurvey, Parts};
use crate::clusters::table::{Link, Table, Width};
use crate::fat::boot::{BOOT, FatBoot};
use crate::fat::entries::FatEntries;
use crate::fields;
use crate::reader::{Options, Reader, Refusal};
use crate::told::{Facts, Summary, Told};

/// Where FAT32 keeps a copy of its first sector, in sectors (fatgen103, `BPB_BkBootSec`).
const BACKUP: u64 = 6;

/// A FAT volume.
#[derive(Debug)]
pub struct Fat {
    boot: FatBoot,
    options: Options,
    label: Option<Vec<u8>>,
    is_from_backup: bool,
}

impl Fat {
    /// Opens a volume. Where the first sector cannot be read, the copy that FAT32 keeps is taken.
    ///
    /// # Errors
    ///
    /// [`Refusal::Other`] if it is no FAT, or nothing that can be read says that it is; otherwise what keeps all of it from being read.
    pub fn open(blocks: &mut dyn Blocks, options: &Options) -> Result<Self, Refusal> {
        let device_sector = blocks.sector();
        let mut metered = Metadata::new(blocks, &options.limits);
        let mut raw = [0; BOOT];
        let is_first = metered.read(0, &mut raw)?;
        let boot = if is_first {
            FatBoot::parse(&raw)?
        } else {
            backup(&mut metered, device_sector)?
        };
        let mut fat = Self {
            boot,
            options: options.clone(),
            label: None,
            is_from_backup: !is_first,
        };
        fat.label = fat.find_label(&mut metered)?;
        Ok(fat)
    }

    fn entries(&self) -> FatEntries {
        let has_high_clusters = self.boot.table.width == Width::TwentyEight;
        let (page, zone) = (self.options.code_page, self.options.zone_minutes);
        FatEntries::new(page, zone, has_high_clusters)
    }

    fn table(&self) -> Table {
        Table::new(self.boot.table.clone(), self.boot.heap)
    }

    fn parts<'a, 'b>(
        &'a self,
        metered: &'a mut Metadata<'b>,
        table: &'a mut Table,
        entries: &'a mut FatEntries,
    ) -> Parts<'a, 'b> {
        Parts {
            metered,
            table,
            entries,
            heap: self.boot.heap,
            root: self.boot.root,
            sector: self.boot.sector,
            limits: &self.options.limits,
        }
    }

    /// The label in the root. What the first sector says counts only if not all of the root can be read: few who
    /// change or remove a label change that too.
    fn find_label(&self, metered: &mut Metadata) -> Result<Option<Vec<u8>>, Refusal> {
        let (mut table, mut entries) = (self.table(), self.entries());
        let is_whole = survey::read_root(&mut self.parts(metered, &mut table, &mut entries))?;
        let in_boot = self.boot.label.filter(|_| !is_whole);
        let in_boot = in_boot.and_then(|label| entries::label(&label, self.options.code_page));
        Ok(entries.take_label().or(in_boot))
    }

    /// Whether the volume says that it is in use: in its first sector, or by two bits of the table that are set on a
    /// volume that is not, and had no errors (fatgen103, "FAT Volume Initialization").
    fn is_dirty(&self, table: &mut Table, metered: &mut Metadata) -> Result<bool, Refusal> {
        let clean = match self.boot.table.width {
            Width::Sixteen => 0xC000,
            Width::TwentyEight => 0x0C00_0000,
            Width::Twelve | Width::ThirtyTwo => 0,
        };
        let state = table.value(metered, 1)?;
        Ok(self.boot.is_dirty || state.is_some_and(|state| state & clean != clean))
    }
}

impl Reader for Fat {
    fn facts(&self) -> Facts {
        Facts {
            kind: self.boot.kind,
            label: self.label.clone(),
            uuid: self.boot.serial.map(serial),
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
        let survey = FolderSurvey::new(&mut self.parts(&mut metered, &mut table, &mut entries))?;
        entries.take_orphans();
        let mut parts = self.parts(&mut metered, &mut table, &mut entries);
        let counts = catalogue::tell(&mut parts, &survey, tell)?;
        let missed = unclaimed(&mut table, &mut metered, &self.boot.heap, &survey)?;
        let met = Met {
            is_dirty: self.is_dirty(&mut table, &mut metered)?,
            is_from_backup: self.is_from_backup,
            bytes: self.boot.bytes,
            device: metered.bytes(),
            table: &table,
            counts: &counts,
        };
        let mut remarks = met.remarks();
        if self.boot.is_table_short {
            remarks.push("its file allocation table is too short for its size".to_owned());
        }
        match entries.take_orphans() {
            0 => (),
            names => remarks.push(format!(
                "{names} long names fit no file and were passed over"
            )),
        }
        Ok(Summary {
            is_dirty: met.is_dirty,
            remarks,
            unaccounted: Some(missed * u64::from(self.boot.heap.cluster)),
        })
    }
}

/// A serial number as it is written.
pub(crate) fn serial(number: u32) -> String {
    format!("{:04X}-{:04X}", number >> 16, number & 0xFFFF)
}

/// The copy of the first sector, which names itself as the copy. The size of a sector is not known before.
fn backup(metered: &mut Metadata, device_sector: u32) -> Result<FatBoot, Refusal> {
    for sector in [device_sector, 512, 1024, 2048, 4096] {
        let mut raw = [0; BOOT];
        if metered.read(BACKUP * u64::from(sector), &mut raw)?
            && let Ok(boot) = FatBoot::parse(&raw)
            && boot.sector == sector
            && fields::le16(&raw, 50).map(u64::from) == Some(BACKUP)
        {
            return Ok(boot);
        }
    }
    Err(Refusal::Other)
}

/// How many clusters the table says are used that nothing claims. Where it cannot be read, all are.
fn unclaimed(
    table: &mut Table,
    metered: &mut Metadata,
    heap: &Heap,
    survey: &FolderSurvey,
) -> Result<u64, Refusal> {
    let mut missed = 0;
    for index in 0..heap.count {
        // A first sector may tell of more clusters than a table on this device has.
        if !table.lies_within(metered.bytes(), index + FIRST) {
            return Ok(missed + u64::from(heap.count - index));
        }
        if survey.claimed.has(u64::from(index)) {
            continue;
        }
        let link = table.link(metered, index + FIRST)?;
        missed += u64::from(!matches!(link, Link::Free | Link::Spoiled));
    }
    Ok(missed)
}
