//! What is asked of a device, or of a file system on one, beside reading it: on a thread of its own, so that whoever waits for
//! one that gives no answer can go.

use std::thread;
use std::time::Instant;

use crossbeam_channel::{Receiver, RecvTimeoutError, bounded};

use crate::asked::{GRACE, LOOK, Leaving, Left};

impl Leaving {
    /// Does something that waits for a device, which is called `name` in the log, and gives what comes of it. Once whoever
    /// waits is to stop, the device has [`GRACE`] to answer. What comes later is dropped where it is: a device that was
    /// opened is closed so.
    ///
    /// # Errors
    /// [`Left`] if it gave no answer, or no thread is to be had to ask it.
    pub fn aside<T: Send + 'static>(
        &self,
        name: &str,
        what: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Left> {
        // Nothing is kept in it: what is not taken is seen to be left.
        let (answer, answered) = bounded(0);
        let (left, device) = (self.left.clone(), name.to_owned());
        let span = tracing::Span::current();
        let begun = thread::Builder::new().name("aside".into()).spawn(move || {
            let _entered = span.enter();
            if answer.send(what()).is_err() {
                left.come_back(&device);
            }
        });
        if let Err(error) = begun {
            tracing::warn!(device = %name, %error, "no thread is to be had to ask a device");
            return Err(Left);
        }
        self.wait(name, &answered)
    }

    fn wait<T>(&self, name: &str, answered: &Receiver<T>) -> Result<T, Left> {
        let mut stopped = None;
        loop {
            match answered.recv_timeout(LOOK) {
                Ok(answer) => return Ok(answer),
                Err(RecvTimeoutError::Disconnected) => {
                    panic!("whoever asks `{name}` has panicked")
                }
                Err(RecvTimeoutError::Timeout) if !self.is_to_stop() => {}
                Err(RecvTimeoutError::Timeout) => {
                    if stopped.get_or_insert_with(Instant::now).elapsed() >= GRACE {
                        let left = self.left.leave();
                        tracing::warn!(
                            device = %name,
                            left,
                            "the device gives no answer: what was asked of it is left to the kernel, and what it gives \
                             later is not used"
                        );
                        return Err(Left);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::Ordering;
    use std::time::Duration;

    use super::*;

    #[test]
    fn what_answers_is_waited_for_however_long_it_takes_and_also_a_moment_after_a_stop() {
        let leaving = Leaving::default();
        let slow = |millis: u64| {
            move || {
                thread::sleep(Duration::from_millis(millis));
                millis
            }
        };
        assert_eq!(leaving.aside("sdz", slow(150)), Ok(150));
        leaving.stop.store(true, Ordering::SeqCst);
        assert_eq!(leaving.aside("sdz", slow(150)), Ok(150));
        assert_eq!(leaving.left.count(), 0);
    }

    #[test]
    fn what_never_answers_is_left_once_it_is_to_stop_and_let_go_when_it_comes_back() {
        let leaving = Leaving::default();
        let (kernel, gives) = bounded::<()>(0);
        let opened = Arc::new(());
        let held = Arc::clone(&opened);
        let asked = thread::spawn({
            let leaving = leaving.clone();
            move || {
                leaving.aside("sdz", move || {
                    let _ = gives.recv();
                    held
                })
            }
        });
        thread::sleep(2 * LOOK);
        assert!(!asked.is_finished());
        let stopped = Instant::now();
        leaving.stop.store(true, Ordering::SeqCst);
        assert_eq!(asked.join().unwrap(), Err(Left));
        let took = stopped.elapsed();
        assert!(
            took >= GRACE && took < GRACE + Duration::from_secs(20),
            "{took:?}"
        );
        assert_eq!(leaving.left.count(), 1);
        drop(kernel);
        while leaving.left.count() > 0 {
            assert!(
                stopped.elapsed() < Duration::from_secs(30),
                "it never comes back"
            );
            thread::sleep(Duration::from_millis(5));
        }
        assert_eq!(Arc::strong_count(&opened), 1, "it is closed");
    }
}
