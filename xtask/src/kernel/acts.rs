//! What is done to a file system to fill it, as values: the machine does it, and `world` says what must come of it.

use serde::{Deserialize, Serialize};

/// One change of a file system. Paths are relative to its root.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum Act {
    /// Makes a folder, and those above it.
    Folder(String),
    /// Makes a file if it is not there, and writes at a place; written through to the disk if `is_synced`.
    Write {
        path: String,
        at: u64,
        ink: Ink,
        bytes: usize,
        is_synced: bool,
    },
    /// Cuts a file, or makes it longer without writing.
    Resize { path: String, bytes: u64 },
    /// Reserves room from the beginning on, and makes the file as long as that if it `grows`.
    Reserve {
        path: String,
        bytes: u64,
        grows: bool,
    },
    /// Makes a hole: zeros without room on the disk.
    Hole { path: String, at: u64, bytes: u64 },
    /// Sets an attribute of NTFS on a file that is empty.
    Mark { path: String, mark: Mark },
    /// Removes a file, a link, or an empty folder.
    Remove(String),
    /// Gives another name.
    Rename { from: String, to: String },
    /// Gives a further name.
    Link { from: String, to: String },
    /// Makes a symbolic link.
    Symlink { target: String, path: String },
    /// Sets the time of modification, in seconds since 1970.
    Date { path: String, seconds: i64 },
}

/// What is written.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) enum Ink {
    /// Bytes without a pattern, others for each number.
    Noise(u64),
    /// A text that packs well, another for each number.
    Text(u64),
}

/// An attribute of a file of NTFS.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) enum Mark {
    /// Holes may have no room.
    Sparse,
    /// What is written is compressed.
    Compressed,
}

impl Mark {
    /// As `system.ntfs_attrib_be` has it, with the bit of an archive that every new file has.
    pub(crate) fn attribute(self) -> [u8; 4] {
        let bit: u32 = match self {
            Self::Sparse => 0x200,
            Self::Compressed => 0x800,
        };
        (bit | 0x20).to_be_bytes()
    }
}

impl Ink {
    /// So many bytes of it.
    pub(crate) fn bytes(self, count: usize) -> Vec<u8> {
        match self {
            Self::Noise(seed) => {
                let mut chance = Chance::new(seed);
                let words = std::iter::repeat_with(|| chance.next().to_le_bytes());
                words.flatten().take(count).collect()
            }
            Self::Text(seed) => {
                let lines = (0_u64..).map(|line| format!("line {line} of the text {seed}\n"));
                lines.flat_map(String::into_bytes).take(count).collect()
            }
        }
    }
}

/// Numbers that look random and are the same in every run: xorshift of 64 bits.
pub(crate) struct Chance(u64);

impl Chance {
    /// From a number on.
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// The next one.
    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// The next one below `end`.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }
}
