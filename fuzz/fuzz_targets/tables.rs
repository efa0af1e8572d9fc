//! Surveys disks with a GPT or an MBR with edits; checksums are made right again, or not.

#![no_main]

use std::sync::LazyLock;

use filesystems::blocks::Blocks as _;
use filesystems::volumes::survey;
use fuzz::{Edited, volumes};
use libfuzzer_sys::fuzz_target;

static DISKS: LazyLock<[Vec<u8>; 2]> = LazyLock::new(|| [false, true].map(volumes::tables));

fuzz_target!(|data: &[u8]| {
    let Some((which, edits)) = data.split_first() else {
        return;
    };
    let mut disk = Edited::new(&DISKS[usize::from(which & 1)], edits);
    if which & 3 != 3 {
        volumes::sum_tables(&mut disk);
    }
    let survey = survey(&mut disk).expect("it is not gone");
    for volume in survey.volumes {
        let end = volume.offset.checked_add(volume.bytes);
        assert!(end.is_some_and(|end| end <= disk.bytes()));
    }
});
