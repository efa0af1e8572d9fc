//! What a record tells of a name, in few bytes: an entry without its path, or why it cannot be loaded.

use std::io;

use model::device::DeviceOffset;
use model::entry::{
    Damage, Entry, EntryId, EntryKind, EntryPath, EntryTimes, NamedStream, Owner, Unloadable,
};
use model::file_time::FileTime;

use super::fields::{Fields, damaged, put_bytes, put_number, put_signed};
use crate::tree::{BadEntry, Walked};

/// Writes what is told of a name, without path and place.
pub(super) fn put(walked: &Walked, into: &mut Vec<u8>) {
    match walked {
        Ok(entry) => put_entry(entry, into),
        Err(bad) => {
            into.push(BAD);
            put_number(bad.bytes, into);
            put_why(&bad.why, into);
        }
    }
}

/// Reads what [`put`] wrote of the name at `path`.
///
/// # Errors
/// If it was not written so.
pub(super) fn read(
    bytes: &[u8],
    path: EntryPath,
    place: Option<DeviceOffset>,
) -> io::Result<Walked> {
    let fields = &mut Fields(bytes);
    let kind = match fields.byte()? {
        BAD => {
            let bytes = fields.number()?;
            return Ok(Err(BadEntry::unloadable(path, bytes, why(fields)?)));
        }
        FILE => EntryKind::File {
            bytes: fields.number()?,
        },
        LINK => EntryKind::SymbolicLink {
            target: Some(fields.bytes()?.to_vec()),
        },
        SPECIAL => EntryKind::Special,
        FOLDER => EntryKind::EmptyFolder,
        _ => return Err(damaged()),
    };
    Ok(Ok(Entry {
        id: EntryId::new(fields.number()?),
        links: fields.small()?,
        times: times(fields)?,
        owner: owner(fields)?,
        streams: streams(fields)?,
        path,
        kind,
        place,
    }))
}

const BAD: u8 = 0;
const FILE: u8 = 1;
const LINK: u8 = 2;
const SPECIAL: u8 = 3;
const FOLDER: u8 = 4;

fn put_entry(entry: &Entry, into: &mut Vec<u8>) {
    match &entry.kind {
        EntryKind::File { bytes } => {
            into.push(FILE);
            put_number(*bytes, into);
        }
        EntryKind::SymbolicLink { target } => {
            into.push(LINK);
            put_bytes(target.as_deref().unwrap_or_default(), into);
        }
        EntryKind::EmptyFolder => into.push(FOLDER),
        // A note on a volume is no name, and never comes here.
        EntryKind::Special | EntryKind::Volume(_) => into.push(SPECIAL),
    }
    put_number(entry.id.get(), into);
    put_number(entry.links.into(), into);
    put_times(&entry.times, into);
    match &entry.owner {
        None => into.push(0),
        Some(owner) => {
            into.push(1);
            for number in [owner.mode.into(), owner.user, owner.group] {
                put_number(number.into(), into);
            }
        }
    }
    put_number(entry.streams.len() as u64, into);
    for stream in &entry.streams {
        put_bytes(&stream.name, into);
        put_number(stream.bytes, into);
    }
}

/// Which are known, as bits, and those.
fn put_times(times: &EntryTimes, into: &mut Vec<u8>) {
    let all = [times.modified, times.changed, times.accessed, times.created];
    let known = (0..)
        .zip(all)
        .map(|(bit, time)| u8::from(time.is_some()) << bit);
    into.push(known.sum());
    for time in all.into_iter().flatten() {
        put_signed(time.ns(), into);
    }
}

fn times(fields: &mut Fields<'_>) -> io::Result<EntryTimes> {
    let known = fields.byte()?;
    let mut time = |bit: u8| match known >> bit & 1 {
        0 => Ok(None),
        _ => fields.signed().map(|ns| Some(FileTime::from_ns(ns))),
    };
    Ok(EntryTimes {
        modified: time(0)?,
        changed: time(1)?,
        accessed: time(2)?,
        created: time(3)?,
    })
}

fn owner(fields: &mut Fields<'_>) -> io::Result<Option<Owner>> {
    if fields.byte()? == 0 {
        return Ok(None);
    }
    Ok(Some(Owner {
        mode: fields.small()?,
        user: fields.small()?,
        group: fields.small()?,
    }))
}

fn streams(fields: &mut Fields<'_>) -> io::Result<Vec<NamedStream>> {
    let mut streams = Vec::new();
    for _ in 0..fields.number()? {
        streams.push(NamedStream {
            name: fields.bytes()?.to_vec(),
            bytes: fields.number()?,
        });
    }
    Ok(streams)
}

