//! What came by trying again, kept on this host: it may never come a second time.
//!
//! `rescued` is a sparse file, each byte at its offset on the device. `rescued.list` says which of it counts, and what
//! was tried in vain: the format, the device, `mark START BYTES SUM` for each place by which that is known again, and then
//! `kept START BYTES`, `retried START BYTES TIMES` or `given-up START BYTES`, numbers decimal. The file is on disk
//! before the list says so.

use std::fmt::Write as _;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use super::limits::KEPT_BYTES;
use super::marks::Mark;
use super::spans::Spans;

/// The name of the file, beside the map.
pub(crate) const FILE: &str = "rescued";

const LIST: &str = "rescued.list";

const FORMAT: &str = "longshore-rescued 1";

/// What became of a stretch that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It came, and is in the file.
    Kept,
    /// It was bad, and in vain retried so often.
    Retried(u32),
    /// It was bad, and retried as often as was asked for: it is not tried any more, in no attempt.
    GivenUp,
    /// It is not tried any more in this attempt, and was retried so often: what that may cost was spent before it came
    /// to it, or it did come and there was no room to keep it.
    Spent(u32),
}

/// What the list says.
#[derive(Debug, Default)]
pub(crate) struct Listed {
    pub(crate) marks: Vec<Mark>,
    pub(crate) fates: Spans<Fate>,
}

/// The file, and where it is.
#[derive(Debug)]
pub(crate) struct Kept {
    folder: PathBuf,
    file: Option<File>,
    /// Bytes that may still be kept.
    pub(super) room: u64,
}

impl Kept {
    /// Looks for what an earlier attempt kept of a device of `bytes`. A list of another size does not count, nor does
    /// one whose file is gone.
    pub(crate) fn open(folder: &Path, bytes: u64, sector: u64) -> io::Result<(Self, Listed)> {
        let mut kept = Self::empty(folder);
        let Some(listed) = kept.load(&heading(bytes, sector))? else {
            kept.forget()?;
            return Ok((kept, Listed::default()));
        };
        let held = listed.fates.of(Fate::Kept);
        let held: u64 = held.iter().map(|range| range.end - range.start).sum();
        kept.room = kept.room.saturating_sub(held);
        Ok((kept, listed))
    }

    fn empty(folder: &Path) -> Self {
        let free = durable::reserve::free(folder).unwrap_or(0);
        Self {
            folder: folder.to_owned(),
            file: None,
            room: KEPT_BYTES.min(free / 4),
        }
    }

    /// Begins anew. The list goes before the file of which it says something.
    pub(crate) fn forget(&mut self) -> io::Result<()> {
        durable::remove(&self.folder.join(LIST))?;
        durable::remove(&self.folder.join(FILE))?;
        *self = Self::empty(&self.folder);
        Ok(())
    }

    /// What the list says, if it is of such a device and the file is there.
    fn load(&mut self, heading: &str) -> io::Result<Option<Listed>> {
        let Some(text) = found(std::fs::read_to_string(self.folder.join(LIST)))? else {
            return Ok(None);
        };
        let Some(listed) = parse(&text, heading) else {
            tracing::warn!("what was rescued before is of another device, or damaged: not used");
            return Ok(None);
        };
        let Some(end) = listed.fates.of(Fate::Kept).last().map(|range| range.end) else {
            return Ok(Some(listed));
        };
        let options = OpenOptions::new().read(true).write(true).clone();
        let Some(file) = found(options.open(self.folder.join(FILE)))? else {
            return Ok(None);
        };
        let is_whole = file.metadata()?.len() >= end;
        self.file = Some(file);
        Ok(is_whole.then_some(listed))
    }

    /// Keeps `bytes` of the device; `false` if there is no room for them.
    pub(crate) fn keep(&mut self, at: u64, bytes: &[u8]) -> io::Result<bool> {
        let Some(room) = self.room.checked_sub(bytes.len() as u64) else {
            return Ok(false);
        };
        if self.file.is_none() {
            let mut options = OpenOptions::new();
            let options = options.read(true).write(true).create(true).truncate(true);
            let file = options
                .mode(durable::OWNER_ONLY)
                .open(self.folder.join(FILE))?;
            self.file = Some(file);
        }
        if let Some(file) = &self.file {
            file.write_all_at(bytes, at)?;
        }
        self.room = room;
        Ok(true)
    }

    /// The file, to be read or synced by whoever holds it.
    pub(crate) fn file(&self) -> io::Result<Option<File>> {
        self.file.as_ref().map(File::try_clone).transpose()
    }
}

/// What an open file holds, or nothing if there is none.
fn found<T>(opened: io::Result<T>) -> io::Result<Option<T>> {
    match opened {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        opened => opened.map(Some),
    }
}

/// Writes the list, behind the file.
pub(crate) fn save(
    folder: &Path,
    file: Option<&File>,
    device: (u64, u64),
    listed: &Listed,
) -> io::Result<()> {
    if let Some(file) = file {
        file.sync_data()?;
        durable::sync_folder(&folder.join(FILE))?;
    }
    let text = render(&heading(device.0, device.1), listed);
    durable::replace(&folder.join(LIST), text.as_bytes())
}

