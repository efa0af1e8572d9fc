//! Volumes that are changed at random: whatever they say, nothing panics, hangs, or is told outside the volume.

use std::ops::ControlFlow;

use filesystems::blocks::{Blocks as _, MemoryBlocks};
use filesystems::content::{pour, prove};
use filesystems::limits::Limits;
use filesystems::ntfs::Ntfs;
use filesystems::reader::{Options, Reader as _};
use filesystems::told::Told;

use super::everything::{SHAPE, image};
use super::image::{DATA, FREE, Image, ROOT, file, name, resident};

/// Changed volumes in one run.
const CHANGED: u64 = 4000;

struct Chance(u64);

impl Chance {
    fn below(&mut self, most: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 11).unwrap() % most
    }

    /// What a byte becomes: anything, or an end of what it can be.
    fn byte(&mut self, old: u8) -> u8 {
        match self.below(5) {
            0 => 0,
            1 => 0xFF,
            2 => old.wrapping_add(1),
            3 => old ^ 1 << self.below(8),
            _ => u8::try_from(self.below(256)).unwrap(),
        }
    }
}

/// Reads all that a volume tells, and proves it.
fn survive(blocks: &mut MemoryBlocks, seed: u64) {
    let options = Options {
        limits: Limits {
            metadata_bytes: 4 << 20,
            extents: 10_000,
            files: 1000,
            folders: 100,
            ..Limits::default()
        },
        ..Options::default()
    };
    let Ok(mut reader) = Ntfs::open(blocks, &options) else {
        return;
    };
    let mut files = Vec::new();
    let told = reader.catalogue(blocks, &mut |told| {
        if let Told::File(file) = told {
            files.push(file);
        }
        ControlFlow::Continue(())
    });
    drop(told);
    for file in files {
        let Ok(extents) = &file.content else { continue };
        let proved = prove(extents, file.bytes, blocks.bytes());
        assert_eq!(proved, Ok(()), "seed {seed}: {file:?}");
        if file.bytes < 1 << 20 {
            let _ = pour(blocks, &file, &mut |_| ());
        }
    }
}

#[test]
fn changed_volumes_are_survived() {
    let image = image();
    let places: Vec<usize> = (0..24).map(|number| image.place(number)).collect();
    let others = [0, (FREE + 3) * 4096, (FREE + 4) * 4096, (FREE + 8) * 4096];
    let others = others.map(|place| usize::try_from(place).unwrap());
    let mut blocks = MemoryBlocks::new(image.finish());
    survive(&mut blocks, 0);
    for seed in 1..=CHANGED {
        let mut chance = Chance(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let mut undone = Vec::new();
        for _ in 0..=chance.below(4) {
            // One in eight changes is of what lies elsewhere than in records.
            let place = if chance.below(8) == 0 {
                others[chance.below(others.len())] + chance.below(100)
            } else {
                places[chance.below(places.len())] + chance.below(500)
            };
            let old = blocks.content()[place];
            undone.push((place, old));
            blocks.content()[place] = chance.byte(old);
        }
        survive(&mut blocks, seed);
        for (place, old) in undone.into_iter().rev() {
            blocks.content()[place] = old;
        }
    }
}

#[test]
fn cut_volumes_are_survived() {
    let content = image().finish();
    for cut in (0..content.len()).step_by(1000) {
        survive(&mut MemoryBlocks::new(content[..cut].to_vec()), 0);
    }
}

#[test]
fn reading_ends_where_a_limit_is() {
    let mut image = Image::new(SHAPE);
    image.table = vec![(8, 16)];
    for number in 16..60 {
        let called = format!("f{number}");
        image.add(file(
            number,
            vec![name(ROOT, 0, &called), resident(DATA, "", b"")],
        ));
    }
    let mut blocks = MemoryBlocks::new(image.finish());
    let limits = Limits {
        files: 10,
        ..Limits::default()
    };
    let options = Options {
        limits,
        ..Options::default()
    };
    let mut reader = Ntfs::open(&mut blocks, &options).unwrap();
    let mut told = 0;
    let refused = reader.catalogue(&mut blocks, &mut |_| {
        told += 1;
        ControlFlow::Continue(())
    });
    assert!(refused.is_err());
    let mut told = 0;
    let ended = reader.catalogue(&mut blocks, &mut |_| {
        told += 1;
        if told == 5 {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    });
    assert!(ended.is_ok());
    assert_eq!(told, 5);
}
