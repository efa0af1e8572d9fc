//! `cargo xtask images FOLDER`: every image of a folder, read by our readers and compared with the listing beside it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context as _, Result, bail};
use filesystems::blocks::{Blocks, Fault};
use filesystems::content::{self, ContentError};
use filesystems::reader::{Options, Refusal};
use filesystems::told::File as Told;
use filesystems::volumes::{self, Part, Volume};
use sha2::{Digest as _, Sha256};

/// How an image fared.
enum Outcome {
    Right(String),
    Refused(String),
    Wrong(Vec<String>),
}

/// Reads every image of the folders that are named; 1 if one is wrong that is not named by `--except`.
///
/// # Errors
/// If a folder or an image cannot be read, or a program that unpacks is missing.
pub(crate) fn command(words: &[String]) -> Result<ExitCode> {
    let (mut folders, mut excepted) = (Vec::new(), BTreeSet::new());
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "--except" => excepted.insert(words.next().context("--except which image?")?.clone()),
            _ => {
                folders.push(word);
                continue;
            }
        };
    }
    if folders.is_empty() {
        bail!("which folder?");
    }
    let (mut counts, mut wrong) = (BTreeMap::<&str, u32>::new(), 0);
    for folder in folders {
        for image in images(Path::new(folder))? {
            let outcome = read(&image).with_context(|| image.display().to_string())?;
            let name = image.file_name().unwrap_or_default().to_string_lossy();
            let is_excepted = excepted
                .iter()
                .any(|known| name.starts_with(known.as_str()));
            let is_wrong = matches!(outcome, Outcome::Wrong(_));
            wrong += u32::from(is_wrong && !is_excepted);
            *counts.entry(outcome.word()).or_default() += 1;
            tell(&image, outcome);
        }
    }
    let counts = counts.iter().map(|(word, count)| format!("{count} {word}"));
    println!("{}", counts.collect::<Vec<_>>().join(", "));
    Ok(ExitCode::from(u8::from(wrong > 0)))
}

impl Outcome {
    fn word(&self) -> &'static str {
        match self {
            Self::Right(_) => "right",
            Self::Refused(_) => "refused",
            Self::Wrong(_) => "wrong",
        }
    }
}

fn tell(image: &Path, outcome: Outcome) {
    let name = image.file_name().unwrap_or_default().to_string_lossy();
    match outcome {
        Outcome::Right(what) => println!("right    {name}: {what}"),
        Outcome::Refused(why) => println!("refused  {name}: {why}"),
        Outcome::Wrong(lines) => {
            println!("WRONG    {name}");
            for line in lines.iter().take(8) {
                println!("         {}", line.chars().take(200).collect::<String>());
            }
        }
    }
}

/// The images of a folder: what is no listing.
pub(crate) fn images(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).with_context(|| folder.display().to_string())?;
    let mut images = Vec::new();
    for entry in entries {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let is_other = [".truth", ".truth.xz", ".expected", ".md", ".conf"]
            .iter()
            .any(|end| name.ends_with(end));
        if !is_other && path.is_file() {
            images.push(path);
        }
    }
    images.sort();
    Ok(images)
}

/// The listing beside an image, with the name of the image or of what it is without endings.
fn truth(image: &Path) -> Result<Option<Vec<String>>> {
    let name = image
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let short = name.split('.').next().unwrap_or_default().to_owned();
    for name in [name, short] {
        let plain = image.with_file_name(format!("{name}.truth"));
        let packed = image.with_file_name(format!("{name}.truth.xz"));
        let text = if plain.is_file() {
            fs::read_to_string(plain)?
        } else if packed.is_file() {
            String::from_utf8(output(Command::new("xz").arg("-dc").arg(packed))?)?
        } else {
            continue;
        };
        return Ok(Some(text.lines().map(str::to_owned).collect()));
    }
    Ok(None)
}

fn output(command: &mut Command) -> Result<Vec<u8>> {
    let done = command.stderr(Stdio::inherit()).output();
    let done = done.with_context(|| format!("could not run {command:?}"))?;
    if !done.status.success() {
        bail!("{command:?} failed");
    }
    Ok(done.stdout)
}

