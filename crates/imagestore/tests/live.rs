//! The clients against real services, named by the environment: `LONGSHORE_TEST_EBS_ENDPOINT`,
//! `LONGSHORE_TEST_GLACIER_ENDPOINT` and `LONGSHORE_TEST_VAULT`, a vault that exists, each with
//! `LONGSHORE_TEST_CLOUD_ACCESS_KEY` and `LONGSHORE_TEST_CLOUD_SECRET_KEY`. Without them there is nothing to
//! test, and the tests say so and pass.

#![expect(clippy::unwrap_used, reason = "the helpers of tests are tests too")]
#![expect(clippy::print_stderr, reason = "a test that is skipped says so")]

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, SystemTime};

use awshttp::endpoint::ServiceConfig;
use awshttp::retry::{RealTime, Retry, RetryPolicy};
use awsproto::claims::AccessKeyId;
use awsproto::secret::SecretKey;
use awsproto::sign::Credentials;
use imagestore::ebs::EbsSnapshots;
use imagestore::glacier::{GlacierVault, VaultAddress};
use imagestore::vaults::Hashes;
use imagestore::{ServiceError, suite};

fn variable(name: &str) -> Option<String> {
    std::env::var(format!("LONGSHORE_TEST_{name}")).ok()
}

/// The configuration of the service whose endpoint is in `variable`.
fn config(endpoint: &str) -> Option<ServiceConfig> {
    let found = variable(endpoint).and_then(|endpoint| {
        let credentials = Credentials {
            access_key_id: AccessKeyId::parse(&variable("CLOUD_ACCESS_KEY")?)?,
            secret: SecretKey::new(variable("CLOUD_SECRET_KEY")?),
            session_token: None,
        };
        Some(ServiceConfig::new(endpoint, "us-west-2", credentials))
    });
    if found.is_none() {
        eprintln!("skipped: LONGSHORE_TEST_{endpoint} or the key is not set");
    }
    found
}

fn retry() -> Retry {
    let policy = RetryPolicy {
        budget: Duration::from_secs(10),
        ..RetryPolicy::default()
    };
    let sleeper = RealTime::new(Arc::new(AtomicBool::new(false)));
    Retry::new(policy, 1, Box::new(sleeper))
}

fn vault(config: &ServiceConfig, name: &str) -> GlacierVault {
    let address = VaultAddress { account: "-", name };
    GlacierVault::connect(config, &address, retry()).unwrap()
}

#[test]
fn snapshots_keep_every_promise() {
    let Some(config) = config("EBS_ENDPOINT") else {
        return;
    };
    let snapshots = EbsSnapshots::connect(&config, retry()).unwrap();
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    suite::snapshots(&snapshots, &format!("live-{}", now.unwrap().as_nanos()));
}

#[test]
fn an_archive_goes_in_one_request() {
    let (Some(config), Some(name)) = (config("GLACIER_ENDPOINT"), variable("VAULT")) else {
        return;
    };
    assert!(
        !vault(&config, "longshore-nobody-made-this")
            .exists()
            .unwrap()
    );
    let vault = vault(&config, &name);
    assert!(vault.exists().unwrap());
    let data = vec![7; (3 << 20) + 5];
    let archive = vault
        .upload_archive("longshore, a live test", &data, &Hashes::of(&data))
        .unwrap();
    assert!(!archive.id.is_empty());
}

#[test]
fn a_vault_keeps_every_promise() {
    let (Some(config), Some(name)) = (config("GLACIER_ENDPOINT"), variable("VAULT")) else {
        return;
    };
    suite::vault(&vault(&config, &name));
}

#[test]
fn a_wrong_secret_is_told_apart() {
    let (Some(mut config), Some(name)) = (config("GLACIER_ENDPOINT"), variable("VAULT")) else {
        return;
    };
    config.credentials.secret = SecretKey::new("not the secret");
    let denied = vault(&config, &name).exists().unwrap_err();
    assert!(matches!(denied, ServiceError::Credentials(_)), "{denied:?}");
}
