//! Reads files from the device and hands them on: small ones in batches, hashed here and sent
//! whole; large ones block by block, hashed beside the others and sent in parts.
//!
//! A few threads, so that the device is read in its own order; they wait only for the byte budget.

use std::io;
use std::sync::Arc;

use bytes::Bytes;
use crossbeam_channel::{Receiver, Sender};
use model::attributes::Attributes;
use model::outcome::Failure;
use model::{identity, plan};
use objectstore::Checksums;
use objectstore::upload::PartNumber;

use crate::import::resume::Found;
use crate::import::run::{Halted, Run, Work};
use crate::import::upload::{Large, PartPut, Put, SmallPut};
use crate::pipeline::budget::Permit;
use crate::pipeline::doubt::Suspect;
use crate::pipeline::hash_state::Block;
use crate::pipeline::hashing::Hashing;
use crate::pipeline::turns::{TURN_BYTES, Turns};
use disks::aligned::Buffers;
use disks::tree::{BadRead, Content, Shape, fill};

/// Small files that are read together, to be hashed together.
const BATCH_FILES: usize = 16;

/// Their bytes together, unless one has more.
const BATCH_BYTES: u64 = 8 << 20;

/// Why a file is not read to its end.
enum Unread {
    /// The file's own fault: a line of the report.
    File(Failure),
    /// Whether it is the file's fault shows later.
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
    pub(crate) hashing: &'a Hashing<Large>,
    pub(crate) buffers: Arc<Buffers>,
    /// Where the device spins.
    pub(crate) turns: Option<&'a Turns>,
    pub(crate) puts: Sender<Put>,
}

