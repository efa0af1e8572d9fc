//! The SIGNATURE in the root of a device: looked at before it is opened, read, and where it is not
//! there what may have been meant as it.

use std::fs;
use std::io;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use model::entry::EntryPath;
use model::ids::JobId;
use model::limits;
use model::plan::SIGNATURE_NAME;
use model::readable;
use model::signature::SignatureFile;
use rustix::fs::{AtFlags, CWD, StatxAttributes, StatxFlags};
use rustix::io::Errno;

use super::DockError;
use disks::tree::{Tree, fill};

/// Names of a folder that are looked at for what may have been meant as a SIGNATURE: more than any
/// root has that a person made, and few enough to be read in a moment.
const NAMES: usize = 10_000;

/// Most of them that are told.
const TOLD: usize = 3;

/// Characters of a name that are shown.
const NAME_CHARS: usize = 80;

/// The bytes of the device's SIGNATURE, if it has that name in its root; of one that is too long, one
/// byte too many is read.
///
/// # Errors
/// `SignatureNoFile` if the name is there and is no regular file, which is not opened.
pub(super) fn read(tree: &dyn Tree, device: &Path) -> Result<Option<Vec<u8>>, DockError> {
    let path = device.join(SIGNATURE_NAME);
    let no_file = |what| DockError::SignatureNoFile {
        path: path.clone(),
        what,
    };
    if let Ok(found) = fs::symlink_metadata(&path)
        && let Some(what) = other_than_file(&found)
    {
        return Err(no_file(what));
    }
    let name = EntryPath::new(SIGNATURE_NAME);
    match head(tree, &name, limits::SIGNATURE_FILE_BYTES + 1) {
        Ok(read) => Ok(read),
        Err(e) if is_no_regular_file(&e) => Err(no_file("no regular file")),
        Err(source) => Err(DockError::Device { path, source }),
    }
}

/// What a thing is that is no regular file.
fn other_than_file(found: &fs::Metadata) -> Option<&'static str> {
    let kind = found.file_type();
    if kind.is_file() {
        None
    } else if kind.is_symlink() {
        Some("a symbolic link")
    } else if kind.is_dir() {
        Some("a folder")
    } else if kind.is_fifo() {
        Some("a pipe")
    } else if kind.is_socket() {
        Some("a socket")
    } else if kind.is_block_device() {
        Some("a block device node")
    } else if kind.is_char_device() {
        Some("a character device node")
    } else {
        Some("no regular file")
    }
}

/// Nothing else is opened, so `ENXIO` is of the device as a whole, and no word on its SIGNATURE.
fn is_no_regular_file(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::InvalidInput | io::ErrorKind::IsADirectory
    ) || Errno::from_io_error(error) == Some(Errno::LOOP)
}

/// The first `limit` bytes of a file; `None` if there is no such file.
fn head(tree: &dyn Tree, path: &EntryPath, limit: u64) -> io::Result<Option<Vec<u8>>> {
    let Some(entry) = tree.find(path)? else {
        return Ok(None);
    };
    let file = tree.open(&entry)?;
    let mut bytes = vec![0; usize::try_from(limit).unwrap_or(usize::MAX)];
    let filled = fill(&*file, 0, &mut bytes).map_err(|bad| bad.source)?;
    bytes.truncate(filled);
    Ok(Some(bytes))
}

/// The job that a SIGNATURE names, if it can be read.
pub(super) fn job_named_in(signature: Option<&[u8]>) -> Option<JobId> {
    SignatureFile::parse(signature?).ok().map(|file| file.job)
}

/// A root without a SIGNATURE that is docked in vain whatever its job: an empty folder on which
/// nothing is mounted, or one with a file that was meant as its SIGNATURE.
pub(super) fn obvious_mistake(tree: &dyn Tree, device: &Path) -> Option<DockError> {
    let root = Root::list(device)?;
    if root.is_empty && !root.is_mount_point {
        return Some(DockError::NothingMounted(device.to_owned()));
    }
    let meant = meant(tree, device, &root);
    (!meant.is_empty()).then(|| DockError::SignatureMisnamed {
        path: device.to_owned(),
        found: meant,
    })
}

/// Where devices are mounted by custom (Filesystem Hierarchy Standard, udisks).
const MOUNT_PLACES: [&str; 3] = ["/mnt", "/media", "/run/media"];

