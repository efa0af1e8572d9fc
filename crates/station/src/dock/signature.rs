//! The SIGNATURE in the root of a device: looked at before it is opened, read, and where it is not
//! there what may have been meant as it.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::ops::ControlFlow;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use model::entry::{EntryKind, EntryPath};
use model::ids::JobId;
use model::limits;
use model::plan::SIGNATURE_NAME;
use model::readable;
use model::signature::SignatureFile;
use rustix::fs::{AtFlags, CWD, StatxAttributes, StatxFlags};
use rustix::io::Errno;

use super::DockError;
use disks::fault::is_of_device;
use disks::tree::raw::RawTree;
use disks::tree::{DeviceGone, Tree, fill};

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
    read_named(tree, &EntryPath::new(SIGNATURE_NAME), path)
}

/// The same of a name in the tree, which is shown as `path`.
fn read_named(
    tree: &dyn Tree,
    name: &EntryPath,
    path: PathBuf,
) -> Result<Option<Vec<u8>>, DockError> {
    match head(tree, name, limits::SIGNATURE_FILE_BYTES + 1) {
        Ok(read) => Ok(read),
        Err(e) if is_no_regular_file(&e) => Err(DockError::SignatureNoFile {
            path,
            what: "no regular file",
        }),
        Err(source) => Err(DockError::Device { path, source }),
    }
}

/// The SIGNATURE that lies in the root of a volume, in the order of the volumes: the first that can be read, else the
/// first.
///
/// # Errors
/// As [`read`]; [`DockError::TwoSignatures`] if they name different jobs.
pub(crate) fn read_raw(tree: &RawTree, device: &Path) -> Result<Option<Vec<u8>>, DockError> {
    let mut found: Option<(EntryPath, Vec<u8>)> = None;
    for name in tree.signatures() {
        let Some(bytes) = read_hard(tree, &name, device)? else {
            continue;
        };
        let known = found
            .as_ref()
            .map(|(at, held)| (at, job_named_in(Some(held))));
        match (known, job_named_in(Some(&bytes))) {
            (Some((at, Some(first))), Some(second)) if first != second => {
                return Err(DockError::TwoSignatures {
                    first: (at.to_string(), first),
                    second: (name.to_string(), second),
                });
            }
            (Some((_, Some(_))), _) | (Some((_, None)), None) => {}
            (None, _) | (Some((_, None)), Some(_)) => found = Some((name, bytes)),
        }
    }
    Ok(found.map(|(_, bytes)| bytes))
}

/// Where a tree has the SIGNATURE of a device, among the places where it may lie. Where the claim was made with one that
/// came from elsewhere, a file of this name may be anything.
///
/// # Errors
/// [`DockError::Device`].
pub(super) fn signed(
    tree: &dyn Tree,
    places: Vec<EntryPath>,
    device: &Path,
) -> Result<Vec<EntryPath>, DockError> {
    let mut signed = Vec::new();
    for name in places {
        if is_signature(read_named(tree, &name, device.join(name.to_string())))? {
            signed.push(name);
        }
    }
    Ok(signed)
}

