//! Why a job stands still that is not over: what stopped its transfer, or why its device was not
//! taken. It is no state of AWS: codes stay as they are, and `ProgressMessage` says it in a second
//! sentence. Where somebody can mend it the job is *on hold*: [`crate::hold`].
//!
//! The words are for the customer. They name no store, no host and no other account.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::ids::BucketName;
use crate::time::Timestamp;

/// That a job stands still, since when and why. What moves the job on takes it away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stopped {
    /// Since when.
    pub at: Timestamp,
    /// Why.
    pub cause: StopCause,
    /// The bucket it is about, where there is just one that can be meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bucket: Option<BucketName>,
    /// What more the customer should know: a person's own words, or the place in her manifest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub words: Option<String>,
    /// Since when it is known that what it is on hold for is mended. It goes on when a station takes the device up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mended: Option<Timestamp>,
    /// That it went on in vain, and was soon on hold for the same again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_vain: Option<InVain>,
}

/// How often a job went on in vain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct InVain {
    /// How often, one after the other.
    pub times: u32,
    /// When it was on hold again.
    pub at: Timestamp,
}

/// A job that is on hold for the same within so many seconds was never mended.
const SOON: i64 = 60 * 60;

/// Seconds before the service believes once more that a thing is mended that was not: two minutes at first, …
const FIRST_WAIT: i64 = 2 * 60;

/// … twice as many each time, and an hour at most: of a store whose trial succeeds and whose files fail, a job tells
/// some thirty times a day.
const LONGEST_WAIT: i64 = 60 * 60;

impl Stopped {
    /// That a job stands still since `at`, and no more.
    #[must_use]
    pub fn new(at: Timestamp, cause: StopCause) -> Self {
        Self {
            at,
            cause,
            bucket: None,
            words: None,
            mended: None,
            in_vain: None,
        }
    }

    /// Whether the job is on hold: somebody can mend it, and has not.
    #[must_use]
    pub fn is_held(&self) -> bool {
        self.cause.hold().is_some() && self.mended.is_none()
    }

    /// Whether the job is on hold because a person said so, the operator or its customer: nobody else lets it go on.
    #[must_use]
    pub fn is_held_by_person(&self) -> bool {
        self.is_held_by_operator() || (self.cause == StopCause::ByCustomer && self.is_held())
    }

    /// Whether the job is on hold because the operator said so.
    #[must_use]
    pub fn is_held_by_operator(&self) -> bool {
        // An earlier release wrote this cause for stations that were stopped, and no words.
        self.cause == StopCause::ByOperator && self.is_held() && self.words.is_some()
    }

    /// Whether the job is on hold for this.
    #[must_use]
    pub fn is_held_for(&self, cause: StopCause, bucket: Option<&BucketName>) -> bool {
        self.is_held() && self.is_about(cause, bucket)
    }

    /// From when on the service may find it mended.
    #[must_use]
    pub fn may_be_mended_from(&self) -> Timestamp {
        let Some(InVain { times, at }) = self.in_vain else {
            return self.at;
        };
        let wait = FIRST_WAIT.saturating_mul(1 << times.saturating_sub(1).min(16));
        at.plus_seconds(wait.min(LONGEST_WAIT))
    }

    /// Whether nobody has mended it for so many days.
    #[must_use]
    pub fn is_overdue(&self, now: Timestamp, days: u32) -> bool {
        self.is_held() && self.at.plus_seconds(i64::from(days) * DAY) <= now
    }

    /// As it is when the job stands still for this at `now`, having gone on from this one before: the same hold, if
    /// that was in vain.
    pub(crate) fn followed_by(&self, next: Self) -> Self {
        let gone_on = self.mended.unwrap_or(self.at);
        let is_same = self.is_about(next.cause, next.bucket.as_ref());
        if !is_same || self.cause.hold().is_none() || gone_on.plus_seconds(SOON) < next.at {
            return next;
        }
        let times = self.in_vain.map_or(0, |before| before.times);
        let in_vain = InVain {
            times: times.saturating_add(1),
            at: next.at,
        };
        Self {
            at: self.at,
            in_vain: Some(in_vain),
            ..next
        }
    }

