//! A made-up host: what is taken, what is left alone, and when it is another.

use std::fs;
use std::os::unix::fs::symlink;

use super::*;

/// A folder that looks like the root of a host.
struct Host {
    root: tempfile::TempDir,
    mounts: Vec<String>,
}

const VIRTUAL: &str = "sys/devices/virtual/block";
const USB: &str =
    "sys/devices/pci0000:00/0000:00:14.0/usb4/4-2/4-2:1.0/host6/target6:0:0/6:0:0:0/block";
const SATA: &str = "sys/devices/pci0000:00/0000:00:17.0/ata3/host2/target2:0:0/2:0:0:0/block";
const SYSTEM: &str = "sys/devices/pci0000:00/0000:00:1d.0/0000:01:00.0/nvme/nvme0";

const USB_PORT: &str = "pci-0000:00:14.0/usb3-2";
const SATA_PORT: &str = "pci-0000:00:17.0/ata-3";

impl Host {
    /// One with its system disk.
    fn new() -> Self {
        let mut host = Self {
            root: tempfile::tempdir().unwrap(),
            mounts: Vec::new(),
        };
        let usb = "sys/devices/pci0000:00/0000:00:14.0/usb4";
        host.write(&format!("{usb}/version"), " 3.00\n");
        host.write(&format!("{usb}/4-2/idVendor"), "04e8\n");
        host.write("proc/swaps", "Filename\n");
        host.plug(SYSTEM, "nvme0n1", 1);
        host.mount("nvme0n1", "/");
        host
    }

