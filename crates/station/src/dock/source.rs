//! Which device an import was begun on. Another one in its place would be loaded from where the first one
//! stopped, and the job closed over what is only on the first.
//!
//! A device is known by its file system's identifier and its root's number there, never by the path it is
//! mounted on: a copy of a whole disk is the same device, a copy of its files is not.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use super::signature::is_mount_point;
use super::{DockError, Errand};
use disks::facts::Contents;

/// The file of a job's folder that says which device its import was begun on.
const SOURCE: &str = "source";

/// What EXT2, EXT3 and EXT4 call themselves (`statfs(2)`).
const EXT_SUPER_MAGIC: rustix::fs::FsWord = 0xEF53;

/// Keeps which device the import is begun on, and refuses another one later, unless the operator says that
/// it is meant.
pub(super) fn must_be_the_same(errand: &Errand<'_>) -> Result<(), DockError> {
    // A tree that is no folder of this host tells nothing.
    let Some(found) = identity(errand.device) else {
        return Ok(());
    };
    let kept = errand.folder.join(SOURCE);
    let unusable = |source: io::Error| DockError::Folder {
        path: kept.clone(),
        source,
    };
    match fs::read_to_string(&kept) {
        Ok(begun_on) if begun_on == found => return Ok(()),
        Ok(_) if !errand.docking.other_device => {
            return Err(DockError::OtherDevice {
                job: errand.claim.job,
                path: errand.device.to_owned(),
            });
        }
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(unusable(error)),
    }
    durable::replace(&kept, found.as_bytes()).map_err(unusable)
}

/// What tells the device at `root` from all others, as one line; `None` if it cannot be asked.
fn identity(root: &Path) -> Option<String> {
    let own = fs::metadata(root).ok()?;
    let ext = ext_identifier(root).ok().flatten();
    let file_system = ext
        .map(|id| format!("ext {id}"))
        .or_else(|| of_mounted(root))
        .unwrap_or_else(|| format!("device {:x}", own.dev()));
    Some(format!(
        "longshore-source 1\n{file_system}, root {}\n",
        own.ino()
    ))
}

/// What tells the EXT file system at `root` from others, also when it is mounted again; `None` for other file
/// systems. The kernel makes it of the identifier that `mkfs` gave, and everybody may ask.
///
/// # Errors
/// If the file system does not answer.
pub(super) fn ext_identifier(root: &Path) -> io::Result<Option<String>> {
    let is_ext = rustix::fs::statfs(root)?.f_type == EXT_SUPER_MAGIC;
    let id = rustix::fs::statvfs(root)?.f_fsid;
    Ok(is_ext.then(|| format!("{id:016x}")))
}

/// The identifier of the file system that is mounted here or, of what has none, where it was mounted from.
fn of_mounted(root: &Path) -> Option<String> {
    if is_mount_point(root) != Some(true) {
        return None;
    }
    let source = disks::facts::mounted_from(mount_id(root)?)?;
    match Contents::probe(&source)
        .ok()
        .and_then(|content| content.uuid)
    {
        Some(uuid) => Some(format!("file system {uuid}")),
        None if source.starts_with("/dev") => None,
        None => Some(format!("mounted from {}", source.display())),
    }
}

fn mount_id(root: &Path) -> Option<u64> {
    use rustix::fs::{AtFlags, CWD, StatxFlags, statx};
    let found = statx(CWD, root, AtFlags::empty(), StatxFlags::MNT_ID).ok()?;
    Some(found.stx_mnt_id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_known_by_what_it_is_and_not_by_its_name() {
        let here = tempfile::tempdir().unwrap();
        let (a, b, c) = (
            here.path().join("a"),
            here.path().join("b"),
            here.path().join("c"),
        );
        fs::create_dir(&a).unwrap();
        fs::create_dir(&b).unwrap();
        let first = identity(&a).unwrap();
        assert_eq!(identity(&a).unwrap(), first);
        assert_ne!(identity(&b).unwrap(), first);
        fs::rename(&a, &c).unwrap();
        fs::rename(&b, &a).unwrap();
        assert_eq!(identity(&c).unwrap(), first, "it has another name");
        assert_ne!(identity(&a).unwrap(), first, "another has its name");
        assert_eq!(identity(&here.path().join("nothing")), None);
    }
}
