//! Volumes that the tools of the trade make and fill: mkfs.vfat with mtools, mkfs.exfat.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::Volume;
use crate::disk::{Disk, content};

/// Set by `cargo xtask test`, which installs what is needed.
const EVERY_TOOL: &str = "LONGSHORE_EVERY_TOOL";

/// Whether tools can be used here. In the test of everything it is a fault if not.
#[expect(clippy::print_stderr, reason = "a test that is not tried says so")]
fn has_tools(tools: &[&str]) -> bool {
    let is_there = |tool: &&&str| {
        let mut places = ["/usr/sbin", "/sbin", "/usr/bin", "/bin"].into_iter();
        places.any(|place| Path::new(place).join(tool).exists())
    };
    let Some(missing) = tools.iter().find(|tool| !is_there(tool)) else {
        return true;
    };
    let is_fault = std::env::var_os(EVERY_TOOL).is_some();
    assert!(!is_fault, "{missing} is missing");
    eprintln!("not tried: {missing} is missing");
    false
}

/// Runs a tool.
fn run(tool: &str, arguments: &[&str]) {
    let output = Command::new(tool)
        .args(arguments)
        .env("PATH", "/usr/sbin:/sbin:/usr/bin:/bin")
        .env("MTOOLS_SKIP_CHECK", "1")
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{tool} {arguments:?}: {told}");
}

/// Files with names and sizes of every sort, below a folder.
fn fill(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files = Vec::new();
    for (seed, (name, bytes)) in [
        ("SHORT.TXT", 10),
        ("lower.txt", 511),
        ("MixedCase and long.jpeg", 512),
        ("größe.dat", 513),
        ("empty", 0),
        ("large.bin", 300_000),
        ("deep/er/and/deeper/a file", 70_000),
    ]
    .into_iter()
    .enumerate()
    {
        let whole = content(u32::try_from(seed).unwrap(), bytes);
        files.push((name.to_owned(), whole));
    }
    for index in 0..200 {
        let name = format!("many/a file with the number {index:03}.txt");
        files.push((name, content(index, usize::try_from(index).unwrap() * 7)));
    }
    for (name, whole) in &files {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, whole).unwrap();
    }
    files
}

fn assert_holds(image: &Path, kind: &str, mut files: Vec<(String, Vec<u8>)>) {
    let mut read = Volume::read(fs::read(image).unwrap());
    read.assert_sound();
    assert_eq!(read.facts.kind, kind);
    files.sort();
    let names: Vec<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(read.paths(), names);
    for (name, whole) in &files {
        assert!(&read.content(name) == whole, "{name}");
    }
}

/// Each kind and size of sector, filled in rounds between which files are deleted, so that others lie in pieces, over
/// bytes of an earlier owner.
#[test]
fn what_mkfs_vfat_and_mtools_make_is_read_as_it_was_written() {
    if !has_tools(&["mkfs.vfat", "mcopy", "mdel"]) {
        return;
    }
    for (kind, width, sector, per_cluster, mebibytes) in [
        ("FAT12", "12", "512", "4", 4),
        ("FAT16", "16", "512", "4", 16),
        ("FAT16", "16", "2048", "1", 16),
        ("FAT32", "32", "512", "1", 40),
        ("FAT32", "32", "4096", "1", 272),
    ] {
        let room = tempfile::tempdir().unwrap();
        let (source, image) = (room.path().join("source"), room.path().join("image"));
        let files = fill(&source);
        fs::write(&image, Disk::stale(mebibytes << 20)).unwrap();
        let at = image.to_str().unwrap();
        run(
            "mkfs.vfat",
            &["-F", width, "-S", sector, "-s", per_cluster, at],
        );
        for index in 0..10 {
            let name = room.path().join(format!("gap{index}"));
            fs::write(&name, content(index, 5000)).unwrap();
            run("mcopy", &["-i", at, name.to_str().unwrap(), "::"]);
        }
        for index in (0..10).step_by(2) {
            run("mdel", &["-i", at, &format!("::gap{index}")]);
        }
        for entry in fs::read_dir(&source).unwrap() {
            let path = entry.unwrap().path();
            run("mcopy", &["-s", "-i", at, path.to_str().unwrap(), "::"]);
        }
        for index in (1..10).step_by(2) {
            run("mdel", &["-i", at, &format!("::gap{index}")]);
        }
        assert_holds(&image, kind, files);
    }
}

#[test]
fn what_mkfs_exfat_makes_is_an_empty_volume() {
    if !has_tools(&["mkfs.exfat"]) {
        return;
    }
    let room = tempfile::tempdir().unwrap();
    let image = room.path().join("image");
    fs::write(&image, Disk::stale(8 << 20)).unwrap();
    run("mkfs.exfat", &["-L", "größe", image.to_str().unwrap()]);
    let read = Volume::read(fs::read(&image).unwrap());
    read.assert_sound();
    assert_eq!(read.facts.label.as_deref(), Some("größe".as_bytes()));
    assert_eq!(read.paths(), Vec::<String>::new());
}
