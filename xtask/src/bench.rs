//! `cargo xtask bench`: races Longshore and its peers, and prints what they took.
//!
//! The tools run in turn, round after round, so that a machine that slows down slows all of them.
//! Every import has a fresh store and data folder, every export an empty device and the store that
//! was filled once; a run counts only if everything has arrived.

mod api;
mod bays;
mod chain;
mod data;
mod downloads;
mod exports;
mod image;
mod imports;
mod measured;
mod options;
mod peers;
mod service;
pub(crate) mod sink;
mod stations;
mod stores;
mod table;
mod told;
mod uploads;
mod usage;

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use serde::Serialize;

use crate::shell::{cargo, run, target};
use crate::{setup, suites};
use data::{DataSet, SetKind};
use exports::{Check, Export};
use imports::{Import, emptied};
use measured::Measured;
use options::{Direction, Options};
use peers::{Programs, Tool};
use stores::{Store, StoreKind};
use table::{Limit, Runs, Table};

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
    if let Some((first, rest)) = arguments.split_first()
        && let "api" | "bays" | "stations" = first.as_str()
    {
        return match first.as_str() {
            _ if cfg!(debug_assertions) => optimised(arguments),
            "api" => api::command_api(rest),
            "stations" => stations::command_stations(rest),
            _ => bays::command_bays(rest),
        };
    }
    if let Some((first, rest)) = arguments.split_first()
        && let "heartbeats" | "jobs" | "console" = first.as_str()
    {
        return of_server(first, rest);
    }
    if let Some((first, rest)) = arguments.split_first()
        && first == "erase"
    {
        return of_erasing(rest);
    }
    let options = Options::parse(arguments)?;
    if cfg!(debug_assertions) {
        return optimised(arguments);
    }
    let race = Race::prepare(options)?;
    race.run()
}

/// `cargo xtask bench heartbeats [STATIONS [BAYS [SECONDS]]]`, `bench jobs [JOBS_IN_POSTGRESQL [JOBS_IN_SQLITE]]` and
/// `bench console [JOBS]`: how soon heartbeats are answered, jobs are listed, and pages of the console are there.
fn of_server(name: &str, arguments: &[String]) -> Result<ExitCode> {
    let mut bench = cargo(["bench", "--quiet", "--package", "server"]);
    bench.args(["--bench", name, "--"]).args(arguments);
    run(bench.env("LONGSHORE_POSTGRES_FSYNC", "on"))?;
    Ok(ExitCode::SUCCESS)
}

/// `cargo xtask bench erase [MEBIBYTES [ROUNDS]]`: how fast an image is erased, beside the tools that people use.
fn of_erasing(arguments: &[String]) -> Result<ExitCode> {
    let folder = target().join("bench-erase");
    fs::create_dir_all(&folder).context("could not make a folder")?;
    let mut bench = cargo(["bench", "--quiet", "--package", "bay"]);
    bench.args(["--bench", "erase", "--"]).args(arguments);
    run(bench.env("BENCH_FOLDER", &folder))?;
    fs::remove_dir_all(&folder).context("could not remove the folder")?;
    Ok(ExitCode::SUCCESS)
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
    direction: &'static str,
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
    /// Where the store of exports keeps what it keeps.
    store_folder: PathBuf,
    /// The folder that exports fill.
    device: PathBuf,
}

