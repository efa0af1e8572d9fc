//! Every limit of erasing, with the arithmetic that chose it.

/// What the stream is cut into, in bytes: each block of it has a nonce of its own. ChaCha20 counts 2^32 blocks of 64 bytes
/// under one nonce, 256 GiB; a mebibyte keeps far from that, and any place is reached by making one block.
pub(super) const BLOCK_BYTES: u64 = 1 << 20;

/// What is written and read at once, in bytes: a disk that turns is at its speed from one mebibyte on, and the kernel
/// splits more into requests that are under way side by side, which flash needs.
const CHUNK_BYTES: u64 = 4 << 20;

/// Chunks that are made ahead of the writer: 16 MiB of memory. Making is four times as fast as the fastest writing, so
/// that two would do; four outlast a moment in which the maker has no core.
pub(super) const CHUNKS_AHEAD: usize = 4;

/// After so many bytes what was written is synced, and the journal told: one second of a fast disk and two of a slow one,
/// which is what an interruption costs.
const SYNC_BYTES: u64 = 256 << 20;

/// Bytes of a read that may be lost by an interruption: reading is cheap, and a note of it costs a sync.
const NOTE_READ_BYTES: u64 = 1 << 30;

/// By what an erasing is cut.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sizes {
    /// What is written and read at once, in bytes.
    pub(super) chunk: u64,
    /// After so many bytes what was written is synced.
    pub(super) sync: u64,
    /// After so many bytes it is noted what was read.
    pub(super) note_read: u64,
}

/// The sizes of every device; tests have smaller ones.
pub(super) const SIZES: Sizes = Sizes {
    chunk: CHUNK_BYTES,
    sync: SYNC_BYTES,
    note_read: NOTE_READ_BYTES,
};

/// Into how many pieces a stretch is cut that cannot be written or read at once: 4 MiB, 256 KiB, 16 KiB, 1 KiB, sectors.
pub(super) const CUT_INTO: u64 = 16;

/// Most ranges of bad sectors after which a device is given up: it has a mebibyte of them in the journal, and is not
/// erased by the rest.
pub(super) const BAD_SPANS: usize = 10_000;

/// How often a place is tried again where the host and not the device had the fault.
pub(super) const HOST_TRIES: u32 = 5;

/// Stretches of equal length in which a sample has a place each. Left-overs that are scattered over one hundredth of a
/// device escape with a chance of 0.99^2000, two in a thousand million; what fills a stretch never does.
pub(super) const PLACES: u64 = 2_000;

/// Bytes of a place.
pub(super) const PLACE_BYTES: u64 = 1 << 20;

/// Bytes of the beginning and of the end that a sample has as well: tables, superblocks and their copies are there.
pub(super) const EDGE_BYTES: u64 = 64 << 20;

/// Longest line of a journal, in bytes: the end carries a certificate with its 256 ranges, some 48 KiB.
pub(super) const LINE_BYTES: usize = 1 << 20;

/// How often a device that erases itself is asked how far it is, in seconds.
pub(super) const ASK_EVERY_SECONDS: u64 = 5;

/// How long a device may erase itself, in seconds: overwriting 24 TB at 150 MB/s takes 44 hours.
pub(super) const SELF_SECONDS: u64 = 96 * 3600;
