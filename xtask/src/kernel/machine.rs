//! A small machine, emulated, in which the kernel of Debian mounts disks: no root is needed, and nothing of the kernel
//! that runs here.
//!
//! Its first and only program is this one, with the libraries that it needs: [`super::inside`].

use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use super::archive::Archive;
use super::debian::{self, Kernel};
use super::errand::{Driver, Entry, Errand, Said, Work};
use crate::shell::{command, run};

/// What it loads.
const DRIVERS: [&str; 9] = [
    "virtio_blk",
    "crc32c_generic",
    "nls_cp437",
    "nls_iso8859-1",
    "nls_utf8",
    "vfat",
    "exfat",
    "ntfs3",
    "ext4",
];
/// Disks of one machine: a bus of 32 places has the bridges and the port for answers too.
const DISKS: usize = 24;
/// How long a machine may say nothing: a hundred acts, or the largest file of an image, take some ten seconds where
/// nothing else runs.
const SILENCE: Duration = Duration::from_secs(300);
/// How often it is looked for what it says.
const GLANCE: Duration = Duration::from_millis(200);
/// Where the errands are in its memory, and the modules.
pub(crate) const ERRANDS: &str = "errands";
/// The folder of modules, numbered in the order in which they are loaded.
pub(crate) const MODULES: &str = "modules";
/// The word by which this program knows that it is in the machine.
pub(crate) const INSIDE: &str = "kernel-inside";
/// The name of the port to which it speaks.
pub(crate) const PORT: &str = "longshore.answers";

/// A disk of the machine: some bytes of a file.
pub(crate) struct Disk {
    /// The file.
    pub(crate) image: PathBuf,
    /// Where the disk begins in it.
    pub(crate) offset: u64,
    /// How many bytes it has: whole sectors of 512.
    pub(crate) bytes: u64,
    /// What mounts it.
    pub(crate) driver: Driver,
    /// What is done with it.
    pub(crate) work: Work,
}

/// What became of a disk.
#[derive(Debug, Default, Clone)]
pub(crate) struct Answer {
    /// What is on it.
    pub(crate) entries: Vec<Entry>,
    /// What went wrong with the whole of it.
    pub(crate) fault: Option<String>,
}

/// What is needed to start machines.
pub(crate) struct Machine {
    kernel: Kernel,
    /// The archive without errands.
    base: Vec<u8>,
    room: tempfile::TempDir,
}

impl Machine {
    /// Fetches the kernel, and packs this program.
    ///
    /// # Errors
    /// If something is missing.
    pub(crate) fn new() -> Result<Self> {
        let kernel = debian::kernel(&DRIVERS)?;
        let room = tempfile::tempdir()?;
        let base = archive(&kernel, room.path())?.finish()?;
        Ok(Self { kernel, base, room })
    }

    /// The version of its kernel.
    pub(crate) fn version(&self) -> &str {
        &self.kernel.version
    }

    /// Does what is to be done with each disk. A disk on which the kernel dies has that as its fault, and does not keep
    /// the others from being done.
    ///
    /// # Errors
    /// If a machine cannot be started, or cannot speak.
    pub(crate) fn run(&self, disks: &[Disk]) -> Result<Vec<Answer>> {
        let mut answers = vec![None; disks.len()];
        loop {
            let open = (0..disks.len()).filter(|&index| answers[index].is_none());
            let open: Vec<usize> = open.take(DISKS).collect();
            if open.is_empty() {
                return Ok(answers.into_iter().flatten().collect());
            }
            let heard = self.boot(disks, &open)?;
            if !sort(&heard, &mut answers) {
                let end = fs::read(self.console()).unwrap_or_default();
                let end =
                    String::from_utf8_lossy(&end[end.len().saturating_sub(4000)..]).into_owned();
                bail!("the machine did nothing:\n{end}");
            }
        }
    }

