//! The experiments: what a store makes of what is right, and of what is wrong on purpose.
//!
//! Each is a method that asks and judges at once. They run on the innermost bucket: a wrapper that
//! tries again what was damaged would repeat damage that was meant.

use bytes::Bytes;
use model::capabilities::{Capabilities, Finding};
use model::ids::ObjectKey;
use model::limits;
use tracing::{debug, warn};

use super::archive;
use crate::bucket::Bucket;
use crate::checksum::{Checksums, Digests, Hasher};
use crate::error::StoreError;
use crate::object::{Attributes, ObjectInfo, Receipt};
use crate::upload::{PartNumber, PartReceipt, UploadId};

/// What experiments need of a bucket beyond what everybody does.
pub trait Subject: Bucket {
    /// Stores `body` as `put` does, under a signature that says its SHA-256 is `signed`.
    ///
    /// # Errors
    /// As `put`, whose checksums count as well.
    fn put_signed_as(
        &self,
        key: &ObjectKey,
        body: Bytes,
        checksums: &Checksums,
        signed: &[u8; 32],
    ) -> Result<Receipt, StoreError>;

    /// Tells whether the ACL of an object lets everybody read it.
    ///
    /// # Errors
    /// [`StoreError::NoSuchKey`]; [`StoreError::Refused`] if the store has no ACLs.
    fn is_public(&self, key: &ObjectKey) -> Result<bool, StoreError>;
}

/// Makes all experiments under `key` and `.probe/`, and removes what they left.
///
/// # Errors
/// As [`capabilities`](super::capabilities), which callers use.
pub fn experiment(subject: &dyn Subject, key: &ObjectKey) -> Result<Capabilities, StoreError> {
    let bench = Bench {
        subject,
        root: format!("{key}.probe"),
    };
    // What an earlier attempt left would be taken for the doing of this one.
    bench.clear()?;
    let found = bench.find_all();
    let cleared = bench.clear();
    let found = found?;
    cleared?;
    debug!(?found, "the store was probed");
    Ok(found)
}

/// Names under the key of the experiments.
const NAMES: [&str; 10] = [
    PLAIN, MD5, SHA256, CRC_RIGHT, CRC_WRONG, SIGNED, PARTS, ACL, ARCHIVE, EXTRACTED,
];
const PLAIN: &str = "plain";
const MD5: &str = "md5";
const SHA256: &str = "sha256";
const CRC_RIGHT: &str = "crc-right";
const CRC_WRONG: &str = "crc-wrong";
const SIGNED: &str = "signed";
const PARTS: &str = "parts";
const ACL: &str = "acl";
const ARCHIVE: &str = "archive.tar";
const EXTRACTED: &str = "extracted";

const METADATA: (&str, &str) = ("longshore-probe", "kept");
const BODY: &[u8] = b"Longshore finds out what this store does. This may be removed.\n";

/// How a store answered what it may refuse.
enum Answer<T> {
    Done(T),
    /// By whatever kind of refusal.
    Refused,
}

/// What the parts of an upload showed.
struct Parts {
    upload: Finding,
    etag: Finding,
    md5: Finding,
    list: Finding,
}

impl Parts {
    fn refused() -> Self {
        Self {
            upload: Finding::Refused,
            etag: Finding::Unknown,
            md5: Finding::Unknown,
            list: Finding::Unknown,
        }
    }
}

struct Bench<'a> {
    subject: &'a dyn Subject,
    /// What all keys of the experiments begin with; a slash follows.
    root: String,
}

