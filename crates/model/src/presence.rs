//! Whether a station is there, by the heartbeats it has sent: late, silent, or two hosts under one name; and when it
//! gets no new job.
//!
//! Nothing is written when a station falls silent: that follows from the time of its last heartbeat, so that every
//! server says the same at the same moment.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::ids::Boot;
use crate::time::Timestamp;

/// Seconds between two heartbeats.
pub const EVERY_SECONDS: u32 = 5;

/// After so many seconds without a heartbeat a station is late: three of them are missing.
pub const LATE_SECONDS: i64 = 3 * EVERY_SECONDS as i64;

/// After so many seconds without a heartbeat a station is silent: as long as a lease holds.
pub const SILENT_SECONDS: i64 = 60;

/// So many seconds a clock may be wrong before anybody is told: what a request may take on its way.
pub const CLOCK_WARNED_SECONDS: i64 = 5;

/// With a clock that is wrong by more seconds than this a station gets no new job: stores refuse what is signed by such
/// a clock, and its journals would be out of order.
pub const CLOCK_REFUSED_SECONDS: i64 = 60;

/// Most runs of one station that are remembered: so many hosts with one name are told apart.
const RUNS: usize = 16;

/// One run of a station's program, as far as it was heard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Run {
    boot: Boot,
    seq: u64,
    at: Timestamp,
}

/// The runs of a station's program that were heard lately, the last first, and whether two of them run at once.
///
/// A run that another has followed does not come back, for a program that has ended does not: if it does, two hosts have
/// one name.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Runs {
    last: Vec<Run>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    twice_until: Option<Timestamp>,
}

/// What a heartbeat is among those that were heard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// It is new; the runs with it.
    New(Runs),
    /// It was heard before, or a later one was: it changes nothing.
    Before,
}

impl Runs {
    /// Hears a heartbeat.
    #[must_use]
    pub fn hear(&self, boot: &Boot, seq: u64, now: Timestamp) -> Heard {
        let place = self.last.iter().position(|run| run.boot == *boot);
        if place.is_some_and(|place| seq <= self.last[place].seq) {
            return Heard::Before;
        }
        let came_back = place.is_some_and(|place| place > 0);
        let twice_until = match came_back {
            true => Some(now.plus_seconds(SILENT_SECONDS)),
            false => self.twice_until.filter(|until| *until > now),
        };
        let this = Run {
            boot: boot.clone(),
            seq,
            at: now,
        };
        let is_recent = |run: &&Run| run.at > now.plus_seconds(-SILENT_SECONDS);
        let others = self.last.iter().filter(|run| run.boot != *boot);
        let others = others.filter(is_recent).take(RUNS - 1).cloned();
        Heard::New(Self {
            last: std::iter::once(this).chain(others).collect(),
            twice_until,
        })
    }

    /// Whether two runs under this name were heard in turns lately.
    #[must_use]
    pub fn are_two(&self, now: Timestamp) -> bool {
        self.twice_until.is_some_and(|until| until > now)
    }
}

/// What is known of a station's presence.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Presence {
    /// When its token became void.
    pub revoked: Option<Timestamp>,
    /// Since when it is to begin nothing new.
    pub draining: Option<Timestamp>,
    /// When its last heartbeat came; one that loads by hand only sends none.
    pub heard: Option<Timestamp>,
    /// By how many seconds its clock was ahead then.
    pub clock_ahead: i64,
    /// Its runs.
    pub runs: Runs,
    /// Whether it holds a lease.
    pub is_at_work: bool,
}

/// How a station is, in one word; of several that are true the first of these. The names are stable words for machines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StationState {
    /// Its token is void.
    Revoked,
    /// Two hosts send heartbeats under its name.
    Twice,
    /// No heartbeat for a minute.
    Silent,
    /// Three heartbeats are missing.
    Late,
    /// It begins nothing new and is not yet done.
    Draining,
    /// It begins nothing new, and nothing runs any more.
    Drained,
    /// It has never sent a heartbeat: devices are docked there by hand, if at all.
    Unheard,
    /// All is as it should be.
    Here,
    /// What a newer release says.
    #[serde(other)]
    Other,
}

