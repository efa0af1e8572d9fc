//! Tells bad files from a bad device.
//!
//! One file that cannot be read is data. A device that gives nothing any more must not be taken for
//! so many bad files: its job would be over, and the device sent home. A dead device often stays where
//! it is, and answers from this host's memory with names and whole files. So every error is put to the
//! device itself, whether it is read or written:
//!
//! * [`Tree::check`] or [`Target::check`] asks the kernel and reads places all over the device past every memory. If they all
//!   answer, the file is bad.
//! * Otherwise a *witness* is asked: a file that was read before is read again, from the device. If no
//!   witness answers, the device is dead.
//! * Without a witness the failure is held back, out of the journal, until a file is read well.
//! * [`IN_A_ROW`] errors without a file that was read well between them are the device's.

use std::collections::VecDeque;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use model::entry::{Entry, EntryPath};
use model::outcome::Failure;

use disks::fault::{is_of_device, is_starved};
use disks::tree::{DeviceGone, Health, Tree, is_of_name};

#[cfg(doc)]
use crate::destination::Target;

/// Errors in a row, at as many files, after which a device that is not sound counts as dead. A bad
/// sector spoils one file; a scratch, or a folder's index, some neighbours; what goes on and on is the
/// device.
const IN_A_ROW: usize = 8;

/// Witnesses that are kept: the first file that was read well, and the last ones. They are far from
/// each other, so that one bad place does not silence all.
const WITNESSES: usize = 3;

/// Bytes in which something else than zeros is looked for: holes are seldom without their neighbours.
const LOOKED_AT: usize = 64 << 10;

/// A file of less may lie in the file system's own table, which memory always has.
const GOOD_WITNESS_BYTES: u64 = 4096;

/// A device that may be dead, and what can speak for it.
pub(crate) trait Doubted {
    /// A place that the device gave before.
    type Witness;

    /// Whether the device answers, as far as it can be asked.
    fn health(&self) -> Result<Health, DeviceGone>;

    /// Asks the device for the place again, past this host's memory.
    fn says(&self, witness: &Self::Witness) -> Says;

    /// Whether memory may not speak for it.
    fn is_good(witness: &Self::Witness) -> bool;
}

/// What may be the device's fault, and what is to be told of the file if it is not.
#[derive(Debug)]
pub(crate) struct Suspect {
    /// Where it is on the device.
    pub(crate) path: EntryPath,
    /// Its size in bytes.
    pub(crate) bytes: u64,
    /// What becomes of it if the device lives.
    pub(crate) failure: Failure,
}

/// What a run knows of its device: `W` speaks for it, and `S` may be its fault.
#[derive(Debug)]
pub(crate) struct Doubt<W, S> {
    state: Mutex<Suspicion<W, S>>,
    /// How many failures are held back: those who read well look here first.
    held: AtomicUsize,
}

/// What a run knows of the device that it reads.
pub(crate) type ReadingDoubt = Doubt<Witness, Suspect>;

#[derive(Debug)]
struct Suspicion<W, S> {
    witnesses: VecDeque<W>,
    held: Vec<S>,
    /// Errors since a file was read well.
    in_a_row: usize,
}

/// A file that was read well, and a place in it.
#[derive(Debug, Clone)]
pub(crate) struct Witness {
    entry: Entry,
    offset: u64,
}

/// What a witness says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Says {
    /// The device gave its bytes again.
    Alive,
    /// It did not.
    Dead,
    /// The file is not there any more, or not the same.
    Nothing,
}

impl Says {
    /// What an error says that a witness meets.
    pub(crate) fn of(error: &io::Error) -> Self {
        match is_of_name(error) || is_starved(error) {
            true => Self::Nothing,
            false => Self::Dead,
        }
    }
}

impl<W, S> Default for Doubt<W, S> {
    fn default() -> Self {
        Self {
            state: Mutex::new(Suspicion {
                witnesses: VecDeque::new(),
                held: Vec::new(),
                in_a_row: 0,
            }),
            held: AtomicUsize::new(0),
        }
    }
}

