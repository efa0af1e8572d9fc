//! Who has a device or image open: a virtual machine writes to its disk without asking the kernel for
//! it alone.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use super::identity::Identity;
use super::kernel::Kernel;
use super::uses::Use;

/// What the access mode of an open file is in its flags (`open(2)`), and what says that it only reads.
const ACCESS_MODE: u32 = 0o3;
const READ_ONLY: u32 = 0o0;

/// Processes other than ours that may write to it, or to what is behind it if it is a loop device. What
/// we may not look into is passed over.
pub(super) fn writers(path: &Path) -> io::Result<Vec<Use>> {
    let metadata = fs::metadata(path)?;
    let mut all = writers_to(Identity::of(&metadata), metadata.ino())?;
    if let Some(behind @ Identity::File { inode, .. }) = Kernel::running().behind(&metadata) {
        all.extend(writers_to(behind, inode)?);
    }
    Ok(all)
}

fn writers_to(wanted: Identity, inode: u64) -> io::Result<Vec<Use>> {
    let ours = std::process::id();
    Ok(pids()?
        .filter(|pid| *pid != ours && writes(*pid, wanted, inode))
        .map(|pid| Use::Written {
            pid,
            by: command(pid),
        })
        .collect())
}

/// Whether a process may write to a file at `path`, whose links are followed, or below it. What we may not look into is
/// passed over.
///
/// # Errors
/// The system's error.
pub fn is_written_below(path: &Path) -> io::Result<bool> {
    let path = fs::canonicalize(path)?;
    let is_below = |fd: &Path| fs::read_link(fd).is_ok_and(|file| file.starts_with(&path));
    Ok(pids()?.any(|pid| {
        let folder = format!("/proc/{pid}/fd");
        let mut open = fs::read_dir(folder).into_iter().flatten().flatten();
        open.any(|entry| {
            let info = || fd_info(pid, &entry.file_name());
            is_below(&entry.path()) && info().is_some_and(|info| may_write(&info))
        })
    }))
}

fn pids() -> io::Result<impl Iterator<Item = u32>> {
    let processes = fs::read_dir("/proc")?.flatten();
    Ok(processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok()))
}

fn fd_info(pid: u32, fd: &OsStr) -> Option<String> {
    fs::read_to_string(format!("/proc/{pid}/fdinfo/{}", fd.to_string_lossy())).ok()
}

fn may_write(info: &str) -> bool {
    let flags = field(info, "flags:", 8).unwrap_or(0);
    u32::try_from(flags).is_ok_and(|it| it & ACCESS_MODE != READ_ONLY)
}

fn writes(pid: u32, wanted: Identity, inode: u64) -> bool {
    let folder = format!("/proc/{pid}/fd");
    let open = fs::read_dir(&folder).into_iter().flatten().flatten();
    open.into_iter().any(|entry| {
        let (name, path) = (entry.file_name(), entry.path());
        let Some(info) = fd_info(pid, &name) else {
            return false;
        };
        // Only what may be it is asked: a file on a server that does not answer never would.
        let is_inode = |told: u64| told == inode;
        let may_be = field(&info, "ino:", 10).is_none_or(is_inode)
            || fs::read_link(&path).is_ok_and(|link| link.starts_with("/dev"));
        may_be
            && may_write(&info)
            && fs::metadata(&path).is_ok_and(|it| Identity::of(&it) == wanted)
    })
}

/// A number of `fdinfo`.
fn field(info: &str, name: &str, radix: u32) -> Option<u64> {
    let line = info.lines().find_map(|line| line.strip_prefix(name))?;
    u64::from_str_radix(line.trim(), radix).ok()
}

fn command(pid: u32) -> String {
    let name = fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
    model::readable::name(name.trim_end(), 32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::{Command, Stdio};
    use std::thread;
    use std::time::{Duration, Instant};

    /// Waits for it: what another test starts has all open files of this process until it is the program it is to be.
    fn comes_true(is_so: impl Fn() -> bool) -> bool {
        let begun = Instant::now();
        while !is_so() {
            if begun.elapsed() > Duration::from_secs(20) {
                return false;
            }
            thread::sleep(Duration::from_millis(10));
        }
        true
    }

    #[test]
    fn a_process_that_may_write_is_found_and_one_that_reads_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("disk.img ");
        fs::write(&path, b"x").unwrap();
        let ours = fs::File::options().append(true).open(&path).unwrap();
        let mut reads = Command::new("cat");
        let reads = reads.stdin(fs::File::open(&path).unwrap());
        assert!(reads.stdout(Stdio::null()).status().unwrap().success());
        assert!(comes_true(|| writers(&path).unwrap().is_empty()));
        let mut other = Command::new("sleep")
            .arg("60")
            .stdout(ours)
            .spawn()
            .unwrap();
        let written = Use::Written {
            pid: other.id(),
            by: "sleep".into(),
        };
        let is_found = comes_true(|| writers(&path).unwrap() == [written.clone()]);
        other.kill().unwrap();
        other.wait().unwrap();
        assert!(is_found);
    }

    #[test]
    fn a_file_that_is_written_to_is_found_by_its_folder() {
        let folder = tempfile::tempdir().unwrap();
        let above = folder.path().join("disk");
        fs::create_dir_all(above.join("photos")).unwrap();
        let path = above.join("photos/1.jpg");
        let written = fs::File::create(&path).unwrap();
        let is_written = |path: &Path| is_written_below(path).unwrap();
        assert!(is_written(&path) && is_written(&above));
        let beside = folder.path().join("dis");
        fs::create_dir(&beside).unwrap();
        assert!(!is_written(&beside));
        drop(written);
        let read = fs::File::open(&path).unwrap();
        assert!(comes_true(|| !is_written(&above)));
        drop(read);
    }
}
