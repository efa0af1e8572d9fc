//! What file systems allow one part of a path to be.
//!
//! NTFS, FAT32 and exFAT are held to what Windows opens, whatever else Linux would write there
//! (Microsoft, *Naming Files, Paths, and Namespaces*).

use super::unfit::Unfit;
use crate::manifest::FileSystem;

/// What is long enough for a part on every file system: bytes or UTF-16 units.
const PART: usize = 255;

/// Characters Windows does not allow, besides control characters. The slash never comes here.
const FORBIDDEN: &str = "<>:\"\\|?*";

/// Names Windows opens as devices, in whatever case and with whatever extension.
const DEVICES: [&str; 28] = [
    "CON", "PRN", "AUX", "NUL", "COM1", "COM2", "COM3", "COM4", "COM5", "COM6", "COM7", "COM8",
    "COM9", "COM¹", "COM²", "COM³", "LPT1", "LPT2", "LPT3", "LPT4", "LPT5", "LPT6", "LPT7", "LPT8",
    "LPT9", "LPT¹", "LPT²", "LPT³",
];

/// Whose rules a file system follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    /// Any byte but NUL; case counts.
    Unix,
    /// What Windows opens; case does not count.
    Windows,
}

impl Family {
    pub(super) fn of(file_system: FileSystem) -> Self {
        match file_system {
            FileSystem::Ext2 | FileSystem::Ext3 | FileSystem::Ext4 => Self::Unix,
            FileSystem::Ntfs | FileSystem::Fat32 | FileSystem::ExFat => Self::Windows,
        }
    }
}

/// The nearest name to `part` that the file system allows.
pub(super) fn fit(file_system: FileSystem, part: &str) -> Result<String, Unfit> {
    if part.is_empty() {
        return Err(Unfit::EmptyPart);
    }
    if part == "." || part == ".." {
        return Err(Unfit::Dots(part.to_owned()));
    }
    let family = Family::of(file_system);
    let name = allowed(family, part);
    match name.as_str() {
        "" => return Err(Unfit::NothingLeft(part.to_owned())),
        // A NUL stood between the dots.
        "." | ".." => return Err(Unfit::Dots(name)),
        _ => {}
    }
    length(family, &name)?;
    if family == Family::Windows && is_device(&name) {
        return Err(Unfit::Device(name));
    }
    if file_system == FileSystem::Fat32 && is_short_name(&name) {
        return Err(Unfit::ShortName(name));
    }
    Ok(name)
}

/// `part` without what is not allowed in it.
fn allowed(family: Family, part: &str) -> String {
    match family {
        Family::Unix => part.replace('\0', ""),
        Family::Windows => part
            .replace(|c: char| c < ' ' || FORBIDDEN.contains(c), "")
            .trim_end_matches(['.', ' '])
            .to_owned(),
    }
}

fn length(family: Family, name: &str) -> Result<(), Unfit> {
    let (length, unit) = match family {
        Family::Unix => (name.len(), "bytes"),
        Family::Windows => (name.encode_utf16().count(), "UTF-16 units"),
    };
    if length > PART {
        return Err(Unfit::PartTooLong {
            length,
            most: PART,
            unit,
        });
    }
    Ok(())
}

fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or(name).trim_end_matches(' ');
    DEVICES
        .iter()
        .any(|device| device.eq_ignore_ascii_case(stem))
}

/// Whether `name` looks like `LONGNA~1.TXT`, which FAT itself gives to files with long names.
fn is_short_name(name: &str) -> bool {
    let (stem, extension) = name.split_once('.').unwrap_or((name, ""));
    let numbered = stem.rsplit_once('~').is_some_and(|(_, number)| {
        !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
    });
    numbered && stem.chars().count() <= 8 && extension.chars().count() <= 3
}
