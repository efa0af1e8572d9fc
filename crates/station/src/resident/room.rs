//! Room on the station's own disk, for the lists and the journals of what is loaded.

use std::path::{Path, PathBuf};

use model::limits::STATION_ROOM_BYTES;
use model::readable;

use super::told::Told;

/// In steps of so many bytes it is told what is free, so that it is no news with every file that others write.
const STEP_BYTES: u64 = 10 << 20;

/// A station's own disk that has too little room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NoRoom {
    folder: PathBuf,
    free: u64,
}

impl NoRoom {
    /// Of a folder on a disk with so many bytes free.
    pub(super) fn new(folder: PathBuf, free: u64) -> Self {
        let free = free / STEP_BYTES * STEP_BYTES;
        Self { folder, free }
    }

    /// That the disk of a folder has too little for a docking, if so. Where its file system does not say, a docking finds out
    /// by itself.
    pub(super) fn of(folder: &Path) -> Option<Self> {
        let free = durable::reserve::free(folder)?;
        (free < STATION_ROOM_BYTES).then(|| Self::new(folder.to_owned(), free))
    }

    /// The same of one on which a write has just failed for want of room.
    pub(super) fn met(folder: &Path) -> Self {
        let free = durable::reserve::free(folder).unwrap_or(0);
        Self::new(folder.to_owned(), free)
    }

    /// What is told of it.
    pub(super) fn told(&self) -> Told {
        let folder = self.folder.display();
        let free = match self.free {
            0 => "next to nothing".to_owned(),
            free => format!("about {}", readable::bytes(free)),
        };
        let needed = readable::bytes(STATION_ROOM_BYTES);
        Told::that(&format!(
            "the station's own disk is full: `{folder}` has {free} free, and {needed} are needed"
        ))
        .hint("make room on the disk of that folder; loading then goes on by itself")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_told_which_folder_what_is_free_and_what_is_needed() {
        let told = NoRoom::new("/srv/station".into(), 15_000_000).told();
        let wanted = "The station's own disk is full: `/srv/station` has about 10.5 MB free, and 419 MB are needed.";
        assert_eq!(told.sentence, wanted);
        let told = NoRoom::new("/srv/station".into(), 4096).told();
        assert!(told.sentence.contains("has next to nothing free"));
        let other = NoRoom::new("/srv/station".into(), 4095).told();
        assert_eq!(told, other, "no news");
    }
}
