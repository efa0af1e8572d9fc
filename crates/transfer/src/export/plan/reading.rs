//! Reads a plan line by line.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};

use lanes::Sha256;
use model::ids::JobId;
use serde::de::DeserializeOwned;

use super::{End, EndLine, FORMAT, Header, Item, Marker, PlanError, VERSION, json};

/// Longest line that is read, in bytes. Key, path and reason fit in a tenth of it.
const LINE_BYTES: u64 = 1 << 20;

/// How the last line begins, and no other.
const END: &[u8] = b"{\"end\":";

/// The objects of a plan, in their order.
#[derive(Debug)]
pub struct Items {
    reading: PlanReader,
    left: u64,
}

impl Items {
    pub(super) fn of(reading: PlanReader, items: u64) -> Self {
        Self {
            reading,
            left: items,
        }
    }
}

impl Iterator for Items {
    type Item = Result<Item, PlanError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        let item = self.reading.advance().and_then(|()| self.reading.parsed());
        if item.is_err() {
            self.left = 0;
        }
        Some(item)
    }
}

/// A plan while it is read.
#[derive(Debug)]
pub(super) struct PlanReader {
    path: PathBuf,
    file: BufReader<File>,
    line: Vec<u8>,
    number: u64,
}

impl PlanReader {
    /// Opens the file at `path`, if there is one.
    pub(super) fn open(path: &Path) -> Result<Option<Self>, PlanError> {
        match File::open(path) {
            Ok(file) => Ok(Some(Self {
                path: path.to_owned(),
                file: BufReader::with_capacity(1 << 16, file),
                line: Vec::new(),
                number: 0,
            })),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(PlanError::Io {
                path: path.to_owned(),
                source,
            }),
        }
    }

    /// Reads the first line; gives whose plan it is.
    pub(super) fn head(&mut self) -> Result<JobId, PlanError> {
        self.advance()?;
        let path = self.path.clone();
        match serde_json::from_slice::<Marker>(&self.line) {
            Ok(marker) if marker.format != FORMAT => Err(PlanError::NotAPlan { path }),
            Ok(Marker { version, .. }) if version != VERSION => {
                Err(PlanError::Version { path, version })
            }
            Ok(_) => self.parsed::<Header>().map(|head| head.job),
            Err(_) => Err(PlanError::NotAPlan { path }),
        }
    }

    /// Reads from the second line to the end, and gives that if it agrees with all before it.
    pub(super) fn check(&mut self) -> Result<End, PlanError> {
        let mut sum = Sha256::new();
        let mut found = End::default();
        loop {
            sum.update(&self.line);
            self.advance()?;
            if self.line.starts_with(END) {
                break;
            }
            let item: Item = self.parsed()?;
            if item.ordinal != found.items {
                return Err(self.damaged());
            }
            found.count(&item);
        }
        let stated = self.parsed::<EndLine>()?.end;
        found.next.clone_from(&stated.end.next);
        sum.update(&json(&stated.end));
        let is_same = stated.end == found && stated.sha256 == hex::encode(sum.finish());
        if is_same && self.line.ends_with(b"\n") && self.read()? == 0 {
            Ok(found)
        } else {
            Err(self.not_whole())
        }
    }

    fn parsed<T: DeserializeOwned>(&self) -> Result<T, PlanError> {
        serde_json::from_slice(&self.line).map_err(|_| self.damaged())
    }

    /// Reads the next line, which must be there.
    fn advance(&mut self) -> Result<(), PlanError> {
        if self.read()? == 0 {
            return Err(self.not_whole());
        }
        Ok(())
    }

    /// Reads the next line; gives its bytes, 0 at the end of the file.
    fn read(&mut self) -> Result<usize, PlanError> {
        self.line.clear();
        self.number += 1;
        (&mut self.file)
            .take(LINE_BYTES)
            .read_until(b'\n', &mut self.line)
            .map_err(|source| PlanError::Io {
                path: self.path.clone(),
                source,
            })
    }

    fn damaged(&self) -> PlanError {
        PlanError::Damaged {
            path: self.path.clone(),
            line: self.number,
        }
    }

    fn not_whole(&self) -> PlanError {
        PlanError::NotWhole {
            path: self.path.clone(),
        }
    }
}
