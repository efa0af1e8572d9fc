//! A device that is read by threads of its own, so that whoever waits for one that gives no answer can go.
//!
//! A read that hangs in the kernel ends when the kernel says so: neither a signal nor closing the file ends it. So it is
//! left where it is, with memory of its own. Whoever waited is told that the device is gone, and so is everybody who asks
//! after that; what comes back later is seen by nobody. How many reads are left so is counted, and has an end.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded, unbounded};
use rustix::io::Errno;

use super::Device;
use crate::aligned::Buffers;
use crate::fault::Fault;
use crate::tree::DeviceGone;

/// How long a device may take to answer once its reader is to stop: a disk that searches for a bad sector mostly gives up
/// within two seconds, and whoever stops it waits five.
pub const GRACE: Duration = Duration::from_secs(2);

/// How often one who waits looks whether to stop.
pub(super) const LOOK: Duration = Duration::from_millis(50);

/// How long closing a device may take before it is left too: the kernel has nothing to write.
const CLOSES_WITHIN: Duration = Duration::from_secs(2);

/// What is read at once at most: kernels split larger reads to about this, and eight devices with some readers each hold no
/// more than some tens of MiB so.
const READ_BYTES: usize = 1 << 20;

/// Most reads of a process that are left: each is a thread and [`READ_BYTES`], and a host with so many has a bridge that is
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
    pub(super) fn leave(&self) -> usize {
        self.0.fetch_add(1, Ordering::SeqCst) + 1
    }

    /// One that was left has come back.
    pub(super) fn come_back(&self, device: &str) {
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
    pub(super) fn is_to_stop(&self) -> bool {
        self.stop.load(Ordering::SeqCst)
    }
}

/// Something to be done with the device.
type Ask = Box<dyn FnOnce(&dyn Device) + Send>;

/// A device that can be left.
pub struct Apart {
    /// What it is called in the log.
    name: String,
    bytes: u64,
    sector: u32,
    leaving: Leaving,
    /// When it was seen that it is to stop.
    stopped: OnceLock<Instant>,
    is_left: Arc<AtomicBool>,
    buffers: Arc<Buffers>,
    /// Threads that have nothing to do, or are about to.
    idle: Arc<AtomicUsize>,
    asks: (Sender<Ask>, Receiver<Ask>),
    device: Option<Arc<dyn Device>>,
    /// Held by every thread, and by nobody once all have ended and the device is closed.
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

impl Apart {
    /// Reads a device, which is called `name` in the log, by threads of its own.
    #[must_use]
    pub fn new(device: Box<dyn Device>, name: &str, leaving: Leaving) -> Self {
        let (open, closed) = bounded(0);
        Self {
            name: name.to_owned(),
            bytes: device.bytes(),
            sector: device.sector(),
            leaving,
            stopped: OnceLock::new(),
            is_left: Arc::default(),
            buffers: Arc::default(),
            idle: Arc::default(),
            asks: unbounded(),
            device: Some(Arc::from(device)),
            open: (Some(open), closed),
        }
    }

    /// Set once it was left: nothing that takes the device is to be waited for any more.
    #[must_use]
    pub fn left_flag(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.is_left)
    }

