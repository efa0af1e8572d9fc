//! The volumes of a device: the whole of it, or what its partition table says; and their readers.

use crate::blocks::{Blocks, Fault};
use crate::exfat::Exfat;
use crate::ext::Ext;
use crate::fat::Fat;
use crate::ntfs::Ntfs;
use crate::reader::{Options, Reader, Refusal};
use crate::recognise::{Class, FileSystem, Recognised, recognise};
use crate::tables::{self, PartitionTable, Scheme, TableFault};

/// What is said of a volume on which nothing is found.
const UNKNOWN: &str =
    "holds no file system that is known: send the files on ext4, NTFS, exFAT or FAT";

/// What lies on a device.
#[derive(Debug, Clone, Default)]
pub struct Survey {
    /// The device as a whole.
    pub whole: Recognised,
    /// Its partition table, unless the whole is a file system.
    pub table: Option<PartitionTable>,
    /// Why there is no table though one was found.
    pub damaged_table: Option<&'static str>,
    /// The volumes: one for each partition, or the whole as number 0.
    pub volumes: Vec<Volume>,
}

/// A volume of a device.
#[derive(Debug, Clone)]
pub struct Volume {
    /// The number of its partition; 0 is the whole device.
    pub number: u32,
    /// Where it begins in the device, in bytes.
    pub offset: u64,
    /// Its length in bytes.
    pub bytes: u64,
    /// What it is if it holds no data of a customer.
    pub system: Option<&'static str>,
    /// What it belongs to, by its type in the table, that cannot be followed.
    pub manager: Option<&'static str>,
    /// What was found on it.
    pub recognised: Recognised,
}

/// A part of a device as a volume.
pub struct Part<'a> {
    device: &'a mut dyn Blocks,
    offset: u64,
    bytes: u64,
}

impl<'a> Part<'a> {
    /// The bytes of a volume.
    pub fn new(device: &'a mut dyn Blocks, volume: &Volume) -> Self {
        Self {
            device,
            offset: volume.offset,
            bytes: volume.bytes,
        }
    }
}

impl Blocks for Part<'_> {
    fn bytes(&self) -> u64 {
        self.bytes
    }

    fn sector(&self) -> u32 {
        self.device.sector()
    }

    fn read(&mut self, offset: u64, into: &mut [u8]) -> Result<(), Fault> {
        let at = self.place(offset, into.len())?;
        self.device.read(at, into)
    }

    fn read_lightly(&mut self, offset: u64, into: &mut [u8]) -> Result<(), Fault> {
        let at = self.place(offset, into.len())?;
        self.device.read_lightly(at, into)
    }
}

impl Part<'_> {
    /// Where so many bytes of the volume are in the device.
    fn place(&self, offset: u64, bytes: usize) -> Result<u64, Fault> {
        let end = offset.checked_add(bytes as u64);
        if end.is_none_or(|end| end > self.bytes) {
            return Err(Fault::Bad);
        }
        self.offset.checked_add(offset).ok_or(Fault::Bad)
    }
}

/// Looks at a device. A file system that begins with it is the whole of it, whatever partitions its first sector seems
/// to have.
///
/// # Errors
///
/// [`Fault::Ended`] if the device answers no more.
pub fn survey(device: &mut dyn Blocks) -> Result<Survey, Fault> {
    let mut survey = Survey {
        whole: recognise(device)?,
        ..Survey::default()
    };
    if survey.whole.readable.is_empty() {
        match table(device) {
            Ok((table, volumes)) => {
                survey.table = Some(table);
                survey.volumes = volumes;
                return Ok(survey);
            }
            Err(TableFault::None) => {}
            Err(TableFault::Damaged(why)) => survey.damaged_table = Some(why),
            Err(TableFault::Ended) => return Err(Fault::Ended),
        }
    }
    survey.volumes.push(Volume {
        number: 0,
        offset: 0,
        bytes: device.bytes(),
        system: None,
        manager: None,
        recognised: survey.whole.clone(),
    });
    Ok(survey)
}

