//! What `CreateJob` and `UpdateJob` have in common: a manifest is submitted and checked.

use std::fmt;

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

/// A manifest and what it is for. `Debug` leaves out the manifest, which may hold a password.
#[derive(Clone)]
pub(super) struct Submission {
    pub(super) job_type: JobType,
    pub(super) manifest: String,
    pub(super) validate_only: ValidateOnly,
}

impl fmt::Debug for Submission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Submission")
            .field("job_type", &self.job_type)
            .field("validate_only", &self.validate_only)
            .finish_non_exhaustive()
    }
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
        let (text, job_type) = (self.manifest.clone(), self.job_type);
        let parse = move || {
            Manifest::parse(&text, job_type, &rules)
                .map_err(|faults| Fault::of_manifest(&text, &faults))
        };
        let parsed = context.work.run(parse).await??;
        context
            .stores
            .check(&parsed.manifest, &caller.account, id)
            .await?;
        Ok(parsed)
    }
}

/// What a customer with a `trueCryptPassword` would otherwise find out too late.
fn container_notice(manifest: &Manifest) -> Option<&'static str> {
    manifest.common().true_crypt_password.as_ref()?;
    match manifest {
        Manifest::S3Export(_) => Some(
            "trueCryptPassword: this release does not make encrypted containers; the files are \
             written to the device unencrypted.",
        ),
        Manifest::S3Import(_) => Some(
            "trueCryptPassword: this release does not open encrypted containers; a container on \
             the device is loaded as the file it is.",
        ),
        // An image is taken as it is; the option means nothing there.
        Manifest::EbsImport(_) | Manifest::GlacierImport(_) => None,
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
    let mut warnings: Vec<String> = parsed.warnings.iter().map(ToString::to_string).collect();
    warnings.extend(container_notice(&parsed.manifest).map(str::to_owned));
    (!warnings.is_empty()).then(|| warnings.join("\n"))
}
