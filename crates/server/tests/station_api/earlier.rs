//! Stations of every earlier version of the messages at today's server: each docks a device, gives signs of life and
//! concludes, in the words that it sends, and finds what it looks for in the answers.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::talk::Station;
use crate::world::{World, import};

/// What a station of a version says, as it stands on the wire: frozen.
struct Words {
    version: u32,
    claim: &'static str,
    renewal: &'static str,
    conclusion: &'static str,
}

const VERSIONS: [Words; 5] = [
    Words {
        version: 1,
        claim: r#"{"station":"dock-1","signature_file":"SIGNATURE","job":null,"device":"/mnt/disk","view":"mounted"}"#,
        renewal: r#"{"job":"JOBID","lease":"TOKEN","tally":{"stored":3,"bytes":900,"ignored":0,"failed":0},"current":"a/b"}"#,
        conclusion: r#"{"job":"JOBID","lease":"TOKEN","ending":{"ending":"finished","errors":0,
            "log":{"bucket":"photos","key":"import-log-JOBID"}}}"#,
    },
    Words {
        version: 2,
        claim: r#"{"version":2,"station":"dock-1","signature_file":"SIGNATURE","job":null,"device":"/mnt/disk",
            "view":"mounted","facts":{"maker":"WDC","model":"WD20EZAZ","serial":"WD-1","bytes":2000398934016,
            "connector":"sata"}}"#,
        renewal: r#"{"job":"JOBID","lease":"TOKEN","tally":{"stored":3,"bytes":900,"ignored":0,"failed":0},"current":"a/b",
            "found":9,"found_bytes":9000,"sent_bytes":900,"rate":450,"seconds_left":18}"#,
        conclusion: r#"{"job":"JOBID","lease":"TOKEN","ending":{"ending":"finished","errors":0,
            "log":{"bucket":"photos","key":"import-log-JOBID"},"remark":"All is well."}}"#,
    },
    Words {
        version: 3,
        claim: r#"{"version":3,"station":"dock-1","signature_file":"SIGNATURE","job":null,"device":"/dev/sdb","view":"raw",
            "bytes":2000398934016,"reads_files":true}"#,
        renewal: r#"{"job":"JOBID","lease":"TOKEN","tally":{"stored":3,"bytes":900,"ignored":0,"failed":0},"current":"a/b"}"#,
        conclusion: r#"{"job":"JOBID","lease":"TOKEN","ending":{"ending":"finished","errors":0,
            "log":{"bucket":"photos","key":"import-log-JOBID"}}}"#,
    },
    Words {
        version: 4,
        claim: r#"{"version":4,"station":"dock-1","signature_file":"SIGNATURE","job":null,"device":"/dev/sdb","view":"raw",
            "bytes":2000398934016,"reads_files":true}"#,
        renewal: r#"{"job":"JOBID","lease":"TOKEN","tally":{"stored":3,"bytes":900,"ignored":0,"failed":0},"current":"a/b"}"#,
        conclusion: r#"{"job":"JOBID","lease":"TOKEN","ending":{"ending":"finished","errors":0,
            "log":{"bucket":"photos","key":"import-log-JOBID"}}}"#,
    },
    Words {
        version: 5,
        claim: r#"{"version":5,"station":"dock-1","signature_file":"SIGNATURE","job":null,"device":"/dev/sdb","view":"raw",
            "bytes":2000398934016,"reads_files":true}"#,
        renewal: r#"{"version":5,"job":"JOBID","lease":"TOKEN","tally":{"stored":3,"bytes":900,"ignored":0,"failed":0},
            "current":"a/b"}"#,
        conclusion: r#"{"job":"JOBID","lease":"TOKEN","ending":{"ending":"finished","errors":0,
            "log":{"bucket":"photos","key":"import-log-JOBID"}}}"#,
    },
];

/// A heartbeat of the first version that has one.
const HEARTBEAT: &str = r#"{"version":4,"station":"dock-1","boot":"00ff","seq":1,"release":"0.9.0","clock":"CLOCK",
    "bays":[{"name":"B3","port":"usb-1","state":"loading","since":"CLOCK","sentence":"It is being loaded.","job":"JOBID"}],
    "leases":[{"job":"JOBID","lease":"TOKEN","tally":{"stored":3,"bytes":900,"ignored":0,"failed":0},"current":"a/b"}],
    "done":[],"host":{"load_hundredths":150,"journal_bytes":1000000000}}"#;

