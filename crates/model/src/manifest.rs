//! Manifests: the text a customer writes about a job, and what it means.
//!
//! [`Manifest::parse`] reads the text and checks everything that can be checked without asking
//! the store, so that a manifest in which a required option is missing cannot be expressed. It
//! leaves to others whether buckets exist, who may use them and in which region they are. All
//! faults are reported at once, each with its option and line.
//!
//! Source of option names and rules: AWS Import/Export developer guide, *Manifest File Reference*.

mod address;
mod blotted;
mod country;
mod customs;
pub mod draft;
mod fault;
mod fields;
mod images;
mod java;
mod kind;
pub mod mistaken;
mod node;
mod pattern;
mod reader;
mod s3_export;
mod s3_import;
mod scalar;
mod shared;
mod shown;
mod spelling;
mod yaml;

pub use address::Address;
pub use blotted::{NotBlotted, with_secrets, without_secrets};
pub use country::Country;
pub use customs::{Customs, DeviceType, ExportType, UsCents};
pub use fault::{FaultKind, ManifestFault, ManifestFaults, Warning};
pub use images::{EbsImport, GlacierImport, Region};
#[doc(hidden)]
pub use pattern::expressions_compiled;
pub use pattern::{IgnorePattern, PatternTooCostly};
pub use s3_export::{ExportSet, FileSystem, S3Export};
pub use s3_import::{CannedAcl, OnUnreadable, S3Import, StorageClass, Substitution};
pub use shared::{Common, ManifestVersion, PASSPHRASE_CHARS, Passphrase, ServiceLevel};
pub use shown::{ShownLine, ShownManifest, shown};

use fields::{Fields, Findings, Kinds};
use kind::Kind;
use node::OptionNode;

use crate::ids::{AccessKeyId, BucketName, JobId, JobType, ObjectKey};
use crate::progress::LogLocation;

/// A checked manifest.
#[derive(Debug, Clone, PartialEq)]
pub enum Manifest {
    /// Files of a device become objects.
    S3Import(S3Import),
    /// Objects become files on a device.
    S3Export(S3Export),
    /// The device's image becomes a snapshot.
    EbsImport(EbsImport),
    /// The device's image becomes an archive in a vault.
    GlacierImport(GlacierImport),
}

/// A manifest together with what its writer should know about it.
#[derive(Debug, Clone, PartialEq)]
pub struct Parsed {
    /// The manifest.
    pub manifest: Manifest,
    /// Notices for `WarningMessage`, in the order found.
    pub warnings: Vec<Warning>,
}

/// What a manifest is checked against.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManifestRules {
    /// Whether options that older editions left free are demanded as the last edition did:
    /// `notificationEmail`, `eraseDevice: yes`, and only the file systems and regions it lists.
    pub strict: bool,
    /// Where devices are handled. A return to another country needs customs papers.
    pub facility_country: Country,
    /// The access key that signs the request; the manifest's `accessKeyId` must equal it.
    pub caller: AccessKeyId,
}

/// What a job needs of a bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BucketUse {
    /// Objects are written to it.
    Import,
    /// Objects are listed and read.
    Export,
    /// The report is written to it.
    Log,
}

impl Manifest {
    /// Reads and checks a manifest.
    ///
    /// # Errors
    /// [`ManifestFaults`] lists everything that is wrong, not just the first thing.
    pub fn parse(
        text: &str,
        job_type: JobType,
        rules: &ManifestRules,
    ) -> Result<Parsed, ManifestFaults> {
        Self::parse_against(text, job_type, Some(rules))
    }

    /// Reads a manifest that was accepted before, when its job was created or last updated. What
    /// depends on who submitted it, and on the service's settings then, is not asked again.
    ///
    /// # Errors
    /// [`ManifestFaults`] if it cannot be read all the same.
    pub fn parse_accepted(text: &str, job_type: JobType) -> Result<Self, ManifestFaults> {
        Self::parse_against(text, job_type, None).map(|parsed| parsed.manifest)
    }

    /// The type of job that a text is the manifest of, where it says so: for clients whose user did
    /// not.
    #[must_use]
    pub fn likely_type(text: &str) -> Option<JobType> {
        let entries = options(text).ok()?;
        let findings = Findings::new(None);
        let fields = Fields::new(&findings, String::new(), &entries, Kinds::FIELDS);
        kind::likely_type(&fields)
    }

    /// Whether a manifest that was accepted is for the image of a device. Reads no more of it than
    /// that takes: of most, whether two words occur.
    #[must_use]
    pub fn is_for_image(text: &str, job_type: JobType) -> bool {
        if job_type == JobType::Export || !may_be_for_image(text) {
            return false;
        }
        let Ok(entries) = reader::read(text) else {
            return false;
        };
        let findings = Findings::new(None);
        let fields = Fields::new(&findings, String::new(), &entries, Kinds::FIELDS);
        Kind::of(&fields, job_type).is_some_and(Kind::is_image)
    }

    fn parse_against(
        text: &str,
        job_type: JobType,
        rules: Option<&ManifestRules>,
    ) -> Result<Parsed, ManifestFaults> {
        let mut entries = options(text).map_err(ManifestFaults::one)?;
        let findings = Findings::new(rules);
        address::hoist(&mut entries, &findings);
        let manifest = read(&entries, job_type, &findings);
        let (faults, warnings) = findings.into_parts();
        match (manifest, ManifestFaults::collect(faults)) {
            (_, Some(faults)) => Err(faults),
            (Some(manifest), None) => Ok(Parsed { manifest, warnings }),
            (None, None) => {
                debug_assert!(false, "what makes a manifest unreadable is reported");
                let fault = ManifestFault::malformed(None, "it cannot be understood");
                Err(ManifestFaults::one(fault))
            }
        }
    }

