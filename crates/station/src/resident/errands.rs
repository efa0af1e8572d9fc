//! What the board wants done, done: each on a thread of its own, which sends back what became of it.

use std::collections::BTreeMap;
use std::io;
use std::os::unix::fs::FileTypeExt as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use ::bay::erase::ErasingProgress;
use ::bay::{BLINKS_FOR, LetGo};
use crossbeam_channel::Sender;
use model::bay::{BayEvent, BayName};
use model::control::JobRequest;
use model::ids::JobId;
use model::live_map::LiveMap;
use model::loading::Figures;
use model::secret::DeviceSecret;
use model::signature::SignatureFile;

use super::board::{Act, EraseAsked, Motion, News};
use super::figures::{BayCounts, DoneInBays};
use super::told::{self, EraseVerdict, Told, Verdict};
use super::visit::{Condition, Course, Sight, VisitId};
use crate::control::ControlError;
use crate::dock::{self, DockError, Docking, Found, Scruples, Station, Vitals};
use crate::erasing::EraseWanted;
use crate::watch::Medium;
use disks::device::counted::Reads;
use disks::tree::DeviceGone;
use encrypted::secrets::Secrets;
use objectstore::counted::{Voice, place};
use transfer::progress::{Pace, Progress, Snapshot};
use transfer::stop::{Halt, Stop};

/// How often it is looked whether threads have ended.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// After how long a store that answers nothing is told as silent. Each failed request is tried again all the while.
const STORE_SILENT_AFTER: Duration = Duration::from_secs(10);

/// How long what is no docking may take to stop: nothing is lost with it, and a device that does not answer keeps whoever
/// reads it for half a minute and longer.
const OTHERS_STOP_WITHIN: Duration = Duration::from_secs(2);

/// What is done for the bays of a station.
pub(super) struct Errands {
    station: Arc<Station>,
    news: Sender<News>,
    going: Arc<Mutex<Ongoing>>,
    /// Most ranges that cannot be read of a device that is not told as failing.
    bad_limit: u64,
    /// What blinks, each with what ends that.
    blinking: Mutex<BTreeMap<VisitId, Stop>>,
    threads: Mutex<Vec<Worker>>,
}

/// A thread that does something.
struct Worker {
    what: Doing,
    thread: JoinHandle<()>,
}

/// What a thread does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Doing {
    /// Claims a job and does it: there is a lease to be given back.
    Docks,
    /// Anything else.
    Other,
}

/// A stay, and the bay where it is.
struct Whereabouts {
    visit: VisitId,
    bay: Option<BayName>,
}

/// What is going on, and what was done: one lock, so that nobody who looks misses what goes from here to there.
#[derive(Default)]
struct Ongoing {
    visits: BTreeMap<VisitId, Going>,
    done: DoneInBays,
}

impl Ongoing {
    /// Forgets a stay; what was done in its bay stays counted.
    fn remove(&mut self, visit: VisitId) -> Option<Going> {
        let over = self.visits.remove(&visit)?;
        if let Some(bay) = &over.bay {
            self.done.add(bay, over.counts());
        }
        Some(over)
    }
}

/// What is done with one device.
#[derive(Default)]
struct Going {
    /// Where; none of a device that has gone before anything was done with it.
    bay: Option<BayName>,
    stop: Stop,
    progress: Arc<Progress>,
    reads: Arc<Reads>,
    vitals: Arc<Vitals>,
    pace: Pace,
    found: Option<Found>,
    is_docking: bool,
    /// Bytes that were read before it was docked, to look at it.
    looked_bytes: u64,
    /// How far an erasing is, while it is erased.
    erasing: Option<Arc<ErasingProgress>>,
}

impl Going {
    fn counts(&self) -> BayCounts {
        BayCounts::of(&self.progress, &self.reads)
    }
}

impl Errands {
    pub(super) fn new(station: Arc<Station>, bad_limit: u64, news: Sender<News>) -> Self {
        Self {
            bad_limit,
            station,
            news,
            going: Arc::default(),
            blinking: Mutex::default(),
            threads: Mutex::default(),
        }
    }

