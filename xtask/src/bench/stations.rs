//! `cargo xtask bench stations`: how much more several stations load than one, into one store and with one database.
//!
//! Each station is a process of its own, sends no more than its `rate`, and has one bay, in which a folder with one large
//! file lies; the file is the same for all, and in the page cache. The rate of a station is that from the moment at which
//! its bay loads until it is done, as its log has it; those of all together are compared with one alone. Until the
//! store, or the cores that all share, are full, nothing but their own rates limits them.

#[path = "../../../crates/server/tests/support/postgres.rs"]
mod postgres;

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, ExitCode};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use postgres::PrivatePostgres;

use super::data::{DataSet, SetKind, Sizes};
use super::imports::emptied;
use super::peers::{Client, Programs, write};
use super::service::Service;
use super::stores::{Store, StoreKind, end_of};
use super::told::Told;
use super::usage;
use crate::shell::{command, target};
use crate::{setup, suites};

const USAGE: &str = "usage: cargo xtask bench stations [N,N,… [MIB [STORE]]]   (1,2,4,8 stations, a file of 160 MiB each, \
                     `seaweed`; or `sink`)";

/// What a station may send: 80 Mbit/s.
const RATE: u32 = 10_000_000;

/// How long it may take until all stations are done.
const DONE_WITHIN: Duration = Duration::from_secs(900);

/// Of as much as so many times one station loads, they are to load so much.
const BAR: f64 = 0.9;

/// Stations that are started, and end with this value.
struct Crew(Vec<Child>);

