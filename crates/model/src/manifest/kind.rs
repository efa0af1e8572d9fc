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
