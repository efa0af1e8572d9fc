//! `cargo xtask kernel`: our readers beside the drivers of Linux, which run in a small emulated machine.
//!
//! The machine fills volumes by its drivers; what must come of that is known without it, and is compared with what our
//! readers tell. Then it lists those volumes and the images that are given, and the two listings are compared.

mod acts;
mod archive;
mod debian;
mod errand;
mod inside;
mod judge;
mod machine;
mod made;
mod ours;
mod plan;
mod verdict;
mod whole;
mod world;

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use filesystems::volumes;
use tempfile::TempDir;

use crate::images::{FileBlocks, images, unpack};
use crate::setup;
use crate::shell::target;
use crate::suites;
use errand::{Driver, Work};
use judge::{Case, Judge};
use machine::{Disk, Machine};
use made::{MAKES, Make};
use ours::Seen;

pub(crate) use inside::run as inside;
pub(crate) use inside::whole::run as inside_whole;
pub(crate) use machine::INSIDE;
pub(crate) use whole::INSIDE as INSIDE_WHOLE;

/// Runs both halves, or one: without folders the volumes that are made, with folders the images in them.
///
/// # Errors
/// If something is missing, or a machine cannot be run.
pub(crate) fn command(words: &[String]) -> Result<ExitCode> {
    if let Some((first, more)) = words.split_first()
        && first == "--exports"
    {
        return exports(more);
    }
    let asked = Asked::of(words)?;
    setup::kernel()?;
    let machine = Machine::new()?;
    println!("Linux {}", machine.version());
    let room = room()?;
    let mut cases: Vec<(Disk, Case)> = Vec::new();
    if asked.folders.is_empty() {
        cases = filled(&machine, &asked, room.path())?;
    }
    for folder in &asked.folders {
        for image in images(folder)? {
            if !asked.names(&image) {
                continue;
            }
            let into = room.path().join(cases.len().to_string());
            let found = given(&image, &into).with_context(|| image.display().to_string())?;
            cases.extend(found);
        }
    }
    let (disks, cases): (Vec<Disk>, Vec<Case>) = cases.into_iter().unzip();
    let answers = machine.run(&disks)?;
    let mut judge = Judge::default();
    for (case, answer) in cases.iter().zip(&answers) {
        judge.judge(case, answer);
    }
    if !judge.sum_up() {
        println!("the volumes stay in {}", room.keep().display());
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}

/// Exports onto encrypted devices, which need device-mapper, in a machine that has the files of this host.
fn exports(more: &[String]) -> Result<ExitCode> {
    setup::tools()?;
    setup::kernel()?;
    suites::build()?;
    let is_well = whole::exports(&setup::venv(), &suites::binary(), more)?;
    Ok(match is_well {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}

/// What is asked of the command.
#[derive(Default)]
struct Asked {
    folders: Vec<PathBuf>,
    /// How the names of what is looked at begin; none if all of it is.
    only: Vec<String>,
}

impl Asked {
    fn of(words: &[String]) -> Result<Self> {
        let mut asked = Self::default();
        let mut words = words.iter();
        while let Some(word) = words.next() {
            match word.as_str() {
                "--only" => asked
                    .only
                    .push(words.next().context("--only which?")?.clone()),
                folder => asked.folders.push(PathBuf::from(folder)),
            }
        }
        Ok(asked)
    }

    fn names(&self, image: &Path) -> bool {
        let name = image.file_name().unwrap_or_default().to_string_lossy();
        let mut only = self.only.iter();
        self.only.is_empty() || only.any(|begin| name.starts_with(begin.as_str()))
    }
}

/// An empty folder for volumes, which need room on a disk.
fn room() -> Result<TempDir> {
    let above = target().join("kernel");
    fs::create_dir_all(&above)?;
    let mut names = tempfile::Builder::new();
    Ok(names.prefix("volumes-").tempdir_in(above)?)
}

/// Volumes that the machine fills.
fn filled(machine: &Machine, asked: &Asked, room: &Path) -> Result<Vec<(Disk, Case)>> {
    let makes = MAKES.iter();
    let makes: Vec<&Make> = makes
        .filter(|make| asked.names(Path::new(make.name)))
        .collect();
    let mut disks = Vec::new();
    for make in &makes {
        let image = room.join(make.name);
        make.format(&image)?;
        disks.push(Disk {
            bytes: fs::metadata(&image)?.len(),
            image,
            offset: 0,
            driver: make.driver(),
            work: make.work(),
        });
    }
    let answers = machine.run(&disks)?;
    let mut cases = Vec::new();
    for ((make, answer), disk) in makes.iter().zip(answers).zip(disks) {
        if let Some(fault) = answer.fault {
            println!("NOT FILLED {}: {fault}", make.name);
        }
        let wanted = make.wanted()?;
        for (disk, case) in looked_at(make.name, &disk.image)? {
            let wanted = wanted.clone();
            cases.push((disk, Case { wanted, ..case }));
        }
    }
    Ok(cases)
}

/// The volumes of an image that is given, unpacked into a file if it is packed.
fn given(image: &Path, into: &Path) -> Result<Vec<(Disk, Case)>> {
    let mut path = image.to_owned();
    if unpack(image, &File::create(into)?)? {
        path = into.to_owned();
    }
    let name = image.file_name().unwrap_or_default().to_string_lossy();
    looked_at(&name, &path)
}

/// The volumes of an image that our readers read; what they refuse is told.
fn looked_at(name: &str, image: &Path) -> Result<Vec<(Disk, Case)>> {
    let mut device = FileBlocks::new(File::open(image)?)?;
    let survey = volumes::survey(&mut device)?;
    let mut cases = Vec::new();
    for volume in &survey.volumes {
        let name = match volume.number {
            0 => name.to_owned(),
            number => format!("{name}, partition {number}"),
        };
        match ours::look(&mut device, volume) {
            Ok(seen) => cases.extend(case(name, image, volume, seen)),
            Err(refusal) => println!("refused    {name}: {refusal}"),
        }
    }
    Ok(cases)
}

fn case(name: String, image: &Path, volume: &volumes::Volume, seen: Seen) -> Option<(Disk, Case)> {
    let driver = Driver::of(seen.kind)?;
    let disk = Disk {
        image: image.to_owned(),
        offset: volume.offset,
        bytes: volume.bytes / 512 * 512,
        driver,
        work: Work::List,
    };
    let case = Case {
        name,
        driver,
        seen,
        wanted: None,
    };
    Some((disk, case))
}
