//! What is to be told of a device, in its order, by a thread of its own: no docking waits for a server that does not answer.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, unbounded};
use model::control::{Claim, LeaseToken};
use model::handling::{Handling, Telling};
use model::ids::{BayName, JobId};

use crate::control::{Control, ControlError};

/// Between one try and the next: doubled each time.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// How long whoever ends waits for what was not heard yet.
const END_WITHIN: Duration = Duration::from_secs(5);

/// Tells the server, one after the other, until it has heard.
#[derive(Clone)]
pub(super) struct Tellings {
    queue: Sender<Handling>,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    /// How many were not heard yet.
    waiting: Mutex<usize>,
    heard: Condvar,
    /// Whether nothing is tried again.
    is_over: AtomicBool,
}

/// Whose device it is, and where.
struct About {
    job: JobId,
    lease: LeaseToken,
    bay: Option<BayName>,
}

impl Tellings {
    /// Begins to tell of the device of a claim.
    pub(super) fn begin(control: Control, claim: &Claim, bay: Option<BayName>) -> Self {
        let (queue, asked) = unbounded();
        let shared = Arc::new(Shared::default());
        let about = About {
            job: claim.job,
            lease: claim.lease.clone(),
            bay,
        };
        let own = Arc::clone(&shared);
        let thread = std::thread::Builder::new().name("tellings".into());
        if let Err(error) = thread.spawn(move || tell_all(&control, &about, &asked, &own)) {
            tracing::warn!(job = %claim.job, %error, "no thread is to be had to tell of a device");
        }
        Self { queue, shared }
    }

    /// Has something told, and does not wait for it.
    pub(super) fn tell(&self, what: Handling) {
        *self.shared.waiting() += 1;
        if self.queue.send(what).is_err() {
            self.shared.is_heard();
        }
    }

    /// Waits until all was heard, or for so long.
    pub(super) fn settle(&self, within: Duration) {
        let waiting = self.shared.waiting();
        let all = |waiting: &mut usize| *waiting > 0;
        drop(self.shared.heard.wait_timeout_while(waiting, within, all));
    }

    /// Waits a moment, and gives up what was not heard then.
    pub(super) fn end(&self) {
        self.settle(END_WITHIN);
        self.shared.is_over.store(true, Ordering::Relaxed);
    }
}

impl Shared {
    fn waiting(&self) -> std::sync::MutexGuard<'_, usize> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_heard(&self) {
        let mut waiting = self.waiting();
        *waiting = waiting.saturating_sub(1);
        self.heard.notify_all();
    }
}

/// Tells what is asked for until nobody can ask any more.
fn tell_all(control: &Control, about: &About, asked: &Receiver<Handling>, shared: &Shared) {
    for what in asked {
        tell(control, about, what, &shared.is_over);
        shared.is_heard();
    }
}

fn tell(control: &Control, about: &About, what: Handling, is_over: &AtomicBool) {
    let job = about.job;
    let telling = Telling {
        job,
        lease: about.lease.clone(),
        bay: about.bay.clone(),
        what,
    };
    let mut pause = FIRST_PAUSE;
    loop {
        match control.tell(&telling) {
            Ok(()) => return,
            // A server of an earlier release has no such message, and another attempt may have the job by now.
            Err(error @ ControlError::Refused(_)) => {
                return tracing::debug!(%job, %error, what = ?telling.what, "not told");
            }
            Err(error) if is_over.load(Ordering::Relaxed) => {
                return tracing::warn!(%job, %error, what = ?telling.what, "not told");
            }
            Err(_) => std::thread::sleep(pause),
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::time::Instant;

    use model::ids::{AccountId, JobType};

    use super::*;

    /// A server that takes connections and says nothing holds up neither what is told nor the end for long.
    #[test]
    fn nobody_waits_for_a_server_that_says_nothing() {
        let silent = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", silent.local_addr().unwrap());
        let claim = Claim {
            job: JobId::new("ABCDE").unwrap(),
            job_type: JobType::Import,
            account: AccountId::new("000000000001").unwrap(),
            created: "2026-01-02T03:04:05Z".parse().unwrap(),
            manifest: String::new(),
            begun: None,
            attempt: 1,
            lease: LeaseToken("0".repeat(32)),
            lease_seconds: 60,
            buckets: Vec::new(),
            image: None,
            without: None,
            as_it_is: Vec::new(),
            secrets: Vec::new(),
        };
        let begun = Instant::now();
        let tellings = Tellings::begin(Control::new(&url, "token"), &claim, None);
        for _ in 0..3 {
            tellings.tell(Handling::Undocked { read_only: None });
        }
        tellings.settle(Duration::from_millis(50));
        assert!(*tellings.shared.waiting() > 0, "nothing was heard");
        assert!(
            begun.elapsed() < Duration::from_secs(4),
            "{:?}",
            begun.elapsed()
        );
    }
}
