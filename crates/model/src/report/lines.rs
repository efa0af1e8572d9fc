//! The report for programs: JSON Lines, one object a line. `docs/formats.md` has the format.
//!
//! The first line says what was imported, the last one counts and sums up what stands before it:
//! a report that was cut short or damaged shows. Between them is one line for each entry.

use serde::{Deserialize, Serialize};

use crate::entry::EntryPath;
use crate::ids::{AccountId, BucketName, JobId};
use crate::outcome::{EntryRecord, How, Outcome, Source};
use crate::progress::LogLocation;
use crate::proof::Attempt;
use crate::readable::escaped_json;
use crate::time::Timestamp;

/// `Content-Type` of the report object.
pub const CONTENT_TYPE: &str = "application/x-ndjson";

/// The name of the format, in its first line.
const FORMAT: &str = "longshore-report";

/// The version that is written, and the only one there is.
const VERSION: u32 = 1;

/// How the last line begins, and no other.
const END: &[u8] = b"{\"summary\":";

/// What a job does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Work {
    /// Files of a device became objects.
    #[default]
    Import,
    /// Objects became files of a device.
    Export,
    /// The image of a device became a snapshot.
    Snapshot,
    /// The image of a device became an archive.
    Archive,
}

impl Work {
    /// What a person calls it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Import => "Import",
            Self::Export => "Export",
            Self::Snapshot => "EBS import",
            Self::Archive => "Glacier import",
        }
    }

    /// Whether it is what a report is of that does not say.
    fn is_import(&self) -> bool {
        *self == Self::Import
    }

    /// What has been done with what it succeeded with.
    #[must_use]
    pub fn done(self) -> &'static str {
        match self {
            Self::Import | Self::Snapshot | Self::Archive => "loaded",
            Self::Export => "written",
        }
    }
}

/// What was done, for whom, and to where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    /// The job.
    pub job: JobId,
    /// Whose it is.
    pub account: AccountId,
    /// When it was created.
    pub created: Timestamp,
    /// What it does. Reports of the first releases are all of imports and do not say so.
    #[serde(default, skip_serializing_if = "Work::is_import")]
    pub work: Work,
    /// Where the files of an import went.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bucket: Option<BucketName>,
    /// What stands before every path of an import in its key.
    #[serde(default)]
    pub prefix: String,
    /// Where the log lies, and this report beside it.
    pub log: LogLocation,
}

/// The first line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// What was done.
    #[serde(flatten)]
    pub about: About,
    /// Every attempt at it, with what the store was found to do.
    pub attempts: Vec<Attempt>,
}

/// What the entries of a report add up to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Totals {
    /// Entries, which is lines between the first and the last.
    pub entries: u64,
    /// Entries whose bytes are in the store.
    pub stored: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Entries left out by a rule.
    pub ignored: u64,
    /// Entries that should have been stored and were not.
    pub failed: u64,
    /// Of those stored, the ones that were read back and compared.
    pub read_back: u64,
    /// Of those stored, the ones that were in the store already and were not sent.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub unchanged: u64,
    /// Their bytes.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub unchanged_bytes: u64,
    /// Of those stored, the ones that took the place of another object.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub replaced: u64,
    /// Of those stored, the ones that an earlier attempt had stored and that were gone.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub sent_again: u64,
    /// Of those stored, the ones that another host had sent in an earlier attempt and that were found.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub found: u64,
    /// Their bytes.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub found_bytes: u64,
    /// Of those stored, the ones with zeros where the device could not be read. Each is an error.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub partial: u64,
    /// Folders with nothing in them, which are entries of this report and no files.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub empty_folders: u64,
}

fn is_zero(count: &u64) -> bool {
    *count == 0
}

impl Totals {
    /// Counts one entry.
    pub fn add(&mut self, record: &EntryRecord) {
        self.entries += 1;
        match &record.outcome {
            Outcome::Stored(stored) => {
                self.stored += 1;
                self.bytes = self.bytes.saturating_add(record.bytes);
                self.read_back += u64::from(stored.read_back);
                self.partial += u64::from(record.is_partial());
                if stored.found {
                    self.found += 1;
                    self.found_bytes = self.found_bytes.saturating_add(record.bytes);
                }
                self.add_how(record);
            }
            Outcome::Ignored { .. } if record.is_empty_folder() => self.empty_folders += 1,
            Outcome::Ignored { .. } if record.is_remark() => {}
            Outcome::Ignored { .. } => self.ignored += 1,
            Outcome::Failed(_) => self.failed += 1,
        }
    }

    fn add_how(&mut self, record: &EntryRecord) {
        match record.how {
            How::Sent => {}
            How::Replaced => self.replaced += 1,
            How::SentAgain => self.sent_again += 1,
            How::Unchanged => {
                self.unchanged += 1;
                self.unchanged_bytes = self.unchanged_bytes.saturating_add(record.bytes);
            }
        }
    }

