//! The report as AWS wrote it: comma-separated lines, one for each entry of the device (developer
//! guide, *Import Export Log File Fields* and *Examples*).
//!
//! What AWS calls the log. RFC 4180 quoting, UTF-8, a header line, LF at line ends.

use std::borrow::Cow;
use std::fmt::Write as _;

use crate::content_type;
use crate::ids::{BucketName, ObjectKey};
use crate::outcome::{EntryRecord, Failure, IgnoreRule, Outcome, Stored};
use crate::readable::plays_with_terminals;

/// `Content-Type` of the report object.
pub const CONTENT_TYPE: &str = "text/csv; charset=utf-8";

/// The first line of a report.
pub const HEADER: &str = "DateTime,File,Status,Code,Key,MD5,Bytes,Content-Type\n";

/// The line of one entry, with its line end. `bucket` is the one an import goes to.
#[must_use]
pub fn line(record: &EntryRecord, bucket: Option<&BucketName>) -> String {
    let at = record.at.log_form();
    let file = quoted(&path(&record.file));
    let bucket = record
        .source
        .as_ref()
        .map(|source| &source.bucket)
        .or(bucket);
    let in_bucket = |key: &ObjectKey| match bucket {
        Some(bucket) => quoted(&format!("{bucket}/{key}")),
        None => quoted(key.as_str()),
    };
    match &record.outcome {
        Outcome::Stored(Stored {
            key,
            md5,
            content_type,
            missing,
            ..
        }) => {
            let key = in_bucket(key);
            let status = match missing.is_empty() {
                true => "200,OK",
                false => "206,PartialContent",
            };
            format!(
                "{at},{file},{status},{key},{md5},{},{}\n",
                record.bytes,
                quoted(content_type)
            )
        }
        // AWS wrote of files alone.
        Outcome::Ignored {
            rule: IgnoreRule::EmptyFolder | IgnoreRule::Remark,
            ..
        } => String::new(),
        Outcome::Ignored { rule, .. } => {
            let kind = if *rule == IgnoreRule::Signature {
                content_type::SIGNATURE
            } else {
                ""
            };
            format!("{at},{file},103,Ignored,,,{},{kind}\n", record.bytes)
        }
        Outcome::Failed(Failure {
            status, code, key, ..
        }) => {
            let key = key.as_ref().map(in_bucket).unwrap_or_default();
            let code = quoted(code.as_str());
            format!("{at},{file},{status},{code},{key},,{},\n", record.bytes)
        }
    }
}

/// A path as the report shows it. One that a spreadsheet would take for a formula begins with the slash that
/// the guide's table has and its sample has not.
fn path(file: &str) -> Cow<'_, str> {
    if file.starts_with(['=', '+', '-', '@']) {
        Cow::Owned(format!("/{file}"))
    } else {
        Cow::Borrowed(file)
    }
}

/// A text as a field of a table that people open with a spreadsheet. One that such a program would take for a formula
/// begins with an apostrophe, which it shows as nothing and takes for *this is text*.
#[must_use]
pub fn cell(text: &str) -> String {
    let begins = text.trim_start().chars().next();
    let is_formula = begins.is_some_and(|c| "=+-@＝＋－＠".contains(c));
    match is_formula || text.starts_with(['\t', '\r', '\n']) {
        true => quoted(&format!("'{text}")),
        false => quoted(text),
    }
}

/// A field in quotes if it needs them (RFC 4180, section 2). Characters that play with terminals are
/// shown as odd bytes are, `%XX`; line ends are the format's own and stay.
pub(super) fn quoted(field: &str) -> String {
    let field = harmless(field);
    if !field.contains([',', '"', '\n', '\r']) {
        return field.into_owned();
    }
    let mut text = String::with_capacity(field.len() + 2);
    let _ = write!(text, "\"{}\"", field.replace('"', "\"\""));
    text
}

