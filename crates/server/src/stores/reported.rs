//! Whether the report of a job still lies in its bucket as it was delivered, and what it says of the whole load.

use std::sync::Arc;

use model::delivered::Delivered;
use model::disposal::gate::{FileFound, ReportFound, ReportSays};
use model::ids::{BucketName, ObjectKey};
use model::proof::ReadBack;
use model::report::device_map::{DeviceMap, MAP_BYTES};
use model::report::failed::{DigestReader, NotToldOf, ReportDigest};
use model::report::lines::{self, Head, Line};
use objectstore::Bucket;
use objectstore::error::StoreError;
use objectstore::reading::{ReadError, Reading};
use sha2::{Digest as _, Sha256};

use super::{BucketFault, Stores, Tries, unusable};

/// Longest line at the ends of a report that is kept while it is read, in bytes: the first tells every attempt with what
/// the store was found to do, half a kilobyte each.
const LINE_BYTES: usize = 1 << 20;

impl Stores {
    /// Reads the files of a report to their ends, and compares them with what was told of them. `of_lines` is the key of the
    /// form for programs.
    pub(crate) async fn find_report(
        self: &Arc<Self>,
        bucket: &BucketName,
        told: Vec<Delivered>,
        of_lines: ObjectKey,
    ) -> ReportFound {
        let asked = bucket.clone();
        let find = move |stores: &Self, tries: &Tries| {
            let home = stores.home_of(&asked);
            let home = home.ok_or_else(|| BucketFault::Missing(vec![asked.clone()]))?;
            let bucket = tries.bucket(home.store.bucket(&asked));
            let mut says = None;
            let mut files = Vec::with_capacity(told.len());
            for file in told {
                let read = read(&bucket, &file, tries);
                let (found, ends) = read.map_err(|error| unusable(&asked, home, &error))?;
                if file.key == of_lines && found == FileFound::AsTold {
                    says = ends.says();
                }
                files.push((file.key, found));
            }
            Ok(ReportFound::Asked { files, says })
        };
        self.ask(find)
            .await
            .unwrap_or_else(|fault| ReportFound::NotAsked {
                bucket: bucket.clone(),
                why: fault.to_string(),
            })
    }
}

impl Stores {
    /// What a report that lies in a bucket says, read to its end; `None` if there is none.
    ///
    /// # Errors
    /// [`BucketFault`] if its store does not give it.
    pub(crate) async fn digest(
        self: &Arc<Self>,
        bucket: &BucketName,
        of_lines: ObjectKey,
    ) -> Result<Option<Result<ReportDigest, NotToldOf>>, BucketFault> {
        let bucket = bucket.clone();
        let digest = move |stores: &Self, tries: &Tries| {
            let home = stores.home_of(&bucket);
            let home = home.ok_or_else(|| BucketFault::Missing(vec![bucket.clone()]))?;
            let object = tries.bucket(home.store.bucket(&bucket));
            let mut reader = DigestReader::default();
            let sleeper = tries.sleeper();
            let mut reading = Reading::new(&object, &of_lines, &sleeper);
            match reading.stream(0, &mut |bytes| reader.take(bytes)) {
                Ok(_) => Ok(Some(reader.end())),
                Err(ReadError::Store(StoreError::NoSuchKey(_))) => Ok(None),
                Err(error) => Err(unusable(&bucket, home, &error.into_store_error())),
            }
        };
        self.ask(digest).await
    }

    /// The map of a device that lies beside a report, if there is one of a length that is told of.
    pub(crate) async fn map(
        self: &Arc<Self>,
        bucket: &BucketName,
        of_map: ObjectKey,
    ) -> Option<DeviceMap> {
        let got = self.get(bucket, &of_map, MAP_BYTES + 1).await.ok()??;
        let is_whole = got.len() as u64 <= MAP_BYTES;
        let text = String::from_utf8(got).ok().filter(|_| is_whole)?;
        DeviceMap::read(&text)
    }
}

