//! How often a device has gone and come back: a cable says so before it breaks.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use model::ids::JobId;

/// Within what time returns are counted.
const WITHIN: Duration = Duration::from_secs(3600);

/// From how many on it is told.
const TOLD_FROM: usize = 3;

/// When the devices of jobs have gone while they were at work.
#[derive(Debug, Clone, Default)]
pub(super) struct Returns(BTreeMap<JobId, Vec<Instant>>);

impl Returns {
    /// The device of a job has gone.
    pub(super) fn gone(&mut self, job: JobId, now: Instant) {
        self.0.retain(|_, times| {
            times.retain(|at| now.saturating_duration_since(*at) < WITHIN);
            !times.is_empty()
        });
        self.0.entry(job).or_default().push(now);
    }

    /// What is to be said of it, if it has gone too often.
    pub(super) fn remark(&self, job: JobId, now: Instant) -> Option<String> {
        let times = self.0.get(&job)?;
        let lately = |at: &&Instant| now.saturating_duration_since(**at) < WITHIN;
        let count = times.iter().filter(lately).count();
        (count >= TOLD_FROM).then(|| {
            format!(
                "It has gone {count} times within an hour: change its cable, or take another bay."
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_third_time_within_an_hour_is_told() {
        let job = JobId::new("ABCDE").unwrap();
        let begin = Instant::now();
        let at = |minutes: u64| begin + Duration::from_secs(60 * minutes);
        let mut returns = Returns::default();
        returns.gone(job, at(0));
        returns.gone(job, at(30));
        assert_eq!(returns.remark(job, at(31)), None);
        returns.gone(job, at(70));
        assert_eq!(returns.remark(job, at(71)), None, "the first was long ago");
        returns.gone(job, at(80));
        assert!(returns.remark(job, at(81)).unwrap().contains("3 times"));
        assert_eq!(returns.remark(job, at(200)), None);
    }
}
