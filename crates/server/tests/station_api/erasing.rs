//! A device after its import: released, erased by a station that asks first, or sent back as it is with a word.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use model::bay::BayState;
use model::capabilities::{Capabilities, Finding};
use model::control::{ClaimAnswer, ClaimRequest, Ending, LeaseState, LeaseToken, ReturnRequest};
use model::delivered::Delivered;
use model::device::DeviceFacts;
use model::disposal::messages::{
    Confirmation, EraseAnswer, EraseBegin, EraseConclusion, EraseEnding, EraseGrant, EraseLease,
    EraseProgress, EraseRenewal, EraseRequest, InUse, UsedAs,
};
use model::disposal::{GrantId, Unerased};
use model::erasure::{Certificate, ErasureEnd, Technique};
use model::event::Event;
use model::ids::{BucketName, JobId, ObjectKey, PersonName};
use model::progress::LogLocation;
use model::proof::{Attempt, ReadBack};
use model::report::lines::{About, End, Head, Totals, Work, end};
use model::role::Role;
use objectstore::checksum::Checksums;
use objectstore::object::Attributes;
use serde_json::{Value, json};
use server::ops::{Caller, operators};
use sha2::{Digest as _, Sha256};

use crate::heartbeats::Resident;
use crate::keys::ask;
use crate::talk::Station;
use crate::world::{World, import};

const DAY: i64 = 24 * 60 * 60;

/// How an import went.
#[derive(Clone, Copy)]
struct Load {
    errors: u64,
    read_back: u64,
    erase: &'static str,
    /// Whether another report was told of than lies in the bucket.
    is_told_wrongly: bool,
}

impl Default for Load {
    fn default() -> Self {
        Self {
            errors: 0,
            read_back: 0,
            erase: "yes",
            is_told_wrongly: false,
        }
    }
}

/// A job whose disk was loaded at a station.
struct Loaded<'a> {
    world: &'a World,
    station: Station,
    job: JobId,
    signature: String,
}

fn disk() -> DeviceFacts {
    DeviceFacts {
        model: Some("PSSD T7".to_owned()),
        serial: Some("S5TXNF0R".to_owned()),
        bytes: Some(1 << 20),
        ..DeviceFacts::default()
    }
}

impl<'a> Loaded<'a> {
    async fn new(world: &'a World, load: Load) -> Self {
        let station = Station::register(world, "dock-1").await;
        let manifest =
            import("photos").replace("eraseDevice: no", &format!("eraseDevice: {}", load.erase));
        let (job, signature) = world.create(&manifest).await;
        let request = ClaimRequest {
            signature_file: Some(STANDARD.encode(&signature)),
            facts: Some(disk()),
            ..ClaimRequest::new(station.name.clone(), "/dev/sdb".to_owned())
        };
        let answer = world
            .tell_as(station.token.expose(), "claim", &request)
            .await;
        let Ok(ClaimAnswer::Granted(claim)) = answer else {
            panic!("{answer:?}");
        };
        let log = LogLocation {
            bucket: BucketName::new("photos").unwrap(),
            key: ObjectKey::new(format!("import-log-{job}")).unwrap(),
        };
        let text = report(world, job, &log, load);
        let key = ObjectKey::new(format!("import-log-{job}.jsonl")).unwrap();
        let access = claim.access(&log.bucket).unwrap().clone();
        let told = match load.is_told_wrongly {
            true => format!("{text}\n"),
            false => text.clone(),
        };
        let files = vec![Delivered {
            key: key.clone(),
            bytes: told.len() as u64,
            sha256: hex::encode(Sha256::digest(told.as_bytes()))
                .parse()
                .unwrap(),
        }];
        let body = Bytes::from(text);
        let put = ask(&access, "photos", move |bucket| {
            let sums = Checksums::of(&body);
            bucket
                .put(&key, body, &Attributes::default(), &sums)
                .map(drop)
        });
        put.await.unwrap();
        let ending = Ending::Finished {
            errors: load.errors,
            log,
            remark: None,
            files,
            sums: None,
        };
        let done = station.finish(world, job, &claim.lease, ending).await;
        assert_eq!(done, Ok(()));
        Self {
            world,
            station,
            job,
            signature,
        }
    }

