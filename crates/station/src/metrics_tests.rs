//! What stands on the page of a station, and that it stays as long as it is.

use std::collections::BTreeSet;

use model::bay::{BayName, BayStatus, PortId};
use model::ids::JobId;
use model::timings::Timings;

use super::*;
use crate::resident::DiskFigures;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_unix(1_000_000 + seconds)
}

fn bay(name: &str, state: BayState, job: Option<JobId>) -> BayStatus {
    let (name, port) = (
        BayName::new(name).unwrap(),
        PortId::new("usb3-2.4").unwrap(),
    );
    BayStatus {
        state,
        job,
        ..BayStatus::empty(name, port, at(0))
    }
}

fn bench(bays: Vec<BayStatus>) -> BenchFigures {
    BenchFigures {
        bays,
        bad_ranges: [(BayName::new("B1").unwrap(), 2)].into(),
        counts: [(
            BayName::new("B1").unwrap(),
            BayCounts {
                read_bytes: 70,
                sent_bytes: 60,
                stored: 5,
                failed: 1,
                ..BayCounts::default()
            },
        )]
        .into(),
        resets: [(BayName::new("B1").unwrap(), 3)].into(),
        conditions: [
            ("B1", Some(true), Some(41)),
            ("B2", Some(false), None),
            ("B3", None, Some(-3)),
        ]
        .map(|(bay, is_failing, temperature)| {
            let figures = DiskFigures {
                is_failing,
                temperature,
            };
            (BayName::new(bay).unwrap(), figures)
        })
        .into(),
        named: Timings::new(&[]),
    }
}

fn page(bench: &BenchFigures, now: Timestamp) -> String {
    let mut page = MetricsPage::default();
    of_bays(&mut page, bench, now);
    page.text()
}

fn assert_lines(text: &str, lines: &[&str]) {
    for line in lines {
        assert!(
            text.lines().any(|it| it == *line),
            "{line} is not in\n{text}"
        );
    }
}

#[test]
fn bays_are_told_by_state_job_port_and_what_was_done() {
    let job = JobId::new("ABCDE");
    let text = page(
        &bench(vec![
            bay("B1", BayState::Loading, job.ok()),
            bay("B2", BayState::Queued, None),
        ]),
        at(90),
    );
    assert_lines(
        &text,
        &[
            "longshore_bay_state{bay=\"B1\",state=\"loading\"} 1",
            "longshore_bay_state{bay=\"B1\",state=\"queued\"} 0",
            "longshore_bay_info{bay=\"B1\",job=\"ABCDE\",port=\"usb3-2.4\"} 1",
            "longshore_bay_info{bay=\"B2\",job=\"\",port=\"usb3-2.4\"} 1",
            "longshore_bay_read_bytes_total{bay=\"B1\"} 70",
            "longshore_bay_disk_failing{bay=\"B1\"} 1",
            "longshore_bay_disk_failing{bay=\"B2\"} 0",
            "longshore_bay_disk_temperature_celsius{bay=\"B1\"} 41",
            "longshore_bay_disk_temperature_celsius{bay=\"B3\"} -3",
            "longshore_bay_sent_bytes_total{bay=\"B2\"} 0",
            "longshore_bay_files_total{bay=\"B1\",outcome=\"stored\"} 5",
            "longshore_bay_files_total{bay=\"B1\",outcome=\"failed\"} 1",
            "longshore_bay_bad_ranges{bay=\"B1\"} 2",
            "longshore_bay_bad_ranges{bay=\"B2\"} 0",
            "longshore_bay_resets_total{bay=\"B1\"} 3",
            "longshore_station_queue_length 1",
            "longshore_station_queue_oldest_seconds 90",
        ],
    );
}

/// The names and labels of a page, without their values.
fn series(text: &str) -> BTreeSet<String> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let series = lines.filter_map(|line| Some(line.rsplit_once(' ')?.0.to_owned()));
    series.collect()
}

#[test]
fn however_many_jobs_are_loaded_there_are_as_many_series() {
    let figures = |number: u64| {
        let job = JobId::from_entropy((number * 7919).to_le_bytes());
        bench(vec![bay("B1", BayState::Loading, Some(job))])
    };
    let first = series(&page(&figures(0), at(0)));
    for number in 1..10_000 {
        let now = series(&page(&figures(number), at(0)));
        assert_eq!(now.len(), first.len());
        let others = now.difference(&first);
        let others: Vec<_> = others.map(|it| it.split('{').next().unwrap()).collect();
        assert!(
            others.iter().all(|name| *name == "longshore_bay_info"),
            "{others:?}"
        );
    }
}

#[test]
fn a_station_is_ready_while_its_server_answers() {
    let answered = Instant::now();
    assert!(!is_fresh(None, answered));
    assert!(is_fresh(Some(answered), answered + Duration::from_secs(29)));
    assert!(!is_fresh(Some(answered), answered + FRESH));
}

#[test]
fn shares_of_stores_are_told_where_there_are_some() {
    let mut page = MetricsPage::default();
    of_shares(&mut page, &[Vec::new(), Vec::new()]);
    assert_eq!(series(&page.text()), BTreeSet::new());
    let mut page = MetricsPage::default();
    let store = || "ceph:8000".to_owned();
    of_shares(
        &mut page,
        &[vec![(store(), 50_000_000)], vec![(store(), 62_500)]],
    );
    assert_lines(
        &page.text(),
        &[
            "longshore_store_share_bytes_per_second{store=\"ceph:8000\"} 50000000",
            "longshore_store_share_requests_per_second{store=\"ceph:8000\"} 62.5",
        ],
    );
}

#[test]
fn heartbeats_and_the_clock_are_told_as_the_last_answer_says() {
    let mut text = MetricsPage::default();
    let pulse = Pulse::default();
    of_heartbeats(&mut text, &pulse.figures());
    let text = text.text();
    let offset = "longshore_station_clock_offset_seconds";
    assert!(
        !series(&text).contains(offset),
        "nobody has answered: {text}"
    );
    let mut page = MetricsPage::default();
    let figures = PulseFigures {
        clock_ahead: Some(-7),
        failures: 2,
        ..PulseFigures::default()
    };
    of_heartbeats(&mut page, &figures);
    assert_lines(
        &page.text(),
        &[
            "longshore_station_clock_offset_seconds -7",
            "longshore_station_heartbeat_failures_total 2",
            "longshore_station_heartbeat_seconds_count 0",
        ],
    );
}
