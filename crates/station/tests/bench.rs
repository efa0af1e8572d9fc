//! A bench that is run, on disks that come and go at a word: images, and devices that do not answer or have a fault of ours
//! in their way. No server is there, and none is asked: none of the disks says whose it is.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::panic::{self, AssertUnwindSafe};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use disks::device::{Device, OpenError};
use disks::sandbox::Launcher;
use imagestore::services::AwsServices;
use model::actor::Actor;
use model::bay::{BayName, BayState, BayStatus};
use model::device::Connector;
use model::handling::DeviceHealth;
use model::ids::{JobId, OrderId, StationName};
use model::order::{Order, OrderOutcome, OrderVerb};
use model::signature::SignatureFile;
use model::time::{SystemClock, Timestamp};
use station::control::Control;
use station::devices::{Devices, HostDevices};
use station::dock::Station;
use station::heartbeat::Heart;
use station::port::PortId;
use station::resident::{Bench, Rules};
use station::stores::S3Stores;
use station::watch::{Medium, Watch};
use transfer::destination::Target;
use transfer::journal::file::Disk;
use transfer::resources::Resources;
use transfer::settings::Settings;
use transfer::stop::{Halt, Stop};

/// A thing that must come, on a machine that is busy.
const SOON: Duration = Duration::from_secs(60);

const SOCKETS: usize = 8;

/// Threads and open files are the process's: one test at a time.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What is plugged in.
#[derive(Default)]
struct Sockets {
    media: Mutex<Vec<Medium>>,
    scans: AtomicU64,
}

impl Sockets {
    fn media(&self) -> MutexGuard<'_, Vec<Medium>> {
        self.media.lock().unwrap()
    }

    fn plug(&self, socket: usize, path: &Path, diskseq: u64) {
        self.media().push(Medium {
            name: path.file_name().unwrap().to_string_lossy().into_owned(),
            path: path.to_owned(),
            port: PortId::new(format!("socket-{socket}")).unwrap(),
            diskseq: Some(diskseq),
            laid: None,
            bytes: 4096,
            is_removable: true,
            left_alone: None,
        });
    }

    /// Pulls what is in a socket; whether anything was.
    fn pull(&self, socket: usize) -> bool {
        let port = PortId::new(format!("socket-{socket}")).unwrap();
        let mut media = self.media();
        let before = media.len();
        media.retain(|medium| medium.port != port);
        media.len() < before
    }

    /// Until what is plugged in now was seen.
    fn until_seen(&self) {
        let before = self.scans.load(Ordering::SeqCst);
        until(|| self.scans.load(Ordering::SeqCst) > before + 1);
    }
}

impl Watch for &Sockets {
    fn scan(&mut self) -> io::Result<Vec<Medium>> {
        let media = self.media().clone();
        self.scans.fetch_add(1, Ordering::SeqCst);
        Ok(media)
    }

    fn wait(&mut self, _timeout: Duration, _stop: &Stop) {
        thread::sleep(Duration::from_micros(200));
    }
}

/// Devices of this host, but for one that does not answer until it is let, and one at which we have a fault.
#[derive(Default)]
struct Doors {
    are_open: AtomicBool,
}

impl Devices for Doors {
    fn target(&self, _: &Path, _: JobId, _: Option<&Path>) -> io::Result<Box<dyn Target>> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn raw(&self, path: &Path) -> Result<Box<dyn Device>, OpenError> {
        match path.file_stem().and_then(|stem| stem.to_str()) {
            Some("silent") => until(|| self.are_open.load(Ordering::SeqCst)),
            Some("cursed") => panic!("a fault of ours"),
            _ => {}
        }
        HostDevices.raw(path)
    }

    fn health(&self, path: &Path, connector: Connector) -> Option<DeviceHealth> {
        HostDevices.health(path, connector)
    }
}

