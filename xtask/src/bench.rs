//! `cargo xtask bench`: races Longshore and its peers, and prints what they took.
//!
//! The tools run in turn, round after round, so that a machine that slows down slows all of them.
//! Every run has a fresh store and data folder, and counts only if everything was stored.

mod data;
mod options;
mod peers;
mod run;
pub(crate) mod sink;
mod stores;
mod table;
mod usage;

use std::fs::File;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use serde::Serialize;

use crate::shell::{cargo, run, target};
use crate::{setup, suites};
use data::DataSet;
use options::Options;
use peers::{Programs, Tool};
use run::{Measured, Run};
use stores::StoreKind;
use table::{Runs, Table};

/// `cargo xtask bench`
///
/// # Errors
/// If the arguments are wrong, or something could not be prepared.
pub(crate) fn command(arguments: &[String]) -> Result<ExitCode> {
    if arguments
        .iter()
        .any(|word| word == "--help" || word == "-h")
    {
        println!("{}", options::USAGE);
        return Ok(ExitCode::SUCCESS);
    }
    let options = Options::parse(arguments)?;
    if cfg!(debug_assertions) {
        return optimised(arguments);
    }
    let race = Race::prepare(options)?;
    race.run()
}

/// Runs the same command, built as the sink has to be to keep up.
fn optimised(arguments: &[String]) -> Result<ExitCode> {
    let mut again = cargo([
        "run",
        "--quiet",
        "--release",
        "--package",
        "xtask",
        "--",
        "bench",
    ]);
    // Paths among the arguments are meant from here.
    run(again.args(arguments).current_dir(std::env::current_dir()?))?;
    Ok(ExitCode::SUCCESS)
}

/// A run for the file of all runs.
#[derive(Debug, Serialize)]
struct Record {
    store: &'static str,
    set: &'static str,
    files: u64,
    bytes: u64,
    cold: bool,
    tool: &'static str,
    round: u32,
    measured: Option<Measured>,
    error: Option<String>,
}

struct Race {
    options: Options,
    programs: Programs,
    sets: Vec<DataSet>,
    scratch: PathBuf,
}

impl Race {
    fn prepare(options: Options) -> Result<Self> {
        let venv = setup::peers()?;
        let longshore = match &options.longshore {
            Some(path) => path.clone(),
            None => {
                suites::build()?;
                suites::binary()
            }
        };
        let programs = Programs::find(longshore, venv)?;
        let folder = target().join("bench/data");
        let sets = options.sets.iter();
        let sets = sets.map(|&kind| DataSet::ready(kind, options.sizes, &folder));
        Ok(Self {
            sets: sets.collect::<Result<_>>()?,
            scratch: target().join("bench/run"),
            options,
            programs,
        })
    }

    fn run(&self) -> Result<ExitCode> {
        let (mut tables, mut records) = (Vec::new(), Vec::new());
        for &store in &self.options.stores {
            for set in &self.sets {
                tables.push(self.rounds(store, set, &mut records));
                // What there is so far is not lost with what goes wrong later.
                self.write(&records)?;
            }
        }
        for table in &tables {
            print!("\n{}", table.markdown());
        }
        println!("\nWhat is proven:\n");
        for &tool in &self.options.tools {
            println!("- {}: {}", tool.name(), tool.proves());
        }
        let failed = records
            .iter()
            .filter(|record| record.error.is_some())
            .count();
        if failed > 0 {
            println!("{failed} of {} runs FAILED", records.len());
            return Ok(ExitCode::FAILURE);
        }
        Ok(ExitCode::SUCCESS)
    }

    /// All runs with one set and one store.
    fn rounds<'a>(
        &self,
        store: StoreKind,
        set: &'a DataSet,
        records: &mut Vec<Record>,
    ) -> Table<'a> {
        println!("\n{} into {}", set.kind.name(), store.title());
        let tools = self.options.tools.iter();
        let mut rows: Vec<(Tool, Runs)> = tools.map(|&tool| (tool, Runs::default())).collect();
        for round in 1..=self.options.rounds {
            for (tool, runs) in &mut rows {
                let record = self.one(store, set, *tool, round);
                runs.extend(record.measured.clone());
                records.push(record);
            }
        }
        Table {
            store,
            set,
            is_cold: self.options.cold,
            rows,
        }
    }

    fn one(&self, store: StoreKind, set: &DataSet, tool: Tool, round: u32) -> Record {
        let run = Run {
            tool,
            set,
            store,
            programs: &self.programs,
            is_cold: self.options.cold,
            scratch: &self.scratch,
        };
        let outcome = run.measure();
        match &outcome {
            Ok(measured) => println!("  {round} {:<13} {measured}", tool.name()),
            Err(error) => println!("  {round} {:<13} FAILED: {error:#}", tool.name()),
        }
        let (measured, error) = match outcome {
            Ok(measured) => (Some(measured), None),
            Err(error) => (None, Some(format!("{error:#}"))),
        };
        Record {
            store: store.name(),
            set: set.kind.name(),
            files: set.files,
            bytes: set.bytes,
            cold: self.options.cold,
            tool: tool.name(),
            round,
            measured,
            error,
        }
    }

    fn write(&self, records: &[Record]) -> Result<()> {
        let Some(path) = &self.options.json else {
            return Ok(());
        };
        let wrong = || format!("could not write `{}`", path.display());
        let file = File::create(path).with_context(wrong)?;
        serde_json::to_writer_pretty(file, records).with_context(wrong)
    }
}
