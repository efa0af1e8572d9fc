//! Which of several faults is told.

use awsproto::secret::SecretKey;

use crate::world::{World, credentials, import};

/// Requests that are wrong in ever fewer ways: each has the faults of all that follow it, and is
/// answered with its own.
#[tokio::test]
async fn faults_are_told_in_one_order() {
    let world = World::start().await;
    let stranger = credentials("AKIAIOSFODNN7EXAMPLE", &SecretKey::new("x"));
    let forger = credentials(
        world.credentials.access_key_id.as_str(),
        &SecretKey::new("x"),
    );
    let nothing = [("APIVersion", "latest")];
    assert_eq!(
        world.call_as(&stranger, &nothing).await.code(),
        "InvalidClientTokenId"
    );
    assert_eq!(
        world.call_as(&forger, &nothing).await.code(),
        "SignatureDoesNotMatch"
    );
    assert_eq!(world.call(&nothing).await.code(), "MissingAction");
    let unknown = [("Action", "FlyToTheMoon"), ("APIVersion", "latest")];
    assert_eq!(world.call(&unknown).await.code(), "InvalidAction");

    let manifest = "bucket: nowhere-at-all\n";
    let mut params = vec![
        ("Action", "UpdateJob"),
        ("APIVersion", "latest"),
        ("ValidateOnly", "?"),
    ];
    let mut expect = async |added: Option<(&'static str, &'static str)>, code: &str| {
        if let Some((name, value)) = added {
            params.retain(|(given, _)| *given != name);
            params.push((name, value));
        }
        let answer = world.call(&params).await;
        assert_eq!(answer.code(), code, "{params:?}: {}", answer.body);
    };
    expect(None, "InvalidJobIdException").await;
    expect(Some(("JobId", "ZZZZZ")), "MissingParameterException").await;
    expect(Some(("Manifest", manifest)), "MissingParameterException").await;
    expect(Some(("JobType", "Sideways")), "InvalidParameterException").await;
    expect(Some(("JobType", "Import")), "InvalidParameterException").await;
    expect(Some(("ValidateOnly", "false")), "InvalidVersionException").await;
    expect(Some(("APIVersion", "2014-12-18")), "InvalidJobIdException").await;
}

#[tokio::test]
async fn parameters_are_missed_in_the_order_of_the_model() {
    let world = World::start().await;
    let missing = async |params: &[(&str, &str)]| world.call(params).await.message();
    assert_eq!(
        missing(&[("Action", "CreateJob")]).await,
        "JobType must be specified"
    );
    let no_manifest = [
        ("Action", "CreateJob"),
        ("JobType", "Import"),
        ("Manifest", ""),
    ];
    assert_eq!(missing(&no_manifest).await, "Manifest must be specified");
    assert_eq!(
        missing(&[("Action", "UpdateJob")]).await,
        "JobId must be specified"
    );
    let update = [("Action", "UpdateJob"), ("JobId", "ZZZZZ")];
    assert_eq!(missing(&update).await, "Manifest must be specified");
}

#[tokio::test]
async fn a_gone_job_outranks_its_manifest_and_its_manifest_outranks_its_state() {
    let world = World::start().await;
    let now = world.now();
    let canceled = model::progress::Progress::Canceled {
        at: now,
        because: None,
    };
    let canceled = world
        .plant(model::custody::Custody::NotReceived, canceled)
        .await;
    let over = crate::world::finished(0, now);
    let over = world.plant(crate::world::at_station(now), over).await;
    let update = async |id: &str, manifest: &str| {
        let params = [
            ("Action", "UpdateJob"),
            ("JobId", id),
            ("JobType", "Import"),
            ("Manifest", manifest),
        ];
        world.call(&params).await.code()
    };
    assert_eq!(
        update(canceled.id.as_str(), "nonsense").await,
        "CanceledJobIdException"
    );
    assert_eq!(
        update(over.id.as_str(), "nonsense").await,
        "MalformedManifestException"
    );
    let nowhere = import("nowhere-at-all");
    assert_eq!(
        update(over.id.as_str(), &nowhere).await,
        "NoSuchBucketException"
    );
    let good = import("photos");
    assert_eq!(
        update(over.id.as_str(), &good).await,
        "UnableToUpdateJobIdException"
    );
}

#[tokio::test]
async fn rights_outrank_existence_which_outranks_the_quota() {
    let world = World::with("[jobs]\nper_day_quota = 1\n").await;
    let (_, other) = world.another("other", &["other-*"]).await;
    let create = async |manifest: &str| {
        let params = crate::world::create(manifest);
        world.call_as(&other, &params).await.code()
    };
    assert_eq!(create(&import("other-bucket")).await, "OK");
    let both = format!("{}logBucket: nowhere-at-all\n", import("photos"));
    assert_eq!(create(&both).await, "BucketPermissionException");
    assert_eq!(create(&import("other-none")).await, "NoSuchBucketException");
    assert_eq!(
        create(&import("other-bucket")).await,
        "CreateJobQuotaExceededException"
    );
}
