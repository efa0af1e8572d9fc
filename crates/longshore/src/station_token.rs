//! `longshore station`: the hosts that have the devices.

use model::ids::StationName;
use server::access::StationToken;
use server::ops::{Caller, stations};

use crate::cli::StationCommand;
use crate::exit::{Exit, Failure};
use crate::{bench, installation, output};

/// Runs a `longshore station` command.
///
/// # Errors
/// If the operation is refused, or the installation cannot be opened.
pub(crate) fn run(command: &StationCommand) -> Result<Exit, Failure> {
    match command {
        StationCommand::Token { name, store } => {
            let admit = async |admin: &_| stations::admit(admin, &Caller::Operator, name).await;
            tell(name, &installation::with(store, admit)?)
        }
        StationCommand::Run(args) => bench::run(args),
    }
}

fn tell(name: &StationName, token: &StationToken) -> Result<Exit, Failure> {
    output::data(&format!("{}\n", token.expose()))?;
    output::note(&format!(
        "The token is shown this once; an earlier one of station {name} is void. On its host:\n\
         longshore dock DEVICE_PATH --server URL --station {name} --token-file FILE"
    ));
    Ok(Exit::Ok)
}
