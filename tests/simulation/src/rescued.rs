//! What a station had written down of a failing device when it was killed.
//!
//! What runs on after that has no effect: its files become again what they were. Where power was lost with it, of the
//! bytes that were rescued only those are there that the list counts, since they were synced before it said so.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The file with the bytes that were rescued.
const BYTES: &str = "rescued";

/// The file that says which of them count.
const LIST: &str = "rescued.list";

/// The files of a job's folder that tell of its device, as they were.
#[derive(Debug)]
pub struct Rescued {
    files: Vec<(PathBuf, Option<Vec<u8>>)>,
}

impl Rescued {
    /// What is there now.
    #[must_use]
    pub fn at(folder: &Path) -> Self {
        let files = [LIST, disks::rescue::MAP, BYTES].map(|name| folder.join(name));
        let read = |path: PathBuf| {
            let content = fs::read(&path).ok();
            (path, content)
        };
        Self {
            files: files.into_iter().map(read).collect(),
        }
    }

    /// Makes it what is there; without what was not synced if power was lost.
    ///
    /// # Errors
    /// The system's error.
    pub fn restore(&self, is_power_lost: bool) -> io::Result<()> {
        let list = self.content(LIST).map(String::from_utf8_lossy);
        let synced = counted(&list.unwrap_or_default());
        for (path, content) in &self.files {
            let is_cut = is_power_lost && path.ends_with(BYTES);
            match content {
                Some(content) if is_cut => fs::write(path, &content[..content.len().min(synced)])?,
                Some(content) => fs::write(path, content)?,
                None => durable::remove(path)?,
            }
        }
        Ok(())
    }

    fn content(&self, name: &str) -> Option<&[u8]> {
        let mut files = self.files.iter();
        let (_, content) = files.find(|(path, _)| path.ends_with(name))?;
        content.as_deref()
    }
}

/// Up to where the bytes go that a list counts.
fn counted(list: &str) -> usize {
    let ends = list.lines().filter_map(|line| {
        let (start, bytes) = line.strip_prefix("kept ")?.split_once(' ')?;
        Some(start.parse::<usize>().ok()? + bytes.parse::<usize>().ok()?)
    });
    ends.max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_behind_a_kill_is_undone() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        let list = "longshore-rescued 1\nkept 0 4\nretried 4 4 1\n";
        fs::write(at(LIST), list).expect("written");
        fs::write(at(BYTES), "12345678").expect("written");
        let killed = Rescued::at(folder.path());
        for name in [LIST, BYTES, disks::rescue::MAP] {
            fs::write(at(name), "too late").expect("written");
        }
        killed.restore(false).expect("restored");
        assert!(!at(disks::rescue::MAP).exists());
        let read = |name| fs::read_to_string(at(name)).expect("it is there");
        assert_eq!((&*read(LIST), &*read(BYTES)), (list, "12345678"));
        killed.restore(true).expect("restored");
        assert_eq!(read(BYTES), "1234");
    }
}
