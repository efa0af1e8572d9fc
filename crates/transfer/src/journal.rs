//! The journal: the truth of a transfer. One append-only file for each job on a station.
//!
//! `docs/formats.md` has the format. A record that is torn, or does not follow the one before it,
//! ends the journal: what comes after it is cut off and done again, which is harmless.

pub mod file;
pub mod index;
pub(crate) mod recorder;

use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use model::entry::EntryPath;
use model::ids::{JobId, ObjectKey};
use model::outcome::{EntryRecord, Stored};
use model::proof::Attempt;
use objectstore::upload::{PartNumber, PartReceipt, UploadId};
use serde::{Deserialize, Serialize};

use crate::image::Step;
use crate::import::resume::Unfinished;
use crate::journal::file::{LogFile, LogFiles};
use crate::pipeline::hash_state::MarkRecord;
use disks::tree::Shape;

/// The first bytes of a journal: its name and version.
pub const MAGIC: &[u8; 8] = b"LSJRNL01";

/// Bytes before a record's body: length, checksum, sequence number.
const FRAME_BYTES: usize = 4 + 4 + 8;

/// Longest body. An entry's path, key and reason fit in some 20 KiB at their longest.
const BODY_BYTES: u32 = 1 << 20;

/// Bytes held back before they are written.
const BUFFER_BYTES: usize = 64 << 10;

/// A record of the journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "record", rename_all = "kebab-case")]
pub enum Record {
    /// The first record: what this journal is about.
    Opened {
        /// The job.
        job: JobId,
    },
    /// An attempt began: what the store was found to do, before the first byte.
    Attempt(Attempt),
    /// A multipart upload was begun. Journaled and synced before its first part: an upload whose
    /// id we forgot cannot be abandoned.
    Intent {
        /// The key.
        key: ObjectKey,
        /// The store's id for the upload.
        upload: String,
        /// What it takes to go on with it; early journals have none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        file: Option<IntentFile>,
    },
    /// The store confirmed a part.
    Part {
        /// The upload.
        upload: String,
        /// What it confirmed.
        #[serde(flatten)]
        receipt: ReceiptRecord,
    },
    /// The sums of a whole file are known up to the end of a part.
    Hashed {
        /// The upload.
        upload: String,
        /// The last part that is in them.
        number: u64,
        /// The sums.
        #[serde(flatten)]
        mark: MarkRecord,
    },
    /// A multipart upload is about to be completed. Journaled and synced before: whether it was
    /// completed can be seen, but not what it was completed from.
    Review {
        /// The upload.
        upload: String,
        /// What the object will be.
        stored: Stored,
    },
    /// In an export, the beginning of a large file is on the device and was read back.
    Written {
        /// The file's place in the plan.
        ordinal: u64,
        /// Which version of the object it is.
        etag: String,
        /// The sums of the file up to there; they say how far it is.
        #[serde(flatten)]
        mark: MarkRecord,
    },
    /// In an export, the device is full: what has this place in the plan, and all that follows, is
    /// not on it.
    Full {
        /// The first place that is not on the device.
        ordinal: u64,
    },
    /// A step on the way of a device's image.
    Image(Step),
    /// The outcome of an entry is known.
    Entry(EntryRecord),
}

/// The file of an upload, as it was when the upload was begun.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IntentFile {
    /// Its path, as the report prints it.
    pub file: String,
    /// The raw bytes of the path in base64, where they are not UTF-8.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub raw_path: Option<String>,
    /// Its size.
    pub bytes: u64,
    /// When its content was last changed, in nanoseconds since 1970.
    pub modified_ns: i64,
    /// When anything of it was last changed, in nanoseconds since 1970.
    pub changed_ns: i64,
    /// Bytes of each part but the last.
    pub part_bytes: u64,
    /// The type the object is given.
    pub content_type: String,
}

impl IntentFile {
    /// The upload that was begun with this.
    pub(crate) fn unfinished(self, key: ObjectKey, upload: UploadId) -> Option<Unfinished> {
        let path = EntryPath::from_record(&self.file, self.raw_path.as_deref())?;
        Some(Unfinished {
            path,
            key,
            upload,
            shape: Shape {
                bytes: self.bytes,
                modified_ns: self.modified_ns,
                changed_ns: self.changed_ns,
            },
            part_bytes: self.part_bytes,
            content_type: self.content_type,
            receipts: BTreeMap::new(),
            marks: BTreeMap::new(),
            review: None,
        })
    }
}

impl From<&Unfinished> for IntentFile {
    fn from(upload: &Unfinished) -> Self {
        let (file, raw_path) = upload.path.to_record();
        Self {
            file,
            raw_path,
            bytes: upload.shape.bytes,
            modified_ns: upload.shape.modified_ns,
            changed_ns: upload.shape.changed_ns,
            part_bytes: upload.part_bytes,
            content_type: upload.content_type.clone(),
        }
    }
}

/// A part the store confirmed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceiptRecord {
    /// Which part, from 1.
    pub number: u64,
    /// The part's entity tag.
    pub etag: String,
    /// Its size.
    pub bytes: u64,
}

