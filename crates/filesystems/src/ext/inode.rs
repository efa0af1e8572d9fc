//! Inodes: what a file is, whose, since when, and where its map begins.
//!
//! Source: Linux, Documentation/filesystems/ext4/inodes.rst.

use super::superblock::Superblock;
use super::trouble::Trouble;
use crate::checksum::crc32c;
use crate::fields::{self, le16, le32};
use crate::told::{Moment, Owner, Times};

/// The inode of the root folder.
pub(super) const ROOT: u32 = 2;

/// The bytes that every inode has; further ones are counted from here.
const BASE: usize = 128;

/// An inode that is in use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Inode {
    pub(super) number: u32,
    pub(super) kind: Kind,
    pub(super) owner: Owner,
    /// The size of its content in bytes.
    pub(super) bytes: u64,
    pub(super) links: u16,
    pub(super) flags: u32,
    pub(super) times: Times,
    /// The map of its blocks, or its content or target.
    pub(super) map: [u8; 60],
    /// The block of its extended attributes, or 0.
    pub(super) attributes: u64,
    /// What follows its fields: the extended attributes that it holds itself.
    pub(super) rest: Vec<u8>,
    /// What the checksums of its own blocks begin with.
    pub(super) seed: u32,
    /// For an orphan: the next one.
    pub(super) next_orphan: u32,
}

/// What an inode is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Regular,
    Folder,
    SymbolicLink,
    Special,
}

impl Inode {
    /// Whether its map is a tree of extents.
    pub(super) fn has_extents(&self) -> bool {
        self.flags & 0x8_0000 != 0
    }

    /// Whether it holds its content itself.
    pub(super) fn is_inline(&self) -> bool {
        self.flags & 0x1000_0000 != 0
    }

    /// Whether its content or its names are encrypted by fscrypt.
    pub(super) fn is_encrypted(&self) -> bool {
        self.flags & 0x800 != 0
    }

    /// Whether it is a folder with an index of hashes.
    pub(super) fn is_indexed(&self) -> bool {
        self.flags & 0x1000 != 0
    }

    /// Whether it is a value of an extended attribute and no file.
    pub(super) fn is_attribute(&self) -> bool {
        self.flags & 0x20_0000 != 0
    }

    /// Of the bytes of inode `number`, which may have no name any more.
    ///
    /// # Errors
    ///
    /// If its checksum is wrong, or it is nothing that there is.
    pub(super) fn parse(
        superblock: &Superblock,
        number: u32,
        bytes: &[u8],
    ) -> Result<Self, Trouble> {
        let read = Self::read(superblock, number, bytes);
        read.unwrap_or_else(|| Err(Trouble::damaged("its inode is too short")))
    }

    fn read(superblock: &Superblock, number: u32, bytes: &[u8]) -> Option<Result<Self, Trouble>> {
        let mode = le16(bytes, 0)?;
        if mode == 0 && le16(bytes, 0x1A)? == 0 {
            return Some(Err(Trouble::damaged("its inode is not in use")));
        }
        let extra = extra_bytes(bytes)?;
        let seed = crc32c(superblock.seed, &number.to_le_bytes());
        let seed = crc32c(seed, bytes.get(0x64..0x68)?);
        if superblock.features.has_checksums() && !has_right_checksum(bytes, seed, extra)? {
            return Some(Err(Trouble::damaged("the checksum of its inode is wrong")));
        }
        let Some(kind) = Kind::of(mode) else {
            return Some(Err(Trouble::damaged(
                "its inode is of no kind that there is",
            )));
        };
        let low = u64::from(le32(bytes, 4)?);
        let has_high = kind == Kind::Regular
            || kind == Kind::Folder && superblock.features.has_large_folders();
        let high = if has_high { le32(bytes, 0x6C)? } else { 0 };
        let attributes_high = if superblock.features.has_64_bits() {
            le16(bytes, 0x76)?
        } else {
            0
        };
        Some(Ok(Self {
            number,
            kind,
            owner: owner(bytes, mode)?,
            bytes: u64::from(high) << 32 | low,
            links: le16(bytes, 0x1A)?,
            flags: le32(bytes, 0x20)?,
            times: times(bytes, extra)?,
            map: fields::bytes(bytes, 0x28)?,
            attributes: u64::from(attributes_high) << 32 | u64::from(le32(bytes, 0x68)?),
            rest: bytes.get(BASE + extra..).unwrap_or_default().to_vec(),
            seed,
            next_orphan: le32(bytes, 0x14)?,
        }))
    }
}

