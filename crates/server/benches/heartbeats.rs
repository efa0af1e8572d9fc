//! How soon heartbeats are answered: `cargo xtask bench heartbeats`.
//!
//! A whole service on PostgreSQL, as many stations as are asked for, each with bays at work whose leases it keeps.
//! First each sends a heartbeat when it is due, at a time of its own as stations do that know nothing of each other,
//! then all send as fast as they are answered. Clients, service and database share the machine.

#![expect(clippy::unwrap_used, reason = "a benchmark that cannot be run fails")]
#![expect(clippy::print_stdout, reason = "it prints what it measured")]

#[path = "../tests/support/postgres.rs"]
mod postgres;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use futures::stream::{self, StreamExt as _};
use model::actor::Actor;
use model::bay::{BayState, BayStatus};
use model::control::{LeaseState, LeaseToken, PROTOCOL_VERSION, Renewal, Tally};
use model::custody::Custody;
use model::device::{Connector, DeviceFacts};
use model::heartbeat::{Heartbeat, HeartbeatAnswer, HostFacts};
use model::ids::{AccountId, BayName, Boot, JobId, JobType, PortId, StationName};
use model::job::Job;
use model::loading::Figures;
use model::presence::EVERY_SECONDS;
use model::progress::Progress;
use model::time::{Clock as _, SystemClock};
use postgres::PrivatePostgres;
use server::access::BearerToken;
use server::config::{Config, Overrides};
use server::jobstore::JobStore;
use server::service::Service;
use sha2::{Digest as _, Sha256};

/// Connections; stations share them, for each is idle nearly all the time.
const CONNECTIONS: usize = 64;

/// Writes at once while everything is made.
const MADE_AT_ONCE: usize = 16;

/// A station with its leases.
struct Dock {
    name: StationName,
    token: BearerToken,
    leases: Vec<(JobId, LeaseToken)>,
    seq: u64,
    /// When in the time between two heartbeats it sends, as a share of that time.
    phase: f64,
}

/// A connection that is kept.
struct Client(BufReader<TcpStream>);

fn main() {
    let words = std::env::args().skip(1).filter(|word| word != "--bench");
    let words: Vec<usize> = words.map(|word| word.parse().unwrap()).collect();
    let asked = |place: usize, default: usize| words.get(place).copied().unwrap_or(default);
    let (stations, bays, seconds) = (asked(0, 1000), asked(1, 8), asked(2, 60));
    let Some(database) = PrivatePostgres::start() else {
        return;
    };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    let overrides = Overrides {
        data: Some(folder.path().join("data")),
        listen: Some(any),
        embedded_listen: Some(any),
        ..Overrides::default()
    };
    let settings = format!(
        "[database]\nurl = {:?}\n",
        database.create_database("bench")
    );
    let config = Config::parse("settings".as_ref(), &settings, &overrides).unwrap();
    let service = runtime
        .block_on(Service::start(&config, Arc::new(SystemClock)))
        .unwrap();
    let docks = runtime.block_on(made(service.jobs(), stations, bays));
    println!("{stations} stations with {bays} bays at work each");
    println!();
    println!("| Heartbeats | Number | A second | p50 | p99 | longest |");
    println!("| --- | --: | --: | --: | --: | --: |");
    let wanted = Duration::from_secs(EVERY_SECONDS.into());
    let (api, end) = (service.api_addr, Duration::from_secs(seconds as u64));
    let docks = measured("when due", api, docks, Some(wanted), end);
    measured("as fast as answered", api, docks, None, end / 3);
    runtime.block_on(service.stop());
}

/// Stations, each with the leases of as many jobs as it has bays.
async fn made(jobs: Arc<dyn JobStore>, stations: usize, bays: usize) -> Vec<Dock> {
    let made = (0..stations).map(|number| made_one(Arc::clone(&jobs), number, bays));
    stream::iter(made)
        .buffer_unordered(MADE_AT_ONCE)
        .collect()
        .await
}

