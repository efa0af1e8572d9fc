//! A large object compared with all that is known of it, when the device holds all of it.
//!
//! What differs is read once more, block by block and beside what the device holds: it may have been
//! damaged on its way, and then the device is mended.

use super::{
    Answer, Asked, Difference, Expected, ExportRun, Failure, Md5, ObjectInfo, ReadError, Reading,
    Sha256, StagedObject, StoreError, Sums, Version, WriteLock, crc, damaged, other_size,
};
use crate::export::plan::Item;
use awshttp::TransportError;

/// Why a file is not proven to be its object.
pub(super) enum Unproven {
    /// This is its line of the report.
    Failed(Failure),
    /// The device does not take it, or does not give it back.
    Device(std::io::Error),
    /// The run stops.
    Stopped,
}

impl From<Option<Failure>> for Unproven {
    fn from(failure: Option<Failure>) -> Self {
        failure.map_or(Self::Stopped, Self::Failed)
    }
}

/// MD5 and SHA-256.
type Digests = ([u8; 16], [u8; 32]);

impl Expected {
    /// Asks what is known of an object. The error is a line of the report, or `None` if the run stops.
    pub(super) fn of(run: &ExportRun<'_>, item: &Item) -> Result<Self, Option<Failure>> {
        let listed = Version {
            bytes: item.bytes,
            etag: item.etag.clone(),
            modified: None,
        };
        let bucket = run.bucket(item).ok_or(None)?;
        let info = match bucket.head(&item.key) {
            Ok(Some(info)) => info,
            Ok(None) => {
                let answer = Answer::new(404, "NoSuchKey", "");
                return Err(run.judge(item, StoreError::NoSuchKey(answer)));
            }
            // It may be that it can be read all the same.
            Err(StoreError::Transport(TransportError::Protocol { .. })) => {
                return Ok(Self {
                    version: listed,
                    evidence: Default::default(),
                    parts: Default::default(),
                });
            }
            Err(error) => return Err(run.judge(item, error)),
        };
        let is_listed = info.etag == item.etag && !item.etag.is_empty();
        if is_listed && info.size != item.bytes {
            return Err(Some(other_size(item, info.size)));
        }
        if !listed.is(&Version::of(&info)) {
            return Err(run.unread(item, ReadError::Replaced));
        }
        let (evidence, parts) = run.evidence(item, &info, Asked::Usual)?;
        Ok(Self {
            version: Version::of(&info),
            evidence,
            parts,
        })
    }
}

impl StagedObject {
    /// Compares the file, whose bytes add up to `digests`, with all that is known of its object. Gives
    /// what it adds up to in the end.
    pub(super) fn proven(
        &self,
        run: &ExportRun<'_>,
        write_lock: &WriteLock,
        digests: Digests,
    ) -> Result<Digests, Unproven> {
        let sums = self.ordered().sums.take();
        let sums = match sums {
            Some(sums) => sums,
            // An earlier attempt has read some of it.
            None => {
                self.sums_of_device(run, write_lock, self.known.evidence.sums(&self.known.parts))?
            }
        };
        let Some(difference) = self.difference(run, sums, &digests) else {
            return Ok(digests);
        };
        tracing::warn!(key = %self.item.key, %difference, "read once more");
        let info = self.info(run)?;
        let (evidence, parts) = run.evidence(&self.item, &info, Asked::All)?;
        let sums = self.sums_of_device(run, write_lock, evidence.sums(&parts))?;
        if self.difference(run, sums, &digests).is_none() {
            // Its parts were not alike.
            return Ok(digests);
        }
        let (digests, sums) = self.read_again(run, write_lock, evidence.sums(&parts))?;
        match self.difference(run, sums, &digests) {
            None => Ok(digests),
            Some(difference) => Err(Unproven::Failed(damaged(&self.item, &difference))),
        }
    }

    fn difference(
        &self,
        run: &ExportRun<'_>,
        sums: Sums,
        (md5, sha256): &Digests,
    ) -> Option<Difference> {
        run.proves_damage(&self.item, sums.compare(md5, sha256))
    }

