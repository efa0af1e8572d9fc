//! A report that was rendered once, read again. It is checked whole before anything is looked at:
//! the first line, every entry, the counts and the sum over all of it in the last line.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read as _};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use lanes::Sha256;
use model::outcome::EntryRecord;
use model::report::lines::{self, End, Head, Line, LineError, Totals};

/// Longest line that is read, in bytes. Path, key and reason fit in a tenth of it.
const LINE_BYTES: u64 = 1 << 20;

/// A report that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// It cannot be read.
    #[error("could not read the report `{path}`")]
    Io {
        /// Which file.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// A line is not what a report has there.
    #[error("line {line} of `{path}` is damaged")]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// Which line, from 1.
        line: u64,
        /// What is wrong with it.
        source: LineError,
    },
    /// It ends before its last line.
    #[error("`{path}` ends in line {line}, before its summary: the rest of it is missing")]
    Cut {
        /// Which file.
        path: PathBuf,
        /// Which line, from 1.
        line: u64,
    },
    /// The last line does not sum up the lines before it.
    #[error("the lines of `{path}` are not those that line {line} sums up")]
    OtherSum {
        /// Which file.
        path: PathBuf,
        /// Which line, from 1.
        line: u64,
    },
    /// There is more after the last line.
    #[error("`{path}` goes on in line {line}, after its summary")]
    TooLong {
        /// Which file.
        path: PathBuf,
        /// Which line, from 1.
        line: u64,
    },
}

/// A report that is whole.
#[derive(Debug)]
pub struct ReportFile {
    path: PathBuf,
    /// Its first line.
    pub head: Head,
    /// What its last line counts.
    pub totals: Totals,
}

impl ReportFile {
    /// Reads a report to its end and checks it.
    ///
    /// # Errors
    /// [`ReportError`], which names the line.
    pub fn open(path: &Path) -> Result<Self, ReportError> {
        let mut reading = ReportReader::begin(path)?;
        let head = reading.head()?;
        let mut totals = Totals::default();
        let end = loop {
            let sha256 = reading.sha256.clone();
            match reading.line(&head)? {
                Line::Entry(record) => totals.add(&record),
                Line::End(end) => break (end, sha256),
            }
        };
        let (stated, sha256) = end;
        let found = End {
            totals,
            sha256: hex::encode(sha256.finish()),
        };
        if stated != found {
            return Err(reading.wrong(|path, line| ReportError::OtherSum { path, line }));
        }
        if reading.advance()? > 0 {
            return Err(reading.wrong(|path, line| ReportError::TooLong { path, line }));
        }
        Ok(Self {
            path: path.to_owned(),
            head,
            totals,
        })
    }

    /// Hands every entry to `visit`, in the order of the paths' bytes, until it says stop.
    ///
    /// # Errors
    /// [`ReportError`] if the file has changed meanwhile.
    pub fn entries(
        &self,
        visit: &mut dyn FnMut(EntryRecord) -> ControlFlow<()>,
    ) -> Result<(), ReportError> {
        let mut reading = ReportReader::begin(&self.path)?;
        reading.head()?;
        while let Line::Entry(record) = reading.line(&self.head)? {
            if visit(*record).is_break() {
                break;
            }
        }
        Ok(())
    }
}

/// A report while it is read.
struct ReportReader<'a> {
    path: &'a Path,
    file: BufReader<File>,
    line: Vec<u8>,
    number: u64,
    /// Over all lines so far.
    sha256: Sha256,
}

impl<'a> ReportReader<'a> {
    fn begin(path: &'a Path) -> Result<Self, ReportError> {
        let file = File::open(path).map_err(|source| ReportError::Io {
            path: path.to_owned(),
            source,
        })?;
        Ok(Self {
            path,
            file: BufReader::with_capacity(256 << 10, file),
            line: Vec::new(),
            number: 0,
            sha256: Sha256::new(),
        })
    }

    fn head(&mut self) -> Result<Head, ReportError> {
        self.advance()?;
        let head = Head::parse(&self.line);
        head.map_err(|why| self.damaged(why))
    }

    fn line(&mut self, head: &Head) -> Result<Line, ReportError> {
        if self.advance()? == 0 {
            return Err(self.wrong(|path, line| ReportError::Cut { path, line }));
        }
        let line = lines::parse(&self.line, head.about.bucket.as_ref());
        line.map_err(|why| self.damaged(why))
    }

    /// Reads the next line; says how many bytes it has, none at the end.
    fn advance(&mut self) -> Result<usize, ReportError> {
        self.line.clear();
        self.number += 1;
        let read = (&mut self.file)
            .take(LINE_BYTES)
            .read_until(b'\n', &mut self.line)
            .map_err(|source| ReportError::Io {
                path: self.path.to_owned(),
                source,
            })?;
        self.sha256.update(&self.line);
        Ok(read)
    }

    /// A line without an end was cut, whatever else is wrong with it.
    fn damaged(&self, source: LineError) -> ReportError {
        if self.number > 1 && !self.line.ends_with(b"\n") {
            return self.wrong(|path, line| ReportError::Cut { path, line });
        }
        self.wrong(|path, line| ReportError::Damaged { path, line, source })
    }

    fn wrong(&self, error: impl FnOnce(PathBuf, u64) -> ReportError) -> ReportError {
        error(self.path.to_owned(), self.number)
    }
}
