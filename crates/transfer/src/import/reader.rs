//! Reads files from the device and hands them on: small ones in batches, hashed here and sent
//! whole; large ones block by block, hashed beside the others and sent in parts.
//!
//! A few threads, so that the device is read in its own order; they wait only for the byte budget.
//! No thread has a large file of its own: many are open, in a [`Ring`], and each is read on in its turn.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender};
use model::attributes::Attributes;
use model::outcome::Failure;
use model::{identity, plan};
use objectstore::Checksums;
use objectstore::upload::PartNumber;

use crate::import::put::{PartPut, Put, SmallPut};
use crate::import::ring::{Open, Ring};
use crate::import::run::{Halted, Run, Work};
use crate::import::source::Source;
use crate::import::upload::Large;
use crate::pipeline::budget::Permit;
use crate::pipeline::doubt::Suspect;
use crate::pipeline::hash_state::Block;
use crate::pipeline::hashing::{HashingPool, RunHashing};
use crate::pipeline::turns::TURN_BYTES;
use disks::aligned::Buffers;
use disks::tree::{BadRead, Content, fill, unloadable};
use disks::turns::Turns;

/// Small files that are read together, to be hashed together.
const BATCH_FILES: usize = 16;

/// Their bytes together, unless one has more, or the run has less of its own: some files of a camera, which fill a
/// few lanes.
const BATCH_BYTES: u64 = 24 << 20;

/// How long a reader waits for the next file before it looks whether others have opened one to share.
const NAP: Duration = Duration::from_millis(20);

/// Why a file is not read to its end.
pub(super) enum Unread {
    /// The file's own fault: a line of the report.
    File(Failure),
    /// Whether it is the file's fault, or can be read in another round, shows later.
    Later,
    /// The run is over.
    Stopped,
}

impl From<Failure> for Unread {
    fn from(failure: Failure) -> Self {
        Self::File(failure)
    }
}

impl From<Option<Failure>> for Unread {
    fn from(failure: Option<Failure>) -> Self {
        failure.map_or(Self::Stopped, Self::File)
    }
}

/// One thread that reads.
pub(crate) struct Reader<'a> {
    pub(crate) run: Run<'a>,
    pub(crate) hashing: &'a RunHashing<Large>,
    pub(crate) buffers: Arc<Buffers>,
    /// The large files that all readers share.
    pub(crate) ring: &'a Ring,
    /// Where the device is rotational.
    pub(crate) turns: Option<&'a Turns>,
    pub(crate) puts: Sender<Put>,
}