impl<W, S> Doubt<W, S> {
    /// Judges an error. Gives what is the files' own fault, the suspect last; nothing if that has to
    /// wait.
    ///
    /// # Errors
    /// [`DeviceGone`] if it is the device's fault, or this host's.
    pub(crate) fn judge<D: Doubted<Witness = W> + ?Sized>(
        &self,
        device: &D,
        error: io::Error,
        suspect: S,
    ) -> Result<Vec<S>, DeviceGone> {
        if is_starved(&error) || is_of_device(&error) {
            return Err(DeviceGone(error));
        }
        if is_of_name(&error) {
            return Ok(vec![suspect]);
        }
        let mut state = self.lock();
        // One after the other: the device has enough to do with one question.
        let health = device.health()?;
        state.in_a_row += 1;
        if health == Health::Sound {
            state.held.push(suspect);
            return Ok(self.release(&mut state));
        }
        let says = ask(device, &mut state.witnesses);
        if says == Says::Dead || state.in_a_row >= IN_A_ROW {
            return Err(DeviceGone(error));
        }
        state.held.push(suspect);
        match says {
            Says::Alive => Ok(self.release(&mut state)),
            Says::Dead | Says::Nothing => {
                self.held.store(state.held.len(), Ordering::SeqCst);
                Ok(Vec::new())
            }
        }
    }

    /// Notes that the device gave a place. Gives the failures that are the files' own fault, now that it is known
    /// to live.
    pub(crate) fn vouch<D: Doubted<Witness = W> + ?Sized>(&self, device: &D, witness: W) -> Vec<S> {
        let is_held = self.held.load(Ordering::SeqCst) > 0;
        let mut state = match self.state.try_lock() {
            Ok(state) => state,
            // Somebody is judging; there will be other witnesses.
            Err(_) if !is_held => return Vec::new(),
            Err(_) => self.lock(),
        };
        // It may have come from memory: held back is let go only for what the device gives.
        if is_held && device.says(&witness) != Says::Alive {
            return Vec::new();
        }
        state.in_a_row = 0;
        state.take(witness, D::is_good);
        self.release(&mut state)
    }

    /// Judges at the end, when everything was tried: a device that has died is not done.
    ///
    /// # Errors
    /// [`DeviceGone`] if nothing shows that the device lives.
    pub(crate) fn settle<D: Doubted<Witness = W> + ?Sized>(
        &self,
        device: &D,
    ) -> Result<Vec<S>, DeviceGone> {
        let mut state = self.lock();
        if device.health()? == Health::Doubtful {
            let says = ask(device, &mut state.witnesses);
            let held = state.held.len();
            if says == Says::Dead || (says == Says::Nothing && held > 0) {
                let words = format!("nothing can be read of it, and {held} files could not be");
                return Err(DeviceGone(io::Error::other(words)));
            }
        }
        Ok(self.release(&mut state))
    }

    fn release(&self, state: &mut Suspicion<W, S>) -> Vec<S> {
        self.held.store(0, Ordering::SeqCst);
        std::mem::take(&mut state.held)
    }

    fn lock(&self) -> MutexGuard<'_, Suspicion<W, S>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ReadingDoubt {
    /// Notes that a file gave `read` at `offset`. Gives the failures that are the files' own
    /// fault, now that the device is known to live.
    pub(crate) fn read_well(
        &self,
        tree: &dyn Tree,
        entry: &Entry,
        offset: u64,
        read: &[u8],
    ) -> Vec<Suspect> {
        // A hole is read without the device.
        let of_device = read.iter().take(LOOKED_AT).position(|byte| *byte != 0);
        let Some(place) = of_device else {
            return Vec::new();
        };
        let witness = Witness {
            entry: entry.clone(),
            offset: offset + place as u64,
        };
        self.vouch(tree, witness)
    }