    fn write(&self, path: &str, content: &str) {
        let path = self.root.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    fn link(&self, path: &str, to: &str) {
        let path = self.root.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        symlink(self.root.path().join(to), path).unwrap();
    }

    /// The number of a device: each name has its own.
    fn number(name: &str) -> String {
        let minor = name
            .bytes()
            .fold(0_u32, |number, byte| number * 31 % 9973 + u32::from(byte));
        format!("8:{minor}")
    }

    fn plug(&self, above: &str, name: &str, diskseq: u64) {
        let folder = format!("{above}/{name}");
        for (attribute, value) in [("size", 2048), ("ro", 0), ("removable", 0), ("hidden", 0)] {
            self.write(&format!("{folder}/{attribute}"), &format!("{value}\n"));
        }
        self.write(&format!("{folder}/diskseq"), &format!("{diskseq}\n"));
        self.write(&format!("dev/{name}"), "");
        self.link(&format!("sys/block/{name}"), &folder);
        self.link(&format!("sys/class/block/{name}"), &folder);
        self.link(&format!("sys/dev/block/{}", Self::number(name)), &folder);
    }

    fn unplug(&self, above: &str, name: &str) {
        let root = self.root.path();
        fs::remove_dir_all(root.join(above).join(name)).unwrap();
        let number = format!("sys/dev/block/{}", Self::number(name));
        let links = [
            format!("sys/block/{name}"),
            format!("sys/class/block/{name}"),
            number,
        ];
        links
            .iter()
            .for_each(|link| fs::remove_file(root.join(link)).unwrap());
    }

    fn set(&self, above: &str, name: &str, attribute: &str, value: &str) {
        self.write(&format!("{above}/{name}/{attribute}"), value);
    }

    fn mount(&mut self, name: &str, at: &str) {
        let (id, number) = (30 + self.mounts.len(), Self::number(name));
        let line = format!("{id} 1 {number} / {at} rw - ext4 /dev/{name} rw\n");
        self.mounts.push(line);
        self.write("proc/self/mountinfo", &self.mounts.concat());
    }

    fn unmount(&mut self) {
        self.mounts.pop();
        self.write("proc/self/mountinfo", &self.mounts.concat());
    }

    fn watch(&self, ports: &[&str], others: Others) -> HostWatch {
        self.watch_with(ports, others, None)
    }

    /// One that goes on with what was taken before.
    fn watch_on(&self) -> HostWatch {
        let kept = self.root.path().join("taken");
        self.watch_with(&[], Others::TakeNew, Some(kept))
    }

    fn watch_with(&self, ports: &[&str], others: Others, kept: Option<PathBuf>) -> HostWatch {
        let ports = ports
            .iter()
            .map(|port| PortId::new(*port).unwrap())
            .collect();
        let watched = Watched {
            ports,
            others,
            needed: vec!["/srv/station".into()],
            still_for: STILL_FOR,
            kept,
        };
        HostWatch::at(self.root.path(), watched).unwrap()
    }
}

/// The names of what is taken.
fn taken(watch: &mut HostWatch) -> Vec<String> {
    let media = watch.scan().unwrap().into_iter();
    let taken = media.filter(|medium| medium.left_alone.is_none());
    taken.map(|medium| medium.name).collect()
}

fn why(watch: &mut HostWatch, name: &str) -> LeftAlone {
    let media = watch.scan().unwrap();
    let medium = media.into_iter().find(|medium| medium.name == name);
    medium.unwrap().left_alone.unwrap()
}

const NONE: [&str; 0] = [];

#[test]
fn a_disk_that_is_plugged_in_is_seen_at_its_port() {
    let host = Host::new();
    let mut watch = host.watch(&[], Others::TakeNew);
    assert_eq!(taken(&mut watch), NONE);
    host.plug(USB, "sdb", 7);
    let media = watch.scan().unwrap();
    let medium = media.iter().find(|medium| medium.name == "sdb").unwrap();
    assert_eq!(medium.port.as_str(), USB_PORT);
    assert_eq!((medium.diskseq, medium.bytes), (Some(7), 1 << 20));
    assert_eq!(medium.path, Path::new("/dev/sdb"));
    assert!(medium.is_removable && medium.left_alone.is_none());
    host.unplug(USB, "sdb");
    assert_eq!(taken(&mut watch), NONE);
}

#[test]
fn a_name_that_is_given_again_is_another_medium() {
    let host = Host::new();
    let mut watch = host.watch(&[USB_PORT], Others::LeaveAlone);
    host.plug(USB, "sdb", 7);
    let id = |watch: &mut HostWatch| {
        let media = watch.scan().unwrap();
        let medium = media.into_iter().find(|medium| medium.name == "sdb");
        medium.unwrap().id()
    };
    let first = id(&mut watch);
    assert_eq!(id(&mut watch), first);
    host.set(USB, "sdb", "diskseq", "8\n");
    assert_ne!(id(&mut watch), first);
}

#[test]
fn what_was_there_before_is_left_alone_unless_its_port_is_a_bay() {
    let host = Host::new();
    host.plug(USB, "sdb", 7);
    host.plug(SATA, "sdc", 8);
    let mut watch = host.watch(&[SATA_PORT], Others::TakeNew);
    assert_eq!(taken(&mut watch), ["sdc"]);
    assert_eq!(why(&mut watch, "sdb"), LeftAlone::ThereBefore);
    // Taken out and plugged in again it is new, also where the kernel does not number media.
    host.unplug(USB, "sdb");
    watch.scan().unwrap();
    host.plug(USB, "sdb", 7);
    assert_eq!(taken(&mut watch), ["sdb", "sdc"]);
}

const BOOT: &str = "proc/sys/kernel/random/boot_id";
const BRIDGE: &str = "sys/devices/pci0000:00/0000:00:14.0/usb4/4-2";

#[test]
fn a_disk_that_was_taken_before_is_taken_again_after_a_crash_and_no_other() {
    let host = Host::new();
    host.write(BOOT, "first\n");
    host.plug(SATA, "sdc", 8);
    let mut watch = host.watch_on();
    host.plug(USB, "sdb", 9);
    assert_eq!(taken(&mut watch), ["sdb"]);
    drop(watch);
    let mut watch = host.watch_on();
    assert_eq!(taken(&mut watch), ["sdb"], "it was being loaded");
    assert_eq!(why(&mut watch, "sdc"), LeftAlone::ThereBefore);
    drop(watch);
    host.set(USB, "sdb", "diskseq", "10\n");
    let mut watch = host.watch_on();
    assert_eq!(taken(&mut watch), NONE, "another medium has its name");
    // And what was taken out is forgotten.
    host.set(USB, "sdb", "diskseq", "9\n");
    assert_eq!(taken(&mut host.watch_on()), NONE);
    host.write("taken", "something else");
    assert_eq!(taken(&mut host.watch_on()), NONE);
}

#[test]
fn after_a_power_cut_only_a_disk_with_a_serial_number_at_its_port_is_known() {
    for (serial, again, is_known) in [
        (Some("S1"), Some("S1"), true),
        (Some("S1"), Some("S2"), false),
        (None, None, false),
    ] {
        let host = Host::new();
        host.write(BOOT, "first\n");
        let write = |serial: Option<&str>| {
            if let Some(serial) = serial {
                host.write(&format!("{BRIDGE}/serial"), &format!("{serial}\n"));
            }
        };
        let mut watch = host.watch_on();
        write(serial);
        host.plug(USB, "sdb", 9);
        assert_eq!(taken(&mut watch), ["sdb"]);
        drop(watch);
        host.write(BOOT, "second\n");
        host.unplug(USB, "sdb");
        write(again);
        host.plug(USB, "sda", 2);
        let is_taken = taken(&mut host.watch_on()) == ["sda"];
        assert_eq!(is_taken, is_known, "{serial:?}, then {again:?}");
    }
}

#[test]
fn at_ports_that_are_no_bays_only_what_can_be_taken_out_is_taken_and_only_if_that_is_wished() {
    let host = Host::new();
    let mut all = host.watch(&[], Others::TakeNew);
    let mut bays = host.watch(&[SATA_PORT], Others::LeaveAlone);
    host.plug(USB, "sdb", 7);
    host.plug(SATA, "sdc", 8);
    assert_eq!(taken(&mut all), ["sdb"]);
    assert_eq!(why(&mut all, "sdc"), LeftAlone::NoBay);
    assert_eq!(taken(&mut bays), ["sdc"]);
    assert_eq!(why(&mut bays, "sdb"), LeftAlone::NoBay);
}

#[test]
fn what_the_system_needs_or_somebody_uses_is_left_alone_until_it_is_free() {
    let mut host = Host::new();
    let system = "pci-0000:01:00.0/nvme-1";
    let mut watch = host.watch(&[USB_PORT, SATA_PORT, system], Others::TakeNew);
    host.plug(USB, "sdb", 7);
    host.plug(SATA, "sdc", 8);
    host.mount("sdb", "/media/disk");
    assert_eq!(taken(&mut watch), ["sdc"]);
    assert!(matches!(
        why(&mut watch, "sdb"),
        LeftAlone::Used(Use::Mounted { .. })
    ));
    assert!(matches!(
        why(&mut watch, "nvme0n1"),
        LeftAlone::Used(Use::Needed { .. })
    ));
    // No message says that it is unmounted.
    assert_eq!(watch.patience(), WITHOUT_MESSAGES);
    host.unmount();
    assert_eq!(taken(&mut watch), ["sdb", "sdc"]);
    // From here on it is ours, and so may be what it is used for.
    host.mount("sdb", "/srv/station/mnt");
    assert_eq!(taken(&mut watch), ["sdb", "sdc"]);
    let mut second = host.watch(&[USB_PORT], Others::TakeNew);
    assert!(matches!(why(&mut second, "sdb"), LeftAlone::Used(_)));
    let volume = format!("{VIRTUAL}/dm-0");
    host.plug(VIRTUAL, "dm-0", 9);
    host.link(&format!("{SATA}/sdc/holders/dm-0"), &volume);
    let mut second = host.watch(&[SATA_PORT], Others::TakeNew);
    assert!(matches!(
        why(&mut second, "sdc"),
        LeftAlone::Used(Use::Held { .. })
    ));
}

#[test]
fn what_is_made_of_others_or_of_memory_is_never_taken() {
    let host = Host::new();
    let mut watch = host.watch(&[], Others::TakeNew);
    let names = ["dm-0", "md127", "zram1", "ram3", "nbd0"];
    for (name, diskseq) in names.into_iter().zip(20..) {
        host.plug(VIRTUAL, name, diskseq);
        host.set(VIRTUAL, name, "removable", "1\n");
    }
    let card = "sys/devices/pci0000:00/0000:00:1e.6/mmc_host/mmc0/mmc0:0001/block";
    host.plug(card, "mmcblk0boot0", 30);
    host.plug(USB, "sdb", 31);
    host.set(USB, "sdb", "hidden", "1\n");
    // A reader with nothing in it.
    host.plug(SATA, "sdc", 32);
    host.set(SATA, "sdc", "size", "0\n");
    assert_eq!(taken(&mut watch), NONE);
    for name in names.into_iter().chain(["mmcblk0boot0"]) {
        assert_eq!(why(&mut watch, name), LeftAlone::Made, "{name}");
    }
    assert_eq!(why(&mut watch, "sdb"), LeftAlone::Hidden);
    assert!(
        watch
            .scan()
            .unwrap()
            .iter()
            .all(|medium| medium.name != "sdc")
    );
}

#[test]
fn an_image_is_taken_only_from_a_folder_that_is_a_bay() {
    let host = Host::new();
    let folder = tempfile::tempdir().unwrap();
    let real = folder.path().canonicalize().unwrap();
    let [bays, inner, link] = ["bays", "bays/T1", "link"].map(|name| real.join(name));
    fs::create_dir_all(&inner).unwrap();
    symlink(&bays, &link).unwrap();
    let ports = [&link, &inner].map(|folder| format!("loop:{}", folder.display()));
    let mut watch = host.watch(&ports.each_ref().map(String::as_str), Others::TakeNew);
    let images = [
        bays.join("a.img"),
        inner.join("b.img"),
        real.join("bays-c.img"),
    ];
    for (image, at) in images.iter().zip(1..) {
        let name = format!("loop{at}");
        host.plug(VIRTUAL, &name, at);
        let image = format!("{}\n", image.display());
        host.set(VIRTUAL, &name, "loop/backing_file", &image);
    }
    let media = watch.scan().unwrap();
    let told: Vec<(&str, bool)> = media
        .iter()
        .filter(|medium| medium.name.starts_with("loop"))
        .map(|medium| (medium.port.as_str(), medium.left_alone.is_none()))
        .collect();
    let other = format!("loop:{}", real.display());
    assert_eq!(
        told,
        [(&ports[0][..], true), (&ports[1], true), (&other, false)]
    );
}

#[test]
fn a_host_without_a_list_of_devices_is_an_error_and_not_an_empty_one() {
    let host = Host::new();
    let mut watch = host.watch(&[USB_PORT], Others::TakeNew);
    fs::remove_dir_all(host.root.path().join("sys/block")).unwrap();
    assert!(watch.scan().is_err());
}

#[test]
fn a_wait_ends_when_it_is_stopped() {
    let host = Host::new();
    let mut watch = host.watch(&[], Others::TakeNew);
    let stop = Stop::default();
    stop.halt(transfer::stop::Halt::Interrupted);
    watch.wait(Duration::from_secs(3600), &stop);
    assert!(!watch.has_heard() && watch.overflows() == 0);
}

#[test]
fn ports_that_are_said_anew_are_watched_from_then_on_and_what_was_there_is_left_alone() {
    let host = Host::new();
    let mut watch = host.watch(&[SATA_PORT], Others::LeaveAlone);
    host.plug(USB, "sdb", 7);
    assert_eq!(why(&mut watch, "sdb"), LeftAlone::NoBay);
    let wanted = watch.wanted();
    let say = |ports: &[&str], others| {
        let ports = ports.iter().map(|port| PortId::new(*port).unwrap());
        wanted.say(ports.collect(), others);
    };
    say(&[USB_PORT], Others::LeaveAlone);
    assert_eq!(taken(&mut watch), ["sdb"]);
    say(&[], Others::TakeNew);
    assert_eq!(why(&mut watch, "sdb"), LeftAlone::ThereBefore);
    host.unplug(USB, "sdb");
    assert_eq!(taken(&mut watch), NONE);
    host.plug(USB, "sdb", 8);
    assert_eq!(taken(&mut watch), ["sdb"]);
    say(&[SATA_PORT], Others::LeaveAlone);
    assert_eq!(why(&mut watch, "sdb"), LeftAlone::NoBay);
}

#[test]
fn a_wait_ends_when_other_ports_are_said() {
    let host = Host::new();
    let mut watch = host.watch(&[SATA_PORT], Others::LeaveAlone);
    watch
        .wanted()
        .say(vec![PortId::new(USB_PORT).unwrap()], Others::LeaveAlone);
    let begun = Instant::now();
    watch.wait(Duration::from_secs(60), &Stop::default());
    assert!(begun.elapsed() < Duration::from_secs(30));
}