    fn request(&self) -> EraseRequest {
        EraseRequest {
            version: 7,
            station: self.station.name.clone(),
            bay: None,
            job: self.job,
            device: disk(),
            signature_file: Some(STANDARD.encode(&self.signature)),
            in_use: Vec::new(),
            confirmation: Some(Confirmation::of(self.job, "nf0r".to_owned())),
            stayed: false,
            resumes: None,
            dry_run: false,
        }
    }

    async fn ask(&self, request: &EraseRequest) -> Result<EraseAnswer, (u16, String)> {
        let token = self.station.token.expose();
        self.world.tell_as(token, "erase/ask", request).await
    }

    /// The numbers of the conditions that are broken.
    async fn refused(&self, request: &EraseRequest) -> Vec<u8> {
        match self.ask(request).await.unwrap() {
            EraseAnswer::Refused { refusals } => {
                assert!(refusals.iter().all(|it| it.message.ends_with(['.', '`'])));
                let mut all: Vec<u8> = refusals.iter().map(|it| it.condition).collect();
                all.dedup();
                all
            }
            EraseAnswer::Granted(_) | EraseAnswer::WouldGrant { .. } => Vec::new(),
        }
    }

    async fn granted(&self, request: &EraseRequest) -> EraseGrant {
        match self.ask(request).await.unwrap() {
            EraseAnswer::Granted(grant) => *grant,
            other => panic!("{other:?}"),
        }
    }

    async fn begin(&self, grant: &EraseGrant) -> Result<(), (u16, String)> {
        let begin = EraseBegin {
            job: self.job,
            lease: grant.lease.clone(),
            grant: grant.grant.clone(),
            technique: Technique::OverwriteZeros,
        };
        self.world
            .tell_as(self.station.token.expose(), "erase/begin", &begin)
            .await
    }

    async fn renew(&self, lease: &LeaseToken) -> LeaseState {
        let renewal = EraseRenewal {
            job: self.job,
            lease: lease.clone(),
            progress: EraseProgress::default(),
        };
        let token = self.station.token.expose();
        let answer: Result<EraseLease, _> =
            self.world.tell_as(token, "erase/renew", &renewal).await;
        answer.unwrap().state
    }

    async fn end(&self, lease: &LeaseToken, account: ErasureEnd) -> Result<(), (u16, String)> {
        let conclusion = EraseConclusion {
            job: self.job,
            lease: lease.clone(),
            ending: EraseEnding::Over { account },
        };
        self.world
            .tell_as(self.station.token.expose(), "erase/end", &conclusion)
            .await
    }

    async fn give_back(&self, unerased: Option<Unerased>) -> Result<(), (u16, String)> {
        let request = ReturnRequest {
            job: self.job,
            carrier: "UPS".to_owned(),
            tracking_number: "1Z42".to_owned(),
            unerased,
        };
        self.world
            .tell_as(self.station.token.expose(), "return", &request)
            .await
    }

    /// Says something of the device as its account, and gives `OK` or the code of the refusal.
    async fn say(&self, params: &[(&str, &str)]) -> String {
        let mut all = vec![("JobId", self.job.as_str())];
        all.extend(params);
        self.world.call(&all).await.code()
    }

    /// The names of the events that are told of the job.
    async fn told(&self) -> Vec<String> {
        let lines = self.world.jobs().told_of(Some(self.job)).await.unwrap();
        let name = |line: &str| {
            let line: Value = serde_json::from_str(line).unwrap();
            line["event"].as_str().unwrap().to_owned()
        };
        lines.iter().map(|line| name(&line.line)).collect()
    }

    async fn became(&self) -> &'static str {
        self.world.job(self.job).await.disposal.code()
    }

    async fn message(&self) -> String {
        let params = [("Action", "GetStatus"), ("JobId", self.job.as_str())];
        self.world
            .call(&params)
            .await
            .text("ProgressMessage")
            .unwrap()
    }
}

