//! One run: jobs from CreateJob to their ends, through every storm their seed holds.

use std::sync::Arc;
use std::thread;

use model::ids::{BucketName, ObjectKey};
use model::progress::Progress;
use model::time::{ManualClock, Timestamp};
use station::dock::DockError;

use crate::chance::Chance;
use crate::consignment::Consignment;
use crate::diary::Diary;
use crate::ending;
use crate::host::Host;
use crate::oracle;
use crate::scenario::Scenario;
use crate::scene::{BUCKETS, FOREIGN, Office, buckets, settings};
use crate::service::{LEASE_SECONDS, Server};
use crate::stock::Stock;
use crate::trouble::Trouble;
use crate::yard::{Call, Ended, Yard, chain};

/// Rounds in fair weather after which every job must be over.
const CALM: u32 = 4;

/// Seconds that pass between these: what was tried in vain and is on hold is tried again by then at the latest.
const LONGEST_WAIT: i64 = 60 * 60;

/// What the numbers of a job's attempts are apart from those of the next.
const ATTEMPTS: u32 = 100;

/// What the number of an attempt that takes a job over is above that of the one that is held up.
const SECOND: u32 = 50;

/// What a run came to, for those who ask whether it was worth its time.
#[derive(Debug, Clone, Copy, Default)]
pub struct Summary {
    /// Times a device was docked.
    pub attempts: u32,
    /// Times a station was killed.
    pub kills: u32,
    /// Times a job was taken over while its station was held up.
    pub take_overs: u32,
    /// Jobs that their customers canceled.
    pub canceled: u32,
}

/// Everything there is in one run.
pub struct World {
    yard: Yard,
    consignments: Vec<Consignment>,
    /// Hosts that are gone for good.
    lost: Vec<usize>,
    is_busy: bool,
    summary: Summary,
    // Held: the folder goes when it does.
    _folder: tempfile::TempDir,
}

impl World {
    /// The world of a seed, before any device arrives.
    #[must_use]
    pub fn new(seed: u64, scenario: &Scenario, diary: Arc<Diary>) -> Self {
        let chance = Chance::new(seed);
        diary.note(format_args!("seed {seed}: {scenario:?}"));
        let folder = tempfile::tempdir().expect("a folder can be made");
        let clock = Arc::new(ManualClock::at(Timestamp::from_unix(1_600_000_000)));
        let server = Server::start(
            &folder.path().join("data"),
            Arc::clone(&clock),
            &BUCKETS,
            &scenario.image_settings(),
        );
        let hosts = (1..=scenario.hosts)
            .map(|number| Host::new(&server, folder.path(), &format!("dock-{number}")));
        let hosts = hosts.map(Arc::new).collect();
        let settings = settings(chance.of("settings"));
        let office = Office {
            server: &server,
            folder: folder.path(),
            settings: &settings,
            is_shared: scenario.is_busy(),
            diary: &diary,
        };
        let consignments: Vec<_> = (0..)
            .zip(&scenario.jobs)
            .map(|(index, work)| office.consign(*work, index, fate(chance, scenario, index)))
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
        Self {
            yard,
            consignments,
            lost: Vec::new(),
            is_busy: scenario.is_busy(),
            summary: Summary::default(),
            _folder: folder,
        }
    }

    /// Docks the devices until all jobs are over, and looks at everything.
    pub fn run(mut self) -> Summary {
        let storms = self.yard.chance.of("storms").below(7);
        let storms = u32::try_from(storms).expect("it is below 7");
        for round in 1..=storms + CALM {
            let docked = self.dock_all(round, storms);
            self.check_so_far();
            for (index, ended) in docked {
                self.settle(index, &ended, round, storms);
            }
            if self.consignments.iter().all(|job| job.is_over) {
                self.check_uploads();
                return self.summary;
            }
        }
        self.wrong("a job never ends");
        self.summary
    }

    /// Docks every device whose job is open, all at once.
    fn dock_all(&self, round: u32, storms: u32) -> Vec<(usize, Vec<Ended>)> {
        let open = (0..).zip(&self.consignments).filter(|(_, c)| !c.is_over);
        thread::scope(|scope| {
            let dockings: Vec<_> = open
                .map(|(index, consignment)| {
                    let [first, second] = self.calls(consignment, round, storms);
                    (
                        index,
                        scope.spawn(move || self.yard.dock(consignment, first, second)),
                    )
                })
                .collect();
            let joined = dockings.into_iter();
            joined
                .map(|(index, docking)| (index, docking.join().expect("a docking ends")))
                .collect()
        })
    }