    /// Names a file that an earlier attempt has read, for as long as there is no better witness.
    pub(crate) fn was_read(&self, entry: &Entry) {
        if entry.bytes() == 0 {
            return;
        }
        if let Ok(mut state) = self.state.try_lock()
            && state.witnesses.is_empty()
        {
            let witness = Witness {
                entry: entry.clone(),
                offset: 0,
            };
            state.take(witness, <dyn Tree as Doubted>::is_good);
        }
    }
}

impl<W, S> Suspicion<W, S> {
    /// Keeps a witness: the first for good, of the others the last. One that memory may speak for only
    /// while there is no better.
    fn take(&mut self, witness: W, is_good: fn(&W) -> bool) {
        if is_good(&witness) {
            self.witnesses.retain(is_good);
        } else if !self.witnesses.is_empty() {
            return;
        }
        if self.witnesses.len() == WITNESSES {
            self.witnesses.remove(1);
        }
        self.witnesses.push_back(witness);
    }
}

/// Asks the witnesses, the last first, until one says that the device lives. Those that are of no use
/// any more are let go.
fn ask<D: Doubted + ?Sized>(device: &D, witnesses: &mut VecDeque<D::Witness>) -> Says {
    let mut answer = Says::Nothing;
    for at in (0..witnesses.len()).rev() {
        match device.says(&witnesses[at]) {
            Says::Alive => return Says::Alive,
            Says::Dead => answer = Says::Dead,
            Says::Nothing => drop(witnesses.remove(at)),
        }
    }
    answer
}

