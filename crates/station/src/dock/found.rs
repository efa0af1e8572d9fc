//! A device that was looked at and not claimed yet: whose it says it is.
//!
//! Looking changes nothing, here or at the server. What was opened stays open, so that it is not listed twice.

use std::path::{Path, PathBuf};

use model::device::DeviceFacts;
use model::ids::JobId;

use super::raw::Raw;
use super::signature::{self, job_named_in};
use super::{DockError, Docking, Done, Seen, Station, View, is_raw};
use disks::asked::Leaving;
use disks::facts;
use disks::tree::Tree;
use disks::tree::apart::ApartTree;
use disks::tree::folder::Folder;
use transfer::progress::Progress;
use transfer::stop::Stop;

/// A device, and what it shows of its job.
pub struct Found {
    device: PathBuf,
    signature: Option<Vec<u8>>,
    /// What tells the device from others.
    shipped: Option<DeviceFacts>,
    what: What,
}

/// What was opened.
enum What {
    Folder(Box<dyn Tree>),
    Raw(Box<Raw>),
    /// It was formatted here for its export: nothing is held of it, since whoever fills it must have it alone.
    Fill(Seen),
}

impl Found {
    /// A block device or image that is only read.
    pub(super) fn raw(device: PathBuf, signature: Option<Vec<u8>>, raw: Raw) -> Self {
        Self {
            device,
            signature,
            shipped: raw.shipped().cloned(),
            what: What::Raw(Box::new(raw)),
        }
    }

    /// One that was formatted here for its export.
    pub(super) fn to_fill(
        device: PathBuf,
        signature: Vec<u8>,
        shipped: Option<DeviceFacts>,
    ) -> Self {
        let what = What::Fill(Seen::to_fill(&device, None));
        Self {
            device,
            signature: Some(signature),
            shipped,
            what,
        }
    }

    /// The folder where a file system is mounted. In a bay it is left as `leaving` says where it gives no answer, since others
    /// would wait with it; who docks one by hand waits alone, and has each file a few changes of threads sooner.
    fn of_folder(
        device: PathBuf,
        docking: &Docking,
        may_claim: bool,
        leaving: Leaving,
    ) -> Result<Self, DockError> {
        let tree = Folder::open(&device).map_err(|source| DockError::Device {
            path: device.clone(),
            source,
        })?;
        let tree = tree.with_claims(may_claim);
        let signature = signature_of_folder(&tree, &device, docking)?;
        let tree: Box<dyn Tree> = match docking.bay {
            Some(_) => {
                let name = device.display().to_string();
                Box::new(ApartTree::new(tree, &name, leaving))
            }
            None => Box::new(tree),
        };
        Ok(Self {
            signature,
            shipped: facts::shipped(&device).map(DeviceFacts::tidied),
            what: What::Folder(tree),
            device,
        })
    }

    /// The job that its SIGNATURE names, if it has one that can be read.
    #[must_use]
    pub fn job(&self) -> Option<JobId> {
        job_named_in(self.signature.as_deref())
    }

    /// What tells the device from others, for the books of its job.
    #[must_use]
    pub fn shipped(&self) -> Option<&DeviceFacts> {
        self.shipped.as_ref()
    }

    /// Whether it was formatted here to be filled.
    #[must_use]
    pub fn is_filled(&self) -> bool {
        matches!(self.what, What::Fill(_))
    }

    /// Whether one of its volumes was not ejected cleanly, so that what was written last may be missing.
    #[must_use]
    pub fn is_dirty(&self) -> bool {
        match &self.what {
            What::Raw(raw) => raw.is_dirty(),
            What::Folder(_) | What::Fill(_) => false,
        }
    }

    /// The ids of its file systems, as they say them: what two disks have in common of which one is a copy.
    #[must_use]
    pub fn file_systems(&self) -> Vec<String> {
        match &self.what {
            What::Raw(raw) => raw.file_systems(),
            What::Folder(_) | What::Fill(_) => Vec::new(),
        }
    }

    /// What is to be known of its volumes before it is loaded, in the words of their readers.
    #[must_use]
    pub fn remarks(&self) -> Vec<String> {
        match &self.what {
            What::Raw(raw) => raw.remarks(),
            What::Folder(_) | What::Fill(_) => Vec::new(),
        }
    }
}

impl Station {
    /// Looks at a device: opens it, and finds its SIGNATURE. Nobody is asked and nothing changed.
    ///
    /// # Errors
    /// [`DockError`], as [`Station::dock`] has it of a device that cannot be read or that names no job.
    pub fn look(&self, device: &Path, docking: &Docking, stop: &Stop) -> Result<Found, DockError> {
        let path = device.to_owned();
        if self.aside(device, stop, move || is_raw(&path))?? {
            let disk = self
                .open_raw(device, &docking.reads, stop)
                .map_err(|error| self.unless_in_a_bay(error, device, docking))?;
            return self.look_at_disk(disk, None, docking, stop);
        }
        let (path, of, may_claim) = (device.to_owned(), docking.clone(), self.settings.sparse);
        let leaving = self.leaving(stop);
        self.aside(device, stop, move || {
            Found::of_folder(path, &of, may_claim, leaving)
        })?
    }

    /// Claims and does the job of a device that was looked at.
    ///
    /// # Errors
    /// As [`Station::dock`].
    pub fn dock_found(
        &self,
        found: Found,
        docking: &Docking,
        progress: &Progress,
        stop: &Stop,
    ) -> Result<Done, DockError> {
        let Found {
            device,
            signature,
            what,
            shipped: _,
        } = found;
        match what {
            What::Folder(tree) => {
                let view = View::Mounted(&*tree);
                self.dock_view(view, &device, docking, signature, progress, stop)
            }
            What::Raw(raw) => {
                self.dock_view(View::Raw(raw), &device, docking, signature, progress, stop)
            }
            What::Fill(seen) => {
                let view = View::Fill(seen);
                self.dock_view(view, &device, docking, signature, progress, stop)
            }
        }
    }
}

/// The SIGNATURE that is given, or that is in the root of a folder.
pub(super) fn signature_of_folder(
    tree: &dyn Tree,
    device: &Path,
    docking: &Docking,
) -> Result<Option<Vec<u8>>, DockError> {
    if let Some(given) = &docking.signature {
        return Ok(Some(given.clone()));
    }
    match signature::read(tree, device)? {
        None => match signature::obvious_mistake(tree, device) {
            Some(mistake) => Err(mistake),
            None => Ok(None),
        },
        Some(_) if !docking.folder && signature::stands_alone(device) => {
            Err(DockError::NotMounted(device.to_owned()))
        }
        found => Ok(found),
    }
}
