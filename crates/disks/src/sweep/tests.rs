//! Whatever is expected, let go, wanted in any order by several at once, or broken: what is read is right, and nobody
//! waits for ever.

use std::ops::ControlFlow;
use std::sync::{OnceLock, mpsc};
use std::time::Duration;

use filesystems::told::{self, Extent, Told, What};
use model::entry::Entry;
use tempfile::TempDir;

use super::*;
use crate::catalogue::{Builder, Place};
use crate::device::SECTOR_BYTES;
use crate::device::memory::MemoryDevice;
use crate::rescue::RetryLimits;
use crate::sandbox::{Launcher, Sandbox};
use crate::tree::raw::{RawTree, Reading};
use crate::tree::{Tree as _, fill};

/// Numbers that look like chance, the same for each seed.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        // xorshift64*
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 16
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end.max(1)
    }

    fn one_in(&mut self, many: u64) -> bool {
        self.below(many) == 0
    }
}

const DEVICE_BYTES: u64 = 24 << 20;
const WINDOW: u64 = 2 << 20;
const FILES: u64 = 60;

/// A tree over a device in memory, and what its files have to be.
struct World {
    tree: RawTree,
    content: &'static [u8],
    device: Arc<MemoryDevice>,
    _kept: TempDir,
}

impl World {
    fn new(chance: &mut Chance, is_rotational: bool) -> Self {
        let files: Vec<Told> = (0..FILES).map(|number| file(number, chance)).collect();
        Self::of(&files, is_rotational)
    }

    fn of(files: &[Told], is_rotational: bool) -> Self {
        Self::beside(files, is_rotational, Windows::default())
    }

    /// One that is read while others are.
    fn beside(files: &[Told], is_rotational: bool, windows: Windows) -> Self {
        let content = content();
        let device = Arc::new(MemoryDevice::new(content.to_vec()));
        let kept = tempfile::tempdir().unwrap();
        let mut builder = Builder::create(kept.path()).unwrap();
        let place = Place {
            number: 0,
            offset: 0,
            bytes: DEVICE_BYTES,
            folder: None,
            may_claim: true,
        };
        let mut told = builder.volume(place).unwrap();
        told.take(&root()).unwrap();
        files.iter().for_each(|file| told.take(file).unwrap());
        told.close().unwrap();
        let reading = Reading {
            is_rotational,
            window: WINDOW,
            windows,
            retry: RetryLimits::default(),
        };
        let rescue = Rescue::open(Arc::clone(&device) as _, kept.path()).unwrap();
        let tree = RawTree::new(
            builder.finish().unwrap(),
            Arc::new(rescue),
            Sandbox::new(Launcher::Thread),
            reading,
            Vec::new(),
            Vec::new(),
        );
        Self {
            tree: tree.unwrap(),
            content,
            device,
            _kept: kept,
        }
    }

    fn entries(&self) -> Vec<Entry> {
        let mut entries = Vec::new();
        let walk = self.tree.walk(&mut |walked| {
            entries.push(walked.unwrap());
            ControlFlow::Continue(())
        });
        walk.unwrap();
        entries
    }

    /// Reads a file whole; says whether that could be done.
    fn read(&self, entry: &Entry) -> bool {
        let file = self.tree.open(entry).unwrap();
        let mut read = vec![0; usize::try_from(entry.bytes()).unwrap() + 1];
        let held = self.tree.sweep().held();
        assert!(held <= WINDOW, "{held} bytes are held");
        match fill(&*file, 0, &mut read) {
            Ok(filled) => read.truncate(filled),
            Err(bad) => {
                let is_told = file.may_come() || !file.missing().is_empty();
                assert!(is_told, "{:?}: {}", entry.path, bad.source);
                return false;
            }
        }
        let layout = file.layout().unwrap();
        let expected: Vec<u8> = layout
            .pieces()
            .iter()
            .flat_map(|piece| match piece.runs().next() {
                Some(run) => {
                    let from = usize::try_from(run.at.get()).unwrap();
                    self.content[from..][..usize::try_from(run.bytes).unwrap()].to_vec()
                }
                None => vec![0; usize::try_from(piece.bytes).unwrap()],
            })
            .collect();
        assert!(read == expected, "{:?} has other bytes", entry.path);
        true
    }
}

