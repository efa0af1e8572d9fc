//! The chain of a job: each event says which line stood before it.
//!
//! Whoever writes events and whoever reads them goes along the same chain. It shows an event that was edited, dropped
//! or moved. It does not show a second history that somebody else was told: [`crate::tree`] does.

use model::ids::JobId;

use crate::digest::Digest;
use crate::event::{Event, What};
use crate::line::{self, Entry, Line, LineError, Position, Salt, TooLong};
use crate::moment::Moment;

/// The end of a chain, where the next event goes. Events of the installation, which are of no job, are a chain too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chain {
    job: Option<JobId>,
    next: u64,
    prev: Digest,
    at: Moment,
}

/// Why an event does not follow on those before it.
#[derive(Debug, thiserror::Error)]
pub enum Broken {
    /// It cannot be read.
    #[error(transparent)]
    Line(#[from] LineError),
    /// One is missing, or stands in the wrong place.
    #[error("its `seq` is {found}, and {expected} is due")]
    Seq {
        /// What it has.
        found: u64,
        /// What is due.
        expected: u64,
    },
    /// The line before it was another one when it was written.
    #[error("its `prev` is {found}, and the SHA-256 of the line before is {expected}")]
    Prev {
        /// What it has.
        found: Digest,
        /// What is due.
        expected: Digest,
    },
    /// It is of another job.
    #[error("it is of {}, and not of {}", of(.found.as_ref()), of(.expected.as_ref()))]
    Job {
        /// Its job.
        found: Option<JobId>,
        /// The job of the chain.
        expected: Option<JobId>,
    },
    /// Time went back.
    #[error("it is of {found}, and the event before of {before}")]
    Time {
        /// When it is said to have happened.
        found: Moment,
        /// When the one before did.
        before: Moment,
    },
    /// `closed` counts other events than there are.
    #[error("it says that {said} events stand before it, and there are {found}")]
    Count {
        /// What it says.
        said: u64,
        /// What there is.
        found: u64,
    },
    /// It mends what does not stand before it.
    #[error("it corrects the event {0}, which does not stand before it")]
    Corrects(u64),
}

fn of(job: Option<&JobId>) -> String {
    job.map_or("no job".to_owned(), |job| format!("job `{job}`"))
}

impl Chain {
    /// A chain without events: of a job, or of the installation.
    #[must_use]
    pub fn new(job: Option<JobId>) -> Self {
        Self {
            job,
            next: 0,
            prev: Digest::ZERO,
            at: Moment::FIRST,
        }
    }

    /// A chain that goes on behind so many events, whose last was told at `at` in a line with the digest `last`.
    #[must_use]
    pub fn after(job: Option<JobId>, events: u64, last: Digest, at: Moment) -> Self {
        Self {
            job,
            next: events,
            prev: last,
            at,
        }
    }

    /// How many events there are, which is the `seq` of the next.
    #[must_use]
    pub fn events(&self) -> u64 {
        self.next
    }

    /// The digest of the last line.
    #[must_use]
    pub fn last(&self) -> Digest {
        self.prev
    }

    /// When the last event happened, as it was told.
    #[must_use]
    pub fn at(&self) -> Moment {
        self.at
    }

    /// Writes the line of the next event. A clock that was set back gives it the time of the one before.
    ///
    /// # Errors
    /// [`TooLong`], and the chain is as it was.
    pub fn append(&mut self, event: &Event, salt: Salt) -> Result<Line, TooLong> {
        let position = Position {
            seq: self.next,
            prev: self.prev,
            job: self.job,
            at: event.at.max(self.at),
        };
        let line = line::write(&position, event, salt)?;
        self.advance(line.digest(), position.at);
        Ok(line)
    }

    /// Goes on by a line that somebody else wrote, without its line end.
    ///
    /// # Errors
    /// [`Broken`] if it does not follow; the chain is as it was.
    pub fn follow(&mut self, line: &[u8]) -> Result<Entry, Broken> {
        let entry = Entry::parse(line)?;
        self.must_be_next(&entry, line)?;
        self.advance(Digest::of(line), entry.at);
        Ok(entry)
    }

    fn must_be_next(&self, entry: &Entry, line: &[u8]) -> Result<(), Broken> {
        // The number stands first, and in one form: simple tools look for it.
        let beginning = format!("{}{},", line::BEGINNING, self.next);
        if entry.seq != self.next || !line.starts_with(beginning.as_bytes()) {
            let (found, expected) = (entry.seq, self.next);
            return Err(Broken::Seq { found, expected });
        }
        if entry.prev != self.prev {
            let (found, expected) = (entry.prev, self.prev);
            return Err(Broken::Prev { found, expected });
        }
        if entry.job != self.job {
            let (found, expected) = (entry.job, self.job);
            return Err(Broken::Job { found, expected });
        }
        if entry.at < self.at {
            let (found, before) = (entry.at, self.at);
            return Err(Broken::Time { found, before });
        }
        match &entry.what {
            Some(What::Closed(closed)) if closed.events != self.next => Err(Broken::Count {
                said: closed.events,
                found: self.next,
            }),
            Some(What::Corrected(mended)) if mended.of >= self.next => {
                Err(Broken::Corrects(mended.of))
            }
            _ => Ok(()),
        }
    }

    fn advance(&mut self, last: Digest, at: Moment) {
        self.next += 1;
        self.prev = last;
        self.at = at;
    }
}

#[cfg(test)]
#[path = "chain_tests.rs"]
mod tests;
