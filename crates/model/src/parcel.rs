//! A box that comes or goes: a carrier's number, and the jobs whose devices are in it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::custody::Custody;
use crate::disposal::Disposal;
use crate::ids::{InvalidId, JobType};
use crate::job::Job;
use crate::progress::Progress;

/// Most jobs that are named at once for a box: more devices than anybody lifts.
pub const PARCEL_JOBS: usize = 100;

/// How a parcel looked when it came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ParcelCondition {
    /// As it was sent.
    Intact,
    /// Dented or torn.
    Damaged,
    /// Opened by somebody.
    Opened,
    /// Wet.
    Wet,
}

impl ParcelCondition {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Intact, Self::Damaged, Self::Opened, Self::Wet];

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Intact => "intact",
            Self::Damaged => "damaged",
            Self::Opened => "opened",
            Self::Wet => "wet",
        }
    }
}

impl fmt::Display for ParcelCondition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for ParcelCondition {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let mut all = Self::ALL.into_iter();
        let found = all.find(|condition| condition.name() == text);
        found.ok_or_else(|| InvalidId {
            value: text.to_owned(),
            expected: "one of `intact`, `damaged`, `opened` and `wet`",
        })
    }
}

/// A carrier's number for a parcel: 1 to 64 letters, digits, dots, hyphens and underscores, in capitals and without
/// the spaces that are printed between them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ParcelNumber(String);

impl ParcelNumber {
    /// Most characters: the longest that a carrier prints has 34.
    pub const CHARS: usize = 64;

    /// Reads a number.
    ///
    /// # Errors
    /// [`InvalidId`] says what it should have looked like.
    pub fn new(text: &str) -> Result<Self, InvalidId> {
        let shown = text.chars().filter(|c| *c != ' ');
        let number: String = shown.map(|c| c.to_ascii_uppercase()).collect();
        let is_one = |c: char| c.is_ascii_alphanumeric() || ".-_".contains(c);
        if (1..=Self::CHARS).contains(&number.len()) && number.chars().all(is_one) {
            return Ok(Self(number));
        }
        Err(InvalidId {
            value: text.to_owned(),
            expected: "a parcel's number of 1 to 64 letters, digits, dots, hyphens and underscores",
        })
    }

    /// The number.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ParcelNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for ParcelNumber {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        Self::new(text)
    }
}

impl TryFrom<String> for ParcelNumber {
    type Error = InvalidId;

    fn try_from(text: String) -> Result<Self, InvalidId> {
        Self::new(&text)
    }
}

impl From<ParcelNumber> for String {
    fn from(number: ParcelNumber) -> Self {
        number.0
    }
}

/// Which way a box goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// From a customer.
    In,
    /// Back to one.
    Out,
}

impl Direction {
    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::In => "in",
            Self::Out => "out",
        }
    }
}

impl FromStr for Direction {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let mut all = [Self::In, Self::Out].into_iter();
        all.find(|way| way.name() == text).ok_or_else(|| InvalidId {
            value: text.to_owned(),
            expected: "`in` or `out`",
        })
    }
}

/// What is to become of a device that somebody has in hand, by how its job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub enum Due {
    /// It is loaded, once it is plugged in.
    Load,
    /// It is filled, which a person begins.
    Fill,
    /// It waits until somebody has mended something.
    Wait,
    /// It is loaded, and is to be erased before it goes back.
    Erase,
    /// Nothing is done with it any more: it goes back.
    SendBack,
    /// It was sent back already: it should not be here.
    Gone,
}

impl Due {
    /// What is due for the device of a job.
    #[must_use]
    pub fn of(job: &Job) -> Self {
        if matches!(job.custody, Custody::Returned { .. }) {
            return Self::Gone;
        }
        match job.progress {
            Progress::Pending | Progress::InProgress { .. } if job.hold().is_some() => Self::Wait,
            Progress::Pending | Progress::InProgress { .. } => match job.job_type {
                JobType::Import => Self::Load,
                JobType::Export => Self::Fill,
            },
            Progress::Finished { .. } if job.owes_erase() => Self::Erase,
            Progress::Finished { .. }
            | Progress::Aborted { .. }
            | Progress::Canceled { .. }
            | Progress::Expired { .. } => Self::SendBack,
        }
    }

