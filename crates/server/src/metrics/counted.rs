//! What is not counted as it happens but asked for when a page is made: what the job store has, and how things are.
//!
//! What cannot be asked for has no figures on the page at all. One that fell to zero would resolve an alert, and fire it again
//! a moment later.

use model::metrics_page::{MetricsKind, MetricsPage};
use model::presence::StationState;
use model::progress::AbortReason;
use model::stopped::StopCause;
use model::time::Timestamp;

use crate::jobstore::HoldCount;

/// What was asked for; nothing where there was no answer.
#[derive(Debug, Clone, Default)]
pub(crate) struct Counted {
    /// Jobs by progress code.
    pub(crate) jobs: Option<Vec<(String, u64)>>,
    /// Holds by what for.
    pub(crate) holds: Option<Vec<HoldCount>>,
    /// Stations by state.
    pub(crate) stations: Option<Vec<(StationState, u64)>>,
    /// Orders that no station has answered.
    pub(crate) pending_orders: Option<u64>,
    /// Mails and deliveries to webhooks that wait.
    pub(crate) waiting_notices: Option<[u64; 2]>,
    /// Sessions of the console that go on.
    pub(crate) sessions: Option<u64>,
    /// By how many seconds the clock of this host is ahead of the database's, where that is another host's.
    pub(crate) clock_ahead: Option<i64>,
}

impl Counted {
    /// Their page at `now`.
    pub(super) fn page(&self, now: Timestamp) -> String {
        let mut page = MetricsPage::default();
        self.of_jobs(&mut page, now);
        self.of_stations(&mut page);
        if let Some(waiting) = self.waiting_notices {
            let mut family = page.family(
                "longshore_notices_waiting",
                MetricsKind::Gauge,
                "Notices that are still to be delivered.",
            );
            for (by, number) in ["mail", "webhook"].into_iter().zip(waiting) {
                family.sample(&[("by", by)], number);
            }
        }
        if let Some(sessions) = self.sessions {
            page.family(
                "longshore_sessions",
                MetricsKind::Gauge,
                "Sessions of the console that go on.",
            )
            .sample(&[], sessions);
        }
        let mut family = page.family(
            "longshore_server_clock_offset_seconds",
            MetricsKind::Gauge,
            "By how much the clock of this host is ahead of the database's.",
        );
        if let Some(ahead) = self.clock_ahead {
            family.sample(&[], ahead);
        }
        page.text()
    }

    fn of_jobs(&self, page: &mut MetricsPage, now: Timestamp) {
        if let Some(jobs) = &self.jobs {
            let mut family = page.family(
                "longshore_jobs",
                MetricsKind::Gauge,
                "Jobs by progress code.",
            );
            // A code that no job has any more is not in the list, and has a number all the same.
            let absent = progress_codes().filter(|code| !jobs.iter().any(|(it, _)| it == code));
            for code in absent {
                family.sample(&[("progress", code)], 0);
            }
            for (code, number) in jobs {
                family.sample(&[("progress", code)], number);
            }
        }
        let Some(holds) = &self.holds else {
            return;
        };
        let kinds = || {
            let causes = StopCause::ALL.into_iter();
            causes.filter_map(|cause| Some((cause.code(), cause.hold()?.mender.code())))
        };
        let held = |code: &str| holds.iter().find(|hold| hold.code == code);
        let mut family = page.family(
            "longshore_holds",
            MetricsKind::Gauge,
            "Jobs on hold, by what for.",
        );
        for (code, mender) in kinds() {
            let number = held(code).map_or(0, |hold| hold.jobs);
            family.sample(&[("code", code), ("fix_by", mender)], number);
        }
        let mut family = page.family(
            "longshore_hold_oldest_seconds",
            MetricsKind::Gauge,
            "How long the job is on hold that is so for the longest time.",
        );
        for (code, mender) in kinds() {
            let age = held(code).map_or(0, |hold| now.unix() - hold.oldest.unix());
            family.sample(&[("code", code), ("fix_by", mender)], age.max(0));
        }
    }