/// The report of an import of ten files, in the form for programs.
fn report(world: &World, job: JobId, log: &LogLocation, load: Load) -> String {
    let head = Head {
        about: About {
            job,
            account: world.account.id.clone(),
            created: world.now(),
            work: Work::Import,
            bucket: Some(log.bucket.clone()),
            prefix: String::new(),
            log: log.clone(),
        },
        attempts: vec![Attempt {
            number: 1,
            at: world.now(),
            station: "dock-1".parse().unwrap(),
            read_back: ReadBack::Off,
            store: Capabilities::all(Finding::Honored),
        }],
    };
    let first = head.line();
    let last = end(End {
        totals: Totals {
            entries: 10,
            stored: 10 - load.errors,
            failed: load.errors,
            read_back: load.read_back,
            ..Totals::default()
        },
        sha256: hex::encode(Sha256::digest(first.as_bytes())),
    });
    first + &last
}

fn account(change: impl Fn(&mut Value)) -> Certificate {
    let mut account = json!({
        "device": {"maker": null, "model": "PSSD T7", "serial": "S5TXNF0R", "wwn": null,
            "firmware": null, "medium": "flash", "bytes": 1 << 20, "hidden": {"known": "unknown"}},
        "method": "clear", "technique": "overwrite-zeros", "commands": [],
        "passes": [{"fill": "zeros", "bytes": 1 << 20, "read_back": true}],
        "tool": {"name": "longshore", "version": "1"},
        "started": "2026-11-22T12:00:00Z", "ended": "2026-11-22T12:10:00Z", "resumed": 0,
        "bytes_written": 1 << 20, "errors": 0,
        "not_written": {"bytes": 0, "ranges": 0, "listed": []},
        "verification": {"extent": {"how": "full"}, "bytes_read": 1 << 20, "share": 1.0,
            "expected": "zeros", "unreadable": 0, "first_difference": null, "misses": []},
        "validation": {"verdict": "escalate", "causes": []},
        "not_claimed": [],
    });
    change(&mut account);
    serde_json::from_value(account).unwrap()
}

