//! What the service counts, in the form Prometheus reads.
//!
//! The recorder belongs to one service and is not the process's: two services in one process, as
//! in tests, count apart.

pub(crate) mod counted;

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use custody::moment::Moment;
use metrics::{counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusRecorder};
use model::control::Tally;
use model::ids::JobId;
use model::share::Measure;
use model::time::Timestamp;

use crate::jobstore::{Lane, Settled};
use counted::Counted;

/// Upper bounds of the latency histogram, in seconds: a list takes a millisecond, a manifest whose
/// buckets are looked up in a store far away some seconds.
const LATENCY_SECONDS: [f64; 9] = [0.001, 0.005, 0.02, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0];

/// The counters of one service.
pub struct Metrics {
    recorder: PrometheusRecorder,
    /// The tally each job that is being loaded had at its last sign of life.
    loading: Mutex<HashMap<JobId, Tally>>,
    /// Pages of the console that listen.
    streams: Arc<AtomicU64>,
    /// What others in this process have counted.
    beside: OnceLock<Beside>,
}

/// A page of figures with other names.
type Beside = Box<dyn Fn() -> String + Send + Sync>;

/// A page of the console that listens.
#[derive(Debug)]
pub(crate) struct CountedStream(Arc<AtomicU64>);

impl Drop for CountedStream {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Metrics {
    /// Begins to count, from zero.
    ///
    /// # Errors
    /// [`BuildError`] if the recorder cannot be made.
    pub fn new() -> Result<Self, BuildError> {
        let latency = Matcher::Full("longshore_request_seconds".to_owned());
        let recorder = PrometheusBuilder::new()
            .set_buckets_for_metric(latency, &LATENCY_SECONDS)?
            .build_recorder();
        metrics::with_local_recorder(&recorder, || {
            describe();
            begin();
        });
        Ok(Self {
            recorder,
            loading: Mutex::default(),
            streams: Arc::default(),
            beside: OnceLock::new(),
        })
    }

    /// Has the page of another in this process stand below the service's own. Only the first is heard.
    pub(crate) fn tell_beside(&self, page: Beside) {
        let _is_first = self.beside.set(page);
    }

    /// Counts an answered API request. `code` is that of the fault, or `OK`.
    pub(crate) fn request(&self, operation: &'static str, code: &'static str, took: Duration) {
        self.record(|| {
            counter!("longshore_requests_total", "operation" => operation, "code" => code)
                .increment(1);
            histogram!("longshore_request_seconds", "operation" => operation).record(took);
        });
    }

    /// Counts an answered claim: `Granted`, or the code of the denial.
    pub(crate) fn claim(&self, answer: &str) {
        let answer = answer.to_owned();
        self.record(|| counter!("longshore_claims_total", "answer" => answer).increment(1));
    }

    /// Counts a heartbeat, which was new or was heard before.
    pub(crate) fn heartbeat(&self, is_new: bool) {
        let answer = if is_new { "new" } else { "repeated" };
        self.record(|| counter!("longshore_heartbeats_total", "answer" => answer).increment(1));
    }

    /// Keeps what all stations together may use of stores: host and port, what is limited, and units of it each second, if
    /// there is a limit at this hour.
    pub(crate) fn store_limits(&self, limits: &[(String, Measure, Option<u64>)]) {
        self.record(|| {
            for (store, measure, limit) in limits {
                let (name, unit) = match measure {
                    Measure::Bytes => ("longshore_store_limit_bytes_per_second", 1.0),
                    Measure::Requests => ("longshore_store_limit_requests_per_second", 1e3),
                };
                // A gauge that was told stays: outside of the hours that limit it is without end.
                let limit = limit.map_or(f64::INFINITY, |limit| approximate(limit) / unit);
                gauge!(name, "store" => store.clone()).set(limit);
            }
        });
    }

