//! Which S3-compatible store has a bucket, and whether a manifest's buckets may be used.
//!
//! Buckets are checked against the real store when a manifest is submitted, so that a customer
//! learns of a mistake before the disk is in the post: first that all exist, then that we can use them,
//! then that they are in one region. Whether the account may use them is a right, and is decided before,
//! elsewhere.

mod granting;
mod looking;
mod policy;
mod reported;
mod sessions;
mod trial;

use std::io::Read as _;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use awshttp::Surroundings;
use awshttp::endpoint::{InvalidEndpoint, ServiceConfig, Timeouts};
use awshttp::retry::{CallError, RealTime, Retry, RetryPolicy};
use awsproto::claims::AccessKeyId;
use awsproto::secret::SecretKey;
use awsproto::sign::Credentials;
use bytes::Bytes;
use model::attributes::Attributes;
use model::control::{ImageTarget, StoreAccess, VaultAccess};
use model::ids::{BucketName, JobId, ObjectKey};
use model::manifest::{BucketUse, Manifest};
use model::share::Measure;
use model::time::Timestamp;
use objectstore::connect::Store;
use objectstore::counted;
use objectstore::paced::RateSchedule;
use objectstore::probe::{check_read, check_write};
use objectstore::retrying::Retrying;
use objectstore::s3::S3Bucket;
use objectstore::s3::address::Addressing;
use objectstore::{Bucket as _, Checksums, StoreError};
use tokio::sync::Semaphore;

pub(crate) use granting::Attempt;
pub use looking::StoreFacts;
pub(crate) use trial::{Answer, Question};

use crate::config::{BucketGlob, NetworkConfig, StoreConfig, StoreKeys, Way};
use crate::job_keys::JobKeys;
use crate::work::NotDone;
use sessions::Sessions;

/// Manifests checked at a time: each holds a thread while the store answers.
const CHECKS_AT_ONCE: usize = 16;

/// How long a store may take over one question of a check. A client waits a minute, and a manifest
/// asks some six questions.
const STORE_TIMEOUTS: Timeouts = Timeouts {
    connect: Duration::from_secs(5),
    silence: Duration::from_secs(10),
    assembly: Duration::from_secs(10),
};

/// How long the questions of one check may be asked again, all together: one lost request or a store that
/// asks to slow down is survived, and a client, which waits a minute, still hears of a store that is down.
const ASK_AGAIN_WITHIN: Duration = Duration::from_secs(5);

/// What stands after an import's prefix in the key that writing is tried with. Nothing becomes
/// visible under it.
const TRIAL_NAME: &str = "longshore-rights-check";

/// A store, and the buckets it has.
#[derive(Debug, Clone)]
struct Home {
    name: String,
    /// `None`: every bucket that no other store has.
    buckets: Option<Vec<BucketGlob>>,
    access: StoreAccess,
    /// Where stations on other hosts reach it, if that is another place.
    elsewhere: Option<String>,
    keys: HomeKeys,
    /// What all stations together may send to it and receive from it, and ask of it.
    pace: RateSchedule,
    store: Store,
}

/// Under which key a station speaks to a store.
#[derive(Debug, Clone)]
enum HomeKeys {
    /// The store's own, whatever the job.
    Own,
    /// One for each attempt, which ends with its lease.
    OfAttempts(JobKeys),
    /// One for each attempt, which the store gives and which ends by itself.
    Sessions(Sessions),
}

/// Where a station is, as far as the way it came by says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whence {
    /// It came by a port that only this host reaches.
    ThisHost,
    /// It may be anywhere.
    Elsewhere,
}

/// The store that goes with a service.
pub(crate) struct EmbeddedAccess {
    /// How the service itself reaches it.
    pub(crate) own: StoreAccess,
    /// Where stations on other hosts reach it, if that is another place.
    pub(crate) elsewhere: Option<String>,
    /// What makes the keys of attempts.
    pub(crate) keys: JobKeys,
}

/// A store that cannot be spoken to at all.
#[derive(Debug, thiserror::Error)]
pub enum StoresError {
    /// Its address is none.
    #[error("could not use the store `{name}`")]
    Endpoint {
        /// What the operator calls it.
        name: String,
        /// What is wrong with the address.
        source: InvalidEndpoint,
    },
    /// Its access key is none.
    #[error("the access key id of the store `{0}` has characters that cannot be signed with")]
    AccessKey(String),
}

