//! A catalogue in batches, as it is sent.
//!
//! A batch is a row of items. A folder, a name and what is damaged are each one; the extents and further streams of a
//! file are items before it, so that no item is long, and a file with very many extents goes through several batches.

use filesystems::limits::{NAME_BYTES, TARGET_BYTES};
use filesystems::told::{
    Damaged, Extent, File, Folder, Moment, NodeKind, Owner, Stream, Times, Told, Unloadable, What,
};

use super::facts::put_why;
use crate::sandbox::limits::{INLINE_BYTES, PACKED_RUNS};
use crate::sandbox::wire::{Malformed, Taken, Wire, put_bytes, put_list, put_word};
use crate::sandbox::words::ENCRYPTIONS;

const FOLDER: u8 = 0;
const EXTENT: u8 = 1;
const STREAM: u8 = 2;
const FILE: u8 = 3;
const DAMAGED: u8 = 4;

/// An item of a batch.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Item {
    /// A folder.
    Folder(Folder),
    /// An extent of the file that follows.
    Extent(Extent),
    /// A further stream of the file that follows.
    Stream(Stream),
    /// A file, without its streams and extents.
    File(File),
    /// Something that cannot be told.
    Damaged(Damaged),
}

/// Appends the items of one thing that is told; `full` is called between them, and may empty `into`.
pub(crate) fn put<E>(
    told: &Told,
    into: &mut Vec<u8>,
    full: &mut dyn FnMut(&mut Vec<u8>) -> Result<(), E>,
) -> Result<(), E> {
    match told {
        Told::Folder(folder) => {
            FOLDER.put(into);
            folder.put(into);
        }
        Told::Damaged(damaged) => {
            DAMAGED.put(into);
            damaged.put(into);
        }
        Told::File(file) => {
            for extent in file.content.iter().flatten() {
                EXTENT.put(into);
                extent.put(into);
                full(into)?;
            }
            for stream in &file.streams {
                STREAM.put(into);
                stream.put(into);
                full(into)?;
            }
            FILE.put(into);
            put_file(file, into);
        }
    }
    full(into)
}

/// Takes the next item.
///
/// # Errors
/// If there is none.
pub(crate) fn take(from: &mut Taken<'_>) -> Result<Item, Malformed> {
    Ok(match u8::take(from)? {
        FOLDER => Item::Folder(Wire::take(from)?),
        EXTENT => Item::Extent(Wire::take(from)?),
        STREAM => Item::Stream(Wire::take(from)?),
        FILE => Item::File(take_file(from)?),
        DAMAGED => Item::Damaged(Wire::take(from)?),
        _ => return Err(Malformed("no item of a catalogue has this kind")),
    })
}

fn put_file(file: &File, into: &mut Vec<u8>) {
    file.id.put(into);
    file.parent.put(into);
    put_bytes(into, &file.name);
    file.kind.put(into);
    file.bytes.put(into);
    file.links.put(into);
    file.times.put(into);
    file.owner.put(into);
    file.content.as_ref().err().cloned().put(into);
}

fn take_file(from: &mut Taken<'_>) -> Result<File, Malformed> {
    Ok(File {
        id: Wire::take(from)?,
        parent: Wire::take(from)?,
        name: from.bytes(NAME_BYTES)?.to_vec(),
        kind: Wire::take(from)?,
        bytes: Wire::take(from)?,
        links: Wire::take(from)?,
        times: Wire::take(from)?,
        owner: Wire::take(from)?,
        streams: Vec::new(),
        content: unloadable(Wire::take(from)?),
    })
}

/// Why a file has no content; one that has some is without it still.
fn unloadable(why: Option<Unloadable>) -> Result<Vec<Extent>, Unloadable> {
    why.map_or_else(|| Ok(Vec::new()), Err)
}

impl Wire for Folder {
    fn put(&self, into: &mut Vec<u8>) {
        self.id.put(into);
        self.parent.put(into);
        put_bytes(into, &self.name);
        self.times.put(into);
        self.owner.put(into);
    }

    fn take(from: &mut Taken<'_>) -> Result<Self, Malformed> {
        Ok(Self {
            id: Wire::take(from)?,
            parent: Wire::take(from)?,
            name: from.bytes(NAME_BYTES)?.to_vec(),
            times: Wire::take(from)?,
            owner: Wire::take(from)?,
        })
    }
}

impl Wire for Damaged {
    fn put(&self, into: &mut Vec<u8>) {
        self.parent.put(into);
        self.name.is_some().put(into);
        if let Some(name) = &self.name {
            put_bytes(into, name);
        }
        self.id.put(into);
        self.is_folder.put(into);
        self.why.put(into);
    }

    fn take(from: &mut Taken<'_>) -> Result<Self, Malformed> {
        Ok(Self {
            parent: Wire::take(from)?,
            name: match bool::take(from)? {
                true => Some(from.bytes(NAME_BYTES)?.to_vec()),
                false => None,
            },
            id: Wire::take(from)?,
            is_folder: Wire::take(from)?,
            why: Wire::take(from)?,
        })
    }
}

