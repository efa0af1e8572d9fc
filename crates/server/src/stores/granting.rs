//! The way to the stores of a job for one attempt at it, with the keys of that attempt.

use std::collections::BTreeMap;
use std::sync::Arc;

use model::control::{BucketAccess, LeaseToken, StoreAccess};
use model::ids::{BucketName, JobId, StationName};
use model::manifest::Manifest;
use model::share::SharedStore;
use objectstore::StoreError;

use super::sessions::{self, NoSession, Sessions};
use super::{Home, HomeKeys, Stores, Tries, Whence};

/// An attempt at a job, and who makes it.
#[derive(Debug, Clone)]
pub(crate) struct Attempt {
    /// Where the station is.
    pub(crate) whence: Whence,
    /// Which it is.
    pub(crate) station: StationName,
    /// The job.
    pub(crate) job: JobId,
    /// The right to it.
    pub(crate) lease: LeaseToken,
}

/// A store that gives no key at the moment. Why is told in the log.
#[derive(Debug)]
pub(crate) struct NoKey {
    /// What it is called.
    pub(crate) store: String,
}

impl Home {
    /// How the store is reached from there.
    fn reached(&self, whence: Whence) -> StoreAccess {
        let mut access = self.access.clone();
        match (whence, &self.elsewhere) {
            (Whence::Elsewhere, Some(endpoint)) => access.endpoint.clone_from(endpoint),
            (Whence::Elsewhere, None) | (Whence::ThisHost, _) => {}
        }
        access
    }
}

impl Stores {
    /// How a station reaches the buckets of a manifest for an attempt at its job. A bucket that no store has any more is left
    /// out. All buckets of a store have one key.
    ///
    /// # Errors
    /// [`NoKey`] if a store is to give one and does not.
    pub(crate) async fn access(
        self: &Arc<Self>,
        manifest: &Manifest,
        attempt: Attempt,
    ) -> Result<Vec<BucketAccess>, NoKey> {
        let mut buckets: Vec<BucketName> = manifest.buckets().into_iter().map(|(b, _)| b).collect();
        buckets.sort();
        buckets.dedup();
        let mut ways: BTreeMap<usize, StoreAccess> = BTreeMap::new();
        let mut found = Vec::new();
        for bucket in buckets {
            let Some(home) = self.index_of(&bucket) else {
                continue;
            };
            let access = match ways.get(&home) {
                Some(access) => access.clone(),
                None => self.way(home, manifest, &attempt).await?,
            };
            ways.insert(home, access.clone());
            let home = &self.homes[home];
            let is_shared = !home.pace.is_unlimited();
            found.push(BucketAccess {
                bucket,
                access,
                shared: is_shared.then(|| SharedStore {
                    name: home.name.clone(),
                    afterwards: None,
                    requests_afterwards: None,
                }),
            });
        }
        Ok(found)
    }

    /// Whether a store of the manifest gives keys that end by themselves.
    pub(crate) fn gives_sessions(&self, manifest: &Manifest) -> bool {
        let mut buckets = manifest.buckets().into_iter();
        let gives = |home: &Home| matches!(home.keys, HomeKeys::Sessions(_));
        buckets.any(|(bucket, _)| self.home_of(&bucket).is_some_and(gives))
    }

    /// Tells in the log of every store that is to give keys and does not.
    pub(crate) async fn tell_of_keys(self: Arc<Self>) {
        for home in &self.homes {
            if let Some(Err(error)) = home.try_keys().await {
                let error = &error as &dyn std::error::Error;
                tracing::error!(store = home.name, error, "store gives no keys");
            }
        }
    }

    fn index_of(&self, bucket: &BucketName) -> Option<usize> {
        let home = self.home_of(bucket)?;
        self.homes.iter().position(|other| other.name == home.name)
    }

    /// How the station reaches one store, for the buckets that are there.
    async fn way(
        &self,
        index: usize,
        manifest: &Manifest,
        attempt: &Attempt,
    ) -> Result<StoreAccess, NoKey> {
        let home = &self.homes[index];
        let mut access = home.reached(attempt.whence);
        match &home.keys {
            HomeKeys::Own => {}
            HomeKeys::OfAttempts(keys) => {
                let key = keys.key(attempt.job, &attempt.lease);
                access.access_key_id = key.id;
                access.secret_access_key = key.secret.expose().to_owned();
            }
            HomeKeys::Sessions(sessions) => {
                let is_there = |bucket: &BucketName| self.index_of(bucket) == Some(index);
                let policy = sessions::policy(manifest, attempt.job, is_there);
                let given = match policy {
                    Ok(policy) => asked(sessions.clone(), attempt.clone(), policy).await,
                    Err(error) => Err(error),
                };
                let key = given.map_err(|error| {
                    let (job, error) = (attempt.job, &error as &dyn std::error::Error);
                    tracing::error!(%job, store = home.name, error, "store gives no key");
                    NoKey {
                        store: home.name.clone(),
                    }
                })?;
                sessions::put(&mut access, &key);
            }
        }
        Ok(access)
    }
}

async fn asked(
    sessions: Sessions,
    attempt: Attempt,
    policy: String,
) -> Result<objectstore::sts::ShortLivedKey, NoSession> {
    let ask = move || {
        let tries = Tries::new();
        tries.ask(|| sessions.give(&attempt.station, attempt.job, &policy))
    };
    match tokio::task::spawn_blocking(ask).await {
        Ok(given) => given.map_err(NoSession::Store),
        Err(_) => Err(NoSession::BrokeOff),
    }
}

impl Home {
    /// Whether the store gives keys, if it is to.
    pub(super) async fn try_keys(&self) -> Option<Result<(), StoreError>> {
        let HomeKeys::Sessions(sessions) = &self.keys else {
            return None;
        };
        let sessions = sessions.clone();
        let tried = tokio::task::spawn_blocking(move || sessions.try_out());
        tried.await.ok()
    }
}
