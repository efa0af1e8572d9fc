//! How the service is, and not how it was: `/health` and `/ready`.
//!
//! What is looked at are the things without which something does not work: that the job store takes a
//! write, that there is room where the service keeps what it has, that the operator's stores answer. A
//! look is good for a moment, however often it is asked for, and takes a bounded time: what does not
//! answer is itself an answer.

use std::path::PathBuf;
use std::time::Duration;

use serde::Serialize;
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::app::Context;

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
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Report {
    /// `ok`; `degraded` if something does not work; `unavailable` if nothing does that lasts.
    pub(crate) status: Word,
    /// Whether the job store takes a write.
    job_store: Word,
    /// Whether there is room in the data folder.
    room: Word,
    /// Bytes free there.
    room_bytes: Option<u64>,
    /// Each of the operator's stores.
    stores: Vec<StoreReport>,
    version: &'static str,
}

/// How one store is.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct StoreReport {
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
        let (job_store, stores) = tokio::join!(job_store(context), self.stores(context));
        let room_bytes = durable::reserve::free(&self.data);
        let room = Word::from(room_bytes.is_none_or(|bytes| bytes >= ROOM_BYTES));
        let mut words = stores.iter().map(|store| store.status).chain([room]);
        let status = match job_store {
            Word::Ok if words.any(|word| word != Word::Ok) => Word::Degraded,
            job_store => job_store,
        };
        Report {
            status,
            job_store,
            room,
            room_bytes,
            stores,
            version: env!("CARGO_PKG_VERSION"),
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

/// Whether the job store takes a write, in time.
async fn job_store(context: &Context) -> Word {
    match tokio::time::timeout(CHECK_TIMEOUT, context.jobs.check()).await {
        Ok(Ok(())) => Word::Ok,
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
