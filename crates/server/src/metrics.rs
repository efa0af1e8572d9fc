//! What the service counts, in the form Prometheus reads.
//!
//! The recorder belongs to one service and is not the process's: two services in one process, as
//! in tests, count apart.

use std::collections::HashMap;
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use custody::moment::Moment;
use metrics::{counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusRecorder};
use model::control::Tally;
use model::ids::JobId;
use model::presence::StationState;
use model::progress::AbortReason;
use model::share::Measure;
use model::stopped::StopCause;
use model::time::Timestamp;

use crate::jobstore::{HoldCount, Lane, Settled};

/// Upper bounds of the latency histogram, in seconds: a list takes a millisecond, a manifest whose
/// buckets are looked up in a store far away some seconds.
const LATENCY_SECONDS: [f64; 9] = [0.001, 0.005, 0.02, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0];

/// The counters of one service.
pub struct Metrics {
    recorder: PrometheusRecorder,
    /// The tally each job that is being loaded had at its last sign of life.
    loading: Mutex<HashMap<JobId, Tally>>,
    /// What others in this process have counted.
    beside: OnceLock<Beside>,
}

/// A page of figures with other names.
type Beside = Box<dyn Fn() -> String + Send + Sync>;

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

    /// Keeps how many stations are in each state and how many orders wait, as the job store has them now.
    pub(crate) fn stations(&self, counts: &[(StationState, u64)], pending_orders: u64) {
        self.record(|| {
            for state in StationState::ALL {
                let found = counts.iter().find(|(counted, _)| *counted == state);
                let number = found.map_or(0, |(_, number)| *number);
                gauge!("longshore_stations", "state" => state.code()).set(approximate(number));
            }
            gauge!("longshore_orders_pending").set(approximate(pending_orders));
        });
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

    /// Keeps how many mails and how many deliveries to webhooks wait, as the job store has them now.
    pub(crate) fn notices_waiting(&self, waiting: [u64; 2]) {
        self.record(|| {
            for (by, number) in ["mail", "webhook"].into_iter().zip(waiting) {
                gauge!("longshore_notices_waiting", "by" => by).set(approximate(number));
            }
        });
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

    /// Writes everything down, with the jobs of each progress code and the holds as the job store has them `now`.
    pub(crate) fn render(
        &self,
        jobs: &[(String, u64)],
        holds: &[HoldCount],
        now: Timestamp,
    ) -> String {
        let loading = self
            .loading
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .len();
        self.record(|| {
            // A code that no job has any more is not in the list, and must not keep its number.
            for code in progress_codes() {
                gauge!("longshore_jobs", "progress" => code).set(0.0);
            }
            for (code, number) in jobs {
                gauge!("longshore_jobs", "progress" => code.clone()).set(approximate(*number));
            }
            for (cause, hold) in StopCause::ALL
                .into_iter()
                .filter_map(|cause| Some((cause, cause.hold()?)))
            {
                let (code, mender) = (cause.code(), hold.mender.code());
                let hold = holds.iter().find(|hold| hold.code == code);
                let number = hold.map_or(0, |hold| hold.jobs);
                let age = hold.map_or(0, |hold| now.unix() - hold.oldest.unix());
                let age = u64::try_from(age).unwrap_or(0);
                gauge!("longshore_holds", "code" => code, "fix_by" => mender)
                    .set(approximate(number));
                gauge!("longshore_hold_oldest_seconds", "code" => code, "fix_by" => mender)
                    .set(approximate(age));
            }
            gauge!("longshore_leases").set(approximate(u64::try_from(loading).unwrap_or(u64::MAX)));
        });
        let handle = self.recorder.handle();
        handle.run_upkeep();
        let mut page = handle.render();
        if let Some(beside) = self.beside.get() {
            page.push_str(&beside());
        }
        page
    }

    fn record(&self, what: impl FnOnce()) {
        metrics::with_local_recorder(&self.recorder, what);
    }
}

fn progress_codes() -> impl Iterator<Item = &'static str> {
    let codes = [
        "Pending",
        "InProgress",
        "Complete",
        "SuccessWithErrors",
        "Canceled",
        "Expired",
    ];
    codes
        .into_iter()
        .chain(AbortReason::ALL.map(AbortReason::code))
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
    describe_gauge!(
        "longshore_notices_waiting",
        "Notices that are still to be delivered."
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
    describe_gauge!("longshore_jobs", "Jobs by progress code.");
    describe_gauge!("longshore_holds", "Jobs on hold, by what for.");
    describe_gauge!(
        "longshore_hold_oldest_seconds",
        "How long the job is on hold that is so for the longest time."
    );
    describe_gauge!(
        "longshore_hold_limit_seconds",
        "How long a job is on hold until that is overdue."
    );
    describe_gauge!("longshore_leases", "Jobs that are being loaded.");
    describe_counter!(
        "longshore_heartbeats_total",
        "Heartbeats of stations, new or heard before."
    );
    describe_gauge!("longshore_stations", "Stations by state.");
    describe_gauge!(
        "longshore_store_limit_bytes_per_second",
        "The most that all stations together may send to a store and receive from it in a second."
    );
    describe_gauge!(
        "longshore_store_limit_requests_per_second",
        "The most that all stations together may ask of a store in a second."
    );
    describe_gauge!(
        "longshore_orders_pending",
        "Orders that no station has answered yet."
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
    fn holds_are_told_by_what_for_and_are_gone_when_mended() {
        let metrics = Metrics::new().unwrap();
        let held = HoldCount {
            code: "StoreFull".to_owned(),
            jobs: 4,
            oldest: now().plus_seconds(-90),
        };
        let text = metrics.render(&[], &[held], now());
        for line in [
            "longshore_holds{code=\"StoreFull\",fix_by=\"admin\"} 4",
            "longshore_hold_oldest_seconds{code=\"StoreFull\",fix_by=\"admin\"} 90",
            "longshore_holds{code=\"BucketMissing\",fix_by=\"customer\"} 0",
        ] {
            assert!(text.contains(line), "{line} is not in\n{text}");
        }
        let text = metrics.render(&[], &[], now());
        assert!(
            text.contains("longshore_holds{code=\"StoreFull\",fix_by=\"admin\"} 0"),
            "{text}"
        );
        assert!(
            text.contains("longshore_hold_oldest_seconds{code=\"StoreFull\",fix_by=\"admin\"} 0"),
            "{text}"
        );
    }

    #[test]
    fn files_are_counted_once_over_attempts() {
        let metrics = Metrics::new().unwrap();
        let job = JobId::new("ABCDE").unwrap();
        for now in [tally(2, 20), tally(5, 50), tally(1, 10), tally(6, 60)] {
            metrics.loaded(job, now);
        }
        let text = metrics.render(&[], &[], now());
        assert!(text.contains("longshore_loaded_files_total 6"), "{text}");
        assert!(text.contains("longshore_loaded_bytes_total 60"), "{text}");
        assert!(text.contains("longshore_leases 1"), "{text}");
    }

    #[test]
    fn a_code_that_no_job_has_any_more_counts_none() {
        let metrics = Metrics::new().unwrap();
        metrics.render(&[("Pending".to_owned(), 3)], &[], now());
        let text = metrics.render(&[("Complete".to_owned(), 3)], &[], now());
        assert!(
            text.contains("longshore_jobs{progress=\"Pending\"} 0"),
            "{text}"
        );
        assert!(
            text.contains("longshore_jobs{progress=\"Complete\"} 3"),
            "{text}"
        );
    }

    #[test]
    fn two_services_count_apart() {
        let (one, other) = (Metrics::new().unwrap(), Metrics::new().unwrap());
        one.request("GetStatus", "OK", Duration::from_millis(2));
        assert!(
            one.render(&[], &[], now())
                .contains("operation=\"GetStatus\",code=\"OK\"} 1")
        );
        assert!(!other.render(&[], &[], now()).contains("GetStatus"));
    }
}
