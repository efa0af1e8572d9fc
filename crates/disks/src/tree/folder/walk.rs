//! One walk over a folder.
//!
//! A file system that was damaged, or made to harm, may hold folders within themselves, one folder
//! under many names, and files that claim any size. What it has room for bounds what is walked.

use std::collections::{HashMap, HashSet};
use std::ffi::CString;
use std::io;
use std::ops::ControlFlow;

use model::entry::{Damage, EntryPath, Unloadable};
use model::limits;
use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, Statx, StatxAttributes, StatxFlags};
use rustix::io::Errno;

use super::look::{self, Look, device, kind};
use super::{Folder, READ};
use crate::fault::is_starved;
use crate::tree::{BadEntry, DeviceGone, LOST_AND_FOUND, Walked};

/// Names of one folder that are held and sorted at once. A folder with more is handed out in
/// sorted runs of this length, so that memory stays flat.
const SORTED_RUN: usize = 16 << 10;

/// The same below [`DEEP`] levels, where many folders are open at once.
const SORTED_RUN_DEEP: usize = 1 << 10;

/// From this depth on, runs are short.
const DEEP: usize = 8;

/// How much a file system has room for; `None` where it does not say, or is not to be asked.
#[derive(Debug, Default)]
pub(super) struct Room {
    /// The number of its device: other file systems below have rooms of their own.
    pub(super) device: u64,
    /// Folders at most.
    pub(super) folders: Option<u64>,
    /// Bytes.
    pub(super) bytes: Option<u64>,
}

/// One walk. Descends depth first, with one descriptor for each folder on the way; every folder's
/// names in sorted runs.
pub(super) struct Walk<'a> {
    tree: &'a Folder,
    look: Look,
    room: Room,
    visit: &'a mut dyn FnMut(Walked) -> ControlFlow<()>,
    /// The folders that were walked, by mount and device: some 16 bytes each.
    walked: HashMap<(u64, u64), HashSet<u64>>,
    folders: u64,
    /// The mount that is not left: where the root is that of a file system, the file system is what is
    /// loaded. A folder within one is loaded with whatever is mounted below it.
    only: Option<u64>,
    /// Bytes of holes in the files so far.
    holes: u64,
    /// What this host ran out of. That is nobody's fault on the device, and ends the walk.
    starved: Option<Errno>,
}

impl<'a> Walk<'a> {
    pub(super) fn new(
        tree: &'a Folder,
        room: Room,
        visit: &'a mut dyn FnMut(Walked) -> ControlFlow<()>,
    ) -> Self {
        Self {
            tree,
            look: Look::of(tree),
            room,
            visit,
            walked: HashMap::new(),
            folders: 0,
            only: None,
            holes: 0,
            starved: None,
        }
    }

    /// Hands out everything below `root`.
    ///
    /// # Errors
    /// [`DeviceGone`] if this host ran out of something.
    pub(super) fn run(mut self, root: Dir) -> Result<(), DeviceGone> {
        let found = root.fd().and_then(|fd| {
            let wanted = StatxFlags::INO | StatxFlags::MNT_ID;
            rustix::fs::statx(fd, "", AtFlags::EMPTY_PATH, wanted)
        });
        if let Ok(found) = found {
            self.is_first_time(&found);
            let is_root = found.stx_attributes.contains(StatxAttributes::MOUNT_ROOT);
            self.only = is_root.then_some(found.stx_mnt_id);
        }
        let _stopped = self.folder(root, None, &mut Vec::new(), 0);
        self.starved
            .map_or(Ok(()), |error| Err(DeviceGone(error.into())))
    }

    /// Hands out a folder's entries. `path` is the folder's own path, `/` at its end unless it is
    /// the root; it is the same again when this returns. `own` is what was found of the folder itself, unless it is
    /// the root.
    fn folder(
        &mut self,
        mut folder: Dir,
        own: Option<&Statx>,
        path: &mut Vec<u8>,
        depth: usize,
    ) -> ControlFlow<()> {
        let run_length = if depth < DEEP {
            SORTED_RUN
        } else {
            SORTED_RUN_DEEP
        };
        let mut dots = Dots::default();
        let mut is_empty = true;
        loop {
            let (mut run, end) = next_run(&mut folder, run_length, &mut dots);
            is_empty &= run.is_empty();
            run.sort_unstable();
            for name in &run {
                self.name(&folder, path, name, depth)?;
            }
            match end {
                RunEnd::More => {}
                RunEnd::Last => {
                    if let Some(own) = own.filter(|_| is_empty) {
                        self.empty(path, own)?;
                    }
                    return self.dots(path, &dots);
                }
                RunEnd::Failed(e) => return self.bad(path, e),
            }
        }
    }