fn put_why(why: &Unloadable, into: &mut Vec<u8>) {
    let (tag, words): (u8, &str) = match why {
        Unloadable::Unreadable(words) => (0, words),
        Unloadable::Encrypted(means) => (1, means),
        Unloadable::CloudPlaceholder => (2, ""),
        Unloadable::Deduplicated => (3, ""),
        Unloadable::UnknownFeature(name) => (4, name),
        Unloadable::Damaged(Damage::Told(words)) => (5, words),
        Unloadable::Damaged(Damage::MetBefore) => (6, ""),
        Unloadable::Damaged(Damage::TooManyFolders) => (7, ""),
        Unloadable::Damaged(Damage::ImpossibleName) => (8, ""),
        Unloadable::Damaged(Damage::Lost) => (9, ""),
        Unloadable::Damaged(Damage::NamedTwice) => (10, ""),
        Unloadable::TooDeep => (11, ""),
        Unloadable::OtherMount => (12, ""),
        Unloadable::Volume(words) => (13, words),
        Unloadable::LargerThanDevice { .. } => (14, ""),
        Unloadable::TooManyHoles { .. } => (15, ""),
    };
    into.push(tag);
    put_bytes(words.as_bytes(), into);
    if let Unloadable::LargerThanDevice { bytes, capacity }
    | Unloadable::TooManyHoles { bytes, capacity } = why
    {
        put_number(*bytes, into);
        put_number(*capacity, into);
    }
}

fn why(fields: &mut Fields<'_>) -> io::Result<Unloadable> {
    let tag = fields.byte()?;
    let words = fields.text()?;
    Ok(match tag {
        0 => Unloadable::Unreadable(words),
        1 => Unloadable::Encrypted(words),
        2 => Unloadable::CloudPlaceholder,
        3 => Unloadable::Deduplicated,
        4 => Unloadable::UnknownFeature(words),
        5 => Unloadable::Damaged(Damage::Told(words)),
        6 => Unloadable::Damaged(Damage::MetBefore),
        7 => Unloadable::Damaged(Damage::TooManyFolders),
        8 => Unloadable::Damaged(Damage::ImpossibleName),
        9 => Unloadable::Damaged(Damage::Lost),
        10 => Unloadable::Damaged(Damage::NamedTwice),
        11 => Unloadable::TooDeep,
        12 => Unloadable::OtherMount,
        13 => Unloadable::Volume(words),
        14 => Unloadable::LargerThanDevice {
            bytes: fields.number()?,
            capacity: fields.number()?,
        },
        15 => Unloadable::TooManyHoles {
            bytes: fields.number()?,
            capacity: fields.number()?,
        },
        _ => return Err(damaged()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn again(walked: &Walked) -> Walked {
        let mut bytes = Vec::new();
        put(walked, &mut bytes);
        let (path, place) = match walked {
            Ok(entry) => (entry.path.clone(), entry.place),
            Err(bad) => (bad.path.clone(), None),
        };
        read(&bytes, path, place).unwrap()
    }

    #[test]
    fn every_kind_of_entry_is_read_as_it_was_written() {
        let kinds = [
            EntryKind::File { bytes: 5 << 40 },
            EntryKind::SymbolicLink {
                target: Some(b"../caf\xE9".to_vec()),
            },
            EntryKind::Special,
            EntryKind::EmptyFolder,
        ];
        for (kind, seconds) in kinds.into_iter().zip([0, -3, i64::MAX, 1_300_000_000]) {
            let plain = Entry::new(EntryId::new(u64::MAX), EntryPath::new("a/b"), kind);
            let full = Entry {
                times: EntryTimes {
                    changed: Some(FileTime::from_unix(seconds, 7)),
                    created: Some(FileTime::from_ns(-1)),
                    ..EntryTimes::default()
                },
                owner: Some(Owner {
                    mode: 0o7777,
                    user: u32::MAX,
                    group: 0,
                }),
                links: u32::MAX,
                streams: vec![NamedStream {
                    name: b"Zone.Identifier".to_vec(),
                    bytes: 26,
                }],
                place: Some(DeviceOffset::new(4096)),
                ..plain.clone()
            };
            for entry in [plain, full] {
                assert_eq!(again(&Ok(entry.clone())).unwrap(), entry);
            }
        }
    }

    #[test]
    fn every_reason_is_read_as_it_was_written() {
        let words = || "words".to_owned();
        let (bytes, capacity) = (9, 8);
        for why in [
            Unloadable::Unreadable(words()),
            Unloadable::Encrypted(words()),
            Unloadable::CloudPlaceholder,
            Unloadable::Deduplicated,
            Unloadable::UnknownFeature(words()),
            Unloadable::Damaged(Damage::Told(words())),
            Unloadable::Damaged(Damage::MetBefore),
            Unloadable::Damaged(Damage::TooManyFolders),
            Unloadable::Damaged(Damage::ImpossibleName),
            Unloadable::Damaged(Damage::Lost),
            Unloadable::Damaged(Damage::NamedTwice),
            Unloadable::TooDeep,
            Unloadable::OtherMount,
            Unloadable::Volume(words()),
            Unloadable::LargerThanDevice { bytes, capacity },
            Unloadable::TooManyHoles { bytes, capacity },
        ] {
            let bad = BadEntry::unloadable(EntryPath::new("x"), 77, why.clone());
            let bad = again(&Err(bad)).unwrap_err();
            assert_eq!(
                (bad.path, bad.bytes, bad.why),
                (EntryPath::new("x"), 77, why)
            );
        }
    }
}
