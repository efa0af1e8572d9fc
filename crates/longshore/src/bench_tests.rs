//! A whole service in this process, its station's bench, and folders as devices: what is plugged in is said by the test.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use disks::sandbox::Launcher;
use model::bay::{BayState, BayStatus};
use model::ids::{BucketName, JobId, JobType};
use model::order::OrderVerb;
use server::config::{Config, Overrides};
use station::resident::NotDone;
use station::watch::{Medium, Watch};

use super::*;
use crate::local_service::LocalService;

const MANIFEST: &str = "manifestVersion: 2.0\nbucket: photos\ndeviceId: D-1\neraseDevice: no\n\
    notificationEmail: a@b.example\nreturnAddress:\n    name: N\n    street1: S\n    city: C\n    \
    stateOrProvince: WA\n    postalCode: 98000\n    country: USA\n    phoneNumber: 1\n";

/// A thing that must come; a machine that is busy with other tests may take long.
const SOON: Duration = Duration::from_secs(120);

/// What is plugged in, as a test says.
#[derive(Clone, Default)]
struct Sockets(Arc<Mutex<Vec<Medium>>>);

impl Sockets {
    fn plug(&self, bay: &str, path: &Path, diskseq: u64) {
        self.0.lock().unwrap().push(Medium {
            name: path.file_name().unwrap().to_str().unwrap().to_owned(),
            path: path.to_owned(),
            port: port(bay),
            diskseq: Some(diskseq),
            laid: None,
            bytes: 0,
            is_removable: true,
            left_alone: None,
        });
    }

    fn pull(&self, path: &Path) {
        self.0.lock().unwrap().retain(|medium| medium.path != path);
    }
}

impl Watch for Sockets {
    fn scan(&mut self) -> io::Result<Vec<Medium>> {
        Ok(self.0.lock().unwrap().clone())
    }

    fn wait(&mut self, _timeout: Duration, _stop: &Stop) {
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn port(bay: &str) -> PortId {
    PortId::new(format!("usb3-{bay}")).unwrap()
}

/// A service with its data folder, and the bays of its station.
struct Room {
    folder: tempfile::TempDir,
    local: LocalService,
    sockets: Sockets,
}

/// A bench that is run.
struct Run {
    bench: Arc<Bench>,
    stop: Stop,
    thread: JoinHandle<()>,
}

impl Room {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let any = "127.0.0.1:0".parse().ok();
        let overrides = Overrides {
            data: Some(folder.path().join("data")),
            listen: any,
            embedded_listen: any,
            ..Overrides::default()
        };
        let config = Config::load(None, &overrides).unwrap();
        let local = LocalService::open(config).unwrap();
        let bucket = BucketName::new("photos").unwrap();
        local.ensure_bucket(&bucket).unwrap();
        Self {
            folder,
            local,
            sockets: Sockets::default(),
        }
    }

    /// A job and its device: a folder with so many files.
    fn device(&self, files: usize, prefix: &str) -> (JobId, PathBuf) {
        let manifest = format!("{MANIFEST}prefix: {prefix}\n");
        let client = self.local.client().unwrap();
        let made = client.create(JobType::Import, &manifest, false).unwrap();
        let id = made.job_id;
        let device = self.folder.path().join(format!("device-{id}"));
        fs::create_dir(&device).unwrap();
        for number in 0..files {
            let content = format!("{prefix}{number} ").repeat(2000);
            fs::write(device.join(format!("file-{number}.txt")), content).unwrap();
        }
        let signature = made.signature_file_contents.unwrap();
        fs::write(device.join("SIGNATURE"), signature).unwrap();
        (JobId::new(&id).unwrap(), device)
    }

    fn run(&self, change: impl FnOnce(&mut Station, &mut BenchConfig)) -> Run {
        let mut station = self.local.station().unwrap();
        station.launcher = Launcher::Thread;
        let mut settings = BenchConfig::default();
        for bay in ["A", "B", "C", "D"] {
            settings.bays.push(BayConfig {
                name: BayName::new(bay).unwrap(),
                ports: vec![port(bay)],
            });
        }
        change(&mut station, &mut settings);
        let bench = bench(station, &settings);
        let stop = Stop::default();
        let (mut watch, stopped, run) = (self.sockets.clone(), stop.clone(), Arc::clone(&bench));
        let thread = std::thread::spawn(move || run.run(&mut watch, &stopped, || ()).unwrap());
        Run {
            bench,
            stop,
            thread,
        }
    }

    fn progress(&self, job: JobId) -> (String, u64) {
        let status = self.local.client().unwrap().status(job.as_str()).unwrap();
        (
            status.progress_code.unwrap(),
            status.error_count.unwrap_or(0),
        )
    }

    fn objects(&self, prefix: &str) -> usize {
        let objects = self.local.objects_of(&BucketName::new("photos").unwrap());
        let names = fs::read_dir(objects.unwrap()).unwrap();
        let names = names.map(|it| it.unwrap().file_name().into_string().unwrap());
        names.filter(|name| name.starts_with(prefix)).count()
    }
}

impl Run {
    fn status(&self, bay: &str) -> Option<BayStatus> {
        let all = self.bench.statuses();
        all.into_iter().find(|it| it.name.as_str() == bay)
    }

