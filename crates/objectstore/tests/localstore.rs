//! Our own embedded store keeps every promise of the suite, over HTTP.

#![expect(clippy::unwrap_used, reason = "the helpers of tests are tests too")]

use std::net::TcpListener;
use std::sync::Arc;
use std::thread;
use std::time::Instant;

use awshttp::endpoint::ServiceConfig;
use awsproto::claims::AccessKeyId;
use awsproto::secret::SecretKey;
use awsproto::sign::Credentials;
use localstore::{Durability, Everything, KeyHolder, Keyring, KeyringError, Limits, LocalStore};
use model::capabilities::{Capabilities, Finding, PartCheck};
use model::ids::{BucketName, ObjectKey};
use model::key_space::KeySpace;
use objectstore::connect::Store;
use objectstore::probe::capabilities;
use objectstore::s3::address::Addressing;
use objectstore::{Bucket as _, StoreError, suite};
use tokio::sync::oneshot;

const ACCESS_KEY: &str = "LONGSHORETESTKEY0001";
const SECRET: &str = "longshore-test-secret";

/// One key that may do everything.
struct OneKey;

#[async_trait::async_trait]
impl Keyring for OneKey {
    async fn find(&self, access_key_id: &str) -> Result<Option<KeyHolder>, KeyringError> {
        Ok((access_key_id == ACCESS_KEY).then(|| KeyHolder {
            secret: SecretKey::new(SECRET),
            account: "123456789012".to_owned(),
            rights: Arc::new(Everything),
        }))
    }
}

/// Runs `test` against a store in a folder of its own.
fn with_store(test: impl FnOnce(ServiceConfig)) {
    let folder = tempfile::tempdir().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let (stop, stopped) = oneshot::channel::<()>();
    thread::scope(|scope| {
        scope.spawn(|| {
            tokio::runtime::Runtime::new().unwrap().block_on(async {
                let store = LocalStore::open_with(folder.path(), Durability::Relaxed)
                    .await
                    .unwrap();
                let listener = tokio::net::TcpListener::from_std(listener).unwrap();
                let until = async { drop(stopped.await) };
                let (service, limits) = (store.service(OneKey), Limits::default());
                localstore::serve(listener, service, limits, until).await;
                store.close().await;
            });
        });
        // Moved in, so that a failed test ends the server too.
        let stop = stop;
        test(config(endpoint));
        drop(stop);
    });
}

fn config(endpoint: String) -> ServiceConfig {
    let credentials = Credentials {
        access_key_id: AccessKeyId::parse(ACCESS_KEY).unwrap(),
        secret: SecretKey::new(SECRET),
        session_token: None,
    };
    ServiceConfig::new(endpoint, "us-east-1", credentials)
}

#[test]
fn the_embedded_store_keeps_every_promise() {
    with_store(|config| {
        let store = Store::connect(&config, Addressing::Path).unwrap();
        let name = BucketName::new("suite").unwrap();
        assert!(!store.bucket_exists(&name).unwrap());
        store.create_bucket(&name).unwrap();
        store
            .create_bucket(&name)
            .expect("ours already is as good as made");
        assert!(store.bucket_exists(&name).unwrap());
        assert_eq!(store.bucket_region(&name).unwrap(), "us-east-1");
        let bucket = store.bucket(&name);
        suite::run(&bucket);
        suite::byte_order(&bucket);
        suite::path_like_keys(&bucket);
        suite::tags(&bucket);
        PartCheck::BEFORE_MD5
            .into_iter()
            .for_each(|check| suite::parts_summed_by(&bucket, check));
    });
}

/// The embedded store does all that is asked for, and is left as it was.
#[test]
fn the_probe_finds_what_the_embedded_store_does() {
    with_store(|config| {
        let store = Store::connect(&config, Addressing::Path).unwrap();
        let name = BucketName::new("probe").unwrap();
        store.create_bucket(&name).unwrap();
        let bucket = store.bucket(&name);
        let key = ObjectKey::new("logs/import-log.probe").unwrap();
        let start = Instant::now();
        let found = capabilities(&bucket, &key).unwrap();
        println!("the probe took {:?}", start.elapsed());
        let expected = Capabilities {
            key_space: KeySpace::honest(),
            // Nobody asked: the first sum that is looked at is enough.
            part_crc32c: Finding::Unknown,
            part_sha256: Finding::Unknown,
            ..Capabilities::all(Finding::Honored)
        };
        assert_eq!(found, expected);
        assert_eq!(bucket.list("", None, 10).unwrap().objects, []);
        assert_eq!(bucket.list_uploads("").unwrap(), []);
    });
}

#[test]
fn a_wrong_secret_and_a_missing_bucket_are_told_apart() {
    with_store(|mut config| {
        let nobody = BucketName::new("nobody-made-this").unwrap();
        let bucket = Store::connect(&config, Addressing::Path)
            .unwrap()
            .bucket(&nobody);
        let missing = objectstore::probe::check_read(&bucket).unwrap_err();
        assert!(
            matches!(missing, StoreError::NoSuchBucket(_)),
            "{missing:?}"
        );
        config.credentials.secret = SecretKey::new("not the secret");
        let bucket = Store::connect(&config, Addressing::Path)
            .unwrap()
            .bucket(&nobody);
        let denied = objectstore::probe::check_read(&bucket).unwrap_err();
        assert!(matches!(denied, StoreError::Credentials(_)), "{denied:?}");
    });
}