/// The image, if it is packed in a file that goes when it is closed.
fn unpacked(image: &Path) -> Result<File> {
    let into = tempfile::tempfile()?;
    if unpack(image, &into)? {
        return Ok(into);
    }
    Ok(File::open(image)?)
}

/// Unpacks an image into a file; whether it is packed at all.
///
/// # Errors
/// If the program that unpacks is missing, or fails.
pub(crate) fn unpack(image: &Path, into: &File) -> Result<bool> {
    let name = image.to_string_lossy();
    let (program, words): (_, &[&str]) = match () {
        () if name.ends_with(".tgz") => ("tar", &["-xOf"]),
        () if name.ends_with(".gz") => ("gzip", &["-dc"]),
        () if name.ends_with(".xz") => ("xz", &["-dc"]),
        () if name.ends_with(".zst") => ("zstd", &["-dcq"]),
        () => return Ok(false),
    };
    let mut command = Command::new(program);
    command.args(words).arg(image).stdout(into.try_clone()?);
    let status = command
        .status()
        .with_context(|| format!("could not run {program}"))?;
    if !status.success() {
        bail!("{program} failed");
    }
    Ok(true)
}

/// An image in a file.
pub(crate) struct FileBlocks {
    file: File,
    bytes: u64,
}

impl FileBlocks {
    /// The whole of a file.
    ///
    /// # Errors
    /// If its size cannot be asked.
    pub(crate) fn new(file: File) -> Result<Self> {
        let bytes = file.metadata()?.len();
        Ok(Self { file, bytes })
    }
}

impl Blocks for FileBlocks {
    fn bytes(&self) -> u64 {
        self.bytes
    }

    fn sector(&self) -> u32 {
        512
    }

    fn read(&mut self, offset: u64, into: &mut [u8]) -> Result<(), Fault> {
        self.file
            .read_exact_at(into, offset)
            .map_err(|_| Fault::Bad)
    }
}

fn read(image: &Path) -> Result<Outcome> {
    let mut device = FileBlocks::new(unpacked(image)?)?;
    let survey = match volumes::survey(&mut device) {
        Ok(survey) => survey,
        Err(fault) => return Ok(Outcome::Wrong(vec![fault.to_string()])),
    };
    let mut said: Vec<String> = survey
        .damaged_table
        .iter()
        .map(|why| (*why).to_owned())
        .collect();
    said.extend(
        survey
            .whole
            .foreign
            .iter()
            .filter(|_| survey.table.is_some())
            .map(|foreign| foreign.sentence.clone()),
    );
    said.extend(survey.table.iter().flat_map(|table| table.remarks.clone()));
    let mut lines = Vec::new();
    let mut opened = 0;
    for volume in &survey.volumes {
        match list(&mut device, volume) {
            Ok((listed, what)) => {
                opened += 1;
                lines.extend(listed);
                said.push(what);
            }
            Err(refusal) => said.push(said_of(volume, &refusal)),
        }
    }
    let said = said.join("; ");
    Ok(match truth(image)? {
        _ if opened == 0 => Outcome::Refused(said),
        None => Outcome::Right(format!("{said}; with nothing to compare")),
        Some(truth) => match differences(&truth, &lines) {
            wrong if wrong.is_empty() => Outcome::Right(said),
            mut wrong => {
                wrong.insert(0, format!("{} differ; {said}", wrong.len()));
                Outcome::Wrong(wrong)
            }
        },
    })
}

fn said_of(volume: &Volume, refusal: &Refusal) -> String {
    let system = volume
        .system
        .map_or(String::new(), |system| format!(" ({system})"));
    match refusal {
        Refusal::Other if volume.recognised.is_empty => {
            format!("volume {}{system} is empty", volume.number)
        }
        _ => format!("volume {}{system}: {refusal}", volume.number),
    }
}

