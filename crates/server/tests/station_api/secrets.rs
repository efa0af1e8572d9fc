//! What opens an encrypted device and comes later than its manifest: kept sealed, told to the station that has the device,
//! and destroyed when that has gone home.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use model::control::{Claim, ClaimAnswer, ClaimRequest, Ending, LeaseToken, View};
use model::event::Event;
use model::handling::{Handling, Telling, UnlockedVolume};
use model::hold::Mended;
use model::ids::{BucketName, JobId, ObjectKey};
use model::limits::SECRETS_A_MINUTE;
use model::progress::LogLocation;
use model::secret::DeviceSecret;
use model::stopped::StopCause;

use crate::holds::until;
use crate::talk::Station;
use crate::world::{Answer, World, ebs, export, finished, import};

const DAY: i64 = 24 * 60 * 60;

async fn give(world: &World, id: JobId, secret: &str) -> Answer {
    world
        .call(&[
            ("Action", "GiveSecret"),
            ("JobId", id.as_str()),
            ("Secret", secret),
        ])
        .await
}

impl Station {
    /// Claims an encrypted device; none if it is denied.
    async fn claim_locked(&self, world: &World, signature: &str, version: u32) -> Option<Claim> {
        let request = ClaimRequest {
            version,
            signature_file: Some(STANDARD.encode(signature)),
            view: Some(View::Raw),
            obstacle: Some(StopCause::PasswordNeeded),
            ..ClaimRequest::new(self.name.clone(), "/dev/sdb".to_owned())
        };
        let token = self.token.expose();
        match world.tell_as(token, "claim", &request).await.unwrap() {
            ClaimAnswer::Granted(claim) => Some(*claim),
            ClaimAnswer::Denied { .. } => None,
        }
    }

    async fn give_up_with(&self, world: &World, claim: &Claim, cause: StopCause) {
        self.stop_with(world, claim, (cause, false)).await;
    }

    async fn stop_with(&self, world: &World, claim: &Claim, (cause, untouched): (StopCause, bool)) {
        let ending = Ending::Released {
            reason: "it does not open".to_owned(),
            cause: Some(cause),
            bucket: None,
            words: None,
            untouched,
        };
        let told = self.finish(world, claim.job, &claim.lease, ending).await;
        assert_eq!(told, Ok(()));
    }

    async fn unlocked(&self, world: &World, job: JobId, lease: &LeaseToken) -> bool {
        let volume = UnlockedVolume {
            number: 1,
            method: "LUKS2".to_owned(),
            key_id: Some("0f6c2f6e-8a1c-4b7e-9a54-3d1f0c9a7b21".to_owned()),
        };
        let request = Telling {
            job,
            lease: lease.clone(),
            bay: None,
            what: Handling::Unlocked {
                volumes: vec![volume],
            },
        };
        let token = self.token.expose();
        let told: Result<(), _> = world.tell_as(token, "lease/tell", &request).await;
        told.is_ok()
    }
}

async fn told(world: &World, of: Option<JobId>, event: &str) -> Vec<String> {
    let lines = world.jobs().told_of(of).await.unwrap();
    let name = format!("\"event\":\"{event}\"");
    let lines = lines.into_iter().map(|stored| stored.line);
    lines.filter(|line| line.contains(&name)).collect()
}

async fn resumptions(world: &World, id: JobId) -> usize {
    let history = world.jobs().history(id).await.unwrap();
    let by_secret = |event: &Event| {
        matches!(
            event,
            Event::Resumed {
                how: Mended::Secret
            }
        )
    };
    let events = history.into_iter().filter_map(|line| line.event);
    events.filter(by_secret).count()
}

