//! Volumes that are sound but for a list of edits, and what must be true of whatever a reader tells of them.
//!
//! Random bytes are no file system. An input is a row of edits of a small volume with something of everything: where
//! (three bytes), how many bytes (one), and the bytes.

use std::ops::ControlFlow;

use filesystems::blocks::{Blocks, Fault};
use filesystems::content::{prove, read_all};
use filesystems::reader::{Reader, Refusal};
use filesystems::told::{File, NodeKind, Told};

/// Names that are heard before a reader is told to stop, so that no input takes long.
const HEARD: usize = 20_000;
/// Bytes of content that are read of a file.
const CONTENT: u64 = 256 << 10;
/// Files whose content is read.
const FILES: usize = 20;

#[path = "../../crates/filesystems/tests/clusters/disk.rs"]
mod disk;
#[path = "../../crates/filesystems/tests/ntfs/everything.rs"]
mod everything;
#[path = "../../crates/filesystems/tests/clusters/exfat_volume.rs"]
mod exfat_volume;
#[path = "../../crates/filesystems/tests/clusters/fat_volume.rs"]
#[expect(dead_code, reason = "tests use all of it")]
mod fat_volume;
#[path = "../../crates/filesystems/tests/ntfs/image.rs"]
#[expect(dead_code, reason = "tests use all of it")]
mod image;
pub mod locked;
pub mod volumes;

/// A volume with edits.
#[derive(Clone)]
pub struct Edited<'a> {
    base: &'a [u8],
    edits: Vec<(usize, Vec<u8>)>,
}

impl<'a> Edited<'a> {
    /// `base` with the edits of an input.
    pub fn new(base: &'a [u8], mut input: &[u8]) -> Self {
        let mut edits = Vec::new();
        while let [a, b, c, bytes, rest @ ..] = input {
            let (held, rest) = rest.split_at(rest.len().min(usize::from(*bytes)));
            let at = u32::from_le_bytes([*a, *b, *c, 0]) as usize % base.len();
            edits.push((at, held.to_vec()));
            input = rest;
        }
        Self { base, edits }
    }

    /// One edit more.
    pub fn edit(&mut self, at: usize, bytes: Vec<u8>) {
        self.edits.push((at, bytes));
    }

    /// Some of it; zeros past its end.
    pub fn bytes_at(&mut self, at: usize, bytes: usize) -> Vec<u8> {
        let mut held = vec![0; bytes];
        let _zeros_if_past_the_end = self.read(at as u64, &mut held);
        held
    }
}

impl Blocks for Edited<'_> {
    fn bytes(&self) -> u64 {
        self.base.len() as u64
    }

    fn sector(&self) -> u32 {
        512
    }

    fn read(&mut self, offset: u64, into: &mut [u8]) -> Result<(), Fault> {
        let from = usize::try_from(offset).map_err(|_| Fault::Bad)?;
        let until = from.checked_add(into.len()).ok_or(Fault::Bad)?;
        into.copy_from_slice(self.base.get(from..until).ok_or(Fault::Bad)?);
        for (at, bytes) in &self.edits {
            let (first, last) = (from.max(*at), until.min(at + bytes.len()));
            if first < last {
                into[first - from..last - from].copy_from_slice(&bytes[first - at..last - at]);
            }
        }
        Ok(())
    }
}

/// Hears what a reader tells: extents must be those of the file, in the volume, and content as long as it says.
pub fn hear(opened: Result<impl Reader, Refusal>, blocks: &mut Edited<'_>) {
    let Ok(mut reader) = opened else {
        return;
    };
    let (volume, mut heard, mut files) = (blocks.bytes(), 0, Vec::new());
    let _refused = reader.catalogue(blocks, &mut |told| {
        heard += 1;
        if let Told::File(file) = told {
            prove_extents(&file, volume);
            files.push(file);
        }
        match heard < HEARD {
            true => ControlFlow::Continue(()),
            false => ControlFlow::Break(()),
        }
    });
    for file in files.iter().take(FILES) {
        if let Ok(content) = read_all(blocks, file, CONTENT) {
            assert_eq!(content.len() as u64, file.bytes);
        }
    }
}

fn prove_extents(file: &File, volume: u64) {
    if let (Ok(extents), NodeKind::Regular) = (&file.content, &file.kind) {
        prove(extents, file.bytes, volume).expect("extents are those of the file");
    }
}