    /// Hands out a folder with nothing in it.
    fn empty(&mut self, path: &[u8], own: &Statx) -> ControlFlow<()> {
        let path = path.strip_suffix(b"/").unwrap_or(path);
        if path == LOST_AND_FOUND {
            return ControlFlow::Continue(());
        }
        (self.visit)(Ok(self.look.entry(path, own, || Err(Errno::INVAL))))
    }

    /// Every folder has one entry for itself and one for the folder above; others of these names
    /// cannot be reached.
    fn dots(&mut self, path: &[u8], dots: &Dots) -> ControlFlow<()> {
        for (name, count) in [(".", dots.itself), ("..", dots.above)] {
            if count > 1 {
                let path = [path, name.as_bytes()].concat();
                self.wrong(&path, 0, Unloadable::Damaged(Damage::ImpossibleName))?;
            }
        }
        ControlFlow::Continue(())
    }

    fn name(
        &mut self,
        folder: &Dir,
        path: &mut Vec<u8>,
        name: &CString,
        depth: usize,
    ) -> ControlFlow<()> {
        let before = path.len();
        path.extend_from_slice(name.as_bytes());
        let flow = match look_at(folder, name) {
            Err(e) => self.bad(path, e),
            Ok(found) if self.only.is_some_and(|only| only != found.stx_mnt_id) => {
                self.wrong(path, 0, Unloadable::OtherMount)
            }
            Ok(found) => match kind(&found) {
                FileType::Directory => self.descend(folder, path, name, depth, &found),
                _ => self.file(folder, path, name, &found),
            },
        };
        path.truncate(before);
        flow
    }

    fn file(
        &mut self,
        folder: &Dir,
        path: &[u8],
        name: &CString,
        found: &Statx,
    ) -> ControlFlow<()> {
        if let Some(why) = self.claims_too_much(found) {
            return self.wrong(path, found.stx_size, why);
        }
        let target = || rustix::fs::readlinkat(folder.fd()?, name, Vec::new());
        (self.visit)(Ok(self.look.entry(path, found, target)))
    }

    /// Whether a file claims what its file system cannot hold.
    fn claims_too_much(&mut self, found: &Statx) -> Option<Unloadable> {
        let (bytes, capacity) = (found.stx_size, self.room.bytes?);
        // What no object could be is refused as such.
        let is_asked = kind(found) == FileType::RegularFile && bytes <= limits::OBJECT_BYTES;
        if !is_asked || device(found) != self.room.device {
            return None;
        }
        if bytes > capacity {
            return Some(Unloadable::LargerThanDevice { bytes, capacity });
        }
        let holes = bytes.saturating_sub(found.stx_blocks.saturating_mul(512));
        let with_this = self.holes.saturating_add(holes);
        if holes > 0 && with_this > capacity.saturating_mul(limits::HOLES_TIMES) {
            return Some(Unloadable::TooManyHoles { bytes, capacity });
        }
        self.holes = with_this;
        None
    }

    fn descend(
        &mut self,
        parent: &Dir,
        path: &mut Vec<u8>,
        name: &CString,
        depth: usize,
        found: &Statx,
    ) -> ControlFlow<()> {
        if depth + 1 >= limits::TREE_DEPTH {
            return self.wrong(path, 0, Unloadable::TooDeep);
        }
        if !self.is_first_time(found) {
            return self.wrong(path, 0, Unloadable::Damaged(Damage::MetBefore));
        }
        if device(found) == self.room.device {
            self.folders += 1;
            if self.room.folders.is_some_and(|room| self.folders > room) {
                return self.wrong(path, 0, Unloadable::Damaged(Damage::TooManyFolders));
            }
        }
        let opened = parent.fd().and_then(|parent| {
            self.tree.quietly(READ | OFlags::DIRECTORY, |flags| {
                rustix::fs::openat(parent, name, flags, Mode::empty())
            })
        });
        match opened.and_then(Dir::new) {
            Err(e) => self.bad(path, e),
            Ok(folder) => {
                path.push(b'/');
                self.folder(folder, Some(found), path, depth + 1)
            }
        }
    }