    /// The same in a sentence for whoever has the device in hand.
    #[must_use]
    pub fn sentence(self, job: &Job) -> String {
        match self {
            Self::Load => "Plug it into a free bay.".to_owned(),
            Self::Fill => "It is to be filled: `longshore dock` begins that.".to_owned(),
            Self::Wait => {
                let hold = job.hold().map(ToString::to_string);
                let hold = hold.unwrap_or_default();
                format!("It waits. {hold}").trim_end().to_owned()
            }
            Self::Erase => {
                let how = match (&job.objection, &job.disposal) {
                    (Some(_), _) => "but its account objects: ask before you do anything with it",
                    (None, Disposal::EraseFailed { .. }) => {
                        "which failed: keep it, and ask what is to become of it"
                    }
                    (None, _) => "by `longshore device erase` or an order",
                };
                format!("It is loaded. It is to be erased before it goes back, {how}.")
            }
            Self::SendBack => format!(
                "Nothing is to be done with it: {}. Shelve it and send it back.",
                ended(&job.progress)
            ),
            Self::Gone => {
                "It was sent back already and should not be here. Ask its customer.".to_owned()
            }
        }
    }
}

/// How a job has ended, for an operator.
fn ended(progress: &Progress) -> String {
    match progress {
        Progress::Canceled { .. } => "its job was canceled".to_owned(),
        Progress::Expired { .. } => "its job expired before it came".to_owned(),
        Progress::Finished { errors: 0, .. } => "its job is done".to_owned(),
        Progress::Finished { errors, .. } => format!("its job is done, and {errors} files failed"),
        Progress::Aborted { reason, .. } => format!("its job was ended as {}", reason.code()),
        Progress::Pending | Progress::InProgress { .. } => "its job is not over".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Event;
    use crate::ids::{AccountId, JobId, StationName};
    use crate::stopped::StopCause;
    use crate::time::Timestamp;

    #[test]
    fn a_number_is_the_same_however_it_is_printed() {
        for text in ["1z 999 aa1 01 2345 6784", " 1Z999AA10123456784"] {
            let number = ParcelNumber::new(text).unwrap();
            assert_eq!(number.as_str(), "1Z999AA10123456784");
        }
        for text in ["", "  ", "1Z\n9", "1Z/../x", "<script>", &"1".repeat(65)] {
            assert!(ParcelNumber::new(text).is_err(), "{text:?}");
        }
    }

    /// A job of this type to which this has happened.
    fn job(job_type: JobType, events: &[Event]) -> Job {
        let now = Timestamp::from_unix(1_700_000_000);
        let id = JobId::new("ABCDE").unwrap();
        let account = AccountId::new("123456789012").unwrap();
        let job = Job::open(id, account, job_type, String::new(), now);
        let happens = |job: Job, event: &Event| job.apply(event, now).unwrap();
        events.iter().fold(job, happens)
    }

    #[test]
    fn whoever_has_a_device_in_hand_is_told_what_is_due() {
        let arrived = Event::DeviceArrived {
            station: StationName::new("dock-1").unwrap(),
            device: None,
            signature: None,
        };
        let held = Event::Stopped {
            cause: StopCause::ByOperator,
            bucket: None,
            words: Some("We wait for a cable.".to_owned()),
            detail: String::new(),
            untouched: false,
        };
        let returned = Event::DeviceReturned {
            carrier: "UPS".to_owned(),
            tracking_number: "1Z".to_owned(),
            unerased: None,
        };
        let import = |events: &[Event]| job(JobType::Import, events);
        for (job, due, told) in [
            (import(&[]), Due::Load, "Plug it into"),
            (
                import(std::slice::from_ref(&arrived)),
                Due::Load,
                "Plug it into",
            ),
            (job(JobType::Export, &[]), Due::Fill, "longshore dock"),
            (
                import(&[arrived.clone(), held]),
                Due::Wait,
                "We wait for a cable.",
            ),
            (
                import(&[Event::Expired]),
                Due::SendBack,
                "expired before it came",
            ),
            (
                import(&[Event::Expired, arrived, returned]),
                Due::Gone,
                "should not be here",
            ),
        ] {
            assert_eq!(Due::of(&job), due);
            let sentence = due.sentence(&job);
            assert!(sentence.contains(told), "{sentence}");
        }
    }
}