    fn console(&self) -> PathBuf {
        self.room.path().join("console")
    }

    /// Runs a machine with these disks until it ends or says nothing more.
    fn boot(&self, disks: &[Disk], open: &[usize]) -> Result<Vec<Said>> {
        let (first, heard) = (
            self.room.path().join("first"),
            self.room.path().join("heard"),
        );
        let mut errands = Archive::default();
        let errand = |&index: &usize| Errand {
            disk: index.to_string(),
            driver: disks[index].driver,
            work: disks[index].work.clone(),
        };
        let list: Vec<Errand> = open.iter().map(errand).collect();
        errands.add(ERRANDS, &serde_json::to_vec(&list)?)?;
        fs::write(&first, [self.base.clone(), errands.finish()?].concat())?;
        fs::write(&heard, [])?;
        let mut emulator = command("qemu-system-x86_64", FIXED);
        emulator.arg("-kernel").arg(&self.kernel.image);
        emulator.arg("-initrd").arg(&first);
        // A busy host lets an emulated timer be late, for which the kernel would give up.
        let words = "console=ttyS0 loglevel=5 panic=-1 oops=panic no_timer_check";
        emulator.args(["-append", &format!("{words} -- {INSIDE}")]);
        emulator.arg("-serial");
        emulator.arg(format!("file:{}", self.console().display()));
        emulator.arg("-chardev");
        emulator.arg(format!("file,id=answers,path={}", heard.display()));
        emulator.arg("-device");
        emulator.arg(format!("virtserialport,chardev=answers,name={PORT}"));
        for &index in open {
            emulator.args(words_of(index, &disks[index])?);
        }
        let mut child = emulator
            .spawn()
            .context("could not run qemu-system-x86_64")?;
        let watched = wait(&mut child, &heard);
        // If it ended by itself there is nothing to kill.
        let _ = child.kill();
        child.wait()?;
        watched?;
        let text = fs::read_to_string(&heard)?;
        // The last line is cut where a machine died.
        Ok(text
            .lines()
            .filter_map(|line| serde_json::from_str(line).ok())
            .collect())
    }
}

/// What every machine has: one processor, no devices but those that are named, and no second start after a panic.
pub(crate) const FIXED: [&str; 14] = [
    "-machine",
    "pc,accel=tcg",
    "-cpu",
    "max",
    "-m",
    "1024",
    "-nodefaults",
    "-no-user-config",
    "-no-reboot",
    "-display",
    "none",
    "-device",
    "virtio-serial-pci",
    "-no-hpet",
];

/// The words that give a machine a disk. What it writes to one that is only listed, as a journal that it replays, is
/// forgotten.
fn words_of(index: usize, disk: &Disk) -> Result<[String; 4]> {
    let image = fs::canonicalize(&disk.image)?;
    // A comma stands for itself where it is doubled.
    let image = image.to_string_lossy().replace(',', ",,");
    let is_forgotten = if disk.work.writes() { "off" } else { "on" };
    let drive = format!(
        "if=none,id=disk{index},format=raw,offset={},size={},snapshot={is_forgotten},cache=unsafe,file.filename={image}",
        disk.offset, disk.bytes
    );
    let device = format!("virtio-blk-pci,drive=disk{index},serial={index}");
    Ok(["-drive".to_owned(), drive, "-device".to_owned(), device])
}

/// Waits until a machine ends, or says nothing for too long.
fn wait(child: &mut Child, heard: &Path) -> Result<()> {
    let (mut said, mut at) = (0, Instant::now());
    while child.try_wait()?.is_none() {
        let now = fs::metadata(heard)?.len();
        if now != said {
            (said, at) = (now, Instant::now());
        }
        if at.elapsed() > SILENCE {
            return Ok(());
        }
        std::thread::sleep(GLANCE);
    }
    Ok(())
}

