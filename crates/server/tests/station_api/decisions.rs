//! What operators decide about jobs: to give one up, or to try again what failed.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use model::control::{
    AbortRequest, ClaimAnswer, ClaimRequest, Ending, JobFacts, JobRequest, LeaseState, RetryRequest,
};
use model::custody::Custody;
use model::device::{Connector, DeviceFacts};
use model::event::Event;
use model::ids::{AccountId, BucketName, JobId, ObjectKey};
use model::progress::{AbortReason, LogLocation, Progress};
use model::stopped::StopCause;

use crate::talk::Station;
use crate::world::{World, at_station, export, finished, import, returned, tally};

type Told = Result<(), (u16, String)>;

async fn look(station: &Station, world: &World, job: JobId) -> JobFacts {
    let request = JobRequest { job };
    world
        .tell_as(station.token.expose(), "job", &request)
        .await
        .unwrap()
}

async fn abort(station: &Station, world: &World, request: &AbortRequest) -> Told {
    world
        .tell_as(station.token.expose(), "abort", request)
        .await
}

async fn retry(station: &Station, world: &World, job: JobId) -> Told {
    let request = RetryRequest { job };
    world
        .tell_as(station.token.expose(), "retry", &request)
        .await
}

/// What a person sends who was shown the job.
fn agreed(facts: &JobFacts) -> AbortRequest {
    AbortRequest {
        job: facts.job,
        reason: AbortReason::MissingSignature,
        because: "Nothing on the disk names a job.".to_owned(),
        account: facts.account.clone(),
        shown: facts.progress.code().to_owned(),
    }
}

fn refused(code: &str) -> Told {
    Err((409, code.to_owned()))
}

#[tokio::test]
async fn a_person_who_was_shown_a_job_ends_it_and_the_customer_reads_why() {
    let world = World::start().await;
    let station = Station::register(&world, "dock-1").await;
    let (id, signature) = world.create(&import("photos")).await;
    let facts = look(&station, &world, id).await;
    assert_eq!(facts.account, world.account.id);
    assert_eq!(
        facts.account_name.as_deref(),
        Some(world.account.name.as_str())
    );
    assert_eq!(facts.device_id.as_deref(), Some("123"));
    let request = agreed(&facts);
    assert_eq!(abort(&station, &world, &request).await, Ok(()));
    assert_eq!(
        abort(&station, &world, &request).await,
        Ok(()),
        "again is harmless"
    );
    let ask = [("Action", "GetStatus"), ("JobId", id.as_str())];
    let status = world.call(&ask).await;
    assert_eq!(status.text("LocationCode").unwrap(), "AtAWS");
    assert_eq!(status.text("ProgressCode").unwrap(), "MissingSignature");
    assert_eq!(
        status.text("ProgressMessage").unwrap(),
        "The job was aborted. The SIGNATURE file was missing. Nothing on the disk names a job."
    );
    let last = world.jobs().history(id).await.unwrap().pop().unwrap();
    assert_eq!(last.actor.to_string(), "station:dock-1");
    assert_eq!(last.event.unwrap().name(), "TransferAborted");
    assert_eq!(station.denied(&world, Some(&signature), None).await, "Over");
    assert_eq!(station.give_back(&world, id, "1Z").await, Ok(()));
}

/// A token alone ends nothing: whoever ends a job says whose it is and how it stands.
#[tokio::test]
async fn whoever_did_not_look_or_looked_too_long_ago_ends_nothing() {
    let world = World::start().await;
    let station = Station::register(&world, "dock-1").await;
    let (id, signature) = world.create(&import("photos")).await;
    let facts = look(&station, &world, id).await;
    let guess = AbortRequest {
        account: AccountId::new("999999999999").unwrap(),
        ..agreed(&facts)
    };
    assert_eq!(abort(&station, &world, &guess).await, refused("Changed"));
    for because in ["", " ", "a\nb", &"x".repeat(501)] {
        let silent = AbortRequest {
            because: because.to_owned(),
            ..agreed(&facts)
        };
        let told = abort(&station, &world, &silent).await;
        assert_eq!(told, Err((400, "BadField".to_owned())), "{because:?}");
    }
    station.granted(&world, &signature).await;
    assert_eq!(
        abort(&station, &world, &agreed(&facts)).await,
        refused("Changed")
    );
    let now = agreed(&look(&station, &world, id).await);
    assert_eq!(abort(&station, &world, &now).await, refused("Leased"));
    assert_eq!(world.job(id).await.progress.code(), "InProgress");
    // Nobody keeps the lease any more: then a person may decide.
    world.clock.advance(61);
    assert_eq!(abort(&station, &world, &now).await, Ok(()));
}

