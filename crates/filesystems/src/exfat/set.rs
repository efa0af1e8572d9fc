//! The entries that describe one file: the file, its stream, its name (exFAT specification, 7.4, 7.6, 7.7).

use crate::clusters::dos_time;
use crate::clusters::item::{ENTRY, Found, Item, Layout, Lying};
use crate::clusters::name;
use crate::fields::{le16, le32, le64};
use crate::told::{Moment, Times, Unloadable};
use crate::wtf8;

/// Kinds of secondary entries that are in use.
pub(crate) const STREAM: u8 = 0xC0;
pub(crate) const NAME: u8 = 0xC1;
/// The bit of a kind by which an entry that is not known may be passed over.
pub(crate) const BENIGN: u8 = 0x20;

/// Units of UTF-16 in one entry of a name.
const UNITS: usize = 15;

const FOLDER: u16 = 0x10;
/// Windows sets this of a file's second, reserved field of attributes where EFS encrypted it.
const ENCRYPTED: u16 = 0x8000;

/// Flags of a stream: it may have clusters; they follow each other without the table.
const CAN_HAVE_CLUSTERS: u8 = 1;
const NO_CHAIN: u8 = 2;

/// What the entries of a set say, `raw` being all of them and `id` the number of the first.
pub(crate) fn understand(raw: &[u8], id: u64, zone_minutes: i16) -> Found {
    let (entries, _) = raw.as_chunks::<ENTRY>();
    let set = entries.split_first().zip(entries.get(1));
    let Some(((file, _), stream)) = set.filter(|(_, stream)| stream[0] == STREAM) else {
        return broken(id, None, false, "the entry of its stream is missing");
    };
    let is_folder = le16(file, 4).is_some_and(|attributes| attributes & FOLDER != 0);
    let rest = entries.get(2..).unwrap_or_default();
    let name = name_of(rest, stream[3]);
    if le16(file, 2) != Some(checksum(raw)) {
        return broken(id, name, is_folder, "the checksum of its entries is wrong");
    }
    let Some(name) = name else {
        return broken(id, None, is_folder, "entries of its name are missing");
    };
    if let Some(why) = name::fault(&name) {
        return broken(id, Some(name), is_folder, why);
    }
    let lying = match lying(stream, is_folder) {
        Ok(lying) => lying,
        Err(why) => return broken(id, Some(name), is_folder, why),
    };
    let unloadable = unknown(rest).or_else(|| encrypted(file, &name, is_folder));
    match unloadable {
        Some(why) if is_folder => broken(id, Some(name), true, &format!("{why:?}")),
        unloadable => told(
            is_folder,
            Item {
                id,
                name,
                times: times(file, zone_minutes),
                lying,
                unloadable,
            },
        ),
    }
}

fn told(is_folder: bool, item: Item) -> Found {
    if is_folder {
        Found::Folder(item)
    } else {
        Found::File(item)
    }
}

/// A name of `units`, from the entries that follow the stream at once.
fn name_of(entries: &[[u8; ENTRY]], units: u8) -> Option<Vec<u8>> {
    let names = entries.iter().take_while(|entry| entry[0] == NAME);
    let all = names.flat_map(|entry| (0..UNITS).filter_map(|index| le16(entry, 2 + index * 2)));
    let name: Vec<u16> = all.take(usize::from(units)).collect();
    (name.len() == usize::from(units)).then(|| wtf8::from_utf16(name))
}

fn lying(stream: &[u8; ENTRY], is_folder: bool) -> Result<Lying, &'static str> {
    let missing = "the entry of its stream is too short";
    let first = le32(stream, 20).ok_or(missing)?;
    let valid = le64(stream, 8).ok_or(missing)?;
    let bytes = le64(stream, 24).ok_or(missing)?;
    if valid > bytes {
        return Err("more of it is valid than it has");
    }
    if is_folder && valid != bytes {
        return Err("it is a folder of which not all is valid");
    }
    if stream[1] & CAN_HAVE_CLUSTERS == 0 && (bytes > 0 || first > 0) {
        return Err("it has clusters and says that it cannot have any");
    }
    let layout = if stream[1] & NO_CHAIN == 0 {
        Layout::Chained
    } else {
        Layout::Contiguous
    };
    Ok(Lying {
        first,
        layout,
        bytes: Some(bytes),
        valid,
    })
}

/// Entries of unknown kinds count only if they must be understood.
fn unknown(entries: &[[u8; ENTRY]]) -> Option<Unloadable> {
    let mut rest = entries.iter().skip_while(|entry| entry[0] == NAME);
    let found = rest.find(|entry| entry[0] & BENIGN == 0)?;
    Some(Unloadable::UnknownFeature(format!(
        "an entry of the kind {:02X}",
        found[0]
    )))
}

fn encrypted(file: &[u8; ENTRY], name: &[u8], is_folder: bool) -> Option<Unloadable> {
    let is_marked = le16(file, 6).is_some_and(|reserved| reserved & ENCRYPTED != 0);
    // A folder that is marked so is one in which new files will be encrypted.
    let is_encrypted = !is_folder && (is_marked || name::is_of_efs(name));
    is_encrypted.then_some(Unloadable::Encrypted("EFS"))
}

