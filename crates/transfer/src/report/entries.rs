//! The entries of a journal as the report has them: of each the last record that counts, in the order of the
//! paths' bytes, for an export in the order of its plan.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use model::outcome::{EntryRecord, Outcome};
use model::proof::Attempt;

use crate::journal::records::AnyRecord;
use crate::journal::{self, EntriesAt, JournalError};
use spool::{Sorted, Spool, Spooled};

/// Where the record of an entry begins in its journal.
struct Place {
    /// The path, or the place in the plan, big end first.
    id: Vec<u8>,
    offset: u64,
}

impl Spooled for Place {
    fn key(&self) -> &[u8] {
        &self.id
    }

    fn write(&self, bytes: &mut Vec<u8>) {
        spool::put_bytes(&self.id, bytes);
        bytes.extend(self.offset.to_le_bytes());
    }

    fn read(from: &mut impl Read) -> io::Result<Self> {
        Ok(Self {
            id: spool::bytes_of(from)?,
            offset: spool::number(from)?,
        })
    }
}

/// The entries of a journal, and what it tells beside them.
pub(super) struct Entries {
    path: PathBuf,
    places: Sorted<Place>,
    records: EntriesAt,
    beside: BesideEntries,
}

/// What a journal tells beside the entries.
#[derive(Default)]
struct BesideEntries {
    attempts: Vec<Attempt>,
    /// Where the last attempt begins.
    last_attempt: u64,
    /// From which place in its plan on the device of an export is full.
    full: Option<u64>,
}

impl BesideEntries {
    /// Whether an entry is told. Every attempt looks at all that is not stored again: what the last one did not
    /// meet, such as a folder that could not be listed before, is not so any more.
    fn tells(&self, record: &EntryRecord, offset: u64) -> bool {
        let is_stored = matches!(record.outcome, Outcome::Stored(_));
        (is_stored || offset > self.last_attempt) && !self.is_taken_back(record)
    }

    /// Whether a file was removed again from a full device. Of the first that found no room the
    /// report says so.
    fn is_taken_back(&self, record: &EntryRecord) -> bool {
        let place = record.source.as_ref().map(|source| source.ordinal);
        self.full
            .zip(place)
            .is_some_and(|(full, place)| place > full)
    }
}

/// Sorts the entries of the journal in `folder`.
pub(super) fn sorted(folder: &Path) -> Result<Entries, JournalError> {
    let path = folder.join("journal");
    let io = |source| JournalError::Io {
        path: path.clone(),
        source,
    };
    let mut spool = Spool::create(folder).map_err(io)?;
    let mut beside = BesideEntries::default();
    journal::scan(&path, &mut |offset, record| {
        match record {
            AnyRecord::Attempt(attempt) => {
                beside.attempts.push(attempt);
                beside.last_attempt = offset;
            }
            AnyRecord::Full { ordinal } => beside.full = Some(ordinal),
            AnyRecord::Entry(record) => {
                let id = id(&record);
                spool.push(Place { id, offset }).map_err(io)?;
            }
            AnyRecord::Other => {}
        }
        Ok(())
    })?;
    Ok(Entries {
        places: spool.sorted().map_err(io)?,
        records: EntriesAt::open(&path).map_err(io)?,
        beside,
        path,
    })
}

/// What an entry is known by.
fn id(record: &EntryRecord) -> Vec<u8> {
    match &record.source {
        Some(source) => source.ordinal.to_be_bytes().to_vec(),
        None => record.path().as_bytes().to_vec(),
    }
}

impl Entries {
    /// Every attempt, with what the store was found to do.
    pub(super) fn attempts(&self) -> &[Attempt] {
        &self.beside.attempts
    }

    /// The next entries, at most `most`; none at the end.
    pub(super) fn next_batch(&mut self, most: usize) -> Result<Vec<EntryRecord>, JournalError> {
        let mut batch = Vec::with_capacity(most);
        while batch.len() < most {
            match self.next() {
                Ok(Some(record)) => batch.push(record),
                Ok(None) => break,
                Err(source) => {
                    let path = self.path.clone();
                    return Err(JournalError::Io { path, source });
                }
            }
        }
        Ok(batch)
    }

    fn next(&mut self) -> io::Result<Option<EntryRecord>> {
        while let Some(place) = self.places.next_record()? {
            if self.places.comes_again(&place.id) {
                continue;
            }
            let record = self.records.at(place.offset)?;
            if self.beside.tells(&record, place.offset) {
                return Ok(Some(record));
            }
        }
        Ok(None)
    }
}
