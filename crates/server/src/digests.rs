//! What reports were found to say: each is read once, in the background, and not when somebody looks at a page.
//!
//! A report may have ten million lines. Whoever asks waits a moment for it, and is told to ask again if it takes longer.

use std::collections::VecDeque;
use std::error::Error;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use model::progress::LogLocation;
use model::report::device_map::DeviceMap;
use model::report::{self, failed::ReportDigest};
use model::time::Timestamp;
use tokio::sync::{Semaphore, watch};

use crate::stores::Stores;

/// How long somebody waits for a report that is not known yet: with the rest of a page well below half a second.
const WAIT: Duration = Duration::from_millis(250);

/// Reports whose digest is kept. Each is a megabyte at the worst, most are a few hundred bytes.
const MOST: usize = 64;

/// Reports that are read at a time.
const AT_ONCE: usize = 2;

/// What is known of a report.
#[derive(Debug, Clone)]
pub(crate) enum ReportKnown {
    /// It is being read.
    NotYet,
    /// It cannot be had, or says nothing.
    Lost,
    /// What it says, and what of the device could be read where there is a map.
    Told(Arc<ReportDigest>, Option<Arc<DeviceMap>>),
}

/// Which report: a job that was reopened has another in the same place.
#[derive(Debug, Clone, PartialEq, Eq)]
struct WhichReport {
    log: LogLocation,
    at: Timestamp,
}

type Heard = watch::Receiver<ReportKnown>;

/// The reports that were asked for last.
#[derive(Debug, Clone)]
pub(crate) struct Digests {
    kept: Arc<Mutex<VecDeque<(WhichReport, Heard)>>>,
    turns: Arc<Semaphore>,
}

impl Default for Digests {
    fn default() -> Self {
        Self {
            kept: Arc::default(),
            turns: Arc::new(Semaphore::new(AT_ONCE)),
        }
    }
}

impl Digests {
    /// What is known of the report of a job that was finished at this time.
    pub(crate) async fn of(
        &self,
        stores: &Arc<Stores>,
        log: &LogLocation,
        at: Timestamp,
    ) -> ReportKnown {
        let which = WhichReport {
            log: log.clone(),
            at,
        };
        let mut heard = self.begun(stores, &which);
        let is_known = |known: &ReportKnown| !matches!(known, ReportKnown::NotYet);
        let waited = tokio::time::timeout(WAIT, heard.wait_for(is_known)).await;
        let known = match waited {
            Ok(Ok(known)) => known.clone(),
            Err(_) => return ReportKnown::NotYet,
            // Whoever read it has gone without a word.
            Ok(Err(_)) => ReportKnown::Lost,
        };
        if matches!(known, ReportKnown::Lost) {
            // Whoever asks again has it tried again.
            self.lock().retain(|(kept, _)| *kept != which);
        }
        known
    }

    /// The report, which is being read from now on if it was not before.
    fn begun(&self, stores: &Arc<Stores>, which: &WhichReport) -> Heard {
        let mut kept = self.lock();
        if let Some(place) = kept.iter().position(|(kept, _)| kept == which)
            && let Some((which, heard)) = kept.remove(place)
        {
            kept.push_back((which, heard.clone()));
            return heard;
        }
        let (tell, heard) = watch::channel(ReportKnown::NotYet);
        if kept.len() == MOST {
            kept.pop_front();
        }
        kept.push_back((which.clone(), heard.clone()));
        drop(kept);
        let (stores, turns, which) = (Arc::clone(stores), Arc::clone(&self.turns), which.clone());
        tokio::spawn(async move {
            let _turn = turns.acquire().await;
            tell.send_replace(Self::read(&stores, &which.log).await);
        });
        heard
    }

    /// Reads a report to its end, however long that takes.
    pub(crate) async fn read(stores: &Arc<Stores>, log: &LogLocation) -> ReportKnown {
        let lost = |error: &(dyn Error + 'static)| {
            tracing::warn!(bucket = %log.bucket, key = ?log.key.as_str(), error, "report not read");
            ReportKnown::Lost
        };
        match stores.digest(&log.bucket, report::keys(log).lines).await {
            Ok(Some(Ok(digest))) => {
                let map = stores.map(&log.bucket, report::keys(log).map).await;
                ReportKnown::Told(Arc::new(digest), map.map(Arc::new))
            }
            Ok(Some(Err(why))) => lost(&why),
            Ok(None) => ReportKnown::Lost,
            Err(fault) => lost(&fault),
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, VecDeque<(WhichReport, Heard)>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
