//! What is told of jobs to strangers: the name under which it is signed, and which files a report is made of.

use std::net::SocketAddr;
use std::sync::Arc;

use custody::note::{Note, VerifierKey};
use model::control::Ending;
use model::delivered::Delivered;
use model::ids::{BucketName, ObjectKey};
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
