//! The commands that load a folder into the bucket, each at its best known settings.

use std::path::Path;
use std::process::Command;

use anyhow::Result;

use super::peers::{Client, Tool};
use super::stores::BUCKET;
use crate::shell::command;

/// One load of a folder into the bucket.
#[derive(Debug)]
pub(crate) struct Load<'a> {
    pub(crate) client: Client<'a>,
    /// Where it is: a folder, or the image of a disk.
    pub(crate) folder: &'a Path,
}

impl Load<'_> {
    /// The command that loads with `tool`.
    ///
    /// # Errors
    /// If its settings cannot be written.
    pub(crate) fn command(&self, tool: Tool) -> Result<Command> {
        let command = match tool {
            Tool::Longshore | Tool::LongshoreImage => self.longshore()?,
            Tool::Rclone => self.rclone(&[]),
            Tool::RcloneTuned => self.rclone(&self.rclone_tuned()),
            Tool::S5cmd => self.s5cmd(),
            Tool::Aws => self.aws()?,
            Tool::Juicefs => self.juicefs()?,
        };
        Ok(self.client.settled(command))
    }

    /// Default settings, but for the store. The service, its job store and the report are part of
    /// the run.
    fn longshore(&self) -> Result<Command> {
        let Client {
            programs, scratch, ..
        } = self.client;
        let mut longshore = command(&programs.longshore, ["import", "--bucket", BUCKET]);
        longshore
            .arg("--config")
            .arg(self.client.longshore_settings("")?)
            .arg("--data")
            .arg(scratch.join("data"))
            .arg(self.folder);
        Ok(longshore)
    }

    fn rclone(&self, flags: &[&str]) -> Command {
        let mut rclone = self.client.programs.rclone(self.client.url);
        rclone.arg("copy").args(flags);
        rclone.arg(self.folder).arg(format!(":s3:{BUCKET}"));
        rclone
    }

    /// As fast as it goes: it neither looks for what is there nor looks at what it sent.
    fn rclone_tuned(&self) -> Vec<&'static str> {
        vec![
            self.client.rclone_transfers(),
            "--checkers=32",
            "--no-check-dest",
            "--ignore-checksum",
            "--buffer-size=0",
            "--s3-no-head",
            "--s3-no-check-bucket",
            "--s3-disable-checksum",
            "--s3-upload-concurrency=4",
            "--s3-chunk-size=64M",
            "--s3-upload-cutoff=64M",
            "--multi-thread-cutoff=64M",
        ]
    }

    fn s5cmd(&self) -> Command {
        let mut s5cmd = self.client.s5cmd();
        s5cmd
            .arg(format!("{}/", self.folder.display()))
            .arg(format!("s3://{BUCKET}/"));
        s5cmd
    }

    fn aws(&self) -> Result<Command> {
        let mut aws = self.client.aws()?;
        aws.arg(self.folder).arg(format!("s3://{BUCKET}/"));
        Ok(aws)
    }

    fn juicefs(&self) -> Result<Command> {
        let mut juicefs = self.client.juicefs();
        juicefs
            .arg(format!("{}/", self.folder.display()))
            .arg(self.client.juicefs_bucket()?);
        Ok(juicefs)
    }
}
