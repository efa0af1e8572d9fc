//! What an import loads: a folder of this host, or the files of a disk image or block device, which is not mounted.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use disks::sandbox::Launcher;
use disks::tree::Tree;
use disks::tree::fill;
use disks::tree::folder::Folder;
use disks::tree::raw::RawTree;
use model::limits;
use model::plan::SIGNATURE_NAME;
use model::signature::SignatureFile;
use station::dock::{Docking, Station};
use station::raw::RawDisk;
use station::scratch::Scratch;
use transfer::progress::Progress;

use super::{kept, room};
use crate::cli::ImportArgs;
use crate::docking::{self, Loaded};
use crate::exit::{Exit, Failure};
use crate::{output, raw, scratch};

/// What is loaded.
pub(super) struct Origin {
    path: PathBuf,
    content: Content,
}

enum Content {
    Folder(Folder),
    Raw(Box<Raw>),
}

/// A device that was listed.
struct Raw {
    tree: RawTree,
    disk: RawDisk,
    _scratch: Scratch,
}

impl Origin {
    /// Opens what the arguments name, and looks at it.
    ///
    /// # Errors
    /// If it cannot be opened, or no file of it can be read.
    pub(super) fn open(
        args: &ImportArgs,
        path: PathBuf,
        launcher: &Launcher,
    ) -> Result<Self, Failure> {
        raw::must_suit(&args.raw, &path)?;
        let content = match raw::is_raw(&path) {
            true => Content::Raw(Box::new(Raw::open(args, &path, launcher)?)),
            false => {
                let opened = Folder::open(&path);
                let what = || format!("could not open the folder `{}`", path.display());
                Content::Folder(opened.with_context(what)?)
            }
        };
        Ok(Self { path, content })
    }

    /// Where it is, without links.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Its files.
    pub(super) fn tree(&self) -> &dyn Tree {
        match &self.content {
            Content::Folder(folder) => folder,
            Content::Raw(raw) => &raw.tree,
        }
    }

    /// The name that a job is given for it.
    pub(super) fn name(&self) -> String {
        let name = self.path.file_name().unwrap_or_default();
        name.to_string_lossy().into_owned()
    }

    /// What has the SIGNATURE of a job is a customer's device: where it goes is said by that job.
    ///
    /// # Errors
    /// If it has one.
    pub(super) fn must_be_unsigned(&self) -> Result<(), Failure> {
        let signatures = match &self.content {
            Content::Folder(_) => vec![kept::read_limited(&self.path.join(SIGNATURE_NAME)).ok()],
            Content::Raw(raw) => raw.signatures(),
        };
        let mut files = signatures.into_iter().flatten();
        let Some(file) = files.find_map(|bytes| SignatureFile::parse(&bytes).ok()) else {
            return Ok(());
        };
        let (job, what) = (file.job, self.what());
        let message = format!("the {what} has the SIGNATURE of job {job}: it is a device");
        let hint = format!("`longshore dock {}` loads it", output::word(&self.path));
        Err(Failure::refused(message).hint(hint))
    }

    /// What it is called.
    fn what(&self) -> &'static str {
        match &self.content {
            Content::Folder(_) => "folder",
            Content::Raw(_) => "disk",
        }
    }

    /// Loads it. Gives the folder back, which can be looked through again.
    ///
    /// # Errors
    /// As [`docking::load_by`].
    pub(super) fn load(
        self,
        station: &Station,
        docking: &Docking,
        progress: &Progress,
    ) -> Result<(Result<Loaded, station::dock::DockError>, Option<Folder>), Failure> {
        let path = self.path;
        match self.content {
            Content::Folder(folder) => {
                let loaded = docking::load_watched(station, &path, docking, progress)?;
                Ok((loaded, Some(folder)))
            }
            Content::Raw(raw) => {
                let Raw {
                    tree,
                    disk,
                    _scratch,
                } = *raw;
                let loaded = docking::load_by(progress, |stop| {
                    station.dock_disk(disk, Some(tree), docking, progress, stop)
                })?;
                Ok((loaded, None))
            }
        }
    }
}

impl Raw {
    fn open(args: &ImportArgs, path: &Path, launcher: &Launcher) -> Result<Self, Failure> {
        let scratch = scratch::new("import")?;
        let stop = room::stoppable()?;
        let disk = raw::open(path, launcher, scratch.path())?;
        let choice = raw::choice(&args.raw, args.load.sparse);
        let tree = disk.look(&choice, &|| stop.is_set());
        let tree = tree.map_err(raw::failure)?;
        if tree.loaded().is_empty() {
            return Err(nothing_readable(&tree, path));
        }
        Ok(Self {
            tree,
            disk,
            _scratch: scratch,
        })
    }

    /// What lies where a SIGNATURE would be.
    fn signatures(&self) -> Vec<Option<Vec<u8>>> {
        let read = |place| {
            let entry = self.tree.find(&place).ok()??;
            let file = self.tree.open(&entry).ok()?;
            let mut bytes = vec![0; usize::try_from(limits::SIGNATURE_FILE_BYTES).ok()?];
            let filled = fill(&*file, 0, &mut bytes).ok()?;
            bytes.truncate(filled);
            Some(bytes)
        };
        self.tree.signatures().into_iter().map(read).collect()
    }
}

/// A device without a file that can be read.
fn nothing_readable(tree: &RawTree, path: &Path) -> Failure {
    let lines = tree.lines().iter().map(|line| match &line.said {
        Ok(note) => format!("{}: {}", line.name, note.words()),
        Err(why) => format!("{}: {why}", line.name),
    });
    let lines: Vec<String> = lines.collect();
    let message = format!(
        "nothing can be read on `{}`: {}",
        path.display(),
        output::printable(&lines.join("; "))
    );
    Failure::new(Exit::Refused, anyhow::anyhow!(message))
        .hint("`longshore device look` shows what lies on it")
}
