//! ext2, ext3 and ext4 as `mke2fs` makes them, whole and broken.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod journal;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use filesystems::blocks::MemoryBlocks;
use filesystems::content::{self, Walk};
use filesystems::ext::Ext;
use filesystems::reader::{Options, Refusal};
use filesystems::told::{NodeKind, Unloadable};
use proptest::prelude::*;
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

/// What the base is filled with before a file system is made in it: where it shows, something was read that is of
/// nobody.
const STALE: &[u8] = b"STALE-BYTES-OF-AN-EARLIER-OWNER.";

/// Every kind of file whose map differs, and the folders for names.
fn source() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::write(at("empty"), b"").unwrap();
    fs::write(at("tiny"), b"inline, if anything is").unwrap();
    fs::write(at("small"), [b'x'; 5000]).unwrap();
    let large: Vec<u8> = (0..700_000u32).flat_map(u32::to_le_bytes).collect();
    fs::write(at("large"), &large).unwrap();
    sparse(
        &at("sparse"),
        &[(0, 10), (90_000, 3), (1_000_000, 5000)],
        5_000_000,
    );
    sparse(&at("hole"), &[], 300_000);
    sparse(&at("holes"), &spread(), 400 * 8192 + 7);
    fs::create_dir_all(at("deep/er/est")).unwrap();
    fs::write(at("deep/er/est/file"), b"found").unwrap();
    fs::create_dir(at("many")).unwrap();
    for number in 0..700 {
        let name = format!("many/a rather long name to fill blocks with, {number}");
        fs::write(at(&name), number.to_string()).unwrap();
    }
    fs::hard_link(at("small"), at("deep/linked")).unwrap();
    symlink("tiny", at("short link")).unwrap();
    symlink("x/".repeat(100), at("long link")).unwrap();
    fs::write(at("n\u{e4}me \u{1f600}"), b"unicode").unwrap();
    folder
}

/// Four hundred pieces with a hole before each, so that a tree of extents has nodes.
fn spread() -> Vec<(u64, usize)> {
    (0..400).map(|piece| (piece * 8192 + 4096, 100)).collect()
}

fn sparse(path: &Path, pieces: &[(u64, usize)], bytes: u64) {
    use std::os::unix::fs::FileExt as _;
    let file = fs::File::create(path).unwrap();
    for &(at, length) in pieces {
        file.write_all_at(&vec![b's'; length], at).unwrap();
    }
    file.set_len(bytes).unwrap();
}

/// A program that lies where an ordinary login does not look.
fn tool(name: &str) -> Command {
    let places = ["/usr/sbin", "/sbin"].map(|place| Path::new(place).join(name));
    let found = places.into_iter().find(|place| place.is_file());
    Command::new(found.unwrap_or_else(|| PathBuf::from(name)))
}

fn run(command: &mut Command) {
    let done = command.output();
    let done = done.unwrap_or_else(|error| panic!("{command:?} is needed, of e2fsprogs: {error}"));
    assert!(done.status.success(), "{command:?}: {done:?}");
}

/// The bytes of a volume of so many MiB that `mke2fs` made of a folder, over stale bytes.
fn made(source: &Path, mebibytes: usize, words: &str) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let image = folder.path().join("image");
    fs::write(&image, STALE.repeat(mebibytes << 15)).unwrap();
    // Without discarding: stale bytes are to stay where nothing is written.
    let always = ["-q", "-F", "-E", "nodiscard,root_owner=0:0", "-d"];
    run(tool("mke2fs")
        .args(always)
        .arg(source)
        .args(words.split(' '))
        .arg(&image));
    fs::read(&image).unwrap()
}