async fn made_one(jobs: Arc<dyn JobStore>, number: usize, bays: usize) -> Dock {
    let (name, token) = (
        StationName::new(format!("dock-{number:04}")).unwrap(),
        BearerToken::draw(),
    );
    let now = SystemClock.now();
    jobs.put_station(&name, token.sha256(), &Actor::Service, now)
        .await
        .unwrap();
    let mut leases = Vec::new();
    for bay in 0..bays {
        let entropy = ((number * bays + bay) as u64).to_le_bytes();
        let account = AccountId::new("123456789012").unwrap();
        let mut job = Job::open(
            JobId::from_entropy(entropy),
            account,
            JobType::Import,
            String::new(),
            now,
        );
        let (station, since, device) = (name.clone(), now, None);
        job.custody = Custody::AtStation {
            station,
            since,
            device,
        };
        job.progress = Progress::InProgress { since };
        jobs.insert_job(&job, &Actor::Service, None).await.unwrap();
        let lease = LeaseToken(format!("{number:016x}{bay:016x}"));
        let until = now.plus_seconds(600);
        jobs.claim_lease(job.id, &name, &lease, now, until)
            .await
            .unwrap();
        leases.push((job.id, lease));
    }
    Dock {
        name,
        token,
        leases,
        seq: 0,
        phase: phase(number),
    }
}

/// Anywhere from 0 to 1, by the bits of a hash: some heartbeats come close upon each other, as they do by chance.
fn phase(number: usize) -> f64 {
    let digest = Sha256::digest(number.to_le_bytes());
    f64::from(u16::from_le_bytes([digest[0], digest[1]])) / 65_536.0
}

/// Lets all stations send until the end, each `every` so often if that is said, and prints a line of the table.
fn measured(
    title: &str,
    api: SocketAddr,
    docks: Vec<Dock>,
    every: Option<Duration>,
    end: Duration,
) -> Vec<Dock> {
    let mut shares: Vec<Vec<Dock>> = (0..CONNECTIONS).map(|_| Vec::new()).collect();
    for (number, dock) in docks.into_iter().enumerate() {
        shares[number % CONNECTIONS].push(dock);
    }
    let begun = Instant::now();
    let threads: Vec<_> = shares
        .into_iter()
        .map(|share| thread::spawn(move || send(api, share, every, end)))
        .collect();
    let (mut docks, mut taken) = (Vec::new(), Vec::new());
    for thread in threads {
        let (share, times) = thread.join().unwrap();
        docks.extend(share);
        taken.extend(times);
    }
    let elapsed = begun.elapsed().as_secs_f64();
    taken.sort_unstable();
    let at = |percent: usize| taken[(taken.len() - 1) * percent / 100].as_secs_f64() * 1000.0;
    println!(
        "| {title} | {} | {:.0} | {:.1} ms | {:.1} ms | {:.1} ms |",
        taken.len(),
        taken.len() as f64 / elapsed,
        at(50),
        at(99),
        at(100),
    );
    docks
}

/// Sends the heartbeats of the stations that share a connection. What is `every` so often is timed from when it was
/// due, so that one that waits for another is as late as its station sees it.
fn send(
    api: SocketAddr,
    mut docks: Vec<Dock>,
    every: Option<Duration>,
    end: Duration,
) -> (Vec<Dock>, Vec<Duration>) {
    docks.sort_by(|a, b| a.phase.total_cmp(&b.phase));
    let (mut client, begun, mut taken) = (Client::connect(api), Instant::now(), Vec::new());
    let rounds = if docks.is_empty() { 0..0 } else { 0..u32::MAX };
    'sending: for round in rounds {
        for dock in &mut docks {
            let due = every.map(|every| every * round + every.mul_f64(dock.phase));
            if due.unwrap_or_else(|| begun.elapsed()) >= end {
                break 'sending;
            }
            let request = dock.request();
            let sent = match due {
                Some(due) => {
                    thread::sleep(due.saturating_sub(begun.elapsed()));
                    begun + due
                }
                None => Instant::now(),
            };
            let answer = client.send(&request);
            taken.push(sent.elapsed());
            let answer: HeartbeatAnswer = serde_json::from_slice(&answer).unwrap();
            assert_eq!(answer.leases.len(), dock.leases.len());
            assert!(answer.leases.iter().all(|it| it.state == LeaseState::Held));
        }
    }
    (docks, taken)
}

