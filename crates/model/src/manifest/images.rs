//! Jobs that take the image of a whole device: EBS and Glacier imports, version 3.0.

use super::Common;
use super::fields::Fields;
use super::kind::Kind;

/// Longest `archiveComment` in characters.
const COMMENT_CHARS: usize = 997;

/// Longest vault name in characters (Glacier developer guide, *Create Vault*).
const VAULT_CHARS: usize = 255;

/// An import whose image becomes a snapshot (developer guide, *EBS import manifest options*).
#[derive(Debug, Clone, PartialEq)]
pub struct EbsImport {
    /// The shared options.
    pub common: Common,
    /// `region` of the snapshot.
    pub region: Region,
    /// `deviceCapacityGreaterThan1TB`; a device that does not agree is returned unread.
    pub over_1tb: bool,
}

/// An import whose image becomes an archive (developer guide, *Glacier import manifest options*).
#[derive(Debug, Clone, PartialEq)]
pub struct GlacierImport {
    /// The shared options.
    pub common: Common,
    /// `region` of the vault.
    pub region: Region,
    /// `vaultName`; the vault must exist.
    pub vault: String,
    /// `archiveComment`, the archive's description: at most 997 characters.
    pub archive_comment: String,
}

/// A region that image jobs may name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Region {
    /// `us-east-1`.
    UsEast1,
    /// `us-west-1`.
    UsWest1,
    /// `us-west-2`.
    UsWest2,
    /// `eu-west-1`.
    EuWest1,
    /// `ap-southeast-1`.
    ApSoutheast1,
}

impl Region {
    /// Where snapshots could be made.
    const EBS: [Self; 5] = [
        Self::UsEast1,
        Self::UsWest1,
        Self::UsWest2,
        Self::EuWest1,
        Self::ApSoutheast1,
    ];
    /// Where the service had vaults.
    const GLACIER: [Self; 4] = [Self::UsEast1, Self::UsWest1, Self::UsWest2, Self::EuWest1];

    /// The name in the manifest.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::UsEast1 => "us-east-1",
            Self::UsWest1 => "us-west-1",
            Self::UsWest2 => "us-west-2",
            Self::EuWest1 => "eu-west-1",
            Self::ApSoutheast1 => "ap-southeast-1",
        }
    }
}

/// Reads an EBS import.
pub(super) fn read_ebs(fields: &Fields<'_>) -> Option<EbsImport> {
    let common = Common::read(fields, Kind::EbsImport, None);
    let operations = fields.maps("operations");
    let operation = single(fields, &operations)?;
    operation.demand("region");
    let region = operation.choice("region", &Region::EBS, Region::as_str);
    operation.demand("deviceCapacityGreaterThan1TB");
    let over_1tb = operation.yes_no("deviceCapacityGreaterThan1TB");
    check_source(operation);
    operation.finish("an EBS import's operation");
    Some(EbsImport {
        common: common?,
        region: region?,
        over_1tb: over_1tb?,
    })
}

/// Reads a Glacier import.
pub(super) fn read_glacier(fields: &Fields<'_>) -> Option<GlacierImport> {
    let common = Common::read(fields, Kind::GlacierImport, None);
    let operations = fields.maps("operations");
    let operation = single(fields, &operations)?;
    let strict = fields.findings.is_strict();
    let regions: &[Region] = if strict {
        &Region::GLACIER
    } else {
        &Region::EBS
    };
    operation.demand("region");
    let region = operation.choice("region", regions, Region::as_str);
    operation.demand("vaultName");
    let vault = operation.parsed("vaultName", vault_name);
    operation.demand("archiveComment");
    let archive_comment = operation.parsed("archiveComment", archive_comment);
    check_source(operation);
    operation.finish("a Glacier import's operation");
    Some(GlacierImport {
        common: common?,
        region: region?,
        vault: vault?,
        archive_comment: archive_comment?,
    })
}

/// The one operation an image job has.
fn single<'f, 'a>(fields: &Fields<'_>, operations: &'f [Fields<'a>]) -> Option<&'f Fields<'a>> {
    fields.demand("operations");
    if operations.len() > 1 {
        let line = fields.line_of("operations").unwrap_or_default();
        fields.invalid(
            "operations",
            line,
            "a device is imported once, give one operation",
        );
    }
    operations.first()
}

/// `source` and `destination` have one value each; the destination has decided the kind.
fn check_source(operation: &Fields<'_>) {
    operation.demand("destination");
    operation.demand("source");
    operation.parsed("source", |text| match text {
        "device" => Ok(()),
        _ => Err(format!("`{text}` is not device")),
    });
}

fn vault_name(text: &str) -> Result<String, String> {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"-_.".contains(&b);
    if text.len() <= VAULT_CHARS && text.bytes().all(allowed) {
        Ok(text.to_owned())
    } else {
        Err("at most 255 letters, digits, hyphens, underscores and dots".to_owned())
    }
}

fn archive_comment(text: &str) -> Result<String, String> {
    match text.chars().count() {
        0..=COMMENT_CHARS => Ok(text.to_owned()),
        length => Err(format!(
            "{length} characters long, at most {COMMENT_CHARS} are possible"
        )),
    }
}
