//! `longshore dock`: loads or fills a device that has arrived, beside a running service.

use std::ffi::OsStr;
use std::io::{self, BufRead as _, IsTerminal as _};
use std::path::Path;

use anyhow::anyhow;
use disks::facts::Facts;
use model::control::JobRequest;
use model::ids::JobType;
use model::signature::SignatureFile;
use station::dock::{DockError, Docking, Station, is_unmounted_and_empty};

use crate::cli::{DockArgs, ServerArgs};
use crate::docking;
use crate::exit::{Exit, Failure};
use crate::job::abort;
use crate::output;
use crate::own_station;
use crate::raw;
use crate::settings;
use crate::unlock;

/// Docks the device and stays until its job is done.
///
/// # Errors
/// Why it was not done.
pub(crate) fn run(args: &DockArgs) -> Result<Exit, Failure> {
    raw::must_suit(&args.raw, &args.device)?;
    let mut station = own_station::station(&args.server)?;
    own_station::direct(&args.load, &mut station);
    let mut docking = Docking {
        job: args.job,
        signature: args.signature.as_ref().map(contents),
        format: None,
        partly: args.partly,
        encrypted_by: args.encrypted_by.clone(),
        other_device: args.load.other_device,
        retry_bad: args.load.retry_bad,
        folder: args.folder,
        only_read: false,
        volumes: args.raw.volumes.clone(),
        zone_minutes: args.raw.zone,
        secrets: unlock::secrets(&args.unlock)?,
        ..Docking::default()
    };
    if args.signature.is_some() {
        must_not_be_unmounted(args, &station)?;
    }
    if args.format {
        agree_to_format(args, &station, &mut docking)?;
    }
    let loaded = docking::load(&station, &args.device, &docking)?
        .map_err(|error| docking::failure(error, &again(args)))?;
    if args.json {
        output::json(&loaded.json())?;
    } else {
        output::data(&loaded.summary())?;
        output::data(&output::fields([
            ("Job", Some(loaded.done.job.as_str())),
            ("Report", Some(loaded.report().as_str())),
        ]))?;
    }
    Ok(loaded.exit())
}

/// A mount point whose mount was forgotten would be loaded as a device without files. Only an export
/// may fill an empty folder.
fn must_not_be_unmounted(args: &DockArgs, station: &Station) -> Result<(), Failure> {
    let Some(file) = &args.signature else {
        return Ok(());
    };
    if !is_unmounted_and_empty(&args.device) {
        return Ok(());
    }
    let facts = station.control.job(&JobRequest { job: file.job });
    match facts {
        Ok(facts) if facts.job_type == JobType::Import => {
            let error = DockError::NothingMounted(args.device.clone());
            Err(docking::failure(error, &again(args)))
        }
        // Whatever else is wrong is told when the job is claimed.
        _ => Ok(()),
    }
}

fn contents(file: &SignatureFile) -> Vec<u8> {
    SignatureFile::contents(file.job.as_str(), &file.signature).into_bytes()
}

/// Shows what would be lost, and asks.
fn agree_to_format(
    args: &DockArgs,
    station: &Station,
    docking: &mut Docking,
) -> Result<(), Failure> {
    station.give_back();
    let facts = Facts::of(&args.device, &[&station.folder]).map_err(|error| {
        Failure::new(Exit::Refused, error)
            .hint("--format takes the block device itself, or an image file")
    })?;
    output::note(&facts.to_string());
    let job = station
        .job_to_fill(&args.device, &facts, docking)
        .map_err(|error| docking::failure(error, &again(args)))?;
    docking.format = Some(facts);
    match job.map(|job| station.control.job(&JobRequest { job })) {
        Some(Ok(facts)) => output::note(&abort::about(&facts)),
        // Said again, and better, when the job is claimed.
        Some(Err(error)) => tracing::debug!(%error, "job not shown"),
        None => output::note("Nothing says which job it is for."),
    }
    if args.yes {
        return Ok(());
    }
    let refused = |text: &str| Failure::new(Exit::Refused, anyhow!("{text}"));
    if !io::stdin().is_terminal() {
        return Err(
            refused("nobody was asked whether the device may be formatted")
                .hint("--yes says that what is on it may be destroyed"),
        );
    }
    output::note("If its export has not begun, everything on it will be destroyed. Type `yes`:");
    let mut answer = String::new();
    let read = io::stdin().lock().read_line(&mut answer);
    match read {
        Ok(_) if answer.trim() == "yes" => Ok(()),
        _ => Err(refused("the device was not formatted")),
    }
}

/// The command that goes on with a device. Formatting happens once, and to go on is not a reason to
/// destroy what is on whatever has the device's name by then.
fn again(args: &DockArgs) -> String {
    let ServerArgs {
        data,
        server,
        token_file,
        station,
        config,
    } = &args.server;
    let data = settings::named_data_folder(data.data.as_deref());
    let start = format!("longshore dock {}", output::word(&args.device));
    let load = own_station::options(&args.load);
    let signature = args.signature.as_ref().map(SignatureFile::scan_text);
    let mut options = vec![
        (
            "--job",
            args.job.as_ref().map(|job| Path::new(job.as_str())),
        ),
        (
            "--signature",
            signature.as_deref().map(OsStr::new).map(Path::new),
        ),
        ("--data", data.as_deref()),
        ("--server", server.as_deref().map(Path::new)),
        ("--token-file", token_file.as_deref()),
        (
            "--station",
            station.as_ref().map(|name| Path::new(name.as_str())),
        ),
        ("--config", config.as_deref()),
    ];
    let words = args.encrypted_by.as_deref().map(Path::new);
    options.push(("--encrypted-by", words));
    let raw = raw::options(&args.raw);
    let unlock = unlock::options(&args.unlock);
    let more = load.iter().chain(&raw).chain(&unlock);
    options.extend(more.map(|(name, value)| (*name, value.as_deref())));
    output::command(start, &options)
}
