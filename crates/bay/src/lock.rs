//! The right to a device: one process of ours has it at a time, and none that is killed keeps it.

use std::fs::File;
use std::path::Path;
use std::thread;
use std::time::Duration;

use rustix::fs::{FlockOperation, Mode, OFlags};
use rustix::io::Errno;

/// How often, and how long apart, a device is tried that somebody else has just opened: after a
/// device is plugged in, udev looks at it.
const TRIES: u32 = 20;
const PAUSE: Duration = Duration::from_millis(250);

/// Opens a device or image and locks it. udev keeps away from a locked device too.
///
/// # Errors
/// The system's; `WOULDBLOCK` if another process keeps it locked.
pub(super) fn lock(path: &Path, flags: OFlags) -> rustix::io::Result<File> {
    let file = rustix::fs::open(path, flags | OFlags::CLOEXEC, Mode::empty())?;
    let exclusive = FlockOperation::NonBlockingLockExclusive;
    patiently(|| rustix::fs::flock(&file, exclusive))?;
    Ok(file.into())
}

/// Sees that nobody has a block device, and keeps it so: the kernel gives it to one only, and to none
/// while it is mounted, wherever that is seen.
///
/// # Errors
/// The system's; `BUSY` if somebody has it.
pub(super) fn alone(path: &Path) -> rustix::io::Result<File> {
    let flags = OFlags::RDWR | OFlags::EXCL | OFlags::CLOEXEC;
    let opened = patiently(|| rustix::fs::open(path, flags, Mode::empty()));
    opened.map(File::from)
}

/// Sees that nobody else holds a lock on any part of it, as virtual machines do. Programs that format
/// want this lock themselves, so it is not kept.
///
/// # Errors
/// The system's; `BUSY` if somebody has one.
pub(super) fn nobody_locks(file: &File) -> rustix::io::Result<()> {
    match rustix::fs::fcntl_lock(file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => rustix::fs::fcntl_lock(file, FlockOperation::Unlock),
        Err(Errno::AGAIN | Errno::ACCESS) => Err(Errno::BUSY),
        // A file system that knows no such locks.
        Err(Errno::NOLCK | Errno::OPNOTSUPP | Errno::INVAL) => Ok(()),
        Err(errno) => Err(errno),
    }
}

pub(super) fn patiently<T>(
    mut attempt: impl FnMut() -> rustix::io::Result<T>,
) -> rustix::io::Result<T> {
    for _ in 1..TRIES {
        match attempt() {
            Err(Errno::BUSY | Errno::WOULDBLOCK) => thread::sleep(PAUSE),
            done => return done,
        }
    }
    attempt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_has_the_lock_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("image");
        std::fs::write(&path, b"").unwrap();
        let held = lock(&path, OFlags::RDONLY).unwrap();
        thread::scope(|scope| {
            let second = scope.spawn(|| lock(&path, OFlags::RDWR));
            thread::sleep(PAUSE);
            assert!(!second.is_finished());
            drop(held);
            assert!(second.join().unwrap().is_ok());
        });
    }
}