    /// How many errors there are.
    #[must_use]
    pub fn errors(&self) -> u64 {
        self.failed.saturating_add(self.partial)
    }

    /// Entries that were sent, and their bytes.
    #[must_use]
    pub fn sent(&self) -> (u64, u64) {
        let bytes = self.bytes.saturating_sub(self.unchanged_bytes);
        (self.stored.saturating_sub(self.unchanged), bytes)
    }
}

/// The last line: what came before it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct End {
    /// Counted.
    #[serde(flatten)]
    pub totals: Totals,
    /// SHA-256 of all lines before, with their line ends, in lower-case hex.
    pub sha256: String,
}

/// A line after the first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Line {
    /// What became of an entry.
    Entry(Box<EntryRecord>),
    /// The last line.
    End(End),
}

/// A line that is not of a report.
#[derive(Debug, thiserror::Error)]
pub enum LineError {
    /// The first line is of something else.
    #[error("it does not begin as a report does")]
    NotAReport,
    /// The report is of a later version of this program.
    #[error("it is a report of version {0}, and this program reads version {VERSION}")]
    Version(u32),
    /// It does not have the fields it should have.
    #[error("it is not a line of a report")]
    Malformed(#[source] serde_json::Error),
    /// A path that cannot be one.
    #[error("`raw_path` is not base64")]
    RawPath,
    /// An entry of another bucket than the first line says.
    #[error("it is of the bucket `{0}`")]
    OtherBucket(BucketName),
}

/// The first line as it is written.
#[derive(Serialize)]
struct HeadLine<'a> {
    format: &'a str,
    version: u32,
    #[serde(flatten)]
    head: &'a Head,
}

/// What every version has in its first line.
#[derive(Deserialize)]
struct Marker {
    format: String,
    version: u32,
}

/// An entry as it is written. What became of it has the form it has in the journal.
#[derive(Serialize, Deserialize)]
struct EntryLine {
    path: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    raw_path: Option<String>,
    bytes: u64,
    at: Timestamp,
    /// In an export, the entry's place in its plan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ordinal: Option<u64>,
    /// Present if the entry is stored, and in every line of an export.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    bucket: Option<BucketName>,
    /// Of what is stored, how it came there if it was not simply sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    how: Option<How>,
    #[serde(flatten)]
    outcome: Outcome,
}

/// The last line as it is written.
#[derive(Serialize, Deserialize)]
struct EndLine {
    summary: End,
}

impl Head {
    /// The first line, with its line end.
    #[must_use]
    pub fn line(&self) -> String {
        line(&HeadLine {
            format: FORMAT,
            version: VERSION,
            head: self,
        })
    }

    /// Reads the first line.
    ///
    /// # Errors
    /// [`LineError`].
    pub fn parse(line: &[u8]) -> Result<Self, LineError> {
        let marker: Marker = serde_json::from_slice(line).map_err(|_| LineError::NotAReport)?;
        match (marker.format.as_str(), marker.version) {
            (FORMAT, VERSION) => serde_json::from_slice(line).map_err(LineError::Malformed),
            (FORMAT, other) => Err(LineError::Version(other)),
            _ => Err(LineError::NotAReport),
        }
    }
}

/// The line of one entry, with its line end. `bucket` is the one an import goes to.
#[must_use]
pub fn entry(record: &EntryRecord, bucket: Option<&BucketName>) -> String {
    let is_stored = matches!(record.outcome, Outcome::Stored(_));
    line(&EntryLine {
        path: record.file.clone(),
        raw_path: record.raw_path.clone(),
        bytes: record.bytes,
        at: record.at,
        ordinal: record.source.as_ref().map(|source| source.ordinal),
        bucket: match &record.source {
            Some(source) => Some(source.bucket.clone()),
            None => bucket.filter(|_| is_stored).cloned(),
        },
        how: (is_stored && record.how != How::Sent).then_some(record.how),
        outcome: record.outcome.clone(),
    })
}

/// The last line, with its line end.
#[must_use]
pub fn end(end: End) -> String {
    line(&EndLine { summary: end })
}

/// Reads a line after the first. `bucket` is the one the first line names, which that of an export
/// does not.
///
/// # Errors
/// [`LineError`].
pub fn parse(line: &[u8], bucket: Option<&BucketName>) -> Result<Line, LineError> {
    if line.starts_with(END) {
        let end: EndLine = serde_json::from_slice(line).map_err(LineError::Malformed)?;
        return Ok(Line::End(end.summary));
    }
    let line: EntryLine = serde_json::from_slice(line).map_err(LineError::Malformed)?;
    let source = match (line.ordinal, line.bucket) {
        (Some(ordinal), Some(bucket)) => Some(Source { ordinal, bucket }),
        (_, Some(other)) if Some(&other) != bucket => return Err(LineError::OtherBucket(other)),
        _ => None,
    };
    let record = EntryRecord {
        file: line.path,
        raw_path: line.raw_path,
        bytes: line.bytes,
        at: line.at,
        source,
        times: None,
        how: line.how.unwrap_or_default(),
        outcome: line.outcome,
    };
    match EntryPath::from_record(&record.file, record.raw_path.as_deref()) {
        Some(_) => Ok(Line::Entry(Box::new(record))),
        None => Err(LineError::RawPath),
    }
}

