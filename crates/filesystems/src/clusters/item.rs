//! What the entries of a folder say.

use std::ops::ControlFlow;

use crate::reader::Refusal;
use crate::told::{Times, Unloadable};

/// Where the bytes of a file or folder are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Lying {
    /// Its first cluster, or 0 for none.
    pub(crate) first: u32,
    /// How its clusters follow each other.
    pub(crate) layout: Layout,
    /// Its size in bytes. `None`: as long as its chain, as folders of FAT are.
    pub(crate) bytes: Option<u64>,
    /// How many of them were written; the rest are zeros.
    pub(crate) valid: u64,
}

/// How clusters follow each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Layout {
    /// As the table says.
    Chained,
    /// One after the other; what the table says does not count (exFAT's NoFatChain).
    Contiguous,
}

/// A file or folder as its entry describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Item {
    /// Its number: where its entry lies in the volume, in entries of 32 bytes.
    pub(crate) id: u64,
    /// Its name, which a path may have.
    pub(crate) name: Vec<u8>,
    /// Its times.
    pub(crate) times: Times,
    /// Where its bytes are.
    pub(crate) lying: Lying,
    /// Why it cannot be loaded though all that is known of it is in order.
    pub(crate) unloadable: Option<Unloadable>,
}

/// What was found in a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Found {
    /// A folder.
    Folder(Item),
    /// A file.
    File(Item),
    /// Something of the file system's own, or of the operating system's, which is not told.
    Own(Lying),
    /// Something that cannot be told.
    Broken {
        /// Its number.
        id: u64,
        /// Its name, where it is known.
        name: Option<Vec<u8>>,
        /// Whether it is a folder.
        is_folder: bool,
        /// What is wrong with it.
        why: String,
    },
    /// Some of the folder itself cannot be listed.
    Gap(String),
}

/// The size of an entry in bytes.
pub(crate) const ENTRY: usize = 32;

/// How entries of a folder are understood. What they say is added to `found`.
pub(crate) trait Entries {
    /// A folder begins.
    fn begin(&mut self, is_root: bool);

    /// The next entry, which lies at byte `at` of the volume. `Break`: the folder ends here.
    ///
    /// # Errors
    ///
    /// What makes the whole volume unreadable.
    fn take(
        &mut self,
        at: u64,
        raw: &[u8; ENTRY],
        found: &mut Vec<Found>,
    ) -> Result<ControlFlow<()>, Refusal>;

    /// Entries are missing here, or the folder ends: what was begun is not to be completed.
    fn interrupt(&mut self, found: &mut Vec<Found>);
}
