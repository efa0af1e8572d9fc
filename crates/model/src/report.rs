//! The report of a job, in three forms of one content: as AWS wrote it ([`csv`]), for programs
//! ([`lines`]), and for people ([`summary`]).

use crate::ids::{JobId, JobType, ObjectKey};
use crate::limits;
use crate::progress::LogLocation;

pub mod csv;
pub mod device_map;
pub mod failed;
pub mod glacier;
pub mod lines;
pub mod summary;

/// What is put behind the log's key for the form that programs read.
pub const LINES_SUFFIX: &str = ".jsonl";

/// What is put behind the log's key for the form that people read.
pub const SUMMARY_SUFFIX: &str = ".txt";

/// What is put behind the log's key for the map of what could not be read of the device.
pub const MAP_SUFFIX: &str = "-map";

/// What is put behind the log's key for the receipt, which the service puts there itself.
pub const RECEIPT_SUFFIX: &str = ".receipt";

/// `Content-Type` of the map.
pub const MAP_CONTENT_TYPE: &str = "text/plain; charset=utf-8";

/// What is put behind the log's key for the timestamp of the receipt (RFC 3161).
pub const RECEIPT_TIMESTAMP_SUFFIX: &str = ".receipt.tsr";

/// What is put behind the log's key for the receipt for people, a PDF.
pub const RECEIPT_PDF_SUFFIX: &str = ".receipt.pdf";

/// Where the three forms lie, and what is beside them, all in the log bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keys {
    /// AWS's log: the key that the job's status names.
    pub csv: ObjectKey,
    /// JSON Lines.
    pub lines: ObjectKey,
    /// The text.
    pub summary: ObjectKey,
    /// The map of the device, where there is one.
    pub map: ObjectKey,
    /// The receipt, once it was given.
    pub receipt: ObjectKey,
    /// The same for people.
    pub receipt_pdf: ObjectKey,
    /// When an authority says that the receipt was there.
    pub receipt_timestamp: ObjectKey,
}

impl Keys {
    /// Whether `key` is one of them.
    #[must_use]
    pub fn contain(&self, key: &ObjectKey) -> bool {
        [&self.receipt, &self.receipt_pdf, &self.receipt_timestamp].contains(&key)
            || self.are_of_the_report(key)
    }

    /// Whether `key` is one of those that a station brings there.
    #[must_use]
    pub fn are_of_the_report(&self, key: &ObjectKey) -> bool {
        [&self.csv, &self.lines, &self.summary, &self.map].contains(&key)
    }
}

/// The keys of a job's reports: nothing of the device may take them.
#[must_use]
pub fn keys(log: &LogLocation) -> Keys {
    Keys {
        csv: log.key.clone(),
        lines: beside(&log.key, LINES_SUFFIX),
        summary: beside(&log.key, SUMMARY_SUFFIX),
        map: beside(&log.key, MAP_SUFFIX),
        receipt: beside(&log.key, RECEIPT_SUFFIX),
        receipt_pdf: beside(&log.key, RECEIPT_PDF_SUFFIX),
        receipt_timestamp: beside(&log.key, RECEIPT_TIMESTAMP_SUFFIX),
    }
}

/// Whether a key ends as that of a report of some job does, behind whatever prefix: capital letters do not
/// count, since they do not in every store.
#[must_use]
pub fn has_name_of_one(key: &ObjectKey) -> bool {
    let key = key.as_str().to_ascii_lowercase();
    let forms = [
        LINES_SUFFIX,
        SUMMARY_SUFFIX,
        MAP_SUFFIX,
        RECEIPT_SUFFIX,
        RECEIPT_PDF_SUFFIX,
        RECEIPT_TIMESTAMP_SUFFIX,
    ];
    let log = forms.iter().find_map(|suffix| key.strip_suffix(suffix));
    ends_as_log(log.unwrap_or(&key))
}

