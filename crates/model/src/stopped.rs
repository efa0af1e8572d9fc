//! Why a job stands still that is not over: what stopped its transfer, or why its device was not
//! taken. It is no state of AWS: codes stay as they are, and `ProgressMessage` says it in a second
//! sentence.
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
}

/// Why a job stands still. The names are stable words for machines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
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
    /// The device was unplugged, or does not answer.
    DiskGone,
    /// The device does not function properly.
    DiskFailing,
    /// The operator stopped the transfer.
    ByOperator,
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

/// Where the operator gets a SIGNATURE from, who has the device and not the file.
const SIGNATURE_AGAIN: &str = "Give the operator the SIGNATURE of this job, which GetStatus shows; \
                               loading begins when the device is docked with it";

impl StopCause {
    /// Every cause, in the order of the documentation.
    pub const ALL: [Self; 20] = [
        Self::BucketMissing,
        Self::BucketRights,
        Self::StoreRefuses,
        Self::StoreFull,
        Self::StoreSilent,
        Self::ManifestFault,
        Self::PasswordNeeded,
        Self::SignatureMissing,
        Self::SignatureWrong,
        Self::FileSystemUnsupported,
        Self::CapacityWrong,
        Self::DeviceNotEmpty,
        Self::DeviceTooSmall,
        Self::DiskGone,
        Self::DiskFailing,
        Self::ByOperator,
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
            Self::SignatureMissing => "SignatureMissing",
            Self::SignatureWrong => "SignatureWrong",
            Self::FileSystemUnsupported => "FileSystemUnsupported",
            Self::CapacityWrong => "CapacityWrong",
            Self::DeviceNotEmpty => "DeviceNotEmpty",
            Self::DeviceTooSmall => "DeviceTooSmall",
            Self::DiskGone => "DiskGone",
            Self::DiskFailing => "DiskFailing",
            Self::ByOperator => "ByOperator",
            Self::StationSilent => "StationSilent",
            Self::StationTrouble => "StationTrouble",
            Self::Retry => "Retry",
            Self::Other => "Other",
        }
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
            Self::PasswordNeeded => "the device is encrypted, and this release does not read it",
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
            Self::DiskGone => "the device was unplugged, or does not answer",
            Self::DiskFailing => "the device does not function properly",
            Self::ByOperator => "the operator stopped it",
            Self::StationSilent => "the station with the device gives no sign of life",
            Self::StationTrouble => "the station with the device has trouble of its own",
            Self::Retry => "the files that failed are to be tried again",
            Self::Other => "the station could not go on",
        }
    }

    /// What mends it and what then happens, as a sentence without its full stop.
    fn remedy(self) -> String {
        let remedy = match self {
            Self::BucketMissing => "Create it, and",
            Self::BucketRights => "Ask the operator for the right;",
            Self::StoreRefuses | Self::StoreFull | Self::StoreSilent => {
                "When the operator has mended it,"
            }
            Self::ManifestFault => "Send the manifest again with UpdateJob;",
            Self::PasswordNeeded
            | Self::FileSystemUnsupported
            | Self::DeviceNotEmpty
            | Self::DeviceTooSmall => {
                return "Ask the operator what can be done".to_owned();
            }
            Self::SignatureMissing | Self::SignatureWrong => return SIGNATURE_AGAIN.to_owned(),
            Self::CapacityWrong => {
                "Correct the manifest with UpdateJob while the job is Pending, or ask the operator;"
            }
            Self::DiskGone
            | Self::DiskFailing
            | Self::ByOperator
            | Self::StationSilent
            | Self::StationTrouble
            | Self::Retry
            | Self::Other => return format!("L{}", &GOES_ON[1..]),
        };
        format!("{remedy} {GOES_ON}")
    }
}

/// One or two sentences for the customer.
impl fmt::Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { at, cause, bucket } = self;
        write!(f, "Stopped at {at}: ")?;
        match (cause, bucket) {
            (StopCause::BucketMissing | StopCause::BucketRights, Some(bucket)) => {
                write!(f, "the bucket `{bucket}` ")?;
            }
            (StopCause::BucketMissing | StopCause::BucketRights, None) => {
                f.write_str("a bucket of the job ")?;
            }
            _ => {}
        }
        write!(f, "{}. {}.", cause.fact(), cause.remedy())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stopped(cause: StopCause, bucket: Option<&str>) -> Stopped {
        Stopped {
            at: "2026-01-02T03:04:05Z".parse().unwrap(),
            cause,
            bucket: bucket.map(|name| BucketName::new(name).unwrap()),
        }
    }

    #[test]
    fn a_cause_is_told_in_sentences_that_say_what_mends_it() {
        assert_eq!(
            stopped(StopCause::BucketMissing, Some("photos")).to_string(),
            "Stopped at 2026-01-02T03:04:05Z: the bucket `photos` does not exist. Create it, and \
             loading goes on when the device is docked again."
        );
        for cause in StopCause::ALL {
            let text = stopped(cause, None).to_string();
            assert!(
                text.ends_with('.') && text.matches(": ").count() == 1,
                "{text}"
            );
            assert!(
                text.contains("docked") || text.contains("Ask the operator"),
                "{text}"
            );
        }
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
}
