//! What is told of names, in the order in which it is told: their folders may not be known yet. It goes with the
//! volume, once that is told; what is long of it stays.

use std::io::{self, Read};

use model::entry::Unloadable;

use super::scratch::Scratch;

/// The most of a record that is kept beside its path. What is longer (many extents, a small file kept with its
/// name) lies in a file of its own, so that what is sorted is short.
pub(super) const SHORT_BYTES: usize = 512;

/// A name as it was told.
#[derive(Debug)]
pub(super) struct Name<'a> {
    /// The folder in which it lies, where that is known.
    pub(super) parent: Option<u64>,
    /// Its name, where it is known.
    pub(super) name: Option<&'a [u8]>,
    /// The number by which its file system knows it, where it has one.
    pub(super) id: Option<u64>,
    /// Its size in bytes.
    pub(super) bytes: u64,
    /// Where on the device it begins.
    pub(super) place: Option<u64>,
    /// Whether it can be loaded.
    pub(super) is_sound: bool,
    /// Its facts and its layout, as they are written.
    pub(super) facts: &'a [u8],
    pub(super) layout: &'a [u8],
}

/// The same as it is read again.
#[derive(Debug)]
pub(super) struct Logged {
    pub(super) parent: Option<u64>,
    pub(super) name: Option<Vec<u8>>,
    pub(super) id: Option<u64>,
    pub(super) bytes: u64,
    pub(super) place: Option<u64>,
    pub(super) is_sound: bool,
    pub(super) facts: Held,
    pub(super) layout: Held,
    /// Why the folder in which it lies has no path, if that is so.
    pub(super) lost: Option<Unloadable>,
}

/// Bytes of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Held {
    /// These.
    Here(Vec<u8>),
    /// So many at this offset of what is long.
    There { at: u64, bytes: u64 },
}

const PARENT: u8 = 1;
const NAME: u8 = 2;
const ID: u8 = 4;
const PLACE: u8 = 8;
const SOUND: u8 = 16;

/// Appends a name to `names`, and what is long of it to `long`.
///
/// # Errors
/// The system's error.
pub(super) fn append(names: &mut Scratch, long: &mut Scratch, name: &Name<'_>) -> io::Result<()> {
    let flag = |is_set: bool, flag: u8| if is_set { flag } else { 0 };
    let mut record = vec![
        flag(name.parent.is_some(), PARENT)
            | flag(name.name.is_some(), NAME)
            | flag(name.id.is_some(), ID)
            | flag(name.place.is_some(), PLACE)
            | flag(name.is_sound, SOUND),
    ];
    for number in [name.parent, name.id, Some(name.bytes), name.place] {
        record.extend(number.unwrap_or_default().to_le_bytes());
    }
    let written = name.name.unwrap_or_default();
    for bytes in [written, name.facts, name.layout] {
        record.extend(length(bytes)?.to_le_bytes());
    }
    record.extend_from_slice(written);
    for bytes in [name.facts, name.layout] {
        match bytes.len() <= SHORT_BYTES {
            true => record.extend_from_slice(bytes),
            false => record.extend(long.append(bytes)?.to_le_bytes()),
        }
    }
    names.append(&record).map(drop)
}

fn length(bytes: &[u8]) -> io::Result<u32> {
    u32::try_from(bytes.len()).map_err(|_| io::Error::other("a record of 4 GiB"))
}

/// Reads names in the order in which they were appended.
pub(super) struct Names<R> {
    from: R,
    at: u64,
    end: u64,
}

impl<R: Read> Names<R> {
    /// Reads `bytes` bytes of names.
    pub(super) fn new(from: R, bytes: u64) -> Self {
        Self {
            from,
            at: 0,
            end: bytes,
        }
    }

    /// The next.
    ///
    /// # Errors
    /// The system's error.
    pub(super) fn next_name(&mut self) -> io::Result<Option<Logged>> {
        if self.at >= self.end {
            return Ok(None);
        }
        let mut flags = [0];
        self.from.read_exact(&mut flags)?;
        let [flags] = flags;
        let known = |flag: u8, number: u64| (flags & flag != 0).then_some(number);
        let (parent, id, bytes, place) = (
            self.number()?,
            self.number()?,
            self.number()?,
            self.number()?,
        );
        let (name, facts, layout) = (self.length()?, self.length()?, self.length()?);
        self.at += 1;
        let name = self.bytes(name)?;
        Ok(Some(Logged {
            parent: known(PARENT, parent),
            name: (flags & NAME != 0).then_some(name),
            id: known(ID, id),
            bytes,
            place: known(PLACE, place),
            is_sound: flags & SOUND != 0,
            facts: self.held(facts)?,
            layout: self.held(layout)?,
            lost: None,
        }))
    }

    fn number(&mut self) -> io::Result<u64> {
        let mut number = [0; 8];
        self.from.read_exact(&mut number)?;
        self.at += 8;
        Ok(u64::from_le_bytes(number))
    }

    fn length(&mut self) -> io::Result<usize> {
        let mut length = [0; 4];
        self.from.read_exact(&mut length)?;
        self.at += 4;
        Ok(u32::from_le_bytes(length) as usize)
    }

    fn bytes(&mut self, length: usize) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; length];
        self.from.read_exact(&mut bytes)?;
        self.at += length as u64;
        Ok(bytes)
    }

    fn held(&mut self, length: usize) -> io::Result<Held> {
        if length <= SHORT_BYTES {
            return Ok(Held::Here(self.bytes(length)?));
        }
        Ok(Held::There {
            at: self.number()?,
            bytes: length as u64,
        })
    }
}
