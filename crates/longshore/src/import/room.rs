//! Whether the embedded store has room for a folder: asked before the first byte, because a disk that
//! is full half-way costs hours.

use std::path::Path;

use anyhow::Context as _;
use disks::tree::Tree;
use model::manifest::S3Import;
use transfer::settings::Settings;
use transfer::stop::Stop;

use super::present::Present;
use super::survey::{Survey, Takes, survey};
use crate::exit::{Exit, Failure};
use crate::local_service::LocalService;
use crate::{interrupt, output};

/// Files of the store begin on blocks of so many bytes, as on most file systems.
const BLOCK: u64 = 4096;

/// What each file takes beside its bytes: a row of the index and its place in two B-trees (some
/// 600 B), records of the journal and lines of the report (some 800 B), an inode (256 B).
const OF_EACH: u64 = 2048;

/// What is needed beside all files: the job store, logs, a margin for what others write meanwhile.
const MARGIN: u64 = 16 << 20;

/// What a file takes in the store, in bytes.
pub(super) fn of_file(bytes: u64) -> u64 {
    bytes
        .div_ceil(BLOCK)
        .saturating_mul(BLOCK)
        .saturating_add(OF_EACH)
}

/// Room that is needed, and room that there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Room {
    /// In bytes.
    pub(super) needed: u64,
    /// In bytes, for others than root.
    pub(super) free: u64,
}

impl Room {
    /// What `found` needs in the file system of `data`, which need not be there yet. The parts of a
    /// file that is sent in parts lie beside the whole while it is put together; others are sent whole.
    ///
    /// # Errors
    /// If the file system does not say how much it has.
    pub(super) fn of(found: &Survey, settings: &Settings, data: &Path) -> Result<Self, Failure> {
        let parts = match found.largest >= settings.multipart_threshold {
            true => found.largest,
            false => 0,
        };
        let needed = found.stored_bytes.saturating_add(parts);
        Ok(Self {
            needed: needed.saturating_add(MARGIN),
            free: free(data)?,
        })
    }

    /// Whether it does.
    pub(super) fn is_enough(self) -> bool {
        self.needed <= self.free
    }
}

/// Bytes that are free in the file system of a path, of which the last parts need not exist.
///
/// # Errors
/// The system's.
pub(super) fn free(path: &Path) -> Result<u64, Failure> {
    let path = std::path::absolute(path).context("could not find the data folder")?;
    let there = path.ancestors().find(|path| path.exists()).unwrap_or(&path);
    let told = rustix::fs::statvfs(there);
    let told = told.with_context(|| format!("could not ask how full `{}` is", there.display()))?;
    Ok(told.f_bavail.saturating_mul(told.f_frsize))
}

/// Refuses a folder for which the embedded store has no room. What is there already and as long is
/// not counted.
///
/// # Errors
/// If there is too little, or if it cannot be found out.
pub(super) fn check(
    tree: &dyn Tree,
    rules: &S3Import,
    settings: &Settings,
    local: &LocalService,
) -> Result<(), Failure> {
    if !local.is_embedded(&rules.bucket) {
        return Ok(());
    }
    let stop = Stop::default();
    let found = look(tree, rules, &stop, &mut |_, _| Takes::Room)?;
    if Room::of(&found, settings, local.data())?.is_enough() {
        return Ok(());
    }
    // Only now is the bucket worth a look.
    let room = of_rest(tree, rules, settings, local)?;
    match room.is_enough() {
        true => Ok(()),
        false => Err(too_little(room, local.data())),
    }
}

/// The room for what is not in the bucket yet: what an import that goes on is asked for, and so what
/// is said to be missing when a disk is full.
///
/// # Errors
/// If the folder, the bucket or the disk cannot be looked at.
pub(super) fn of_rest(
    tree: &dyn Tree,
    rules: &S3Import,
    settings: &Settings,
    local: &LocalService,
) -> Result<Room, Failure> {
    let stop = Stop::default();
    let present = Present::find(local, rules, &stop)?;
    let found = look(tree, rules, &stop, &mut |key, bytes| {
        present.takes(key, bytes, settings.existing)
    })?;
    Room::of(&found, settings, local.data())
}

