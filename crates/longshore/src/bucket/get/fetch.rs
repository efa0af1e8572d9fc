//! Fetches one object into one file.

use std::fs::File;
use std::io::{self, Read as _};
use std::os::fd::OwnedFd;

use objectstore::object::{Listed, ObjectInfo};
use objectstore::{Bucket, StoreError};
use rustix::fs::Timespec;
use rustix::io::Errno;
use time::OffsetDateTime;
use transfer::progress::Progress;
use transfer::stop::Stop;

use super::destination::{Destination, Existing, Unnamed};
use super::hashes::{Hashes, Known};
use crate::bucket::{interrupted, store_failure};
use crate::exit::{Exit, Failure};

/// Bytes read at once.
const STRIDE: usize = 256 << 10;

/// How often in a row a body may break off without a byte.
const TRIES: u32 = 5;

/// The name under which rclone, and `import`, keep the time of a file: seconds since 1970, with a
/// fraction.
const MTIME: &str = "mtime";

/// What came of an object.
pub(super) enum Fetched {
    /// A file that was written.
    File {
        /// Its length.
        bytes: u64,
    },
    /// A file that was there and is equal.
    Same,
    /// A folder.
    Folder,
}

/// Why nothing came of it.
pub(super) enum Unfetched {
    /// For a reason of its own: the next one may do.
    Object(String),
    /// The store or the disk does not work: nothing goes on.
    Run(Failure),
}

/// Fetches one object after the other; one for each thread, so that the buffer is made once.
pub(super) struct Fetcher<'a> {
    bucket: &'a dyn Bucket,
    destination: &'a Destination,
    progress: &'a Progress,
    stop: &'a Stop,
    buffer: Vec<u8>,
}

impl<'a> Fetcher<'a> {
    pub(super) fn new(
        bucket: &'a dyn Bucket,
        destination: &'a Destination,
        progress: &'a Progress,
        stop: &'a Stop,
    ) -> Self {
        Self {
            bucket,
            destination,
            progress,
            stop,
            buffer: vec![0; STRIDE],
        }
    }

    /// Makes the folder that an object whose key ends in a slash stands for.
    pub(super) fn folder(&self, names: &[&str], object: &Listed) -> Result<Fetched, Unfetched> {
        if object.size > 0 {
            let reason = "its key ends in a slash, and it has content";
            return Err(Unfetched::Object(reason.to_owned()));
        }
        self.destination.folder(names).map_err(unwritten)?;
        Ok(Fetched::Folder)
    }

    /// Makes a file of an object, unless it is there.
    pub(super) fn file(
        &mut self,
        folder: &[&str],
        name: &str,
        object: &Listed,
        overwrite: bool,
    ) -> Result<Fetched, Unfetched> {
        let folder = self.destination.folder(folder).map_err(unwritten)?;
        let existing = self
            .destination
            .existing(&folder, name)
            .map_err(unwritten)?;
        let is_there = !matches!(existing, Existing::Nothing);
        match existing {
            Existing::Nothing => {}
            Existing::File(file, bytes) => {
                if bytes == object.size && self.is_same(&file, object)? {
                    return Ok(Fetched::Same);
                }
                if !overwrite {
                    let reason = "a file is there and differs; --overwrite replaces it";
                    return Err(Unfetched::Object(reason.to_owned()));
                }
            }
            Existing::Folder => {
                return Err(Unfetched::Object(
                    "a folder of this name is there".to_owned(),
                ));
            }
            Existing::Other if overwrite => {}
            Existing::Other => {
                let reason = "something that is no file is there; --overwrite replaces it";
                return Err(Unfetched::Object(reason.to_owned()));
            }
        }
        self.download(&folder, name, object, is_there)
    }