impl Drop for Crew {
    fn drop(&mut self) {
        for child in &mut self.0 {
            // Its folder is thrown away: it need not end in order.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Processor seconds so far, by who used them.
#[derive(Clone, Copy)]
struct Used {
    machine: f64,
    store: f64,
    /// With the database.
    server: f64,
    stations: f64,
}

/// What a number of stations came to.
struct Together {
    stations: u32,
    /// Bytes a second, all together.
    rate: f64,
    /// Cores of each while it was measured, and of whatever else runs here.
    store: f64,
    server: f64,
    crew: f64,
    others: f64,
}

struct Race<'a> {
    programs: &'a Programs,
    set: &'a DataSet,
    kind: StoreKind,
    scratch: &'a Path,
}

/// `cargo xtask bench stations`
///
/// # Errors
/// If the arguments are wrong, or a station does not load what it has.
pub(super) fn command_stations(arguments: &[String]) -> Result<ExitCode> {
    ensure!(arguments.len() <= 3, USAGE);
    let numbers = arguments.first().map_or("1,2,4,8", String::as_str);
    let numbers = numbers.split(',').map(positive);
    let numbers = numbers.collect::<Result<Vec<u32>>>()?;
    let mib = arguments.get(1).map_or(Ok(160), |text| positive(text))?;
    let kind = match arguments.get(2).map(String::as_str) {
        None | Some("seaweed") => StoreKind::Seaweed,
        Some("sink") => StoreKind::Sink,
        Some(_) => bail!(USAGE),
    };
    let venv = setup::peers()?;
    suites::build()?;
    let programs = Programs::find(suites::binary(), venv)?;
    let sizes = Sizes {
        one_mib: mib,
        ..Sizes::FULL
    };
    let set = DataSet::ready(SetKind::One, sizes, &target().join("bench/data"))?;
    let race = Race {
        programs: &programs,
        set: &set,
        kind,
        scratch: &target().join("bench/run"),
    };
    race.run(&numbers)
}

fn positive(text: &str) -> Result<u32> {
    text.parse()
        .ok()
        .filter(|&number| number > 0)
        .context(USAGE)
}

impl Race<'_> {
    /// Measures one station and each number of them, and prints a table.
    fn run(&self, numbers: &[u32]) -> Result<ExitCode> {
        println!(
            "{} a station at most, {}\n",
            megabytes(f64::from(RATE)),
            self.kind.name()
        );
        println!(
            "| Stations | Together | By so many times one | Cores: store | server and database | stations | others |\n\
             | --: | --: | --: | --: | --: | --: | --: |"
        );
        let one = self.measure(1)?;
        let mut is_met = true;
        for &number in numbers {
            let found = match number {
                1 => None,
                _ => Some(self.measure(number)?),
            };
            let found = found.as_ref().unwrap_or(&one);
            println!("{}", found.row(one.rate));
            is_met &= found.share(one.rate) >= BAR;
        }
        match is_met {
            true => println!("\nNothing but their own rates limits them."),
            false => println!("\nThe cores, the store, or what else runs here limits them."),
        }
        Ok(ExitCode::SUCCESS)
    }

    fn measure(&self, stations: u32) -> Result<Together> {
        emptied(self.scratch)?;
        let database = PrivatePostgres::start().context("there is no PostgreSQL")?;
        let url = database.create_database("bench");
        let store = Store::start(self.kind, self.programs, self.scratch)?;
        self.set.warm()?;
        let client = Client {
            programs: self.programs,
            set: self.set.kind,
            url: &store.url,
            scratch: self.scratch,
        };
        let service = Service::start(client, &format!("[database]\nurl = \"{url}\"\n"))?;
        let names: Vec<String> = (1..=stations).map(|number| format!("s{number}")).collect();
        let crew = self.crew(&service, &names)?;
        let folders = names.iter().map(|name| self.device(name));
        let devices: Vec<PathBuf> = folders.collect::<Result<_>>()?;
        for (name, device) in names.iter().zip(&devices) {
            service.make_import(device, name)?;
        }
        rustix::fs::sync();
        for (name, device) in names.iter().zip(&devices) {
            fs::rename(device, self.inbox(name).join("device"))?;
        }
        let used = || -> Result<Used> {
            let master = postmaster(&url)?;
            Ok(Used {
                machine: usage::of_machine()?,
                store: usage::of_process(store.id())?,
                server: usage::of_process(service.id())?
                    + usage::of_process(master)?
                    + usage::of_children(master)?,
                stations: crew.used()?,
            })
        };
        self.until_loading(&names)?;
        let (begun, before) = (Instant::now(), used()?);
        let rate = self.until_done(&names)?;
        let (seconds, after) = (begun.elapsed().as_secs_f64(), used()?);
        Ok(Together::over(seconds, stations, rate, (before, after)))
    }

    fn folder(&self, name: &str) -> PathBuf {
        self.scratch.join("stations").join(name)
    }

    fn inbox(&self, name: &str) -> PathBuf {
        self.folder(name).join("inbox")
    }

    fn log(&self, name: &str) -> PathBuf {
        self.folder(name).join("log")
    }

    /// Starts a station by each name.
    fn crew(&self, service: &Service<'_>, names: &[String]) -> Result<Crew> {
        let mut crew = Crew(Vec::new());
        for name in names {
            let (folder, inbox) = (self.folder(name), self.inbox(name));
            fs::create_dir_all(&inbox)?;
            let (token, settings) = (folder.join("token"), folder.join("station.toml"));
            write(&token, &service.token(name)?)?;
            let inbox = inbox.to_str().context("the path is no text")?;
            let text = format!(
                "[station]\nrate = \"{RATE}B\"\nmetrics_listen = \"127.0.0.1:0\"\n\
                 [[station.bays]]\nname = \"{name}\"\nmatch = [\"folder:{inbox}\"]\n"
            );
            write(&settings, &text)?;
            let options = ["station", "run", "--log-format", "json", "--station", name];
            let mut run = command(&self.programs.longshore, options);
            run.arg("--server").arg(service.api()?);
            run.arg("--token-file").arg(token);
            run.arg("--config").arg(settings);
            run.arg("--data").arg(folder.join("data"));
            let log = File::create(self.log(name))?;
            run.stdout(log.try_clone()?).stderr(log);
            let child = run.spawn().context("could not run `longshore station`")?;
            crew.0.push(child);
        }
        Ok(crew)
    }

    /// A folder with the files of the set under a second name.
    fn device(&self, name: &str) -> Result<PathBuf> {
        let device = self.folder(name).join("device");
        self.set.link_into(&device)?;
        Ok(device)
    }

    /// Waits until each station loads.
    fn until_loading(&self, names: &[String]) -> Result<()> {
        self.until(names, |told| !told.loading.is_empty())
    }

    /// Waits until each station is done; the sum of their rates, in bytes a second.
    fn until_done(&self, names: &[String]) -> Result<f64> {
        self.until(names, |told| !told.done.is_empty())?;
        let rates = names.iter().map(|name| {
            let told = Told::of(&self.log(name))?;
            let begun = told.loading.first().context("it has loaded")?;
            let done = told.done.last().context("it is done")?;
            Ok(bytes(self.set.bytes) / (*done - *begun).as_seconds_f64())
        });
        rates.sum()
    }

    fn until(&self, names: &[String], is_so: impl Fn(&Told) -> bool) -> Result<()> {
        let begun = Instant::now();
        for name in names {
            let log = self.log(name);
            while !is_so(&Told::of(&log).with_context(|| end_of(&log))?) {
                ensure!(begun.elapsed() < DONE_WITHIN, "station {name} is not done");
                thread::sleep(Duration::from_millis(200));
            }
        }
        Ok(())
    }
}

impl Crew {
    fn used(&self) -> Result<f64> {
        let each = self.0.iter().map(|child| usage::of_process(child.id()));
        each.sum()
    }
}

impl Together {
    fn over(seconds: f64, stations: u32, rate: f64, (before, after): (Used, Used)) -> Self {
        let store = (after.store - before.store) / seconds;
        let server = (after.server - before.server) / seconds;
        let crew = (after.stations - before.stations) / seconds;
        let machine = (after.machine - before.machine) / seconds;
        Self {
            stations,
            rate,
            store,
            server,
            crew,
            others: (machine - store - server - crew).max(0.0),
        }
    }

    /// How much it is of as many times what one loads.
    fn share(&self, one: f64) -> f64 {
        self.rate / (one * f64::from(self.stations))
    }

    fn row(&self, one: f64) -> String {
        format!(
            "| {} | {} | {:.2} | {:.2} | {:.2} | {:.2} | {:.2} |",
            self.stations,
            megabytes(self.rate),
            self.share(one),
            self.store,
            self.server,
            self.crew,
            self.others
        )
    }
}

/// The process of the database that has its sockets where `url` says.
fn postmaster(url: &str) -> Result<u32> {
    let (_, folder) = url
        .split_once("?host=")
        .context("the database has a folder")?;
    let text = fs::read_to_string(Path::new(folder).join("data/postmaster.pid"))?;
    let first = text.lines().next().unwrap_or_default();
    first.parse().context("the database has a process")
}

fn megabytes(rate: f64) -> String {
    format!("{:.1} MB/s", rate / 1e6)
}

#[expect(clippy::cast_precision_loss, reason = "less than 2^53 bytes")]
fn bytes(bytes: u64) -> f64 {
    bytes as f64
}
