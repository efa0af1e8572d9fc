//! S3 exports: objects become files.

use super::fault::FaultKind;
use super::fields::Fields;
use super::kind::Kind;
use super::{Common, Substitution, s3_import};
use crate::ids::BucketName;
use crate::limits::KEY_BYTES;

/// Where objects go whose key cannot become a file name, unless the manifest says otherwise.
const RECOVERY_DIRECTORY: &str = "EXPORT-RECOVERY";

/// An S3 export (developer guide, *S3 export manifest options*).
#[derive(Debug, Clone, PartialEq)]
pub struct S3Export {
    /// The shared options.
    pub common: Common,
    /// `fileSystem` the device is formatted with.
    pub file_system: FileSystem,
    /// `operations`, at least one, in manifest order.
    pub operations: Vec<ExportSet>,
    /// `recoveryDirectory`, for objects whose key cannot be a file name.
    pub recovery_directory: String,
    /// `targetDirectory` of sets that name none.
    pub target_directory: Option<String>,
    /// `substitutions`, in manifest order.
    pub substitutions: Vec<Substitution>,
}

/// One set of objects, an entry of `operations`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportSet {
    /// `exportBucket` the objects are in.
    pub bucket: BucketName,
    /// `prefix` of the keys that are taken.
    pub prefix: Option<String>,
    /// `beginMarker`: only keys after this one.
    pub begin_marker: Option<String>,
    /// `endMarker`: only keys up to and including this one.
    pub end_marker: Option<String>,
    /// `targetDirectory` on the device.
    pub target_directory: Option<String>,
}

/// What a device is formatted with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FileSystem {
    /// `NTFS`.
    Ntfs,
    /// `EXT4`.
    Ext4,
    /// `EXT3`; older editions.
    Ext3,
    /// `EXT2`; older editions.
    Ext2,
    /// `FAT32`; older editions.
    Fat32,
    /// `EXFAT`; ours.
    ExFat,
}

impl FileSystem {
    /// What any edition offered, and ours.
    const ALL: [Self; 6] = [
        Self::Ntfs,
        Self::Ext4,
        Self::Ext3,
        Self::Ext2,
        Self::Fat32,
        Self::ExFat,
    ];
    /// What the last editions offered.
    const LAST_EDITION: [Self; 2] = [Self::Ntfs, Self::Ext4];

    /// The name in the manifest.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ntfs => "NTFS",
            Self::Ext4 => "EXT4",
            Self::Ext3 => "EXT3",
            Self::Ext2 => "EXT2",
            Self::Fat32 => "FAT32",
            Self::ExFat => "EXFAT",
        }
    }
}

/// Reads an S3 export.
pub(super) fn read(fields: &Fields<'_>) -> Option<S3Export> {
    let common = Common::read(fields, Kind::S3Export, None);
    let file_system = file_system(fields);
    let operations = operations(fields);
    let recovery_directory = directory(fields, "recoveryDirectory");
    let target_directory = directory(fields, "targetDirectory");
    let substitutions = s3_import::substitutions(fields);
    Some(S3Export {
        common: common?,
        file_system: file_system?,
        operations: operations?,
        recovery_directory: recovery_directory.unwrap_or_else(|| RECOVERY_DIRECTORY.to_owned()),
        target_directory,
        substitutions,
    })
}

fn file_system(fields: &Fields<'_>) -> Option<FileSystem> {
    const NAME: &str = "fileSystem";
    fields.demand(NAME);
    let strict = fields.findings.is_strict();
    let known: &[FileSystem] = if strict {
        &FileSystem::LAST_EDITION
    } else {
        &FileSystem::ALL
    };
    let text = fields.text(NAME)?;
    let found = known
        .iter()
        .find(|fs| fs.as_str().eq_ignore_ascii_case(text.value))
        .copied();
    if found.is_none() {
        let names: Vec<&str> = known.iter().map(|fs| fs.as_str()).collect();
        let detail = format!("`{}` is not one of {}", text.value, names.join(", "));
        fields.fault(FaultKind::InvalidFileSystem, NAME, Some(text.line), detail);
    }
    found
}

/// Reads `operations`; none of them may be dropped, so one that is faulty takes all with it.
fn operations(fields: &Fields<'_>) -> Option<Vec<ExportSet>> {
    fields.demand("operations");
    let sets: Vec<Option<ExportSet>> = fields.maps("operations").iter().map(export_set).collect();
    let complete: Option<Vec<ExportSet>> = sets.into_iter().collect();
    complete.filter(|sets| !sets.is_empty())
}

fn export_set(operation: &Fields<'_>) -> Option<ExportSet> {
    operation.demand("exportBucket");
    let bucket = operation.parsed("exportBucket", |text| BucketName::new(text));
    let prefix = key_part(operation, "prefix");
    let begin_marker = key_part(operation, "beginMarker");
    let end_marker = key_part(operation, "endMarker");
    let target_directory = directory(operation, "targetDirectory");
    if operation.text("destination").is_some() {
        let line = operation.line_of("destination").unwrap_or_default();
        operation.invalid("destination", line, "only S3 can be exported");
    }
    operation.finish("an export's operation");
    Some(ExportSet {
        bucket: bucket?,
        prefix,
        begin_marker,
        end_marker,
        target_directory,
    })
}

/// Reads a prefix or marker, which is compared with keys byte for byte.
fn key_part(operation: &Fields<'_>, name: &'static str) -> Option<String> {
    let text = operation.raw(name).filter(|text| !text.value.is_empty())?;
    if text.value.len() > KEY_BYTES {
        operation.invalid(
            name,
            text.line,
            format!("longer than a key, {KEY_BYTES} bytes"),
        );
        return None;
    }
    Some(text.value.to_owned())
}

/// Reads a directory on the device, which must stay on the device.
fn directory(fields: &Fields<'_>, name: &'static str) -> Option<String> {
    fields.parsed(name, |text| {
        let mut parts = text.split(['/', '\\']);
        let has_drive = text.as_bytes().get(1) == Some(&b':')
            && text.starts_with(|c: char| c.is_ascii_alphabetic());
        if parts.any(|part| part == ".." || part == ".") {
            Err(format!("`{text}` has a `.` or `..` part"))
        } else if has_drive {
            Err(format!("`{text}` names a drive"))
        } else if text.len() > KEY_BYTES {
            Err(format!("longer than {KEY_BYTES} bytes"))
        } else {
            Ok(text.to_owned())
        }
    })
}
