//! What is told of jobs to strangers: the name under which it is signed, and which files a report is made of.

use std::net::SocketAddr;
use std::sync::Arc;

use custody::by::By;
use custody::event::{Docked, Event};
use custody::note::{Note, VerifierKey};
use model::actor::Actor;
use model::control::{Ending, LeaseToken};
use model::delivered::Delivered;
use model::handling::{DeviceHealth, Handling, Telling};
use model::ids::{BayName, BucketName, ObjectKey};
use model::progress::LogLocation;
use model::time::ManualClock;
use server::config::{Config, Overrides};
use server::service::Service;

use crate::talk::Station;
use crate::world::{World, import};

fn finished(log: &str, keys: &[String]) -> Ending {
    let file = |key: &String| Delivered {
        key: ObjectKey::new(key.clone()).unwrap(),
        bytes: 7,
        sha256: "ab".repeat(32).parse().unwrap(),
    };
    Ending::Finished {
        errors: 0,
        log: LogLocation {
            bucket: BucketName::new("photos").unwrap(),
            key: ObjectKey::new(log).unwrap(),
        },
        remark: None,
        files: keys.iter().map(file).collect(),
        sums: None,
    }
}

#[tokio::test]
async fn the_files_of_a_report_are_named_as_it_is() {
    let world = World::start().await;
    let station = Station::register(&world, "dock-1").await;
    let (id, signature) = world.create(&import("photos")).await;
    let claim = station.granted(&world, &signature).await;
    let log = format!("import-log-{id}");
    let finish = async |keys: &[String]| {
        let ending = finished(&log, keys);
        station.finish(&world, id, &claim.lease, ending).await
    };
    let refused = Err((400, "BadField".to_owned()));
    assert_eq!(finish(&[format!("{log}.receipt")]).await, refused);
    assert_eq!(finish(&["secrets".to_owned()]).await, refused);
    assert_eq!(finish(&vec![log.clone(); 9]).await, refused);
    assert_eq!(finish(&[log.clone(), format!("{log}.jsonl")]).await, Ok(()));
    let told = world.jobs().told_of(Some(id)).await.unwrap();
    let reported = &told.last().unwrap().line;
    assert!(reported.contains(r#""event":"reported""#), "{reported}");
    assert!(
        reported.contains(&format!(r#""key":"{log}.jsonl""#)),
        "{reported}"
    );
}

/// What a station tells of a device stands in the chain of its job once, however often it tells; and whose lease another
/// has taken tells nothing.
#[tokio::test]
async fn what_a_station_sees_of_a_device_is_told_once_in_each_attempt() {
    let world = World::start().await;
    let station = Station::register(&world, "dock-1").await;
    let (id, signature) = world.create(&import("photos")).await;
    let first = station.granted(&world, &signature).await;
    let tell = async |lease: &LeaseToken, what: Handling| {
        let telling = Telling {
            job: id,
            lease: lease.clone(),
            bay: Some(BayName::new("B3").unwrap()),
            what,
        };
        let told: Result<(), _> = world
            .tell_as(station.token.expose(), "lease/tell", &telling)
            .await;
        told
    };
    let docked = || Handling::Docked {
        read_only: Some(true),
    };
    let health = DeviceHealth {
        passed: Some(false),
        serial: Some("S5TX\u{1b}[2J".to_owned()),
        ..DeviceHealth::default()
    };
    for what in [docked(), docked(), Handling::Examined(health)] {
        assert_eq!(tell(&first.lease, what).await, Ok(()));
    }
    let too_many = Handling::Planned {
        entries: u64::MAX,
        bytes: 0,
    };
    let refused = |code: &str, status| Err((status, code.to_owned()));
    assert_eq!(tell(&first.lease, too_many).await, refused("BadField", 400));
    let second = station.granted(&world, &signature).await;
    assert_eq!(tell(&second.lease, docked()).await, Ok(()));
    assert_eq!(
        tell(&first.lease, docked()).await,
        refused("LeaseLost", 409)
    );
    let told = world.jobs().told_of(Some(id)).await.unwrap();
    let lines: Vec<&str> = told.iter().map(|line| line.line.as_str()).collect();
    let of = |event: &str| {
        let named = format!(r#""event":"{event}""#);
        let found = lines.iter().filter(|line| line.contains(&named));
        found.copied().collect::<Vec<_>>()
    };
    assert_eq!((of("docked").len(), of("planned").len()), (2, 0));
    let at_bay = r#""station":"dock-1","bay":"B3","read_only":true"#;
    assert!(of("docked")[0].contains(at_bay), "{lines:?}");
    assert!(
        of("examined")[0].contains(r#""passed":false"#) && !of("examined")[0].contains("\\u001b")
    );
    let seen = of("identified");
    assert!(seen[0].contains(r#""signature":"valid""#), "{seen:?}");
    let more = Event {
        at: world.now().into(),
        what: Docked { read_only: None }.into(),
        by: By::usual(&Actor::Service),
        station: None,
        bay: None,
    };
    world
        .jobs()
        .tell(Some(id), &vec![more; 1_000])
        .await
        .unwrap();
    let count = async || world.jobs().told_of(Some(id)).await.unwrap().len();
    let before = count().await;
    let undocked = Handling::Undocked { read_only: None };
    assert_eq!(tell(&second.lease, undocked).await, Ok(()));
    assert_eq!(count().await, before, "a receipt has room for so much");
}

/// Where the key of the log is as long as keys can be, those of the other forms begin later.
#[tokio::test]
async fn a_report_with_the_longest_key_is_delivered() {
    let world = World::start().await;
    let station = Station::register(&world, "dock-1").await;
    let prefix = "p".repeat(1024 - "import-log-ABCDE".len());
    let manifest = format!("{}logPrefix: {prefix}\n", import("photos"));
    let (id, signature) = world.create(&manifest).await;
    let claim = station.granted(&world, &signature).await;
    let log = format!("{prefix}import-log-{id}");
    let beside = format!("{}.jsonl", &log[".jsonl".len()..]);
    let ending = finished(&log, &[log.clone(), beside]);
    let done = station.finish(&world, id, &claim.lease, ending).await;
    assert_eq!(done, Ok(()));
}

#[tokio::test]
async fn the_head_of_the_log_is_signed_by_the_key_that_is_shown() {
    let world = World::with("[server]\ninstallation = \"dock.example\"").await;
    let get = async |name: &str| {
        let answer = world
            .http("GET", &format!("/custody/{name}"), &[], "")
            .await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.body
    };
    let head = async || Note::parse(&get("checkpoint").await).unwrap();
    let (before, key) = (head().await, get("vkey").await);
    world.create(&import("photos")).await;
    let after = head().await;
    let key: VerifierKey = key.trim().parse().unwrap();
    assert!(before.is_by(&key) && after.is_by(&key));
    assert_eq!(key.name(), "dock.example/custody");
    let size = |note: &Note| note.text().lines().nth(1).unwrap().parse::<u64>().unwrap();
    assert_eq!(size(&after), size(&before) + 1);
    let signers = get("signers").await;
    assert!(
        signers.starts_with("custody@dock.example namespaces="),
        "{signers}"
    );
    assert_eq!(get("revoked").await, "");
}

#[tokio::test]
async fn the_name_of_an_installation_stays() {
    let world = World::with("[server]\ninstallation = \"dock.example\"").await;
    let clock = ManualClock::at(world.now());
    let World {
        service, folder, ..
    } = world;
    service.stop().await;
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    let overrides = Overrides {
        data: Some(folder.path().join("data")),
        listen: Some(any),
        embedded_listen: Some(any),
        ..Overrides::default()
    };
    let settings = "[server]\ninstallation = \"other.example\"";
    let config = Config::parse("settings".as_ref(), settings, &overrides).unwrap();
    let Err(refused) = Service::start(&config, Arc::new(clock)).await else {
        panic!("it started under another name");
    };
    let told = std::error::Error::source(&refused).unwrap().to_string();
    assert!(
        told.contains("`dock.example`") && told.contains("`other.example`"),
        "{told}"
    );
}
