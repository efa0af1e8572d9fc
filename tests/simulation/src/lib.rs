//! A simulation of everything that can go wrong, repeatable by its seed.
//!
//! The server is the real one, over HTTP; the stations are real ones; stores, services and devices are
//! in memory, or files that are torn, or disks of real file systems with bad places; the network, the disks, the clock and the fate of each process follow
//! from the seed. A run docks devices again and again, at one host or another, through storms and then in
//! fair weather, until their jobs are over. What must be true then, and at every moment before, is one
//! sentence: *bucket, device or image equals what the manifest makes of its source, the report lists every
//! entry exactly once with its true outcome, no upload is left open, nothing of one job is where another's is,
//! whoever ends a job holds its last lease, and its history is a path in the state table*.
//!
//! Decisions follow from the seed alone. Threads do not: a step that is counted may meet another
//! thread when the seed is run again, which is why one reader and one put at a time are among the settings.

use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

pub mod attempt;
pub mod bench;
pub mod chance;
pub mod connection;
pub mod consignment;
pub mod crash;
pub mod device;
pub mod diary;
pub mod disk;
pub mod ending;
pub mod faults;
pub mod filled;
pub mod filling;
pub mod gate;
pub mod host;
pub mod network;
pub mod oracle;
pub mod raw;
pub mod report;
pub mod rescued;
pub mod scenario;
mod scene;
pub mod service;
pub mod services;
pub mod shipment;
pub mod stock;
pub mod store;
pub mod trouble;
pub mod volume;
pub mod world;
pub mod yard;

use diary::Diary;
use scenario::Scenario;
use world::{Summary, World};

/// How long one run may take. Most take less than a second.
const LIMIT: Duration = Duration::from_secs(300);

/// A run in which something was wrong.
#[derive(Debug, Clone)]
pub struct Failed {
    /// The seed that repeats it.
    pub seed: u64,
    /// What was wrong.
    pub violations: Vec<String>,
    /// Everything that happened.
    pub diary: String,
}

impl std::fmt::Display for Failed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "{}", self.diary)?;
        writeln!(f, "seed {} fails:", self.seed)?;
        self.violations
            .iter()
            .try_for_each(|violation| writeln!(f, "  {violation}"))
    }
}

/// Runs one seed, in the scenario that it says.
///
/// # Errors
/// [`Failed`] if anything was wrong, somebody panicked, or it took too long.
pub fn run(seed: u64) -> Result<Summary, Box<Failed>> {
    run_as(seed, Scenario::of(seed))
}

/// Runs one seed in this scenario.
///
/// # Errors
/// As [`run`].
pub fn run_as(seed: u64, scenario: Scenario) -> Result<Summary, Box<Failed>> {
    judged(seed, move |diary| World::new(seed, &scenario, diary).run())
}

/// Runs one seed at benches; nothing where the tools are missing that make disks.
///
/// # Errors
/// As [`run`].
pub fn run_bench(seed: u64) -> Result<Summary, Box<Failed>> {
    judged(seed, move |diary| {
        let room = bench::Room::new(seed, diary);
        room.map(bench::Room::run).unwrap_or_default()
    })
}

fn judged(
    seed: u64,
    run: impl FnOnce(Arc<Diary>) -> Summary + Send + 'static,
) -> Result<Summary, Box<Failed>> {
    let diary = Arc::new(Diary::default());
    let (done, wait) = mpsc::channel();
    let record = Arc::clone(&diary);
    let runner = thread::spawn(move || {
        let summary = run(record);
        // Who waits may have given up.
        let _given_up = done.send(summary);
    });
    let summary = match wait.recv_timeout(LIMIT) {
        Ok(summary) => summary,
        Err(RecvTimeoutError::Timeout) => {
            diary.violation(format_args!("not over after {} s", LIMIT.as_secs()));
            Summary::default()
        }
        Err(RecvTimeoutError::Disconnected) => {
            diary.violation(panic_of(runner));
            Summary::default()
        }
    };
    match diary.violations() {
        violations if violations.is_empty() => Ok(summary),
        violations => Err(Box::new(Failed {
            seed,
            violations,
            diary: diary.text(),
        })),
    }
}

fn panic_of(runner: thread::JoinHandle<()>) -> String {
    let payload = match runner.join() {
        Ok(()) => return "it ended without a word".to_owned(),
        Err(payload) => payload,
    };
    let text = payload.downcast_ref::<String>().cloned();
    let text = text.or_else(|| payload.downcast_ref::<&str>().map(|&text| text.to_owned()));
    format!("panic: {}", text.unwrap_or_default())
}
