//! `longshore station`: the hosts that have the devices.

use model::ids::StationName;
use server::jobstore::JobStore;
use server::keys::StationToken;

use crate::cli::StationCommand;
use crate::exit::{Exit, Failure};
use crate::{output, store};

/// Runs a `longshore station` command.
///
/// # Errors
/// If the job store refuses or cannot be opened.
pub(crate) fn run(command: &StationCommand) -> Result<Exit, Failure> {
    match command {
        StationCommand::Token { name, store } => {
            store::with(store, async |store| admit(store, name).await)
        }
    }
}

async fn admit(store: &dyn JobStore, name: &StationName) -> Result<Exit, Failure> {
    let token = StationToken::draw();
    store
        .put_station(name, token.sha256(), store::now())
        .await
        .map_err(store::failed)?;
    output::data(&format!("{}\n", token.expose()))?;
    output::note(&format!(
        "The token is shown this once; an earlier one of station {name} is void. On its host:\n\
         longshore dock DEVICE_PATH --server URL --station {name} --token-file FILE"
    ));
    Ok(Exit::Ok)
}