/// A job that waits for a secret goes on with each that comes, whoever sent it, and waits again if it was a wrong one.
#[tokio::test]
async fn a_secret_that_comes_later_goes_to_the_station_with_its_claim() {
    let world = World::start().await;
    let station = Station::register(&world, "dock-1").await;
    let (id, signature) = world.create(&import("photos")).await;
    assert!(station.claim_locked(&world, &signature, 8).await.is_none());
    let cause = async || world.job(id).await.hold().map(|hold| hold.cause);
    assert_eq!(cause().await, Some(StopCause::PasswordNeeded));

    let given = give(&world, id, " zweites Wort ").await;
    assert_eq!(
        (given.code().as_str(), given.text("OnHold").as_deref()),
        ("OK", Some("false"))
    );
    assert_eq!((cause().await, resumptions(&world, id).await), (None, 1));
    // One that could not use it is not sent away with it.
    assert!(station.claim_locked(&world, &signature, 7).await.is_none());
    assert_eq!(cause().await, Some(StopCause::PasswordNeeded));
    let claim = station.claim_locked(&world, &signature, 8).await.unwrap();
    let secrets: Vec<&str> = claim.secrets.iter().map(DeviceSecret::expose).collect();
    assert_eq!(secrets, [" zweites Wort "], "to the letter");
    assert!(!format!("{claim:?}").contains("Wort"));
    station
        .give_up_with(&world, &claim, StopCause::PasswordWrong)
        .await;
    assert_eq!(cause().await, Some(StopCause::PasswordWrong));

    assert_eq!(give(&world, id, "the right one").await.code(), "OK");
    assert_eq!((cause().await, resumptions(&world, id).await), (None, 2));
    let claim = station.claim_locked(&world, &signature, 8).await.unwrap();
    assert_eq!(claim.secrets[0].expose(), "the right one");
    for _ in 0..2 {
        assert!(station.unlocked(&world, id, &claim.lease).await);
    }
    let events = told(&world, Some(id), "unlocked").await;
    assert_eq!(events.len(), 1, "the same again is nothing new");
    assert!(
        events[0].contains("\"volume\":1,\"method\":\"LUKS2\",\"key_id\":\"0f6c2f6e-"),
        "{events:?}"
    );
    let other = LeaseToken("0".repeat(32));
    assert!(!station.unlocked(&world, id, &other).await);
    // Nothing of it stands in what is told and kept in clear.
    for line in world.jobs().told_of(Some(id)).await.unwrap() {
        assert!(!line.line.contains("right one") && !line.line.contains("Wort"));
    }
}

/// `UpdateJob` mends what `CreateJob` said wrongly, also when a station has tried it, as long as nothing is loaded.
#[tokio::test]
async fn a_wrong_password_in_the_manifest_is_mended_by_update_job_until_something_is_loaded() {
    let world = World::start().await;
    let station = Station::register(&world, "dock-1").await;
    let with = |password: &str| format!("{}trueCryptPassword: {password}\n", import("photos"));
    let (id, signature) = world.create(&with("wrong")).await;
    let update = async |password: &str| {
        let (manifest, job) = (with(password), id.to_string());
        let words = [
            ("Action", "UpdateJob"),
            ("JobId", job.as_str()),
            ("JobType", "Import"),
            ("Manifest", manifest.as_str()),
            ("ValidateOnly", "false"),
        ];
        world.call(&words).await.code()
    };
    for password in ["wrong again", "right"] {
        let claim = station.claim_locked(&world, &signature, 8).await.unwrap();
        assert_eq!(update("too early").await, "UnableToUpdateJobIdException");
        station
            .stop_with(&world, &claim, (StopCause::PasswordWrong, true))
            .await;
        let job = world.job(id).await;
        let cause = job.hold().map(|hold| hold.cause);
        assert_eq!(
            (job.progress.code(), cause),
            ("Pending", Some(StopCause::PasswordWrong))
        );
        assert_eq!(update(password).await, "OK");
        assert_eq!(world.job(id).await.hold(), None, "a station tries it");
    }
    // Another says that it has moved nothing itself; the one before has.
    let claim = station.claim_locked(&world, &signature, 8).await.unwrap();
    station
        .stop_with(&world, &claim, (StopCause::Interrupted, false))
        .await;
    let claim = station.claim_locked(&world, &signature, 8).await.unwrap();
    station
        .stop_with(&world, &claim, (StopCause::PasswordWrong, true))
        .await;
    assert_eq!(world.job(id).await.progress.code(), "InProgress");
    assert_eq!(update("late").await, "UnableToUpdateJobIdException");
}

/// Whoever gave it came before the hold, or was cut off: the service looks itself.
#[tokio::test]
async fn a_secret_that_came_just_before_the_hold_is_not_forgotten() {
    let world = World::start().await;
    let station = Station::register(&world, "dock-1").await;
    let (id, signature) = world.create(&import("photos")).await;
    let claim = station.granted(&world, &signature).await;
    assert_eq!(give(&world, id, "early").await.code(), "OK");
    station
        .give_up_with(&world, &claim, StopCause::PasswordNeeded)
        .await;
    until(async || resumptions(&world, id).await == 1).await;
    // One that a station was told is no news any more.
    let claim = station.claim_locked(&world, &signature, 8).await.unwrap();
    station
        .give_up_with(&world, &claim, StopCause::PasswordWrong)
        .await;
    assert_eq!(world.jobs().jobs_with_new_secrets(9).await.unwrap(), []);
}