    /// Whether a file has the content of an object. One of which no hash is known has it if it has
    /// its time too.
    fn is_same(&mut self, file: &File, object: &Listed) -> Result<bool, Unfetched> {
        let mut known = Known::of_etag(&object.etag);
        let mut hashes = Hashes::default();
        if known.is_something() {
            self.hash(file, &mut hashes)?;
            if known.differs(hashes).is_none() {
                return Ok(true);
            }
        }
        // The tag of an encrypted object may look like an MD5.
        let info = self.bucket.head(&object.key).map_err(judge)?;
        let Some(info) = info else {
            return Err(Unfetched::Object("it is not there any more".to_owned()));
        };
        known = Known::of(&info);
        if !known.is_something() {
            let meta = file.metadata().map_err(unwritten)?;
            let is = meta.modified().ok().map(OffsetDateTime::from);
            return Ok(is
                .map(timespec)
                .is_some_and(|is| Some(is) == modified(&info)));
        }
        hashes = Hashes::default();
        self.hash(file, &mut hashes)?;
        Ok(known.differs(hashes).is_none())
    }

    fn hash(&mut self, file: &File, hashes: &mut Hashes) -> Result<(), Unfetched> {
        use std::os::unix::fs::FileExt as _;
        let mut at = 0;
        loop {
            if self.stop.is_set() {
                return Err(Unfetched::Run(interrupted()));
            }
            match file.read_at(&mut self.buffer, at) {
                Ok(0) => return Ok(()),
                Ok(count) => {
                    hashes.update(&self.buffer[..count]);
                    at += count as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(unwritten(error)),
            }
        }
    }

    fn download(
        &mut self,
        folder: &OwnedFd,
        name: &str,
        object: &Listed,
        replace: bool,
    ) -> Result<Fetched, Unfetched> {
        let file = self.destination.begin(folder).map_err(unwritten)?;
        let (mut part, mut failures) = (Part::default(), 0);
        let info = loop {
            let before = part.bytes;
            match self.go_on(&file, object, &mut part) {
                Ok(info) => break info,
                Err(Broken::Store(error)) if error.may_retry() && failures < TRIES => {
                    failures = if part.bytes > before { 0 } else { failures + 1 };
                }
                Err(Broken::Replaced) if failures < TRIES => {
                    failures += 1;
                    part = Part::default();
                }
                Err(Broken::Replaced) => {
                    let reason = "it is replaced again and again".to_owned();
                    return Err(Unfetched::Object(reason));
                }
                Err(Broken::Store(error)) => return Err(judge(error)),
                Err(Broken::Disk(error)) => return Err(unwritten(error)),
                Err(Broken::Stopped) => return Err(Unfetched::Run(interrupted())),
            }
        };
        if let Some(wrong) = Known::of(&info).differs(part.hashes) {
            return Err(Unfetched::Object(wrong));
        }
        let named = file.name(name, info.size, modified(&info), replace);
        named.map_err(unwritten)?;
        Ok(Fetched::File { bytes: info.size })
    }

    /// Goes on with an object from where `part` is.
    fn go_on(
        &mut self,
        file: &Unnamed<'_>,
        object: &Listed,
        part: &mut Part,
    ) -> Result<ObjectInfo, Broken> {
        let range = (part.bytes > 0).then_some(part.bytes..u64::MAX);
        let mut download = self.bucket.get(&object.key, range).map_err(Broken::Store)?;
        let info = download.info;
        let is_other = part.etag.as_ref().is_some_and(|etag| *etag != info.etag);
        if is_other || download.range.start != part.bytes {
            return Err(Broken::Replaced);
        }
        part.etag = Some(info.etag.clone());
        while part.bytes < info.size {
            if self.stop.is_set() {
                return Err(Broken::Stopped);
            }
            let count = match download.body.read(&mut self.buffer) {
                Ok(0) => {
                    let short = io::Error::from(io::ErrorKind::UnexpectedEof);
                    return Err(Broken::Store(StoreError::while_reading(short)));
                }
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(Broken::Store(StoreError::while_reading(error))),
            };
            let bytes = &self.buffer[..count];
            file.write(part.bytes, bytes).map_err(Broken::Disk)?;
            part.hashes.update(bytes);
            part.bytes += count as u64;
            self.progress.sent(count as u64);
        }
        Ok(info)
    }
}

/// An object as far as it is here.
#[derive(Default)]
struct Part {
    hashes: Hashes,
    bytes: u64,
    /// What it began with: another one is another object.
    etag: Option<String>,
}

/// Why an object did not come to its end.
enum Broken {
    Store(StoreError),
    Replaced,
    Disk(io::Error),
    Stopped,
}

/// When the file that an object was made of was last changed; else when the object was stored.
fn modified(info: &ObjectInfo) -> Option<Timespec> {
    let metadata = info.attributes.metadata.iter();
    let mut named = metadata.filter(|(name, _)| name.eq_ignore_ascii_case(MTIME));
    let kept = named.next().and_then(|(_, value)| seconds(value));
    kept.or_else(|| info.last_modified.map(timespec))
}

/// Reads `1354040105.123456789`.
fn seconds(text: &str) -> Option<Timespec> {
    let (sign, digits) = match text.trim().strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text.trim()),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let is_number = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || !is_number(whole) || !is_number(fraction) {
        return None;
    }
    let padded: String = fraction
        .chars()
        .chain("000000000".chars())
        .take(9)
        .collect();
    let whole = i128::from(whole.parse::<i64>().ok()?);
    let nanos = sign * (whole * 1_000_000_000 + padded.parse::<i128>().ok()?);
    Some(Timespec {
        tv_sec: i64::try_from(nanos.div_euclid(1_000_000_000)).ok()?,
        tv_nsec: i64::try_from(nanos.rem_euclid(1_000_000_000)).ok()?,
    })
}

