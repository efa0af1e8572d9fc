//! A device that may fail, read as GNU ddrescue reads one: what is well first, what is not once more at the end.
//!
//! The first pass goes upward, and leaves a bad place as fast as it can: reading on there keeps the head where the
//! surface is worst, and wears it ([`first`]). What was not read stands in a map ([`map`]), and [`Rescue::retry`] goes
//! over it when all else is done ([`passes`]). Bytes that came only then are kept on this host ([`kept`]). Only what
//! somebody asked for is ever touched, and each of its sectors at most three times, and once for each retry.
//!
//! A device that is gone is told from a bad place here, once for all who read it: no error of a dead device stays in
//! the map.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::aligned::Buffers;
use crate::device::Device;
use crate::tree::DeviceGone;
use crate::tree::file::ALIGNMENT;

mod attempt;
mod first;
mod kept;
mod ledger;
mod limits;
pub mod map;
mod marks;
mod metadata;
mod passes;
pub(crate) mod spans;
#[cfg(test)]
mod tests;
mod timing;

pub use metadata::RescueBlocks;

use kept::{Fate, Kept, Listed};
use ledger::{Ledger, Whence};
use limits::{DOUBTED, FAILING_STRETCHES, MAP_BYTES};
use map::{BadMap, RescueMap};
use marks::Mark;
use spans::{Spans, push};
use timing::Timing;

/// The name of the map in its folder.
pub const MAP: &str = "device.map";

/// What is kept of a rescue cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RescueError {
    /// It cannot be read or written.
    #[error("could not use `{path}`, where it is kept what of the device could not be read")]
    Io {
        /// Which.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// It is no map.
    #[error("`{path}` is not a map of the device; take it away to begin without what it knew")]
    Map {
        /// Which.
        path: PathBuf,
        /// Why.
        source: BadMap,
    },
    /// The device is gone already.
    #[error(transparent)]
    Gone(#[from] DeviceGone),
}

/// How far trying again goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryLimits {
    /// How long it takes at most.
    pub time: Duration,
    /// With how many bad areas it ends.
    pub bad_areas: usize,
    /// How often a sector that was tried alone is tried again.
    pub retries: u32,
}

impl Default for RetryLimits {
    fn default() -> Self {
        Self {
            time: limits::RETRY_TIME,
            bad_areas: limits::BAD_AREAS,
            retries: 1,
        }
    }
}

/// What of a range was asked for and is not read, in order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Unread {
    /// It may come by [`Rescue::retry`].
    pub pending: Vec<Range<u64>>,
    /// It is not tried any more.
    pub given_up: Vec<Range<u64>>,
}

/// Lets the next rescue that goes on with what `folder` says try again what earlier ones have given up.
///
/// # Errors
/// [`RescueError::Io`].
pub fn try_anew(folder: &Path) -> Result<(), RescueError> {
    kept::try_anew(folder).map_err(|source| RescueError::Io {
        path: folder.to_owned(),
        source,
    })
}

/// A device that may fail.
pub struct Rescue {
    device: Arc<dyn Device>,
    folder: PathBuf,
    /// What a read is a multiple of.
    sector: u64,
    ledger: Mutex<Ledger>,
    kept: Mutex<Kept>,
    buffers: Arc<Buffers>,
    timing: Timing,
}

impl std::fmt::Debug for Rescue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let folder = &self.folder;
        f.debug_struct("Rescue")
            .field("folder", folder)
            .finish_non_exhaustive()
    }
}

impl Rescue {
    /// Goes on with what `folder` says of the device: `device.map`, and what was rescued before. What it says of
    /// another device is forgotten.
    ///
    /// # Errors
    /// [`RescueError`].
    pub fn open(device: Arc<dyn Device>, folder: &Path) -> Result<Self, RescueError> {
        Self::open_with(device, folder, Timing::default())
    }

