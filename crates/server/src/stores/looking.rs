//! How stores are, for the people who run them: whether each answers, and what one does with objects.

use std::sync::Arc;
use std::time::{Duration, Instant};

use model::capabilities::Capabilities;
use model::ids::{BucketName, ObjectKey};
use objectstore::{Bucket as _, StoreError};

use super::{Home, Stores, Unheard};
use crate::config::BucketGlob;
use crate::work::NotDone;

/// How long a store may take to answer: as long as one is waited for that `/ready` asks.
const HEARD_WITHIN: Duration = Duration::from_secs(5);

/// A store as the settings describe it, without its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreFacts {
    /// What the operator calls it.
    pub name: String,
    /// Where it is.
    pub endpoint: String,
    /// The region that requests are signed for.
    pub region: String,
    /// Whether a bucket goes into the path.
    pub path_style: bool,
    /// Patterns of the buckets that it has; none if it has all that no other has.
    pub buckets: Option<Vec<String>>,
}

impl StoreFacts {
    fn of(home: &Home) -> Self {
        let patterns = |globs: &Vec<BucketGlob>| globs.iter().map(ToString::to_string).collect();
        Self {
            name: home.name.clone(),
            endpoint: home.access.endpoint.clone(),
            region: home.access.region.clone(),
            path_style: home.access.path_style,
            buckets: home.buckets.as_ref().map(patterns),
        }
    }
}

impl Stores {
    /// All stores, in the order in which they are asked for a bucket.
    #[must_use]
    pub fn facts(&self) -> Vec<StoreFacts> {
        self.homes.iter().map(StoreFacts::of).collect()
    }

    /// The store that has a bucket.
    #[must_use]
    pub fn store_of(&self, bucket: &BucketName) -> Option<StoreFacts> {
        self.home_of(bucket).map(StoreFacts::of)
    }

    /// How soon a store gives any answer.
    ///
    /// # Errors
    /// What came in its place, for a person.
    pub async fn time(&self, name: &str) -> Result<Duration, String> {
        let begun = Instant::now();
        match tokio::time::timeout(HEARD_WITHIN, self.hear(name)).await {
            Ok(Ok(())) => Ok(begun.elapsed()),
            Ok(Err(Unheard::Silent(error))) => Err(error.to_string()),
            Ok(Err(Unheard::GivesNoKeys(error))) => {
                Err(format!("it answers, and gives stations no keys: {error}"))
            }
            Ok(Err(Unheard::NotAsked)) => Err("it could not be asked".to_owned()),
            Err(_) => Err(format!(
                "no answer within {} seconds",
                HEARD_WITHIN.as_secs()
            )),
        }
    }

    /// Finds out what the store of a bucket does with objects under `key`, which nobody else may use.
    ///
    /// # Errors
    /// What keeps objects from being stored there, for a person; [`NotDone`] if nobody could be asked.
    pub async fn probe(
        self: &Arc<Self>,
        bucket: BucketName,
        key: ObjectKey,
    ) -> Result<Result<Capabilities, String>, NotDone> {
        let stores = Arc::clone(self);
        // Held until the answer is there; never closed.
        let _turn = self.checks.acquire().await.map_err(|_| NotDone::Busy)?;
        let probe = move || stores.probe_now(&bucket, &key);
        let probed = tokio::task::spawn_blocking(probe).await;
        probed.map_err(|error| {
            tracing::error!(error = &error as &dyn std::error::Error, "probe failed");
            NotDone::BrokeOff
        })
    }

    fn probe_now(&self, bucket: &BucketName, key: &ObjectKey) -> Result<Capabilities, String> {
        let home = self.home_of(bucket).ok_or("no store has this bucket")?;
        match home.store.bucket_exists(bucket) {
            Ok(true) => {}
            Ok(false) | Err(StoreError::NoSuchBucket(_)) => {
                return Err("the bucket does not exist".to_owned());
            }
            // Whether it may be written to is what is asked next.
            Err(StoreError::AccessDenied(_)) => {}
            Err(error) => return Err(error.to_string()),
        }
        let probed = home.store.bucket(bucket).capabilities(key);
        probed.map_err(|error| error.to_string())
    }
}
