//! What is sent and heard, whatever is lost on the way; a server here is its side of the contract, without a network.

use std::collections::HashMap;
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use model::bay::BayState;
use model::control::{ControlFault, LeaseState, LeaseToken, Renewal};
use model::heartbeat::{Heartbeat, LeaseAnswer};
use model::ids::{BayName, JobId, OrderId, PortId};
use model::loading::Figures;
use model::order::OrderVerb;
use model::presence::{Heard, Runs};
use model::time::{ManualClock, Timestamp};

use super::*;
use crate::control::ControlError;
use crate::lease::By;

fn at() -> Timestamp {
    "2026-01-02T03:04:05Z".parse().unwrap()
}

/// A bench with one bay that counts what it is told to do.
struct OneBay {
    status: Mutex<BayStatus>,
    effects: Mutex<HashMap<OrderId, u32>>,
    looks: AtomicU32,
    mended: Mutex<Vec<MendedJob>>,
    erasable: Mutex<Vec<JobId>>,
}

impl OneBay {
    fn new() -> Arc<Self> {
        let (name, port) = (BayName::new("B1").unwrap(), PortId::new("usb-1").unwrap());
        Arc::new(Self {
            status: Mutex::new(BayStatus::empty(name, port, at())),
            effects: Mutex::default(),
            looks: AtomicU32::new(0),
            mended: Mutex::default(),
            erasable: Mutex::default(),
        })
    }
}

impl Heart for OneBay {
    fn statuses(&self) -> Vec<BayStatus> {
        self.looks.fetch_add(1, Ordering::SeqCst);
        vec![self.status.lock().unwrap().clone()]
    }

    fn others(&self) -> Vec<OtherDisk> {
        Vec::new()
    }

    fn mended(&self, jobs: Vec<MendedJob>) {
        self.mended.lock().unwrap().extend(jobs);
    }

    fn erasable(&self, jobs: Vec<JobId>) {
        self.erasable.lock().unwrap().extend(jobs);
    }

    fn order(&self, order: &Order) -> OrderOutcome {
        let mut effects = self.effects.lock().unwrap();
        *effects.entry(order.id.clone()).or_default() += 1;
        OrderOutcome::Done
    }
}

fn resources() -> Arc<Resources> {
    Arc::new(Resources::new(&transfer::settings::Settings::default()))
}

fn keeper(bays: &Arc<OneBay>) -> (Keeper, Control) {
    // Nobody is there: the tests carry what is sent.
    let control = Control::new("http://127.0.0.1:1", "token");
    (
        Keeper::new(origin(control.clone()), Arc::clone(bays) as Arc<dyn Heart>).unwrap(),
        control,
    )
}

/// A server as far as heartbeats go.
#[derive(Default)]
struct Server {
    runs: Runs,
    orders: Vec<Order>,
    held: Option<LeaseState>,
}

impl Server {
    fn order(&mut self, id: &str, verb: OrderVerb) {
        self.orders.push(Order {
            id: OrderId::new(id).unwrap(),
            bay: BayName::new("B1").unwrap(),
            verb,
            by: model::actor::Actor::Service,
            at: at(),
            stay: None,
            sheet: None,
            erase: None,
            secret: None,
            needs_second: false,
            second: None,
        });
    }

    fn answer(&mut self, heartbeat: &Heartbeat) -> HeartbeatAnswer {
        self.orders
            .retain(|order| !heartbeat.done.iter().any(|word| word.id == order.id));
        if let Heard::New(runs) = self.runs.hear(&heartbeat.boot, heartbeat.seq, at()) {
            self.runs = runs;
        }
        assert!(!self.runs.are_two(at()), "one run is one");
        let answer = |renewal: &Renewal| {
            let job = renewal.job;
            self.held.map(|state| LeaseAnswer { job, state })
        };
        HeartbeatAnswer {
            next_ms: 5000,
            clock: at(),
            orders: self.orders.clone(),
            leases: heartbeat.leases.iter().filter_map(answer).collect(),
            mended: Vec::new(),
            erasable: Vec::new(),
            shares: Vec::new(),
            no_claims: None,
            clock_ahead_seconds: None,
        }
    }
}

fn unreachable() -> ControlError {
    ControlError::Unreachable {
        url: "http://server".to_owned(),
        source: io::ErrorKind::ConnectionRefused.into(),
    }
}

fn refused(code: &str) -> ControlError {
    ControlError::Refused(ControlFault {
        code: code.to_owned(),
        message: "no".to_owned(),
    })
}