/// The bytes of every device, of which no two stretches are the same.
fn content() -> &'static [u8] {
    static CONTENT: OnceLock<Vec<u8>> = OnceLock::new();
    CONTENT.get_or_init(|| {
        let words = 0..DEVICE_BYTES / 8;
        let mixed = words.map(|at| at.wrapping_mul(0x9E37_79B9_7F4A_7C15).to_le_bytes());
        mixed.collect::<Vec<_>>().concat()
    })
}

fn root() -> Told {
    Told::Folder(told::Folder {
        id: 0,
        parent: 0,
        name: Vec::new(),
        times: told::Times::default(),
        owner: None,
    })
}

/// A file in pieces all over the device; a few are large, and some have holes.
fn file(number: u64, chance: &mut Chance) -> Told {
    let (mut extents, mut logical) = (Vec::new(), 0);
    for _ in 0..chance.below(12) {
        let most = if chance.one_in(20) { 1 << 20 } else { 40_000 };
        let bytes = chance.below(most) + 1;
        let what = match chance.one_in(6) {
            true => What::Zeros,
            false => What::Disk(chance.below(DEVICE_BYTES - bytes)),
        };
        extents.push(Extent {
            logical,
            bytes,
            what,
        });
        logical += bytes;
    }
    let name = format!("file {number}");
    Told::File(told::File::plain((number + 1, 0), name, logical, extents))
}

/// Fails if something takes longer than anything can that does not wait for ever.
fn in_time(what: impl FnOnce() + Send + 'static) {
    let (done, told) = mpsc::channel::<()>();
    let doing = thread::spawn(move || {
        what();
        drop(done);
    });
    let told = told.recv_timeout(Duration::from_secs(120));
    assert_ne!(
        told,
        Err(mpsc::RecvTimeoutError::Timeout),
        "it waits for ever"
    );
    doing.join().unwrap();
}

/// Expects files in the tree's order, and reads them by several threads: mostly in that order.
fn read_all(world: &World, seed: u64) -> usize {
    let mut chance = Chance(seed + 1);
    let entries = world.entries();
    let mut works: Vec<Vec<(Entry, Option<Expected>)>> = (0..4).map(|_| Vec::new()).collect();
    for entry in entries {
        let expected = match chance.below(8) {
            0 => None,
            // Let go at once, and perhaps read all the same.
            1 => world.tree.expect(&entry).and(None),
            _ => world.tree.expect(&entry),
        };
        let to = usize::try_from(chance.below(4)).unwrap();
        works[to].push((entry, expected));
    }
    let failed = Mutex::new(0);
    thread::scope(|scope| {
        for mut work in works {
            let (failed, mut chance) = (&failed, Chance(chance.next() + 1));
            scope.spawn(move || {
                while !work.is_empty() {
                    let most = if chance.one_in(3) { work.len() } else { 1 };
                    let at = usize::try_from(chance.below(most as u64)).unwrap();
                    let (entry, expected) = work.remove(at);
                    if !chance.one_in(10) && !world.read(&entry) {
                        *failed.lock().unwrap() += 1;
                    }
                    drop(expected);
                }
            });
        }
    });
    assert_eq!(world.tree.sweep().held(), 0, "all was let go");
    failed.into_inner().unwrap()
}

#[test]
fn what_is_read_in_any_order_by_several_is_right() {
    for seed in 1..16 {
        in_time(move || {
            let world = World::new(&mut Chance(seed), seed % 2 == 0);
            assert_eq!(read_all(&world, seed), 0, "seed {seed}");
        });
    }
}

#[test]
fn bad_places_are_errors_of_their_files_and_what_comes_later_is_right() {
    for seed in 1..7 {
        in_time(move || {
            let mut chance = Chance(seed);
            let world = World::new(&mut chance, seed % 2 == 0);
            for _ in 0..5 {
                let times = if chance.one_in(2) { u32::MAX } else { 1 };
                let sector = chance.below(DEVICE_BYTES / SECTOR_BYTES);
                world.device.break_sector(sector, times);
            }
            read_all(&world, seed);
            world.tree.retry(&|| false).unwrap();
            for entry in world.entries() {
                let file = world.tree.open(&entry).unwrap();
                assert!(!file.may_come(), "seed {seed}: all was tried");
                assert_eq!(world.read(&entry), file.missing().is_empty(), "seed {seed}");
            }
        });
    }
}

