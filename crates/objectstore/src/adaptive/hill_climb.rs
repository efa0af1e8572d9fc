//! How many requests to let in at once, decided from what was measured.
//!
//! A climb: a step up stays if it got at least [`GAIN`] more done; otherwise it is taken back, and no
//! other is tried for [`REST`] windows. The measure is what a place gets done in its busy
//! time, times the places: unlike a count by the clock it does not depend on where in a window long
//! requests happen to end.

use std::time::Duration;

/// How many requests to begin with: enough to see whether more help.
const FIRST: usize = 8;

/// The shortest window, so that chance evens out.
const WINDOW: Duration = Duration::from_millis(250);

/// What a step up must gain to stay: above the noise of a quiet store (3 to 8 %), far below what the
/// half as many again bring where waiting is the bottleneck.
const GAIN: f64 = 1.1;

/// Windows after a step in vain before the next is tried.
const REST: u32 = 20;

/// What was measured between two decisions.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Window {
    /// By the clock.
    pub(super) took: Duration,
    /// Requests that ended.
    pub(super) requests: usize,
    /// What they got done: bytes, and what a request is worth.
    pub(super) work: u64,
    /// The time they took, summed up.
    pub(super) busy: Duration,
    /// Most requests that were on their way at once.
    pub(super) most: usize,
}

impl Window {
    /// What so many places get done in a second.
    fn rate(&self, places: usize) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "an estimate")]
        let (work, places) = (self.work as f64, places as f64);
        work / self.busy.as_secs_f64().max(1e-6) * places
    }
}

/// What the present limit is to show.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Trial {
    /// Nothing was measured yet.
    Measure,
    /// It is more than `from`, which got `rate` done.
    Gain { from: usize, rate: f64 },
    /// It does well; after so many windows a step up is tried.
    Rest { windows: u32 },
}

/// The limit, and what is being tried.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct HillClimb {
    limit: usize,
    cap: usize,
    trial: Trial,
}

impl HillClimb {
    pub(super) fn new(cap: usize) -> Self {
        let cap = cap.max(1);
        Self {
            limit: cap.min(FIRST),
            cap,
            trial: Trial::Measure,
        }
    }

    pub(super) fn limit(&self) -> usize {
        self.limit
    }

    /// Whether a window says enough: each place ended two requests or so.
    ///
    /// Twice, for the first of them may have begun under the limit before.
    pub(super) fn has_seen_enough(&self, window: &Window) -> bool {
        window.took >= WINDOW && window.requests >= 2 * self.limit
    }

    /// Takes the next step.
    pub(super) fn decide(&mut self, window: &Window) {
        // Who does not use all places tells nothing about more of them.
        if window.most < self.limit {
            return;
        }
        let rate = window.rate(self.limit);
        match self.trial {
            Trial::Gain { from, rate: before } if rate < before * GAIN => {
                self.limit = from;
                self.trial = Trial::Rest { windows: REST };
            }
            Trial::Rest { windows } if windows > 0 => {
                self.trial = Trial::Rest {
                    windows: windows - 1,
                };
            }
            Trial::Measure | Trial::Gain { .. } | Trial::Rest { .. } => self.step_up(rate),
        }
    }

    fn step_up(&mut self, rate: f64) {
        let from = self.limit;
        self.limit = (from + from.div_ceil(2)).min(self.cap);
        self.trial = if self.limit == from {
            Trial::Rest { windows: REST }
        } else {
            Trial::Gain { from, rate }
        };
    }

    /// Gives way to a store that asks for it, and stays there for a while.
    pub(super) fn halve(&mut self) {
        self.limit = (self.limit / 2).max(1);
        self.trial = Trial::Rest { windows: REST };
    }
}

#[cfg(test)]
#[expect(clippy::cast_precision_loss, reason = "small numbers of tests")]
mod tests {
    use super::*;

    /// A store in which `limit` requests of `work` at once take `seconds` each.
    fn window(limit: usize, work: u64, seconds: f64) -> Window {
        let requests = 4 * limit;
        Window {
            took: Duration::from_secs(1),
            requests,
            work: work * u64::try_from(requests).unwrap(),
            busy: Duration::from_secs_f64(seconds).mul_f64(requests as f64),
            most: limit,
        }
    }

    /// A request takes a tenth of a second, and longer once more than `knee` share the store.
    fn seconds(limit: usize, knee: f64) -> f64 {
        0.1 * (limit as f64 / knee).max(1.0)
    }

    fn limits(cap: usize, knee: f64, windows: usize) -> Vec<usize> {
        let mut climb = HillClimb::new(cap);
        (0..windows)
            .map(|_| {
                let limit = climb.limit();
                climb.decide(&window(limit, 1 << 20, seconds(limit, knee)));
                climb.limit()
            })
            .collect()
    }

    #[test]
    fn the_limit_climbs_to_where_more_do_not_help() {
        for (cap, knee, path) in [
            (32, 1000.0, vec![12, 18, 27, 32, 32, 32]),
            (32, 12.0, vec![12, 18, 12, 12, 12, 12]),
            (32, 8.0, vec![12, 8, 8, 8, 8, 8]),
            (32, 1.0, vec![12, 8, 8, 8, 8, 8]),
            (1, 100.0, vec![1; 6]),
            (3, 100.0, vec![3; 6]),
            (
                1024,
                500.0,
                vec![12, 18, 27, 41, 62, 93, 140, 210, 315, 473, 710, 473],
            ),
        ] {
            assert_eq!(limits(cap, knee, path.len()), path, "{cap} {knee}");
        }
    }

    #[test]
    fn a_step_in_vain_is_tried_again_after_a_rest() {
        let path = limits(32, 8.0, 60);
        let tries = path.iter().filter(|limit| **limit == 12).count();
        assert_eq!(tries, 3, "{path:?}");
        assert!(path.iter().all(|limit| [8, 12].contains(limit)), "{path:?}");
    }

    #[test]
    fn tiny_puts_and_large_parts_climb_alike() {
        for (work, seconds) in [(64 << 10, 0.001), (64 << 20, 30.0)] {
            let mut climb = HillClimb::new(32);
            for _ in 0..6 {
                climb.decide(&window(climb.limit(), work, seconds));
            }
            assert_eq!(climb.limit(), 32);
        }
    }

    #[test]
    fn places_that_are_not_used_are_not_added_to() {
        let mut climb = HillClimb::new(32);
        let idle = Window {
            most: 3,
            ..window(8, 1 << 20, 0.1)
        };
        for _ in 0..50 {
            climb.decide(&idle);
        }
        assert_eq!(climb.limit(), 8);
    }

    #[test]
    fn halving_ends_at_one_and_is_made_good_slowly() {
        let mut climb = HillClimb::new(32);
        let halved: Vec<usize> = (0..5)
            .map(|_| {
                climb.halve();
                climb.limit()
            })
            .collect();
        assert_eq!(halved, [4, 2, 1, 1, 1]);
        let mut windows = 0;
        while climb.limit() == 1 {
            climb.decide(&window(1, 1 << 20, 0.1));
            windows += 1;
        }
        assert_eq!((windows, climb.limit()), (REST + 1, 2));
    }

    #[test]
    fn a_window_needs_time_and_requests() {
        let climb = HillClimb::new(8);
        let enough = window(8, 1, 0.1);
        assert!(climb.has_seen_enough(&enough));
        let short = Window {
            took: Duration::from_millis(249),
            ..enough
        };
        let few = Window {
            requests: 15,
            ..enough
        };
        assert!(!climb.has_seen_enough(&short) && !climb.has_seen_enough(&few));
    }
}
