//! Objects that an earlier attempt has put and that no journal of this host knows: a file is read and summed up as always,
//! and not sent if that proves that the object is what it would become.

use std::fmt;

use model::attributes::Attributes;
use model::capabilities::PartCheck;
use model::identity::{self, SHA256_NAME};
use model::manifest::CannedAcl;
use model::missing::Missing;
use model::outcome::{Failure, Stored};
use model::unchanged;
use objectstore::StoreError;
use objectstore::evidence::{Evidence, Parts};
use objectstore::object::{ObjectInfo, Tag};
use objectstore::part_sum::PartSum;
use objectstore::upload::{PartNumber, PartReceipt};

use crate::import::put::SmallPut;
use crate::import::run::{Run, Work};
use crate::import::upload::Large;

/// A large object, and by what its file is compared with it.
pub(crate) struct Comparison {
    /// What the store says of it.
    pub(super) info: ObjectInfo,
    evidence: Evidence,
    /// The sum that is made of each part.
    pub(super) check: PartCheck,
    /// Bytes of a part.
    pub(super) part_bytes: u64,
}

impl fmt::Debug for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Comparison")
            .field("check", &self.check)
            .field("part_bytes", &self.part_bytes)
            .finish_non_exhaustive()
    }
}

impl Comparison {
    /// The receipt that a store would have given for a part with this sum.
    pub(super) fn receipt(number: PartNumber, size: u64, sum: &PartSum) -> PartReceipt {
        let (etag, sum) = match sum {
            PartSum::Md5(md5) => (hex::encode(md5), None),
            PartSum::Crc64Nvme(_) | PartSum::Crc32c(_) | PartSum::Sha256(_) => {
                (String::new(), Some(*sum))
            }
        };
        PartReceipt {
            number,
            etag,
            size,
            sum,
        }
    }

    /// In how many parts it was put; 0 if in one request.
    fn parts(&self) -> u32 {
        let tagged = self.info.etag.split_once('-');
        tagged
            .and_then(|(_, count)| count.parse().ok())
            .unwrap_or(0)
    }
}

