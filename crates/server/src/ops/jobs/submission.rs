//! What making and changing a job have in common: a manifest is submitted and checked.

use std::fmt;

use model::ids::{JobId, JobType};
use model::manifest::{
    FaultKind, Manifest, ManifestFault, ManifestFaults, ManifestRules, PASSPHRASE_CHARS, Parsed,
    mistaken,
};
use model::secret::is_sealed;

use crate::access::{Customer, denied_buckets};
use crate::ops::{Context, Refused, SubmissionFault, secrets};
use crate::stores::BucketFault;

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
pub struct Submission {
    /// Whether data goes into buckets or out of them.
    pub job_type: JobType,
    /// The manifest's text.
    pub manifest: String,
    /// Whether it is only to be checked.
    pub validate_only: ValidateOnly,
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
    /// Checks the manifest, and its buckets in their stores, for the job `id`.
    pub(super) async fn check(
        &self,
        context: &Context,
        customer: &Customer,
        id: JobId,
    ) -> Result<Parsed, Refused> {
        let rules = ManifestRules {
            strict: context.rules.strict_manifests,
            facility_country: context.rules.facility_country.clone(),
            caller: customer.key.clone(),
        };
        let (text, job_type) = (self.manifest.clone(), self.job_type);
        let parse = move || {
            Manifest::parse(&text, job_type, &rules).map_err(|faults| {
                let is_bare = is_bare(&text, &faults);
                SubmissionFault::Manifest { faults, is_bare }
            })
        };
        let parsed = context.work.run(parse).await??;
        check_sealed(context, &parsed.manifest)?;
        // Of a bucket that is not the account's to use nothing is told, not even whether it is there.
        let denied = denied_buckets(&parsed.manifest, customer);
        if !denied.is_empty() {
            return Err(SubmissionFault::from(BucketFault::Denied(denied)).into());
        }
        let checked = context.stores.check(&parsed.manifest, id).await;
        checked.map_err(SubmissionFault::from)?;
        Ok(parsed)
    }
}

/// Looks into secrets that are sealed: they must be for this installation, and what is inside as short and plain as one that
/// is not.
fn check_sealed(context: &Context, manifest: &Manifest) -> Result<(), SubmissionFault> {
    let common = manifest.common();
    for (field, secret) in [
        ("pinCode", &common.pin_code),
        ("trueCryptPassword", &common.true_crypt_password),
    ] {
        let Some(secret) = secret.as_ref().filter(|it| is_sealed(it.expose())) else {
            continue;
        };
        let detail = match secrets::opened(context, secret.expose()) {
            Ok(inside) if is_plain(inside.expose()) => continue,
            Ok(_) => {
                format!(
                    "is sealed, and what is inside is not at most {PASSPHRASE_CHARS} printable ASCII characters"
                )
            }
            Err(why) => why.to_string(),
        };
        let faults = ManifestFaults::one(ManifestFault {
            kind: FaultKind::InvalidField,
            field: Some(field.to_owned()),
            line: None,
            detail,
        });
        let is_bare = false;
        return Err(SubmissionFault::Manifest { faults, is_bare });
    }
    Ok(())
}

fn is_plain(secret: &str) -> bool {
    secret.len() <= PASSPHRASE_CHARS && secret.bytes().all(|byte| (b' '..=b'~').contains(&byte))
}

/// What a customer with a `trueCryptPassword` or `pinCode` would otherwise find out too late.
fn container_notice(manifest: &Manifest) -> Option<&'static str> {
    let common = manifest.common();
    let has_password = common.true_crypt_password.is_some();
    match manifest {
        Manifest::S3Export(_) if has_password => Some(
            "trueCryptPassword: the device is encrypted with LUKS2, which Linux opens, in the place of \
             TrueCrypt.",
        ),
        Manifest::S3Export(_) => Some(
            "pinCode: the device is not encrypted but by itself, so send one with a keypad; with a \
             trueCryptPassword it is encrypted with LUKS2.",
        ),
        Manifest::S3Import(_) if has_password => Some(
            "trueCryptPassword: it is tried on what is encrypted of the device as a whole or as a \
             partition; a container that lies on it as a file is loaded as the file it is.",
        ),
        // An image is taken as it is; the option means nothing there.
        Manifest::S3Import(_) | Manifest::EbsImport(_) | Manifest::GlacierImport(_) => None,
    }
}

/// Whether a text that is no manifest has no options or lines either, for instance a path sent in place of
/// a file's content. A text that is a file of some other kind is recognised as that.
fn is_bare(text: &str, faults: &ManifestFaults) -> bool {
    let trimmed = text.trim();
    faults.first_kind() == FaultKind::Malformed
        && !trimmed.contains(['\n', ':'])
        && mistaken::recognise(text).is_none()
}

/// All notices about a manifest, one to a line. `None` if there are none.
pub(super) fn warning_message(parsed: &Parsed) -> Option<String> {
    let mut warnings: Vec<String> = parsed.warnings.iter().map(ToString::to_string).collect();
    warnings.extend(container_notice(&parsed.manifest).map(str::to_owned));
    (!warnings.is_empty()).then(|| warnings.join("\n"))
}
