//! Reads one version of an object to its end, whatever breaks on the way.
//!
//! A body that breaks off is asked for again from where it broke, and only what still is the version
//! that was begun is taken: an object that was replaced meanwhile is never read half and half. That a
//! request without an answer is made again is the bucket's affair.

use std::io;
use std::ops::Range;
use std::time::Duration;

use awshttp::Answer;
use awshttp::retry::{Sleeper, Slept};
use model::ids::ObjectKey;
use time::OffsetDateTime;

use crate::bucket::Bucket;
use crate::error::StoreError;
use crate::object::{Download, Listed, ObjectInfo};

/// How often in a row a body may break off without a byte.
const TRIES: u32 = 5;

/// How long to wait before it is asked for again; each later wait is four times the one before: 50 ms,
/// 200 ms, 800 ms, 3.2 s.
const FIRST_WAIT: Duration = Duration::from_millis(50);

/// Bytes handed on at once.
const STRIDE: usize = 256 << 10;

/// What tells one version of an object from another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// Its size in bytes.
    pub bytes: u64,
    /// Its entity tag; empty where the store gives none.
    pub etag: String,
    /// When it was written, which counts where there is no entity tag.
    pub modified: Option<OffsetDateTime>,
}

impl Version {
    /// The version an answer is of.
    #[must_use]
    pub fn of(info: &ObjectInfo) -> Self {
        Self {
            bytes: info.size,
            etag: info.etag.clone(),
            modified: info.last_modified,
        }
    }

    /// The version that was listed. Listings tell times with another precision than answers do.
    #[must_use]
    pub fn listed(listed: &Listed) -> Self {
        Self {
            bytes: listed.size,
            etag: listed.etag.clone(),
            modified: None,
        }
    }

    /// Whether both may be the same version.
    #[must_use]
    pub fn is(&self, other: &Self) -> bool {
        let tags_differ =
            !self.etag.is_empty() && !other.etag.is_empty() && self.etag != other.etag;
        let has_no_tags = self.etag.is_empty() || other.etag.is_empty();
        let times = self.modified.zip(other.modified);
        let times_differ = has_no_tags && times.is_some_and(|(one, two)| one != two);
        self.bytes == other.bytes && !tags_differ && !times_differ
    }
}

/// Why an object was not read to its end.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The store does not give it.
    #[error(transparent)]
    Store(StoreError),
    /// Its body breaks off again and again at the same place.
    #[error("the body breaks off again and again")]
    Broken(#[source] StoreError),
    /// It is not the version that was begun, or asked for.
    #[error("the object was replaced")]
    Replaced,
    /// It has so many bytes, and not as many as it has to have.
    #[error("the object has {0} bytes")]
    OtherSize(u64),
    /// Somebody asked to stop.
    #[error("stopped")]
    Stopped,
}

impl ReadError {
    /// As an error of the store, for those who make no difference.
    #[must_use]
    pub fn into_store_error(self) -> StoreError {
        match self {
            Self::Store(error) | Self::Broken(error) => error,
            Self::Stopped => StoreError::Canceled { last: None },
            Self::Replaced | Self::OtherSize(_) => {
                let message = self.to_string();
                StoreError::Refused(Answer::new(412, "PreconditionFailed", &message))
            }
        }
    }
}

/// Reads one object.
pub struct Reading<'a> {
    bucket: &'a dyn Bucket,
    key: &'a ObjectKey,
    sleeper: &'a dyn Sleeper,
    /// None before the first answer, if any will do.
    version: Option<Version>,
    /// How many bytes it has to have, if that is known.
    bytes: Option<u64>,
}

/// Where bytes go. Gives how many it took.
type Take<'t> = &'t mut dyn FnMut(&mut dyn io::Read) -> io::Result<usize>;

impl<'a> Reading<'a> {
    /// Reads whichever version is there when reading begins. `sleeper` ends it.
    #[must_use]
    pub fn new(bucket: &'a dyn Bucket, key: &'a ObjectKey, sleeper: &'a dyn Sleeper) -> Self {
        Self {
            bucket,
            key,
            sleeper,
            version: None,
            bytes: None,
        }
    }

    /// Reads it only if it has so many bytes; if not, that is [`ReadError::OtherSize`].
    #[must_use]
    pub fn sized(self, bytes: u64) -> Self {
        Self {
            bytes: Some(bytes),
            ..self
        }
    }

    /// Reads this version and no other.
    #[must_use]
    pub fn of(self, version: Version) -> Self {
        Self {
            version: Some(version),
            ..self
        }
    }

    /// Hands all bytes from `start` on to `take`.
    ///
    /// # Errors
    /// [`ReadError`]; what was handed over is the beginning of one version.
    pub fn stream(
        &mut self,
        start: u64,
        take: &mut dyn FnMut(&[u8]),
    ) -> Result<ObjectInfo, ReadError> {
        let mut buffer = vec![0; STRIDE];
        self.go(start..u64::MAX, &mut |body| {
            let count = body.read(&mut buffer)?;
            take(&buffer[..count]);
            Ok(count)
        })
    }

