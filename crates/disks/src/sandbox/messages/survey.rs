//! What a survey finds, as it is sent.
//!
//! The child says what it recognised and the partition table; where the volumes lie and which are a system's own the
//! parent works out of the table itself.

use filesystems::recognise::{Class, FileSystem, Foreign, Recognised};
use filesystems::tables::{Partition, PartitionTable, Scheme};
use filesystems::volumes::Volume;

use crate::sandbox::limits::LISTED;
use crate::sandbox::wire::{Malformed, Taken, Wire, kinds, put_list, put_word};
use crate::sandbox::words::{DAMAGED_TABLES, MANAGERS};

/// What a survey found beside what is on each volume.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SurveyHead {
    /// The device as a whole.
    pub(crate) whole: Recognised,
    /// Its partition table.
    pub(crate) table: Option<PartitionTable>,
    /// Why there is none though one was found.
    pub(crate) damaged_table: Option<&'static str>,
}

kinds!(FileSystem { 0 => Ext, 1 => Ntfs, 2 => ExFat, 3 => Fat });
kinds!(Scheme { 0 => Mbr, 1 => Gpt });
kinds!(Class {
    0 => Array,
    1 => Encrypted,
    2 => Manager,
    3 => FileSystem,
    4 => Table,
    5 => NoData,
    6 => Container,
});

impl Wire for SurveyHead {
    fn put(&self, into: &mut Vec<u8>) {
        self.whole.put(into);
        self.table.put(into);
        put_known(into, DAMAGED_TABLES, self.damaged_table);
    }

    fn take(from: &mut Taken<'_>) -> Result<Self, Malformed> {
        Ok(Self {
            whole: Wire::take(from)?,
            table: Wire::take(from)?,
            damaged_table: take_known(from, DAMAGED_TABLES)?,
        })
    }
}

impl Wire for Foreign {
    const LEAST: usize = 9;

    fn put(&self, into: &mut Vec<u8>) {
        self.class.put(into);
        self.name.put(into);
        self.sentence.put(into);
    }

    fn take(from: &mut Taken<'_>) -> Result<Self, Malformed> {
        Ok(Self {
            class: Wire::take(from)?,
            name: Wire::take(from)?,
            sentence: Wire::take(from)?,
        })
    }
}

impl Wire for Recognised {
    fn put(&self, into: &mut Vec<u8>) {
        put_list(into, &self.readable);
        put_list(into, &self.foreign);
        self.is_empty.put(into);
    }

    fn take(from: &mut Taken<'_>) -> Result<Self, Malformed> {
        Ok(Self {
            readable: from.list(LISTED)?,
            foreign: from.list(LISTED)?,
            is_empty: Wire::take(from)?,
        })
    }
}

impl Wire for Partition {
    const LEAST: usize = 28;

    fn put(&self, into: &mut Vec<u8>) {
        self.number.put(into);
        self.offset.put(into);
        self.bytes.put(into);
        self.kind.put(into);
        self.name.put(into);
    }

    fn take(from: &mut Taken<'_>) -> Result<Self, Malformed> {
        Ok(Self {
            number: Wire::take(from)?,
            offset: Wire::take(from)?,
            bytes: Wire::take(from)?,
            kind: Wire::take(from)?,
            name: Wire::take(from)?,
        })
    }
}

impl Wire for PartitionTable {
    fn put(&self, into: &mut Vec<u8>) {
        self.scheme.put(into);
        self.sector.put(into);
        put_list(into, &self.partitions);
        self.remarks.put(into);
    }

    fn take(from: &mut Taken<'_>) -> Result<Self, Malformed> {
        Ok(Self {
            scheme: Wire::take(from)?,
            sector: Wire::take(from)?,
            partitions: from.list(LISTED)?,
            remarks: Wire::take(from)?,
        })
    }
}

/// A volume as the child is told of it that reads it: where it lies on the device is not its business, and whether it
/// is a system's own was decided.
impl Wire for Volume {
    fn put(&self, into: &mut Vec<u8>) {
        self.number.put(into);
        self.bytes.put(into);
        put_known(into, MANAGERS, self.manager);
        self.recognised.put(into);
    }

    fn take(from: &mut Taken<'_>) -> Result<Self, Malformed> {
        Ok(Self {
            number: Wire::take(from)?,
            offset: 0,
            bytes: Wire::take(from)?,
            system: None,
            manager: take_known(from, MANAGERS)?,
            recognised: Wire::take(from)?,
        })
    }
}

/// Appends a word that both sides know, or that there is none.
fn put_known(into: &mut Vec<u8>, all: &[&'static str], word: Option<&'static str>) {
    word.is_some().put(into);
    if let Some(word) = word {
        put_word(into, all, word);
    }
}

fn take_known(
    from: &mut Taken<'_>,
    all: &[&'static str],
) -> Result<Option<&'static str>, Malformed> {
    match bool::take(from)? {
        true => from.word(all).map(Some),
        false => Ok(None),
    }
}
