//! Every limit of the product in one place, each with the arithmetic that chose it.

/// Longest object key in bytes (S3 User Guide, *Object key names*).
pub const KEY_BYTES: usize = 1024;

/// Largest object S3 takes: 5 TiB. A larger file is reported, not loaded.
pub const OBJECT_BYTES: u64 = 5 << 40;

/// Largest body of one API request in bytes. A manifest is a page of text; a megabyte leaves room
/// for thousands of substitutions and is read in a blink.
pub const REQUEST_BODY_BYTES: usize = 1 << 20;

/// Longest manifest in bytes. The form encoding may treble it within [`REQUEST_BODY_BYTES`].
pub const MANIFEST_BYTES: usize = 512 << 10;

/// Deepest indentation nesting a manifest may have: the documented options need three.
pub const MANIFEST_DEPTH: usize = 16;

/// Most `ignore` expressions in one manifest. Each file is matched against all of them.
pub const IGNORE_PATTERNS: usize = 1000;

/// Most `substitutions` in one manifest.
pub const SUBSTITUTIONS: usize = 1000;

/// Longest name in bytes while substitutions are applied one after the other. Later ones may shrink
/// it, so it is more than [`KEY_BYTES`]; without a bound a thousand of them grow without end.
pub const NAME_BYTES: usize = 64 << 10;

/// Steps all `ignore` expressions of a manifest together may take on one path, shared out among
/// them. A million takes some ten milliseconds; a hostile expression alone would take 2^n.
pub const REGEX_BACKTRACKS: usize = 1_000_000;

/// Steps one `ignore` expression has of them: a sane one takes some thousand on the longest path.
pub const REGEX_BACKTRACKS_EACH: std::ops::RangeInclusive<usize> = 10_000..=100_000;

/// Room in bytes that a station wants on its own disk before it begins with a device: the list of a device of a million
/// files and the journal of loading them take about 200 bytes a file each.
pub const STATION_ROOM_BYTES: u64 = 400 << 20;

/// Longest SIGNATURE file that is read, in bytes: four short lines need about 100.
pub const SIGNATURE_FILE_BYTES: u64 = 4096;

/// Deepest folder that is walked. Linux itself stops at paths of 4096 bytes, that is 2048 folders;
/// a key of 1024 bytes ends at 512, so nothing deeper could be loaded.
pub const TREE_DEPTH: usize = 512;

/// Largest part count of a multipart upload (S3 User Guide, *Multipart upload limits*).
pub const PARTS: u64 = 10_000;

/// Smallest part but the last, in bytes (same source).
pub const PART_BYTES_MIN: u64 = 5 << 20;

/// Most ranges that are told of a file that could not be read whole. Each takes at most 61 bytes of a record of the
/// journal, which has a mebibyte; a disk of which no map of bad areas grows beyond 100,000 seldom has a tenth of them in
/// one file.
pub const MISSING_RANGES: usize = 10_000;

/// Longest list of missing ranges in the metadata of an object, in bytes: half of what an object can have.
pub const MISSING_LIST_BYTES: usize = 1024;

/// Longest path an export writes, in bytes. Linux stops at 4096 with the final NUL, and a hundred
/// are left for where the device is mounted.
pub const PATH_BYTES: usize = 3996;

/// How many times what a device holds the holes of its files may be. A disk full of files that its
/// file system has compressed to a ninth comes to that; nothing honest goes beyond, and each byte of
/// a hole is one that the store has to keep.
pub const HOLES_TIMES: u64 = 8;

/// Largest count of files or bytes that is believed: 2^53 - 1, up to which every program that reads
/// JSON is exact. In bytes that is 9 PB, four hundred of the largest disks.
pub const COUNT_MAX: u64 = (1 << 53) - 1;

/// Longest sentence, in characters, with which a person gives a job up: the customer reads it after
/// AWS's own.
pub const BECAUSE_CHARS: usize = 500;

/// Longest secret that opens a device, in bytes: the longest passphrase that cryptsetup takes.
pub const SECRET_BYTES: usize = 512;

/// Longest secret that is sealed for an installation, in bytes of its text: 512 bytes sealed for twenty recipients, in base64.
pub const SEALED_SECRET_BYTES: usize = 4096;

/// Secrets that are taken in a minute for one job, or for one bay: more are guesses, and each may cost a station five
/// minutes.
pub const SECRETS_A_MINUTE: u32 = 5;

/// Volumes of a device that are told as unlocked: as many as a usual GPT has partitions.
pub const UNLOCKED_VOLUMES: usize = 128;

/// Most characters that are kept of a command that erases a device, and of its answer: six lines of a terminal. Four
/// commands with both take at most 20 KB of the 64 KiB that an event's line has.
pub const ANSWER_CHARS: usize = 500;

/// Most ranges that a certificate lists of those that could not be written. One takes at most 54 bytes: 14 KB of a line.
pub const UNWRITTEN_SPANS: usize = 256;
