//! `longshore device`: what lies on a device, and what becomes of it after its data was handled.

mod disposal;
mod erase;
mod look;

use model::control::ReturnRequest;

use crate::cli::{DeviceCommand, ReturnArgs};
use crate::docking;
use crate::exit::{Exit, Failure};
use crate::job;
use crate::output;
use crate::own_station;

/// Runs a `longshore device` command.
///
/// # Errors
/// What the server refuses, and what keeps us from telling it.
pub(crate) fn run(command: &DeviceCommand) -> Result<Exit, Failure> {
    match command {
        DeviceCommand::Look(args) => look::run(args),
        DeviceCommand::Erase(args) => erase::run(args),
        DeviceCommand::Secret(args) => job::secret::of_operator(args),
        DeviceCommand::Return(args) => give_back(args),
        DeviceCommand::Release(args) => disposal::release(args),
        DeviceCommand::Object(args) => disposal::object(args),
        DeviceCommand::Destroyed(args) => disposal::destroyed(args),
    }
}

fn give_back(args: &ReturnArgs) -> Result<Exit, Failure> {
    let request = ReturnRequest {
        job: args.job,
        carrier: args.carrier.clone(),
        tracking_number: args.tracking.clone(),
        unerased: args.word.word(),
    };
    let told = own_station::station(&args.server)?
        .control
        .give_back(&request);
    told.map_err(|error| {
        let (exit, hint) = docking::control_exit(&error);
        Failure::new(exit, error).hint(hint)
    })?;
    let ReturnArgs {
        job,
        carrier,
        tracking,
        ..
    } = args;
    output::note(&format!(
        "The device of job {job} is on its way back: {carrier} {tracking}."
    ));
    Ok(Exit::Ok)
}
