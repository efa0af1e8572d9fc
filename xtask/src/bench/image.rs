//! A set as the image of a disk: one ext4 file system that holds its files and nothing else, which we load without mounting
//! it. Made once beside the set.

use std::fs::{self, File};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context as _, Result};
use rustix::fs::{Advice, fadvise};

use super::data::DataSet;
use crate::shell::{command, run};

/// Bytes that are read at once where the rate of reading is measured: as a sweep over a device reads.
const READ: usize = 4 << 20;

/// How often the image is read; the fastest is the least disturbed.
const TRIES: usize = 3;

/// Finds the image of a set, or makes it.
///
/// # Errors
/// If it cannot be made: it takes `mkfs.ext4`, and room for the set once more.
pub(crate) fn ready(set: &DataSet) -> Result<PathBuf> {
    let image = set.folder.with_extension("img");
    if image.is_file() {
        return Ok(image);
    }
    let partial = set.folder.with_extension("img.partial");
    // Each file takes whole blocks and an inode of 256 bytes; the rest is journal and tables.
    let bytes = set.bytes / 100 * 108 + set.files * 4608 + (256 << 20);
    let inodes = set.files + 4096;
    let arguments = [
        "-q",
        "-F",
        "-b",
        "4096",
        "-m",
        "0",
        "-N",
        &inodes.to_string(),
    ];
    let mut mkfs = command("mkfs.ext4", arguments);
    mkfs.arg("-d").arg(&set.folder).arg(&partial);
    mkfs.arg(format!("{}k", bytes >> 10));
    println!("making {}", image.display());
    run(&mut mkfs)?;
    // Only what is complete has the name.
    fs::rename(&partial, &image)?;
    Ok(image)
}

/// Reads an image from its beginning to its end; afterwards it is in the page cache if it fits.
///
/// # Errors
/// If it cannot be read.
pub(crate) fn warm(image: &Path) -> Result<()> {
    let (file, mut buffer, mut offset) = (open(image)?, vec![0; READ], 0);
    loop {
        match file.read_at(&mut buffer, offset)? {
            0 => return Ok(()),
            read => offset += read as u64,
        }
    }
}

/// Drops an image from the page cache.
///
/// # Errors
/// If it cannot be opened.
pub(crate) fn chill(image: &Path) -> Result<()> {
    Ok(fadvise(open(image)?, 0, None, Advice::DontNeed)?)
}

/// Bytes a second at which the image is read raw, the fastest of some tries.
///
/// # Errors
/// If it cannot be read.
pub(crate) fn rate(image: &Path) -> Result<f64> {
    let bytes = fs::metadata(image)?.len();
    let mut fastest = 0.0_f64;
    warm(image)?;
    for _ in 0..TRIES {
        let begun = Instant::now();
        warm(image)?;
        let mib = f64::from(u32::try_from(bytes >> 20)?);
        fastest = fastest.max(mib * 1_048_576.0 / begun.elapsed().as_secs_f64());
    }
    Ok(fastest)
}

fn open(image: &Path) -> Result<File> {
    File::open(image).with_context(|| format!("could not open `{}`", image.display()))
}
