//! How the service is, and not how it was: `/ready`.
//!
//! What is looked at are the things without which nothing works: that the job store takes a write and is still the one
//! that was opened, that there is room where the service keeps what it has; and, since customers ask for them, that the
//! operator's stores answer. A look is good for a moment, however often it is asked for, and takes a bounded time: what
//! does not answer is itself an answer.

use std::path::PathBuf;
use std::time::Duration;

use model::presence::worth_a_word;
use serde::Serialize;
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::app::Context;
use crate::jobstore::JobStoreError;

/// How long a look is good for.
const FRESH: Duration = Duration::from_secs(1);

/// How long a look at the stores is good for: each costs a request to each of them.
const STORES_FRESH: Duration = Duration::from_secs(15);

/// How long what does not answer is waited for.
const CHECK_TIMEOUT: Duration = Duration::from_secs(5);

/// Room below which a data folder is as good as full, in bytes: a report or a manifest of each of some
/// dozen jobs that end now.
const ROOM_BYTES: u64 = 32 << 20;

/// Looks after the things a service needs.
#[derive(Debug)]
pub(crate) struct Health {
    data: PathBuf,
    last: Mutex<Option<(Instant, Report)>>,
    stores: Mutex<Option<(Instant, Vec<StoreReport>)>>,
}

/// How the service is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Report {
    /// `ok`; `degraded` if a store does not answer, which no other server of the installation would change, if the clock
    /// of this host is wrong, by which nothing goes that is kept, or if the bench of this process is not run, without which
    /// requests are answered as before; `unavailable` if this one can do nothing that lasts.
    pub(crate) status: Word,
    /// Whether the job store takes a write.
    job_store: Word,
    /// Whether its schema has all that this release needs.
    schema: Word,
    /// Whether it is sealed with our secret key.
    key: Word,
    /// Whether there is room in the data folder.
    room: Word,
    /// Whether the clock of this host is the database's.
    clock: Word,
    /// Whether the bays of this process are watched, if it has a bench.
    #[serde(skip_serializing_if = "Option::is_none")]
    bench: Option<Word>,
    /// Whether all of the operator's stores answer.
    stores: Word,
    version: &'static str,
    /// What is only for this machine.
    #[serde(flatten)]
    details: Option<Details>,
}

/// What is no business of strangers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Details {
    /// Bytes free in the data folder.
    room_bytes: Option<u64>,
    /// By how many seconds the clock of this host is ahead of the database's, where that is another host's.
    clock_ahead_seconds: Option<i64>,
    /// Each of the operator's stores.
    each_store: Vec<StoreReport>,
}

/// How one store is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct StoreReport {
    name: String,
    status: Word,
}

/// A thing is as it should be, or it is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Word {
    Ok,
    Degraded,
    Unavailable,
}

impl From<bool> for Word {
    fn from(well: bool) -> Self {
        if well { Self::Ok } else { Self::Unavailable }
    }
}

impl Report {
    /// What of it is for whoever asks from anywhere: no name and no number.
    pub(crate) fn for_strangers(self) -> Self {
        Self {
            details: None,
            ..self
        }
    }
}

impl Health {
    pub(crate) fn new(data: PathBuf) -> Self {
        Self {
            data,
            last: Mutex::default(),
            stores: Mutex::default(),
        }
    }

    /// Looks, unless somebody has just done so.
    pub(crate) async fn report(&self, context: &Context) -> Report {
        // Who asks meanwhile waits for this look, and makes none of its own.
        let mut last = self.last.lock().await;
        if let Some((at, report)) = &*last
            && at.elapsed() < FRESH
        {
            return report.clone();
        }
        let report = self.look(context).await;
        *last = Some((Instant::now(), report.clone()));
        report
    }

    async fn look(&self, context: &Context) -> Report {
        let jobs = &context.jobs;
        let (job_store, schema, key, each_store) = tokio::join!(
            of_job_store(async { jobs.check().await.map(|()| true) }),
            of_job_store(jobs.is_current()),
            of_job_store(jobs.is_ours()),
            self.stores(context)
        );
        let room_bytes = durable::reserve::free(&self.data);
        let room = Word::from(room_bytes.is_none_or(|bytes| bytes >= ROOM_BYTES));
        let ahead = context.database_clock.as_ref().map(|clock| clock.ahead());
        let clock = match ahead.and_then(worth_a_word) {
            Some(_) => Word::Degraded,
            None => Word::Ok,
        };
        let bench = context.bench.get().map(|is_well| Word::from(is_well()));
        let do_all_answer = each_store.iter().all(|store| store.status == Word::Ok);
        let is_all_well =
            do_all_answer && clock == Word::Ok && bench.is_none_or(|bench| bench == Word::Ok);
        let is_able = [job_store, schema, key, room]
            .into_iter()
            .all(|word| word == Word::Ok);
        Report {
            status: match (is_able, is_all_well) {
                (true, true) => Word::Ok,
                (true, false) => Word::Degraded,
                (false, _) => Word::Unavailable,
            },
            job_store,
            schema,
            key,
            room,
            clock,
            bench,
            stores: Word::from(do_all_answer),
            version: env!("CARGO_PKG_VERSION"),
            details: Some(Details {
                room_bytes,
                clock_ahead_seconds: ahead,
                each_store,
            }),
        }
    }

    async fn stores(&self, context: &Context) -> Vec<StoreReport> {
        let mut last = self.stores.lock().await;
        if let Some((at, stores)) = &*last
            && at.elapsed() < STORES_FRESH
        {
            return stores.clone();
        }
        let asked = context.stores.names().into_iter().map(|name| async {
            let answers = tokio::time::timeout(CHECK_TIMEOUT, context.stores.answers(&name)).await;
            let status = Word::from(answers.unwrap_or(false));
            StoreReport { name, status }
        });
        let stores = futures::future::join_all(asked).await;
        *last = Some((Instant::now(), stores.clone()));
        stores
    }
}

/// What the job store says of itself, in time.
async fn of_job_store(asked: impl Future<Output = Result<bool, JobStoreError>>) -> Word {
    match tokio::time::timeout(CHECK_TIMEOUT, asked).await {
        Ok(Ok(is_so)) => Word::from(is_so),
        Ok(Err(error)) => {
            tracing::error!(error = &error as &dyn std::error::Error, "job store failed");
            Word::Unavailable
        }
        Err(_) => {
            tracing::error!("job store does not answer");
            Word::Unavailable
        }
    }
}