    fn of_stations(&self, page: &mut MetricsPage) {
        if let Some(stations) = &self.stations {
            let mut family = page.family(
                "longshore_stations",
                MetricsKind::Gauge,
                "Stations by state.",
            );
            for state in StationState::ALL {
                let found = stations.iter().find(|(counted, _)| *counted == state);
                let number = found.map_or(0, |(_, number)| *number);
                family.sample(&[("state", state.code())], number);
            }
        }
        if let Some(pending) = self.pending_orders {
            page.family(
                "longshore_orders_pending",
                MetricsKind::Gauge,
                "Orders that no station has answered yet.",
            )
            .sample(&[], pending);
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        Timestamp::from_unix(1_700_000_000)
    }

    fn assert_lines(counted: &Counted, lines: &[&str]) {
        let text = counted.page(now());
        for line in lines {
            assert!(
                text.lines().any(|it| it == *line),
                "{line} is not in\n{text}"
            );
        }
    }

    #[test]
    fn holds_are_told_by_what_for_and_are_gone_when_mended() {
        let held = HoldCount {
            code: "StoreFull".to_owned(),
            jobs: 4,
            oldest: now().plus_seconds(-90),
        };
        let with = |holds| Counted {
            holds: Some(holds),
            ..Counted::default()
        };
        assert_lines(
            &with(vec![held]),
            &[
                "longshore_holds{code=\"StoreFull\",fix_by=\"admin\"} 4",
                "longshore_hold_oldest_seconds{code=\"StoreFull\",fix_by=\"admin\"} 90",
                "longshore_holds{code=\"BucketMissing\",fix_by=\"customer\"} 0",
            ],
        );
        assert_lines(
            &with(Vec::new()),
            &[
                "longshore_holds{code=\"StoreFull\",fix_by=\"admin\"} 0",
                "longshore_hold_oldest_seconds{code=\"StoreFull\",fix_by=\"admin\"} 0",
            ],
        );
    }

    #[test]
    fn a_code_that_no_job_has_any_more_counts_none() {
        let jobs = |code: &str| Counted {
            jobs: Some(vec![(code.to_owned(), 3)]),
            ..Counted::default()
        };
        assert_lines(
            &jobs("Pending"),
            &["longshore_jobs{progress=\"Pending\"} 3"],
        );
        assert_lines(
            &jobs("Complete"),
            &[
                "longshore_jobs{progress=\"Pending\"} 0",
                "longshore_jobs{progress=\"Complete\"} 3",
            ],
        );
    }

    /// Whoever hears of no jobs and no holds would think that all is mended.
    #[test]
    fn what_could_not_be_counted_is_left_out_and_is_not_zero() {
        let text = Counted::default().page(now());
        let figures = text.lines().filter(|line| !line.starts_with('#'));
        assert_eq!(figures.count(), 0, "{text}");
        for family in ["longshore_jobs", "longshore_holds", "longshore_stations"] {
            assert!(!text.contains(family), "{family} is in\n{text}");
        }
    }

    /// Its states, codes and stores are as many as they are, whatever number of jobs there is.
    #[test]
    fn however_many_jobs_there_are_there_are_as_many_series() {
        let series = |jobs: u64| {
            let counted = Counted {
                jobs: Some(vec![
                    ("Pending".to_owned(), jobs),
                    ("Complete".to_owned(), jobs),
                ]),
                holds: Some(vec![HoldCount {
                    code: "StoreFull".to_owned(),
                    jobs,
                    oldest: now(),
                }]),
                stations: Some(vec![(StationState::Here, jobs)]),
                pending_orders: Some(jobs),
                waiting_notices: Some([jobs; 2]),
                sessions: Some(jobs),
                clock_ahead: Some(1),
            };
            let page = counted.page(now());
            let lines = page.lines().filter(|line| !line.starts_with('#'));
            let names =
                lines.filter_map(|line| line.rsplit_once(' ').map(|(name, _)| name.to_owned()));
            names.collect::<Vec<_>>()
        };
        let few = series(1);
        assert!(few.contains(&"longshore_sessions".to_owned()));
        assert_eq!(few, series(10_000));
    }
}