#[tokio::test]
async fn what_failed_of_a_job_that_is_over_is_tried_again() {
    let world = World::start().await;
    let station = Station::register(&world, "dock-1").await;
    let (id, signature) = world.create(&import("photos")).await;
    let ending = |errors| Ending::Finished {
        errors,
        log: LogLocation {
            bucket: BucketName::new("photos").unwrap(),
            key: ObjectKey::new(format!("import-log-{id}")).unwrap(),
        },
        remark: None,
        files: Vec::new(),
        sums: None,
    };
    assert_eq!(retry(&station, &world, id).await, refused("NotReceived"));
    let claim = station.granted(&world, &signature).await;
    assert_eq!(retry(&station, &world, id).await, refused("NotOver"));
    station
        .finish(&world, id, &claim.lease, ending(2))
        .await
        .unwrap();
    assert_eq!(
        station.denied(&world, Some(&signature), None).await,
        "OverWithErrors"
    );
    assert_eq!(retry(&station, &world, id).await, Ok(()));
    assert_eq!(
        retry(&station, &world, id).await,
        Ok(()),
        "again is harmless"
    );
    let job = world.job(id).await;
    assert_eq!(
        (job.progress.code(), job.stopped.unwrap().cause),
        ("InProgress", StopCause::Retry)
    );
    // The old attempt concludes nothing any more, and the next one does.
    let late = station.finish(&world, id, &claim.lease, ending(0)).await;
    assert_eq!(late, refused("LeaseLost"));
    let claim = station.granted(&world, &signature).await;
    station
        .finish(&world, id, &claim.lease, ending(0))
        .await
        .unwrap();
    assert_eq!(world.job(id).await.progress.code(), "Complete");
    assert_eq!(retry(&station, &world, id).await, refused("NothingFailed"));
}

#[tokio::test]
async fn what_went_back_or_is_no_import_is_not_tried_again() {
    let world = World::start().await;
    let station = Station::register(&world, "dock-1").await;
    let now = world.now();
    let gone = world.plant(returned(now), finished(2, now)).await;
    assert!(retry(&station, &world, gone.id).await.is_err());
    let (id, signature) = world
        .create_as_type("Export", &export(&["photos"], "logs"))
        .await;
    station.granted(&world, &signature).await;
    assert_eq!(retry(&station, &world, id).await, refused("NoRetry"));
    let canceled = world
        .plant(
            at_station(now),
            Progress::Canceled {
                at: now,
                because: None,
            },
        )
        .await;
    assert!(retry(&station, &world, canceled.id).await.is_err());
}

#[tokio::test]
async fn a_lease_is_worth_nothing_to_another_station() {
    let world = World::start().await;
    let (one, two) = (
        Station::register(&world, "dock-1").await,
        Station::register(&world, "dock-2").await,
    );
    let (id, signature) = world.create(&import("photos")).await;
    let lease = one.granted(&world, &signature).await.lease;
    let log = LogLocation {
        bucket: BucketName::new("photos").unwrap(),
        key: ObjectKey::new(format!("import-log-{id}")).unwrap(),
    };
    let ending = Ending::Finished {
        errors: 0,
        log,
        remark: None,
        files: Vec::new(),
        sums: None,
    };
    let renewed = two.renew(&world, id, &lease, tally(1, 1, 0)).await;
    assert_eq!(renewed, LeaseState::Lost);
    let finished = two.finish(&world, id, &lease, ending).await;
    assert_eq!(finished, refused("LeaseLost"));
    assert_eq!(world.job(id).await.progress.code(), "InProgress");
    assert_eq!(
        one.renew(&world, id, &lease, tally(1, 1, 0)).await,
        LeaseState::Held
    );
}

#[tokio::test]
async fn counts_that_no_device_has_are_not_kept() {
    let world = World::start().await;
    let station = Station::register(&world, "dock-1").await;
    let (id, signature) = world.create(&import("photos")).await;
    let lease = station.granted(&world, &signature).await.lease;
    station
        .renew(&world, id, &lease, tally(u64::MAX, u64::MAX, u64::MAX))
        .await;
    let kept = world.jobs().lease(id).await.unwrap().unwrap().figures.tally;
    assert!(kept.stored < 1 << 53 && kept.bytes < 1 << 53 && kept.failed < 1 << 53);
}