    /// Does what is to be done in a bay, or lets a thread do it. What is docked is held for what is said of its device.
    pub(super) fn run(&self, act: Act, bay: Option<&BayName>, scruples: Scruples) {
        let at = Whereabouts {
            visit: act.visit(),
            bay: bay.cloned(),
        };
        // Nothing is read beside what is done in earnest; a question to the server is none of its business.
        if !matches!(act, Act::Ask(..)) {
            self.dim(at.visit);
        }
        match act {
            Act::Blink(_, medium) => self.blink(at, medium),
            Act::Dim(_) => {}
            Act::Look(_, medium) => self.look(at, medium, docking()),
            Act::LookAs(_, medium, sheet) => self.look(at, medium, as_sheet(&sheet)),
            Act::LookUnlocked(_, medium, sheet, secret) => {
                let docking = sheet.as_ref().map_or_else(docking, as_sheet);
                self.look(at, medium, unlocked(docking, &secret));
            }
            Act::Ask(visit, job) => {
                let station = Arc::clone(&self.station);
                self.spawn(at, Doing::Other, move || {
                    News::Asked(visit, ask(&station, job))
                });
            }
            Act::Dock(_) => self.dock(at, scruples),
            Act::Erase(_, medium, asked) => self.erase(at, medium, asked),
            Act::Abandon(visit) => self.halt(visit, || {
                Halt::Device(DeviceGone(io::Error::other("it was taken out")))
            }),
            Act::Stop(visit) => self.halt(visit, || Halt::Interrupted),
            Act::Close(visit) => self.close(visit),
            Act::Free(visit, medium) => {
                let held = self.take(visit);
                self.spawn(at, Doing::Other, move || {
                    drop(held);
                    News::Freed(visit, free(&medium))
                });
            }
        }
    }

    /// How far the docking of a device is.
    pub(super) fn figures(&self, visit: VisitId) -> Option<Figures> {
        let mut going = self.going();
        let it = going.visits.get_mut(&visit);
        let it = it.filter(|it| it.is_docking)?;
        Some(it.pace.figures(it.progress.snapshot(), Instant::now()))
    }

    /// What of a device was read so far, if it is docked and read: a folder has no map, nor a device that is filled.
    pub(super) fn map(&self, visit: VisitId) -> Option<LiveMap> {
        let going = self.going();
        let it = going.visits.get(&visit).filter(|it| it.is_docking)?;
        it.reads
            .map()
            .filter(|_| it.reads.bytes() > it.looked_bytes)
    }

    /// What was done in each bay, and how many ranges of the device in it are bad.
    pub(super) fn counts(&self) -> (BTreeMap<BayName, BayCounts>, BTreeMap<BayName, u64>) {
        let going = self.going();
        let visits = going.visits.values();
        let here = visits.filter_map(|it| Some((it.bay.clone()?, it)));
        let counts = here.clone().map(|(bay, it)| (bay, it.counts()));
        let bad = here.map(|(bay, it)| (bay, it.reads.bad_ranges()));
        (going.done.with(counts), bad.collect())
    }

    /// How far all dockings are that have found something, and how their devices are.
    pub(super) fn motions(&self) -> Vec<News> {
        let going = self.going();
        let docking = going.visits.iter().filter(|(_, it)| it.is_docking);
        let moved = docking.filter_map(|(visit, it)| {
            let (store, voice) = self.voice(&it.progress).unzip();
            if let (Some(store), Some(Voice::Silent { since, .. })) = (store, voice) {
                let is_long = since.elapsed() >= STORE_SILENT_AFTER;
                return is_long.then(|| News::StoreSilent(*visit, store));
            }
            let snapshot = it.progress.snapshot();
            let settled = snapshot.tally.stored + snapshot.tally.failed + snapshot.tally.ignored;
            match (snapshot.found, snapshot.found_all) {
                (0, _) => voice.map(|_| News::StoreAnswers(*visit)),
                (found, true) if settled >= found => Some(News::Moved(*visit, Motion::Reporting)),
                (found, true) if is_read_back(&snapshot, settled, found) => {
                    Some(News::Moved(*visit, Motion::ReadingBack))
                }
                _ => Some(News::Moved(*visit, Motion::Loading)),
            }
        });
        let erasing = going.visits.iter();
        let erasing = erasing.filter_map(|(visit, it)| {
            let figures = it.erasing.as_ref()?.figures();
            // What is not allowed yet has no steps.
            (figures.steps > 0).then(|| News::ErasingAt(*visit, figures.percent()))
        });
        let docked = going.visits.iter().filter(|(_, it)| it.is_docking);
        let examined = docked.map(|(visit, it)| {
            let condition = condition(&it.vitals, &it.reads, self.bad_limit);
            News::Examined(*visit, condition)
        });
        moved.chain(erasing).chain(examined).collect()
    }

