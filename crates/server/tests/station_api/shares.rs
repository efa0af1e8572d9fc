//! The rates of a store that several stations load into: each has its share, of bytes and of requests, whoever comes, goes
//! or is silent.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use awshttp::retry::{Sleeper, Slept};
use model::ids::Boot;
use model::share::{Measure, REQUEST, ShareAnswer, ShareRequest, SharedStore, StoreWants};
use objectstore::paced::StoreShare;
use server::ops::{Caller, stations};

use crate::talk::Station;
use crate::world::{World, import};

pub(crate) const LIMIT: u64 = 100_000_000;

/// Requests a second. All is told in bytes here: each station asks once for so many, and so the one is shared as the other.
const REQUESTS: u64 = 100;

const BYTES_OF_A_REQUEST: u64 = LIMIT / REQUESTS;

pub(crate) const SETTINGS: &str = "[embedded_store]\nenabled = true\n[[stores]]\nname = \"ceph\"\n\
                        endpoint = \"http://127.0.0.1:1\"\naccess_key_id = \"AK\"\n\
                        secret_access_key = \"SK\"\nbuckets = [\"far-*\"]\nrate = \"100MB\"\nrequests_per_second = 100\n";

/// Seconds that are counted by hand.
#[derive(Clone, Default)]
pub(crate) struct Seconds(Arc<AtomicU64>);

impl Sleeper for Seconds {
    fn elapsed(&self) -> Duration {
        Duration::from_secs(self.0.load(Ordering::SeqCst))
    }

    fn sleep(&self, _: Duration) -> Slept {
        Slept::Through
    }
}

/// What a station goes by before it has a share.
fn share_of(time: &Seconds) -> StoreShare {
    let of = SharedStore {
        name: "ceph".to_owned(),
        afterwards: Some(LIMIT / 4),
        requests_afterwards: Some(REQUESTS * REQUEST / 4),
    };
    StoreShare::new(&of, Arc::new(time.clone()))
}

/// A station that sends and asks as fast as it may.
pub(crate) struct Host {
    station: Station,
    boot: Boot,
    rate: StoreShare,
    loading: u32,
    is_here: bool,
}

impl Host {
    pub(crate) async fn new(world: &World, number: usize, loading: u32, time: &Seconds) -> Self {
        Self {
            station: Station::register(world, &format!("dock-{number}")).await,
            boot: Boot::new("00ff").unwrap(),
            rate: share_of(time),
            loading,
            is_here: true,
        }
    }

    pub(crate) async fn ask(&self, world: &World) {
        let (wants, asked) = self.rate.ask(self.loading, 0);
        let request = ShareRequest {
            station: self.station.name.clone(),
            boot: self.boot.clone(),
            stores: vec![wants],
        };
        let token = self.station.token.expose();
        let answer: ShareAnswer = world.tell_as(token, "shares", &request).await.unwrap();
        for share in &answer.shares {
            self.rate.give(share, asked);
        }
    }

    /// Bytes that may go each second.
    pub(crate) fn bytes(&self) -> u64 {
        self.rate.rate(Measure::Bytes).rate().unwrap()
    }

    /// The same of one that sends, where as much may be asked.
    fn rate(&self) -> u64 {
        let bytes = self.bytes();
        let requests = self.rate.rate(Measure::Requests).rate().unwrap();
        let asked = requests * BYTES_OF_A_REQUEST / REQUEST;
        assert!(
            bytes.abs_diff(asked) <= BYTES_OF_A_REQUEST / 100,
            "the one is shared as the other: {bytes} and {asked}"
        );
        bytes
    }

    /// Bytes that go in this second.
    fn send(&self) -> u64 {
        if !self.is_here {
            return 0;
        }
        for measure in Measure::ALL {
            let rate = self.rate.rate(measure);
            rate.passed(rate.rate().unwrap());
        }
        self.rate()
    }
}