impl Kind {
    fn of(mode: u16) -> Option<Self> {
        match mode >> 12 {
            0x8 => Some(Self::Regular),
            0x4 => Some(Self::Folder),
            0xA => Some(Self::SymbolicLink),
            0x1 | 0x2 | 0x6 | 0xC => Some(Self::Special),
            _ => None,
        }
    }
}

/// How many bytes of fields follow the first 128.
fn extra_bytes(bytes: &[u8]) -> Option<usize> {
    if bytes.len() <= BASE {
        return Some(0);
    }
    let extra = usize::from(le16(bytes, BASE)?);
    (extra % 4 == 0 && BASE + extra <= bytes.len()).then_some(extra)
}

fn has_right_checksum(bytes: &[u8], seed: u32, extra: usize) -> Option<bool> {
    let mut blank = bytes.to_vec();
    blank.get_mut(0x7C..0x7E)?.fill(0);
    let low = u32::from(le16(bytes, 0x7C)?);
    if extra < 4 {
        return Some(crc32c(seed, &blank) & 0xFFFF == low);
    }
    blank.get_mut(0x82..0x84)?.fill(0);
    let high = u32::from(le16(bytes, 0x82)?);
    Some(crc32c(seed, &blank) == high << 16 | low)
}

fn owner(bytes: &[u8], mode: u16) -> Option<Owner> {
    let whole =
        |low, high| Some(u32::from(le16(bytes, high)?) << 16 | u32::from(le16(bytes, low)?));
    Some(Owner {
        mode: mode & 0xFFF,
        user: whole(2, 0x78)?,
        group: whole(0x18, 0x7A)?,
    })
}

fn times(bytes: &[u8], extra: usize) -> Option<Times> {
    // A field beyond the first 128 bytes is there if the inode says so.
    let more = |at: usize| match at + 4 <= BASE + extra {
        true => le32(bytes, at),
        false => None,
    };
    let at = |at, more_at| Some(moment(le32(bytes, at)?, more(more_at).unwrap_or(0)));
    Some(Times {
        accessed: at(8, 0x8C),
        changed: at(0xC, 0x84),
        modified: at(0x10, 0x88),
        created: more(0x90).map(|seconds| moment(seconds, more(0x94).unwrap_or(0))),
    })
}

/// A moment of signed seconds and a word with two more of their bits and nanoseconds: 1901 to 2446.
fn moment(seconds: u32, more: u32) -> Moment {
    let seconds = i64::from(seconds.cast_signed()) + (i64::from(more & 3) << 32);
    let nanoseconds = more >> 2;
    Moment {
        seconds,
        nanoseconds: if nanoseconds < 1_000_000_000 {
            nanoseconds
        } else {
            0
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table in inodes.rst, "Inode Timestamps".
    #[test]
    fn moments_go_from_1901_to_2446() {
        let seconds = |seconds, epoch| moment(seconds, epoch).seconds;
        assert_eq!(seconds(0x8000_0000, 0), -0x8000_0000);
        assert_eq!(seconds(0xFFFF_FFFF, 0), -1);
        assert_eq!(seconds(0x7FFF_FFFF, 0), 0x7FFF_FFFF);
        assert_eq!(seconds(0x8000_0000, 1), 0x8000_0000);
        assert_eq!(seconds(0, 1), 0x1_0000_0000);
        assert_eq!(seconds(0x7FFF_FFFF, 3), 0x3_7FFF_FFFF);
        assert_eq!(moment(0, 999_999_999 << 2).nanoseconds, 999_999_999);
        assert_eq!(moment(0, 1_000_000_000 << 2).nanoseconds, 0);
    }

    #[test]
    fn fields_beyond_what_an_inode_has_are_not_read() {
        let mut bytes = vec![0; 256];
        bytes[BASE] = 28;
        assert_eq!(extra_bytes(&bytes), Some(28));
        bytes[BASE] = 132;
        assert_eq!(extra_bytes(&bytes), None);
        assert_eq!(extra_bytes(&bytes[..128]), Some(0));
        bytes[BASE] = 4;
        assert_eq!(times(&bytes, 4).unwrap().created, None);
    }
}
