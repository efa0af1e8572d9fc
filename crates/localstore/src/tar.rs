//! Reads what is in a tar archive: names, and where the contents lie. Nothing is unpacked here.
//!
//! POSIX.1-2017, *pax*: headers of 512 bytes in the `ustar` form, extended ones before them for long
//! names and large sizes; and GNU tar's own way to say a long name.

use crate::limits;
use std::io::{self, Read, Seek, SeekFrom};

const BLOCK: u64 = 512;

/// Bytes of an extended header; a path takes a small part of that.
const EXTENDED_BYTES: u64 = 1 << 20;

/// An entry of an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TarEntry {
    /// As it stands in the archive.
    pub(crate) name: Vec<u8>,
    pub(crate) kind: TarKind,
    /// Where its contents begin.
    pub(crate) start: u64,
    pub(crate) size: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TarKind {
    File,
    Folder,
    /// A link, a device and the like.
    Other,
}

/// Why there is no list of entries.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TarError {
    #[error("the body is no tar archive, or a damaged one, at byte {0}")]
    Damaged(u64),
    #[error("the archive has more than {} entries", limits::ARCHIVE_ENTRIES)]
    TooMany,
    #[error("could not read the archive")]
    Read(#[from] io::Error),
}

/// What an extended header says about the entry behind it.
#[derive(Debug, Default)]
struct Extended {
    name: Option<Vec<u8>>,
    size: Option<u64>,
}

/// The entries of an archive of `length` bytes, in order.
pub(crate) fn entries(
    archive: &mut (impl Read + Seek),
    length: u64,
) -> Result<Vec<TarEntry>, TarError> {
    let mut entries = Vec::new();
    let mut extended = Extended::default();
    let mut at = 0;
    while at + BLOCK <= length {
        let mut header = [0; 512];
        archive.seek(SeekFrom::Start(at))?;
        archive.read_exact(&mut header)?;
        if header.iter().all(|byte| *byte == 0) {
            return Ok(entries);
        }
        let damaged = || TarError::Damaged(at);
        if !has_sum(&header) {
            return Err(damaged());
        }
        let own = number(&header[124..136]).ok_or_else(damaged)?;
        let start = at + BLOCK;
        let kind = header[156];
        // An extended header has its own size; what it says is about the entry behind it.
        let size = match kind {
            b'x' | b'g' | b'L' | b'K' => own,
            _ => extended.size.unwrap_or(own),
        };
        let end = start.checked_add(size).filter(|end| *end <= length);
        let end = end.ok_or_else(damaged)?;
        match kind {
            b'x' => extended.read(&contents(archive, size).map_err(|_| damaged())?),
            b'L' => {
                let name = contents(archive, size).map_err(|_| damaged())?;
                extended.name = Some(text(&name).to_vec());
            }
            b'g' | b'K' => {}
            _ => {
                if entries.len() >= limits::ARCHIVE_ENTRIES {
                    return Err(TarError::TooMany);
                }
                let said = std::mem::take(&mut extended);
                entries.push(TarEntry {
                    name: said.name.unwrap_or_else(|| name(&header)),
                    kind: match kind {
                        b'0' | 0 | b'7' => TarKind::File,
                        b'5' => TarKind::Folder,
                        _ => TarKind::Other,
                    },
                    start,
                    size,
                });
            }
        }
        at = end.next_multiple_of(BLOCK);
    }
    // Some programs leave the empty blocks at the end out; then the last entry ends the archive.
    if at == 0 || at < length {
        return Err(TarError::Damaged(at));
    }
    Ok(entries)
}

impl Extended {
    /// Reads records of the form `LENGTH NAME=VALUE\n`.
    fn read(&mut self, mut records: &[u8]) {
        while let Some(blank) = records.iter().position(|byte| *byte == b' ') {
            let length = std::str::from_utf8(&records[..blank]).ok();
            let length = length.and_then(|length| length.parse::<usize>().ok());
            let Some(record) = length.and_then(|length| records.get(blank + 1..length)) else {
                return;
            };
            let record = record.strip_suffix(b"\n").unwrap_or(record);
            if let Some(path) = record.strip_prefix(b"path=") {
                self.name = Some(path.to_vec());
            } else if let Some(size) = record.strip_prefix(b"size=") {
                self.size = std::str::from_utf8(size)
                    .ok()
                    .and_then(|size| size.parse().ok());
            }
            records = &records[length.unwrap_or(records.len())..];
        }
    }
}

