//! A record of $MFT: its header, and the fixups that show whether it was written whole.
//!
//! Source: libyal libfsntfs, *MFT entry*.

use super::bytes::{long_place_at, part, place_at};
use crate::fields::{le16, le32, le64};

/// The last two bytes of each so many are kept in the header, and a number stands there instead: 512, whatever the
/// sector of the device is.
const STRIDE: usize = 512;
/// The part of a reference that is a number.
const NUMBER: u64 = (1 << 48) - 1;

const IN_USE: u16 = 1;
const FOLDER: u16 = 2;

/// Which record, and which of those that were there one after the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Reference {
    /// The record.
    pub(super) number: u64,
    /// How often it was used anew.
    pub(super) sequence: u16,
}

impl Reference {
    /// As it is written: the number in the lower 48 bits.
    pub(super) fn new(written: u64) -> Self {
        Self {
            number: written & NUMBER,
            sequence: u16::try_from(written >> 48).unwrap_or(0),
        }
    }
}

/// A record whose fixups are undone.
#[derive(Debug, Clone, Copy)]
pub(super) struct FileRecord<'a> {
    /// Which one it is.
    pub(super) reference: Reference,
    /// Whether it stands for something.
    pub(super) is_used: bool,
    /// Whether it says that it is a folder.
    pub(super) is_folder: bool,
    /// The record of which this is a further one; number and sequence are 0 if it is none.
    pub(super) base: Reference,
    /// Its attributes, one after the other.
    pub(super) attributes: &'a [u8],
}

impl<'a> FileRecord<'a> {
    /// Reads the header of record `number`, whose fixups are undone.
    ///
    /// # Errors
    ///
    /// What is wrong with it.
    pub(super) fn parse(record: &'a [u8], number: u64) -> Result<Self, &'static str> {
        Self::fields(record, number).ok_or("the header of its record is damaged")
    }

    fn fields(record: &'a [u8], number: u64) -> Option<Self> {
        let used = long_place_at(record, 24)?;
        let flags = le16(record, 22)?;
        // Since NTFS 3.1 the header has the number as well, and the fixups begin after it.
        let has_number = place_at(record, 4)? >= 48;
        if has_number && u64::from(le32(record, 44)?) != number & u64::from(u32::MAX) {
            return None;
        }
        Some(Self {
            reference: Reference {
                number,
                sequence: le16(record, 16)?,
            },
            is_used: flags & IN_USE != 0,
            is_folder: flags & FOLDER != 0,
            base: Reference::new(le64(record, 32)?),
            attributes: record.get(place_at(record, 20)?..used)?,
        })
    }

    /// Whether it is the first record of something.
    pub(super) fn is_base(&self) -> bool {
        self.base.number == 0 && self.base.sequence == 0
    }
}

/// Undoes the fixups of a record.
///
/// # Errors
///
/// If there is no record, or it was not written whole.
pub(super) fn undo_fixups(record: &mut [u8]) -> Result<(), &'static str> {
    if record.get(..4) != Some(b"FILE") {
        return Err("there is no record");
    }
    let kept = kept(record).ok_or("the fixups of its record are damaged")?;
    let (number, kept) = kept.split_at(2);
    for (sector, kept) in record.chunks_exact_mut(STRIDE).zip(kept.chunks_exact(2)) {
        let (_, end) = sector.split_at_mut(STRIDE - 2);
        if end != number {
            return Err("its record was not written whole");
        }
        end.copy_from_slice(kept);
    }
    Ok(())
}

/// The number that stands at the end of each sector, and what stood there.
fn kept(record: &[u8]) -> Option<Vec<u8>> {
    let at = place_at(record, 4)?;
    let count = place_at(record, 6)?;
    let is_right = count == record.len() / STRIDE + 1 && at >= 40;
    let end = at.checked_add(count.checked_mul(2)?)?;
    (is_right && end <= STRIDE - 2)
        .then(|| part(record, at, count * 2).map(<[u8]>::to_vec))
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> Vec<u8> {
        let mut record = vec![7; 1024];
        record[..4].copy_from_slice(b"FILE");
        record[4..8].copy_from_slice(&[48, 0, 3, 0]);
        record[16..20].copy_from_slice(&[5, 0, 1, 0]);
        record[20..28].copy_from_slice(&[56, 0, 3, 0, 200, 0, 0, 0]);
        record[32..40].copy_from_slice(&[0; 8]);
        record[44..54].copy_from_slice(&[9, 0, 0, 0, 0xAB, 0xCD, 1, 2, 3, 4]);
        for end in [510, 1022] {
            record[end..end + 2].copy_from_slice(&[0xAB, 0xCD]);
        }
        record
    }

    #[test]
    fn a_record_is_read() {
        let mut bytes = record();
        undo_fixups(&mut bytes).unwrap();
        assert_eq!((bytes[510], bytes[511]), (1, 2));
        assert_eq!((bytes[1022], bytes[1023]), (3, 4));
        let record = FileRecord::parse(&bytes, 9).unwrap();
        assert_eq!(record.reference.sequence, 5);
        assert!(record.is_used && record.is_folder && record.is_base());
        assert_eq!(record.attributes.len(), 144);
        assert!(FileRecord::parse(&bytes, 10).is_err());
    }

    #[test]
    fn a_record_that_was_not_written_whole_is_known() {
        for change in [0, 4, 6, 511, 1022] {
            let mut bytes = record();
            bytes[change] ^= 1;
            assert!(undo_fixups(&mut bytes).is_err(), "{change}");
        }
        for cut in 0..1024 {
            assert!(undo_fixups(&mut record()[..cut]).is_err());
        }
    }

    #[test]
    fn references_are_a_number_and_a_sequence() {
        let reference = Reference::new(0x0003_0000_0000_0005);
        assert_eq!((reference.number, reference.sequence), (5, 3));
    }
}