    /// The address of the store of a docking, and whether it answers that; none before it was asked for it.
    fn voice(&self, progress: &Progress) -> Option<(String, Voice)> {
        let (store, begun) = progress.store()?;
        // What was asked of it before is no matter of this docking.
        let voice = match self.station.resources.requests().voice_of(&place(&store))? {
            Voice::Silent { since, last } if last >= begun => Voice::Silent {
                since: since.max(begun),
                last,
            },
            Voice::Answered(at) if at >= begun => Voice::Answered(at),
            Voice::Silent { .. } | Voice::Answered(_) => return None,
        };
        Some((store, voice))
    }

    /// Lets a disk blink for a while.
    fn blink(&self, at: Whereabouts, medium: Medium) {
        let (visit, stop) = (at.visit, Stop::default());
        lock(&self.blinking).insert(visit, stop.clone());
        self.spawn(at, Doing::Other, move || {
            let blinked = ::bay::blink(&medium.path, BLINKS_FOR, &|| stop.is_set());
            News::Blinked(
                visit,
                blinked.map(drop).map_err(|error| dock::chain(&error)),
            )
        });
    }

    /// Lets a disk not blink any more.
    fn dim(&self, visit: VisitId) {
        if let Some(stop) = lock(&self.blinking).remove(&visit) {
            stop.halt(Halt::Interrupted);
        }
    }

    /// Stops everything in order and waits for it: for a device that does not answer only while it is docked.
    pub(super) fn end(&self, within: Duration) {
        for stop in std::mem::take(&mut *lock(&self.blinking)).values() {
            stop.halt(Halt::Interrupted);
        }
        let visits: Vec<VisitId> = self.going().visits.keys().copied().collect();
        for visit in visits {
            self.halt(visit, || Halt::Interrupted);
            if !self.is_at_work(visit) {
                self.close(visit);
            }
        }
        let begun = Instant::now();
        let mut errands = std::mem::take(&mut *self.threads());
        while begun.elapsed() < within {
            errands.retain(|errand| !errand.thread.is_finished());
            let is_docking = errands.iter().any(|errand| errand.what == Doing::Docks);
            if errands.is_empty() || !is_docking && begun.elapsed() >= OTHERS_STOP_WITHIN {
                break;
            }
            std::thread::sleep(LOOK_EVERY);
        }
        if !errands.is_empty() {
            tracing::warn!(
                threads = errands.len(),
                "not everything has stopped in time; its journals know how far it is"
            );
        }
    }

    fn is_at_work(&self, visit: VisitId) -> bool {
        let going = self.going();
        let it = going.visits.get(&visit);
        it.is_some_and(|it| it.is_docking || it.erasing.is_some())
    }

    /// Closes what is held open of a device; who works on it has it.
    fn close(&self, visit: VisitId) {
        if let Some(held) = self.take(visit) {
            // A device that does not answer keeps whoever closes it.
            let closing = self.begin(Doing::Other, move || drop(held));
            if let Err(error) = closing {
                tracing::warn!(%error, "no thread is to be had to close a device: it is closed");
            }
        }
    }

    /// What is held open of a device.
    fn take(&self, visit: VisitId) -> Option<Found> {
        self.going().remove(visit)?.found
    }

    fn look(&self, at: Whereabouts, medium: Medium, docking: Docking) {
        let visit = at.visit;
        let begun = Going {
            bay: at.bay.clone(),
            ..Going::default()
        };
        let (stop, reads) = (begun.stop.clone(), Arc::clone(&begun.reads));
        let docking = Docking {
            bay: at.bay.clone(),
            reads,
            ..docking
        };
        self.close(visit);
        self.going().visits.insert(visit, begun);
        let (station, going) = (Arc::clone(&self.station), Arc::clone(&self.going));
        self.spawn(at, Doing::Other, move || {
            let found = look(&station, &medium.path, &docking, &stop);
            let found = found.map(|(sight, found)| {
                // One that was closed meanwhile stays so.
                keep(&going, visit, found);
                sight
            });
            News::Looked(visit, found)
        });
    }