    /// How a device is docked in a round, and how at another host if it is held up.
    fn calls(&self, consignment: &Consignment, round: u32, storms: u32) -> [Call; 2] {
        let number = round + ATTEMPTS * consignment.index;
        let other = self.other_host(consignment, round);
        let first = Call {
            number,
            host: consignment.host,
            other,
            trouble: self.trouble(consignment, round, storms),
        };
        let mut trouble = self.trouble(consignment, round + SECOND, storms + SECOND);
        trouble.pause = None;
        let second = Call {
            number: number + SECOND,
            host: other,
            other: consignment.host,
            trouble,
        };
        [first, second]
    }

    /// A host that is there, and not the one where the device is.
    fn other_host(&self, consignment: &Consignment, round: u32) -> usize {
        let is_there = |host: &usize| *host != consignment.host && !self.lost.contains(host);
        let others: Vec<_> = (0..self.yard.hosts.len()).filter(is_there).collect();
        match others[..] {
            [] => consignment.host,
            _ => consignment.chance.of(("other", round)).pick(&others),
        }
    }

    fn trouble(&self, consignment: &Consignment, round: u32, storms: u32) -> Trouble {
        if round > storms {
            return Trouble::default();
        }
        let steps = consignment.shipment.steps();
        let chance = consignment.chance.of(("storm", round));
        let mut trouble = Trouble::storm(chance, steps);
        if round == 1 && consignment.chance.of("cancel").one_in(16) {
            trouble.cancel = Some(1 + chance.of("cancel").below(steps));
        }
        if self.is_busy {
            trouble.of_many(chance, steps);
        }
        trouble
    }

    /// Looks at how a device's docking ended, and decides where it goes next.
    fn settle(&mut self, index: usize, ended: &[Ended], round: u32, storms: u32) {
        for ended in ended {
            self.summary.attempts += 1;
            self.summary.kills += u32::from(ended.attempt.is_dead());
        }
        self.summary.take_overs += u32::from(ended.len() > 1);
        self.check_attempts(index);
        let (job, _) = self.yard.server.job(self.consignments[index].job);
        if job.progress.is_terminal() {
            self.consignments[index].is_over = true;
            return self.check_end(index, ended);
        }
        for ended in ended {
            let is_formatted = self.format_if_strange(index, ended);
            let is_wrong = ended.result.is_ok() || (round > storms && !is_formatted);
            if is_wrong {
                let result = ended.result.as_ref().map_err(|error| chain(error));
                self.wrong(format_args!(
                    "attempt {} does not end the job: {result:?}",
                    ended.attempt.number
                ));
            }
            self.between(index, ended, round >= storms);
        }
    }

    /// Formats a device that a host does not know, as an operator does; says whether it was one.
    fn format_if_strange(&mut self, index: usize, ended: &Ended) -> bool {
        let consignment = &mut self.consignments[index];
        let is_strange = matches!(ended.result, Err(DockError::NotEmpty { .. }));
        if !is_strange || !consignment.is_estranged {
            return false;
        }
        consignment.shipment.format();
        consignment.is_estranged = false;
        ended.attempt.note("the device is formatted");
        true
    }

    /// What happens between two attempts.
    fn between(&mut self, index: usize, ended: &Ended, is_calm: bool) {
        let (attempt, host) = (&ended.attempt, ended.host);
        let chance = attempt.chance.of("between");
        let consignment = &self.consignments[index];
        let folder = &self.yard.hosts[host].folder;
        let of_job = folder.join("jobs").join(consignment.job.as_str());
        if attempt.is_dead() && chance.of("index").one_in(3) {
            let file = of_job.join("index");
            if file.exists() {
                let garbage = chance.of("index").noise(5000);
                std::fs::write(file, garbage).expect("the folder can be written");
                attempt.note("the index is garbage");
            }
        }
        // Of a host with several devices only what it kept of this one is lost.
        let kept = if self.is_busy { &of_job } else { folder };
        let is_lost = chance.of("lost").one_in(8);
        if is_lost && kept.exists() {
            std::fs::remove_dir_all(kept).expect("the folder can be removed");
            attempt.note(format_args!(
                "{} lost its folder",
                self.yard.hosts[host].name
            ));
            self.consignments[index].is_estranged = true;
        }
        if is_calm {
            self.yard.clock.advance(LONGEST_WAIT);
        } else if chance.of("time").one_in(2) {
            self.yard.clock.advance(i64::from(LEASE_SECONDS) + 1);
        }
        let is_lost_for_good = self.is_busy && attempt.is_dead() && chance.of("host").one_in(4);
        if is_lost_for_good && self.lost.len() + 2 < self.yard.hosts.len() {
            attempt.note(format_args!(
                "{} is lost for good",
                self.yard.hosts[host].name
            ));
            self.lost.push(host);
        }
        let moves = chance.of("moves").one_in(if is_lost { 2 } else { 6 });
        self.move_device(index, host, moves, attempt.number);
    }