/// Why the buckets of a manifest cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BucketFault {
    /// No bucket can have this name.
    #[error(
        "`{0}` cannot be the name of a bucket: 3 to 63 small letters, digits, dots and hyphens, no address \
         such as `127.0.0.1`, and no name that is reserved, such as those that begin with `xn--`"
    )]
    Name(BucketName),
    /// These do not exist.
    #[error("there is no bucket {}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "))]
    Missing(Vec<BucketName>),
    /// It exists in another region than that of its store here.
    #[error("the bucket `{bucket}` is in the region {region}, and not in {expected}")]
    Elsewhere {
        /// The bucket.
        bucket: BucketName,
        /// The region that the store names.
        region: String,
        /// The region in the settings.
        expected: String,
    },
    /// The account or this service may not use them so.
    #[error("buckets may not be used: {}", self.details().join("; "))]
    Denied(Vec<(BucketName, BucketUse)>),
    /// They are in several regions: each bucket with its region.
    #[error("the buckets are in several regions: {}", self.details().join("; "))]
    SeveralRegions(Vec<(BucketName, String)>),
    /// The store of this bucket cannot be asked at the moment.
    #[error("the store of the bucket `{0}` cannot be reached")]
    StoreSilent(BucketName),
    /// The store of this bucket will not answer before the operator mends something.
    #[error("the store of the bucket `{0}` cannot be used as this service is set up")]
    StoreUnusable(BucketName),
    /// The check was not made.
    #[error(transparent)]
    NotDone(#[from] NotDone),
}

impl BucketFault {
    /// What is wrong with each bucket, one text for each of which there is something to say.
    #[must_use]
    pub fn details(&self) -> Vec<String> {
        match self {
            Self::Elsewhere {
                bucket,
                region,
                expected,
            } => vec![format!(
                "{bucket}: in the region {region}, and not in {expected}"
            )],
            Self::Denied(uses) => uses
                .iter()
                .map(|(bucket, usage)| format!("{bucket}: may not be {}", verb(*usage)))
                .collect(),
            Self::SeveralRegions(regions) => regions
                .iter()
                .map(|(bucket, region)| format!("{bucket}: {region}"))
                .collect(),
            Self::Name(_)
            | Self::Missing(_)
            | Self::StoreSilent(_)
            | Self::StoreUnusable(_)
            | Self::NotDone(_) => Vec::new(),
        }
    }
}

fn verb(usage: BucketUse) -> &'static str {
    match usage {
        BucketUse::Import => "imported to",
        BucketUse::Export => "exported from",
        BucketUse::Log => "used for logs",
    }
}

/// All stores, in the order in which they are asked for a bucket.
#[derive(Debug)]
pub struct Stores {
    homes: Vec<Home>,
    network: NetworkConfig,
    checks: Semaphore,
}

impl Stores {
    /// Those of the settings alone, for whoever only asks whether they answer.
    ///
    /// # Errors
    /// [`StoresError`] names the first that is not described well.
    pub fn of_settings(
        configured: &[StoreConfig],
        network: &NetworkConfig,
    ) -> Result<Self, StoresError> {
        Self::new(configured, None, network)
    }

    /// Prepares to speak to the configured stores and, for all other buckets, to the embedded one,
    /// if there is one. Nothing is sent.
    ///
    /// # Errors
    /// [`StoresError`] names the first that is not described well.
    pub(crate) fn new(
        configured: &[StoreConfig],
        embedded: Option<EmbeddedAccess>,
        network: &NetworkConfig,
    ) -> Result<Self, StoresError> {
        let surroundings = network.surroundings();
        let mut homes = Vec::new();
        for config in configured {
            let mut access = config.access();
            network.add_way(&mut access, &config.way);
            let buckets = Some(config.buckets.clone());
            let way = way_to(&config.name, &access, &surroundings)?;
            let keys = match &config.keys {
                StoreKeys::Static => HomeKeys::Own,
                StoreKeys::Sts(sts) => {
                    HomeKeys::Sessions(Sessions::new(&config.name, sts, way.clone())?)
                }
            };
            let home = home(&config.name, buckets, access, keys, &way)?;
            homes.push(Home {
                pace: config.pace,
                ..home
            });
        }
        if let Some(EmbeddedAccess {
            own,
            elsewhere,
            keys,
        }) = embedded
        {
            let keys = HomeKeys::OfAttempts(keys);
            let way = way_to("embedded", &own, &surroundings)?;
            let home = home("embedded", None, own, keys, &way)?;
            homes.push(Home { elsewhere, ..home });
        }
        Ok(Self {
            homes,
            network: network.clone(),
            checks: Semaphore::new(CHECKS_AT_ONCE),
        })
    }

