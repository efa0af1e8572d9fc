//! One run: a job from CreateJob to its end, through every storm its seed holds.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use imagestore::services::AwsServices;
use model::control::{ClaimAnswer, ClaimRequest};
use model::ids::{BucketName, JobId, StationName};
use model::progress::{LogLocation, Progress};
use model::time::{ManualClock, Timestamp};
use objectstore::Bucket as _;
use objectstore::memory::MemoryBucket;
use station::control::Control;
use station::devices::HostDevices;
use station::dock::{DockError, Docking, Done, Station};
use transfer::resources::Resources;
use transfer::settings::Settings;

use crate::attempt::{Attempt, Meddling};
use crate::chance::Chance;
use crate::crash::Logs;
use crate::device::{Device, Kind};
use crate::diary::Diary;
use crate::network::Network;
use crate::oracle::{Contents, Oracle, contents};
use crate::report;
use crate::scene::{BUCKETS, FOREIGN, buckets, manifest, rules, settings};
use crate::service::{LEASE_SECONDS, Server};
use crate::store::{Buckets, Line, PROBE};
use crate::trouble::Trouble;

/// Attempts in fair weather after which a job must be over.
const CALM: u32 = 4;

/// What a run came to, for those who ask whether it was worth its time.
#[derive(Debug, Clone, Copy, Default)]
pub struct Summary {
    /// Times the device was docked.
    pub attempts: u32,
    /// Times the station was killed.
    pub kills: u32,
    /// Whether the customer canceled the job.
    pub was_canceled: bool,
}

/// A station's name, its token, and the folder of its host.
struct Host {
    name: StationName,
    token: String,
    folder: PathBuf,
}

/// Everything there is in one run.
pub struct World {
    chance: Chance,
    diary: Arc<Diary>,
    clock: Arc<ManualClock>,
    server: Arc<Server>,
    network: Network,
    hosts: Vec<Arc<Host>>,
    settings: Settings,
    job: JobId,
    signature: String,
    log: LogLocation,
    device: Device,
    buckets: Buckets,
    before: Contents,
    oracle: Oracle,
    summary: Summary,
    // Held: the folder goes when it does.
    _folder: tempfile::TempDir,
}

/// How an attempt ended, for the next one.
struct Ended {
    result: Result<Done, DockError>,
    attempt: Arc<Attempt>,
}

impl World {
    /// The world of a seed, before the device arrives.
    #[must_use]
    pub fn new(seed: u64, diary: Arc<Diary>) -> Self {
        let chance = Chance::new(seed);
        let folder = tempfile::tempdir().expect("a folder can be made");
        let clock = Arc::new(ManualClock::at(Timestamp::from_unix(1_600_000_000)));
        let server = Server::start(&folder.path().join("data"), Arc::clone(&clock), &BUCKETS);
        let hosts = ["dock-1", "dock-2"].map(|name| Arc::new(host(&server, folder.path(), name)));
        let manifest = manifest(chance.of("manifest"));
        let (job, signature) = server.create_job(&manifest);
        let (rules, log) = rules(&manifest, job);
        diary.note(format_args!(
            "seed {seed}, job {job}, manifest:\n{manifest}"
        ));
        let settings = settings(chance.of("settings"));
        let device = Device::generate(chance.of("device"), &signature, log.key.as_str());
        for thing in &device.things {
            diary.note(format_args!(
                "on the device: {}",
                told(&thing.path, &thing.kind)
            ));
        }
        let oracle = Oracle::new(&rules, &device, &log, &settings);
        let buckets = buckets(&rules, &device);
        let before = contents(&buckets[&rules.bucket]);
        let server = Arc::new(server);
        Self {
            chance,
            diary,
            clock,
            network: Network::new(Arc::clone(&server)),
            server,
            hosts: hosts.into(),
            settings,
            job,
            signature,
            log,
            device,
            buckets,
            before,
            oracle,
            summary: Summary::default(),
            _folder: folder,
        }
    }

    /// Docks the device until the job is over, and looks at everything.
    pub fn run(mut self) -> Summary {
        let storms = u32::try_from(self.chance.of("storms").below(7)).expect("it is below 7");
        let mut host = 0;
        for number in 1..=storms + CALM {
            let is_calm = number > storms;
            let ended = self.attempt(number, host, self.trouble(number, storms));
            self.summary.attempts += 1;
            self.summary.kills += u32::from(ended.attempt.is_dead());
            self.network.deliver_late();
            self.check_so_far();
            if self.is_over() {
                self.check_end(&ended.attempt);
                return self.summary;
            }
            if let (Ok(_), _) | (Err(_), true) = (&ended.result, is_calm) {
                let result = ended.result.map_err(|error| chain(&error));
                self.wrong(format_args!(
                    "attempt {number} does not end the job: {result:?}"
                ));
            }
            host = self.between(&ended.attempt, host, number >= storms);
        }
        self.wrong("the job never ends");
        self.summary
    }

