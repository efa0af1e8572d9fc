//! Reads files from the device, hashing in the same pass, and hands them to the putters.
//!
//! A few threads, so that the device is read in its own order; they wait only for the byte budget.

use std::io;
use std::sync::Arc;

use bytes::Bytes;
use crossbeam_channel::Sender;
use model::outcome::Failure;
use model::plan;
use objects::Checksums;
use objects::checksum::{Digests, Hasher};
use objects::upload::PartNumber;

use crate::run::{Run, Work};
use crate::stop::Halt;
use crate::tree::{BadRead, Content, DeviceGone, Shape, fill, is_starved};
use crate::upload::{Large, PartPut, Put, SmallPut, Whole};

/// Why a file is not read to its end.
enum Unread {
    /// The file's own fault: a line of the report.
    File(Failure),
    /// The run is over.
    Stopped,
}

impl From<Failure> for Unread {
    fn from(failure: Failure) -> Self {
        Self::File(failure)
    }
}

/// One thread that reads.
pub struct Reader<'a> {
    pub(crate) run: Run<'a>,
    pub(crate) puts: Sender<Put>,
}

impl Reader<'_> {
    /// Reads one file and hands on what is to be put. Whatever happens is noted.
    pub(crate) fn read(&self, work: Work) {
        if self.run.stop.is_set() {
            return;
        }
        self.run.progress.reading(&work.path.to_string());
        let is_large = work.bytes >= self.run.settings.multipart_threshold;
        let done = if is_large {
            self.read_large(&work)
        } else {
            self.read_small(&work)
        };
        match done {
            Ok(()) | Err(Unread::Stopped) => {}
            Err(Unread::File(failure)) => self.run.fail(&work.path, work.bytes, failure),
        }
    }

    fn read_small(&self, work: &Work) -> Result<(), Unread> {
        let permit = self.run.budget.take(work.bytes);
        let (file, shape) = self.open(work)?;
        let bytes = usize::try_from(shape.bytes).unwrap_or(usize::MAX);
        let body = self.read_range(work, &*file, 0, bytes)?;
        self.must_be_unchanged(work, &*file, shape)?;
        let checksums = Checksums::of(&body);
        let attributes = plan::attributes(self.run.rules, &work.path, &body, work.modified);
        let (path, key) = (work.path.clone(), work.key.clone());
        let put = SmallPut {
            path,
            key,
            body,
            attributes,
            checksums,
            permit,
        };
        self.put(Put::Small(Box::new(put)))
    }

    /// Reads a large file part by part. The upload is begun when the first part has been read, so
    /// that a file which cannot be read at all leaves nothing behind.
    fn read_large(&self, work: &Work) -> Result<(), Unread> {
        let (file, shape) = self.open(work)?;
        let part_size = self.run.settings.part_size(shape.bytes);
        let mut whole = Hasher::new(Digests::Md5Sha256);
        let mut upload = None;
        let read = self.read_parts(work, &*file, shape, part_size, &mut whole, &mut upload);
        let Some(upload) = upload else { return read };
        match read.and_then(|()| self.must_be_unchanged(work, &*file, shape)) {
            Ok(()) => upload.read_to_the_end(&self.run, Whole::new(whole)),
            Err(Unread::File(failure)) => upload.give_up(&self.run, failure),
            Err(Unread::Stopped) => upload.leave(),
        }
        Ok(())
    }

    fn read_parts(
        &self,
        work: &Work,
        file: &dyn Content,
        shape: Shape,
        part_size: u64,
        whole: &mut Hasher,
        upload: &mut Option<Arc<Large>>,
    ) -> Result<(), Unread> {
        for index in 0..shape.bytes.div_ceil(part_size) {
            let offset = index * part_size;
            let length = part_size.min(shape.bytes - offset);
            let permit = self.run.budget.take(length);
            if self.run.stop.is_set() {
                return Err(Unread::Stopped);
            }
            let length = usize::try_from(length).unwrap_or(usize::MAX);
            let body = self.read_range(work, file, offset, length)?;
            whole.update(&body);
            let upload = match upload {
                Some(begun) => Arc::clone(begun),
                None => Arc::clone(upload.insert(self.begin(work, &body)?)),
            };
            let number = PartNumber::from_index(index)
                .map_err(|_| Failure::too_large(work.key.clone(), shape.bytes))?;
            upload.expect_part();
            self.put(Put::Part(PartPut {
                upload,
                number,
                body,
                permit,
            }))?;
        }
        Ok(())
    }

    fn begin(&self, work: &Work, head: &[u8]) -> Result<Arc<Large>, Unread> {
        let attributes = plan::attributes(self.run.rules, &work.path, head, work.modified);
        Large::begin(&self.run, work, &attributes).map_err(|failure| match failure {
            Some(failure) => Unread::File(failure),
            None => Unread::Stopped,
        })
    }

    fn open(&self, work: &Work) -> Result<(Box<dyn Content>, Shape), Unread> {
        let opened = self.run.tree.open(&work.path).and_then(|file| {
            let shape = file.shape()?;
            Ok((file, shape))
        });
        let (file, shape) = opened.map_err(|e| self.unreadable(work, e, ""))?;
        if shape.bytes == work.bytes {
            Ok((file, shape))
        } else {
            Err(Failure::changed(work.bytes, shape.bytes, work.key.clone()).into())
        }
    }

    /// Reads exactly `length` bytes at `offset`.
    fn read_range(
        &self,
        work: &Work,
        file: &dyn Content,
        offset: u64,
        length: usize,
    ) -> Result<Bytes, Unread> {
        let mut buffer = vec![0; length];
        match fill(file, offset, &mut buffer) {
            Ok(filled) if filled == length => Ok(Bytes::from(buffer)),
            Ok(filled) => {
                let end = offset + filled as u64;
                Err(Failure::changed(work.bytes, end, work.key.clone()).into())
            }
            Err(BadRead { at, source }) => {
                Err(self.unreadable(work, source, &format!("at offset {at}: ")))
            }
        }
    }

    fn must_be_unchanged(
        &self,
        work: &Work,
        file: &dyn Content,
        before: Shape,
    ) -> Result<(), Unread> {
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
        let checked = if is_starved(&error) {
            Err(DeviceGone(error))
        } else {
            self.run.tree.check()
        };
        match checked {
            Ok(()) => Failure::unreadable(reason, Some(work.key.clone())).into(),
            Err(gone) => {
                self.run.stop.halt(Halt::Device(gone));
                Unread::Stopped
            }
        }
    }

    fn put(&self, put: Put) -> Result<(), Unread> {
        self.puts.send(put).map_err(|_| Unread::Stopped)
    }
}
