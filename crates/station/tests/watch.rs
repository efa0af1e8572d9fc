//! The watch over real devices: loop devices and compressed memory, which need root. Without it nothing is tried, and
//! that is said.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]
#![expect(clippy::print_stderr, reason = "a test that is not tried says so")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use station::port::PortId;
use station::watch::{HostWatch, LeftAlone, Medium, MediumId, Others, STILL_FOR, Watch, Watched};
use transfer::stop::Stop;

const MEBIBYTE: u64 = 1 << 20;

/// Longer than any test may wait.
const LONG: Duration = Duration::from_secs(600);

/// One test at a time: they count what is open here.
static ALONE: Mutex<()> = Mutex::new(());

/// Waits for the turn of a test; `None` if no loop devices can be made here.
fn alone() -> Option<MutexGuard<'static, ()>> {
    let can = rustix::process::geteuid().is_root() && Path::new("/dev/loop-control").exists();
    if !can {
        eprintln!("not tried: loop devices need root");
    }
    can.then(|| ALONE.lock().unwrap_or_else(PoisonError::into_inner))
}

fn run(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{program} {arguments:?}: {said}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// A folder whose images are attached.
struct Bay {
    folder: tempfile::TempDir,
    attached: Vec<String>,
}

impl Bay {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            attached: Vec::new(),
        }
    }

    fn watch(&self) -> HostWatch {
        let port = format!("loop:{}", self.folder.path().display());
        HostWatch::new(Watched {
            ports: vec![PortId::new(port).unwrap()],
            others: Others::TakeNew,
            needed: Vec::new(),
            still_for: STILL_FOR,
            kept: None,
        })
        .unwrap()
    }

    fn image(&self, name: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        File::create(&path).unwrap().set_len(MEBIBYTE).unwrap();
        path
    }

    /// Attaches an image, and gives the name of the device.
    fn attach(&mut self, image: &str) -> String {
        let image = self.image(image);
        let device = run("losetup", &["--find", "--show", image.to_str().unwrap()]);
        self.attached.push(device.clone());
        device.trim_start_matches("/dev/").to_owned()
    }

    /// Detaches an image. Who looks at the device just now, as any list of loop devices does, has it until then.
    fn detach(&mut self, name: &str) {
        let device = format!("/dev/{name}");
        let behind = format!("/sys/block/{name}/loop/backing_file");
        run("losetup", &["--detach", &device]);
        let folder = self.folder.path().to_str().unwrap();
        while fs::read_to_string(&behind).is_ok_and(|image| image.starts_with(folder)) {
            thread::yield_now();
        }
        self.attached.retain(|attached| *attached != device);
    }
}

impl Drop for Bay {
    fn drop(&mut self) {
        for device in &self.attached {
            let detached = Command::new("losetup").args(["--detach", device]).status();
            assert!(detached.is_ok());
        }
    }
}

/// What is taken.
fn taken(watch: &mut HostWatch) -> BTreeMap<MediumId, Medium> {
    let media = watch.scan().unwrap().into_iter();
    media
        .filter(|medium| medium.left_alone.is_none())
        .map(|medium| (medium.id(), medium))
        .collect()
}

fn names(watch: &mut HostWatch) -> Vec<String> {
    taken(watch)
        .into_values()
        .map(|medium| medium.name)
        .collect()
}

/// A name that is given again is another medium; and so long as nothing is attached there is none.
#[test]
fn an_image_comes_and_goes() {
    let Some(_alone) = alone() else { return };
    let mut bay = Bay::new();
    let mut watch = bay.watch();
    assert!(taken(&mut watch).is_empty());
    let name = bay.attach("a.img");
    watch.wait(LONG, &Stop::default());
    assert!(watch.has_heard(), "the kernel speaks to us");
    let first = taken(&mut watch);
    let (id, medium) = first.first_key_value().unwrap();
    assert_eq!((&medium.name, medium.bytes), (&name, MEBIBYTE));
    assert_eq!(medium.path, Path::new("/dev").join(&name));
    assert!(medium.diskseq.is_some());
    bay.detach(&name);
    watch.wait(LONG, &Stop::default());
    assert!(taken(&mut watch).is_empty());
    let image = bay.image("b.img");
    let device = format!("/dev/{name}");
    let again = Command::new("losetup")
        .arg(&device)
        .arg(image)
        .status()
        .unwrap();
    if !again.success() {
        eprintln!("not tried: somebody else has the name by now");
        return;
    }
    bay.attached.push(device);
    let second = taken(&mut watch);
    assert_eq!(second.len(), 1);
    assert!(!second.contains_key(id), "it is another medium");
}

