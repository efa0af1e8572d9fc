//! Heartbeats and orders of a whole service, and what becomes of a station that is drained, revoked, doubled or whose
//! clock is wrong.

use std::collections::HashMap;

use model::actor::Actor;
use model::bay::{BayState, BayStatus};
use model::control::{Claim, Ending, LeaseState, PROTOCOL_VERSION, Renewal, Tally};
use model::event::Event;
use model::heartbeat::{Heartbeat, HeartbeatAnswer, HostFacts, LeaseAnswer};
use model::ids::{BayName, Boot, JobId, OrderId, PersonName, PortId, StationName};
use model::loading::Figures;
use model::order::{Acknowledgement, Order, OrderOutcome, OrderVerb};
use model::presence::{NoClaims, StationState};
use model::progress::LogLocation;
use model::role::Role;
use model::secret::DeviceSecret;
use model::signature::SignatureFile;
use model::stopped::StopCause;
use serde_json::{Value, json};
use server::ops::{AccountFault, Caller, DockingFault, Refused, operators, orders, stations};

use crate::clocks::two_servers;
use crate::postgres::PrivatePostgres;
use crate::talk::Station;
use crate::world::{World, import};

const BAY: &str = "B1";

/// A run of a resident station: it counts its heartbeats, keeps leases, and does what it is told once.
pub(crate) struct Resident {
    pub(crate) station: Station,
    boot: Boot,
    seq: u64,
    ahead: i64,
    claims: Vec<Claim>,
    done: Vec<Acknowledgement>,
    effects: HashMap<OrderId, u32>,
}

impl Resident {
    pub(crate) async fn register(world: &World, name: &str) -> Self {
        Self::of(Station::register(world, name).await, "run1")
    }

    pub(crate) fn of(station: Station, boot: &str) -> Self {
        Self {
            station,
            boot: Boot::new(boot).unwrap(),
            seq: 0,
            ahead: 0,
            claims: Vec::new(),
            done: Vec::new(),
            effects: HashMap::new(),
        }
    }

    /// Another host with the same name and token.
    fn twin(&self) -> Self {
        let (name, token) = (self.station.name.clone(), self.station.token.clone());
        Self::of(Station { name, token }, "run2")
    }

    fn next(&mut self, world: &World) -> Heartbeat {
        self.seq += 1;
        let renewal = |claim: &Claim| Renewal {
            version: model::control::PROTOCOL_VERSION,
            job: claim.job,
            lease: claim.lease.clone(),
            figures: Figures {
                found: self.seq,
                ..Figures::default()
            },
        };
        let (name, port) = (bay(), PortId::new("usb-1").unwrap());
        Heartbeat {
            version: PROTOCOL_VERSION,
            station: self.station.name.clone(),
            boot: self.boot.clone(),
            seq: self.seq,
            release: "0.9.0".to_owned(),
            clock: world.now().plus_seconds(self.ahead),
            bays: vec![BayStatus {
                state: BayState::Ready,
                ..BayStatus::empty(name, port, world.now())
            }],
            others: Vec::new(),
            leases: self.claims.iter().map(renewal).collect(),
            done: self.done.clone(),
            stores: Vec::new(),
            host: HostFacts::default(),
            metrics: None,
        }
    }

    async fn send(
        &self,
        world: &World,
        heartbeat: &Heartbeat,
    ) -> Result<HeartbeatAnswer, (u16, String)> {
        let token = self.station.token.expose();
        world.tell_as(token, "heartbeat", heartbeat).await
    }

    /// A heartbeat with the device of a job in the bay.
    pub(crate) async fn beat_with(
        &mut self,
        world: &World,
        state: BayState,
        job: JobId,
    ) -> HeartbeatAnswer {
        let mut heartbeat = self.next(world);
        heartbeat.bays[0].state = state;
        heartbeat.bays[0].job = Some(job);
        self.send(world, &heartbeat).await.unwrap()
    }