    fn trouble(&self, number: u32, storms: u32) -> Trouble {
        if number > storms {
            return Trouble::default();
        }
        // Some hundred for the experiments on the store, some for each entry.
        let steps = 130 + 7 * u64::try_from(self.oracle.entries()).expect("it is small");
        let chance = self.chance.of(("storm", number));
        let mut trouble = Trouble::storm(chance, steps);
        if number == 1 && self.chance.of("cancel").one_in(16) {
            trouble.cancel = Some(1 + chance.of("cancel").below(steps));
        }
        trouble
    }

    fn attempt(&mut self, number: u32, host: usize, trouble: Trouble) -> Ended {
        let usurped = Arc::new(AtomicBool::new(false));
        let attempt = Arc::new(Attempt::new(
            number,
            self.chance.of(("attempt", number)),
            trouble,
            Arc::clone(&self.diary),
            self.meddler(1 - host, Arc::clone(&usurped)),
        ));
        let host = &self.hosts[host];
        attempt.note(format_args!("at {}: {trouble:?}", host.name));
        self.network.begin(&attempt);
        let station = Station {
            name: host.name.clone(),
            control: Control::new(&self.network.url(), &host.token),
            folder: host.folder.clone(),
            settings: self.settings,
            resources: Arc::new(Resources::new(&self.settings)),
            clock: Arc::<ManualClock>::clone(&self.clock),
            stores: Arc::new(Line {
                buckets: self.buckets.clone(),
                attempt: Arc::clone(&attempt),
            }),
            services: Arc::new(AwsServices::default()),
            devices: Arc::new(HostDevices),
            logs: Arc::new(Logs::new(Arc::clone(&attempt))),
        };
        let result = station.dock_tree(
            &self.device.docked(Arc::clone(&attempt)),
            Path::new(&format!("/media/disk-{number}")),
            &Docking::default(),
            &transfer::progress::Progress::default(),
            &attempt.stop,
        );
        match &result {
            Ok(done) => attempt.note(format_args!("done: {:?}", done.tally)),
            Err(error) => attempt.note(format_args!("ended: {}", chain(error))),
        }
        attempt.note(format_args!("took {} steps", attempt.steps()));
        if usurped.load(Ordering::SeqCst) && result.is_ok() {
            self.wrong("an attempt without its lease finished the job");
        }
        Ended { result, attempt }
    }

    /// Does what others do in the middle of an attempt.
    fn meddler(
        &self,
        other: usize,
        usurped: Arc<AtomicBool>,
    ) -> impl Fn(Meddling) + Send + Sync + use<> {
        let (server, clock) = (Arc::clone(&self.server), Arc::clone(&self.clock));
        let (host, diary) = (Arc::clone(&self.hosts[other]), Arc::clone(&self.diary));
        let (job, signature) = (self.job, STANDARD.encode(&self.signature));
        move |meddling| match meddling {
            Meddling::Usurp => {
                clock.advance(i64::from(LEASE_SECONDS) + 1);
                let control = Control::new(&format!("http://{}", server.address()), &host.token);
                let answer = control.claim(&ClaimRequest {
                    signature_file: Some(signature.clone()),
                    ..ClaimRequest::new(host.name.clone(), "/dev/other".to_owned())
                });
                let is_granted = matches!(answer, Ok(ClaimAnswer::Granted(_)));
                diary.note(format_args!("{} usurps the lease: {is_granted}", host.name));
                usurped.store(is_granted, Ordering::SeqCst);
            }
            Meddling::Cancel => {
                let is_canceled = server.cancel(job);
                diary.note(format_args!("the customer cancels: {is_canceled}"));
            }
        }
    }

    /// What happens between two attempts; says where the device is docked next.
    fn between(&self, attempt: &Attempt, host: usize, is_calm: bool) -> usize {
        let chance = attempt.chance.of("between");
        let folder = &self.hosts[host].folder;
        if attempt.is_dead() && chance.of("index").one_in(3) {
            let index = folder.join("jobs").join(self.job.as_str()).join("index");
            if index.exists() {
                let garbage = chance.of("index").noise(5000);
                std::fs::write(index, garbage).expect("the folder can be written");
                attempt.note("the index is garbage");
            }
        }
        let is_lost = chance.of("lost").one_in(8);
        if is_lost && folder.exists() {
            std::fs::remove_dir_all(folder).expect("the folder can be removed");
            attempt.note(format_args!("{} lost its folder", self.hosts[host].name));
        }
        if is_calm || chance.of("time").one_in(2) {
            self.clock.advance(i64::from(LEASE_SECONDS) + 1);
        }
        let moves = chance.of("moves").one_in(if is_lost { 2 } else { 6 });
        if moves { 1 - host } else { host }
    }

    fn is_over(&self) -> bool {
        let (job, _) = self.server.job(self.job);
        job.progress.is_terminal()
    }

    fn bucket(&self) -> &MemoryBucket {
        let name = BucketName::new(BUCKETS[0]).expect("a bucket name");
        &self.buckets[&name]
    }

    /// The report, if there is one.
    fn report(&self) -> Option<String> {
        let reports = contents(&self.buckets[&self.log.bucket]);
        let body = &reports.get(&self.log.key)?.body;
        // Of a file with the report's key in the bucket from before there is none.
        Some(String::from_utf8_lossy(body).into_owned())
    }