impl Doubted for dyn Tree + '_ {
    type Witness = Witness;

    fn health(&self) -> Result<Health, DeviceGone> {
        self.check()
    }

    fn says(&self, witness: &Witness) -> Says {
        let read = self.open(&witness.entry).and_then(|file| {
            let is_same = file.shape()?.bytes == witness.entry.bytes();
            Ok(is_same.then_some(file.read_afresh(witness.offset)?))
        });
        match read {
            Ok(Some(true)) => Says::Alive,
            Ok(Some(false)) => Says::Dead,
            Ok(None) => Says::Nothing,
            Err(error) => Says::of(&error),
        }
    }

    fn is_good(witness: &Witness) -> bool {
        witness.entry.bytes() >= GOOD_WITNESS_BYTES
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use disks::tree::faulty::{Condition, FaultyTree};
    use disks::tree::memory::{Memory, Node};
    use model::entry::{EntryId, EntryKind};

    fn device() -> FaultyTree<Memory> {
        let well = (0..20).map(|i| (format!("well/{i:02}"), Node::File(vec![7; 5000])));
        let bad = (0..20).map(|i| (format!("bad/{i:02}"), Node::BadSector(vec![7; 5000], 0)));
        FaultyTree::new(Memory::new(well.chain(bad)))
    }

    fn suspect(at: usize) -> Suspect {
        Suspect {
            path: EntryPath::new(format!("bad/{at:02}")),
            bytes: 5000,
            failure: Failure::unreadable("?".into(), None),
        }
    }

    fn eio() -> io::Error {
        rustix::io::Errno::IO.into()
    }

    fn judge(doubt: &ReadingDoubt, tree: &FaultyTree<Memory>, at: usize) -> Result<usize, ()> {
        let judged = doubt.judge(tree as &dyn Tree, eio(), suspect(at));
        judged.map(|all| all.len()).map_err(drop)
    }

    fn read_well(doubt: &ReadingDoubt, tree: &FaultyTree<Memory>, at: usize) -> usize {
        let entry = file(&format!("well/{at:02}"));
        doubt.read_well(tree, &entry, 0, &[7; 100]).len()
    }

    fn file(path: &str) -> Entry {
        let kind = EntryKind::File { bytes: 5000 };
        Entry::new(EntryId::new(0), EntryPath::new(path), kind)
    }

    #[test]
    fn on_a_sound_device_every_bad_file_is_a_line() {
        let (tree, doubt) = (device(), ReadingDoubt::default());
        for at in 0..20 {
            assert_eq!(judge(&doubt, &tree, at), Ok(1));
        }
        assert_eq!(doubt.settle(&tree as &dyn Tree).unwrap().len(), 0);
    }

    #[test]
    fn a_witness_speaks_for_a_device_that_cannot_be_asked() {
        let (tree, doubt) = (device(), ReadingDoubt::default());
        tree.faults().set(Condition::Doubtful);
        assert_eq!(read_well(&doubt, &tree, 0), 0);
        for at in 0..IN_A_ROW - 1 {
            assert_eq!(judge(&doubt, &tree, at), Ok(1));
        }
        assert_eq!(read_well(&doubt, &tree, 1), 0);
        assert_eq!(judge(&doubt, &tree, 0), Ok(1));
        for at in 2..IN_A_ROW {
            assert_eq!(judge(&doubt, &tree, at), Ok(1));
        }
        assert_eq!(judge(&doubt, &tree, 9), Err(()), "{IN_A_ROW} in a row");
    }

    #[test]
    fn without_a_witness_failures_wait_for_a_file_that_is_read_well() {
        let (tree, doubt) = (device(), ReadingDoubt::default());
        tree.faults().set(Condition::Doubtful);
        assert_eq!(judge(&doubt, &tree, 0), Ok(0));
        assert_eq!(judge(&doubt, &tree, 1), Ok(0));
        assert_eq!(read_well(&doubt, &tree, 0), 2);
        assert_eq!(judge(&doubt, &tree, 2), Ok(1));
        let never = ReadingDoubt::default();
        assert_eq!(judge(&never, &tree, 0), Ok(0));
        assert!(never.settle(&tree as &dyn Tree).is_err());
    }

    #[test]
    fn a_device_that_dies_where_it_is_is_dead_at_the_first_error() {
        let (tree, doubt) = (device(), ReadingDoubt::default());
        for at in 0..20 {
            read_well(&doubt, &tree, at);
        }
        tree.faults().set(Condition::Dead);
        assert_eq!(judge(&doubt, &tree, 0), Err(()));
        assert!(doubt.settle(&tree as &dyn Tree).is_err());
    }

    /// Files that are still in memory are read well, and prove nothing.
    #[test]
    fn what_memory_gives_lets_nothing_go() {
        let (tree, doubt) = (device(), ReadingDoubt::default());
        tree.faults().set(Condition::Dead);
        assert_eq!(judge(&doubt, &tree, 0), Ok(0));
        assert_eq!(read_well(&doubt, &tree, 0), 0);
        assert_eq!(judge(&doubt, &tree, 1), Ok(0));
        assert!(doubt.settle(&tree as &dyn Tree).is_err());
    }

    #[test]
    fn a_name_or_a_right_is_no_fault_of_the_device() {
        let (tree, doubt) = (device(), ReadingDoubt::default());
        tree.faults().set(Condition::Dead);
        for at in 0..20 {
            let error = io::Error::from(rustix::io::Errno::ACCESS);
            assert_eq!(
                doubt
                    .judge(&tree as &dyn Tree, error, suspect(at))
                    .unwrap()
                    .len(),
                1
            );
        }
        assert!(doubt.settle(&tree as &dyn Tree).unwrap().is_empty());
    }

    #[test]
    fn holes_and_files_that_are_gone_are_no_witnesses() {
        let (tree, doubt) = (device(), ReadingDoubt::default());
        tree.faults().set(Condition::Doubtful);
        let well = file("well/00");
        doubt.read_well(&tree, &well, 0, &[0; 100]);
        doubt.was_read(&file("not there"));
        assert_eq!(judge(&doubt, &tree, 0), Ok(0));
        doubt.was_read(&well);
        assert_eq!(judge(&doubt, &tree, 1), Ok(2));
    }

    #[test]
    fn what_says_that_the_device_is_gone_is_believed() {
        use rustix::io::Errno;
        let (tree, doubt) = (device(), ReadingDoubt::default());
        for errno in [Errno::NODEV, Errno::NXIO, Errno::NOMEDIUM, Errno::NOMEM] {
            assert!(
                doubt
                    .judge(&tree as &dyn Tree, errno.into(), suspect(0))
                    .is_err()
            );
        }
    }
}
