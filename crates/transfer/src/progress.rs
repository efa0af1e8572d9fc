//! How far a transfer is, for whoever wants to look while it runs.

mod pace;

pub use pace::Pace;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use model::control::Tally;
use model::outcome::{EntryRecord, How, Outcome};

/// Live figures of a transfer. Written by the transfer, read by anyone; never read back by it.
#[derive(Debug, Default)]
pub struct Progress {
    found: AtomicU64,
    found_bytes: AtomicU64,
    found_all: AtomicBool,
    stored: AtomicU64,
    bytes: AtomicU64,
    ignored: AtomicU64,
    failed: AtomicU64,
    ignored_bytes: AtomicU64,
    failed_bytes: AtomicU64,
    resumed: AtomicU64,
    resumed_bytes: AtomicU64,
    unchanged: AtomicU64,
    unchanged_bytes: AtomicU64,
    sent_bytes: AtomicU64,
    being_read_back: AtomicU64,
    current: Mutex<Option<String>>,
    store: Mutex<Option<(String, Instant)>>,
}

/// The figures at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Snapshot {
    /// Entries found on the device so far.
    pub found: u64,
    /// Their bytes.
    pub found_bytes: u64,
    /// Whether the device has been walked to its end, so that `found` is all there is.
    pub found_all: bool,
    /// What has become of them.
    pub tally: Tally,
    /// Bytes of those left out.
    pub ignored_bytes: u64,
    /// Bytes of those that failed, whatever of them was sent.
    pub failed_bytes: u64,
    /// How many of them an earlier attempt had stored already.
    pub resumed: u64,
    /// Their bytes.
    pub resumed_bytes: u64,
    /// How many of them were in the bucket already and were not sent.
    pub unchanged: u64,
    /// Their bytes.
    pub unchanged_bytes: u64,
    /// Bytes the store has confirmed in this attempt, parts of unfinished files included.
    pub sent_bytes: u64,
    /// Files that are stored and are being read back at the moment.
    pub being_read_back: u64,
    /// The entry whose reading was last begun.
    pub current: Option<String>,
}

/// A file that is being read back.
#[derive(Debug)]
pub(crate) struct BeingReadBack<'a>(&'a Progress);

impl Drop for BeingReadBack<'_> {
    fn drop(&mut self) {
        self.0.being_read_back.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Progress {
    /// The figures now.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        Snapshot {
            found: self.found.load(Ordering::Relaxed),
            found_bytes: self.found_bytes.load(Ordering::Relaxed),
            found_all: self.found_all.load(Ordering::Relaxed),
            tally: self.tally(),
            ignored_bytes: self.ignored_bytes.load(Ordering::Relaxed),
            failed_bytes: self.failed_bytes.load(Ordering::Relaxed),
            resumed: self.resumed.load(Ordering::Relaxed),
            resumed_bytes: self.resumed_bytes.load(Ordering::Relaxed),
            unchanged: self.unchanged.load(Ordering::Relaxed),
            unchanged_bytes: self.unchanged_bytes.load(Ordering::Relaxed),
            sent_bytes: self.sent_bytes.load(Ordering::Relaxed),
            being_read_back: self.being_read_back.load(Ordering::Relaxed),
            current: self
                .current
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .clone(),
        }
    }

    /// What has become of the entries so far.
    #[must_use]
    pub fn tally(&self) -> Tally {
        Tally {
            stored: self.stored.load(Ordering::Relaxed),
            bytes: self.bytes.load(Ordering::Relaxed),
            ignored: self.ignored.load(Ordering::Relaxed),
            failed: self.failed.load(Ordering::Relaxed),
        }
    }

    /// Says at which address the store is that is spoken to from now on.
    pub fn speaks_to(&self, endpoint: &str) {
        let mut store = self.store.lock().unwrap_or_else(PoisonError::into_inner);
        *store = Some((endpoint.to_owned(), Instant::now()));
    }

    /// At which address the store is that is spoken to, and since when.
    #[must_use]
    pub fn store(&self) -> Option<(String, Instant)> {
        let store = self.store.lock().unwrap_or_else(PoisonError::into_inner);
        store.clone()
    }

    /// Counts one entry that was found.
    pub fn found(&self, bytes: u64) {
        self.found.fetch_add(1, Ordering::Relaxed);
        self.found_bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Counts what an earlier attempt had found.
    pub fn found_before(&self, entries: u64, bytes: u64) {
        self.found.fetch_add(entries, Ordering::Relaxed);
        self.found_bytes.fetch_add(bytes, Ordering::Relaxed);
        self.found_all();
    }

    /// Says that nothing more will be found.
    pub fn found_all(&self) {
        self.found_all.store(true, Ordering::Relaxed);
    }

    /// Names the entry whose reading begins.
    pub fn reading(&self, path: &str) {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        *current = Some(path.to_owned());
    }

    /// Counts bytes that have arrived where they go.
    pub fn sent(&self, bytes: u64) {
        self.sent_bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Counts a file as one that is being read back, as long as what it gives lives.
    pub(crate) fn reads_back(&self) -> BeingReadBack<'_> {
        self.being_read_back.fetch_add(1, Ordering::Relaxed);
        BeingReadBack(self)
    }

    /// Counts one file that an earlier attempt had stored.
    pub fn resumed(&self, bytes: u64) {
        self.resumed.fetch_add(1, Ordering::Relaxed);
        self.resumed_bytes.fetch_add(bytes, Ordering::Relaxed);
        self.stored.fetch_add(1, Ordering::Relaxed);
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Counts one entry that is done.
    pub fn done(&self, bytes: u64) {
        self.stored.fetch_add(1, Ordering::Relaxed);
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Counts one entry that failed.
    pub fn failed(&self, bytes: u64) {
        self.failed.fetch_add(1, Ordering::Relaxed);
        self.failed_bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Counts one entry whose outcome is known.
    pub(crate) fn count(&self, record: &EntryRecord) {
        match &record.outcome {
            // It costs as little as what an earlier attempt had stored.
            Outcome::Stored(stored) if record.how == How::Unchanged || stored.found => {
                self.unchanged.fetch_add(1, Ordering::Relaxed);
                self.unchanged_bytes
                    .fetch_add(record.bytes, Ordering::Relaxed);
                self.done(record.bytes);
            }
            Outcome::Stored(_) => self.done(record.bytes),
            // Found and done with: it is no file that is waited for, and none that is left out.
            Outcome::Ignored { .. } => {
                self.ignored.fetch_add(1, Ordering::Relaxed);
                self.ignored_bytes
                    .fetch_add(record.bytes, Ordering::Relaxed);
            }
            Outcome::Failed(_) => self.failed(record.bytes),
        }
    }
}