/// The lines of a volume, and what it is.
fn list(device: &mut FileBlocks, volume: &Volume) -> Result<(Vec<String>, String), Refusal> {
    let mut part = Part::new(device, volume);
    let mut reader = volume.open(&mut part, &Options::default())?;
    let walk = content::walk(&mut part, reader.as_mut())?;
    let mut lines = content::listing(&mut part, &walk, &mut sum);
    for damaged in &walk.damaged {
        let name = damaged.name.as_deref().unwrap_or_default();
        lines.push(format!(
            "e\t-\t{}\t{}",
            damaged.why,
            content::printable(name)
        ));
    }
    let mut what = format!(
        "{}, {} files, unaccounted {:?}",
        reader.facts().kind,
        walk.files.len(),
        walk.summary.unaccounted
    );
    for remark in &walk.summary.remarks {
        what.push_str(&format!(", {remark}"));
    }
    Ok((lines, what))
}

/// The SHA-256 of a file's content.
///
/// # Errors
/// If it cannot be had.
pub(crate) fn sum(blocks: &mut dyn Blocks, file: &Told) -> Result<String, ContentError> {
    let mut sum = Sha256::new();
    content::pour(blocks, file, &mut |piece| sum.update(piece))?;
    Ok(hex::encode(sum.finalize()))
}

/// What one listing has and the other has not. A file that either could not read stands for any of the other: what is
/// refused is not wrong.
fn differences(truth: &[String], lines: &[String]) -> Vec<String> {
    let by_path = |lines: &[String]| -> BTreeMap<String, String> {
        let split = lines.iter().filter_map(|line| line.rsplit_once('\t'));
        split
            .map(|(what, path)| (path.to_owned(), what.to_owned()))
            .collect()
    };
    let (truth, ours) = (by_path(truth), by_path(lines));
    let unread = |lines: &BTreeMap<String, String>| {
        lines.values().filter(|what| what.starts_with('e')).count()
    };
    let mut spare = unread(&truth).max(unread(&ours));
    let mut wrong = Vec::new();
    for (path, what) in &truth {
        match ours.get(path) {
            Some(our) if is_same(our, what) => {}
            Some(our) => wrong.push(format!("{path}: {our} is not {what}")),
            None if spare > 0 => spare -= 1,
            None => wrong.push(format!("{path}: missing ({what})")),
        }
    }
    for (path, our) in &ours {
        if !truth.contains_key(path) && !our.starts_with('e') {
            wrong.push(format!("{path}: not of the image ({our})"));
        }
    }
    wrong
}

/// Whether two readers say the same of a name; `-` stands for a size that was not noted.
fn is_same(our: &str, what: &str) -> bool {
    let parts: Vec<&str> = what.split('\t').collect();
    let ours: Vec<&str> = our.split('\t').collect();
    let is_sized = parts.get(1) != Some(&"-");
    let is_unread = our.starts_with('e') || what.starts_with('e');
    is_unread
        || our == what
        || !is_sized && ours.len() == 3 && ours[0] == parts[0] && ours[2..] == parts[2..]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(lines: &[&str]) -> Vec<String> {
        lines.iter().map(|line| (*line).to_owned()).collect()
    }

    #[test]
    fn what_differs_is_wrong_and_what_is_refused_is_not() {
        let truth = lines(&["f\t1\taa\tone", "f\t-\tbb\ttwo", "l\t0\tone\tthree"]);
        assert_eq!(
            differences(
                &truth,
                &lines(&["f\t1\taa\tone", "f\t7\tbb\ttwo", "l\t0\tone\tthree"])
            ),
            [""; 0]
        );
        assert_eq!(
            differences(
                &truth,
                &lines(&["f\t1\taa\tone", "e\t7\twhy\ttwo", "l\t0\tone\tthree"])
            ),
            [""; 0]
        );
        assert_eq!(
            differences(
                &truth,
                &lines(&["f\t2\taa\tone", "f\t7\tbc\ttwo", "f\t0\tone\tfour"])
            )
            .len(),
            4
        );
    }
}
