//! Compares one stored object, or one file of a device, with its line of the report.

use std::io;
use std::ops::Range;

use awshttp::retry::RealTime;
use lanes::Sha256;
use model::entry::{Entry, EntryPath};
use model::missing::Missing;
use model::outcome::{EntryRecord, Failure, Stored};
use objectstore::reading::{ReadError, Reading};
use objectstore::{Bucket, StoreError};

use super::{DifferenceKind, Trouble};
use crate::pipeline::doubt::{ReadingDoubt, Suspect};
use crate::progress::Progress;
use crate::salvaged::Salvaged;
use crate::stop::Stop;
use disks::tree::{Content, Shape, Tree};

/// Bytes read and hashed at once.
const STRIDE: usize = 256 << 10;

/// How often an object that is replaced while it is read is begun anew before it counts as unreadable.
const TRIES: u32 = 5;

/// What is found wrong: the kind, and words for it.
pub(super) type Wrong = (DifferenceKind, String);

/// How a file of the device compares.
pub(super) enum Answer {
    /// As the report says.
    Same,
    /// Otherwise.
    Wrong(Wrong),
    /// Otherwise, if the device turns out to be alive.
    Perhaps(Wrong),
}

impl From<Option<Wrong>> for Answer {
    fn from(wrong: Option<Wrong>) -> Self {
        wrong.map_or(Self::Same, Self::Wrong)
    }
}

/// Reads and hashes; one for each thread, so that the buffer is made once.
pub(super) struct Comparer<'a> {
    buffer: Vec<u8>,
    progress: &'a Progress,
    stop: &'a Stop,
}

impl<'a> Comparer<'a> {
    pub(super) fn new(progress: &'a Progress, stop: &'a Stop) -> Self {
        Self {
            buffer: vec![0; STRIDE],
            progress,
            stop,
        }
    }

    /// Compares an object: length, SHA-256 and content type. Where bytes are missing it may hold anything: somebody
    /// may have mended it.
    pub(super) fn object(
        &mut self,
        bucket: &dyn Bucket,
        record: &EntryRecord,
        stored: &Stored,
    ) -> Result<Option<Wrong>, Trouble> {
        let patience = RealTime::new(self.stop.flag());
        let mut tries = 1;
        loop {
            let mut sha256 = Sha256::new();
            let mut reading = Reading::new(bucket, &stored.key, &patience).sized(record.bytes);
            let read = reading.stream(0, &mut |bytes| {
                add(&mut sha256, bytes, &stored.missing);
                self.progress.sent(bytes.len() as u64);
            });
            match read {
                Ok(info) => {
                    let content = differs(&hex::encode(sha256.finish()), &stored.sha256);
                    let found = info.attributes.content_type;
                    let kind = || other_type(found.as_deref(), &stored.content_type);
                    return Ok(content.or_else(kind));
                }
                Err(ReadError::OtherSize(found)) => return Ok(other_size(found, record.bytes)),
                Err(ReadError::Replaced) if tries < TRIES => tries += 1,
                Err(ReadError::Replaced) => {
                    let reason = "it is replaced again and again".to_owned();
                    return Ok(Some((DifferenceKind::Unreadable, reason)));
                }
                Err(ReadError::Stopped) => return Err(Trouble::Interrupted),
                Err(ReadError::Store(error) | ReadError::Broken(error)) => {
                    return judge_store(bucket, error).map(Some);
                }
            }
        }
    }

    /// Compares a file: length and SHA-256. What is missing is not asked for.
    pub(super) fn file(
        &mut self,
        (tree, doubt): (&dyn Tree, &ReadingDoubt),
        record: &EntryRecord,
        stored: &Stored,
    ) -> Result<Answer, Trouble> {
        let file = match open(tree, &record.path(), &stored.missing) {
            Ok(Some(opened)) => opened,
            Ok(None) => {
                return Ok(Answer::Wrong((
                    DifferenceKind::Missing,
                    "no such file".into(),
                )));
            }
            Err(e) => {
                let wrong = (DifferenceKind::Unreadable, e.to_string());
                return judge((tree, doubt), record, e, wrong);
            }
        };
        if let Some(size) = other_size(file.shape.bytes, record.bytes) {
            return Ok(Answer::Wrong(size));
        }
        let mut sha256 = Sha256::new();
        loop {
            let offset = sha256.length();
            match file.content.read_at(offset, &mut self.buffer) {
                Ok(0) => break,
                Ok(count) => {
                    if offset == 0 {
                        let head = &self.buffer[..count];
                        let _all_are_told_at_the_end = doubt.read_well(tree, &file.entry, 0, head);
                    }
                    sha256.update(&self.buffer[..count]);
                    self.progress.sent(count as u64);
                }
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => {
                    let wrong = (
                        DifferenceKind::Unreadable,
                        format!("at offset {offset}: {e}"),
                    );
                    return judge((tree, doubt), record, e, wrong);
                }
            }
        }
        if let Some(size) = other_size(sha256.length(), record.bytes) {
            // It still has its size, and ends before it: perhaps the device gives nothing.
            let cut_short = io::ErrorKind::UnexpectedEof.into();
            return judge((tree, doubt), record, cut_short, size);
        }
        Ok(differs(&hex::encode(sha256.finish()), &stored.sha256).into())
    }
}

