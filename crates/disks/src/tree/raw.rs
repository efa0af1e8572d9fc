//! The files of a device that is read without being mounted, as a tree.

use std::fmt;
use std::io;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex};

use filesystems::blocks::{Blocks as _, Fault};
use filesystems::told::Facts;
use model::entry::{Entry, EntryId, EntryKind, EntryPath, Unloadable, VolumeNote};
use model::plan::SIGNATURE_NAME;

use super::{BadEntry, Content, DeviceGone, Expected, Health, Totals, Tree, Walked};
use crate::catalogue::{Catalogue, Found};
use crate::rescue::map::Status;
use crate::rescue::{Rescue, RetryLimits};
use crate::sandbox::Sandbox;
pub use crate::sweep::Windows;
use crate::sweep::{Sweep, window_bytes};
use file::RawFile;

mod file;

/// Files that are expected at once, at most: those of some hundred bytes that fill a window, in a few MiB of memory.
const EXPECTED: usize = 1 << 16;

/// What all files of a device are read with.
struct Means {
    catalogue: Arc<Catalogue>,
    rescue: Arc<Rescue>,
    sweep: Sweep,
    /// Unpacks, one unit after the other.
    sandbox: Mutex<Sandbox>,
}

/// The tree.
pub struct RawTree {
    means: Arc<Means>,
    reading: Reading,
    loaded: Vec<Loaded>,
    lines: Vec<VolumeLine>,
}

/// How the files of a device are read.
#[derive(Debug, Clone)]
pub struct Reading {
    /// Whether reading in two places at once costs time.
    pub is_rotational: bool,
    /// Bytes of memory in which files are read ahead, if no other device is read at once.
    pub window: u64,
    /// With whom that memory is shared.
    pub windows: Windows,
    /// How far what cannot be read is tried again.
    pub retry: RetryLimits,
}

impl Reading {
    /// As it is done unless it is said otherwise, where no other device is read at once.
    #[must_use]
    pub fn usual(is_rotational: bool) -> Self {
        Self {
            is_rotational,
            window: window_bytes(is_rotational),
            windows: Windows::default(),
            retry: RetryLimits::default(),
        }
    }
}

/// A volume that is loaded.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The number of its partition; 0 is the whole device.
    pub number: u32,
    /// The folder of the tree that stands for it, where there are several.
    pub folder: Option<String>,
    /// What its file system says of itself.
    pub facts: Facts,
    /// What is to be known of it.
    pub remarks: Vec<String>,
    /// Whether it was not ejected cleanly.
    pub is_dirty: bool,
}

/// What is said of a volume as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VolumeLine {
    /// The number of its partition; 0 is the whole device.
    pub number: u32,
    /// What stands in the place of a path.
    pub name: String,
    /// What is said, or why it is refused.
    pub said: Result<VolumeNote, String>,
}

impl fmt::Debug for RawTree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RawTree")
            .field("loaded", &self.loaded)
            .field("lines", &self.lines)
            .finish_non_exhaustive()
    }
}

impl RawTree {
    /// The tree of a catalogue.
    ///
    /// # Errors
    /// That this host cannot read its own disk.
    pub(crate) fn new(
        catalogue: Catalogue,
        rescue: Arc<Rescue>,
        sandbox: Sandbox,
        reading: Reading,
        loaded: Vec<Loaded>,
        mut lines: Vec<VolumeLine>,
    ) -> io::Result<Self> {
        // A file may have the name that a volume has, and each line of a report has a path of its own.
        for line in &mut lines {
            while !matches!(
                catalogue.find(&line.path())?,
                Found::Nothing | Found::Folder
            ) {
                line.name.push_str(" (the volume)");
            }
        }
        let catalogue = Arc::new(catalogue);
        Ok(Self {
            means: Arc::new(Means {
                sweep: Sweep::new(Arc::clone(&catalogue), Arc::clone(&rescue), &reading),
                catalogue,
                rescue,
                sandbox: Mutex::new(sandbox),
            }),
            reading,
            loaded,
            lines,
        })
    }

    /// The same files, read by another rescue of the same device. None of them is open yet.
    #[must_use]
    pub fn over(self, rescue: Arc<Rescue>) -> Self {
        let means = Arc::into_inner(self.means).expect("no file is open before it is read");
        let Means {
            catalogue, sandbox, ..
        } = means;
        let (of, by) = (Arc::clone(&catalogue), Arc::clone(&rescue));
        Self {
            means: Arc::new(Means {
                sweep: Sweep::new(of, by, &self.reading),
                catalogue,
                rescue,
                sandbox,
            }),
            ..self
        }
    }

    /// The volumes that are loaded.
    #[must_use]
    pub fn loaded(&self) -> &[Loaded] {
        &self.loaded
    }

    /// What is said of volumes as a whole: those that are refused or left out, and remarks.
    #[must_use]
    pub fn lines(&self) -> &[VolumeLine] {
        &self.lines
    }

    /// Why a volume is refused, if it is.
    #[must_use]
    pub fn refusal_of(&self, number: u32) -> Option<&str> {
        let mut lines = self.lines.iter().filter(|line| line.number == number);
        lines.find_map(|line| line.said.as_ref().err().map(String::as_str))
    }