    /// Whether a rate of some store is shared by stations.
    #[must_use]
    pub(crate) fn are_shared(&self) -> bool {
        self.homes.iter().any(|home| !home.pace.is_unlimited())
    }

    /// What all stations together may send to a store and receive from it, and ask of it, if something of that is limited.
    #[must_use]
    pub(crate) fn limits(&self, name: &str) -> Option<&RateSchedule> {
        let mut homes = self.homes.iter();
        let home = homes.find(|home| home.name == name && !home.pace.is_unlimited())?;
        Some(&home.pace)
    }

    /// What all stations together may use of each store: host and port, what is limited at some hour, and the units of it each
    /// second that are allowed at `now`, if that is limited then.
    #[must_use]
    pub(crate) fn all_limits(&self, now: Timestamp) -> Vec<(String, Measure, Option<u64>)> {
        let mut found = Vec::new();
        for home in &self.homes {
            for measure in Measure::ALL.into_iter().filter(|of| home.pace.limits(*of)) {
                let store = counted::place(&home.access.endpoint);
                found.push((store, measure, home.pace.limit_at(measure, now)));
            }
        }
        found
    }

    /// Adds the way to the service that takes an image.
    #[must_use]
    pub fn with_way(&self, mut target: ImageTarget) -> ImageTarget {
        match &mut target {
            ImageTarget::Snapshot(access) | ImageTarget::Vault(VaultAccess { access, .. }) => {
                self.network.add_way(access, &Way::default());
            }
            ImageTarget::Objects { .. } => {}
        }
        target
    }

    /// Checks the buckets of a manifest that is submitted for the job `id`.
    ///
    /// # Errors
    /// Of [`BucketFault`] `Name`, `Missing`, `Elsewhere`, `Denied` for what the service cannot use,
    /// `SeveralRegions`, in this order; `StoreSilent` if a store cannot be asked, `StoreUnusable` if it
    /// never will answer as things are.
    pub async fn check(
        self: &Arc<Self>,
        manifest: &Manifest,
        id: JobId,
    ) -> Result<(), BucketFault> {
        let needs = needs(manifest, id);
        let check = move |stores: &Self, tries: &Tries| {
            stores.check_existence(&needs, tries)?;
            stores.check_rights(&needs, tries)?;
            stores.check_regions(&needs)
        };
        self.ask(check).await
    }

