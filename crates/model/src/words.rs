//! The words by which a job is found: what is printed on labels and disks, and typed or scanned from them.
//!
//! A word is found by its beginning, whatever the case. What a device says of itself is among them, so a word proves
//! nothing.

use std::collections::BTreeSet;

use crate::job::Job;
use crate::manifest::Manifest;

/// Characters of a word that are kept: the longest tracking numbers have 34, serial numbers fewer.
const WORD_CHARS: usize = 64;

/// A word, or the beginning of one: in small letters, without spaces around it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Word(String);

impl Word {
    /// What is found of a text; `None` if there is nothing in it that could be.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let shown = text.trim().chars().filter(|c| !c.is_control());
        let word: String = shown
            .flat_map(char::to_lowercase)
            .take(WORD_CHARS)
            .collect();
        (!word.is_empty()).then_some(Self(word))
    }

    /// The word.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// How many characters it has.
    #[must_use]
    pub fn chars(&self) -> usize {
        self.0.chars().count()
    }

    /// Behind all words that begin with this one, and before all others that follow, in the order of their bytes.
    #[must_use]
    pub fn end(&self) -> String {
        format!("{}{}", self.0, char::MAX)
    }
}

/// The words of a job as it stands: its id, the serial number of its device and the parcel that took it back.
#[must_use]
pub fn of_state(job: &Job) -> BTreeSet<Word> {
    let parcel = job.custody.parcel().map(|(_, number)| number);
    let texts = [Some(job.id.as_str()), job.custody.serial(), parcel];
    let texts = texts.into_iter().flatten();
    texts.filter_map(Word::new).collect()
}

/// The words of what a customer submitted: what the customer calls the device.
#[must_use]
pub fn of_manifest(job: &Job) -> BTreeSet<Word> {
    let manifest = Manifest::parse_accepted(&job.manifest, job.job_type).ok();
    let device_id = manifest.and_then(|manifest| Word::new(&manifest.common().device_id));
    device_id.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::custody::Custody;
    use crate::device::DeviceFacts;
    use crate::ids::{AccountId, JobId, JobType, StationName};
    use crate::time::Timestamp;

    const NOW: i64 = 1_700_000_000;

    fn job(manifest: &str) -> Job {
        Job::open(
            JobId::new("ABCDE").unwrap(),
            AccountId::new("123456789012").unwrap(),
            JobType::Import,
            manifest.to_owned(),
            Timestamp::from_unix(NOW),
        )
    }

    fn texts(words: &BTreeSet<Word>) -> Vec<&str> {
        words.iter().map(Word::as_str).collect()
    }

    #[test]
    fn a_job_has_the_words_that_are_on_its_labels() {
        let mut job = job(
            "manifestVersion: 2.0\nbucket: photos\ndeviceId: WD 4TB \u{c4}\neraseDevice: no\n\
             notificationEmail: jane@example.com\nreturnAddress:\n    name: Jane Roe\n    \
             street1: 1 Example Way\n    city: Springfield\n    stateOrProvince: WA\n    \
             postalCode: 98000\n    phoneNumber: 206-555-0100\n    country: USA\n",
        );
        assert_eq!(texts(&of_manifest(&job)), ["wd 4tb \u{e4}"]);
        assert_eq!(texts(&of_state(&job)), ["abcde"]);
        job.custody = Custody::AtStation {
            station: StationName::new("dock-1").unwrap(),
            since: job.created,
            device: Some(DeviceFacts {
                serial: Some(" S5TXNF0R\n".to_owned()),
                ..DeviceFacts::default()
            }),
        };
        assert_eq!(texts(&of_state(&job)), ["abcde", "s5txnf0r"]);
        job.custody = Custody::Returned {
            carrier: "UPS".to_owned(),
            tracking_number: "1Z999AA1".to_owned(),
            at: job.created,
        };
        assert_eq!(texts(&of_state(&job)), ["1z999aa1", "abcde"]);
        job.manifest = "none".to_owned();
        assert!(of_manifest(&job).is_empty());
    }

    #[test]
    fn a_word_is_found_by_its_beginning_and_no_other_is() {
        let word = |text: &str| Word::new(text).unwrap();
        let begun = word("Ab");
        for (text, is_found) in [
            ("ab", true),
            ("ABC", true),
            ("ab\u{10fffe}", true),
            ("a", false),
            ("ac", false),
        ] {
            let word = word(text);
            let within = word.as_str() >= begun.as_str() && word.as_str() < begun.end().as_str();
            assert_eq!(within, is_found, "{text}");
        }
        assert_eq!(Word::new(" \u{7}\n"), None);
        assert_eq!(word(&"x".repeat(100)).chars(), WORD_CHARS);
    }
}