    async fn beat(&mut self, world: &World) -> HeartbeatAnswer {
        let heartbeat = self.next(world);
        self.send(world, &heartbeat).await.unwrap()
    }

    /// Does what an answer says that was not done before.
    fn obey(&mut self, answer: &HeartbeatAnswer) {
        for Order { id, .. } in &answer.orders {
            if self.effects.contains_key(id) {
                continue;
            }
            *self.effects.entry(id.clone()).or_default() += 1;
            self.done.push(Acknowledgement {
                id: id.clone(),
                outcome: OrderOutcome::Done,
            });
        }
    }

    async fn load(&mut self, world: &World) -> JobId {
        let (id, signature) = world.create(&import("photos")).await;
        self.claims
            .push(self.station.granted(world, &signature).await);
        id
    }

    async fn states(&mut self, world: &World) -> Vec<LeaseState> {
        let answer = self.beat(world).await;
        let states = answer.leases.iter().map(|lease| lease.state);
        states.collect()
    }
}

fn bay() -> BayName {
    BayName::new(BAY).unwrap()
}

async fn order(world: &World, name: &StationName, verb: OrderVerb) -> Result<Order, Refused> {
    let admin = world.service.context().admin();
    orders::order(&admin, &Caller::Operator, name, &bay(), verb).await
}

async fn overview(world: &World, name: &StationName) -> stations::StationOverview {
    let admin = world.service.context().admin();
    let shown = stations::show(&admin, &Caller::Operator, name).await;
    shown.unwrap()
}

/// What the list of bays and the page of its station say of how old it is what is told of a bay.
async fn last_told(world: &World, token: &str) -> [Value; 2] {
    let headers = [("authorization", format!("Bearer {token}"))];
    let get = async |path: &str| -> Value {
        let path = format!("/operator/v1/{path}");
        let answer = world.http("GET", &path, &headers, "").await;
        serde_json::from_str(&answer.body).unwrap()
    };
    let list = get("bays").await["Bays"][0]["LastTold"].take();
    [
        list,
        get("stations/dock-1").await["Told"][0]["LastTold"].take(),
    ]
}

async fn metric(world: &World, line: &str) -> bool {
    let page = world.http("GET", "/metrics", &[], "").await.body;
    page.lines().any(|found| found == line)
}

#[tokio::test]
async fn a_heartbeat_is_kept_and_answered() {
    let world = World::start().await;
    let mut dock = Resident::register(&world, "dock-1").await;
    let name = dock.station.name.clone();
    assert_eq!(overview(&world, &name).await.state, StationState::Unheard);
    let answer = dock.beat(&world).await;
    let expected = HeartbeatAnswer {
        next_ms: 5000,
        clock: world.now(),
        orders: Vec::new(),
        leases: Vec::new(),
        mended: Vec::new(),
        erasable: Vec::new(),
        shares: Vec::new(),
        no_claims: None,
        clock_ahead_seconds: None,
    };
    assert_eq!(answer, expected);
    let admin = world.service.context().admin();
    let joe = PersonName::new("joe").unwrap();
    let token = operators::add(&admin, &Caller::Operator, &joe, Role::Viewer);
    let token = token.await.unwrap().expose().to_owned();
    let shown = overview(&world, &name).await;
    let heard = shown.station.heard.clone().unwrap();
    assert_eq!((heard.at, heard.release.as_str()), (world.now(), "0.9.0"));
    assert_eq!(shown.told.bays[0].name, bay());
    for (seconds, state, gauge) in [
        (14, StationState::Here, "here"),
        (1, StationState::Late, "late"),
        (45, StationState::Silent, "silent"),
    ] {
        world.clock.advance(seconds);
        assert_eq!(overview(&world, &name).await.state, state);
        let line = format!("longshore_stations{{state=\"{gauge}\"}} 1");
        assert!(metric(&world, &line).await, "{line}");
        let last = match state {
            StationState::Silent => json!({"Station": "silent", "At": heard.at.to_string()}),
            _ => Value::Null,
        };
        assert_eq!(last_told(&world, &token).await, [last.clone(), last]);
    }
    dock.beat(&world).await;
    assert_eq!(last_told(&world, &token).await, [Value::Null, Value::Null]);
    assert_eq!(overview(&world, &name).await.state, StationState::Here);
    assert!(metric(&world, "longshore_heartbeats_total{answer=\"new\"} 2").await);
}