    /// Counts what has been loaded since the job's last sign of life. An attempt that begins again
    /// tells the files of the one before, which are not counted twice.
    pub(crate) fn loaded(&self, job: JobId, tally: Tally) {
        let mut loading = self.loading.lock().unwrap_or_else(PoisonError::into_inner);
        let last = loading.entry(job).or_default();
        let (files, bytes) = (
            tally.stored.saturating_sub(last.stored),
            tally.bytes.saturating_sub(last.bytes),
        );
        let failed = tally.failed.saturating_sub(last.failed);
        *last = Tally {
            stored: last.stored.max(tally.stored),
            bytes: last.bytes.max(tally.bytes),
            ignored: last.ignored.max(tally.ignored),
            failed: last.failed.max(tally.failed),
        };
        drop(loading);
        self.record(|| {
            counter!("longshore_loaded_files_total").increment(files);
            counter!("longshore_loaded_bytes_total").increment(bytes);
            counter!("longshore_failed_files_total").increment(failed);
        });
    }

    /// Counts the end of a lease.
    pub(crate) fn concluded(&self, job: JobId, ending: &'static str) {
        self.loading
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&job);
        self.record(|| counter!("longshore_leases_ended_total", "ending" => ending).increment(1));
    }

    /// Counts what came of a try to deliver a notice.
    pub(crate) fn delivered(&self, lane: &Lane, settled: Settled) {
        let by = by(lane);
        let name = match settled {
            Settled::Sent => "longshore_notices_sent_total",
            Settled::Failed | Settled::Gone => "longshore_notices_failed_total",
            Settled::Again(_) => return,
        };
        self.record(|| counter!(name, "by" => by).increment(1));
    }

    /// Keeps what is known of a witness of the log of custody.
    pub(crate) fn witness(&self, name: &str, signed: Option<Moment>, is_disputed: bool) {
        let name = name.to_owned();
        self.record(|| {
            let seconds = signed.map_or(0, Moment::unix);
            let seconds = approximate(u64::try_from(seconds).unwrap_or(0));
            gauge!("longshore_witness_signed_timestamp_seconds", "witness" => name.clone())
                .set(seconds);
            gauge!("longshore_witness_disputes", "witness" => name).set(if is_disputed {
                1.0
            } else {
                0.0
            });
        });
    }

    /// Keeps after how many days a hold is overdue.
    pub(crate) fn hold_days(&self, days: u32) {
        let seconds = u64::from(days) * 86_400;
        self.record(|| gauge!("longshore_hold_limit_seconds").set(approximate(seconds)));
    }

    /// Counts a page of the console that listens, as long as what is returned lives.
    pub(crate) fn stream(&self) -> CountedStream {
        self.streams.fetch_add(1, Ordering::Relaxed);
        CountedStream(Arc::clone(&self.streams))
    }

    /// Writes everything down, with what was asked for, as it is `now`.
    pub(crate) fn render(&self, counted: &Counted, now: Timestamp) -> String {
        let loading = self
            .loading
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .len();
        let streams = self.streams.load(Ordering::Relaxed);
        self.record(|| {
            gauge!("longshore_leases").set(approximate(u64::try_from(loading).unwrap_or(u64::MAX)));
            gauge!("longshore_console_streams").set(approximate(streams));
        });
        let handle = self.recorder.handle();
        handle.run_upkeep();
        let mut page = handle.render();
        page.push_str(&counted.page(now));
        if let Some(beside) = self.beside.get() {
            page.push_str(&beside());
        }
        page
    }

    fn record(&self, what: impl FnOnce()) {
        metrics::with_local_recorder(&self.recorder, what);
    }
}

/// By what a notice goes.
fn by(lane: &Lane) -> &'static str {
    match lane {
        Lane::Mail(_) => "mail",
        Lane::Webhook(_) => "webhook",
    }
}

