//! The figures of a station in the form Prometheus reads.
//!
//! A page is made of how things are at the moment, and of what was counted; nothing of what is gone stays on it. No series
//! has the name of a job, a customer or a file but `longshore_bay_info`, of which there is one for each bay; so there are
//! as many as there are bays and stores, whatever is loaded.

use std::sync::Arc;
use std::time::{Duration, Instant};

use disks::device::apart::LeftReads;
use model::bay::BayState;
use model::metrics_page::{MetricsKind, MetricsPage};
use model::request_rate::RequestRate;
use model::share::Measure;
use model::time::Timestamp;
use objectstore::counted::{Ending, Requests};

use crate::heartbeat::{Pulse, PulseFigures};
use crate::resident::{BayCounts, Bench, BenchFigures};

/// How old the last answer of the server may be for a station that is ready: six heartbeats, or one wait after errors and
/// then some.
const FRESH: Duration = Duration::from_secs(30);

/// A station that is watched.
pub struct Observed {
    /// Its bays.
    pub bench: Arc<Bench>,
    /// How its heartbeats fare.
    pub pulse: Arc<Pulse>,
}

impl Observed {
    /// The page of figures.
    #[must_use]
    pub fn page(&self) -> String {
        let station = self.bench.station();
        let mut page = MetricsPage::default();
        of_bays(&mut page, &self.bench.figures(), station.clock.now());
        of_stores(&mut page, station.resources.requests());
        let shares = Measure::ALL.map(|measure| station.resources.shares(measure));
        of_shares(&mut page, &shares);
        of_heartbeats(&mut page, &self.pulse.figures());
        of_host(&mut page, durable::reserve::free(&station.folder));
        of_left_reads(&mut page, station.resources.left_reads());
        page.text()
    }

    /// Whether the server has answered it lately.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        is_fresh(self.pulse.figures().answered, Instant::now())
    }
}

fn is_fresh(answered: Option<Instant>, now: Instant) -> bool {
    answered.is_some_and(|at| now.saturating_duration_since(at) < FRESH)
}

fn of_bays(page: &mut MetricsPage, bench: &BenchFigures, now: Timestamp) {
    states(page, bench);
    disks(page, bench);
    counts(page, bench);
    queue(page, bench, now);
    page.family(
        "longshore_bay_seconds_to_identify",
        MetricsKind::Histogram,
        "From an event of the kernel until it was known whose a device is.",
    )
    .timings(&[], &bench.named);
}

fn states(page: &mut MetricsPage, bench: &BenchFigures) {
    let mut family = page.family(
        "longshore_bay_state",
        MetricsKind::Gauge,
        "Whether a bay is in a state.",
    );
    for bay in &bench.bays {
        for state in BayState::ALL {
            let is_it = u8::from(bay.state == state);
            family.sample(
                &[("bay", bay.name.as_str()), ("state", state.code())],
                is_it,
            );
        }
    }
    let mut family = page.family(
        "longshore_bay_info",
        MetricsKind::Gauge,
        "The port of a bay, and the job of the device in it.",
    );
    for bay in &bench.bays {
        let job = bay.job.map(|job| job.to_string()).unwrap_or_default();
        let labels = [
            ("bay", bay.name.as_str()),
            ("job", &job),
            ("port", bay.port.as_str()),
        ];
        family.sample(&labels, 1);
    }
    let mut family = page.family(
        "longshore_bay_bad_ranges",
        MetricsKind::Gauge,
        "Ranges of the device in a bay that could not be read when they were last tried.",
    );
    for bay in &bench.bays {
        let bad = bench.bad_ranges.get(&bay.name).copied().unwrap_or(0);
        family.sample(&[("bay", bay.name.as_str())], bad);
    }
}

fn disks(page: &mut MetricsPage, bench: &BenchFigures) {
    let mut family = page.family(
        "longshore_bay_disk_failing",
        MetricsKind::Gauge,
        "Whether the device in a bay is failing, where that is known.",
    );
    for (bay, disk) in &bench.conditions {
        if let Some(is_failing) = disk.is_failing {
            family.sample(&[("bay", bay.as_str())], u8::from(is_failing));
        }
    }
    let mut family = page.family(
        "longshore_bay_disk_temperature_celsius",
        MetricsKind::Gauge,
        "How warm the device in a bay says that it is.",
    );
    for (bay, disk) in &bench.conditions {
        if let Some(temperature) = disk.temperature {
            family.sample(&[("bay", bay.as_str())], temperature);
        }
    }
}

/// A counter of bays: its name, what it says, and which of the counts it is.
type Counter = (&'static str, &'static str, fn(&BayCounts) -> u64);

const COUNTERS: [Counter; 3] = [
    (
        "longshore_bay_read_bytes_total",
        "Bytes read of devices and images.",
        |of| of.read_bytes,
    ),
    (
        "longshore_bay_sent_bytes_total",
        "Bytes that stores have confirmed.",
        |of| of.sent_bytes,
    ),
    (
        "longshore_bay_read_errors_total",
        "Reads of devices and images that failed or were not answered in time.",
        |of| of.read_errors,
    ),
];

