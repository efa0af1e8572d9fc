//! Opens the buckets a claim gives access to.

use std::sync::{Arc, Mutex, PoisonError};

use awshttp::Surroundings;
use awshttp::endpoint::ServiceConfig;
use awsproto::claims::AccessKeyId;
use awsproto::secret::SecretKey;
use awsproto::sign::Credentials;
use model::control::{Claim, StoreAccess};
use model::ids::BucketName;
use objectstore::Bucket;
use objectstore::client::StoreClient;
use objectstore::connect::Store;
use objectstore::s3::address::Addressing;

use transfer::settings::Settings;
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
    /// Opens a bucket of the claim's job. Nothing need be sent before its first call.
    ///
    /// # Errors
    /// [`NoWayToBucket`].
    fn open(
        &self,
        claim: &Claim,
        bucket: &BucketName,
        settings: Settings,
        stop: &Stop,
    ) -> Result<Box<dyn Bucket>, NoWayToBucket>;
}

/// Stores that speak S3, at the addresses the claim names. Buckets of one store that a run opens share its
/// connections, its requests at once and its rate.
#[derive(Debug, Clone, Default)]
pub struct S3Stores {
    surroundings: Surroundings,
    opened: Arc<Mutex<Vec<Opened>>>,
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

    /// A bucket of the store of `access`, by the client that the run has of it, or by a new one.
    fn bucket(&self, access: &StoreAccess, wanted: &Wanted<'_>) -> Result<Box<dyn Bucket>, String> {
        let Wanted { bucket, seed, .. } = *wanted;
        let stop = wanted.stop.flag();
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        // Those of runs that are over go, with their connections.
        opened.retain(|opened| opened.client.is_in_use());
        let known = opened
            .iter()
            .find(|opened| opened.access == *access && opened.client.is_stopped_by(&stop));
        if let Some(known) = known {
            return Ok(Box::new(known.client.bucket(bucket, seed)));
        }
        let client = connect(access, wanted, &self.surroundings)?;
        let opening = client.bucket(bucket, seed);
        let access = access.clone();
        opened.push(Opened { access, client });
        Ok(Box::new(opening))
    }
}

/// What a run wants of a store.
#[derive(Debug, Clone, Copy)]
struct Wanted<'a> {
    bucket: &'a BucketName,
    settings: Settings,
    seed: u64,
    stop: &'a Stop,
}

impl Stores for S3Stores {
    fn open(
        &self,
        claim: &Claim,
        bucket: &BucketName,
        settings: Settings,
        stop: &Stop,
    ) -> Result<Box<dyn Bucket>, NoWayToBucket> {
        let wanted = Wanted {
            bucket,
            settings,
            seed: u64::from(claim.attempt) ^ claim.created.unix().unsigned_abs(),
            stop,
        };
        let access = claim.access(bucket);
        let access = access.ok_or_else(|| "the server did not name it".to_owned());
        let opened = access.and_then(|access| self.bucket(access, &wanted));
        opened.map_err(|reason| NoWayToBucket {
            bucket: bucket.clone(),
            reason,
        })
    }
}

fn connect(
    access: &StoreAccess,
    wanted: &Wanted<'_>,
    surroundings: &Surroundings,
) -> Result<StoreClient, String> {
    let access_key_id = AccessKeyId::parse(&access.access_key_id)
        .ok_or_else(|| format!("`{}` is not an access key id", access.access_key_id))?;
    let credentials = Credentials {
        access_key_id,
        secret: SecretKey::new(&*access.secret_access_key),
        session_token: None,
    };
    let mut config = ServiceConfig::new(&*access.endpoint, &*access.region, credentials);
    let (parallel, rate) = (wanted.settings.parallel, wanted.settings.pace);
    config.connections = parallel;
    let (proxy, certificates) = (access.proxy.as_deref(), access.certificates.as_deref());
    config.surroundings = surroundings.of_service(proxy, certificates);
    let addressing = Addressing::of(access.path_style);
    let store = Store::connect(&config, addressing).map_err(|error| error.to_string())?;
    Ok(StoreClient::new(store, parallel, rate, wanted.stop.flag()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn access(endpoint: &str) -> StoreAccess {
        StoreAccess {
            endpoint: endpoint.to_owned(),
            region: "us-east-1".to_owned(),
            path_style: true,
            access_key_id: "AKIDEXAMPLE".to_owned(),
            secret_access_key: "secret".to_owned(),
            proxy: None,
            certificates: None,
        }
    }

    #[test]
    fn buckets_of_one_store_share_what_a_run_has_of_it() {
        let stores = S3Stores::default();
        let (stop, other) = (Stop::default(), Stop::default());
        let open = |endpoint: &str, name: &str, stop: &Stop| {
            let wanted = Wanted {
                bucket: &BucketName::new(name).unwrap(),
                settings: Settings::default(),
                seed: 1,
                stop,
            };
            stores.bucket(&access(endpoint), &wanted).unwrap()
        };
        let count = || stores.opened.lock().unwrap().len();
        let photos = open("http://127.0.0.1:1", "photos", &stop);
        let logs = open("http://127.0.0.1:1", "logs", &stop);
        assert_eq!(count(), 1, "one store");
        let _elsewhere = open("http://127.0.0.1:2", "logs", &stop);
        let _of_another = open("http://127.0.0.1:1", "photos", &other);
        assert_eq!(count(), 3, "another store, and another run");
        drop((photos, logs));
        let _again = open("http://127.0.0.1:2", "photos", &stop);
        assert_eq!(count(), 2, "what no run uses any more is closed");
    }
}
