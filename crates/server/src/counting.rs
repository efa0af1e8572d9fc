//! Asks for what `/metrics` tells and nobody counts as it happens.
//!
//! To count a million jobs takes a database half a second, and several collectors may ask every few seconds. So what took
//! long is good for a while, and what took no time is asked for each time. What has no answer in time is left out.

use std::time::Duration;

use model::order::stale_since;
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::app::Context;
use crate::jobstore::{HoldCount, JobStoreError};
use crate::metrics::counted::Counted;
use crate::ops::stations;

/// How long a count is waited for: who collects figures gives the page up after ten seconds, with all that is on it.
const WITHIN: Duration = Duration::from_secs(5);

/// What is counted within this time is counted each time.
const QUICK: Duration = Duration::from_millis(20);

/// How long what took longer is good for: so many times what it took, and no longer than that. So counting takes a
/// thirtieth of a database's time at most, and what is told is as old as one look of a collector.
const TIMES: u32 = 30;
const LONGEST: Duration = Duration::from_secs(15);

/// What is counted over all jobs.
#[derive(Debug, Clone, Default)]
struct OfJobs {
    jobs: Option<Vec<(String, u64)>>,
    holds: Option<Vec<HoldCount>>,
}

/// What was counted last, and until when that is good.
#[derive(Debug, Default)]
pub(crate) struct Counting(Mutex<Option<(Instant, OfJobs)>>);

impl Counting {
    /// How everything is.
    pub(crate) async fn counted(&self, context: &Context) -> Counted {
        let now = context.clock.now();
        let admin = context.admin();
        let (of_jobs, stations, pending_orders, waiting_notices, sessions) = tokio::join!(
            self.of_jobs(context),
            in_time(stations::counts(&admin)),
            in_time(context.jobs.pending_orders(stale_since(now))),
            in_time(context.jobs.waiting_deliveries()),
            in_time(context.jobs.session_count(now)),
        );
        Counted {
            jobs: of_jobs.jobs,
            holds: of_jobs.holds,
            stations,
            pending_orders,
            waiting_notices,
            sessions,
            clock_ahead: context.database_clock.as_ref().map(|it| it.ahead()),
        }
    }

    async fn of_jobs(&self, context: &Context) -> OfJobs {
        // Who asks meanwhile waits for this count, and makes none of its own.
        let mut last = self.0.lock().await;
        if let Some((good_until, counted)) = &*last
            && Instant::now() < *good_until
        {
            return counted.clone();
        }
        let begun = Instant::now();
        let (jobs, holds) = tokio::join!(
            in_time(context.jobs.job_counts()),
            in_time(context.jobs.hold_counts())
        );
        let counted = OfJobs { jobs, holds };
        let good_until = Instant::now() + good_for(begun.elapsed());
        *last = Some((good_until, counted.clone()));
        counted
    }
}

/// How long what took so long to count is good for.
fn good_for(took: Duration) -> Duration {
    match took <= QUICK {
        true => Duration::ZERO,
        false => (took * TIMES).min(LONGEST),
    }
}

async fn in_time<T>(counted: impl Future<Output = Result<T, JobStoreError>>) -> Option<T> {
    match tokio::time::timeout(WITHIN, counted).await {
        Ok(Ok(counted)) => Some(counted),
        Ok(Err(error)) => {
            let error = &error as &dyn std::error::Error;
            tracing::error!(error, "job store failed");
            None
        }
        Err(_) => {
            tracing::error!("job store does not answer");
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_took_long_to_count_is_good_for_a_while_and_what_took_no_time_is_not() {
        let millis = Duration::from_millis;
        assert_eq!(good_for(millis(3)), Duration::ZERO);
        assert_eq!(good_for(millis(100)), millis(3000));
        assert_eq!(good_for(millis(900)), millis(15_000));
    }
}
