//! `CreateJob` on the wire.

use awsproto::params::Params;
use awsproto::xml::Element;
use model::signature::SignatureFile;

use super::{Fault, artifact_list, submission};
use crate::ops::jobs::{CreatedJob, Submission};

/// Reads the parameters.
///
/// # Errors
/// `MissingParameter`, `InvalidParameter`, `InvalidVersion`, in this order.
pub(super) fn read(params: &Params) -> Result<Submission, Fault> {
    submission::read(params, ["JobType", "Manifest"])
}

/// The elements of `CreateJobResult`. `AwsShippingAddress`, which models before 2015 had, is where
/// they had it.
pub(super) fn elements(created: &CreatedJob) -> Vec<Element> {
    let contents = SignatureFile::contents(&created.job_id, &created.signature);
    let mut elements = vec![
        Element::leaf("JobId", created.job_id.as_str()),
        Element::leaf("JobType", created.job_type.as_str()),
        Element::leaf("AwsShippingAddress", created.address.as_str()),
        Element::leaf("Signature", created.signature.to_string()),
        Element::leaf("SignatureFileContents", contents),
    ];
    elements.extend(submission::warning(created.warning.as_deref()));
    elements.push(artifact_list(&created.artifacts));
    elements
}
