//! What earlier attempts at a job have left in the bucket where no journal of this host knows of it: the host that made
//! them may be gone for good. The bucket outranks journals.
//!
//! An object or an upload is the job's own if it has the key of one of its files and was made while the job was done: not
//! before its first attempt, as the server knows, and an upload not after this one was claimed. At any time one station
//! alone has the lease of a job, so what is the job's own is nobody's any more; what is older or newer is somebody
//! else's, and is neither compared nor gone on with nor abandoned.

use std::collections::BTreeMap;

use model::capabilities::PartCheck;
use model::limits;
use model::manifest::OnUnreadable;
use model::outcome::Failure;
use model::proof::Attempt;
use model::time::Timestamp;
use objectstore::StoreError;
use objectstore::upload::{PartNumber, PartReceipt, UploadId};
use time::OffsetDateTime;

use crate::import::resume::Unfinished;
use crate::import::run::{Run, Work};
use crate::import::source::Source;
use model::attributes::Attributes;
use model::ids::ObjectKey;

/// Seconds that the clocks of server, station and store are apart at most: a store refuses what is signed by a clock that
/// is further off (API reference, *Error responses*, `RequestTimeTooSkewed`).
const CLOCKS_APART: i64 = 15 * 60;

/// While which a job was done, until this attempt at it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Era {
    /// When its first attempt began, if the server says so.
    begun: Option<Timestamp>,
    /// When this attempt began.
    claimed: Timestamp,
}

impl Era {
    /// That before `attempt`; `None` if it is the first. The job's first attempt began at `begun`.
    #[must_use]
    pub(crate) fn before(attempt: &Attempt, begun: Option<Timestamp>) -> Option<Self> {
        let claimed = attempt.at;
        (attempt.number > 1).then_some(Self { begun, claimed })
    }

    /// Whether an object is of it that was put then.
    #[must_use]
    pub(crate) fn has_object(self, modified: Option<OffsetDateTime>) -> bool {
        let begun = self.begun.zip(modified);
        begun.is_some_and(|(begun, modified)| is_not_before(modified, begun))
    }

    /// Whether an upload is of it that was begun then. Where nobody says when, it is: it has the job's key.
    #[must_use]
    pub(crate) fn has_upload(self, initiated: Option<OffsetDateTime>) -> bool {
        initiated.is_none_or(|initiated| {
            let is_new = self
                .begun
                .is_none_or(|begun| is_not_before(initiated, begun));
            is_new && initiated <= self.claimed.plus_seconds(CLOCKS_APART).instant()
        })
    }
}

fn is_not_before(instant: OffsetDateTime, begun: Timestamp) -> bool {
    instant >= begun.plus_seconds(-CLOCKS_APART).instant()
}

/// The parts of an upload that was found, where the journal does not know it.
#[derive(Debug, PartialEq, Eq)]
struct Layout {
    /// Bytes of each part but the last.
    part_bytes: u64,
    /// By which sum its parts go.
    check: PartCheck,
    /// Those that lie where a part of that size does.
    held: BTreeMap<PartNumber, PartReceipt>,
}

impl Layout {
    /// How `parts` of a file of `bytes` lie; `None` if they are of no use. Parts are of `usual` bytes unless the largest
    /// says otherwise, and of at most `most`; they go by `usual_check` unless they say otherwise.
    fn of(
        parts: &[PartReceipt],
        bytes: u64,
        sizes: PartSizes,
        usual_check: PartCheck,
    ) -> Option<Self> {
        let check = check_of(parts, usual_check)?;
        let largest = parts.iter().map(|part| part.size).max()?;
        let layouts = [sizes.usual, largest].map(|part_bytes| {
            let fits = sizes.allow(part_bytes, bytes);
            let lies =
                |part: &&PartReceipt| fits && part.size == size_of(part.number, part_bytes, bytes);
            let held = parts.iter().filter(lies);
            let held = held.map(|part| (part.number, part.clone())).collect();
            Self {
                part_bytes,
                check,
                held,
            }
        });
        let [usual, other] = layouts;
        let best = if other.bytes() > usual.bytes() {
            other
        } else {
            usual
        };
        (!best.held.is_empty()).then_some(best)
    }

    fn bytes(&self) -> u64 {
        self.held.values().map(|part| part.size).sum()
    }
}

/// Which sizes parts may have.
#[derive(Debug, Clone, Copy)]
struct PartSizes {
    /// That of this station.
    usual: u64,
    /// What of others fits into its memory.
    most: u64,
}

impl PartSizes {
    fn allow(self, part_bytes: u64, bytes: u64) -> bool {
        let is_part = part_bytes >= limits::PART_BYTES_MIN && part_bytes <= self.most;
        (is_part || part_bytes == self.usual) && bytes.div_ceil(part_bytes) <= limits::PARTS
    }
}