fn counts(page: &mut MetricsPage, bench: &BenchFigures) {
    for (name, help, figure) in COUNTERS {
        let mut family = page.family(name, MetricsKind::Counter, help);
        for (bay, counts) in with_idle(bench) {
            family.sample(&[("bay", bay)], figure(&counts));
        }
    }
    let mut family = page.family(
        "longshore_bay_files_total",
        MetricsKind::Counter,
        "Files by what became of them.",
    );
    for (bay, counts) in with_idle(bench) {
        for (outcome, number) in [
            ("stored", counts.stored),
            ("unchanged", counts.unchanged),
            ("failed", counts.failed),
            ("ignored", counts.ignored),
        ] {
            family.sample(&[("bay", bay), ("outcome", outcome)], number);
        }
    }
    let mut family = page.family(
        "longshore_bay_resets_total",
        MetricsKind::Counter,
        "How often the device in a bay has gone while it was at work.",
    );
    for (bay, _) in with_idle(bench) {
        let resets = bench.resets.iter().find(|(name, _)| name.as_str() == bay);
        family.sample(&[("bay", bay)], resets.map_or(0, |(_, resets)| *resets));
    }
}

/// What was done in each bay, also where that is nothing: what is not there cannot rise.
fn with_idle(bench: &BenchFigures) -> impl Iterator<Item = (&str, BayCounts)> {
    let idle = bench.bays.iter().map(|bay| &bay.name);
    let idle = idle.filter(|name| !bench.counts.contains_key(*name));
    let idle = idle.map(|name| (name.as_str(), BayCounts::default()));
    let counted = bench.counts.iter();
    counted
        .map(|(name, counts)| (name.as_str(), *counts))
        .chain(idle)
}

fn queue(page: &mut MetricsPage, bench: &BenchFigures, now: Timestamp) {
    let waiting = bench
        .bays
        .iter()
        .filter(|bay| bay.state == BayState::Queued);
    let oldest = waiting.clone().map(|bay| bay.since).min();
    let age = oldest.map_or(0, |since| now.unix().saturating_sub(since.unix()).max(0));
    page.family(
        "longshore_station_queue_length",
        MetricsKind::Gauge,
        "Devices that are loaded as soon as others are done.",
    )
    .sample(&[], waiting.count());
    page.family(
        "longshore_station_queue_oldest_seconds",
        MetricsKind::Gauge,
        "How long the device waits that does so for the longest time.",
    )
    .sample(&[], age);
}

fn of_stores(page: &mut MetricsPage, requests: &Requests) {
    let stores = requests.figures();
    let mut family = page.family(
        "longshore_store_requests_total",
        MetricsKind::Counter,
        "Requests to stores by what was asked and how it ended.",
    );
    for (store, figures) in &stores {
        for ((operation, ending), number) in &figures.endings {
            let labels = [
                ("store", &**store),
                ("operation", operation.name()),
                ("code", ending.code()),
            ];
            family.sample(&labels, number);
        }
    }
    let mut family = page.family(
        "longshore_store_request_seconds",
        MetricsKind::Histogram,
        "How long requests to stores took.",
    );
    for (store, figures) in &stores {
        for (operation, took) in &figures.took {
            family.timings(&[("store", store), ("operation", operation.name())], took);
        }
    }
    let mut family = page.family(
        "longshore_store_throttled_total",
        MetricsKind::Counter,
        "How often a store asked to slow down.",
    );
    for (store, figures) in &stores {
        let endings = figures.endings.iter();
        let throttled = endings.filter(|((_, ending), _)| *ending == Ending::SLOW_DOWN);
        let number: u64 = throttled.map(|(_, number)| number).sum();
        family.sample(&[("store", store)], number);
    }
}

/// What the station may use of the rates of stores: of bytes, and of requests.
fn of_shares(page: &mut MetricsPage, [bytes, requests]: &[Vec<(String, u64)>; 2]) {
    let mut family = page.family(
        "longshore_store_share_bytes_per_second",
        MetricsKind::Gauge,
        "The most to send to a store and receive from it in a second, where stations share a limit.",
    );
    for (store, rate) in bytes {
        family.sample(&[("store", store)], rate);
    }
    let mut family = page.family(
        "longshore_store_share_requests_per_second",
        MetricsKind::Gauge,
        "The most to ask of a store in a second, where stations share a limit.",
    );
    for (store, thousandths) in requests {
        let rate = RequestRate {
            thousandths: *thousandths,
        };
        family.sample(&[("store", store)], rate);
    }
}

fn of_heartbeats(page: &mut MetricsPage, pulse: &PulseFigures) {
    page.family(
        "longshore_station_heartbeat_seconds",
        MetricsKind::Histogram,
        "How long the server took to answer heartbeats.",
    )
    .timings(&[], &pulse.took);
    page.family(
        "longshore_station_heartbeat_failures_total",
        MetricsKind::Counter,
        "Heartbeats that were not answered, or refused.",
    )
    .sample(&[], pulse.failures);
    let mut family = page.family(
        "longshore_station_clock_offset_seconds",
        MetricsKind::Gauge,
        "By how much the clock of this host is ahead of the server's.",
    );
    if let Some(ahead) = pulse.clock_ahead {
        family.sample(&[], ahead);
    }
}

fn of_host(page: &mut MetricsPage, free: Option<u64>) {
    let mut family = page.family(
        "longshore_journal_free_bytes",
        MetricsKind::Gauge,
        "Room that is left where the journals are.",
    );
    if let Some(free) = free {
        family.sample(&[], free);
    }
}

fn of_left_reads(page: &mut MetricsPage, left: &LeftReads) {
    page.family(
        "longshore_station_left_reads",
        MetricsKind::Gauge,
        "Reads of devices that gave no answer, which the kernel still has.",
    )
    .sample(&[], left.count());
}

#[cfg(test)]
#[path = "metrics_tests.rs"]
mod tests;
