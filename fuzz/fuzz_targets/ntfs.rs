//! Reads NTFS with edits.

#![no_main]

use std::sync::LazyLock;

use filesystems::ntfs::Ntfs;
use filesystems::reader::Options;
use fuzz::{Edited, hear, volumes};
use libfuzzer_sys::fuzz_target;

static VOLUME: LazyLock<Vec<u8>> = LazyLock::new(volumes::ntfs);

fuzz_target!(|data: &[u8]| {
    let mut volume = Edited::new(&VOLUME, data);
    hear(Ntfs::open(&mut volume, &Options::default()), &mut volume);
});