impl Bench<'_> {
    fn find_all(&self) -> Result<Capabilities, StoreError> {
        let attributes = Attributes {
            metadata: vec![(METADATA.0.to_owned(), METADATA.1.to_owned())],
            ..Attributes::default()
        };
        let key = self.key(PLAIN)?;
        // The one request that must succeed: a store that refuses it takes no file either.
        let plain = self.subject.put(&key, body(), &attributes, &right())?;
        let info = self.look(&key)?;
        let told = |is_right: fn(&ObjectInfo) -> bool| info.as_ref().map(is_right);
        let parts = self.parts()?;
        let found = Capabilities {
            md5: self.md5()?,
            sha256: self.sha256()?,
            crc64nvme: self.crc64nvme()?,
            signed_body: self.signed_body()?,
            keeps_sha256: kept(told(|info| info.sha256 == right().sha256)),
            etag_is_md5: kept(Some(plain.etag == right().md5_hex())),
            multipart: parts.upload,
            part_md5: parts.md5,
            part_etag_is_md5: parts.etag,
            lists_parts: parts.list,
            metadata: kept(told(|info| {
                let (name, value) = METADATA;
                let mut all = info.attributes.metadata.iter();
                all.any(|(n, v)| (n.as_str(), v.as_str()) == (name, value))
            })),
            acl: self.acl()?,
            long_keys: self.long_keys()?,
            tags: self.tags(&key)?,
            extraction: self.extraction()?,
        };
        // A key that was revoked meanwhile would make findings of its refusals.
        self.subject.put(&key, body(), &attributes, &right())?;
        Ok(found)
    }

    fn md5(&self) -> Result<Finding, StoreError> {
        let wrong = Checksums {
            md5: flipped(right().md5),
            sha256: None,
            ..right()
        };
        self.refuses(MD5, |key| {
            let attributes = Attributes::default();
            self.subject.put(key, body(), &attributes, &wrong)
        })
    }

    /// The signature is right, so that it is not what is refused.
    fn sha256(&self) -> Result<Finding, StoreError> {
        let wrong = Checksums {
            sha256: Some(flipped(digest())),
            ..right()
        };
        self.refuses(SHA256, |key| {
            let signed = digest();
            self.subject.put_signed_as(key, body(), &wrong, &signed)
        })
    }

    fn crc64nvme(&self) -> Result<Finding, StoreError> {
        let mut hasher = Hasher::new(Digests::Md5Crc64);
        hasher.update(BODY);
        let right = hasher.finish();
        let put = |key: &ObjectKey, checksums: &Checksums| {
            let attributes = Attributes::default();
            self.subject.put(key, body(), &attributes, checksums)
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
            let signed = flipped(digest());
            self.subject.put_signed_as(key, body(), &unspoken, &signed)
        })
    }

    fn parts(&self) -> Result<Parts, StoreError> {
        let key = self.key(PARTS)?;
        let begin = || self.subject.begin_multipart(&key, &Attributes::default());
        let Answer::Done(upload) = ask(begin)? else {
            return Ok(Parts::refused());
        };
        let found = self.parts_of(&key, &upload);
        if !matches!(&found, Ok(parts) if parts.upload.is_honored()) {
            // Also after an error; that one is told.
            let aborted = ask(|| self.subject.abort(&key, &upload));
            return found.and_then(|parts| aborted.map(|_| parts));
        }
        found
    }

    fn parts_of(&self, key: &ObjectKey, upload: &UploadId) -> Result<Parts, StoreError> {
        let put = |index, checksums: &Checksums| {
            let number = PartNumber::from_index(index)
                .map_err(|error| StoreError::invalid_argument(&error.to_string()))?;
            self.subject
                .put_part(key, upload, number, body(), checksums)
        };
        let Answer::Done(part) = ask(|| put(0, &right()))? else {
            return Ok(Parts::refused());
        };
        let wrong = Checksums {
            md5: flipped(right().md5),
            sha256: None,
            ..right()
        };
        let taken = is_taken(put(1, &wrong))?;
        let listed = match ask(|| self.subject.list_parts(key, upload))? {
            Answer::Done(parts) => Some(parts),
            Answer::Refused => None,
        };
        let kept_wrong = |parts: &Vec<PartReceipt>| parts.iter().any(|p| p.number != part.number);
        let etag = kept(Some(part.etag == right().md5_hex()));
        let list = match &listed {
            Some(parts) => kept(Some(parts.contains(&part))),
            None => Finding::Refused,
        };
        let md5 = if taken || listed.as_ref().is_some_and(kept_wrong) {
            Finding::Ignored
        } else {
            Finding::Honored
        };
        let upload = match ask(|| {
            self.subject
                .complete(key, upload, std::slice::from_ref(&part))
        })? {
            Answer::Done(_) => self.is_whole(key)?,
            Answer::Refused => Finding::Refused,
        };
        Ok(Parts {
            upload,
            etag,
            md5,
            list,
        })
    }

    fn acl(&self) -> Result<Finding, StoreError> {
        let attributes = Attributes {
            acl: Some("public-read".to_owned()),
            ..Attributes::default()
        };
        let key = self.key(ACL)?;
        let put = || self.subject.put(&key, body(), &attributes, &right());
        if let Answer::Refused = ask(put)? {
            return Ok(Finding::Refused);
        }
        Ok(match ask(|| self.subject.is_public(&key))? {
            Answer::Done(is_public) => kept(Some(is_public)),
            Answer::Refused => Finding::Unknown,
        })
    }

    fn long_keys(&self) -> Result<Finding, StoreError> {
        let key = self.long_key()?;
        let put = || {
            let attributes = Attributes::default();
            self.subject.put(&key, body(), &attributes, &right())
        };
        match ask(put)? {
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
        let sums = Checksums::of(&archive);
        let archive = Bytes::from(archive);
        let put = || {
            self.subject
                .put(&archive_key, archive.clone(), &attributes, &sums)
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

    /// Whether what is wrong is refused and nothing of it kept.
    fn refuses<T>(
        &self,
        name: &str,
        wrong: impl FnOnce(&ObjectKey) -> Result<T, StoreError>,
    ) -> Result<Finding, StoreError> {
        let key = self.key(name)?;
        if is_taken(wrong(&key))? {
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
    fn is_whole(&self, key: &ObjectKey) -> Result<Finding, StoreError> {
        Ok(match ask(|| self.subject.head(key))? {
            Answer::Done(Some(info)) => kept(Some(info.size == BODY.len() as u64)),
            Answer::Done(None) => Finding::Ignored,
            Answer::Refused => Finding::Unknown,
        })
    }

    /// What the store tells of an object; `None` if there is none or it does not tell.
    fn look(&self, key: &ObjectKey) -> Result<Option<ObjectInfo>, StoreError> {
        Ok(match ask(|| self.subject.head(key))? {
            Answer::Done(info) => info,
            Answer::Refused => None,
        })
    }

    fn key(&self, name: &str) -> Result<ObjectKey, StoreError> {
        ObjectKey::new(format!("{}/{name}", self.root))
            .map_err(|error| StoreError::invalid_argument(&error.to_string()))
    }

    /// A key of as many bytes as S3 takes, in pieces that are not too long for a file's name.
    fn long_key(&self) -> Result<ObjectKey, StoreError> {
        const PIECE: usize = 200;
        let room = limits::KEY_BYTES.saturating_sub(self.root.len() + 1);
        let letter = |at: usize| match (at + 1) % PIECE {
            0 if at + 1 < room => '/',
            _ => 'k',
        };
        self.key(&(0..room).map(letter).collect::<String>())
    }

    /// Removes everything under the key of the experiments.
    fn clear(&self) -> Result<(), StoreError> {
        for key in self.left()? {
            if let Answer::Refused = ask(|| self.subject.delete(&key))? {
                warn!(%key, "an object of the store's probe could not be removed");
            }
        }
        let prefix = format!("{}/", self.root);
        // Stores that cannot list uploads are many, and here there are none unless a run was killed.
        if let Answer::Done(open) = ask(|| self.subject.list_uploads(&prefix))? {
            for upload in open {
                let key = ObjectKey::new(upload.key)
                    .map_err(|error| StoreError::invalid_argument(&error.to_string()))?;
                ask(|| self.subject.abort(&key, &upload.id))?;
            }
        }
        Ok(())
    }

    /// The objects there are; where they may not be listed, all that may have been written.
    fn left(&self) -> Result<Vec<ObjectKey>, StoreError> {
        let prefix = format!("{}/", self.root);
        let mut keys: Vec<ObjectKey> = Vec::new();
        loop {
            let list = || self.subject.list(&prefix, keys.last(), 1000);
            let Answer::Done(page) = ask(list)? else {
                let mut all: Vec<ObjectKey> = NAMES
                    .iter()
                    .map(|name| self.key(name))
                    .collect::<Result<_, _>>()?;
                all.push(self.long_key()?);
                return Ok(all);
            };
            // A store that takes the prefix for a hint must not cost anybody an object.
            let before = keys.len();
            let ours = page.objects.into_iter().map(|object| object.key);
            keys.extend(ours.filter(|key| key.as_str().starts_with(&prefix)));
            if !page.more || keys.len() == before {
                return Ok(keys);
            }
        }
    }
}

fn body() -> Bytes {
    Bytes::from_static(BODY)
}

fn right() -> Checksums {
    Checksums::of(BODY)
}

fn digest() -> [u8; 32] {
    right().sha256.unwrap_or_default()
}

fn flipped<const N: usize>(mut digest: [u8; N]) -> [u8; N] {
    digest[0] ^= 1;
    digest
}

fn kept(is_kept: Option<bool>) -> Finding {
    match is_kept {
        Some(true) => Finding::Honored,
        Some(false) => Finding::Ignored,
        None => Finding::Unknown,
    }
}

/// Asks for what a store may not be able to do, a second time if it says 500: some stores say that of
/// what they do not know.
fn ask<T>(act: impl Fn() -> Result<T, StoreError>) -> Result<Answer<T>, StoreError> {
    let answer = match act() {
        Err(StoreError::Unavailable(answer)) if answer.status == 500 => act(),
        other => other,
    };
    match answer {
        Ok(done) => Ok(Answer::Done(done)),
        Err(error) if is_refusal(&error) => Ok(Answer::Refused),
        Err(error) => Err(error),
    }
}

fn is_refusal(error: &StoreError) -> bool {
    match error {
        StoreError::NoSuchKey(_)
        | StoreError::NoSuchUpload(_)
        | StoreError::AccessDenied(_)
        | StoreError::Credentials(_)
        | StoreError::Refused(_)
        | StoreError::BadDigest(_) => true,
        StoreError::Unavailable(answer) => answer.status == 500,
        // An answer of HTTP that makes no sense; without a status it was none.
        StoreError::Protocol { status, .. } => *status != 0,
        StoreError::NoSuchBucket(_)
        | StoreError::WrongRegion { .. }
        | StoreError::Throttled(_)
        | StoreError::Network { .. }
        | StoreError::Unsure { .. }
        | StoreError::Canceled { .. } => false,
    }
}

/// Whether a store took what was wrong.
///
/// It did as well where only our own look at its answer of success found that out.
fn is_taken<T>(answer: Result<T, StoreError>) -> Result<bool, StoreError> {
    match answer {
        Ok(_) => Ok(true),
        Err(StoreError::Protocol { status, .. }) if (200..300).contains(&status) => Ok(true),
        Err(StoreError::BadDigest(answer)) if (200..300).contains(&answer.status) => Ok(true),
        Err(error) if is_refusal(&error) => Ok(false),
        Err(error) => Err(error),
    }
}
