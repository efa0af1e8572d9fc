//! The sockets of a host: disks come and go in them, each time under another name.

use std::collections::BTreeMap;
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use disks::device::{Device, OpenError};
use disks::fault::Fault;
use disks::tree::DeviceGone;
use model::device::Connector;
use model::handling::DeviceHealth;
use model::ids::{JobId, ObjectKey};
use rustix::io::Errno;
use station::devices::Devices;
use station::port::PortId;
use station::watch::{Medium, Watch};
use transfer::destination::Target;
use transfer::stop::Stop;

use crate::attempt::Attempt;
use crate::shipment::Shipment;

/// How soon who watches sockets notices that it is stopped.
const STOPS_WITHIN: Duration = Duration::from_millis(20);

/// The disks of a run: the file that stands for each, and what it is.
pub(super) type Ways = BTreeMap<PathBuf, Sent>;

/// A disk as it was sent.
pub(super) struct Sent {
    /// Its job.
    pub(super) job: JobId,
    /// What is on it.
    pub(super) shipment: Arc<dyn Shipment>,
}

/// The sockets of a host.
pub(super) struct Slots {
    /// Where its devices have their names.
    folder: PathBuf,
    media: Mutex<Media>,
    changed: Condvar,
}

#[derive(Default)]
struct Media {
    /// By the number of its job, which is that of its socket.
    plugged: BTreeMap<u32, Medium>,
    /// The last number that was given to a medium.
    diskseq: u64,
    changes: u64,
}

impl Slots {
    pub(super) fn new(folder: &Path) -> Self {
        std::fs::create_dir_all(folder).expect("the folder can be made");
        Self {
            folder: folder.to_owned(),
            media: Mutex::default(),
            changed: Condvar::new(),
        }
    }

    /// Plugs in a disk, and gives the name that it has this time.
    pub(super) fn plug(&self, index: u32, disk: &Path) -> String {
        let mut media = self.media();
        media.diskseq += 1;
        let (diskseq, name) = (media.diskseq, format!("sd-{}", media.diskseq));
        let path = self.folder.join(&name);
        symlink(disk, &path).expect("no name is given twice");
        let medium = Medium {
            name: name.clone(),
            path,
            port: port(index),
            diskseq: Some(diskseq),
            laid: None,
            bytes: std::fs::metadata(disk).expect("the disk is there").len(),
            is_removable: true,
            left_alone: None,
        };
        media.plugged.insert(index, medium);
        media.changes += 1;
        self.changed.notify_all();
        name
    }

    /// Pulls a disk out; whether it was there.
    pub(super) fn pull(&self, index: u32) -> bool {
        let mut media = self.media();
        let was_there = media.plugged.remove(&index).is_some();
        media.changes += u64::from(was_there);
        self.changed.notify_all();
        was_there
    }

    /// Whether a disk is there.
    pub(super) fn has(&self, index: u32) -> bool {
        self.media().plugged.contains_key(&index)
    }

    /// Whether what has this name is still there.
    fn is_there(&self, path: &Path) -> bool {
        self.media().plugged.values().any(|it| it.path == path)
    }

    fn media(&self) -> MutexGuard<'_, Media> {
        self.media.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Who watches the sockets of a host.
pub(super) struct Eyes {
    slots: Arc<Slots>,
    /// The changes that were seen.
    seen: u64,
}

impl Eyes {
    pub(super) fn on(slots: Arc<Slots>) -> Self {
        Self { slots, seen: 0 }
    }
}

impl Watch for Eyes {
    fn scan(&mut self) -> io::Result<Vec<Medium>> {
        let media = self.slots.media();
        self.seen = media.changes;
        Ok(media.plugged.values().cloned().collect())
    }

    fn wait(&mut self, timeout: Duration, stop: &Stop) {
        let begun = Instant::now();
        let mut media = self.slots.media();
        while media.changes == self.seen && !stop.is_set() && begun.elapsed() < timeout {
            let waited = self.slots.changed.wait_timeout(media, STOPS_WITHIN);
            (media, _) = waited.unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// The way of one process to the disks in its sockets.
pub(super) struct Doors {
    pub(super) slots: Arc<Slots>,
    pub(super) ways: Ways,
    pub(super) attempt: Arc<Attempt>,
}

#[deny(clippy::missing_trait_methods)]
impl Devices for Doors {
    fn target(&self, _: &Path, _: JobId, _: Option<&Path>) -> io::Result<Box<dyn Target>> {
        Err(io::ErrorKind::ReadOnlyFilesystem.into())
    }

    fn raw(&self, path: &Path) -> Result<Box<dyn Device>, OpenError> {
        let io = |source| OpenError::Io {
            path: path.to_owned(),
            source,
        };
        let disk = path.canonicalize().map_err(io)?;
        let sent = self.ways.get(&disk);
        let sent = sent.ok_or_else(|| io(io::ErrorKind::NotFound.into()))?;
        let device = sent.shipment.devices(&self.attempt).raw(path)?;
        Ok(Box::new(Plugged {
            device,
            slots: Arc::clone(&self.slots),
            path: path.to_owned(),
        }))
    }

    fn health(&self, _: &Path, _: Connector) -> Option<DeviceHealth> {
        None
    }
}

/// A device as long as it is plugged in.
struct Plugged {
    device: Box<dyn Device>,
    slots: Arc<Slots>,
    path: PathBuf,
}

#[deny(clippy::missing_trait_methods)]
impl Device for Plugged {
    fn bytes(&self) -> u64 {
        self.device.bytes()
    }

    fn sector(&self) -> u32 {
        self.device.sector()
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize, Fault> {
        match self.slots.is_there(&self.path) {
            true => self.device.read_at(offset, buffer),
            false => Err(Fault::of(Errno::NODEV)),
        }
    }

    fn next_data(&self, offset: u64) -> u64 {
        self.device.next_data(offset)
    }

    fn check(&self) -> Result<(), DeviceGone> {
        match self.slots.is_there(&self.path) {
            true => self.device.check(),
            false => Err(DeviceGone(Errno::NODEV.into())),
        }
    }
}

/// The socket that the disk of a job is plugged into.
pub(super) fn port(index: u32) -> PortId {
    PortId::new(format!("socket-{index}")).expect("a port")
}

/// A key as a store gives it.
pub(super) fn fresh(key: &str) -> ObjectKey {
    ObjectKey::new(key).expect("it is one")
}