fn look(
    tree: &dyn Tree,
    rules: &S3Import,
    stop: &Stop,
    visit: &mut super::survey::Visit<'_>,
) -> Result<Survey, Failure> {
    let found = survey(tree, rules, stop, visit);
    Ok(found.context("could not look through the folder")?)
}

fn too_little(room: Room, data: &Path) -> Failure {
    let message = format!(
        "there is too little room: the files need {} and the disk of `{}` has {} free",
        output::bytes(room.needed),
        data.display(),
        output::bytes(room.free)
    );
    Failure::refused(message).hint(
        "the embedded store needs as much space as the data: make room, or name a data folder on \
         another disk, --data",
    )
}

/// The same by a guess, where nothing can be looked at: `rest` is what was not sent yet, in bytes.
pub(super) fn guessed(rest: u64, data: &Path) -> Room {
    Room {
        needed: of_file(rest).saturating_add(MARGIN),
        free: free(data).unwrap_or(0),
    }
}

/// What is said when the disk filled up all the same, as others write to it too.
pub(super) fn is_full(data: &Path, rest: Room, again: &str) -> Failure {
    // What others free meanwhile helps too.
    let more = rest.needed.saturating_sub(rest.free);
    let message = format!(
        "the disk of `{}` is full; {} needed",
        data.display(),
        match more {
            0..1_000_000 => "a little more is".to_owned(),
            more => format!("{} more are", output::bytes(more)),
        }
    );
    Failure::new(Exit::Unavailable, anyhow::anyhow!(message))
        .hint(format!("make room, and `{again}` goes on where it stopped"))
}

/// Makes Ctrl-C end a look through a folder that nothing else ends.
pub(super) fn stoppable() -> Result<Stop, Failure> {
    let stop = Stop::default();
    interrupt::stops(stop.clone()).context("could not listen for signals")?;
    Ok(stop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_take_whole_blocks_and_the_largest_of_those_in_parts_takes_its_room_twice() {
        assert_eq!(of_file(0), OF_EACH);
        assert_eq!(of_file(1), BLOCK + OF_EACH);
        assert_eq!(of_file(4097), 2 * BLOCK + OF_EACH);
        assert_eq!(of_file(u64::MAX), u64::MAX);
        let found = Survey {
            stored_bytes: 1 << 30,
            largest: 1 << 20,
            ..Survey::default()
        };
        let needed = |threshold| {
            let settings = Settings {
                multipart_threshold: threshold,
                ..Settings::default()
            };
            let room = Room::of(&found, &settings, Path::new("/nonexistent/deep")).unwrap();
            assert!(room.free > 0);
            room.needed
        };
        assert_eq!(needed(1 << 20), (1 << 30) + (1 << 20) + MARGIN);
        // Sent whole, it lies there once.
        assert_eq!(needed((1 << 20) + 1), (1 << 30) + MARGIN);
        let exactly = Room { needed: 5, free: 5 };
        assert!(exactly.is_enough() && !Room { free: 4, ..exactly }.is_enough());
    }

    #[test]
    fn a_full_disk_says_how_much_more_and_how_to_go_on() {
        let root = Path::new("/");
        let failure = is_full(
            root,
            guessed(1 << 60, root),
            "longshore import X --resume J",
        );
        assert_eq!(failure.exit, Exit::Unavailable);
        let words = failure.error.to_string();
        assert!(
            words.starts_with("the disk of `/` is full; 1.2 EB more are needed"),
            "{words}"
        );
        assert!(
            failure
                .hint
                .unwrap()
                .contains("`longshore import X --resume J` goes on")
        );
    }
}