/// The stations, and what all of them sent in each second.
struct Yard {
    time: Seconds,
    hosts: Vec<Host>,
    sent: Vec<u64>,
}

impl Yard {
    async fn new(world: &World, loading: &[u32]) -> Self {
        let (time, mut hosts) = (Seconds::default(), Vec::new());
        for (number, loading) in loading.iter().enumerate() {
            hosts.push(Host::new(world, number, *loading, &time).await);
        }
        Self {
            time,
            hosts,
            sent: Vec::new(),
        }
    }

    /// Lets time pass. Each station asks every five seconds, and at once where that is wanted; not if nobody answers.
    async fn pass(&mut self, world: &World, seconds: u64, answers: bool) {
        for _ in 0..seconds {
            let now = self.time.0.fetch_add(1, Ordering::SeqCst) + 1;
            world.clock.advance(1);
            for (offset, host) in (0_u64..).zip(&self.hosts) {
                let is_due = (now + offset).is_multiple_of(5) || host.rate.has_news();
                if answers && host.is_here && is_due {
                    host.ask(world).await;
                }
            }
            self.sent.push(self.hosts.iter().map(Host::send).sum());
        }
    }

    fn rates(&self) -> Vec<u64> {
        let here = self.hosts.iter().filter(|host| host.is_here);
        here.map(Host::rate).collect()
    }

    /// Each station has what its bays make fair, a tenth more or less.
    fn assert_fair(&self) {
        let here = || self.hosts.iter().filter(|host| host.is_here);
        let all: u32 = here().map(|host| host.loading).sum();
        for (host, rate) in here().zip(self.rates()) {
            let fair = LIMIT * u64::from(host.loading) / u64::from(all);
            assert!(
                rate * 10 >= fair * 9 && rate * 10 <= fair * 11,
                "{rate} and not {fair}: {:?}",
                self.rates()
            );
        }
    }

    fn assert_within_the_limit(&self) {
        for (second, window) in self.sent.windows(10).enumerate() {
            let sent: u64 = window.iter().sum();
            assert!(
                sent <= LIMIT * 10 * 105 / 100,
                "{sent} from second {second}"
            );
        }
    }
}

async fn assert_limits_are_told(world: &World) {
    let page = world.http("GET", "/metrics", &[], "").await.body;
    for line in [
        "longshore_store_limit_bytes_per_second{store=\"127.0.0.1:1\"} 100000000",
        "longshore_store_limit_requests_per_second{store=\"127.0.0.1:1\"} 100",
    ] {
        assert!(page.lines().any(|found| found == line), "{line}\n{page}");
    }
}

#[tokio::test]
async fn a_stores_rate_is_shared_by_stations_whoever_comes_and_goes() {
    let world = World::with(SETTINGS).await;
    let mut yard = Yard::new(&world, &[1, 1, 2, 4]).await;
    yard.pass(&world, 20, true).await;
    yard.assert_fair();
    assert_limits_are_told(&world).await;
    yard.hosts[3].is_here = false;
    yard.pass(&world, 20, true).await;
    yard.assert_fair();
    assert!(
        yard.sent.last().unwrap() * 100 >= LIMIT * 99,
        "the others have its share"
    );
    // It comes back and loads more.
    let anew = share_of(&yard.time);
    yard.hosts[3] = Host {
        station: Station::register(&world, "dock-3").await,
        boot: Boot::new("00ff").unwrap(),
        rate: anew,
        loading: 8,
        is_here: true,
    };
    yard.pass(&world, 20, true).await;
    yard.assert_fair();
    yard.assert_within_the_limit();
}

