//! An inbox, at times that the tests choose.

use std::fs::File;
use std::io::Write as _;
use std::os::unix::fs::symlink;

use super::*;
use crate::port::Place;

const STILL: Duration = Duration::from_secs(10);

struct Room {
    folder: tempfile::TempDir,
    inbox: Inbox,
    begun: Instant,
}

impl Room {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let port = PortId::new(format!("folder:{}", folder.path().display())).unwrap();
        Self {
            inbox: Inbox::new(folder.path().to_owned(), port, STILL),
            begun: Instant::now(),
            folder,
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, content: &[u8]) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    /// What is complete so many seconds after the beginning.
    fn media(&mut self, seconds: u64) -> Vec<Medium> {
        let now = self.begun + Duration::from_secs(seconds);
        self.inbox.scan(now).media
    }

    /// What is to be known beside that.
    fn note(&mut self, seconds: u64) -> Option<PortNote> {
        let now = self.begun + Duration::from_secs(seconds);
        self.inbox.scan(now).note
    }

    fn names(&mut self, seconds: u64) -> Vec<String> {
        let media = self.media(seconds);
        media.into_iter().map(|medium| medium.name).collect()
    }
}

const NONE: [&str; 0] = [];

#[test]
fn an_image_is_complete_when_it_has_stood_still() {
    let mut room = Room::new();
    room.write("disk.img", b"half");
    assert_eq!(room.names(0), NONE);
    assert_eq!(room.names(9), NONE);
    room.write("disk.img", b"half and the rest");
    assert_eq!(room.names(10), NONE, "it has grown since");
    assert_eq!(room.names(19), NONE);
    let [medium] = &room.media(20)[..] else {
        panic!("one medium")
    };
    assert_eq!((medium.bytes, &medium.path), (17, &room.path("disk.img")));
    assert_eq!((medium.diskseq, &medium.left_alone), (None, &None));
    assert!(
        matches!(Place::of(&medium.port), Place::Inbox(folder) if folder == room.folder.path())
    );
    fs::remove_file(room.path("disk.img")).unwrap();
    assert_eq!(room.names(21), NONE);
}

#[test]
fn an_image_that_somebody_may_write_to_is_not_complete_however_still_it_stands() {
    let mut room = Room::new();
    let mut open = File::create(room.path("disk.img")).unwrap();
    open.write_all(b"half").unwrap();
    assert_eq!((room.names(0), room.names(100)), (vec![], vec![]));
    drop(open);
    assert_eq!(room.names(101), ["disk.img"]);
}

#[test]
fn an_image_that_is_replaced_or_written_to_is_another() {
    let mut room = Room::new();
    room.write("disk.img", b"first");
    room.names(0);
    let first = room.media(10).remove(0).id();
    assert_eq!(room.media(11).remove(0).id(), first);
    room.write("new", b"other");
    room.names(12);
    fs::rename(room.path("new"), room.path("disk.img")).unwrap();
    assert_eq!(
        room.names(20),
        NONE,
        "it has not stood still under this name"
    );
    let second = room.media(30).remove(0).id();
    assert_ne!(second, first);
    room.write("disk.img", b"third");
    let later = std::time::SystemTime::now() + Duration::from_secs(5);
    File::options()
        .write(true)
        .open(room.path("disk.img"))
        .unwrap()
        .set_modified(later)
        .unwrap();
    assert_eq!(room.names(31), NONE);
    assert_ne!(room.media(41).remove(0).id(), second);
}

#[test]
fn what_is_only_half_there_by_its_name_or_no_image_is_passed_over() {
    let mut room = Room::new();
    for name in [
        ".disk.img.x7Yz",
        "disk.img.part",
        "disk.img.PARTIAL",
        "disk.tmp",
        "none",
    ] {
        room.write(name, if name == "none" { b"" } else { b"x" });
    }
    room.write("real.img", b"x");
    symlink(room.path("real.img"), room.path("link.img")).unwrap();
    fs::create_dir(room.path("empty")).unwrap();
    room.names(0);
    room.names(10);
    assert_eq!(room.names(20), ["real.img"]);
}