impl Reader<'_> {
    /// Reads everything that is to be read. Whatever happens to a file is noted.
    pub(crate) fn work(&self, queue: &Receiver<Work>) {
        let mut next = queue.recv().ok();
        while let Some(work) = next {
            if self.run.stop.is_set() {
                return;
            }
            next = if self.is_large(&work) {
                self.one(&work, |work| self.read_large(work));
                None
            } else {
                self.read_batch(work, queue)
            };
            next = next.or_else(|| queue.recv().ok());
        }
    }

    fn is_large(&self, work: &Work) -> bool {
        work.bytes >= self.run.settings.multipart_threshold || work.unfinished.is_some()
    }

    /// Reads one file and notes it if that cannot be done.
    fn one<T>(&self, work: &Work, read: impl FnOnce(&Work) -> Result<T, Unread>) -> Option<T> {
        self.run.progress.reading(&work.path.to_string());
        match read(work) {
            Ok(done) => Some(done),
            Err(Unread::Stopped | Unread::Later) => None,
            Err(Unread::File(failure)) => {
                self.run.fail(&work.path, work.bytes, failure);
                None
            }
        }
    }

    /// Reads `first` and the small files that wait behind it. Gives the one that did not fit.
    fn read_batch(&self, first: Work, queue: &Receiver<Work>) -> Option<Work> {
        let (mut bytes, mut batch, mut left) = (first.bytes, vec![first], None);
        while batch.len() < BATCH_FILES {
            let Ok(work) = queue.try_recv() else { break };
            if self.is_large(&work) || bytes + work.bytes > BATCH_BYTES {
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
        let permit = Arc::new(self.run.budget.take(bytes));
        let read = batch.into_iter().filter_map(|work| {
            let (shape, body) = self.one(&work, |work| self.read_small(work))?;
            Some((Known { work, shape }, body))
        });
        let (batch, bodies): (Vec<Known>, Vec<Bytes>) = read.unzip();
        for (known, body, checksums) in with_sums(batch, bodies) {
            self.send_small(known, body, checksums, &permit);
        }
        left
    }

    fn read_small(&self, work: &Work) -> Result<(Shape, Bytes), Unread> {
        let (file, shape) = self.open(work)?;
        let bytes = usize::try_from(shape.bytes).unwrap_or(usize::MAX);
        let mut body = vec![0; bytes];
        self.read_range(work, &*file, 0, &mut body)?;
        self.must_be_unchanged(work, &*file, shape)?;
        Ok((shape, body.into()))
    }

    /// What the object of a file will carry; `sha256` if its content is known by now.
    fn attributes(
        &self,
        work: &Work,
        shape: Shape,
        head: &[u8],
        sha256: Option<String>,
    ) -> Attributes {
        let modified = Some(shape.modified());
        let mut attributes = plan::attributes(self.run.rules, &work.path, head, modified);
        if self.run.settings.sha256_metadata {
            identity::add_sha256(&mut attributes, sha256);
        }
        if self.run.settings.mtime_metadata {
            identity::add_mtime(&mut attributes, modified);
        }
        attributes
    }

    fn send_small(&self, known: Known, body: Bytes, checksums: Checksums, permit: &Arc<Permit>) {
        let Known { work, shape } = known;
        let attributes = self.attributes(&work, shape, &body, checksums.sha256_hex());
        let put = SmallPut {
            path: work.path,
            key: work.key,
            shape,
            before: work.before,
            body,
            attributes,
            checksums,
            permit: Arc::clone(permit),
        };
        // The putters are gone only when the run is over.
        let _stopped = self.puts.send(Put::Small(Box::new(put)));
    }

    /// Reads a large file part by part. The upload is begun when the first part has been read, so
    /// that a file which cannot be read at all leaves nothing behind.
    fn read_large(&self, work: &Work) -> Result<(), Unread> {
        let (file, shape) = match (self.open(work), &work.unfinished) {
            (Err(Unread::File(failure)), Some(unfinished)) => {
                self.run.drop_upload(&unfinished.key, &unfinished.upload)?;
                return Err(failure.into());
            }
            (opened, _) => opened?,
        };
        let Some((mut upload, parts_done, part_bytes)) = self.take_up(work, shape)? else {
            return Ok(());
        };
        let mut parts = Parts {
            work,
            file: &*file,
            shape,
            part_bytes,
            next: parts_done,
        };
        let read = self.read_parts(&mut parts, &mut upload);
        let Some(upload) = upload else { return read };
        match read.and_then(|()| self.must_be_unchanged(work, &*file, shape)) {
            Ok(()) => upload.read_to_the_end(&self.run),
            Err(Unread::File(failure)) => upload.give_up(&self.run, failure),
            // The next attempt goes on with it.
            Err(Unread::Stopped | Unread::Later) => upload.leave(&self.run),
        }
        Ok(())
    }

    /// What an earlier attempt has left of a file's upload: the upload if it goes on, how many parts
    /// need not be read, and their size. `None` if nothing is left to do.
    fn take_up(&self, work: &Work, shape: Shape) -> Result<Option<TakenUp>, Unread> {
        let afresh = Ok(Some((None, 0, self.run.settings.part_size(shape.bytes))));
        let Some(unfinished) = work.unfinished.as_deref() else {
            return afresh;
        };
        self.run.doubt.was_read(&work.path, work.bytes);
        match self.run.look_for(unfinished.clone(), &work.key, shape)? {
            Found::Useless => afresh,
            Found::Complete(stored) => {
                let before = &work.before;
                self.run.finish_large(&work.path, shape, before, stored);
                Ok(None)
            }
            Found::Open(unfinished, parts, mark) => {
                let part_bytes = unfinished.part_bytes;
                let before = work.before.clone();
                let Some(upload) = Large::go_on(*unfinished, before, mark) else {
                    return afresh;
                };
                Ok(Some((Some(upload), parts, part_bytes)))
            }
        }
    }

    fn read_parts(
        &self,
        parts: &mut Parts<'_>,
        upload: &mut Option<Arc<Large>>,
    ) -> Result<(), Unread> {
        let (mut turn, mut end_of_turn) = (None, 0);
        while let Some((number, offset, length)) = parts.next()? {
            if offset >= end_of_turn {
                end_of_turn = offset + TURN_BYTES;
                // Passed on before the next is asked for.
                drop(turn.take());
                turn = self.turns.map(Turns::take);
            }
            let permit = Arc::new(self.run.budget.take(length));
            if self.run.stop.is_set() {
                return Err(Unread::Stopped);
            }
            let mut body = self.buffers.take(length);
            self.read_range(parts.work, parts.file, offset, &mut body)?;
            let bytes = body.into_bytes();
            let upload = match upload {
                Some(begun) => begun,
                None => upload.insert(self.begin(parts, &bytes)?),
            };
            self.send_block(upload, number, bytes, permit);
        }
        Ok(())
    }

    fn begin(&self, parts: &Parts<'_>, head: &[u8]) -> Result<Arc<Large>, Unread> {
        let (work, shape) = (parts.work, parts.shape);
        let attributes = self.attributes(work, shape, head, None);
        Ok(Large::begin(
            &self.run,
            work,
            shape,
            parts.part_bytes,
            &attributes,
        )?)
    }

    /// Hands a block to those who hash, for the whole and on its way to those who send.
    fn send_block(
        &self,
        upload: &Arc<Large>,
        number: PartNumber,
        bytes: Bytes,
        permit: Arc<Permit>,
    ) {
        upload.expect(2);
        self.hashing.part(PartPut {
            upload: Arc::clone(upload),
            number,
            body: bytes.clone(),
            md5: [0; 16],
            permit: Arc::clone(&permit),
        });
        let number = number.get().into();
        let block = Block {
            number,
            bytes,
            permit,
        };
        self.hashing.whole(upload, block);
    }

    fn open(&self, work: &Work) -> Result<(Box<dyn Content>, Shape), Unread> {
        let opened = self.run.tree.open(&work.path).and_then(|file| {
            let shape = file.shape()?;
            Ok((file, shape))
        });
        match opened {
            Ok((file, shape)) if shape.bytes == work.bytes => Ok((file, shape)),
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
            Err(BadRead { at, source }) => {
                Err(self.unreadable(work, source, &format!("at offset {at}: ")))
            }
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
    fn must_be_unchanged(
        &self,
        work: &Work,
        file: &dyn Content,
        before: Shape,
    ) -> Result<(), Unread> {
        match fill(file, before.bytes, &mut [0]) {
            Ok(0) => {}
            Ok(_) => return Err(Failure::longer(before.bytes, work.key.clone()).into()),
            Err(BadRead { at, source }) => {
                return Err(self.unreadable(work, source, &format!("at offset {at}: ")));
            }
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
        let reason = format!("{place}{error}");
        let failure = Failure::unreadable(reason, Some(work.key.clone()));
        self.judge(work, error, failure)
    }

    fn judge(&self, work: &Work, error: io::Error, failure: Failure) -> Unread {
        let suspect = Suspect {
            path: work.path.clone(),
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
    /// As it was then.
    shape: Shape,
}

/// An upload that goes on, the parts of it that need not be read, and the size of a part.
type TakenUp = (Option<Arc<Large>>, u64, u64);

/// The parts of a file that are still to be read.
struct Parts<'a> {
    work: &'a Work,
    file: &'a dyn Content,
    shape: Shape,
    part_bytes: u64,
    /// Counted from 0.
    next: u64,
}

impl Parts<'_> {
    /// The next part: its number, its offset and its length.
    fn next(&mut self) -> Result<Option<(PartNumber, u64, u64)>, Unread> {
        let offset = self.next * self.part_bytes;
        if offset >= self.shape.bytes {
            return Ok(None);
        }
        let number = PartNumber::from_index(self.next)
            .map_err(|_| Failure::too_large(self.work.key.clone(), self.shape.bytes))?;
        self.next += 1;
        let length = self.part_bytes.min(self.shape.bytes - offset);
        Ok(Some((number, offset, length)))
    }
}

/// Hashes the files of a batch beside each other.
fn with_sums(
    batch: Vec<Known>,
    bodies: Vec<Bytes>,
) -> impl Iterator<Item = (Known, Bytes, Checksums)> {
    let slices: Vec<&[u8]> = bodies.iter().map(|body| &**body).collect();
    let sums = lanes::md5_of(&slices)
        .into_iter()
        .zip(lanes::sha256_of(&slices));
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
