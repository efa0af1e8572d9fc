//! `longshore station`: the hosts that have the devices.

use model::ids::StationName;
use model::operator::NewToken;

use crate::cli::StationCommand;
use crate::exit::{Exit, Failure};
use crate::way::Way;
use crate::{bench, output};

/// Runs a `longshore station` command.
///
/// # Errors
/// If the operation is refused, or the service cannot be asked.
pub(crate) fn run(command: &StationCommand) -> Result<Exit, Failure> {
    match command {
        StationCommand::Token { name, store } => {
            let new = Way::open(store)?.post(&format!("stations/{name}/token"), &())?;
            tell(name, &new)
        }
        StationCommand::Run(args) => bench::run(args),
    }
}

fn tell(name: &StationName, new: &NewToken) -> Result<Exit, Failure> {
    output::data(&format!("{}\n", new.token))?;
    output::note(&format!(
        "The token is shown this once; an earlier one of station {name} is void. On its host:\n\
         longshore dock DEVICE_PATH --server URL --station {name} --token-file FILE"
    ));
    Ok(Exit::Ok)
}