#[tokio::test]
async fn secrets_are_taken_for_what_is_unlocked_and_not_without_end() {
    let world = World::start().await;
    let (id, _) = world.create(&import("photos")).await;
    for number in 0..SECRETS_A_MINUTE {
        assert_eq!(give(&world, id, &number.to_string()).await.code(), "OK");
    }
    let refused = give(&world, id, "one more").await;
    assert_eq!(refused.code(), "Throttling");
    let kept = world.jobs().secret_of(id).await.unwrap().unwrap();
    assert_eq!(kept.secret.expose(), "4", "it is not kept");
    let (image, _) = world.create(&ebs("no")).await;
    let export = export(&["photos"], "logs");
    let (export, _) = world.create_as_type("Export", &export).await;
    for other in [image, export] {
        let refused = give(&world, other, "hunter2").await;
        assert_eq!(refused.code(), "InvalidParameterException");
        assert!(refused.message().contains("of no use"));
        assert!(!refused.body.contains("hunter2"));
    }
    let over = world
        .plant(
            crate::world::at_station(world.now()),
            finished(0, world.now()),
        )
        .await;
    let refused = give(&world, over.id, "hunter2").await;
    assert_eq!(refused.code(), "UnableToUpdateJobIdException");
}

/// A manifest that is sent again with another password mends a hold that waits for one.
#[tokio::test]
async fn an_update_with_a_password_lets_a_job_go_on() {
    let world = World::start().await;
    let station = Station::register(&world, "dock-1").await;
    let (id, signature) = world.create(&import("photos")).await;
    assert!(station.claim_locked(&world, &signature, 8).await.is_none());
    let update = async |manifest: String| {
        let update = [
            ("Action", "UpdateJob"),
            ("JobId", id.as_str()),
            ("JobType", "Import"),
            ("Manifest", manifest.as_str()),
        ];
        assert_eq!(world.call(&update).await.code(), "OK");
        world.job(id).await.hold().is_some()
    };
    assert!(update(import("photos")).await, "it has none");
    let with = format!("{}trueCryptPassword: open\n", import("photos"));
    assert!(!update(with).await);
    assert!(station.claim_locked(&world, &signature, 8).await.is_some());
}

#[tokio::test]
async fn what_opened_a_device_is_destroyed_some_days_after_it_went_home() {
    let world = World::with("[jobs]\nsecret_days = 3").await;
    let station = Station::register(&world, "dock-1").await;
    let manifest = format!(
        "{}trueCryptPassword: hunter2 of old\n# the last line\n",
        import("photos")
    );
    let (id, signature) = world.create(&manifest).await;
    assert_eq!(give(&world, id, "later one").await.code(), "OK");
    let claim = station.claim_locked(&world, &signature, 8).await.unwrap();
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
    let told_of_end = station.finish(&world, id, &claim.lease, ending).await;
    assert_eq!(told_of_end, Ok(()));
    assert_eq!(station.give_back(&world, id, "1Z").await, Ok(()));

    let world = world.restart("[jobs]\nsecret_days = 3", 3 * DAY - 60).await;
    assert_eq!(world.job(id).await.manifest, manifest);
    let world = world.restart("[jobs]\nsecret_days = 3", 120).await;
    until(async || world.job(id).await.manifest != manifest).await;
    let expected = manifest.replace("hunter2 of old", "destroyed");
    assert_eq!(world.job(id).await.manifest, expected);
    assert_eq!(world.jobs().secret_of(id).await.unwrap(), None);
    let events = told(&world, None, "secret-destroyed").await;
    assert_eq!(events.len(), 1);
    assert!(
        events[0].contains(&format!("\"of\":\"{id}\"")),
        "{events:?}"
    );
}

#[tokio::test]
async fn a_manifest_is_shown_without_its_secrets_where_that_is_wanted() {
    let manifest = format!("{}pinCode: 90417263\n", import("photos"));
    let shown = async |world: &World, id: JobId| {
        let status = [("Action", "GetStatus"), ("JobId", id.as_str())];
        world.call(&status).await.text("CurrentManifest").unwrap()
    };
    let world = World::start().await;
    let (id, _) = world.create(&manifest).await;
    assert_eq!(shown(&world, id).await, manifest);
    let world = world.restart("[jobs]\nmask_secrets = true", 1).await;
    assert_eq!(
        shown(&world, id).await,
        manifest.replace("90417263", "****")
    );
}

fn sealed(recipient: &str, plain: &str) -> String {
    let chance = agefile::Chance {
        ephemeral: [3; 32],
        file_key: [4; 16],
        salt: [5; 16],
    };
    let file = agefile::seal(&recipient.parse().unwrap(), plain.as_bytes(), &chance);
    format!("age:{}", STANDARD.encode(file.unwrap()))
}

