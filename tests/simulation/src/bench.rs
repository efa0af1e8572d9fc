//! Benches: stations that watch sockets by themselves, into which disks are plugged and from which they are pulled while
//! they are loaded, and people who say what is to become of bays, jobs and stations: in front of them, or from afar by the
//! answers to heartbeats.
//!
//! A day in bad weather, in which processes are killed and stopped as well, and then a fair one in which every job must come
//! to its end. What must be true beyond the sentence of a run of dockings: *no device is written to, and no job ends but by
//! its customer, its data or a lead*.

mod ears;
mod sockets;
mod watchman;
mod wishes;

use std::path::PathBuf;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use model::bay::BayStatus;
use model::ids::JobId;
use model::order::OrderVerb;
use model::progress::Progress;
use model::time::{ManualClock, Timestamp};

use crate::attempt::Attempt;
use crate::chance::Chance;
use crate::consignment::Consignment;
use crate::diary::Diary;
use crate::ending;
use crate::host::Host;
use crate::oracle;
use crate::scenario::Work;
use crate::scene::{BUCKETS, FOREIGN, Office, buckets, settings};
use crate::service::{LEASE_SECONDS, Server};
use crate::stock::Stock;
use crate::trouble::Trouble;
use crate::volume;
use crate::world::Summary;
use crate::yard::Yard;
use sockets::{Sent, Slots, fresh};
use watchman::Watchman;
use wishes::{Wish, whence};

/// Hosts with a bench.
const HOSTS: usize = 2;

/// What happens on a bad day, one after the other.
const EVENTS: u64 = 28;

/// How long a fair day may take. Most take less than two seconds, and twenty times as long beside all other tests on a host
/// that is busy otherwise.
const FAIR_DAY: Duration = Duration::from_secs(180);

/// How often a person looks at the bays on a fair day.
const ROUND: Duration = Duration::from_millis(50);

/// How often it is noted how all bays are, on a fair day that takes long.
const TOLD_EVERY: Duration = Duration::from_secs(5);

/// Rounds in which time stands still: an order is not told any more when it is ten minutes old.
const STILL: u32 = 8;

/// Seconds in which whatever was tried in vain and is on hold is tried again.
const LONGEST_WAIT: i64 = 60 * 60;

/// A run with benches.
pub struct Room {
    yard: Yard,
    consignments: Vec<Consignment>,
    slots: Vec<Arc<Slots>>,
    /// Who watches each host, from start to end of its process.
    watchmen: Vec<Watchman>,
    canceled: Vec<JobId>,
    summary: Summary,
    /// Gone with the room.
    folder: tempfile::TempDir,
}

impl Room {
    /// The room of a seed, before any disk arrives. `None` where the tools are missing that make disks.
    #[must_use]
    pub fn new(seed: u64, diary: Arc<Diary>) -> Option<Self> {
        if volume::all().is_empty() {
            return None;
        }
        let chance = Chance::new(seed).of("bench");
        let folder = tempfile::tempdir().expect("a folder can be made");
        let clock = Arc::new(ManualClock::at(Timestamp::from_unix(1_600_000_000)));
        let data = folder.path().join("data");
        let server = Server::start(&data, Arc::clone(&clock), &BUCKETS, "");
        let hosts = (1..=HOSTS)
            .map(|number| Arc::new(Host::new(&server, folder.path(), &format!("dock-{number}"))));
        let hosts: Vec<_> = hosts.collect();
        let settings = settings(chance.of("settings"));
        let office = Office {
            server: &server,
            folder: folder.path(),
            settings: &settings,
            is_shared: true,
            diary: &diary,
        };
        let jobs = 2 + u32::try_from(chance.of("jobs").below(3)).expect("it is below 3");
        let consignments: Vec<_> = (0..jobs)
            .map(|index| office.consign(Work::Disk, index, chance.of(("job", index))))
            .collect();
        let stock = Stock::new(buckets(&consignments, &clock));
        let yard = Yard {
            chance,
            diary,
            clock,
            server: Arc::new(server),
            hosts,
            settings,
            stock,
        };
        let slots =
            (0..HOSTS).map(|host| Arc::new(Slots::new(&folder.path().join(format!("dev-{host}")))));
        Some(Self {
            yard,
            consignments,
            slots: slots.collect(),
            watchmen: Vec::new(),
            canceled: Vec::new(),
            summary: Summary::default(),
            folder,
        })
    }

    /// A bad day, a fair one, and a look at everything.
    pub fn run(mut self) -> Summary {
        for host in 0..HOSTS {
            let trouble = self.trouble(host, 0);
            let watchman = Watchman::start(
                &self.yard,
                host,
                &self.slots[host],
                self.ways(),
                (0, trouble),
            );
            self.watchmen.push(watchman);
        }
        for event in 0..EVENTS {
            let chance = self.yard.chance.of(("event", event));
            self.happen(chance);
            thread::sleep(Duration::from_millis(chance.of("pause").below(40)));
            self.replace_the_dead(event);
        }
        self.stop_all();
        self.check_so_far();
        self.fair_day();
        self.stop_all();
        self.check_end();
        self.summary
    }

