//! NTFS: volumes that are written here, as they should be and as they should not, and volumes of ntfs-3g.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod everything;
mod files;
mod hostile;
mod image;
mod names;
mod packed;
mod tools;
mod volume;

use filesystems::blocks::MemoryBlocks;
use filesystems::content::{Walk, read_all, walk};
use filesystems::ntfs::Ntfs;
use filesystems::reader::{Options, Refusal};
use filesystems::told::{File, Unloadable};

/// A volume that was read.
struct Volume {
    blocks: MemoryBlocks,
    walk: Walk,
}

impl Volume {
    /// Reads all of a volume that is one.
    fn read(content: Vec<u8>) -> Self {
        Self::of(MemoryBlocks::new(content)).unwrap()
    }

    fn of(mut blocks: MemoryBlocks) -> Result<Self, Refusal> {
        let mut reader = Ntfs::open(&mut blocks, &Options::default())?;
        let walk = walk(&mut blocks, &mut reader)?;
        assert_eq!(
            walk.lost,
            Vec::<u64>::new(),
            "told in folders that were not told"
        );
        Ok(Self { blocks, walk })
    }

    /// The paths of all files.
    fn paths(&self) -> Vec<String> {
        let paths = self.walk.files.iter();
        paths
            .map(|(path, _)| String::from_utf8_lossy(path).into_owned())
            .collect()
    }

    fn file(&self, path: &str) -> &File {
        let mut files = self.walk.files.iter();
        let found = files.find(|(told, _)| told == path.as_bytes());
        &found
            .unwrap_or_else(|| panic!("no {path}: {:?}", self.paths()))
            .1
    }

    fn content(&mut self, path: &str) -> Vec<u8> {
        let file = self.file(path).clone();
        let content = read_all(&mut self.blocks, &file, 1 << 24);
        content.unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    fn refusal(&self, path: &str) -> Unloadable {
        let content = &self.file(path).content;
        content.clone().expect_err("cannot be had")
    }

    /// What is wrong with a damaged file.
    fn damage(&self, path: &str) -> String {
        match self.refusal(path) {
            Unloadable::Damaged(why) => why,
            other => panic!("{path}: {other:?}"),
        }
    }

    fn remarks(&self) -> String {
        self.walk.summary.remarks.join("\n")
    }
}

/// Bytes that repeat late and hold nothing stale.
fn pattern(bytes: usize) -> Vec<u8> {
    let mut state = 1u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    };
    (0..bytes).map(|_| next()).collect()
}
