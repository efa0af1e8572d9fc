//! The life of a lease: signs of life, conclusions, and everything that can come between.

use model::actor::Actor;
use model::control::{Ending, LeaseState};
use model::ids::{BucketName, JobId, ObjectKey};
use model::loading::Figures;
use model::progress::{AbortReason, LogLocation};
use model::stopped::StopCause;

use crate::talk::Station;
use crate::world::{World, import, tally};

/// Where the report of a job goes whose manifest is `import("photos")`.
fn log(id: JobId) -> LogLocation {
    LogLocation {
        bucket: BucketName::new("photos").unwrap(),
        key: ObjectKey::new(format!("import-log-{id}")).unwrap(),
    }
}

fn finished(id: JobId, errors: u64) -> Ending {
    let log = log(id);
    let remark = None;
    Ending::Finished {
        errors,
        log,
        remark,
        files: Vec::new(),
        sums: None,
    }
}

fn refused(code: &str) -> Result<(), (u16, String)> {
    Err((409, code.to_owned()))
}

async fn state(world: &World, id: JobId) -> (String, &'static str) {
    let job = world.job(id).await;
    (job.custody.code().to_owned(), job.progress.code())
}

fn released() -> Ending {
    Ending::Released {
        reason: "the store at http://10.0.0.7 is gone".to_owned(),
        cause: Some(StopCause::StoreSilent),
        bucket: None,
        words: None,
        untouched: false,
    }
}

#[tokio::test]
async fn a_remark_is_one_line_of_two_kilobytes_and_told_to_the_customer() {
    let world = World::start().await;
    let station = Station::register(&world, "dock-1").await;
    let (id, signature) = world.create(&import("photos")).await;
    let claim = station.granted(&world, &signature).await;
    let with = |remark: &str| Ending::Finished {
        errors: 0,
        log: log(id),
        remark: Some(remark.to_owned()),
        files: Vec::new(),
        sums: None,
    };
    for bad in ["a\nb", "\u{1b}[2J", "\u{85}", &"é".repeat(1025)] {
        let done = station.finish(&world, id, &claim.lease, with(bad)).await;
        assert_eq!(done, Err((400, "BadField".to_owned())), "{bad:?}");
    }
    let remark = "é".repeat(1024);
    let done = station
        .finish(&world, id, &claim.lease, with(&remark))
        .await;
    assert_eq!(done, Ok(()));
    let ask = [("Action", "GetStatus"), ("JobId", id.as_str())];
    let status = world.call(&ask).await.text("ProgressMessage").unwrap();
    assert!(status.ends_with(&remark), "{status}");
}

#[tokio::test]
async fn a_job_runs_from_claim_to_return() {
    let world = World::start().await;
    let station = Station::register(&world, "dock-1").await;
    let (id, signature) = world.create(&import("photos")).await;
    let claim = station.granted(&world, &signature).await;
    world.clock.advance(50);
    let held = station
        .renew(&world, id, &claim.lease, tally(7, 700, 1))
        .await;
    assert_eq!(held, LeaseState::Held);
    let lease = world.jobs().lease(id).await.unwrap().unwrap();
    assert_eq!(lease.figures.tally, tally(7, 700, 1));
    assert_eq!(lease.until, world.now().plus_seconds(60));
    assert_eq!(lease.figures.current.as_deref(), Some("a/b"));

    assert_eq!(
        station.give_back(&world, id, "1Z").await,
        refused("InProgress")
    );
    assert_eq!(
        station
            .finish(&world, id, &claim.lease, finished(id, 1))
            .await,
        Ok(())
    );
    assert_eq!(
        state(&world, id).await,
        ("AtAWS".to_owned(), "SuccessWithErrors")
    );
    assert_eq!(station.give_back(&world, id, "1Z").await, Ok(()));
    // A station that lost the answer says so again.
    assert_eq!(station.give_back(&world, id, "1Z").await, Ok(()));
    assert_eq!(
        station.give_back(&world, id, "2Z").await,
        refused("Returned")
    );
    let status = world
        .call(&[("Action", "GetStatus"), ("JobId", id.as_str())])
        .await;
    assert_eq!(status.text("TrackingNumber").unwrap(), "1Z");
    assert_eq!(status.text("LogKey").unwrap(), format!("import-log-{id}"));

    let metrics = world.http("GET", "/metrics", &[], "").await.body;
    for line in [
        "longshore_loaded_files_total 7",
        "longshore_loaded_bytes_total 700",
        "longshore_claims_total{answer=\"Granted\"} 1",
        "longshore_leases_ended_total{ending=\"Finished\"} 1",
    ] {
        assert!(metrics.contains(line), "{line} is not in\n{metrics}");
    }
}

