//! `longshore device erase`: erases the device of a job that was loaded, once the server lets it, and says what was done.

mod asking;
mod bar;
mod told;

use anyhow::Context as _;
use bay::erase::{EraseError, ErasingProgress, TargetError};
use model::disposal::messages::Confirmation;
use model::erasure::ErasureEnd;
use station::dock::{DockError, Station};
use station::erasing::{EraseWanted, NotErased, Prospect};
use transfer::stop::Stop;

use crate::cli::EraseArgs;
use crate::docking;
use crate::exit::{Exit, Failure};
use crate::{interrupt, output, own_station};

/// Erases a device, or says what would be done.
///
/// # Errors
/// Why it was not erased. That the device does not let itself be erased is no error: it is the exit code.
pub(super) fn run(args: &EraseArgs) -> Result<Exit, Failure> {
    let station = own_station::station(&args.server)?;
    let stop = Stop::default();
    interrupt::stops(stop.clone()).context("could not listen for signals")?;
    let mut wanted = EraseWanted {
        device: args.device.clone(),
        job: args.job,
        bay: None,
        confirmation: args.serial_end.as_deref().map(|end| confirmed(args, end)),
        technique: args.technique,
        stayed: false,
    };
    if args.dry_run {
        return dry_run(args, &station, &wanted, &stop);
    }
    if !args.yes {
        let seen = station.erase_prospect(&wanted, &stop);
        let seen = seen.map_err(|error| failure(error, args, &station))?;
        output::note(&told::prospect(&seen));
        let end = asking::serial_end(args.serial_end.as_deref())?;
        wanted.confirmation = Some(confirmed(args, &end));
    }
    let progress = ErasingProgress::default();
    let ended = bar::beside(&progress, || station.erase(&wanted, &progress, &stop));
    let end = ended.map_err(|error| failure(error, args, &station))?;
    match args.json {
        true => output::json(&told::Ended::of(args.job, &end))?,
        false => output::data(&told::end(args.job, &end))?,
    }
    Ok(match end {
        ErasureEnd::Erased(_) => Exit::Ok,
        ErasureEnd::Failed(_) => Exit::Error,
    })
}

fn confirmed(args: &EraseArgs, end: &str) -> Confirmation {
    Confirmation {
        user: user(),
        ..Confirmation::of(args.job, end.trim().to_owned())
    }
}

/// Who sits there: whoever became root by `sudo`, or the user of this process.
fn user() -> Option<String> {
    let named = ["SUDO_USER", "LOGNAME", "USER"];
    named
        .iter()
        .find_map(|name| std::env::var(name).ok())
        .filter(|name| !name.is_empty())
}

fn dry_run(
    args: &EraseArgs,
    station: &Station,
    wanted: &EraseWanted,
    stop: &Stop,
) -> Result<Exit, Failure> {
    let seen = station.erase_prospect(wanted, stop);
    let seen = seen.map_err(|error| failure(error, args, station))?;
    match args.json {
        true => output::json(&told::Would::of(args.job, &seen))?,
        false => output::data(&told::prospect(&seen))?,
    }
    Ok(exit(&seen))
}

fn exit(seen: &Prospect) -> Exit {
    match seen.answer {
        Ok(_) => Exit::Ok,
        Err(_) => Exit::Refused,
    }
}

/// What the user can do where a device was not erased.
fn failure(error: NotErased, args: &EraseArgs, station: &Station) -> Failure {
    let (exit, hint) = match &error {
        NotErased::Control(control) => docking::control_exit(control),
        NotErased::Erase(EraseError::Interrupted) => (
            Exit::Interrupted,
            "the same command goes on with it".to_owned(),
        ),
        NotErased::Erase(EraseError::Gone { .. } | EraseError::Host { .. }) => (
            Exit::Error,
            "see that the device is plugged in; the same command goes on with it".to_owned(),
        ),
        NotErased::Erase(EraseError::Changed { .. }) => (
            Exit::Refused,
            "nothing was written to it; the device that was begun can be gone on with".to_owned(),
        ),
        NotErased::Target(TargetError::InUse { .. }) => (
            Exit::Refused,
            "nothing was touched; unmount it, or end what uses it".to_owned(),
        ),
        NotErased::Target(TargetError::Busy { .. }) | NotErased::Job(DockError::Busy(_)) => (
            Exit::Refused,
            match station.bay_with(&args.device) {
                None => "nothing was touched; end what is done with it first".to_owned(),
                Some(bay) => format!(
                    "nothing was touched; it is in bay `{bay}` of this station, whose bench has it open: `longshore bay erase \
                     {station} '{bay}' --job {job} --serial-end XXXX` has the bench erase it",
                    station = station.name,
                    job = args.job,
                ),
            },
        ),
        NotErased::Target(TargetError::Partition { .. }) => (
            Exit::Refused,
            "a device is erased as a whole: name the disk".to_owned(),
        ),
        NotErased::Target(TargetError::MayNotWrite { .. } | TargetError::NoRight { .. }) => (
            Exit::Refused,
            error.of_rights().unwrap_or_default().to_owned(),
        ),
        NotErased::Target(_)
        | NotErased::Facts(_)
        | NotErased::Refused { .. }
        | NotErased::Other { .. }
        | NotErased::NotOffered(_)
        | NotErased::TooLittle { .. }
        | NotErased::Stopped { .. } => (Exit::Refused, String::new()),
        NotErased::Job(_)
        | NotErased::Folder { .. }
        | NotErased::Unclear
        | NotErased::Chance(_)
        | NotErased::Erase(EraseError::Journal(_))
        | NotErased::Journal(_) => (Exit::Error, String::new()),
    };
    match hint.is_empty() {
        true => Failure::new(exit, error),
        false => Failure::new(exit, error).hint(hint),
    }
}
