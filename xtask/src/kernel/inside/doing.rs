//! Acts, done to what is mounted.

use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::{FileExt as _, symlink};
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use anyhow::{Context as _, Result};
use rustix::fs::{FallocateFlags, XattrFlags, fallocate, setxattr};

use crate::kernel::acts::Act;

/// Does an act below a folder.
///
/// # Errors
/// If the kernel does not.
pub(crate) fn act(root: &Path, act: &Act) -> Result<()> {
    match act {
        Act::Folder(path) => fs::create_dir_all(root.join(path))?,
        Act::Write {
            path,
            at,
            ink,
            bytes,
            is_synced,
        } => {
            let file = open(root, path)?;
            file.write_all_at(&ink.bytes(*bytes), *at)?;
            if *is_synced {
                file.sync_all()?;
            }
        }
        Act::Resize { path, bytes } => open(root, path)?.set_len(*bytes)?,
        Act::Reserve { path, bytes, grows } => {
            let keep = FallocateFlags::KEEP_SIZE;
            let flags = if *grows {
                FallocateFlags::empty()
            } else {
                keep
            };
            fallocate(open(root, path)?, flags, 0, *bytes)?;
        }
        Act::Hole { path, at, bytes } => {
            let flags = FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE;
            fallocate(open(root, path)?, flags, *at, *bytes)?;
        }
        Act::Mark { path, mark } => {
            open(root, path)?;
            let name = "system.ntfs_attrib_be";
            setxattr(
                root.join(path),
                name,
                &mark.attribute(),
                XattrFlags::empty(),
            )?;
        }
        Act::Remove(path) => {
            let path = root.join(path);
            if fs::symlink_metadata(&path)?.is_dir() {
                fs::remove_dir(path)?;
            } else {
                fs::remove_file(path)?;
            }
        }
        Act::Rename { from, to } => fs::rename(root.join(from), root.join(to))?,
        Act::Link { from, to } => fs::hard_link(root.join(from), root.join(to))?,
        Act::Symlink { target, path } => symlink(target, root.join(path))?,
        Act::Date { path, seconds } => {
            let since = Duration::from_secs(u64::try_from(*seconds)?);
            let moment = UNIX_EPOCH.checked_add(since).context("no such moment")?;
            open(root, path)?.set_modified(moment)?;
        }
    }
    Ok(())
}

/// A file to be written, made if it is not there.
fn open(root: &Path, path: &str) -> Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    Ok(options.open(root.join(path))?)
}
