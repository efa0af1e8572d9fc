//! `longshore device release`, `device object` and `device destroyed`: what somebody says of a device for its customer, and
//! what was done to it by hand.

use model::operator::JobDetail;
use model::operator::disposal::{ObjectFor, ReleaseFor, Ruin};

use crate::cli::{DestroyedArgs, ObjectForArgs, ReleaseForArgs};
use crate::exit::{Exit, Failure};
use crate::output;
use crate::way::Way;

/// Releases a device.
///
/// # Errors
/// What the server refuses, and what keeps us from telling it.
pub(super) fn release(args: &ReleaseForArgs) -> Result<Exit, Failure> {
    let because = args.because.clone();
    let path = format!("jobs/{}/release", args.job);
    let _: JobDetail = Way::beside(&args.server)?.post(&path, &ReleaseFor { because })?;
    output::note(&format!("The device of job {} may be erased.", args.job));
    Ok(Exit::Ok)
}

/// Objects to the erasing of a device, or takes that back.
///
/// # Errors
/// What the server refuses, and what keeps us from telling it.
pub(super) fn object(args: &ObjectForArgs) -> Result<Exit, Failure> {
    let way = Way::beside(&args.server)?;
    let job = args.job;
    let Some(because) = args.because.clone() else {
        let _: JobDetail = way.post(&format!("jobs/{job}/withdraw"), &())?;
        output::note(&format!("The objection of job {job} is withdrawn."));
        return Ok(Exit::Ok);
    };
    let _: JobDetail = way.post(&format!("jobs/{job}/object"), &ObjectFor { because })?;
    output::note(&format!(
        "The device of job {job} is not erased until `longshore device object {job} --withdraw`."
    ));
    Ok(Exit::Ok)
}

/// Says that a device was destroyed.
///
/// # Errors
/// What the server refuses, and what keeps us from telling it.
pub(super) fn destroyed(args: &DestroyedArgs) -> Result<Exit, Failure> {
    let message = Ruin {
        authority: args.authority.clone(),
        reason: args.because.clone(),
    };
    let path = format!("jobs/{}/destroyed", args.job);
    let _: JobDetail = Way::beside(&args.server)?.post(&path, &message)?;
    output::note(&format!(
        "The device of job {} is told as destroyed.",
        args.job
    ));
    Ok(Exit::Ok)
}