struct Room {
    folder: tempfile::TempDir,
    sockets: Sockets,
    doors: Arc<Doors>,
    stop: Stop,
    bench: Arc<Bench>,
}

impl Room {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let settings = Settings::default();
        let doors = Arc::new(Doors::default());
        let station = Station {
            name: StationName::new("dock-1").unwrap(),
            control: Control::new("http://127.0.0.1:1", "token"),
            folder: folder.path().join("station"),
            settings,
            resources: Arc::new(Resources::new(&settings)),
            clock: Arc::new(SystemClock),
            stores: Arc::new(S3Stores::default()),
            services: Arc::new(AwsServices::default()),
            devices: Arc::<Doors>::clone(&doors),
            logs: Arc::new(Disk),
            launcher: Launcher::Thread,
        };
        let rules = Rules {
            auto_load: true,
            loads_at_once: 2,
            settle: Duration::from_millis(50),
            hold_dirty: false,
            bad_limit: 16,
            hold_failing: false,
        };
        Self {
            folder,
            sockets: Sockets::default(),
            doors,
            stop: Stop::default(),
            bench: Bench::new(Arc::new(station), Vec::new(), rules),
        }
    }

    fn image(&self, name: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        File::create(&path).unwrap().set_len(4096).unwrap();
        path
    }

    /// Runs the bench while `day` lasts.
    fn run(&self, day: impl FnOnce()) {
        thread::scope(|scope| {
            let running = scope.spawn(|| {
                let ran = self.bench.run(&mut &self.sockets, &self.stop, || ());
                ran.unwrap();
            });
            let lasted = panic::catch_unwind(AssertUnwindSafe(day));
            self.stop.halt(Halt::Interrupted);
            running.join().unwrap();
            lasted.unwrap_or_else(|why| panic::resume_unwind(why));
        });
    }

    fn status(&self, socket: usize) -> Option<BayStatus> {
        let name = format!("socket-{socket}");
        let mut all = self.bench.statuses().into_iter();
        all.find(|status| status.name.as_str() == name)
    }

    fn until_state(&self, socket: usize, state: BayState) -> BayStatus {
        until(|| self.status(socket).is_some_and(|it| it.state == state));
        self.status(socket).unwrap()
    }
}

fn until(is_so: impl Fn() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < SOON, "it never comes");
        thread::sleep(Duration::from_millis(1));
    }
}

fn entries(of: &str) -> usize {
    fs::read_dir(of).unwrap().count()
}

#[test]
fn a_disk_that_does_not_answer_holds_up_neither_other_bays_nor_the_stop() {
    let _alone = alone();
    let room = Room::new();
    room.run(|| {
        room.sockets.plug(0, &room.image("silent.img"), 1);
        room.until_state(0, BayState::Looking);
        room.sockets.plug(1, &room.image("plain.img"), 2);
        room.until_state(1, BayState::Unknown);
        let bay = BayName::new("socket-0").unwrap();
        room.bench.order(OrderVerb::Stop, bay.clone()).unwrap();
        room.until_state(0, BayState::Stopped);
        // It is pulled while it is looked at, and another comes that does not answer either.
        assert!(room.sockets.pull(0));
        until(|| room.status(0).is_none());
        room.sockets.plug(0, &room.image("silent.img"), 3);
        room.until_state(0, BayState::Looking);
    });
    assert!(
        !room.doors.are_open.load(Ordering::SeqCst),
        "the stop did not wait for it"
    );
    room.doors.are_open.store(true, Ordering::SeqCst);
    until(|| entries("/proc/self/task") <= 3);
}

