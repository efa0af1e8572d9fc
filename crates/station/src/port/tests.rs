//! Ports of disks as kernels have shown them, laid out in a folder.

use std::fs;
use std::os::unix::fs::symlink;

use super::*;

/// A folder that looks like `/sys/devices`.
struct Devices(tempfile::TempDir);

impl Devices {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, path: &str) -> PathBuf {
        let root = fs::canonicalize(self.0.path()).unwrap();
        root.join("sys/devices").join(path)
    }

    fn write(&self, path: &str, content: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    fn link(&self, path: &str, to: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        symlink(self.path(to), path).unwrap();
    }

    /// The port of the disk with this folder.
    fn port(&self, disk: &str) -> String {
        fs::create_dir_all(self.path(disk)).unwrap();
        of_disk(&self.path(disk)).unwrap().to_string()
    }
}

const XHCI: &str = "pci0000:00/0000:00:14.0";

#[test]
fn a_socket_of_usb_is_two_ports_by_its_revision() {
    let devices = Devices::new();
    // Numbers of buses depend on the order in which controllers are found.
    devices.write(&format!("{XHCI}/usb4/version"), " 3.10\n");
    devices.write(&format!("{XHCI}/usb3/version"), " 2.00\n");
    let fast = format!("{XHCI}/usb4/4-2/4-2.4/4-2.4:1.0/host6/target6:0:0/6:0:0:0/block/sdb");
    let slow = format!("{XHCI}/usb3/3-5/3-5.4/3-5.4:1.0/host7/target7:0:0/7:0:0:0/block/sdc");
    assert_eq!(devices.port(&fast), "pci-0000:00:14.0/usb3-2.4");
    assert_eq!(devices.port(&slow), "pci-0000:00:14.0/usb2-5.4");
    let renamed = fast.replace("sdb", "sdq").replace("host6", "host12");
    assert_eq!(devices.port(&renamed), "pci-0000:00:14.0/usb3-2.4");
}

#[test]
fn disks_behind_one_bridge_are_told_apart() {
    let devices = Devices::new();
    devices.write(&format!("{XHCI}/usb2/version"), " 3.00\n");
    let bridge = format!("{XHCI}/usb2/2-1/2-1:1.0/host4/target4:0:0");
    assert_eq!(
        devices.port(&format!("{bridge}/4:0:0:1/block/sdd")),
        "pci-0000:00:14.0/usb3-1/scsi-0.0.1"
    );
    assert_eq!(
        devices.port(&format!(
            "{XHCI}/usb2/2-1/2-1:1.1/host5/target5:0:0/5:0:0:0/block/sde"
        )),
        "pci-0000:00:14.0/usb3-1:1.1"
    );
}

/// What calls itself a disk and is a keyboard as well has two interfaces.
#[test]
fn partitions_and_interfaces_are_at_the_port_of_their_device() {
    let devices = Devices::new();
    devices.write(&format!("{XHCI}/usb4/version"), " 3.10\n");
    let keyboard = format!("{XHCI}/usb4/4-2/4-2:1.1");
    devices.write(&format!("{keyboard}/bInterfaceNumber"), "01\n");
    let storage = format!("{XHCI}/usb4/4-2/4-2:1.0");
    devices.write(&format!("{storage}/bInterfaceNumber"), "00\n");
    let disk = format!("{storage}/host6/target6:0:0/6:0:0:0/block/sdb");
    devices.write(&format!("{disk}/sdb1/partition"), "1\n");
    let at = |path: &str| super::at(&devices.path(path)).map(String::from);
    let port = "pci-0000:00:14.0/usb3-2";
    for same in [&storage, &disk, &format!("{disk}/sdb1")] {
        assert_eq!(at(same).as_deref(), Some(port), "{same}");
    }
    assert_eq!(
        at(&keyboard).as_deref(),
        Some("pci-0000:00:14.0/usb3-2:1.1")
    );
    assert_eq!(at("none"), None);
}

#[test]
fn a_controller_that_is_no_device_of_pci_has_the_name_of_the_platform() {
    let devices = Devices::new();
    let root = "platform/scb/fd500000.pcie/usb1";
    assert_eq!(
        devices.port(&format!(
            "{root}/1-1/1-1.3/1-1.3:1.0/host0/target0:0:0/0:0:0:0/block/sda"
        )),
        "platform-fd500000.pcie/usb2-1.3"
    );
}

#[test]
fn a_port_of_sata_has_the_number_that_its_controller_gives_it() {
    let devices = Devices::new();
    let controller = "pci0000:00/0000:00:17.0";
    devices.write(&format!("{controller}/ata9/ata_port/ata9/port_no"), "3\n");
    let host = format!("{controller}/ata9/host8");
    assert_eq!(
        devices.port(&format!("{host}/target8:0:0/8:0:0:0/block/sda")),
        "pci-0000:00:17.0/ata-3"
    );
    // Behind a port multiplier; and the second disk of a cable of old.
    for disk in [
        "target8:1:0/8:1:0:0/block/sdb",
        "target8:0:1/8:0:1:0/block/sdb",
    ] {
        assert_eq!(
            devices.port(&format!("{host}/{disk}")),
            "pci-0000:00:17.0/ata-3.1"
        );
    }
    let other = "pci0000:00/0000:00:1f.2/ata2/host1/target1:0:0/1:0:0:0/block/sdc";
    assert_eq!(devices.port(other), "pci-0000:00:1f.2/ata-2");
}