/// A device that is made, used and removed as a whole.
#[test]
fn a_device_that_is_removed_is_gone() {
    let Some(_alone) = alone() else { return };
    const ADD: u32 = 0x4c80;
    const REMOVE: u32 = 0x4c81;
    let number = 700 + std::process::id() % 1000;
    let control = |request: u32| {
        let script = "open(my $c, '+<', '/dev/loop-control') or exit 1; \
                      exit(defined(ioctl($c, $ARGV[0], $ARGV[1] + 0)) ? 0 : 2)";
        let words = [request.to_string(), number.to_string()];
        let status = Command::new("perl")
            .args(["-e", script])
            .args(&words)
            .status();
        status.is_ok_and(|status| status.success())
    };
    if !control(ADD) {
        eprintln!("not tried: no loop device can be added");
        return;
    }
    let mut bay = Bay::new();
    let mut watch = bay.watch();
    let (name, image) = (format!("loop{number}"), bay.image("a.img"));
    let device = format!("/dev/{name}");
    run("losetup", &[&device, image.to_str().unwrap()]);
    bay.attached.push(device);
    assert_eq!(names(&mut watch), [&name[..]]);
    bay.detach(&name);
    assert!(control(REMOVE));
    watch.wait(LONG, &Stop::default());
    let media = watch.scan().unwrap();
    assert!(media.iter().all(|medium| medium.name != name));
}

#[test]
fn what_is_mounted_and_what_is_made_of_memory_is_left_alone() {
    let Some(_alone) = alone() else { return };
    let mut bay = Bay::new();
    let mut watch = bay.watch();
    let image = bay.image("a.img");
    run("mkfs.ext4", &["-q", "-F", image.to_str().unwrap()]);
    let at = tempfile::tempdir().unwrap();
    let device = run("losetup", &["--find", "--show", image.to_str().unwrap()]);
    bay.attached.push(device.clone());
    run("mount", &["-o", "ro", &device, at.path().to_str().unwrap()]);
    let media = watch.scan();
    run("umount", &[at.path().to_str().unwrap()]);
    let media = media.unwrap();
    let mounted = media
        .iter()
        .find(|medium| medium.path == Path::new(&device));
    let why = mounted.unwrap().left_alone.clone().unwrap();
    assert!(why.to_string().contains("is mounted at"), "{why}");
    assert_eq!(taken(&mut watch).len(), 1, "nobody has it any more");
    let Ok(number) = fs::read_to_string("/sys/class/zram-control/hot_add") else {
        eprintln!("not tried: no compressed memory can be added");
        return;
    };
    let number = number.trim();
    let sized = fs::write(format!("/sys/block/zram{number}/disksize"), "1M");
    let media = watch.scan();
    let removed = fs::write("/sys/class/zram-control/hot_remove", number);
    sized.and(removed).unwrap();
    let media = media.unwrap();
    let memory = media.iter().find(|it| it.name == format!("zram{number}"));
    assert_eq!(memory.unwrap().left_alone, Some(LeftAlone::Made));
    // The disks of this host itself.
    let of_host = media.iter().filter(|it| !it.name.starts_with("loop"));
    assert!(of_host.clone().count() > 0);
    assert!(of_host.into_iter().all(|it| it.left_alone.is_some()));
}

