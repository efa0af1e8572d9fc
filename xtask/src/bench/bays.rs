//! `cargo xtask bench bays`: how much faster several bays are loaded than one.
//!
//! In each bay lies a folder with one large file, whose MD5 is one chain: alone it takes as long as that chain. Or, with
//! `many`, with files that fill all lanes already in one bay: then several cannot be faster, and must not be slower.
//! The files are the same in every bay, and in the page cache; each bay's go under a prefix of its own into the store
//! that forgets. What is measured is from the moment at which the first bay loads until the last is done, as the
//! service's log has it: how long it takes until somebody sees a folder is not part of it. Memory is the most that
//! the service had, its bench and job store included, beyond what it had before a bay loaded.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};

use super::data::{DataSet, SetKind, Sizes};
use super::imports::emptied;
use super::peers::{Client, Programs};
use super::service::Service;
use super::stores::{Store, StoreKind};
use super::told::Told;
use super::usage::peak_memory;
use crate::shell::target;
use crate::{setup, suites};

const USAGE: &str = "usage: cargo xtask bench bays [BAYS [ROUNDS [MIB [SET]]]]   (8 bays, 3 rounds, 1024 MiB in each; SET is `one` file of that size, \
     or `many` of 64 MiB)";

/// MiB of each of many files.
const MANY_MIB: u32 = 64;

/// How long it may take until all bays are done.
const DONE_WITHIN: Duration = Duration::from_secs(600);

/// What loading so many bays took.
struct Taken {
    /// From the first bay that loads to the last that is done.
    seconds: f64,
    /// MiB beyond what the service had before.
    memory: u64,
}

struct Bays<'a> {
    programs: &'a Programs,
    set: &'a DataSet,
    scratch: &'a Path,
}

/// `cargo xtask bench bays`
///
/// # Errors
/// If the arguments are wrong, or a bay is not loaded.
pub(super) fn command_bays(arguments: &[String]) -> Result<ExitCode> {
    let number = |at: usize, usual: u32| match arguments.get(at) {
        Some(text) => text.parse::<u32>().ok().filter(|&n| n > 0).context(USAGE),
        None => Ok(usual),
    };
    ensure!(arguments.len() <= 4, USAGE);
    let (bays, rounds, mib) = (number(0, 8)?, number(1, 3)?, number(2, 1024)?);
    let kind = match arguments.get(3).map(String::as_str) {
        None | Some("one") => SetKind::One,
        Some("many") if mib.is_multiple_of(MANY_MIB) => SetKind::Many,
        Some(_) => bail!(USAGE),
    };
    let venv = setup::peers()?;
    suites::build()?;
    let programs = Programs::find(suites::binary(), venv)?;
    let sizes = Sizes {
        one_mib: mib,
        many_files: mib / MANY_MIB,
        many_mib: MANY_MIB,
        ..Sizes::FULL
    };
    let set = DataSet::ready(kind, sizes, &target().join("bench/data"))?;
    let scratch = target().join("bench/run");
    let room = Bays {
        programs: &programs,
        set: &set,
        scratch: &scratch,
    };
    let mut ratios = Vec::new();
    println!(
        "| Round | One bay, MiB/s | {bays} bays, MiB/s | Ratio | Memory of one, MiB | of {bays}, MiB |"
    );
    println!("| --: | --: | --: | --: | --: | --: |");
    for round in 1..=rounds {
        let (one, all) = (room.load(1)?, room.load(bays)?);
        let rate = |bays: u32, taken: &Taken| f64::from(mib) * f64::from(bays) / taken.seconds;
        let (alone, together) = (rate(1, &one), rate(bays, &all));
        let ratio = together / alone;
        println!(
            "| {round} | {alone:.0} | {together:.0} | {ratio:.2} | {} | {} |",
            one.memory, all.memory
        );
        ratios.push(ratio);
    }
    ratios.sort_by(f64::total_cmp);
    println!(
        "\n{bays} bays are {:.2} times as fast as one (median).",
        ratios[ratios.len() / 2]
    );
    Ok(ExitCode::SUCCESS)
}

impl Bays<'_> {
    /// Loads so many bays.
    fn load(&self, bays: u32) -> Result<Taken> {
        emptied(self.scratch)?;
        let store = Store::start(StoreKind::Sink, self.programs, self.scratch)?;
        self.set.warm()?;
        let client = Client {
            programs: self.programs,
            set: self.set.kind,
            url: &store.url,
            scratch: self.scratch,
        };
        let names: Vec<String> = (1..=bays).map(|bay| format!("b{bay}")).collect();
        let service = Service::start(client, &self.settings(&names)?)?;
        let devices = self.devices(&names)?;
        for (name, device) in names.iter().zip(&devices) {
            service.make_import(device, name)?;
        }
        rustix::fs::sync();
        let at_rest = peak_memory(service.id())?;
        // Plugging in: all at once, and each whole.
        for (name, device) in names.iter().zip(&devices) {
            fs::rename(device, self.inbox(name).join("device"))?;
        }
        let seconds = until_done(&service, names.len())?;
        let memory = (peak_memory(service.id())? - at_rest) >> 20;
        drop(service);
        drop(store);
        fs::remove_dir_all(self.scratch)?;
        Ok(Taken { seconds, memory })
    }

    fn inbox(&self, bay: &str) -> PathBuf {
        self.scratch.join("inbox").join(bay)
    }

    /// A bench whose bays are folders.
    fn settings(&self, names: &[String]) -> Result<String> {
        let mut settings = format!("[station]\nbench = true\nloads_at_once = {}\n", names.len());
        for name in names {
            let inbox = self.inbox(name);
            fs::create_dir_all(&inbox)?;
            let inbox = inbox.to_str().context("the path is no text")?;
            settings +=
                &format!("[[station.bays]]\nname = \"{name}\"\nmatch = [\"folder:{inbox}\"]\n");
        }
        Ok(settings)
    }

    /// A folder for each bay, with the files of the set under a second name.
    fn devices(&self, names: &[String]) -> Result<Vec<PathBuf>> {
        let made = names.iter().map(|name| {
            let device = self.scratch.join("devices").join(name);
            self.set.link_into(&device)?;
            Ok(device)
        });
        made.collect()
    }
}

/// Waits until so many bays are done; the seconds since the first of them began.
fn until_done(service: &Service<'_>, bays: usize) -> Result<f64> {
    let begun = Instant::now();
    loop {
        let Told { loading, done } = Told::of(&service.log())?;
        if done.len() == bays {
            let first = loading.first().context("no bay has loaded")?;
            let last = done.last().context("no bay is done")?;
            return Ok((*last - *first).as_seconds_f64());
        }
        ensure!(begun.elapsed() < DONE_WITHIN, "the bays are not done");
        thread::sleep(Duration::from_millis(200));
    }
}
