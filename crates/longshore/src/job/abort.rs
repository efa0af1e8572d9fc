//! `longshore job abort` and `job retry`: what an operator decides about a job, having seen whose it
//! is.

use std::io::{self, BufRead as _, IsTerminal as _};

use anyhow::anyhow;
use model::control::{AbortRequest, JobFacts, JobRequest, RetryRequest};
use model::custody::Custody;
use model::ids::JobId;
use model::limits::BECAUSE_CHARS;
use model::progress::{AbortReason, Progress};
use station::control::{Control, ControlError};

use crate::cli::{AbortArgs, Reason, ServerArgs};
use crate::docking;
use crate::exit::{Exit, Failure};
use crate::output;
use crate::own_station;

/// Ends a job for good, once a person has said so.
///
/// # Errors
/// What the server refuses, and that nobody agreed.
pub(super) fn abort(args: &AbortArgs) -> Result<Exit, Failure> {
    let because = sentence(&args.because)?;
    let control = own_station::station(&args.server)?.control;
    let reason = match args.reason {
        Reason::MissingSignature => AbortReason::MissingSignature,
        Reason::InvalidSignature => AbortReason::InvalidSignature,
        Reason::DeviceError => AbortReason::DeviceError,
    };
    let facts = look(&control, args.job)?;
    output::note(&about(&facts));
    if !args.yes {
        agree(args.job, reason.code())?;
    }
    let told = control.abort(&AbortRequest {
        job: args.job,
        reason,
        because: because.to_owned(),
        shown: facts.progress.code().to_owned(),
        account: facts.account,
    });
    told.map_err(refused)?;
    output::note(&format!(
        "Job {} is over: {}. Return the device with `longshore device return {}`.",
        args.job,
        reason.code(),
        args.job
    ));
    Ok(Exit::Ok)
}

/// Reopens a job that is over with failures.
///
/// # Errors
/// What the server refuses.
pub(super) fn retry(job: JobId, server: &ServerArgs) -> Result<Exit, Failure> {
    let control = own_station::station(server)?.control;
    let facts = look(&control, job)?;
    output::note(&about(&facts));
    let told = control.retry(&RetryRequest { job });
    told.map_err(refused)?;
    output::note(&format!(
        "Job {job} goes on: dock its device again, or `longshore import FOLDER --resume {job}`. Only \
         what failed is loaded, and the report is written anew."
    ));
    Ok(Exit::Ok)
}

/// What the customer will read, if it can be that.
///
/// # Errors
/// If it is nothing, or too long.
pub(super) fn sentence(because: &str) -> Result<&str, Failure> {
    let because = because.trim();
    if because.is_empty() || because.chars().count() > BECAUSE_CHARS {
        return Err(Failure::usage(format!(
            "--because takes a sentence of 1 to {BECAUSE_CHARS} characters, which the customer reads"
        )));
    }
    Ok(because)
}

pub(super) fn look(control: &Control, job: JobId) -> Result<JobFacts, Failure> {
    control.job(&JobRequest { job }).map_err(refused)
}

/// Whose a job is and how it stands.
pub(crate) fn about(facts: &JobFacts) -> String {
    let name = facts.account_name.as_deref().map(output::printable);
    let account = match name {
        Some(name) => format!("{} ({name})", facts.account),
        None => facts.account.to_string(),
    };
    let device = facts.device_id.as_deref().map(output::printable);
    let place = place(&facts.custody);
    let disk = match &facts.custody {
        Custody::AtStation { device, .. } => device.as_ref().map(ToString::to_string),
        Custody::NotReceived | Custody::Returned { .. } => None,
    };
    let mut state = facts.progress.code().to_owned();
    if let Progress::Finished { errors, .. } = &facts.progress {
        state.push_str(&format!(", {}", output::count(*errors, "error")));
    }
    if let Some(holder) = &facts.held_by {
        state.push_str(&format!(", being done by station `{holder}`"));
    }
    let overdue = if facts.overdue { " (overdue)" } else { "" };
    let stopped = facts.stopped.as_ref();
    let stopped = stopped.map(|stopped| format!("{stopped}{overdue}"));
    let created = facts.created.to_string();
    let disposal = match (&facts.objection, facts.disposal.is_kept()) {
        (Some(objection), _) => Some(format!(
            "its customer objects to an erase: {}",
            objection.because
        )),
        (None, true) => None,
        (None, false) => Some(facts.disposal.code().to_owned()),
    };
    output::fields([
        ("Job", Some(facts.job.as_str())),
        ("Type", Some(facts.job_type.as_str())),
        ("Customer", Some(account.as_str())),
        ("Device", device.as_deref()),
        ("Created", Some(created.as_str())),
        ("Where", Some(place.as_str())),
        ("Disk", disk.as_deref()),
        ("State", Some(state.as_str())),
        ("Waits", stopped.as_deref()),
        ("Disposal", disposal.as_deref()),
    ])
}

fn place(custody: &Custody) -> String {
    match custody {
        Custody::NotReceived => "the device has not been received".to_owned(),
        Custody::AtStation { station, since, .. } => {
            format!("at station `{station}` since {since}")
        }
        Custody::Returned { .. } => "the device has been returned".to_owned(),
    }
}

pub(super) fn agree(job: JobId, ends_as: &str) -> Result<(), Failure> {
    let refused = |text: &str| Failure::new(Exit::Refused, anyhow!("{text}"));
    if !io::stdin().is_terminal() {
        return Err(refused("nobody was asked whether the job is to be ended")
            .hint("--yes says that it is"));
    }
    output::note(&format!(
        "This ends the job for good as {ends_as}; nothing more is loaded for it. Type the job's id, {job}:"
    ));
    let mut answer = String::new();
    match io::stdin().lock().read_line(&mut answer) {
        Ok(_) if answer.trim().eq_ignore_ascii_case(job.as_str()) => Ok(()),
        _ => Err(refused("the job was not ended")),
    }
}

pub(super) fn refused(error: ControlError) -> Failure {
    let (exit, hint) = match &error {
        ControlError::Refused(fault) if fault.code == "Leased" => (
            Exit::Refused,
            "stop that station first, or wait until its lease lapses".to_owned(),
        ),
        ControlError::Refused(fault) if fault.code == "UnknownJob" => {
            (Exit::Refused, "is it a job of this service?".to_owned())
        }
        ControlError::Refused(fault) if fault.code == "NotOver" => (
            Exit::Refused,
            "it need not be reopened: dock its device again".to_owned(),
        ),
        ControlError::Refused(fault) if fault.code == "NotOnHold" => (
            Exit::Refused,
            "`longshore job status` says how it stands".to_owned(),
        ),
        error => docking::control_exit(error),
    };
    Failure::new(exit, error).hint(hint)
}