impl StationState {
    /// Every state that this release knows, in the order in which they are asked.
    pub const ALL: [Self; 8] = [
        Self::Revoked,
        Self::Twice,
        Self::Silent,
        Self::Late,
        Self::Draining,
        Self::Drained,
        Self::Unheard,
        Self::Here,
    ];

    /// A stable word for machines.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Revoked => "revoked",
            Self::Twice => "twice",
            Self::Silent => "silent",
            Self::Late => "late",
            Self::Draining => "draining",
            Self::Drained => "drained",
            Self::Unheard => "unheard",
            Self::Here => "here",
            Self::Other => "other",
        }
    }
}

impl fmt::Display for StationState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// Why a station gets no new job. What it has begun it goes on with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NoClaims {
    /// Two hosts send heartbeats under its name: a lease that the one has would be given to the other.
    Twice,
    /// Its clock is wrong.
    Clock,
    /// It is drained.
    Draining,
    /// What a newer release says.
    #[serde(other)]
    Other,
}

impl Presence {
    /// How the station is at `now`.
    #[must_use]
    pub fn state(&self, now: Timestamp) -> StationState {
        let quiet = |seconds: i64| {
            let heard_since = |heard: Timestamp| heard > now.plus_seconds(-seconds);
            self.heard.is_some_and(|heard| !heard_since(heard))
        };
        if self.revoked.is_some() {
            StationState::Revoked
        } else if self.runs.are_two(now) {
            StationState::Twice
        } else if quiet(SILENT_SECONDS) {
            StationState::Silent
        } else if quiet(LATE_SECONDS) {
            StationState::Late
        } else if self.draining.is_some() {
            match self.is_at_work {
                true => StationState::Draining,
                false => StationState::Drained,
            }
        } else if self.heard.is_none() {
            StationState::Unheard
        } else {
            StationState::Here
        }
    }

    /// Why it gets no new job at `now`, if it gets none. What a silent station said of its clock counts no more.
    #[must_use]
    pub fn no_claims(&self, now: Timestamp) -> Option<NoClaims> {
        let is_heard = |heard: Timestamp| heard > now.plus_seconds(-SILENT_SECONDS);
        let clock_is_wrong = self.clock_ahead.unsigned_abs() > CLOCK_REFUSED_SECONDS.unsigned_abs();
        if self.runs.are_two(now) {
            Some(NoClaims::Twice)
        } else if clock_is_wrong && self.heard.is_some_and(is_heard) {
            Some(NoClaims::Clock)
        } else if self.draining.is_some() {
            Some(NoClaims::Draining)
        } else {
            None
        }
    }
}

