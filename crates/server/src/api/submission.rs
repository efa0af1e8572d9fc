//! What `CreateJob` and `UpdateJob` have in common: a manifest is submitted and checked.

use awsquery::params::Params;
use model::ids::{JobId, JobType};
use model::manifest::{Manifest, ManifestRules, Parsed};

use super::fault::echo;
use super::{Context, Fault, input};
use crate::identity::Identity;

/// Whether a request is only to be checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ValidateOnly {
    /// Check, answer, store nothing.
    Yes,
    /// Do it.
    No,
}

/// A manifest and what it is for.
#[derive(Debug, Clone)]
pub(super) struct Submission {
    pub(super) job_type: JobType,
    pub(super) manifest: String,
    pub(super) validate_only: ValidateOnly,
}

impl Submission {
    /// Reads the parameters. `ManifestAddendum`, documented as internal, is accepted like any
    /// unknown parameter and not used.
    pub(super) fn read(params: &Params, names: [&'static str; 2]) -> Result<Self, Fault> {
        for name in names {
            input::required(params, name)?;
        }
        let submission = Self {
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

    /// Checks the manifest, and its buckets in their stores, for the job `id`.
    pub(super) async fn check(
        &self,
        context: &Context,
        caller: &Identity,
        id: JobId,
    ) -> Result<Parsed, Fault> {
        let rules = ManifestRules {
            strict: context.rules.strict_manifests,
            facility_country: context.rules.facility_country.clone(),
            caller: caller.key.clone(),
        };
        let parsed = Manifest::parse(&self.manifest, self.job_type, &rules)
            .map_err(|faults| Fault::of_manifest(&self.manifest, &faults))?;
        context
            .stores
            .check(&parsed.manifest, &caller.account, id)
            .await?;
        Ok(parsed)
    }
}

fn job_type(text: &str) -> Result<JobType, Fault> {
    JobType::parse(text.trim()).ok_or_else(|| {
        Fault::InvalidParameter(format!(
            "JobType must be Import or Export, not `{}`",
            echo(text)
        ))
    })
}

/// `WarningMessage`: all notices about a manifest, one to a line. `None` if there are none.
pub(super) fn warning_message(parsed: &Parsed) -> Option<String> {
    let warnings: Vec<String> = parsed.warnings.iter().map(ToString::to_string).collect();
    (!warnings.is_empty()).then(|| warnings.join("\n"))
}
