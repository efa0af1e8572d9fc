//! Files that somebody asked for by name: none that is there is replaced.

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::Path;

/// Writes a file, and sees to it that it survives a crash.
///
/// # Errors
/// [`io::ErrorKind::AlreadyExists`] if there is something of this name, or what keeps it from being written.
pub(crate) fn write(file: &Path, content: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).open(file)?;
    file.write_all(content)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_there_is_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("45HFS.receipt");
        write(&file, b"first").unwrap();
        let again = write(&file, b"second").unwrap_err();
        assert_eq!(again.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "first");
    }
}