/// The table for the size of sectors in which it is right: a GPT, else the MBR on whose partitions more is found.
fn table(device: &mut dyn Blocks) -> Result<(PartitionTable, Vec<Volume>), TableFault> {
    let sectors = if device.sector() == 4096 {
        [4096, 512]
    } else {
        [512, 4096]
    };
    let mut best: Option<(usize, PartitionTable, Vec<Volume>)> = None;
    let mut fault = TableFault::None;
    for sector in sectors {
        let table = match tables::read(device, sector) {
            Ok(table) => table,
            Err(TableFault::Ended) => return Err(TableFault::Ended),
            Err(TableFault::None) => continue,
            Err(damaged) => {
                fault = damaged;
                continue;
            }
        };
        let volumes = volumes(device, &table).map_err(|_| TableFault::Ended)?;
        if table.scheme == Scheme::Gpt {
            return Ok((table, volumes));
        }
        let known = volumes.iter().filter(|volume| volume.is_known()).count();
        if best.as_ref().is_none_or(|(most, ..)| known > *most) {
            best = Some((known, table, volumes));
        }
    }
    // A damaged GPT of either size means that an MBR beside it is not the table.
    match best {
        Some((_, table, volumes)) if fault == TableFault::None => Ok((table, volumes)),
        _ => Err(fault),
    }
}

fn volumes(device: &mut dyn Blocks, table: &PartitionTable) -> Result<Vec<Volume>, Fault> {
    let mut volumes = Vec::new();
    for partition in &table.partitions {
        let mut volume = Volume {
            number: partition.number,
            offset: partition.offset,
            bytes: partition.bytes,
            system: partition.system(),
            manager: partition.manager(),
            recognised: Recognised::default(),
        };
        volume.recognised = recognise(&mut Part::new(device, &volume))?;
        volumes.push(volume);
    }
    Ok(volumes)
}

impl Volume {
    fn is_known(&self) -> bool {
        !self.recognised.readable.is_empty() || !self.recognised.foreign.is_empty()
    }

    /// Why it is not read, as far as that is known before it is opened.
    #[must_use]
    pub fn refusal(&self) -> Option<Refusal> {
        if let Some(manager) = self.manager {
            let why = format!(
                "belongs to a {manager}, which is not read: send a copy of the files on a plain partition"
            );
            return Some(Refusal::Foreign(why));
        }
        let foreign = &self.recognised.foreign;
        let array = foreign.iter().find(|foreign| foreign.class == Class::Array);
        let is_readable = !self.recognised.readable.is_empty();
        if let Some(foreign) = array.or(foreign.first().filter(|_| !is_readable)) {
            return Some(Refusal::Foreign(foreign.sentence.clone()));
        }
        match (is_readable, self.recognised.is_empty) {
            (true, _) => None,
            (false, true) => Some(Refusal::Other),
            (false, false) => Some(Refusal::Foreign(UNKNOWN.to_owned())),
        }
    }

    /// Opens the file system of this volume; `blocks` are those of the volume.
    ///
    /// What is one disk of an array is refused, though a file system may begin on it: the other disks may be newer. Of
    /// two file systems the one that opens is right; if both do, neither is believed.
    ///
    /// # Errors
    ///
    /// What the volume is and is not read, or why its file system is refused. [`Refusal::Other`] if it is empty.
    pub fn open(
        &self,
        blocks: &mut dyn Blocks,
        options: &Options,
    ) -> Result<Box<dyn Reader>, Refusal> {
        if let Some(refusal) = self.refusal() {
            return Err(refusal);
        }
        let mut opened: Option<Box<dyn Reader>> = None;
        let mut refused = Refusal::Other;
        for &kind in &self.recognised.readable {
            match (reader(kind, blocks, options), &opened) {
                (Ok(reader), None) => opened = Some(reader),
                (Ok(reader), Some(first)) => return Err(both(first.as_ref(), reader.as_ref())),
                (Err(Refusal::Ended), _) => return Err(Refusal::Ended),
                (Err(refusal), _) if refused == Refusal::Other => refused = refusal,
                (Err(_), _) => {}
            }
        }
        opened.ok_or(refused)
    }
}

fn reader(
    kind: FileSystem,
    blocks: &mut dyn Blocks,
    options: &Options,
) -> Result<Box<dyn Reader>, Refusal> {
    Ok(match kind {
        FileSystem::Ext => Box::new(Ext::open(blocks, options)?),
        FileSystem::Ntfs => Box::new(Ntfs::open(blocks, options)?),
        FileSystem::ExFat => Box::new(Exfat::open(blocks, options)?),
        FileSystem::Fat => Box::new(Fat::open(blocks, options)?),
    })
}

fn both(one: &dyn Reader, other: &dyn Reader) -> Refusal {
    let (one, other) = (one.facts().kind, other.facts().kind);
    Refusal::Foreign(format!(
        "is {one} and {other} at once, and which of them is right cannot be told: send a copy of its files"
    ))
}
