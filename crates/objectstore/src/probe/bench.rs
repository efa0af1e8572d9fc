//! What experiments work with: keys of their own, questions that may be refused, and the removal of all that
//! they put anywhere.

use std::cell::Cell;

use awshttp::TransportError;
use bytes::Bytes;
use model::capabilities::Finding;
use model::ids::ObjectKey;
use model::limits;
use tracing::warn;

use crate::bucket::Bucket;
use crate::checksum::Checksums;
use crate::error::StoreError;
use crate::object::{Attributes, ObjectInfo, Receipt};
use crate::part_sum::PartSum;
use crate::upload::{PartNumber, PartReceipt, UploadId};

/// What experiments need of a bucket beyond what everybody does.
pub trait Subject: Bucket {
    /// Stores `body` as `put` does, with the headers of just these attributes and checksums, and with a
    /// signature that says its SHA-256 is `signed`, if that is given.
    ///
    /// # Errors
    /// As `put`, whose checksums count as well.
    fn put_as_is(
        &self,
        key: &ObjectKey,
        body: Bytes,
        attributes: &Attributes,
        checksums: &Checksums,
        signed: Option<&[u8; 32]>,
    ) -> Result<Receipt, StoreError>;

    /// Sends a part as `put_part` does, and does not compare what the store says of it.
    ///
    /// # Errors
    /// As `put_part`.
    fn put_part_as_is(
        &self,
        key: &ObjectKey,
        upload: &UploadId,
        number: PartNumber,
        body: Bytes,
        sum: &PartSum,
    ) -> Result<PartReceipt, StoreError>;

    /// Tells whether the ACL of an object lets everybody read it.
    ///
    /// # Errors
    /// [`StoreError::NoSuchKey`]; [`StoreError::Refused`] if the store has no ACLs.
    fn is_public(&self, key: &ObjectKey) -> Result<bool, StoreError>;
}

/// Names under the key of the experiments.
const NAMES: [&str; 13] = [
    PLAIN,
    MD5,
    SHA256,
    CRC_RIGHT,
    CRC_WRONG,
    SIGNED,
    PARTS,
    SUMMED_PARTS,
    ACL,
    ARCHIVE,
    EXTRACTED,
    NEW,
    NEW_PARTS,
];
pub(super) const PLAIN: &str = "plain";
pub(super) const MD5: &str = "md5";
pub(super) const SHA256: &str = "sha256";
pub(super) const CRC_RIGHT: &str = "crc-right";
pub(super) const CRC_WRONG: &str = "crc-wrong";
pub(super) const SIGNED: &str = "signed";
pub(super) const PARTS: &str = "parts";
pub(super) const SUMMED_PARTS: &str = "summed-parts";
pub(super) const ACL: &str = "acl";
pub(super) const ARCHIVE: &str = "archive.tar";
pub(super) const EXTRACTED: &str = "extracted";
pub(super) const NEW: &str = "new";
pub(super) const NEW_PARTS: &str = "new-parts";

/// How often what is left is looked for and removed.
const ROUNDS: usize = 3;

/// How a store answered what it may refuse.
pub(super) enum Answer<T> {
    Done(T),
    /// By whatever kind of refusal.
    Refused,
}

pub(super) struct Bench<'a> {
    pub(super) subject: &'a dyn Subject,
    /// What all keys of the experiments begin with; a slash follows.
    pub(super) root: String,
    /// Whether `x-amz-checksum-*` is left out, because the store refuses it.
    pub(super) without_checksums: Cell<bool>,
}

impl<'a> Bench<'a> {
    pub(super) fn new(subject: &'a dyn Subject, key: &ObjectKey) -> Self {
        Self {
            subject,
            root: root(key),
            without_checksums: Cell::new(false),
        }
    }

    /// Checksums without those whose headers are refused.
    pub(super) fn sendable(&self, checksums: Checksums) -> Checksums {
        match self.without_checksums.get() {
            true => Checksums {
                sha256: None,
                crc64nvme: None,
                crc32c: None,
                ..checksums
            },
            false => checksums,
        }
    }

    /// What the store tells of an object; `None` if there is none or it does not tell.
    pub(super) fn look(&self, key: &ObjectKey) -> Result<Option<ObjectInfo>, StoreError> {
        Ok(match ask(|| self.subject.head(key))? {
            Answer::Done(info) => info,
            Answer::Refused => None,
        })
    }

    pub(super) fn key(&self, name: &str) -> Result<ObjectKey, StoreError> {
        key_of(&self.root, name)
    }

    /// A key of as many bytes as S3 takes, in pieces that are not too long for a file's name.
    pub(super) fn long_key(&self) -> Result<ObjectKey, StoreError> {
        const PIECE: usize = 200;
        let room = limits::KEY_BYTES.saturating_sub(self.root.len() + 1);
        let letter = |at: usize| match (at + 1) % PIECE {
            0 if at + 1 < room => '/',
            _ => 'k',
        };
        self.key(&(0..room).map(letter).collect::<String>())
    }

    /// Removes everything under the key of the experiments, and says how much it could not remove.
    pub(super) fn clear(&self) -> Result<usize, StoreError> {
        let may_be_there = || {
            let mut all = self.named()?;
            for name in NAMES {
                all.push(self.key(name)?);
            }
            all.push(self.long_key()?);
            Ok(all)
        };
        clear(self.subject, &self.root, may_be_there)
    }
}

/// What all keys of the experiments for `key` begin with; a slash follows.
pub(super) fn root(key: &ObjectKey) -> String {
    format!("{key}.probe")
}

