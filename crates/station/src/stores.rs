//! Opens the buckets a claim gives access to.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use awshttp::Surroundings;
use awshttp::endpoint::ServiceConfig;
use awsproto::claims::AccessKeyId;
use awsproto::secret::{SecretKey, SessionToken};
use awsproto::sign::Credentials;
use model::control::{Claim, StoreAccess};
use model::ids::BucketName;
use model::share::SharedStore;
use objectstore::Bucket;
use objectstore::client::StoreClient;
use objectstore::connect::Store;
use objectstore::s3::address::Addressing;

use transfer::resources::Resources;
use transfer::stop::Stop;

/// A claim that does not say how to reach a bucket, or says nonsense.
#[derive(Debug, thiserror::Error)]
#[error("could not use the store of bucket `{bucket}`: {reason}")]
pub struct NoWayToBucket {
    /// The bucket.
    pub bucket: BucketName,
    /// What is wrong.
    pub reason: String,
}

/// The way to the stores of a claim's buckets.
///
/// # Contract
/// What is opened tries again by itself while trying may help, and ends its waiting soon after
/// `stop` is set.
pub trait Stores: Send + Sync {
    /// Opens a bucket of the claim's job, within what `resources` grant of its store. Nothing need be sent before its first call.
    ///
    /// # Errors
    /// [`NoWayToBucket`].
    fn open(
        &self,
        claim: &Claim,
        bucket: &BucketName,
        resources: &Resources,
        stop: &Stop,
    ) -> Result<Box<dyn Bucket>, NoWayToBucket>;

    /// Has what was opened by a way of a claim, and what is opened by it later, speak under the key of another way to the same
    /// store.
    fn renew(&self, claimed: &StoreAccess, now: &StoreAccess);

    /// Ends that: nothing is opened by a way of this claim any more.
    fn forget(&self, claimed: &StoreAccess);
}

/// Stores that speak S3, at the addresses the claim names. All runs share the connections to a store, its requests at
/// once and its rate.
#[derive(Debug, Clone, Default)]
pub struct S3Stores {
    surroundings: Surroundings,
    opened: Arc<Mutex<Known>>,
}

/// What is known of the stores that runs speak to.
#[derive(Debug, Default)]
struct Known {
    opened: Vec<Opened>,
    /// Ways of claims, each with the one that is now in its place.
    renewed: Vec<(StoreAccess, StoreAccess)>,
}

impl Known {
    /// The way that is now in the place of this one.
    fn now(&self, claimed: &StoreAccess) -> StoreAccess {
        let mut renewed = self.renewed.iter();
        let found = renewed.find(|(before, _)| before == claimed);
        found.map_or_else(|| claimed.clone(), |(_, now)| now.clone())
    }
}

/// A store that some run speaks to.
#[derive(Debug)]
struct Opened {
    access: StoreAccess,
    client: StoreClient,
}

impl S3Stores {
    /// Stores behind `surroundings`, which stand between this host and them.
    #[must_use]
    pub fn new(surroundings: Surroundings) -> Self {
        Self {
            surroundings,
            opened: Arc::default(),
        }
    }