#[tokio::test]
async fn a_station_speaks_for_itself_alone() {
    let world = World::start().await;
    let mut dock = Resident::register(&world, "dock-1").await;
    let other = Station::register(&world, "dock-2").await;
    let heartbeat = dock.next(&world);
    let sent = world
        .tell_as::<HeartbeatAnswer>(other.token.expose(), "heartbeat", &heartbeat)
        .await;
    assert_eq!(sent.unwrap_err(), (403, "OtherStation".to_owned()));
    let name = dock.station.name;
    assert_eq!(overview(&world, &name).await.station.heard, None);
}

#[tokio::test]
async fn a_heartbeat_that_comes_again_or_late_changes_nothing() {
    let world = World::start().await;
    let mut dock = Resident::register(&world, "dock-1").await;
    let id = dock.load(&world).await;
    let (first, second) = (dock.next(&world), dock.next(&world));
    let answer = dock.send(&world, &second).await.unwrap();
    let kept = overview(&world, &dock.station.name).await;
    world.clock.advance(50);
    let until = world.jobs().lease(id).await.unwrap().unwrap().until;
    for old in [&second, &first, &second] {
        let again = dock.send(&world, old).await.unwrap();
        assert_eq!(again.leases, answer.leases);
    }
    let lease = world.jobs().lease(id).await.unwrap().unwrap();
    assert_eq!(lease.until, until, "what is late is no sign of life");
    let shown = overview(&world, &dock.station.name).await;
    assert_eq!(shown.station, kept.station);
    assert!(metric(&world, "longshore_heartbeats_total{answer=\"repeated\"} 3").await);
}

#[tokio::test]
async fn leases_are_kept_by_heartbeats() {
    let world = World::start().await;
    let mut dock = Resident::register(&world, "dock-1").await;
    let (one, other) = (dock.load(&world).await, dock.load(&world).await);
    // Ten minutes: many terms of a lease.
    for _ in 0..120 {
        world.clock.advance(5);
        let states = dock.states(&world).await;
        assert_eq!(states, [LeaseState::Held, LeaseState::Held]);
        for id in [one, other] {
            let lease = world.jobs().lease(id).await.unwrap().unwrap();
            assert!(lease.until >= world.now().plus_seconds(45), "{id}");
            assert!(lease.figures.found + 3 >= dock.seq, "figures are fresh");
        }
    }
    let ask = [("Action", "CancelJob"), ("JobId", one.as_str())];
    assert_eq!(
        world.call(&ask).await.code(),
        "UnableToCancelJobIdException"
    );
    let log = LogLocation {
        bucket: "photos".to_owned().try_into().unwrap(),
        key: format!("import-log-{other}").try_into().unwrap(),
    };
    let (errors, remark) = (0, None);
    let ending = Ending::Finished {
        errors,
        log,
        remark,
        files: Vec::new(),
        sums: None,
    };
    let lease = dock.claims[1].lease.clone();
    let done = dock.station.finish(&world, other, &lease, ending).await;
    assert_eq!(done, Ok(()));
    let states = dock.states(&world).await;
    assert_eq!(states, [LeaseState::Held, LeaseState::Lost]);
    // Another's lease is not renewed, though its token is known.
    let mut thief = Resident::register(&world, "dock-2").await;
    thief.claims = dock.claims.clone();
    assert_eq!(
        thief.states(&world).await,
        [LeaseState::Lost, LeaseState::Lost]
    );
}