    /// The options all kinds of jobs share.
    #[must_use]
    pub fn common(&self) -> &Common {
        match self {
            Self::S3Import(import) => &import.common,
            Self::S3Export(export) => &export.common,
            Self::EbsImport(import) => &import.common,
            Self::GlacierImport(import) => &import.common,
        }
    }

    /// The bucket the report goes to. An S3 import that names none reports to its own bucket.
    #[must_use]
    pub fn log_bucket(&self) -> &BucketName {
        &self.common().log_bucket
    }

    /// Where the report of a job with this manifest lies.
    #[must_use]
    pub fn log_location(&self, job: JobId) -> LogLocation {
        LogLocation {
            bucket: self.log_bucket().clone(),
            key: self.log_key(job),
        }
    }

    /// The key of the report: the log prefix, then `import-log-` or `export-log-` and the job.
    ///
    /// # Panics
    /// If `log_prefix` was set by hand to more than [`ObjectKey`] holds; `parse` checks it.
    #[must_use]
    pub fn log_key(&self, job: JobId) -> ObjectKey {
        let name = self.job_type().log_name();
        ObjectKey::new(format!("{}{name}{job}", self.common().log_prefix))
            .expect("parse refuses a log prefix that leaves no room for the name")
    }

    /// Every bucket the job touches with what it needs there, without repetition.
    #[must_use]
    pub fn buckets(&self) -> Vec<(BucketName, BucketUse)> {
        let mut buckets = Vec::new();
        match self {
            Self::S3Import(import) => buckets.push((import.bucket.clone(), BucketUse::Import)),
            Self::S3Export(export) => {
                for set in &export.operations {
                    let need = (set.bucket.clone(), BucketUse::Export);
                    if !buckets.contains(&need) {
                        buckets.push(need);
                    }
                }
            }
            Self::EbsImport(_) | Self::GlacierImport(_) => {}
        }
        buckets.push((self.log_bucket().clone(), BucketUse::Log));
        buckets
    }

    /// The job type this manifest is for.
    #[must_use]
    pub fn job_type(&self) -> JobType {
        match self {
            Self::S3Import(_) | Self::EbsImport(_) | Self::GlacierImport(_) => JobType::Import,
            Self::S3Export(_) => JobType::Export,
        }
    }
}

/// Reads the text, which must have at least one of the options that manifests have.
fn options(text: &str) -> Result<Vec<OptionNode>, ManifestFault> {
    let read = reader::read(text).and_then(|entries| {
        let known = |entry: &OptionNode| {
            OPTIONS
                .iter()
                .any(|name| spelling::is_like(&entry.key, name))
        };
        if entries.iter().any(known) {
            return Ok(entries);
        }
        let line = entries.first().map(|entry| entry.line);
        Err(ManifestFault::malformed(
            line,
            "not an option of any manifest",
        ))
    });
    let is_option = |line: &str| {
        let name = line.split_once(':').map_or("", |(name, _)| name.trim());
        OPTIONS.contains(&name)
    };
    read.map_err(|fault| match mistaken::recognise(text) {
        Some(told) if !text.lines().any(is_option) || text.contains('\0') => {
            ManifestFault::malformed(None, told)
        }
        _ => fault,
    })
}

/// Reads the options of whatever kind of job they describe.
fn read(entries: &[OptionNode], job_type: JobType, findings: &Findings<'_>) -> Option<Manifest> {
    let fields = || Fields::new(findings, String::new(), entries, Kinds::FIELDS);
    let kind = Kind::of(&fields(), job_type)?;
    let fields = fields();
    let manifest = match kind {
        Kind::S3Import => s3_import::read(&fields).map(Manifest::S3Import),
        Kind::S3Export => s3_export::read(&fields).map(Manifest::S3Export),
        Kind::EbsImport => images::read_ebs(&fields).map(Manifest::EbsImport),
        Kind::GlacierImport => images::read_glacier(&fields).map(Manifest::GlacierImport),
    };
    fields.finish(&kind.to_string());
    manifest
}

/// Whether a text names the destination of an image, or may do so with the escapes of a quotation.
fn may_be_for_image(text: &str) -> bool {
    let has = |word: &str| {
        text.as_bytes()
            .windows(word.len())
            .any(|part| part.eq_ignore_ascii_case(word.as_bytes()))
    };
    let has_escapes = || text.contains('"') && text.contains('\\');
    has("glacier") || has("ebs-snapshot") || has_escapes()
}

/// Options of which a text must have at least one to pass for a manifest. A path or address that
/// was sent in place of a file's content may well have a colon, but none of these.
const OPTIONS: [&str; 9] = [
    "manifestVersion",
    "accessKeyId",
    "deviceId",
    "bucket",
    "logBucket",
    "eraseDevice",
    "fileSystem",
    "operations",
    "returnAddress",
];

impl JobType {
    /// What stands before the job id in a report's name (developer guide, *Log Reports*).
    #[must_use]
    pub fn log_name(self) -> &'static str {
        match self {
            Self::Import => "import-log-",
            Self::Export => "export-log-",
        }
    }
}
