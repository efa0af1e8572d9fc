//! The data sets: made once from a seed, the same on every machine.

use std::fs::{self, File};
use std::io::{BufWriter, ErrorKind, Read as _, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use rustix::fs::{Advice, fadvise, sync};

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;

/// What all sets begin with.
const SEED: u64 = 1;

/// Which files are raced with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SetKind {
    /// A few large files: reading, hashing and sending of bytes.
    Big,
    /// Many files that are each sent in parts: how well they go beside each other.
    Many,
    /// One large file: its MD5 is one chain, and nothing is faster than that.
    One,
    /// Many small files: the cost of a file.
    Small,
    /// A tree as people have them.
    Mixed,
}

impl SetKind {
    pub(crate) const ALL: [Self; 5] = [Self::Big, Self::Many, Self::One, Self::Small, Self::Mixed];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Big => "big",
            Self::Many => "many",
            Self::One => "one",
            Self::Small => "small",
            Self::Mixed => "mixed",
        }
    }
}

/// How much of each set there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sizes {
    pub(crate) big_files: u32,
    /// MiB of each.
    pub(crate) big_mib: u32,
    pub(crate) many_files: u32,
    /// MiB of each.
    pub(crate) many_mib: u32,
    /// MiB of the one file.
    pub(crate) one_mib: u32,
    pub(crate) small_files: u32,
    /// Files of 1 to 16 KiB, of 1 to 8 MiB, of 200 MiB.
    pub(crate) mixed: [u32; 3],
}

impl Sizes {
    pub(crate) const FULL: Self = Self {
        big_files: 4,
        big_mib: 1024,
        many_files: 64,
        many_mib: 64,
        one_mib: 4096,
        small_files: 50_000,
        mixed: [10_000, 200, 4],
    };
    /// About a tenth.
    pub(crate) const QUICK: Self = Self {
        big_files: 4,
        big_mib: 100,
        many_files: 16,
        many_mib: 32,
        one_mib: 400,
        small_files: 5_000,
        mixed: [1_000, 20, 1],
    };
}

/// A data set on the disk.
#[derive(Debug)]
pub(crate) struct DataSet {
    pub(crate) kind: SetKind,
    pub(crate) folder: PathBuf,
    pub(crate) files: u64,
    pub(crate) bytes: u64,
    plan: Vec<Planned>,
}

/// A file of a set.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Planned {
    path: String,
    size: u64,
    seed: u64,
}

impl DataSet {
    /// Finds a set below `folder`, or makes it.
    ///
    /// # Errors
    /// If it cannot be written.
    pub(crate) fn ready(kind: SetKind, sizes: Sizes, folder: &Path) -> Result<Self> {
        let (name, plan) = plan(kind, sizes);
        let set = Self {
            kind,
            folder: folder.join(&name),
            files: plan.len() as u64,
            bytes: plan.iter().map(|file| file.size).sum(),
            plan,
        };
        if !set.folder.is_dir() {
            println!("making the set {name}");
            let partial = folder.join(format!("{name}.partial"));
            if partial.is_dir() {
                fs::remove_dir_all(&partial)?;
            }
            set.make(&partial)
                .with_context(|| format!("could not make `{}`", partial.display()))?;
            // Only what is complete has the name.
            fs::rename(&partial, &set.folder)?;
        }
        Ok(set)
    }

    fn make(&self, folder: &Path) -> std::io::Result<()> {
        for file in &self.plan {
            let path = folder.join(&file.path);
            if let Some(above) = path.parent() {
                fs::create_dir_all(above)?;
            }
            fill(File::create(path)?, file)?;
        }
        Ok(())
    }

