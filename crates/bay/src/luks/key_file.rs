//! A password on its way to a program of the system: in memory that has a name in `/proc` for as long as it is needed.
//!
//! The name is an argument, and the password is not; nothing of it lies on a disk. Only who may trace this process can open
//! it. The standard input is taken: by the device, as of every program that changes one.

use std::fs::File;
use std::io::{self, Write as _};
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::MemfdFlags;

/// What a program reads a password from. It is wiped when this is dropped.
pub(super) struct KeyFile {
    file: File,
    name: PathBuf,
    bytes: usize,
}

impl KeyFile {
    /// Holds `secret`.
    ///
    /// # Errors
    /// The system's error.
    pub(super) fn of(secret: &[u8]) -> io::Result<Self> {
        let held = rustix::fs::memfd_create("longshore-key", MemfdFlags::CLOEXEC)?;
        let mut file = File::from(held);
        file.write_all(secret)?;
        // As it is called where `/proc` was mounted.
        let process = std::fs::read_link("/proc/self")?;
        let name = Path::new("/proc").join(process).join("fd");
        Ok(Self {
            name: name.join(file.as_raw_fd().to_string()),
            file,
            bytes: secret.len(),
        })
    }

    /// What another process opens it by.
    pub(super) fn name(&self) -> &Path {
        &self.name
    }
}

impl Drop for KeyFile {
    fn drop(&mut self) {
        let _is_gone_soon = self.file.write_all_at(&vec![0; self.bytes], 0);
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn another_process_reads_it_by_its_name_as_long_as_it_is_held() {
        let key = KeyFile::of(b"hunter 2").unwrap();
        let name = key.name().to_owned();
        for _ in 0..2 {
            let read = Command::new("cat").arg(&name).output().unwrap();
            assert_eq!(read.stdout, b"hunter 2", "from its beginning each time");
        }
        let open = File::open(&name).unwrap();
        drop(key);
        let mut left = [1; 8];
        open.read_exact_at(&mut left, 0).unwrap();
        assert_eq!(left, [0; 8], "who has it open still reads nothing of it");
    }
}