#[tokio::test]
async fn a_server_that_starts_again_knows_the_shares_and_one_that_is_gone_makes_all_slower() {
    let world = World::with(SETTINGS).await;
    let mut yard = Yard::new(&world, &[1, 1, 6]).await;
    yard.pass(&world, 20, true).await;
    let world = world.restart(SETTINGS, 0).await;
    yard.pass(&world, 10, true).await;
    yard.assert_fair();
    let before = yard.sent.len() - 1;
    yard.pass(&world, 400, false).await;
    let after = &yard.sent[before..];
    assert!(
        after.is_sorted_by(|earlier, later| later <= earlier),
        "{after:?}"
    );
    let most: Vec<u64> = vec![LIMIT / 8 / 2, LIMIT / 8 / 2, LIMIT / 3 / 2];
    assert_eq!(
        yard.rates(),
        most,
        "an equal part or its share, and half of that"
    );
    yard.assert_within_the_limit();
    yard.pass(&world, 20, true).await;
    yard.assert_fair();
}

#[tokio::test]
async fn a_claim_says_whose_rate_is_shared_and_a_station_that_was_revoked_has_no_share() {
    let world = World::with(SETTINGS).await;
    let (_, signature) = world.create(&import("photos")).await;
    let dock = Station::register(&world, "dock-9").await;
    let claim = dock.granted(&world, &signature).await;
    assert!(
        claim.buckets.iter().all(|way| way.shared.is_none()),
        "the embedded store's is not"
    );
    let mut yard = Yard::new(&world, &[1, 1]).await;
    yard.pass(&world, 10, true).await;
    let (admin, name) = (
        world.service.context().admin(),
        yard.hosts[0].station.name.clone(),
    );
    let count = async || {
        let mut counts = Vec::new();
        let jobs = world.jobs();
        for measure in Measure::ALL {
            let count = jobs.share_count(measure, "ceph", world.now());
            counts.push(count.await.unwrap());
        }
        assert_eq!(counts[0], counts[1]);
        counts[0]
    };
    assert_eq!(count().await, 2);
    let shown = stations::show(&admin, &Caller::Operator, &name).await;
    let share = shown.unwrap().shares.remove(0);
    assert_eq!(share.store, "ceph");
    assert_eq!(share.bytes.unwrap().granted, LIMIT / 2);
    assert_eq!(share.requests.unwrap().granted, REQUESTS * REQUEST / 2);
    stations::revoke(&admin, &Caller::Operator, &name)
        .await
        .unwrap();
    assert_eq!(count().await, 1);
    // A station says itself that it is done, by naming the store no more.
    let host = &yard.hosts[1];
    let request = ShareRequest {
        station: host.station.name.clone(),
        boot: host.boot.clone(),
        stores: Vec::new(),
    };
    let token = host.station.token.expose();
    let _: ShareAnswer = world.tell_as(token, "shares", &request).await.unwrap();
    assert_eq!(count().await, 0);
}

/// It says nothing of requests, is given none, and takes none from others; of bytes it has its part.
#[tokio::test]
async fn a_station_that_holds_no_requests_back_has_no_share_of_them() {
    let world = World::with(SETTINGS).await;
    let mut yard = Yard::new(&world, &[1, 1]).await;
    let older = yard.hosts.pop().unwrap();
    let ask = async || {
        let (wants, _) = older.rate.ask(1, 0);
        let request = ShareRequest {
            station: older.station.name.clone(),
            boot: older.boot.clone(),
            stores: vec![StoreWants {
                requests: None,
                ..wants
            }],
        };
        let token = older.station.token.expose();
        let mut answer: ShareAnswer = world.tell_as(token, "shares", &request).await.unwrap();
        answer.shares.remove(0)
    };
    let share = ask().await;
    assert_eq!(
        (share.bytes_per_second, share.requests),
        (Some(LIMIT), None)
    );
    yard.hosts[0].ask(&world).await;
    let newer = |measure| yard.hosts[0].rate.rate(measure).rate().unwrap();
    assert_eq!(newer(Measure::Bytes), 0, "the other has all yet");
    assert_eq!(newer(Measure::Requests), REQUESTS * REQUEST);
    let share = ask().await;
    assert_eq!(
        (share.bytes_per_second, share.requests),
        (Some(LIMIT / 2), None)
    );
}