    /// A bucket of the store of `access`, by the client that some run has of it, or by a new one.
    fn bucket(&self, access: &StoreAccess, wanted: &Wanted<'_>) -> Result<Box<dyn Bucket>, String> {
        let Wanted { bucket, seed, .. } = *wanted;
        let stop = wanted.stop.flag();
        let mut known = self.known();
        // Those of runs that are over go, with their connections.
        known.opened.retain(|opened| opened.client.is_in_use());
        let access = known.now(access);
        if let Some(found) = known.opened.iter().find(|opened| opened.access == access) {
            return Ok(Box::new(found.client.bucket(bucket, seed, &stop)));
        }
        let client = connect(&access, wanted, &self.surroundings)?;
        let opening = client.bucket(bucket, seed, &stop);
        known.opened.push(Opened { access, client });
        Ok(Box::new(opening))
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.opened.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a run wants of a store.
#[derive(Debug, Clone, Copy)]
struct Wanted<'a> {
    bucket: &'a BucketName,
    resources: &'a Resources,
    /// What is to be known of the store's rate, where others share it.
    shared: Option<&'a SharedStore>,
    seed: u64,
    stop: &'a Stop,
}

impl Stores for S3Stores {
    fn open(
        &self,
        claim: &Claim,
        bucket: &BucketName,
        resources: &Resources,
        stop: &Stop,
    ) -> Result<Box<dyn Bucket>, NoWayToBucket> {
        let way = claim.way(bucket);
        let wanted = Wanted {
            bucket,
            resources,
            shared: way.and_then(|way| way.shared.as_ref()),
            seed: u64::from(claim.attempt) ^ claim.created.unix().unsigned_abs(),
            stop,
        };
        let way = way.ok_or_else(|| "the server did not name it".to_owned());
        let opened = way.and_then(|way| self.bucket(&way.access, &wanted));
        opened.map_err(|reason| NoWayToBucket {
            bucket: bucket.clone(),
            reason,
        })
    }

    fn renew(&self, claimed: &StoreAccess, now: &StoreAccess) {
        let credentials = match credentials(now) {
            Ok(credentials) => credentials,
            Err(reason) => {
                tracing::error!(endpoint = now.endpoint, reason, "key not used");
                return;
            }
        };
        let mut known = self.known();
        let before = known.now(claimed);
        for opened in known.opened.iter_mut().filter(|it| it.access == before) {
            opened.client.sign_with(&credentials);
            opened.access = now.clone();
        }
        known.renewed.retain(|(way, _)| way != claimed);
        known.renewed.push((claimed.clone(), now.clone()));
    }

    fn forget(&self, claimed: &StoreAccess) {
        self.known().renewed.retain(|(way, _)| way != claimed);
    }
}

/// What a way has requests signed with.
fn credentials(access: &StoreAccess) -> Result<Credentials, String> {
    let access_key_id = AccessKeyId::parse(&access.access_key_id)
        .ok_or_else(|| format!("`{}` is not an access key id", access.access_key_id))?;
    let session = access.session.as_ref();
    Ok(Credentials {
        access_key_id,
        secret: SecretKey::new(&*access.secret_access_key),
        session_token: session.map(|session| SessionToken::new(&*session.token)),
    })
}

fn connect(
    access: &StoreAccess,
    wanted: &Wanted<'_>,
    surroundings: &Surroundings,
) -> Result<StoreClient, String> {
    let credentials = credentials(access)?;
    let mut config = ServiceConfig::new(&*access.endpoint, &*access.region, credentials);
    config.connections = wanted.resources.parallel();
    let (proxy, certificates) = (access.proxy.as_deref(), access.certificates.as_deref());
    config.surroundings = surroundings.of_service(proxy, certificates);
    let addressing = Addressing::of(access.path_style);
    let store = Store::connect(&config, addressing).map_err(|error| error.to_string())?;
    let limits = wanted.resources.limits_of(&access.endpoint, wanted.shared);
    let requests = wanted.resources.requests().of(&access.endpoint);
    Ok(StoreClient::new(store, limits, requests))
}

#[cfg(test)]
mod tests {
    use super::*;
    use transfer::settings::Settings;

    fn access(endpoint: &str) -> StoreAccess {
        StoreAccess {
            endpoint: endpoint.to_owned(),
            region: "us-east-1".to_owned(),
            path_style: true,
            access_key_id: "AKIDEXAMPLE".to_owned(),
            secret_access_key: "secret".to_owned(),
            session: None,
            proxy: None,
            certificates: None,
        }
    }

