//! A machine that has the files of this host: what needs something of a kernel that the one of this host may not have, such as
//! device-mapper, runs in it as it would here. What is written there goes when the machine goes.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

use super::debian;
use super::machine::{self, PORT};
use crate::shell::command;

/// The word by which this program knows that it is in such a machine.
pub(crate) const INSIDE: &str = "kernel-inside-whole";
/// The file of its memory that says what is run, one word a line.
pub(crate) const WORDS: &str = "words";
/// The name by which it knows the files of this host.
pub(crate) const HOST: &str = "host";
/// How its last line begins; the code with which what was run has ended follows.
pub(crate) const ENDED: &str = "the machine ended with ";

/// How long all of it may take: an emulated machine is some twenty times as slow as this one.
const LONGEST: Duration = Duration::from_secs(45 * 60);

/// What is loaded beside what these need.
const MODULES: [&str; 13] = [
    "9pnet_virtio",
    "9p",
    "overlay",
    "loop",
    "dm-crypt",
    "xts",
    "algif_skcipher",
    "crc32c_generic",
    "ext4",
    "nls_cp437",
    "nls_iso8859-1",
    "vfat",
    "exfat",
];

/// Runs a program in the folder of the repository, as root of the machine, and tells what it says; whether it succeeded.
///
/// # Errors
/// If the machine cannot be started, or dies.
pub(crate) fn run(words: &[&str]) -> Result<bool> {
    let kernel = debian::kernel(&MODULES)?;
    println!("Linux {}", kernel.version);
    let room = tempfile::tempdir()?;
    let mut archive = machine::archive(&kernel, room.path())?;
    archive.add(WORDS, words.join("\n").as_bytes())?;
    let first = room.path().join("first");
    fs::write(&first, archive.finish()?)?;
    let console = room.path().join("console");
    let mut emulator = command("qemu-system-x86_64", machine::FIXED);
    // The last word counts.
    emulator.args(["-m", "4096", "-smp", "2"]);
    emulator.arg("-kernel").arg(&kernel.image);
    emulator.arg("-initrd").arg(&first);
    let words = "console=ttyS0 loglevel=4 panic=-1 oops=panic no_timer_check";
    emulator.args(["-append", &format!("{words} -- {INSIDE}")]);
    emulator.arg("-serial");
    emulator.arg(format!("file:{}", console.display()));
    // Its own standard output, as a file: as a terminal it would be closed, since nobody types.
    emulator.args([
        "-chardev",
        "file,id=answers,path=/proc/self/fd/1",
        "-device",
    ]);
    emulator.arg(format!("virtserialport,chardev=answers,name={PORT}"));
    // Files of several file systems of this host have numbers of their own each.
    emulator.arg("-fsdev");
    emulator.arg(format!(
        "local,id={HOST},path=/,security_model=none,readonly=on,multidevs=remap"
    ));
    emulator.arg("-device");
    emulator.arg(format!("virtio-9p-pci,fsdev={HOST},mount_tag={HOST}"));
    emulator.stdout(Stdio::piped());
    let mut child = emulator
        .spawn()
        .context("could not run qemu-system-x86_64")?;
    let told = child.stdout.take().context("it was just piped")?;
    let listener = thread::spawn(move || {
        let mut ended = None;
        for line in BufReader::new(told).lines().map_while(Result::ok) {
            match line.strip_prefix(ENDED) {
                Some(code) => ended = Some(code.trim() == "0"),
                None => println!("{line}"),
            }
        }
        ended
    });
    let begun = Instant::now();
    while child.try_wait()?.is_none() && begun.elapsed() < LONGEST {
        thread::sleep(Duration::from_millis(200));
    }
    // If it ended by itself there is nothing to kill.
    let _ = child.kill();
    child.wait()?;
    let ended = listener.join().ok().flatten();
    ended.with_context(|| format!("the machine did not come to its end:\n{}", end_of(&console)))
}

/// The end of what the kernel said.
fn end_of(console: &Path) -> String {
    let said = fs::read(console).unwrap_or_default();
    String::from_utf8_lossy(&said[said.len().saturating_sub(4000)..]).into_owned()
}

/// The end-to-end tests of exports onto encrypted devices, in such a machine, with a binary that is there.
///
/// # Errors
/// As [`run`].
pub(crate) fn exports(python: &Path, binary: &Path, more: &[String]) -> Result<bool> {
    let folder = crate::shell::root().join("tests/e2e");
    let python: PathBuf = python.join("bin/python");
    let program = format!("LONGSHORE_BIN={}", binary.display());
    let (python, folder) = (python.display().to_string(), folder.display().to_string());
    let mut words = vec![
        "env",
        &program,
        "PYTHONDONTWRITEBYTECODE=1",
        "LONGSHORE_HAS_MAPPER=1",
        &python,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "--rootdir",
        &folder,
    ];
    words.extend(more.iter().map(String::as_str));
    let file = format!("{folder}/test_encrypted_exports.py");
    words.push(&file);
    run(&words)
}