/// One run of the race.
struct Turn<'a> {
    store: StoreKind,
    /// For exports: the store, which has the set.
    filled: Option<&'a Store<'a>>,
    set: &'a DataSet,
    tool: Tool,
    round: u32,
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
        let device = options.device.clone();
        let device = device.unwrap_or_else(|| target().join("bench"));
        Ok(Self {
            sets: sets.collect::<Result<_>>()?,
            scratch: target().join("bench/run"),
            store_folder: target().join("bench/store"),
            device: device.join("bench-device"),
            options,
            programs,
        })
    }

    fn run(&self) -> Result<ExitCode> {
        let (mut tables, mut records) = (Vec::new(), Vec::new());
        for &store in &self.options.stores {
            for set in &self.sets {
                tables.push(self.rounds(store, set, &mut records)?);
                // What there is so far is not lost with what goes wrong later.
                self.write(&records)?;
            }
        }
        for table in &tables {
            print!("\n{}", table.markdown());
        }
        println!("\nWhat is proven:\n");
        for &tool in &self.options.tools {
            println!("- {}: {}", tool.name(), tool.proves(self.options.direction));
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
    ///
    /// # Errors
    /// If a store for exports cannot be filled.
    fn rounds<'a>(
        &self,
        store: StoreKind,
        set: &'a DataSet,
        records: &mut Vec<Record>,
    ) -> Result<Table<'a>> {
        let direction = self.options.direction;
        println!("\n{} {}", set.kind.name(), store.title(direction));
        let filled = match direction {
            Direction::Import => None,
            Direction::Export => Some(self.filled(store, set)?),
        };
        let tools = self.options.tools.iter();
        let mut rows: Vec<(Tool, Runs)> = tools.map(|&tool| (tool, Runs::default())).collect();
        for round in 1..=self.options.rounds {
            for (tool, runs) in &mut rows {
                let record = self.record(&Turn {
                    store,
                    filled: filled.as_ref(),
                    set,
                    tool: *tool,
                    round,
                });
                runs.extend(record.measured.clone());
                records.push(record);
            }
        }
        if filled.is_some() {
            drop(filled);
            // What it stored is as large as the set.
            fs::remove_dir_all(&self.store_folder)?;
        }
        Ok(Table {
            direction,
            store,
            set,
            is_cold: self.options.cold,
            rows,
            limits: self.limits(set)?,
        })
    }

    /// What no tool can be faster than, where that is known.
    fn limits(&self, set: &DataSet) -> Result<Vec<Limit>> {
        let mut limits = Vec::new();
        if set.kind == SetKind::One {
            limits.push(Limit {
                name: "one chain of MD5",
                rate: chain::rate(),
            });
        }
        if self.options.tools.contains(&Tool::LongshoreImage) {
            limits.push(Limit {
                name: "reading the image",
                rate: image::rate(&image::ready(set)?)?,
            });
        }
        Ok(limits)
    }

    /// A store that has the set, for all exports of it.
    fn filled(&self, store: StoreKind, set: &DataSet) -> Result<Store<'_>> {
        emptied(&self.store_folder)?;
        Store::filled(store, &self.programs, &self.store_folder, set)
    }

    fn measure(&self, turn: &Turn<'_>) -> Result<Measured> {
        let Turn {
            store,
            filled,
            set,
            tool,
            round,
        } = *turn;
        let programs = &self.programs;
        match filled {
            None => Import {
                tool,
                set,
                store,
                programs,
                is_cold: self.options.cold,
                scratch: &self.scratch,
            }
            .measure(),
            Some(store) => Export {
                tool,
                set,
                store,
                programs,
                // Once is enough to know that it does what it says.
                check: match round {
                    1 => Check::Content,
                    _ => Check::Sizes,
                },
                device: &self.device,
                scratch: &self.scratch,
            }
            .measure(),
        }
    }

    fn record(&self, turn: &Turn<'_>) -> Record {
        let Turn {
            store,
            set,
            tool,
            round,
            ..
        } = *turn;
        let outcome = self.measure(turn);
        match &outcome {
            Ok(measured) => println!("  {round} {:<13} {measured}", tool.name()),
            Err(error) => println!("  {round} {:<13} FAILED: {error:#}", tool.name()),
        }
        let (measured, error) = match outcome {
            Ok(measured) => (Some(measured), None),
            Err(error) => (None, Some(format!("{error:#}"))),
        };
        Record {
            direction: self.options.direction.name(),
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
