//! The command line of Longshore: reads the arguments, runs one command, and is the only place that
//! prints, looks at the environment and ends the process.

mod account;
mod audit;
mod backup;
mod bay;
mod bench;
mod bucket;
mod cli;
mod completions;
mod console;
mod custody;
mod device;
mod dock;
mod docking;
mod doctor;
mod environment;
mod exit;
mod image;
mod import;
mod interrupt;
mod job;
mod key;
mod local_service;
mod log;
mod mail;
mod man;
mod new_file;
mod operator;
mod output;
mod own_station;
mod parcel;
mod passphrase;
mod place;
mod plan_export;
mod policies;
mod progress_bar;
mod raw;
mod reach;
mod receipt;
mod scan;
mod scratch;
mod screen;
mod serve;
mod settings;
mod setup;
mod stations;
mod store;
mod systemd;
mod today;
mod unlock;
mod users;
mod verify;
mod way;
mod webhook;

use std::ffi::OsStr;
use std::process::ExitCode;

use clap::Parser as _;
use rustix::process::{Resource, getrlimit, setrlimit};
use server::config::{LogConfig, LogFormat, LogLevel};

use crate::cli::{Cli, Command, StationCommand};
use crate::exit::{Exit, Failure};

fn main() -> ExitCode {
    // A child that parses disks shuts itself in before anything else is set up.
    if std::env::args_os().nth(1).as_deref() == Some(OsStr::new(disks::sandbox::ARGUMENT)) {
        return disks::sandbox::child();
    }
    raise_descriptor_limit();
    let ended = run(&Cli::parse());
    let exit = ended.unwrap_or_else(|failure| {
        output::failure(&failure);
        failure.exit
    });
    exit.into()
}

/// Takes as many file descriptors as the system allows: the usual 1024 are soon used up by
/// connections and deep folders. If it allows no more, what there is has to do.
fn raise_descriptor_limit() {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    let _as_before_if_refused = setrlimit(Resource::Nofile, limit);
}

fn run(cli: &Cli) -> Result<Exit, Failure> {
    // The service's file of settings says how it logs.
    if !matches!(cli.command, Command::Serve(_)) {
        let level = match cli.command {
            // Nobody sits beside it.
            Command::Station(StationCommand::Run(_)) => LogLevel::Info,
            _ => LogLevel::Warn,
        };
        let format = LogFormat::Text;
        log::start(&cli.log, LogConfig { format, level })?;
    }
    match &cli.command {
        Command::Import(args) => import::run(args),
        Command::Ls(args) => bucket::ls::run(args),
        Command::Get(args) => bucket::get::run(args),
        Command::Rm(args) => bucket::rm::run(args),
        Command::Serve(args) => serve::run(args, &cli.log),
        Command::Dock(args) => dock::run(args),
        Command::Verify(args) => verify::run(args),
        Command::Receipt(command) => receipt::run(command),
        Command::PlanExport(args) => plan_export::run(args),
        Command::Image(command) => image::run(command),
        Command::Device(command) => device::run(command),
        Command::Bay(command) => bay::run(command),
        Command::Job(command) => job::run(command),
        Command::Key(command) => key::run(command),
        Command::Account(command) => account::run(command),
        Command::User(command) => users::run(command),
        Command::Group(command) => users::run_group(command),
        Command::Policy(command) => policies::run(command),
        Command::Station(command) => stations::run(command),
        Command::Parcel(command) => parcel::run(command),
        Command::Scan(args) => scan::run(args),
        Command::Store(command) => store::run(command),
        Command::Custody(command) => custody::run(command),
        Command::Webhook(command) => webhook::run(command),
        Command::Mail(command) => mail::run(command),
        Command::Operator(command) => operator::run(command),
        Command::Console(command) => console::run(command),
        Command::Audit(command) => audit::run(command),
        Command::Today(args) => today::run(args),
        Command::Backup(args) => backup::back_up(args),
        Command::Restore(args) => backup::restore(args),
        Command::Setup(command) => setup::run(command),
        Command::Doctor(args) => doctor::run(args),
        Command::Completions { shell } => completions::run(*shell),
        Command::Man { out } => man::run(out.as_deref()),
        Command::ExitCodes => {
            output::data(&exit::table())?;
            Ok(Exit::Ok)
        }
    }
}