/// What a station of the first version cannot do without in a claim that is granted, and in each of its buckets.
const GRANTED: [&str; 9] = [
    "job",
    "job_type",
    "account",
    "created",
    "manifest",
    "attempt",
    "lease",
    "lease_seconds",
    "buckets",
];
const ACCESS: [&str; 5] = [
    "endpoint",
    "region",
    "path_style",
    "access_key_id",
    "secret_access_key",
];

/// What one station has in hand.
struct Hand<'a> {
    world: &'a World,
    station: &'a Station,
    job: String,
    token: String,
}

impl Hand<'_> {
    /// Says something in which the names in capitals stand for what only this run knows.
    async fn say(&self, path: &str, words: &str) -> Value {
        let now = self.world.now().to_string();
        let text = words.replace("JOBID", &self.job);
        let text = text.replace("TOKEN", &self.token).replace("CLOCK", &now);
        let message: Value = serde_json::from_str(&text).unwrap();
        let token = self.station.token.expose();
        let said = self.world.tell_as(token, path, &message).await;
        said.unwrap_or_else(|fault| panic!("{path}: {fault:?} for {text}"))
    }
}

/// Docks a device in the words of a version, and gives what is in hand then.
async fn docked<'a>(world: &'a World, station: &'a Station, words: &Words) -> Hand<'a> {
    let (job, signature) = world.create(&import("photos")).await;
    let mut hand = Hand {
        world,
        station,
        job: job.to_string(),
        token: String::new(),
    };
    let claim = words
        .claim
        .replace("SIGNATURE", &STANDARD.encode(&signature));
    let claim = hand.say("claim", &claim).await;
    let version = words.version;
    assert_eq!(claim["answer"], "granted", "version {version}: {claim}");
    for field in GRANTED {
        assert!(!claim[field].is_null(), "version {version} needs `{field}`");
    }
    let access = &claim["buckets"][0]["access"];
    for field in ACCESS {
        assert!(
            !access[field].is_null(),
            "version {version} needs `{field}`"
        );
    }
    claim["lease"].as_str().unwrap().clone_into(&mut hand.token);
    hand
}

#[tokio::test]
async fn stations_of_every_version_dock_and_finish() {
    let world = World::start().await;
    let station = Station::register(&world, "dock-1").await;
    for words in &VERSIONS {
        let hand = docked(&world, &station, words).await;
        let version = words.version;
        let state = hand.say("lease/renew", words.renewal).await;
        assert_eq!(state, "held", "version {version}");
        let status = world
            .call(&[("Action", "GetStatus"), ("JobId", &hand.job)])
            .await;
        let told = status.text("ProgressMessage").unwrap();
        assert!(told.contains("Loaded 3"), "version {version}: {told}");
        hand.say("lease/finish", words.conclusion).await;
        let status = world
            .call(&[("Action", "GetStatus"), ("JobId", &hand.job)])
            .await;
        assert_eq!(status.text("ProgressCode").unwrap(), "Complete");
    }
}

/// Its leases are kept by it, and what later releases answer besides is nothing that it would stumble over.
#[tokio::test]
async fn a_heartbeat_of_the_first_version_that_has_one_keeps_its_lease() {
    let world = World::start().await;
    let station = Station::register(&world, "dock-1").await;
    let words = VERSIONS.iter().find(|words| words.version == 4).unwrap();
    let hand = docked(&world, &station, words).await;
    let answer = hand.say("heartbeat", HEARTBEAT).await;
    assert!(answer["next_ms"].is_u64() && answer["clock"].is_string());
    let kept = json!([{ "job": hand.job, "state": "held" }]);
    assert_eq!(answer["leases"], kept, "{answer}");
    hand.say("lease/finish", words.conclusion).await;
}

/// A version that nobody has spoken yet is one of a later release, which knows what this server does without.
#[tokio::test]
async fn a_station_of_a_later_release_is_heard() {
    let world = World::start().await;
    let station = Station::register(&world, "dock-1").await;
    let later = Words {
        version: 99,
        claim: r#"{"version":99,"station":"dock-1","signature_file":"SIGNATURE","job":null,"device":"/dev/sdb",
            "view":"raw","bytes":2000398934016,"reads_files":true,"mood":"good","facts":{"maker":"WDC","colour":"red"}}"#,
        ..VERSIONS[4]
    };
    let hand = docked(&world, &station, &later).await;
    let body = json!({ "job": hand.job, "lease": hand.token, "ending": { "ending": "dissolved" } });
    let headers = [(
        "authorization",
        format!("Bearer {}", station.token.expose()),
    )];
    let path = "/station/v1/lease/finish";
    let answer = world.http("POST", path, &headers, &body.to_string()).await;
    assert_eq!(answer.status, 400, "an ending it does not know");
    hand.say("lease/finish", later.conclusion).await;
}
