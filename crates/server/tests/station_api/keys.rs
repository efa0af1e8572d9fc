//! What a station may do in the embedded store with the key of an attempt, and for how long.

use std::time::{Duration, Instant};

use awshttp::endpoint::ServiceConfig;
use awsproto::secret::SecretKey;
use bytes::Bytes;
use model::control::{Claim, Ending, StoreAccess};
use model::ids::{BucketName, ObjectKey};
use objectstore::checksum::Checksums;
use objectstore::connect::Store;
use objectstore::object::Attributes;
use objectstore::s3::address::Addressing;
use objectstore::{Bucket, StoreError};
use server::ops::{Caller, stations};

use crate::talk::Station;
use crate::world::{World, credentials, export, import};

/// A key that has ended must be refused within this time, as a store elsewhere does it; here it takes a second.
const SOON: Duration = Duration::from_secs(60);

/// Asks a store by the key of a claim, off the threads that answer for it.
pub(crate) async fn ask<T: Send + 'static>(
    access: &StoreAccess,
    bucket: &str,
    question: impl FnOnce(&dyn Bucket) -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    let secret = SecretKey::new(&*access.secret_access_key);
    let key = credentials(&access.access_key_id, &secret);
    let config = ServiceConfig::new(&*access.endpoint, &*access.region, key);
    let store = Store::connect(&config, Addressing::of(access.path_style)).unwrap();
    let bucket = store.bucket(&BucketName::new(bucket).unwrap());
    tokio::task::spawn_blocking(move || question(&bucket))
        .await
        .unwrap()
}

fn put(key: &'static str) -> impl FnOnce(&dyn Bucket) -> Result<(), StoreError> {
    move |bucket| {
        let body = Bytes::from_static(b"a file");
        let (key, sums) = (ObjectKey::new(key).unwrap(), Checksums::of(&body));
        let put = bucket.put(&key, body, &Attributes::default(), &sums);
        put.map(drop)
    }
}

fn remove(key: &'static str) -> impl FnOnce(&dyn Bucket) -> Result<(), StoreError> {
    move |bucket| bucket.delete(&ObjectKey::new(key).unwrap())
}

fn list(bucket: &dyn Bucket) -> Result<usize, StoreError> {
    bucket.list("", None, 10).map(|page| page.objects.len())
}

fn read(bucket: &dyn Bucket) -> Result<(), StoreError> {
    bucket
        .get(&ObjectKey::new("a.jpg").unwrap(), None)
        .map(drop)
}

fn is_denied<T>(answer: &Result<T, StoreError>) -> bool {
    matches!(answer, Err(StoreError::AccessDenied(_)))
}

fn access(claim: &Claim, bucket: &str) -> StoreAccess {
    let bucket = BucketName::new(bucket).unwrap();
    claim.access(&bucket).unwrap().clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_key_of_an_attempt_is_as_good_after_a_restart_of_the_service() {
    let world = World::start().await;
    let dock = Station::register(&world, "dock-1").await;
    let (_, signature) = world.create(&import("photos")).await;
    let before = access(&dock.granted(&world, &signature).await, "photos");
    ask(&before, "photos", put("a.jpg")).await.unwrap();
    let world = world.restart("", 3600).await;
    // Only the port is another, which the system chose.
    let (_, other) = world.create(&import("photos")).await;
    let endpoint = access(&dock.granted(&world, &other).await, "photos").endpoint;
    let after = StoreAccess { endpoint, ..before };
    assert_eq!(ask(&after, "photos", list).await.unwrap(), 1);
}

/// Waits until the store does not know the key any more.
async fn until_refused(access: &StoreAccess) {
    let begun = Instant::now();
    while !matches!(
        ask(access, "photos", list).await,
        Err(StoreError::Credentials(_))
    ) {
        assert!(begun.elapsed() < SOON, "the key is still good");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_station_may_do_in_the_store_what_its_job_needs() {
    let world = World::start().await;
    let dock = Station::register(&world, "dock-1").await;
    let (_, signature) = world.create(&import("photos")).await;
    let claim = dock.granted(&world, &signature).await;
    let key = access(&claim, "photos");
    ask(&key, "photos", put("a.jpg")).await.unwrap();
    assert_eq!(ask(&key, "photos", list).await.unwrap(), 1);
    ask(&key, "photos", read).await.unwrap();
    assert!(is_denied(&ask(&key, "photos", remove("a.jpg")).await));
    assert!(is_denied(&ask(&key, "other-bucket", put("a.jpg")).await));
    assert!(is_denied(&ask(&key, "other-bucket", list).await));

    let manifest = export(&["photos"], "logs");
    let (_, signature) = world.create_as_type("Export", &manifest).await;
    let claim = dock.granted(&world, &signature).await;
    let key = access(&claim, "photos");
    ask(&key, "photos", read).await.unwrap();
    assert!(is_denied(&ask(&key, "photos", put("a.jpg")).await));
    ask(&key, "logs", put("export-log")).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_ends_with_the_lease_of_its_attempt() {
    let world = World::start().await;
    let dock = Station::register(&world, "dock-1").await;
    let (_, signature) = world.create(&import("photos")).await;
    let first = dock.granted(&world, &signature).await;
    // Claimed again by the same station: the earlier attempt is over.
    let second = dock.granted(&world, &signature).await;
    let (first, key) = (access(&first, "photos"), access(&second, "photos"));
    until_refused(&first).await;
    // A lease that lapses leaves the station an hour to reach its server again.
    world.clock.advance(60 + 3600);
    ask(&key, "photos", put("a.jpg")).await.unwrap();
    world.clock.advance(2);
    until_refused(&key).await;

    let third = dock.granted(&world, &signature).await;
    let key = access(&third, "photos");
    ask(&key, "photos", list).await.unwrap();
    let released = Ending::Released {
        reason: "a test".to_owned(),
        cause: None,
        bucket: None,
        words: None,
        untouched: false,
    };
    let told = dock.finish(&world, third.job, &third.lease, released).await;
    told.unwrap();
    until_refused(&key).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_station_that_was_revoked_has_no_key_any_more() {
    let world = World::start().await;
    let dock = Station::register(&world, "dock-1").await;
    let (_, signature) = world.create(&import("photos")).await;
    let claim = dock.granted(&world, &signature).await;
    let key = access(&claim, "photos");
    ask(&key, "photos", put("a.jpg")).await.unwrap();
    let admin = world.service.context().admin();
    let revoked = stations::revoke(&admin, &Caller::Operator, &dock.name).await;
    revoked.unwrap();
    until_refused(&key).await;
    let other = Station::register(&world, "dock-2").await;
    let claim = other.granted(&world, &signature).await;
    let key = access(&claim, "photos");
    assert_eq!(ask(&key, "photos", list).await.unwrap(), 1);
}