/// The same of a device that is read without being mounted. A file that cannot be read however hard it is tried is no
/// SIGNATURE that anybody could know: it is told as any other.
///
/// # Errors
/// [`DockError::Device`] if the device is gone.
pub(super) fn signed_on_raw(tree: &RawTree, device: &Path) -> Result<Vec<EntryPath>, DockError> {
    let mut signed = Vec::new();
    for name in tree.signatures() {
        match is_signature(read_hard(tree, &name, device)) {
            Ok(true) => signed.push(name),
            Err(DockError::Device { source, .. }) if !is_of_device(&source) => {}
            Ok(false) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(signed)
}

fn is_signature(read: Result<Option<Vec<u8>>, DockError>) -> Result<bool, DockError> {
    match read {
        Ok(Some(bytes)) => Ok(SignatureFile::parse(&bytes).is_ok()),
        // A folder or link of this name is like any other.
        Ok(None) | Err(DockError::SignatureNoFile { .. }) => Ok(false),
        Err(error) => Err(error),
    }
}

/// What is called so on a device that may fail: all hangs on it, and it is tried as hard as what the file system says of
/// itself.
fn read_hard(
    tree: &RawTree,
    name: &EntryPath,
    device: &Path,
) -> Result<Option<Vec<u8>>, DockError> {
    let path = device.join(name.to_string());
    match read_named(tree, name, path.clone()) {
        Err(DockError::Device { source, .. }) if !is_of_device(&source) => {
            let tried = tree.insist(name, limits::SIGNATURE_FILE_BYTES + 1);
            tried.map_err(|DeviceGone(source)| DockError::Device {
                path: path.clone(),
                source,
            })?;
            read_named(tree, name, path)
        }
        read => read,
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
    misnamed(meant(tree, &root.files, &root.folders), device)
}

fn misnamed(meant: Vec<String>, device: &Path) -> Option<DockError> {
    (!meant.is_empty()).then(|| DockError::SignatureMisnamed {
        path: device.to_owned(),
        found: meant,
    })
}

/// A device whose volumes are read here, without a SIGNATURE and with a file that was meant as one.
///
/// # Errors
/// [`DockError::Device`].
pub(super) fn mistake_on_raw(tree: &RawTree, device: &Path) -> Result<(), DockError> {
    let mut names = BTreeSet::new();
    let roots = tree.loaded().iter().map(|loaded| loaded.folder.as_deref());
    let roots: Vec<String> = roots
        .map(|folder| folder.map_or_else(String::new, |folder| format!("{folder}/")))
        .collect();
    let walked = tree.walk(&mut |walked| {
        let path = walked.map_or_else(|bad| bad.path, |entry| entry.path);
        let in_root = roots.iter().find_map(|root| {
            let below = path.as_bytes().strip_prefix(root.as_bytes())?;
            let name = below.split(|byte| *byte == b'/').next()?;
            Some((root, name.len() < below.len(), name.to_vec()))
        });
        if let Some((root, is_folder, name)) = in_root {
            let name = [root.as_bytes(), &name].concat();
            names.insert((is_folder, PathBuf::from(OsString::from_vec(name))));
        }
        match names.len() < NAMES {
            true => ControlFlow::Continue(()),
            false => ControlFlow::Break(()),
        }
    });
    walked.map_err(|gone| DockError::Device {
        path: device.to_owned(),
        source: io::Error::other(gone),
    })?;
    let of = |is_folder| {
        let names = names.iter().filter(move |(is, _)| *is == is_folder);
        names.map(|(_, name)| name.clone()).collect::<Vec<_>>()
    };
    misnamed(meant(tree, &of(false), &of(true)), device).map_or(Ok(()), Err)
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
fn meant(tree: &dyn Tree, files: &[PathBuf], folders: &[PathBuf]) -> Vec<String> {
    let is_file = |path: &PathBuf| {
        let found = tree.find(&EntryPath::new(path.as_os_str().as_bytes()));
        found.is_ok_and(|found| found.is_some_and(|it| matches!(it.kind, EntryKind::File { .. })))
    };
    let in_root = files.iter().filter(|name| is_meant(tree, name));
    let below = folders
        .iter()
        .flat_map(|folder| {
            [SIGNATURE_NAME, "SIGNATURE.txt", "signature"].map(|name| folder.join(name))
        })
        .filter(is_file);
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
    let plain = name.file_name().unwrap_or_default().to_string_lossy();
    let plain = plain.to_lowercase();
    let stem = plain.split('.').next().unwrap_or_default();
    let stem = stem.trim_matches(|c: char| !c.is_alphabetic());
    if stem == "signature" {
        return true;
    }
    let has_lines = || {
        let path = EntryPath::new(name.as_os_str().as_bytes());
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