/// What its customer has sealed is given back as it came, and opened for the station that has the device alone.
#[tokio::test]
async fn a_sealed_secret_is_opened_for_a_station_alone() {
    let world = World::with("[jobs]\nmask_secrets = true").await;
    let station = Station::register(&world, "dock-1").await;
    let served = world.http("GET", "/custody/recipient", &[], "").await;
    let recipient = served.body.trim().to_owned();
    assert!(recipient.starts_with("age1"), "{recipient}");
    let manifest = format!(
        "{}trueCryptPassword: {}\npinCode: 90417263\n",
        import("photos"),
        sealed(&recipient, "of the manifest")
    );
    let (id, signature) = world.create(&manifest).await;
    let status = [("Action", "GetStatus"), ("JobId", id.as_str())];
    let shown = world.call(&status).await.text("CurrentManifest").unwrap();
    assert_eq!(shown, manifest.replace("90417263", "****"));
    let secrets = async |version| {
        let claim = station.claim_locked(&world, &signature, version).await;
        let secrets = claim.unwrap().secrets;
        let told = secrets.iter().map(|it| it.expose().to_owned());
        told.collect::<Vec<_>>()
    };
    assert_eq!(secrets(8).await, ["of the manifest"]);
    assert!(secrets(7).await.is_empty());
    let later = sealed(&recipient, "later");
    assert_eq!(give(&world, id, &later).await.code(), "OK");
    let kept = world.jobs().secret_of(id).await.unwrap().unwrap();
    assert_eq!(kept.secret.expose(), later, "as it came");
    assert_eq!(secrets(8).await, ["later", "of the manifest"]);
}

/// Nobody gets a device in clear because its station is of an earlier release; who encrypts it is told the password.
#[tokio::test]
async fn an_export_goes_to_stations_that_encrypt_and_with_the_password_that_was_sealed() {
    let world = World::start().await;
    let station = Station::register(&world, "dock-1").await;
    let served = world.http("GET", "/custody/recipient", &[], "").await;
    let password = sealed(served.body.trim(), "of the manifest");
    let manifest = export(&["photos"], "logs").replace("correct horse", &password);
    let (id, signature) = world.create_as_type("Export", &manifest).await;
    for view in [View::Mounted, View::Fill] {
        let claim = async |version| {
            let request = ClaimRequest {
                version,
                signature_file: Some(STANDARD.encode(&signature)),
                view: Some(view),
                ..ClaimRequest::new(station.name.clone(), "/dev/sdb".to_owned())
            };
            let token = station.token.expose();
            world.tell_as(token, "claim", &request).await.unwrap()
        };
        match claim(8).await {
            ClaimAnswer::Denied { code, message, .. } => {
                assert_eq!(code, "Unsupported");
                assert!(message.contains("does not encrypt"), "{message}");
            }
            ClaimAnswer::Granted(claim) => panic!("{claim:?}"),
        }
        let ClaimAnswer::Granted(claim) = claim(9).await else {
            panic!("not granted");
        };
        let secrets: Vec<&str> = claim.secrets.iter().map(DeviceSecret::expose).collect();
        assert_eq!(secrets, ["of the manifest"]);
        station
            .stop_with(&world, &claim, (StopCause::Other, true))
            .await;
    }
    assert_eq!(world.job(id).await.hold(), None);
}

#[tokio::test]
async fn a_sealed_secret_that_cannot_be_used_is_refused_at_once() {
    let world = World::start().await;
    let (id, _) = world.create(&import("photos")).await;
    let served = world.http("GET", "/custody/recipient", &[], "").await;
    let recipient = served.body.trim();
    let other = agefile::Identity::new([8; 32]).recipient().to_string();
    let [good, inner] = ["inside", "age:x"].map(|plain| sealed(recipient, plain));
    for (secret, why) in [
        (sealed(&other, "inside"), "not sealed for this recipient"),
        (good[..good.len() - 8].to_owned(), "cannot be opened here"),
        ("age:???".to_owned(), "no base64"),
        (inner, "sealed twice"),
        (sealed(recipient, ""), "is empty"),
    ] {
        let refused = give(&world, id, &secret).await;
        assert_eq!(refused.code(), "InvalidParameterException");
        assert!(refused.message().contains(why), "{}", refused.message());
        let manifest = format!("{}trueCryptPassword: {secret}\n", import("photos"));
        let refused = world.call(&crate::world::create(&manifest)).await;
        assert_eq!(refused.code(), "InvalidManifestFieldException");
        assert!(refused.message().contains(why), "{}", refused.message());
    }
    // What is inside is as short as AWS has it.
    let long = sealed(recipient, &"x".repeat(65));
    let manifest = format!("{}pinCode: {long}\n", import("photos"));
    let refused = world.call(&crate::world::create(&manifest)).await;
    assert!(
        refused.message().contains("64 printable ASCII"),
        "{}",
        refused.message()
    );
    assert_eq!(
        give(&world, id, &long).await.code(),
        "OK",
        "later it may be longer"
    );
}
