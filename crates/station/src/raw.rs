//! A block device or image that is read as it is: opened, looked at, and its files as a tree.
//!
//! Nothing is mounted, and no program of the system looks at it: what parses it is a child process that can reach
//! nothing ([`disks::sandbox`]). Whose it is, is not known here.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bay::{Layer, Shield};
use disks::device::apart::{Apart, Leaving, MOST_LEFT};
use disks::device::counted::{Counted, Reads};
use disks::device::unlocked::{OpenVolume, Unlocked};
use disks::device::{Device, OpenError};
use disks::disk::{Choice, Disk, DiskError, Verdict, Volume};
use disks::facts::{self, Facts, FactsError};
use disks::rescue::{Rescue, RescueError};
use disks::sandbox::{Launcher, Sandbox};
use disks::tree::raw::{RawTree, Reading, Windows};
use encrypted::Locked;
use encrypted::secrets::Secrets;
use model::device::DeviceFacts;
use model::handling::UnlockedVolume;

use crate::devices::Devices;
use crate::scratch::Scratch;

/// The folder, in a station's, that says which devices are read-only because they are being read.
pub(crate) const READ_ONLY: &str = "read-only";

/// The file that says with which volumes open the rescue beside it was made.
const UNLOCKED: &str = "unlocked";

/// What the name of a folder says in which something is kept of a device while it is open.
pub(crate) const LOOK: &str = "look";

/// An open device, and what was seen on it.
pub struct RawDisk {
    path: PathBuf,
    device: Arc<dyn Device>,
    is_image: bool,
    is_rotational: bool,
    /// What tells it from others.
    shipped: Option<DeviceFacts>,
    launcher: Launcher,
    windows: Windows,
    looked: Result<Looked, DiskError>,
    /// Volumes that were unlocked.
    opened: Vec<OpenVolume>,
    /// Volumes on which secrets were tried in vain, and why.
    locked: Vec<(u32, Locked)>,
    scratch: Scratch,
    /// Down before whoever fills the device, or mounts it, has it.
    shield: Raised,
}

/// A device that was just opened.
struct Begun {
    device: Box<dyn Device>,
    facts: Facts,
    shield: Shield,
    shipped: Option<DeviceFacts>,
}

impl Begun {
    /// Opens a device, keeps it from being written to, and asks what it is: all of that may hang with its bridge. `notes` is
    /// where the shield is noted.
    fn open(devices: &dyn Devices, path: &Path, notes: &Path) -> Result<Self, RawError> {
        let device = devices.raw(path)?;
        let facts = Facts::without_content(path, &[])?;
        Ok(Self {
            device,
            shield: Shield::raise(&facts, notes),
            facts,
            shipped: facts::shipped(path).map(DeviceFacts::tidied),
        })
    }
}

/// A shield over a device that may give no answer any more.
struct Raised {
    shield: Option<Shield>,
    /// Whether the device was left.
    is_left: Arc<AtomicBool>,
}

impl Drop for Raised {
    fn drop(&mut self) {
        let shield = self.shield.take();
        if !self.is_left.load(Ordering::SeqCst) {
            return;
        }
        // Who asks the kernel for a device whose bridge hangs, hangs with it.
        let lowering = std::thread::Builder::new().name("shield".into());
        if let Err(error) = lowering.spawn(move || drop(shield)) {
            tracing::warn!(%error, "no thread is to be had to let a device be written to again");
        }
    }
}

/// What lies on a device.
#[derive(Debug, Clone, Default)]
pub struct Looked {
    /// Its volumes, in the order of their numbers: its partitions, or the whole of it.
    pub volumes: Vec<Volume>,
    /// What its partition table says of them.
    pub partitions: Vec<PartitionEntry>,
    /// The kind of its partition table: `GPT`, `MBR`.
    pub table: Option<&'static str>,
    /// What is to be known of the table.
    pub remarks: Vec<String>,
    /// The numbers of volumes that are not read because they are encrypted, and no secret was tried on them.
    pub encrypted: Vec<u32>,
    /// The numbers of volumes that the secrets which were tried do not open: that are encrypted, or may be.
    pub wrong: Vec<u32>,
    /// The numbers of volumes of which nothing is known: what is encrypted by VeraCrypt looks so.
    pub unknown: Vec<u32>,
    /// Whether what any volume holds is known, be it read or not.
    pub is_recognised: bool,
    /// Whether any volume was unlocked.
    pub is_opened: bool,
}