/// Gives what was said to the disks it is about; whether any disk is through. One that was begun and not ended is
/// what the machine died of.
fn sort(heard: &[Said], answers: &mut [Option<Answer>]) -> bool {
    let mut open: Option<(usize, Answer)> = None;
    let mut is_through = false;
    for said in heard {
        match said {
            Said::Begun { disk } => open = disk.parse().ok().map(|disk| (disk, Answer::default())),
            Said::Entry { disk: _, entry } => {
                if let Some((_, answer)) = &mut open {
                    answer.entries.push(entry.clone());
                }
            }
            Said::Done { disk: _, acts: _ } => {}
            Said::Ended { disk: _, fault } => {
                if let Some((disk, mut answer)) = open.take() {
                    answer.fault.clone_from(fault);
                    answers[disk] = Some(answer);
                    is_through = true;
                }
            }
        }
    }
    if let Some((disk, mut answer)) = open {
        answer.fault = Some("the kernel died of it, or hangs".to_owned());
        answers[disk] = Some(answer);
        is_through = true;
    }
    is_through
}

/// The first files of a machine: this program as the first process, its libraries, and the modules.
pub(crate) fn archive(kernel: &Kernel, room: &Path) -> Result<Archive> {
    let mut archive = Archive::default();
    for folder in ["dev", "proc", "sys", "disk", "tmp"] {
        archive.add_folder(folder)?;
    }
    let program = std::env::current_exe()?;
    let stripped = room.join("init");
    run(command("strip", ["-o"]).arg(&stripped).arg(&program))?;
    archive.add("init", &fs::read(&stripped)?)?;
    for library in libraries(&program)? {
        let path = library.to_string_lossy();
        archive.add(path.trim_start_matches('/'), &fs::read(&library)?)?;
    }
    for (index, (name, content)) in kernel.modules.iter().enumerate() {
        archive.add(&format!("{MODULES}/{index:02}-{name}"), content)?;
    }
    Ok(archive)
}

/// The libraries of a program by their paths, the loader among them, as `ldd` tells them.
fn libraries(program: &Path) -> Result<Vec<PathBuf>> {
    let mut told = String::new();
    let mut ldd = command("ldd", [program]).stdout(Stdio::piped()).spawn()?;
    let output = ldd.stdout.take().context("it was just piped")?;
    { output }.read_to_string(&mut told)?;
    if !ldd.wait()?.success() {
        bail!("`ldd` does not know the libraries of this program");
    }
    let words = told
        .lines()
        .filter_map(|line| line.split_whitespace().find(|word| word.starts_with('/')));
    Ok(words.map(PathBuf::from).collect())
}

/// Makes a file of so many bytes of an earlier owner.
///
/// # Errors
/// If it cannot be written.
pub(crate) fn stale(path: &Path, mebibytes: usize) -> Result<()> {
    const STALE: &[u8] = b"STALE-BYTES-OF-AN-EARLIER-OWNER.";
    use std::io::Write as _;
    let mebibyte = STALE.repeat((1 << 20) / STALE.len());
    let mut file = File::create(path)?;
    for _ in 0..mebibytes {
        file.write_all(&mebibyte)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn begun(disk: &str) -> Said {
        Said::Begun {
            disk: disk.to_owned(),
        }
    }

    fn ended(disk: &str) -> Said {
        Said::Ended {
            disk: disk.to_owned(),
            fault: None,
        }
    }

    #[test]
    fn a_machine_that_dies_is_laid_to_the_disk_that_was_begun() {
        let mut answers = vec![None; 3];
        assert!(sort(&[begun("0"), ended("0"), begun("1")], &mut answers));
        let faults = answers
            .iter()
            .map(|answer| answer.as_ref().map(|answer| answer.fault.is_some()));
        assert_eq!(faults.collect::<Vec<_>>(), [Some(false), Some(true), None]);
        assert!(
            !sort(&[], &mut answers),
            "a machine that says nothing is no progress"
        );
    }
}
