//! The journal: the truth of a transfer. One append-only file for each job on a station.
//!
//! `docs/formats.md` has the format. A record that is torn, or does not follow the one before it,
//! ends the journal: what comes after it is cut off and done again, which is harmless.

pub mod file;
mod frame;
pub mod index;
pub(crate) mod recorder;
pub mod records;

use std::fmt;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::marker::PhantomData;
use std::path::{Path, PathBuf};

use model::ids::JobId;
use model::outcome::EntryRecord;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::journal::file::{LogFile, LogFiles};
use crate::journal::frame::{Frames, body, frame, frame_bytes};
use crate::journal::records::AnyRecord;

/// The first bytes of a journal: its name and version.
pub const MAGIC: &[u8; 8] = b"LSJRNL01";

/// Bytes held back before they are written.
const BUFFER_BYTES: usize = 64 << 10;

/// Bytes that are read at once where entries are looked up.
const READ_BYTES: usize = 256 << 10;

/// The first record: what this journal is about.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "record", rename_all = "kebab-case")]
enum First {
    Opened { job: JobId },
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

/// A journal open for appending, whose records are `R`. One writer.
pub struct Journal<R> {
    file: Box<dyn LogFile>,
    path: PathBuf,
    buffer: Vec<u8>,
    sequence: u64,
    records: PhantomData<fn(R) -> R>,
}

impl<R> fmt::Debug for Journal<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Journal")
            .field("path", &self.path)
            .field("sequence", &self.sequence)
            .finish_non_exhaustive()
    }
}

impl<R: Serialize + DeserializeOwned> Journal<R> {
    /// Opens the journal of `job`, making it if there is none, and hands every good record but the
    /// first with its offset to `replay`. A torn tail is cut off.
    ///
    /// # Errors
    /// [`JournalError`]; also whatever `replay` returns.
    pub fn open(
        files: &dyn LogFiles,
        path: &Path,
        job: JobId,
        replay: &mut dyn FnMut(u64, R) -> Result<(), JournalError>,
    ) -> Result<Self, JournalError> {
        let io = |source| JournalError::Io {
            path: path.to_owned(),
            source,
        };
        let mut beginning = MAGIC.to_vec();
        beginning.extend(framed(0, &First::Opened { job }).map_err(io)?);
        let mut journal = Self {
            file: files.open(path, &beginning).map_err(io)?,
            path: path.to_owned(),
            buffer: Vec::new(),
            sequence: 0,
            records: PhantomData,
        };
        let written = File::open(path).map_err(io)?;
        let length = written.metadata().map_err(io)?.len();
        if is_unborn(&written).map_err(io)? {
            journal.begin_anew(beginning)?;
            return Ok(journal);
        }
        let (mut scan, found) = Scan::new(BufReader::new(&written), path)?;
        match found {
            Some(found) if found != job => {
                let path = path.to_owned();
                return Err(JournalError::OtherJob { path, found });
            }
            Some(_) => {}
            None => {
                journal.begin_anew(beginning)?;
                return Ok(journal);
            }
        }
        while let Some((offset, record)) = scan.next_record().map_err(io)? {
            replay(offset, record)?;
        }
        let (end, sequence) = scan.frames.end();
        journal.sequence = sequence;
        journal.cut(length, end)?;
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
    pub fn append(&mut self, record: &R) -> Result<(), JournalError> {
        let frame = framed(self.sequence, record).map_err(|e| self.io(e))?;
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
fn framed(sequence: u64, record: &impl Serialize) -> io::Result<Vec<u8>> {
    frame(sequence, &serde_json::to_vec(record)?)
}

/// Reads a journal's records in order, up to the first that is not whole.
struct Scan<S> {
    frames: Frames<S>,
}

impl<S: Read> Scan<S> {
    /// Checks the header, and reads the first record; no job where that is torn.
    ///
    /// # Errors
    /// [`JournalError::NotAJournal`] if it is not ours.
    fn new(mut source: S, path: &Path) -> Result<(Self, Option<JobId>), JournalError> {
        let io = |source| JournalError::Io {
            path: path.to_owned(),
            source,
        };
        let not_ours = || JournalError::NotAJournal(path.to_owned());
        let mut magic = [0; MAGIC.len()];
        match source.read_exact(&mut magic) {
            Ok(()) if &magic == MAGIC => {}
            _ => return Err(not_ours()),
        }
        let mut frames = Frames::new(source, MAGIC.len() as u64);
        let Some(first) = frames.next().map_err(io)? else {
            return Ok((Self { frames }, None));
        };
        let opened = serde_json::from_slice(&first.body);
        let First::Opened { job } = opened.map_err(|_| not_ours())?;
        frames.take(&first);
        Ok((Self { frames }, Some(job)))
    }

    /// The next record and where it begins; `None` at the end of what is good.
    ///
    /// # Errors
    /// The system's error, other than the end of the file.
    fn next_record<R: DeserializeOwned>(&mut self) -> io::Result<Option<(u64, R)>> {
        let Some(frame) = self.frames.next()? else {
            return Ok(None);
        };
        let Ok(record) = serde_json::from_slice(&frame.body) else {
            return Ok(None);
        };
        self.frames.take(&frame);
        Ok(Some((frame.offset, record)))
    }
}

/// Reads entries by the places of their records, as [`scan`] found them: quickest in the order of the journal, or
/// nearly so.
#[derive(Debug)]
pub struct EntriesAt {
    file: BufReader<File>,
    /// Where it is in the file.
    at: u64,
}

impl EntriesAt {
    /// Opens the journal at `path`.
    ///
    /// # Errors
    /// The system's error.
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = BufReader::with_capacity(READ_BYTES, File::open(path)?);
        Ok(Self { file, at: 0 })
    }

    /// The entry whose record begins at `offset`.
    ///
    /// # Errors
    /// The system's error, or `InvalidData` if the journal was changed meanwhile.
    pub fn at(&mut self, offset: u64) -> io::Result<EntryRecord> {
        let step = i64::try_from(i128::from(offset) - i128::from(self.at));
        // What is near is in the buffer still.
        self.file.seek_relative(step.map_err(io::Error::other)?)?;
        let body = body(&mut self.file)?;
        self.at = offset + frame_bytes(&body);
        match serde_json::from_slice(&body) {
            Ok(AnyRecord::Entry(record)) => Ok(record),
            _ => Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "the journal was changed",
            )),
        }
    }
}

/// Scans a journal from the start, without opening it for writing; the first record is left out.
///
/// # Errors
/// [`JournalError`]; also whatever `visit` returns.
pub fn scan<R: DeserializeOwned>(
    path: &Path,
    visit: &mut dyn FnMut(u64, R) -> Result<(), JournalError>,
) -> Result<(), JournalError> {
    let io = |source| JournalError::Io {
        path: path.to_owned(),
        source,
    };
    let file = File::open(path).map_err(io)?;
    let (mut scan, _) = Scan::new(BufReader::with_capacity(1 << 20, file), path)?;
    while let Some((offset, record)) = scan.next_record().map_err(io)? {
        visit(offset, record)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
