//! Reads objects from the store: small ones whole, large ones in ranges.

use std::io;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use crossbeam_channel::{Receiver, Sender};
use model::outcome::Failure;
use objects::object::ObjectInfo;
use objects::{Bucket, StoreError};

use super::large::Large;
use super::plan::Item;
use super::run::Run;
use super::small::Small;
use crate::budget::Permit;

/// How often a body that breaks off is asked for again.
const TRIES: u32 = 5;

/// How long to wait before it is asked for again; each later wait is four times the one before.
const PAUSE: Duration = Duration::from_millis(50);

/// What is to be read.
pub(super) enum Unit {
    /// An object that is held in memory whole.
    Small(Item, Permit),
    /// A block of a large one; numbers begin at 1.
    Block(Arc<Large>, u64, Permit),
}

/// Why something was not read.
enum Unread {
    Store(StoreError),
    /// Its body broke off.
    Broken(StoreError),
    /// The object is not the one that was listed.
    Changed,
}

impl Run<'_> {
    /// Reads what is asked for until there is nothing more. Small objects go on to `smalls`.
    pub(super) fn fetch(&self, units: &Receiver<Unit>, smalls: &Sender<Small>, pen: &super::Pen) {
        for unit in units {
            match unit {
                Unit::Small(item, permit) => {
                    if let Some(small) = self.fetch_small(item, permit) {
                        // Whoever writes is gone only when the run is over.
                        let _stopped = smalls.send(small);
                    }
                }
                Unit::Block(large, number, permit) => {
                    self.fetch_block(&large, number, permit, pen);
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
        let read = self.again(|| {
            let mut download = bucket.get(&item.key, None).map_err(Unread::Store)?;
            if download.info.size > most {
                return Err(Unread::Changed);
            }
            let length = usize::try_from(download.info.size).unwrap_or(usize::MAX);
            let mut body = vec![0; length];
            read_to_end(&mut *download.body, &mut body)?;
            Ok((download.info, Bytes::from(body)))
        });
        let (info, body) = read.map_err(|why| self.unread(item, why))?;
        self.progress.sent(body.len() as u64);
        Ok((info, body))
    }

    fn fetch_block(&self, large: &Arc<Large>, number: u64, permit: Permit, pen: &super::Pen) {
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
        match self.again(|| read_range(bucket, item, &range, &mut buffer)) {
            Ok(info) => {
                self.progress.sent(length);
                large.arrived(self, pen, number, buffer, info, permit);
            }
            Err(why) => match self.unread(item, why) {
                Some(failure) => large.fail(self, failure),
                None => large.leave(),
            },
        }
    }

    /// Tries again while a body breaks off. That a request is made again at all is the bucket's
    /// affair.
    fn again<T>(&self, mut read: impl FnMut() -> Result<T, Unread>) -> Result<T, Unread> {
        let (mut tries, mut pause) = (1, PAUSE);
        loop {
            match read() {
                Err(Unread::Broken(_)) if tries < TRIES && !self.stop.is_set() => {
                    tries += 1;
                    std::thread::sleep(pause);
                    pause *= 4;
                }
                done => return done,
            }
        }
    }

    fn unread(&self, item: &Item, why: Unread) -> Option<Failure> {
        match why {
            // Of a store that answers otherwise it is the object that is broken.
            Unread::Broken(error) if !self.stop.is_set() && self.may_read_elsewhere(item) => {
                let (code, key) = ("ReadError".to_owned(), item.key.clone());
                Some(Failure::refused(500, code, error.to_string(), key))
            }
            Unread::Broken(error) => self.judge(item, error),
            Unread::Store(error) => self.judge(item, error),
            Unread::Changed => {
                let reason = "the object was replaced after it was listed".to_owned();
                let (code, key) = ("ObjectChanged".to_owned(), item.key.clone());
                Some(Failure::refused(409, code, reason, key))
            }
        }
    }
}

/// Fills `buffer` with the bytes of `range`, of the version that was listed.
fn read_range(
    bucket: &dyn Bucket,
    item: &Item,
    range: &Range<u64>,
    buffer: &mut [u8],
) -> Result<ObjectInfo, Unread> {
    let asked = Some(range.clone());
    let mut download = bucket.get(&item.key, asked).map_err(Unread::Store)?;
    let info = download.info;
    let is_same = info.size == item.bytes && (item.etag.is_empty() || info.etag == item.etag);
    if !is_same || download.range != *range {
        return Err(Unread::Changed);
    }
    read_to_end(&mut *download.body, buffer)?;
    Ok(info)
}

/// Fills `buffer` with a body that is as long, and reads on to its end: a connection whose answer was
/// not read to the end is closed.
fn read_to_end(body: &mut dyn io::Read, buffer: &mut [u8]) -> Result<(), Unread> {
    body.read_exact(buffer).map_err(broken)?;
    match body.read(&mut [0]).map_err(broken)? {
        0 => Ok(()),
        _ => Err(Unread::Changed),
    }
}

fn broken(error: io::Error) -> Unread {
    Unread::Broken(StoreError::while_reading(error))
}
