//! The resident station: notices devices by itself, finds out whose they are, and loads as many at a time as it is let.
//!
//! One thread owns all bays ([`board`] decides, with time as an argument); looks and dockings run on threads of their own and
//! send back what became of them. Plugging in does nothing that cannot be undone: nothing is written to a device, no job
//! ends by it, and an export is begun by a person. What was forgotten by a crash is found again by looking: a journal
//! knows how far a job is, and the same station may claim it again at once.

mod again;
mod bay;
mod board;
mod errands;
mod figures;
mod places;
mod returns;
mod room;
mod told;
mod visit;

pub use board::{NotDone, Rules};
pub use figures::{BayCounts, BenchFigures, DiskFigures};
pub use places::{MAX_BAYS, NamedBay};

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded, unbounded};
use model::bay::{BayName, BayStatus};
use model::disposal::messages::Confirmation;
use model::heartbeat::MendedJob;
use model::ids::JobId;
use model::order::{Order, OrderOutcome, OrderVerb};
use model::other_disk::OtherDisk;
use model::secret::DeviceSecret;
use model::signature::SignatureFile;
use rustix::fs::{FlockOperation, flock};

use crate::dock::Station;
use crate::heartbeat::Heart;
use crate::in_bays::InBays;
use crate::watch::{WantedPorts, Watch};
use bay::Now;
use board::{Board, News};
use errands::Errands;
use figures::Noted;
use places::Places;
use room::NoRoom;
use transfer::stop::Stop;
use visit::{Condition, VisitId};

/// How often it is looked how far dockings are, and whether to stop.
const TICK: Duration = Duration::from_millis(500);

/// How long nothing may be told before what is present is compared again: an event may have been missed.
const SCAN_EVERY: Duration = Duration::from_secs(30);

/// How long the bench may take to answer an order: it does nothing that waits.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);

/// How long dockings may take to stop in order: a lease is given back within a request, and whoever waits for us ends the
/// process after half a minute.
pub const STOP_WITHIN: Duration = Duration::from_secs(25);

/// A bench cannot be run.
#[derive(Debug, thiserror::Error)]
pub enum BenchError {
    /// Another process has the bays.
    #[error("another process watches the bays of this station: `{0}` is locked")]
    Taken(PathBuf),
    /// The station's own folder cannot be used.
    #[error("could not use `{path}`")]
    Folder {
        /// Which.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
}

/// All bays of a station.
pub struct Bench {
    station: Arc<Station>,
    /// Which bays have names, and what is done by itself.
    settings: Mutex<(Places, Rules)>,
    /// What says which ports are watched, where that can be said anew.
    wanted: OnceLock<WantedPorts>,
    news: (Sender<News>, Receiver<News>),
    /// What is told of the bays, as they were when something last changed.
    shown: Mutex<Shown>,
    errands: Errands,
    /// When all bays were last looked after, while the bench is run.
    turned: Mutex<Option<Instant>>,
}

/// The board as others see it.
#[derive(Debug, Clone, Default)]
struct Shown {
    bays: Vec<(BayStatus, Option<VisitId>)>,
    others: Vec<OtherDisk>,
    noted: Noted,
    conditions: BTreeMap<BayName, Condition>,
}

impl Bench {
    /// The bench of a station; nothing is done until it is run.
    #[must_use]
    pub fn new(station: Arc<Station>, places: Vec<NamedBay>, rules: Rules) -> Arc<Self> {
        let news = unbounded();
        Arc::new(Self {
            errands: Errands::new(Arc::clone(&station), rules.bad_limit, news.0.clone()),
            station,
            settings: Mutex::new((Places::new(places), rules)),
            wanted: OnceLock::new(),
            news,
            shown: Mutex::default(),
            turned: Mutex::default(),
        })
    }

    /// Has the bays that come and go with the settings watched, by what the watch gives for it. Once.
    pub fn watch_by(&self, wanted: WantedPorts) {
        let _is_first = self.wanted.set(wanted);
    }

    /// Goes by other settings from now on. What is done with a device goes on as it was begun; its bay follows when that is
    /// over.
    pub fn go_by(&self, places: Vec<NamedBay>, rules: Rules) {
        let settings = (Places::new(places), rules);
        *self.settings() = settings.clone();
        // A bench that is not run goes by them when it is.
        let _ = self.news.0.send(News::Settings(settings.0, settings.1));
    }