    /// What is wrong, and what mends it, as two sentences for the customer.
    #[must_use]
    pub fn sentences(&self) -> [String; 2] {
        let what = what(self.cause, self.bucket.as_ref());
        let words = self.words.as_ref();
        let words = words.map(|words| format!(": {}", words.trim_end_matches('.')));
        let capital = what.chars().next().map(|first| first.to_uppercase());
        let capital: String = capital.into_iter().flatten().collect();
        let rest: String = what.chars().skip(1).collect();
        [
            format!("{capital}{rest}{}.", words.unwrap_or_default()),
            format!("{}.", self.cause.remedy()),
        ]
    }

    fn is_about(&self, cause: StopCause, bucket: Option<&BucketName>) -> bool {
        self.cause == cause && self.bucket.as_ref() == bucket
    }
}

/// Seconds of a day.
const DAY: i64 = 24 * 60 * 60;

/// Why a job stands still. The names are stable words for machines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum StopCause {
    /// A bucket of the job does not exist.
    BucketMissing,
    /// The account may not use a bucket any more.
    BucketRights,
    /// The store refuses whatever it is sent.
    StoreRefuses,
    /// The store has no room.
    StoreFull,
    /// The store does not answer, or only with its own troubles.
    StoreSilent,
    /// The manifest cannot be read by this release.
    ManifestFault,
    /// The device is encrypted.
    PasswordNeeded,
    /// The device is encrypted, and what was given does not open it.
    PasswordWrong,
    /// The device has no SIGNATURE file.
    SignatureMissing,
    /// The SIGNATURE file is not the one that was issued, or cannot be read.
    SignatureWrong,
    /// No file system that can be read.
    FileSystemUnsupported,
    /// The device has another size than the manifest says.
    CapacityWrong,
    /// The device that is to be filled has something on it.
    DeviceNotEmpty,
    /// The device that is to be filled has no room for what is to be written.
    DeviceTooSmall,
    /// The device was not unmounted cleanly.
    Dirty,
    /// There is more on the device than a job of its account may load.
    TooLarge,
    /// The device was unplugged, or does not answer.
    DiskGone,
    /// The device does not function properly.
    DiskFailing,
    /// The operator said so.
    ByOperator,
    /// Its customer said so.
    ByCustomer,
    /// The station was stopped in the middle of it.
    Interrupted,
    /// The station has given no sign of life for longer than its lease.
    StationSilent,
    /// The station itself could not go on.
    StationTrouble,
    /// The job was over, and what failed is to be tried again.
    Retry,
    /// What a newer release says.
    #[serde(other)]
    Other,
}

/// What follows when the device is docked again.
const GOES_ON: &str = "loading goes on when the device is docked again";

/// What follows when what the service looks after is mended.
const BY_ITSELF: &str = "loading goes on by itself";

/// How a secret comes to the station that needs it.
const SECRET_AGAIN: &str =
    "in the console, with `longshore job secret`, or with UpdateJob while the job is Pending";

/// What follows of it.
const IN_A_BAY: &str =
    "loading goes on by itself while the device is in a bay, and else when it is docked again";

/// Where the operator gets a SIGNATURE from, who has the device and not the file.
const SIGNATURE_AGAIN: &str = "Give the operator the SIGNATURE of this job, which GetStatus shows; \
                               loading begins when the device is docked with it";