impl Reader<'_> {
    /// Reads everything that is to be read. Whatever happens to a file is noted.
    ///
    /// New files and large ones that are open have their turns alternately, so that neither wait for
    /// the end of the others.
    pub(crate) fn work(&self, queue: &Receiver<Work>) {
        let mut next = None;
        while !self.run.stop.is_set() {
            if self.ring.has_room() {
                next = next.or_else(|| queue.try_recv().ok());
            }
            let has_begun = next.is_some();
            next = next.and_then(|work| self.begin(work, queue));
            match self.ring.next() {
                Some(open) => self.read_on(open),
                None if has_begun => {}
                None => match queue.recv_timeout(NAP) {
                    Ok(work) => next = Some(work),
                    Err(RecvTimeoutError::Timeout) => {}
                    Err(RecvTimeoutError::Disconnected) => return,
                },
            }
        }
    }

    /// Begins with a file, and with the small ones behind it. Gives one that was taken out of the queue
    /// and is to be begun next.
    fn begin(&self, work: Work, queue: &Receiver<Work>) -> Option<Work> {
        match self.is_large(&work) {
            true => self.open_large(work),
            false => self.read_batch(work, queue),
        }
    }

    fn is_large(&self, work: &Work) -> bool {
        work.bytes >= self.run.settings.multipart_threshold || work.unfinished.is_some()
    }

    /// Reads one file and notes it if that cannot be done.
    fn one<T>(&self, work: &Work, read: impl FnOnce(&Work) -> Result<T, Unread>) -> Option<T> {
        self.run.progress.reading(&work.entry.path.to_string());
        match read(work) {
            Ok(done) => Some(done),
            Err(Unread::Stopped | Unread::Later) => None,
            Err(Unread::File(failure)) => {
                self.run.fail(&work.entry.path, work.bytes, failure);
                None
            }
        }
    }

    /// Reads `first` and the small files that wait behind it. Gives the one that did not fit.
    fn read_batch(&self, first: Work, queue: &Receiver<Work>) -> Option<Work> {
        let (mut bytes, mut batch, mut left) = (first.bytes, vec![first], None);
        let most = BATCH_BYTES.min(self.run.memory.reserve());
        while batch.len() < BATCH_FILES {
            let Ok(work) = queue.try_recv() else { break };
            if self.is_large(&work) || bytes + work.bytes > most {
                left = Some(work);
                break;
            }
            bytes += work.bytes;
            batch.push(work);
        }
        // Large files may be over, and memory is for whoever uses it.
        self.buffers.let_go();
        // For all of them at once: readers that each held a little and waited for more could wait
        // for each other.
        let Ok(permit) = self.run.memory.take(bytes) else {
            return left;
        };
        let permit = Arc::new(permit);
        let read = batch.into_iter().filter_map(|mut work| {
            let (source, body) = self.one(&work, |work| self.read_small(work))?;
            work.expected = None;
            Some((Known { work, source }, body))
        });
        let (batch, bodies): (Vec<Known>, Vec<Bytes>) = read.unzip();
        for (known, body, checksums) in with_sums(self.run.cores, batch, bodies) {
            self.send_small(known, body, checksums, &permit);
        }
        left
    }

    fn read_small(&self, work: &Work) -> Result<(Source, Bytes), Unread> {
        let source = self.open(work)?;
        let bytes = usize::try_from(source.shape.bytes).unwrap_or(usize::MAX);
        let mut body = vec![0; bytes];
        self.read_range(work, &*source.file, 0, &mut body)?;
        self.must_be_unchanged(work, &source)?;
        Ok((source, body.into()))
    }

    /// What the object of a file will carry; `sha256` if its content is known by now.
    pub(super) fn attributes(
        &self,
        work: &Work,
        source: &Source,
        head: &[u8],
        sha256: Option<String>,
    ) -> Attributes {
        let modified = Some(source.shape.modified());
        let mut attributes = plan::attributes(self.run.rules, &work.entry.path, head, modified);
        let _it_can_say_so = identity::add_missing(&mut attributes, &source.missing);
        if self.run.settings.sha256_metadata {
            identity::add_sha256(&mut attributes, sha256);
        }
        if self.run.settings.mtime_metadata {
            identity::add_mtime(&mut attributes, modified);
        }
        attributes
    }

    fn send_small(&self, known: Known, body: Bytes, checksums: Checksums, permit: &Arc<Permit>) {
        let Known { work, source } = known;
        let attributes = self.attributes(&work, &source, &body, checksums.sha256_hex());
        let put = SmallPut {
            path: work.entry.path,
            key: work.key,
            shape: source.shape,
            missing: source.missing,
            before: work.before,
            found: work.found,
            body,
            attributes,
            checksums,
            permit: Arc::clone(permit),
        };
        // The putters are gone only when the run is over.
        let _stopped = self.puts.send(Put::Small(Box::new(put)));
    }

    /// Opens a large file and puts it into the ring. Gives it back if it is to be read as a small one:
    /// it was large when an earlier attempt began its upload.
    fn open_large(&self, work: Work) -> Option<Work> {
        let (source, taken_up) = self.one(&work, |work| self.look_at(work))?;
        let (upload, parts_read, part_bytes) = taken_up?;
        if upload.is_none() && work.bytes < self.run.settings.multipart_threshold {
            return Some(Work {
                unfinished: None,
                ..work
            });
        }
        self.ring.join();
        self.hashing.joins();
        let open = Open {
            work,
            source,
            part_bytes,
            parts_read,
            upload,
        };
        match open.is_read() {
            true => self.conclude(open, Ok(())),
            false => self.ring.put_back(open),
        }
        None
    }

    /// Reads the next stretch of a large file, and puts it back if there is more to come.
    fn read_on(&self, mut open: Open) {
        self.run.progress.reading(&open.work.entry.path.to_string());
        match self.read_stretch(&mut open) {
            Ok(()) if !open.is_read() => self.ring.put_back(open),
            read => self.conclude(open, read),
        }
    }

    /// Reads a part; on one that rotates as many as make up a turn.
    fn read_stretch(&self, open: &mut Open) -> Result<(), Unread> {
        let Some(turns) = self.turns else {
            return self.read_part(open);
        };
        let _turn = turns.take();
        let end_of_turn = open.offset() + TURN_BYTES;
        while !open.is_read() && open.offset() < end_of_turn {
            self.read_part(open)?;
        }
        Ok(())
    }

    /// Reads a part. The upload is begun when the first has been read, so that a file which cannot be
    /// read at all leaves nothing behind.
    fn read_part(&self, open: &mut Open) -> Result<(), Unread> {
        let (offset, length) = (open.offset(), open.length());
        let number = PartNumber::from_index(open.parts_read)
            .map_err(|_| Failure::too_large(open.work.key.clone(), open.source.shape.bytes))?;
        let permit = self.run.memory.take(length);
        let permit = Arc::new(permit.map_err(|Halted| Unread::Stopped)?);
        if self.run.stop.is_set() {
            return Err(Unread::Stopped);
        }
        let mut body = self.buffers.take(length);
        self.read_range(&open.work, &*open.source.file, offset, &mut body)?;
        let bytes = body.into_bytes();
        let upload = match &open.upload {
            Some(begun) => begun,
            None => {
                let begun = self.begin_upload(open, &bytes)?;
                open.upload.insert(begun)
            }
        };
        open.parts_read += 1;
        // To be hashed into the whole, and to be put.
        upload.expect(2);
        let block = Block {
            number: number.get().into(),
            bytes,
            permit,
        };
        let put = PartPut::at_once(upload, &block, self.run.cores);
        self.hashing.take(upload, block);
        if let Some(put) = put {
            // The putters are gone only when the run is over.
            let _stopped = self.puts.send(Put::Part(put));
        }
        Ok(())
    }

    fn begin_upload(&self, open: &Open, head: &[u8]) -> Result<Arc<Large>, Unread> {
        let attributes = self.attributes(&open.work, &open.source, head, None);
        Ok(Large::begin(&self.run, open, &attributes)?)
    }

    /// A large file was read, or cannot be.
    fn conclude(&self, open: Open, read: Result<(), Unread>) {
        self.ring.leave();
        self.hashing.leaves();
        let Open {
            work,
            source,
            upload,
            ..
        } = open;
        let read = read.and_then(|()| self.must_be_unchanged(&work, &source));
        match (upload, read) {
            (Some(upload), Ok(())) => upload.read_to_the_end(&self.run),
            (Some(upload), Err(Unread::File(failure))) => upload.give_up(&self.run, failure),
            // The next round or attempt goes on with it.
            (Some(upload), Err(Unread::Stopped | Unread::Later)) => upload.leave(&self.run),
            (None, Err(Unread::File(failure))) => {
                self.run.fail(&work.entry.path, work.bytes, failure)
            }
            (None, _) => {}
        }
    }

    pub(super) fn open(&self, work: &Work) -> Result<Source, Unread> {
        let opened = self.run.tree.open(&work.entry).and_then(|file| {
            let shape = file.shape()?;
            Ok((file, shape))
        });
        match opened {
            Ok((file, shape)) if shape.bytes == work.bytes => {
                Ok(self.run.without_given_up(work, file, shape)?)
            }
            Ok((_, shape)) => {
                Err(Failure::changed(work.bytes, shape.bytes, work.key.clone()).into())
            }
            Err(e) => Err(self.unreadable(work, e, "")),
        }
    }

    /// Fills `buffer` from `offset` on. What fails is tried once more when the device has answered
    /// otherwise: one that was reset for a moment is no bad file.
    fn read_range(
        &self,
        work: &Work,
        file: &dyn Content,
        offset: u64,
        buffer: &mut [u8],
    ) -> Result<(), Unread> {
        match self.try_range(work, file, offset, buffer) {
            Err(Unread::File(failure)) if !self.run.stop.is_set() => {
                match fill(file, offset, buffer) {
                    Ok(filled) if filled == buffer.len() => Ok(()),
                    _ => Err(failure.into()),
                }
            }
            read => read,
        }
    }

    fn try_range(
        &self,
        work: &Work,
        file: &dyn Content,
        offset: u64,
        buffer: &mut [u8],
    ) -> Result<(), Unread> {
        match fill(file, offset, buffer) {
            Ok(filled) if filled == buffer.len() => {
                self.run.was_read(work, offset, buffer);
                Ok(())
            }
            Ok(filled) => Err(self.cut_short(work, file, offset + filled as u64)),
            Err(bad) => Err(self.bad_read(work, file, bad)),
        }
    }

    /// A place that cannot be read: the file waits for the next round, if it may come then.
    fn bad_read(&self, work: &Work, file: &dyn Content, bad: BadRead) -> Unread {
        let BadRead { at, source } = bad;
        match self.run.set_aside(file, &source) {
            Some(later) => later,
            None => self.unreadable(work, source, &format!("at offset {at}: ")),
        }
    }

    /// A file that ends before its size. It was changed, unless it still says it had that size: then
    /// the device gives nothing, as one that was pulled does.
    fn cut_short(&self, work: &Work, file: &dyn Content, end: u64) -> Unread {
        let failure = Failure::changed(work.bytes, end, work.key.clone());
        match file.shape() {
            Ok(shape) if shape.bytes == work.bytes => {
                self.judge(work, io::ErrorKind::UnexpectedEof.into(), failure)
            }
            Ok(_) => failure.into(),
            Err(e) => self.unreadable(work, e, ""),
        }
    }

    /// Whether a file that was read to where its size says is the same still, and ends there: some
    /// file systems (FUSE, `/proc`) say 0 of files that have content.
    fn must_be_unchanged(&self, work: &Work, source: &Source) -> Result<(), Unread> {
        let (file, before) = (&*source.file, source.shape);
        match fill(file, before.bytes, &mut [0]) {
            Ok(0) => {}
            Ok(_) => return Err(Failure::longer(before.bytes, work.key.clone()).into()),
            Err(bad) => return Err(self.bad_read(work, file, bad)),
        }
        match file.shape() {
            Ok(after) if after == before => Ok(()),
            Ok(after) => Err(Failure::changed(before.bytes, after.bytes, work.key.clone()).into()),
            Err(e) => Err(self.unreadable(work, e, "")),
        }
    }

    /// A file that cannot be read is data; a device that does not answer, or a host that ran out of
    /// something, ends the run.
    fn unreadable(&self, work: &Work, error: io::Error, place: &str) -> Unread {
        let failure = Failure::unloadable(&unloadable(&error), Some(work.key.clone()));
        let failure = Failure {
            reason: format!("{place}{}", failure.reason),
            ..failure
        };
        self.judge(work, error, failure)
    }

    fn judge(&self, work: &Work, error: io::Error, failure: Failure) -> Unread {
        let suspect = Suspect {
            path: work.entry.path.clone(),
            bytes: work.bytes,
            failure,
        };
        match self.run.judge_read(error, suspect) {
            Ok(Some(failure)) => Unread::File(failure),
            Ok(None) => Unread::Later,
            Err(Halted) => Unread::Stopped,
        }
    }
}

/// A small file that was read.
struct Known {
    work: Work,
    source: Source,
}

/// Hashes the files of a batch beside each other.
fn with_sums(
    cores: &HashingPool,
    batch: Vec<Known>,
    bodies: Vec<Bytes>,
) -> impl Iterator<Item = (Known, Bytes, Checksums)> {
    let slices: Vec<&[u8]> = bodies.iter().map(|body| &**body).collect();
    let (md5, sha256) = cores.here(|| (lanes::md5_of(&slices), lanes::sha256_of(&slices)));
    let sums = md5.into_iter().zip(sha256);
    let checksums: Vec<_> = sums
        .map(|(md5, sha256)| Checksums {
            md5,
            sha256: Some(sha256),
            crc64nvme: None,
            crc32c: None,
        })
        .collect();
    let files = batch.into_iter().zip(bodies).zip(checksums);
    files.map(|((known, body), checksums)| (known, body, checksums))
}
