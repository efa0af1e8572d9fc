//! Files that are expected are read in the order of their places, whatever the order in which they are wanted.
//!
//! An aged disk has the pieces of its files all over it: read file by file its head goes to and fro, and takes ten times
//! as long. So files that are expected are taken into a window of some bytes of memory, as many as fit, and one
//! thread reads what they are made of upward over the device, with what lies between if that is little. Whoever
//! wants a file waits until it is whole, and lets it go when it was read.
//!
//! Nothing hangs on it but speed: what is not in the window, cannot be read or is wanted while there is no room
//! is read by whoever wants it, and of what was not read well nothing is handed out.
//!
//! Devices that are read at once share the memory of one window, each with the same part of what it would have alone.

use std::io;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use crate::aligned::{Buffer, Buffers};
use crate::catalogue::{Catalogue, Locator};
use crate::rescue::{Rescue, Unread};
use crate::tree::raw::Reading;
use crate::tree::{DeviceGone, Expected};
use crate::turns::Turns;
use window::{Known, READ_BYTES, Stretch, Window, index, windowed};

#[cfg(test)]
mod tests;
mod window;

/// Bytes of a window on a device that can read in one place at a time: of 64 MiB an aged disk takes twice as long as of
/// 1 GiB, and of all its files at once little less than that.
const WINDOW_BYTES: u64 = 1 << 30;

/// On others, where it only makes reads large: sixteen of them.
const WINDOW_BYTES_OF_FLASH: u64 = 64 << 20;

/// How many bytes of memory a window takes on a device, unless it is said: on a host with little, a quarter of it.
pub(crate) fn window_bytes(is_rotational: bool) -> u64 {
    let most = match is_rotational {
        true => WINDOW_BYTES,
        false => WINDOW_BYTES_OF_FLASH,
    };
    let told = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    memory(&told).map_or(WINDOW_BYTES_OF_FLASH, |bytes| most.min(bytes / 4))
}

/// Bytes of memory of a host (`proc_meminfo(5)`).
fn memory(told: &str) -> Option<u64> {
    let line = told
        .lines()
        .find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kibibytes.checked_mul(1024)
}

/// How many windows there are whose devices are read at once: so many share the memory that one alone would have.
#[derive(Debug, Clone, Default)]
pub struct Windows(Arc<AtomicU64>);

/// A part of the memory of windows, as long as this lives.
#[derive(Debug)]
struct Part(Windows);

impl Windows {
    fn join(&self) -> Part {
        self.0.fetch_add(1, Ordering::Relaxed);
        Part(self.clone())
    }