/// With a lease figures are kept only when it is renewed, four times within its term.
#[tokio::test]
async fn how_far_a_job_is_is_told_as_the_last_heartbeat_has_it() {
    let world = World::start().await;
    let mut dock = Resident::register(&world, "dock-1").await;
    let id = dock.load(&world).await;
    let other = dock.load(&world).await;
    dock.beat(&world).await;
    for (stored, state) in [
        (12, BayState::Loading),
        (13, BayState::Reporting),
        (14, BayState::Held),
    ] {
        world.clock.advance(1);
        let mut heartbeat = dock.next(&world);
        let bay = &mut heartbeat.bays[0];
        (bay.job, bay.state) = (Some(id), state);
        let tally = Tally {
            stored,
            ..Tally::default()
        };
        bay.figures = Some(Figures {
            tally,
            found: 50,
            found_all: true,
            ..Figures::default()
        });
        dock.send(&world, &heartbeat).await.unwrap();
        let told = async |job: &JobId| {
            let ask = [("Action", "GetStatus"), ("JobId", job.as_str())];
            world.call(&ask).await.body
        };
        let of_bay = format!("{stored} of 50 files");
        let is_told = told(&id).await.contains(&of_bay);
        assert_eq!(is_told, state.is_at_work(), "{stored}");
        assert!(!told(&other).await.contains(&of_bay), "it is of another");
    }
}

#[tokio::test]
async fn a_job_whose_owner_canceled_is_told_to_stop() {
    let world = World::with("[jobs]\ncancel_in_progress = true\n").await;
    let mut dock = Resident::register(&world, "dock-1").await;
    let id = dock.load(&world).await;
    let ask = [("Action", "CancelJob"), ("JobId", id.as_str())];
    assert_eq!(world.call(&ask).await.code(), "OK");
    assert_eq!(dock.states(&world).await, [LeaseState::Canceled]);
}

/// A server that dies between the hold and the end of the lease: the next heartbeat ends it, and no other hold does.
#[tokio::test]
async fn a_lease_of_a_job_that_the_operator_holds_ends_with_the_next_heartbeat() {
    let world = World::start().await;
    let mut dock = Resident::register(&world, "dock-1").await;
    let (held, other) = (dock.load(&world).await, dock.load(&world).await);
    for (id, words) in [(held, Some("Wait.".to_owned())), (other, None)] {
        let stored = world.jobs().job(id).await.unwrap().unwrap();
        let event = Event::Stopped {
            cause: StopCause::ByOperator,
            bucket: None,
            words,
            detail: String::new(),
            untouched: false,
        };
        let job = stored.job.apply(&event, world.now()).unwrap();
        let (jobs, events) = (world.jobs(), [event]);
        let replaced =
            jobs.replace_job(&job, stored.version, &events, &Actor::Service, world.now());
        replaced.await.unwrap();
    }
    let states = dock.states(&world).await;
    assert_eq!(states, [LeaseState::OnHold, LeaseState::Held]);
    assert!(world.jobs().lease(held).await.unwrap().unwrap().ended);
    assert!(!world.jobs().lease(other).await.unwrap().unwrap().ended);
}

/// The station goes on loading for five minutes without its server; nobody else gets the job while its lease holds, and
/// nobody has the disk after.
#[tokio::test]
async fn a_station_that_comes_back_after_a_partition_keeps_its_lease() {
    let world = World::start().await;
    let mut dock = Resident::register(&world, "dock-1").await;
    let id = dock.load(&world).await;
    dock.beat(&world).await;
    world.clock.advance(300);
    let world = world.restart("", 1).await;
    let silent = world.jobs().job(id).await.unwrap().unwrap().job.stopped;
    assert_eq!(silent, None, "a restart gives every lease a full term");
    assert_eq!(dock.states(&world).await, [LeaseState::Held]);
    let lease = world.jobs().lease(id).await.unwrap().unwrap();
    assert_eq!(lease.attempt, 1);
    assert!(lease.is_in_force(world.now(), 60));
}