fn line(value: &impl Serialize) -> String {
    let text = serde_json::to_string(value).expect("texts and numbers have a JSON form");
    let mut text = escaped_json(text);
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capabilities::{Capabilities, Finding};
    use crate::ids::{ObjectKey, StationName};
    use crate::missing::Missing;
    use crate::outcome::{Failure, IgnoreRule, Stored};
    use crate::proof::ReadBack;

    /// A report of version 1, which every later program must read.
    const FROZEN: &str = include_str!("../../tests/report/version-1.jsonl");

    fn bucket() -> BucketName {
        BucketName::new("photos").unwrap()
    }

    fn at() -> Timestamp {
        Timestamp::from_unix(1_300_000_000)
    }

    fn head() -> Head {
        let about = About {
            job: JobId::new("ABCDE").unwrap(),
            account: AccountId::new("123456789012").unwrap(),
            created: at(),
            work: Work::Import,
            bucket: Some(bucket()),
            prefix: "p/".into(),
            log: LogLocation {
                bucket: BucketName::new("logs").unwrap(),
                key: ObjectKey::new("import-log-ABCDE").unwrap(),
            },
        };
        let attempt = Attempt {
            number: 1,
            at: at(),
            station: StationName::new("bench-1").unwrap(),
            read_back: ReadBack::Sampled,
            store: Capabilities {
                crc64nvme: Finding::Ignored,
                acl: Finding::Refused,
                extraction: Finding::Unknown,
                put_if_absent: Finding::Unknown,
                complete_if_absent: Finding::Unknown,
                part_crc64nvme: Finding::Unknown,
                part_crc32c: Finding::Unknown,
                part_sha256: Finding::Unknown,
                ..Capabilities::all(Finding::Honored)
            },
        };
        Head {
            about,
            attempts: vec![attempt],
        }
    }

    fn entries() -> Vec<EntryRecord> {
        let key = |key: &str| ObjectKey::new(key).unwrap();
        let stored = |name: &str, parts, read_back| {
            Outcome::Stored(Stored {
                key: key(name),
                md5: "5d41402abc4b2a76b9719d911017c592".into(),
                sha256: "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824".into(),
                etag: "5d41402abc4b2a76b9719d911017c592".into(),
                content_type: "text/plain".into(),
                parts,
                read_back,
                found: false,
                missing: Missing::default(),
            })
        };
        let rule = IgnoreRule::Signature;
        let refused = Failure::refused(403, "AccessDenied".into(), "no".into(), key("p/c"));
        let unnamed = Failure::unnamed(&crate::naming::NameProblem::NotUtf8);
        [
            (&b"SIGNATURE"[..], 90, Outcome::ignored(rule)),
            (b"a \"b\"\n,c", 5, stored("p/a \"b\"\n,c", 0, true)),
            (b"big", 5, stored("p/big", 3, false)),
            (b"c", 7, Outcome::Failed(refused)),
            (b"caf\xE9", 1, Outcome::Failed(unnamed)),
        ]
        .map(|(path, bytes, outcome)| EntryRecord::new(&EntryPath::new(path), bytes, at(), outcome))
        .into()
    }

    fn totals() -> Totals {
        let mut totals = Totals::default();
        entries().iter().for_each(|record| totals.add(record));
        totals
    }

    fn sealed() -> End {
        End {
            totals: totals(),
            sha256: "00".repeat(32),
        }
    }

    /// The form of version 1, to the byte.
    #[test]
    fn the_frozen_report_is_printed() {
        let body: String = entries()
            .iter()
            .map(|e| entry(e, Some(&bucket())))
            .collect();
        assert_eq!(head().line() + &body + &end(sealed()), FROZEN);
    }

    #[test]
    fn the_frozen_report_is_read() {
        let mut lines = FROZEN.lines();
        assert_eq!(
            Head::parse(lines.next().unwrap().as_bytes()).unwrap(),
            head()
        );
        for record in entries() {
            let read = parse(lines.next().unwrap().as_bytes(), Some(&bucket())).unwrap();
            assert_eq!(read, Line::Entry(Box::new(record)));
        }
        let last = parse(lines.next().unwrap().as_bytes(), Some(&bucket())).unwrap();
        assert_eq!(last, Line::End(sealed()));
        assert_eq!(lines.next(), None);
    }

    #[test]
    fn what_is_counted_is_what_became_of_the_entries() {
        let expected = Totals {
            entries: 5,
            stored: 2,
            bytes: 10,
            ignored: 1,
            failed: 2,
            read_back: 1,
            ..Totals::default()
        };
        assert_eq!(totals(), expected);
    }

    /// What was there before, or was sent twice, has a word of its own in its line and its count.
    #[test]
    fn how_an_object_came_there_is_said_and_counted() {
        let mut totals = Totals::default();
        for (how, word) in [
            (How::Sent, None),
            (How::Replaced, Some("\"how\":\"replaced\"")),
            (How::Unchanged, Some("\"how\":\"unchanged\"")),
            (How::SentAgain, Some("\"how\":\"sent-again\"")),
        ] {
            let record = EntryRecord {
                how,
                ..entries()[2].clone()
            };
            totals.add(&record);
            let text = entry(&record, Some(&bucket()));
            assert_eq!(word.is_some_and(|word| text.contains(word)), word.is_some());
            assert_eq!(text.contains("\"how\""), word.is_some(), "{text}");
            let read = parse(text.trim_end().as_bytes(), Some(&bucket())).unwrap();
            assert_eq!(read, Line::Entry(Box::new(record)));
        }
        assert_eq!((totals.unchanged, totals.unchanged_bytes), (1, 5));
        assert_eq!((totals.replaced, totals.sent_again), (1, 1));
        assert_eq!((totals.stored, totals.sent()), (4, (3, 15)));
    }

    /// What could not be read is in the lines of what failed for it and of what is stored without it, and is counted.
    #[test]
    fn what_another_host_has_sent_is_said_and_counted() {
        let mut record = entries().remove(2);
        let Outcome::Stored(stored) = &mut record.outcome else {
            panic!("it is stored")
        };
        stored.found = true;
        let mut totals = Totals::default();
        totals.add(&record);
        assert_eq!((totals.found, totals.found_bytes), (1, record.bytes));
        let line = entry(&record, Some(&bucket()));
        assert!(line.contains("\"found\":true"), "{line}");
    }

    #[test]
    fn what_is_missing_is_said_and_counted() {
        let missing = Missing::of(std::iter::once(4..8)).unwrap();
        let [mut partial, mut failed] = [2, 3].map(|at| entries()[at].clone());
        if let Outcome::Stored(stored) = &mut partial.outcome {
            stored.missing = missing.clone();
        }
        let key = ObjectKey::new("p/c").unwrap();
        failed.outcome = Outcome::Failed(Failure::given_up(missing, 7, key));
        let mut totals = Totals::default();
        for (record, word) in [
            (partial, r#""missing":[{"offset":4,"bytes":4}]"#),
            (failed, r#""ranges":[{"offset":4,"bytes":4}]"#),
        ] {
            totals.add(&record);
            let text = entry(&record, Some(&bucket()));
            assert!(text.contains(word), "{text}");
            let read = parse(text.trim_end().as_bytes(), Some(&bucket())).unwrap();
            assert_eq!(read, Line::Entry(Box::new(record)));
        }
        assert_eq!((totals.stored, totals.failed, totals.partial), (1, 1, 1));
        assert_eq!(totals.errors(), 2);
    }

    #[test]
    fn what_is_no_report_is_told_from_a_later_one() {
        let later = FROZEN.replacen("\"version\":1", "\"version\":2", 1);
        let first = later.lines().next().unwrap().as_bytes();
        assert!(matches!(Head::parse(first), Err(LineError::Version(2))));
        for other in ["", "{}", "DateTime,File", r#"{"format":"x","version":1}"#] {
            let parsed = Head::parse(other.as_bytes());
            assert!(matches!(parsed, Err(LineError::NotAReport)), "{other}");
        }
    }

    #[test]
    fn lines_that_are_cut_or_of_elsewhere_are_refused() {
        for whole in FROZEN.lines().skip(1) {
            for end in 0..whole.len() {
                assert!(
                    parse(&whole.as_bytes()[..end], Some(&bucket())).is_err(),
                    "{end}"
                );
            }
        }
        let stored = FROZEN.lines().nth(2).unwrap();
        let elsewhere = parse(stored.as_bytes(), BucketName::new("other").ok().as_ref());
        assert!(matches!(elsewhere, Err(LineError::OtherBucket(_))));
    }

    #[test]
    fn odd_characters_are_escaped_and_mean_the_same() {
        let odd = "\u{1b}[31m\u{9b}\u{202e}é\u{ffff}\n\u{1f4be}";
        let text = line(&odd);
        assert_eq!(text, "\"\\u001b[31m\\u009b\\u202eé\\uffff\\n\u{1f4be}\"\n");
        assert_eq!(serde_json::from_str::<String>(&text).unwrap(), odd);
    }
}
