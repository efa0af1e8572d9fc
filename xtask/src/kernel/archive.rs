//! An archive from which a kernel takes its first files: cpio in its form `newc`, uncompressed.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result};

/// A folder that all may enter, and a file that all may run.
const FOLDER: u32 = 0o040_755;
const FILE: u32 = 0o100_755;

/// An archive that grows.
#[derive(Default)]
pub(crate) struct Archive {
    bytes: Vec<u8>,
    folders: BTreeSet<String>,
    number: u32,
}

impl Archive {
    /// Adds a file, and the folders above it. The path is without a leading `/`.
    ///
    /// # Errors
    /// If it has 4 GiB or more.
    pub(crate) fn add(&mut self, path: &str, content: &[u8]) -> Result<()> {
        for (end, _) in path.match_indices('/') {
            self.add_folder(&path[..end])?;
        }
        self.member(path, FILE, content)
    }

    /// Adds an empty folder.
    ///
    /// # Errors
    /// Never in truth.
    pub(crate) fn add_folder(&mut self, path: &str) -> Result<()> {
        if self.folders.insert(path.to_owned()) {
            self.member(path, FOLDER, &[])?;
        }
        Ok(())
    }

    /// The archive, with its end.
    ///
    /// # Errors
    /// Never in truth.
    pub(crate) fn finish(mut self) -> Result<Vec<u8>> {
        self.member("TRAILER!!!", 0, &[])?;
        Ok(self.bytes)
    }

    fn member(&mut self, path: &str, mode: u32, content: &[u8]) -> Result<()> {
        self.number += 1;
        let bytes = u32::try_from(content.len()).with_context(|| format!("`{path}` is large"))?;
        let name = u32::try_from(path.len() + 1)?;
        // Number, mode, owner, group, names, time, bytes, two devices of two numbers, bytes of the name, sum.
        let fields = [self.number, mode, 0, 0, 1, 0, bytes, 0, 0, 0, 0, name, 0];
        self.bytes.extend_from_slice(b"070701");
        for field in fields {
            self.bytes.extend(format!("{field:08X}").into_bytes());
        }
        self.bytes.extend_from_slice(path.as_bytes());
        self.bytes.push(0);
        self.pad();
        self.bytes.extend_from_slice(content);
        self.pad();
        Ok(())
    }

    fn pad(&mut self) {
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_padded_and_a_folder_comes_once_before_what_is_in_it() {
        let mut archive = Archive::default();
        archive.add("a/one", b"12345").unwrap();
        archive.add("a/two", b"").unwrap();
        let bytes = archive.finish().unwrap();
        let text = String::from_utf8(bytes.clone()).unwrap();
        let heads: Vec<usize> = text.match_indices("070701").map(|(at, _)| at).collect();
        assert_eq!(heads.len(), 4, "a folder, two files, the end");
        assert!(heads.iter().all(|at| at % 4 == 0));
        let names = ["a\0", "a/one\0", "a/two\0", "TRAILER!!!\0"];
        for (head, name) in heads.iter().zip(names) {
            assert_eq!(&text[head + 110..][..name.len()], name);
        }
        assert_eq!(&text[heads[1] + 14..][..8], "000081ED");
        assert_eq!(&text[heads[1] + 54..][..8], "00000005");
        assert_eq!(&bytes[heads[1] + 116..][..8], b"12345\0\0\0");
    }
}