    fn check_so_far(&self) {
        for wrong in self.oracle.check_so_far(self.bucket(), &self.before) {
            self.wrong(wrong);
        }
        for wrong in self
            .report()
            .iter()
            .flat_map(|text| self.oracle.check_report(text))
        {
            self.wrong(wrong);
        }
    }

    fn check_end(&mut self, last: &Attempt) {
        let (job, history) = self.server.job(self.job);
        for wrong in self.oracle.check_history(self.job, &job, &history) {
            self.wrong(wrong);
        }
        self.check_denied();
        match job.progress {
            Progress::Finished { errors, .. } => {
                self.check_finished(errors);
                self.check_uploads();
                // Experiments of an account that may not remove objects stay.
                if last.trouble.denied.is_none() {
                    self.check_experiments();
                }
            }
            Progress::Canceled { .. } => {
                self.summary.was_canceled = true;
                // A canceled job is not docked again: only who still can cleans up.
                if last.trouble == last.trouble.of_the_customer() {
                    self.check_uploads();
                }
            }
            other => self.wrong(format_args!("the job ended as {other:?}")),
        }
    }

    fn check_finished(&self, errors: u64) {
        let Some(text) = self.report() else {
            return self.wrong("the job is finished and has no report");
        };
        let reports = contents(&self.buckets[&self.log.bucket]);
        for form in [".jsonl", ".txt"] {
            let key = format!("{}{form}", self.log.key);
            if !reports.keys().any(|there| there.as_str() == key) {
                self.wrong(format_args!(
                    "the job is finished and has no report `{key}`"
                ));
            }
        }
        let rows = report::parse(&text).unwrap_or_default();
        for wrong in self.oracle.check_bucket(self.bucket(), &self.before, &rows) {
            self.wrong(wrong);
        }
        let is_error = |row: &&report::Row| row.status != "200" && row.status != "103";
        let told = rows.iter().filter(is_error).count().to_string();
        let status = self.server.status(self.job);
        let code = if told == "0" {
            "Complete"
        } else {
            "SuccessWithErrors"
        };
        let (bucket, key) = (self.log.bucket.as_str(), self.log.key.as_str());
        let is_told =
            status.progress == code && status.errors == told && told == errors.to_string();
        if !is_told
            || status.location != "AtAWS"
            || (&*status.log_bucket, &*status.log_key) != (bucket, key)
        {
            self.wrong(format_args!(
                "GetStatus says {status:?}, the report has {told} errors"
            ));
        }
    }

    fn check_experiments(&self) {
        for (name, bucket) in &self.buckets {
            let left = contents(bucket).into_keys();
            let left: Vec<_> = left.filter(|key| key.as_str().contains(PROBE)).collect();
            if !left.is_empty() {
                self.wrong(format_args!("left of experiments in {name}: {left:?}"));
            }
        }
    }

    /// Only what others have begun is open.
    fn check_uploads(&self) {
        for (name, bucket) in &self.buckets {
            let open = bucket.list_uploads("").expect("memory lists");
            let ours: Vec<_> = open.iter().filter(|upload| upload.key != FOREIGN).collect();
            if !ours.is_empty() {
                self.wrong(format_args!("left open in {name}: {ours:?}"));
            }
            if open.len() - ours.len() != 1 {
                self.wrong(format_args!("an upload of somebody else in {name} is gone"));
            }
        }
    }

    /// A job that is over is not loaded again.
    fn check_denied(&mut self) {
        let before = self
            .buckets
            .values()
            .map(|bucket| contents(bucket))
            .collect::<Vec<_>>();
        match self.attempt(1000, 0, Trouble::default()).result {
            Err(DockError::Denied { .. }) => {}
            other => self.wrong(format_args!(
                "a job that is over was loaded: {:?}",
                other.is_ok()
            )),
        }
        if before
            != self
                .buckets
                .values()
                .map(|bucket| contents(bucket))
                .collect::<Vec<_>>()
        {
            self.wrong("a denied device changed a bucket");
        }
    }

    fn wrong(&self, what: impl std::fmt::Display) {
        self.diary.violation(what);
    }
}

fn host(server: &Server, folder: &Path, name: &str) -> Host {
    let folder = folder.join(name);
    let name = StationName::new(name).expect("a station name");
    let token = server.register(&name);
    Host {
        name,
        token,
        folder,
    }
}

fn told(path: &model::entry::EntryPath, kind: &Kind) -> String {
    let what = match kind {
        Kind::Good(_) => "good",
        Kind::BadSector(..) => "bad sector",
        Kind::Shrinking(..) => "shrinks",
        Kind::Growing(_) => "grows",
        Kind::Rewritten(_) => "is rewritten",
        Kind::Link => "link",
        Kind::Unlistable => "cannot be looked at",
    };
    format!("{path:?}, {} bytes, {what}", kind.bytes())
}

/// An error and all that caused it, in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(&format!(": {error}"));
        cause = error.source();
    }
    text
}