#[tokio::test]
async fn nothing_is_ordered_of_an_empty_bay_but_to_load_what_a_sheet_is_of() {
    let world = World::start().await;
    let mut dock = Resident::register(&world, "dock-1").await;
    let (_, sheet) = world.create(&import("photos")).await;
    let sheet = SignatureFile::parse(sheet.as_bytes()).unwrap();
    let mut empty = dock.next(&world);
    let name = dock.station.name.clone();
    let (context, job, bay) = (world.service.context(), sheet.job, bay());
    let (admin, jane) = (context.admin(), Caller::Operator);
    let is_empty = |refused: Refused| {
        let found = matches!(refused, Refused::Docking(DockingFault::NothingInBay { .. }));
        assert!(found, "{refused}");
    };
    for state in [BayState::PulledOut, BayState::Reconnecting, BayState::Empty] {
        empty.bays[0].state = state;
        empty.seq += 1;
        dock.send(&world, &empty).await.unwrap();
        for verb in [
            OrderVerb::Load,
            OrderVerb::Look,
            OrderVerb::Stop,
            OrderVerb::Remove,
            OrderVerb::Blink,
        ] {
            is_empty(order(&world, &name, verb).await.unwrap_err());
        }
    }
    let slip = orders::load_as(&admin, &jane, &name, &bay, job).await;
    is_empty(slip.unwrap_err());
    let secret = DeviceSecret::new("open sesame".to_owned()).unwrap();
    let unlock = orders::unlock(&admin, &jane, &name, &bay, secret).await;
    is_empty(unlock.unwrap_err());
    empty.seq += 1;
    assert_eq!(dock.send(&world, &empty).await.unwrap().orders, []);
    // Who scans may have plugged in just now what the sheet is of.
    let present = orders::present(context, &jane, &name, &bay, sheet).await;
    assert_eq!(present.unwrap().verb, OrderVerb::Load);
}

#[tokio::test]
async fn an_order_is_told_until_it_is_acknowledged() {
    let world = World::start().await;
    let mut dock = Resident::register(&world, "dock-1").await;
    let name = dock.station.name.clone();
    let unknown = order(&world, &name, OrderVerb::Load).await.unwrap_err();
    let no_bay = |refused: &Refused| matches!(refused, Refused::Account(AccountFault::NoSuchBay { bay: found, .. }) if *found == bay());
    assert!(no_bay(&unknown), "{unknown}");
    dock.beat(&world).await;
    let wanted = order(&world, &name, OrderVerb::Load).await.unwrap();
    let again = order(&world, &name, OrderVerb::Load).await.unwrap();
    assert_eq!(again, wanted, "a button that is pressed twice acts once");
    assert!(metric(&world, "longshore_orders_pending 1").await);
    for _ in 0..3 {
        let answer = dock.beat(&world).await;
        assert_eq!(answer.orders, std::slice::from_ref(&wanted));
        assert_eq!(answer.next_ms, 1000);
    }
    dock.done.push(Acknowledgement {
        id: wanted.id.clone(),
        outcome: OrderOutcome::Refused {
            why: "the bay is empty\u{7}".to_owned(),
        },
    });
    assert_eq!(dock.beat(&world).await.orders, []);
    let shown = overview(&world, &name).await;
    let why = "the bay is empty\\u{7}".to_owned();
    assert_eq!(
        shown.orders[0].answered,
        Some((world.now(), OrderOutcome::Refused { why }))
    );
    // Wanted anew, it is told anew.
    let anew = order(&world, &name, OrderVerb::Load).await.unwrap();
    assert_ne!(anew.id, wanted.id);
    assert_eq!(dock.beat(&world).await.orders, [anew]);
    world.clock.advance(600);
    assert_eq!(dock.beat(&world).await.orders, [], "gone after ten minutes");
}