#[tokio::test]
async fn a_conclusion_is_answered_alike_however_often_it_comes() {
    let world = World::start().await;
    let station = Station::register(&world, "dock-1").await;
    for ending in [
        None,
        Some(Ending::Aborted {
            reason: AbortReason::UnsupportedFileFormat,
        }),
        Some(released()),
    ] {
        let (id, signature) = world.create(&import("photos")).await;
        let ending = ending.unwrap_or_else(|| finished(id, 0));
        let lease = station.granted(&world, &signature).await.lease;
        for _ in 0..3 {
            assert_eq!(
                station.finish(&world, id, &lease, ending.clone()).await,
                Ok(())
            );
        }
        let after = state(&world, id).await;
        let other = finished(id, 5);
        assert_eq!(
            station.finish(&world, id, &lease, other).await,
            refused("LeaseLost")
        );
        assert_eq!(state(&world, id).await, after);
        let renewed = station.renew(&world, id, &lease, tally(0, 0, 0)).await;
        assert_eq!(renewed, LeaseState::Lost);
    }
}

#[tokio::test]
async fn a_crash_between_the_outcome_and_the_end_of_the_lease_is_mended_by_saying_it_again() {
    let world = World::start().await;
    let station = Station::register(&world, "dock-1").await;
    let (id, signature) = world.create(&import("photos")).await;
    let lease = station.granted(&world, &signature).await.lease;
    // What a server does that dies before it ends the lease.
    let stored = world.jobs().job(id).await.unwrap().unwrap();
    let event = model::event::Event::TransferFinished {
        errors: 0,
        log: log(id),
        remark: None,
        files: Vec::new(),
        sums: None,
    };
    let job = stored.job.apply(&event, world.now()).unwrap();
    let events = [event];
    world
        .jobs()
        .replace_job(&job, stored.version, &events, &Actor::Service, world.now())
        .await
        .unwrap();
    assert!(!world.jobs().lease(id).await.unwrap().unwrap().ended);

    assert_eq!(
        station.finish(&world, id, &lease, finished(id, 0)).await,
        Ok(())
    );
    assert!(world.jobs().lease(id).await.unwrap().unwrap().ended);
    assert_eq!(world.job(id).await, job);
}

#[tokio::test]
async fn a_released_job_goes_on_with_the_next_claim() {
    let world = World::start().await;
    let station = Station::register(&world, "dock-1").await;
    let (id, signature) = world.create(&import("photos")).await;
    let first = station.granted(&world, &signature).await;
    station
        .finish(&world, id, &first.lease, released())
        .await
        .unwrap();
    assert_eq!(state(&world, id).await, ("AtAWS".to_owned(), "InProgress"));
    let second = station.granted(&world, &signature).await;
    assert_eq!(second.attempt, 2);
    // The released attempt has nothing to say any more.
    assert_eq!(
        station
            .finish(&world, id, &first.lease, finished(id, 0))
            .await,
        refused("LeaseLost")
    );
    assert_eq!(
        station
            .finish(&world, id, &second.lease, finished(id, 0))
            .await,
        Ok(())
    );
}

#[tokio::test]
async fn a_lease_that_lapsed_and_that_nobody_took_is_still_good() {
    let world = World::start().await;
    let station = Station::register(&world, "dock-1").await;
    let (id, signature) = world.create(&import("photos")).await;
    let lease = station.granted(&world, &signature).await.lease;
    world.clock.advance(10_000);
    assert_eq!(
        station.renew(&world, id, &lease, tally(1, 1, 0)).await,
        LeaseState::Held
    );
    world.clock.advance(10_000);
    assert_eq!(
        station.finish(&world, id, &lease, finished(id, 0)).await,
        Ok(())
    );
    assert_eq!(state(&world, id).await.1, "Complete");
}

#[tokio::test]
async fn a_customer_may_cancel_what_runs_if_the_operator_lets_her() {
    let world = World::with("[jobs]\ncancel_in_progress = true\n").await;
    let station = Station::register(&world, "dock-1").await;
    let (id, signature) = world.create(&import("photos")).await;
    let lease = station.granted(&world, &signature).await.lease;
    let canceled = world
        .call(&[("Action", "CancelJob"), ("JobId", id.as_str())])
        .await;
    assert_eq!(canceled.code(), "OK");
    assert_eq!(
        station.renew(&world, id, &lease, tally(3, 3, 0)).await,
        LeaseState::Canceled
    );
    // It was done before it heard: the customer's word stands, and the device may go home.
    assert_eq!(
        station.finish(&world, id, &lease, finished(id, 0)).await,
        refused("Canceled")
    );
    assert_eq!(state(&world, id).await, ("AtAWS".to_owned(), "Canceled"));
    assert!(world.jobs().lease(id).await.unwrap().unwrap().ended);
    assert_eq!(
        station.denied(&world, Some(&signature), None).await,
        "Canceled"
    );
    assert_eq!(station.give_back(&world, id, "1Z").await, Ok(()));
}