    /// Asks stores, in its turn and off the threads that answer requests.
    async fn ask<T: Send + 'static>(
        self: &Arc<Self>,
        question: impl FnOnce(&Self, &Tries) -> Result<T, BucketFault> + Send + 'static,
    ) -> Result<T, BucketFault> {
        let stores = Arc::clone(self);
        // Held until the answer is there; never closed.
        let _turn = self.checks.acquire().await.map_err(|_| NotDone::Busy)?;
        tokio::task::spawn_blocking(move || question(&stores, &Tries::new()))
            .await
            .unwrap_or_else(|error| {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "bucket check failed"
                );
                Err(NotDone::BrokeOff.into())
            })
    }

    /// Puts an object into a bucket, as this service.
    ///
    /// # Errors
    /// [`BucketFault::Missing`] if no store has the bucket, `StoreSilent` or `StoreUnusable` if the store does not take it.
    pub(crate) async fn put(
        self: &Arc<Self>,
        bucket: &BucketName,
        key: &ObjectKey,
        content: Vec<u8>,
        attributes: Attributes,
    ) -> Result<(), BucketFault> {
        let (bucket, key) = (bucket.clone(), key.clone());
        let content = Bytes::from(content);
        let put = move |stores: &Self, tries: &Tries| {
            let home = stores.home_of(&bucket);
            let home = home.ok_or_else(|| BucketFault::Missing(vec![bucket.clone()]))?;
            let checksums = Checksums::of(&content);
            let put = tries.bucket(home.store.bucket(&bucket)).put(
                &key,
                content,
                &attributes,
                &checksums,
            );
            put.map(drop)
                .map_err(|error| unusable(&bucket, home, &error))
        };
        self.ask(put).await
    }

    /// The first bytes of an object, as many as are asked for at most, read as this service. `None` if there is none.
    ///
    /// # Errors
    /// [`BucketFault::Missing`] if no store has the bucket, `StoreSilent` or `StoreUnusable` if the store does not give it.
    pub(crate) async fn get(
        self: &Arc<Self>,
        bucket: &BucketName,
        key: &ObjectKey,
        most: u64,
    ) -> Result<Option<Vec<u8>>, BucketFault> {
        let (bucket, key) = (bucket.clone(), key.clone());
        let get = move |stores: &Self, tries: &Tries| {
            let home = stores.home_of(&bucket);
            let home = home.ok_or_else(|| BucketFault::Missing(vec![bucket.clone()]))?;
            let object = match tries.bucket(home.store.bucket(&bucket)).get(&key, None) {
                Ok(object) => object,
                Err(StoreError::NoSuchKey(_)) => return Ok(None),
                Err(error) => return Err(unusable(&bucket, home, &error)),
            };
            let mut content = Vec::new();
            let read = object.body.take(most).read_to_end(&mut content);
            read.map_err(|error| {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(%bucket, key = ?key.as_str(), error, "object broke off");
                BucketFault::StoreSilent(bucket.clone())
            })?;
            Ok(Some(content))
        };
        self.ask(get).await
    }

    /// What the stores are called, in their order.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        self.homes.iter().map(|home| home.name.clone()).collect()
    }

    /// Whether a store gives any answer of a store: that a bucket is not there, or not ours, is one.
    pub async fn answers(self: &Arc<Self>, name: &str) -> bool {
        match self.hear(name).await {
            Ok(()) => true,
            Err(Unheard::Silent(error)) => {
                tracing::warn!(
                    store = name,
                    error = &error as &dyn std::error::Error,
                    "store does not answer"
                );
                false
            }
            Err(Unheard::GivesNoKeys(error)) => {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(store = name, error, "store gives no keys");
                false
            }
            Err(Unheard::NotAsked) => false,
        }
    }

    /// Asks a store for any answer, and logs nothing.
    async fn hear(&self, name: &str) -> Result<(), Unheard> {
        let Some(home) = self.homes.iter().find(|home| home.name == name) else {
            return Err(Unheard::NotAsked);
        };
        let store = home.store.clone();
        let ask = move || {
            let bucket = BucketName::new(TRIAL_NAME).expect("a bucket may be called so");
            store.bucket_exists(&bucket)
        };
        match tokio::task::spawn_blocking(ask).await {
            Ok(
                Ok(_)
                | Err(
                    StoreError::NoSuchBucket(_)
                    | StoreError::AccessDenied(_)
                    | StoreError::WrongRegion { .. }
                    | StoreError::Refused(_),
                ),
            ) => {}
            Ok(Err(error)) => return Err(Unheard::Silent(error)),
            Err(_) => return Err(Unheard::NotAsked),
        }
        match home.try_keys().await {
            Some(Err(error)) => Err(Unheard::GivesNoKeys(error)),
            Some(Ok(())) | None => Ok(()),
        }
    }

    fn home_of(&self, bucket: &BucketName) -> Option<&Home> {
        self.homes.iter().find(|home| match &home.buckets {
            Some(globs) => globs.iter().any(|glob| glob.matches(bucket)),
            None => true,
        })
    }

    fn check_existence(&self, needs: &[Need], tries: &Tries) -> Result<(), BucketFault> {
        let mut absent: Vec<BucketName> = Vec::new();
        for Need { bucket, .. } in needs {
            if !absent.contains(bucket) && !self.exists(bucket, tries)? {
                absent.push(bucket.clone());
            }
        }
        if absent.is_empty() {
            Ok(())
        } else {
            Err(BucketFault::Missing(absent))
        }
    }

    fn exists(&self, bucket: &BucketName, tries: &Tries) -> Result<bool, BucketFault> {
        let Some(home) = self.home_of(bucket) else {
            return Ok(false);
        };
        match tries.ask(|| home.store.bucket_exists(bucket)) {
            Ok(exists) => Ok(exists),
            Err(StoreError::NoSuchBucket(_)) => Ok(false),
            // A store that keeps to the rules has no bucket of such a name, and says so oddly.
            Err(StoreError::Refused(_)) if !follows_naming_rules(bucket) => {
                Err(BucketFault::Name(bucket.clone()))
            }
            // Whether it is ours to use is the next question.
            Err(StoreError::AccessDenied(_)) => Ok(true),
            Err(error) => Err(unusable(bucket, home, &error)),
        }
    }

    fn check_rights(&self, needs: &[Need], tries: &Tries) -> Result<(), BucketFault> {
        let mut denied = Vec::new();
        for need in needs {
            if !self.is_possible(need, tries)? {
                denied.push((need.bucket.clone(), need.usage));
            }
        }
        if denied.is_empty() {
            Ok(())
        } else {
            Err(BucketFault::Denied(denied))
        }
    }

    /// Tries what the job needs, leaving nothing behind.
    fn is_possible(&self, need: &Need, tries: &Tries) -> Result<bool, BucketFault> {
        let Some(home) = self.home_of(&need.bucket) else {
            return Ok(false);
        };
        let bucket = tries.bucket(home.store.bucket(&need.bucket));
        let tried = match &need.trial {
            Trial::Read => check_read(&bucket),
            Trial::Write(key) => check_write(&bucket, key),
        };
        match tried.map_err(CallError::settled) {
            Ok(()) => Ok(true),
            Err(StoreError::AccessDenied(_) | StoreError::NoSuchBucket(_)) => Ok(false),
            Err(error) => Err(unusable(&need.bucket, home, &error)),
        }
    }

    fn check_regions(&self, needs: &[Need]) -> Result<(), BucketFault> {
        let region = |need: &Need| {
            let home = self.home_of(&need.bucket)?;
            Some((need.bucket.clone(), home.access.region.clone()))
        };
        let mut regions: Vec<(BucketName, String)> = needs.iter().filter_map(region).collect();
        if regions.windows(2).all(|pair| pair[0].1 == pair[1].1) {
            return Ok(());
        }
        regions.dedup();
        Err(BucketFault::SeveralRegions(regions))
    }
}

