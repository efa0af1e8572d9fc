//! Which kind of job a manifest describes.

use std::fmt;

use super::ManifestVersion;
use super::fields::Fields;
use crate::ids::JobType;

/// The four kinds of manifests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    S3Import,
    S3Export,
    EbsImport,
    GlacierImport,
}

impl Kind {
    /// Decides by the type of the job, then the destination of its operation, then the version.
    /// `None` means that the manifest does not say; why is reported.
    pub(super) fn of(fields: &Fields<'_>, job_type: JobType) -> Option<Self> {
        if let Some(line) = Self::of_other_type(fields, job_type) {
            let detail = match job_type {
                JobType::Import => {
                    "belongs to an export, and the job is made as an import: make it with JobType Export \
                                    (`longshore job create --type export`)"
                }
                JobType::Export => {
                    "belongs to an import, and the job is made as an export: make it with JobType Import \
                                    (`longshore job create --type import`)"
                }
            };
            let name = match job_type {
                JobType::Import => "operations",
                JobType::Export => "bucket",
            };
            fields.invalid(name, line, detail);
            return None;
        }
        if job_type == JobType::Export {
            return Some(Self::S3Export);
        }
        let operations = fields.maps("operations");
        if let Some(text) = operations
            .iter()
            .find_map(|operation| operation.text("destination"))
        {
            return match text.value.to_ascii_lowercase().as_str() {
                "ebs-snapshot" => Some(Self::EbsImport),
                "glacier" => Some(Self::GlacierImport),
                _ => {
                    let detail = format!("`{}` is not ebs-snapshot or glacier", text.value);
                    fields.invalid("operations[1].destination", text.line, detail);
                    None
                }
            };
        }
        if !fields
            .text("manifestVersion")
            .is_some_and(|text| names_version_3(text.value))
        {
            return Some(Self::S3Import);
        }
        match operations.first() {
            Some(operation) => operation.demand("destination"),
            None => fields.missing("operations", "required field is missing"),
        }
        None
    }

    /// The line that shows that a manifest is for the other type of job: one with buckets to export is
    /// for an export, one with a bucket to load and nothing to export is for an import.
    fn of_other_type(fields: &Fields<'_>, job_type: JobType) -> Option<usize> {
        let exports = likely_type(fields)?;
        if exports == job_type {
            return None;
        }
        fields.line_of(match exports {
            JobType::Export => "operations",
            JobType::Import => "bucket",
        })
    }

    /// Whether the image of the device is taken rather than its files.
    pub(super) fn is_image(self) -> bool {
        matches!(self, Self::EbsImport | Self::GlacierImport)
    }

    /// The type of the job.
    pub(super) fn job_type(self) -> JobType {
        match self {
            Self::S3Export => JobType::Export,
            Self::S3Import | Self::EbsImport | Self::GlacierImport => JobType::Import,
        }
    }
}

/// The type of job that a manifest is for, where its options say so.
pub(super) fn likely_type(fields: &Fields<'_>) -> Option<JobType> {
    let operations = match fields.line_of("operations") {
        Some(_) => fields.maps("operations"),
        None => Vec::new(),
    };
    let is_in = |name: &'static str| operations.iter().any(|it| it.line_of(name).is_some());
    if is_in("exportBucket") {
        Some(JobType::Export)
    } else if is_in("destination") || (operations.is_empty() && fields.line_of("bucket").is_some())
    {
        Some(JobType::Import)
    } else {
        None
    }
}

fn names_version_3(text: &str) -> bool {
    ManifestVersion::parse(text) == Ok(ManifestVersion::V3)
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::S3Import => "an S3 import",
            Self::S3Export => "an S3 export",
            Self::EbsImport => "an EBS import",
            Self::GlacierImport => "a Glacier import",
        })
    }
}