/// Answers are lost, messages come twice and in another order, on each of several ways through them.
#[tokio::test]
async fn an_order_is_done_once_whatever_is_lost_or_comes_twice() {
    let world = World::start().await;
    let mut dock = Resident::register(&world, "dock-1").await;
    let name = dock.station.name.clone();
    dock.beat(&world).await;
    let mut all = Vec::new();
    let mut sent: Vec<Heartbeat> = Vec::new();
    for step in 0..160_usize {
        if step % 20 == 0 {
            // Those to erase and to unlock say with what, and have their own tests.
            let verb = OrderVerb::ALL[(step / 20) % (OrderVerb::ALL.len() - 2)];
            all.push(order(&world, &name, verb).await.unwrap());
        }
        world.clock.advance(1);
        // A number that looks like chance and is the same in every run.
        let dice = (step * 2_654_435_761) >> 7;
        let heartbeat = match dice % 5 {
            0 if !sent.is_empty() => sent[dice % sent.len()].clone(),
            _ => dock.next(&world),
        };
        let answer = dock.send(&world, &heartbeat).await.unwrap();
        sent.push(heartbeat);
        if dice % 3 != 0 {
            dock.obey(&answer);
        }
    }
    let done: Vec<u32> = all.iter().map(|order| dock.effects[&order.id]).collect();
    assert_eq!(done, vec![1; all.len()]);
    let shown = overview(&world, &name).await;
    assert!(shown.orders.iter().all(|order| order.answered.is_some()));
}

#[tokio::test]
async fn a_watched_station_is_heard_every_second() {
    let world = World::start().await;
    let mut dock = Resident::register(&world, "dock-1").await;
    let admin = world.service.context().admin();
    let watched = stations::watch(&admin, &Caller::Operator, &dock.station.name).await;
    watched.unwrap();
    assert_eq!(dock.beat(&world).await.next_ms, 1000);
    world.clock.advance(15);
    assert_eq!(dock.beat(&world).await.next_ms, 5000);
}

#[tokio::test]
async fn a_revoked_station_is_heard_no_more_and_its_disk_goes_on_elsewhere() {
    let world = World::start().await;
    let mut dock = Resident::register(&world, "dock-1").await;
    let name = dock.station.name.clone();
    let (id, signature) = world.create(&import("photos")).await;
    dock.claims
        .push(dock.station.granted(&world, &signature).await);
    dock.beat(&world).await;
    order(&world, &name, OrderVerb::Stop).await.unwrap();
    let admin = world.service.context().admin();
    for _ in 0..2 {
        let revoked = stations::revoke(&admin, &Caller::Operator, &name).await;
        revoked.unwrap();
    }
    let heartbeat = dock.next(&world);
    let refused = dock.send(&world, &heartbeat).await.unwrap_err();
    assert_eq!(refused, (401, "Unauthorized".to_owned()));
    let shown = overview(&world, &name).await;
    assert_eq!(shown.state, StationState::Revoked);
    assert_eq!((shown.jobs, shown.orders), (Vec::new(), Vec::new()));
    let ordered = order(&world, &name, OrderVerb::Stop).await.unwrap_err();
    assert_eq!(ordered.to_string(), "station `dock-1` is revoked");
    // Any other station goes on at once.
    let other = Station::register(&world, "dock-2").await;
    let claim = other.granted(&world, &signature).await;
    assert_eq!((claim.job, claim.attempt), (id, 2));
}