/// A store that cannot be worked with at the moment.
enum Unheard {
    /// It gave no answer; this came in its place.
    Silent(StoreError),
    /// It answers, and gives none of the keys that stations are to have.
    GivesNoKeys(StoreError),
    /// Nobody could be asked.
    NotAsked,
}

/// What a job needs of a bucket, and how that is tried.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Need {
    bucket: BucketName,
    usage: BucketUse,
    trial: Trial,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Trial {
    Read,
    Write(ObjectKey),
}

/// What the job `id` with this manifest needs. Writing is tried where it will happen: a store may
/// allow it under one prefix only.
fn needs(manifest: &Manifest, id: JobId) -> Vec<Need> {
    let trial = |usage| match usage {
        BucketUse::Export => Trial::Read,
        BucketUse::Log => Trial::Write(manifest.log_key(id)),
        BucketUse::Import => Trial::Write(trial_key(manifest).unwrap_or(manifest.log_key(id))),
    };
    let needs = manifest.buckets().into_iter();
    needs
        .map(|(bucket, usage)| Need {
            bucket,
            usage,
            trial: trial(usage),
        })
        .collect()
}

fn trial_key(manifest: &Manifest) -> Option<ObjectKey> {
    let Manifest::S3Import(import) = manifest else {
        return None;
    };
    ObjectKey::new(format!("{}{TRIAL_NAME}", import.prefix)).ok()
}