    /// Makes a folder in which its files have a second name.
    ///
    /// # Errors
    /// If it cannot be made, or its files lie in folders.
    pub(crate) fn link_into(&self, folder: &Path) -> Result<()> {
        fs::create_dir_all(folder)?;
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            fs::hard_link(entry.path(), folder.join(entry.file_name()))?;
        }
        Ok(())
    }

    /// Reads everything once, so that it is in the page cache if it fits.
    ///
    /// # Errors
    /// If a file cannot be read.
    pub(crate) fn warm(&self) -> Result<()> {
        let mut buffer = vec![0; 1 << 20];
        for planned in &self.plan {
            let mut file = self.open(planned)?;
            while file.read(&mut buffer)? > 0 {}
        }
        Ok(())
    }

    /// Drops everything from the page cache: all of the cache where that is allowed, which takes
    /// root, else the contents of the set's files.
    ///
    /// # Errors
    /// If a file cannot be opened.
    pub(crate) fn chill(&self) -> Result<()> {
        // What is not yet on the disk would stay.
        sync();
        if fs::write("/proc/sys/vm/drop_caches", "3").is_ok() {
            return Ok(());
        }
        for planned in &self.plan {
            fadvise(self.open(planned)?, 0, None, Advice::DontNeed)?;
        }
        Ok(())
    }

    /// Checks that `folder` has every file of the set with its size.
    ///
    /// # Errors
    /// Which is missing, or has another size.
    pub(crate) fn check_sizes(&self, folder: &Path) -> Result<()> {
        for planned in &self.plan {
            let path = folder.join(&planned.path);
            let found = fs::symlink_metadata(&path);
            let found = found.with_context(|| format!("there is no `{}`", path.display()))?;
            if !found.is_file() || found.len() != planned.size {
                let (path, size, wanted) = (path.display(), found.len(), planned.size);
                bail!("`{path}` has {size} bytes of {wanted}");
            }
        }
        Ok(())
    }

    /// Checks that `folder` has every file of the set with its content.
    ///
    /// # Errors
    /// Which cannot be read, or is different.
    pub(crate) fn check_content(&self, folder: &Path) -> Result<()> {
        for planned in &self.plan {
            let path = folder.join(&planned.path);
            let found =
                File::open(&path).with_context(|| format!("there is no `{}`", path.display()))?;
            if !is_same(self.open(planned)?, found)? {
                bail!("`{}` has another content", path.display());
            }
        }
        Ok(())
    }

    fn open(&self, planned: &Planned) -> Result<File> {
        let path = self.folder.join(&planned.path);
        File::open(&path).with_context(|| format!("could not open `{}`", path.display()))
    }
}

/// The name of a set and its files.
fn plan(kind: SetKind, sizes: Sizes) -> (String, Vec<Planned>) {
    let mut chance = Chance(SEED);
    let mut files = Vec::new();
    let name = match kind {
        SetKind::Big => {
            let size = u64::from(sizes.big_mib) * MIB;
            add(&mut files, &mut chance, sizes.big_files, "", size..=size);
            format!("big-{}x{}", sizes.big_files, sizes.big_mib)
        }
        SetKind::Many => {
            let size = u64::from(sizes.many_mib) * MIB;
            add(&mut files, &mut chance, sizes.many_files, "", size..=size);
            format!("many-{}x{}", sizes.many_files, sizes.many_mib)
        }
        SetKind::One => {
            let size = u64::from(sizes.one_mib) * MIB;
            add(&mut files, &mut chance, 1, "", size..=size);
            format!("one-{}", sizes.one_mib)
        }
        SetKind::Small => {
            let size = KIB..=16 * KIB;
            add(&mut files, &mut chance, sizes.small_files, "", size);
            format!("small-{}", sizes.small_files)
        }
        SetKind::Mixed => {
            let [small, medium, large] = sizes.mixed;
            add(&mut files, &mut chance, small, "notes/", KIB..=16 * KIB);
            add(&mut files, &mut chance, medium, "photos/", MIB..=8 * MIB);
            add(
                &mut files,
                &mut chance,
                large,
                "films/",
                200 * MIB..=200 * MIB,
            );
            format!("mixed-{small}-{medium}-{large}")
        }
    };
    (name, files)
}

/// Adds files, spread over 20 folders of 50 where there are many.
fn add(
    files: &mut Vec<Planned>,
    chance: &mut Chance,
    count: u32,
    prefix: &str,
    size: std::ops::RangeInclusive<u64>,
) {
    for number in 0..count {
        let folder = match count {
            ..=999 => String::new(),
            _ => format!("{:02}/{:02}/", number % 20, number / 20 % 50),
        };
        let (least, most) = size.clone().into_inner();
        files.push(Planned {
            path: format!("{prefix}{folder}{number:06}.bin"),
            size: least + chance.next() % (most - least + 1),
            seed: chance.next(),
        });
    }
}

