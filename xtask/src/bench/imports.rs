//! One import of one tool: a fresh store, the load with its measurements, the check.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};

use super::data::DataSet;
use super::image;
use super::measured::{Measured, Timed};
use super::peers::{Client, Programs, Tool};
use super::stores::{Store, StoreKind};
use super::uploads::Load;

/// Cores that others may use in a run that is not disturbed.
const QUIET: f64 = 0.12;

/// What is run.
#[derive(Debug)]
pub(crate) struct Import<'a> {
    pub(crate) tool: Tool,
    pub(crate) set: &'a DataSet,
    pub(crate) store: StoreKind,
    pub(crate) programs: &'a Programs,
    /// Whether the set is not in the page cache at the start.
    pub(crate) is_cold: bool,
    /// Where the run writes what it writes. It is emptied.
    pub(crate) scratch: &'a Path,
}

impl Import<'_> {
    /// Runs, and checks that everything was stored.
    ///
    /// # Errors
    /// If the tool failed, or something is missing. The scratch folder then has the logs.
    pub(crate) fn measure(&self) -> Result<Measured> {
        emptied(self.scratch)?;
        let store = Store::start(self.store, self.programs, self.scratch)?;
        let image = match self.tool {
            Tool::LongshoreImage => Some(image::ready(self.set)?),
            _ => None,
        };
        match (&image, self.is_cold) {
            (None, false) => self.set.warm()?,
            (None, true) => self.set.chill()?,
            (Some(image), false) => image::warm(image)?,
            (Some(image), true) => {
                self.set.chill()?;
                image::chill(image)?;
            }
        }
        // Nothing of the run before is still being written.
        rustix::fs::sync();
        let measured = self.load(&store, image.as_deref().unwrap_or(&self.set.folder))?;
        let report = self.tool.is_ours().then_some("/import-log-*");
        store.check(self.set, report)?;
        drop(store);
        fs::remove_dir_all(self.scratch)?;
        Ok(measured)
    }

    fn load(&self, store: &Store<'_>, folder: &Path) -> Result<Measured> {
        let load = Load {
            client: Client {
                programs: self.programs,
                set: self.set.kind,
                url: &store.url,
                scratch: self.scratch,
            },
            folder,
        };
        let timed = Timed {
            command: load.command(self.tool)?,
            scratch: self.scratch,
            store: store.id(),
            service: None,
            quiet: QUIET,
        };
        timed.run(None)
    }
}

/// Makes a folder, without what was in it.
///
/// # Errors
/// If it cannot be emptied or made.
pub(crate) fn emptied(folder: &Path) -> Result<()> {
    let wrong = || format!("could not empty `{}`", folder.display());
    if folder.exists() {
        fs::remove_dir_all(folder).with_context(wrong)?;
    }
    fs::create_dir_all(folder).with_context(wrong)
}