    fn open_with(
        device: Arc<dyn Device>,
        folder: &Path,
        timing: Timing,
    ) -> Result<Self, RescueError> {
        let (bytes, sector) = (device.bytes(), u64::from(device.sector()).max(512));
        let map = load_map(&folder.join(MAP), bytes)?;
        let io = |source| RescueError::Io {
            path: folder.to_owned(),
            source,
        };
        let (kept, listed) = Kept::open(folder, bytes, sector).map_err(io)?;
        let is_told = !listed.marks.is_empty();
        let is_too_long = map.bytes() > bytes;
        let mut ledger = Ledger::new(bytes, &map, listed);
        ledger.saved = timing.now();
        let rescue = Self {
            device,
            folder: folder.to_owned(),
            sector,
            ledger: Mutex::new(ledger),
            kept: Mutex::new(kept),
            buffers: Arc::default(),
            timing,
        };
        if is_too_long || (is_told && !rescue.is_the_same()?) {
            tracing::warn!("what is known of a failing device is of another one, and forgotten");
            rescue.forget()?;
        }
        Ok(rescue)
    }

    /// Whether the device has what it is to be known by; if nothing of that can be read now, it is another.
    fn is_the_same(&self) -> Result<bool, DeviceGone> {
        let (marks, is_to_be_known) = {
            let ledger = self.ledger();
            (ledger.marks.clone(), ledger.is_of_one_device())
        };
        let mut is_known = false;
        for mark in marks.iter().filter(|_| is_to_be_known) {
            let mut bytes = self.buffers.take(mark.place.end - mark.place.start);
            if self.comes_now(&mark.place, &mut bytes)? {
                if Mark::of(mark.place.start, &bytes).as_ref() != Some(mark) {
                    return Ok(false);
                }
                is_known = true;
            }
        }
        Ok(is_known || !is_to_be_known)
    }

    /// Whether all of a place comes from the device now: also what was kept of it, which comes from a file otherwise and may be
    /// of another device.
    fn comes_now(&self, place: &Range<u64>, bytes: &mut [u8]) -> Result<bool, DeviceGone> {
        let sources = self.ledger().sources(place.clone());
        match &*sources {
            [(_, Whence::Device { .. })] => Ok(self.read(place.start, bytes)?.is_empty()),
            _ => {
                let came = attempt::attempt(&*self.device, &self.timing, place.start, bytes)?;
                Ok(came as u64 == place.end - place.start)
            }
        }
    }

    /// Forgets all that is known: the device is another than it was thought to be.
    ///
    /// # Errors
    /// [`RescueError::Io`].
    pub fn forget(&self) -> Result<(), RescueError> {
        let io = |source| RescueError::Io {
            path: self.folder.clone(),
            source,
        };
        let mut kept = self.kept();
        kept.forget().map_err(io)?;
        durable::remove(&self.folder.join(MAP)).map_err(io)?;
        let bytes = self.device.bytes();
        *self.ledger() = Ledger::new(bytes, &RescueMap::new(bytes), Listed::default());
        Ok(())
    }

    /// The device.
    #[must_use]
    pub fn device(&self) -> &Arc<dyn Device> {
        &self.device
    }

    /// Fills what can be read of a range now, in the first pass; gives what was not read, in order, its bytes zeroed.
    /// What failed or was skipped before is not touched. What came by trying again comes from what was kept. Past the
    /// end of the device nothing can be read.
    ///
    /// # Errors
    /// [`DeviceGone`] if the device is gone, or this host cannot read.
    pub fn read(&self, offset: u64, buffer: &mut [u8]) -> Result<Vec<Range<u64>>, DeviceGone> {
        let bytes = self.device.bytes();
        let end = offset.saturating_add(buffer.len() as u64);
        let there = offset.min(bytes)..end.min(bytes);
        let (inside, outside) = buffer.split_at_mut(length(&there));
        let mut unread = self.read_sectors_of(there.clone(), inside)?;
        outside.fill(0);
        push(&mut unread, offset.max(there.end)..end);
        Ok(unread)
    }

    /// The same of a range that the device has, in whole sectors and memory that it can write into.
    fn read_sectors_of(
        &self,
        range: Range<u64>,
        buffer: &mut [u8],
    ) -> Result<Vec<Range<u64>>, DeviceGone> {
        let covered = self.covering(range.clone());
        if covered == range && buffer.as_ptr().align_offset(ALIGNMENT) == 0 {
            return self.read_first(range, buffer);
        }
        let mut whole = self.buffers.take(covered.end - covered.start);
        let mut unread = self.read_first(covered.clone(), &mut whole)?;
        let from = index(range.start - covered.start);
        buffer.copy_from_slice(&whole[from..from + buffer.len()]);
        for it in &mut unread {
            *it = it.start.max(range.start)..it.end.min(range.end);
        }
        unread.retain(|it| !it.is_empty());
        Ok(unread)
    }

