//! What time it is where several servers share a database: the database's time, for all of them.
//!
//! Leases, shares, orders and heartbeats are rows with an end, and another server reads them than has written them. Went
//! each by the clock of its own host, then one that is ahead would find what others have just written over. So the clock
//! of the database is read when it is opened and now and then, and what has passed since then is counted by a clock of this
//! host that nobody sets. A database that does not answer changes nothing: time goes on.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use model::presence::worth_a_word;
use model::time::{Clock, Timestamp};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::jobstore::{JobStoreError, PostgresJobStore};

/// How long what was read is good for: two clocks that nobody keeps drift apart by some milliseconds in that time.
const READ_EVERY: Duration = Duration::from_secs(30);

/// How often it is looked whether this host has slept, or its clock was set: it is read at once then.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// By how many seconds a clock of this host has to differ from the other to have been set.
const SET_BY: i64 = 2;

/// What takes longer to answer says too little of what time it is.
const ANSWERS_WITHIN: Duration = Duration::from_secs(1);

/// Tries at the start, of which the quickest counts.
const TRIES: u32 = 3;

const MICROS: i64 = 1_000_000;

/// The clock of a database that servers share.
pub(crate) struct DatabaseClock {
    host: Arc<dyn Clock>,
    last: Mutex<Reading>,
}

/// What the clocks showed at one moment.
#[derive(Debug, Clone, Copy)]
struct Reading {
    /// That of the database, in microseconds of Unix time.
    database: i64,
    /// That of this host.
    host: Timestamp,
    /// The one of this host that nobody sets.
    steady: Duration,
}

impl DatabaseClock {
    /// Reads the clock of a database.
    ///
    /// # Errors
    /// `Unavailable` if it does not answer.
    pub(crate) async fn of(
        store: &PostgresJobStore,
        host: Arc<dyn Clock>,
    ) -> Result<Arc<Self>, JobStoreError> {
        let mut quickest = None::<(Duration, Reading)>;
        for _ in 0..TRIES {
            let read = read(store, &*host).await?;
            if quickest.is_none_or(|(took, _)| read.0 < took) {
                quickest = Some(read);
            }
        }
        let (_, last) = quickest.expect("it is tried more than once");
        let clock = Self {
            host,
            last: Mutex::new(last),
        };
        clock.tell(None);
        Ok(Arc::new(clock))
    }

    /// By how many seconds the clock of this host is ahead of the database's, as it was last read.
    pub(crate) fn ahead(&self) -> i64 {
        self.last().ahead()
    }

    /// Reads it again, now and then, until it is stopped.
    pub(crate) async fn keep(&self, store: &PostgresJobStore, stop: &CancellationToken) {
        let mut read_at = Instant::now();
        while stop
            .run_until_cancelled(tokio::time::sleep(LOOK_EVERY))
            .await
            .is_some()
        {
            if read_at.elapsed() < READ_EVERY && !self.was_set() {
                continue;
            }
            match read(store, &*self.host).await {
                Ok((took, reading)) if took <= ANSWERS_WITHIN => self.hear(reading),
                Ok(_) => continue,
                // Who asked for more than the time has told that it does not answer.
                Err(error) => tracing::debug!(
                    error = &error as &dyn std::error::Error,
                    "the clock of the database is not read"
                ),
            }
            read_at = Instant::now();
        }
    }

    /// Whether the clock of this host has gone otherwise than the one that nobody sets.
    fn was_set(&self) -> bool {
        let last = self.last();
        let by_steady = seconds(self.host.steady().saturating_sub(last.steady));
        let by_clock = self.host.now().unix() - last.host.unix();
        (by_clock - by_steady).abs() > SET_BY
    }

    fn hear(&self, reading: Reading) {
        let before = self.last();
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = reading;
        self.tell(Some(before));
    }

    /// Says in the log that the clocks differ, and that they do not any more.
    fn tell(&self, before: Option<Reading>) {
        let was = before.and_then(|before| worth_a_word(before.ahead()));
        let ahead_seconds = self.ahead();
        match (was.is_some(), worth_a_word(ahead_seconds).is_some()) {
            (false, true) => tracing::warn!(
                ahead_seconds,
                "the clock of this host is not the database's, by which the service goes: keep both by NTP"
            ),
            (true, false) => tracing::info!("the clock of this host is the database's again"),
            _ => {}
        }
    }

    fn last(&self) -> Reading {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clock for DatabaseClock {
    fn now(&self) -> Timestamp {
        let last = self.last();
        let passed = self.host.steady().saturating_sub(last.steady).as_micros();
        let passed = i64::try_from(passed).unwrap_or(i64::MAX);
        let micros = last.database.saturating_add(passed);
        Timestamp::from_unix(micros.div_euclid(MICROS))
    }

    fn steady(&self) -> Duration {
        self.host.steady()
    }
}

impl Reading {
    fn ahead(self) -> i64 {
        self.host.unix() - self.database.div_euclid(MICROS)
    }
}

/// What the clocks show, and how long that took to read.
async fn read(
    store: &PostgresJobStore,
    host: &dyn Clock,
) -> Result<(Duration, Reading), JobStoreError> {
    let (asked, steady) = (Instant::now(), host.steady());
    let database = store.time().await?;
    let took = asked.elapsed();
    let reading = Reading {
        database,
        host: host.now(),
        // It was so half way between question and answer.
        steady: steady + took / 2,
    };
    Ok((took, reading))
}

fn seconds(passed: Duration) -> i64 {
    i64::try_from(passed.as_secs()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::time::ManualClock;

    const NOON: i64 = 1_795_867_200;

    /// A host whose clock is so many seconds ahead of a database where it is noon and nine tenths of a second.
    fn host(ahead: i64) -> (Arc<ManualClock>, DatabaseClock) {
        let host = Arc::new(ManualClock::at(Timestamp::from_unix(NOON + ahead)));
        let last = Mutex::new(reading(&host));
        let clock = DatabaseClock {
            host: host.clone(),
            last,
        };
        (host, clock)
    }

    fn reading(host: &ManualClock) -> Reading {
        Reading {
            database: NOON * MICROS + 900_000,
            host: host.now(),
            steady: host.steady(),
        }
    }

    #[test]
    fn hosts_whose_clocks_differ_have_one_time() {
        for ahead in [-600, 0, 16, 60] {
            let (host, clock) = host(ahead);
            assert_eq!(clock.ahead(), ahead);
            assert_eq!(clock.now().unix(), NOON);
            host.advance(5);
            assert_eq!(clock.now().unix(), NOON + 5);
        }
    }

    #[test]
    fn a_clock_that_is_set_changes_no_time_and_is_noticed() {
        let (host, clock) = host(0);
        host.advance(3600);
        assert!(!clock.was_set());
        host.set_wrong(-7200);
        assert!(clock.was_set());
        assert_eq!(clock.now().unix(), NOON + 3600);
        clock.hear(Reading {
            database: (NOON + 3600) * MICROS,
            ..reading(&host)
        });
        assert!(!clock.was_set());
        assert_eq!((clock.now().unix(), clock.ahead()), (NOON + 3600, -7200));
    }
}