    fn until(&self, bay: &str, is_it: impl Fn(&BayStatus) -> bool) -> BayStatus {
        let begun = Instant::now();
        loop {
            let status = self.status(bay);
            if let Some(status) = status.as_ref().filter(|status| is_it(status)) {
                return status.clone();
            }
            assert!(begun.elapsed() < SOON, "bay {bay}: {status:?}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn order(&self, bay: &str, order: OrderVerb) -> Result<(), NotDone> {
        self.bench.order(order, BayName::new(bay).unwrap())
    }

    fn end(self) {
        self.stop.halt(Halt::Interrupted);
        self.thread.join().unwrap();
    }
}

fn is(state: BayState) -> impl Fn(&BayStatus) -> bool {
    move |status| status.state == state
}

#[test]
fn what_is_plugged_in_is_loaded_and_what_is_not_ours_is_left() {
    let room = Room::new();
    let run = room.run(|_, _| {});
    let (job, device) = room.device(30, "a-");
    room.sockets.plug("A", &device, 1);
    let stranger = room.folder.path().join("stranger");
    fs::create_dir(&stranger).unwrap();
    fs::write(stranger.join("notes.txt"), "mine").unwrap();
    room.sockets.plug("B", &stranger, 2);
    let status = run.until("A", is(BayState::SafeToRemove));
    assert_eq!(status.job, Some(job));
    assert!(status.sentence.contains("30 files"), "{status:?}");
    assert_eq!(room.progress(job), ("Complete".to_owned(), 0));
    assert_eq!(room.objects("a-"), 30);
    let status = run.until("B", is(BayState::Unknown));
    assert!(status.sentence.contains("no SIGNATURE"), "{status:?}");
    // The same one again has nothing to load any more.
    room.sockets.pull(&device);
    run.until("A", is(BayState::Empty));
    room.sockets.plug("C", &device, 3);
    let status = run.until("C", is(BayState::NothingToLoad));
    assert!(status.sentence.contains("is over"), "{status:?}");
    run.end();
}

#[test]
fn a_device_that_is_pulled_out_goes_on_in_another_bay_under_another_name() {
    let room = Room::new();
    let run = room.run(|station, _| {
        station.settings.parallel = 1;
        station.settings.pace.bytes_per_second = std::num::NonZeroU64::new(200_000);
        station.resources = Arc::new(transfer::resources::Resources::new(&station.settings));
    });
    let (job, device) = room.device(40, "b-");
    room.sockets.plug("A", &device, 1);
    run.until("A", |status| {
        status
            .figures
            .as_ref()
            .is_some_and(|figures| figures.tally.stored > 0)
    });
    room.sockets.pull(&device);
    run.until("A", is(BayState::Reconnecting));
    let moved = room.folder.path().join("another-name");
    fs::rename(&device, &moved).unwrap();
    room.sockets.plug("B", &moved, 2);
    run.until("B", is(BayState::SafeToRemove));
    assert_eq!(run.status("A").unwrap().state, BayState::Empty);
    assert_eq!(room.progress(job), ("Complete".to_owned(), 0));
    assert_eq!(room.objects("b-"), 40);
    run.end();
}

#[test]
fn two_devices_of_one_job_are_not_loaded_both() {
    let room = Room::new();
    let run = room.run(|_, settings| settings.auto_load = false);
    let (job, device) = room.device(5, "c-");
    let other = room.folder.path().join("clone");
    fs::create_dir(&other).unwrap();
    fs::copy(device.join("SIGNATURE"), other.join("SIGNATURE")).unwrap();
    room.sockets.plug("A", &device, 1);
    run.until("A", is(BayState::Ready));
    room.sockets.plug("B", &other, 2);
    let status = run.until("B", is(BayState::Held));
    assert!(status.sentence.contains("another device"), "{status:?}");
    assert_eq!(
        room.progress(job).0,
        "Pending",
        "nobody has said that it is to be loaded"
    );
    run.order("A", OrderVerb::Load).unwrap();
    run.until("A", is(BayState::SafeToRemove));
    run.until("B", is(BayState::NothingToLoad));
    assert_eq!(
        run.order("D", OrderVerb::Load).unwrap_err().to_string(),
        "there is nothing in the bay"
    );
    assert_eq!(room.objects("c-"), 5);
    run.end();
}

#[test]
fn what_was_stopped_in_order_goes_on_when_the_bench_is_run_again() {
    let room = Room::new();
    let slow = |station: &mut Station, _: &mut BenchConfig| {
        station.settings.parallel = 1;
        station.settings.pace.bytes_per_second = std::num::NonZeroU64::new(200_000);
        station.resources = Arc::new(transfer::resources::Resources::new(&station.settings));
    };
    let run = room.run(slow);
    let (job, device) = room.device(40, "d-");
    room.sockets.plug("A", &device, 1);
    run.until("A", |status| {
        status
            .figures
            .as_ref()
            .is_some_and(|figures| figures.tally.stored > 0)
    });
    run.end();
    let control = room.local.station().unwrap().control;
    let facts = control.job(&model::control::JobRequest { job }).unwrap();
    assert_eq!(facts.held_by, None, "its lease was given back");
    let run = room.run(|_, _| {});
    run.until("A", is(BayState::SafeToRemove));
    assert_eq!(room.progress(job), ("Complete".to_owned(), 0));
    assert_eq!(room.objects("d-"), 40);
    run.end();
}

#[test]
fn one_bench_has_the_bays_of_a_station() {
    let room = Room::new();
    let run = room.run(|_, _| {});
    run.until("A", is(BayState::Empty));
    let begun = Instant::now();
    let taken = loop {
        let second = bench(room.local.station().unwrap(), &BenchConfig::default());
        match second.run(&mut room.sockets.clone(), &run.stop, || ()) {
            Err(error) => break error,
            Ok(()) => assert!(begun.elapsed() < SOON),
        }
    };
    assert_eq!(failure(taken).exit, Exit::Refused);
    run.end();
}

#[test]
fn an_inbox_is_a_bay_with_a_name_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let args = InboxArgs {
        inbox: vec![folder.path().to_owned(), folder.path().to_owned()],
    };
    let mut settings = BenchConfig::default();
    add_inboxes(&args, &mut settings).unwrap();
    assert!(settings.enabled);
    let names: Vec<_> = settings.bays.iter().map(|bay| bay.name.as_str()).collect();
    assert_eq!(names, ["inbox", "inbox-2"]);
    assert!(settings.bays[0].ports[0].as_str().starts_with("folder:/"));
    let missing = InboxArgs {
        inbox: vec![folder.path().join("nothing")],
    };
    assert!(add_inboxes(&missing, &mut settings).is_err());
}