/// Whether a text ends as the key of a log does: with `import-log-` or `export-log-` and the id of a job.
#[must_use]
pub fn ends_as_log(text: &str) -> bool {
    [JobType::Import, JobType::Export].iter().any(|of| {
        let name = of.log_name();
        let end = text.len().checked_sub(name.len() + JobId::LENGTH);
        let end = end.and_then(|start| text.get(start..));
        let named = end.and_then(|end| end.split_at_checked(name.len()));
        named.is_some_and(|(log, job)| log.eq_ignore_ascii_case(name) && JobId::new(job).is_ok())
    })
}

/// A key with `suffix` behind it. Where that is too long for a key, as many characters of the
/// prefix as needed are left out at the start: the end names the job.
fn beside(key: &ObjectKey, suffix: &str) -> ObjectKey {
    let mut kept = key.as_str();
    while kept.len() + suffix.len() > limits::KEY_BYTES {
        let mut characters = kept.chars();
        characters.next();
        kept = characters.as_str();
    }
    ObjectKey::new(format!("{kept}{suffix}")).expect("it was made short enough, and is not empty")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::BucketName;

    fn keys_of(log: &str) -> Keys {
        keys(&LogLocation {
            bucket: BucketName::new("logs").unwrap(),
            key: ObjectKey::new(log).unwrap(),
        })
    }

    #[test]
    fn the_forms_lie_beside_the_log() {
        let keys = keys_of("a/import-log-ABCDE");
        assert_eq!(keys.csv.as_str(), "a/import-log-ABCDE");
        assert_eq!(keys.lines.as_str(), "a/import-log-ABCDE.jsonl");
        assert_eq!(keys.summary.as_str(), "a/import-log-ABCDE.txt");
        assert_eq!(keys.map.as_str(), "a/import-log-ABCDE-map");
        assert_eq!(keys.receipt.as_str(), "a/import-log-ABCDE.receipt");
        for key in [&keys.csv, &keys.lines, &keys.summary, &keys.map] {
            assert!(keys.contain(key) && keys.are_of_the_report(key));
        }
        assert_eq!(keys.receipt_pdf.as_str(), "a/import-log-ABCDE.receipt.pdf");
        assert_eq!(
            keys.receipt_timestamp.as_str(),
            "a/import-log-ABCDE.receipt.tsr"
        );
        for key in [&keys.receipt, &keys.receipt_pdf, &keys.receipt_timestamp] {
            assert!(keys.contain(key) && !keys.are_of_the_report(key));
        }
        assert!(!keys.contain(&ObjectKey::new("a/import-log-ABCDE.csv").unwrap()));
    }

    #[test]
    fn reports_of_any_job_are_known_by_name() {
        let named = |key: &str| has_name_of_one(&ObjectKey::new(key).unwrap());
        for key in [
            "import-log-ABCDE",
            "a/export-log-1Z9ZZ.txt",
            "loads-import-log-ABCDE.jsonl",
            "é/Import-Log-abcde.TXT",
            "import-log-ABCDE-map",
            "a/import-log-ABCDE.receipt",
            "a/import-log-ABCDE.receipt.PDF",
        ] {
            assert!(named(key), "{key}");
        }
        for key in [
            "import-log-ABCD",
            "import-log-ABCDO",
            "import-log-ABCDEF",
            "import-log-ABCDE.csv",
            "import-log-ABCDE/a",
            "mport-log-ABCDE",
            "éééééééé",
            "a",
        ] {
            assert!(!named(key), "{key}");
        }
        let keys = keys_of(&format!("{}import-log-ABCDE", "é".repeat(504)));
        for key in [&keys.csv, &keys.lines, &keys.summary, &keys.map] {
            assert!(has_name_of_one(key), "{key}");
        }
    }

    #[test]
    fn the_longest_prefix_leaves_three_keys_that_name_the_job() {
        let log = format!("{}import-log-ABCDE", "é".repeat(504));
        assert_eq!(log.len(), limits::KEY_BYTES);
        let keys = keys_of(&log);
        assert!(keys.lines.as_str().ends_with("éimport-log-ABCDE.jsonl"));
        assert_eq!(keys.lines.as_str().len(), limits::KEY_BYTES);
        assert!(keys.summary.as_str().ends_with("éimport-log-ABCDE.txt"));
    }
}
