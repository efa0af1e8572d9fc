//! The experiments: what a store makes of what is right, and of what is wrong on purpose.
//!
//! Each is a method that asks and judges at once. They run on the innermost bucket: a wrapper that
//! tries again what was damaged would repeat damage that was meant.

use awshttp::TransportError;
use bytes::Bytes;
use model::capabilities::{Capabilities, Finding, PartCheck};
use model::ids::ObjectKey;
use tracing::debug;

use super::archive;
use super::bench::{
    ACL, ARCHIVE, Answer, Bench, CRC_RIGHT, CRC_WRONG, EXTRACTED, MD5, NEW, NEW_PARTS, PLAIN,
    SHA256, SIGNED, Subject, ask, asked_soundly, is_refusal, kept,
};
use crate::checksum::{Checksums, Digests, Hasher};
use crate::error::StoreError;
use crate::object::{Attributes, ObjectInfo, Receipt};
use crate::part_sum::PartSum;
use crate::upload::{PartNumber, UploadId};

/// Makes all experiments under `key` and `.probe/`, and removes what they left.
///
/// # Errors
/// As [`capabilities`](super::capabilities), which callers use.
pub fn experiment(subject: &dyn Subject, key: &ObjectKey) -> Result<Capabilities, StoreError> {
    let bench = Bench::new(subject, key);
    // What an earlier attempt left would be taken for the doing of this one.
    bench.clear()?;
    let found = bench.find_all();
    let cleared = bench.clear();
    let found = found?;
    cleared?;
    debug!(?found, "the store was probed");
    Ok(found)
}

const METADATA: (&str, &str) = ("longshore-probe", "kept");
pub(super) const BODY: &[u8] = b"Longshore finds out what this store does. This may be removed.\n";

/// Of another length, so that one look tells which of the two is there.
const OTHER_BODY: &[u8] = b"This was to be refused.\n";

