//! `longshore dock`: loads a device that has arrived, beside a running service.

use std::path::Path;

use station::dock::Docking;

use crate::cli::{DockArgs, ServerArgs};
use crate::docking;
use crate::exit::{Exit, Failure};
use crate::output;
use crate::own_station;
use crate::settings;

/// Docks the device and stays until its job is done.
///
/// # Errors
/// Why it was not loaded.
pub(crate) fn run(args: &DockArgs) -> Result<Exit, Failure> {
    let mut station = own_station::station(&args.server)?;
    own_station::apply(&args.load, &mut station.settings);
    let docking = Docking {
        job: args.job,
        signature: None,
    };
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

/// The command that goes on with a device.
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
    let mut options = vec![
        (
            "--job",
            args.job.as_ref().map(|job| Path::new(job.as_str())),
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
    options.extend(load.iter().map(|(name, value)| (*name, value.as_deref())));
    output::command(start, &options)
}