impl StopCause {
    /// Every cause, in the order of the documentation.
    pub const ALL: [Self; 25] = [
        Self::BucketMissing,
        Self::BucketRights,
        Self::StoreRefuses,
        Self::StoreFull,
        Self::StoreSilent,
        Self::ManifestFault,
        Self::PasswordNeeded,
        Self::PasswordWrong,
        Self::SignatureMissing,
        Self::SignatureWrong,
        Self::FileSystemUnsupported,
        Self::CapacityWrong,
        Self::DeviceNotEmpty,
        Self::DeviceTooSmall,
        Self::Dirty,
        Self::TooLarge,
        Self::DiskGone,
        Self::DiskFailing,
        Self::ByOperator,
        Self::ByCustomer,
        Self::Interrupted,
        Self::StationSilent,
        Self::StationTrouble,
        Self::Retry,
        Self::Other,
    ];

    /// A stable word for machines.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::BucketMissing => "BucketMissing",
            Self::BucketRights => "BucketRights",
            Self::StoreRefuses => "StoreRefuses",
            Self::StoreFull => "StoreFull",
            Self::StoreSilent => "StoreSilent",
            Self::ManifestFault => "ManifestFault",
            Self::PasswordNeeded => "PasswordNeeded",
            Self::PasswordWrong => "PasswordWrong",
            Self::SignatureMissing => "SignatureMissing",
            Self::SignatureWrong => "SignatureWrong",
            Self::FileSystemUnsupported => "FileSystemUnsupported",
            Self::CapacityWrong => "CapacityWrong",
            Self::DeviceNotEmpty => "DeviceNotEmpty",
            Self::DeviceTooSmall => "DeviceTooSmall",
            Self::Dirty => "Dirty",
            Self::TooLarge => "TooLarge",
            Self::DiskGone => "DiskGone",
            Self::DiskFailing => "DiskFailing",
            Self::ByOperator => "ByOperator",
            Self::ByCustomer => "ByCustomer",
            Self::Interrupted => "Interrupted",
            Self::StationSilent => "StationSilent",
            Self::StationTrouble => "StationTrouble",
            Self::Retry => "Retry",
            Self::Other => "Other",
        }
    }

    /// The cause of this code; none of what a newer release says.
    #[must_use]
    pub fn of(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|cause| cause.code() == code)
    }

    /// What is wrong, as a fragment; where the cause is about a bucket it is named before.
    fn fact(self) -> &'static str {
        match self {
            Self::BucketMissing => "does not exist",
            Self::BucketRights => "may not be used by this account any more",
            Self::StoreRefuses => "the store refuses the files",
            Self::StoreFull => "the store is full",
            Self::StoreSilent => "the store does not answer",
            Self::ManifestFault => "the manifest cannot be read by this release",
            Self::PasswordNeeded => "the device is encrypted, and no secret that opens it has come",
            Self::PasswordWrong => {
                "the device is encrypted, and the secret that was given does not open it"
            }
            Self::SignatureMissing => "the SIGNATURE file is missing",
            Self::SignatureWrong => {
                "the SIGNATURE file of a device that names this job is not the one that was issued"
            }
            Self::FileSystemUnsupported => "the device has no file system that can be read",
            Self::CapacityWrong => {
                "the size of the device is not what deviceCapacityGreaterThan1TB says"
            }
            Self::DeviceNotEmpty => "the device that is to be filled is not empty",
            Self::DeviceTooSmall => "the device has no room for all that is to be written to it",
            Self::Dirty => {
                "the device was not unmounted cleanly; what was written to it last may be missing"
            }
            Self::TooLarge => "there is more on the device than this account may load with a job",
            Self::DiskGone => "the device was unplugged, or does not answer",
            Self::DiskFailing => "the device does not function properly",
            Self::ByOperator => "the operator has stopped it for a while",
            Self::ByCustomer => "its customer has stopped it for a while",
            Self::Interrupted => "the operator stopped it",
            Self::StationSilent => "the station with the device gives no sign of life",
            Self::StationTrouble => "the station with the device has trouble of its own",
            Self::Retry => "the files that failed are to be tried again",
            Self::Other => "the station could not go on",
        }
    }

    /// What mends it and what then happens, as a sentence without its full stop.
    fn remedy(self) -> String {
        match self {
            Self::BucketMissing => format!("Create it, and {BY_ITSELF}"),
            Self::BucketRights => format!("Ask the operator for the right; {BY_ITSELF}"),
            Self::StoreRefuses | Self::StoreFull => {
                format!("When the operator has mended it, {BY_ITSELF}")
            }
            Self::StoreSilent => format!("When the operator has mended it, {GOES_ON}"),
            Self::ManifestFault => {
                format!("Send the manifest again with UpdateJob, and {BY_ITSELF}")
            }
            Self::PasswordNeeded => format!(
                "Send its password {SECRET_AGAIN}, or give the operator its key file; {IN_A_BAY}"
            ),
            Self::PasswordWrong => format!("Send the right one {SECRET_AGAIN}; {IN_A_BAY}"),
            Self::FileSystemUnsupported | Self::DeviceNotEmpty | Self::DeviceTooSmall => {
                "Ask the operator what can be done".to_owned()
            }
            Self::SignatureMissing | Self::SignatureWrong => SIGNATURE_AGAIN.to_owned(),
            Self::CapacityWrong => format!(
                "Correct the manifest with UpdateJob while the job is Pending, or ask the operator; \
                 {GOES_ON}"
            ),
            Self::ByOperator => "Loading goes on when the operator lets it".to_owned(),
            Self::ByCustomer => format!("Let it go on in the console; then {IN_A_BAY}"),
            Self::Dirty => format!(
                "Say in the console that it is loaded as it is, or have the operator say so; then {IN_A_BAY}"
            ),
            Self::TooLarge => format!("Ask the operator for a higher limit; {BY_ITSELF}"),
            Self::DiskFailing => {
                "Loading goes on when the device is docked again, or when the operator lets it go on as it is"
                    .to_owned()
            }
            Self::DiskGone
            | Self::Interrupted
            | Self::StationSilent
            | Self::StationTrouble
            | Self::Retry
            | Self::Other => format!("L{}", &GOES_ON[1..]),
        }
    }
}

