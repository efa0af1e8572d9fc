//! What a device or image is, whatever it is called: names are turned, reused and unlinked.

use std::fs::{File, Metadata};
use std::io;
use std::os::unix::fs::{FileExt as _, FileTypeExt as _, MetadataExt as _};

use lanes::Sha256;

/// Bytes of the beginning and of the end that tell one content from another: labels, tables,
/// superblocks and their copies are there.
const EDGE_BYTES: u64 = 1 << 20;

/// Which device or file it is, among all that this host has at the moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Identity {
    /// A block device, by its number.
    Block {
        /// The kernel's number of it.
        number: u64,
    },
    /// A file.
    File {
        /// The number of the device it is on.
        device: u64,
        /// Its number there.
        inode: u64,
    },
}

impl Identity {
    /// What a path or descriptor leads to.
    #[must_use]
    pub fn of(metadata: &Metadata) -> Self {
        if metadata.file_type().is_block_device() {
            Self::Block {
                number: metadata.rdev(),
            }
        } else {
            Self::File {
                device: metadata.dev(),
                inode: metadata.ino(),
            }
        }
    }
}

/// SHA-256 of the first and the last mebibyte of a device of `bytes`; `None` if they cannot be read.
pub fn edges(file: &File, bytes: u64) -> Option<[u8; 32]> {
    let mut sum = Sha256::new();
    let mut edge = |from: u64| -> io::Result<()> {
        let length = usize::try_from(EDGE_BYTES.min(bytes - from)).map_err(io::Error::other)?;
        let mut read = vec![0; length];
        file.read_exact_at(&mut read, from)?;
        sum.update(&read);
        Ok(())
    };
    edge(0).ok()?;
    edge(bytes.saturating_sub(EDGE_BYTES)).ok()?;
    Some(sum.finish())
}