#[test]
fn a_folder_is_complete_when_nothing_below_it_has_changed() {
    let mut room = Room::new();
    room.write("disk/photos/1.jpg", b"x");
    assert_eq!(room.names(0), NONE);
    room.write("disk/photos/2.jpg", b"x");
    assert_eq!(room.names(10), NONE, "another file is there");
    room.write("disk/photos/2.jpg", b"y");
    assert_eq!(room.names(20), NONE, "a file has changed, and has its size");
    let open = File::options()
        .append(true)
        .open(room.path("disk/photos/1.jpg"))
        .unwrap();
    assert_eq!(room.names(30), NONE, "somebody may write to it");
    drop(open);
    let [medium] = &room.media(40)[..] else {
        panic!("one medium")
    };
    assert_eq!((medium.bytes, &medium.path), (0, &room.path("disk")));
    // What is done there now is seen by who loads it.
    let id = medium.id();
    room.write("disk/SIGNATURE", b"x");
    assert_eq!(room.media(41).remove(0).id(), id);
}

#[test]
fn a_large_folder_is_counted_bit_by_bit_and_keeps_nobody_waiting() {
    let mut room = Room::new();
    for at in 0..40 {
        room.write(&format!("disk/f{at}/file"), b"x");
    }
    room.write("quick.img", b"x");
    room.inbox.entries_at_once = 10;
    let mut counted = 0;
    room.names(0);
    while room.inbox.is_counting() {
        counted += 1;
        room.names(0);
    }
    assert!((4..=80).contains(&counted), "{counted}");
    assert_eq!(room.names(10), ["quick.img"]);
    while room.inbox.is_counting() {
        room.names(10);
    }
    assert_eq!(room.names(10), ["disk", "quick.img"]);
}

#[test]
fn a_folder_that_is_made_later_is_an_inbox_and_one_that_cannot_be_listed_keeps_what_it_had() {
    let mut room = Room::new();
    let inner = room.path("inbox");
    room.inbox.folder.clone_from(&inner);
    assert_eq!(room.names(0), NONE);
    room.write("inbox/disk.img", b"x");
    room.names(0);
    assert_eq!(room.names(10), ["disk.img"]);
    // As when whoever has its file system refuses to list it.
    fs::rename(&inner, room.path("away")).unwrap();
    symlink(&inner, &inner).unwrap();
    assert_eq!(room.names(11), ["disk.img"]);
    let unlisted = room.note(11).unwrap();
    assert!(matches!(unlisted, PortNote::Unusable(why) if why.may_hold()));
    fs::remove_file(&inner).unwrap();
    assert_eq!(room.names(12), NONE);
}

#[test]
fn what_is_not_complete_is_told_as_arriving_and_what_is_empty_is_not() {
    let mut room = Room::new();
    let arriving = |name: &str| {
        Some(PortNote::Arriving {
            name: name.to_owned(),
            still_for: STILL,
        })
    };
    fs::create_dir(room.path("a-empty")).unwrap();
    assert_eq!(room.note(0), None);
    room.write("disk.img", b"half");
    assert_eq!(room.note(1), arriving("disk.img"));
    room.write("folder/photo.jpg", b"half");
    assert_eq!(room.note(5), arriving("disk.img"));
    assert_eq!(room.names(11), ["disk.img"]);
    assert_eq!(room.note(11), arriving("folder"));
    assert_eq!(room.names(15), ["disk.img", "folder"]);
    assert_eq!(room.note(15), None);
}

#[test]
fn a_folder_that_is_missing_or_none_is_told_with_what_mends_it_and_has_nothing() {
    let mut room = Room::new();
    room.write("disk.img", b"whole");
    room.names(0);
    assert_eq!(room.names(10), ["disk.img"]);
    let folder = room.folder.path().to_owned();
    let away = folder.with_extension("away");
    fs::rename(&folder, &away).unwrap();
    let missing = UnusableFolder::Missing(folder.clone());
    assert_eq!(room.note(11), Some(PortNote::Unusable(missing)));
    assert_eq!(room.names(11), NONE);
    fs::write(&folder, "x").unwrap();
    let file = UnusableFolder::NoFolder(folder.clone());
    assert_eq!(room.note(12), Some(PortNote::Unusable(file)));
    fs::remove_file(&folder).unwrap();
    fs::rename(&away, &folder).unwrap();
    assert!(matches!(room.note(13), Some(PortNote::Arriving { .. })));
    assert_eq!(room.names(23), ["disk.img"]);
}
