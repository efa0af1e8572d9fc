//! What became of one entry: the unit of the journal and of the report.

mod code;

pub use code::FailureCode;

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::entry::{EntryPath, Unloadable};
use crate::ids::{BucketName, ObjectKey};
use crate::key_space::{Kept, Oddity};
use crate::missing::Missing;
use crate::naming::NameProblem;
use crate::time::Timestamp;
use crate::without::Without;

/// What became of one entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "kebab-case")]
pub enum Outcome {
    /// Its bytes are in the store, and the store has confirmed them.
    Stored(Stored),
    /// Left out as the rules say. No error.
    Ignored {
        /// Which rule.
        rule: IgnoreRule,
        /// Where a symbolic link leads, or what is said of a volume, for a person. Journals of earlier releases do not say.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        target: Option<String>,
    },
    /// Should have been stored and was not.
    Failed(Failure),
}

/// How an object comes to be what its file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum How {
    /// It was sent.
    #[default]
    Sent,
    /// It was sent, and there was another object under its key before the job.
    Replaced,
    /// It was there before and is known to be the same: nothing was sent.
    Unchanged,
    /// It was sent a second time: what an earlier attempt had stored was not in the bucket any more.
    SentAgain,
}

impl How {
    fn is_sent(&self) -> bool {
        *self == Self::Sent
    }
}

/// When a file was last changed, as it was read; in nanoseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changed {
    /// Its content.
    pub modified_ns: i64,
    /// Anything of it.
    pub changed_ns: i64,
}

/// Proof of a stored object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stored {
    /// Its key.
    pub key: ObjectKey,
    /// MD5 of the content, lower-case hex.
    pub md5: String,
    /// SHA-256 of the content, lower-case hex.
    pub sha256: String,
    /// What the store called it.
    pub etag: String,
    /// The type it was given.
    pub content_type: String,
    /// In how many parts it was sent; 0 if in one request.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub parts: u32,
    /// Whether its bytes were read back from the store and had the same SHA-256.
    #[serde(default, skip_serializing_if = "is_false")]
    pub read_back: bool,
    /// Whether an earlier attempt had sent it, as the bucket shows and no journal of this host: nothing was sent.
    #[serde(default, skip_serializing_if = "is_false")]
    pub found: bool,
    /// What of it the device could not give: zeros in the object.
    #[serde(default, skip_serializing_if = "Missing::is_empty")]
    pub missing: Missing,
}

fn is_zero(parts: &u32) -> bool {
    *parts == 0
}

fn is_false(flag: &bool) -> bool {
    !flag
}

/// Why an entry was left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum IgnoreRule {
    /// The SIGNATURE file in the root.
    Signature,
    /// An `ignore` expression of the manifest.
    Manifest,
    /// A symbolic link.
    SymbolicLink,
    /// A device node, socket or pipe.
    Special,
    /// A folder with nothing in it: objects have no folders.
    EmptyFolder,
    /// A volume that holds nothing of a customer's, or was not chosen.
    Volume,
    /// Nothing was left out: it is said of a volume that was loaded.
    Remark,
    /// A name that could be no key, and that the device does not have any more: what had it was given
    /// another, or was taken away.
    NameGone,
}

impl Outcome {
    /// An entry left out by a rule that has nothing more to say.
    #[must_use]
    pub fn ignored(rule: IgnoreRule) -> Self {
        Self::Ignored { rule, target: None }
    }
}

/// The status of what failed: 400 to 599. Some stores answer 200 and say in the body, or by another
/// entity tag, that it did not happen; no line of a report can say so of a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(from = "u16", into = "u16")]
pub struct FailureStatus(u16);

impl FailureStatus {
    /// What stands for an answer that does not say failure: the store answered, and not as it should
    /// (RFC 9110, section 15.6.3, *Bad Gateway*).
    const BAD_ANSWER: u16 = 502;

