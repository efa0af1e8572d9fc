//! The experiments with uploads in parts: what is refused of a part, what its tag is, and by which sum.

use model::capabilities::{Finding, PartCheck};
use model::ids::ObjectKey;

use super::bench::{Answer, Bench, PARTS, SUMMED_PARTS, ask, kept};
use super::experiments::{BODY, body, is_taken, right as sums_of_body};
use crate::error::StoreError;
use crate::object::Attributes;
use crate::part_sum::{self, PartSum};
use crate::upload::{PartNumber, PartReceipt, UploadId};

/// What the parts of an upload showed.
pub(super) struct PartsFound {
    pub(super) upload: Finding,
    pub(super) etag: Finding,
    pub(super) md5: Finding,
    pub(super) list: Finding,
}

impl PartsFound {
    fn refused() -> Self {
        Self {
            upload: Finding::Refused,
            etag: Finding::Unknown,
            md5: Finding::Unknown,
            list: Finding::Unknown,
        }
    }
}

/// What parts with other sums than MD5 showed. After the first that is looked at no other is asked for.
#[derive(Default)]
pub(super) struct SummedFound {
    pub(super) crc64nvme: Finding,
    pub(super) crc32c: Finding,
    pub(super) sha256: Finding,
    /// Whether the tag of such a part is its MD5, where there was one.
    pub(super) etag: Finding,
}

/// What parts of one upload were taken.
struct Taken {
    first: PartReceipt,
    tags_are_md5s: bool,
    /// Whether one whose sum is wrong was.
    wrong: bool,
    /// What the store lists then.
    listed: Option<Vec<PartReceipt>>,
}

impl Bench<'_> {
    pub(super) fn parts(&self) -> Result<PartsFound, StoreError> {
        let key = self.key(PARTS)?;
        self.upload(&key, PartCheck::Md5, PartsFound::refused, |upload| {
            self.parts_of(&key, upload)
        })
    }

    /// By which other sum parts may be proved, where there are any: the cheapest that is looked at.
    pub(super) fn summed_parts(&self, uploads: Finding) -> Result<SummedFound, StoreError> {
        let mut found = SummedFound::default();
        if !uploads.is_honored() {
            return Ok(found);
        }
        for check in PartCheck::BEFORE_MD5 {
            let (finding, etag) = self.checks_parts_by(check)?;
            match check {
                PartCheck::Md5 => {}
                PartCheck::Crc64Nvme => found.crc64nvme = finding,
                PartCheck::Crc32c => found.crc32c = finding,
                PartCheck::Sha256 => found.sha256 = finding,
            }
            if finding.is_honored() {
                found.etag = etag;
                break;
            }
        }
        Ok(found)
    }

    /// Begins an upload for `look`, which says whether it has completed it; abandons it if not.
    fn upload<T>(
        &self,
        key: &ObjectKey,
        check: PartCheck,
        refused: impl FnOnce() -> T,
        look: impl FnOnce(&UploadId) -> Result<(T, Finding), StoreError>,
    ) -> Result<T, StoreError> {
        let none = Attributes::default();
        let Answer::Done(upload) = ask(|| self.subject.begin_multipart(key, &none, check))? else {
            return Ok(refused());
        };
        match look(&upload) {
            Ok((found, Finding::Honored)) => Ok(found),
            // Also after an error; that one is told.
            looked => {
                let aborted = ask(|| self.subject.abort(key, &upload));
                looked.and_then(|(found, _)| aborted.map(|_| found))
            }
        }
    }

    fn parts_of(
        &self,
        key: &ObjectKey,
        upload: &UploadId,
    ) -> Result<(PartsFound, Finding), StoreError> {
        let Some(taken) = self.put_parts(key, upload, PartCheck::Md5)? else {
            return Ok((PartsFound::refused(), Finding::Refused));
        };
        let completed = self.completes(key, upload, &taken.first)?;
        let found = PartsFound {
            upload: completed,
            etag: kept(Some(taken.tags_are_md5s)),
            md5: match taken.wrong {
                true => Finding::Ignored,
                false => Finding::Honored,
            },
            list: match &taken.listed {
                Some(parts) => kept(Some(taken.first.is_held(parts))),
                None => Finding::Refused,
            },
        };
        Ok((found, completed))
    }

    /// Whether a wrong part is refused by `check` and a right one taken, which completes by its sum then; and
    /// whether tags are MD5s.
    fn checks_parts_by(&self, check: PartCheck) -> Result<(Finding, Finding), StoreError> {
        let key = self.key(SUMMED_PARTS)?;
        let refused = || (Finding::Refused, Finding::Unknown);
        self.upload(&key, check, refused, |upload| {
            let Some(taken) = self.put_parts(&key, upload, check)? else {
                return Ok((refused(), Finding::Refused));
            };
            let etag = kept(Some(taken.tags_are_md5s));
            if taken.wrong {
                return Ok(((Finding::Ignored, etag), Finding::Ignored));
            }
            let completed = self.completes(&key, upload, &taken.first)?;
            let told = self.tells_sum_of(&key, &taken.first)?;
            let finding = match (completed, told) {
                (Finding::Honored, Some(false)) => Finding::Ignored,
                (finding, _) => finding,
            };
            Ok(((finding, etag), completed))
        })
    }

    /// Puts two right parts and a wrong one; `None` if the store refuses what is right. Two, since one tag may be an
    /// MD5 by the way it came about.
    fn put_parts(
        &self,
        key: &ObjectKey,
        upload: &UploadId,
        check: PartCheck,
    ) -> Result<Option<Taken>, StoreError> {
        let put = |index, sum: &PartSum| {
            let number = PartNumber::from_index(index)
                .map_err(|error| StoreError::invalid_argument(&error.to_string()))?;
            self.subject
                .put_part_as_is(key, upload, number, body(), sum)
        };
        let (right, wrong) = (
            PartSum::of(check, BODY),
            PartSum::of(check, b"something else"),
        );
        let Answer::Done(first) = ask(|| put(0, &right))? else {
            return Ok(None);
        };
        let Answer::Done(second) = ask(|| put(1, &right))? else {
            return Ok(None);
        };
        let taken = is_taken(|| put(2, &wrong))?;
        let listed = match ask(|| self.subject.list_parts(key, upload))? {
            Answer::Done(parts) => Some(parts),
            Answer::Refused => None,
        };
        let is_third = |part: &PartReceipt| part.number > second.number;
        let md5 = sums_of_body().md5_hex();
        let tags_are_md5s = [&first, &second].into_iter().all(|part| part.etag == md5);
        Ok(Some(Taken {
            tags_are_md5s,
            wrong: taken || listed.iter().flatten().any(is_third),
            first,
            listed,
        }))
    }

    /// Whether the store makes an object of `part`.
    fn completes(
        &self,
        key: &ObjectKey,
        upload: &UploadId,
        part: &PartReceipt,
    ) -> Result<Finding, StoreError> {
        let parts = std::slice::from_ref(part);
        match ask(|| self.subject.complete(key, upload, parts))? {
            Answer::Done(_) => self.is_whole(key),
            Answer::Refused => Ok(Finding::Refused),
        }
    }

    /// Whether what the store says of an object that is one part is the sum of that; `None` if it says nothing.
    fn tells_sum_of(
        &self,
        key: &ObjectKey,
        part: &PartReceipt,
    ) -> Result<Option<bool>, StoreError> {
        let (info, parts) = (self.look(key)?, std::slice::from_ref(part));
        let said = info.and_then(|info| part_sum::agree(&info.checksums, parts));
        Ok(said.map(|agreed| agreed.is_ok()))
    }
}
