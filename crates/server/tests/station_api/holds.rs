//! Jobs that are on hold: told to the customer, held back at stations, looked after by the service, and going on when
//! they are mended.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use model::control::{
    ClaimAnswer, ClaimRequest, Ending, GiveUpRequest, HoldRequest, JobFacts, JobRequest,
    LeaseState, LeaseToken, ResumeRequest, View,
};
use model::device::DeviceFacts;
use model::event::Event;
use model::hold::{GivenUp, Mended};
use model::ids::{AccessKeyId, BucketName, JobId, JobType, ObjectKey};
use model::job::Job;
use model::notice::NoticeKind;
use model::progress::{LogLocation, Progress};
use model::stopped::StopCause;
use server::access::Customer;
use server::jobstore::{Account, DeliveryFilter};
use server::ops::{Caller, DockingFault, Refused, accounts, jobs};

use crate::talk::Station;
use crate::world::{World, at_station, ebs, import, tally};

const DAY: i64 = 24 * 60 * 60;

type Told = Result<(), (u16, String)>;

fn refused(code: &str) -> Told {
    Err((409, code.to_owned()))
}

fn held() -> impl Iterator<Item = StopCause> {
    let is_hold = |cause: &StopCause| cause.hold().is_some();
    StopCause::ALL.into_iter().filter(is_hold)
}

pub(crate) async fn status(world: &World, id: JobId) -> (String, String) {
    let answer = world
        .call(&[("Action", "GetStatus"), ("JobId", id.as_str())])
        .await;
    let text = |name| {
        answer
            .text(name)
            .unwrap_or_else(|| panic!("{}", answer.body))
    };
    (text("ProgressCode"), text("ProgressMessage"))
}

async fn events(world: &World, id: JobId) -> Vec<Event> {
    let history = world.jobs().history(id).await.unwrap();
    history.into_iter().filter_map(|line| line.event).collect()
}

async fn names(world: &World, id: JobId) -> Vec<&'static str> {
    events(world, id).await.iter().map(Event::name).collect()
}

async fn is_resumed(world: &World, id: JobId, wanted: Mended) -> bool {
    let is = |event: &Event| matches!(event, Event::Resumed { how } if *how == wanted);
    events(world, id).await.iter().any(is)
}

impl Station {
    async fn stop(&self, world: &World, signature: &str, cause: StopCause) -> JobId {
        let claim = self.granted(world, signature).await;
        let ending = stopped(cause, None);
        let told = self.finish(world, claim.job, &claim.lease, ending).await;
        assert_eq!(told, Ok(()));
        claim.job
    }

    async fn facts(&self, world: &World, job: JobId) -> JobFacts {
        let request = JobRequest { job };
        let told = world.tell_as(self.token.expose(), "job", &request).await;
        told.unwrap()
    }

    async fn hold(&self, world: &World, job: JobId, because: &str) -> Told {
        let because = because.to_owned();
        let request = HoldRequest { job, because };
        world.tell_as(self.token.expose(), "hold", &request).await
    }

    async fn resume(&self, world: &World, job: JobId) -> Told {
        let request = ResumeRequest { job };
        world.tell_as(self.token.expose(), "resume", &request).await
    }

    async fn give_up(&self, world: &World, job: JobId, because: &str) -> Told {
        let facts = self.facts(world, job).await;
        let request = GiveUpRequest {
            job,
            because: because.to_owned(),
            account: facts.account,
            shown: facts.progress.code().to_owned(),
        };
        world
            .tell_as(self.token.expose(), "give-up", &request)
            .await
    }
}

fn stopped(cause: StopCause, bucket: Option<&str>) -> Ending {
    Ending::Released {
        reason: "http://10.0.0.7:9000 of store-host-3 says no to account 999999999999".to_owned(),
        cause: Some(cause),
        bucket: bucket.map(|name| BucketName::new(name).unwrap()),
        words: None,
        untouched: false,
    }
}

fn finished(id: JobId, bucket: &str) -> Ending {
    Ending::Finished {
        errors: 0,
        log: LogLocation {
            bucket: BucketName::new(bucket).unwrap(),
            key: ObjectKey::new(format!("import-log-{id}")).unwrap(),
        },
        remark: None,
        files: Vec::new(),
        sums: None,
    }
}