#[tokio::test]
async fn a_station_of_an_earlier_release_ends_no_job_either() {
    let world = World::start().await;
    let station = Station::register(&world, "dock-1").await;
    let (id, signature) = world.create(&import("photos")).await;
    let lease = station.granted(&world, &signature).await.lease;
    let ending = Ending::Aborted {
        reason: AbortReason::DeviceError,
    };
    station.finish(&world, id, &lease, ending).await.unwrap();
    let job = world.job(id).await;
    assert_eq!(
        (job.progress.code(), job.stopped.unwrap().cause),
        ("InProgress", StopCause::CapacityWrong)
    );
    assert!(matches!(
        station.claim(&world, Some(&signature), None).await,
        ClaimAnswer::Granted(_)
    ));
}

/// What a station knows of a device stands with its job and in its history, on one line whatever the device says of
/// itself; a station of the first version says nothing of it and is heard all the same.
#[tokio::test]
async fn what_a_station_knows_of_a_device_is_kept_with_its_job() {
    let world = World::start().await;
    let station = Station::register(&world, "dock-1").await;
    let (id, signature) = world.create(&import("photos")).await;
    let facts = DeviceFacts {
        model: Some("PSSD T7\nforged".to_owned()),
        serial: Some("S5TXNF0R".to_owned()),
        connector: Some(Connector::Usb),
        ..DeviceFacts::default()
    };
    let claim = ClaimRequest {
        signature_file: Some(STANDARD.encode(&signature)),
        facts: Some(facts.clone()),
        ..ClaimRequest::new(station.name.clone(), "/mnt/device".to_owned())
    };
    let mut first: serde_json::Value = serde_json::to_value(&claim).unwrap();
    for added in ["version", "facts"] {
        first.as_object_mut().unwrap().remove(added).unwrap();
    }
    for message in [serde_json::to_value(&claim).unwrap(), first] {
        let answer = world.tell_as::<ClaimAnswer>(station.token.expose(), "claim", &message);
        let answer = answer.await.unwrap();
        assert!(matches!(answer, ClaimAnswer::Granted(_)), "{answer:?}");
        let shown = look(&station, &world, id).await;
        let Custody::AtStation { device, .. } = shown.custody else {
            panic!("{shown:?}")
        };
        assert_eq!(device, Some(facts.clone().tidied()));
    }
    let history = world.jobs().history(id).await.unwrap();
    let told: Vec<_> = history
        .into_iter()
        .filter_map(|line| match line.event? {
            Event::DeviceArrived { device, .. } => Some(device.is_some()),
            _ => None,
        })
        .collect();
    assert_eq!(told, [true, false], "of each docking what was said then");
}

/// A customer may have put one SIGNATURE onto two devices: of the one that was not loaded it is said, and of the other not.
#[tokio::test]
async fn a_second_device_of_a_job_that_is_over_is_told_as_another() {
    let world = World::start().await;
    let station = Station::register(&world, "dock-1").await;
    let (id, signature) = world.create(&import("photos")).await;
    let told = |mark: Option<&str>| ClaimRequest {
        signature_file: Some(STANDARD.encode(&signature)),
        facts: Some(DeviceFacts {
            bytes: Some(1 << 30),
            mark: mark.map(str::to_owned),
            ..DeviceFacts::default()
        }),
        ..ClaimRequest::new(station.name.clone(), "/dev/sdb".to_owned())
    };
    let claim = async |mark| {
        let token = station.token.expose();
        let answer = world
            .tell_as::<ClaimAnswer>(token, "claim", &told(mark))
            .await;
        answer.unwrap()
    };
    let ClaimAnswer::Granted(granted) = claim(Some("ext:1")).await else {
        panic!("it is loaded")
    };
    let ending = Ending::Finished {
        errors: 0,
        log: LogLocation {
            bucket: BucketName::new("photos").unwrap(),
            key: ObjectKey::new(format!("import-log-{id}")).unwrap(),
        },
        remark: None,
        files: Vec::new(),
        sums: None,
    };
    let finished = station.finish(&world, id, &granted.lease, ending).await;
    assert_eq!(finished, Ok(()));
    // What does not say what it is is not accused of being another.
    for (mark, is_another) in [
        (Some("ext:1"), false),
        (None, false),
        (Some("ext:2"), true),
        (Some("ext:1"), false),
    ] {
        let ClaimAnswer::Denied { code, message, .. } = claim(mark).await else {
            panic!("the job is over")
        };
        assert_eq!(code, "Over");
        assert_eq!(
            message.contains("another device than the one that was loaded"),
            is_another,
            "{message}"
        );
    }
}
