//! The suite against a real store, named by the environment:
//! `LONGSHORE_TEST_S3_ENDPOINT`, `LONGSHORE_TEST_S3_ACCESS_KEY`, `LONGSHORE_TEST_S3_SECRET_KEY`.
//! Without them there is nothing to test, and the test says so and passes.

use awshttp::endpoint::ServiceConfig;
use awsproto::claims::AccessKeyId;
use awsproto::secret::SecretKey;
use awsproto::sign::Credentials;
use model::ids::{BucketName, ObjectKey};
use objectstore::connect::Store;
use objectstore::s3::address::Addressing;
use objectstore::{Bucket as _, suite};

fn config() -> Option<ServiceConfig> {
    let variable = |name: &str| std::env::var(format!("LONGSHORE_TEST_S3_{name}")).ok();
    let credentials = Credentials {
        access_key_id: AccessKeyId::parse(&variable("ACCESS_KEY")?)?,
        secret: SecretKey::new(variable("SECRET_KEY")?),
        session_token: None,
    };
    Some(ServiceConfig::new(
        variable("ENDPOINT")?,
        "us-east-1",
        credentials,
    ))
}

#[test]
fn a_real_store_keeps_the_promises_we_build_on() {
    let Some(config) = config() else {
        eprintln!("skipped: LONGSHORE_TEST_S3_ENDPOINT, _ACCESS_KEY and _SECRET_KEY are not set");
        return;
    };
    let store = Store::connect(&config, Addressing::Path).unwrap();
    let name = BucketName::new("longshore-objects-suite").unwrap();
    store.create_bucket(&name).unwrap();
    store
        .create_bucket(&name)
        .expect("ours already is as good as made");
    assert!(store.bucket_exists(&name).unwrap());
    let nobody = BucketName::new("longshore-nobody-made-this").unwrap();
    assert!(!store.bucket_exists(&nobody).unwrap());
    assert!(!store.bucket_region(&name).unwrap().is_empty());
    suite::run(&store.bucket(&name));
    let key = ObjectKey::new("longshore-objects-suite.probe").unwrap();
    let bucket = store.bucket(&name);
    let found = objectstore::probe::capabilities(&bucket, &key).unwrap();
    println!("{found:#?}");
    assert!(found.multipart.is_honored() && found.etag_is_md5.is_honored());
    let left = bucket.list(key.as_str(), None, 10).unwrap();
    assert_eq!(left.objects, []);
    if found.tags.is_honored() {
        suite::tags(&bucket);
    }
}

#[test]
fn a_wrong_secret_and_a_missing_bucket_are_told_apart() {
    let Some(mut config) = config() else {
        return;
    };
    let nobody = BucketName::new("longshore-nobody-made-this").unwrap();
    let bucket = Store::connect(&config, Addressing::Path)
        .unwrap()
        .bucket(&nobody);
    let missing = objectstore::probe::check_read(&bucket).unwrap_err();
    assert!(
        matches!(missing, objectstore::StoreError::NoSuchBucket(_)),
        "{missing:?}"
    );
    config.credentials.secret = SecretKey::new("not the secret");
    let bucket = Store::connect(&config, Addressing::Path)
        .unwrap()
        .bucket(&nobody);
    let denied = objectstore::probe::check_read(&bucket).unwrap_err();
    assert!(
        matches!(denied, objectstore::StoreError::Credentials(_)),
        "{denied:?}"
    );
}