    /// Fills `buffer` with the bytes from `start` on. If the object ends before, that is
    /// [`ReadError::OtherSize`], or [`ReadError::Replaced`].
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn fill(&mut self, start: u64, buffer: &mut [u8]) -> Result<ObjectInfo, ReadError> {
        let end = start + buffer.len() as u64;
        let mut filled = 0;
        let info = self.go(start..end, &mut |body| {
            let count = body.read(&mut buffer[filled..])?;
            filled += count;
            Ok(count)
        })?;
        match info.size >= end {
            true => Ok(info),
            false => Err(ReadError::OtherSize(info.size)),
        }
    }

    /// Reads an object whole. `None` if it has more than `most` bytes.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn whole(&mut self, most: u64) -> Result<Option<(ObjectInfo, Vec<u8>)>, ReadError> {
        let opened = self.open(0..u64::MAX)?;
        if opened.info.size > most {
            return Ok(None);
        }
        let mut content = vec![0; usize::try_from(opened.info.size).unwrap_or(usize::MAX)];
        let mut filled = 0;
        let info = self.go_on(opened, 0..u64::MAX, &mut |body| {
            let count = body.read(&mut content[filled..])?;
            filled += count;
            Ok(count)
        })?;
        Ok(Some((info, content)))
    }

    fn go(&mut self, range: Range<u64>, take: Take<'_>) -> Result<ObjectInfo, ReadError> {
        if range.is_empty() {
            let info = self.bucket.head(self.key).map_err(ReadError::Store)?;
            return info.map_or(Err(ReadError::Replaced), |info| self.same(info));
        }
        let opened = self.open(range.clone())?;
        self.go_on(opened, range, take)
    }

    /// Reads what was opened, and opens again what breaks.
    fn go_on(
        &mut self,
        mut opened: Download,
        range: Range<u64>,
        take: Take<'_>,
    ) -> Result<ObjectInfo, ReadError> {
        let (mut at, mut failures) = (range.start, 0);
        loop {
            let end = range.end.min(opened.info.size);
            let before = at;
            let broke = self.drain(&mut opened, end, &mut at, take)?;
            let Some(error) = broke else {
                if at >= end {
                    return Ok(opened.info);
                }
                // The store gave less than was asked for, and said so.
                opened = self.open(at..range.end)?;
                continue;
            };
            failures = if at > before { 1 } else { failures + 1 };
            if failures >= TRIES {
                return Err(ReadError::Broken(error));
            }
            if self.sleeper.sleep(FIRST_WAIT * 4_u32.pow(failures - 1)) == Slept::Canceled {
                return Err(ReadError::Stopped);
            }
            opened = self.open(at..range.end)?;
        }
    }

    /// Reads a body to its end, or until it breaks: what it broke with.
    fn drain(
        &self,
        opened: &mut Download,
        end: u64,
        at: &mut u64,
        take: Take<'_>,
    ) -> Result<Option<StoreError>, ReadError> {
        let given = opened.range.end.min(end);
        while *at < given {
            if self.sleeper.sleep(Duration::ZERO) == Slept::Canceled {
                return Err(ReadError::Stopped);
            }
            match take(&mut *opened.body) {
                Ok(0) => {
                    let early = io::Error::from(io::ErrorKind::UnexpectedEof);
                    return Ok(Some(StoreError::while_reading(early)));
                }
                Ok(count) => *at += count as u64,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Ok(Some(StoreError::while_reading(e))),
            }
        }
        // A connection whose answer was not read to its end is closed.
        match opened.body.read(&mut [0]) {
            Ok(0) | Err(_) => Ok(None),
            Ok(_) => Err(ReadError::Replaced),
        }
    }

    /// Asks for what is left of a range, of the version that is read.
    fn open(&mut self, range: Range<u64>) -> Result<Download, ReadError> {
        let is_whole = range == (0..u64::MAX);
        let asked = (!is_whole).then(|| range.clone());
        let opened = match self.bucket.get(self.key, asked) {
            // It has become shorter.
            Err(StoreError::Refused(answer))
                if answer.code == "InvalidRange" || answer.status == 416 =>
            {
                return Err(ReadError::Replaced);
            }
            Err(StoreError::Canceled { .. }) => return Err(ReadError::Stopped),
            opened => opened.map_err(ReadError::Store)?,
        };
        let info = self.same(opened.info.clone())?;
        if opened.range.start != range.start {
            let (came, asked) = (opened.range.start, range.start);
            let what = format!("bytes from {came} on came, and not from {asked} on");
            return Err(ReadError::Store(StoreError::protocol(206, what)));
        }
        Ok(Download { info, ..opened })
    }

    /// Passes on what is said of the version that is read.
    fn same(&mut self, info: ObjectInfo) -> Result<ObjectInfo, ReadError> {
        if self.bytes.is_some_and(|bytes| bytes != info.size) {
            return Err(ReadError::OtherSize(info.size));
        }
        let found = Version::of(&info);
        match &self.version {
            Some(version) if !version.is(&found) => Err(ReadError::Replaced),
            _ => {
                self.version = Some(found);
                Ok(info)
            }
        }
    }
}

#[cfg(test)]
#[path = "reading_tests.rs"]
mod tests;