impl Dock {
    /// The next heartbeat, as HTTP has it.
    fn request(&mut self) -> Vec<u8> {
        self.seq += 1;
        let now = SystemClock.now();
        let figures = Figures {
            tally: Tally {
                stored: self.seq * 100,
                bytes: self.seq * 250_000_000,
                ..Tally::default()
            },
            current: Some("photos/2009/summer/img_0412.jpg".to_owned()),
            found: 50_000,
            found_bytes: 1_000_000_000_000,
            found_all: true,
            sent_bytes: self.seq * 250_000_000,
            rate: Some(50_000_000),
            seconds_left: Some(18_000),
        };
        let bay = |number: usize, job: JobId| BayStatus {
            state: BayState::Loading,
            sentence: figures.to_string(),
            medium: Some(format!("sd{number}")),
            device: Some(DeviceFacts {
                maker: Some("Samsung".to_owned()),
                model: Some("PSSD T7".to_owned()),
                serial: Some("S5TXNF0R".to_owned()),
                wwn: Some("eui.0025385a11b2c3d4".to_owned()),
                bytes: Some(1_000_204_886_016),
                connector: Some(Connector::Usb),
                ..DeviceFacts::default()
            }),
            job: Some(job),
            attempt: Some(1),
            figures: Some(figures.clone()),
            ..BayStatus::empty(
                BayName::new(format!("B{number}")).unwrap(),
                PortId::new(format!("pci-0000:00:14.0/usb3-2.{number}")).unwrap(),
                now,
            )
        };
        let renewal = |(job, lease): &(JobId, LeaseToken)| Renewal {
            version: model::control::PROTOCOL_VERSION,
            job: *job,
            lease: lease.clone(),
            figures: figures.clone(),
        };
        let jobs = self.leases.iter().enumerate();
        let body = Heartbeat {
            version: PROTOCOL_VERSION,
            station: self.name.clone(),
            boot: Boot::new("00ff00ff00ff00ff").unwrap(),
            seq: self.seq,
            release: env!("CARGO_PKG_VERSION").to_owned(),
            clock: now,
            bays: jobs.map(|(number, (job, _))| bay(number, *job)).collect(),
            others: Vec::new(),
            leases: self.leases.iter().map(renewal).collect(),
            done: Vec::new(),
            stores: Vec::new(),
            host: HostFacts::default(),
            metrics: None,
        }
        .message();
        let head = format!(
            "POST /station/v1/heartbeat HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer {}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n",
            self.token.expose(),
            body.len()
        );
        [head.into_bytes(), body].concat()
    }
}

impl Client {
    fn connect(api: SocketAddr) -> Self {
        let stream = TcpStream::connect(api).unwrap();
        stream.set_nodelay(true).unwrap();
        Self(BufReader::new(stream))
    }

    /// Sends a request, and gives the body of its answer, which must be 200.
    fn send(&mut self, request: &[u8]) -> Vec<u8> {
        self.0.get_mut().write_all(request).unwrap();
        let (mut lines, mut length) = (0_usize, 0);
        loop {
            let mut line = String::new();
            self.0.read_line(&mut line).unwrap();
            let line = line.trim_end();
            assert!(lines > 0 || line.starts_with("HTTP/1.1 200"), "{line:?}");
            lines += 1;
            match line.split_once(':') {
                _ if line.is_empty() => break,
                Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                    length = value.trim().parse().unwrap();
                }
                _ => {}
            }
        }
        let mut body = vec![0; length];
        self.0.read_exact(&mut body).unwrap();
        body
    }
}
