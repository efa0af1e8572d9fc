//! A device that is read by threads of its own, so that whoever waits for one that gives no answer can go
//! ([`asked`](crate::asked)).

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use super::Device;
use crate::aligned::Buffers;
use crate::asked::Leavable;
pub use crate::asked::{GRACE, Leaving, Left, LeftReads, MOST_LEFT};
use crate::fault::Fault;
use crate::tree::DeviceGone;

/// What is read at once at most: kernels split larger reads to about this, and eight devices with some readers each hold no
/// more than some tens of MiB so.
const READ_BYTES: usize = 1 << 20;

/// A device that can be left.
pub struct Apart {
    bytes: u64,
    sector: u32,
    buffers: Arc<Buffers>,
    asked: Leavable<dyn Device>,
}

impl Apart {
    /// Reads a device, which is called `name` in the log, by threads of its own.
    #[must_use]
    pub fn new(device: Box<dyn Device>, name: &str, leaving: Leaving) -> Self {
        Self {
            bytes: device.bytes(),
            sector: device.sector(),
            buffers: Arc::default(),
            asked: Leavable::new(Arc::from(device), name, leaving),
        }
    }

    /// Set once it was left: nothing that takes the device is to be waited for any more.
    #[must_use]
    pub fn left_flag(&self) -> Arc<AtomicBool> {
        self.asked.left_flag()
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
        let (read, own) = self.asked.ask(move |device| {
            let read = device.read_at(offset, &mut own);
            (read, own)
        })?;
        let read = read?;
        buffer[..read].copy_from_slice(&own[..read]);
        Ok(read)
    }

    fn next_data(&self, offset: u64) -> u64 {
        // That there may be some is always right.
        let asked = self.asked.ask(move |device| device.next_data(offset));
        asked.unwrap_or(offset)
    }

    fn check(&self) -> Result<(), DeviceGone> {
        let checked = self.asked.ask(|device| device.check());
        checked.map_err(|left| DeviceGone(Fault::from(left).into()))?
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering;
    use std::sync::{Condvar, Mutex};
    use std::thread;
    use std::time::{Duration, Instant};

    use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};
    use rustix::io::Errno;

    use super::*;
    use crate::asked::{CLOSES_WITHIN, LOOK};
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
