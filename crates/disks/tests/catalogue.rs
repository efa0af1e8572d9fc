//! Catalogues of very many files: they are in order, each is found, and memory does not grow with them.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::fs;
use std::ops::ControlFlow;

use disks::catalogue::{Builder, Catalogue, Found, Place};
use filesystems::told::{Extent, File, Folder, Moment, Owner, Times, Told, What};
use model::entry::EntryPath;

/// Files in a folder.
const IN_FOLDER: u64 = 100;

/// Where files begin is spread over the device by a number that has no divisor in common with any count.
const SPREAD: u64 = 1_000_003;

fn times() -> Times {
    let moment = Moment {
        seconds: 1_300_000_000,
        nanoseconds: 123_456_789,
    };
    Times {
        modified: Some(moment),
        changed: Some(moment),
        accessed: Some(moment),
        created: None,
    }
}

fn folder(number: u64) -> Told {
    Told::Folder(Folder {
        id: number,
        parent: 0,
        name: match number {
            0 => Vec::new(),
            number => format!("a folder with the number {number:07}").into_bytes(),
        },
        times: times(),
        owner: None,
    })
}

fn name(number: u64) -> String {
    format!("photograph number {number:09}.jpg")
}

fn place(number: u64, count: u64) -> u64 {
    number * SPREAD % count * 8192
}

/// A file in one piece; every tenth has another far away.
fn file(number: u64, count: u64) -> Told {
    let at = place(number, count);
    let mut content = vec![extent(0, at)];
    if number.is_multiple_of(10) {
        content.push(extent(4096, at + 8192 * count));
    }
    let numbers = (1 << 40 | number, number / IN_FOLDER + 1);
    let bytes = content.len() as u64 * 4096;
    Told::File(File {
        times: times(),
        owner: Some(Owner {
            mode: 0o644,
            user: 1000,
            group: 1000,
        }),
        ..File::plain(numbers, name(number), bytes, content)
    })
}

fn extent(logical: u64, at: u64) -> Extent {
    Extent {
        logical,
        bytes: 4096,
        what: What::Disk(at),
    }
}

fn listed(count: u64, on: &std::path::Path) -> Catalogue {
    let mut builder = Builder::create(on).unwrap();
    let place = Place {
        number: 1,
        offset: 0,
        bytes: u64::MAX / 2,
        folder: None,
        may_claim: false,
    };
    let mut volume = builder.volume(place).unwrap();
    for number in 0..count {
        volume.take(&file(number, count)).unwrap();
        // Behind what lies in it, as file systems may have it.
        if (number + 1).is_multiple_of(IN_FOLDER) {
            volume.take(&folder(number / IN_FOLDER + 1)).unwrap();
        }
    }
    volume.take(&folder(0)).unwrap();
    volume.close().unwrap();
    builder.finish().unwrap()
}

/// So many files, in their order and each found.
fn must_list(count: u64) {
    let on = tempfile::tempdir().unwrap();
    let catalogue = listed(count, on.path());
    let (mut met, mut last) = (0, 0);
    let walk = catalogue.walk(&mut |walked| {
        let entry = walked.unwrap();
        let place = entry.place.unwrap().get();
        assert!(met == 0 || place > last, "{:?}", entry.path);
        (met, last) = (met + 1, place);
        ControlFlow::Continue(())
    });
    walk.unwrap();
    assert_eq!((met, catalogue.totals().entries), (count, count));
    for number in (0..count).step_by(9973) {
        let folder = number / IN_FOLDER + 1;
        let path = format!("a folder with the number {folder:07}/{}", name(number));
        let Found::Entry(found) = catalogue.find(&EntryPath::new(path)).unwrap() else {
            panic!("{number} is not found");
        };
        assert_eq!(found.entry.place.unwrap().get(), place(number, count));
        let layout = catalogue.layout_of(&found).unwrap();
        assert_eq!(layout.bytes(), found.entry.bytes());
    }
}

#[test]
fn two_hundred_thousand_files_are_listed_in_their_order() {
    must_list(200_000);
}

/// The most memory that this process had, in bytes (`proc_pid_status(5)`).
fn peak() -> u64 {
    let told = fs::read_to_string("/proc/self/status").unwrap();
    let line = told.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kibibytes = line.unwrap().trim().strip_suffix("kB").unwrap().trim();
    kibibytes.parse::<u64>().unwrap() * 1024
}

/// 100,000 folders take some 100 bytes each, with their names; beside them are a run of what is sorted, with what it
/// is written from, and what is read of all runs: some 70 MiB whatever the number of files.
#[test]
#[ignore = "ten million files take minutes, and 3 GB of disk"]
fn memory_does_not_grow_with_ten_million_files() {
    let begun = std::time::Instant::now();
    must_list(10_000_000);
    let peak = peak() >> 20;
    eprintln!("{peak} MiB, {:?}", begun.elapsed());
    assert!(peak < 160, "{peak} MiB");
}
