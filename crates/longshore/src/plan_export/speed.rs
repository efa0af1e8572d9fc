//! How fast a store gives what an export reads: some of its requests are made, for a few seconds.

use std::io;
use std::num::NonZeroU64;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use model::ids::{BucketName, ObjectKey};
use objectstore::Bucket;
use transfer::export::Buckets;
use transfer::export::plan::Item;
use transfer::stop::Stop;

/// For how long to measure.
const MEASURE: Duration = Duration::from_secs(3);

/// Bytes of a request: large objects are read in parts, small ones whole.
const REQUEST_BYTES: u64 = 8 << 20;

/// Most requests that are kept; half as many at least, if there are so many.
const KEPT: usize = 1024;

/// Every n-th request of an export.
#[derive(Debug)]
pub(super) struct Sample {
    requests: Vec<Request>,
    /// Requests that were offered.
    offered: u64,
    /// The next one to keep.
    next: u64,
    /// Which of them are kept: every so many.
    every: u64,
}

#[derive(Debug)]
struct Request {
    bucket: BucketName,
    key: ObjectKey,
    /// Where it begins in the object, in bytes.
    from: u64,
    bytes: u64,
}

impl Default for Sample {
    fn default() -> Self {
        Self {
            requests: Vec::new(),
            offered: 0,
            next: 0,
            every: 1,
        }
    }
}

impl Sample {
    /// Offers the requests for an object; gives how many they are.
    pub(super) fn offer(&mut self, item: &Item) -> u64 {
        let requests = item.bytes.div_ceil(REQUEST_BYTES).max(1);
        let first = self.offered;
        self.offered += requests;
        while self.next < self.offered {
            let from = (self.next - first) * REQUEST_BYTES;
            self.requests.push(Request {
                bucket: item.bucket.clone(),
                key: item.key.clone(),
                from,
                bytes: (item.bytes - from).min(REQUEST_BYTES),
            });
            self.next += self.every;
            if self.requests.len() == KEPT {
                self.thin();
            }
        }
        requests
    }

    /// Keeps every second one only.
    fn thin(&mut self) {
        let mut keep = false;
        self.requests.retain(|_| {
            keep = !keep;
            keep
        });
        self.every *= 2;
        self.next = self.next.next_multiple_of(self.every);
    }

    /// Makes the requests, so many at once, until all are made or three seconds are over; `None`
    /// if none succeeds.
    pub(super) fn measure(&self, buckets: &Buckets, at_once: u16, stop: &Stop) -> Option<Speed> {
        let (turn, made, bytes) = (AtomicUsize::new(0), AtomicU64::new(0), AtomicU64::new(0));
        let begun = Instant::now();
        std::thread::scope(|scope| {
            for _ in 0..at_once {
                scope.spawn(|| {
                    while begun.elapsed() < MEASURE && !stop.is_set() {
                        let turn = turn.fetch_add(1, Ordering::Relaxed);
                        let Some(request) = self.in_turn(turn) else {
                            break;
                        };
                        let bucket = buckets.get(&request.bucket);
                        if let Some(read) = bucket.and_then(|bucket| request.read(&**bucket)) {
                            made.fetch_add(1, Ordering::Relaxed);
                            bytes.fetch_add(read, Ordering::Relaxed);
                        }
                    }
                });
            }
        });
        Some(Speed::Measured {
            requests: NonZeroU64::new(made.into_inner())?,
            bytes: bytes.into_inner(),
            time: begun.elapsed(),
        })
    }

    /// The request whose turn it is. They are taken from all over the export, so that those that are
    /// made in the time there is are like the others.
    fn in_turn(&self, turn: usize) -> Option<&Request> {
        // Every number has its own place, because this prime divides no length below it.
        const LEAP: usize = 7919;
        let length = self.requests.len();
        (turn < length).then(|| &self.requests[turn * LEAP % length])
    }
}

impl Request {
    /// Reads it to its end; gives the bytes that came.
    fn read(&self, bucket: &dyn Bucket) -> Option<u64> {
        let range = (self.bytes > 0).then(|| self.from..self.from + self.bytes);
        let mut download = bucket.get(&self.key, range).ok()?;
        io::copy(&mut download.body, &mut io::sink()).ok()
    }
}