/// Puts a job into the store that could not be made now, and gives its SIGNATURE.
async fn plant(world: &World, manifest: &str) -> (JobId, String) {
    let mut job = world
        .plant(at_station(world.now()), Progress::Pending)
        .await;
    let version = world.jobs().job(job.id).await.unwrap().unwrap().version;
    manifest.clone_into(&mut job.manifest);
    let event = Event::Updated {
        job_type: JobType::Import,
        manifest: manifest.to_owned(),
    };
    let actor = model::actor::Actor::Service;
    let (jobs, events) = (world.jobs(), [event]);
    let replaced = jobs.replace_job(&job, version, &events, &actor, world.now());
    replaced.await.unwrap();
    let answer = world
        .call(&[("Action", "GetStatus"), ("JobId", job.id.as_str())])
        .await;
    (job.id, answer.text("SignatureFileContents").unwrap())
}

/// Every hold that a station makes: the customer reads it behind AWS's own sentence, operators see it, and the job goes
/// on with the same device when it is docked again.
#[tokio::test]
async fn every_hold_is_told_and_goes_on_with_the_same_device() {
    let world = World::start().await;
    let station = Station::register(&world, "dock-1").await;
    // A person's own hold is another test's.
    for cause in held().filter(|cause| !cause.is_by_person()) {
        let (id, signature) = world.create(&import("photos")).await;
        station.stop(&world, &signature, cause).await;
        let (code, message) = status(&world, id).await;
        assert_eq!(code, "InProgress", "{cause:?}");
        let begin = "The data on your device is currently being loaded. On hold since \
                     2026-11-21T12:00:00Z: ";
        assert!(message.starts_with(begin), "{message}");
        assert!(message.ends_with('.'), "{message}");
        let facts = station.facts(&world, id).await;
        assert_eq!(facts.stopped.unwrap().cause, cause);
        let claim = station.granted(&world, &signature).await;
        assert_eq!((claim.job, claim.attempt), (id, 2), "{cause:?}");
        let names = names(&world, id).await;
        let ends = ["Stopped", "DeviceArrived", "Resumed", "TransferStarted"];
        assert!(names.ends_with(&ends), "{names:?}");
        let done = finished(id, "photos");
        let told = station.finish(&world, id, &claim.lease, done).await;
        assert_eq!(told, Ok(()));
        assert_eq!(status(&world, id).await.0, "Complete");
    }
}

#[tokio::test]
async fn what_is_docked_again_unmended_leaves_no_trace_and_takes_no_lease() {
    let world = World::start().await;
    let station = Station::register(&world, "dock-1").await;
    let (id, signature) = plant(&world, &import("absent")).await;
    let claim = station.granted(&world, &signature).await;
    let ending = stopped(StopCause::BucketMissing, Some("absent"));
    station
        .finish(&world, id, &claim.lease, ending)
        .await
        .unwrap();
    let (code, message) = status(&world, id).await;
    assert_eq!(code, "InProgress");
    let told = "the bucket `absent` does not exist. Create it, and loading goes on by itself.";
    assert!(message.ends_with(told), "{message}");

    let before = (world.job(id).await, events(&world, id).await);
    for _ in 0..20 {
        let denied = station.denied(&world, Some(&signature), None).await;
        assert_eq!(denied, "OnHold");
        world.clock.advance(30);
    }
    assert_eq!((world.job(id).await, events(&world, id).await), before);
    assert!(world.jobs().lease(id).await.unwrap().unwrap().ended);
    let metrics = world.http("GET", "/metrics", &[], "").await.body;
    for line in [
        "longshore_holds{code=\"BucketMissing\",fix_by=\"customer\"} 1",
        "longshore_hold_oldest_seconds{code=\"BucketMissing\",fix_by=\"customer\"} 600",
    ] {
        assert!(metrics.contains(line), "{line} is not in\n{metrics}");
    }

    let store = world.service.embedded_store().unwrap();
    let owner = world.account.id.as_str();
    store.create_bucket("absent", owner).await.unwrap();
    // Whoever docks by hand need not wait for the service's next look.
    let claim = station.granted(&world, &signature).await;
    assert_eq!(claim.attempt, 2);
    let done = finished(id, "absent");
    station
        .finish(&world, id, &claim.lease, done)
        .await
        .unwrap();
    assert_eq!(status(&world, id).await.0, "Complete");
}

