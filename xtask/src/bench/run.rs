//! One run of one tool: a fresh store, the load with its measurements, the check.

use std::fmt;
use std::fs::{self, File};
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use serde::Serialize;

use super::data::DataSet;
use super::peers::{Load, Programs, Tool};
use super::stores::{Store, StoreKind, end_of};
use super::usage;
use crate::shell::command;

/// Cores that others may use before a run counts as disturbed.
const QUIET: f64 = 0.12;

/// What a run took.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Measured {
    /// Seconds from start to end.
    pub(crate) wall: f64,
    /// Processor seconds of the tool and the processes it started.
    pub(crate) cpu: f64,
    /// The most memory that one process of the tool had, in MiB.
    pub(crate) memory: f64,
    /// Processor seconds of the store.
    pub(crate) store_cpu: f64,
    /// Cores that neither of the two used: other programs, and the kernel's own work.
    pub(crate) others: f64,
}

impl Measured {
    /// Whether the machine was busy with something else.
    pub(crate) fn is_disturbed(&self) -> bool {
        self.others > QUIET
    }
}

impl fmt::Display for Measured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            wall,
            cpu,
            memory,
            store_cpu,
            others,
        } = self;
        write!(
            f,
            "{wall:>7.2} s, CPU {cpu:>6.2} s, {memory:>4.0} MiB, store {store_cpu:>6.2} s, \
             others {others:.2} cores"
        )?;
        match self.is_disturbed() {
            true => f.write_str(": disturbed"),
            false => Ok(()),
        }
    }
}

/// What is run.
#[derive(Debug)]
pub(crate) struct Run<'a> {
    pub(crate) tool: Tool,
    pub(crate) set: &'a DataSet,
    pub(crate) store: StoreKind,
    pub(crate) programs: &'a Programs,
    /// Whether the set is not in the page cache at the start.
    pub(crate) is_cold: bool,
    /// Where the run writes what it writes. It is emptied.
    pub(crate) scratch: &'a Path,
}

impl Run<'_> {
    /// Runs, and checks that everything was stored.
    ///
    /// # Errors
    /// If the tool failed, or something is missing. The scratch folder then has the logs.
    pub(crate) fn measure(&self) -> Result<Measured> {
        if self.scratch.exists() {
            fs::remove_dir_all(self.scratch)?;
        }
        fs::create_dir_all(self.scratch)?;
        let store = Store::start(self.store, self.programs, self.scratch)?;
        if self.is_cold {
            self.set.chill()?;
        } else {
            self.set.warm()?;
        }
        // Nothing of the run before is still being written.
        rustix::fs::sync();
        let measured = self.load(&store)?;
        let report = (self.tool == Tool::Longshore).then_some("/import-log-*");
        store.check(self.set, report)?;
        drop(store);
        fs::remove_dir_all(self.scratch)?;
        Ok(measured)
    }

    fn load(&self, store: &Store<'_>) -> Result<Measured> {
        let load = Load {
            programs: self.programs,
            set: self.set.kind,
            folder: &self.set.folder,
            url: &store.url,
            scratch: self.scratch,
        };
        let times = self.scratch.join("times");
        let mut timed = timed(&load.command(self.tool)?, &times);
        let log = self.scratch.join("tool.log");
        let file = File::create(&log)?;
        timed.stdout(file.try_clone()?).stderr(file);

        let before = (usage::of_machine()?, store.cpu()?);
        let status = timed.status().context("could not run `time`")?;
        let after = (usage::of_machine()?, store.cpu()?);
        if !status.success() {
            bail!("it ended with {status}:\n{}", end_of(&log));
        }
        let text = fs::read_to_string(&times)?;
        let [wall, user, system, kibibytes] =
            numbers(&text).with_context(|| format!("`time` says `{text}`"))?;
        let cpu = user + system;
        let store_cpu = after.1 - before.1;
        let others = (after.0 - before.0 - cpu - store_cpu) / wall.max(0.01);
        Ok(Measured {
            wall,
            cpu,
            memory: kibibytes / 1024.0,
            store_cpu,
            others: others.max(0.0),
        })
    }
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