#[tokio::test]
async fn a_job_whose_station_was_revoked_stands_still_and_says_so() {
    let world = World::start().await;
    let mut dock = Resident::register(&world, "dock-1").await;
    let id = dock.load(&world).await;
    let admin = world.service.context().admin();
    let name = dock.station.name.clone();
    let revoked = stations::revoke(&admin, &Caller::Operator, &name).await;
    revoked.unwrap();
    // A start looks at once what stands still.
    let world = world.restart("", 2).await;
    let cause = loop {
        match world.job(id).await.stopped {
            Some(stopped) => break stopped.cause,
            None => tokio::task::yield_now().await,
        }
    };
    assert_eq!(cause, StopCause::StationSilent);
    let history = world.jobs().history(id).await.unwrap();
    let last = format!("{:?}", history.last().unwrap().event);
    assert!(last.contains("station `dock-1` was revoked"), "{last}");
    // Admitted again it is as new, and the job goes on there as anywhere.
    let again = Station::register(&world, "dock-1").await;
    let mut again = Resident::of(again, "run2");
    assert_eq!(again.beat(&world).await.no_claims, None);
}

#[tokio::test]
async fn a_drained_station_ends_what_it_has_begun() {
    let world = World::start().await;
    let mut dock = Resident::register(&world, "dock-1").await;
    let name = dock.station.name.clone();
    let (_, signature) = world.create(&import("photos")).await;
    dock.claims
        .push(dock.station.granted(&world, &signature).await);
    dock.beat(&world).await;
    let admin = world.service.context().admin();
    stations::drain(&admin, &Caller::Operator, &name)
        .await
        .unwrap();
    let answer = dock.beat(&world).await;
    assert_eq!(answer.no_claims, Some(NoClaims::Draining));
    assert_eq!(answer.leases[0].state, LeaseState::Held);
    assert_eq!(overview(&world, &name).await.state, StationState::Draining);
    let (next, other) = world.create(&import("photos")).await;
    let denied = dock.station.denied(&world, Some(&other), None).await;
    assert_eq!(denied, "StationDrained");
    let waiting = world.job(next).await;
    assert_eq!(waiting.custody.code(), "NotReceived", "nothing is booked");
    // It was started anew: what it had goes on.
    let again = dock.station.granted(&world, &signature).await;
    let ended = Ending::Released {
        reason: "pulled out".to_owned(),
        cause: Some(StopCause::DiskGone),
        bucket: None,
        words: None,
        untouched: false,
    };
    let done = dock
        .station
        .finish(&world, again.job, &again.lease, ended)
        .await;
    assert_eq!(done, Ok(()));
    assert_eq!(overview(&world, &name).await.state, StationState::Drained);
    stations::undrain(&admin, &Caller::Operator, &name)
        .await
        .unwrap();
    assert_eq!(dock.beat(&world).await.no_claims, None);
    dock.station.granted(&world, &other).await;
}

#[tokio::test]
async fn two_hosts_with_one_name_get_no_job_until_one_stops() {
    let world = World::start().await;
    let mut dock = Resident::register(&world, "dock-1").await;
    let name = dock.station.name.clone();
    let running = dock.load(&world).await;
    let mut twin = dock.twin();
    assert_eq!(dock.beat(&world).await.no_claims, None);
    assert_eq!(twin.beat(&world).await.no_claims, None, "a new start");
    for _ in 0..3 {
        world.clock.advance(5);
        for host in [&mut dock, &mut twin] {
            let answer = host.beat(&world).await;
            assert_eq!(answer.no_claims, Some(NoClaims::Twice), "both are told");
        }
    }
    assert_eq!(overview(&world, &name).await.state, StationState::Twice);
    let (_, signature) = world.create(&import("photos")).await;
    let denied = dock.station.denied(&world, Some(&signature), None).await;
    assert_eq!(denied, "StationTwice");
    let lease = world.jobs().lease(running).await.unwrap().unwrap();
    assert!(lease.is_in_force(world.now(), 60), "what runs goes on");
    // Its first heartbeat alone was the last in turns with the other's.
    for _ in 0..13 {
        world.clock.advance(5);
        dock.beat(&world).await;
    }
    assert_eq!(dock.beat(&world).await.no_claims, None);
    dock.station.granted(&world, &signature).await;
}