fn erased(change: impl Fn(&mut Value)) -> ErasureEnd {
    ErasureEnd::Erased(Box::new(account(change)))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_is_erased_once_everything_holds_and_that_is_told() {
    let world = World::start().await;
    let loaded = Loaded::new(&world, Load::default()).await;
    let waits = loaded.message().await;
    assert!(waits.contains("from 2026-11-22T12:00:00Z on"), "{waits}");
    world.clock.advance(DAY);
    let ask = loaded.request();
    let dry = EraseRequest {
        dry_run: true,
        ..ask.clone()
    };
    let EraseAnswer::WouldGrant { terms } = loaded.ask(&dry).await.unwrap() else {
        panic!("it is shut");
    };
    assert_eq!(terms.device, disk());
    assert_eq!(world.jobs().erase(loaded.job).await.unwrap(), None);
    let grant = loaded.granted(&ask).await;
    assert_eq!(loaded.became().await, "Kept", "no byte is written yet");
    assert_eq!(loaded.begin(&grant).await, Ok(()));
    assert_eq!(loaded.begin(&grant).await, Ok(()));
    assert_eq!(loaded.became().await, "Erasing");
    assert_eq!(loaded.renew(&grant.lease).await, LeaseState::Held);
    assert_eq!(
        loaded.give_back(None).await,
        Err((409, "Leased".to_owned()))
    );
    assert_eq!(loaded.end(&grant.lease, erased(|_| {})).await, Ok(()));
    assert_eq!(
        loaded.end(&grant.lease, erased(|_| {})).await,
        Ok(()),
        "its answer was lost"
    );
    assert_eq!(loaded.became().await, "Erased");
    let said = loaded.message().await;
    assert!(said.contains("Your device was erased (clear) at"), "{said}");
    let due = world.jobs().due_receipts(world.now(), 10).await.unwrap();
    assert!(
        due.iter().any(|due| due.job == loaded.job),
        "a receipt is due by it"
    );
    assert_eq!(loaded.give_back(None).await, Ok(()));
    let told = loaded.told().await;
    let of_device = &told[told.len() - 5..];
    assert_eq!(
        of_device,
        [
            "released",
            "erase-started",
            "erased",
            "handed-over",
            "closed"
        ]
    );
}

/// Each alone, as a station would meet it; the pure gate has all the others in its own tests.
#[tokio::test(flavor = "multi_thread")]
async fn a_station_is_refused_by_the_number_of_what_is_broken() {
    let default = Load::default();
    let after_a_day = async |settings: &str, load: Load| {
        let world = World::with(settings).await;
        let loaded = Loaded::new(&world, load).await;
        world.clock.advance(DAY);
        loaded.refused(&loaded.request()).await
    };
    let no = Load {
        erase: "no",
        ..default
    };
    assert_eq!(after_a_day("", no).await, [1]);
    assert_eq!(
        after_a_day("[erase]\nrelease = \"aws\"", no).await,
        [0_u8; 0]
    );
    let other = Load {
        is_told_wrongly: true,
        ..default
    };
    assert_eq!(after_a_day("", other).await, [2, 3, 4]);
    let read_back = "[erase]\nrequires = \"read-back\"";
    assert_eq!(after_a_day(read_back, default).await, [3]);
    let all = Load {
        read_back: 10,
        ..default
    };
    assert_eq!(after_a_day(read_back, all).await, [0_u8; 0]);
    let lost = Load {
        errors: 3,
        ..default
    };
    assert_eq!(after_a_day("", lost).await, [4]);
    assert_eq!(after_a_day("[erase]\nhold_hours = 25", default).await, [5]);
    assert_eq!(
        after_a_day("[erase]\nrelease = \"customer\"", default).await,
        [5]
    );
}

/// A comparison counts that found nothing, and only with the report that was delivered.
#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_that_was_compared_as_a_whole_is_a_proof() {
    let world = World::with("[erase]\nrequires = \"verify-full\"").await;
    let loaded = Loaded::new(&world, Load::default()).await;
    world.clock.advance(DAY);
    let history = world.jobs().history(loaded.job).await.unwrap();
    let delivered = history.iter().find_map(|line| match &line.event {
        Some(Event::TransferFinished { files, .. }) => Some(files[0].sha256.to_string()),
        _ => None,
    });
    let delivered = delivered.unwrap();
    let tell = async |what: &str, differences: u64, sha256: &str| {
        let message = json!({"What": what, "Differences": differences, "ReportSha256": sha256});
        let path = format!("/operator/v1/jobs/{}/verified", loaded.job);
        let token = format!("Bearer {}", loaded.station.token.expose());
        let headers = [("authorization", token)];
        let answer = world
            .http("POST", &path, &headers, &message.to_string())
            .await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        loaded.refused(&loaded.request()).await
    };
    assert_eq!(tell("bucket", 1, &delivered).await, [3]);
    assert_eq!(tell("device", 0, &delivered).await, [3]);
    assert_eq!(tell("bucket", 0, &"0".repeat(64)).await, [3]);
    assert_eq!(tell("bucket", 0, &delivered).await, [0_u8; 0]);
    // What was found last counts.
    assert_eq!(tell("bucket", 2, &delivered).await, [3]);
    assert_eq!(tell("bucket", 0, &delivered).await, [0_u8; 0]);
}

