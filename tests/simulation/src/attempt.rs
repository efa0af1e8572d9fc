//! One docking of the device: the trouble it meets, and the life of the process that has it.
//!
//! A killed process is simulated: from one step on nothing it does has any effect. Its threads run
//! on and hear errors, which is what the code under test makes of the rest; what its disk had not
//! confirmed is lost in whole or in part.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use transfer::stop::{Halt, Stop};

use crate::chance::Chance;
use crate::diary::Diary;
use crate::filled::Filled;
use crate::gate::Gate;
use crate::rescued::Rescued;
use crate::trouble::Trouble;

/// The process is dead: nothing it does has an effect any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dead;

/// What somebody else does in the middle of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meddling {
    /// Lets the lease lapse and claims the job for another station.
    Usurp,
    /// Cancels the job.
    Cancel,
}

/// Does what others do in the middle of an attempt.
type Meddler = dyn Fn(Meddling) + Send + Sync;

/// One attempt.
pub struct Attempt {
    /// Which, from 1.
    pub number: u32,
    /// Where its decisions come from.
    pub chance: Chance,
    /// What goes wrong.
    pub trouble: Trouble,
    /// Where it is told.
    pub diary: Arc<Diary>,
    /// What ends the run.
    pub stop: Stop,
    steps: AtomicU64,
    steps_in_parts: AtomicU64,
    dead: AtomicBool,
    unplugged: AtomicBool,
    /// Where it is held up.
    pub gate: Gate,
    fills: OnceLock<Arc<Filled>>,
    /// Where it keeps what it knows of failing devices, and what that was when it was killed.
    rescues: Mutex<Vec<PathBuf>>,
    rescued: OnceLock<Vec<Rescued>>,
    logs: Mutex<BTreeMap<PathBuf, Extent>>,
    meddler: Box<Meddler>,
}

/// How much of a file there is.
#[derive(Debug, Clone, Copy, Default)]
pub struct Extent {
    /// Bytes that stay whatever happens.
    pub synced: u64,
    /// Bytes written.
    pub length: u64,
    /// An append or a sync has failed: the file must not be used any more.
    pub broken: bool,
}

impl Attempt {
    /// An attempt with this trouble.
    pub fn new(
        number: u32,
        chance: Chance,
        trouble: Trouble,
        diary: Arc<Diary>,
        meddler: impl Fn(Meddling) + Send + Sync + 'static,
    ) -> Self {
        Self {
            number,
            chance,
            trouble,
            diary,
            stop: Stop::default(),
            steps: AtomicU64::new(0),
            steps_in_parts: AtomicU64::new(0),
            dead: AtomicBool::new(false),
            unplugged: AtomicBool::new(false),
            gate: Gate::default(),
            fills: OnceLock::new(),
            rescues: Mutex::default(),
            rescued: OnceLock::new(),
            logs: Mutex::default(),
            meddler: Box::new(meddler),
        }
    }

    /// Notes something that happened in it.
    pub fn note(&self, line: impl std::fmt::Display) {
        self.diary
            .note(format_args!("attempt {}: {line}", self.number));
    }

    /// Whether its process was killed.
    #[must_use]
    pub fn is_dead(&self) -> bool {
        self.dead.load(Ordering::SeqCst)
    }

    /// Says which device it writes to: what was not synced goes with the process, or the cable.
    pub fn fills(&self, device: Arc<Filled>) {
        let _the_same = self.fills.set(device);
    }

    /// Says where it keeps what it knows of a failing device.
    pub fn rescues_in(&self, folder: PathBuf) {
        self.rescues().push(folder);
    }

    /// Undoes what was written down of a failing device after the process was killed; what was not synced before, if
    /// power was lost.
    pub fn forget_what_was_rescued(&self) {
        let is_power_lost = self.chance.of("power").one_in(2);
        for rescued in self.rescued.get().into_iter().flatten() {
            if let Err(error) = rescued.restore(is_power_lost) {
                self.diary
                    .violation(format_args!("what was rescued is not undone: {error}"));
            }
        }
    }