/// Bytes of a part of a file of `bytes` whose parts have `part_bytes`; 0 if it has no such part.
fn size_of(number: PartNumber, part_bytes: u64, bytes: u64) -> u64 {
    let begin = (u64::from(number.get()) - 1).saturating_mul(part_bytes);
    bytes.saturating_sub(begin).min(part_bytes)
}

/// By which sum parts went: what all of them say; `usual` if none says any.
fn check_of(parts: &[PartReceipt], usual: PartCheck) -> Option<PartCheck> {
    let mut checks = parts.iter().map(|part| part.sum.map(|sum| sum.check()));
    let first = checks.next()?;
    checks
        .all(|check| check == first)
        .then(|| first.unwrap_or(usual))
}

impl Run<'_> {
    /// Whether what earlier attempts have left of a file is looked for. Not in the last round: what turns out to be of
    /// no use is sent in the next.
    pub(crate) fn may_take_over(&self, work: &Work) -> bool {
        self.earlier.is_some() && self.aside.may_take_over(&work.entry.path)
    }

    /// The uploads under a key that earlier attempts have begun. `None` as the error means that the run stops.
    pub(super) fn own_uploads(&self, key: &ObjectKey) -> Result<Vec<UploadId>, Option<Failure>> {
        let Some(earlier) = self.earlier else {
            return Ok(Vec::new());
        };
        match self.bucket.list_uploads(key.as_str()) {
            Ok(open) => {
                let own = open.into_iter().filter(|upload| {
                    upload.key == key.as_str() && earlier.has_upload(upload.initiated)
                });
                Ok(own.map(|upload| upload.id).collect())
            }
            // A store that cannot list them, or does not let us.
            Err(error) if !error.may_retry() => Ok(Vec::new()),
            Err(error) => Err(self.judge(error, key)),
        }
    }

    /// Goes on with one of the `own` uploads of a file, whose object is to carry what is `asked`, and abandons the
    /// others. Journaled before anything is sent, so that the next attempt here knows it. `None` if none is of use.
    pub(super) fn take_over_upload(
        &self,
        own: Vec<UploadId>,
        work: &Work,
        source: &Source,
        asked: &Attributes,
    ) -> Result<Option<Unfinished>, Option<Failure>> {
        let (mut best, mut others) = (None::<(UploadId, Layout)>, Vec::new());
        for id in own {
            let layout = self.layout_of(&id, work, source)?;
            let is_better = layout.as_ref().map_or(0, Layout::bytes)
                > best.as_ref().map_or(0, |(_, best)| best.bytes());
            match layout {
                Some(layout) if is_better => {
                    others.extend(best.replace((id, layout)).map(|it| it.0))
                }
                Some(_) | None => others.push(id),
            }
        }
        for id in &others {
            self.drop_upload(&work.key, id)?;
        }
        let Some((upload, layout)) = best else {
            return Ok(None);
        };
        let unfinished = Unfinished {
            path: work.entry.path.clone(),
            key: work.key.clone(),
            upload,
            shape: source.shape,
            missing: source.missing.clone(),
            part_bytes: layout.part_bytes,
            content_type: asked.content_type.clone().unwrap_or_default(),
            check: layout.check,
            taken_over: true,
            receipts: BTreeMap::new(),
            checkpoints: BTreeMap::new(),
            review: None,
            held: layout.held,
            asked: Some(asked.clone()),
        };
        self.notes.intent(&unfinished).map_err(|_| None)?;
        Ok(Some(unfinished))
    }

    /// How the parts of an upload lie in a file; `None` if it is of no use.
    fn layout_of(
        &self,
        upload: &UploadId,
        work: &Work,
        source: &Source,
    ) -> Result<Option<Layout>, Option<Failure>> {
        // What its object says it lacks was said when it was begun, and nobody knows what that was.
        let may_lack = self.rules.on_unreadable == OnUnreadable::Salvage;
        if may_lack || !source.missing.is_empty() || !self.may_take_over(work) {
            return Ok(None);
        }
        let parts = match self.bucket.list_parts(&work.key, upload) {
            Ok(parts) => parts,
            // A store that does not tell, or does not let us ask, or has it no more.
            Err(
                StoreError::Refused(_)
                | StoreError::AccessDenied(_)
                | StoreError::NoSuchKey(_)
                | StoreError::NoSuchUpload(_),
            ) => return Ok(None),
            Err(error) => return Err(self.judge(error, &work.key)),
        };
        let bytes = source.shape.bytes;
        let sizes = PartSizes {
            usual: self.settings.part_size(bytes),
            most: self.settings.memory_bytes / 2,
        };
        let layout = Layout::of(&parts, bytes, sizes, self.store.part_check());
        let is_proved =
            |layout: &Layout| layout.check.is_md5() || self.store.checks_parts_by(layout.check);
        Ok(layout.filter(is_proved))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::capabilities::{Capabilities, Finding};
    use model::ids::StationName;
    use model::proof::ReadBack;
    use objectstore::part_sum::PartSum;

    const MIB: u64 = 1 << 20;

    fn era(number: u32, begun: Option<i64>) -> Option<Era> {
        let attempt = Attempt {
            number,
            at: Timestamp::from_unix(50_000),
            station: StationName::new("bench").unwrap(),
            read_back: ReadBack::Off,
            store: Capabilities::all(Finding::Honored),
        };
        Era::before(&attempt, begun.map(Timestamp::from_unix))
    }

    fn at(unix: i64) -> Option<OffsetDateTime> {
        Some(Timestamp::from_unix(unix).instant())
    }

    /// What is older than the job's first attempt, and an upload that is newer than this one, is somebody else's.
    #[test]
    fn what_was_made_while_the_job_was_done_is_its_own() {
        assert!(
            era(1, Some(10_000)).is_none(),
            "nothing is of a job that begins"
        );
        let known = era(2, Some(10_000)).unwrap();
        for (unix, object, upload) in [
            (10_000 - CLOCKS_APART - 1, false, false),
            (10_000 - CLOCKS_APART, true, true),
            (40_000, true, true),
            (50_000 + CLOCKS_APART, true, true),
            (50_000 + CLOCKS_APART + 1, true, false),
        ] {
            assert_eq!(known.has_object(at(unix)), object, "{unix}");
            assert_eq!(known.has_upload(at(unix)), upload, "{unix}");
        }
        assert!(!known.has_object(None) && known.has_upload(None));
        let unknown = era(2, None).unwrap();
        assert!(!unknown.has_object(at(40_000)));
        assert!(unknown.has_upload(at(40_000)) && !unknown.has_upload(at(60_000)));
    }

    fn part(number: u64, size: u64, check: Option<PartCheck>) -> PartReceipt {
        PartReceipt {
            number: PartNumber::new(number).unwrap(),
            etag: String::new(),
            size,
            sum: check.map(|check| PartSum::of(check, b"")),
        }
    }

    fn layout(parts: &[PartReceipt], bytes: u64) -> Option<(u64, PartCheck, Vec<u16>)> {
        let sizes = PartSizes {
            usual: 8 * MIB,
            most: 32 * MIB,
        };
        let layout = Layout::of(parts, bytes, sizes, PartCheck::Crc32c)?;
        let held = layout.held.into_keys().map(PartNumber::get).collect();
        Some((layout.part_bytes, layout.check, held))
    }

    #[test]
    fn parts_are_told_to_lie_where_their_sizes_say() {
        let (md5, crc) = (None, Some(PartCheck::Crc64Nvme));
        let usual = [
            part(1, 8 * MIB, crc),
            part(3, 8 * MIB, crc),
            part(4, 5, crc),
        ];
        let expected = Some((8 * MIB, PartCheck::Crc64Nvme, vec![1, 3, 4]));
        assert_eq!(layout(&usual, 24 * MIB + 5), expected);
        // The last part alone says nothing of the others, but those of this station fit.
        let last = Some((8 * MIB, PartCheck::Crc32c, vec![4]));
        assert_eq!(layout(&[part(4, 5, md5)], 24 * MIB + 5), last);
        // Another station's, of 16 MiB; one of them was of another length.
        let others = [part(1, 16 * MIB, md5), part(2, 7, md5), part(3, 3, md5)];
        let expected = Some((16 * MIB, PartCheck::Crc32c, vec![1, 3]));
        assert_eq!(layout(&others, 32 * MIB + 3), expected);
    }

    #[test]
    fn parts_of_no_use_are_told() {
        let mixed = [
            part(1, 8 * MIB, Some(PartCheck::Sha256)),
            part(2, 8 * MIB, Some(PartCheck::Crc32c)),
        ];
        for (parts, bytes) in [
            (&[][..], 24 * MIB),
            (&mixed[..], 24 * MIB),
            // More than this host has memory for, less than a part has, and of a longer file.
            (&[part(1, 33 * MIB, None)][..], 80 * MIB),
            (&[part(1, MIB, None)][..], 80 * MIB),
            (&[part(9, 8 * MIB, None)][..], 24 * MIB),
        ] {
            assert_eq!(layout(parts, bytes), None, "{parts:?}");
        }
    }
}
