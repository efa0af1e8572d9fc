//! Which devices are loaded, and what becomes of the jobs of the others.

use awshttp::endpoint::ServiceConfig;
use model::control::{ImageTarget, StoreAccess, VaultAccess};
use model::custody::Custody;
use model::ids::{BucketName, JobId, JobType};
use model::manifest::Manifest;
use model::progress::Progress;
use objectstore::connect::Store;
use objectstore::probe::check_write;
use objectstore::s3::address::Addressing;

use crate::talk::Station;
use crate::world::{World, at_station, ebs, export, finished, glacier, import, returned};

const DAY: i64 = 24 * 60 * 60;

fn codes(job: &model::job::Job) -> (&'static str, &'static str) {
    (job.custody.code(), job.progress.code())
}

#[tokio::test]
async fn the_right_signature_gets_the_job_and_all_it_takes() {
    let world = World::start().await;
    let station = Station::register(&world, "dock-1").await;
    let manifest = format!("{}logBucket: logs\n", import("photos"));
    let (id, signature) = world.create(&manifest).await;
    let claim = station.granted(&world, &signature).await;
    assert_eq!((claim.job, claim.attempt, claim.lease_seconds), (id, 1, 60));
    assert_eq!(claim.manifest, manifest);
    assert_eq!(codes(&world.job(id).await), ("AtAWS", "InProgress"));
    let parsed = Manifest::parse_accepted(&claim.manifest, claim.job_type).unwrap();
    for bucket in ["photos", "logs"].map(|name| BucketName::new(name).unwrap()) {
        let access = claim.access(&bucket).unwrap().clone();
        let key = parsed.log_key(id);
        let may_write = tokio::task::spawn_blocking(move || {
            let secret = awsproto::secret::SecretKey::new(access.secret_access_key);
            let credentials = crate::world::credentials(&access.access_key_id, &secret);
            let config = ServiceConfig::new(access.endpoint, access.region, credentials);
            let store = Store::connect(&config, Addressing::Path).unwrap();
            check_write(&store.bucket(&bucket), &key)
        });
        may_write.await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn a_device_that_says_nothing_useful_changes_no_job() {
    let world = World::start().await;
    let station = Station::register(&world, "dock-1").await;
    let (id, signature) = world.create(&import("photos")).await;
    assert_eq!(station.denied(&world, None, None).await, "MissingSignature");
    assert_eq!(
        station.denied(&world, Some("nonsense"), None).await,
        "InvalidSignature"
    );
    let long = "x".repeat(5000);
    assert_eq!(
        station.denied(&world, Some(&long), None).await,
        "InvalidSignature"
    );
    let other = JobId::new("ZZZZZ").unwrap();
    assert_eq!(
        station.denied(&world, Some(&signature), Some(other)).await,
        "OtherJob"
    );
    assert_eq!(
        station.denied(&world, None, Some(other)).await,
        "UnknownJob"
    );
    assert_eq!(codes(&world.job(id).await), ("NotReceived", "Pending"));
    assert_eq!(world.jobs().lease(id).await.unwrap(), None);
}

#[tokio::test]
async fn a_wrong_or_missing_signature_ends_no_job_and_the_customer_reads_why_it_waits() {
    let world = World::start().await;
    let station = Station::register(&world, "dock-1").await;
    let (_, other) = world.create(&import("photos")).await;
    let (id, signature) = world.create(&import("photos")).await;
    let forged = format!(
        "version:2.0\nsigningMethod:HmacSHA1\njobId:{id}\n{}",
        other.lines().last().unwrap()
    );
    let message = async || {
        let ask = [("Action", "GetStatus"), ("JobId", id.as_str())];
        world.call(&ask).await.text("ProgressMessage").unwrap()
    };
    let denied = station.denied(&world, Some(&forged), None).await;
    assert_eq!(denied, "InvalidSignature");
    // Anybody can write this job's id on a disk: the device has not come.
    assert_eq!(codes(&world.job(id).await), ("NotReceived", "Pending"));
    assert_eq!(
        message().await,
        "The specified job has not started. On hold since 2026-11-21T12:00:00Z: the SIGNATURE file of a \
         device that names this job is not the one that was issued. Give the operator the SIGNATURE \
         of this job, which GetStatus shows; loading begins when the device is docked with it."
    );
    let denied = station.denied(&world, None, Some(id)).await;
    assert_eq!(denied, "MissingSignature");
    assert_eq!(codes(&world.job(id).await), ("AtAWS", "Pending"));
    assert!(message().await.contains("the SIGNATURE file is missing"));
    assert_eq!(world.jobs().lease(id).await.unwrap(), None);
    let history = world.jobs().history(id).await.unwrap();
    let events: Vec<_> = history
        .iter()
        .filter_map(|line| Some(line.event.as_ref()?.name()))
        .collect();
    assert_eq!(events, ["Stopped", "DeviceArrived", "Stopped"]);

    let claim = station.granted(&world, &signature).await;
    assert_eq!(
        (claim.job, codes(&world.job(id).await)),
        (id, ("AtAWS", "InProgress"))
    );
    assert_eq!(world.job(id).await.stopped, None);
}

#[tokio::test]
async fn a_job_under_lease_is_not_disturbed() {
    let world = World::start().await;
    let (one, two) = (
        Station::register(&world, "dock-1").await,
        Station::register(&world, "dock-2").await,
    );
    let (id, signature) = world.create(&import("photos")).await;
    let claim = one.granted(&world, &signature).await;
    let before = world.job(id).await;
    let forged = signature.replace("signature:", "signature:AAAAAAAAAAAAAAAAAAAAAAAAAAA=\nx:");
    assert_eq!(two.denied(&world, Some(&signature), None).await, "Leased");
    assert_eq!(two.denied(&world, Some(&forged), None).await, "Leased");
    assert_eq!(two.denied(&world, None, Some(id)).await, "Leased");
    assert_eq!(
        one.denied(&world, Some(&forged), None).await,
        "InvalidSignature"
    );
    assert_eq!(one.denied(&world, None, Some(id)).await, "MissingSignature");
    assert_eq!(world.job(id).await, before);
    let lease = world.jobs().lease(id).await.unwrap().unwrap();
    assert_eq!((lease.token, lease.ended), (claim.lease, false));
}

#[tokio::test]
async fn the_same_station_claims_again_and_the_old_token_is_worth_nothing() {
    let world = World::start().await;
    let station = Station::register(&world, "dock-1").await;
    let (id, signature) = world.create(&import("photos")).await;
    let first = station.granted(&world, &signature).await;
    let second = station.granted(&world, &signature).await;
    assert_eq!((first.attempt, second.attempt), (1, 2));
    assert_ne!(first.lease, second.lease);
    let tally = crate::world::tally(0, 0, 0);
    let lost = station.renew(&world, id, &first.lease, tally).await;
    assert_eq!(lost, model::control::LeaseState::Lost);
}

#[tokio::test]
async fn of_two_stations_that_claim_at_once_one_gets_the_job() {
    let world = World::start().await;
    let (one, two) = (
        Station::register(&world, "dock-1").await,
        Station::register(&world, "dock-2").await,
    );
    for _ in 0..10 {
        let (id, signature) = world.create(&import("photos")).await;
        let signature = Some(signature.as_str());
        let answers = futures::join!(
            one.claim(&world, signature, None),
            two.claim(&world, signature, None)
        );
        let granted = [&answers.0, &answers.1]
            .into_iter()
            .filter(|answer| matches!(answer, model::control::ClaimAnswer::Granted(_)))
            .count();
        assert_eq!(granted, 1, "{answers:?}");
        assert_eq!(codes(&world.job(id).await), ("AtAWS", "InProgress"));
    }
}

#[tokio::test]
async fn devices_of_jobs_that_are_over_are_received_and_not_loaded() {
    let world = World::start().await;
    let station = Station::register(&world, "dock-9").await;
    let now = world.now();
    let canceled = Progress::Canceled {
        at: now,
        because: None,
    };
    for (custody, progress, code) in [
        (Custody::NotReceived, canceled, "Canceled"),
        (
            Custody::NotReceived,
            Progress::Expired { at: now },
            "Expired",
        ),
        (at_station(now), finished(0, now), "Over"),
        (returned(now), finished(0, now), "Returned"),
    ] {
        let was_returned = matches!(custody, Custody::Returned { .. });
        let job = world.plant(custody, progress).await;
        assert_eq!(station.denied(&world, None, Some(job.id)).await, code);
        let after = world.job(job.id).await;
        assert_eq!(after.progress, job.progress);
        assert_eq!(
            after.custody.code(),
            if was_returned { "Returned" } else { "AtAWS" }
        );
    }
}

#[tokio::test]
async fn a_device_that_comes_too_late_is_received_even_before_the_sweeper_has_been_by() {
    let world = World::with("[jobs]\nexpire_after_days = 30\n").await;
    let station = Station::register(&world, "dock-1").await;
    let (id, signature) = world.create(&import("photos")).await;
    world.clock.advance(30 * DAY);
    assert_eq!(
        station.denied(&world, Some(&signature), None).await,
        "Expired"
    );
    assert_eq!(codes(&world.job(id).await), ("AtAWS", "Expired"));
    let events: Vec<_> = world
        .jobs()
        .history(id)
        .await
        .unwrap()
        .into_iter()
        .filter_map(|line| Some(line.event?.name()))
        .collect();
    assert_eq!(events, ["Expired", "DeviceArrived"]);
}

#[tokio::test]
async fn an_export_is_granted_with_the_way_to_every_bucket() {
    let world = World::start().await;
    let station = Station::register(&world, "dock-1").await;
    let manifest = export(&["photos", "other-bucket"], "logs");
    let (id, signature) = world.create_as_type("Export", &manifest).await;
    let claim = station.granted(&world, &signature).await;
    assert_eq!((claim.job, claim.job_type), (id, JobType::Export));
    assert_eq!(claim.image, None);
    let buckets: Vec<&str> = claim.buckets.iter().map(|b| b.bucket.as_str()).collect();
    assert_eq!(buckets, ["logs", "other-bucket", "photos"]);
    assert_eq!(codes(&world.job(id).await), ("AtAWS", "InProgress"));
}

/// Where the image goes that a service with these settings grants for this manifest.
async fn image_of(settings: &str, manifest: &str) -> ImageTarget {
    let world = World::with(settings).await;
    let station = Station::register(&world, "dock-1").await;
    let (_, signature) = world.create(manifest).await;
    let claim = station.granted(&world, &signature).await;
    let buckets: Vec<&str> = claim.buckets.iter().map(|b| b.bucket.as_str()).collect();
    assert_eq!(buckets, ["logs"]);
    claim.image.unwrap()
}

fn api_of(host: &str) -> StoreAccess {
    StoreAccess {
        endpoint: format!("https://{host}"),
        region: "eu-west-1".to_owned(),
        path_style: true,
        access_key_id: "AK".to_owned(),
        secret_access_key: "SK".to_owned(),
        session: None,
        proxy: None,
        certificates: None,
    }
}

#[tokio::test]
async fn an_ebs_image_becomes_a_snapshot_where_there_is_an_api_and_it_fits() {
    let settings = "[ebs]\nendpoint = \"https://ebs.{region}.example.org\"\n\
                    access_key_id = \"AK\"\nsecret_access_key = \"SK\"\n";
    let (small, large) = (ebs("no"), ebs("yes"));
    let objects = ImageTarget::Objects {
        storage_class: None,
    };
    let snapshot = ImageTarget::Snapshot(api_of("ebs.eu-west-1.example.org"));
    assert_eq!(image_of(settings, &small).await, snapshot);
    assert_eq!(image_of(settings, &large).await, objects);
    assert_eq!(image_of("", &small).await, objects);
}

#[tokio::test]
async fn a_glacier_image_becomes_an_archive_or_objects_of_a_class() {
    let vaults = "[glacier]\nendpoint = \"https://glacier.example.org\"\naccount = \"123456789012\"\n\
                  access_key_id = \"AK\"\nsecret_access_key = \"SK\"\n";
    let vault = ImageTarget::Vault(VaultAccess {
        account: "123456789012".to_owned(),
        access: api_of("glacier.example.org"),
    });
    assert_eq!(image_of(vaults, &glacier()).await, vault);
    let class = "[glacier]\nstorage_class = \"DEEP_ARCHIVE\"\n";
    for (settings, class) in [(class, Some("DEEP_ARCHIVE")), ("", None)] {
        let storage_class = class.map(str::to_owned);
        let objects = ImageTarget::Objects { storage_class };
        assert_eq!(image_of(settings, &glacier()).await, objects);
    }
}

/// Rights are asked for again when the device is here: weeks may have passed.
#[tokio::test]
async fn an_account_that_lost_its_right_loads_nothing() {
    let world = World::start().await;
    let station = Station::register(&world, "dock-1").await;
    let (id, signature) = world.create(&import("photos")).await;
    let mut account = world.account.clone();
    account.import = vec!["logs".to_owned()];
    world.jobs().update_account(&account).await.unwrap();
    let code = station.denied(&world, Some(&signature), None).await;
    assert_eq!(code, "BucketPermission");
    assert_eq!(codes(&world.job(id).await), ("AtAWS", "Pending"));
    assert_eq!(world.jobs().lease(id).await.unwrap(), None);
    world.jobs().update_account(&world.account).await.unwrap();
    assert_eq!(station.granted(&world, &signature).await.job, id);
}
