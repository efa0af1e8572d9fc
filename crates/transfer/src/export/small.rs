//! Small objects, held in memory whole: hashed together, written one after the other.

use std::io;

use bytes::Bytes;
use crossbeam_channel::{Receiver, Sender};
use model::missing::Missing;
use model::outcome::{Failure, Stored};
use objectstore::object::ObjectInfo;

use super::commit::Written;
use super::evidence::{Asked, damaged, other_size};
use super::plan::Item;
use super::run::{ExportRun, path};
use super::{WriteLock, crc};
use crate::pipeline::budget::Permit;

/// Objects that are hashed beside each other.
const BATCH: usize = 16;

/// An object that was read.
pub(super) struct Small {
    pub(super) item: Item,
    pub(super) info: ObjectInfo,
    pub(super) body: Bytes,
    /// Given back when the body is on the device.
    pub(super) permit: Permit,
}

/// An object and what it adds up to.
struct Summed {
    small: Small,
    md5: [u8; 16],
    sha256: [u8; 32],
}

impl ExportRun<'_> {
    /// Writes small objects until there are no more, and hands them on to be committed.
    pub(super) fn write_smalls(
        &self,
        queue: &Receiver<Small>,
        done: &Sender<Written>,
        write_lock: &WriteLock,
    ) {
        while let Ok(first) = queue.recv() {
            let rest = queue.try_iter().take(BATCH - 1);
            let batch: Vec<Small> = std::iter::once(first).chain(rest).collect();
            for summed in self.sums(batch) {
                if let Some(written) = self.write_small(summed, write_lock) {
                    // Whoever commits is gone only when the run is over.
                    let _stopped = done.send(written);
                }
            }
        }
    }

    fn write_small(&self, summed: Summed, write_lock: &WriteLock) -> Option<Written> {
        if self.is_over(summed.small.item.ordinal) {
            return None;
        }
        let summed = self.as_the_store_has_it(summed)?;
        let Summed { small, md5, sha256 } = summed;
        let written = {
            let _writing = write_lock.lock();
            self.stage(&small)
        };
        if let Err(error) = written {
            self.fail_on_device(&small.item, error);
            return None;
        }
        drop(small.permit);
        Some(Written {
            bytes: small.body.len() as u64,
            stored: Stored {
                key: small.item.key.clone(),
                md5: hex::encode(md5),
                sha256: hex::encode(sha256),
                etag: small.info.etag,
                content_type: small.info.attributes.content_type.unwrap_or_default(),
                parts: 0,
                read_back: true,
                found: false,
                missing: Missing::default(),
            },
            proof: Some(crc(&small.body)),
            item: small.item,
        })
    }

    fn stage(&self, small: &Small) -> io::Result<()> {
        let staged = self.target.stage(small.item.ordinal, path(&small.item))?;
        if staged.bytes()? > 0 {
            staged.reserve(0)?;
        }
        staged.write_at(0, &small.body)?;
        small
            .info
            .last_modified
            .into_iter()
            .for_each(|at| staged.date(at));
        staged.is_written()
    }

    /// Compares with all that is known of the object. What differs is read once more: it may have
    /// been damaged on its way.
    fn as_the_store_has_it(&self, summed: Summed) -> Option<Summed> {
        match self.compared(&summed, Asked::Usual) {
            Ok(()) => return Some(summed),
            Err(None) => return None,
            Err(Some(_)) => {}
        }
        let Small { item, permit, .. } = summed.small;
        let (info, body) = self
            .read_whole(&item)
            .map_err(|failure| self.fail_if_told(&item, failure))
            .ok()?;
        let small = Small {
            item,
            info,
            body,
            permit,
        };
        let summed = self.sums(vec![small]).pop().expect("one goes in");
        self.compared(&summed, Asked::All)
            .map_err(|failure| self.fail_if_told(&summed.small.item, failure))
            .ok()?;
        Some(summed)
    }

    /// Reports what is wrong with an object, unless the run stops.
    fn fail_if_told(&self, item: &Item, failure: Option<Failure>) {
        if let Some(why) = failure {
            self.fail(item, why);
        }
    }

    /// The error is what is wrong with the object, or `None` if the run stops.
    fn compared(&self, summed: &Summed, asked: Asked) -> Result<(), Option<Failure>> {
        let Small {
            item, info, body, ..
        } = &summed.small;
        let is_listed = info.etag == item.etag && !item.etag.is_empty();
        if is_listed && info.size != item.bytes {
            return Err(Some(other_size(item, info.size)));
        }
        let (evidence, parts) = self.evidence(item, info, asked)?;
        let mut sums = evidence.sums(&parts);
        sums.update(body);
        let compared = sums.compare(&summed.md5, &summed.sha256);
        match self.proves_damage(item, compared) {
            Some(difference) => Err(Some(damaged(item, &difference))),
            None => Ok(()),
        }
    }

    /// Hashes objects beside each other.
    fn sums(&self, batch: Vec<Small>) -> Vec<Summed> {
        let bodies: Vec<&[u8]> = batch.iter().map(|small| &*small.body).collect();
        let hash = || (lanes::md5_of(&bodies), lanes::sha256_of(&bodies));
        let (md5, sha256) = self.cores.here(hash);
        let sums = md5.into_iter().zip(sha256);
        let summed = batch.into_iter().zip(sums);
        summed
            .map(|(small, (md5, sha256))| Summed { small, md5, sha256 })
            .collect()
    }
}