fn renewal() -> Renewal {
    Renewal {
        version: model::control::PROTOCOL_VERSION,
        job: JobId::new("ABCDE").unwrap(),
        lease: LeaseToken("t".to_owned()),
        figures: Figures::default(),
    }
}

#[test]
fn an_order_has_one_effect_whatever_is_lost() {
    let (bays, mut server) = (OneBay::new(), Server::default());
    let (mut keeper, _) = keeper(&bays);
    let mut late: Option<HeartbeatAnswer> = None;
    for step in 0..400_usize {
        if step % 10 == 0 && step < 300 {
            server.order(&format!("o{step}"), OrderVerb::ALL[step / 10 % 5]);
        }
        let heartbeat = keeper.next();
        // A number that looks like chance and is the same in every run.
        match ((step * 2_654_435_761) >> 9) & 7 {
            // The message is lost.
            0 | 1 => drop(keeper.hear(Err(unreachable()))),
            // Its answer is lost.
            2 | 3 => {
                late = Some(server.answer(&heartbeat));
                keeper.hear(Err(unreachable()));
            }
            // It comes twice.
            4 => {
                server.answer(&heartbeat);
                keeper.hear(Ok(server.answer(&heartbeat)));
            }
            // An answer comes that was given before.
            5 if late.is_some() => drop(keeper.hear(Ok(late.take().unwrap()))),
            _ => drop(keeper.hear(Ok(server.answer(&heartbeat)))),
        }
    }
    let effects = bays.effects.lock().unwrap();
    assert_eq!(effects.len(), 30);
    assert!(effects.values().all(|times| *times == 1), "{effects:?}");
    assert_eq!(server.orders, [], "each was acknowledged");
    assert_eq!(keeper.next().done, [], "and is not said for ever");
}

#[test]
fn an_order_is_acknowledged_at_once_and_said_until_it_was_heard() {
    let (bays, mut server) = (OneBay::new(), Server::default());
    let (mut keeper, _) = keeper(&bays);
    server.order("o1", OrderVerb::Load);
    server.order("o2", OrderVerb::Other);
    let first = keeper.next();
    assert!(!keeper.has_news());
    keeper.hear(Ok(server.answer(&first)));
    assert!(keeper.has_news());
    let second = keeper.next();
    assert_eq!(second.done.len(), 2);
    assert_eq!(second.done[0].outcome, OrderOutcome::Done);
    let OrderOutcome::Refused { why } = &second.done[1].outcome else {
        panic!("{:?}", second.done);
    };
    assert!(why.contains("does not know"), "{why}");
    assert_eq!(bays.effects.lock().unwrap().len(), 1, "nobody was asked");
    keeper.hear(Err(unreachable()));
    let third = keeper.next();
    assert_eq!(third.done, second.done);
    keeper.hear(Ok(server.answer(&third)));
    assert!(!keeper.has_news());
    assert_eq!(keeper.next().done, []);
}

/// Five minutes without a server: loading goes on, the lease counts as held, and the server is not overrun.
#[test]
fn a_server_that_is_away_stops_nothing() {
    let (bays, mut server) = (OneBay::new(), Server::default());
    let (mut keeper, control) = keeper(&bays);
    let _carrying = keeper.carry_leases();
    let carried = control.carried();
    server.held = Some(LeaseState::Held);
    assert_eq!(carried.say(renewal()), By::Heartbeat(None));
    let first = keeper.next();
    assert_eq!(first.leases, [renewal()]);
    keeper.hear(Ok(server.answer(&first)));
    let (mut away, mut tries) = (Duration::ZERO, 0_u32);
    while away < Duration::from_secs(300) {
        let held = By::Heartbeat(Some(LeaseState::Held));
        assert_eq!(carried.say(renewal()), held, "after {away:?}");
        keeper.next();
        keeper.hear(Err(unreachable()));
        assert!(!keeper.has_news(), "while nobody answers everything waits");
        bays.status.lock().unwrap().state = match tries.is_multiple_of(2) {
            true => BayState::Seen,
            false => BayState::Empty,
        };
        away += keeper.wait();
        tries += 1;
    }
    assert!((20..60).contains(&tries), "{tries} tries");
    let back = keeper.next();
    assert_eq!(back.seq, u64::from(tries) + 2);
    keeper.hear(Ok(server.answer(&back)));
    assert!(keeper.wait() <= Duration::from_secs(5));
    assert!(keeper.wait() > Duration::from_secs(4));
}