/// What a partition table says of a partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartitionEntry {
    /// Its number.
    pub number: u32,
    /// Its type: two hexadecimal digits in an MBR, a GUID in GPT.
    pub kind: String,
    /// Its name, where the table has names: not fit for a terminal as it is.
    pub name: String,
}

/// A device cannot be read as it is.
#[derive(Debug, thiserror::Error)]
pub enum RawError {
    /// It cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// Nothing is known of it.
    #[error(transparent)]
    Facts(#[from] FactsError),
    /// It cannot be looked at.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// What is kept of its bad places cannot be used.
    #[error(transparent)]
    Rescue(#[from] RescueError),
    /// Devices that were opened before keep too many reads.
    #[error(
        "`{path}` is not opened: {MOST_LEFT} reads of devices that gave no answer are still in the kernel; unplug those \
         devices, or start this host anew"
    )]
    TooManyLeft {
        /// What was to be opened.
        path: PathBuf,
    },
    /// There is no room for what is kept of it while it is read.
    #[error("could not make a folder in `{path}`")]
    Scratch {
        /// Where.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
}

/// With what devices are opened and read.
#[derive(Clone, Copy)]
pub struct Means<'a> {
    /// The way to devices.
    pub devices: &'a Arc<dyn Devices>,
    /// How what parses them is started.
    pub launcher: &'a Launcher,
    /// With whom the memory is shared in which files are read ahead.
    pub windows: &'a Windows,
    /// Where something may be kept meanwhile.
    pub folder: &'a Path,
    /// Where it is counted what is read of them.
    pub reads: &'a Arc<Reads>,
    /// By what it is told that one which gives no answer is to be left.
    pub leaving: &'a Leaving,
}

/// What of a device is read: the volumes of these numbers, or all that hold data; and by which clock, in minutes east of
/// UTC, file systems were written that keep local time.
#[must_use]
pub fn choice(volumes: &[u32], zone_minutes: Option<i16>, may_claim: bool) -> Choice {
    let mut choice = Choice {
        volumes: volumes.to_vec(),
        may_claim,
        is_zone_guessed: zone_minutes.is_none(),
        ..Choice::default()
    };
    choice.options.zone_minutes = zone_minutes.unwrap_or(0);
    choice
}

impl RawDisk {
    /// Opens a block device or image and looks at it. That it cannot be looked at is no error here: its image may be
    /// taken all the same.
    ///
    /// # Errors
    /// [`RawError`]; never [`RawError::Disk`].
    pub fn open(path: &Path, means: Means<'_>) -> Result<Self, RawError> {
        if means.leaving.left.are_too_many() {
            let path = path.to_owned();
            return Err(RawError::TooManyLeft { path });
        }
        let name = path.display().to_string();
        let begun = means.leaving.aside(&name, {
            let (devices, path) = (Arc::clone(means.devices), path.to_owned());
            let notes = means.folder.join(READ_ONLY);
            move || Begun::open(&*devices, &path, &notes)
        });
        let Begun {
            device,
            facts,
            shield,
            shipped,
        } = begun.map_err(|left| OpenError::Io {
            path: path.to_owned(),
            source: left.into(),
        })??;
        let device = Box::new(Apart::new(device, &name, means.leaving.clone()));
        let is_left = device.left_flag();
        let device: Arc<dyn Device> = Arc::new(Counted::new(device, Arc::clone(means.reads)));
        let shield = Raised {
            shield: Some(shield),
            is_left,
        };
        let scratch = Scratch::new(means.folder, LOOK).map_err(|source| RawError::Scratch {
            path: means.folder.to_owned(),
            source,
        })?;
        let mut opened = Self {
            path: path.to_owned(),
            device,
            is_image: facts.is_image(),
            is_rotational: facts.rotational,
            shipped,
            launcher: means.launcher.clone(),
            windows: means.windows.clone(),
            looked: Ok(Looked::default()),
            opened: Vec::new(),
            locked: Vec::new(),
            scratch,
            shield,
        };
        if !facts.is_image() {
            let (device, layers) = (path.display(), opened.layers());
            tracing::info!(%device, ?layers, "kept from being written to");
        }
        opened.look_again()?;
        Ok(opened)
    }

