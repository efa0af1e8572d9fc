//! Something on a device that is asked by threads of its own, so that whoever waits for one that gives no answer can go.
//!
//! A read that hangs in the kernel ends when the kernel says so: neither a signal nor closing the file ends it. So it is
//! left where it is, with memory of its own. Whoever waited is told that the device is gone, and so is everybody who asks
//! after that; what comes back later is seen by nobody. How many reads are left so is counted, and has an end.

use std::io;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded, unbounded};
use rustix::io::Errno;

use crate::fault::Fault;

/// How long a device may take to answer once its reader is to stop: a disk that searches for a bad sector mostly gives up
/// within two seconds, and whoever stops it waits five.
pub const GRACE: Duration = Duration::from_secs(2);

/// How often one who waits looks whether to stop.
pub(crate) const LOOK: Duration = Duration::from_millis(50);

/// How long closing may take before it is left too: the kernel has nothing to write.
pub(crate) const CLOSES_WITHIN: Duration = Duration::from_secs(2);

/// Things that a thread may have found before somebody takes them.
const FOUND_AHEAD: usize = 256;

/// Most reads of a process that are left: each is a thread and some MiB, and a host with so many has a bridge that is
/// to be unplugged.
pub const MOST_LEFT: usize = 64;

/// How many reads of devices that give no answer were left, and have not come back.
#[derive(Debug, Clone, Default)]
pub struct LeftReads(Arc<AtomicUsize>);

impl LeftReads {
    /// How many there are now.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }

    /// Whether there are so many that no further device had better be opened.
    #[must_use]
    pub fn are_too_many(&self) -> bool {
        self.count() >= MOST_LEFT
    }

    /// Counts a read of a device that is left; before nobody waits for it any more, so that it is never counted less than it
    /// is. How many there are with it.
    pub(crate) fn leave(&self) -> usize {
        self.0.fetch_add(1, Ordering::SeqCst) + 1
    }

    /// One that was left has come back.
    pub(crate) fn come_back(&self, device: &str) {
        let others = self.0.fetch_sub(1, Ordering::SeqCst) - 1;
        tracing::info!(%device, others, "a read that was left has come back: it is let go");
    }
}

/// Who may go, and by what that is told.
#[derive(Debug, Clone, Default)]
pub struct Leaving {
    /// Set when whoever reads is to stop.
    pub stop: Arc<AtomicBool>,
    /// Where reads are counted that are left.
    pub left: LeftReads,
}

impl Leaving {
    /// Whether whoever reads is to stop.
    pub(crate) fn is_to_stop(&self) -> bool {
        self.stop.load(Ordering::SeqCst)
    }
}

/// Something to be done with what is asked.
type Ask<T> = Box<dyn FnOnce(&T) + Send>;

/// Something that can be left.
pub(crate) struct Leavable<T: ?Sized> {
    /// What it is called in the log.
    name: String,
    leaving: Leaving,
    /// When it was seen that it is to stop.
    stopped: OnceLock<Instant>,
    is_left: Arc<AtomicBool>,
    /// Threads that have nothing to do, or are about to.
    idle: Arc<AtomicUsize>,
    asks: (Sender<Ask<T>>, Receiver<Ask<T>>),
    it: Option<Arc<T>>,
    /// Held by every thread, and by nobody once all have ended and it is closed.
    open: (Option<Sender<()>>, Receiver<()>),
}

/// The device gives no answer, and nobody waits for one any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it gives no answer")]
pub struct Left;

impl From<Left> for Fault {
    fn from(_: Left) -> Self {
        Self::Gone(Errno::NODEV)
    }
}

/// As a device that was pulled.
impl From<Left> for io::Error {
    fn from(_: Left) -> Self {
        Errno::NODEV.into()
    }
}

