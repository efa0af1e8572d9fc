//! Every bound the store keeps, with the reason for its value.

/// Bytes of a key in UTF-8 (S3: 1,024).
pub(crate) const KEY_BYTES: usize = 1024;

/// Bytes of user metadata, names and values added up (S3: 2 KB).
pub(crate) const METADATA_BYTES: usize = 2048;

/// Bytes of one PUT or one part (S3: 5 GiB).
pub(crate) const PUT_BYTES: u64 = 5 << 30;

/// Bytes of a finished multipart object (S3: 5 TiB).
pub(crate) const OBJECT_BYTES: u64 = 5 << 40;

/// Smallest part that is not the last one (S3: 5 MiB).
pub(crate) const PART_MIN_BYTES: u64 = 5 << 20;

/// Highest part number (S3: 10,000).
pub(crate) const PARTS: i32 = 10_000;

/// Keys, parts or uploads in one page of a list (S3: 1,000).
pub(crate) const PAGE: usize = 1000;

/// Entries of one archive that is unpacked: ten times what AWS recommends for one (10,000), and with
/// names of 100 bytes about 20 MB of memory.
pub(crate) const ARCHIVE_ENTRIES: usize = 100_000;

/// Entries of an archive that are put at a time; each holds an open file.
pub(crate) const ARCHIVE_GROUP: usize = 64;

/// Buckets in one page of a list that asks for pages (S3: 10,000).
pub(crate) const BUCKETS_PAGE: usize = 10_000;

/// Bytes of a document in a request: 1,000 keys of 1,024 bytes to delete, each written with up to five
/// characters a byte and 100 around it, or 10,000 parts with all their checksums.
pub(crate) const DOCUMENT_BYTES: usize = 8 << 20;

/// Bytes read past before a refusal is sent: a few seconds on a slow line.
pub(crate) const DRAINED_BYTES: u64 = 64 << 20;

/// Rows fetched at a time while rolling keys up under a delimiter: small, because most of a
/// fetch is skipped when a common prefix covers it.
pub(crate) const ROLL_UP_ROWS: usize = 64;

/// Body bytes gathered before they go to a blocking thread: large enough that the hand-over
/// (about 20 µs) is lost in the hashing (about 2 ms for 1 MiB of MD5), and two of them are all
/// the memory an upload takes.
pub(crate) const BATCH_BYTES: usize = 1 << 20;

/// Bytes read from disk at a time for a GET; also the size up to which an object is read whole.
pub(crate) const READ_BYTES: usize = 256 << 10;

/// Changes in one transaction: at 1 ms for a commit and 50 µs for a change, a full batch keeps
/// the last caller waiting for about 15 ms.
pub(crate) const BATCH_CHANGES: usize = 256;

/// Connections that read the index.
pub(crate) const READERS: u32 = 4;

/// Bytes of one path component: 255 is the usual file system's limit, less what
/// a `~` and eight hex digits and a part of the name need.
pub(crate) const COMPONENT_BYTES: usize = 200;

/// Bytes of what counts as a file name's ending, with its dot: the longest that people know have
/// about ten (`.photoslibrary` has 14); behind a dot further left is a piece of the name.
pub(crate) const ENDING_BYTES: usize = 16;

/// Bytes kept aside on the disk so that objects can still be deleted when it is full: a full batch
/// of changes writes at most a page of 4 KiB for each, and as much again for the tree above them.
pub(crate) const RESERVE_BYTES: u64 = 4 << 20;

/// How long a read waits for a file that is just being put in its place, which takes
/// microseconds unless the disk fails.
pub(crate) const MOVE_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(5);

/// Components of a path; deeper keys are stored under a digest of the key.
pub(crate) const DEPTH: usize = 64;

/// Bytes of a path inside its bucket: half of Linux's `PATH_MAX`, the rest being the root's.
pub(crate) const PATH_BYTES: usize = 2048;

/// Folders remembered as durable; past that the memory starts over (100,000 × about 100 bytes).
pub(crate) const KNOWN_FOLDERS: usize = 100_000;

/// Tags of one object (S3: 10).
pub(crate) const TAGS: usize = 10;

/// Multipart objects above this size are put together while the response is kept alive: copying
/// more than this may outlast a client's read timeout (usually 60 s).
pub(crate) const SLOW_COMPLETE_BYTES: u64 = 256 << 20;