fn harmless(field: &str) -> Cow<'_, str> {
    let is_odd = |c: char| !matches!(c, '\n' | '\r') && plays_with_terminals(c);
    if !field.contains(is_odd) {
        return Cow::Borrowed(field);
    }
    let mut text = String::with_capacity(field.len() + 8);
    for c in field.chars() {
        if is_odd(c) {
            for byte in c.encode_utf8(&mut [0; 4]).bytes() {
                let _ = write!(text, "%{byte:02X}");
            }
        } else {
            text.push(c);
        }
    }
    Cow::Owned(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::missing::Missing;
    use crate::outcome::How;

    fn record(file: &str, bytes: u64, outcome: Outcome) -> EntryRecord {
        let at = "2009-02-03T21:57:43Z".parse().unwrap();
        EntryRecord {
            file: file.into(),
            raw_path: None,
            bytes,
            at,
            source: None,
            times: None,
            how: How::Sent,
            outcome,
        }
    }

    /// The two lines that AWS's guide shows.
    #[test]
    fn the_published_sample_is_printed() {
        let bucket = BucketName::new("myawsbucket").unwrap();
        let ignored = record("SIGNATURE", 90, Outcome::ignored(IgnoreRule::Signature));
        let stored = record(
            "Notice.txt",
            13,
            Outcome::Stored(Stored {
                key: ObjectKey::new("Notice.txt").unwrap(),
                md5: "f60fe317bc497b1204b327094959eb64".into(),
                sha256: String::new(),
                etag: String::new(),
                content_type: "text/plain".into(),
                parts: 0,
                read_back: false,
                found: false,
                missing: Missing::default(),
            }),
        );
        let report = format!(
            "{HEADER}{}{}",
            line(&ignored, Some(&bucket)),
            line(&stored, Some(&bucket))
        );
        assert_eq!(
            report,
            include_str!("../../tests/report/published-sample.csv")
        );
    }

    /// It is in the bucket, and not whole: a status that AWS did not have, and an error.
    #[test]
    fn what_is_stored_in_part_has_a_status_of_its_own() {
        let stored = Stored {
            key: ObjectKey::new("k").unwrap(),
            md5: "00".into(),
            sha256: String::new(),
            etag: String::new(),
            content_type: "text/plain".into(),
            parts: 0,
            read_back: false,
            found: false,
            missing: Missing::of(std::iter::once(0..4096)).unwrap(),
        };
        let text = line(&record("a", 9000, Outcome::Stored(stored)), None);
        assert!(
            text.ends_with(",a,206,PartialContent,k,00,9000,text/plain\n"),
            "{text}"
        );
    }

    #[test]
    fn names_with_commas_quotes_and_line_ends_stay_one_field() {
        let bucket = BucketName::new("bkt").unwrap();
        let failure = Failure::unreadable("gone".into(), None);
        let text = line(
            &record("a,\"b\"\n.txt", 1, Outcome::Failed(failure)),
            Some(&bucket),
        );
        assert!(
            text.contains(",\"a,\"\"b\"\"\n.txt\",500,ReadError,,,1,\n"),
            "{text}"
        );
    }

    #[test]
    fn a_cell_is_text_whatever_a_customer_wrote_into_it() {
        for (text, shown) in [
            ("plain", "plain"),
            ("a,b", "\"a,b\""),
            ("=1+1", "'=1+1"),
            (
                "  =HYPERLINK(\"http://x\")",
                "\"'  =HYPERLINK(\"\"http://x\"\")\"",
            ),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("-2+3", "'-2+3"),
            ("＝1", "'＝1"),
            ("\t=1", "'%09=1"),
            ("\n=1", "\"'\n=1\""),
            ("a\u{202e}gpj", "a%E2%80%AEgpj"),
            ("", ""),
        ] {
            assert_eq!(cell(text), shown, "{text:?}");
        }
    }

    /// Whoever opens the report in a terminal or a spreadsheet sees names, and nothing happens.
    #[test]
    fn names_neither_play_with_terminals_nor_count_in_spreadsheets() {
        let shown = |file: &str| {
            let failure = Failure::unreadable("gone".into(), None);
            let text = line(&record(file, 1, Outcome::Failed(failure)), None);
            text.split(',').nth(1).unwrap().to_owned()
        };
        for (file, cell) in [
            ("\u{1b}[31m.txt", "%1B[31m.txt"),
            ("a\u{9b}\u{202e}gpj", "a%C2%9B%E2%80%AEgpj"),
            ("=cmd|' /C calc'!A0", "/=cmd|' /C calc'!A0"),
            ("@eaDir/a.jpg", "/@eaDir/a.jpg"),
            ("-1", "/-1"),
            ("a/-b é", "a/-b é"),
        ] {
            assert_eq!(shown(file), cell);
        }
    }
}