    fn look_again(&mut self) -> Result<(), RawError> {
        let rescue = self.rescue(self.scratch.path())?;
        self.looked = self
            .disk(rescue)
            .map(|disk| Looked::at(&disk, &self.locked));
        Ok(())
    }

    fn disk(&self, rescue: Rescue) -> Result<Disk, DiskError> {
        let (rescue, sandbox) = (Arc::new(rescue), Sandbox::new(self.launcher.clone()));
        Disk::open_unlocked(rescue, sandbox, &self.opened, &self.locked)
    }

    /// What reads the device, its volumes deciphered that were unlocked; `folder` keeps what is known of its bad places.
    fn rescue(&self, folder: &Path) -> Result<Rescue, RawError> {
        let device: Arc<dyn Device> = match self.opened.is_empty() {
            true => Arc::clone(&self.device),
            false => Arc::new(Unlocked::new(Arc::clone(&self.device), &self.opened)),
        };
        let rescue = Rescue::open(device, folder)?;
        // What is kept of the device was read with these volumes open, or with others.
        let numbers: Vec<String> = self.opened.iter().map(|it| it.number.to_string()).collect();
        let (mark, numbers) = (folder.join(UNLOCKED), numbers.join(","));
        if fs::read_to_string(&mark).unwrap_or_default() != numbers {
            rescue.forget()?;
            let written = fs::write(&mark, &numbers);
            written.map_err(|source| RawError::Scratch { path: mark, source })?;
        }
        Ok(rescue)
    }

    /// Tries secrets on the volumes that are encrypted, or of which nothing is known; whether any opened. Where there are
    /// none, a volume opens whose key lies beside it.
    ///
    /// # Errors
    /// [`RawError`].
    pub fn unlock(&mut self, secrets: &Secrets) -> Result<bool, RawError> {
        let Ok(looked) = &self.looked else {
            return Ok(false);
        };
        let unknown = looked.unknown.iter().filter(|_| !secrets.is_empty());
        let tried = looked.encrypted.iter().chain(&looked.wrong).chain(unknown);
        let mut tried: Vec<u32> = tried.copied().collect();
        tried.sort_unstable();
        tried.dedup();
        if tried.is_empty() {
            return Ok(false);
        }
        let mut disk = self.disk(self.rescue(self.scratch.path())?)?;
        let opened = self.opened.len();
        for number in tried {
            self.locked.retain(|(known, _)| *known != number);
            match disk.unlock(number, secrets)? {
                Ok(open) => {
                    let (device, kind) = (self.path.display(), &open.plain.kind);
                    tracing::info!(%device, volume = number, kind, "unlocked");
                    self.opened.push(open);
                }
                Err(why) => self.locked.push((number, why)),
            }
        }
        self.look_again()?;
        Ok(self.opened.len() > opened)
    }

    /// Whether a volume of it was unlocked.
    #[must_use]
    pub fn is_unlocked(&self) -> bool {
        !self.opened.is_empty()
    }

    /// Which volumes of it were unlocked.
    #[must_use]
    pub fn unlocked(&self) -> Vec<UnlockedVolume> {
        let told = |open: &OpenVolume| UnlockedVolume {
            number: open.number,
            method: open.plain.method().to_owned(),
            key_id: open.plain.key_id.clone(),
        };
        self.opened.iter().map(told).collect()
    }

    /// Where the operator sees it.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What tells it from others, for the books of its job: as it was when it was opened.
    #[must_use]
    pub fn shipped(&self) -> Option<&DeviceFacts> {
        self.shipped.as_ref()
    }

    /// The device.
    #[must_use]
    pub fn device(&self) -> &Arc<dyn Device> {
        &self.device
    }

    /// In which ways it is kept from being written to by others, beside being open to be read, and alone.
    #[must_use]
    pub fn layers(&self) -> &[Layer] {
        self.shield.shield.as_ref().map_or(&[], Shield::layers)
    }