/// Hashes what follows in an object, with zeros where bytes are missing.
fn add(sha256: &mut Sha256, bytes: &[u8], missing: &Missing) {
    let (start, length) = (sha256.length(), bytes.len() as u64);
    let is_whole = |range: Range<u64>| range.start >= start.saturating_add(length);
    if missing.next(start).is_none_or(is_whole) {
        return sha256.update(bytes);
    }
    let mut bytes = bytes.to_vec();
    missing.blank(start, &mut bytes);
    sha256.update(&bytes);
}

/// Compares the content type. Its parameters are the store's affair: some add a character set.
fn other_type(found: Option<&str>, stated: &str) -> Option<Wrong> {
    let essence = |kind: &str| {
        let kind = kind.split(';').next().unwrap_or_default();
        kind.trim().to_ascii_lowercase()
    };
    let found = found.filter(|found| essence(found) != essence(stated))?;
    let words = format!("its content type is `{found}` and not `{stated}`");
    Some((DifferenceKind::Metadata, words))
}

fn other_size(found: u64, stated: u64) -> Option<Wrong> {
    let words = || format!("it has {found} bytes and not {stated}");
    (found != stated).then(|| (DifferenceKind::Size, words()))
}

/// Compares SHA-256s. Of a file that was in the bucket already it may not be known.
fn differs(found: &str, stated: &str) -> Option<Wrong> {
    let words = || format!("its SHA-256 is {found} and not {stated}");
    (found != stated && !stated.is_empty()).then(|| (DifferenceKind::Content, words()))
}

/// What a store's error says of the object; an error if it says that the store cannot be read.
fn judge_store(bucket: &dyn Bucket, error: StoreError) -> Result<Wrong, Trouble> {
    match error {
        StoreError::NoSuchKey(_) => Ok((DifferenceKind::Missing, "no such object".to_owned())),
        StoreError::AccessDenied(_) | StoreError::Refused(_) => {
            Ok((DifferenceKind::Unreadable, error.to_string()))
        }
        // Is it this object that the store fails with, or everything?
        error if error.may_retry() => match bucket.list("", None, 1) {
            Ok(_) | Err(StoreError::AccessDenied(_)) => {
                Ok((DifferenceKind::Unreadable, error.to_string()))
            }
            Err(_) => Err(Trouble::Store(error)),
        },
        error => Err(Trouble::Store(error)),
    }
}

/// A file of the device that is open.
struct DeviceFile {
    entry: Entry,
    content: Box<dyn Content>,
    shape: Shape,
}

/// Opens the file of a path, with zeros where bytes are `missing`; `None` if there is none.
fn open(tree: &dyn Tree, path: &EntryPath, missing: &Missing) -> io::Result<Option<DeviceFile>> {
    let Some(entry) = tree.find(path)? else {
        return Ok(None);
    };
    let content = match tree.open(&entry) {
        // It went between the two.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened?,
    };
    let shape = content.shape()?;
    let content: Box<dyn Content> = match missing.is_empty() {
        true => content,
        false => Box::new(Salvaged::new(content, missing.clone())),
    };
    Ok(Some(DeviceFile {
        entry,
        content,
        shape,
    }))
}

/// A file that cannot be read is a difference; a device that does not answer is trouble.
fn judge(
    (tree, doubt): (&dyn Tree, &ReadingDoubt),
    record: &EntryRecord,
    error: io::Error,
    wrong: Wrong,
) -> Result<Answer, Trouble> {
    let suspect = Suspect {
        path: record.path(),
        bytes: record.bytes,
        failure: Failure::unreadable(wrong.1.clone(), None),
    };
    let judged = doubt.judge(tree, error, suspect).map_err(Trouble::Device)?;
    Ok(match judged.is_empty() {
        true => Answer::Perhaps(wrong),
        false => Answer::Wrong(wrong),
    })
}