#[test]
fn a_port_of_sas_is_a_bay_of_its_enclosure_or_a_link() {
    let devices = Devices::new();
    let host = "pci0000:00/0000:00:03.0/0000:05:00.0/host0";
    let direct = format!("{host}/port-0:2");
    let disk = |end: &str| format!("{end}/target0:0:4/0:0:4:0/block/sdf");
    devices.write(
        &format!("{direct}/phy-0:2/sas_phy/phy-0:2/phy_identifier"),
        "2\n",
    );
    let end = format!("{direct}/end_device-0:2");
    let facts = format!("{end}/sas_device/end_device-0:2");
    devices.write(
        &format!("{facts}/enclosure_identifier"),
        "0x0000000000000000\n",
    );
    assert_eq!(devices.port(&disk(&end)), "pci-0000:05:00.0/sas-phy-2");
    devices.write(
        &format!("{facts}/enclosure_identifier"),
        "0x500304801f2a3c7f\n",
    );
    devices.write(&format!("{facts}/bay_identifier"), "11\n");
    assert_eq!(devices.port(&disk(&end)), "sas-0x500304801f2a3c7f/bay-11");
    let expander = format!("{host}/port-0:0/expander-0:0");
    let address = format!("{expander}/sas_device/expander-0:0/sas_address");
    devices.write(&address, "0x5003048000ab12ff\n");
    let port = format!("{expander}/port-0:0:5");
    devices.write(
        &format!("{port}/phy-0:0:5/sas_phy/phy-0:0:5/phy_identifier"),
        "5\n",
    );
    let end = format!("{port}/end_device-0:0:5");
    assert_eq!(devices.port(&disk(&end)), "sas-0x5003048000ab12ff/phy-5");
}

#[test]
fn a_namespace_of_nvme_is_at_its_controller() {
    let devices = Devices::new();
    let controller = "pci0000:00/0000:00:1d.0/0000:01:00.0/nvme/nvme4";
    let disk = format!("{controller}/nvme4n1");
    devices.write(&format!("{disk}/nsid"), "1\n");
    assert_eq!(devices.port(&disk), "pci-0000:01:00.0/nvme-1");
    // Where several controllers may lead to it.
    let subsystem = "virtual/nvme-subsystem/nvme-subsys4";
    devices.link(&format!("{subsystem}/nvme4"), controller);
    let disk = format!("{subsystem}/nvme4n2");
    devices.write(&format!("{disk}/nsid"), "2\n");
    assert_eq!(devices.port(&disk), "pci-0000:01:00.0/nvme-2");
}

#[test]
fn a_memory_card_is_at_its_slot() {
    let devices = Devices::new();
    let reader = "pci0000:00/0000:00:1c.5/0000:02:00.0/rtsx_pci_sdmmc.0";
    assert_eq!(
        devices.port(&format!("{reader}/mmc_host/mmc0/mmc0:aaaa/block/mmcblk0")),
        "pci-0000:02:00.0/rtsx_pci_sdmmc.0/mmc-0"
    );
    let host = "pci0000:00/0000:00:1e.6/mmc_host";
    fs::create_dir_all(devices.path(&format!("{host}/mmc3"))).unwrap();
    assert_eq!(
        devices.port(&format!("{host}/mmc12/mmc12:0001/block/mmcblk12")),
        "pci-0000:00:1e.6/mmc-1"
    );
}

#[test]
fn other_disks_have_ports_too() {
    let devices = Devices::new();
    let virtio = "pci0000:00/0000:00:02.0/virtio1";
    assert_eq!(
        devices.port(&format!("{virtio}/block/vda")),
        "pci-0000:00:02.0/virtio"
    );
    assert_eq!(
        devices.port(&format!("{virtio}/host2/target2:0:3/2:0:3:0/block/sda")),
        "pci-0000:00:02.0/virtio/scsi-0.3.0"
    );
    let raid = "pci0000:00/0000:00:01.0/0000:03:00.0/host0/target0:2:1/0:2:1:0/block/sda";
    assert_eq!(devices.port(raid), "pci-0000:03:00.0/host-0/scsi-2.1.0");
    assert_eq!(
        devices.port("platform/pmem.0/ndbus0/region0/namespace0.0/block/pmem0"),
        "other-platform/pmem.0/ndbus0/region0/namespace0.0"
    );
}

#[test]
fn a_name_says_what_kind_of_port_it_is() {
    let of = |port: &str| Place::of(&PortId::new(port).unwrap());
    assert_eq!(
        of("loop:/srv/bays/T1"),
        Place::Images("/srv/bays/T1".into())
    );
    assert_eq!(of("folder:/srv/inbox"), Place::Inbox("/srv/inbox".into()));
    assert_eq!(of("pci-0000:00:14.0/usb3-2.4"), Place::Socket);
}