#[test]
fn a_server_that_takes_no_heartbeats_leaves_leases_to_their_dockings() {
    let (bays, mut server) = (OneBay::new(), Server::default());
    let (mut keeper, control) = keeper(&bays);
    let _carrying = keeper.carry_leases();
    for code in ["Unreadable", "Unauthorized"] {
        keeper.next();
        keeper.hear(Err(refused(code)));
        assert_eq!(control.carried().say(renewal()), By::Itself);
        assert_eq!(keeper.wait(), Duration::from_secs(60));
        let next = keeper.next();
        keeper.hear(Ok(server.answer(&next)));
        assert_eq!(control.carried().say(renewal()), By::Heartbeat(None));
    }
}

#[test]
fn what_changes_in_a_bay_does_not_wait_and_how_far_it_is_does() {
    let (bays, mut server) = (OneBay::new(), Server::default());
    let (mut keeper, _) = keeper(&bays);
    let next = keeper.next();
    keeper.hear(Ok(server.answer(&next)));
    assert!(!keeper.has_news());
    bays.status.lock().unwrap().figures = Some(Figures::default());
    assert!(!keeper.has_news());
    bays.status.lock().unwrap().state = BayState::Looking;
    assert!(keeper.has_news());
    assert_eq!(keeper.next().bays[0].state, BayState::Looking);
    assert!(!keeper.has_news());
}

#[test]
fn an_odd_wait_is_not_believed() {
    let (bays, mut server) = (OneBay::new(), Server::default());
    let (mut keeper, _) = keeper(&bays);
    for (wanted, shortest, longest) in [(0, 180, 200), (u32::MAX, 54_000, 60_000)] {
        let next = keeper.next();
        let next_ms = wanted;
        keeper.hear(Ok(HeartbeatAnswer {
            next_ms,
            ..server.answer(&next)
        }));
        let wait = keeper.wait();
        let believed = Duration::from_millis(shortest)..=Duration::from_millis(longest);
        assert!(believed.contains(&wait), "{wait:?}");
    }
}

fn origin(control: Control) -> Origin {
    Origin {
        station: StationName::new("dock-1").unwrap(),
        release: "0.9.0".to_owned(),
        folder: std::env::temp_dir(),
        control,
        clock: Arc::new(ManualClock::at(at())),
        metrics: None,
        pulse: Arc::default(),
        resources: resources(),
    }
}

/// A thread that has nobody to talk to ends at once when it is told to.
#[test]
fn heartbeats_end_with_whoever_wants_them() {
    let bays = OneBay::new();
    let (_, control) = keeper(&bays);
    let heart = Arc::clone(&bays) as Arc<dyn Heart>;
    let heartbeats = Heartbeats::start(origin(control.clone()), heart).unwrap();
    while bays.looks.load(Ordering::SeqCst) == 0 {
        std::thread::yield_now();
    }
    assert_eq!(heartbeats.last(), None);
    drop(heartbeats);
    assert_eq!(control.carried().say(renewal()), By::Itself);
}

/// Reads a heartbeat as it comes over the network, and answers.
fn serve_one(stream: &TcpStream, server: &mut Server) {
    let (mut reader, mut length) = (BufReader::new(stream), 0);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        if line == "\r\n" {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    let answer = server.answer(&serde_json::from_slice(&body).unwrap());
    let body = serde_json::to_string(&answer).unwrap();
    let length = body.len();
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close";
    let mut writer = stream;
    write!(writer, "{head}\r\ncontent-length: {length}\r\n\r\n{body}").unwrap();
}

/// Nobody is there any more to carry it out, and whoever stopped the station would wait for it.
#[test]
fn what_the_answer_to_the_last_heartbeat_wants_is_left_to_the_next_run() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let control = Control::new(&format!("http://{}", listener.local_addr().unwrap()), "t");
    let bays = OneBay::new();
    let heart = Arc::clone(&bays) as Arc<dyn Heart>;
    let heartbeats = Heartbeats::start(origin(control), heart).unwrap();
    let mut server = Server::default();
    serve_one(&listener.accept().unwrap().0, &mut server);
    while heartbeats.last().is_none() {
        std::thread::yield_now();
    }
    server.order("o1", OrderVerb::Load);
    let last = std::thread::spawn(move || {
        serve_one(&listener.accept().unwrap().0, &mut server);
        server
    });
    drop(heartbeats);
    assert_eq!(last.join().unwrap().orders.len(), 1, "it comes again");
    assert_eq!(bays.effects.lock().unwrap().len(), 0);
}
