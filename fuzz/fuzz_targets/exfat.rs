//! Reads exFAT with edits; checksums are made right again, or not.

#![no_main]

use std::sync::LazyLock;

use filesystems::exfat::Exfat;
use filesystems::reader::Options;
use fuzz::{Edited, hear, volumes};
use libfuzzer_sys::fuzz_target;

static VOLUME: LazyLock<(Vec<u8>, std::ops::Range<usize>)> = LazyLock::new(volumes::exfat);

fuzz_target!(|data: &[u8]| {
    let Some((which, edits)) = data.split_first() else {
        return;
    };
    let mut volume = Edited::new(&VOLUME.0, edits);
    if which & 1 == 0 {
        volumes::sum_exfat(&mut volume, VOLUME.1.clone());
    }
    hear(Exfat::open(&mut volume, &Options::default()), &mut volume);
});