impl Wire for Stream {
    fn put(&self, into: &mut Vec<u8>) {
        put_bytes(into, &self.name);
        self.bytes.put(into);
    }

    fn take(from: &mut Taken<'_>) -> Result<Self, Malformed> {
        Ok(Self {
            name: from.bytes(NAME_BYTES)?.to_vec(),
            bytes: Wire::take(from)?,
        })
    }
}

impl Wire for Extent {
    fn put(&self, into: &mut Vec<u8>) {
        self.logical.put(into);
        self.bytes.put(into);
        match &self.what {
            What::Zeros => 0_u8.put(into),
            What::Disk(at) => {
                1_u8.put(into);
                at.put(into);
            }
            What::Inline(held) => {
                2_u8.put(into);
                put_bytes(into, held);
            }
            What::Packed { codec, runs } => {
                3_u8.put(into);
                codec.put(into);
                put_list(into, runs);
            }
        }
    }

    fn take(from: &mut Taken<'_>) -> Result<Self, Malformed> {
        Ok(Self {
            logical: Wire::take(from)?,
            bytes: Wire::take(from)?,
            what: match u8::take(from)? {
                0 => What::Zeros,
                1 => What::Disk(Wire::take(from)?),
                2 => What::Inline(from.bytes(INLINE_BYTES)?.into()),
                3 => What::Packed {
                    codec: Wire::take(from)?,
                    runs: from.list(PACKED_RUNS)?,
                },
                _ => return Err(Malformed("no extent has this kind")),
            },
        })
    }
}

/// A place and a length.
impl Wire for (u64, u64) {
    const LEAST: usize = 16;

    fn put(&self, into: &mut Vec<u8>) {
        self.0.put(into);
        self.1.put(into);
    }

    fn take(from: &mut Taken<'_>) -> Result<Self, Malformed> {
        Ok((Wire::take(from)?, Wire::take(from)?))
    }
}

impl Wire for NodeKind {
    fn put(&self, into: &mut Vec<u8>) {
        match self {
            Self::Regular => 0_u8.put(into),
            Self::Special => 1_u8.put(into),
            Self::SymbolicLink(target) => {
                2_u8.put(into);
                put_bytes(into, target);
            }
        }
    }

    fn take(from: &mut Taken<'_>) -> Result<Self, Malformed> {
        Ok(match u8::take(from)? {
            0 => Self::Regular,
            1 => Self::Special,
            2 => Self::SymbolicLink(from.bytes(TARGET_BYTES)?.to_vec()),
            _ => return Err(Malformed("nothing is of this kind")),
        })
    }
}

impl Wire for Unloadable {
    fn put(&self, into: &mut Vec<u8>) {
        match self {
            Self::CloudPlaceholder => 0_u8.put(into),
            Self::Deduplicated => 1_u8.put(into),
            Self::Encrypted(means) => {
                2_u8.put(into);
                put_word(into, ENCRYPTIONS, means);
            }
            Self::UnknownFeature(why) => put_why(into, 3, why),
            Self::Damaged(why) => put_why(into, 4, why),
        }
    }

    fn take(from: &mut Taken<'_>) -> Result<Self, Malformed> {
        Ok(match u8::take(from)? {
            0 => Self::CloudPlaceholder,
            1 => Self::Deduplicated,
            2 => Self::Encrypted(from.word(ENCRYPTIONS)?),
            3 => Self::UnknownFeature(Wire::take(from)?),
            4 => Self::Damaged(Wire::take(from)?),
            _ => return Err(Malformed("no reason has this kind")),
        })
    }
}

impl Wire for Times {
    fn put(&self, into: &mut Vec<u8>) {
        self.modified.put(into);
        self.changed.put(into);
        self.accessed.put(into);
        self.created.put(into);
    }

    fn take(from: &mut Taken<'_>) -> Result<Self, Malformed> {
        Ok(Self {
            modified: Wire::take(from)?,
            changed: Wire::take(from)?,
            accessed: Wire::take(from)?,
            created: Wire::take(from)?,
        })
    }
}

impl Wire for Moment {
    fn put(&self, into: &mut Vec<u8>) {
        self.seconds.put(into);
        self.nanoseconds.put(into);
    }

    fn take(from: &mut Taken<'_>) -> Result<Self, Malformed> {
        let moment = Self {
            seconds: Wire::take(from)?,
            nanoseconds: Wire::take(from)?,
        };
        match moment.nanoseconds < 1_000_000_000 {
            true => Ok(moment),
            false => Err(Malformed("a second has no so many nanoseconds")),
        }
    }
}

impl Wire for Owner {
    fn put(&self, into: &mut Vec<u8>) {
        self.mode.put(into);
        self.user.put(into);
        self.group.put(into);
    }

    fn take(from: &mut Taken<'_>) -> Result<Self, Malformed> {
        let owner = Self {
            mode: Wire::take(from)?,
            user: Wire::take(from)?,
            group: Wire::take(from)?,
        };
        match owner.mode < 1 << 12 {
            true => Ok(owner),
            false => Err(Malformed("rights that there are not")),
        }
    }
}
