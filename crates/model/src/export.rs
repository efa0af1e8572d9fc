//! From the key of an object to the path of a file: what an export writes, and where.
//!
//! [`place`] decides by the rules of the manifest and of the file system alone (developer guide,
//! *Managing file exports*, *recoveryDirectory*). It leaves to the planner what depends on other
//! objects: two that come to one name, and a file where a directory has to be. [`capacity`]
//! decides how much goes on a device.

pub mod capacity;
mod parts;
pub mod series;
mod unfit;

pub use unfit::Unfit;

use crate::ids::ObjectKey;
use crate::limits;
use crate::manifest::{ExportSet, FileSystem, S3Export};
use crate::naming::substituted;
use crate::outcome::{Failure, FailureCode};

/// Where an object goes. Paths are relative to the root of the device, with `/` between their
/// parts and none at either end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A file of its own.
    File(String),
    /// Nothing but a directory: the object is empty and its key ends in `/`.
    Directory(String),
    /// A numbered file of the recovery directory, and why.
    Recovery(Unfit),
    /// Nowhere: the file system cannot hold it under any name.
    Nowhere(Failure),
}

/// Decides where an object of `bytes` goes: the directory of its set and its key joined, every
/// substitution in manifest order over the whole, and of each part the characters dropped that
/// the file system does not allow.
#[must_use]
pub fn place(rules: &S3Export, set: &ExportSet, key: &ObjectKey, bytes: u64) -> Place {
    let file_system = rules.file_system;
    if bytes > largest_file(file_system) {
        return Place::Nowhere(oversize(file_system, key, bytes));
    }
    let Ok(name) = substituted(unchanged(rules, set, key), &rules.substitutions) else {
        return Place::Recovery(Unfit::SubstitutedTooLong);
    };
    let placed = match (name.strip_suffix('/'), bytes) {
        (Some(directory), 0) => fit(file_system, directory).map(Place::Directory),
        (Some(_), _) => Err(Unfit::DirectoryWithData),
        (None, _) => fit(file_system, &name).map(Place::File),
    };
    placed.unwrap_or_else(Place::Recovery)
}

/// The name an object has before anything is substituted or dropped: its key under the
/// `targetDirectory` of its set, or of the job, or under the name of its bucket.
#[must_use]
pub fn unchanged(rules: &S3Export, set: &ExportSet, key: &ObjectKey) -> String {
    let asked = [&set.target_directory, &rules.target_directory];
    let directory = match asked.into_iter().flatten().next() {
        Some(directory) => tidied(rules.file_system, directory),
        None => set.bucket.as_str().to_owned(),
    };
    within(&directory, key.as_str())
}

/// What stands for `path` where two paths are compared: two that are equal here are one name on
/// the file system. Where case does not count this equates at least what any version of the file
/// system does: a false collision costs a name, a missed one a file.
#[must_use]
pub fn fold(file_system: FileSystem, path: &str) -> String {
    match parts::Family::of(file_system) {
        parts::Family::Unix => path.to_owned(),
        parts::Family::Windows => path.chars().flat_map(char::to_uppercase).collect(),
    }
}

/// The recovery directory as it is on the device; empty for the root.
#[must_use]
pub fn recovery_directory(rules: &S3Export) -> String {
    let asked = tidied(rules.file_system, &rules.recovery_directory);
    if asked.is_empty() {
        return asked;
    }
    fit(rules.file_system, &asked).unwrap_or_else(|_| RECOVERY_DIRECTORY.to_owned())
}

/// The path of a file in the recovery directory, `0000/0000` to `9999/9999`; `None` once all
/// hundred million are used up (developer guide, *recoveryDirectory*).
#[must_use]
pub fn recovery_file(rules: &S3Export, number: u64) -> Option<String> {
    if number >= RECOVERY_FILES {
        return None;
    }
    let name = format!("{:04}/{:04}", number / 10_000, number % 10_000);
    Some(within(&recovery_directory(rules), &name))
}

/// Why an object does not come to the device once the recovery directory is full.
#[must_use]
pub fn recovery_full(key: &ObjectKey) -> Failure {
    let reason = format!("the recovery directory has {RECOVERY_FILES} files already");
    Failure::of(FailureCode::RecoveryDirectoryFull, reason, key.clone())
}

/// Files the recovery directory may have (developer guide, *recoveryDirectory*).
const RECOVERY_FILES: u64 = 100_000_000;

/// The recovery directory where the manifest's own cannot be one.
const RECOVERY_DIRECTORY: &str = "EXPORT-RECOVERY";

/// The largest file a file system holds, in bytes.
fn largest_file(file_system: FileSystem) -> u64 {
    match file_system {
        // 32 bits for the size.
        FileSystem::Fat32 => u64::from(u32::MAX),
        // 32 bits for the number of sectors; a block less is safe with every block size.
        FileSystem::Ext2 | FileSystem::Ext3 => (2 << 40) - 4096,
        // More than any object has.
        FileSystem::Ntfs | FileSystem::Ext4 | FileSystem::ExFat => u64::MAX,
    }
}

fn oversize(file_system: FileSystem, key: &ObjectKey, bytes: u64) -> Failure {
    let reason = format!(
        "{bytes} bytes are more than a file on {} may have",
        file_system.as_str()
    );
    Failure::of(FailureCode::EntityTooLarge, reason, key.clone())
}

/// A directory of the manifest without slashes that mean nothing. Windows writes `\` for `/`.
fn tidied(file_system: FileSystem, directory: &str) -> String {
    let separators: &[char] = match parts::Family::of(file_system) {
        parts::Family::Unix => &['/'],
        parts::Family::Windows => &['/', '\\'],
    };
    let parts = directory.split(separators).filter(|part| !part.is_empty());
    parts.collect::<Vec<_>>().join("/")
}

fn within(directory: &str, name: &str) -> String {
    if directory.is_empty() {
        name.to_owned()
    } else {
        format!("{directory}/{name}")
    }
}

/// The nearest name the file system allows, part by part.
fn fit(file_system: FileSystem, name: &str) -> Result<String, Unfit> {
    let parts: Result<Vec<String>, Unfit> = name
        .split('/')
        .map(|part| parts::fit(file_system, part))
        .collect();
    let path = parts?.join("/");
    if path.len() > limits::PATH_BYTES {
        return Err(Unfit::PathTooLong(path.len()));
    }
    Ok(path)
}

#[cfg(test)]
mod tests;
