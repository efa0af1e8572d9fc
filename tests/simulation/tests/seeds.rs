//! Runs seeds: some by default, others by `LONGSHORE_SIMULATION_SEEDS=FIRST..LAST`, one by `SEED=N`.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use simulation::Failed;
use simulation::world::Summary;

/// What is run if nobody says otherwise.
const DEFAULT: Range<u64> = 0..100;

/// Of so many seeds one is run at benches too, which takes longer.
const ONE_IN: u64 = 20;

/// Runs at once: they wait more than they work.
const PER_CORE: usize = 3;

/// Failures after which no more seeds are begun.
const ENOUGH: usize = 5;

fn seeds() -> Range<u64> {
    if let Ok(seed) = std::env::var("SEED") {
        let seed = seed.parse().unwrap();
        return seed..seed + 1;
    }
    let Ok(seeds) = std::env::var("LONGSHORE_SIMULATION_SEEDS") else {
        return DEFAULT;
    };
    let (first, last) = seeds.split_once("..").expect("FIRST..LAST");
    first.parse().unwrap()..last.parse().unwrap()
}

/// Runs seeds, several at once, and says which fail.
fn all_hold(seeds: Range<u64>, run: impl Fn(u64) -> Result<Summary, Box<Failed>> + Sync) {
    let next = AtomicU64::new(seeds.start);
    let failures = Mutex::new(Vec::new());
    let cores = thread::available_parallelism().unwrap().get();
    thread::scope(|scope| {
        for _ in 0..cores * PER_CORE {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::SeqCst);
                    if seed >= seeds.end || failures.lock().unwrap().len() >= ENOUGH {
                        return;
                    }
                    if let Err(failed) = run(seed) {
                        failures.lock().unwrap().push(failed);
                    }
                }
            });
        }
    });
    let failures = failures.into_inner().unwrap();
    let texts: Vec<String> = failures.iter().map(ToString::to_string).collect();
    let failed: Vec<u64> = failures.iter().map(|failed| failed.seed).collect();
    assert!(
        failures.is_empty(),
        "{}\nseeds that fail: {failed:?}",
        texts.join("\n")
    );
}

#[test]
fn whatever_happens_the_bucket_and_the_report_tell_the_truth() {
    all_hold(seeds(), simulation::run);
}

#[test]
fn whatever_happens_at_benches_no_disk_is_written_to_and_every_job_comes_to_its_end() {
    let Range { start, end } = seeds();
    let few = (end - start).div_ceil(ONE_IN);
    all_hold(start..start + few, simulation::run_bench);
}
