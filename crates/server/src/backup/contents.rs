//! What lies in a backup: a line that lists it, then one file behind the other.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use model::time::Timestamp;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::sealed::{Opening, Passphrase, SealedError, Sealing};

/// Name and version of the list.
const FORMAT: &str = "longshore-backup-contents-1";

/// Longest list that is read, in bytes: one of three files has some three hundred.
const LIST_BYTES: usize = 64 << 10;

/// Most bytes that go into or out of a file at a time.
const STEP: usize = 1 << 20;

/// What a file of a backup is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Part {
    /// The installation's secret key, as its file is.
    SecretKey,
    /// The file of settings.
    Settings,
    /// The job store, a SQLite file.
    Sqlite,
    /// The job store, as `pg_dump --format=custom` writes it.
    PgDump,
}

/// What is in a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct List {
    format: String,
    /// The release that made it.
    pub release: String,
    /// When it was made.
    pub made: Timestamp,
    /// What lies in it, in this order.
    pub files: Vec<Listed>,
}

/// A file of a backup.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listed {
    /// What it is.
    pub part: Part,
    /// Its length.
    pub bytes: u64,
}

/// A backup that cannot be read as one.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// It does not open.
    #[error(transparent)]
    Sealed(#[from] SealedError),
    /// What lies in it is not what this release writes.
    #[error("what lies in it is not understood: {0}")]
    Unknown(String),
    /// Where it goes cannot be written.
    #[error("could not write `{}`", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
}

/// Seals files into one, in order.
///
/// # Errors
/// The system's.
pub(super) fn write(
    to: File,
    passphrase: &Passphrase,
    made: Timestamp,
    files: &[(Part, PathBuf)],
) -> io::Result<(List, File)> {
    let mut opened = Vec::new();
    let mut listed = Vec::new();
    for (part, path) in files {
        let file = File::open(path)?;
        let bytes = file.metadata()?.len();
        listed.push(Listed { part: *part, bytes });
        opened.push((file, bytes));
    }
    let list = List {
        format: FORMAT.to_owned(),
        release: env!("CARGO_PKG_VERSION").to_owned(),
        made,
        files: listed,
    };
    let mut sealing = Sealing::begin(BufWriter::with_capacity(STEP, to), passphrase)?;
    serde_json::to_writer(&mut sealing, &list)?;
    sealing.write_all(b"\n")?;
    for (file, bytes) in opened {
        let copied = io::copy(&mut BufReader::new(file).take(bytes), &mut sealing)?;
        if copied != bytes {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    let written = sealing.finish()?;
    let file = written
        .into_inner()
        .map_err(io::IntoInnerError::into_error)?;
    Ok((list, file))
}

/// Writes each file of a backup where `place` says, readable by the owner alone, and sees that all of it is whole. What
/// was written is not to be used before that.
///
/// # Errors
/// [`ReadError`]; files may have been written then.
pub(super) fn read(
    from: File,
    passphrase: &Passphrase,
    place: impl Fn(Part) -> PathBuf,
) -> Result<List, ReadError> {
    let opening = Opening::begin(BufReader::with_capacity(STEP, from), passphrase)?;
    let mut stream = Stream {
        opening,
        piece: Zeroizing::default(),
        at: 0,
    };
    let list = stream.list()?;
    for listed in &list.files {
        let path = place(listed.part);
        stream.copy(listed.bytes, &path)?;
    }
    match stream.some(1)?.is_empty() {
        true => Ok(list),
        false => Err(ReadError::Unknown("there is more than it lists".to_owned())),
    }
}

/// A sealed stream that is read in steps of any length.
struct Stream<R> {
    opening: Opening<R>,
    piece: Zeroizing<Vec<u8>>,
    at: usize,
}

impl<R: Read> Stream<R> {
    /// Up to so many bytes, and at least one; none at the end.
    fn some(&mut self, most: usize) -> Result<&[u8], SealedError> {
        while self.at == self.piece.len() {
            match self.opening.next()? {
                Some(piece) => (self.piece, self.at) = (piece, 0),
                None => return Ok(&[]),
            }
        }
        let end = self.piece.len().min(self.at.saturating_add(most));
        let some = &self.piece[self.at..end];
        self.at = end;
        Ok(some)
    }

    fn list(&mut self) -> Result<List, ReadError> {
        let unknown = |what: &str| ReadError::Unknown(what.to_owned());
        let mut line = Vec::new();
        while line.last() != Some(&b'\n') {
            let some = self.some(1)?;
            if some.is_empty() || line.len() == LIST_BYTES {
                return Err(unknown("it has no list"));
            }
            line.extend_from_slice(some);
        }
        let list: List =
            serde_json::from_slice(&line).map_err(|error| ReadError::Unknown(error.to_string()))?;
        if list.format != FORMAT {
            return Err(unknown(&format!(
                "its list is of the format `{}`",
                list.format
            )));
        }
        let mut parts: Vec<Part> = list.files.iter().map(|file| file.part).collect();
        parts.sort_unstable();
        parts.dedup();
        match parts.len() == list.files.len() {
            true => Ok(list),
            false => Err(unknown("it has one thing twice")),
        }
    }

    fn copy(&mut self, bytes: u64, path: &Path) -> Result<(), ReadError> {
        let failed = |source| ReadError::Write {
            path: path.to_owned(),
            source,
        };
        let mut options = File::options();
        options
            .write(true)
            .create_new(true)
            .mode(durable::OWNER_ONLY);
        let mut file = options.open(path).map_err(failed)?;
        let mut left = bytes;
        while left > 0 {
            let some = self.some(usize::try_from(left).unwrap_or(usize::MAX))?;
            if some.is_empty() {
                return Err(ReadError::Unknown("it has less than it lists".to_owned()));
            }
            file.write_all(some).map_err(failed)?;
            left -= u64::try_from(some.len()).unwrap_or(left);
        }
        file.sync_all().map_err(failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_come_out_as_they_went_in_and_the_list_says_what_they_are() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::write(at("key"), b"a key").unwrap();
        std::fs::write(at("jobs"), vec![3; 200_000]).unwrap();
        let passphrase = Passphrase::new("open".to_owned());
        let made = Timestamp::from_unix(1_700_000_000);
        let files = [(Part::SecretKey, at("key")), (Part::Sqlite, at("jobs"))];
        let to = File::create(at("backup")).unwrap();
        let (list, _) = write(to, &passphrase, made, &files).unwrap();
        let out = |part| match part {
            Part::SecretKey => at("key-again"),
            Part::Sqlite => at("jobs-again"),
            Part::Settings | Part::PgDump => unreachable!("there is none"),
        };
        let read = read(File::open(at("backup")).unwrap(), &passphrase, out).unwrap();
        assert_eq!((read.files.len(), read), (2, list));
        assert_eq!(std::fs::read(at("key-again")).unwrap(), b"a key");
        assert_eq!(std::fs::read(at("jobs-again")).unwrap(), vec![3; 200_000]);
        let all = std::fs::read(at("backup")).unwrap();
        assert!(
            !all.windows(5).any(|bytes| bytes == b"a key"),
            "it is sealed"
        );
    }
}
