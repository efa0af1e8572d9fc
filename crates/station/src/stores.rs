//! Opens the buckets a claim gives access to.

use std::sync::Arc;

use awshttp::Surroundings;
use awshttp::endpoint::ServiceConfig;
use awshttp::retry::{RealTime, Retry, RetryPolicy};
use awsproto::claims::AccessKeyId;
use awsproto::secret::SecretKey;
use awsproto::sign::Credentials;
use model::control::Claim;
use model::ids::BucketName;
use model::time::SystemClock;
use objectstore::Bucket;
use objectstore::adaptive::Adaptive;
use objectstore::connect::Store;
use objectstore::paced::Paced;
use objectstore::retrying::Retrying;
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

/// Stores that speak S3, at the addresses the claim names.
#[derive(Debug, Clone, Default)]
pub struct S3Stores {
    /// What stands between this host and the stores.
    pub surroundings: Surroundings,
}

impl Stores for S3Stores {
    fn open(
        &self,
        claim: &Claim,
        bucket: &BucketName,
        settings: Settings,
        stop: &Stop,
    ) -> Result<Box<dyn Bucket>, NoWayToBucket> {
        connect(claim, bucket, settings, stop, &self.surroundings)
    }
}

fn connect(
    claim: &Claim,
    bucket: &BucketName,
    settings: Settings,
    stop: &Stop,
    surroundings: &Surroundings,
) -> Result<Box<dyn Bucket>, NoWayToBucket> {
    let wrong = |reason: String| NoWayToBucket {
        bucket: bucket.clone(),
        reason,
    };
    let access = claim
        .access(bucket)
        .ok_or_else(|| wrong("the server did not name it".into()))?;
    let access_key_id = AccessKeyId::parse(&access.access_key_id).ok_or_else(|| {
        wrong(format!(
            "`{}` is not an access key id",
            access.access_key_id
        ))
    })?;
    let credentials = Credentials {
        access_key_id,
        secret: SecretKey::new(&*access.secret_access_key),
        session_token: None,
    };
    let mut config = ServiceConfig::new(&*access.endpoint, &*access.region, credentials);
    config.connections = settings.parallel;
    let (proxy, certificates) = (access.proxy.as_deref(), access.certificates.as_deref());
    config.surroundings = surroundings.of_service(proxy, certificates);
    let addressing = Addressing::of(access.path_style);
    let store = Store::connect(&config, addressing).map_err(|e| wrong(e.to_string()))?;
    let seed = u64::from(claim.attempt) ^ claim.created.unix().unsigned_abs();
    let sleeper = || Box::new(RealTime::new(stop.flag()));
    // Who waits to try again must not hold a place among those who try.
    let paced = Paced::new(
        store.bucket(bucket),
        settings.pace,
        sleeper(),
        Arc::new(SystemClock),
    );
    let adaptive = Adaptive::new(paced, settings.parallel, sleeper());
    let retry = Retry::new(RetryPolicy::default(), seed, sleeper());
    Ok(Box::new(Retrying::new(adaptive, retry)))
}
