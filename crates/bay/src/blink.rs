//! Shows a person which disk it is: by the light of its slot where an enclosure has one, else by reads in bursts, which the
//! light of its activity shows. Nothing is written to the disk.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileTypeExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use disks::aligned::Buffers;
use disks::fault::{Fault, is_of_device};
use rustix::fs::OFlags;

/// How long a disk blinks: a person walks along a bench in that time.
pub const BLINKS_FOR: Duration = Duration::from_secs(15);

/// How long it is read at a time, and left alone between: lights of activity that are on all the time tell nothing.
const BURST: Duration = Duration::from_millis(500);
const PAUSE: Duration = Duration::from_millis(400);

/// How often it is looked whether to end.
const LOOK: Duration = Duration::from_millis(50);

/// What is read at once, and how far on the next read lies: no two are of one place, which host or disk may remember.
const READ_BYTES: u64 = 64 << 10;
const STEP_BYTES: u64 = 1 << 20;

/// What showed it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Light {
    /// The light of its slot.
    Slot,
    /// The light of its activity, if it has one.
    Activity,
}

/// Why a disk does not blink.
#[derive(Debug, thiserror::Error)]
pub enum BlinkError {
    /// It is no disk.
    #[error("`{0}` is no disk, and has no light")]
    NoDisk(PathBuf),
    /// It cannot be read.
    #[error("`{path}` cannot be read")]
    Read {
        /// Which.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
}

/// Lets a disk blink for so long, or until `is_over`.
///
/// # Errors
/// [`BlinkError`].
pub fn blink(
    disk: &Path,
    lasting: Duration,
    is_over: &dyn Fn() -> bool,
) -> Result<Light, BlinkError> {
    let read = |source| BlinkError::Read {
        path: disk.to_owned(),
        source,
    };
    let kind = fs::metadata(disk).map_err(read)?.file_type();
    if !kind.is_block_device() {
        return Err(BlinkError::NoDisk(disk.to_owned()));
    }
    let until = Instant::now() + lasting;
    let is_over = || is_over() || Instant::now() >= until;
    let name = disk.canonicalize().map_err(read)?;
    let name = name.file_name().unwrap_or_default();
    let slot = locate(&Path::new("/sys/class/block").join(name));
    if slot.is_some_and(|slot| shine(&slot, &is_over)) {
        return Ok(Light::Slot);
    }
    let (file, bytes) = open(disk).map_err(read)?;
    read_in_bursts(&file, bytes, &is_over).map_err(read)?;
    Ok(Light::Activity)
}

/// The file by which the light of the slot is switched that has the disk whose folder in `/sys` this is
/// (Documentation/ABI/testing/sysfs-class-enclosure; the link is made by the kernel's `ses`).
fn locate(disk: &Path) -> Option<PathBuf> {
    let entries = fs::read_dir(disk.join("device")).ok()?;
    let of_slot = |name: &str| name.starts_with("enclosure_device:");
    let mut slots = entries
        .flatten()
        .filter(|entry| of_slot(&entry.file_name().to_string_lossy()));
    let file = slots.next()?.path().join("locate");
    file.exists().then_some(file)
}

/// Has the light of a slot on, and then as it was; whether that could be.
fn shine(slot: &Path, is_over: &dyn Fn() -> bool) -> bool {
    let before = fs::read_to_string(slot).unwrap_or_default();
    if let Err(error) = fs::write(slot, "1") {
        tracing::debug!(slot = %slot.display(), %error, "the light of a slot cannot be switched");
        return false;
    }
    while !is_over() {
        thread::sleep(LOOK);
    }
    let before = match before.trim() {
        "" => "0",
        before => before,
    };
    if let Err(error) = fs::write(slot, before) {
        tracing::warn!(slot = %slot.display(), %error, "the light of a slot stays on");
    }
    true
}

/// Opens a disk beside whoever else has it, to be read past the host's memory.
fn open(disk: &Path) -> io::Result<(File, u64)> {
    let direct = i32::try_from(OFlags::DIRECT.bits()).map_err(io::Error::other)?;
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(direct)
        .open(disk)?;
    let bytes = rustix::fs::seek(&file, rustix::fs::SeekFrom::End(0))?;
    Ok((file, bytes))
}

/// Reads here and there, and pauses, until it is over. A bad place is none of our business.
fn read_in_bursts(file: &File, bytes: u64, is_over: &dyn Fn() -> bool) -> io::Result<()> {
    let mut buffer = Arc::new(Buffers::default()).take(READ_BYTES);
    let places = (bytes / STEP_BYTES).max(1);
    let mut place = 0;
    while !is_over() {
        let begun = Instant::now();
        while begun.elapsed() < BURST && !is_over() {
            let read = rustix::io::pread(file, &mut *buffer, place % places * STEP_BYTES);
            place += 1;
            match read.map_err(|errno| io::Error::from(Fault::of(errno))) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Err(error) if is_of_device(&error) => return Err(error),
                Ok(_) => {}
                // It took its time.
                Err(_) => break,
            }
        }
        let paused = Instant::now();
        while paused.elapsed() < PAUSE && !is_over() {
            thread::sleep(LOOK);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    /// Over after so many questions.
    fn after(questions: u32) -> impl Fn() -> bool {
        let asked = Cell::new(0);
        move || {
            asked.set(asked.get() + 1);
            asked.get() > questions
        }
    }

    #[test]
    fn the_light_of_a_slot_is_on_for_a_while_and_then_as_it_was() {
        let root = tempfile::tempdir().unwrap();
        let disk = root.path().join("class/block/sdc");
        let slot = root.path().join("enclosure/0:0:1:0/Slot 03");
        fs::create_dir_all(disk.join("device")).unwrap();
        fs::create_dir_all(&slot).unwrap();
        assert_eq!(locate(&disk), None);
        std::os::unix::fs::symlink(&slot, disk.join("device/enclosure_device:Slot 03")).unwrap();
        assert_eq!(locate(&disk), None, "an enclosure without lights");
        fs::write(slot.join("locate"), "0\n").unwrap();
        let file = locate(&disk).unwrap();
        let is_on = || fs::read_to_string(&file).unwrap() == "1";
        let seen = Cell::new(false);
        let questions = after(3);
        let is_over = || {
            seen.set(seen.get() || is_on());
            questions()
        };
        assert!(shine(&file, &is_over));
        assert!(seen.get(), "it was on");
        assert_eq!(fs::read_to_string(&file).unwrap(), "0");
        assert!(!shine(&slot.join("none/locate"), &|| true));
    }

    #[test]
    fn a_disk_is_read_in_bursts_and_only_as_long_as_is_wanted() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("disk.img");
        fs::write(&path, vec![7; 3 << 20]).unwrap();
        let file = File::open(&path).unwrap();
        let (begun, asked_in_pause) = (Instant::now(), Cell::new(0));
        let is_over = || {
            let elapsed = begun.elapsed();
            asked_in_pause.set(asked_in_pause.get() + u32::from(elapsed >= BURST));
            elapsed >= BURST + PAUSE / 2
        };
        read_in_bursts(&file, 3 << 20, &is_over).unwrap();
        assert!(asked_in_pause.get() > 1, "it ends within a pause");
        read_in_bursts(&file, 3 << 20, &after(5)).unwrap();
        // What gives nothing any more is not read on.
        let gone = read_in_bursts(&file, 64 << 20, &|| false);
        assert_eq!(gone.unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
        let none = blink(&path, BLINKS_FOR, &|| false);
        assert!(matches!(none, Err(BlinkError::NoDisk(_))));
    }
}
