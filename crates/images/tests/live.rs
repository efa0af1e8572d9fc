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
use awsquery::claims::AccessKeyId;
use awsquery::secret::SecretKey;
use awsquery::sign::Credentials;
use images::snapshots::{BLOCK_BYTES, Beginning, LinearChecksum, Snapshots};
use images::vaults::{Hashes, Vault, VaultAddress};
use images::{ServiceError, treehash};
use sha2::{Digest as _, Sha256};

const MIB: usize = 1 << 20;

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

fn vault(config: &ServiceConfig, name: &str) -> Vault {
    let address = VaultAddress { account: "-", name };
    Vault::connect(config, &address, retry()).unwrap()
}

/// Bytes that differ from block to block.
fn bytes(seed: u8, count: usize) -> Vec<u8> {
    let mut hash = Sha256::digest([seed]);
    let mut bytes = Vec::with_capacity(count + 32);
    while bytes.len() < count {
        bytes.extend_from_slice(&hash);
        hash = Sha256::digest(hash);
    }
    bytes.truncate(count);
    bytes
}

#[test]
fn a_snapshot_holds_the_blocks_that_were_put() {
    let Some(config) = config("EBS_ENDPOINT") else {
        return;
    };
    let snapshots = Snapshots::connect(&config, retry()).unwrap();
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let token = format!("live-{}", now.unwrap().as_nanos());
    let beginning = Beginning {
        volume_gib: 1,
        description: "longshore, a live test",
        client_token: &token,
    };
    let snapshot = snapshots.start(&beginning).unwrap();
    let put = |index: u32, data: &[u8]| {
        let hash = Sha256::digest(data).into();
        snapshots.put_block(&snapshot, index, data, &hash).unwrap();
    };
    let blocks: Vec<(u32, Vec<u8>)> = [0_u32, 3, 2047]
        .into_iter()
        .map(|index| (index, bytes(index.to_le_bytes()[0], BLOCK_BYTES)))
        .collect();
    std::thread::scope(|scope| {
        for (index, data) in &blocks {
            scope.spawn(|| put(*index, data));
        }
    });
    let mut sum = LinearChecksum::default();
    for (_, data) in &blocks {
        sum.push(&Sha256::digest(data).into());
    }
    snapshots
        .complete(&snapshot, 3, Some(sum.finish()))
        .unwrap();
    while !snapshots.is_readable(&snapshot).unwrap() {
        std::thread::sleep(Duration::from_secs(1));
    }
    let listed = snapshots.list_blocks(&snapshot).unwrap();
    let indexes: Vec<u32> = listed.iter().map(|block| block.index).collect();
    assert_eq!(indexes, [0, 3, 2047]);
    for (stored, (_, data)) in listed.iter().zip(&blocks) {
        let read = snapshots.get_block(&snapshot, stored).unwrap();
        assert!(read == *data, "block {}", stored.index);
    }
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
    let data = bytes(1, 3 * MIB + 5);
    let archive = vault
        .upload_archive("longshore, a live test", &data, &Hashes::of(&data))
        .unwrap();
    assert!(!archive.id.is_empty());
}

#[test]
fn an_archive_goes_in_parts() {
    let (Some(config), Some(name)) = (config("GLACIER_ENDPOINT"), variable("VAULT")) else {
        return;
    };
    let vault = vault(&config, &name);
    let data = bytes(2, 9 * MIB + 5);
    let parts: Vec<(u64, &[u8])> = (0..).step_by(2 * MIB).zip(data.chunks(2 * MIB)).collect();
    let upload = vault.initiate(2 << 20, "longshore, in parts").unwrap();
    for (offset, part) in parts.iter().rev() {
        let hashes = Hashes::of(part);
        vault.put_part(&upload, *offset, part, &hashes).unwrap();
    }
    let listed = vault.list_parts(&upload).unwrap();
    let expected: Vec<(u64, [u8; 32])> = parts
        .iter()
        .map(|(offset, part)| (*offset, treehash::of(part)))
        .collect();
    let found: Vec<(u64, [u8; 32])> = listed.iter().map(|p| (p.range.start, p.tree)).collect();
    assert_eq!(found, expected);

    let tree = treehash::combine(expected.iter().map(|(_, tree)| *tree));
    assert_eq!(tree, treehash::of(&data));
    let total = data.len() as u64;
    let wrong = vault.complete(&upload, total, &[0; 32]).unwrap_err();
    assert!(matches!(wrong, ServiceError::Refused(_)), "{wrong:?}");
    let archive = vault.complete(&upload, total, &tree).unwrap();
    assert_eq!(vault.complete(&upload, total, &tree).unwrap(), archive);
    let gone = vault.list_parts(&upload).unwrap_err();
    assert!(matches!(gone, ServiceError::NotFound(_)), "{gone:?}");
}

#[test]
fn what_is_wrong_is_refused_and_what_is_given_up_is_gone() {
    let (Some(config), Some(name)) = (config("GLACIER_ENDPOINT"), variable("VAULT")) else {
        return;
    };
    let vault = vault(&config, &name);
    assert!(
        vault.initiate(3 << 20, "").is_err(),
        "3 MiB is no size of parts"
    );
    let upload = vault.initiate(1 << 20, "").unwrap();
    let (part, other) = (bytes(3, MIB), bytes(4, MIB));
    let damaged = Hashes {
        tree: treehash::of(&other),
        ..Hashes::of(&part)
    };
    let wrong = vault.put_part(&upload, 0, &part, &damaged).unwrap_err();
    assert!(matches!(wrong, ServiceError::Refused(_)), "{wrong:?}");
    let crooked = vault.put_part(&upload, 5, &part, &Hashes::of(&part));
    assert!(
        matches!(crooked, Err(ServiceError::Refused(_))),
        "{crooked:?}"
    );
    vault.abort(&upload).unwrap();
    vault.abort(&upload).unwrap();
    let gone = vault
        .put_part(&upload, 0, &part, &Hashes::of(&part))
        .unwrap_err();
    assert!(matches!(gone, ServiceError::NotFound(_)), "{gone:?}");
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