    /// Whether a folder was not met before. The same folder mounted twice is two.
    fn is_first_time(&mut self, found: &Statx) -> bool {
        let place = (found.stx_mnt_id, device(found));
        self.walked.entry(place).or_default().insert(found.stx_ino)
    }

    fn bad(&mut self, path: &[u8], error: Errno) -> ControlFlow<()> {
        let error = io::Error::from(error);
        if is_starved(&error) {
            self.starved = Errno::from_io_error(&error);
            return ControlFlow::Break(());
        }
        (self.visit)(Err(BadEntry::unreadable(EntryPath::new(path), 0, error)))
    }

    fn wrong(&mut self, path: &[u8], bytes: u64, why: Unloadable) -> ControlFlow<()> {
        let path = EntryPath::new(path);
        (self.visit)(Err(BadEntry::unloadable(path, bytes, why)))
    }
}

enum RunEnd {
    More,
    Last,
    Failed(Errno),
}

/// How many entries a folder has for itself and for the folder above.
#[derive(Debug, Default)]
struct Dots {
    itself: u32,
    above: u32,
}

/// The next names of a folder, as many as one run holds.
fn next_run(names: &mut Dir, length: usize, dots: &mut Dots) -> (Vec<CString>, RunEnd) {
    let mut run = Vec::new();
    while run.len() < length {
        match names.read() {
            None => return (run, RunEnd::Last),
            Some(Err(e)) => return (run, RunEnd::Failed(e)),
            Some(Ok(found)) => match found.file_name().to_bytes() {
                b"." => dots.itself += 1,
                b".." => dots.above += 1,
                _ => run.push(found.file_name().to_owned()),
            },
        }
    }
    (run, RunEnd::More)
}

fn look_at(folder: &Dir, name: &CString) -> rustix::io::Result<Statx> {
    rustix::fs::statx(folder.fd()?, name, AtFlags::SYMLINK_NOFOLLOW, look::WANTED)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    /// What a walk hands out, as text.
    fn told(found: Walked) -> String {
        match found {
            Ok(entry) => entry.path.to_string(),
            Err(bad) => format!("{}: {:?}", bad.path, bad.why),
        }
    }

    #[test]
    fn more_folders_than_there_is_room_for_are_lines() {
        let disk = tempfile::tempdir().unwrap();
        for name in ["a/b/f", "c/f", "d/f"] {
            let path = disk.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, b"x").unwrap();
        }
        let tree = Folder::open(disk.path()).unwrap();
        let room = Room {
            folders: Some(3),
            ..tree.room()
        };
        let mut all = Vec::new();
        let mut visit = |found| {
            all.push(told(found));
            ControlFlow::Continue(())
        };
        let root = Dir::read_from(&tree.root).unwrap();
        Walk::new(&tree, room, &mut visit).run(root).unwrap();
        assert_eq!(all, ["a/b/f", "c/f", "d: Damaged(TooManyFolders)"]);
    }

    #[test]
    fn a_name_that_is_listed_and_not_there_is_a_line() {
        let disk = tempfile::tempdir().unwrap();
        let tree = Folder::open(disk.path()).unwrap();
        let mut all = Vec::new();
        let mut visit = |found| {
            all.push(told(found));
            ControlFlow::Continue(())
        };
        let root = Dir::read_from(&tree.root).unwrap();
        let mut walk = Walk::new(&tree, Room::default(), &mut visit);
        let flow = walk.name(&root, &mut Vec::new(), &c"gone".to_owned(), 0);
        assert!(flow.is_continue());
        assert_eq!(all.len(), 1);
        assert!(all[0].starts_with("gone: Unreadable("), "{all:?}");
    }
}