    /// What is left for each of `bytes` that one alone would have.
    fn part_of(&self, bytes: u64) -> u64 {
        bytes / self.0.load(Ordering::Relaxed).max(1)
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Reads ahead what is expected, while it lives.
pub(crate) struct Sweep {
    shared: Arc<Shared>,
    thread: Mutex<Option<Started>>,
}

/// The thread, and its part of the memory.
struct Started {
    thread: JoinHandle<()>,
    _part: Part,
}

struct Shared {
    catalogue: Arc<Catalogue>,
    rescue: Arc<Rescue>,
    /// Of a device that can read in one place at a time.
    turns: Option<Turns>,
    /// Bytes of the window of a device that is read alone.
    window: u64,
    windows: Windows,
    state: Mutex<State>,
    /// Told the thread: there is something to do.
    work: Condvar,
    /// Told those who wait: look again.
    arrived: Condvar,
}

struct State {
    window: Window,
    /// How many wait for a file.
    waiting: usize,
    /// Whether nothing is read ahead any more.
    is_over: bool,
}

/// What the thread does next.
enum Step {
    Admit(Locator),
    Read(Stretch),
    End,
}

/// Holds a file that is expected.
struct Ticket {
    shared: Arc<Shared>,
    file: Locator,
}

impl Sweep {
    /// Reads ahead what the catalogue of a device has.
    pub(crate) fn new(catalogue: Arc<Catalogue>, rescue: Arc<Rescue>, reading: &Reading) -> Self {
        let shared = Shared {
            catalogue,
            rescue,
            turns: reading.is_rotational.then(Turns::default),
            window: reading.window,
            windows: reading.windows.clone(),
            state: Mutex::new(State {
                window: Window::new(reading.window),
                waiting: 0,
                is_over: false,
            }),
            work: Condvar::new(),
            arrived: Condvar::new(),
        };
        Self {
            shared: Arc::new(shared),
            thread: Mutex::new(None),
        }
    }

    /// Expects a file to be read.
    pub(crate) fn expect(&self, file: Locator) -> Option<Expected> {
        let mut state = self.shared.lock();
        if state.is_over || !state.window.expect(file) {
            return None;
        }
        drop(state);
        self.start();
        self.shared.work.notify_one();
        let shared = Arc::clone(&self.shared);
        Some(Box::new(Ticket { shared, file }))
    }

    /// The thread begins with the first file. Without one whoever wants a file reads it.
    fn start(&self) {
        let mut thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner);
        if thread.is_none() {
            let shared = Arc::clone(&self.shared);
            let builder = thread::Builder::new().name("sweep".to_owned());
            let _part = self.shared.windows.join();
            match builder.spawn(move || shared.run()) {
                Ok(started) => {
                    *thread = Some(Started {
                        thread: started,
                        _part,
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, "nothing is read ahead");
                    self.shared.end();
                }
            }
        }
    }

    /// Fills `into` with bytes of the runs of a file, from `from` on, as if they lay one after the other; `false` if
    /// they are to be read from the device.
    pub(crate) fn fill(&self, file: Locator, from: u64, into: &mut [u8]) -> bool {
        let Some(whole) = self.shared.await_whole(file) else {
            return false;
        };
        let from = usize::try_from(from).unwrap_or(usize::MAX);
        let bytes = whole.get(from..).and_then(|rest| rest.get(..into.len()));
        bytes.map(|bytes| into.copy_from_slice(bytes)).is_some()
    }

    /// Reads from the device itself, in its turn.
    ///
    /// # Errors
    /// As [`Rescue::read`].
    pub(crate) fn read(&self, at: u64, into: &mut [u8]) -> Result<Vec<Range<u64>>, DeviceGone> {
        self.shared.read(at, into)
    }

    /// Bytes that are held, or kept room for.
    #[cfg(test)]
    fn held(&self) -> u64 {
        self.shared.lock().window.held()
    }
}

impl Drop for Sweep {
    fn drop(&mut self) {
        self.shared.end();
        let thread = self
            .thread
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(started) = thread {
            // One that panicked has said so, and nothing hangs on it.
            let _panicked = started.thread.join();
        }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.shared.lock().window.let_go(self.file);
        self.shared.work.notify_one();
        self.shared.arrived.notify_all();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets everything be read by whoever wants it, from now on.
    fn end(&self) {
        let mut state = self.lock();
        state.is_over = true;
        state.window.fail_all();
        drop(state);
        self.work.notify_all();
        self.arrived.notify_all();
    }

    fn await_whole(&self, file: Locator) -> Option<Arc<Vec<u8>>> {
        let mut state = self.lock();
        loop {
            match state.window.ask(file) {
                Known::Direct => return None,
                Known::Here(whole) => return Some(whole),
                Known::Wait => {
                    state.waiting += 1;
                    self.work.notify_one();
                    let woken = self.arrived.wait(state);
                    state = woken.unwrap_or_else(PoisonError::into_inner);
                    state.waiting -= 1;
                }
            }
        }
    }

    fn read(&self, at: u64, into: &mut [u8]) -> Result<Vec<Range<u64>>, DeviceGone> {
        let _turn = self.turns.as_ref().map(Turns::take);
        self.rescue.read(at, into)
    }

    /// The thread.
    fn run(&self) {
        // However it ends, nobody waits for it any more.
        let _over = Over(self);
        let mut buffer = Arc::new(Buffers::default()).take(READ_BYTES);
        loop {
            match self.next_step() {
                Step::End => return,
                Step::Admit(file) => self.admit(file),
                Step::Read(stretch) => {
                    if let Err(DeviceGone(error)) = self.read_stretch(&stretch, &mut buffer) {
                        tracing::warn!(%error, "nothing more is read ahead");
                        return;
                    }
                }
            }
        }
    }

    fn next_step(&self) -> Step {
        let mut state = self.lock();
        loop {
            if state.is_over {
                return Step::End;
            }
            if let Some(file) = state.window.next() {
                return Step::Admit(file);
            }
            let is_awaited = state.waiting > 0;
            if let Some(stretch) = state.window.stretch(is_awaited) {
                return Step::Read(stretch);
            }
            let woken = self.work.wait(state);
            state = woken.unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn admit(&self, file: Locator) {
        let room = self.windows.part_of(self.window);
        self.lock().window.have_room(room);
        let runs = match self.catalogue.layout(file) {
            Ok(layout) => windowed(&layout, room),
            // Whoever wants it meets the same.
            Err(_) => None,
        };
        self.lock().window.admit(file, runs);
        // It is to be read directly, or does not fit.
        self.arrived.notify_all();
    }

    fn read_stretch(&self, stretch: &Stretch, buffer: &mut Buffer) -> Result<(), DeviceGone> {
        let Range { start, end } = stretch.range;
        let mut at = start;
        while at < end {
            let length = usize::try_from(READ_BYTES.min(end - at));
            let length = length.map_err(|error| DeviceGone(io::Error::other(error)))?;
            let into = &mut buffer[..length];
            let unread = self.read_between(stretch, at, into)?;
            self.lock().window.arrive(stretch, at, into, &unread);
            self.arrived.notify_all();
            at += length as u64;
        }
        Ok(())
    }

    /// Reads what is wanted of a stretch with what lies between, unless something there is known to be bad. What lies
    /// between is asked for by nobody, and not tried again if it cannot be read.
    fn read_between(
        &self,
        stretch: &Stretch,
        at: u64,
        into: &mut [u8],
    ) -> Result<Vec<Range<u64>>, DeviceGone> {
        let range = at..at + into.len() as u64;
        let gaps = stretch.gaps(&range);
        let _turn = self.turns.as_ref().map(Turns::take);
        if gaps.is_empty() || self.rescue.unread(range.clone()) == Unread::default() {
            let unread = self.rescue.read(at, into)?;
            if !unread.is_empty() {
                gaps.into_iter().for_each(|gap| self.rescue.disclaim(gap));
            }
            return Ok(unread);
        }
        let (mut unread, mut from) = (Vec::new(), at);
        let end = std::iter::once(range.end..range.end);
        for until in gaps.into_iter().chain(end) {
            if from < until.start {
                let wanted = &mut into[index(from - at)..index(until.start - at)];
                unread.extend(self.rescue.read(from, wanted)?);
            }
            from = until.end;
        }
        Ok(unread)
    }
}

struct Over<'a>(&'a Shared);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.end();
    }
}
