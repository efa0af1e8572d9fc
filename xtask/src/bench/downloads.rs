//! The commands that fetch the whole bucket into a folder, each at its best known settings.

use std::path::Path;
use std::process::Command;

use anyhow::Result;

use super::peers::{Client, Tool};
use super::stores::BUCKET;
use crate::shell::command;

/// One export of the bucket into a folder.
#[derive(Debug)]
pub(crate) struct Fetch<'a> {
    pub(crate) client: Client<'a>,
    /// An empty folder: the device.
    pub(crate) folder: &'a Path,
    /// The data folder of the service that has the job of our own export.
    pub(crate) data: &'a Path,
}

impl Fetch<'_> {
    /// The command that fetches with `tool`.
    ///
    /// # Errors
    /// If its settings cannot be written.
    pub(crate) fn command(&self, tool: Tool) -> Result<Command> {
        let command = match tool {
            Tool::Longshore | Tool::LongshoreImage => self.longshore(),
            Tool::Rclone => self.rclone(&[]),
            Tool::RcloneTuned => self.rclone(&self.rclone_tuned()),
            Tool::S5cmd => self.s5cmd(),
            Tool::Aws => self.aws()?,
            Tool::Juicefs => self.juicefs()?,
        };
        Ok(self.client.settled(command))
    }

    /// Default settings. The device has its SIGNATURE, and the service runs.
    fn longshore(&self) -> Command {
        let mut longshore = command(&self.client.programs.longshore, ["dock"]);
        longshore.arg(self.folder).arg("--data").arg(self.data);
        // The device may be a folder of this host, and is in clear, as the others' is.
        longshore.args(["--folder", "--encrypted-by", "nothing: it is a race"]);
        longshore
    }

    fn rclone(&self, flags: &[&str]) -> Command {
        let mut rclone = self.client.programs.rclone(self.client.url);
        rclone.arg("copy").args(flags);
        rclone.arg(format!(":s3:{BUCKET}")).arg(self.folder);
        rclone
    }

    /// As fast as it goes: it asks nothing of each object before, sets no times, writes under the
    /// final names and does not look at what it wrote.
    fn rclone_tuned(&self) -> Vec<&'static str> {
        vec![
            self.client.rclone_transfers(),
            "--checkers=32",
            "--fast-list",
            "--no-check-dest",
            "--ignore-checksum",
            "--use-server-modtime",
            "--buffer-size=0",
            "--inplace",
            "--local-no-set-modtime",
            "--s3-no-head-object",
            "--multi-thread-cutoff=64M",
            "--multi-thread-streams=4",
            "--multi-thread-write-buffer-size=1M",
        ]
    }

    fn s5cmd(&self) -> Command {
        let mut s5cmd = self.client.s5cmd();
        s5cmd
            .arg(format!("s3://{BUCKET}/*"))
            .arg(format!("{}/", self.folder.display()));
        s5cmd
    }

    fn aws(&self) -> Result<Command> {
        let mut aws = self.client.aws()?;
        aws.arg(format!("s3://{BUCKET}/")).arg(self.folder);
        Ok(aws)
    }

    fn juicefs(&self) -> Result<Command> {
        let mut juicefs = self.client.juicefs();
        juicefs
            .arg("--inplace")
            .arg(self.client.juicefs_bucket()?)
            .arg(format!("{}/", self.folder.display()));
        Ok(juicefs)
    }
}
