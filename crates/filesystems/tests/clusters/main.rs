//! FAT and exFAT: volumes that are written here, as they should be and as they should not, and volumes of the tools
//! that make them.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod disk;
mod exfat;
mod exfat_hostile;
mod exfat_volume;
mod fat;
mod fat_hostile;
mod fat_volume;
mod random;
mod tools;

use filesystems::blocks::{Blocks, MemoryBlocks};
use filesystems::content::{Walk, prove, read_all, walk};
use filesystems::exfat::Exfat;
use filesystems::fat::Fat;
use filesystems::reader::{Options, Reader, Refusal};
use filesystems::told::{Damaged, Facts, File, Unloadable};

/// A volume that was read.
struct Volume {
    blocks: MemoryBlocks,
    facts: Facts,
    walk: Walk,
}

impl Volume {
    /// Reads all of a volume, whichever of the two it is.
    fn of(mut blocks: MemoryBlocks, options: &Options) -> Result<Self, Refusal> {
        let mut reader: Box<dyn Reader> = match Exfat::open(&mut blocks, options) {
            Err(Refusal::Other) => Box::new(Fat::open(&mut blocks, options)?),
            opened => Box::new(opened?),
        };
        let walk = walk(&mut blocks, reader.as_mut())?;
        for (path, file) in &walk.files {
            if let Ok(extents) = &file.content {
                prove(extents, file.bytes, blocks.bytes())
                    .unwrap_or_else(|why| panic!("{path:?}: {why}"));
            }
        }
        assert_eq!(
            walk.lost,
            Vec::<u64>::new(),
            "told in folders that were not told"
        );
        Ok(Self {
            facts: reader.facts(),
            blocks,
            walk,
        })
    }

    fn read(content: Vec<u8>) -> Self {
        Self::of(MemoryBlocks::new(content), &Options::default()).unwrap()
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
        let content = read_all(&mut self.blocks, &file, 1 << 26);
        content.unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// What is wrong with a damaged file.
    fn damage(&self, path: &str) -> String {
        match self.file(path).content.clone() {
            Err(Unloadable::Damaged(why)) => why,
            other => panic!("{path}: {other:?}"),
        }
    }

    /// The one thing that could not be told.
    fn damaged(&self) -> &Damaged {
        match self.walk.damaged.as_slice() {
            [damaged] => damaged,
            others => panic!("not one: {others:?}"),
        }
    }

    /// Everything is in order: nothing damaged, nothing left out, nothing to remark.
    fn assert_sound(&self) {
        assert_eq!(self.walk.damaged, Vec::new());
        assert_eq!(self.walk.summary.remarks, Vec::<String>::new());
        assert_eq!(self.walk.summary.unaccounted, Some(0));
    }

    fn remarks(&self) -> String {
        self.walk.summary.remarks.join("\n")
    }
}
