//! The extents of a file as they are told: runs cut at its size, holes and what was never written as zeros, and what
//! the journal has newer from there.

use super::mapping::BlockRun;
use super::metadata::{Copied, ESCAPED, ExtMetadata};
use super::trouble::Trouble;
use crate::told::{Extent, What};

/// The extents of a file of `bytes` bytes.
///
/// # Errors
///
/// If a run lies past the end of the volume, its newest copy is damaged, or there are more than `most`.
pub(super) fn extents(
    metadata: &ExtMetadata<'_>,
    runs: &[BlockRun],
    bytes: u64,
    most: usize,
) -> Result<Vec<Extent>, Trouble> {
    let mut layout = FileLayout {
        bytes,
        most,
        volume: metadata.blocks.bytes(),
        at: 0,
        extents: Vec::new(),
    };
    for run in runs {
        layout.run(metadata, run)?;
    }
    let rest = bytes - layout.at;
    layout.push(rest, What::Zeros)?;
    Ok(layout.extents)
}

/// The extents of a file that holds its content itself: what is past that is zeros, as where a file was made longer.
pub(super) fn inline(mut content: Vec<u8>, bytes: u64) -> Vec<Extent> {
    let held = usize::try_from(bytes).unwrap_or(usize::MAX);
    content.truncate(held);
    let held = content.len() as u64;
    let first = Extent {
        logical: 0,
        bytes: held,
        what: What::Inline(content.into()),
    };
    let rest = Extent {
        logical: held,
        bytes: bytes - held,
        what: What::Zeros,
    };
    let extents = [first, rest].into_iter();
    extents.filter(|extent| extent.bytes > 0).collect()
}

struct FileLayout {
    bytes: u64,
    most: usize,
    volume: u64,
    /// Where in the file the next extent begins; never past `bytes`.
    at: u64,
    extents: Vec<Extent>,
}

impl FileLayout {
    fn run(&mut self, metadata: &ExtMetadata<'_>, run: &BlockRun) -> Result<(), Trouble> {
        let size = u64::from(metadata.superblock.block_bytes);
        let hole = (run.logical * size).min(self.bytes) - self.at;
        self.push(hole, What::Zeros)?;
        if run.is_unwritten {
            return self.push(run.count * size, What::Zeros);
        }
        let mut block = run.place;
        for (newer, copied) in metadata.overlay.range(run.place, run.count) {
            self.push((newer - block) * size, What::Disk(block * size))?;
            self.copied(copied, size)?;
            block = newer + 1;
        }
        let left = run.place + run.count - block;
        self.push(left * size, What::Disk(block * size))
    }

    /// One block of which the journal has a newer copy.
    fn copied(&mut self, copied: Copied, size: u64) -> Result<(), Trouble> {
        match copied {
            Copied::Damaged => Err(Trouble::damaged(
                "the newest copy of one of its blocks, in the journal, is damaged",
            )),
            Copied::At {
                offset,
                is_escaped: false,
            } => self.push(size, What::Disk(offset)),
            Copied::At {
                offset,
                is_escaped: true,
            } => {
                let held = usize::try_from(self.bytes - self.at)
                    .unwrap_or(usize::MAX)
                    .min(4);
                self.push(held as u64, What::Inline(ESCAPED[..held].into()))?;
                self.push(size - 4, What::Disk(offset + 4))
            }
        }
    }

    /// Adds bytes, as far as the size goes.
    fn push(&mut self, bytes: u64, what: What) -> Result<(), Trouble> {
        let bytes = bytes.min(self.bytes - self.at);
        if bytes == 0 {
            return Ok(());
        }
        if let What::Disk(from) = what
            && from.checked_add(bytes).is_none_or(|end| end > self.volume)
        {
            return Err(Trouble::damaged(
                "some of it lies past the end of the volume",
            ));
        }
        let logical = self.at;
        self.at += bytes;
        if let Some(last) = self.extents.last_mut().filter(|last| goes_on(last, &what)) {
            last.bytes += bytes;
            return Ok(());
        }
        if self.extents.len() >= self.most {
            return Err(Trouble::Unknown(format!("more than {} extents", self.most)));
        }
        self.extents.push(Extent {
            logical,
            bytes,
            what,
        });
        Ok(())
    }
}

fn goes_on(last: &Extent, what: &What) -> bool {
    match (&last.what, what) {
        (What::Disk(from), What::Disk(next)) => from + last.bytes == *next,
        (What::Zeros, What::Zeros) => true,
        _ => false,
    }
}
