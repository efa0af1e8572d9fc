//! `longshore job release` and `job object`: what a customer says of the device.

use super::connection::connect;
use crate::cli::{ObjectArgs, ReleaseArgs};
use crate::exit::{Exit, Failure};
use crate::output;

/// Releases the device of a job to be erased.
///
/// # Errors
/// What the API refuses, and what keeps us from asking it.
pub(super) fn release(args: &ReleaseArgs) -> Result<Exit, Failure> {
    let client = connect(&args.api)?;
    let told = client.release(&args.job, args.give_up_lines, args.because.as_deref())?;
    if args.api.json {
        output::json(&told)?;
    } else {
        output::note(&format!(
            "The device of job {} may be erased. `longshore job object {}` takes that back as long as it is not begun.",
            args.job, args.job
        ));
    }
    Ok(super::success(told.success))
}

/// Objects to the erasing of the device, or takes that back.
///
/// # Errors
/// What the API refuses, and what keeps us from asking it.
pub(super) fn object(args: &ObjectArgs) -> Result<Exit, Failure> {
    let client = connect(&args.api)?;
    let told = client.hold_device(&args.job, args.because.as_deref())?;
    let job = &args.job;
    match (args.api.json, told.objection) {
        (true, _) => output::json(&told)?,
        (false, true) => output::note(&format!(
            "The device of job {job} is not erased until `longshore job object {job} --withdraw`."
        )),
        (false, false) => output::note(&format!("The objection of job {job} is withdrawn.")),
    }
    Ok(super::success(told.success))
}
