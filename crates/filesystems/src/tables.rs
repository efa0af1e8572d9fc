//! Partition tables: MBR with logical partitions, and GPT.
//!
//! A table is read for one size of sectors; a disk that was written through an enclosure of the other size has its
//! table there, so that whoever asks tries both. GPT is believed if the checksums of header and entries are right: the
//! first copy, else the one at the end. Where an MBR and a GPT differ, the GPT is right.

mod gpt;
mod mbr;

use crate::blocks::{Blocks, Fault};

/// A partition table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartitionTable {
    /// Which kind it is.
    pub scheme: Scheme,
    /// The size of the sectors by which it counts, in bytes.
    pub sector: u32,
    /// Its partitions in the order of their numbers.
    pub partitions: Vec<Partition>,
    /// What a customer should know though the table was read.
    pub remarks: Vec<String>,
}

/// Kinds of partition tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// A master boot record.
    Mbr,
    /// A GUID partition table.
    Gpt,
}

impl Scheme {
    /// What it is called.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Mbr => "MBR",
            Self::Gpt => "GPT",
        }
    }
}

/// A partition. It lies inside its device: one that ends past it is cut there, with a remark.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Partition {
    /// Its number, from 1 on; logical partitions of an MBR from 5 on.
    pub number: u32,
    /// Where it begins in the device, in bytes.
    pub offset: u64,
    /// Its length in bytes.
    pub bytes: u64,
    /// Its type: two hexadecimal digits in an MBR, a GUID in GPT.
    pub kind: String,
    /// Its name, as UTF-8, where the table has names.
    pub name: String,
}

/// Why there is no table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TableFault {
    /// None is there.
    None,
    /// One is there, and it is damaged; what of it.
    Damaged(&'static str),
    /// The device answers no more.
    Ended,
}

/// Reads the table of a device whose sectors have `sector` bytes.
///
/// # Errors
///
/// If there is none, or it cannot be believed.
pub fn read(blocks: &mut dyn Blocks, sector: u32) -> Result<PartitionTable, TableFault> {
    match gpt::read(blocks, sector) {
        Err(TableFault::None) => mbr::read(blocks, sector),
        found => found,
    }
}

impl Partition {
    /// What a partition is that holds no data of a customer, by its type; `None` if it may hold some.
    #[must_use]
    pub fn system(&self) -> Option<&'static str> {
        Some(match self.kind.as_str() {
            "ef" | "c12a7328-f81f-11d2-ba4b-00a0c93ec93b" => "EFI system partition",
            "e3c9e316-0b5c-4db8-817d-f92df00215ae" => "Microsoft reserved partition",
            "27" | "de94bba4-06d1-4d40-a16a-bfd50179d6ac" => "Windows recovery partition",
            "21686148-6449-6e6f-744e-656564454649" => "BIOS boot partition",
            "82" | "0657fd6d-a4ab-43c4-84e5-0933c84b4f4f" => "Linux swap space",
            "426f6f74-0000-11aa-aa11-00306543ecac" => "Apple boot partition",
            "52637672-7972-11aa-aa11-00306543ecac" => "Apple recovery partition",
            _ => return None,
        })
    }

    /// What a partition belongs to that no reader here can follow, by its type.
    #[must_use]
    pub fn manager(&self) -> Option<&'static str> {
        Some(match self.kind.as_str() {
            "42"
            | "af9b60a0-1431-4f62-bc68-3311714a69ad"
            | "5808c8aa-7e8f-42e0-85d2-e1e90434cfb3" => "Windows dynamic disk",
            "e75caf8f-f680-4cee-afa3-b001e56efc2d" => "Storage Spaces",
            _ => return None,
        })
    }
}

/// Reads one sector or less; `None` where it cannot be read.
fn sector(
    blocks: &mut dyn Blocks,
    offset: u64,
    bytes: usize,
) -> Result<Option<Vec<u8>>, TableFault> {
    let mut into = vec![0; bytes];
    match blocks.read(offset, &mut into) {
        Ok(()) => Ok(Some(into)),
        Err(Fault::Bad) => Ok(None),
        Err(Fault::Ended) => Err(TableFault::Ended),
    }
}

/// A partition of sectors, cut at the end of the device; the words are a remark. `None` if nothing of it is there.
fn placed(
    volume: u64,
    sector: u32,
    number: u32,
    first: u64,
    count: u64,
) -> (Option<(u64, u64)>, Option<String>) {
    let offset = first
        .checked_mul(u64::from(sector))
        .filter(|&offset| offset < volume);
    let Some(offset) = offset else {
        return (
            None,
            Some(format!(
                "partition {number} lies past the end of the device"
            )),
        );
    };
    let bytes = count.saturating_mul(u64::from(sector));
    if bytes > volume - offset {
        let remark = format!("partition {number} goes past the end of the device");
        return (Some((offset, volume - offset)), Some(remark));
    }
    (Some((offset, bytes)), None)
}