impl ReceiptRecord {
    /// The receipt, unless the number cannot be one.
    pub(crate) fn receipt(self) -> Option<PartReceipt> {
        Some(PartReceipt {
            number: PartNumber::new(self.number).ok()?,
            etag: self.etag,
            size: self.bytes,
        })
    }
}

impl From<&PartReceipt> for ReceiptRecord {
    fn from(receipt: &PartReceipt) -> Self {
        Self {
            number: receipt.number.get().into(),
            etag: receipt.etag.clone(),
            bytes: receipt.size,
        }
    }
}

/// A journal that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// It cannot be read or written.
    #[error("could not use the journal `{path}`")]
    Io {
        /// Which file.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// It is not a journal, or of a version this program does not know.
    #[error("`{0}` is not a journal of this version")]
    NotAJournal(PathBuf),
    /// It belongs to another job.
    #[error("the journal `{path}` is of job {found}")]
    OtherJob {
        /// Which file.
        path: PathBuf,
        /// Whose it is.
        found: JobId,
    },
    /// The index beside it cannot be used.
    #[error("could not index the journal")]
    Index(#[source] Box<redb::Error>),
}

/// A journal open for appending. One writer.
pub struct Journal {
    file: Box<dyn LogFile>,
    path: PathBuf,
    buffer: Vec<u8>,
    sequence: u64,
}

impl fmt::Debug for Journal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Journal")
            .field("path", &self.path)
            .field("sequence", &self.sequence)
            .finish_non_exhaustive()
    }
}

impl Journal {
    /// Opens the journal of `job`, making it if there is none, and hands every good record with
    /// its offset to `replay`. A torn tail is cut off.
    ///
    /// # Errors
    /// [`JournalError`]; also whatever `replay` returns.
    pub fn open(
        files: &dyn LogFiles,
        path: &Path,
        job: JobId,
        replay: &mut dyn FnMut(u64, Record) -> Result<(), JournalError>,
    ) -> Result<Self, JournalError> {
        let io = |source| JournalError::Io {
            path: path.to_owned(),
            source,
        };
        let mut beginning = MAGIC.to_vec();
        beginning.extend(frame(0, &Record::Opened { job }).map_err(io)?);
        let mut journal = Self {
            file: files.open(path, &beginning).map_err(io)?,
            path: path.to_owned(),
            buffer: Vec::new(),
            sequence: 0,
        };
        let written = File::open(path).map_err(io)?;
        let length = written.metadata().map_err(io)?.len();
        if is_unborn(&written).map_err(io)? {
            journal.begin_anew(beginning)?;
            return Ok(journal);
        }
        let mut scan = Scan::new(BufReader::new(&written), path)?;
        while let Some((offset, record)) = scan.next_record().map_err(io)? {
            match record {
                Record::Opened { job: found } if found != job => {
                    return Err(JournalError::OtherJob {
                        path: path.to_owned(),
                        found,
                    });
                }
                record => replay(offset, record)?,
            }
        }
        journal.sequence = scan.sequence;
        if scan.sequence == 0 {
            journal.begin_anew(beginning)?;
        } else {
            journal.cut(length, scan.offset)?;
        }
        Ok(journal)
    }

    /// Writes the header and the first record where neither is whole.
    fn begin_anew(&mut self, beginning: Vec<u8>) -> Result<(), JournalError> {
        self.file.cut(0).map_err(|e| self.io(e))?;
        self.buffer = beginning;
        self.sequence = 1;
        self.sync()
    }

    /// Cuts off what follows the last good record.
    fn cut(&mut self, length: u64, end: u64) -> Result<(), JournalError> {
        if length > end {
            let (journal, bytes) = (self.path.display(), length - end);
            tracing::warn!(%journal, bytes, "torn tail cut off");
            self.file.cut(end).map_err(|e| self.io(e))?;
        }
        Ok(())
    }

    /// Appends a record. Durable only after [`Journal::sync`].
    ///
    /// # Errors
    /// [`JournalError::Io`]; the journal must not be used any more then.
    pub fn append(&mut self, record: &Record) -> Result<(), JournalError> {
        let frame = frame(self.sequence, record).map_err(|e| self.io(e))?;
        self.buffer.extend(frame);
        self.sequence += 1;
        if self.buffer.len() >= BUFFER_BYTES {
            self.write()
        } else {
            Ok(())
        }
    }

    /// Makes everything appended so far durable.
    ///
    /// # Errors
    /// [`JournalError::Io`]; the journal must not be used any more then.
    pub fn sync(&mut self) -> Result<(), JournalError> {
        self.write()?;
        self.file.sync().map_err(|e| self.io(e))
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Hands what was appended to the system: it survives the end of this process then, though not
    /// that of the host.
    ///
    /// # Errors
    /// [`JournalError::Io`]; the journal must not be used any more then.
    pub fn write(&mut self) -> Result<(), JournalError> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        let written = self.file.append(&self.buffer);
        self.buffer.clear();
        written.map_err(|e| self.io(e))
    }

    fn io(&self, source: io::Error) -> JournalError {
        JournalError::Io {
            path: self.path.clone(),
            source,
        }
    }
}