/// It may be minutes before a station hears of it.
#[test]
fn what_was_ordered_of_one_disk_is_not_done_with_the_next_in_its_bay() {
    let _alone = alone();
    let room = Room::new();
    room.run(|| {
        let stays: Vec<u32> = (1..=2)
            .map(|diskseq| {
                room.sockets.pull(0);
                until(|| room.status(0).is_none());
                room.sockets.plug(0, &room.image("plain.img"), diskseq);
                room.until_state(0, BayState::Unknown).stay.unwrap()
            })
            .collect();
        assert_ne!(stays[0], stays[1], "the name is the same");
        let sheet = SignatureFile::parse_scan("EX1ID:/dxgK27c8++SFiZLLaIvHt4Oy4k=").unwrap();
        let order = |verb, sheet: Option<&SignatureFile>, stay| {
            let order = Order {
                id: OrderId::new("00ff").unwrap(),
                bay: BayName::new("socket-0").unwrap(),
                verb,
                by: Actor::Service,
                at: Timestamp::from_unix(0),
                stay,
                sheet: sheet.cloned(),
                erase: None,
                secret: None,
                needs_second: false,
                second: None,
            };
            Heart::order(&*room.bench, &order)
        };
        for (verb, sheet) in [
            (OrderVerb::Load, Some(&sheet)),
            (OrderVerb::Load, None),
            (OrderVerb::Remove, None),
            (OrderVerb::Unlock, None),
        ] {
            let OrderOutcome::Refused { why } = order(verb, sheet, Some(stays[0])) else {
                panic!("{verb} was done");
            };
            assert!(why.starts_with("another disk is in the bay"), "{why}");
        }
        assert_eq!(room.status(0).unwrap().state, BayState::Unknown);
        // Of a server of an earlier release it is whatever is there.
        for stay in [Some(stays[1]), None] {
            assert_eq!(order(OrderVerb::Look, None, stay), OrderOutcome::Done);
            room.until_state(0, BayState::Unknown);
        }
        room.sockets.pull(0);
    });
}

#[test]
fn a_fault_of_ours_costs_its_bay_alone() {
    let _alone = alone();
    let room = Room::new();
    room.run(|| {
        room.sockets.plug(0, &room.image("cursed.img"), 1);
        let status = room.until_state(0, BayState::Failed);
        assert_eq!(status.sentence, "This program has a fault.");
        assert_eq!(status.figures, None);
        room.sockets.plug(1, &room.image("plain.img"), 2);
        room.until_state(1, BayState::Unknown);
        assert!(room.sockets.pull(0));
        until(|| room.status(0).is_none());
    });
}

#[test]
fn however_often_disks_come_and_go_no_bay_is_stuck_and_nothing_is_left_open() {
    let _alone = alone();
    let room = Room::new();
    let images: Vec<PathBuf> = (0..SOCKETS)
        .map(|socket| room.image(&format!("disk-{socket}.img")))
        .collect();
    let (threads, files) = (entries("/proc/self/task"), entries("/proc/self/fd"));
    room.run(|| {
        let mut chance = 0x9E37_79B9_7F4A_7C15_u64;
        let mut next = |below: usize| {
            chance ^= chance << 13;
            chance ^= chance >> 7;
            chance ^= chance << 17;
            usize::try_from(chance >> 33).unwrap() % below
        };
        for change in 1..=10_000 {
            let socket = next(SOCKETS);
            if !room.sockets.pull(socket) {
                room.sockets.plug(socket, &images[socket], change);
            }
            if next(4) == 0 {
                room.sockets.until_seen();
            }
        }
        for (socket, image) in images.iter().enumerate() {
            room.sockets.pull(socket);
            room.sockets.plug(socket, image, 20_000);
        }
        for socket in 0..SOCKETS {
            room.until_state(socket, BayState::Unknown);
        }
        room.sockets.media().clear();
        until(|| room.bench.statuses().is_empty());
    });
    until(|| entries("/proc/self/task") <= threads);
    assert!(entries("/proc/self/fd") <= files);
    let left: BTreeSet<_> = fs::read_dir(room.folder.path().join("station"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    let kept = ["bays", "bench"].map(OsString::from);
    assert_eq!(left, kept.into(), "its lock, and what is in which bay");
}
