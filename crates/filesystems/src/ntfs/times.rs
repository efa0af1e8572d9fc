//! $STANDARD_INFORMATION: times, in steps of 100 ns since 1601 UTC, and whether content is elsewhere.
//!
//! Source: libyal libfsntfs, *Standard information attribute*; MS-FSCC 2.6 for the flags.

use crate::fields::{le32, le64};
use crate::told::{Moment, Times};

/// Offline, recalled when opened, recalled when read: "not fully present locally".
const ELSEWHERE: u32 = 0x1000 | 0x4_0000 | 0x40_0000;
/// Seconds from 1601 to 1970.
const TO_1970: i64 = 11_644_473_600;
/// Steps in a second.
const STEPS: i64 = 10_000_000;

/// The times of a $STANDARD_INFORMATION.
pub(super) fn parse(value: &[u8]) -> Times {
    let moment = |at| le64(value, at).and_then(moment);
    Times {
        created: moment(0),
        modified: moment(8),
        changed: moment(16),
        accessed: moment(24),
    }
}

/// Whether the flags of a $STANDARD_INFORMATION say that everything is here.
pub(super) fn is_here(value: &[u8]) -> bool {
    le32(value, 32).is_some_and(|flags| flags & ELSEWHERE == 0)
}

/// A moment; `None` for 0, which stands for none.
fn moment(written: u64) -> Option<Moment> {
    let steps = written.cast_signed();
    let nanoseconds = u32::try_from(steps.rem_euclid(STEPS)).ok()? * 100;
    (steps != 0).then(|| Moment {
        seconds: steps.div_euclid(STEPS) - TO_1970,
        nanoseconds,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_seconds_since_1970() {
        let written = u64::try_from(TO_1970 * STEPS).unwrap();
        let read = |written| moment(written).map(|it| (it.seconds, it.nanoseconds));
        assert_eq!(read(written), Some((0, 0)));
        assert_eq!(read(written - 1), Some((-1, 999_999_900)));
        assert_eq!(read(1), Some((-TO_1970, 100)));
        assert_eq!(read(0), None);
        assert!(read(u64::MAX).is_some());
        assert_eq!(parse(&[1; 3]), Times::default());
    }
}