    /// Whether it is a file.
    #[must_use]
    pub fn is_image(&self) -> bool {
        self.is_image
    }

    /// What was seen.
    ///
    /// # Errors
    /// Why nothing could be.
    pub fn looked(&self) -> Result<&Looked, &DiskError> {
        self.looked.as_ref()
    }

    /// Why it could not be looked at, if so, and else nothing.
    ///
    /// # Errors
    /// [`RawError::Disk`].
    pub fn must_be_seen(&mut self) -> Result<(), RawError> {
        match std::mem::replace(&mut self.looked, Ok(Looked::default())) {
            Err(error) => Err(error.into()),
            looked => {
                self.looked = looked;
                Ok(())
            }
        }
    }

    /// Its files, for a look: what is found out of its bad places is forgotten with it.
    ///
    /// # Errors
    /// [`RawError`].
    pub fn look(
        &self,
        choice: &Choice,
        is_stopped: &dyn Fn() -> bool,
    ) -> Result<RawTree, RawError> {
        self.read(choice, self.scratch.path(), is_stopped)
    }

    /// Its files; `folder` keeps what is known of its bad places, over attempts.
    ///
    /// # Errors
    /// [`RawError`].
    pub fn read(
        &self,
        choice: &Choice,
        folder: &Path,
        is_stopped: &dyn Fn() -> bool,
    ) -> Result<RawTree, RawError> {
        let rescue = self.rescue(folder)?;
        let reading = Reading {
            windows: self.windows.clone(),
            ..Reading::usual(self.is_rotational)
        };
        let disk = self.disk(rescue)?;
        Ok(disk.read(choice, reading, folder, is_stopped)?)
    }

    /// The files of a tree that was made by [`RawDisk::look`], as [`RawDisk::read`] gives them: nothing is listed again.
    ///
    /// # Errors
    /// [`RawError::Rescue`].
    pub fn go_on(&self, looked: RawTree, folder: &Path) -> Result<RawTree, RawError> {
        let rescue = self.rescue(folder)?;
        Ok(looked.over(Arc::new(rescue)))
    }
}

impl Looked {
    fn at(disk: &Disk, locked: &[(u32, Locked)]) -> Self {
        let table = disk.table();
        let volumes = disk.volumes();
        let numbers = volumes.iter().map(|volume| volume.number);
        let is_opened = numbers.clone().any(|it| disk.is_opened(it));
        let is_recognised = is_opened || numbers.clone().any(|it| disk.is_recognised(it));
        let partitions = table.iter().flat_map(|table| &table.partitions);
        let of = |number: u32| {
            let mut locked = locked.iter().filter(|(known, _)| *known == number);
            locked.next().map(|(_, why)| why)
        };
        let refused = volumes
            .iter()
            .filter(|it| matches!(it.verdict, Verdict::Refused(_)));
        let refused = refused.map(|it| it.number);
        let has_data = volumes.iter().any(|it| it.verdict == Verdict::Data);
        Self {
            encrypted: numbers
                .filter(|it| disk.is_encrypted(*it))
                .filter(|it| matches!(of(*it), None | Some(Locked::Needed(_))))
                .collect(),
            wrong: refused
                .clone()
                .filter(|it| matches!(of(*it), Some(Locked::Wrong)))
                // Beside volumes that are read, what nobody knows need not be of VeraCrypt.
                .filter(|it| !has_data || disk.is_encrypted(*it))
                .collect(),
            // What a secret has opened needs no further one that nobody sees.
            unknown: refused
                .filter(|it| !disk.is_recognised(*it) && !disk.is_opened(*it))
                .collect(),
            is_recognised,
            is_opened,
            partitions: partitions
                .map(|it| PartitionEntry {
                    number: it.number,
                    kind: it.kind.clone(),
                    name: it.name.clone(),
                })
                .collect(),
            table: table.map(|it| it.scheme.name()),
            remarks: disk.remarks().to_vec(),
            volumes,
        }
    }

    /// Whether there is a volume whose files can be read, as far as its beginning says.
    #[must_use]
    pub fn has_files(&self) -> bool {
        let mut volumes = self.volumes.iter();
        volumes.any(|volume| volume.verdict == Verdict::Data)
    }
}
