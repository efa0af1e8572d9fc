//! Two servers on one database whose clocks differ: what the one has written, the other reads as it was meant.

use model::control::{LeaseState, Tally};
use model::time::{Clock as _, ManualClock, SystemClock};

use crate::holds::status;
use crate::postgres::PrivatePostgres;
use crate::shares::{Host, LIMIT, SETTINGS, Seconds};
use crate::talk::Station;
use crate::world::{World, import};

/// Two servers with these settings on a new database, the second with a clock that is so many seconds ahead.
pub(crate) async fn two_servers(
    database: &PrivatePostgres,
    name: &str,
    more: &str,
    ahead: i64,
) -> (World, World) {
    let (folder, url) = (tempfile::tempdir().unwrap(), database.create_database(name));
    let key = folder.path().join("secret.key");
    let settings =
        format!("[server]\nsecret_key_file = {key:?}\n[database]\nurl = {url:?}\n{more}");
    let start = async |ahead| {
        let clock = ManualClock::at(SystemClock.now().plus_seconds(ahead));
        World::at(tempfile::tempdir().unwrap(), &settings, clock).await
    };
    let first = World::start().await;
    std::fs::copy(first.folder.path().join("data/secret.key"), &key).unwrap();
    first.service.stop().await;
    (start(0).await, start(ahead).await)
}

fn pass(worlds: [&World; 2], seconds: i64) {
    for world in worlds {
        world.clock.advance(seconds);
    }
}

/// Leases and shares that one server gave out are not over for another whose clock is a minute ahead, and both say what
/// their clocks are.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn servers_whose_clocks_differ_have_one_time() {
    let Some(database) = PrivatePostgres::start() else {
        return;
    };
    let (one, other) = two_servers(&database, "apart", SETTINGS, 90).await;
    let (id, signature) = one.create(&import("photos")).await;
    let dock = Station::register(&one, "dock-1").await;
    let claim = dock.granted(&one, &signature).await;
    for _ in 0..6 {
        pass([&one, &other], 10);
        let state = dock.renew(&one, id, &claim.lease, Tally::default()).await;
        assert_eq!(state, LeaseState::Held);
        let (_, message) = status(&other, id).await;
        assert!(!message.contains("no sign of life"), "{message}");
    }
    let second = Station::register(&other, "dock-2").await;
    assert_eq!(
        second.denied(&other, Some(&signature), None).await,
        "Leased"
    );

    let time = Seconds::default();
    let here = Host::new(&one, 3, 1, &time).await;
    let there = Host::new(&other, 4, 1, &time).await;
    for _ in 0..4 {
        here.ask(&one).await;
        there.ask(&other).await;
        let sum: u64 = [&here, &there].map(Host::bytes).iter().sum();
        assert!(sum <= LIMIT, "{sum} of {LIMIT}");
        pass([&one, &other], 1);
    }

    for (world, ahead, word) in [(&one, 0, "ok"), (&other, 90, "degraded")] {
        let answer = world.http("GET", "/ready", &[], "").await;
        assert_eq!(answer.status, 200);
        let report: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
        assert_eq!(report["clock"], word, "{}", answer.body);
        let told = report["clock_ahead_seconds"].as_i64().unwrap();
        assert!((told - ahead).abs() <= 1, "{told} and not {ahead}");
    }
    one.service.stop().await;
    other.service.stop().await;
}
