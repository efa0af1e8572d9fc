//! Reads ext4 with edits, and its journal.

#![no_main]

use std::sync::LazyLock;

use filesystems::ext::Ext;
use filesystems::reader::Options;
use fuzz::{Edited, hear, volumes};
use libfuzzer_sys::fuzz_target;

static VOLUME: LazyLock<Vec<u8>> = LazyLock::new(volumes::ext);

fuzz_target!(|data: &[u8]| {
    let mut volume = Edited::new(&VOLUME, data);
    hear(Ext::open(&mut volume, &Options::default()), &mut volume);
});
