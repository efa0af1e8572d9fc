//! `UpdateJob` on the wire.

use awsproto::params::Params;
use awsproto::xml::Element;

use super::{Fault, artifact_list, input, submission};
use crate::ops::jobs::{Submission, UpdatedJob};

/// Reads the parameters: the id of the job, and what is submitted for it.
///
/// # Errors
/// `MissingJobId`, `MissingParameter`, `InvalidParameter`, `InvalidVersion`, in this order.
pub(super) fn read(params: &Params) -> Result<(String, Submission), Fault> {
    let job_id = input::job_id(params)?;
    Ok((job_id, submission::read(params, ["Manifest", "JobType"])?))
}

/// The elements of `UpdateJobResult`.
pub(super) fn elements(updated: &UpdatedJob) -> Vec<Element> {
    let mut elements = vec![Element::leaf("Success", "true")];
    elements.extend(submission::warning(updated.warning.as_deref()));
    elements.push(artifact_list(&updated.artifacts));
    elements
}
