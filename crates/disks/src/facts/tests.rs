//! Facts of a made-up machine: a system disk with a volume group, a USB disk, a memory card, loop
//! devices.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use super::*;

const MOUNTINFO: &str = "\
27 1 253:0 / / rw,relatime shared:1 - ext4 /dev/mapper/vg-root rw
28 27 8:1 / /boot rw shared:2 - ext4 /dev/sda1 rw
29 27 0:40 / /srv rw - btrfs /dev/sdc1 rw
30 27 8:17 / /media/a\\040disk rw - fuseblk /dev/sdb1 rw
31 27 7:3 / /mnt/image rw - ext4 /dev/loop3 rw
";

const SWAPS: &str = "Filename\tType\tSize\tUsed\tPriority\n/dev/dm-1 partition 8 0 -2\n";

/// A folder that looks like a machine's root.
struct Machine {
    root: tempfile::TempDir,
}

impl Machine {
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        let machine = Self { root };
        machine.write("proc/self/mountinfo", MOUNTINFO);
        machine.write("proc/swaps", SWAPS);
        machine.system_disk();
        machine.usb_disk();
        machine.btrfs_disk();
        machine.memory_card();
        machine.disk_of_a_virtual_machine();
        machine
    }

    fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        let path = self.root.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    fn link(&self, path: &str, to: &str) {
        let path = self.root.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        symlink(self.root.path().join(to), path).unwrap();
    }

    /// A device of `sectors`, with the links by which the kernel shows it.
    fn device(&self, folder: &str, number: &str, sectors: u64) {
        let name = folder.rsplit('/').next().unwrap();
        self.write(&format!("{folder}/size"), format!("{sectors}\n"));
        self.write(&format!("{folder}/ro"), "0\n");
        self.write(&format!("dev/{name}"), "");
        self.link(&format!("sys/dev/block/{number}"), folder);
        self.link(&format!("sys/class/block/{name}"), folder);
    }

    fn partition(&self, disk: &str, number: u32, device: &str) {
        let name = disk.rsplit('/').next().unwrap();
        let folder = format!("{disk}/{name}{number}");
        self.device(&folder, device, 1000);
        self.write(&format!("{folder}/partition"), number.to_string());
    }

    fn system_disk(&self) {
        let disk = "sys/devices/pci0/ata1/block/sda";
        self.device(disk, "8:0", 500_118_192);
        self.write(&format!("{disk}/device/vendor"), "ATA     \n");
        self.write(&format!("{disk}/device/model"), "INTEL SSD\u{1b}[31m X \n");
        self.write(
            &format!("{disk}/device/vpd_pg80"),
            b"\x00\x80\x00\x0c  BTY0123456",
        );
        self.write(&format!("{disk}/queue/rotational"), "0\n");
        for (number, device) in [(1, "8:1"), (2, "8:2"), (3, "8:3")] {
            self.partition(disk, number, device);
        }
        for (name, number, what) in [("dm-0", "253:0", "root"), ("dm-1", "253:1", "swap")] {
            let volume = format!("sys/devices/virtual/block/{name}");
            self.device(&volume, number, 2000);
            self.write(&format!("{volume}/dm/name"), format!("vg-{what}\n"));
            self.link(&format!("{volume}/slaves/sda3"), &format!("{disk}/sda3"));
            self.link(&format!("{disk}/sda3/holders/{name}"), &volume);
            self.link(&format!("dev/mapper/vg-{what}"), &format!("dev/{name}"));
        }
    }

    fn usb_disk(&self) {
        let usb = "sys/devices/pci0/usb2/2-1";
        self.write(&format!("{usb}/idVendor"), "04e8\n");
        self.write(&format!("{usb}/serial"), "S5TXNF0R\n");
        let disk = format!("{usb}/2-1:1.0/host6/block/sdb");
        self.device(&disk, "8:16", 1_953_525_168);
        self.write(&format!("{disk}/device/vendor"), "Samsung\n");
        self.write(&format!("{disk}/device/model"), "PSSD T7\n");
        self.write(&format!("{disk}/queue/rotational"), "0\n");
        self.partition(&disk, 1, "8:17");
        self.partition(&disk, 2, "8:18");
    }

    fn btrfs_disk(&self) {
        let disk = "sys/devices/pci0/ata2/block/sdc";
        self.device(disk, "8:32", 4000);
        self.write(&format!("{disk}/queue/rotational"), "1\n");
        self.partition(disk, 1, "8:33");
    }

    /// Whatever is below it.
    fn disk_of_a_virtual_machine(&self) {
        let disk = "sys/devices/pci0/virtio1/block/vda";
        self.device(disk, "254:0", 4000);
        self.write(&format!("{disk}/queue/rotational"), "1\n");
    }

    fn memory_card(&self) {
        let disk = "sys/devices/pci0/mmc0/block/mmcblk0";
        self.device(disk, "179:0", 1 << 20);
        self.write(&format!("{disk}/ro"), "1\n");
        self.write(&format!("{disk}/removable"), "1\n");
        self.write(&format!("{disk}/device/name"), "SD32G\n");
        self.write(&format!("{disk}/device/serial"), "0x1234\n");
    }

    /// Attaches a file to a loop device.
    fn attach(&self, name: &str, number: &str, file: &Path) {
        let folder = format!("sys/devices/virtual/block/{name}");
        self.device(&folder, number, 8);
        self.write(
            &format!("{folder}/loop/backing_file"),
            format!("{}\n", file.display()),
        );
    }

    fn kernel(&self) -> Kernel {
        Kernel::at(self.root.path())
    }

    fn facts(&self, name: &str, number: &str) -> Facts {
        let path = PathBuf::from("/dev").join(name);
        let needed = [Path::new("/var/lib/longshore"), Path::new("/srv/data")];
        Facts::of_block(&self.kernel(), path, number.parse().unwrap(), &needed).unwrap()
    }
}