fn times(file: &[u8; ENTRY], zone_minutes: i16) -> Times {
    let moment = |at, hundredths, zone: usize| {
        let [time, date] = [le16(file, at)?, le16(file, at + 2)?];
        let minutes = minutes_east(file[zone]).unwrap_or(zone_minutes);
        dos_time::moment(date, time, hundredths, minutes)
    };
    Times {
        modified: moment(12, file[21], 23),
        changed: None::<Moment>,
        accessed: moment(16, 0, 24),
        created: moment(8, file[20], 22),
    }
}

/// An offset from UTC: quarters of an hour in seven bits with a sign, if the eighth bit says that it is known.
fn minutes_east(zone: u8) -> Option<i16> {
    let quarters = i16::from(zone & 0x7F);
    let signed = if quarters >= 64 {
        quarters - 128
    } else {
        quarters
    };
    (zone & 0x80 != 0).then_some(signed * 15)
}

/// The checksum of a set (6.3.3), without the place where it stands.
pub(crate) fn checksum(raw: &[u8]) -> u16 {
    let mut sum = 0u16;
    for (index, &byte) in raw.iter().enumerate() {
        if !matches!(index, 2 | 3) {
            sum = sum.rotate_right(1).wrapping_add(u16::from(byte));
        }
    }
    sum
}

pub(crate) fn broken(id: u64, name: Option<Vec<u8>>, is_folder: bool, why: &str) -> Found {
    Found::Broken {
        id,
        name,
        is_folder,
        why: why.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A set of a file named `a.txt` of 700 bytes, 600 of them valid, in cluster 5.
    fn set() -> Vec<u8> {
        let mut raw = vec![0; 3 * ENTRY];
        raw[0] = 0x85;
        raw[1] = 2;
        raw[ENTRY..ENTRY + 4].copy_from_slice(&[STREAM, CAN_HAVE_CLUSTERS | NO_CHAIN, 0, 5]);
        raw[ENTRY + 8..ENTRY + 16].copy_from_slice(&600u64.to_le_bytes());
        raw[ENTRY + 20] = 5;
        raw[ENTRY + 24..ENTRY + 32].copy_from_slice(&700u64.to_le_bytes());
        raw[2 * ENTRY] = NAME;
        for (index, letter) in b"a.txt".iter().enumerate() {
            raw[2 * ENTRY + 2 + index * 2] = *letter;
        }
        summed(raw)
    }

    fn summed(mut raw: Vec<u8>) -> Vec<u8> {
        let sum = checksum(&raw).to_le_bytes();
        raw[2..4].copy_from_slice(&sum);
        raw
    }

    /// The file of a set in which a byte is other.
    fn changed(place: usize, byte: u8) -> Found {
        let mut raw = set();
        raw[place] = byte;
        understand(&summed(raw), 9, 0)
    }

    #[test]
    fn a_set_is_a_file() {
        let Found::File(item) = understand(&set(), 9, 0) else {
            panic!("no file");
        };
        assert_eq!((item.id, item.name.as_slice()), (9, b"a.txt".as_slice()));
        let lying = item.lying;
        assert_eq!((lying.first, lying.bytes, lying.valid), (5, Some(700), 600));
        assert_eq!((lying.layout, item.unloadable), (Layout::Contiguous, None));
    }

    #[test]
    fn every_byte_counts_for_the_checksum() {
        for place in 0..3 * ENTRY {
            let mut raw = set();
            raw[place] ^= 0x55;
            let found = understand(&raw, 9, 0);
            assert!(matches!(found, Found::Broken { .. }), "{place}");
        }
    }

    #[test]
    fn what_cannot_be_is_broken_though_the_checksum_is_right() {
        let stream = ENTRY;
        for (place, byte) in [
            (stream, NAME),
            (stream + 1, 0),
            (stream + 3, 0),
            (stream + 3, 16),
            (stream + 9, 3),
            (2 * ENTRY + 2, b'/'),
            (2 * ENTRY + 4, 0),
            (2 * ENTRY, STREAM),
        ] {
            let found = changed(place, byte);
            assert!(matches!(found, Found::Broken { .. }), "{place} {found:?}");
        }
        assert!(matches!(
            changed(4, 0x10),
            Found::Broken {
                is_folder: true,
                ..
            }
        ));
    }

    #[test]
    fn unknown_entries_count_if_they_must_be_understood() {
        let with = |kind: u8| {
            let mut raw = set();
            raw[1] = 3;
            raw.extend([0; ENTRY]);
            raw[3 * ENTRY] = kind;
            understand(&summed(raw), 9, 0)
        };
        let unloadable = |found| match found {
            Found::File(item) => item.unloadable,
            _ => panic!("no file"),
        };
        assert_eq!(unloadable(with(0xE0)), None);
        let unknown = unloadable(with(0xC2));
        assert!(matches!(unknown, Some(Unloadable::UnknownFeature(_))));
    }

    #[test]
    fn files_of_efs_are_encrypted() {
        let Found::File(item) = changed(7, 0x80) else {
            panic!("no file");
        };
        assert_eq!(item.unloadable, Some(Unloadable::Encrypted("EFS")));
    }

    #[test]
    fn offsets_from_utc_have_a_sign() {
        assert_eq!(minutes_east(0x80), Some(0));
        assert_eq!(minutes_east(0x84), Some(60));
        assert_eq!(minutes_east(0xF0), Some(-240));
        assert_eq!(minutes_east(0x04), None);
    }
}