#[tokio::test]
async fn a_clock_that_is_wrong_is_told_and_costs_no_lease() {
    let world = World::start().await;
    let mut dock = Resident::register(&world, "dock-1").await;
    dock.load(&world).await;
    dock.ahead = 5;
    assert_eq!(dock.beat(&world).await.clock_ahead_seconds, None);
    dock.ahead = -6;
    let answer = dock.beat(&world).await;
    assert_eq!(
        (answer.clock_ahead_seconds, answer.no_claims),
        (Some(-6), None)
    );
    dock.ahead = 600;
    for _ in 0..30 {
        world.clock.advance(5);
        let answer = dock.beat(&world).await;
        assert_eq!(answer.clock_ahead_seconds, Some(600));
        assert_eq!(answer.no_claims, Some(NoClaims::Clock));
        assert_eq!(answer.leases[0].state, LeaseState::Held);
    }
    let (_, signature) = world.create(&import("photos")).await;
    let denied = dock.station.denied(&world, Some(&signature), None).await;
    assert_eq!(denied, "StationClock");
    dock.ahead = 0;
    dock.beat(&world).await;
    dock.station.granted(&world, &signature).await;
}

#[tokio::test]
async fn stations_are_listed_with_what_goes_on() {
    let world = World::start().await;
    for name in ["dock-3", "dock-1", "dock-2"] {
        let mut dock = Resident::register(&world, name).await;
        if name != "dock-3" {
            dock.beat(&world).await;
        }
    }
    let admin = world.service.context().admin();
    let after = StationName::new("dock-1").unwrap();
    let lines = stations::list(&admin, &Caller::Operator, Some(&after), 2).await;
    let lines: Vec<(String, StationState, usize)> = lines
        .unwrap()
        .into_iter()
        .map(|line| (line.station.name.to_string(), line.state, line.bays))
        .collect();
    let expected = [
        ("dock-2".to_owned(), StationState::Here, 1),
        ("dock-3".to_owned(), StationState::Unheard, 0),
    ];
    assert_eq!(lines, expected);
    let station = Caller::Station(after);
    let denied = stations::list(&admin, &station, None, 9).await;
    assert!(matches!(denied, Err(Refused::Denied(_))));
}

/// Heartbeats go to whichever server answers: what the one has kept the other knows.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_servers_with_one_database_are_one() {
    let Some(database) = PrivatePostgres::start() else {
        return;
    };
    let (one, other) = two_servers(&database, "two", "", 0).await;
    let mut dock = Resident::register(&one, "dock-1").await;
    let name = dock.station.name.clone();
    let id = dock.load(&one).await;
    for step in 0..40 {
        one.clock.advance(5);
        other.clock.advance(5);
        let (here, there) = if step % 2 == 0 {
            (&one, &other)
        } else {
            (&other, &one)
        };
        if step % 10 == 1 {
            order(here, &name, OrderVerb::Blink).await.unwrap();
        }
        let heartbeat = dock.next(here);
        let (answer, again) = (
            dock.send(there, &heartbeat).await.unwrap(),
            dock.send(here, &heartbeat).await.unwrap(),
        );
        let held = LeaseAnswer {
            job: id,
            state: LeaseState::Held,
        };
        assert_eq!((&answer.leases, &again.leases), (&vec![held], &vec![held]));
        assert_eq!(answer.no_claims, None, "one run at two servers is one");
        dock.obey(&answer);
        dock.obey(&again);
    }
    assert_eq!(dock.effects.values().copied().collect::<Vec<_>>(), [1; 4]);
    let admin = other.service.context().admin();
    stations::revoke(&admin, &Caller::Operator, &name)
        .await
        .unwrap();
    let heartbeat = dock.next(&one);
    assert_eq!(dock.send(&one, &heartbeat).await.unwrap_err().0, 401);
    one.service.stop().await;
    other.service.stop().await;
}