#[test]
fn a_device_that_goes_lets_nobody_wait() {
    for seed in 1..8 {
        in_time(move || {
            let mut chance = Chance(seed);
            let world = World::new(&mut chance, true);
            let entries = world.entries();
            let expected: Vec<_> = entries.iter().map(|it| world.tree.expect(it)).collect();
            let pulled_at = usize::try_from(chance.below(FILES)).unwrap();
            for (number, entry) in entries.iter().enumerate() {
                if number == pulled_at {
                    world.device.pull();
                }
                let file = world.tree.open(entry).unwrap();
                let mut read = vec![0; usize::try_from(entry.bytes()).unwrap()];
                let filled = fill(&*file, 0, &mut read);
                assert!(filled.is_ok() || number >= pulled_at, "seed {seed}");
                if let Err(bad) = filled {
                    assert!(crate::fault::is_of_device(&bad.source), "{:?}", bad.source);
                }
            }
            drop(expected);
        });
    }
}

#[test]
fn nobody_waits_for_room_that_only_others_can_make() {
    in_time(|| {
        let world = World::new(&mut Chance(77), true);
        let entries = world.entries();
        let expected: Vec<_> = entries.iter().map(|it| world.tree.expect(it)).collect();
        // From the last on, while all before hold the room.
        for entry in entries.iter().rev() {
            assert!(world.read(entry));
        }
        drop(expected);
        assert_eq!(world.tree.sweep().held(), 0);
    });
}

#[test]
fn devices_that_are_read_at_once_share_the_memory_of_one() {
    in_time(|| {
        let windows = Windows::default();
        let mut chance = Chance(5);
        let files: Vec<Told> = (0..FILES).map(|number| file(number, &mut chance)).collect();
        let worlds = [(); 4].map(|()| World::beside(&files, true, windows.clone()));
        let part = || windows.part_of(WINDOW);
        assert_eq!(part(), WINDOW, "one that is not read takes nothing");
        for (number, world) in (1..).zip(&worlds) {
            let entries = world.entries();
            let _first = entries.iter().find_map(|it| world.tree.expect(it)).unwrap();
            assert_eq!(part(), WINDOW / number);
        }
        let [_, _, _, last] = &worlds;
        let entries = last.entries();
        let expected: Vec<_> = entries.iter().map(|it| last.tree.expect(it)).collect();
        for entry in &entries {
            assert!(last.read(entry));
            assert!(last.tree.sweep().held() <= part());
        }
        drop(expected);
        drop(worlds);
        assert_eq!(part(), WINDOW);
    });
}

#[test]
fn the_memory_of_a_host_bounds_a_window() {
    let told = "MemTotal:       16318288 kB\nMemFree:         1 kB\n";
    assert_eq!(memory(told), Some(16_318_288 * 1024));
    assert_eq!(memory("MemFree: 5 kB"), None);
    assert!((1 << 20..=WINDOW_BYTES_OF_FLASH).contains(&window_bytes(false)));
    assert!(window_bytes(true) >= window_bytes(false));
}

/// Two files, with a gap of some sectors between them.
fn with_a_gap(chance: &mut Chance) -> World {
    let at = |logical, bytes, at| Extent {
        logical,
        bytes,
        what: What::Disk(at),
    };
    let mut told: Vec<Told> = (0..3).map(|number| file(number, chance)).collect();
    for (told, place) in told.iter_mut().zip([0, 100_000, 12 << 20]) {
        if let Told::File(told) = told {
            told.bytes = 50_000;
            told.content = Ok(vec![at(0, 50_000, place)]);
        }
    }
    World::of(&told, true)
}

#[test]
fn what_is_bad_between_files_is_no_concern_of_theirs() {
    in_time(|| {
        let world = with_a_gap(&mut Chance(5));
        let bad = 80_000 / SECTOR_BYTES;
        world.device.break_sector(bad, u32::MAX);
        for round in 0..2 {
            let entries = world.entries();
            let expected: Vec<_> = entries.iter().map(|it| world.tree.expect(it)).collect();
            let read = entries.iter().filter(|it| world.read(it)).count();
            drop(expected);
            assert!(
                round == 0 || read == entries.len(),
                "all is read in the end"
            );
            world.tree.retry(&|| false).unwrap();
        }
        assert_eq!(world.tree.map(), None, "nothing that anybody wants is bad");
    });
}