/// How a file is found, with its first and last line.
fn read(
    bucket: &dyn Bucket,
    told: &Delivered,
    tries: &Tries,
) -> Result<(FileFound, Ends), StoreError> {
    let mut sum = Sha256::new();
    let mut ends = Ends::default();
    let sleeper = tries.sleeper();
    let mut reading = Reading::new(bucket, &told.key, &sleeper).sized(told.bytes);
    let read = reading.stream(0, &mut |bytes| {
        sum.update(bytes);
        ends.take(bytes);
    });
    let found = match read {
        Ok(_) if hex::encode(sum.finalize()) == told.sha256.as_str() => FileFound::AsTold,
        Ok(_) | Err(ReadError::OtherSize(_) | ReadError::Replaced) => FileFound::Different,
        Err(ReadError::Store(StoreError::NoSuchKey(_))) => FileFound::Missing,
        Err(error) => return Err(error.into_store_error()),
    };
    Ok((found, ends))
}

/// The first and the last line of what is read.
#[derive(Debug, Default)]
struct Ends {
    first: Vec<u8>,
    has_first: bool,
    last: Vec<u8>,
    /// Whether the line in `last` has ended: what comes then begins another.
    ended: bool,
    /// Whether a line was longer than is kept.
    too_long: bool,
}

impl Ends {
    fn take(&mut self, bytes: &[u8]) {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            if self.ended {
                self.last.clear();
                self.ended = false;
            }
            let (line, ends) = match piece.split_last() {
                Some((b'\n', line)) => (line, true),
                _ => (piece, false),
            };
            let room = LINE_BYTES.saturating_sub(self.last.len());
            self.too_long |= line.len() > room;
            self.last.extend_from_slice(&line[..line.len().min(room)]);
            self.ended = ends;
            if ends && !self.has_first {
                self.first.clone_from(&self.last);
                self.has_first = true;
            }
        }
    }

    /// What the report says, if it is one.
    fn says(&self) -> Option<ReportSays> {
        if self.too_long {
            return None;
        }
        let head = Head::parse(&self.first).ok()?;
        let Ok(Line::End(end)) = lines::parse(&self.last, head.about.bucket.as_ref()) else {
            return None;
        };
        let is_unproved = |attempt: &&model::proof::Attempt| {
            attempt.store.needed_read_back(attempt.read_back) == ReadBack::Full
                && attempt.read_back != ReadBack::Full
        };
        Some(ReportSays {
            stored: end.totals.stored,
            read_back: end.totals.read_back,
            lost: end.totals.errors(),
            unproved_attempts: head.attempts.iter().filter(is_unproved).count() as u64,
            has_bad_ranges: false,
            is_verified: false,
            differs: false,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A report of version 1, as every later program reads it.
    const REPORT: &[u8] = include_bytes!("../../../model/tests/report/version-1.jsonl");

    fn says(report: &[u8], stride: usize) -> Option<ReportSays> {
        let mut ends = Ends::default();
        for piece in report.chunks(stride) {
            ends.take(piece);
        }
        ends.says()
    }

    #[test]
    fn a_report_says_the_same_however_it_is_read() {
        let whole = says(REPORT, REPORT.len()).unwrap();
        for stride in [1, 7, 64, 1 << 20] {
            assert_eq!(says(REPORT, stride), Some(whole), "{stride}");
        }
        let lines: Vec<&[u8]> = REPORT.split_inclusive(|byte| *byte == b'\n').collect();
        let end: serde_json::Value = serde_json::from_slice(lines[lines.len() - 1]).unwrap();
        assert_eq!(end["summary"]["stored"], whole.stored);
        let cut = &REPORT[..REPORT.len() - lines[lines.len() - 1].len()];
        assert_eq!(
            says(cut, 64),
            None,
            "a report that was cut short says nothing"
        );
        assert_eq!(says(b"", 64), None);
        assert_eq!(says(&vec![b'x'; 2 * LINE_BYTES], 4096), None);
    }
}