/// By how many seconds a clock is ahead, if anybody is to be told.
#[must_use]
pub fn worth_a_word(clock_ahead: i64) -> Option<i64> {
    let is_wrong = clock_ahead.unsigned_abs() > CLOCK_WARNED_SECONDS.unsigned_abs();
    is_wrong.then_some(clock_ahead)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_unix(1_700_000_000).plus_seconds(seconds)
    }

    fn boot(name: &str) -> Boot {
        Boot::new(name).unwrap()
    }

    /// Hears heartbeats, each a run, a number and the second it comes; gives the runs after all of them.
    fn heard(all: &[(&str, u64, i64)]) -> Runs {
        all.iter()
            .fold(Runs::default(), |runs, &(name, seq, second)| {
                match runs.hear(&boot(name), seq, at(second)) {
                    Heard::New(next) => next,
                    Heard::Before => runs,
                }
            })
    }

    #[test]
    fn a_heartbeat_that_comes_again_or_late_changes_nothing() {
        let runs = heard(&[("a", 1, 0), ("a", 2, 5), ("a", 4, 15)]);
        for old in [1, 2, 3, 4] {
            assert_eq!(runs.hear(&boot("a"), old, at(16)), Heard::Before, "{old}");
        }
        assert!(matches!(runs.hear(&boot("a"), 5, at(20)), Heard::New(_)));
    }

    #[test]
    fn a_program_that_starts_anew_is_one() {
        let runs = heard(&[
            ("a", 1, 0),
            ("a", 2, 5),
            ("b", 1, 7),
            ("c", 1, 9),
            ("c", 2, 14),
        ]);
        assert!(!runs.are_two(at(14)));
        // The network gives a heartbeat of the run before once more.
        assert_eq!(runs.hear(&boot("a"), 2, at(15)), Heard::Before);
    }

    #[test]
    fn two_hosts_with_one_name_are_noticed_until_one_stops() {
        let both = [("a", 1, 0), ("b", 1, 1), ("a", 2, 5), ("b", 2, 6)];
        assert!(
            !heard(&both[..2]).are_two(at(1)),
            "it may have started anew"
        );
        assert!(heard(&both[..3]).are_two(at(5)));
        let mut all = both.to_vec();
        // One stops; the other goes on.
        for n in 2..=12 {
            all.push(("b", u64::try_from(n).unwrap() + 1, 1 + 5 * n));
        }
        let runs = heard(&all);
        assert!(runs.are_two(at(65)));
        assert!(!runs.are_two(at(66)), "a minute after the last of both");
        let three = [("a", 1, 0), ("b", 1, 1), ("c", 1, 2), ("a", 2, 5)];
        assert!(heard(&three).are_two(at(5)), "three hosts in turn");
    }

    #[test]
    fn what_is_remembered_of_runs_is_bounded() {
        let runs = (0..1000_u64).fold(Runs::default(), |runs, n| {
            match runs.hear(&boot(&format!("r{n}")), 1, at(0)) {
                Heard::New(next) => next,
                Heard::Before => panic!("each is new"),
            }
        });
        assert_eq!(runs.last.len(), RUNS);
        let later = runs.hear(&boot("z"), 1, at(61));
        assert!(matches!(later, Heard::New(runs) if runs.last.len() == 1));
    }

    #[test]
    fn a_station_is_late_after_three_heartbeats_and_silent_after_a_minute() {
        let presence = Presence {
            heard: Some(at(0)),
            ..Presence::default()
        };
        for (second, state) in [
            (0, StationState::Here),
            (14, StationState::Here),
            (15, StationState::Late),
            (59, StationState::Late),
            (60, StationState::Silent),
        ] {
            assert_eq!(presence.state(at(second)), state, "{second}");
        }
        assert_eq!(Presence::default().state(at(0)), StationState::Unheard);
    }

    #[test]
    fn the_worst_is_said_first() {
        let now = at(6);
        let mut presence = Presence {
            heard: Some(now),
            draining: Some(now),
            is_at_work: true,
            ..Presence::default()
        };
        assert_eq!(presence.state(now), StationState::Draining);
        presence.is_at_work = false;
        assert_eq!(presence.state(now), StationState::Drained);
        assert_eq!(presence.no_claims(now), Some(NoClaims::Draining));
        presence.clock_ahead = -61;
        assert_eq!(presence.no_claims(now), Some(NoClaims::Clock));
        assert_eq!(
            presence.no_claims(at(66)),
            Some(NoClaims::Draining),
            "it is silent"
        );
        presence.runs = heard(&[("a", 1, 0), ("b", 1, 1), ("a", 2, 5)]);
        assert_eq!(presence.state(now), StationState::Twice);
        assert_eq!(presence.no_claims(now), Some(NoClaims::Twice));
        presence.revoked = Some(now);
        assert_eq!(presence.state(now), StationState::Revoked);
    }

    #[test]
    fn a_clock_is_warned_of_after_five_seconds_and_trusted_for_a_minute() {
        for (ahead, word) in [(5, None), (-5, None), (6, Some(6)), (-600, Some(-600))] {
            assert_eq!(worth_a_word(ahead), word);
        }
        let with = |clock_ahead| Presence {
            heard: Some(at(0)),
            clock_ahead,
            ..Presence::default()
        };
        assert_eq!(with(60).no_claims(at(1)), None);
        assert_eq!(with(i64::MIN).no_claims(at(1)), Some(NoClaims::Clock));
    }

    #[test]
    fn words_are_stable() {
        for state in StationState::ALL {
            let word = format!("\"{state}\"");
            assert_eq!(serde_json::to_string(&state).unwrap(), word);
        }
        let stored = r#"{"last":[{"boot":"a","seq":2,"at":"2023-11-14T22:13:25Z"},
            {"boot":"b","seq":1,"at":"2023-11-14T22:13:21Z"}],"twice_until":"2023-11-14T22:14:25Z"}"#;
        let expected = heard(&[("a", 1, 0), ("b", 1, 1), ("a", 2, 5)]);
        assert_eq!(serde_json::from_str::<Runs>(stored).unwrap(), expected);
    }
}