fn timespec(at: OffsetDateTime) -> Timespec {
    Timespec {
        tv_sec: at.unix_timestamp(),
        tv_nsec: at.nanosecond().into(),
    }
}

/// Tells an object that is not to be had from a store that does not work.
fn judge(error: StoreError) -> Unfetched {
    match error {
        StoreError::NoSuchKey(_) => Unfetched::Object("it is not there any more".to_owned()),
        StoreError::Refused(_) | StoreError::AccessDenied(_) => {
            Unfetched::Object(error.to_string())
        }
        error => Unfetched::Run(store_failure(error, "the store does not give its objects")),
    }
}

/// Tells a name that the file system does not take from a disk that does not work.
fn unwritten(error: io::Error) -> Unfetched {
    use io::ErrorKind as Kind;
    let is_link = Errno::from_io_error(&error) == Some(Errno::LOOP);
    let reason = match error.kind() {
        kind if is_link || kind == Kind::NotADirectory => {
            "a name on its way is a file or a link, which is not followed".to_owned()
        }
        Kind::AlreadyExists => "a file is there and differs; --overwrite replaces it".to_owned(),
        Kind::InvalidFilename
        | Kind::InvalidInput
        | Kind::IsADirectory
        | Kind::PermissionDenied
        | Kind::FileTooLarge
        | Kind::NotFound => error.to_string(),
        _ => {
            let failed = anyhow::Error::new(error).context("could not write to the folder");
            return Unfetched::Run(Failure::new(Exit::Error, failed));
        }
    };
    Unfetched::Object(reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_rclone_writes_them() {
        let at = |text| seconds(text).map(|at| (at.tv_sec, at.tv_nsec));
        assert_eq!(
            at("1354040105.123456789"),
            Some((1_354_040_105, 123_456_789))
        );
        assert_eq!(at("1354040105"), Some((1_354_040_105, 0)));
        assert_eq!(at("0.5"), Some((0, 500_000_000)));
        assert_eq!(at("-1.25"), Some((-2, 750_000_000)));
        assert_eq!(at("1.1234567891"), Some((1, 123_456_789)));
        for text in ["", ".5", "x", "1.x", "--1", "1e9", "99999999999999999999"] {
            assert_eq!(at(text), None, "{text}");
        }
    }
}