    fn dock(&self, at: Whereabouts, scruples: Scruples) {
        let visit = at.visit;
        let mut going = self.going();
        let it = going.visits.entry(visit).or_default();
        it.bay = it.bay.take().or_else(|| at.bay.clone());
        it.is_docking = true;
        it.looked_bytes = it.reads.bytes();
        let (found, stop, bay) = (it.found.take(), it.stop.clone(), it.bay.clone());
        let progress = Arc::clone(&it.progress);
        let docking = Docking {
            bay,
            reads: Arc::clone(&it.reads),
            vitals: Arc::clone(&it.vitals),
            scruples,
            ..docking()
        };
        drop(going);
        let (station, going) = (Arc::clone(&self.station), Arc::clone(&self.going));
        let (news, bad_limit) = (self.news.clone(), self.bad_limit);
        self.spawn(at, Doing::Docks, move || {
            let verdict = dock(&station, found, &docking, (&progress, &stop));
            // Before it is told how it ended: that may be the reason.
            let condition = condition(&docking.vitals, &docking.reads, bad_limit);
            let _ = news.send(News::Examined(visit, condition));
            forget(&going, visit);
            News::Docked(visit, Box::new(verdict))
        });
    }

    /// Asks whether a device may be erased, and erases it.
    fn erase(&self, at: Whereabouts, medium: Medium, asked: EraseAsked) {
        let visit = at.visit;
        let progress = Arc::new(ErasingProgress::default());
        let begun = Going {
            bay: at.bay.clone(),
            erasing: Some(Arc::clone(&progress)),
            ..Going::default()
        };
        let stop = begun.stop.clone();
        self.close(visit);
        self.going().visits.insert(visit, begun);
        let (station, going) = (Arc::clone(&self.station), Arc::clone(&self.going));
        let wanted = EraseWanted {
            device: medium.path,
            job: asked.job,
            bay: at.bay.clone(),
            confirmation: asked.said,
            technique: None,
            stayed: asked.stayed,
        };
        self.spawn(at, Doing::Docks, move || {
            let ended = station.erase(&wanted, &progress, &stop);
            if let Err(error) = &ended {
                let error: &dyn std::error::Error = error;
                tracing::warn!(job = %wanted.job, error, "not erased");
            }
            let has_begun = progress.figures().steps > 0;
            forget(&going, visit);
            let verdict = EraseVerdict::of(wanted.job, ended.as_ref(), has_begun);
            News::EraseEnded(visit, Box::new(verdict))
        });
    }

    fn halt(&self, visit: VisitId, why: impl Fn() -> Halt) {
        if let Some(it) = self.going().visits.get(&visit) {
            it.stop.halt(why());
        }
    }

    /// Runs something on a thread of its own and sends what it comes to. Where no thread is to be had, that is told.
    fn spawn(&self, at: Whereabouts, what: Doing, work: impl FnOnce() -> News + Send + 'static) {
        let (news, going) = (self.news.clone(), Arc::clone(&self.going));
        let (visit, bay) = (at.visit, at.bay.map(tracing::field::display));
        let span = tracing::info_span!("bay", station = %self.station.name, bay);
        let begun = self.begin(what, move || {
            let _entered = span.enter();
            let done = catch_unwind(AssertUnwindSafe(work));
            let done = done.unwrap_or_else(|_| {
                forget(&going, visit);
                failed(visit, "this program has a fault")
            });
            // Nobody hears it once the bench has stopped.
            let _ = news.send(done);
        });
        if let Err(error) = begun {
            forget(&self.going, visit);
            let _ = self
                .news
                .send(failed(visit, &format!("no thread is to be had: {error}")));
        }
    }

    /// Begins a thread that is known here.
    fn begin(&self, what: Doing, work: impl FnOnce() + Send + 'static) -> io::Result<()> {
        let builder = std::thread::Builder::new().name("bay".into());
        let thread = builder.spawn(work)?;
        let mut errands = self.threads();
        errands.retain(|errand| !errand.thread.is_finished());
        errands.push(Worker { what, thread });
        Ok(())
    }

    fn going(&self) -> MutexGuard<'_, Ongoing> {
        lock(&self.going)
    }

    fn threads(&self) -> MutexGuard<'_, Vec<Worker>> {
        lock(&self.threads)
    }
}

fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Keeps what a look has opened, or closes it if nobody wants it any more.
fn keep(going: &Mutex<Ongoing>, visit: VisitId, found: Found) {
    let mut going = lock(going);
    match going.visits.get_mut(&visit) {
        Some(it) => it.found = Some(found),
        None => {
            // Closing it may take as long as the device likes.
            drop(going);
            drop(found);
        }
    }
}