#[tokio::test]
async fn strangers_tokens_and_unknown_jobs_end_nothing() {
    let world = World::start().await;
    let station = Station::register(&world, "dock-1").await;
    let (id, signature) = world.create(&import("photos")).await;
    let lease = station.granted(&world, &signature).await.lease;
    let guess = model::control::LeaseToken("0".repeat(32));
    assert_eq!(
        station.finish(&world, id, &guess, finished(id, 0)).await,
        refused("LeaseLost")
    );
    assert_eq!(
        station.renew(&world, id, &guess, tally(0, 0, 0)).await,
        LeaseState::Lost
    );
    let nowhere = JobId::new("ZZZZZ").unwrap();
    let unknown = Err((404, "UnknownJob".to_owned()));
    assert_eq!(
        station
            .finish(&world, nowhere, &lease, finished(nowhere, 0))
            .await,
        unknown
    );
    assert_eq!(station.give_back(&world, nowhere, "1Z").await, unknown);
    assert_eq!(state(&world, id).await.1, "InProgress");
}

/// What `GetStatus` says comes from the job, not from whoever has its lease.
#[tokio::test]
async fn a_report_elsewhere_than_the_manifest_says_is_refused() {
    let world = World::start().await;
    let station = Station::register(&world, "dock-1").await;
    let (id, signature) = world.create(&import("photos")).await;
    let lease = station.granted(&world, &signature).await.lease;
    let other_key = log(JobId::new("ZZZZZ").unwrap());
    let mut other_bucket = log(id);
    other_bucket.bucket = BucketName::new("logs").unwrap();
    for log in [other_key, other_bucket] {
        let ending = Ending::Finished {
            errors: 0,
            log,
            remark: None,
            files: Vec::new(),
            sums: None,
        };
        let refused = station.finish(&world, id, &lease, ending).await;
        assert_eq!(refused, Err((400, "BadField".to_owned())));
    }
    assert_eq!(state(&world, id).await.1, "InProgress");
    assert!(!world.jobs().lease(id).await.unwrap().unwrap().ended);
    let done = station.finish(&world, id, &lease, finished(id, 0)).await;
    assert_eq!(done, Ok(()));
}

#[tokio::test]
async fn what_the_customer_reads_of_a_return_is_one_short_line() {
    let world = World::start().await;
    let station = Station::register(&world, "dock-1").await;
    let (id, signature) = world.create(&import("photos")).await;
    let lease = station.granted(&world, &signature).await.lease;
    let ending = finished(id, 0);
    station.finish(&world, id, &lease, ending).await.unwrap();
    let (long, most) = ("1".repeat(101), "é".repeat(100));
    for odd in ["", " ", "1Z\n2Z", "\u{1b}[2J", &long] {
        let refused = station.give_back(&world, id, odd).await;
        assert_eq!(refused, Err((400, "BadField".to_owned())), "{odd:?}");
    }
    assert_eq!(station.give_back(&world, id, &most).await, Ok(()));
}

#[tokio::test]
async fn of_a_long_entry_the_beginning_is_kept() {
    let world = World::start().await;
    let station = Station::register(&world, "dock-1").await;
    let (id, signature) = world.create(&import("photos")).await;
    let lease = station.granted(&world, &signature).await.lease;
    let current = "é".repeat(3000);
    let figures = Figures {
        current: Some(current),
        ..Figures::default()
    };
    let held = station.renew_with(&world, id, &lease, figures).await;
    assert_eq!(held, LeaseState::Held);
    let kept = world.jobs().lease(id).await.unwrap().unwrap().figures;
    assert_eq!(kept.current, Some("é".repeat(1024)));
}

async fn progress_message(world: &World, id: JobId) -> String {
    let status = world
        .call(&[("Action", "GetStatus"), ("JobId", id.as_str())])
        .await;
    status.text("ProgressMessage").unwrap()
}

const LOADING: &str = "The data on your device is currently being loaded.";

