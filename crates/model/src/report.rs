//! The report of a job, in three forms of one content: as AWS wrote it ([`csv`]), for programs
//! ([`lines`]), and for people ([`summary`]).

use crate::ids::ObjectKey;
use crate::limits;
use crate::progress::LogLocation;

pub mod csv;
pub mod glacier;
pub mod lines;
pub mod summary;

/// What is put behind the log's key for the form that programs read.
pub const LINES_SUFFIX: &str = ".jsonl";

/// What is put behind the log's key for the form that people read.
pub const SUMMARY_SUFFIX: &str = ".txt";

/// Where the three forms lie, all in the log bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keys {
    /// AWS's log: the key that the job's status names.
    pub csv: ObjectKey,
    /// JSON Lines.
    pub lines: ObjectKey,
    /// The text.
    pub summary: ObjectKey,
}

impl Keys {
    /// Whether `key` is one of them.
    #[must_use]
    pub fn contain(&self, key: &ObjectKey) -> bool {
        [&self.csv, &self.lines, &self.summary].contains(&key)
    }
}

/// The keys of a job's reports: nothing of the device may take them.
#[must_use]
pub fn keys(log: &LogLocation) -> Keys {
    Keys {
        csv: log.key.clone(),
        lines: beside(&log.key, LINES_SUFFIX),
        summary: beside(&log.key, SUMMARY_SUFFIX),
    }
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
        for key in [&keys.csv, &keys.lines, &keys.summary] {
            assert!(keys.contain(key));
        }
        assert!(!keys.contain(&ObjectKey::new("a/import-log-ABCDE.csv").unwrap()));
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
