//! `longshore job hold`, `job resume` and `job give-up`: what an operator decides about a job that waits.

use model::control::{GiveUpRequest, HoldRequest, ResumeRequest};
use model::hold::GivenUp;
use model::ids::JobId;

use super::abort::{about, agree, look, refused, sentence};
use crate::cli::{GiveUpArgs, HoldArgs, ServerArgs};
use crate::exit::{Exit, Failure};
use crate::output;
use crate::own_station;

/// Puts a job on hold.
///
/// # Errors
/// What the server refuses.
pub(super) fn hold(args: &HoldArgs) -> Result<Exit, Failure> {
    let because = sentence(&args.because)?;
    let control = own_station::station(&args.server)?.control;
    let job = args.job;
    output::note(&about(&look(&control, job)?));
    let told = control.hold(&HoldRequest {
        job,
        because: because.to_owned(),
    });
    told.map_err(refused)?;
    output::note(&format!(
        "Job {job} is on hold until `longshore job resume {job}`. What it has loaded stays."
    ));
    Ok(Exit::Ok)
}

/// Lets a job go on.
///
/// # Errors
/// What the server refuses.
pub(super) fn resume(job: JobId, server: &ServerArgs) -> Result<Exit, Failure> {
    let control = own_station::station(server)?.control;
    output::note(&about(&look(&control, job)?));
    control.resume(&ResumeRequest { job }).map_err(refused)?;
    output::note(&format!(
        "Job {job} goes on when its device is docked. If nothing is mended, it will be on hold again."
    ));
    Ok(Exit::Ok)
}

/// Ends a job that is on hold, once a person has said so.
///
/// # Errors
/// What the server refuses, and that nobody agreed.
pub(super) fn give_up(args: &GiveUpArgs) -> Result<Exit, Failure> {
    let because = sentence(&args.because)?;
    let control = own_station::station(&args.server)?.control;
    let job = args.job;
    let facts = look(&control, job)?;
    output::note(&about(&facts));
    let hold = facts.stopped.as_ref().filter(|stopped| stopped.is_held());
    let hold = hold.and_then(|stopped| stopped.cause.hold());
    let ends_as = match hold.map(|hold| hold.given_up) {
        Some(GivenUp::Aborted(reason)) => reason.code(),
        Some(GivenUp::Canceled) | None => "Canceled",
    };
    if !args.yes {
        agree(job, ends_as)?;
    }
    let told = control.give_up(&GiveUpRequest {
        job,
        because: because.to_owned(),
        shown: facts.progress.code().to_owned(),
        account: facts.account,
    });
    told.map_err(refused)?;
    output::note(&format!(
        "Job {job} is over: {ends_as}. Return the device with `longshore device return {job}`."
    ));
    Ok(Exit::Ok)
}