    /// The number.
    #[must_use]
    pub fn get(self) -> u16 {
        self.0
    }
}

impl From<u16> for FailureStatus {
    fn from(status: u16) -> Self {
        match status {
            400..=599 => Self(status),
            _ => Self(Self::BAD_ANSWER),
        }
    }
}

impl From<FailureStatus> for u16 {
    fn from(status: FailureStatus) -> Self {
        status.0
    }
}

impl fmt::Display for FailureStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Why an entry was not stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// HTTP status as the store gave it, or the nearest one.
    pub status: FailureStatus,
    /// The store's code, or ours where the store was not asked.
    pub code: FailureCode,
    /// What happened, for a person.
    pub reason: String,
    /// The key it would have had, if it got that far.
    pub key: Option<ObjectKey>,
    /// What of it the device could not give, if that is why.
    #[serde(default, skip_serializing_if = "Missing::is_empty")]
    pub ranges: Missing,
}

impl Failure {
    /// A path that has no key.
    #[must_use]
    pub fn unnamed(problem: &NameProblem) -> Self {
        // AWS's codes, or S3's, where one fits.
        let code = match problem {
            NameProblem::NotUtf8 => FailureCode::InvalidFileName,
            NameProblem::Empty => FailureCode::InvalidSubstitution,
            NameProblem::TooLong(_) => FailureCode::KeyTooLongError,
        };
        Self::new(code, problem.to_string(), None)
    }

    /// Two paths that come to one key: the first has it.
    #[must_use]
    pub fn collision(key: ObjectKey) -> Self {
        let reason = "an earlier file of this device has the same key".to_owned();
        Self::new(FailureCode::KeyCollision, reason, Some(key))
    }

    /// A key that its store does not keep as it is.
    #[must_use]
    pub fn key_not_kept(key: ObjectKey, oddity: Oddity, kept: Kept) -> Self {
        let how = match kept {
            Kept::Refused => "the store refuses such keys",
            _ => "the store files such keys under another name",
        };
        let reason = format!("the key has {oddity}, and {how}; a substitution gives it another");
        Self::new(FailureCode::KeyNotKept, reason, Some(key))
    }

    /// A key that its store takes for that of an earlier file.
    #[must_use]
    pub fn merged(key: ObjectKey) -> Self {
        let reason = "the store takes this key for that of an earlier file of this device, which would be \
                      lost; a substitution gives it another";
        Self::new(FailureCode::KeyCollision, reason.to_owned(), Some(key))
    }

    /// A path that comes to the key of the report, which would take its place.
    #[must_use]
    pub fn reserved(key: ObjectKey) -> Self {
        let reason = "the report of this job has the same key".to_owned();
        Self::new(FailureCode::KeyCollision, reason, Some(key))
    }

    /// A file larger than any object.
    #[must_use]
    pub fn too_large(key: ObjectKey, bytes: u64) -> Self {
        let reason = format!("{bytes} bytes are more than an object may have");
        Self::new(FailureCode::EntityTooLarge, reason, Some(key))
    }

    /// An `ignore` expression that takes too long on this path. The file is not loaded, because it
    /// may be one that was to be left out.
    #[must_use]
    pub fn undecided(pattern: &str) -> Self {
        let reason = format!("the ignore expression `{pattern}` takes too long on this name");
        Self::new(FailureCode::PatternTooCostly, reason, None)
    }

    /// A file or folder the device would not give.
    #[must_use]
    pub fn unreadable(reason: String, key: Option<ObjectKey>) -> Self {
        Self::unloadable(&Unloadable::Unreadable(reason), key)
    }

    /// A file of `bytes` of which the device has given up some.
    #[must_use]
    pub fn given_up(ranges: Missing, bytes: u64, key: ObjectKey) -> Self {
        Self {
            ranges: ranges.clone(),
            ..Self::new(FailureCode::ReadError, ranges.words(bytes), Some(key))
        }
    }