/// An erase cannot be taken back: a clock that was set a year ahead has not let the hours pass.
#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_clock_releases_no_device() {
    let world = World::with("").await;
    let loaded = Loaded::new(&world, Load::default()).await;
    world.clock.set_wrong(365 * DAY);
    assert_eq!(loaded.refused(&loaded.request()).await, [5]);
    world.clock.set_wrong(-365 * DAY);
    world.clock.advance(DAY);
    assert_eq!(loaded.refused(&loaded.request()).await, [0_u8; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_in_the_bay_must_be_what_was_loaded_and_nothing_may_use_it() {
    let world = World::start().await;
    let loaded = Loaded::new(&world, Load::default()).await;
    world.clock.advance(DAY);
    let broken = async |change: &dyn Fn(&mut EraseRequest)| {
        let mut request = loaded.request();
        change(&mut request);
        loaded.refused(&request).await
    };
    assert_eq!(broken(&|it| it.device.serial = None).await, [7]);
    assert_eq!(broken(&|it| it.device.bytes = Some(2)).await, [7]);
    assert_eq!(broken(&|it| it.signature_file = None).await, [7]);
    let other = STANDARD
        .encode("manifestVersion:2.0\nsignatureMethod:HmacSHA1\njobId:ABCDE\nsignature:AAAA\n");
    assert_eq!(
        broken(&|it| it.signature_file = Some(other.clone())).await,
        [7]
    );
    assert_eq!(broken(&|it| it.confirmation = None).await, [8]);
    let used = InUse {
        how: UsedAs::Mounted,
        what: "/mnt".to_owned(),
    };
    assert_eq!(broken(&|it| it.in_use.push(used.clone())).await, [8]);
    assert_eq!(
        broken(&|it| it.resumes = GrantId::new("0".repeat(32)).ok()).await,
        [0_u8; 0]
    );
    assert_eq!(loaded.became().await, "Kept");
    // Nobody speaks for another station, and one that has no device of it is told so.
    let elsewhere = Station::register(&world, "dock-2").await;
    let ask = async |request: &EraseRequest| {
        let answer: Result<EraseAnswer, _> = world
            .tell_as(elsewhere.token.expose(), "erase/ask", request)
            .await;
        answer
    };
    let spoken = ask(&loaded.request()).await.unwrap_err();
    assert_eq!(spoken, (403, "OtherStation".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_objection_is_in_time_until_the_first_write() {
    let world = World::start().await;
    let loaded = Loaded::new(&world, Load::default()).await;
    world.clock.advance(DAY);
    let grant = loaded.granted(&loaded.request()).await;
    let object = [("Action", "HoldDevice"), ("Because", "We miss a folder.")];
    assert_eq!(loaded.say(&object).await, "OK");
    assert_eq!(loaded.say(&object).await, "OK", "twice is once");
    assert_eq!(
        loaded.begin(&grant).await,
        Err((409, "Objected".to_owned()))
    );
    assert_eq!(loaded.refused(&loaded.request()).await, [6]);
    let release = [("Action", "ReleaseDevice")];
    assert_eq!(loaded.say(&release).await, "UnableToUpdateJobIdException");
    assert_eq!(
        loaded
            .say(&[("Action", "HoldDevice"), ("Withdraw", "true")])
            .await,
        "OK"
    );
    let grant = loaded.granted(&loaded.request()).await;
    loaded.begin(&grant).await.unwrap();
    assert_eq!(
        loaded.say(&object).await,
        "UnableToUpdateJobIdException",
        "it is too late"
    );
    let told = loaded.told().await;
    let of_device = &told[told.len() - 4..];
    assert_eq!(
        of_device,
        [
            "objected",
            "objection-withdrawn",
            "released",
            "erase-started"
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_that_were_lost_are_given_up_by_the_account_and_by_their_number() {
    let world = World::with("[erase]\nrelease = \"customer\"").await;
    let load = Load {
        errors: 3,
        ..Load::default()
    };
    let loaded = Loaded::new(&world, load).await;
    let release = async |lines: &str| {
        let params = [("Action", "ReleaseDevice"), ("GiveUpLines", lines)];
        loaded.say(&params).await
    };
    assert_eq!(release("2").await, "InvalidParameterException");
    assert_eq!(release("0").await, "InvalidParameterException");
    let (_, stranger) = world.another("stranger", &["*"]).await;
    let params = [
        ("Action", "ReleaseDevice"),
        ("JobId", loaded.job.as_str()),
        ("GiveUpLines", "3"),
    ];
    let answer = world.call_as(&stranger, &params).await;
    assert_eq!(
        answer.code(),
        "InvalidJobIdException",
        "it is not told that it is there"
    );
    assert_eq!(loaded.refused(&loaded.request()).await, [4, 5]);
    assert_eq!(release("3").await, "OK");
    assert_eq!(release("3").await, "OK", "twice is once");
    assert_eq!(loaded.refused(&loaded.request()).await, [0_u8; 0]);
    let lines = world.jobs().told_of(Some(loaded.job)).await.unwrap();
    let releases = lines
        .iter()
        .filter(|line| line.line.contains(r#""event":"released""#));
    let releases: Vec<_> = releases.collect();
    assert_eq!(releases.len(), 1);
    assert!(
        releases[0]
            .line
            .contains(r#""rule":"customer","gives_up":3"#)
    );
}

/// A station that lost its answer, or was killed, has the grant in its journal; the SIGNATURE is gone.
#[tokio::test(flavor = "multi_thread")]
async fn an_erase_that_was_begun_goes_on_by_its_journal() {
    let world = World::start().await;
    let loaded = Loaded::new(&world, Load::default()).await;
    world.clock.advance(DAY);
    let grant = loaded.granted(&loaded.request()).await;
    loaded.begin(&grant).await.unwrap();
    let again = EraseRequest {
        signature_file: None,
        confirmation: None,
        resumes: Some(grant.grant.clone()),
        ..loaded.request()
    };
    let other_disk = EraseRequest {
        device: DeviceFacts {
            serial: Some("OTHER".to_owned()),
            ..disk()
        },
        ..again.clone()
    };
    assert_eq!(loaded.refused(&other_disk).await, [7]);
    let next = loaded.granted(&again).await;
    assert!(next.goes_on && next.grant == grant.grant && next.lease != grant.lease);
    assert_eq!(loaded.renew(&grant.lease).await, LeaseState::Lost);
    loaded.begin(&next).await.unwrap();
    let told = loaded.told().await;
    let started = told.iter().filter(|name| *name == "erase-started").count();
    assert_eq!(started, 1);
    let without_journal = EraseRequest {
        resumes: None,
        ..again
    };
    assert_eq!(loaded.refused(&without_journal).await, [8]);
    assert_eq!(
        loaded.end(&grant.lease, erased(|_| {})).await,
        Err((409, "LeaseLost".to_owned()))
    );
    assert_eq!(loaded.end(&next.lease, erased(|_| {})).await, Ok(()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_claims_no_more_than_was_done_to_this_device() {
    let world = World::start().await;
    let loaded = Loaded::new(&world, Load::default()).await;
    world.clock.advance(DAY);
    let grant = loaded.granted(&loaded.request()).await;
    let early = loaded.end(&grant.lease, erased(|_| {})).await;
    assert_eq!(early, Err((409, "NotErasing".to_owned())));
    loaded.begin(&grant).await.unwrap();
    let refused = Err((400, "BadField".to_owned()));
    for change in [
        (|it| it["device"]["serial"] = json!("OTHER")) as fn(&mut Value),
        |it| it["device"]["bytes"] = json!(1),
        |it| it["method"] = json!("purge"),
        |it| it["verification"] = Value::Null,
        |it| it["validation"]["verdict"] = json!("rejected"),
        |it| it["tool"]["name"] = json!("x".repeat(60_000)),
    ] {
        assert_eq!(loaded.end(&grant.lease, erased(change)).await, refused);
        assert_eq!(loaded.became().await, "Erasing");
    }
    let failed = ErasureEnd::of(account(|it| it["verification"] = Value::Null));
    assert_eq!(loaded.end(&grant.lease, failed).await, Ok(()));
    assert_eq!(loaded.became().await, "EraseFailed");
    assert_eq!(
        loaded.give_back(None).await,
        Err((409, "NotErased".to_owned()))
    );
    assert_eq!(loaded.told().await.last().unwrap(), "erase-failed");
}

/// Each with a token of their own; what is said at a terminal, or twice by one, is not enough. The receipt names both.
#[tokio::test(flavor = "multi_thread")]
async fn where_two_persons_confirm_one_is_not_enough() {
    let world = World::with("[erase]\nrelease = \"aws\"\nconfirm = \"two-persons\"").await;
    let loaded = Loaded::new(&world, Load::default()).await;
    let (name, token) = (loaded.station.name.clone(), loaded.station.token.clone());
    let mut resident = Resident::of(Station { name, token }, "run1");
    let mut beat = async || {
        let told = resident.beat_with(&world, BayState::Done, loaded.job).await;
        told.orders
    };
    beat().await;
    assert_eq!(
        loaded.refused(&loaded.request()).await,
        [8],
        "at a terminal"
    );
    let admin = world.service.context().admin();
    let mut tokens = Vec::new();
    for name in ["jane", "joe"] {
        let name = PersonName::new(name).unwrap();
        let added = operators::add(&admin, &Caller::Operator, &name, Role::Lead).await;
        tokens.push(added.unwrap().expose().to_owned());
    }
    let order = async |token: &str| {
        let headers = [("authorization", format!("Bearer {token}"))];
        let message = json!({"Bay": "B1", "Verb": "erase", "Job": loaded.job, "SerialEnd": "nf0r"});
        let path = "/operator/v1/stations/dock-1/orders";
        let answer = world
            .http("POST", path, &headers, &message.to_string())
            .await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let told: Value = serde_json::from_str(&answer.body).unwrap();
        told["WaitsForSecond"] == true
    };
    assert!(order(&tokens[0]).await && order(&tokens[0]).await);
    assert_eq!(beat().await, [], "no station hears of what one person said");
    assert!(!order(&tokens[1]).await);
    let orders = beat().await;
    let confirmation = orders[0].erase.clone();
    assert!(confirmation.as_ref().unwrap().order.is_some());
    let request = EraseRequest {
        confirmation,
        ..loaded.request()
    };
    let grant = loaded.granted(&request).await;
    assert_eq!(loaded.begin(&grant).await, Ok(()));
    let erased = ErasureEnd::of(account(|_| {}));
    assert_eq!(loaded.end(&grant.lease, erased).await, Ok(()));
    let lines = world.jobs().told_of(Some(loaded.job)).await.unwrap();
    let named = r#""confirmed_by":["jane","joe"]"#;
    let naming = lines.iter().filter(|line| line.line.contains(named));
    assert_eq!(naming.count(), 2, "begun, and ended");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_goes_back_unerased_only_if_somebody_answers_for_it() {
    let world = World::start().await;
    let loaded = Loaded::new(&world, Load::default()).await;
    assert_eq!(
        loaded.give_back(None).await,
        Err((409, "NotErased".to_owned()))
    );
    let word = |authority: &str| {
        Some(Unerased {
            authority: authority.to_owned(),
            reason: "As asked by phone.".to_owned(),
        })
    };
    assert_eq!(
        loaded.give_back(word(" ")).await,
        Err((400, "BadField".to_owned()))
    );
    assert_eq!(loaded.give_back(word("Jane Roe")).await, Ok(()));
    assert_eq!(
        loaded.give_back(word("Jane Roe")).await,
        Ok(()),
        "twice is once"
    );
    let told = loaded.told().await;
    let end = &told[told.len() - 3..];
    assert_eq!(end, ["returned-unerased", "handed-over", "closed"]);
    let lines = world.jobs().told_of(Some(loaded.job)).await.unwrap();
    let said = r#""authority":"Jane Roe","reason":"As asked by phone.""#;
    assert!(lines[lines.len() - 3].line.contains(said));
}

/// One that nobody wants erased goes back as ever, whatever is said.
#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_was_never_to_be_erased_goes_back_without_a_word() {
    let world = World::start().await;
    let load = Load {
        erase: "no",
        ..Load::default()
    };
    let loaded = Loaded::new(&world, load).await;
    assert!(
        !loaded.message().await.contains("device"),
        "nothing is said of it"
    );
    assert_eq!(loaded.give_back(None).await, Ok(()));
    assert!(
        !loaded
            .told()
            .await
            .contains(&"returned-unerased".to_owned())
    );
}