impl Run<'_> {
    /// Whether an object carries what its file's is to carry.
    pub(super) fn is_as_asked(
        &self,
        there: &Attributes,
        asked: &Attributes,
        missing: &Missing,
    ) -> bool {
        // No store tells an ACL: by the time of its file's last change the object is known to be the job's.
        let is_acl_known = self.rules.acl == CannedAcl::Private || self.settings.mtime_metadata;
        let is_whole = missing.is_empty() && !identity::is_partial(there);
        is_acl_known && is_whole && unchanged::carries(there, asked)
    }

    /// Notes a small file whose object an earlier attempt has put. Gives it back if it is to be sent.
    pub(super) fn note_if_found(&self, put: SmallPut) -> Option<SmallPut> {
        let is_proved = |there: &ObjectInfo| {
            self.is_as_asked(&there.attributes, &put.attributes, &put.missing)
                && self.proves(there, &put)
        };
        let Some(there) = put.found.as_deref().filter(|there| is_proved(there)) else {
            return self.may_be_sent(put);
        };
        let stored = Stored {
            key: put.key.clone(),
            md5: put.checksums.md5_hex(),
            sha256: put.checksums.sha256_hex().unwrap_or_default(),
            etag: there.etag.clone(),
            content_type: put.attributes.content_type.clone().unwrap_or_default(),
            parts: 0,
            read_back: false,
            found: true,
            missing: Missing::default(),
        };
        let bytes = put.body.len() as u64;
        let how = put.before.how(bytes, &stored.etag);
        match self.read_back(&put.path, bytes, stored) {
            Ok(stored) => {
                self.note_stored(&put.path, bytes, Some(put.shape.times()), how, stored);
            }
            Err(Some(failure)) => self.fail(&put.path, bytes, failure),
            Err(None) => {}
        }
        None
    }

    /// A file that is not what was found under its key: sent, unless that must stay.
    fn may_be_sent(&self, put: SmallPut) -> Option<SmallPut> {
        match (put.before.keeps, &put.found) {
            (Some(keeps), Some(_)) => {
                self.fail(&put.path, put.body.len() as u64, keeps.failure(put.key));
                None
            }
            _ => Some(put),
        }
    }

    fn proves(&self, there: &ObjectInfo, put: &SmallPut) -> bool {
        let evidence = Evidence::of(there, &[]);
        let Some((check, sha256)) = evidence.part_check().zip(put.checksums.sha256) else {
            return false;
        };
        // In parts where the station that sent it has smaller ones.
        let part_bytes = match evidence.parts() {
            Some(_) => self.settings.part_size(there.size),
            None => there.size.max(1),
        };
        let part_bytes = usize::try_from(part_bytes).unwrap_or(usize::MAX);
        let parts = (0..).zip(put.body.chunks(part_bytes)).map(|(index, part)| {
            let number = PartNumber::from_index(index).ok()?;
            let sum = self.cores.here(|| PartSum::of(check, part));
            Some(Comparison::receipt(number, part.len() as u64, &sum))
        });
        let parts: Option<Vec<_>> = parts.collect();
        parts.is_some_and(|parts| evidence.proves(&put.checksums.md5, &sha256, &parts))
    }

    /// By what a large file can be compared with the object that was found under its key, which is to carry what is
    /// `asked`. `None` if it cannot, or carries something else. `None` as the error means that the run stops.
    pub(super) fn comparison(
        &self,
        work: &Work,
        asked: &Attributes,
        missing: &Missing,
    ) -> Result<Option<Comparison>, Option<Failure>> {
        let Some(info) = work.found.as_deref().filter(|there| {
            self.may_take_over(work) && self.is_as_asked(&there.attributes, asked, missing)
        }) else {
            return Ok(None);
        };
        let tags = match self.store.tags.is_honored() {
            true => self.sha256_tag(work)?,
            false => Vec::new(),
        };
        let evidence = Evidence::of(info, &tags);
        let (Some(check), Some(part_bytes)) = (
            evidence.part_check(),
            self.part_bytes(work, info, &evidence)?,
        ) else {
            return Ok(None);
        };
        Ok(Some(Comparison {
            info: info.clone(),
            evidence,
            check,
            part_bytes,
        }))
    }

    fn sha256_tag(&self, work: &Work) -> Result<Vec<Tag>, Option<Failure>> {
        match self.bucket.tags(&work.key) {
            Ok(tags) => Ok(tags
                .into_iter()
                .filter(|(name, _)| name == SHA256_NAME)
                .collect()),
            Err(error) if error.may_retry() => Err(self.judge(error, &work.key)),
            Err(_) => Ok(Vec::new()),
        }
    }

    /// How long the parts are in which a file is compared: as those of its object, where that is known by its parts
    /// alone. `None` if nobody knows those, or they do not fit into memory.
    fn part_bytes(
        &self,
        work: &Work,
        info: &ObjectInfo,
        evidence: &Evidence,
    ) -> Result<Option<u64>, Option<Failure>> {
        let usual = self.settings.part_size(info.size);
        let Some(count) = evidence.parts() else {
            return Ok(Some(usual));
        };
        let told = match self.bucket.head_part(&work.key, PartNumber::FIRST) {
            Ok(told) => told
                .filter(|part| part.count == count)
                .map(|part| part.bytes),
            Err(StoreError::AccessDenied(_)) => None,
            Err(error) if error.may_retry() => return Err(self.judge(error, &work.key)),
            Err(_) => None,
        };
        let part_bytes = told.unwrap_or(usual);
        let fits = part_bytes == usual || part_bytes <= self.settings.memory_bytes / 2;
        let alike = Parts::alike(part_bytes, count, info.size);
        Ok((fits && alike == Parts::Alike(part_bytes)).then_some(part_bytes))
    }
}

impl Large {
    /// Concludes a file that was compared: it has its object, or is sent in the next round.
    pub(super) fn compared(&self, run: &Run<'_>, with: &Comparison, parts: &[PartReceipt]) {
        let sums = self.sums().filter(|(bytes, md5, sha256)| {
            *bytes == with.info.size && with.evidence.proves(md5, sha256, parts)
        });
        let Some((_, md5, sha256)) = sums else {
            return run.aside.send_anew(&self.path);
        };
        let stored = Stored {
            etag: with.info.etag.clone(),
            parts: with.parts(),
            found: true,
            ..self.proof(&md5, &sha256)
        };
        self.finish(run, stored);
    }
}
