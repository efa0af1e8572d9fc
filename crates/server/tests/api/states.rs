//! What each operation answers in each state of a job.

use model::actor::Actor;
use model::custody::Custody;
use model::job::Job;
use model::progress::Progress;

use crate::world::{World, aborted, at_station, finished, import, returned};

const DAY: i64 = 24 * 60 * 60;

/// Every legal pair of custody and progress.
async fn every_state(world: &World) -> Vec<Job> {
    let now = world.now();
    let open = [Progress::Pending, Progress::InProgress { since: now }];
    let ended = [
        finished(0, now),
        finished(2, now),
        aborted(now),
        Progress::Canceled {
            at: now,
            because: None,
        },
        Progress::Expired { at: now },
    ];
    let mut states = vec![(Custody::NotReceived, Progress::Pending)];
    states.extend(open.map(|progress| (at_station(now), progress)));
    for progress in ended {
        if matches!(
            progress,
            Progress::Canceled { .. } | Progress::Expired { .. }
        ) {
            states.push((Custody::NotReceived, progress.clone()));
        }
        states.push((at_station(now), progress.clone()));
        states.push((returned(now), progress));
    }
    let mut jobs = Vec::new();
    for (custody, progress) in states {
        jobs.push(world.plant(custody, progress).await);
    }
    jobs
}

/// Answers to `GetStatus`, `UpdateJob`, `CancelJob` and `GetShippingLabel`.
fn expected(progress: &Progress, cancel_running: bool) -> [&'static str; 4] {
    match progress {
        Progress::Pending => ["OK"; 4],
        Progress::InProgress { .. } if cancel_running => {
            ["OK", "UnableToUpdateJobIdException", "OK", "OK"]
        }
        Progress::InProgress { .. } | Progress::Finished { .. } | Progress::Aborted { .. } => [
            "OK",
            "UnableToUpdateJobIdException",
            "UnableToCancelJobIdException",
            "OK",
        ],
        Progress::Canceled { .. } => {
            let gone = "CanceledJobIdException";
            ["OK", gone, gone, gone]
        }
        Progress::Expired { .. } => ["ExpiredJobIdException"; 4],
    }
}

async fn check(world: &World, cancel_running: bool) {
    let manifest = import("logs");
    let jobs = every_state(world).await;
    for job in &jobs {
        let id = job.id.as_str();
        let label = [("Action", "GetShippingLabel"), ("jobIds.member.1", id)];
        let update = [
            ("Action", "UpdateJob"),
            ("JobId", id),
            ("JobType", "Import"),
            ("Manifest", &manifest),
        ];
        let requests: [&[(&str, &str)]; 4] = [
            &[("Action", "GetStatus"), ("JobId", id)],
            &update,
            &label,
            &[("Action", "CancelJob"), ("JobId", id)],
        ];
        let [status, updated, canceled, labelled] = expected(&job.progress, cancel_running);
        for (request, code) in requests
            .into_iter()
            .zip([status, updated, labelled, canceled])
        {
            let answer = world.call(request).await;
            let state = (job.custody.code(), job.progress.code());
            assert_eq!(answer.code(), code, "{state:?} {request:?}");
            if code == "OK" && request[0].1 == "GetStatus" {
                assert_eq!(answer.text("LocationCode").unwrap(), state.0);
                assert_eq!(answer.text("ProgressCode").unwrap(), state.1);
            }
        }
    }
    let list = world.call(&[("Action", "ListJobs")]).await;
    assert_eq!(list.body.matches("<JobId>").count(), jobs.len());
}

#[tokio::test]
async fn every_operation_answers_every_state_as_documented() {
    let world = World::start().await;
    check(&world, false).await;
}

#[tokio::test]
async fn an_operator_may_let_running_jobs_be_canceled() {
    let world = World::with("[jobs]\ncancel_in_progress = true\n").await;
    check(&world, true).await;
}

#[tokio::test]
async fn a_job_counts_as_expired_the_moment_it_is() {
    let world = World::with("[jobs]\nexpire_after_days = 7\n").await;
    let (id, _) = world.create(&import("photos")).await;
    let ask = [("Action", "GetStatus"), ("JobId", id.as_str())];
    world.clock.advance(7 * DAY - 1);
    assert_eq!(world.call(&ask).await.code(), "OK");
    world.clock.advance(1);
    // The sweeper has not been by: the store still has it as pending.
    assert_eq!(world.job(id).await.progress, Progress::Pending);
    assert_eq!(
        world.call(&ask).await.fault(),
        (400, "ExpiredJobIdException".to_owned())
    );
    let cancel = [("Action", "CancelJob"), ("JobId", id.as_str())];
    assert_eq!(world.call(&cancel).await.code(), "ExpiredJobIdException");
}

#[tokio::test]
async fn a_device_that_came_in_time_keeps_its_job() {
    let world = World::start().await;
    let job = world
        .plant(at_station(world.now()), Progress::Pending)
        .await;
    world.clock.advance(1000 * DAY);
    let status = world
        .call(&[("Action", "GetStatus"), ("JobId", job.id.as_str())])
        .await;
    assert_eq!(status.text("ProgressCode").unwrap(), "Pending");
}

#[tokio::test]
async fn the_sweeper_writes_down_what_expired() {
    let settings = "[jobs]\nexpire_after_days = 1\n";
    let world = World::with(settings).await;
    let (id, _) = world.create(&import("photos")).await;
    let kept = world
        .plant(at_station(world.now()), Progress::Pending)
        .await;
    // A service begins by sweeping.
    let world = world.restart(settings, 2 * DAY).await;
    let jobs = world.jobs();
    for _ in 0..100 {
        if jobs.job(id).await.unwrap().unwrap().job.progress.code() == "Expired" {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let history = jobs.history(id).await.unwrap();
    let last = history.last().unwrap();
    assert_eq!(last.event.as_ref().unwrap().name(), "Expired");
    assert_eq!(last.actor, Actor::Service);
    assert_eq!(
        jobs.job(kept.id).await.unwrap().unwrap().job.progress,
        Progress::Pending
    );
}

/// What cannot be taken back is not decided by one reading of a clock.
#[tokio::test]
async fn a_start_with_a_wrong_clock_ends_no_job() {
    let world = World::start().await;
    let (id, _) = world.create(&import("photos")).await;
    let status = [("Action", "GetStatus"), ("JobId", id.as_str())];
    let world = world.restart("", 3650 * DAY).await;
    assert_eq!(
        world.call(&status).await.text("ProgressCode").unwrap(),
        "Pending"
    );
    assert_eq!(world.job(id).await.progress, Progress::Pending);
    let world = world.restart("", -3650 * DAY).await;
    assert_eq!(
        world.call(&status).await.text("ProgressCode").unwrap(),
        "Pending"
    );
    // A clock that stays ahead is right.
    let world = world.restart("", 100 * DAY).await;
    assert_eq!(world.call(&status).await.code(), "OK");
    world.clock.advance(DAY);
    assert_eq!(world.call(&status).await.code(), "ExpiredJobIdException");
}
