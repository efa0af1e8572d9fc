//! A job that nobody mends ends with what is loaded, once a person says so.

use model::bay::BayState;
use model::control::{
    ClaimAnswer, ClaimRequest, Ending, FinishRequest, HoldRequest, JobFacts, JobRequest,
};
use model::ids::{BucketName, JobId};
use model::progress::LogLocation;
use model::stopped::StopCause;

use crate::heartbeats::Resident;
use crate::talk::Station;
use crate::world::{World, import};

type Told = Result<(), (u16, String)>;

async fn finish_without(world: &World, station: &Station, job: JobId, because: &str) -> Told {
    let token = station.token.expose();
    let facts = world.tell_as(token, "job", &JobRequest { job }).await;
    let facts: JobFacts = facts.unwrap();
    let request = FinishRequest {
        job,
        because: Some(because.to_owned()),
        account: facts.account,
        shown: facts.progress.code().to_owned(),
    };
    world.tell_as(token, "finish-without", &request).await
}

fn conflict(code: &str) -> Told {
    Err((409, code.to_owned()))
}

async fn stop(world: &World, station: &Station, signature: &str, cause: StopCause) -> JobId {
    let claim = station.granted(world, signature).await;
    let ending = Ending::Released {
        reason: "no".to_owned(),
        cause: Some(cause),
        bucket: Some(BucketName::new("photos").unwrap()),
        words: None,
        untouched: false,
    };
    let told = station.finish(world, claim.job, &claim.lease, ending).await;
    assert_eq!(told, Ok(()));
    claim.job
}

/// Claims with the journal alone.
async fn by_journal(world: &World, station: &Station, job: JobId) -> ClaimAnswer {
    let request = ClaimRequest {
        job: Some(job),
        from_journal: true,
        ..ClaimRequest::new(station.name.clone(), "journal".to_owned())
    };
    let token = station.token.expose();
    world.tell_as(token, "claim", &request).await.unwrap()
}

#[tokio::test]
async fn a_job_ends_with_what_is_loaded_once_a_person_says_so() {
    let world = World::start().await;
    let station = Station::register(&world, "dock-1").await;
    for journal_alone in [false, true] {
        let (id, signature) = world.create(&import("photos")).await;
        let claim = station.granted(&world, &signature).await;
        let told = finish_without(&world, &station, id, "x").await;
        assert_eq!(told, conflict("NotOnHold"));
        assert_eq!(claim.without, None);
        stop(&world, &station, &signature, StopCause::DiskFailing).await;
        let answer = by_journal(&world, &station, id).await;
        assert!(
            matches!(&answer, ClaimAnswer::Denied { code, .. } if code == "NeedsDevice"),
            "{answer:?}"
        );
        for _ in 0..2 {
            let told = finish_without(&world, &station, id, "It clicks.").await;
            assert_eq!(told, Ok(()), "again is harmless");
        }
        let claim = match (journal_alone, by_journal(&world, &station, id).await) {
            (true, ClaimAnswer::Granted(claim)) => *claim,
            (false, ClaimAnswer::Granted(_)) => station.granted(&world, &signature).await,
            (_, denied) => panic!("{denied:?}"),
        };
        let without = claim.without.unwrap();
        assert_eq!(without.cause, StopCause::DiskFailing);
        assert_eq!(without.because.as_deref(), Some("It clicks."));
        let log = claim.manifest.contains("logBucket").then_some("logs");
        let ending = Ending::Finished {
            errors: 3,
            log: LogLocation {
                bucket: BucketName::new(log.unwrap_or("photos")).unwrap(),
                key: model::ids::ObjectKey::new(format!("import-log-{id}")).unwrap(),
            },
            remark: None,
            files: Vec::new(),
            sums: None,
        };
        let told = station.finish(&world, id, &claim.lease, ending).await;
        assert_eq!(told, Ok(()));
        let job = world.job(id).await;
        assert_eq!(
            (job.progress.code(), job.without),
            ("SuccessWithErrors", None)
        );
    }
}

#[tokio::test]
async fn no_job_is_finished_whose_report_cannot_be_stored() {
    let world = World::start().await;
    let station = Station::register(&world, "dock-1").await;
    let (id, signature) = world.create(&import("photos")).await;
    stop(&world, &station, &signature, StopCause::StoreFull).await;
    let mut without = world.account.clone();
    without.import.clear();
    world.jobs().update_account(&without).await.unwrap();
    let told = finish_without(&world, &station, id, "x").await;
    assert_eq!(told, conflict("NoFinish"));
    assert_eq!(
        world.job(id).await.hold().unwrap().cause,
        StopCause::StoreFull
    );
    world.jobs().update_account(&world.account).await.unwrap();
    assert_eq!(finish_without(&world, &station, id, "x").await, Ok(()));

    // What nothing was loaded of ends as AWS ended it.
    let (id, signature) = world.create(&import("photos")).await;
    stop(
        &world,
        &station,
        &signature,
        StopCause::FileSystemUnsupported,
    )
    .await;
    let told = finish_without(&world, &station, id, "x").await;
    assert_eq!(told, conflict("NoFinish"));

    // Who holds it again takes it back.
    let (job, signature) = world.create(&import("photos")).await;
    stop(&world, &station, &signature, StopCause::StoreFull).await;
    assert_eq!(finish_without(&world, &station, job, "x").await, Ok(()));
    let because = "The customer has called.".to_owned();
    let held: Told = world
        .tell_as(
            station.token.expose(),
            "hold",
            &HoldRequest { job, because },
        )
        .await;
    assert_eq!(held, Ok(()));
    assert_eq!(world.job(job).await.without, None);
}

/// A journal knows nothing of what had not been begun: it stands for no device that can be asked.
#[tokio::test]
async fn a_device_that_is_in_a_bay_is_not_finished_by_a_journal() {
    let world = World::start().await;
    let station = Station::register(&world, "dock-1").await;
    let (id, signature) = world.create(&import("photos")).await;
    stop(&world, &station, &signature, StopCause::DiskFailing).await;
    assert_eq!(
        finish_without(&world, &station, id, "It clicks.").await,
        Ok(())
    );
    let (name, token) = (station.name.clone(), station.token.clone());
    let mut bench = Resident::of(Station { name, token }, "run1");
    bench.beat_with(&world, BayState::Held, id).await;
    let answer = by_journal(&world, &station, id).await;
    let ClaimAnswer::Denied { code, message, .. } = answer else {
        panic!("{answer:?}")
    };
    assert_eq!(code, "DeviceAtHand");
    assert!(message.contains("is in bay"), "{message}");
    // It was pulled out, or nothing is heard of that bench any more.
    bench.beat_with(&world, BayState::PulledOut, id).await;
    let answer = by_journal(&world, &station, id).await;
    assert!(matches!(answer, ClaimAnswer::Granted(_)), "{answer:?}");
    bench.beat_with(&world, BayState::Held, id).await;
    world.clock.advance(61);
    let answer = by_journal(&world, &station, id).await;
    assert!(matches!(answer, ClaimAnswer::Granted(_)), "{answer:?}");
}