fn needed(path: &str) -> Use {
    Use::Needed { path: path.into() }
}

fn mounted(device: &str, at: &str) -> Use {
    Use::Mounted {
        device: device.into(),
        at: at.into(),
    }
}

fn swap() -> Use {
    Use::Swap {
        device: "/dev/dm-1".into(),
    }
}

#[test]
fn a_disk_tells_its_makers_names_size_and_partitions() {
    let facts = Machine::new().facts("sdb", "8:16");
    assert_eq!(facts.kind, Kind::Disk);
    assert_eq!(facts.bytes, 1_000_204_886_016);
    assert_eq!(
        facts.partitions,
        ["/dev/sdb1", "/dev/sdb2"].map(PathBuf::from)
    );
    assert!(facts.removable && !facts.rotational && !facts.read_only && !facts.is_image());
    assert_eq!(
        facts.to_string(),
        "`/dev/sdb`: removable disk, Samsung, PSSD T7, serial S5TXNF0R, \
         1000204886016 bytes (1.0 TB), holds unknown content, 2 partitions"
    );
}

#[test]
fn a_serial_is_found_where_each_bus_has_it_and_names_cannot_play_with_the_terminal() {
    let machine = Machine::new();
    let system = machine.facts("sda", "8:0");
    assert_eq!(system.serial.as_deref(), Some("BTY0123456"));
    assert!(!system.to_string().contains('\u{1b}'), "{system}");
    let card = machine.facts("mmcblk0", "179:0");
    assert_eq!(card.model.as_deref(), Some("SD32G"));
    assert_eq!(card.serial.as_deref(), Some("0x1234"));
    assert!(card.read_only && card.removable);
    assert!(machine.facts("sdc", "8:32").rotational);
    assert!(!machine.facts("vda", "254:0").rotational, "nobody knows");
}

#[test]
fn a_partition_has_its_own_size_and_its_disks_names() {
    let facts = Machine::new().facts("sdb2", "8:18");
    assert_eq!(
        facts.kind,
        Kind::Partition {
            of: "/dev/sdb".into()
        }
    );
    assert_eq!(facts.bytes, 512_000);
    assert_eq!(facts.model.as_deref(), Some("PSSD T7"));
    assert_eq!(facts.uses, []);
}

#[test]
fn every_part_of_the_system_disk_is_needed() {
    let machine = Machine::new();
    // Through the volume group: `/` and `/usr` are on a volume that rests on sda3.
    let system = [
        "/",
        "/boot",
        "/boot/efi",
        "/usr",
        "/var",
        "/var/lib/longshore",
    ]
    .map(needed);
    for (name, number) in [("sda", "8:0"), ("sda2", "8:2"), ("dm-1", "253:1")] {
        let facts = machine.facts(name, number);
        assert_eq!(facts.uses[..6], system, "{name}");
        assert_eq!(facts.uses[6], swap(), "{name}");
    }
    let disk = machine.facts("sda", "8:0");
    let part_of = |by: &str| Use::Held {
        device: "/dev/sda3".into(),
        by: by.into(),
    };
    let rest = [
        mounted("/dev/sda1", "/boot"),
        part_of("/dev/dm-0"),
        part_of("/dev/dm-1"),
    ];
    assert_eq!(disk.uses[7..], rest);
}

#[test]
fn a_mounted_partition_makes_its_disk_used() {
    let machine = Machine::new();
    let facts = machine.facts("sdb", "8:16");
    assert_eq!(facts.uses, [mounted("/dev/sdb1", "/media/a disk")]);
}

#[test]
fn a_disk_is_known_by_what_was_mounted_where_the_mount_has_no_number_of_it() {
    let facts = Machine::new().facts("sdc", "8:32");
    assert_eq!(
        facts.uses,
        [needed("/srv/data"), mounted("/dev/sdc1", "/srv")]
    );
}