    /// A file or folder that the device has, and that cannot be loaded.
    #[must_use]
    pub fn unloadable(why: &Unloadable, key: Option<ObjectKey>) -> Self {
        let code = match why {
            Unloadable::Unreadable(_) | Unloadable::TooDeep | Unloadable::OtherMount => {
                FailureCode::ReadError
            }
            Unloadable::Damaged(_) => FailureCode::DamagedFileSystem,
            Unloadable::Encrypted(_) => FailureCode::EncryptedFile,
            Unloadable::CloudPlaceholder => FailureCode::CloudPlaceholder,
            Unloadable::Deduplicated => FailureCode::DeduplicatedFile,
            Unloadable::UnknownFeature(_) => FailureCode::UnsupportedFeature,
            Unloadable::Volume(_) => FailureCode::UnsupportedFileFormat,
            Unloadable::LargerThanDevice { .. } | Unloadable::TooManyHoles { .. } => {
                FailureCode::LargerThanDevice
            }
        };
        Self::new(code, why.to_string(), key)
    }

    /// A file that was not the same at the end as at the start; sizes in bytes.
    #[must_use]
    pub fn changed(expected: u64, found: u64, key: ObjectKey) -> Self {
        let reason = if expected == found {
            "the file was written to while it was read".to_owned()
        } else {
            format!("the file had {expected} bytes at first and {found} when it was read")
        };
        Self::new(FailureCode::FileChanged, reason, Some(key))
    }

    /// A file that has more content than the size that its file system says, in bytes.
    #[must_use]
    pub fn longer(said: u64, key: ObjectKey) -> Self {
        let reason = format!("the file has more content than the {said} bytes that it says it has");
        Self::new(FailureCode::FileChanged, reason, Some(key))
    }

    /// An object that was there before, where none is to be replaced.
    #[must_use]
    pub fn exists(key: ObjectKey) -> Self {
        let reason = "another object with this key was in the bucket before".to_owned();
        Self::new(FailureCode::ObjectExists, reason, Some(key))
    }

    /// An object that has the name of a report of Longshore: whatever job it is of, no file takes its place.
    #[must_use]
    pub fn report_exists(key: ObjectKey) -> Self {
        let reason = "an object with this key, which is that of a job's report, is in the bucket and was not \
                      put by this job; a substitution gives the file another";
        Self::new(FailureCode::ReportExists, reason.to_owned(), Some(key))
    }

    /// A key that is that of a job's report, where nobody can look if there is one.
    #[must_use]
    pub fn report_unseen(key: ObjectKey) -> Self {
        let reason = "the key is that of a job's report, and the store does not let the station look if there is \
                      one; a substitution gives the file another";
        Self::new(FailureCode::ReportExists, reason.to_owned(), Some(key))
    }

    /// A key under which a job looks what its store does, and removes what is there.
    #[must_use]
    pub fn of_probe(key: ObjectKey) -> Self {
        let reason = "a job removes what is under such keys when it looks what its store does; a substitution \
                      gives the file another";
        Self::new(FailureCode::KeyCollision, reason.to_owned(), Some(key))
    }

    /// An object that was put while the job ran, where none is to be replaced. `is_unsure` says that nobody can
    /// tell whether it is the job's own.
    #[must_use]
    pub fn appeared(key: ObjectKey, is_unsure: bool) -> Self {
        let reason = match is_unsure {
            false => "another object with this key was put into the bucket while this job ran",
            true => {
                "an object with this key is in the bucket, and its store does not tell whether this job put \
                 it: the answer to an earlier try was lost"
            }
        };
        Self::new(FailureCode::ObjectExists, reason.to_owned(), Some(key))
    }

    /// A file that an earlier attempt has stored, whose object is gone, and that is not on the device
    /// any more.
    #[must_use]
    pub fn lost() -> Self {
        let reason = "an earlier attempt stored it, but neither bucket nor device have it any more";
        Self::new(FailureCode::ObjectLost, reason.to_owned(), None)
    }

