//! One export of one tool: an empty folder, the fetch with its measurements, the check.

use std::fs;
use std::path::Path;

use anyhow::Result;

use super::data::DataSet;
use super::downloads::Fetch;
use super::imports::emptied;
use super::measured::{Measured, Timed};
use super::peers::{Client, Programs, Tool};
use super::service::Service;
use super::stores::Store;

/// Cores that others may use in a run that is not disturbed. The kernel's threads that write to the
/// disk are among them: half a second of processor time for 4 GiB.
const QUIET: f64 = 0.3;

/// How closely a device is looked at after a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Check {
    /// Every file is there and has its size.
    Sizes,
    /// Every file has its content.
    Content,
}

/// What is run.
pub(crate) struct Export<'a> {
    pub(crate) tool: Tool,
    pub(crate) set: &'a DataSet,
    /// It has the set.
    pub(crate) store: &'a Store<'a>,
    pub(crate) programs: &'a Programs,
    pub(crate) check: Check,
    /// The folder that stands for the device. It is emptied.
    pub(crate) device: &'a Path,
    /// Where the run writes everything else. It is emptied.
    pub(crate) scratch: &'a Path,
}

impl Export<'_> {
    /// Runs, and checks that everything arrived.
    ///
    /// # Errors
    /// If the tool failed, or something is missing. The scratch folder then has the logs.
    pub(crate) fn measure(&self) -> Result<Measured> {
        emptied(self.scratch)?;
        emptied(self.device)?;
        self.set.warm()?;
        let measured = match self.tool {
            Tool::Longshore => self.ours()?,
            tool => self.peer(tool)?,
        };
        self.set.check_sizes(self.device)?;
        if self.check == Check::Content {
            self.set.check_content(self.device)?;
        }
        fs::remove_dir_all(self.device)?;
        fs::remove_dir_all(self.scratch)?;
        Ok(measured)
    }

    /// The service works for the command, so that its processor time is ours. The command itself
    /// sees to it that everything is on the disk.
    fn ours(&self) -> Result<Measured> {
        let service = Service::start(self.client(), "")?;
        service.make_export(self.device)?;
        self.timed(Tool::Longshore, Some(&service))?.run(None)
    }

    /// What a peer leaves in the page cache is written within its time.
    fn peer(&self, tool: Tool) -> Result<Measured> {
        self.timed(tool, None)?.run(Some(self.device))
    }

    fn timed(&self, tool: Tool, service: Option<&Service<'_>>) -> Result<Timed<'_>> {
        let fetch = Fetch {
            client: self.client(),
            folder: self.device,
            data: &self.scratch.join("data"),
        };
        let command = fetch.command(tool)?;
        // Nothing of what was before is still being written.
        rustix::fs::sync();
        Ok(Timed {
            command,
            scratch: self.scratch,
            store: self.store.id(),
            service: service.map(Service::id),
            quiet: QUIET,
        })
    }

    fn client(&self) -> Client<'_> {
        Client {
            programs: self.programs,
            set: self.set.kind,
            url: &self.store.url,
            scratch: self.scratch,
        }
    }
}
