//! Heartbeats of a resident station: how its bays are goes to the server, and what is wanted of them comes back.
//!
//! One thread sends them: when the last answer said so, at once when something changed, and later and later while the
//! server does not answer, which stops nothing else. Every heartbeat has a new number, also one that says again what may
//! have been lost; so whatever arrives twice or late changes nothing.
//!
//! An order is carried out when it is first heard of and acknowledged in every heartbeat until an answer does not name it
//! any more: answers that are lost and orders that come again have one effect.

mod host;
mod keeper;
mod orders;
mod pulse;

pub use pulse::{Pulse, PulseFigures};

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};
use model::bay::BayStatus;
use model::heartbeat::{HeartbeatAnswer, MendedJob};
use model::ids::{Boot, JobId, StationName};
use model::metrics_address::MetricsAddress;
use model::order::{Order, OrderOutcome};
use model::other_disk::OtherDisk;
use model::time::Clock;

use transfer::resources::Resources;

use crate::control::Control;
use keeper::Keeper;

/// How often it is looked whether a bay has changed.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// What a heartbeat is about: the bays of a station.
///
/// # Contract
/// None of it waits for a device or the network. An order that is carried out already, or on its way, is done.
pub trait Heart: Send + Sync {
    /// How the bays are now.
    fn statuses(&self) -> Vec<BayStatus>;

    /// Disks that are there and left alone, and why.
    fn others(&self) -> Vec<OtherDisk>;

    /// Hears that jobs are not on hold any more. It is said again until none of their bays is held.
    fn mended(&self, jobs: Vec<MendedJob>);

    /// Hears of which jobs the devices may be asked for to be erased without a person. It is said again as long as that is
    /// so.
    fn erasable(&self, jobs: Vec<JobId>);

    /// Carries out what is wanted of a bay.
    fn order(&self, order: &Order) -> OrderOutcome;
}

/// Who sends heartbeats, and from where.
#[derive(Clone)]
pub struct Origin {
    /// The station's name.
    pub station: StationName,
    /// The release of its program.
    pub release: String,
    /// Where its journals are.
    pub folder: PathBuf,
    /// The way to its server.
    pub control: Control,
    /// What time it is there.
    pub clock: Arc<dyn Clock>,
    /// Where its figures can be fetched, if anywhere.
    pub metrics: Option<MetricsAddress>,
    /// How its heartbeats fare.
    pub pulse: Arc<Pulse>,
    /// What its runs share: whose rates are asked for.
    pub resources: Arc<Resources>,
}

/// A name for a run of the program, by chance.
///
/// # Errors
/// If the system gives none.
pub(crate) fn draw_boot() -> std::io::Result<Boot> {
    let chance = || getrandom::u64().map_err(std::io::Error::other);
    let name = format!("{:016x}{:016x}", chance()?, chance()?);
    Ok(Boot::new(name).expect("thirty-two digits"))
}

/// The last that was heard of the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastAnswer {
    /// When.
    pub at: Instant,
    /// What it said.
    pub answer: HeartbeatAnswer,
}

/// The thread that sends heartbeats, until this is dropped.
pub struct Heartbeats {
    last: Arc<Mutex<Option<LastAnswer>>>,
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Heartbeats {
    /// Begins to send heartbeats; the first goes at once.
    ///
    /// # Errors
    /// If the system gives no thread, or no chance for the name of this run.
    pub fn start(origin: Origin, heart: Arc<dyn Heart>) -> std::io::Result<Self> {
        let keeper = Keeper::new(origin, heart)?;
        let last = Arc::new(Mutex::new(None));
        let (stop, stopped) = bounded(0);
        let heard = Arc::clone(&last);
        let builder = std::thread::Builder::new().name("heartbeats".into());
        let thread = builder.spawn(move || send(keeper, &heard, &stopped))?;
        Ok(Self {
            last,
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    /// The last that was heard of the server; none if it has not answered yet.
    #[must_use]
    pub fn last(&self) -> Option<LastAnswer> {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.clone()
    }
}

/// A heartbeat that is under way is waited for.
impl Drop for Heartbeats {
    fn drop(&mut self) {
        self.stop.take();
        if let Some(thread) = self.thread.take() {
            // What it panicked with has been printed.
            let _ = thread.join();
        }
    }
}

/// Sends heartbeats until `stopped` is closed, and then a last one if anybody answers: the bays are as they were left, and
/// what is wanted of them is left to the next run.
fn send(mut keeper: Keeper, heard: &Mutex<Option<LastAnswer>>, stopped: &Receiver<()>) {
    let _carrying = keeper.carry_leases();
    loop {
        let answer = keeper.beat();
        let due = Instant::now() + keeper.wait();
        if let Some(answer) = answer {
            let last = LastAnswer {
                at: Instant::now(),
                answer,
            };
            *heard.lock().unwrap_or_else(PoisonError::into_inner) = Some(last);
        }
        while Instant::now() < due && !keeper.has_news() {
            let rest = due.saturating_duration_since(Instant::now());
            match stopped.recv_timeout(rest.min(LOOK_EVERY)) {
                Err(RecvTimeoutError::Timeout) => {}
                Ok(()) | Err(RecvTimeoutError::Disconnected) => {
                    if keeper.is_answered() {
                        keeper.beat_last();
                    }
                    return;
                }
            }
        }
    }
}

#[cfg(test)]
#[path = "heartbeat_tests.rs"]
mod tests;