/// What is wrong, as a fragment that can stand alone.
pub(crate) fn what(cause: StopCause, bucket: Option<&BucketName>) -> String {
    let fact = cause.fact();
    match (cause, bucket) {
        (StopCause::BucketMissing | StopCause::BucketRights, Some(bucket)) => {
            format!("the bucket `{bucket}` {fact}")
        }
        (StopCause::BucketMissing | StopCause::BucketRights, None) => {
            format!("a bucket of the job {fact}")
        }
        _ => fact.to_owned(),
    }
}

/// One or two sentences for the customer.
impl fmt::Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(mended) = self.mended {
            return write!(
                f,
                "No longer on hold since {mended}. Loading goes on as soon as a station takes the \
                 device up again."
            );
        }
        match self.is_held() {
            true => write!(f, "On hold since {}: ", self.at)?,
            false => write!(f, "Stopped at {}: ", self.at)?,
        }
        f.write_str(&what(self.cause, self.bucket.as_ref()))?;
        if let Some(words) = &self.words {
            write!(f, ": {}", words.trim_end_matches('.'))?;
        }
        write!(f, ". {}.", self.cause.remedy())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stopped(cause: StopCause, bucket: Option<&str>) -> Stopped {
        Stopped {
            bucket: bucket.map(|name| BucketName::new(name).unwrap()),
            ..Stopped::new("2026-01-02T03:04:05Z".parse().unwrap(), cause)
        }
    }

    #[test]
    fn a_cause_is_told_in_sentences_that_say_what_mends_it() {
        assert_eq!(
            stopped(StopCause::BucketMissing, Some("photos")).to_string(),
            "On hold since 2026-01-02T03:04:05Z: the bucket `photos` does not exist. Create it, and \
             loading goes on by itself."
        );
        for cause in StopCause::ALL {
            let text = stopped(cause, None).to_string();
            assert!(
                text.ends_with('.') && text.matches(": ").count() == 1,
                "{text}"
            );
            assert!(
                text.contains("docked") || text.contains("operator") || text.contains("itself"),
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_wrong_and_what_mends_it_are_two_sentences() {
        let [wrong, mends] = stopped(StopCause::BucketMissing, Some("photos")).sentences();
        assert_eq!(wrong, "The bucket `photos` does not exist.");
        assert_eq!(mends, "Create it, and loading goes on by itself.");
        let told = Stopped {
            words: Some("until Monday.".to_owned()),
            ..stopped(StopCause::ByOperator, None)
        };
        let [wrong, _] = told.sentences();
        assert_eq!(
            wrong,
            "The operator has stopped it for a while: until Monday."
        );
    }

    #[test]
    fn codes_are_stable_and_a_newer_ones_are_understood() {
        for cause in StopCause::ALL {
            let stored = serde_json::to_string(&cause).unwrap();
            assert_eq!(stored, format!("\"{}\"", cause.code()));
            assert_eq!(serde_json::from_str::<StopCause>(&stored).unwrap(), cause);
        }
        let newer: StopCause = serde_json::from_str("\"QuotaOfNextYear\"").unwrap();
        assert_eq!(newer, StopCause::Other);
    }

    #[test]
    fn the_words_of_a_person_stand_behind_the_fact() {
        let held = Stopped {
            words: Some("The cable is on its way.".to_owned()),
            ..stopped(StopCause::ByOperator, None)
        };
        assert_eq!(
            held.to_string(),
            "On hold since 2026-01-02T03:04:05Z: the operator has stopped it for a while: The cable is \
             on its way. Loading goes on when the operator lets it."
        );
        // As an earlier release wrote it for a station that was stopped.
        assert!(held.is_held_by_operator());
        assert!(!stopped(StopCause::ByOperator, None).is_held_by_operator());
    }

    #[test]
    fn what_was_tried_in_vain_is_tried_less_and_less_often_and_stays_one_hold() {
        let begun: Timestamp = "2026-01-02T03:04:05Z".parse().unwrap();
        let mut held = Stopped::new(begun, StopCause::StoreFull);
        assert_eq!(held.may_be_mended_from(), begun);
        let mut now = begun;
        let mut waits = Vec::new();
        for _ in 0..8 {
            held.mended = Some(now);
            now = now.plus_seconds(10);
            held = held.followed_by(Stopped::new(now, StopCause::StoreFull));
            assert_eq!(held.at, begun, "it is the same hold");
            waits.push((held.may_be_mended_from().unix() - now.unix()) / 60);
            now = held.may_be_mended_from();
        }
        assert_eq!(waits, [2, 4, 8, 16, 32, 60, 60, 60]);
        // It was loading for more than an hour: something new.
        held.mended = Some(now);
        let later = Stopped::new(now.plus_seconds(SOON + 1), StopCause::StoreFull);
        assert_eq!(held.followed_by(later.clone()), later);
        let other = Stopped::new(now.plus_seconds(1), StopCause::StoreRefuses);
        assert_eq!(held.followed_by(other.clone()), other);
    }

    #[test]
    fn a_hold_is_overdue_after_its_days_and_what_is_mended_is_not() {
        let held = stopped(StopCause::BucketMissing, None);
        let after = |days: i64| held.at.plus_seconds(days * DAY);
        assert!(!held.is_overdue(after(14).plus_seconds(-1), 14));
        assert!(held.is_overdue(after(14), 14));
        let mended = Stopped {
            mended: Some(after(1)),
            ..held.clone()
        };
        assert!(!mended.is_overdue(after(15), 14));
        assert!(!stopped(StopCause::StationSilent, None).is_overdue(after(15), 14));
    }
}
