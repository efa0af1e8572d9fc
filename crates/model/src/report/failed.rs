//! What a report says for a page: its totals, what failed counted by code, and the first files of it.
//!
//! It is read from the form for programs, piece by piece as it comes, and does not grow with it.

use std::collections::BTreeMap;

use super::lines::{self, Head, Line, Totals};
use crate::ids::ObjectKey;
use crate::outcome::{EntryRecord, Outcome};
use crate::readable;
use crate::time::Timestamp;

/// Files that are named.
pub const MOST_FILES: usize = 1_000;

/// Codes that are told apart. They come from stores, and there may be any number of them.
const CODES: usize = 64;

/// Characters of a name or a reason that are kept: with 1,000 files about a megabyte at the worst.
const SHOWN: usize = 400;

/// Longest line that is read, in bytes: a path of 4,096 bytes, a key and a few hundred ranges.
const LINE_BYTES: usize = 1 << 20;

/// The status of what is stored with zeros where the device gave nothing, and what the report of AWS's form calls it.
const IN_PART: (u16, &str) = (206, "PartialContent");

/// A file that was not transferred whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailedFile {
    /// Its path, on one line.
    pub path: String,
    /// Its size in bytes.
    pub bytes: u64,
    /// The status, as the report has it.
    pub status: u16,
    /// The code.
    pub code: String,
    /// Why, for a person.
    pub reason: String,
    /// The key that it has or would have.
    pub key: Option<ObjectKey>,
}

/// What a report says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportDigest {
    /// What its entries add up to.
    pub totals: Totals,
    /// When its only attempt began; none if there were several, between which nobody knows what went on.
    pub began: Option<Timestamp>,
    /// When its last entry was processed.
    pub ended: Option<Timestamp>,
    /// How many files failed, by status and code.
    pub codes: BTreeMap<(u16, String), u64>,
    /// How many failed with further codes.
    pub others: u64,
    /// The first files that failed, as the report has them.
    pub files: Vec<FailedFile>,
}

impl ReportDigest {
    /// Bytes per second that were sent, where there was one attempt and it took a second.
    #[must_use]
    pub fn rate(&self) -> Option<u64> {
        let seconds = self.ended?.since(self.began?).whole_seconds();
        let (_, sent) = self.totals.sent();
        sent.saturating_sub(self.totals.found_bytes)
            .checked_div(seconds.try_into().ok()?)
    }
}

/// A report that cannot be told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotToldOf {
    /// It is none, or of a later release.
    #[error("it is no report that this release reads")]
    Unknown,
    /// Its last line is missing.
    #[error("it was cut short")]
    CutShort,
}

/// Reads a report.
#[derive(Debug, Default)]
pub struct DigestReader {
    head: Option<Head>,
    is_unknown: bool,
    line: Vec<u8>,
    ended: Option<Timestamp>,
    codes: BTreeMap<(u16, String), u64>,
    others: u64,
    files: Vec<FailedFile>,
    /// The last line, whatever it is.
    last: Vec<u8>,
}

impl DigestReader {
    /// Takes the next bytes.
    pub fn take(&mut self, bytes: &[u8]) {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            let room = (LINE_BYTES + 1).saturating_sub(self.line.len());
            self.line.extend_from_slice(&piece[..piece.len().min(room)]);
            if piece.ends_with(b"\n") {
                let line = std::mem::take(&mut self.line);
                self.read(&line);
                self.last = line;
                self.line = Vec::with_capacity(self.last.len());
            }
        }
    }

    /// What it says, at its end.
    ///
    /// # Errors
    /// [`NotToldOf`].
    pub fn end(self) -> Result<ReportDigest, NotToldOf> {
        let head = self.head.filter(|_| !self.is_unknown);
        let head = head.ok_or(NotToldOf::Unknown)?;
        let Ok(Line::End(end)) = lines::parse(&self.last, head.about.bucket.as_ref()) else {
            return Err(NotToldOf::CutShort);
        };
        let began = match head.attempts.as_slice() {
            [only] => Some(only.at),
            _ => None,
        };
        Ok(ReportDigest {
            totals: end.totals,
            began,
            ended: self.ended,
            codes: self.codes,
            others: self.others,
            files: self.files,
        })
    }

    fn read(&mut self, line: &[u8]) {
        if self.is_unknown || line.len() > LINE_BYTES {
            return;
        }
        let Some(head) = &self.head else {
            match Head::parse(line) {
                Ok(head) => self.head = Some(head),
                Err(_) => self.is_unknown = true,
            }
            return;
        };
        // Most lines of most reports are of what is stored: they are counted in the last, and not read here.
        let text = std::str::from_utf8(line).unwrap_or_default();
        let may_tell = [r#""outcome":"failed""#, r#""missing":"#];
        let is_time_known = self.ended.is_some() && !line.is_empty();
        if is_time_known && !may_tell.iter().any(|part| text.contains(part)) {
            self.ended = self.ended.max(time_in(text));
            return;
        }
        if let Ok(Line::Entry(record)) = lines::parse(line, head.about.bucket.as_ref()) {
            self.ended = self.ended.max(Some(record.at));
            self.add(&record);
        }
    }

    fn add(&mut self, record: &EntryRecord) {
        let (status, code, reason, key) = match &record.outcome {
            Outcome::Failed(failure) => (
                failure.status.get(),
                failure.code.to_string(),
                failure.reason.clone(),
                failure.key.clone(),
            ),
            Outcome::Stored(stored) if record.is_partial() => (
                IN_PART.0,
                IN_PART.1.to_owned(),
                stored.missing.words(record.bytes),
                Some(stored.key.clone()),
            ),
            Outcome::Stored(_) | Outcome::Ignored { .. } => return,
        };
        let code = readable::name(&code, SHOWN);
        if self.files.len() < MOST_FILES {
            self.files.push(FailedFile {
                path: readable::name(&record.file, SHOWN),
                bytes: record.bytes,
                status,
                code: code.clone(),
                reason: readable::name(&reason, SHOWN),
                key,
            });
        }
        let code = (status, code);
        if self.codes.len() == CODES && !self.codes.contains_key(&code) {
            self.others += 1;
            return;
        }
        *self.codes.entry(code).or_default() += 1;
    }
}

