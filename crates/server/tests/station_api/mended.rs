//! What is mended is told at once: to whoever has the device, and as soon as it can be seen here.

use model::bay::BayState;
use model::control::{Ending, HoldRequest, LeaseState, Renewal, ResumeRequest};
use model::heartbeat::MendedJob;
use model::ids::{BucketName, JobId};
use model::loading::Figures;
use model::stopped::StopCause;

use crate::heartbeats::Resident;
use crate::holds::until;
use crate::talk::Station;
use crate::world::{World, import};

async fn tell<M: serde::Serialize + Sync>(world: &World, station: &Station, path: &str, what: &M) {
    let token = station.token.expose();
    let told: Result<(), _> = world.tell_as(token, path, what).await;
    assert_eq!(told, Ok(()), "{path}");
}

async fn resume(world: &World, station: &Station, job: JobId) {
    tell(world, station, "resume", &ResumeRequest { job }).await;
}

fn released(cause: StopCause, bucket: &str) -> Ending {
    Ending::Released {
        reason: "no".to_owned(),
        cause: Some(cause),
        bucket: Some(BucketName::new(bucket).unwrap()),
        words: None,
        untouched: false,
    }
}

/// A job that stands still for this, and its SIGNATURE.
async fn held(world: &World, station: &Station, cause: StopCause) -> (JobId, String) {
    let (id, signature) = world.create(&import("photos")).await;
    let claim = station.granted(world, &signature).await;
    let ending = released(cause, "photos");
    let told = station.finish(world, id, &claim.lease, ending).await;
    assert_eq!(told, Ok(()));
    (id, signature)
}

#[tokio::test]
async fn a_station_hears_that_the_job_of_a_held_bay_is_mended_until_it_goes_on() {
    let world = World::start().await;
    let mut dock = Resident::register(&world, "dock-1").await;
    let (id, signature) = held(&world, &dock.station, StopCause::StoreFull).await;
    let (other, _) = held(&world, &dock.station, StopCause::StoreFull).await;
    let told = dock.beat_with(&world, BayState::Held, id).await.mended;
    assert_eq!(told, [], "nothing is mended");
    world.clock.advance(7);
    resume(&world, &dock.station, id).await;
    let since = world.now();
    for _ in 0..3 {
        let told = dock.beat_with(&world, BayState::Held, id).await.mended;
        assert_eq!(told, [MendedJob { job: id, since }]);
        world.clock.advance(5);
    }
    for (state, job) in [(BayState::Looking, id), (BayState::Held, other)] {
        assert_eq!(dock.beat_with(&world, state, job).await.mended, []);
    }
    dock.station.granted(&world, &signature).await;
    let told = dock.beat_with(&world, BayState::Held, id).await.mended;
    assert_eq!(told, [], "it goes on");
}

/// A right that is given by a row, a bucket that is made in the embedded store: nobody docks anything, and no store far
/// away is asked.
#[tokio::test]
async fn what_is_mended_here_is_seen_within_seconds() {
    let world = World::start().await;
    let station = Station::register(&world, "dock-1").await;
    let (gone, _) = world.create(&import("photos")).await;
    let (no_right, signature) = world.create(&import("photos")).await;
    let mut without = world.account.clone();
    without.import = vec!["logs".to_owned()];
    world.jobs().update_account(&without).await.unwrap();
    let denied = station.denied(&world, Some(&signature), None).await;
    assert_eq!(denied, "BucketPermission");
    let stopped = model::event::Event::Stopped {
        cause: StopCause::BucketMissing,
        bucket: Some(BucketName::new("absent").unwrap()),
        words: None,
        detail: String::new(),
        untouched: false,
    };
    let stored = world.jobs().job(gone).await.unwrap().unwrap();
    let job = stored.job.apply(&stopped, world.now()).unwrap();
    let (jobs, actor, events) = (world.jobs(), model::actor::Actor::Service, [stopped]);
    let written = jobs.replace_job(&job, stored.version, &events, &actor, world.now());
    written.await.unwrap();

    world.jobs().update_account(&world.account).await.unwrap();
    let store = world.service.embedded_store().unwrap();
    let owner = world.account.id.as_str();
    store.create_bucket("absent", owner).await.unwrap();
    for id in [no_right, gone] {
        until(async || world.job(id).await.hold().is_none()).await;
    }
}

/// A station of an earlier release knows no word for it, and stops as for a lease that went to another.
#[tokio::test]
async fn a_station_of_an_earlier_release_hears_that_its_lease_is_lost() {
    let world = World::start().await;
    let station = Station::register(&world, "dock-1").await;
    let (job, signature) = world.create(&import("photos")).await;
    let lease = station.granted(&world, &signature).await.lease;
    let because = "The cable is on its way.".to_owned();
    tell(&world, &station, "hold", &HoldRequest { job, because }).await;
    for (version, state) in [(4, LeaseState::Lost), (5, LeaseState::OnHold)] {
        let renewal = Renewal {
            version,
            job,
            lease: lease.clone(),
            figures: Figures::default(),
        };
        let told = world.tell_as(station.token.expose(), "lease/renew", &renewal);
        assert_eq!(told.await, Ok(state), "version {version}");
    }
    // As soon as it is let go on, the lease of before is worth nothing.
    resume(&world, &station, job).await;
    let renewal = Renewal {
        version: 5,
        job,
        lease,
        figures: Figures::default(),
    };
    let told = world.tell_as(station.token.expose(), "lease/renew", &renewal);
    assert_eq!(told.await, Ok(LeaseState::Lost));
}
