//! What tells a shipped device from others, for the books of its job.

use std::fs::File;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use model::device::{Connector, DeviceFacts};
use rustix::fs::{AtFlags, CWD, StatxAttributes, StatxFlags, statx};

use super::kernel::{Block, Kernel, is_rotational};
use super::mountinfo::DeviceNumber;
use super::{attribute, mark, model, mounted_from, serial, usb, vendor, wwn};

/// What is known of the device that a path leads to: a block device, an image, or the folder where a file system is
/// mounted. `None` for any other folder, whose device is this host's own, and where nothing is known. Nothing is read from
/// a block device: the kernel knows all of it.
#[must_use]
pub fn attached(path: &Path) -> Option<DeviceFacts> {
    Some(Attached::at(path)?.facts)
}

/// The same with the mark of what is on it, for which its first sectors are read: one that gives no answer keeps whoever
/// asks, who had better be able to go ([`Leaving::aside`](crate::device::apart::Leaving::aside)).
#[must_use]
pub fn shipped(path: &Path) -> Option<DeviceFacts> {
    let Attached { facts, marked } = Attached::at(path)?;
    let file = marked.and_then(|path| File::open(path).ok());
    let mark = file.and_then(|file| mark::mark(&file));
    Some(DeviceFacts { mark, ..facts })
}

/// A device as the kernel knows it.
struct Attached {
    facts: DeviceFacts,
    /// Where the mark is that tells it from others, if it is one disk or image.
    marked: Option<PathBuf>,
}

impl Attached {
    fn at(path: &Path) -> Option<Self> {
        let metadata = std::fs::metadata(path).ok()?;
        let kernel = Kernel::running();
        if metadata.is_file() {
            return Some(Self {
                facts: image(metadata.len()),
                marked: Some(path.to_owned()),
            });
        }
        if metadata.file_type().is_block_device() {
            let block = kernel.block(DeviceNumber::of(metadata.rdev())).ok()?;
            return Self::of_block(&block);
        }
        let own = statx(CWD, path, AtFlags::empty(), StatxFlags::MNT_ID).ok()?;
        if !own.stx_attributes.contains(StatxAttributes::MOUNT_ROOT) {
            return None;
        }
        // Btrfs gives a mount a number that is no device's; what was mounted says it then.
        let numbered = kernel.block(DeviceNumber::of(metadata.dev())).ok();
        let block = numbered.or_else(|| kernel.block_at(&mounted_from(own.stx_mnt_id)?))?;
        Self::of_block(&block)
    }

    fn of_block(block: &Block) -> Option<Self> {
        let facts = of_block(block)?;
        let marked = match &block.disks()[..] {
            [disk] => Some(disk.path()),
            _ => None,
        };
        Some(Self { facts, marked })
    }
}

/// The disk that a partition or a volume of one part lies on; `None` for one of several disks.
pub(super) fn of_block(block: &Block) -> Option<DeviceFacts> {
    let [disk] = &block.disks()[..] else {
        return None;
    };
    let connector = connector(disk);
    if connector == Connector::Image {
        return Some(image(disk.bytes()?));
    }
    Some(DeviceFacts {
        maker: vendor(disk),
        model: model(disk),
        serial: serial(disk),
        wwn: wwn(disk),
        bytes: disk.bytes(),
        connector: Some(connector),
        firmware: firmware(disk),
        logical_sector: sector(disk, "logical"),
        physical_sector: sector(disk, "physical"),
        rotational: is_rotational(disk.folder()),
        bridge: bridge(disk, connector),
        mark: None,
    })
}

/// The release of what runs in a disk: NVMe, SCSI and ATA, memory cards.
pub(super) fn firmware(disk: &Block) -> Option<String> {
    let names = ["device/firmware_rev", "device/rev", "device/fwrev"];
    names.iter().find_map(|name| disk.attribute(name))
}

fn sector(disk: &Block, which: &str) -> Option<u32> {
    let bytes = disk.attribute(&format!("queue/{which}_block_size"))?;
    bytes.parse().ok()
}

/// What a USB case calls itself: the disk in it may be another maker's.
fn bridge(disk: &Block, connector: Connector) -> Option<String> {
    if connector != Connector::Usb {
        return None;
    }
    let case = usb(disk)?;
    let names = ["manufacturer", "product"];
    let names: Vec<String> = names
        .iter()
        .filter_map(|name| attribute(&case, name))
        .collect();
    (!names.is_empty()).then(|| names.join(" "))
}

fn image(bytes: u64) -> DeviceFacts {
    DeviceFacts {
        bytes: Some(bytes),
        connector: Some(Connector::Image),
        ..DeviceFacts::default()
    }
}

/// How a disk is attached, by what stands above it in `/sys`: a bridge of USB has an ATA or NVMe disk behind it that
/// shows itself as SCSI.
pub(super) fn connector(disk: &Block) -> Connector {
    let above = disk.folder().to_string_lossy();
    let has = |name: &str| {
        let is_it = |part: &str| part.strip_prefix(name).is_some_and(is_number);
        above.split('/').any(is_it)
    };
    if usb(disk).is_some() {
        Connector::Usb
    } else if disk.folder().join("loop").exists() {
        Connector::Image
    } else if has("nvme") {
        Connector::Nvme
    } else if has("mmc") {
        Connector::MemoryCard
    } else if has("ata") {
        Connector::Sata
    } else if above.contains("/end_device-") {
        Connector::Sas
    } else {
        Connector::Other
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}