/// Forgets what was tried in vain: what was rescued stays.
///
/// # Errors
/// The system's error.
pub(crate) fn try_anew(folder: &Path) -> io::Result<()> {
    let path = folder.join(LIST);
    let Some(text) = found(std::fs::read_to_string(&path))? else {
        return Ok(());
    };
    let is_left = |line: &&str| !line.starts_with("given-up ") && !line.starts_with("retried ");
    let left = text.split_inclusive('\n').filter(is_left);
    durable::replace(&path, left.collect::<String>().as_bytes())
}

fn heading(bytes: u64, sector: u64) -> String {
    format!("{FORMAT}\ndevice {bytes} {sector}\n")
}

fn render(heading: &str, listed: &Listed) -> String {
    let mut text = heading.to_owned();
    for Mark { place, sum } in &listed.marks {
        let (start, bytes) = (place.start, place.end - place.start);
        // Into a string: it cannot fail.
        let _ = writeln!(text, "mark {start} {bytes} {sum}");
    }
    for (range, fate) in listed.fates.iter() {
        let (start, bytes) = (range.start, range.end - range.start);
        let _ = match fate {
            Fate::Kept => writeln!(text, "kept {start} {bytes}"),
            // In the next attempt it has its turn.
            Fate::Spent(0) => Ok(()),
            Fate::Retried(times) | Fate::Spent(times) => {
                writeln!(text, "retried {start} {bytes} {times}")
            }
            Fate::GivenUp => writeln!(text, "given-up {start} {bytes}"),
        };
    }
    text
}

fn parse(text: &str, heading: &str) -> Option<Listed> {
    let mut listed = Listed::default();
    for line in text.strip_prefix(heading)?.lines() {
        let mut words = line.split(' ');
        let (what, start, bytes) = (words.next()?, words.next()?, words.next()?);
        let start: u64 = start.parse().ok()?;
        let range = start..start.checked_add(bytes.parse().ok()?)?;
        let fate = match (what, words.next()) {
            ("mark", Some(sum)) => {
                let (place, sum) = (range, sum.parse().ok()?);
                listed.marks.push(Mark { place, sum });
                continue;
            }
            ("kept", None) => Fate::Kept,
            ("retried", Some(times)) => Fate::Retried(times.parse().ok()?),
            ("given-up", None) => Fate::GivenUp,
            _ => return None,
        };
        listed.fates.set(range, Some(fate));
    }
    Some(listed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed() -> Listed {
        let mut listed = Listed::default();
        listed.marks.push(Mark {
            place: 512..1024,
            sum: u64::MAX,
        });
        listed.fates.set(0..512, Some(Fate::Kept));
        listed.fates.set(512..2048, Some(Fate::Retried(3)));
        listed.fates.set(4096..8192, Some(Fate::GivenUp));
        listed
    }

    #[test]
    fn the_list_is_read_as_it_was_written() {
        let text = render(&heading(1 << 40, 4096), &listed());
        let frozen = "longshore-rescued 1\ndevice 1099511627776 4096\nmark 512 512 18446744073709551615\n\
            kept 0 512\nretried 512 1536 3\ngiven-up 4096 4096\n";
        assert_eq!(text, frozen);
        let again = parse(&text, &heading(1 << 40, 4096)).unwrap();
        assert_eq!((again.marks, again.fates), (listed().marks, listed().fates));
        assert!(parse(&text, &heading(1 << 40, 512)).is_none());
        assert!(parse(&text.replace("kept", "held"), &heading(1 << 40, 4096)).is_none());
    }

    #[test]
    fn what_the_file_does_not_hold_does_not_count() {
        let folder = tempfile::tempdir().unwrap();
        let opened = || Kept::open(folder.path(), 1 << 20, 512).unwrap();
        let save = |kept: &Kept, listed: &Listed| {
            let file = kept.file().unwrap();
            save(folder.path(), file.as_ref(), (1 << 20, 512), listed).unwrap();
        };
        let (mut kept, _) = opened();
        assert!(kept.keep(0, &[7; 512]).unwrap());
        save(&kept, &listed());
        assert_eq!(opened().1.fates, listed().fates);
        File::options()
            .write(true)
            .open(folder.path().join(FILE))
            .unwrap()
            .set_len(100)
            .unwrap();
        assert_eq!(opened().1.fates, Spans::default());
        // And nothing is left that says so when there is a file again.
        std::fs::write(folder.path().join(FILE), [0; 4096]).unwrap();
        assert_eq!(opened().1.fates, Spans::default());
    }

    #[test]
    fn without_room_nothing_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let mut kept = Kept::empty(folder.path());
        kept.room = 1000;
        assert!(kept.keep(0, &[7; 512]).unwrap());
        assert!(!kept.keep(4096, &[7; 512]).unwrap());
        assert!(kept.keep(512, &[7; 488]).unwrap());
    }
}
