//! Places of a device that cannot be read: for good, in some attempts, or until they were tried so often.

use std::ops::Range;
use std::sync::atomic::{AtomicU32, Ordering};

use rustix::io::Errno;

/// A place that cannot be read.
#[derive(Debug)]
pub struct Place {
    /// Where on the device.
    pub range: Range<u64>,
    /// With what error.
    pub errno: Errno,
    /// How long.
    pub lasting: Lasting,
}

/// How long a place cannot be read.
#[derive(Debug)]
pub enum Lasting {
    /// For good.
    Always,
    /// In some attempts.
    AtTimes,
    /// Until so many more reads have touched it.
    Tries(AtomicU32),
}

/// All such places of a device, which outlive every attempt.
#[derive(Debug, Default)]
pub struct Faults(Vec<Place>);

impl Faults {
    /// These places.
    #[must_use]
    pub fn new(mut places: Vec<Place>) -> Self {
        places.sort_by_key(|place| place.range.start);
        Self(places)
    }

    /// The first place that a read touches and that cannot be read now; `is_flaky` says whether it is one of those
    /// attempts. It has been tried once more then.
    #[must_use]
    pub fn meet(&self, read: &Range<u64>, is_flaky: bool) -> Option<&Place> {
        let is_met = |place: &&Place| {
            let is_touched = place.range.start < read.end && read.start < place.range.end;
            is_touched && place.lasting.fails(is_flaky)
        };
        self.0.iter().find(is_met)
    }
}

impl Lasting {
    fn fails(&self, is_flaky: bool) -> bool {
        let one_less = |left: u32| left.checked_sub(1);
        match self {
            Self::Always => true,
            Self::AtTimes => is_flaky,
            Self::Tries(left) => left
                .fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_less)
                .is_ok(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_fails_as_long_as_it_is_said() {
        let place = |range, lasting| Place {
            range,
            errno: Errno::IO,
            lasting,
        };
        let faults = Faults::new(vec![
            place(30..40, Lasting::AtTimes),
            place(10..20, Lasting::Tries(2.into())),
            place(50..60, Lasting::Always),
        ]);
        let met = |read: Range<u64>, is_flaky| {
            let place = faults.meet(&read, is_flaky);
            place.map(|place| place.range.start)
        };
        assert_eq!(met(0..10, true), None);
        assert_eq!([met(0..11, false), met(19..25, false)], [Some(10); 2]);
        assert_eq!(met(0..25, false), None, "it comes");
        assert_eq!(met(20..45, true), Some(30));
        assert_eq!(met(20..45, false), None);
        assert_eq!(met(20..55, false), Some(50));
    }
}