impl<T: ?Sized + Send + Sync + 'static> Leavable<T> {
    /// Has something asked by threads of its own, which is called `name` in the log.
    pub(crate) fn new(it: Arc<T>, name: &str, leaving: Leaving) -> Self {
        let (open, closed) = bounded(0);
        Self {
            name: name.to_owned(),
            leaving,
            stopped: OnceLock::new(),
            is_left: Arc::default(),
            idle: Arc::default(),
            asks: unbounded(),
            it: Some(it),
            open: (Some(open), closed),
        }
    }

    /// Set once it was left: nothing that takes the device is to be waited for any more.
    pub(crate) fn left_flag(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.is_left)
    }

    /// Has something done with it, and waits for what comes of it.
    pub(crate) fn ask<R: Send + 'static>(
        &self,
        what: impl FnOnce(&T) -> R + Send + 'static,
    ) -> Result<R, Left> {
        self.must_answer()?;
        // Nothing is kept in it: what is not taken is seen to be left.
        let (answer, answered) = bounded(0);
        let (idle, left, name) = self.of_thread();
        self.hand(Box::new(move |it| {
            let done = what(it);
            idle.fetch_add(1, Ordering::SeqCst);
            if answer.send(done).is_err() {
                left.come_back(&name);
            }
        }))?;
        self.wait(&answered)
    }

    /// The same of something that finds one thing after the other, and is told whether more is wanted; each goes to `visit`,
    /// which says so.
    pub(crate) fn each<S: Send + 'static, E: Send + 'static>(
        &self,
        what: impl FnOnce(&T, &mut dyn FnMut(S) -> ControlFlow<()>) -> E + Send + 'static,
        visit: &mut dyn FnMut(S) -> ControlFlow<()>,
    ) -> Result<E, Left> {
        self.must_answer()?;
        let (says, said) = bounded(FOUND_AHEAD);
        // Nothing is kept in it, as of an answer.
        let (tells_end, end) = bounded(0);
        let is_over = Arc::new(AtomicBool::new(false));
        let (idle, left, name) = self.of_thread();
        let is_ended = Arc::clone(&is_over);
        self.hand(Box::new(move |it| {
            let came_to = what(it, &mut |found| match is_ended.load(Ordering::SeqCst) {
                true => ControlFlow::Break(()),
                false => match says.send(found) {
                    Ok(()) => ControlFlow::Continue(()),
                    Err(_) => ControlFlow::Break(()),
                },
            });
            drop(says);
            idle.fetch_add(1, Ordering::SeqCst);
            if tells_end.send(came_to).is_err() {
                left.come_back(&name);
            }
        }))?;
        while let Some(found) = self.wait_for_more(&said)? {
            // What was found ahead is of no use any more; how it ends is still told.
            if !is_over.load(Ordering::SeqCst) && visit(found).is_break() {
                is_over.store(true, Ordering::SeqCst);
            }
        }
        self.wait(&end)
    }

    /// Has something done with it for which nobody waits, such as closing a file.
    pub(crate) fn tell(&self, what: impl FnOnce() + Send + 'static) {
        let idle = Arc::clone(&self.idle);
        let handed = self.hand(Box::new(move |_| {
            what();
            idle.fetch_add(1, Ordering::SeqCst);
        }));
        if handed.is_err() {
            tracing::debug!(device = %self.name, "nobody is there to close a file");
        }
    }

    /// One that was left is gone for everybody.
    fn must_answer(&self) -> Result<(), Left> {
        match self.is_left.load(Ordering::SeqCst) {
            true => Err(Left),
            false => Ok(()),
        }
    }

    fn of_thread(&self) -> (Arc<AtomicUsize>, LeftReads, String) {
        let (idle, left) = (Arc::clone(&self.idle), self.leaving.left.clone());
        (idle, left, self.name.clone())
    }

    /// Gives something to a thread that has nothing to do, or to a new one.
    fn hand(&self, ask: Ask<T>) -> Result<(), Left> {
        let one_less = |idle: usize| idle.checked_sub(1);
        let (order, idle) = (Ordering::SeqCst, &*self.idle);
        if idle.fetch_update(order, order, one_less).is_err() {
            self.begin()?;
        }
        self.asks.0.send(ask).map_err(|_| Left)
    }

    fn begin(&self) -> Result<(), Left> {
        let (Some(it), Some(open)) = (self.it.clone(), self.open.0.clone()) else {
            return Err(Left);
        };
        let asks = self.asks.1.clone();
        let begun = thread::Builder::new().name("device".into()).spawn(move || {
            asks.iter().for_each(|ask| ask(&*it));
            // The last closes the device, and then says so.
            drop(it);
            drop(open);
        });
        if let Err(error) = begun {
            tracing::warn!(device = %self.name, %error, "no thread is to be had to read a device");
            return Err(Left);
        }
        Ok(())
    }

    fn wait<R>(&self, answered: &Receiver<R>) -> Result<R, Left> {
        match self.wait_for_more(answered)? {
            Some(answer) => Ok(answer),
            None => panic!("whoever reads `{}` has panicked", self.name),
        }
    }

    /// The next of several answers; none once there are no more.
    fn wait_for_more<R>(&self, answered: &Receiver<R>) -> Result<Option<R>, Left> {
        loop {
            match answered.recv_timeout(LOOK) {
                Ok(answer) => return Ok(Some(answer)),
                Err(RecvTimeoutError::Disconnected) => return Ok(None),
                Err(RecvTimeoutError::Timeout) if !self.is_to_be_left() => {}
                Err(RecvTimeoutError::Timeout) => {
                    self.leave();
                    return Err(Left);
                }
            }
        }
    }

    /// Whether a device that has not answered yet is not waited for any more.
    fn is_to_be_left(&self) -> bool {
        if self.is_left.load(Ordering::SeqCst) {
            return true;
        }
        self.leaving.is_to_stop() && self.stopped.get_or_init(Instant::now).elapsed() >= GRACE
    }

    /// Leaves a read.
    fn leave(&self) {
        let left = self.leaving.left.leave();
        if !self.is_left.swap(true, Ordering::SeqCst) {
            tracing::warn!(
                device = %self.name,
                left,
                "the device gives no answer: a read of it is left to the kernel, and what it gives later is not used"
            );
        }
    }
}

impl<T: ?Sized> Drop for Leavable<T> {
    /// Closes the device, so that whoever needs it alone can have it at once. One that was left is closed when it answers.
    fn drop(&mut self) {
        let (nobody, _) = unbounded();
        self.asks.0 = nobody;
        self.it = None;
        self.open.0 = None;
        if self.is_left.load(Ordering::SeqCst) {
            return;
        }
        if let Err(RecvTimeoutError::Timeout) = self.open.1.recv_timeout(CLOSES_WITHIN) {
            tracing::warn!(device = %self.name, "it takes long to close the device: that is left to the kernel");
        }
    }
}