#[tokio::test]
async fn the_customer_is_told_how_far_the_station_is() {
    let world = World::start().await;
    let station = Station::register(&world, "dock-1").await;
    let (id, signature) = world.create(&import("photos")).await;
    let lease = station.granted(&world, &signature).await.lease;
    assert_eq!(progress_message(&world, id).await, LOADING);

    let figures = Figures {
        tally: tally(12_345, 1_150_000_000, 2),
        current: Some("photos/2009/img_0412.jpg".to_owned()),
        found: 50_000,
        found_bytes: 8_400_000_000,
        found_all: true,
        sent_bytes: 1_200_000_000,
        rate: Some(35_000_000),
        seconds_left: Some(205),
    };
    let held = station.renew_with(&world, id, &lease, figures).await;
    assert_eq!(held, LeaseState::Held);
    assert_eq!(
        progress_message(&world, id).await,
        format!(
            "{LOADING} Loaded 12,345 of 50,000 files (1.2 of 8.4 GB), 35 MB/s, about 3 min left; \
             2 files could not be loaded; now photos/2009/img_0412.jpg"
        )
    );

    // Nobody is at it any more: what is done stays, what is going on does not.
    let at_rest = |stopped: &str| {
        format!(
            "{LOADING} Stopped at {stopped} Loaded 12,345 of 50,000 files (1.2 of 8.4 GB); 2 files \
             could not be loaded"
        )
    };
    world.clock.advance(61);
    let silent = "2026-11-21T12:01:00Z: the station with the device gives no sign of life. Loading \
                  goes on when the device is docked again.";
    assert_eq!(progress_message(&world, id).await, at_rest(silent));
    let told = station.finish(&world, id, &lease, released()).await;
    assert_eq!(told, Ok(()));
    // The store's address is for the operator's log and the history alone.
    let stopped = "2026-11-21T12:01:01Z: the store does not answer. When the operator has mended it, \
                   loading goes on when the device is docked again.";
    assert_eq!(progress_message(&world, id).await, at_rest(stopped));
    let history = world.jobs().history(id).await.unwrap();
    assert!(format!("{:?}", history.last().unwrap().event).contains("10.0.0.7"));

    let lease = station.granted(&world, &signature).await.lease;
    let done = station.finish(&world, id, &lease, finished(id, 2)).await;
    assert_eq!(done, Ok(()));
    assert_eq!(
        progress_message(&world, id).await,
        format!(
            "The data load completed with 2 errors. See import-log-{id} in the bucket photos for \
             more details."
        )
    );
}

/// A station of an earlier release tells nothing but its tally and the entry it is at.
#[tokio::test]
async fn of_an_old_station_is_told_what_it_says() {
    let world = World::start().await;
    let station = Station::register(&world, "dock-1").await;
    let (id, signature) = world.create(&import("photos")).await;
    let lease = station.granted(&world, &signature).await.lease;
    let renewal = serde_json::json!({
        "job": id, "lease": lease, "current": "a/b",
        "tally": { "stored": 1234, "bytes": 5_600_000_000_u64, "ignored": 1, "failed": 0 },
    });
    let state: LeaseState = world
        .tell_as(station.token.expose(), "lease/renew", &renewal)
        .await
        .unwrap();
    assert_eq!(state, LeaseState::Held);
    assert_eq!(
        progress_message(&world, id).await,
        format!("{LOADING} Loaded 1,234 files (5.6 GB); now a/b")
    );
}

#[tokio::test]
async fn a_name_from_a_hostile_disk_is_only_a_name() {
    let world = World::start().await;
    let station = Station::register(&world, "dock-1").await;
    let (id, signature) = world.create(&import("photos")).await;
    let lease = station.granted(&world, &signature).await.lease;
    let figures = Figures {
        current: Some("]]></ProgressMessage>&\0\u{1b}[2J\r\n\u{ffff}\u{202e}x".to_owned()),
        ..Figures::default()
    };
    station.renew_with(&world, id, &lease, figures).await;
    let status = world
        .call(&[("Action", "GetStatus"), ("JobId", id.as_str())])
        .await;
    assert_eq!(status.text("ProgressCode").unwrap(), "InProgress");
    assert_eq!(
        status.text("ProgressMessage").unwrap(),
        format!(
            "{LOADING} Loaded 0 files (0 B); now ]]></ProgressMessage>&\\u{{0}}\\u{{1b}}[2J\\r\\n\
             \\u{{ffff}}\\u{{202e}}x"
        )
    );
}

#[tokio::test]
async fn only_what_was_received_and_is_over_goes_back() {
    let world = World::start().await;
    let station = Station::register(&world, "dock-1").await;
    let (id, _) = world.create(&import("photos")).await;
    assert_eq!(
        station.give_back(&world, id, "1Z").await,
        refused("NotReceived")
    );
    let waiting = world
        .plant(
            crate::world::at_station(world.now()),
            model::progress::Progress::Pending,
        )
        .await;
    assert_eq!(
        station.give_back(&world, waiting.id, "1Z").await,
        refused("NotStarted")
    );
}

#[tokio::test]
async fn after_a_restart_stations_get_a_whole_term_to_come_back() {
    let world = World::start().await;
    let station = Station::register(&world, "dock-1").await;
    let (id, signature) = world.create(&import("photos")).await;
    let claim = station.granted(&world, &signature).await;
    let world = world.restart("", 3600).await;
    let lease = world.jobs().lease(id).await.unwrap().unwrap();
    assert_eq!(lease.until, world.now().plus_seconds(60));
    assert_eq!(
        station
            .renew(&world, id, &claim.lease, tally(2, 2, 0))
            .await,
        LeaseState::Held
    );
}