fn sum(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

fn walked(blocks: &mut MemoryBlocks) -> Result<Walk, Refusal> {
    let mut reader = Ext::open(blocks, &Options::default())?;
    content::walk(blocks, &mut reader)
}

/// The lines of what was read.
fn listed(blocks: &mut MemoryBlocks, walk: &Walk) -> Vec<String> {
    content::listing(blocks, walk, &mut |blocks, file| {
        content::read_all(blocks, file, 1 << 30).map(|content| sum(&content))
    })
}

/// The lines that a folder should be read as.
fn expected(folder: &Path) -> Vec<String> {
    let mut lines = BTreeMap::new();
    let mut waiting = vec![folder.to_owned()];
    while let Some(next) = waiting.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            let facts = fs::symlink_metadata(&path).unwrap();
            let name = path
                .strip_prefix(folder)
                .unwrap()
                .to_str()
                .unwrap()
                .as_bytes();
            let line = if facts.is_dir() {
                waiting.push(path.clone());
                continue;
            } else if facts.is_symlink() {
                let target = fs::read_link(&path).unwrap();
                format!("l\t0\t{}", target.display())
            } else {
                format!("f\t{}\t{}", facts.len(), sum(&fs::read(&path).unwrap()))
            };
            let printable = content::printable(name);
            lines.insert(name.to_vec(), format!("{line}\t{printable}"));
        }
    }
    lines.into_values().collect()
}

/// Every way in which `mke2fs` can lay a volume out reads the same.
#[test]
fn every_layout_is_read() {
    let source = source();
    let expected = expected(source.path());
    for words in [
        "-t ext2 -b 1024",
        "-t ext2 -b 4096 -O ^filetype,^sparse_super,^resize_inode,^dir_index",
        "-t ext2 -r 0 -b 1024",
        "-t ext3 -b 2048",
        "-t ext4 -b 1024 -g 1024",
        "-t ext4 -b 4096",
        "-t ext4 -b 4096 -O bigalloc -C 16384",
        "-t ext4 -b 1024 -O bigalloc,^resize_inode",
        "-t ext4 -b 1024 -O meta_bg,^resize_inode -g 512",
        "-t ext4 -b 4096 -O ^extents,^64bit,^flex_bg",
        "-t ext4 -b 1024 -I 128 -O ^metadata_csum,uninit_bg",
        "-t ext4 -b 4096 -O sparse_super2,casefold,large_dir,ea_inode,metadata_csum_seed,mmp",
        "-t ext4 -b 4096 -O encrypt,verity,project,quota,fast_commit,orphan_file",
    ] {
        let mut blocks = MemoryBlocks::new(made(source.path(), 32, words));
        let walk = walked(&mut blocks).unwrap_or_else(|refusal| panic!("{words}: {refusal}"));
        assert_eq!(walk.damaged, [], "{words}");
        assert_eq!(listed(&mut blocks, &walk), expected, "{words}");
        assert_eq!(walk.summary.remarks, [""; 0], "{words}");
        assert_eq!(walk.summary.unaccounted, Some(0), "{words}");
        let folders = walk.folders.len();
        assert_eq!(folders, 5, "{words}: with lost+found");
    }
}

/// Blocks of 64 KiB, whose entries of folders have lengths of more than 16 bits.
#[test]
fn the_largest_blocks_are_read() {
    let source = tempfile::tempdir().unwrap();
    fs::create_dir(source.path().join("folder")).unwrap();
    fs::write(source.path().join("folder/file"), vec![b'f'; 200_000]).unwrap();
    let words = "-t ext4 -b 65536 -O ^has_journal";
    let mut blocks = MemoryBlocks::new(made(source.path(), 16, words));
    let walk = walked(&mut blocks).unwrap();
    assert_eq!(listed(&mut blocks, &walk), expected(source.path()));
    assert_eq!(walk.summary.unaccounted, Some(0));
}

/// A file in its inode, and one that goes on in an attribute. (A sparse one is left out: mke2fs 1.47.0 writes it wrong.)
#[test]
fn content_in_inodes_is_read() {
    let source = tempfile::tempdir().unwrap();
    fs::create_dir(source.path().join("folder")).unwrap();
    for bytes in [0, 1, 59, 60, 61, 100, 130, 5000] {
        let path = source.path().join(format!("folder/{bytes}"));
        fs::write(path, vec![b'i'; bytes]).unwrap();
    }
    let words = "-t ext4 -b 4096 -I 256 -O inline_data";
    let mut blocks = MemoryBlocks::new(made(source.path(), 4, words));
    let walk = walked(&mut blocks).unwrap();
    assert_eq!(listed(&mut blocks, &walk), expected(source.path()));
    let inline = walk.files.iter().filter(|(_, file)| {
        let content = file.content.as_ref().unwrap();
        content
            .iter()
            .any(|extent| matches!(extent.what, filesystems::told::What::Inline(_)))
    });
    assert!(inline.count() >= 5);
    assert_eq!(walk.summary.unaccounted, Some(0));
}