    /// A file that an earlier attempt has begun or failed to load, and that is not on the device any more.
    #[must_use]
    pub fn vanished() -> Self {
        let reason = "an earlier attempt met it and did not load it, and the device does not have it any more";
        Self::new(FailureCode::FileVanished, reason.to_owned(), None)
    }

    /// A file that a job was finished without.
    #[must_use]
    pub fn without(without: &Without, key: Option<ObjectKey>) -> Self {
        Self::new(FailureCode::Without(without.cause), without.reason(), key)
    }

    /// Whether it is of something that has no key and that could not be looked at: a folder, perhaps.
    #[must_use]
    pub fn is_unreadable_name(&self) -> bool {
        let is_unreadable = matches!(
            self.code,
            FailureCode::ReadError | FailureCode::DamagedFileSystem
        );
        self.key.is_none() && is_unreadable
    }

    /// An object that is not the file when it is read back.
    #[must_use]
    pub fn read_back(reason: String, key: ObjectKey) -> Self {
        Self::new(FailureCode::ReadBackMismatch, reason, Some(key))
    }

    /// An object the store refused, or took for another one. Where the store gave no code it is
    /// `StoreError`.
    #[must_use]
    pub fn refused(status: u16, code: String, reason: String, key: ObjectKey) -> Self {
        let code = match code.as_str() {
            "" => FailureCode::StoreError,
            _ => code.into(),
        };
        Self {
            status: status.into(),
            code,
            reason,
            key: Some(key),
            ranges: Missing::default(),
        }
    }

    /// An object that was not stored, or not written to its device, for a reason of ours.
    #[must_use]
    pub fn of(code: FailureCode, reason: String, key: ObjectKey) -> Self {
        Self::new(code, reason, Some(key))
    }

    fn new(code: FailureCode, reason: String, key: Option<ObjectKey>) -> Self {
        Self {
            status: code.status().into(),
            code,
            reason,
            key,
            ranges: Missing::default(),
        }
    }
}

/// Where an exported file comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// Its place in the plan of the export, from 0: the report is in this order.
    pub ordinal: u64,
    /// The bucket of its object.
    pub bucket: BucketName,
}

/// One entry with its outcome: a record of the journal and a line of the report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntryRecord {
    /// The path on the device, as the report prints it.
    pub file: String,
    /// The raw bytes of the path in base64, where they are not UTF-8.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub raw_path: Option<String>,
    /// Size on the device in bytes.
    pub bytes: u64,
    /// When it was processed.
    pub at: Timestamp,
    /// In an export, where the bytes come from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<Source>,
    /// When the file of an import that was stored was last changed; early journals do not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<Changed>,
    /// Of what is stored, how it came there.
    #[serde(default, skip_serializing_if = "How::is_sent")]
    pub how: How,
    /// What became of it.
    #[serde(flatten)]
    pub outcome: Outcome,
}

impl EntryRecord {
    /// The record of an entry of `bytes` on the device.
    #[must_use]
    pub fn new(path: &EntryPath, bytes: u64, at: Timestamp, outcome: Outcome) -> Self {
        let (file, raw_path) = path.to_record();
        Self {
            file,
            raw_path,
            bytes,
            at,
            source: None,
            times: None,
            how: How::Sent,
            outcome,
        }
    }

    /// Whether it is a remark on a volume, which is no line of a file.
    #[must_use]
    pub fn is_remark(&self) -> bool {
        let rule = IgnoreRule::Remark;
        matches!(&self.outcome, Outcome::Ignored { rule: of, .. } if *of == rule)
    }

    /// Whether it is of an empty folder, which has a line of its own only in the form for programs.
    #[must_use]
    pub fn is_empty_folder(&self) -> bool {
        let rule = IgnoreRule::EmptyFolder;
        matches!(&self.outcome, Outcome::Ignored { rule: of, .. } if *of == rule)
    }

