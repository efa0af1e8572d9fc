//! Our own embedded store keeps every promise of the suite, over HTTP.

#![expect(clippy::unwrap_used, reason = "the helpers of tests are tests too")]

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use awshttp::endpoint::ServiceConfig;
use awshttp::retry::{Sleeper, Slept};
use awsproto::claims::AccessKeyId;
use awsproto::secret::SecretKey;
use awsproto::sign::Credentials;
use localstore::{Durability, Everything, KeyHolder, Keyring, KeyringError, Limits, LocalStore};
use model::capabilities::{Capabilities, Finding, PartCheck};
use model::ids::{BucketName, ObjectKey};
use model::key_space::KeySpace;
use model::share::Measure;
use model::time::SystemClock;
use objectstore::connect::Store;
use objectstore::paced::{Paced, RateSchedule, TokenBucket, Turns};
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

/// Time that passes only by waiting.
#[derive(Clone, Default)]
struct ManualTime(Arc<AtomicU64>);

impl Sleeper for ManualTime {
    fn elapsed(&self) -> Duration {
        Duration::from_nanos(self.0.load(Ordering::SeqCst))
    }

    fn sleep(&self, duration: Duration) -> Slept {
        let nanos = u64::try_from(duration.as_nanos()).unwrap();
        self.0.fetch_add(nanos, Ordering::SeqCst);
        Slept::Through
    }
}

/// Stands before a store and counts the requests that come by. A client writes the head of each at the beginning of a
/// segment.
fn counting(endpoint: &str) -> (String, Arc<AtomicU64>) {
    const METHODS: [&[u8]; 5] = [b"GET /", b"PUT /", b"HEAD /", b"POST /", b"DELETE /"];
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let before = format!("http://{}", listener.local_addr().unwrap());
    let store = endpoint.trim_start_matches("http://").to_owned();
    let seen = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&seen);
    thread::spawn(move || {
        for client in listener.incoming() {
            let client = client.unwrap();
            let store = TcpStream::connect(&store).unwrap();
            for end in [&client, &store] {
                end.set_nodelay(true).unwrap();
            }
            let count = Arc::clone(&count);
            let look = move |segment: &[u8]| {
                let begins = METHODS.iter().any(|method| segment.starts_with(method));
                count.fetch_add(u64::from(begins), Ordering::SeqCst);
            };
            let ends = (client.try_clone().unwrap(), store.try_clone().unwrap());
            pass_on(client, store, look);
            pass_on(ends.1, ends.0, |_| {});
        }
    });
    (before, seen)
}

/// Passes on what comes, and shows each segment of it to `look`.
fn pass_on(mut from: TcpStream, mut to: TcpStream, look: impl Fn(&[u8]) + Send + 'static) {
    thread::spawn(move || {
        let mut segment = vec![0; 1 << 16];
        while let Ok(length @ 1..) = from.read(&mut segment) {
            look(&segment[..length]);
            if to.write_all(&segment[..length]).is_err() {
                break;
            }
        }
        let _ = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
    });
}

/// Each waits a second: so many as are seen, so many seconds pass, but for the first.
#[test]
fn every_request_that_a_store_sees_has_had_its_turn() {
    with_store(|config| {
        let (endpoint, seen) = counting(&config.endpoint);
        let config = ServiceConfig { endpoint, ..config };
        let store = Store::connect(&config, Addressing::Path).unwrap();
        let name = BucketName::new("turns").unwrap();
        store.create_bucket(&name).unwrap();
        seen.store(0, Ordering::SeqCst);
        let time = ManualTime::default();
        let schedule = RateSchedule {
            requests_per_second: NonZeroU32::new(1),
            ..RateSchedule::default()
        };
        let (now, clock) = (Box::new(time.clone()), Arc::new(SystemClock));
        let tokens = TokenBucket::of(Measure::Requests, schedule, None, now, clock);
        let turns = Turns::new(None, tokens, Arc::new(time.clone()));
        let bucket = store.bucket(&name).in_turn(turns.of_requests());
        let bucket = Paced::new(bucket, turns);
        let key = ObjectKey::new("logs/import-log.turns").unwrap();
        capabilities(&bucket, &key).unwrap();
        let of_probe = seen.load(Ordering::SeqCst);
        assert!(of_probe > 50, "{of_probe}");
        suite::run(&bucket);
        suite::tags(&bucket);
        let seen = seen.load(Ordering::SeqCst);
        assert!(seen > of_probe + 50, "{seen}");
        // A range without bytes is refused before anything is sent.
        let unsent = 1;
        assert_eq!(time.elapsed().as_secs() + 1, seen + unsent);
    });
}
