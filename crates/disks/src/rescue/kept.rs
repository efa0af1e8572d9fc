//! What came by trying again, kept on this host: it may never come a second time.
//!
//! `rescued` is a sparse file, each byte at its offset on the device. `rescued.list` says which of it counts, and what
//! was tried in vain: a line of format and device, then `kept START BYTES`, `retried START BYTES TIMES` or
//! `given-up START BYTES`, numbers decimal. The file is on disk before the list says so.

use std::fmt::Write as _;
use std::fs::{File, OpenOptions};
use std::io;
use std::ops::Range;
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use super::limits::KEPT_BYTES;
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
    /// It is not tried any more.
    GivenUp,
}

/// The file and its list.
#[derive(Debug)]
pub(crate) struct Kept {
    folder: PathBuf,
    file: Option<File>,
    /// Bytes that may still be kept.
    room: u64,
}

impl Kept {
    /// Looks for what an earlier attempt kept of a device of `bytes`. What is of another device does not count, nor
    /// does a list whose file is gone.
    pub(crate) fn open(folder: &Path, bytes: u64, sector: u64) -> io::Result<(Self, Spans<Fate>)> {
        let free = durable::reserve::free(folder).unwrap_or(0);
        let mut kept = Self {
            folder: folder.to_owned(),
            file: None,
            room: KEPT_BYTES.min(free / 4),
        };
        let Some(fates) = kept.load(&heading(bytes, sector))? else {
            // Before anything is put into the file again of which it says something else.
            durable::remove(&folder.join(LIST))?;
            return Ok((kept, Spans::default()));
        };
        let held: u64 = fates
            .of(Fate::Kept)
            .iter()
            .map(|it| it.end - it.start)
            .sum();
        kept.room = kept.room.saturating_sub(held);
        Ok((kept, fates))
    }

    /// What the list says, if it is of this device and the file is there.
    fn load(&mut self, heading: &str) -> io::Result<Option<Spans<Fate>>> {
        let Some(text) = found(std::fs::read_to_string(self.folder.join(LIST)))? else {
            return Ok(None);
        };
        let Some(fates) = parse(&text, heading) else {
            tracing::warn!("what was rescued before is of another device, or damaged: not used");
            return Ok(None);
        };
        let Some(end) = fates.of(Fate::Kept).last().map(|range| range.end) else {
            return Ok(Some(fates));
        };
        let options = OpenOptions::new().read(true).write(true).clone();
        let Some(file) = found(options.open(self.folder.join(FILE)))? else {
            return Ok(None);
        };
        let is_whole = file.metadata()?.len() >= end;
        self.file = Some(file);
        Ok(is_whole.then_some(fates))
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
    fates: &Spans<Fate>,
) -> io::Result<()> {
    if let Some(file) = file {
        file.sync_data()?;
        durable::sync_folder(&folder.join(FILE))?;
    }
    let text = render(&heading(device.0, device.1), fates);
    durable::replace(&folder.join(LIST), text.as_bytes())
}

fn heading(bytes: u64, sector: u64) -> String {
    format!("{FORMAT}\ndevice {bytes} {sector}\n")
}

fn render(heading: &str, fates: &Spans<Fate>) -> String {
    let mut text = heading.to_owned();
    for (range, fate) in fates.iter() {
        let (start, bytes) = (range.start, range.end - range.start);
        // Into a string: it cannot fail.
        let _ = match fate {
            Fate::Kept => writeln!(text, "kept {start} {bytes}"),
            Fate::Retried(times) => writeln!(text, "retried {start} {bytes} {times}"),
            Fate::GivenUp => writeln!(text, "given-up {start} {bytes}"),
        };
    }
    text
}

fn parse(text: &str, heading: &str) -> Option<Spans<Fate>> {
    let mut fates = Spans::default();
    for line in text.strip_prefix(heading)?.lines() {
        let words: Vec<&str> = line.split(' ').collect();
        let (start, bytes, fate) = match *words {
            ["kept", start, bytes] => (start, bytes, Fate::Kept),
            ["retried", start, bytes, times] => (start, bytes, Fate::Retried(times.parse().ok()?)),
            ["given-up", start, bytes] => (start, bytes, Fate::GivenUp),
            _ => return None,
        };
        let start: u64 = start.parse().ok()?;
        let range: Range<u64> = start..start.checked_add(bytes.parse().ok()?)?;
        fates.set(range, Some(fate));
    }
    Some(fates)
}