    /// The device as a reader of file systems sees it: all hangs on what it asks for, which is therefore tried three
    /// times at once, down to the sector.
    #[must_use]
    pub fn metadata(self: &Arc<Self>) -> RescueBlocks {
        RescueBlocks::new(Arc::clone(self))
    }

    /// Asks for a range without reading it now: what of it nothing is known of is pending from now on.
    pub fn want(&self, range: Range<u64>) {
        let range = self.covering(range);
        let mut ledger = self.ledger();
        for (piece, whence) in ledger.sources(range) {
            if whence == (Whence::Device { is_known: false }) {
                ledger.set_failing(piece, map::Status::Untried);
            }
        }
    }

    /// What of a range somebody asked for and did not get.
    #[must_use]
    pub fn unread(&self, range: Range<u64>) -> Unread {
        let mut unread = Unread::default();
        let ledger = self.ledger();
        for (failing, _) in ledger.failing.within(range.clone()) {
            for (piece, fate) in ledger.fates.pieces(failing) {
                match fate {
                    Some(Fate::GivenUp | Fate::Spent(_)) => push(&mut unread.given_up, piece),
                    Some(Fate::Kept | Fate::Retried(_)) | None => push(&mut unread.pending, piece),
                }
            }
        }
        let outside = range.start.max(self.device.bytes())..range.end;
        push(&mut unread.given_up, outside);
        unread
    }

    /// Takes back that a range was asked for: it was read on the way to others, and nobody needs it. What failed there,
    /// or was skipped, is not tried again.
    pub(crate) fn disclaim(&self, range: Range<u64>) {
        // A sector of which somebody needs a part stays.
        let start = range.start.next_multiple_of(self.sector);
        let end = range.end / self.sector * self.sector;
        if start < end {
            self.ledger().disclaimed(start..end);
        }
    }

    /// Tries again, over all that is pending, as far as `limits` go; afterwards nothing is pending, unless it was
    /// stopped before it was done.
    ///
    /// # Errors
    /// [`DeviceGone`] if the device is gone, or this host cannot read.
    pub fn retry(
        &self,
        limits: &RetryLimits,
        is_stopped: &dyn Fn() -> bool,
    ) -> Result<(), DeviceGone> {
        passes::run(self, limits, is_stopped)
    }

    /// Writes down what is known.
    ///
    /// # Errors
    /// [`RescueError::Io`].
    pub fn save(&self) -> Result<(), RescueError> {
        let io = |source| RescueError::Io {
            path: self.folder.clone(),
            source,
        };
        let now = self.timing.now();
        // One at a time; and what the file has by now is at least what the ledger says.
        let kept = self.kept();
        let (map, listed) = {
            let mut ledger = self.ledger();
            (ledger.is_fresh, ledger.saved) = (false, now);
            (ledger.map(), ledger.lasting())
        };
        let file = kept.file().map_err(io)?;
        let device = (self.device.bytes(), self.sector);
        kept::save(&self.folder, file.as_ref(), device, &listed)
            .and_then(|()| durable::replace(&self.folder.join(MAP), map.render().as_bytes()))
            .inspect_err(|_| self.ledger().is_fresh = true)
            .map_err(io)
    }

    /// Gives back the room of what was rescued, when it is where it should be. The map stays.
    ///
    /// # Errors
    /// [`RescueError::Io`].
    pub fn let_go(&self) -> Result<(), RescueError> {
        if self.ledger().fates.of(Fate::Kept).is_empty() {
            return Ok(());
        }
        self.save()?;
        self.ledger().fates = Spans::default();
        let forgotten = self.kept().forget();
        forgotten.map_err(|source| RescueError::Io {
            path: self.folder.clone(),
            source,
        })
    }

    /// The map as it is now: the whole device, of which what nobody asked for is untried.
    #[must_use]
    pub fn map(&self) -> RescueMap {
        self.ledger().map()
    }

    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The sectors that a range has bytes of, as far as the device goes.
    fn covering(&self, range: Range<u64>) -> Range<u64> {
        let bytes = self.device.bytes();
        let start = range.start.min(bytes) / self.sector * self.sector;
        let end = range
            .end
            .min(bytes)
            .next_multiple_of(self.sector)
            .min(bytes);
        start..end.max(start)
    }