impl Bench<'_> {
    fn find_all(&self) -> Result<Capabilities, StoreError> {
        let key = self.key(PLAIN)?;
        let (plain, metadata) = self.plain_put(&key)?;
        let info = self.look(&key)?;
        let told = |is_right: fn(&ObjectInfo) -> bool| info.as_ref().map(is_right);
        let parts = self.parts()?;
        let summed = self.summed_parts(parts.upload)?;
        let found = Capabilities {
            md5: self.md5()?,
            sha256: self.sha256()?,
            crc64nvme: self.crc64nvme()?,
            signed_body: self.signed_body()?,
            keeps_sha256: kept(told(|info| info.sha256 == right().sha256)),
            etag_is_md5: kept(Some(plain.etag == right().md5_hex())),
            multipart: parts.upload,
            part_md5: parts.md5,
            part_crc64nvme: summed.crc64nvme,
            part_crc32c: summed.crc32c,
            part_sha256: summed.sha256,
            // Either kind of upload may have tags of another sort, and they are looked at without asking whose they are.
            part_etag_is_md5: match summed.etag {
                Finding::Ignored => Finding::Ignored,
                Finding::Honored | Finding::Refused | Finding::Unknown => parts.etag,
            },
            lists_parts: parts.list,
            metadata: match metadata {
                Finding::Refused => Finding::Refused,
                _ => kept(told(|info| {
                    let (name, value) = METADATA;
                    let mut all = info.attributes.metadata.iter();
                    all.any(|(n, v)| (n.as_str(), v.as_str()) == (name, value))
                })),
            },
            acl: self.acl()?,
            long_keys: self.long_keys()?,
            tags: self.tags(&key)?,
            extraction: self.extraction()?,
            put_if_absent: self.put_if_absent()?,
            complete_if_absent: self.complete_if_absent()?,
            key_space: self.key_space()?,
        };
        // A key that was revoked meanwhile would make findings of its refusals.
        let sums = self.sendable(right());
        let last = asked_soundly(|| self.put(&key, &Attributes::default(), &sums))?;
        last.map(|_| found)
    }

    /// The one request that must succeed: a store that refuses it takes no file either. It may refuse what is
    /// not needed, a checksum's header or metadata, and is then spoken to without; says what it made of
    /// metadata.
    fn plain_put(&self, key: &ObjectKey) -> Result<(Receipt, Finding), StoreError> {
        let with_metadata = Attributes {
            metadata: vec![(METADATA.0.to_owned(), METADATA.1.to_owned())],
            ..Attributes::default()
        };
        let mut first = None;
        for (attributes, metadata, without_checksums) in [
            (&with_metadata, Finding::Unknown, false),
            (&with_metadata, Finding::Unknown, true),
            (&Attributes::default(), Finding::Refused, false),
            (&Attributes::default(), Finding::Refused, true),
        ] {
            self.without_checksums.set(without_checksums);
            let sums = self.sendable(right());
            match asked_soundly(|| self.put(key, attributes, &sums))? {
                Ok(receipt) => return Ok((receipt, metadata)),
                // Nothing that is left out makes such a key good.
                Err(error @ StoreError::Credentials(_)) => return Err(error),
                Err(error) => first = first.or(Some(error)),
            }
        }
        Err(first.unwrap_or_else(|| StoreError::invalid_argument("nothing was tried")))
    }

    fn put(
        &self,
        key: &ObjectKey,
        attributes: &Attributes,
        checksums: &Checksums,
    ) -> Result<Receipt, StoreError> {
        self.subject
            .put_as_is(key, body(), attributes, checksums, None)
    }

    fn md5(&self) -> Result<Finding, StoreError> {
        let wrong = Checksums {
            md5: flipped(right().md5),
            sha256: None,
            ..right()
        };
        self.refuses(MD5, |key| self.put(key, &Attributes::default(), &wrong))
    }

    /// The signature is right, so that it is not what is refused.
    fn sha256(&self) -> Result<Finding, StoreError> {
        if self.without_checksums.get() {
            return Ok(Finding::Refused);
        }
        let wrong = Checksums {
            sha256: Some(flipped(digest())),
            ..right()
        };
        self.refuses(SHA256, |key| {
            let (signed, none) = (digest(), Attributes::default());
            self.subject
                .put_as_is(key, body(), &none, &wrong, Some(&signed))
        })
    }

    fn crc64nvme(&self) -> Result<Finding, StoreError> {
        let mut hasher = Hasher::new(Digests::Md5Crc64);
        hasher.update(BODY);
        let right = hasher.finish();
        let put = |key: &ObjectKey, checksums: &Checksums| {
            self.put(key, &Attributes::default(), checksums)
        };
        let key = self.key(CRC_RIGHT)?;
        if let Answer::Refused = ask(|| put(&key, &right))? {
            return Ok(Finding::Refused);
        }
        let wrong = Checksums {
            crc64nvme: right.crc64nvme.map(|crc| crc ^ 1),
            ..right
        };
        self.refuses(CRC_WRONG, |key| put(key, &wrong))
    }

    fn signed_body(&self) -> Result<Finding, StoreError> {
        let unspoken = Checksums {
            sha256: None,
            ..right()
        };
        self.refuses(SIGNED, |key| {
            let (signed, none) = (flipped(digest()), Attributes::default());
            self.subject
                .put_as_is(key, body(), &none, &unspoken, Some(&signed))
        })
    }

    /// A public object is made only where it can be removed, and is removed at once.
    fn acl(&self) -> Result<Finding, StoreError> {
        if !self.can_be_removed(&self.key(ACL)?)? {
            return Ok(Finding::Unknown);
        }
        let attributes = Attributes {
            acl: Some("public-read".to_owned()),
            ..Attributes::default()
        };
        let key = self.key(ACL)?;
        let sums = self.sendable(right());
        if let Answer::Refused = ask(|| self.put(&key, &attributes, &sums))? {
            return Ok(Finding::Refused);
        }
        let told = ask(|| self.subject.is_public(&key));
        let removed = ask(|| self.subject.delete(&key));
        if !matches!(removed, Ok(Answer::Done(()))) {
            // What cannot be removed any more can be made private as long as anything can be put.
            ask(|| self.put(&key, &Attributes::default(), &sums))?;
        }
        removed?;
        Ok(match told? {
            Answer::Done(is_public) => kept(Some(is_public)),
            Answer::Refused => Finding::Unknown,
        })
    }

    /// Whether an object that is put under `key` can be removed again.
    fn can_be_removed(&self, key: &ObjectKey) -> Result<bool, StoreError> {
        let sums = self.sendable(right());
        if let Answer::Refused = ask(|| self.put(key, &Attributes::default(), &sums))? {
            return Ok(false);
        }
        match ask(|| self.subject.delete(key))? {
            Answer::Done(()) => Ok(self.look(key)?.is_none()),
            Answer::Refused => Ok(false),
        }
    }

    fn long_keys(&self) -> Result<Finding, StoreError> {
        let key = self.long_key()?;
        let sums = self.sendable(right());
        match ask(|| self.put(&key, &Attributes::default(), &sums))? {
            Answer::Done(_) => self.is_whole(&key),
            Answer::Refused => Ok(Finding::Refused),
        }
    }

    /// A store without tags may take them for a new content.
    fn tags(&self, key: &ObjectKey) -> Result<Finding, StoreError> {
        let tags = [("longshore-probe".to_owned(), "kept".to_owned())];
        if let Answer::Refused = ask(|| self.subject.put_tags(key, &tags))? {
            return Ok(Finding::Refused);
        }
        let told = match ask(|| self.subject.tags(key))? {
            Answer::Done(told) => told,
            Answer::Refused => return Ok(Finding::Ignored),
        };
        match self.is_whole(key)? {
            Finding::Honored => Ok(kept(Some(told == tags))),
            other => Ok(other),
        }
    }

    /// The file in the archive must appear, and the archive must not.
    fn extraction(&self) -> Result<Finding, StoreError> {
        let (archive_key, inside) = (self.key(ARCHIVE)?, self.key(EXTRACTED)?);
        let archive = archive::of_one(inside.as_str(), BODY);
        let attributes = Attributes {
            metadata: vec![("snowball-auto-extract".to_owned(), "true".to_owned())],
            ..Attributes::default()
        };
        let sums = self.sendable(Checksums::of(&archive));
        let archive = Bytes::from(archive);
        let put = || {
            let archive = archive.clone();
            self.subject
                .put_as_is(&archive_key, archive, &attributes, &sums, None)
        };
        if let Answer::Refused = ask(put)? {
            return Ok(Finding::Refused);
        }
        let appeared = self.is_whole(&inside)?;
        match appeared {
            Finding::Honored if self.look(&archive_key)?.is_some() => Ok(Finding::Ignored),
            _ => Ok(appeared),
        }
    }

    fn put_if_absent(&self) -> Result<Finding, StoreError> {
        let key = self.key(NEW)?;
        self.spares(&key, |body| {
            let sums = self.sendable(Checksums::of(body));
            let (body, none) = (Bytes::from_static(body), Attributes::default());
            self.subject.put_new(&key, body, &none, &sums).map(drop)
        })
    }

    fn complete_if_absent(&self) -> Result<Finding, StoreError> {
        let key = self.key(NEW_PARTS)?;
        self.spares(&key, |body| {
            let none = Attributes::default();
            let upload = self.subject.begin_multipart(&key, &none, PartCheck::Md5)?;
            let done = self.complete_as_new(&key, &upload, body);
            // One that was lost is looked for when all is removed.
            if done.as_ref().is_err_and(is_refusal) {
                self.subject.abort(&key, &upload)?;
            }
            done
        })
    }

    fn complete_as_new(
        &self,
        key: &ObjectKey,
        upload: &UploadId,
        body: &'static [u8],
    ) -> Result<(), StoreError> {
        let (sum, body) = (PartSum::of(PartCheck::Md5, body), Bytes::from_static(body));
        let part = self
            .subject
            .put_part_as_is(key, upload, PartNumber::FIRST, body, &sum)?;
        self.subject.complete_new(key, upload, &[part]).map(drop)
    }

    /// Whether `put` makes an object where there is none, and leaves it where there is.
    fn spares(
        &self,
        key: &ObjectKey,
        put: impl Fn(&'static [u8]) -> Result<(), StoreError>,
    ) -> Result<Finding, StoreError> {
        match asked_soundly(|| put(BODY))? {
            // That there is one already is so if the answer to the first try was lost.
            Ok(()) | Err(StoreError::Exists(_)) => {}
            Err(_) => return Ok(Finding::Refused),
        }
        if !self.is_whole(key)?.is_honored() {
            return Ok(Finding::Refused);
        }
        match asked_soundly(|| put(OTHER_BODY))? {
            Err(StoreError::Exists(_)) => self.is_whole(key),
            Err(_) => Ok(Finding::Refused),
            Ok(()) => Ok(Finding::Ignored),
        }
    }

    /// Whether what is wrong is refused and nothing of it kept.
    fn refuses<T>(
        &self,
        name: &str,
        wrong: impl Fn(&ObjectKey) -> Result<T, StoreError>,
    ) -> Result<Finding, StoreError> {
        let key = self.key(name)?;
        if is_taken(|| wrong(&key))? {
            return Ok(Finding::Ignored);
        }
        Ok(match ask(|| self.subject.head(&key))? {
            Answer::Done(None) => Finding::Honored,
            // There are stores that refuse after they have moved it into place.
            Answer::Done(Some(_)) => Finding::Ignored,
            Answer::Refused => Finding::Unknown,
        })
    }

    /// Whether the object is there with all of [`BODY`].
    pub(super) fn is_whole(&self, key: &ObjectKey) -> Result<Finding, StoreError> {
        Ok(match ask(|| self.subject.head(key))? {
            Answer::Done(Some(info)) => kept(Some(info.size == BODY.len() as u64)),
            Answer::Done(None) => Finding::Ignored,
            Answer::Refused => Finding::Unknown,
        })
    }
}

pub(super) fn body() -> Bytes {
    Bytes::from_static(BODY)
}

pub(super) fn right() -> Checksums {
    Checksums::of(BODY)
}

fn digest() -> [u8; 32] {
    right().sha256.unwrap_or_default()
}

fn flipped<const N: usize>(mut digest: [u8; N]) -> [u8; N] {
    digest[0] ^= 1;
    digest
}

/// Whether a store took what was wrong.
///
/// It did as well where only our own look at its answer of success found that out.
pub(super) fn is_taken<T>(wrong: impl Fn() -> Result<T, StoreError>) -> Result<bool, StoreError> {
    let is_lost = |error: &StoreError| error.may_retry() && !is_refusal(error);
    let answer = match wrong() {
        // Once more, as with everything that is asked here.
        Err(error) if is_lost(&error) => wrong(),
        answered => answered,
    };
    match answer {
        Ok(_) => Ok(true),
        Err(StoreError::Transport(TransportError::Protocol { status, .. }))
            if (200..300).contains(&status) =>
        {
            Ok(true)
        }
        Err(StoreError::BadDigest(answer)) if (200..300).contains(&answer.status) => Ok(true),
        Err(error) if is_refusal(&error) => Ok(false),
        Err(error) => Err(error),
    }
}
