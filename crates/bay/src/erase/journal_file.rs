//! The file of a journal: lines at its end, durable when they are said to be, and nothing left of it afterwards.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;

/// Longest file that is read: of 100 TB each 256 MiB have a line of 60 bytes, and bad ranges and the end a mebibyte each.
const FILE_BYTES: u64 = 64 << 20;

/// A file of lines.
#[derive(Debug)]
pub(super) struct Lines {
    file: File,
}

impl Lines {
    /// Makes a file that begins with a line, for its owner alone; `None` if there is one.
    pub(super) fn create(path: &Path, first: &str) -> io::Result<Option<Self>> {
        let made = durable::create(path, format!("{first}\n").as_bytes())?;
        match made {
            true => Ok(Some(Self::open(path)?.0)),
            false => Ok(None),
        }
    }

    /// Opens a file, with its lines. What follows the last whole line is cut off.
    pub(super) fn open(path: &Path) -> io::Result<(Self, Vec<String>)> {
        let file = File::options().read(true).write(true).open(path)?;
        let mut bytes = Vec::new();
        (&file).take(FILE_BYTES).read_to_end(&mut bytes)?;
        let whole = bytes.iter().rposition(|byte| *byte == b'\n');
        bytes.truncate(whole.map_or(0, |last| last + 1));
        let text = String::from_utf8_lossy(&bytes);
        let lines = text.lines().map(str::to_owned).collect();
        let mut opened = Self { file };
        opened.cut(bytes.len() as u64)?;
        Ok((opened, lines))
    }

    /// Cuts the file to its first bytes, durably.
    pub(super) fn cut(&mut self, bytes: u64) -> io::Result<()> {
        self.file.set_len(bytes)?;
        self.file.seek(SeekFrom::Start(bytes))?;
        self.file.sync_all()
    }

    /// Adds a line. It may be lost until the next `sync`.
    pub(super) fn append(&mut self, line: &str) -> io::Result<()> {
        self.file.write_all(format!("{line}\n").as_bytes())
    }

    /// Makes durable what was added.
    pub(super) fn sync(&mut self) -> io::Result<()> {
        self.file.sync_data()
    }

    /// Overwrites what is in it: it has a key.
    pub(super) fn destroy(mut self, path: &Path) -> io::Result<()> {
        let bytes = self.file.seek(SeekFrom::End(0))?;
        self.file.seek(SeekFrom::Start(0))?;
        io::copy(&mut io::repeat(0).take(bytes), &mut self.file)?;
        self.file.sync_all()?;
        std::fs::remove_file(path)?;
        path.parent().map_or(Ok(()), durable::sync_folder)
    }
}
