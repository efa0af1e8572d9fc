//! Where something is plugged in: a port has one name, whatever is plugged in and whatever the kernel calls that.
//!
//! | What | Its port |
//! | --- | --- |
//! | a disk at USB 3 or USB 2 | `pci-0000:00:14.0/usb3-2.4`, `pci-0000:00:14.0/usb2-5.4` |
//! | a SATA disk; behind a port multiplier | `pci-0000:00:17.0/ata-3`, `pci-0000:00:17.0/ata-3.1` |
//! | a SAS disk in an enclosure; at an expander; at a controller | `sas-0x5000…/bay-4`, `sas-0x5000…/phy-5`, `pci-…/sas-phy-2` |
//! | an NVMe disk | `pci-0000:01:00.0/nvme-1` |
//! | a memory card | `pci-0000:02:00.0/rtsx_pci_sdmmc.0/mmc-0` |
//! | another disk of a bridge or reader with several | `…/scsi-0.0.1` behind its port: channel, target, unit |
//! | an image that is attached from a folder | `loop:/srv/bays/T1` |
//! | an image or a folder that is laid down in a folder | `folder:/srv/inbox` |
//!
//! Names come from the path of the disk in `/sys` and hold no number that the kernel gives in the order in which it
//! finds things: a port has the same name after the host was started again. One socket for USB is two ports, since the
//! controller numbers its fast and its slow ones apart.

mod above;
pub mod rules;
mod sas;
mod usb;

use std::path::{Path, PathBuf};

pub use model::ids::PortId;

use above::Above;

/// What kind of port a name stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// Images that are attached to loop devices from this folder.
    Images(PathBuf),
    /// Images and folders that are laid down in this folder.
    Inbox(PathBuf),
    /// A port of the machine.
    Socket,
}

impl Place {
    /// What a port's name stands for.
    #[must_use]
    pub fn of(port: &PortId) -> Self {
        let port = port.as_str();
        if let Some(folder) = port.strip_prefix("loop:") {
            Self::Images(folder.into())
        } else if let Some(folder) = port.strip_prefix("folder:") {
            Self::Inbox(folder.into())
        } else {
            Self::Socket
        }
    }
}

/// The port of a disk by its folder in `/sys`, links followed; `None` if that has no name that could be told.
#[must_use]
pub fn of_disk(folder: &Path) -> Option<PortId> {
    let above = Above::of(folder);
    let name = usb::port(&above)
        .or_else(|| sas::port(&above))
        .or_else(|| ata(&above))
        .or_else(|| nvme(&above))
        .or_else(|| memory_card(&above))
        .or_else(|| virtio(&above))
        .unwrap_or_else(|| other(&above));
    PortId::new(name).ok()
}

/// The port of what stands in `/sys` at a path as udev names it: a disk, a partition of one, or an interface of USB, which
/// may be no disk at all.
#[must_use]
pub fn at(path: &Path) -> Option<PortId> {
    let folder = path.canonicalize().ok()?;
    if folder.join("partition").exists() {
        of_disk(folder.parent()?)
    } else if folder.join("bInterfaceNumber").exists() {
        // As if there were a disk behind it.
        of_disk(&folder.join("disk"))
    } else {
        of_disk(&folder)
    }
}

/// The kernel counts its ATA ports over all controllers; a controller counts its own. Behind a port multiplier each disk
/// has a channel, and the second of a cable of old is a target.
fn ata(above: &Above<'_>) -> Option<String> {
    let (at, name) = above.find(|name| is_numbered(name, "ata"))?;
    let own = at.join("ata_port").join(name).join("port_no");
    let port = above::attribute(&own).unwrap_or_else(|| name["ata".len()..].to_owned());
    let address = above.scsi()?;
    let link = match address.channel + address.target {
        0 => String::new(),
        link => format!(".{link}"),
    };
    Some(format!("{}/ata-{port}{link}", above.bus(at)))
}

/// The namespace at the controller. Where several controllers may lead to it, it stands below the subsystem, which has
/// links to them.
fn nvme(above: &Above<'_>) -> Option<String> {
    let (at, _) = above
        .find(|name| is_numbered(name, "nvme"))
        .or_else(|| above.find(|name| is_numbered(name, "nvme-subsys")))?;
    let number = above::attribute(&above.folder().join("nsid"))
        .or_else(|| above.name().rsplit_once('n').map(|(_, it)| it.to_owned()))?;
    let links = std::fs::read_dir(at).into_iter().flatten().flatten();
    let mut controllers: Vec<PathBuf> = links
        .filter(|link| link.file_type().is_ok_and(|kind| kind.is_symlink()))
        .filter(|link| is_numbered(&link.file_name().to_string_lossy(), "nvme"))
        .flat_map(|link| std::fs::canonicalize(link.path()))
        .collect();
    controllers.sort_unstable();
    let bus = match controllers.first() {
        Some(controller) => Above::of(controller).bus(controller),
        None => above.bus(at),
    };
    Some(format!("{bus}/nvme-{number}"))
}

/// A reader may have several slots, each a host of its own.
fn memory_card(above: &Above<'_>) -> Option<String> {
    let (hosts, _) = above.find(|name| name == "mmc_host")?;
    let (host, _) = above.find(|name| is_numbered(name, "mmc"))?;
    let slot = above::rank(hosts, host, "mmc");
    Some(format!(
        "{}/mmc-{slot}",
        above.bus_and_rest(hosts.parent()?)
    ))
}

fn virtio(above: &Above<'_>) -> Option<String> {
    let (at, _) = above.find(|name| is_numbered(name, "virtio"))?;
    // A controller for SCSI that is virtual has several disks.
    let unit = above
        .scsi()
        .map(|it| format!("/scsi-{it}"))
        .unwrap_or_default();
    Some(format!("{}/virtio{unit}", above.bus(at)))
}

/// A disk of another controller: its address, or where it stands.
fn other(above: &Above<'_>) -> String {
    let host = above.find(|name| is_numbered(name, "host"));
    match (above.scsi(), host) {
        (Some(address), Some((host, _))) => {
            let parent = host.parent().unwrap_or(host);
            let rank = above::rank(parent, host, "host");
            format!("{}/host-{rank}/scsi-{address}", above.bus_and_rest(parent))
        }
        _ => format!("other-{}", above.rest()),
    }
}

/// Whether a name is a word and a number behind it.
fn is_numbered(name: &str, word: &str) -> bool {
    let number = name.strip_prefix(word);
    number.is_some_and(|it| !it.is_empty() && it.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests;