    /// Reads from the device; gives how many bytes came, in whole sectors, and notes those.
    fn attempt(&self, at: u64, into: &mut [u8]) -> Result<u64, DeviceGone> {
        let filled = attempt::attempt(&*self.device, &self.timing, at, into)?;
        let came = match filled == into.len() {
            true => filled as u64,
            false => filled as u64 / self.sector * self.sector,
        };
        if came > 0 {
            let mut ledger = self.ledger();
            ledger.came(at..at + came);
            if marks::is_wanted(&ledger.marks, at) {
                ledger.marks.extend(Mark::of(at, &into[..index(came)]));
            }
        }
        Ok(came)
    }

    /// Reads what was kept.
    fn read_kept(&self, at: u64, into: &mut [u8]) -> Result<(), DeviceGone> {
        let read = |file: Option<File>| match file {
            Some(file) => file.read_exact_at(into, at),
            None => Err(io::ErrorKind::NotFound.into()),
        };
        // Neither the device nor the file it is about is at fault.
        let told = |error| {
            DeviceGone(io::Error::other(format!(
                "what was rescued of it is lost: {error}"
            )))
        };
        let file = self.kept().file();
        file.and_then(read).map_err(told)
    }

    /// Keeps what came by trying again.
    fn keep(&self, at: u64, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        let range = at..at + bytes.len() as u64;
        let kept = self.kept().keep(at, bytes);
        match kept {
            Ok(true) => self.ledger().kept(range),
            // It can be read, and will be once more.
            Ok(false) => self.ledger().came_again(range),
            Err(error) => {
                tracing::warn!(at, %error, "what was rescued could not be kept");
                self.ledger().came_again(range);
            }
        }
    }

    /// Sees to it that errors are of places and not of the device, and that they are not forgotten.
    fn settle(&self, doubts: usize) -> Result<(), DeviceGone> {
        if self.ledger().doubts() > doubts {
            self.prove()?;
        }
        let (is_due, stretches) = {
            let ledger = self.ledger();
            let since = self.timing.now().saturating_sub(ledger.saved);
            (
                ledger.is_fresh && since >= self.timing.save_every,
                ledger.failing.len(),
            )
        };
        if is_due {
            self.prove()?;
            self.save_or_warn();
        }
        if stretches > FAILING_STRETCHES {
            let told = format!("more than {FAILING_STRETCHES} stretches of it cannot be read");
            return Err(DeviceGone(io::Error::other(told)));
        }
        Ok(())
    }

    /// Asks the device for a sign of life if it gave none since the last error.
    fn prove(&self) -> Result<(), DeviceGone> {
        if self.ledger().doubts() == 0 {
            return Ok(());
        }
        let health = self.device.check();
        let mut ledger = self.ledger();
        match &health {
            Ok(()) => ledger.believe(),
            Err(_) => ledger.take_back(),
        }
        health
    }

    /// After each error.
    fn after_error(&self) -> Result<(), DeviceGone> {
        self.settle(DOUBTED)
    }

    fn save_or_warn(&self) {
        if let Err(error) = self.save() {
            let source = std::error::Error::source(&error);
            tracing::warn!(%error, source, "the map of the device is not saved");
        }
    }
}

impl Drop for Rescue {
    fn drop(&mut self) {
        let is_fresh = {
            let mut ledger = self.ledger();
            ledger.take_back();
            ledger.is_fresh
        };
        if is_fresh {
            self.save_or_warn();
        }
    }
}

/// The map in a file; that of a device of which nothing is known if there is none.
fn load_map(path: &Path, bytes: u64) -> Result<RescueMap, RescueError> {
    let io = |source| RescueError::Io {
        path: path.to_owned(),
        source,
    };
    match path.metadata() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(RescueMap::new(bytes)),
        Err(error) => return Err(io(error)),
        Ok(facts) if facts.len() > MAP_BYTES => return Err(io(io::ErrorKind::FileTooLarge.into())),
        Ok(_) => {}
    }
    let text = std::fs::read_to_string(path).map_err(io)?;
    RescueMap::parse(&text).map_err(|source| RescueError::Map {
        path: path.to_owned(),
        source,
    })
}

fn index(bytes: u64) -> usize {
    usize::try_from(bytes).expect("it lies within a buffer")
}

fn length(range: &Range<u64>) -> usize {
    index(range.end - range.start)
}