/// When an entry was processed, from a line of ours that is not read whole.
fn time_in(line: &str) -> Option<Timestamp> {
    let (_, behind) = line.split_once(r#","at":""#)?;
    let (time, _) = behind.split_once('"')?;
    time.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A report of version 1, as every later program reads it.
    const REPORT: &str = include_str!("../../tests/report/version-1.jsonl");

    fn digest(report: &str, stride: usize) -> Result<ReportDigest, NotToldOf> {
        let mut reader = DigestReader::default();
        for piece in report.as_bytes().chunks(stride) {
            reader.take(piece);
        }
        reader.end()
    }

    #[test]
    fn a_report_says_the_same_however_it_comes() {
        let whole = digest(REPORT, REPORT.len()).unwrap();
        for stride in [1, 7, 64] {
            assert_eq!(digest(REPORT, stride).as_ref(), Ok(&whole), "{stride}");
        }
        assert_eq!((whole.totals.stored, whole.totals.failed), (2, 2));
        let codes: Vec<(u16, &str, u64)> = whole
            .codes
            .iter()
            .map(|((status, code), count)| (*status, code.as_str(), *count))
            .collect();
        assert_eq!(
            codes,
            [(400, "InvalidFileName", 1), (403, "AccessDenied", 1)]
        );
        let paths: Vec<&str> = whole.files.iter().map(|file| file.path.as_str()).collect();
        assert_eq!(paths, ["c", "caf%E9"]);
    }

    #[test]
    fn of_many_failures_the_first_are_named_and_all_are_counted() {
        let mut lines: Vec<&str> = REPORT.split_inclusive('\n').collect();
        let (failed, last) = (lines[4], lines.pop().unwrap());
        let more = failed.repeat(2 * MOST_FILES);
        let digest = digest(&(lines.concat() + &more + last), 4096).unwrap();
        assert_eq!(digest.files.len(), MOST_FILES);
        let denied = (403, "AccessDenied".to_owned());
        assert_eq!(digest.codes[&denied], 2 * MOST_FILES as u64 + 1);
    }

    #[test]
    fn a_report_that_was_cut_short_or_is_none_says_nothing() {
        let last = REPORT.trim_end().rfind('\n').unwrap();
        assert_eq!(digest(&REPORT[..=last], 64), Err(NotToldOf::CutShort));
        assert_eq!(digest(&REPORT[..last], 64), Err(NotToldOf::CutShort));
        assert_eq!(digest("", 64), Err(NotToldOf::Unknown));
        assert_eq!(digest("{}\n", 64), Err(NotToldOf::Unknown));
        let long = format!("{{\"a\":\"{}\"}}\n", "x".repeat(2 * LINE_BYTES));
        let lines: Vec<&str> = REPORT.split_inclusive('\n').collect();
        let with_long = format!("{}{long}{}", lines[0], lines[1..].concat());
        assert_eq!(digest(&with_long, 4096), digest(REPORT, 64));
    }

    #[test]
    fn a_name_cannot_leave_its_line_nor_pass_for_another_outcome() {
        let lines: Vec<&str> = REPORT.split_inclusive('\n').collect();
        let stored = lines[3].replace("\"path\":\"big\"", r#""path":"\"outcome\":\"failed\"""#);
        assert_ne!(stored, lines[3]);
        let failed = lines[4].replace("\"path\":\"c\"", "\"path\":\"a\\nb\\u202ec\"");
        assert_ne!(failed, lines[4]);
        let report = format!("{}{stored}{failed}{}", lines[0], lines[lines.len() - 1]);
        let digest = digest(&report, 64).unwrap();
        assert_eq!(digest.files.len(), 1);
        assert_eq!(digest.files[0].path, "a\\nb\\u{202e}c");
    }
}