/// Without any docking: the service looks by itself.
#[tokio::test]
async fn the_service_sees_by_itself_what_is_mended() {
    let world = World::start().await;
    let station = Station::register(&world, "dock-1").await;
    let mut jobs = Vec::new();
    for _ in 0..3 {
        let (id, signature) = plant(&world, &import("absent")).await;
        let claim = station.granted(&world, &signature).await;
        let ending = stopped(StopCause::BucketMissing, Some("absent"));
        station
            .finish(&world, id, &claim.lease, ending)
            .await
            .unwrap();
        jobs.push(id);
    }
    let (stays, signature) = plant(&world, &import("nowhere")).await;
    let claim = station.granted(&world, &signature).await;
    let ending = stopped(StopCause::BucketMissing, Some("nowhere"));
    station
        .finish(&world, stays, &claim.lease, ending)
        .await
        .unwrap();
    let store = world.service.embedded_store().unwrap();
    let owner = world.account.id.as_str();
    store.create_bucket("absent", owner).await.unwrap();

    // A service begins by looking.
    let world = world.restart("", 5).await;
    for id in jobs {
        until(async || is_resumed(&world, id, Mended::Checked).await).await;
        let (code, message) = status(&world, id).await;
        assert_eq!(code, "InProgress");
        let told = "No longer on hold since 2026-11-21T12:00:05Z. Loading goes on as soon as a station \
                    takes the device up again.";
        assert!(message.ends_with(told), "{message}");
    }
    assert_eq!(
        world.job(stays).await.hold().unwrap().cause,
        StopCause::BucketMissing
    );
}