    /// Brings the device to the next host, where it has to go on or is to.
    fn move_device(&mut self, index: usize, host: usize, moves: bool, round: u32) {
        let consignment = &mut self.consignments[index];
        consignment.is_estranged |= consignment.host != host;
        consignment.host = host;
        if moves || self.lost.contains(&host) {
            self.consignments[index].host = self.other_host(&self.consignments[index], round);
            self.consignments[index].is_estranged = true;
        }
    }

    /// Attempts only grow, whoever claims the job.
    fn check_attempts(&mut self, index: usize) {
        let consignment = &mut self.consignments[index];
        let lease = self.yard.server.lease(consignment.job);
        let attempt = lease.map_or(0, |lease| lease.attempt);
        let before = std::mem::replace(&mut consignment.attempt, attempt);
        if attempt < before {
            self.wrong(format_args!("attempt {attempt} came after {before}"));
        }
    }

    fn check_so_far(&self) {
        for consignment in &self.consignments {
            for wrong in consignment.shipment.check_so_far(&self.yard.stock) {
                self.wrong(wrong);
            }
            let report = ending::report(&self.yard.stock, consignment);
            for wrong in report
                .iter()
                .flat_map(|text| consignment.shipment.check_report(text))
            {
                self.wrong(wrong);
            }
        }
        for wrong in ending::check_strangers(&self.yard.stock, &self.consignments) {
            self.wrong(wrong);
        }
    }

    /// The job that an object belongs to.
    fn owner(&self, bucket: &BucketName, key: &ObjectKey) -> Option<&Consignment> {
        let mut consignments = self.consignments.iter();
        consignments.find(|consignment| consignment.shipment.owns(bucket, key))
    }

    fn check_end(&mut self, index: usize, ended: &[Ended]) {
        let consignment = &self.consignments[index];
        let (job, history) = self.yard.server.job(consignment.job);
        for wrong in oracle::check_history(consignment.job, &job, &history) {
            self.wrong(wrong);
        }
        let completed = ended.iter().filter(|ended| ended.result.is_ok()).count();
        if completed > 1 {
            self.wrong(format_args!("{completed} stations completed the job"));
        }
        self.check_denied(index);
        match job.progress {
            Progress::Finished { errors, .. } => {
                for wrong in ending::check_finished(&self.yard, consignment, errors) {
                    self.wrong(wrong);
                }
                // The one that was held up comes last.
                let is_outlived = ended.len() > 1 && ended.iter().any(|e| e.attempt.is_dead());
                self.consignments[index].may_leave = is_outlived;
                self.check_experiments(index, ended);
            }
            Progress::Canceled { .. } => {
                self.summary.canceled += 1;
                let is_fair = |trouble: &Trouble| *trouble == trouble.of_the_customer();
                // A canceled job is not docked again: only who still can cleans up.
                self.consignments[index].may_leave =
                    !ended.iter().all(|e| is_fair(&e.attempt.trouble));
            }
            other => self.wrong(format_args!("the job ended as {other:?}")),
        }
    }

    /// Experiments of an account that may not remove objects stay.
    fn check_experiments(&self, index: usize, ended: &[Ended]) {
        let consignment = &self.consignments[index];
        let is_denied = ended.iter().any(|e| e.attempt.trouble.denied.is_some());
        if is_denied || consignment.may_leave {
            return;
        }
        for wrong in ending::check_experiments(&self.yard.stock, consignment) {
            self.wrong(wrong);
        }
    }

    /// Only what others have begun is open, and what nobody could put away.
    fn check_uploads(&self) {
        let is_left = self.consignments.iter().any(|job| job.may_leave);
        let may_stay = |bucket: &BucketName, key: &str| {
            let key = ObjectKey::new(key).expect("it is one");
            self.owner(bucket, &key)
                .map_or(is_left, |job| job.may_leave)
        };
        for wrong in ending::check_uploads(&self.yard.stock, FOREIGN, may_stay) {
            self.wrong(wrong);
        }
    }

    /// A job that is over is not loaded again.
    fn check_denied(&self, index: usize) {
        let consignment = &self.consignments[index];
        let before = self.yard.stock.contents();
        let call = Call {
            number: 10 * ATTEMPTS + consignment.index,
            host: self.other_host(consignment, 0),
            other: consignment.host,
            trouble: Trouble::default(),
        };
        for ended in self.yard.dock(consignment, call, call) {
            if !matches!(ended.result, Err(DockError::Denied { .. })) {
                let is_ok = ended.result.is_ok();
                self.wrong(format_args!("a job that is over was loaded: {is_ok}"));
            }
        }
        if before != self.yard.stock.contents() {
            self.wrong("a denied device changed a bucket");
        }
    }

    fn wrong(&self, what: impl std::fmt::Display) {
        self.yard.diary.violation(what);
    }
}

/// Where the fate of a job comes from: of one that is alone, from the seed itself.
fn fate(chance: Chance, scenario: &Scenario, index: u32) -> Chance {
    match scenario.is_busy() {
        true => chance.of(("job", index)),
        false => chance,
    }
}