    /// Where the file that names the job may lie: in the root of each volume, in the order of their numbers.
    #[must_use]
    pub fn signatures(&self) -> Vec<EntryPath> {
        let folders = self.loaded.iter().map(|loaded| loaded.folder.as_deref());
        let paths = folders.map(|folder| match folder {
            Some(folder) => EntryPath::new(format!("{folder}/{SIGNATURE_NAME}")),
            None => EntryPath::new(SIGNATURE_NAME),
        });
        paths.collect()
    }

    /// Tries as hard as for metadata to get the first `bytes` of a file on which all hangs: what has failed of them is
    /// tried down to the sector now. What comes is there for whoever reads it then.
    ///
    /// # Errors
    /// [`DeviceGone`].
    pub fn insist(&self, path: &EntryPath, bytes: u64) -> Result<(), DeviceGone> {
        let found = self.means.catalogue.find(path).map_err(DeviceGone)?;
        let Found::Entry(found) = found else {
            return Ok(());
        };
        let layout = self.means.catalogue.layout_of(&found).map_err(DeviceGone)?;
        let mut blocks = self.means.rescue.metadata();
        let mut left = bytes;
        for run in layout.runs() {
            let length = left.min(run.bytes);
            left -= length;
            let mut into = vec![0; usize::try_from(length).unwrap_or(0)];
            if blocks.read(run.at.get(), &mut into) == Err(Fault::Ended) {
                let gone = blocks.gone();
                return Err(gone.unwrap_or(DeviceGone(io::ErrorKind::NotFound.into())));
            }
        }
        Ok(())
    }

    /// What reads ahead.
    #[cfg(test)]
    pub(crate) fn sweep(&self) -> &Sweep {
        &self.means.sweep
    }

    fn line(&self, path: &EntryPath) -> Option<Walked> {
        let mut lines = (0..).zip(&self.lines);
        let (number, line) = lines.find(|(_, line)| line.path() == *path)?;
        Some(line.walked(number))
    }
}

impl VolumeLine {
    fn path(&self) -> EntryPath {
        EntryPath::new(self.name.as_str())
    }

    /// What a walk says of the volume; `number` tells it from others.
    fn walked(&self, number: u64) -> Walked {
        match &self.said {
            // No file has such a number: those of volumes take 16 bits, and there are no 65,536.
            Ok(note) => Ok(Entry::new(
                EntryId::new(u64::MAX - number),
                self.path(),
                EntryKind::Volume(note.clone()),
            )),
            Err(why) => {
                let why = Unloadable::Volume(why.clone());
                Err(BadEntry::unloadable(self.path(), 0, why))
            }
        }
    }
}

impl Tree for RawTree {
    fn walk(&self, visit: &mut dyn FnMut(Walked) -> ControlFlow<()>) -> Result<(), DeviceGone> {
        for (number, line) in (0..).zip(&self.lines) {
            if visit(line.walked(number)).is_break() {
                return Ok(());
            }
        }
        // What this host cannot read of its own disk is nobody's fault on the device, and ends the walk.
        self.means.catalogue.walk(visit).map_err(DeviceGone)
    }

    fn find(&self, path: &EntryPath) -> io::Result<Option<Entry>> {
        if let Some(line) = self.line(path) {
            return line.map(Some).map_err(|bad| io::Error::other(bad.why));
        }
        match self.means.catalogue.find(path)? {
            Found::Entry(listed) => Ok(Some(listed.entry)),
            Found::Bad => Err(io::Error::other("it was found, and cannot be loaded")),
            Found::Folder => Err(io::ErrorKind::IsADirectory.into()),
            Found::Nothing => Ok(None),
        }
    }

    fn open(&self, entry: &Entry) -> io::Result<Box<dyn Content>> {
        if self.line(&entry.path).is_some() {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        match self.means.catalogue.find(&entry.path)? {
            Found::Entry(found) if matches!(found.entry.kind, EntryKind::File { .. }) => {
                let layout = self.means.catalogue.layout_of(&found)?;
                let means = Arc::clone(&self.means);
                let file = RawFile::new(means, found.at, layout, &found.entry);
                Ok(Box::new(file))
            }
            Found::Entry(..) | Found::Folder => Err(io::ErrorKind::InvalidInput.into()),
            Found::Bad | Found::Nothing => Err(io::ErrorKind::NotFound.into()),
        }
    }

    fn totals(&self) -> Option<Totals> {
        let mut totals = self.means.catalogue.totals();
        for line in &self.lines {
            totals.add(&line.walked(0));
        }
        Some(totals)
    }

    fn check(&self) -> Result<Health, DeviceGone> {
        self.means.rescue.device().check().map(|()| Health::Sound)
    }

    fn is_rotational(&self) -> bool {
        self.reading.is_rotational
    }

    fn reads_ahead(&self) -> usize {
        EXPECTED
    }

    fn expect(&self, entry: &Entry) -> Option<Expected> {
        // What lies nowhere needs no device, and what cannot be found will not be opened either.
        entry.place?;
        let at = self.means.catalogue.locate(&entry.path).ok()??;
        self.means.sweep.expect(at)
    }

    fn retry(&self, is_stopped: &dyn Fn() -> bool) -> Result<(), DeviceGone> {
        self.means.rescue.retry(&self.reading.retry, is_stopped)
    }

    fn map(&self) -> Option<String> {
        let map = self.means.rescue.map();
        let unread = [Status::Untrimmed, Status::Unscraped, Status::Bad];
        let is_any = unread.iter().any(|status| !map.ranges(*status).is_empty());
        is_any.then(|| map.render())
    }
}