/// Whether a folder is where devices are mounted, has nothing but a SIGNATURE, and nothing is mounted on it:
/// it was signed, or is docked, without its device.
pub(super) fn stands_alone(device: &Path) -> bool {
    let is_place = device
        .canonicalize()
        .is_ok_and(|path| MOUNT_PLACES.iter().any(|place| path.starts_with(place)));
    is_place
        && Root::list(device).is_some_and(|root| {
            let is_alone = root.folders.is_empty() && root.files == [Path::new(SIGNATURE_NAME)];
            is_alone && !root.is_mount_point
        })
}

/// Whether a folder has nothing in it and nothing is mounted on it: a mount point whose mount was
/// forgotten.
#[must_use]
pub fn is_unmounted_and_empty(path: &Path) -> bool {
    Root::list(path).is_some_and(|root| root.is_empty && !root.is_mount_point)
}

/// Whether a folder is where a file system is mounted; `None` if that cannot be found out.
pub(super) fn is_mount_point(path: &Path) -> Option<bool> {
    let found = rustix::fs::statx(CWD, path, AtFlags::empty(), StatxFlags::INO).ok()?;
    if found
        .stx_attributes_mask
        .contains(StatxAttributes::MOUNT_ROOT)
    {
        return Some(found.stx_attributes.contains(StatxAttributes::MOUNT_ROOT));
    }
    let (own, above) = (
        fs::metadata(path).ok()?,
        fs::metadata(path.join("..")).ok()?,
    );
    Some(own.dev() != above.dev() || own.ino() == above.ino())
}

/// What the root of a device has.
struct Root {
    files: Vec<PathBuf>,
    folders: Vec<PathBuf>,
    is_empty: bool,
    is_mount_point: bool,
}

impl Root {
    /// `None` for a tree that is no folder of this host.
    fn list(device: &Path) -> Option<Self> {
        let mut root = Self {
            files: Vec::new(),
            folders: Vec::new(),
            is_empty: true,
            is_mount_point: is_mount_point(device).unwrap_or(true),
        };
        for entry in fs::read_dir(device).ok()?.take(NAMES).flatten() {
            root.is_empty = false;
            match entry.file_type() {
                Ok(kind) if kind.is_file() => root.files.push(entry.file_name().into()),
                Ok(kind) if kind.is_dir() => root.folders.push(entry.file_name().into()),
                _ => {}
            }
        }
        root.files.sort();
        root.folders.sort();
        Some(root)
    }
}

/// Files that were meant as the SIGNATURE, as a person reads their names: in the root under another
/// name, or one level below.
fn meant(tree: &dyn Tree, device: &Path, root: &Root) -> Vec<String> {
    let in_root = root.files.iter().filter(|name| is_meant(tree, name));
    let below = root
        .folders
        .iter()
        .flat_map(|folder| {
            [SIGNATURE_NAME, "SIGNATURE.txt", "signature"].map(|name| folder.join(name))
        })
        .filter(|path| fs::symlink_metadata(device.join(path)).is_ok_and(|found| found.is_file()));
    in_root
        .cloned()
        .chain(below)
        .take(TOLD)
        .map(|path| readable::name(&path.to_string_lossy(), NAME_CHARS))
        .collect()
}

/// `SIGNATURE.txt`, `signature`, `Signature (1).TXT`; or whatever has a SIGNATURE's lines in it and
/// the word in its name.
fn is_meant(tree: &dyn Tree, name: &Path) -> bool {
    let plain = name.to_string_lossy().to_lowercase();
    let stem = plain.split('.').next().unwrap_or_default();
    let stem = stem.trim_matches(|c: char| !c.is_alphabetic());
    if stem == "signature" {
        return true;
    }
    let has_lines = || {
        let path = EntryPath::new(std::os::unix::ffi::OsStrExt::as_bytes(name.as_os_str()));
        let read = head(tree, &path, limits::SIGNATURE_FILE_BYTES)
            .ok()
            .flatten();
        read.is_some_and(|bytes| SignatureFile::parse(&bytes).is_ok())
    };
    plain.contains("sign") && has_lines()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_without_its_device_is_known_where_devices_are_mounted() {
        let elsewhere = tempfile::tempdir().unwrap();
        fs::write(elsewhere.path().join(SIGNATURE_NAME), "x").unwrap();
        assert!(
            !stands_alone(elsewhere.path()),
            "a folder of somebody's own"
        );
        // Only root may make one there.
        let Ok(place) = tempfile::tempdir_in("/mnt") else {
            return;
        };
        assert!(!stands_alone(place.path()), "it has no SIGNATURE");
        fs::write(place.path().join(SIGNATURE_NAME), "x").unwrap();
        assert!(stands_alone(place.path()));
        fs::write(place.path().join("photo.jpg"), "x").unwrap();
        assert!(!stands_alone(place.path()), "it has a file");
    }
}
