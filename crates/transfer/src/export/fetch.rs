//! Reads objects from the store: small ones whole, large ones in ranges.

use std::sync::Arc;

use bytes::Bytes;
use crossbeam_channel::{Receiver, Sender};
use model::outcome::{Failure, FailureCode};
use objectstore::object::ObjectInfo;
use objectstore::reading::{ReadError, Reading};

use super::large::StagedObject;
use super::plan::Item;
use super::run::ExportRun;
use super::small::Small;
use crate::pipeline::budget::Permit;

/// How often an object that is replaced while it is read is begun anew.
const TRIES: u32 = 5;

/// What is to be read.
pub(super) enum Unit {
    /// An object that is held in memory whole.
    Small(Item, Permit),
    /// A block of a large one; numbers begin at 1.
    Block(Arc<StagedObject>, u64, Permit),
}

impl ExportRun<'_> {
    /// Reads what is asked for until there is nothing more. Small objects go on to `smalls`.
    pub(super) fn fetch(
        &self,
        units: &Receiver<Unit>,
        smalls: &Sender<Small>,
        write_lock: &super::WriteLock,
    ) {
        for unit in units {
            match unit {
                Unit::Small(item, permit) => {
                    if let Some(small) = self.fetch_small(item, permit) {
                        // Whoever writes is gone only when the run is over.
                        let _stopped = smalls.send(small);
                    }
                }
                Unit::Block(large, number, permit) => {
                    self.fetch_block(&large, number, permit, write_lock);
                }
            }
        }
    }

    fn fetch_small(&self, item: Item, permit: Permit) -> Option<Small> {
        if self.is_over(item.ordinal) {
            return None;
        }
        self.progress.reading(item.key.as_str());
        match self.read_whole(&item) {
            Ok((info, body)) => Some(Small {
                info,
                body,
                permit,
                item,
            }),
            Err(Some(failure)) => {
                self.fail(&item, failure);
                None
            }
            Err(None) => None,
        }
    }

    /// Reads an object that fits into memory. One that was replaced since it was listed is taken as
    /// it is now, if it still fits.
    pub(super) fn read_whole(&self, item: &Item) -> Result<(ObjectInfo, Bytes), Option<Failure>> {
        let bucket = self.bucket(item).ok_or(None)?;
        let most = self.settings.part_bytes.max(item.bytes);
        let mut tries = 1;
        let (info, body) = loop {
            let mut reading = Reading::new(bucket, &item.key, self.patience);
            match reading.whole(most) {
                Ok(Some(read)) => break read,
                Ok(None) => return Err(self.unread(item, ReadError::Replaced)),
                Err(ReadError::Replaced) if tries < TRIES => tries += 1,
                Err(why) => return Err(self.unread(item, why)),
            }
        };
        self.progress.sent(body.len() as u64);
        Ok((info, Bytes::from(body)))
    }

    fn fetch_block(
        &self,
        large: &Arc<StagedObject>,
        number: u64,
        permit: Permit,
        write_lock: &super::WriteLock,
    ) {
        if self.stop.is_set() || self.is_over(large.item.ordinal) {
            return large.leave();
        }
        if large.is_over() {
            return;
        }
        let item = &large.item;
        self.progress.reading(item.key.as_str());
        let range = large.range(number);
        let length = range.end - range.start;
        let mut buffer = self.buffers.take(length);
        let Some(bucket) = self.bucket(item) else {
            return large.leave();
        };
        let reading = Reading::new(bucket, &item.key, self.patience);
        match reading.of(large.version()).fill(range.start, &mut buffer) {
            Ok(info) => {
                self.progress.sent(length);
                large.arrived(self, write_lock, number, buffer, info, permit);
            }
            Err(why) => match self.unread(item, why) {
                Some(failure) => large.fail(self, failure),
                None => large.leave(),
            },
        }
    }

    /// What is to be said of an object that was not read. `None` if the run stops.
    pub(super) fn unread(&self, item: &Item, why: ReadError) -> Option<Failure> {
        match why {
            // Of a store that answers otherwise it is the object that is broken.
            ReadError::Broken(error) if !self.stop.is_set() && self.may_read_elsewhere(item) => {
                let (code, key) = (FailureCode::ReadError, item.key.clone());
                Some(Failure::of(code, error.to_string(), key))
            }
            ReadError::Broken(error) | ReadError::Store(error) => self.judge(item, error),
            ReadError::Replaced | ReadError::OtherSize(_) => {
                let reason = "the object was replaced after it was listed".to_owned();
                let (code, key) = (FailureCode::ObjectChanged, item.key.clone());
                Some(Failure::of(code, reason, key))
            }
            ReadError::Stopped => None,
        }
    }
}