fn describe() {
    describe_counter!(
        "longshore_notices_sent_total",
        "Notices that their receivers have."
    );
    describe_counter!(
        "longshore_notices_failed_total",
        "Notices that were given up."
    );
    describe_counter!(
        "longshore_requests_total",
        "API requests by operation and answer."
    );
    describe_histogram!("longshore_request_seconds", "How long API requests took.");
    describe_counter!(
        "longshore_claims_total",
        "Devices docked at stations, by answer."
    );
    describe_counter!("longshore_leases_ended_total", "Leases that ended, by how.");
    describe_counter!("longshore_loaded_files_total", "Files stored by stations.");
    describe_counter!("longshore_loaded_bytes_total", "Bytes stored by stations.");
    describe_counter!(
        "longshore_failed_files_total",
        "Files that could not be stored."
    );
    describe_gauge!(
        "longshore_witness_signed_timestamp_seconds",
        "When a witness signed the head of the log of custody last, as it says."
    );
    describe_gauge!(
        "longshore_witness_disputes",
        "Whether a witness says that the log of custody is not the one that it has seen."
    );
    describe_gauge!(
        "longshore_hold_limit_seconds",
        "How long a job is on hold until that is overdue."
    );
    describe_gauge!("longshore_leases", "Jobs that are being loaded.");
    describe_gauge!(
        "longshore_console_streams",
        "Pages of the console that hear what goes on."
    );
    describe_counter!(
        "longshore_heartbeats_total",
        "Heartbeats of stations, new or heard before."
    );
    describe_gauge!(
        "longshore_store_limit_bytes_per_second",
        "The most that all stations together may send to a store and receive from it in a second."
    );
    describe_gauge!(
        "longshore_store_limit_requests_per_second",
        "The most that all stations together may ask of a store in a second."
    );
}

/// Tells what has not happened yet as well: what is not there cannot rise.
fn begin() {
    for name in [
        "longshore_loaded_files_total",
        "longshore_loaded_bytes_total",
        "longshore_failed_files_total",
    ] {
        counter!(name).increment(0);
    }
    for by in ["mail", "webhook"] {
        counter!("longshore_notices_sent_total", "by" => by).increment(0);
        counter!("longshore_notices_failed_total", "by" => by).increment(0);
    }
    for ending in ["Finished", "Released", "Aborted", "Held", "Refused"] {
        counter!("longshore_leases_ended_total", "ending" => ending).increment(0);
    }
}

/// The number as the gauge has it; beyond four billion it does not matter.
fn approximate(number: u64) -> f64 {
    f64::from(u32::try_from(number).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(stored: u64, bytes: u64) -> Tally {
        Tally {
            stored,
            bytes,
            ..Tally::default()
        }
    }

    fn now() -> Timestamp {
        Timestamp::from_unix(1_700_000_000)
    }

    #[test]
    fn files_are_counted_once_over_attempts() {
        let metrics = Metrics::new().unwrap();
        let job = JobId::new("ABCDE").unwrap();
        for now in [tally(2, 20), tally(5, 50), tally(1, 10), tally(6, 60)] {
            metrics.loaded(job, now);
        }
        let text = metrics.render(&Counted::default(), now());
        assert!(text.contains("longshore_loaded_files_total 6"), "{text}");
        assert!(text.contains("longshore_loaded_bytes_total 60"), "{text}");
        assert!(text.contains("longshore_leases 1"), "{text}");
    }

    #[test]
    fn two_services_count_apart() {
        let (one, other) = (Metrics::new().unwrap(), Metrics::new().unwrap());
        one.request("GetStatus", "OK", Duration::from_millis(2));
        assert!(
            one.render(&Counted::default(), now())
                .contains("operation=\"GetStatus\",code=\"OK\"} 1")
        );
        assert!(
            !other
                .render(&Counted::default(), now())
                .contains("GetStatus")
        );
    }

    #[test]
    fn a_page_that_listens_is_counted_until_it_is_left() {
        let metrics = Metrics::new().unwrap();
        let told = |number: u32| {
            let text = metrics.render(&Counted::default(), now());
            let line = format!("longshore_console_streams {number}");
            assert!(
                text.lines().any(|it| it == line),
                "{line} is not in\n{text}"
            );
        };
        let (one, other) = (metrics.stream(), metrics.stream());
        told(2);
        drop(one);
        told(1);
        drop(other);
        told(0);
    }
}
