//! When a delivery that failed is tried again, and when it is given up.

/// Seconds from one try to the next (Standard Webhooks, *Operational considerations*): the first is at once, and the tenth is
/// the last, some three days later.
const WAITS: [i64; 9] = [
    5,
    5 * 60,
    30 * 60,
    2 * 60 * 60,
    5 * 60 * 60,
    10 * 60 * 60,
    14 * 60 * 60,
    20 * 60 * 60,
    24 * 60 * 60,
];

/// Least seconds until a receiver is asked again that says it has too much to do.
const SLOWER: i64 = 60;

/// Most seconds for which a receiver may have us wait.
const LONGEST_ASKED: i64 = 24 * 60 * 60;

/// What a receiver that did not take a delivery said of the time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pace {
    /// Nothing.
    Usual,
    /// That it has too much to do, and after how many seconds it may be asked, if it said.
    Slower(Option<i64>),
}

/// Seconds until a delivery that was tried so often is tried again; `None` if it is given up. `chance` is any number: servers
/// that tried at the same time do not try again at the same time.
#[must_use]
pub(crate) fn wait(tries: u32, pace: Pace, chance: u64) -> Option<i64> {
    let index = usize::try_from(tries)
        .unwrap_or(usize::MAX)
        .checked_sub(1)?;
    let usual = *WAITS.get(index)?;
    let least = match pace {
        Pace::Usual => 0,
        Pace::Slower(asked) => asked.unwrap_or(SLOWER).clamp(SLOWER, LONGEST_ASKED),
    };
    let wait = usual.max(least);
    let tenth = u64::try_from(wait / 10).unwrap_or(0);
    Some(wait + i64::try_from(chance % (tenth + 1)).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_tries_in_three_days_and_no_more() {
        let waits: Vec<Option<i64>> = (1..=10).map(|tries| wait(tries, Pace::Usual, 0)).collect();
        let expected = [5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400];
        assert_eq!(waits[..9], expected.map(Some));
        assert_eq!(waits[9], None);
        assert_eq!(wait(u32::MAX, Pace::Usual, 7), None);
    }

    #[test]
    fn a_tenth_is_added_by_chance_and_nothing_taken_away() {
        let all: Vec<i64> = (0..500)
            .filter_map(|chance| wait(2, Pace::Usual, chance))
            .collect();
        assert_eq!(all.iter().min(), Some(&300));
        assert_eq!(all.iter().max(), Some(&330));
    }

    #[test]
    fn a_receiver_may_slow_us_down_and_not_stop_us() {
        assert_eq!(wait(1, Pace::Slower(None), 0), Some(60));
        assert_eq!(wait(1, Pace::Slower(Some(0)), 0), Some(60));
        assert_eq!(wait(1, Pace::Slower(Some(600)), 0), Some(600));
        assert_eq!(wait(3, Pace::Slower(Some(600)), 0), Some(1800));
        assert_eq!(wait(2, Pace::Slower(Some(i64::MAX)), 0), Some(86_400));
        assert_eq!(wait(10, Pace::Slower(Some(600)), 0), None);
    }
}
