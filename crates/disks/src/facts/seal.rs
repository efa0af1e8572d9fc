//! What an open device or image is, by its descriptor: what is known of it when it is opened is compared with what is
//! known of it later. A name below `/dev` is never enough.

use std::fs::{File, Metadata};
use std::io;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};

use model::device::{Connector, DeviceFacts};
use model::erasure::Medium;
use rustix::fs::SeekFrom;

use super::kernel::{self, Block, Kernel};
use super::mountinfo::DeviceNumber;
use super::shipped::{connector, firmware};
use super::{Identity, model, serial, vendor, wwn};

/// What tells an open device or image from every other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seal {
    /// Which it is on this host at the moment.
    pub identity: Identity,
    /// The kernel's number of the medium, never given twice; none of an image and before Linux 5.15.
    pub diskseq: Option<u64>,
    /// What it says of itself, wherever it is plugged in.
    pub marks: Marks,
    /// The release of what runs in it.
    pub firmware: Option<String>,
    /// What it is made of, as far as the kernel knows.
    pub medium: Medium,
    /// How it is attached.
    pub connector: Connector,
    /// The size of its logical sectors in bytes.
    pub sector: u32,
}

/// What a device says of itself wherever it is plugged in, and its size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Marks {
    /// Its size in bytes.
    pub bytes: u64,
    /// The maker.
    pub maker: Option<String>,
    /// The maker's name of it.
    pub model: Option<String>,
    /// The maker's number of it.
    pub serial: Option<String>,
    /// Its World Wide Name.
    pub wwn: Option<String>,
}

/// What the tables of an image count in: that of nearly all disks.
const IMAGE_SECTOR: u32 = 512;

impl Seal {
    /// What is open now. It is asked of the kernel each time, by the descriptor.
    ///
    /// # Errors
    /// The system's; a device that was pulled is not known any more.
    pub fn of(file: &File) -> io::Result<Self> {
        let metadata = file.metadata()?;
        let bytes = rustix::fs::seek(file, SeekFrom::End(0))?;
        if !metadata.file_type().is_block_device() {
            return Ok(Self::of_image(&metadata, bytes));
        }
        let block = Kernel::running().block(DeviceNumber::of(metadata.rdev()))?;
        let sector = rustix::fs::ioctl_blksszget(file).unwrap_or(IMAGE_SECTOR);
        Ok(Self::of_block(&metadata, &block, bytes, sector))
    }

    fn of_image(metadata: &Metadata, bytes: u64) -> Self {
        Self {
            identity: Identity::of(metadata),
            diskseq: None,
            marks: Marks {
                bytes,
                maker: None,
                model: None,
                serial: None,
                wwn: None,
            },
            firmware: None,
            medium: Medium::Image,
            connector: Connector::Image,
            sector: IMAGE_SECTOR,
        }
    }

    fn of_block(metadata: &Metadata, block: &Block, bytes: u64, sector: u32) -> Self {
        let disk = block.disk();
        let connector = connector(&disk);
        Self {
            identity: Identity::of(metadata),
            diskseq: disk.attribute("diskseq").and_then(|it| it.parse().ok()),
            firmware: firmware(&disk),
            medium: medium(connector, kernel::is_rotational(disk.folder())),
            marks: Marks {
                bytes,
                maker: vendor(&disk),
                model: model(&disk),
                serial: serial(&disk),
                wwn: wwn(&disk),
            },
            connector,
            sector,
        }
    }

    /// The same as it is told of a device that is docked.
    #[must_use]
    pub fn shipped(&self) -> DeviceFacts {
        let marks = self.marks.clone();
        let facts = DeviceFacts {
            bytes: Some(marks.bytes),
            connector: Some(self.connector),
            ..DeviceFacts::default()
        };
        match self.connector {
            Connector::Image => facts,
            _ => DeviceFacts {
                maker: marks.maker,
                model: marks.model,
                serial: marks.serial,
                wwn: marks.wwn,
                ..facts
            },
        }
    }

    /// Whether this is the very device that it was, at the same place.
    #[must_use]
    pub fn is_same(&self, now: &Self) -> bool {
        self.identity == now.identity
            && self.diskseq == now.diskseq
            && self.marks == now.marks
            && self.sector == now.sector
    }
}

/// What a device is made of. A disk behind USB says that it turns also if it is a stick: that it does not is believed.
fn medium(connector: Connector, rotational: Option<bool>) -> Medium {
    match (connector, rotational) {
        (Connector::Image, _) => Medium::Image,
        (Connector::MemoryCard | Connector::Nvme, _) | (_, Some(false)) => Medium::Flash,
        (Connector::Sata | Connector::Sas, Some(true)) => Medium::Rotating,
        (Connector::Usb | Connector::Other, Some(true)) | (_, None) => Medium::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::FileExt as _;

    #[test]
    fn an_image_is_known_by_its_file_and_its_size() {
        let folder = tempfile::tempdir().unwrap();
        let open = |name: &str| File::create(folder.path().join(name)).unwrap();
        let (one, two) = (open("one"), open("two"));
        one.set_len(4096).unwrap();
        two.set_len(4096).unwrap();
        let seal = Seal::of(&one).unwrap();
        assert_eq!((seal.marks.bytes, seal.medium), (4096, Medium::Image));
        one.write_all_at(b"other content", 0).unwrap();
        assert!(seal.is_same(&Seal::of(&one).unwrap()));
        assert!(
            !seal.is_same(&Seal::of(&two).unwrap()),
            "same size and bytes"
        );
        one.set_len(8192).unwrap();
        assert!(!seal.is_same(&Seal::of(&one).unwrap()));
    }

    #[test]
    fn what_a_bridge_says_of_turning_is_not_believed() {
        use Connector::{Image, MemoryCard, Nvme, Other, Sas, Sata, Usb};
        for (connector, rotational, expected) in [
            (Sata, Some(true), Medium::Rotating),
            (Sas, Some(true), Medium::Rotating),
            (Sata, Some(false), Medium::Flash),
            (Sata, None, Medium::Unknown),
            (Usb, Some(true), Medium::Unknown),
            (Usb, Some(false), Medium::Flash),
            (Nvme, None, Medium::Flash),
            (MemoryCard, Some(true), Medium::Flash),
            (Image, Some(true), Medium::Image),
            (Other, None, Medium::Unknown),
        ] {
            assert_eq!(medium(connector, rotational), expected, "{connector:?}");
        }
    }
}