    /// The ways to all disks.
    fn ways(&self) -> sockets::Ways {
        let of = |consignment: &Consignment| {
            let disk = self.disk_of(consignment).canonicalize();
            disk.expect("the disk is there")
        };
        self.consignments
            .iter()
            .map(|consignment| (of(consignment), sent(consignment)))
            .collect()
    }

    /// The file that stands for the disk of a job.
    fn disk_of(&self, consignment: &Consignment) -> PathBuf {
        let name = format!("device-{}", consignment.index);
        self.folder.path().join(name).join("disk.img")
    }

    fn trouble(&self, host: usize, number: u32) -> Trouble {
        let chance = self.yard.chance.of(("storm", host, number));
        let steps = self.consignments.iter().map(|it| it.shipment.steps()).sum();
        // What befalls a device, a job or its lease is this room's own doing.
        Trouble {
            usurp: None,
            pause: None,
            cancel: None,
            pull: None,
            dies: None,
            ..Trouble::storm(chance, steps)
        }
    }

    /// One thing happens.
    fn happen(&mut self, chance: Chance) {
        let index = chance.of("which").index(self.consignments.len());
        let host = chance.of("host").index(HOSTS);
        match chance.of("what").below(20) {
            0..=6 => self.plug(index, host),
            7..=9 => self.pull(index),
            10..=12 => self.order(host, chance.of("order")),
            13 => self.hold(index),
            14 => self.resume(index),
            15 => self.yard.clock.advance(i64::from(LEASE_SECONDS) + 1),
            16 => self.drain(host, chance.of("drain").one_in(2)),
            17 if chance.of("revoke").one_in(3) => self.revoke(host),
            18 if chance.of("cancel").one_in(8) => self.cancel(index),
            _ => {}
        }
    }

    fn note(&self, line: impl std::fmt::Display) {
        self.yard.diary.note(line);
    }

    /// Plugs a disk in, which is nowhere else afterwards.
    fn plug(&self, index: usize, host: usize) {
        self.pull(index);
        let consignment = &self.consignments[index];
        let name = self.slots[host].plug(consignment.index, &self.disk_of(consignment));
        let (job, host) = (consignment.job, &self.yard.hosts[host].name);
        self.note(format_args!(
            "the disk of job {job} is plugged in at {host} as {name}"
        ));
    }

    fn pull(&self, index: usize) {
        let consignment = &self.consignments[index];
        for slots in &self.slots {
            if slots.pull(consignment.index) {
                self.note(format_args!(
                    "the disk of job {} is pulled",
                    consignment.job
                ));
            }
        }
    }

    fn order(&self, host: usize, chance: Chance) {
        let bays = self.watchmen[host].statuses();
        if bays.is_empty() {
            return;
        }
        let bay = &bays[chance.of("bay").index(bays.len())];
        let verbs = [
            OrderVerb::Look,
            OrderVerb::Load,
            OrderVerb::Stop,
            OrderVerb::Remove,
        ];
        let verb = chance.of("verb").pick(&verbs);
        let whence = whence(chance.of("whence"));
        let done = self.wish(Wish::Order(verb), host, &bay.name, whence);
        self.note(format_args!("{} in {}: {done}", bay.state, bay.name));
    }

    fn hold(&self, index: usize) {
        let job = self.consignments[index].job;
        let done = self.yard.server.hold(job);
        self.note(format_args!("job {job} is put on hold: {done}"));
    }

    fn resume(&self, index: usize) {
        let job = self.consignments[index].job;
        let done = self.yard.server.resume(job);
        self.note(format_args!("job {job} is let go on: {done}"));
    }

    fn drain(&self, host: usize, is_drained: bool) {
        let name = &self.yard.hosts[host].name;
        self.yard.server.drain(name, is_drained);
        self.note(format_args!("{name} is drained: {is_drained}"));
    }

    /// Takes a station's right away, and gives it a new one at its next start.
    fn revoke(&mut self, host: usize) {
        let name = self.yard.hosts[host].name.clone();
        self.note(format_args!("{name} is revoked"));
        self.yard.server.revoke(&name);
        let token = self.yard.server.admit(&name);
        let folder = self.yard.hosts[host].folder.clone();
        self.yard.hosts[host] = Arc::new(Host {
            name,
            token,
            folder,
        });
        self.watchmen[host].is_to_stop = true;
    }

    fn cancel(&mut self, index: usize) {
        let job = self.consignments[index].job;
        if self.yard.server.cancel(job) {
            self.note(format_args!("the customer cancels job {job}"));
            self.canceled.push(job);
            self.consignments[index].may_leave = true;
        }
    }

    /// Starts a process anew that was killed, or was told to stop.
    fn replace_the_dead(&mut self, event: u64) {
        for host in 0..HOSTS {
            if !self.watchmen[host].is_over() {
                continue;
            }
            let number = 1 + u32::try_from(event).expect("there are few");
            let trouble = self.trouble(host, number);
            self.start(host, number, trouble);
        }
    }

