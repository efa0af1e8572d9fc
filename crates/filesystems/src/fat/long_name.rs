//! Long names: up to twenty entries before the one they belong to, the last piece first (fatgen103, "FAT Long Directory
//! Entries").

use crate::clusters::item::ENTRY;
use crate::fields;
use crate::wtf8;

/// Where the thirteen units of UTF-16 of an entry are in it.
const PLACES: [usize; 13] = [1, 3, 5, 7, 9, 14, 16, 18, 20, 22, 24, 28, 30];

/// The most entries that a name has: 255 units need twenty.
const ENTRIES: u8 = 20;

/// The longest name in units of UTF-16.
const UNITS: usize = 255;

/// Marks the entry that comes first, and holds the end of the name.
const LAST: u8 = 0x40;

/// A long name that is put together, and how many were found that belong to nothing.
#[derive(Debug, Default)]
pub(crate) struct LongName {
    pieces: Vec<[u16; 13]>,
    /// How many entries are still to come; `None` if nothing was begun, or something is wrong with it.
    missing: Option<u8>,
    checksum: u8,
    is_begun: bool,
    orphans: u64,
}

impl LongName {
    /// Takes an entry of a long name.
    pub(crate) fn take(&mut self, raw: &[u8; ENTRY]) {
        let (ordinal, checksum) = (raw[0], raw[13]);
        if ordinal & LAST != 0 {
            self.abandon();
            self.checksum = checksum;
            self.missing = Some(ordinal & !LAST).filter(|count| (1..=ENTRIES).contains(count));
        } else if self.missing != Some(ordinal) || checksum != self.checksum {
            self.missing = None;
        }
        self.is_begun = true;
        // Byte 12 says of what kind the entry is, and 0 stands for names; bytes 26 and 27 are no cluster.
        if raw[12] != 0 || raw[26] != 0 || raw[27] != 0 {
            self.missing = None;
        }
        self.missing = self.missing.and_then(|missing| missing.checked_sub(1));
        if self.missing.is_some() {
            let units = PLACES.map(|place| fields::le16(raw, place).unwrap_or(0));
            self.pieces.push(units);
        }
    }

    /// What was begun belongs to nothing.
    pub(crate) fn abandon(&mut self) {
        self.orphans += u64::from(self.is_begun);
        self.clear();
    }

    /// The name for the entry whose short name has this checksum, as WTF-8, if what came before is one.
    pub(crate) fn finish(&mut self, checksum: u8) -> Option<Vec<u8>> {
        let is_whole = self.missing == Some(0) && self.checksum == checksum;
        let name = if is_whole { self.name() } else { None };
        self.orphans += u64::from(self.is_begun && name.is_none());
        self.clear();
        name
    }

    /// How many names were found that belong to nothing, since this was asked.
    pub(crate) fn take_orphans(&mut self) -> u64 {
        std::mem::take(&mut self.orphans)
    }

    /// A zero ends the name, in its last piece; nothing ends one that fills all of it.
    fn name(&self) -> Option<Vec<u8>> {
        let units: Vec<u16> = self.pieces.iter().rev().flatten().copied().collect();
        let end = units.iter().position(|&unit| unit == 0);
        let end = end.unwrap_or(units.len());
        let before_last = units.len().checked_sub(PLACES.len())?;
        let is_name = end >= before_last && (1..=UNITS).contains(&end);
        is_name.then(|| wtf8::from_utf16(units.into_iter().take(end)))
    }

    fn clear(&mut self) {
        self.pieces.clear();
        self.missing = None;
        self.is_begun = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(ordinal: u8, checksum: u8, text: &[u16]) -> [u8; ENTRY] {
        let mut raw = [0xFF; ENTRY];
        (raw[0], raw[11], raw[12], raw[13]) = (ordinal, 0x0F, 0, checksum);
        (raw[26], raw[27]) = (0, 0);
        for (index, place) in PLACES.into_iter().enumerate() {
            let end = if index == text.len() { 0 } else { 0xFFFF };
            let unit = text.get(index).copied().unwrap_or(end);
            raw[place..place + 2].copy_from_slice(&unit.to_le_bytes());
        }
        raw
    }

    fn entries(name: &str, checksum: u8) -> Vec<[u8; ENTRY]> {
        let units: Vec<u16> = name.encode_utf16().collect();
        let mut entries: Vec<_> = (1u8..)
            .zip(units.chunks(13))
            .map(|(ordinal, piece)| entry(ordinal, checksum, piece))
            .collect();
        entries.reverse();
        entries[0][0] |= LAST;
        entries
    }

    fn joined(entries: &[[u8; ENTRY]], checksum: u8) -> (Option<Vec<u8>>, u64) {
        let mut name = LongName::default();
        for raw in entries {
            name.take(raw);
        }
        (name.finish(checksum), name.take_orphans())
    }

    #[test]
    fn pieces_are_joined_from_the_last() {
        let long = "x".repeat(255);
        for name in [
            "a",
            "exactly 13 un",
            "a name of more than 13 units",
            "\u{1F600}é",
            &long,
        ] {
            let expected = (Some(name.as_bytes().to_vec()), 0);
            assert_eq!(joined(&entries(name, 7), 7), expected);
        }
    }

    #[test]
    fn a_name_with_a_piece_missing_wrong_or_of_another_is_none() {
        let whole = entries("a name that takes four entries, and no less", 7);
        assert_eq!(whole.len(), 4);
        assert_eq!(joined(&whole, 8), (None, 1));
        for index in 0..whole.len() {
            let mut pieces = whole.clone();
            pieces.remove(index);
            assert_eq!(joined(&pieces, 7).0, None);
            for place in [12, 13, 26] {
                let mut pieces = whole.clone();
                pieces[index][place] = 8;
                assert_eq!(joined(&pieces, 7).0, None);
            }
            let mut pieces = whole.clone();
            pieces.insert(index, whole[index]);
            assert_eq!(joined(&pieces, 7).0.is_some(), index == 0);
        }
    }

    #[test]
    fn names_that_are_empty_too_long_or_end_too_soon_are_none() {
        assert_eq!(joined(&entries(&"x".repeat(256), 7), 7).0, None);
        assert_eq!(joined(&[entry(LAST | 1, 7, &[])], 7).0, None);
        assert_eq!(joined(&[entry(LAST | 21, 7, &[97])], 7).0, None);
        assert_eq!(joined(&[entry(LAST, 7, &[97])], 7).0, None);
        let early = [entry(LAST | 2, 7, &[97]), entry(1, 7, &[97])];
        assert_eq!(joined(&early, 7).0, None);
    }

    #[test]
    fn what_belongs_to_nothing_is_counted_once() {
        let mut name = LongName::default();
        for raw in entries("a name that takes four entries, and no less", 7) {
            name.take(&raw);
        }
        name.abandon();
        name.abandon();
        assert_eq!(name.finish(7), None);
        assert_eq!((name.take_orphans(), name.take_orphans()), (1, 0));
    }
}
