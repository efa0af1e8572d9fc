//! What a child may send and hold at most, whatever it says.

use std::time::Duration;

/// The longest body of a frame in bytes: a piece of a catalogue, or the answer to a [`READ_BYTES`] long question.
pub(super) const FRAME_BYTES: usize = (1 << 20) + 64;

/// The most bytes that one question asks for. A block of the parent's memory: 28 µs for a question are little beside
/// the 100 µs that so many bytes take through a socket.
pub(super) const READ_BYTES: usize = 256 << 10;

/// Bytes of a catalogue that are sent together: some 2,000 names.
pub(super) const BATCH_BYTES: usize = 256 << 10;

/// The longest words, in bytes: a sentence with a name of [`NAME_BYTES`](filesystems::limits::NAME_BYTES) in it.
pub(super) const WORDS_BYTES: usize = 4096;

/// Things in a list that is neither names nor extents: partitions are 128 in a GPT and 64 in an MBR, signatures of what
/// is not read fewer than a hundred, remarks one for a partition.
pub(super) const LISTED: usize = 1024;

/// The most of a packed unit in bytes: 64 KiB, which may be stored longer than it is plain.
pub(super) const PACKED_BYTES: usize = 128 << 10;

/// The longest body of a frame with the secrets that are tried on a volume, in bytes: all key files, and a passphrase.
pub(super) const UNLOCK_BYTES: usize = encrypted::limits::KEY_FILE_BYTES + (64 << 10);

/// The most pieces in which a packed unit lies: 64 KiB and a bit in sectors of 512.
pub(super) const PACKED_RUNS: usize = 256;

/// The most of one extent that lies in metadata, in bytes: a block of ext or a record of NTFS is never longer.
pub(super) const INLINE_BYTES: usize = 64 << 10;

/// The most of one file that lies in metadata, in bytes: in whole records, but for the first four bytes of blocks that
/// a journal escaped, of which 16 MiB are more than a journal holds.
pub(super) const INLINE_BYTES_OF_FILE: usize = 16 << 20;

/// Pieces in which the packed units of one file lie, for each extent that it may have.
pub(super) const RUNS_OF_EXTENT: usize = 4;

/// Further streams of one file: an attribute list of NTFS has at most 256 KiB of entries of 32 bytes.
pub(super) const STREAMS: usize = 8192;

/// How often the bytes of a volume may be told as content: snapshots and links share them.
pub(super) const SHARED: u64 = 64;

/// How often the bytes of a volume may be asked for. A reader takes an eighth and a table once; bytes are asked for
/// again where they are read in small pieces.
pub(super) const READ_OVER: u64 = 8;

/// Bytes that may be asked for of any volume beyond that: a journal of 1 GiB, and metadata of as much, some times over.
pub(super) const READ_ANYWAY: u64 = 16 << 30;

/// How long a child may say nothing. It thinks for milliseconds; a host that swaps, for seconds.
pub(super) const SILENCE: Duration = Duration::from_secs(120);

/// How long a child may be waited for in one task, all together: six times the processor's time that it has at all.
pub(super) const PATIENCE: Duration = Duration::from_secs(3600);

/// The memory of a child in bytes, its program included: 4 million folders of 60 bytes, a bit for each cluster of 8 TiB,
/// and a file of 4 million extents; or the 1 GiB that a header may have Argon2 take.
pub(super) const MEMORY_BYTES: u64 = (1 << 30) + (256 << 20);

/// The processor's time of a child in seconds: 10 million files take 20.
pub(super) const PROCESSOR_SECONDS: u64 = 600;
