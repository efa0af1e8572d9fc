//! Writes a plan, under another name until it is whole.

use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};

use lanes::Sha256;
use model::ids::JobId;
use serde::Serialize;

use super::{End, EndLine, FORMAT, Header, Item, Next, Plan, PlanError, Sealed, VERSION, json};

/// A plan while it is made. Nothing is at its path before [`Writer::finish`].
#[derive(Debug)]
pub struct Writer {
    path: PathBuf,
    temporary: PathBuf,
    file: BufWriter<File>,
    sum: Sha256,
    end: End,
}

impl Writer {
    /// Begins the plan of `job` at `path`. What an earlier attempt left half made is replaced.
    ///
    /// # Errors
    /// [`PlanError::Io`].
    pub fn create(path: &Path, job: JobId) -> Result<Self, PlanError> {
        let temporary = path.with_added_extension("partial");
        let file = File::create(&temporary).map_err(|source| PlanError::Io {
            path: temporary.clone(),
            source,
        })?;
        let mut writer = Self {
            path: path.to_owned(),
            temporary,
            file: BufWriter::with_capacity(1 << 16, file),
            sum: Sha256::new(),
            end: End::default(),
        };
        writer.line(&Header {
            format: FORMAT.to_owned(),
            version: VERSION,
            job,
        })?;
        Ok(writer)
    }

    /// Adds `item`, whose place is the next one whatever it says.
    ///
    /// # Errors
    /// [`PlanError::Io`].
    pub fn add(&mut self, item: Item) -> Result<(), PlanError> {
        let item = Item {
            ordinal: self.end.items,
            ..item
        };
        self.end.count(&item);
        self.line(&item)
    }

    /// Writes the last line and puts the plan in its place, to stay.
    ///
    /// # Errors
    /// [`PlanError::Io`].
    pub fn finish(mut self, next: Option<Next>) -> Result<Plan, PlanError> {
        self.end.next = next;
        self.sum.update(&json(&self.end));
        let sealed = Sealed {
            end: self.end.clone(),
            sha256: hex::encode(std::mem::take(&mut self.sum).finish()),
        };
        self.line(&EndLine { end: sealed })?;
        self.file
            .flush()
            .and_then(|()| durable::commit(self.file.get_ref(), &self.temporary, &self.path))
            .map_err(|source| self.failed(source))?;
        Ok(Plan {
            path: self.path,
            end: self.end,
        })
    }

    fn line(&mut self, value: &impl Serialize) -> Result<(), PlanError> {
        let mut line = json(value);
        line.push(b'\n');
        self.sum.update(&line);
        let written = self.file.write_all(&line);
        written.map_err(|source| self.failed(source))
    }

    fn failed(&self, source: io::Error) -> PlanError {
        PlanError::Io {
            path: self.temporary.clone(),
            source,
        }
    }
}