/// More messages than can be kept are lost, and then all is looked at.
#[test]
fn messages_that_are_lost_lose_no_disk() {
    let Some(_alone) = alone() else { return };
    let mut bay = Bay::new();
    let mut watch = bay.watch();
    let attached: BTreeSet<String> = (0..4).map(|at| bay.attach(&format!("{at}.img"))).collect();
    let name = attached.first().unwrap();
    // Some 768 bytes each of a mebibyte that the kernel doubles.
    for _ in 0..3500 {
        fs::write(format!("/sys/block/{name}/uevent"), "change").unwrap();
    }
    watch.wait(LONG, &Stop::default());
    assert!(watch.overflows() > 0);
    assert_eq!(
        names(&mut watch).into_iter().collect::<BTreeSet<_>>(),
        attached
    );
    let last = bay.attach("last.img");
    watch.wait(LONG, &Stop::default());
    assert!(names(&mut watch).contains(&last), "it hears on");
}

/// A thousand images are attached and detached in an order that no one chose: each scan tells just what is there, and in
/// the end nothing of it is left open or attached.
#[test]
fn a_thousand_images_come_and_go_in_any_order() {
    let Some(_alone) = alone() else { return };
    let open = || fs::read_dir("/proc/self/fd").unwrap().count();
    let before = open();
    let mut bay = Bay::new();
    let mut watch = bay.watch();
    let (mut chance, mut attached) = (0x9e37_79b9_7f4a_7c15_u64, BTreeSet::new());
    for turn in 0..1000 {
        chance = chance
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        let count = attached.len() as u64;
        if count < 2 || count < 8 && chance >> 63 == 0 {
            assert!(attached.insert(bay.attach(&format!("{}.img", turn % 10))));
        } else {
            let at = usize::try_from((chance >> 33) % count).unwrap();
            let name = attached.iter().nth(at).cloned().unwrap();
            bay.detach(&name);
            attached.remove(&name);
        }
        assert_eq!(
            names(&mut watch).into_iter().collect::<BTreeSet<_>>(),
            attached
        );
    }
    for name in attached {
        bay.detach(&name);
    }
    assert!(taken(&mut watch).is_empty());
    let folder = bay.folder.path().to_str().unwrap().to_owned();
    assert!(!run("losetup", &["--list", "--output", "BACK-FILE"]).contains(&folder));
    drop((watch, bay));
    assert_eq!(open(), before);
}

/// In a user namespace the kernel says nothing, and what is plugged in is found all the same.
#[test]
fn without_messages_it_looks_by_itself() {
    let Some(_alone) = alone() else { return };
    let mut bay = Bay::new();
    let test = std::env::current_exe().unwrap();
    let mut inside = Command::new("unshare")
        .args(["--user", "--map-root-user", "--net"])
        .arg(test)
        .args([
            "--exact",
            "watches_in_a_user_namespace",
            "--ignored",
            "--nocapture",
        ])
        .env("WATCHED_FOLDER", bay.folder.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = BufReader::new(inside.stdout.take().unwrap()).lines();
    let mut says = |wanted: &str| {
        let found = said.find(|line| line.as_ref().is_ok_and(|line| line.contains(wanted)));
        found.transpose().unwrap()
    };
    if says("watching").is_none() {
        eprintln!("not tried: no user namespace can be made");
    } else {
        let name = bay.attach("a.img");
        assert!(says(&format!("sees {name}, and heard nothing")).is_some());
    }
    inside.wait().unwrap();
}

/// The other side of the test above.
#[test]
#[ignore = "is run in a user namespace by another test"]
fn watches_in_a_user_namespace() {
    let Some(folder) = std::env::var_os("WATCHED_FOLDER") else {
        return;
    };
    let port = format!("loop:{}", folder.display());
    let mut watch = HostWatch::new(Watched {
        ports: vec![PortId::new(port).unwrap()],
        others: Others::LeaveAlone,
        needed: Vec::new(),
        still_for: STILL_FOR,
        kept: None,
    })
    .unwrap();
    println!("watching");
    // Each wait would last for ten minutes if it waited for a message.
    for _ in 0..60 {
        watch.wait(LONG, &Stop::default());
        if let Some(name) = names(&mut watch).first() {
            assert!(!watch.has_heard());
            println!("sees {name}, and heard nothing");
            return;
        }
    }
    panic!("it sees nothing");
}
