//! The rounds of an attempt: what a device has not given is asked for again when everything else is stored, and what
//! turned out not to be in the store is sent then.
//!
//! Every round is gone through as an attempt is: journal, index, uploads that were begun, a walk. What a round has set
//! aside stands nowhere in the journal, so that whoever comes after a crash finds it as if it had not been met.

use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use disks::fault::{is_of_device, is_starved};
use disks::tree::Content;
use model::entry::EntryPath;

use crate::import::reader::Unread;
use crate::import::run::Run;
use crate::journal::JournalError;
use crate::journal::index::Index;

/// How often a device is asked again for what it has not given. Each time it tries as long as its settings say, for
/// hours at most; what comes only after three such times is of no disk that is worth the wait.
const RETRIES: u32 = 3;

/// Which walk of an attempt it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Round {
    /// From 0.
    number: u32,
    /// Where in the journal the attempt begins.
    since: u64,
}

impl Round {
    /// The first.
    pub(super) const FIRST: Self = Self {
        number: 0,
        since: 0,
    };

    /// Whether the attempt begins with it.
    pub(super) fn is_first(self) -> bool {
        self.number == 0
    }

    /// Whether what does not come now does not come.
    pub(super) fn is_last(self) -> bool {
        self.number == RETRIES
    }

    /// The one behind it.
    pub(super) fn next(self) -> Self {
        let number = self.number + 1;
        Self { number, ..self }
    }

    /// The same of an attempt that begins at `offset` of its journal.
    pub(super) fn since(self, offset: u64) -> Self {
        Self {
            since: offset,
            ..self
        }
    }

    /// Whether an earlier round of the attempt has found out what becomes of an entry. What it has stored, and the
    /// bucket does not have any more, is not over.
    pub(super) fn is_over(self, index: &Index, path: &EntryPath) -> Result<bool, JournalError> {
        Ok(!self.is_first() && index.is_known_since(self.since, path)? && !index.is_lost(path)?)
    }
}

/// Files of which it has turned out that what earlier attempts had left of them is of no use: they are sent, and nothing is
/// looked for any more. As many as there are such large files.
#[derive(Debug, Default)]
pub(super) struct Anew(Mutex<HashSet<EntryPath>>);

impl Anew {
    fn lock(&self) -> MutexGuard<'_, HashSet<EntryPath>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The files that wait for the next round.
#[derive(Debug)]
pub(crate) struct Aside<'a> {
    /// Those of which the device is asked again.
    unread: AtomicU64,
    /// Those that are sent anew.
    unsent: AtomicU64,
    /// Whether there is a next round.
    may_wait: bool,
    anew: &'a Anew,
}

/// How many files wait for the next round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SetAside {
    /// For the device.
    pub(super) unread: u64,
    /// To be sent anew.
    pub(super) unsent: u64,
}

impl<'a> Aside<'a> {
    /// None so far, in `round`.
    pub(super) fn of(round: Round, anew: &'a Anew) -> Self {
        Self {
            unread: AtomicU64::new(0),
            unsent: AtomicU64::new(0),
            may_wait: !round.is_last(),
            anew,
        }
    }

    /// How many there are; `None` if there are none.
    pub(super) fn waiting(&self) -> Option<SetAside> {
        let (unread, unsent) = (&self.unread, &self.unsent);
        let [unread, unsent] = [unread, unsent].map(|count| count.load(Ordering::SeqCst));
        (unread + unsent > 0).then_some(SetAside { unread, unsent })
    }

    /// Whether what earlier attempts have left of a file may still turn out to be of no use.
    pub(super) fn may_take_over(&self, path: &EntryPath) -> bool {
        self.may_wait && !self.anew.lock().contains(path)
    }

    /// Sets a file aside, what was left of which is of no use: nothing is noted of it.
    pub(super) fn send_anew(&self, path: &EntryPath) {
        self.anew.lock().insert(path.clone());
        self.unsent.fetch_add(1, Ordering::SeqCst);
    }
}

impl Run<'_> {
    /// Whether bytes of a file that cannot be read now may be read in the next round.
    pub(super) fn may_come(&self, file: &dyn Content) -> bool {
        self.aside.may_wait && file.may_come()
    }

    /// Sets a file aside of which a read has failed with `error`, if it may be read in the next round: nothing is
    /// noted of it, and an upload that was begun is left as it is. What says that the device or this host is at fault
    /// sets nothing aside.
    pub(super) fn set_aside(&self, file: &dyn Content, error: &std::io::Error) -> Option<Unread> {
        let is_of_place = !is_of_device(error) && !is_starved(error);
        (is_of_place && self.may_come(file)).then(|| {
            self.aside.unread.fetch_add(1, Ordering::SeqCst);
            Unread::Later
        })
    }
}