/// A volume whose first superblock and descriptors cannot be read is read by the copies.
#[test]
fn copies_are_taken_for_a_superblock_that_cannot_be_read() {
    let source = source();
    for words in [
        "-t ext4 -b 1024",
        "-t ext4 -b 1024 -O meta_bg,^resize_inode -g 512",
    ] {
        let mut blocks = MemoryBlocks::new(made(source.path(), 32, words));
        blocks.break_range(0..4096);
        let is_found = words == "-t ext4 -b 1024";
        match walked(&mut blocks) {
            Ok(walk) => {
                assert!(is_found);
                assert_eq!(
                    listed(&mut blocks, &walk),
                    expected(source.path()),
                    "{words}"
                );
                assert!(walk.summary.remarks[0].contains("a copy in group 1"));
            }
            // Groups of another size than by default: where copies lie is not known.
            Err(refusal) => assert!(
                !is_found && matches!(refusal, Refusal::Damaged(_)),
                "{refusal}"
            ),
        }
    }
}

/// One wrong bit in metadata with checksums: what hangs on it is damaged, and nothing else is told otherwise.
#[test]
fn a_wrong_checksum_is_damage() {
    let source = source();
    let image = made(source.path(), 12, "-t ext4 -b 1024");
    let whole = {
        let mut blocks = MemoryBlocks::new(image.clone());
        let walk = walked(&mut blocks).unwrap();
        listed(&mut blocks, &walk)
    };
    // In every place in which the text of a name stands, and in the header of every tree of extents.
    let mut places: Vec<usize> = finds(&image, b"a rather long name");
    places.truncate(50);
    places.extend(
        finds(&image, &[0x0A, 0xF3])
            .into_iter()
            .take(50)
            .map(|at| at + 2),
    );
    for place in places {
        let mut blocks = MemoryBlocks::new(image.clone());
        blocks.content()[place] ^= 4;
        let walk = match walked(&mut blocks) {
            Ok(walk) => walk,
            // The root itself.
            Err(Refusal::Damaged(_)) => continue,
            Err(refusal) => panic!("{place:#x}: {refusal}"),
        };
        let unloadable = walk.files.iter().filter(|(_, file)| file.content.is_err());
        let is_seen = !walk.damaged.is_empty()
            || unloadable.count() > 0
            || !walk.summary.remarks.is_empty()
            || walk.summary.unaccounted != Some(0);
        assert!(is_seen, "{place:#x}");
        let told = listed(&mut blocks, &walk);
        let wrong = told
            .iter()
            .find(|line| !line.starts_with('e') && !whole.contains(line));
        assert_eq!(wrong, None, "{place:#x}");
    }
}

fn finds(bytes: &[u8], what: &[u8]) -> Vec<usize> {
    let windows = bytes.windows(what.len()).enumerate();
    windows
        .filter(|(_, window)| window == &what)
        .map(|(at, _)| at)
        .collect()
}

/// Two files with one block: the one that is told second is damaged; and so is one whose journal is in it.
#[test]
fn what_two_files_have_is_damage_of_the_second() {
    let source = tempfile::tempdir().unwrap();
    fs::write(source.path().join("a"), [b'a'; 3000]).unwrap();
    fs::write(source.path().join("b"), [b'b'; 3000]).unwrap();
    let mut image = made(source.path(), 4, "-t ext2 -b 1024");
    let place = |image: &[u8], byte: u8| {
        let block = image
            .chunks(1024)
            .position(|block| block.iter().all(|&held| held == byte));
        u32::try_from(block.unwrap()).unwrap().to_le_bytes()
    };
    let (a, b) = (place(&image, b'a'), place(&image, b'b'));
    let inode = finds(&image, &b)[0];
    image[inode..inode + 4].copy_from_slice(&a);
    let mut blocks = MemoryBlocks::new(image);
    let walk = walked(&mut blocks).unwrap();
    let damaged: Vec<bool> = walk
        .files
        .iter()
        .map(|(_, file)| file.content.is_err())
        .collect();
    assert_eq!(damaged, [false, true]);
    let why = walk.files[1].1.content.as_ref().unwrap_err();
    assert!(matches!(why, Unloadable::Damaged(why) if why.contains("another file")));
    assert_eq!(walk.summary.unaccounted, Some(1024));
}

