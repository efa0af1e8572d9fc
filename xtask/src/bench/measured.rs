//! What a run takes: its command under `time`, and what the system counted meanwhile.

use std::fmt;
use std::fs::{self, File};
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context as _, Result, bail};
use rustix::fs::syncfs;
use serde::Serialize;

use super::stores::end_of;
use super::usage;
use crate::shell::command;

/// What a run took.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Measured {
    /// Seconds from start to end, with what follows the command.
    pub(crate) wall: f64,
    /// Seconds of it after the command had ended, until everything was on the disk.
    pub(crate) sync: f64,
    /// Processor seconds of the tool and the processes it started.
    pub(crate) cpu: f64,
    /// The most memory that one process of the tool had, in MiB.
    pub(crate) memory: f64,
    /// Processor seconds of the store.
    pub(crate) store_cpu: f64,
    /// Cores that neither of the two used: other programs, and the kernel's own work.
    pub(crate) others: f64,
    /// Whether these are more than in a run of this kind on a machine that does nothing else.
    pub(crate) is_disturbed: bool,
}

impl fmt::Display for Measured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            wall,
            sync,
            cpu,
            memory,
            store_cpu,
            others,
            is_disturbed,
        } = self;
        write!(
            f,
            "{wall:>7.2} s, CPU {cpu:>6.2} s, {memory:>4.0} MiB, store {store_cpu:>6.2} s, \
             others {others:.2} cores"
        )?;
        if *sync > 0.0 {
            write!(f, ", sync {sync:.2} s")?;
        }
        match is_disturbed {
            true => f.write_str(": disturbed"),
            false => Ok(()),
        }
    }
}

/// A command that is measured.
pub(crate) struct Timed<'a> {
    pub(crate) command: Command,
    /// Where its output and the measurements go.
    pub(crate) scratch: &'a Path,
    /// The store's process.
    pub(crate) store: u32,
    /// A process that works for the tool, whose processor time is the tool's.
    pub(crate) service: Option<u32>,
    /// Cores that others may use before the run counts as disturbed.
    pub(crate) quiet: f64,
}

impl Timed<'_> {
    /// Runs the command; with `device`, also until all of the file system that this folder is on
    /// has been written, which is part of the time.
    ///
    /// # Errors
    /// If one of the two fails. The scratch folder then has the log.
    pub(crate) fn run(&self, device: Option<&Path>) -> Result<Measured> {
        let times = self.scratch.join("times");
        let log = self.scratch.join("tool.log");
        let file = File::create(&log)?;
        let mut timed = timed(&self.command, &times);
        timed.stdout(file.try_clone()?).stderr(file);

        let before = self.used()?;
        let status = timed.status().context("could not run `time`")?;
        if !status.success() {
            bail!("it ended with {status}:\n{}", end_of(&log));
        }
        let sync = device.map_or(Ok(0.0), synced)?;
        let after = self.used()?;

        let text = fs::read_to_string(&times)?;
        let [wall, user, system, kibibytes] =
            numbers(&text).with_context(|| format!("`time` says `{text}`"))?;
        let wall = wall + sync;
        let cpu = user + system + after.service - before.service;
        let store_cpu = after.store - before.store;
        let others = (after.machine - before.machine - cpu - store_cpu) / wall.max(0.01);
        Ok(Measured {
            wall,
            sync,
            cpu,
            memory: kibibytes / 1024.0,
            store_cpu,
            others: others.max(0.0),
            is_disturbed: others > self.quiet,
        })
    }

    fn used(&self) -> Result<Used> {
        Ok(Used {
            machine: usage::of_machine()?,
            store: usage::of_process(self.store)?,
            service: self.service.map_or(Ok(0.0), usage::of_process)?,
        })
    }
}

/// Processor seconds so far.
struct Used {
    machine: f64,
    store: f64,
    service: f64,
}

/// Writes what a file system has not yet written, as `sync -f FOLDER` does; the seconds it took.
fn synced(folder: &Path) -> Result<f64> {
    let begun = Instant::now();
    let wrong = || format!("could not sync `{}`", folder.display());
    syncfs(File::open(folder).with_context(wrong)?).with_context(wrong)?;
    Ok(begun.elapsed().as_secs_f64())
}

/// A command under `time`, which writes what it took into the file `times`.
fn timed(inner: &Command, times: &Path) -> Command {
    let mut timed = command("time", ["--format=%e %U %S %M", "--output"]);
    timed
        .arg(times)
        .arg(inner.get_program())
        .args(inner.get_args());
    for (name, value) in inner.get_envs() {
        timed.env(name, value.unwrap_or_default());
    }
    timed
}

/// What `time` wrote.
fn numbers(text: &str) -> Option<[f64; 4]> {
    let words = text.split_whitespace();
    let numbers: Option<Vec<f64>> = words.map(|word| word.parse().ok()).collect();
    numbers?.try_into().ok()
}