fn contents(archive: &mut impl Read, size: u64) -> Result<Vec<u8>, io::Error> {
    if size > EXTENDED_BYTES {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mut contents = Vec::new();
    archive.take(size).read_to_end(&mut contents)?;
    Ok(contents)
}

/// Whether the header's sum is right, its own field counted as blanks.
fn has_sum(header: &[u8; 512]) -> bool {
    let sum = header.iter().enumerate().map(|(at, byte)| match at {
        148..156 => u64::from(b' '),
        _ => u64::from(*byte),
    });
    number(&header[148..156]) == Some(sum.sum())
}

/// A number in octal digits, or in binary where its first bit is set.
fn number(field: &[u8]) -> Option<u64> {
    if field[0] & 0x80 != 0 {
        let mut number = u64::from(field[0] & 0x7F);
        for byte in &field[1..] {
            number = number.checked_mul(256)? + u64::from(*byte);
        }
        return Some(number);
    }
    let digits = std::str::from_utf8(text(field)).ok()?.trim();
    match digits {
        "" => Some(0),
        digits => u64::from_str_radix(digits, 8).ok(),
    }
}

fn name(header: &[u8; 512]) -> Vec<u8> {
    let name = text(&header[..100]);
    let prefix = text(&header[345..500]);
    if &header[257..263] == b"ustar\0" && !prefix.is_empty() {
        return [prefix, b"/", name].concat();
    }
    name.to_vec()
}

/// What is in a field before its first NUL.
fn text(field: &[u8]) -> &[u8] {
    let end = field.iter().position(|byte| *byte == 0);
    &field[..end.unwrap_or(field.len())]
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    fn add(archive: &mut Vec<u8>, name: &str, kind: u8, contents: &[u8]) {
        let mut header = [0; 512];
        header[..name.len()].copy_from_slice(name.as_bytes());
        header[124..136].copy_from_slice(format!("{:011o}\0", contents.len()).as_bytes());
        header[148..156].copy_from_slice(b"        ");
        header[156] = kind;
        header[257..265].copy_from_slice(b"ustar\x0000");
        let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
        header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        archive.extend_from_slice(&header);
        archive.extend_from_slice(contents);
        archive.resize(archive.len().next_multiple_of(512), 0);
    }

    fn read(archive: &[u8]) -> Result<Vec<(String, TarKind, u64, u64)>, TarError> {
        let entries = entries(&mut Cursor::new(archive), archive.len() as u64)?;
        Ok(entries
            .into_iter()
            .map(|entry| {
                let name = String::from_utf8(entry.name).unwrap();
                (name, entry.kind, entry.start, entry.size)
            })
            .collect())
    }

    #[test]
    fn entries_are_found_in_order_with_long_names() {
        let long = "n/".repeat(200);
        let record = format!("410 path={long}\n");
        assert_eq!(record.len(), 410);
        let mut archive = Vec::new();
        add(&mut archive, "a", b'0', b"contents");
        add(&mut archive, "folder/", b'5', b"");
        add(&mut archive, "pax", b'x', record.as_bytes());
        add(&mut archive, "short", b'0', b"b");
        add(
            &mut archive,
            "././@LongLink",
            b'L',
            format!("{long}2\0").as_bytes(),
        );
        add(&mut archive, "short", b'0', b"");
        add(&mut archive, "link", b'2', b"");
        archive.resize(archive.len() + 1024, 0);
        let found = read(&archive).unwrap();
        assert_eq!(
            found,
            [
                ("a".to_owned(), TarKind::File, 512, 8),
                ("folder/".to_owned(), TarKind::Folder, 1536, 0),
                (long.clone(), TarKind::File, 3072, 1),
                (format!("{long}2"), TarKind::File, 5120, 0),
                ("link".to_owned(), TarKind::Other, 5632, 0),
            ]
        );
    }

    #[test]
    fn what_is_no_archive_or_a_cut_one_is_damaged() {
        let mut archive = Vec::new();
        add(&mut archive, "a", b'0', &[b'x'; 700]);
        for length in [100, 512, 1000, 1200] {
            assert!(read(&archive[..length]).is_err(), "{length}");
        }
        assert_eq!(read(&archive).unwrap().len(), 1);
        archive[3] ^= 1;
        assert!(matches!(read(&archive), Err(TarError::Damaged(0))));
        assert!(read(&[b'z'; 2048]).is_err());
        assert!(read(b"").is_err());
    }
}