/// How the service itself speaks to a store.
fn way_to(
    name: &str,
    access: &StoreAccess,
    surroundings: &Surroundings,
) -> Result<ServiceConfig, StoresError> {
    let access_key_id = AccessKeyId::parse(&access.access_key_id)
        .ok_or_else(|| StoresError::AccessKey(name.to_owned()))?;
    let secret = SecretKey::new(access.secret_access_key.as_str());
    let credentials = Credentials {
        access_key_id,
        secret,
        session_token: None,
    };
    let mut config = ServiceConfig::new(&access.endpoint, &access.region, credentials);
    config.timeouts = STORE_TIMEOUTS;
    config.connections = CHECKS_AT_ONCE;
    let (proxy, certificates) = (access.proxy.as_deref(), access.certificates.as_deref());
    config.surroundings = surroundings.of_service(proxy, certificates);
    Ok(config)
}

fn home(
    name: &str,
    buckets: Option<Vec<BucketGlob>>,
    access: StoreAccess,
    keys: HomeKeys,
    way: &ServiceConfig,
) -> Result<Home, StoresError> {
    let addressing = Addressing::of(access.path_style);
    let store = Store::connect(way, addressing).map_err(|source| StoresError::Endpoint {
        name: name.to_owned(),
        source,
    })?;
    Ok(Home {
        name: name.to_owned(),
        buckets,
        access,
        elsewhere: None,
        keys,
        pace: RateSchedule::default(),
        store,
    })
}

/// Whether a name is one that S3 gives to new buckets (S3 User Guide, *Bucket naming rules*).
fn follows_naming_rules(bucket: &BucketName) -> bool {
    let name = bucket.as_str().as_bytes();
    let plain = |b: &u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let text = bucket.as_str();
    let reserved = ["xn--", "sthree-", "amzn-s3-demo-"];
    let reserved_ends = ["-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"];
    (3..=63).contains(&name.len())
        && name.iter().all(|b| plain(b) || b".-".contains(b))
        && name.first().is_some_and(plain)
        && name.last().is_some_and(plain)
        && !text.contains("..")
        && text.parse::<std::net::Ipv4Addr>().is_err()
        && !reserved.iter().any(|start| text.starts_with(start))
        && !reserved_ends.iter().any(|end| text.ends_with(end))
}

/// The tries of one check, which share their time.
struct Tries {
    begun: Instant,
    never: Arc<AtomicBool>,
}

impl Tries {
    fn new() -> Self {
        Self {
            begun: Instant::now(),
            never: Arc::default(),
        }
    }

    /// In the time that is left.
    fn retry(&self) -> Retry {
        let policy = RetryPolicy {
            budget: ASK_AGAIN_WITHIN.saturating_sub(self.begun.elapsed()),
            ..RetryPolicy::default()
        };
        let sleeper = RealTime::new(Arc::clone(&self.never));
        Retry::new(policy, u64::from(std::process::id()), Box::new(sleeper))
    }

    /// What waits between tries, and is never told to stop.
    fn sleeper(&self) -> RealTime {
        RealTime::new(Arc::clone(&self.never))
    }

    fn bucket(&self, bucket: S3Bucket) -> Retrying<S3Bucket> {
        Retrying::new(bucket, self.retry())
    }

    fn ask<T>(&self, question: impl Fn() -> Result<T, StoreError>) -> Result<T, StoreError> {
        self.retry().look("check", question)
    }
}