    #[test]
    fn what_is_asked_of_a_shared_store_is_by_runs() {
        let (stores, resources) = (S3Stores::default(), Resources::new(&Settings::default()));
        let (one, other) = (Stop::default(), Stop::default());
        let shared = SharedStore {
            name: "ceph".to_owned(),
            afterwards: Some(1000),
            requests_afterwards: None,
        };
        let open = |name: &str, stop: &Stop| {
            let wanted = Wanted {
                bucket: &BucketName::new(name).unwrap(),
                resources: &resources,
                shared: Some(&shared),
                seed: 1,
                stop,
            };
            stores
                .bucket(&access("http://127.0.0.1:1"), &wanted)
                .unwrap()
        };
        let loading = || {
            crate::shares::ask(&resources)
                .0
                .first()
                .map(|wants| wants.loading)
        };
        assert_eq!(loading(), None);
        let first = [open("photos", &one), open("logs", &one)];
        assert!(
            crate::shares::have_news(&resources),
            "there is no share yet"
        );
        assert_eq!(loading(), Some(1), "two buckets of one run");
        let second = open("photos", &other);
        assert_eq!(loading(), Some(2));
        drop((first, one));
        assert_eq!(loading(), Some(1));
        drop((second, other));
        assert_eq!(loading(), None, "who loads nothing asks for nothing");
    }

    #[test]
    fn all_runs_share_what_there_is_of_a_store() {
        let stores = S3Stores::default();
        let resources = Resources::new(&Settings::default());
        let (stop, other) = (Stop::default(), Stop::default());
        let open = |access: &StoreAccess, name: &str, stop: &Stop| {
            let wanted = Wanted {
                bucket: &BucketName::new(name).unwrap(),
                resources: &resources,
                shared: None,
                seed: 1,
                stop,
            };
            stores.bucket(access, &wanted).unwrap()
        };
        let count = || stores.known().opened.len();
        let (one, two) = (access("http://127.0.0.1:1"), access("http://127.0.0.1:2"));
        let photos = open(&one, "photos", &stop);
        let logs = open(&one, "logs", &stop);
        let of_another = open(&one, "photos", &other);
        assert_eq!(count(), 1, "one store");
        let _elsewhere = open(&two, "logs", &stop);
        assert_eq!(count(), 2, "another store");
        let limits = resources.limits_of("http://127.0.0.1:1", None);
        let by_another_key = StoreAccess {
            access_key_id: "AKIDOTHER".to_owned(),
            ..one.clone()
        };
        let by_another_key = open(&by_another_key, "photos", &other);
        assert_eq!(count(), 3, "connections are those of a key");
        drop((photos, logs, of_another));
        assert!(limits.are_in_use(), "and limits are the store's");
        drop(by_another_key);
        assert!(!limits.are_in_use());
        let _again = open(&two, "photos", &stop);
        assert_eq!(count(), 1, "what no run uses any more is closed");
    }

    #[test]
    fn a_key_that_is_renewed_is_that_of_all_that_is_opened_by_its_claim() {
        let stores = S3Stores::default();
        let (resources, stop) = (Resources::new(&Settings::default()), Stop::default());
        let open = |access: &StoreAccess, name: &str| {
            let wanted = Wanted {
                bucket: &BucketName::new(name).unwrap(),
                resources: &resources,
                shared: None,
                seed: 1,
                stop: &stop,
            };
            stores.bucket(access, &wanted).unwrap()
        };
        let ways = || {
            let known = stores.known();
            let ids = known
                .opened
                .iter()
                .map(|it| it.access.access_key_id.clone());
            ids.collect::<Vec<_>>()
        };
        let with_key = |id: &str| StoreAccess {
            access_key_id: id.to_owned(),
            ..access("http://127.0.0.1:1")
        };
        let (claimed, other) = (with_key("AKFIRST"), with_key("AKOTHER"));
        let _photos = open(&claimed, "photos");
        let _another = open(&other, "photos");
        for now in ["AKSECOND", "AKTHIRD"] {
            stores.renew(&claimed, &with_key(now));
            assert_eq!(ways(), [now, "AKOTHER"]);
            let _logs = open(&claimed, "logs");
            assert_eq!(ways(), [now, "AKOTHER"], "by the same connections");
        }
        stores.forget(&claimed);
        let _logs = open(&claimed, "logs");
        assert_eq!(ways(), ["AKTHIRD", "AKOTHER", "AKFIRST"]);
    }
}