#[test]
fn an_image_is_known_to_be_attached_by_any_of_its_names() {
    let machine = Machine::new();
    let folder = tempfile::tempdir().unwrap();
    let [image, other, name] = ["disk.img", "other.img", "name"].map(|n| folder.path().join(n));
    fs::write(&image, b"....").unwrap();
    fs::write(&other, b"....").unwrap();
    fs::hard_link(&image, &name).unwrap();
    machine.attach("loop3", "7:3", &image);
    machine.attach("loop4", "7:4", &folder.path().join("gone (deleted)"));
    let facts = |path: &Path| Facts::of_image(&machine.kernel(), path.into(), 4).unwrap();
    let attached = Use::Attached {
        to: "/dev/loop3".into(),
    };
    assert_eq!(
        facts(&name).uses,
        [mounted("/dev/loop3", "/mnt/image"), attached]
    );
    assert_eq!(facts(&other).uses, []);
    assert!(!facts(&other).read_only && facts(&other).is_image());
}

/// What is mounted in another mount namespace has no path here.
#[test]
fn a_mount_out_of_sight_is_a_use() {
    let machine = Machine::new();
    machine.link("proc/self/ns/mnt", "ours");
    for (process, space) in [("41", "ours"), ("77", "theirs"), ("78", "theirs")] {
        machine.link(&format!("proc/{process}/ns/mnt"), space);
        let mounts = "44 1 8:18 / /nowhere/here rw - ext4 /dev/sdb2 rw\n";
        machine.write(&format!("proc/{process}/mountinfo"), mounts);
    }
    let [Use::MountedElsewhere { device, pid }] = &machine.facts("sdb2", "8:18").uses[..] else {
        panic!("no such use")
    };
    assert_eq!(device, Path::new("/dev/sdb2"));
    assert!([77, 78].contains(pid));
}

/// What is behind a loop device may be behind another, which is mounted.
#[test]
fn two_loop_devices_on_one_file_know_of_each_other() {
    let machine = Machine::new();
    let folder = tempfile::tempdir().unwrap();
    // The space at the end is of the name.
    let [image, other] = ["disk.img ", "disk.img"].map(|name| folder.path().join(name));
    fs::write(&image, b"....").unwrap();
    fs::write(&other, b"....").unwrap();
    machine.attach("loop3", "7:3", &image);
    machine.attach("loop5", "7:5", &image);
    machine.attach("loop6", "7:6", &other);
    let attached = |to: &str| Use::Attached { to: to.into() };
    let of_loop3 = [mounted("/dev/loop3", "/mnt/image"), attached("/dev/loop3")];
    assert_eq!(machine.facts("loop5", "7:5").uses, of_loop3);
    assert_eq!(machine.facts("loop6", "7:6").uses, []);
    let of_image = |path: &Path| Facts::of_image(&machine.kernel(), path.into(), 4).unwrap();
    let used = [of_loop3.to_vec(), vec![attached("/dev/loop5")]].concat();
    assert_eq!(of_image(&image).uses, used);
    assert_eq!(of_image(&other).uses, [attached("/dev/loop6")]);
}

#[test]
fn what_is_no_device_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let told = |path: &Path| Facts::of(path, &[]).unwrap_err().to_string();
    let name = folder.path().canonicalize().unwrap();
    assert_eq!(
        told(folder.path()),
        format!(
            "`{}` is neither a block device nor an image file",
            name.display()
        )
    );
    assert!(matches!(
        Facts::of(&folder.path().join("nothing"), &[]),
        Err(FactsError::Unreadable { .. })
    ));
}

/// A partition is told by its disk, a volume by the disk it lies on, and a loop device as an image.
#[test]
fn what_tells_a_shipped_device_from_others_is_told() {
    let machine = Machine::new();
    let file = machine.root.path().join("disk.img");
    machine.attach("loop3", "7:3", &file);
    let told = |number: &str| {
        let block = machine.kernel().block(number.parse().unwrap()).unwrap();
        shipped::of_block(&block).unwrap().to_string()
    };
    for (number, facts) in [
        ("8:16", "Samsung PSSD T7, serial S5TXNF0R, 1.0 TB, USB"),
        ("8:17", "Samsung PSSD T7, serial S5TXNF0R, 1.0 TB, USB"),
        ("179:0", "SD32G, serial 0x1234, 537 MB, memory card"),
        ("8:33", "2.0 MB, SATA"),
        ("7:3", "4.1 kB, image file"),
    ] {
        assert_eq!(told(number), facts, "{number}");
    }
    assert!(told("253:0").ends_with("serial BTY0123456, 256 GB, SATA"));
}

#[test]
fn a_folder_of_this_hosts_own_disk_is_no_shipped_device() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(shipped(folder.path()), None);
    let image = folder.path().join("disk.img");
    fs::write(&image, [0; 5000]).unwrap();
    assert_eq!(shipped(&image).unwrap().to_string(), "5.0 kB, image file");
    assert_eq!(shipped(&folder.path().join("none")), None);
}
