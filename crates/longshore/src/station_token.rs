//! `longshore station`: the hosts that have the devices.

use model::ids::StationName;
use server::jobstore::JobStore;
use server::keys::StationToken;

use crate::cli::StationCommand;
use crate::exit::{Exit, Failure};
use crate::{job_store, output};

/// Runs a `longshore station` command.
///
/// # Errors
/// If the job store refuses or cannot be opened.
pub(crate) fn run(command: &StationCommand) -> Result<Exit, Failure> {
    match command {
        StationCommand::Token { name, store } => {
            job_store::with(store, async |store| admit(store, name).await)
        }
    }
}

async fn admit(store: &dyn JobStore, name: &StationName) -> Result<Exit, Failure> {
    let token = StationToken::draw();
    store
        .put_station(name, token.sha256(), job_store::now())
        .await
        .map_err(job_store::failed)?;
    output::data(&format!("{}\n", token.expose()))?;
    output::note(&format!(
        "The token is shown this once; an earlier one of station {name} is void. On its host:\n\
         longshore dock DEVICE_PATH --server URL --station {name} --token-file FILE"
    ));
    Ok(Exit::Ok)
}