    /// Whether it is stored, and with zeros where the device could not be read.
    #[must_use]
    pub fn is_partial(&self) -> bool {
        matches!(&self.outcome, Outcome::Stored(stored) if !stored.missing.is_empty())
    }

    /// The entry's path, to the byte.
    #[must_use]
    pub fn path(&self) -> EntryPath {
        EntryPath::from_record(&self.file, self.raw_path.as_deref())
            .unwrap_or_else(|| EntryPath::new(self.file.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entry::Damage;

    /// Neither what a store said nor an old journal makes a failure look like success.
    #[test]
    fn nothing_that_failed_has_a_status_of_success() {
        let key = || ObjectKey::new("k").unwrap();
        for (told, is) in [
            (200, 502),
            (0, 502),
            (301, 502),
            (600, 502),
            (403, 403),
            (503, 503),
        ] {
            let failure = Failure::refused(told, String::new(), "no".into(), key());
            assert_eq!(
                (failure.status.get(), failure.code.as_str()),
                (is, "StoreError")
            );
            let old = format!(
                r#"{{"outcome":"failed","status":{told},"code":"X","reason":"no","key":"k"}}"#
            );
            let Ok(Outcome::Failed(read)) = serde_json::from_str(&old) else {
                panic!("{old}")
            };
            assert_eq!(read.status.get(), is);
        }
    }

    /// Each reason has a status and code of its own, and its words stand in the report.
    #[test]
    fn why_a_name_cannot_be_loaded_has_its_own_code() {
        let (bytes, capacity) = (2, 1);
        let words = |text: &str| text.to_owned();
        for (why, status, code, in_words) in [
            (
                Unloadable::Unreadable(words("gone")),
                500,
                "ReadError",
                "gone",
            ),
            (Unloadable::TooDeep, 500, "ReadError", "nested deeper"),
            (
                Unloadable::OtherMount,
                500,
                "ReadError",
                "another file system",
            ),
            (
                Unloadable::Damaged(Damage::MetBefore),
                500,
                "DamagedFileSystem",
                "met before under another name: the file system is damaged",
            ),
            (
                Unloadable::Encrypted(words("EFS")),
                415,
                "EncryptedFile",
                "EFS",
            ),
            (
                Unloadable::CloudPlaceholder,
                404,
                "CloudPlaceholder",
                "cloud drive",
            ),
            (
                Unloadable::Deduplicated,
                415,
                "DeduplicatedFile",
                "deduplicated",
            ),
            (
                Unloadable::UnknownFeature(words("reparse tag 80000020")),
                415,
                "UnsupportedFeature",
                "uses reparse tag 80000020",
            ),
            (
                Unloadable::LargerThanDevice { bytes, capacity },
                400,
                "LargerThanDevice",
                "claims 2 bytes",
            ),
            (
                Unloadable::TooManyHoles { bytes, capacity },
                400,
                "LargerThanDevice",
                "holes",
            ),
        ] {
            let failure = Failure::unloadable(&why, None);
            assert_eq!(
                (failure.status.get(), failure.code.as_str()),
                (status, code)
            );
            assert!(failure.reason.contains(in_words), "{}", failure.reason);
            let may_be_a_folder = status == 500;
            assert_eq!(failure.is_unreadable_name(), may_be_a_folder, "{code}");
        }
    }

    #[test]
    fn paths_survive_the_record_to_the_byte() {
        let ignored = Outcome::ignored(IgnoreRule::Manifest);
        for raw in [
            &b"plain/name"[..],
            "\u{fc}n\u{ef}/100%".as_bytes(),
            b"caf\xE9/%41",
            b"\xFF",
        ] {
            let path = EntryPath::new(raw);
            let record = EntryRecord::new(&path, 1, Timestamp::from_unix(0), ignored.clone());
            assert_eq!(record.path(), path);
        }
    }
}