/// Whether a file never got a whole header.
fn is_unborn(mut file: &File) -> io::Result<bool> {
    let mut head = Vec::new();
    file.take(MAGIC.len() as u64).read_to_end(&mut head)?;
    file.seek(SeekFrom::Start(0))?;
    Ok(head.len() < MAGIC.len() && MAGIC.starts_with(&head))
}

/// A record as it stands in the file.
fn frame(sequence: u64, record: &Record) -> io::Result<Vec<u8>> {
    let body = serde_json::to_vec(record)?;
    let length = u32::try_from(body.len()).map_err(io::Error::other)?;
    let sequence = sequence.to_le_bytes();
    let mut frame = Vec::with_capacity(FRAME_BYTES + body.len());
    frame.extend_from_slice(&length.to_le_bytes());
    frame.extend_from_slice(&checksum(&sequence, &body).to_le_bytes());
    frame.extend_from_slice(&sequence);
    frame.extend_from_slice(&body);
    Ok(frame)
}

fn checksum(sequence: &[u8; 8], body: &[u8]) -> u32 {
    let mut digest = crc_fast::Digest::new(crc_fast::CrcAlgorithm::Crc32Iscsi);
    digest.update(sequence);
    digest.update(body);
    u32::try_from(digest.finalize()).unwrap_or_default()
}

/// Reads a journal's records in order, up to the first that is not whole.
pub struct Scan<R> {
    source: R,
    offset: u64,
    sequence: u64,
}

impl<R: Read> Scan<R> {
    /// Checks the header.
    ///
    /// # Errors
    /// [`JournalError::NotAJournal`] if it is not ours.
    pub fn new(mut source: R, path: &Path) -> Result<Self, JournalError> {
        let mut magic = [0; MAGIC.len()];
        match source.read_exact(&mut magic) {
            Ok(()) if &magic == MAGIC => Ok(Self {
                source,
                offset: MAGIC.len() as u64,
                sequence: 0,
            }),
            _ => Err(JournalError::NotAJournal(path.to_owned())),
        }
    }

    /// The next record and where it begins; `None` at the end of what is good.
    ///
    /// # Errors
    /// The system's error, other than the end of the file.
    pub fn next_record(&mut self) -> io::Result<Option<(u64, Record)>> {
        let mut frame = [0; FRAME_BYTES];
        if !read_whole(&mut self.source, &mut frame)? {
            return Ok(None);
        }
        let [l0, l1, l2, l3, c0, c1, c2, c3, sequence @ ..] = frame;
        let length = u32::from_le_bytes([l0, l1, l2, l3]);
        if length > BODY_BYTES || u64::from_le_bytes(sequence) != self.sequence {
            return Ok(None);
        }
        let mut body = vec![0; usize::try_from(length).unwrap_or_default()];
        if !read_whole(&mut self.source, &mut body)?
            || checksum(&sequence, &body) != u32::from_le_bytes([c0, c1, c2, c3])
        {
            return Ok(None);
        }
        let Ok(record) = serde_json::from_slice(&body) else {
            return Ok(None);
        };
        let offset = self.offset;
        self.offset += (FRAME_BYTES + body.len()) as u64;
        self.sequence += 1;
        Ok(Some((offset, record)))
    }
}

/// Fills `buffer`, or says that the end came first.
fn read_whole(source: &mut impl Read, buffer: &mut [u8]) -> io::Result<bool> {
    match source.read_exact(buffer) {
        Ok(()) => Ok(true),
        Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(e) => Err(e),
    }
}

/// Reads the one record that begins at `offset`, as [`Scan`] found it there.
///
/// # Errors
/// The system's error, or `InvalidData` if the journal was changed meanwhile.
pub fn entry_at(file: &mut (impl Read + Seek), offset: u64) -> io::Result<EntryRecord> {
    let changed = || io::Error::new(io::ErrorKind::InvalidData, "the journal was changed");
    file.seek(SeekFrom::Start(offset))?;
    let mut frame = [0; FRAME_BYTES];
    file.read_exact(&mut frame)?;
    let [l0, l1, l2, l3, ..] = frame;
    let length = u32::from_le_bytes([l0, l1, l2, l3]).min(BODY_BYTES);
    let mut body = vec![0; usize::try_from(length).unwrap_or_default()];
    file.read_exact(&mut body)?;
    match serde_json::from_slice(&body) {
        Ok(Record::Entry(record)) => Ok(record),
        _ => Err(changed()),
    }
}

/// Scans a journal from the start, without opening it for writing.
///
/// # Errors
/// [`JournalError`]; also whatever `visit` returns.
pub fn scan(
    path: &Path,
    visit: &mut dyn FnMut(u64, Record) -> Result<(), JournalError>,
) -> Result<(), JournalError> {
    let io = |source| JournalError::Io {
        path: path.to_owned(),
        source,
    };
    let file = File::open(path).map_err(io)?;
    let mut scan = Scan::new(BufReader::with_capacity(1 << 20, file), path)?;
    while let Some((offset, record)) = scan.next_record().map_err(io)? {
        visit(offset, record)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