    fn info(&self, run: &ExportRun<'_>) -> Result<ObjectInfo, Unproven> {
        let bucket = run.bucket(&self.item).ok_or(None)?;
        match bucket.head(&self.item.key) {
            Ok(Some(info)) if self.known.version.is(&Version::of(&info)) => Ok(info),
            Ok(_) => Err(run.unread(&self.item, ReadError::Replaced).into()),
            Err(error) => Err(run.judge(&self.item, error).into()),
        }
    }

    /// Sums up what the device holds.
    fn sums_of_device(
        &self,
        run: &ExportRun<'_>,
        write_lock: &WriteLock,
        mut sums: Sums,
    ) -> Result<Sums, Unproven> {
        if !sums.are_needed() {
            return Ok(sums);
        }
        let mut buffer = run.buffers.take(self.block_bytes);
        for number in 1..=self.blocks() {
            if run.is_over(self.item.ordinal) {
                return Err(Unproven::Stopped);
            }
            let range = self.range(number);
            let length = usize::try_from(range.end - range.start).unwrap_or(usize::MAX);
            let held = &mut buffer[..length];
            self.held(run, write_lock, range.start, held)?;
            sums.update(held);
        }
        Ok(sums)
    }

    /// Reads the object again from its beginning, and writes what the device holds otherwise.
    fn read_again(
        &self,
        run: &ExportRun<'_>,
        write_lock: &WriteLock,
        mut sums: Sums,
    ) -> Result<(Digests, Sums), Unproven> {
        let bucket = run.bucket(&self.item).ok_or(None)?;
        let mut reading =
            Reading::new(bucket, &self.item.key, run.patience).of(self.known.version.clone());
        let (mut md5, mut sha256) = (Md5::new(), Sha256::new());
        let mut buffer = run.buffers.take(self.block_bytes);
        let mut held = run.buffers.take(self.block_bytes);
        for number in 1..=self.blocks() {
            if run.is_over(self.item.ordinal) {
                return Err(Unproven::Stopped);
            }
            let range = self.range(number);
            let length = usize::try_from(range.end - range.start).unwrap_or(usize::MAX);
            let (came, held) = (&mut buffer[..length], &mut held[..length]);
            reading
                .fill(range.start, came)
                .map_err(|why| Unproven::from(run.unread(&self.item, why)))?;
            md5.update(came);
            sha256.update(came);
            sums.update(came);
            self.held(run, write_lock, range.start, held)?;
            if came != held {
                self.mend(run, write_lock, range.start, came, held)?;
            }
        }
        Ok(((md5.finish(), sha256.finish()), sums))
    }

    fn mend(
        &self,
        run: &ExportRun<'_>,
        write_lock: &WriteLock,
        offset: u64,
        came: &[u8],
        held: &mut [u8],
    ) -> Result<(), Unproven> {
        let written = {
            let _writing = write_lock.lock();
            self.staged.write_at(offset, came)
        };
        written
            .and_then(|()| self.staged.sync())
            .map_err(Unproven::Device)?;
        self.held(run, write_lock, offset, held)?;
        match crc(came) == crc(held) {
            true => Ok(()),
            false => Err(Unproven::Failed(ExportRun::differs(&self.item.key, offset))),
        }
    }

    /// Fills a buffer with what the device itself holds.
    fn held(
        &self,
        run: &ExportRun<'_>,
        write_lock: &WriteLock,
        offset: u64,
        buffer: &mut [u8],
    ) -> Result<(), Unproven> {
        let _writing = write_lock.lock_if_rotational();
        let read = self.staged.read_back(offset, buffer);
        match read.map_err(Unproven::Device)? {
            read if read == buffer.len() => Ok(()),
            _ if run.stop.is_set() => Err(Unproven::Stopped),
            read => {
                let at = offset + read as u64;
                Err(Unproven::Failed(ExportRun::differs(&self.item.key, at)))
            }
        }
    }
}