    /// Has something done with the device, and waits for what comes of it.
    fn ask<T: Send + 'static>(
        &self,
        what: impl FnOnce(&dyn Device) -> T + Send + 'static,
    ) -> Result<T, Left> {
        if self.is_left.load(Ordering::SeqCst) {
            return Err(Left);
        }
        // Nothing is kept in it: what is not taken is seen to be left.
        let (answer, answered) = bounded(0);
        let (idle, left, name) = (
            Arc::clone(&self.idle),
            self.leaving.left.clone(),
            self.name.clone(),
        );
        self.hand(Box::new(move |device| {
            let done = what(device);
            idle.fetch_add(1, Ordering::SeqCst);
            if answer.send(done).is_err() {
                left.come_back(&name);
            }
        }))?;
        self.wait(&answered)
    }

    /// Gives something to a thread that has nothing to do, or to a new one.
    fn hand(&self, ask: Ask) -> Result<(), Left> {
        let one_less = |idle: usize| idle.checked_sub(1);
        let (order, idle) = (Ordering::SeqCst, &*self.idle);
        if idle.fetch_update(order, order, one_less).is_err() {
            self.begin()?;
        }
        self.asks.0.send(ask).map_err(|_| Left)
    }

    fn begin(&self) -> Result<(), Left> {
        let (Some(device), Some(open)) = (self.device.clone(), self.open.0.clone()) else {
            return Err(Left);
        };
        let asks = self.asks.1.clone();
        let begun = thread::Builder::new().name("device".into()).spawn(move || {
            asks.iter().for_each(|ask| ask(&*device));
            // The last closes the device, and then says so.
            drop(device);
            drop(open);
        });
        if let Err(error) = begun {
            tracing::warn!(device = %self.name, %error, "no thread is to be had to read a device");
            return Err(Left);
        }
        Ok(())
    }

    fn wait<T>(&self, answered: &Receiver<T>) -> Result<T, Left> {
        loop {
            match answered.recv_timeout(LOOK) {
                Ok(answer) => return Ok(answer),
                Err(RecvTimeoutError::Timeout) if !self.is_to_be_left() => {}
                Err(RecvTimeoutError::Timeout) => {
                    self.leave();
                    return Err(Left);
                }
                Err(RecvTimeoutError::Disconnected) => {
                    panic!("whoever reads `{}` has panicked", self.name)
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

#[deny(clippy::missing_trait_methods)]
impl Device for Apart {
    fn bytes(&self) -> u64 {
        self.bytes
    }

    fn sector(&self) -> u32 {
        self.sector
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize, Fault> {
        let most = buffer.len().min(READ_BYTES);
        let mut own = self.buffers.take(most as u64);
        let (read, own) = self.ask(move |device| {
            let read = device.read_at(offset, &mut own);
            (read, own)
        })?;
        let read = read?;
        buffer[..read].copy_from_slice(&own[..read]);
        Ok(read)
    }

    fn next_data(&self, offset: u64) -> u64 {
        // That there may be some is always right.
        self.ask(move |device| device.next_data(offset))
            .unwrap_or(offset)
    }

    fn check(&self) -> Result<(), DeviceGone> {
        self.ask(|device| device.check())
            .map_err(|left| DeviceGone(Fault::from(left).into()))?
    }
}

impl Drop for Apart {
    /// Closes the device, so that whoever needs it alone can have it at once. One that was left is closed when it answers.
    fn drop(&mut self) {
        let (nobody, _) = unbounded();
        self.asks.0 = nobody;
        self.device = None;
        self.open.0 = None;
        if self.is_left.load(Ordering::SeqCst) {
            return;
        }
        if let Err(RecvTimeoutError::Timeout) = self.open.1.recv_timeout(CLOSES_WITHIN) {
            tracing::warn!(device = %self.name, "it takes long to close the device: that is left to the kernel");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Condvar, Mutex};

    use super::*;
    use crate::device::memory::MemoryDevice;

    /// A door that reads of a device have to pass, from some place on.
    #[derive(Default)]
    struct Door {
        is_open: Mutex<bool>,
        opened: Condvar,
    }

    impl Door {
        fn open(&self) {
            *self.is_open.lock().unwrap() = true;
            self.opened.notify_all();
        }

        fn pass(&self) {
            let shut = |is_open: &mut bool| !*is_open;
            let is_open = self.is_open.lock().unwrap();
            drop(self.opened.wait_while(is_open, shut).unwrap());
        }
    }

    struct Hanging {
        inner: MemoryDevice,
        from: u64,
        door: Arc<Door>,
        /// Held as long as it is open.
        _open: Sender<()>,
    }

    impl Device for Hanging {
        fn bytes(&self) -> u64 {
            self.inner.bytes()
        }

        fn sector(&self) -> u32 {
            self.inner.sector()
        }

        fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize, Fault> {
            if offset >= self.from {
                self.door.pass();
            }
            self.inner.read_at(offset, buffer)
        }

        fn next_data(&self, offset: u64) -> u64 {
            self.inner.next_data(offset)
        }

        fn check(&self) -> Result<(), DeviceGone> {
            self.inner.check()
        }
    }

    /// A device of which everything from the second half on hangs; its door, who may leave it, and what is told when it
    /// is closed.
    fn hanging() -> (Apart, Arc<Door>, Leaving, Receiver<()>) {
        let content: Vec<u8> = (0..=u8::MAX).cycle().take(64 << 10).collect();
        let (door, leaving) = (Arc::<Door>::default(), Leaving::default());
        let (open, closed) = bounded(0);
        let device = Hanging {
            inner: MemoryDevice::new(content),
            from: 32 << 10,
            door: Arc::clone(&door),
            _open: open,
        };
        let apart = Apart::new(Box::new(device), "sdz", leaving.clone());
        (apart, door, leaving, closed)
    }

    fn is_closed(closed: &Receiver<()>) -> bool {
        closed.recv_timeout(Duration::ZERO) == Err(RecvTimeoutError::Disconnected)
    }

    #[test]
    fn a_device_reads_apart_as_it_does_itself_and_is_closed_when_it_is_let_go() {
        let (apart, door, leaving, closed) = hanging();
        door.open();
        let inner = MemoryDevice::new((0..=u8::MAX).cycle().take(64 << 10).collect());
        assert_eq!(
            (apart.bytes(), apart.sector()),
            (inner.bytes(), inner.sector())
        );
        thread::scope(|scope| {
            for reader in 0..4_u64 {
                let (apart, inner) = (&apart, &inner);
                scope.spawn(move || {
                    for round in 0..200 {
                        let at = (reader * 7919 + round * 577) % (64 << 10);
                        let (mut own, mut wanted) = ([0; 700], [1; 700]);
                        let read = apart.read_at(at, &mut own).unwrap();
                        assert_eq!(inner.read_at(at, &mut wanted).unwrap(), read);
                        assert_eq!(own[..read], wanted[..read]);
                    }
                });
            }
        });
        apart.check().unwrap();
        assert_eq!(apart.next_data(100), inner.next_data(100));
        assert!(!is_closed(&closed));
        drop(apart);
        assert!(is_closed(&closed), "nobody has to wait for it");
        assert_eq!(leaving.left.count(), 0);
    }

    #[test]
    fn whoever_is_to_stop_leaves_a_device_that_gives_no_answer_and_nothing_comes_of_it_later() {
        let (apart, door, leaving, closed) = hanging();
        let mut well = [0; 512];
        apart.read_at(512, &mut well).unwrap();
        thread::scope(|scope| {
            let readers: Vec<_> = (0..3)
                .map(|_| {
                    scope.spawn(|| {
                        let mut buffer = [7; 512];
                        let read = apart.read_at(40 << 10, &mut buffer);
                        (read, buffer)
                    })
                })
                .collect();
            thread::sleep(2 * LOOK);
            assert!(readers.iter().all(|reader| !reader.is_finished()));
            let stopped = Instant::now();
            leaving.stop.store(true, Ordering::SeqCst);
            for reader in readers {
                let (read, buffer) = reader.join().unwrap();
                assert_eq!(read, Err(Fault::Gone(Errno::NODEV)));
                assert_eq!(buffer, [7; 512]);
            }
            let took = stopped.elapsed();
            assert!(
                took >= GRACE && took < GRACE + Duration::from_secs(20),
                "{took:?}"
            );
        });
        assert_eq!(leaving.left.count(), 3);
        assert!(
            apart.read_at(512, &mut well).is_err(),
            "it is gone for everybody"
        );
        assert!(apart.check().is_err());
        let dropped = Instant::now();
        drop(apart);
        assert!(dropped.elapsed() < CLOSES_WITHIN, "nobody waits any more");
        assert!(!is_closed(&closed), "the kernel has it");
        door.open();
        let begun = Instant::now();
        while leaving.left.count() > 0 || !is_closed(&closed) {
            assert!(
                begun.elapsed() < Duration::from_secs(30),
                "it never comes back"
            );
            thread::sleep(Duration::from_millis(5));
        }
    }

    #[test]
    fn a_device_that_answers_in_its_own_time_is_read_on_also_while_it_is_to_stop() {
        let (apart, door, leaving, _closed) = hanging();
        leaving.stop.store(true, Ordering::SeqCst);
        thread::scope(|scope| {
            let slow = scope.spawn(|| apart.read_at(40 << 10, &mut [0; 512]));
            thread::sleep(3 * LOOK);
            door.open();
            assert_eq!(slow.join().unwrap(), Ok(512));
        });
        assert_eq!(leaving.left.count(), 0);
    }
}