/// How fast devices are filled.
#[derive(Debug, Clone, Copy)]
pub(super) enum Speed {
    /// As the user says, in bytes per second.
    Given(NonZeroU64),
    /// So many requests and bytes in this time.
    Measured {
        requests: NonZeroU64,
        bytes: u64,
        time: Duration,
    },
}

impl Speed {
    /// How long it takes to read so much.
    pub(super) fn time(&self, requests: u64, bytes: u64) -> Duration {
        match self {
            Self::Given(rate) => Duration::from_millis(scaled(1000, bytes, *rate)),
            // Small objects cost their requests, and large ones are requests of one size.
            Self::Measured {
                requests: made,
                time,
                ..
            } => {
                let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
                Duration::from_micros(scaled(micros, requests, *made))
            }
        }
    }

    /// Bytes per second.
    pub(super) fn rate(&self) -> u64 {
        match self {
            Self::Given(rate) => rate.get(),
            Self::Measured { bytes, time, .. } => {
                let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
                scaled(
                    *bytes,
                    1_000_000,
                    NonZeroU64::new(micros).unwrap_or(NonZeroU64::MIN),
                )
            }
        }
    }
}

fn scaled(value: u64, times: u64, by: NonZeroU64) -> u64 {
    let scaled = u128::from(value) * u128::from(times) / u128::from(by.get());
    u64::try_from(scaled).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use transfer::export::plan::To;

    use super::*;

    fn item(number: u64, bytes: u64) -> Item {
        let path = format!("f{number}");
        Item {
            ordinal: number,
            operation: 0,
            bucket: BucketName::new("bkt").unwrap(),
            key: ObjectKey::new(path.clone()).unwrap(),
            bytes,
            etag: String::new(),
            to: To::File { path },
        }
    }

    #[test]
    fn requests_are_kept_evenly_however_many_there_are() {
        let mut sample = Sample::default();
        for number in 0..100_000 {
            assert_eq!(sample.offer(&item(number, 10)), 1);
        }
        // As many requests as a tenth of the small ones, in one object.
        assert_eq!(sample.offer(&item(100_000, 10_000 * REQUEST_BYTES)), 10_000);
        let kept = sample.requests.len();
        assert!((KEPT / 2..KEPT).contains(&kept), "{kept}");
        let large = sample.requests.iter().filter(|r| r.bytes > 10).count();
        assert!(
            (kept / 12..=kept / 10).contains(&large),
            "{large} of {kept}"
        );
        let turns: BTreeSet<(String, u64)> = (0..kept)
            .map(|turn| sample.in_turn(turn).unwrap())
            .map(|request| (request.key.to_string(), request.from))
            .collect();
        assert_eq!(turns.len(), kept, "each has its turn");
        assert!(sample.in_turn(kept).is_none());
    }

    #[test]
    fn parts_of_an_object_do_not_overlap_and_end_with_it() {
        let mut sample = Sample::default();
        sample.offer(&item(0, 2 * REQUEST_BYTES + 5));
        sample.offer(&item(1, 0));
        let found: Vec<(u64, u64)> = sample.requests.iter().map(|r| (r.from, r.bytes)).collect();
        let part = REQUEST_BYTES;
        assert_eq!(found, [(0, part), (part, part), (2 * part, 5), (0, 0)]);
    }

    #[test]
    fn time_goes_by_requests_that_were_measured_or_by_the_rate_that_is_given() {
        let measured = Speed::Measured {
            requests: NonZeroU64::new(300).unwrap(),
            bytes: 3_000_000,
            time: Duration::from_secs(3),
        };
        assert_eq!(measured.time(1000, u64::MAX), Duration::from_secs(10));
        assert_eq!(measured.rate(), 1_000_000);
        let given = Speed::Given(NonZeroU64::new(1_000_000).unwrap());
        assert_eq!(given.time(1, 2_500_000), Duration::from_millis(2500));
        assert_eq!(given.time(1, u64::MAX).as_secs(), u64::MAX / 1_000_000);
    }
}
