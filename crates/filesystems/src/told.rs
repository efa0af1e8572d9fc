//! What a reader tells of a volume.

/// One thing that a file system holds. Folders and files come in the order of the metadata: a folder may be told
/// after what lies in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    /// A folder.
    Folder(Folder),
    /// A name that is no folder. A file with several names is told once for each, with one [`File::id`].
    File(File),
    /// Something that is there and cannot be told.
    Damaged(Damaged),
}

/// A folder. Its path is made of the names of its parents, up to the root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folder {
    /// Its number in the file system.
    pub id: u64,
    /// The folder in which it lies; the root lies in itself, and has no name.
    pub parent: u64,
    /// Its name: raw bytes where the file system keeps bytes, else WTF-8.
    pub name: Vec<u8>,
    /// When it was changed, where that is known.
    pub times: Times,
    /// Its rights, where it has some.
    pub owner: Option<Owner>,
}

/// A name that is no folder, and what it stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Its number in the file system, the same for all its names.
    pub id: u64,
    /// The folder in which this name lies.
    pub parent: u64,
    /// This name: raw bytes where the file system keeps bytes, else WTF-8.
    pub name: Vec<u8>,
    /// What it is.
    pub kind: NodeKind,
    /// Its logical size in bytes, holes included.
    pub bytes: u64,
    /// How many names it has.
    pub links: u32,
    /// Its times.
    pub times: Times,
    /// Its rights, where it has some.
    pub owner: Option<Owner>,
    /// Its further streams (NTFS) or forks, which are not its content.
    pub streams: Vec<Stream>,
    /// Its content: in order, without a gap, from 0 to `bytes`; or why it cannot be had.
    pub content: Result<Vec<Extent>, Unloadable>,
}

impl File {
    /// A file of bytes with one name, of which nothing else is told.
    #[must_use]
    pub fn plain(
        (id, parent): (u64, u64),
        name: impl Into<Vec<u8>>,
        bytes: u64,
        content: Vec<Extent>,
    ) -> Self {
        Self {
            id,
            parent,
            name: name.into(),
            kind: NodeKind::Regular,
            bytes,
            links: 1,
            times: Times::default(),
            owner: None,
            streams: Vec::new(),
            content: Ok(content),
        }
    }
}

/// A further stream of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stream {
    /// Its name, as WTF-8.
    pub name: Vec<u8>,
    /// Its size in bytes.
    pub bytes: u64,
}

/// What a name stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NodeKind {
    /// A file of bytes.
    Regular,
    /// A symbolic link or junction to this raw target. It has no content.
    SymbolicLink(Vec<u8>),
    /// A device node, socket or pipe. It has no content.
    Special,
}

/// What is known of times. Where a file system keeps local time, the zone of the reader's options was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Times {
    /// When the content was last changed.
    pub modified: Option<Moment>,
    /// When anything of it was last changed.
    pub changed: Option<Moment>,
    /// When it was last read.
    pub accessed: Option<Moment>,
    /// When it was made.
    pub created: Option<Moment>,
}

/// A moment, to the nanosecond.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment {
    /// Seconds since 1970 UTC, rounded down.
    pub seconds: i64,
    /// Nanoseconds since that second, below 10⁹.
    pub nanoseconds: u32,
}

/// Whose a file is, where a file system knows that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Owner {
    /// The permission bits, as `chmod` has them: the lower twelve.
    pub mode: u16,
    /// The user's number.
    pub user: u32,
    /// The group's number.
    pub group: u32,
}

/// A piece of a file's content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extent {
    /// Where it stands in the file, in bytes.
    pub logical: u64,
    /// Its length in bytes, never 0.
    pub bytes: u64,
    /// Where its bytes are.
    pub what: What,
}

/// Where the bytes of an extent are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// In the volume, from this byte on.
    Disk(u64),
    /// Nowhere: they are zeros. A hole, or past the valid length.
    Zeros,
    /// Here: they lay in the metadata.
    Inline(Box<[u8]>),
    /// In the volume, packed: the bytes of the runs, one after the other, are one unit of `codec`, which gives the
    /// bytes of this extent.
    Packed {
        /// How.
        codec: Codec,
        /// Where: offset in the volume and length, in bytes.
        runs: Vec<(u64, u64)>,
    },
}

/// How a unit of bytes is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Codec {
    /// NTFS's compression, LZNT1: a unit of up to 64 KiB in chunks of 4 KiB.
    Lznt1,
    /// XPRESS with Huffman codes (MS-XCA), one chunk of WOF.
    Xpress,
    /// LZX as WIM and WOF have it, one chunk of 32 KiB.
    Lzx,
}

/// Why a file that is there cannot be loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unloadable {
    /// It is encrypted by the file system; the name of the means.
    Encrypted(&'static str),
    /// Its content is elsewhere: a placeholder of a cloud drive.
    CloudPlaceholder,
    /// Its content lies in a store of deduplicated chunks.
    Deduplicated,
    /// It uses what no reader here knows.
    UnknownFeature(String),
    /// What describes it is damaged, or cannot be read.
    Damaged(String),
}

/// Something that is there and cannot be told: a folder that cannot be listed, a name without a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damaged {
    /// The folder in which it lies, where that is known.
    pub parent: Option<u64>,
    /// Its name, where it is known.
    pub name: Option<Vec<u8>>,
    /// Its number, where it is known.
    pub id: Option<u64>,
    /// Whether it is a folder, so that what lies in it may be missing as well.
    pub is_folder: bool,
    /// What is wrong with it, in words.
    pub why: String,
}

/// What is known of a volume once all of it was told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    /// What a customer should know though nothing failed: "was not ejected cleanly".
    pub remarks: Vec<String>,
    /// Whether it was not ejected cleanly, so that what was written last may be missing.
    pub is_dirty: bool,
    /// The bytes that the volume says are used and that nothing told accounts for, where it says so: an upper bound
    /// of what a reader may have missed, or of what a damaged volume lost.
    pub unaccounted: Option<u64>,
}

/// What a file system says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// Which file system: `FAT32`, `exFAT`, `NTFS`, `ext4`.
    pub kind: &'static str,
    /// Its label, where it has one, as WTF-8 or raw bytes.
    pub label: Option<Vec<u8>>,
    /// Its serial number or UUID, as its own tools write it.
    pub uuid: Option<String>,
    /// How many bytes of the volume it uses, tables and spare room included.
    pub bytes: u64,
    /// The size of a block or cluster in bytes.
    pub cluster: u32,
}