/// A store that cannot be asked: the operator has to look, and is told everything. The customer is told
/// whether it is worth trying again, and no secrets.
fn unusable(bucket: &BucketName, home: &Home, error: &StoreError) -> BucketFault {
    let told: &dyn std::error::Error = error;
    let (store, endpoint) = (&home.name, &home.access.endpoint);
    tracing::error!(%bucket, store, endpoint, error = told, "bucket not checked");
    match error {
        StoreError::WrongRegion {
            region: Some(region),
            ..
        } => BucketFault::Elsewhere {
            bucket: bucket.clone(),
            region: region.clone(),
            expected: home.access.region.clone(),
        },
        error if error.may_retry() => BucketFault::StoreSilent(bucket.clone()),
        _ => BucketFault::StoreUnusable(bucket.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Overrides};

    /// A log that is kept.
    struct Kept(std::sync::Mutex<Vec<u8>>);

    impl std::io::Write for &Kept {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn the_operator_is_told_which_store_cannot_be_used_and_why() {
        let access = StoreAccess {
            endpoint: "http://10.0.0.7:9000".to_owned(),
            region: "us-east-1".to_owned(),
            path_style: true,
            access_key_id: "AK".to_owned(),
            secret_access_key: "SK".to_owned(),
            session: None,
            proxy: None,
            certificates: None,
        };
        let way = way_to("cellar", &access, &Surroundings::default()).unwrap();
        let home = home("cellar", None, access, HomeKeys::Own, &way).unwrap();
        let bucket = BucketName::new("photos").unwrap();
        let answer = awshttp::Answer::new(403, "SignatureDoesNotMatch", "");
        let log = Arc::new(Kept(std::sync::Mutex::default()));
        let subscriber = tracing_subscriber::fmt()
            .with_ansi(false)
            .with_writer(Arc::clone(&log))
            .finish();
        let fault = tracing::subscriber::with_default(subscriber, || {
            unusable(&bucket, &home, &StoreError::Credentials(answer))
        });
        assert!(matches!(fault, BucketFault::StoreUnusable(_)));
        let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
        for words in ["cellar", "http://10.0.0.7:9000", "SignatureDoesNotMatch"] {
            assert!(log.contains(words), "`{words}` is not in: {log}");
        }
    }

    #[test]
    fn what_is_wrong_with_buckets_is_a_sentence_and_a_detail_for_each() {
        let bucket = |text| BucketName::new(text).unwrap();
        let denied = BucketFault::Denied(vec![
            (bucket("photos"), BucketUse::Import),
            (bucket("films"), BucketUse::Log),
        ]);
        let details = [
            "photos: may not be imported to",
            "films: may not be used for logs",
        ];
        assert_eq!(denied.details(), details);
        let sentence = "buckets may not be used: photos: may not be imported to; films: may not be used for logs";
        assert_eq!(denied.to_string(), sentence);
        let elsewhere = BucketFault::Elsewhere {
            bucket: bucket("photos"),
            region: "eu".to_owned(),
            expected: "us".to_owned(),
        };
        let sentence = "the bucket `photos` is in the region eu, and not in us";
        assert_eq!(elsewhere.to_string(), sentence);
        assert_eq!(
            elsewhere.details(),
            ["photos: in the region eu, and not in us"]
        );
        let missing = BucketFault::Missing(vec![bucket("photos"), bucket("films")]);
        assert_eq!(missing.to_string(), "there is no bucket photos, films");
    }

    #[test]
    fn names_that_nobody_can_have_are_known() {
        let name = |text: &str| BucketName::new(text).is_ok_and(|name| follows_naming_rules(&name));
        for good in ["photos", "a.b-c", "127.0.0.1.example", "1.2.3", "xn-photos"] {
            assert!(name(good), "{good}");
        }
        for bad in [
            "127.0.0.1",
            "xn--80ak",
            "Photos",
            "-photos",
            "x-s3alias",
            "with_line",
        ] {
            assert!(!name(bad), "{bad}");
        }
    }

    #[test]
    fn the_first_store_that_has_a_bucket_is_asked() {
        let store = |name: &str, region: &str, buckets: &str| {
            format!(
                "[[stores]]\nname = \"{name}\"\nendpoint = \"http://127.0.0.1:1\"\n\
                 region = \"{region}\"\naccess_key_id = \"key\"\n\
                 secret_access_key = \"secret\"\nbuckets = [\"{buckets}\"]\n"
            )
        };
        let text = store("a", "eu", "eu-*") + &store("b", "us", "*s");
        let config = Config::parse("".as_ref(), &text, &Overrides::default()).unwrap();
        let stores = Stores::new(&config.stores, None, &config.network).unwrap();
        let region = |bucket| {
            let bucket = BucketName::new(bucket).unwrap();
            stores
                .home_of(&bucket)
                .map(|home| home.access.region.as_str())
        };
        assert_eq!(region("eu-photos"), Some("eu"));
        assert_eq!(region("photos"), Some("us"));
        assert_eq!(region("films2"), None);
    }
}