    fn settings(&self) -> MutexGuard<'_, (Places, Rules)> {
        self.settings.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the bays were looked after within this time; so it is too before the bench is run, and when it has ended.
    #[must_use]
    pub fn is_turning(&self, within: Duration) -> bool {
        self.turned().is_none_or(|at| at.elapsed() <= within)
    }

    /// All bays as they are now, with how far each is.
    #[must_use]
    pub fn statuses(&self) -> Vec<BayStatus> {
        let shown = self.shown().bays.clone();
        let with_figures = |(status, visit): (BayStatus, Option<VisitId>)| {
            let at_work = visit.filter(|_| status.state.is_at_work());
            let figures = at_work.and_then(|it| self.errands.figures(it));
            let map = at_work.and_then(|it| self.errands.map(it));
            BayStatus {
                figures,
                map,
                ..status
            }
            .tidied()
        };
        shown.into_iter().map(with_figures).collect()
    }

    /// All that is counted of the bays.
    #[must_use]
    pub fn figures(&self) -> BenchFigures {
        let Shown {
            bays,
            noted,
            conditions,
            others: _,
        } = self.shown().clone();
        let (counts, bad_ranges) = self.errands.counts();
        BenchFigures {
            bays: bays.into_iter().map(|(bay, _)| bay).collect(),
            bad_ranges,
            counts,
            resets: noted.resets,
            conditions: conditions.into_iter().map(figures::of_condition).collect(),
            named: noted.named,
        }
    }

    /// Whose bays they are.
    #[must_use]
    pub fn station(&self) -> &Station {
        &self.station
    }

    /// Lets a person's wish be done; what is done already, or on its way, is no refusal.
    ///
    /// # Errors
    /// [`NotDone`].
    pub fn order(&self, verb: OrderVerb, bay: BayName) -> Result<(), NotDone> {
        self.want(|reply| News::Ordered(bay, verb, reply))
    }

    /// Has what is in a bay loaded as the device of a sheet.
    ///
    /// # Errors
    /// [`NotDone`].
    pub fn present(&self, sheet: SignatureFile, bay: BayName) -> Result<(), NotDone> {
        self.want(|reply| News::Presented(bay, sheet, reply))
    }

    /// Has it asked whether what is in a bay may be erased, and has it erased.
    ///
    /// # Errors
    /// [`NotDone`].
    pub fn erase(&self, said: Confirmation, bay: BayName) -> Result<(), NotDone> {
        self.want(|reply| News::EraseWanted(bay, said, reply))
    }

    /// Has what is in a bay opened with a secret, and loaded.
    ///
    /// # Errors
    /// [`NotDone`].
    pub fn unlock(&self, secret: DeviceSecret, bay: BayName) -> Result<(), NotDone> {
        self.want(|reply| News::UnlockWanted(bay, secret, reply))
    }

    fn want(&self, news: impl FnOnce(Sender<Result<(), NotDone>>) -> News) -> Result<(), NotDone> {
        let (reply, answer) = bounded(1);
        let sent = self.news.0.send(news(reply));
        sent.map_err(|_| NotDone::Ended)?;
        answer
            .recv_timeout(ANSWER_WITHIN)
            .map_err(|_| NotDone::Ended)?
    }

    /// Watches the bays until it is stopped, and then until everything has stopped in order. What `beside` begins when
    /// the bays are known to be ours lives until then.
    ///
    /// # Errors
    /// [`BenchError`], before anything is done.
    pub fn run<T>(
        &self,
        watch: &mut dyn Watch,
        stop: &Stop,
        beside: impl FnOnce() -> T,
    ) -> Result<(), BenchError> {
        let _alone = self.lock()?;
        self.station.clear_up();
        let _beside = beside();
        std::thread::scope(|scope| {
            let news = self.news.0.clone();
            scope.spawn(move || tell_of_presence(watch, &news, stop));
            self.serve(stop);
            self.errands.end(STOP_WITHIN);
        });
        Ok(())
    }

    fn serve(&self, stop: &Stop) {
        let (places, rules) = self.settings().clone();
        let mut board = Board::new(places, rules, self.now());
        self.show(&board);
        // Whatever one that was killed has left there.
        let mut in_bays = InBays::default();
        self.keep(&in_bays);
        while !stop.is_set() {
            *self.turned() = Some(Instant::now());
            let due = board.next_due().map_or(TICK, |at| {
                at.saturating_duration_since(Instant::now()).min(TICK)
            });
            let news = match self.news.1.recv_timeout(due) {
                Ok(news) => news,
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => News::Tick,
            };
            let motions = self.errands.motions();
            for news in std::iter::once(news).chain(motions) {
                let acts = board.hear(news, NoRoom::of(&self.station.folder), self.now());
                for act in acts {
                    let visit = act.visit();
                    let (bay, scruples) = (board.bay_of(visit), board.scruples_of(visit));
                    self.errands.run(act, bay, scruples);
                }
            }
            if let Some(wanted) = self.wanted.get() {
                let (ports, others) = board.ports();
                wanted.say(ports, others);
            }
            self.show(&board);
            let now = board.in_bays();
            if now != in_bays {
                in_bays = now;
                self.keep(&in_bays);
            }
        }
        self.keep(&InBays::default());
        *self.turned() = None;
    }