    fn rescues(&self) -> MutexGuard<'_, Vec<PathBuf>> {
        self.rescues.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the device away from it.
    pub fn unplug(&self) {
        self.unplugged.store(true, Ordering::SeqCst);
        self.lose_writes();
    }

    /// Whether its device is not connected any more.
    #[must_use]
    pub fn is_unplugged(&self) -> bool {
        self.unplugged.load(Ordering::SeqCst)
    }

    fn lose_writes(&self) {
        let Some(device) = self.fills.get() else {
            return;
        };
        match device.crash(self.chance.of("crash of the device")) {
            Ok(lost) => self.note(format_args!("device: {lost}")),
            Err(error) => self
                .diary
                .violation(format_args!("the device is not torn: {error}")),
        }
    }

    /// Steps taken so far.
    #[must_use]
    pub fn steps(&self) -> u64 {
        self.steps.load(Ordering::SeqCst)
    }

    /// Takes a step, in which something may happen.
    ///
    /// # Errors
    /// [`Dead`].
    pub fn step(&self, what: &str) -> Result<(), Dead> {
        self.gate.pass();
        if self.is_dead() {
            return Err(Dead);
        }
        let step = Some(self.steps.fetch_add(1, Ordering::SeqCst) + 1);
        if step == self.trouble.interrupt {
            self.note(format_args!("Ctrl-C at {what}"));
            self.stop.halt(Halt::Interrupted);
        }
        if step == self.trouble.usurp {
            (self.meddler)(Meddling::Usurp);
        }
        if step == self.trouble.cancel {
            (self.meddler)(Meddling::Cancel);
        }
        if step == self.trouble.pause {
            self.note(format_args!("held up at {what}"));
            self.gate.shut();
            self.gate.pass();
        }
        if step == self.trouble.kill {
            self.note(format_args!("killed at {what}"));
            self.die();
        }
        if self.is_dead() { Err(Dead) } else { Ok(()) }
    }

    /// Takes a step that has to do with an upload in parts.
    ///
    /// # Errors
    /// [`Dead`].
    pub fn step_in_parts(&self, what: &str) -> Result<(), Dead> {
        let step = Some(self.steps_in_parts.fetch_add(1, Ordering::SeqCst) + 1);
        if step == self.trouble.kill_in_parts && !self.is_dead() {
            self.note(format_args!("killed at {what}"));
            self.die();
        }
        self.step(what)
    }

    fn die(&self) {
        let mut logs = self.logs();
        self.dead.store(true, Ordering::SeqCst);
        for (path, extent) in logs.iter_mut() {
            if let Err(error) = self.tear(path, extent) {
                self.diary.violation(format_args!("not torn: {error}"));
            }
        }
        let folders = self.rescues();
        let _once = self
            .rescued
            .set(folders.iter().map(|it| Rescued::at(it)).collect());
        drop(folders);
        drop(logs);
        self.lose_writes();
    }

    /// The files this attempt writes with care; who holds them is alone with them.
    pub fn logs(&self) -> MutexGuard<'_, BTreeMap<PathBuf, Extent>> {
        self.logs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Loses what was not synced: all of it, its end, or the content of its end but not its length.
    ///
    /// # Errors
    /// The system's error.
    pub fn tear(&self, path: &Path, extent: &mut Extent) -> io::Result<()> {
        let chance = self.chance.of(("tear", path.file_name()));
        let unsynced = extent.length - extent.synced;
        let kept = extent.synced + chance.below(unsynced + 1);
        let mut file = File::options().write(true).open(path)?;
        file.set_len(kept)?;
        let lost = usize::try_from(extent.length - kept).expect("it was in memory");
        let left = match chance.of("what is left").below(4) {
            0 => vec![0; lost],
            1 => chance.of("garbage").noise(lost),
            _ => Vec::new(),
        };
        file.seek(SeekFrom::Start(kept))?;
        file.write_all(&left)?;
        self.note(format_args!(
            "journal: {kept} of {} bytes stay, {} are garbage",
            extent.length,
            left.len()
        ));
        extent.length = kept + u64::try_from(left.len()).expect("a length fits");
        Ok(())
    }
}