pub(super) fn key_of(root: &str, name: &str) -> Result<ObjectKey, StoreError> {
    ObjectKey::new(format!("{root}/{name}"))
        .map_err(|error| StoreError::invalid_argument(&error.to_string()))
}

/// Removes everything under `root` and a slash, and says how many objects are left. `unlisted` gives the keys
/// to be removed where they may not be listed.
pub(super) fn clear(
    bucket: &dyn Bucket,
    root: &str,
    unlisted: impl FnOnce() -> Result<Vec<ObjectKey>, StoreError>,
) -> Result<usize, StoreError> {
    let prefix = format!("{root}/");
    let left = match removed_as_listed(bucket, &prefix)? {
        Some(left) => left,
        None => removed(bucket, unlisted()?)?,
    };
    // Stores that cannot list uploads are many, and here there are none unless a run was killed.
    if let Answer::Done(open) = ask(|| bucket.list_uploads(&prefix))? {
        for upload in open {
            let key = ObjectKey::new(upload.key)
                .map_err(|error| StoreError::invalid_argument(&error.to_string()))?;
            ask(|| bucket.abort(&key, &upload.id))?;
        }
    }
    if left > 0 {
        warn!(%prefix, objects = left, "objects of the store's probe could not be removed yet");
    }
    Ok(left)
}

/// Removes what is listed until nothing is; `None` if it may not be listed.
fn removed_as_listed(bucket: &dyn Bucket, prefix: &str) -> Result<Option<usize>, StoreError> {
    let mut left = 0;
    for _ in 0..ROUNDS {
        let Some(keys) = listed(bucket, prefix)? else {
            return Ok(None);
        };
        if keys.is_empty() {
            return Ok(Some(0));
        }
        left = removed(bucket, keys)?;
    }
    Ok(Some(left))
}

/// Removes objects, and says how many were refused.
fn removed(bucket: &dyn Bucket, keys: Vec<ObjectKey>) -> Result<usize, StoreError> {
    let mut left = 0;
    for key in keys {
        if let Answer::Refused = ask(|| bucket.delete(&key))? {
            left += 1;
        }
    }
    Ok(left)
}

/// The objects there are; `None` if they may not be listed.
fn listed(bucket: &dyn Bucket, prefix: &str) -> Result<Option<Vec<ObjectKey>>, StoreError> {
    let mut keys: Vec<ObjectKey> = Vec::new();
    loop {
        let list = || bucket.list(prefix, keys.last(), 1000);
        let Answer::Done(page) = ask(list)? else {
            return Ok(None);
        };
        // A store that takes the prefix for a hint must not cost anybody an object.
        let before = keys.len();
        let ours = page.objects.into_iter().map(|object| object.key);
        keys.extend(ours.filter(|key| key.as_str().starts_with(prefix)));
        if !page.more || keys.len() == before {
            return Ok(Some(keys));
        }
    }
}

pub(super) fn kept(is_kept: Option<bool>) -> Finding {
    match is_kept {
        Some(true) => Finding::Honored,
        Some(false) => Finding::Ignored,
        None => Finding::Unknown,
    }
}

/// Asks for what a store may not be able to do.
pub(super) fn ask<T>(act: impl Fn() -> Result<T, StoreError>) -> Result<Answer<T>, StoreError> {
    Ok(match asked(act)? {
        Ok(done) => Answer::Done(done),
        Err(_) => Answer::Refused,
    })
}

/// As [`ask`], with the refusal. A second time if it says 500, since some stores say that of what they do not
/// know, and if the request was lost: not all experiments need be made again for one.
pub(super) fn asked<T>(
    act: impl Fn() -> Result<T, StoreError>,
) -> Result<Result<T, StoreError>, StoreError> {
    let answer = match act() {
        Err(error) if error.may_retry() && !matches!(error, StoreError::BadDigest(_)) => act(),
        other => other,
    };
    match answer {
        Ok(done) => Ok(Ok(done)),
        Err(error) if is_refusal(&error) => Ok(Err(error)),
        Err(error) => Err(error),
    }
}

/// As [`asked`] of what is right: that it was damaged on its way says nothing of the store.
pub(super) fn asked_soundly<T>(
    act: impl Fn() -> Result<T, StoreError>,
) -> Result<Result<T, StoreError>, StoreError> {
    const TRIES: usize = 3;
    for _ in 1..TRIES {
        match asked(&act)? {
            Err(StoreError::BadDigest(_)) => {}
            answered => return Ok(answered),
        }
    }
    asked(act)
}

pub(super) fn is_refusal(error: &StoreError) -> bool {
    match error {
        StoreError::NoSuchKey(_)
        | StoreError::NoSuchUpload(_)
        | StoreError::AccessDenied(_)
        | StoreError::Credentials(_)
        | StoreError::Refused(_)
        | StoreError::Exists(_)
        | StoreError::BadDigest(_) => true,
        StoreError::Unavailable(answer) => answer.status == 500,
        // An answer of HTTP that makes no sense; without a status it was none.
        StoreError::Transport(TransportError::Protocol { status, .. }) => *status != 0,
        StoreError::NoSuchBucket(_)
        | StoreError::WrongRegion { .. }
        | StoreError::Throttled(_)
        | StoreError::KeyExpired(_)
        | StoreError::Transport(_)
        | StoreError::Unsure { .. }
        | StoreError::Full(_)
        | StoreError::Canceled { .. } => false,
    }
}
