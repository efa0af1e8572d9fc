//! `longshore job secret` and `device secret`: what opens the device of a job, by its customer or by who runs the service.

use model::ids::JobId;
use model::operator::{GiveSecretFor, JobDetail};

use super::connection::connect;
use super::sealing;
use crate::cli::{DeviceSecretArgs, SecretArgs};
use crate::exit::{Exit, Failure};
use crate::way::Way;
use crate::{output, unlock};

/// Sends it by the API.
///
/// # Errors
/// What the API refuses, and what keeps us from asking it.
pub(super) fn of_customer(args: &SecretArgs) -> Result<Exit, Failure> {
    let client = connect(&args.api)?;
    let recipient = sealing::recipient(&args.seal, &client)?;
    let secret = unlock::asked()?;
    let secret = match recipient {
        Some(recipient) => sealing::secret(&secret, &recipient)?,
        None => secret,
    };
    let told = client.give_secret(&args.job, &secret)?;
    if args.api.json {
        output::json(&told)?;
    } else {
        output::note(&kept(&args.job, told.on_hold));
    }
    Ok(super::success(told.success))
}

/// Sends it as one who runs the service.
///
/// # Errors
/// If the operation is refused, or the service cannot be asked.
pub(crate) fn of_operator(args: &DeviceSecretArgs) -> Result<Exit, Failure> {
    let way = Way::beside(&args.server)?;
    let secret = unlock::asked()?;
    let path = format!("jobs/{}/secret", args.job);
    let job: JobDetail = way.post(&path, &GiveSecretFor { secret })?;
    if args.json {
        output::json(&job)?;
    } else {
        let id: JobId = args.job;
        output::note(&kept(id.as_str(), job.line.held.is_some()));
    }
    Ok(Exit::Ok)
}

fn kept(job: &str, on_hold: bool) -> String {
    let then = match on_hold {
        true => "the job stays on hold, for something else",
        false => "it is tried when the device is docked, and at once if it is in a bay",
    };
    format!("The secret for the device of job {job} is kept: {then}.")
}
