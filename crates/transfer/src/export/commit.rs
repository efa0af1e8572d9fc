//! From written to proven and named.
//!
//! Files are committed in groups, because a sync costs the same for one and for a thousand. What was
//! written becomes durable; it is read back from the device and compared; it gets its name; and once
//! the name is durable too, by the sync of the next group, the journal says so.

use std::io;
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError};
use model::outcome::{Outcome, Stored};

use super::crc;
use super::plan::Item;
use super::run::{ExportRun, path};
use crate::destination::Occupied;
use crate::stop::Halt;
use disks::tree::DeviceGone;
use disks::tree::file::ALIGNMENT;

/// Most files of a group.
const GROUP: usize = 1024;

/// How long names that were given wait for another group to be synced with.
const PATIENCE: Duration = Duration::from_millis(200);

/// Threads that read back: small files cost a device more time than bytes.
const READERS: usize = 8;

/// A staged file that is written to its end.
pub(super) struct Written {
    pub(super) item: Item,
    pub(super) bytes: u64,
    /// What will be said of it.
    pub(super) stored: Stored,
    /// The checksum to compare with; none if it was read back before.
    pub(super) proof: Option<u64>,
}

impl ExportRun<'_> {
    /// Commits what comes until there is nothing more.
    pub(super) fn commit(&self, queue: &Receiver<Written>) {
        let mut named: Vec<Written> = Vec::new();
        loop {
            let first = if named.is_empty() {
                queue.recv().map_err(|_| RecvTimeoutError::Disconnected)
            } else {
                queue.recv_timeout(PATIENCE)
            };
            let is_last = matches!(first, Err(RecvTimeoutError::Disconnected));
            let rest = queue.try_iter().take(GROUP - 1);
            let group: Vec<Written> = first.into_iter().chain(rest).collect();
            if !self.sync() {
                // What waits holds on to nothing that others wait for.
                return queue.iter().for_each(drop);
            }
            named.drain(..).for_each(|file| self.is_on_device(file));
            if is_last {
                return;
            }
            named = self.name(self.proven(group));
        }
    }

    fn sync(&self) -> bool {
        let synced = self.target.sync();
        let gone = |error| self.stop.halt(Halt::Device(DeviceGone(error)));
        synced.map_err(gone).is_ok()
    }

    fn is_on_device(&self, file: Written) {
        let Written {
            item,
            bytes,
            stored,
            ..
        } = file;
        self.vouch(&item, bytes);
        self.note(&item, bytes, Outcome::Stored(stored));
    }

    /// Those of which the device holds what was written.
    fn proven(&self, mut group: Vec<Written>) -> Vec<Written> {
        let share = group.len().div_ceil(READERS).max(1);
        std::thread::scope(|scope| {
            let mut readers = Vec::new();
            while !group.is_empty() {
                let share = group.split_off(group.len().saturating_sub(share));
                readers.push(scope.spawn(move || {
                    let proven = share.into_iter().filter(|file| self.is_proven(file));
                    proven.collect::<Vec<_>>()
                }));
            }
            let proven = readers.into_iter().rev().map(|reader| reader.join());
            // A reader that panicked takes the whole scope with it.
            proven.flat_map(Result::unwrap_or_default).collect()
        })
    }

    fn is_proven(&self, file: &Written) -> bool {
        let Some(proof) = file.proof else { return true };
        if self.is_over(file.item.ordinal) {
            return false;
        }
        // One byte more than it may have, so that a longer one shows.
        let room = (file.bytes + 1).next_multiple_of(ALIGNMENT as u64);
        let mut buffer = self.buffers.take(room);
        let item = &file.item;
        match self.target.read_back(item.ordinal, path(item), &mut buffer) {
            Ok(read) if read as u64 == file.bytes && crc(&buffer[..read]) == proof => return true,
            Ok(_) => self.fail(item, ExportRun::differs(&item.key, 0)),
            Err(error) => self.fail_on_device(item, error),
        }
        false
    }

    /// Gives the files their names; gives those back that have one.
    fn name(&self, group: Vec<Written>) -> Vec<Written> {
        let is_named = |file: &Written| {
            let item = &file.item;
            if self.is_over(item.ordinal) {
                return false;
            }
            self.publish(item)
                .map_err(|error| self.fail_on_device(item, error))
                .is_ok()
        };
        group.into_iter().filter(is_named).collect()
    }

    /// Gives a file its name. What has it goes only if this job put it there: the journal of an
    /// earlier attempt says so, or it could not be noted any more and has the very bytes.
    fn publish(&self, item: &Item) -> io::Result<()> {
        let publish = |existing| self.target.publish(item.ordinal, path(item), existing);
        let taken = match publish(Occupied::Keep) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => error,
            named => return named,
        };
        if self.goes_on && (self.is_noted(item)? || self.has_same(item)?) {
            return publish(Occupied::Replace);
        }
        self.strangers.note(item.ordinal);
        Err(taken)
    }

    /// Whether the journal says that this job gave the item its name before.
    fn is_noted(&self, item: &Item) -> io::Result<bool> {
        let noted = self.index.written(item.ordinal);
        noted.map(|bytes| bytes.is_some()).map_err(io::Error::other)
    }

    /// Whether what has the name of the item is a file of the very bytes. What cannot be compared is nobody
    /// else's for that: a device that dies still has its names.
    fn has_same(&self, item: &Item) -> io::Result<bool> {
        let is_file = self.target.size(path(item))?.is_some();
        Ok(is_file && self.target.is_same(item.ordinal, path(item))?)
    }
}