/// Waits until it is so: a background round comes within seconds, on a loaded machine later.
pub(crate) async fn until(is_so: impl AsyncFn() -> bool) {
    for _ in 0..3000 {
        if is_so().await {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("it never came to that");
}

#[tokio::test]
async fn a_right_that_is_taken_and_given_back_holds_a_job_once() {
    let world = World::start().await;
    let station = Station::register(&world, "dock-1").await;
    let (id, signature) = world.create(&import("photos")).await;
    let mut without = world.account.clone();
    without.import = vec!["logs".to_owned()];
    world.jobs().update_account(&without).await.unwrap();
    for _ in 0..5 {
        let denied = station.denied(&world, Some(&signature), None).await;
        assert_eq!(denied, "BucketPermission");
    }
    assert_eq!(names(&world, id).await, ["DeviceArrived", "Stopped"]);
    let (code, message) = status(&world, id).await;
    assert_eq!(code, "Pending");
    assert!(
        message.contains("the bucket `photos` may not be used"),
        "{message}"
    );
    world.jobs().update_account(&world.account).await.unwrap();
    station.granted(&world, &signature).await;
    assert_eq!(world.job(id).await.hold(), None);
}

#[tokio::test]
async fn a_manifest_that_cannot_be_read_is_sent_again_and_the_job_goes_on() {
    let world = World::start().await;
    let station = Station::register(&world, "dock-1").await;
    let (id, signature) = plant(&world, "manifestVersion: 2.0\nbucket: [\n").await;
    for _ in 0..3 {
        let denied = station.denied(&world, Some(&signature), None).await;
        assert_eq!(denied, "Unsupported");
    }
    let (code, message) = status(&world, id).await;
    assert_eq!(code, "Pending");
    assert!(
        message.contains("cannot be read by this release: deviceId: required field is missing"),
        "{message}"
    );
    assert!(
        message.contains("Send the manifest again with UpdateJob"),
        "{message}"
    );
    let manifest = import("photos");
    let update = [
        ("Action", "UpdateJob"),
        ("JobId", id.as_str()),
        ("JobType", "Import"),
        ("Manifest", manifest.as_str()),
    ];
    let updated = world.call(&update).await;
    assert_eq!(updated.code(), "OK");
    assert_eq!(updated.text("WarningMessage").unwrap_or_default(), "");
    assert!(is_resumed(&world, id, Mended::Updated).await);
    station.granted(&world, &signature).await;
    assert_eq!(
        world.call(&update).await.code(),
        "UnableToUpdateJobIdException"
    );
}

/// A hold that an update does not mend is told again with it; one that runs is not updated.
#[tokio::test]
async fn an_update_says_what_the_job_is_still_on_hold_for() {
    let world = World::start().await;
    let station = Station::register(&world, "dock-1").await;
    let (id, _) = world.create(&import("photos")).await;
    let denied = station.denied(&world, None, Some(id)).await;
    assert_eq!(denied, "MissingSignature");
    let manifest = import("other-bucket");
    let update = [
        ("Action", "UpdateJob"),
        ("JobId", id.as_str()),
        ("JobType", "Import"),
        ("Manifest", manifest.as_str()),
    ];
    let warning = world.call(&update).await.text("WarningMessage").unwrap();
    assert!(warning.contains("On hold since"), "{warning}");
    assert!(
        warning.contains("the SIGNATURE file is missing"),
        "{warning}"
    );
    let (running, signature) = world.create(&import("photos")).await;
    station.stop(&world, &signature, StopCause::StoreFull).await;
    let mut update = update;
    update[1].1 = running.as_str();
    let refused = world.call(&update).await;
    assert_eq!(refused.code(), "UnableToUpdateJobIdException");
}

#[tokio::test]
async fn what_a_device_shows_holds_its_job_until_it_is_docked_rightly() {
    let world = World::start().await;
    let station = Station::register(&world, "dock-1").await;
    let obstacles = [StopCause::PasswordNeeded, StopCause::FileSystemUnsupported];
    for obstacle in obstacles {
        let (id, signature) = world.create(&import("photos")).await;
        let claim = ClaimRequest {
            job: Some(id),
            view: Some(model::control::View::Raw),
            obstacle: Some(obstacle),
            ..ClaimRequest::new(station.name.clone(), "/dev/sdb".to_owned())
        };
        for _ in 0..3 {
            let answer: Result<ClaimAnswer, _> =
                world.tell_as(station.token.expose(), "claim", &claim).await;
            assert!(matches!(answer, Ok(ClaimAnswer::Denied { .. })));
        }
        assert_eq!(names(&world, id).await, ["DeviceArrived", "Stopped"]);
        assert_eq!(world.job(id).await.hold().unwrap().cause, obstacle);
        station.granted(&world, &signature).await;
        assert!(is_resumed(&world, id, Mended::Docked).await);
    }
    let (id, signature) = world.create(&ebs("no")).await;
    let sized = |bytes| ClaimRequest {
        signature_file: Some(base64(&signature)),
        view: Some(model::control::View::Raw),
        bytes: Some(bytes),
        ..ClaimRequest::new(station.name.clone(), "/dev/sdb".to_owned())
    };
    let large = sized(2_000_000_000_000);
    let answer: ClaimAnswer = world
        .tell_as(station.token.expose(), "claim", &large)
        .await
        .unwrap();
    assert!(matches!(answer, ClaimAnswer::Denied { .. }));
    assert_eq!(
        world.job(id).await.hold().unwrap().cause,
        StopCause::CapacityWrong
    );
    let answer: ClaimAnswer = world
        .tell_as(station.token.expose(), "claim", &sized(500_000_000_000))
        .await
        .unwrap();
    assert!(matches!(answer, ClaimAnswer::Granted(_)), "{answer:?}");
}

fn base64(text: &str) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(text)
}

#[tokio::test]
async fn an_operator_holds_a_running_job_and_lets_it_go_on() {
    let world = World::start().await;
    let station = Station::register(&world, "dock-1").await;
    let (id, signature) = world.create(&import("photos")).await;
    let lease = station.granted(&world, &signature).await.lease;
    for because in ["", " ", "a\nb", &"x".repeat(501)] {
        let told = station.hold(&world, id, because).await;
        assert_eq!(told, Err((400, "BadField".to_owned())), "{because:?}");
    }
    assert_eq!(station.resume(&world, id).await, refused("NotOnHold"));
    for _ in 0..2 {
        let told = station.hold(&world, id, "The cable is on its way.").await;
        assert_eq!(told, Ok(()), "again is harmless");
    }
    let renewed = station.renew(&world, id, &lease, tally(1, 1, 0)).await;
    assert_eq!(renewed, LeaseState::OnHold);
    // What the station says of its stopping changes nothing.
    let ending = stopped(StopCause::StationTrouble, None);
    assert_eq!(station.finish(&world, id, &lease, ending).await, Ok(()));
    let (code, message) = status(&world, id).await;
    assert_eq!(code, "InProgress");
    assert!(
        message.contains("The cable is on its way. Loading goes on when the operator lets it."),
        "{message}"
    );
    assert_eq!(
        station.denied(&world, Some(&signature), None).await,
        "OnHold"
    );
    assert_eq!(station.resume(&world, id).await, Ok(()));
    assert_eq!(
        station.resume(&world, id).await,
        Ok(()),
        "again is harmless"
    );
    assert_eq!(station.granted(&world, &signature).await.attempt, 2);
    let held: Vec<_> = names(&world, id).await;
    let expected = ["DeviceArrived", "TransferStarted", "Stopped", "Resumed"];
    assert_eq!(held[..4], expected);
    let lines = world.jobs().history(id).await.unwrap();
    assert_eq!(lines[3].actor.to_string(), "station:dock-1");
}

/// A server that dies between the hold and the end of the lease: the station's next sign of life ends it.
#[tokio::test]
async fn a_lease_of_a_job_that_the_operator_holds_ends_with_the_next_sign_of_life() {
    let world = World::start().await;
    let station = Station::register(&world, "dock-1").await;
    let (id, signature) = world.create(&import("photos")).await;
    let lease = station.granted(&world, &signature).await.lease;
    let stored = world.jobs().job(id).await.unwrap().unwrap();
    let event = Event::Stopped {
        cause: StopCause::ByOperator,
        bucket: None,
        words: Some("Wait.".to_owned()),
        detail: String::new(),
        untouched: false,
    };
    let job: Job = stored.job.apply(&event, world.now()).unwrap();
    let (version, actor) = (stored.version, model::actor::Actor::Service);
    let (jobs, events) = (world.jobs(), [event]);
    let replaced = jobs.replace_job(&job, version, &events, &actor, world.now());
    replaced.await.unwrap();
    let renewed = station.renew(&world, id, &lease, tally(1, 1, 0)).await;
    assert_eq!(renewed, LeaseState::OnHold);
    assert!(world.jobs().lease(id).await.unwrap().unwrap().ended);
}

/// The store's trial succeeds and its files fail: no busy loop, however often the device is docked.
#[tokio::test]
async fn what_goes_on_in_vain_is_tried_less_and_less_often() {
    let world = World::start().await;
    let station = Station::register(&world, "dock-1").await;
    let (id, signature) = world.create(&import("photos")).await;
    let mut claim = station.granted(&world, &signature).await;
    let mut attempts = 0;
    // A bench that docks it every half a minute for six hours.
    for _ in 0..720 {
        let ending = stopped(StopCause::StoreFull, Some("photos"));
        let _ = station.finish(&world, id, &claim.lease, ending).await;
        world.clock.advance(30);
        match station.claim(&world, Some(&signature), None).await {
            ClaimAnswer::Granted(granted) => {
                claim = *granted;
                attempts += 1;
            }
            ClaimAnswer::Denied { code, .. } => assert_eq!(code, "OnHold"),
        }
    }
    assert!((6..=12).contains(&attempts), "{attempts} attempts");
    let hold = world.job(id).await.hold().unwrap().clone();
    assert_eq!(
        hold.at.to_string(),
        "2026-11-21T12:00:00Z",
        "it is one hold"
    );
    // A person who knows better does not wait.
    assert_eq!(station.resume(&world, id).await, Ok(()));
    station.granted(&world, &signature).await;
}

#[tokio::test]
async fn a_job_that_nobody_mends_is_given_up_as_its_hold_says() {
    let world = World::start().await;
    let station = Station::register(&world, "dock-1").await;
    let (id, signature) = world.create(&import("photos")).await;
    station.granted(&world, &signature).await;
    assert_eq!(station.give_up(&world, id, "x").await, refused("Leased"));
    for cause in held().filter(|cause| !cause.is_by_person()) {
        let (id, signature) = world.create(&import("photos")).await;
        station.stop(&world, &signature, cause).await;
        let because = "Nobody came.";
        assert_eq!(station.give_up(&world, id, because).await, Ok(()));
        let (code, message) = status(&world, id).await;
        let expected = match cause.hold().unwrap().given_up {
            GivenUp::Canceled => "Canceled",
            GivenUp::Aborted(reason) => reason.code(),
        };
        assert_eq!(code, expected, "{cause:?}");
        assert!(message.ends_with(" Nobody came."), "{message}");
        assert_eq!(station.give_back(&world, id, "1Z").await, Ok(()));
    }
    let (id, signature) = world.create(&import("photos")).await;
    station
        .stop(&world, &signature, StopCause::StationTrouble)
        .await;
    assert_eq!(station.give_up(&world, id, "x").await, refused("NotOnHold"));
}

/// Who has a job wait lets it go on, and nobody else does.
#[tokio::test]
async fn a_customer_holds_its_own_job_and_each_lets_go_on_what_it_has_said() {
    let world = World::start().await;
    let station = Station::register(&world, "dock-1").await;
    let customer = customer(&world, &world.account);
    let (id, signature) = world.create(&import("photos")).await;
    let claim = station.granted(&world, &signature).await;
    let hold = async |because: &str| {
        let because = because.to_owned();
        let request = HoldRequest { job: id, because };
        jobs::hold(world.service.context(), &customer, request).await
    };
    let resume = async |caller: &Caller| {
        let request = ResumeRequest { job: id };
        jobs::resume(world.service.context(), caller, request).await
    };
    // A station that is at work stops with its next sign of life, and keeps what it has.
    hold("").await.unwrap();
    hold("").await.unwrap();
    let state = station
        .renew(&world, id, &claim.lease, tally(1, 1, 0))
        .await;
    assert_eq!(state, LeaseState::OnHold);
    let (_, message) = status(&world, id).await;
    assert!(
        message.contains(": its customer has stopped it for a while. Let it go on"),
        "{message}"
    );
    assert_eq!(names(&world, id).await.last(), Some(&"Stopped"), "once");
    for _ in 0..2 {
        let denied = station.denied(&world, Some(&signature), None).await;
        assert_eq!(denied, "OnHold");
    }
    assert_eq!(station.resume(&world, id).await, refused("HeldByOther"));
    let (other, _) = world.another("other", &["photos"]).await;
    let stranger = self::customer(&world, &other);
    assert!(matches!(
        resume(&stranger).await,
        Err(Refused::NoSuchJob(_))
    ));
    resume(&customer).await.unwrap();
    station.granted(&world, &signature).await;

    // What the operator says, the customer neither takes back nor replaces.
    assert_eq!(station.hold(&world, id, "Wait.").await, Ok(()));
    let of_another = |done: Result<(), Refused>| {
        let fault = done.unwrap_err();
        matches!(fault, Refused::Docking(DockingFault::HeldByOther { .. }))
    };
    assert!(of_another(hold("I want that too.").await));
    assert!(of_another(resume(&customer).await));
    assert_eq!(station.resume(&world, id).await, Ok(()));
    let claim = station.granted(&world, &signature).await;
    let ending = stopped(StopCause::StoreFull, None);
    station
        .finish(&world, id, &claim.lease, ending)
        .await
        .unwrap();
    assert!(
        of_another(resume(&customer).await),
        "a store is no customer's"
    );
}

fn customer(world: &World, account: &Account) -> Caller {
    Caller::Customer(Customer {
        account: account.clone(),
        key: AccessKeyId::new(world.credentials.access_key_id.as_str()).unwrap(),
        user: None,
    })
}

/// Both amounts are told, nothing is begun, and a higher limit is seen by the service itself.
#[tokio::test]
async fn what_is_too_large_waits_for_a_higher_limit_and_goes_on_by_itself() {
    let world = World::with("[jobs]\nmost_bytes = \"2GB\"\n").await;
    let station = Station::register(&world, "dock-1").await;
    let (id, signature) = world.create(&import("photos")).await;
    let claim = async |files_bytes: u64| -> ClaimAnswer {
        let request = ClaimRequest {
            signature_file: Some(STANDARD.encode(&signature)),
            view: Some(View::Raw),
            reads_files: true,
            files_bytes: Some(files_bytes),
            ..ClaimRequest::new(station.name.clone(), "/dev/sdb".to_owned())
        };
        let answer = world
            .tell_as(station.token.expose(), "claim", &request)
            .await;
        answer.unwrap()
    };
    let code = |answer: &ClaimAnswer| match answer {
        ClaimAnswer::Denied { code, .. } => code.clone(),
        ClaimAnswer::Granted(_) => "Granted".to_owned(),
    };
    assert_eq!(code(&claim(6_100_000_000).await), "TooLarge");
    let (progress, message) = status(&world, id).await;
    assert_eq!(progress, "Pending");
    let sentence = "On hold since 2026-11-21T12:00:00Z: there is more on the device than this account may load with a job: \
                    6.1 GB on it, and 2.0 GB are allowed. Ask the operator for a higher limit; loading goes on by itself.";
    assert!(message.ends_with(sentence), "{message}");
    assert_eq!(
        code(&claim(6_100_000_000).await),
        "OnHold",
        "nothing has changed"
    );
    let admin = world.service.context().admin();
    let name = world.account.name.clone();
    let limit = async |most: &str| {
        accounts::limit(&admin, &Caller::Operator, &name, most)
            .await
            .unwrap();
    };
    world.clock.advance(60);
    limit("5GB").await;
    world.clock.advance(1);
    assert_eq!(
        code(&claim(6_100_000_000).await),
        "TooLarge",
        "it is not enough"
    );
    world.clock.advance(180);
    // Whether it is tried again, or nobody has raised the limit since it was.
    assert_ne!(code(&claim(6_100_000_000).await), "Granted");
    limit("7GB").await;
    // Another job of the account is none of that.
    until(async || {
        is_resumed(&world, id, Mended::Checked).await
            || code(&claim(6_100_000_000).await) == "Granted"
    })
    .await;
    assert_eq!(code(&claim(6_100_000_000).await), "Granted");
    limit("none").await;
    assert_eq!(code(&claim(u64::MAX).await), "Granted");
}

/// A device that was not unmounted cleanly holds its job before anything is loaded, until its customer, or the operator,
/// says that it is loaded as it is; then it is, however often it is docked.
#[tokio::test]
async fn a_dirty_device_waits_for_a_word_of_its_customer() {
    let world = World::start().await;
    let station = Station::register(&world, "dock-1").await;
    let customer = customer(&world, &world.account);
    for is_customers in [true, false] {
        let (id, signature) = world.create(&import("photos")).await;
        let claim = async |obstacle: Option<StopCause>| -> ClaimAnswer {
            let request = ClaimRequest {
                signature_file: Some(STANDARD.encode(&signature)),
                view: Some(View::Raw),
                reads_files: true,
                obstacle,
                ..ClaimRequest::new(station.name.clone(), "/dev/sdb".to_owned())
            };
            let answer = world
                .tell_as(station.token.expose(), "claim", &request)
                .await;
            answer.unwrap()
        };
        for _ in 0..3 {
            let ClaimAnswer::Denied { code, cause, .. } = claim(Some(StopCause::Dirty)).await
            else {
                panic!("it is loaded");
            };
            assert_eq!((code.as_str(), cause), ("Dirty", Some(StopCause::Dirty)));
        }
        assert_eq!(names(&world, id).await, ["DeviceArrived", "Stopped"]);
        let (code, message) = status(&world, id).await;
        assert_eq!(code, "Pending");
        let sentence = "On hold since 2026-11-21T12:00:00Z: the device was not unmounted cleanly; what was written to it \
                        last may be missing. Say in the console that it is loaded as it is,";
        assert!(message.contains(sentence), "{message}");
        match is_customers {
            true => {
                let request = ResumeRequest { job: id };
                let context = world.service.context();
                jobs::resume(context, &customer, request).await.unwrap();
            }
            false => assert_eq!(station.resume(&world, id).await, Ok(())),
        }
        assert_eq!(station.facts(&world, id).await.as_it_is, [StopCause::Dirty]);
        for _ in 0..2 {
            let ClaimAnswer::Granted(granted) = claim(Some(StopCause::Dirty)).await else {
                panic!("it waits");
            };
            assert_eq!(granted.as_it_is, [StopCause::Dirty]);
            let ending = stopped(StopCause::StationTrouble, None);
            station
                .finish(&world, id, &granted.lease, ending)
                .await
                .unwrap();
        }
    }
    // What takes the image of a device takes it as it lies.
    let (_, signature) = world.create(&ebs("no")).await;
    let request = ClaimRequest {
        signature_file: Some(STANDARD.encode(&signature)),
        view: Some(View::Raw),
        obstacle: Some(StopCause::Dirty),
        bytes: Some(1_000),
        ..ClaimRequest::new(station.name.clone(), "/dev/sdb".to_owned())
    };
    let answer: ClaimAnswer = world
        .tell_as(station.token.expose(), "claim", &request)
        .await
        .unwrap();
    assert!(matches!(answer, ClaimAnswer::Granted(_)), "{answer:?}");
}

/// The customer reads how it is known that the device is failing, and who lets it go on means it: the station is told, and
/// another device is looked at anew.
#[tokio::test]
async fn a_failing_device_goes_on_as_it_is_by_a_persons_word_and_another_does_not() {
    let world = World::start().await;
    let station = Station::register(&world, "dock-1").await;
    let (id, signature) = world.create(&import("photos")).await;
    let device = |serial: &str| DeviceFacts {
        serial: Some(serial.to_owned()),
        bytes: Some(1_000),
        ..DeviceFacts::default()
    };
    let claim = async |serial: &str| {
        let request = ClaimRequest {
            signature_file: Some(STANDARD.encode(&signature)),
            facts: Some(device(serial)),
            ..ClaimRequest::new(station.name.clone(), "/dev/sdb".to_owned())
        };
        let answer = world
            .tell_as(station.token.expose(), "claim", &request)
            .await;
        match answer.unwrap() {
            ClaimAnswer::Granted(claim) => claim,
            denied => panic!("{denied:?}"),
        }
    };
    let hold = async |lease: &LeaseToken| {
        let ending = Ending::Released {
            reason: "the device is failing".to_owned(),
            cause: Some(StopCause::DiskFailing),
            bucket: None,
            words: Some("214 ranges of it cannot\nbe read".to_owned()),
            untouched: false,
        };
        assert_eq!(station.finish(&world, id, lease, ending).await, Ok(()));
    };
    let first = claim("S1").await;
    assert_eq!(first.as_it_is, []);
    hold(&first.lease).await;
    let (code, message) = status(&world, id).await;
    assert_eq!(code, "InProgress");
    let sentence = "the device does not function properly: 214 ranges of it cannot be read. Loading goes on when \
                    the device is docked again, or when the operator lets it go on as it is.";
    assert!(message.ends_with(sentence), "{message}");
    // Plugged in again it is tried, and what is still bad holds it.
    let again = claim("S1").await;
    assert_eq!(again.as_it_is, []);
    hold(&again.lease).await;
    assert_eq!(station.resume(&world, id).await, Ok(()));
    for _ in 0..2 {
        let resumed = claim("S1").await;
        assert_eq!(resumed.as_it_is, [StopCause::DiskFailing]);
    }
    assert_eq!(claim("S2").await.as_it_is, []);
}

#[tokio::test]
async fn a_hold_of_two_weeks_is_told_as_overdue_and_ends_nothing() {
    let world = World::start().await;
    let station = Station::register(&world, "dock-1").await;
    let (id, signature) = world.create(&import("photos")).await;
    station
        .stop(&world, &signature, StopCause::DiskFailing)
        .await;
    world.clock.advance(14 * DAY - 1);
    assert!(!station.facts(&world, id).await.overdue);
    world.clock.advance(1);
    assert!(station.facts(&world, id).await.overdue);
    let metrics = world.http("GET", "/metrics", &[], "").await.body;
    let oldest = "longshore_hold_oldest_seconds{code=\"DiskFailing\",fix_by=\"operator\"} 1209600";
    assert!(metrics.contains(oldest), "{metrics}");
    assert_eq!(status(&world, id).await.0, "InProgress");
}

/// Customer and operator are reminded once of a hold that nobody mends, whoever starts again meanwhile; one that is mended
/// in time is nobody's.
#[tokio::test]
async fn an_overdue_hold_is_told_once_to_both_sides() {
    let settings = "[jobs]\nhold_days = 2\n[mail]\nurl = \"smtp://127.0.0.1:1\"\nfrom = \"dock@b.example\"\noperator = \"op@b.example\"\n";
    let world = World::with(settings).await;
    let station = Station::register(&world, "dock-1").await;
    let (id, signature) = world.create(&import("photos")).await;
    station
        .stop(&world, &signature, StopCause::DiskFailing)
        .await;
    let (mended, signature) = world.create(&import("photos")).await;
    station.stop(&world, &signature, StopCause::StoreFull).await;
    assert_eq!(station.resume(&world, mended).await, Ok(()));
    let reminders = async |world: &World| -> Vec<(Option<JobId>, String)> {
        let all = DeliveryFilter::default();
        let lines = world.jobs().deliveries(&all, 100).await.unwrap();
        let of_it = lines
            .into_iter()
            .filter(|it| it.event == NoticeKind::JobOverdue);
        of_it
            .map(|it| (it.job_id, it.notice_id.to_string()))
            .collect()
    };
    let begun = world.now().unix();
    world.clock.advance(DAY - 1);
    let world = world.restart(settings, DAY).await;
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    assert_eq!(reminders(&world).await, []);
    let mut world = world.restart(settings, 1).await;
    until(async || reminders(&world).await.len() == 2).await;
    world = world.restart(settings, DAY / 2).await;
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    let one = (Some(id), format!("{id}-overdue-{begun}"));
    assert_eq!(reminders(&world).await, [one.clone(), one], "a mail each");
    assert!(station.facts(&world, id).await.overdue);
}

#[tokio::test]
async fn what_is_overdue_is_given_up_by_itself_where_the_operator_wants_that() {
    let settings = "[jobs]\nhold_days = 2\ngive_up_held = true\n";
    let world = World::with(settings).await;
    let station = Station::register(&world, "dock-1").await;
    let (old, signature) = world.create(&import("photos")).await;
    station
        .stop(&world, &signature, StopCause::DiskFailing)
        .await;
    world.clock.advance(DAY);
    let (young, signature) = world.create(&import("photos")).await;
    station
        .stop(&world, &signature, StopCause::DiskFailing)
        .await;
    let world = world.restart(settings, DAY).await;
    until(async || world.job(old).await.progress.code() == "DeviceError").await;
    let (code, message) = status(&world, old).await;
    assert_eq!(code, "DeviceError");
    assert!(message.ends_with("was not mended in time."), "{message}");
    let last = world.jobs().history(old).await.unwrap().pop().unwrap();
    assert_eq!(last.actor.to_string(), "service");
    assert_eq!(world.job(young).await.progress.code(), "InProgress");
}

/// Whatever a station says of a store stays with the operator.
#[tokio::test]
async fn a_customer_is_told_of_no_store_host_or_other_account() {
    let world = World::start().await;
    let station = Station::register(&world, "dock-1").await;
    for cause in StopCause::ALL {
        let (id, signature) = world.create(&import("photos")).await;
        station.stop(&world, &signature, cause).await;
        let answers = [
            world
                .call(&[("Action", "GetStatus"), ("JobId", id.as_str())])
                .await,
            world.call(&[("Action", "ListJobs")]).await,
        ];
        for answer in answers {
            for secret in [
                "10.0.0.7",
                "store-host-3",
                "999999999999",
                "dock-1",
                "embedded",
            ] {
                assert!(!answer.body.contains(secret), "{cause:?}: {}", answer.body);
            }
        }
        let history = events(&world, id).await;
        let operators = history.iter().any(|event| match event {
            Event::Stopped { detail, .. } => detail.contains("10.0.0.7"),
            _ => false,
        });
        assert!(operators, "the history has it");
    }
}