    fn start(&mut self, host: usize, number: u32, trouble: Trouble) {
        self.end(host);
        let number = number + 100 * u32::try_from(host).expect("there are few");
        let (slots, ways) = (&self.slots[host], self.ways());
        self.watchmen[host] = Watchman::start(&self.yard, host, slots, ways, (number, trouble));
    }

    fn end(&mut self, host: usize) {
        self.summary.attempts += 1;
        self.summary.kills += u32::from(self.watchmen[host].end());
    }

    fn stop_all(&mut self) {
        (0..HOSTS).for_each(|host| self.end(host));
    }

    /// Nothing goes wrong any more, and people see to it that every job comes to its end.
    fn fair_day(&mut self) {
        self.note("a fair day");
        for host in 0..HOSTS {
            self.drain(host, false);
            self.start(host, 90, Trouble::default());
        }
        for index in 0..self.consignments.len() {
            self.resume(index);
            if !self
                .slots
                .iter()
                .any(|slots| slots.has(self.consignments[index].index))
            {
                self.plug(index, index % HOSTS);
            }
        }
        let begun = Instant::now();
        let (mut told, mut rounds) = (1, 0_u32);
        while self.is_any_open() {
            if begun.elapsed() > FAIR_DAY {
                return self.note("the fair day is over");
            }
            if begun.elapsed() > told * TOLD_EVERY {
                told += 1;
                self.tell_bays(begun.elapsed());
            }
            if rounds.is_multiple_of(STILL) {
                self.yard.clock.advance(LONGEST_WAIT);
            }
            rounds += 1;
            self.see_to_bays();
            thread::sleep(ROUND);
        }
    }

    /// Notes how all bays are, whatever they do.
    fn tell_bays(&self, after: Duration) {
        for watchman in &self.watchmen {
            for bay in watchman.statuses() {
                let BayStatus {
                    state,
                    name,
                    sentence,
                    ..
                } = &bay;
                self.note(format_args!(
                    "after {after:.0?} {state} in {name}: {sentence}"
                ));
            }
        }
    }

    fn is_any_open(&self) -> bool {
        let mut all = self.consignments.iter();
        all.any(|it| !self.yard.server.job(it.job).0.progress.is_terminal())
    }

    fn check_so_far(&self) {
        let stock = &self.yard.stock;
        for consignment in &self.consignments {
            let mut wrong = consignment.shipment.check_so_far(stock);
            let report = ending::report(stock, consignment);
            wrong.extend(
                report
                    .iter()
                    .flat_map(|text| consignment.shipment.check_report(text)),
            );
            wrong.extend(self.check_untouched(consignment));
            wrong
                .into_iter()
                .for_each(|it| self.yard.diary.violation(it));
        }
        for wrong in ending::check_strangers(stock, &self.consignments) {
            self.yard.diary.violation(wrong);
        }
    }

    /// Whatever becomes of its job, a disk is only read.
    fn check_untouched(&self, consignment: &Consignment) -> Option<String> {
        let is_touched = !consignment.shipment.is_untouched();
        is_touched.then(|| format!("the disk of job {} was written to", consignment.job))
    }

    /// What a bench did that has ended in order, its server knows of.
    fn check_orders(&self) {
        for (watchman, host) in self.watchmen.iter().zip(&self.yard.hosts) {
            let carried_out = watchman.carried_out();
            let unanswered = self.yard.server.unanswered(&host.name);
            for order in unanswered.iter().filter(|it| carried_out.contains(*it)) {
                self.yard.diary.violation(format_args!(
                    "order {order} was carried out, and is not answered"
                ));
            }
        }
    }

    fn check_end(&mut self) {
        self.check_so_far();
        self.check_orders();
        for consignment in &self.consignments {
            let (job, history) = self.yard.server.job(consignment.job);
            let mut wrong = oracle::check_history(consignment.job, &job, &history);
            match job.progress {
                Progress::Finished { errors, .. } => {
                    wrong.extend(ending::check_finished(&self.yard, consignment, errors));
                }
                Progress::Canceled { .. } if self.canceled.contains(&consignment.job) => {
                    self.summary.canceled += 1;
                }
                other => wrong.push(format!("job {} ended as {other:?}", consignment.job)),
            }
            wrong
                .into_iter()
                .for_each(|it| self.yard.diary.violation(it));
        }
        let may_stay = |bucket: &_, key: &str| {
            let key = fresh(key);
            let mut owners = self.consignments.iter();
            let owner = owners.find(|it| it.shipment.owns(bucket, &key));
            owner.is_none_or(|owner| owner.may_leave) && !self.canceled.is_empty()
        };
        for wrong in ending::check_uploads(&self.yard.stock, FOREIGN, may_stay) {
            self.yard.diary.violation(wrong);
        }
    }
}

fn sent(consignment: &Consignment) -> Sent {
    Sent {
        job: consignment.job,
        shipment: Arc::clone(&consignment.shipment),
    }
}

/// An attempt that nothing happens to but its own trouble.
fn attempt(yard: &Yard, number: u32, trouble: Trouble) -> Arc<Attempt> {
    let chance = yard.chance.of(("run", number));
    let diary = Arc::clone(&yard.diary);
    Arc::new(Attempt::new(number, chance, trouble, diary, |_| {}))
}