fn fill(file: File, planned: &Planned) -> std::io::Result<()> {
    let mut chance = Chance(planned.seed);
    let mut file = BufWriter::with_capacity(1 << 20, file);
    let mut left = planned.size;
    while left > 0 {
        let bytes = chance.next().to_le_bytes();
        let count = usize::try_from(left).unwrap_or(8).min(8);
        file.write_all(&bytes[..count])?;
        left -= count as u64;
    }
    file.flush()
}

/// Whether two files have the same bytes.
fn is_same(mut one: File, mut other: File) -> std::io::Result<bool> {
    let mut buffers = [vec![0; 1 << 20], vec![0; 1 << 20]];
    loop {
        let [left, right] = &mut buffers;
        let count = one.read(left)?;
        if count == 0 {
            return Ok(other.read(right)? == 0);
        }
        match other.read_exact(&mut right[..count]) {
            Ok(()) if left[..count] == right[..count] => {}
            Ok(()) => return Ok(false),
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(false),
            Err(error) => return Err(error),
        }
    }
}

/// SplitMix64 (Steele, Lea, Flood 2014): numbers that no compression finds a pattern in.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chance_is_splitmix64() {
        let mut chance = Chance(1_234_567);
        let wanted = [
            6_457_827_717_110_365_317,
            3_203_168_211_198_807_973,
            9_817_491_932_198_370_423,
        ];
        assert_eq!([(); 3].map(|()| chance.next()), wanted);
    }

    #[test]
    fn plans_have_the_sizes_that_were_asked_for() {
        let (name, files) = plan(SetKind::Small, Sizes::FULL);
        assert_eq!((name.as_str(), files.len()), ("small-50000", 50_000));
        assert!(
            files
                .iter()
                .all(|file| (KIB..=16 * KIB).contains(&file.size))
        );
        let mut paths: Vec<_> = files.iter().map(|file| &file.path).collect();
        paths.sort();
        paths.dedup();
        assert_eq!(paths.len(), 50_000);
        let folders = paths.iter().map(|path| &path[..6]);
        assert_eq!(
            folders.collect::<std::collections::BTreeSet<_>>().len(),
            1_000
        );
        assert_eq!(
            plan(SetKind::Small, Sizes::FULL).1,
            files,
            "the same each time"
        );

        let (_, files) = plan(SetKind::Mixed, Sizes::FULL);
        assert_eq!(files.len(), 10_204);
        assert_eq!(
            files.iter().filter(|file| file.size == 200 * MIB).count(),
            4
        );
    }

    #[test]
    fn copies_are_checked_by_size_and_content() {
        let sizes = Sizes {
            small_files: 3,
            ..Sizes::QUICK
        };
        let world = std::env::temp_dir().join(format!("bench-data-{}", std::process::id()));
        let set = DataSet::ready(SetKind::Small, sizes, &world.join("set")).unwrap();
        let copy = world.join("copy");
        set.make(&copy).unwrap();
        set.check_sizes(&copy).unwrap();
        set.check_content(&copy).unwrap();

        let path = copy.join(&set.plan[1].path);
        let mut bytes = fs::read(&path).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        fs::write(&path, &bytes).unwrap();
        set.check_sizes(&copy).unwrap();
        let wrong = set.check_content(&copy).unwrap_err().to_string();
        assert!(
            wrong.ends_with("000001.bin` has another content"),
            "{wrong}"
        );
        bytes.pop();
        fs::write(&path, &bytes).unwrap();
        assert!(set.check_sizes(&copy).is_err() && set.check_content(&copy).is_err());
        fs::remove_file(&path).unwrap();
        let missing = set.check_sizes(&copy).unwrap_err().to_string();
        fs::remove_dir_all(&world).unwrap();
        assert!(missing.starts_with("there is no `"), "{missing}");
    }
}
