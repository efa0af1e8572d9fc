//! What `CreateJob` and `UpdateJob` have in common on the wire.

use awsproto::params::Params;
use awsproto::xml::Element;
use model::ids::JobType;

use super::fault::echo;
use super::{Fault, input};
use crate::ops::jobs::{Submission, ValidateOnly};

/// Reads the parameters, of which those in `names` are told first if they are missing.
/// `ManifestAddendum`, documented as internal, is accepted like any unknown parameter and not used.
pub(super) fn read(params: &Params, names: [&'static str; 2]) -> Result<Submission, Fault> {
    for name in names {
        input::required(params, name)?;
    }
    let submission = Submission {
        job_type: job_type(input::required(params, "JobType")?)?,
        manifest: input::required(params, "Manifest")?.to_owned(),
        validate_only: match input::boolean(params, "ValidateOnly")? {
            true => ValidateOnly::Yes,
            false => ValidateOnly::No,
        },
    };
    input::check_api_version(params)?;
    Ok(submission)
}

/// `WarningMessage`, if there is something to say.
pub(super) fn warning(text: Option<&str>) -> Option<Element> {
    text.map(|text| Element::leaf("WarningMessage", text))
}

fn job_type(text: &str) -> Result<JobType, Fault> {
    JobType::parse(text.trim()).ok_or_else(|| {
        Fault::InvalidParameter(format!(
            "JobType must be Import or Export, not `{}`",
            echo(text)
        ))
    })
}