    /// Keeps what bays have for other programs of this station. One that cannot know it says less.
    fn keep(&self, in_bays: &InBays) {
        if let Err(error) = in_bays.keep(&self.station.folder) {
            tracing::debug!(%error, "what the bays have is not kept");
        }
    }

    fn turned(&self) -> MutexGuard<'_, Option<Instant>> {
        self.turned.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn show(&self, board: &Board) {
        *self.shown() = Shown {
            bays: board.statuses(),
            others: board.others(),
            noted: board.noted().clone(),
            conditions: board.conditions(),
        };
    }

    fn shown(&self) -> MutexGuard<'_, Shown> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> Now {
        Now {
            at: self.station.clock.now(),
            instant: Instant::now(),
        }
    }

    /// One bench has the bays of a station.
    fn lock(&self) -> Result<File, BenchError> {
        let path = self.station.folder.join("bench");
        let made = std::fs::create_dir_all(&self.station.folder);
        let opened = made.and_then(|()| {
            let mut options = File::options();
            options.write(true).create(true).truncate(false);
            options.mode(durable::OWNER_ONLY).open(&path)
        });
        let file = opened.map_err(|source| BenchError::Folder {
            path: path.clone(),
            source,
        })?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(file),
            Err(_) => Err(BenchError::Taken(path)),
        }
    }
}

/// The bench answers at once: it does nothing that waits.
impl Heart for Bench {
    fn statuses(&self) -> Vec<BayStatus> {
        Self::statuses(self)
    }

    fn others(&self) -> Vec<OtherDisk> {
        self.shown().others.clone()
    }

    fn mended(&self, jobs: Vec<MendedJob>) {
        // Once the bench has stopped nobody waits.
        let _ = self.news.0.send(News::Mended(jobs));
    }

    fn erasable(&self, jobs: Vec<JobId>) {
        let _ = self.news.0.send(News::Erasable(jobs));
    }

    fn order(&self, order: &Order) -> OrderOutcome {
        let bay = order.bay.clone();
        let done = match (&order.sheet, &order.erase, order.verb) {
            _ if self.has_another(order) => Err(NotDone::AnotherDisk),
            (Some(sheet), _, OrderVerb::Load) => self.present(sheet.clone(), bay),
            (_, Some(said), OrderVerb::Erase) => self.erase(said.clone(), bay),
            (.., OrderVerb::Unlock) => match &order.secret {
                Some(secret) => self.unlock(secret.clone(), bay),
                None => Err(NotDone::NoSecret),
            },
            (.., verb) => Self::order(self, verb, bay),
        };
        match done {
            Ok(()) => OrderOutcome::Done,
            Err(why) => OrderOutcome::Refused {
                why: why.to_string(),
            },
        }
    }
}

impl Bench {
    /// Whether what an order is of has left its bay, and something else is there.
    fn has_another(&self, order: &Order) -> bool {
        let shown = self.shown();
        let there = shown.bays.iter().find(|(bay, _)| bay.name == order.bay);
        let there = there.and_then(|(bay, _)| bay.stay);
        there
            .zip(order.stay)
            .is_some_and(|(there, meant)| there != meant)
    }
}

/// Tells what is present whenever it may have changed.
fn tell_of_presence(watch: &mut dyn Watch, news: &Sender<News>, stop: &Stop) {
    let (mut could, mut noted) = (true, BTreeMap::new());
    while !stop.is_set() {
        match watch.scan() {
            Ok(media) => {
                could = true;
                let notes = watch.notes();
                if notes != noted {
                    noted = notes.clone();
                    // The bench hears the next as well, or nothing any more.
                    let _ = news.send(News::Noted(notes));
                }
                if news.send(News::Present(media)).is_err() {
                    return;
                }
            }
            Err(error) => {
                if std::mem::replace(&mut could, false) {
                    tracing::error!(%error, "could not see what is plugged in");
                }
            }
        }
        watch.wait(SCAN_EVERY, stop);
    }
}
