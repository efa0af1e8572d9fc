//! Reads FAT12 and FAT32 with edits.

#![no_main]

use std::sync::LazyLock;

use filesystems::fat::Fat;
use filesystems::reader::Options;
use fuzz::{Edited, hear, volumes};
use libfuzzer_sys::fuzz_target;

static VOLUMES: LazyLock<[Vec<u8>; 2]> = LazyLock::new(|| [false, true].map(volumes::fat));

fuzz_target!(|data: &[u8]| {
    let Some((which, edits)) = data.split_first() else {
        return;
    };
    let mut volume = Edited::new(&VOLUMES[usize::from(which & 1)], edits);
    hear(Fat::open(&mut volume, &Options::default()), &mut volume);
});