/// What is special, times before 1970 and after 2038, and owners.
#[test]
fn what_is_no_file_has_no_content_and_times_have_all_their_bits() {
    let source = tempfile::tempdir().unwrap();
    fs::write(source.path().join("f"), b"1").unwrap();
    let mut image = made(source.path(), 8, "-t ext4 -b 4096");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("image");
    fs::write(&path, &image).unwrap();
    for request in [
        "mknod pipe p",
        "mknod disk b 8 1",
        "set_inode_field f mtime @-1000",
        "set_inode_field f crtime 22000101000000",
        "set_inode_field f uid 70000",
    ] {
        run(tool("debugfs").args(["-w", "-R", request]).arg(&path));
    }
    image = fs::read(&path).unwrap();
    let mut blocks = MemoryBlocks::new(image);
    let walk = walked(&mut blocks).unwrap();
    let find = |name: &[u8]| &walk.files.iter().find(|(path, _)| path == name).unwrap().1;
    assert_eq!(find(b"pipe").kind, NodeKind::Special);
    assert_eq!(find(b"disk").kind, NodeKind::Special);
    assert_eq!(find(b"f").owner.unwrap().user, 70000);
    let created = find(b"f").times.created.unwrap().seconds;
    assert_eq!(created, 7_258_118_400);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Whatever is edited, nothing panics or goes on for ever, and every extent list keeps its contract.
    #[test]
    fn edits_never_break_the_contract(
        edits in prop::collection::vec((0usize..60_000, any::<u8>(), 0usize..8), 1..24),
        which in 0usize..3,
    ) {
        static IMAGES: std::sync::OnceLock<Vec<Vec<u8>>> = std::sync::OnceLock::new();
        let images = IMAGES.get_or_init(|| {
            let source = source();
            fs::remove_dir_all(source.path().join("many")).unwrap();
            fs::remove_file(source.path().join("large")).unwrap();
            ["-t ext2 -b 1024", "-t ext4 -b 1024 -O ^metadata_csum", "-t ext4 -b 1024 -O ^metadata_csum,inline_data"]
                .map(|words| made(source.path(), 8, words)).to_vec()
        });
        let mut blocks = MemoryBlocks::new(images[which].clone());
        // Two thirds of them where metadata are: the bytes that are not stale.
        let metadata: &Vec<usize> = {
            static PLACES: std::sync::OnceLock<Vec<Vec<usize>>> = std::sync::OnceLock::new();
            &PLACES.get_or_init(|| images.iter().map(|image| places_of_metadata(image)).collect())[which]
        };
        for (place, value, kind) in edits {
            let at = metadata[place * 7919 % metadata.len()];
            let held = &mut blocks.content()[at];
            *held = match kind { 0 => 0, 1 => 255, 2 => held.wrapping_add(1), 3 => *held ^ 1 << (value % 8), _ => value };
        }
        let volume = blocks.content().len() as u64;
        if let Ok(walk) = walked(&mut blocks) {
            for (_, file) in &walk.files {
                if let Ok(extents) = &file.content {
                    let bytes = if file.kind == NodeKind::Regular { file.bytes } else { 0 };
                    prop_assert_eq!(content::prove(extents, bytes, volume), Ok(()));
                }
            }
        }
    }
}

/// Bytes of superblock, descriptors, tables of inodes, folders and maps: blocks that hold zeros as well as others, and
/// nothing stale.
fn places_of_metadata(image: &[u8]) -> Vec<usize> {
    let blocks = image.chunks(1024).enumerate().filter(|(_, block)| {
        block.contains(&0) && block.iter().any(|&byte| byte != 0) && !block.ends_with(STALE)
    });
    let bytes = blocks.flat_map(|(index, block)| {
        let used = block.iter().enumerate().filter(|(_, byte)| **byte != 0);
        used.map(move |(at, _)| index * 1024 + at)
            .collect::<Vec<_>>()
    });
    bytes.collect()
}