/// Nothing is done with a device any more.
fn forget(going: &Mutex<Ongoing>, visit: VisitId) {
    let gone = lock(going).remove(visit);
    drop(gone);
}

/// What is told of an errand that could not be done for a reason of our own.
fn failed(visit: VisitId, why: &str) -> News {
    let verdict = Verdict::new(BayEvent::Failed, Told::that(why));
    News::Docked(visit, Box::new(verdict))
}

/// How a device is, by what it says and what was read of it.
fn condition(vitals: &Vitals, reads: &Reads, bad_limit: u64) -> Condition {
    Condition {
        health: vitals.health(),
        failing: vitals.failing(reads, bad_limit),
    }
}

/// Whether everything that has no outcome yet is stored, and is being read back.
fn is_read_back(snapshot: &Snapshot, settled: u64, found: u64) -> bool {
    let being = snapshot.being_read_back;
    being > 0 && settled.saturating_add(being) >= found
}

/// How a bench docks: a folder in an inbox is meant as it is, and nothing is written to a device.
fn docking() -> Docking {
    Docking {
        folder: true,
        only_read: true,
        ..Docking::default()
    }
}

/// The same of a device whose sheet was scanned: it stands for the SIGNATURE file.
fn as_sheet(sheet: &SignatureFile) -> Docking {
    let contents = SignatureFile::contents(sheet.job.as_str(), &sheet.signature);
    Docking {
        signature: Some(contents.into_bytes()),
        ..docking()
    }
}

/// The same of a device on which a secret is tried: one that no volume takes opens none.
fn unlocked(docking: Docking, secret: &DeviceSecret) -> Docking {
    let secrets = Secrets::none().with_passphrase(secret.expose().as_bytes());
    Docking {
        secrets: secrets.unwrap_or_default(),
        ..docking
    }
}

fn look(
    station: &Station,
    path: &Path,
    docking: &Docking,
    stop: &Stop,
) -> Result<(Sight, Found), Box<Verdict>> {
    let found = station.look(path, docking, stop);
    let found = found.map_err(|error| Box::new(Verdict::of(&error, &station.folder)))?;
    let sight = Sight {
        job: found.job(),
        device: found.shipped().cloned(),
        is_filled: found.is_filled(),
        file_systems: found.file_systems(),
        remarks: found.remarks(),
        is_dirty: found.is_dirty(),
    };
    Ok((sight, found))
}

fn ask(station: &Station, job: JobId) -> Result<Course, Box<Verdict>> {
    let facts = station.control.job(&JobRequest { job });
    match facts {
        Ok(facts) => Ok(Course::of(&facts, &station.name)),
        Err(ControlError::Refused(fault)) if fault.code == "UnknownJob" => {
            Err(Box::new(Verdict::stranger(job)))
        }
        Err(error) => {
            let error = DockError::Control(error);
            Err(Box::new(Verdict::of(&error, &station.folder)))
        }
    }
}

fn dock(
    station: &Station,
    found: Option<Found>,
    docking: &Docking,
    (progress, stop): (&Progress, &Stop),
) -> Verdict {
    let Some(found) = found else {
        return told::stopped();
    };
    // A customer may have made an export of it meanwhile, and its claim begins it.
    match found.job().map(|job| ask(station, job)) {
        Some(Ok(Course::Export)) => return Verdict::export(),
        Some(Err(verdict)) => return *verdict,
        Some(Ok(Course::Load | Course::LoadDirty | Course::Wait(_) | Course::Nothing)) | None => {}
    }
    match station.dock_found(found, docking, progress, stop) {
        Ok(done) => Verdict::done(&done),
        Err(error) => Verdict::of(&error, &station.folder),
    }
}

/// Makes a device safe to be taken out; whether it was taken from the kernel. What lies in an inbox is a file or folder
/// of this host's own, and has nobody once it is closed.
fn free(medium: &Medium) -> Result<bool, String> {
    let kind = std::fs::metadata(&medium.path).map(|found| found.file_type());
    if !kind.is_ok_and(|kind| kind.is_block_device()) {
        return Ok(false);
    }
    match ::bay::eject(&medium.path) {
        Ok(LetGo::Deleted) => Ok(true),
        Ok(LetGo::Stays) => Ok(false),
        Err(error) => Err(dock::chain(&error)),
    }
}
