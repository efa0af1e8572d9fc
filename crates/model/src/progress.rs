//! What became of the data: the other of the two facts that make a job's state.

use serde::{Deserialize, Serialize};

use crate::ids::{BucketName, ObjectKey};
use crate::time::Timestamp;

/// Where a job's report lies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogLocation {
    /// `LogBucket` on the wire.
    pub bucket: BucketName,
    /// `LogKey` on the wire.
    pub key: ObjectKey,
}

/// What became of the data. Wire codes are AWS's `ProgressCode` (developer guide, *Job Status
/// Codes*).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "kebab-case")]
pub enum Progress {
    /// Nothing has happened yet.
    Pending,
    /// A station is at work.
    InProgress {
        /// When the first transfer started.
        since: Timestamp,
    },
    /// Every entry has its line in the report.
    Finished {
        /// Entries that should have been transferred and were not.
        errors: u64,
        /// Where the report lies.
        log: LogLocation,
        /// When the transfer finished.
        at: Timestamp,
        /// What the customer should know beyond that, in whole sentences: the snapshot that was
        /// made, or where the next export goes on.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        remark: Option<String>,
    },
    /// The job was given up.
    Aborted {
        /// Why.
        reason: AbortReason,
        /// When it was given up.
        at: Timestamp,
        /// The same in the words of whoever gave it up.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        because: Option<String>,
    },
    /// The customer took the job back, or the operator gave it up.
    Canceled {
        /// When.
        at: Timestamp,
        /// Why, in the operator's words.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        because: Option<String>,
    },
    /// The device did not come in time.
    Expired {
        /// When the time ran out.
        at: Timestamp,
    },
}

/// Why a job was given up, in AWS's own codes (developer guide, *Job Status Codes*).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum AbortReason {
    /// The device does not function properly.
    DeviceError,
    /// The SIGNATURE file is not the one that was issued.
    InvalidSignature,
    /// There is no SIGNATURE file.
    MissingSignature,
    /// The device, its power supply or its connectors are missing.
    MissingDevice,
    /// No connector fits.
    UnsupportedDeviceType,
    /// No file system that can be read.
    UnsupportedFileFormat,
    /// The power supply does not fit the mains.
    UnsupportedPowerSupply,
}

impl AbortReason {
    /// Every reason, in the order of AWS's table.
    pub const ALL: [Self; 7] = [
        Self::DeviceError,
        Self::InvalidSignature,
        Self::MissingSignature,
        Self::MissingDevice,
        Self::UnsupportedDeviceType,
        Self::UnsupportedFileFormat,
        Self::UnsupportedPowerSupply,
    ];

    /// `ProgressCode` as AWS writes it.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::DeviceError => "DeviceError",
            Self::InvalidSignature => "InvalidSignature",
            Self::MissingSignature => "MissingSignature",
            Self::MissingDevice => "MissingDevice",
            Self::UnsupportedDeviceType => "UnsupportedDeviceType",
            Self::UnsupportedFileFormat => "UnsupportedFileFormat",
            Self::UnsupportedPowerSupply => "UnsupportedPowerSupply",
        }
    }

    /// `ProgressMessage` as AWS words it; where the end of a published sentence is lost, ours.
    #[must_use]
    pub fn message(self) -> &'static str {
        match self {
            Self::DeviceError => "The job was aborted. Your device would not function properly.",
            Self::InvalidSignature => "The job was aborted. The SIGNATURE file was invalid.",
            Self::MissingSignature => "The job was aborted. The SIGNATURE file was missing.",
            Self::MissingDevice => {
                "The job was aborted. Your device, power supply, or device connectors were missing."
            }
            Self::UnsupportedDeviceType => {
                "The job was aborted. Disk requires a USB2 or eSATA connector type, or a 2.5\" or \
                 3.5\" SATA hard drive."
            }
            Self::UnsupportedFileFormat => {
                "The job was aborted. The file system of your device is not supported."
            }
            Self::UnsupportedPowerSupply => {
                "The job was aborted. The power supply of your device does not fit our mains."
            }
        }
    }
}

impl Progress {
    /// Every `ProgressCode` that there is.
    pub fn codes() -> impl Iterator<Item = &'static str> {
        let others = [
            "Pending",
            "InProgress",
            "Complete",
            "SuccessWithErrors",
            "Canceled",
            "Expired",
        ];
        let aborted = AbortReason::ALL.into_iter().map(AbortReason::code);
        others.into_iter().chain(aborted)
    }

    /// When the first transfer started, of a job that is in progress.
    #[must_use]
    pub fn running_since(&self) -> Option<Timestamp> {
        match self {
            Self::InProgress { since } => Some(*since),
            Self::Pending
            | Self::Finished { .. }
            | Self::Aborted { .. }
            | Self::Canceled { .. }
            | Self::Expired { .. } => None,
        }
    }

    /// Entries that should have been transferred and were not; none while that is not known.
    #[must_use]
    pub fn errors(&self) -> Option<u64> {
        match self {
            Self::Finished { errors, .. } => Some(*errors),
            Self::Pending
            | Self::InProgress { .. }
            | Self::Aborted { .. }
            | Self::Canceled { .. }
            | Self::Expired { .. } => None,
        }
    }

    /// `ProgressCode` as AWS writes it. AWS's table says `Complete` where its prose says
    /// `Success`; the table wins.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Pending => "Pending",
            Self::InProgress { .. } => "InProgress",
            Self::Finished { errors: 0, .. } => "Complete",
            Self::Finished { .. } => "SuccessWithErrors",
            Self::Aborted { reason, .. } => reason.code(),
            Self::Canceled { .. } => "Canceled",
            Self::Expired { .. } => "Expired",
        }
    }

    /// `ProgressMessage` as AWS words it.
    #[must_use]
    pub fn message(&self) -> String {
        match self {
            Self::Pending => "The specified job has not started.".to_owned(),
            Self::InProgress { .. } => {
                "The data on your device is currently being loaded.".to_owned()
            }
            Self::Finished {
                errors,
                log,
                remark,
                ..
            } => {
                let mut message = finished(*errors, log);
                if let Some(remark) = remark {
                    message.push(' ');
                    message.push_str(remark);
                }
                message
            }
            Self::Aborted {
                reason, because, ..
            } => match because {
                Some(because) => format!("{} {because}", reason.message()),
                None => reason.message().to_owned(),
            },
            Self::Canceled { because, .. } => match because {
                Some(because) => format!("The job was canceled. {because}"),
                None => "The job was canceled.".to_owned(),
            },
            Self::Expired { .. } => "The job expired.".to_owned(),
        }
    }

    /// Whether nothing more will be transferred.
    #[must_use]
    pub fn is_terminal(&self) -> bool {
        !matches!(self, Self::Pending | Self::InProgress { .. })
    }

    /// Where the report lies, once there is one.
    #[must_use]
    pub fn log(&self) -> Option<&LogLocation> {
        match self {
            Self::Finished { log, .. } => Some(log),
            _ => None,
        }
    }

    /// `ErrorCount` on the wire: zero until a transfer has finished with errors.
    #[must_use]
    pub fn error_count(&self) -> u64 {
        match self {
            Self::Finished { errors, .. } => *errors,
            _ => 0,
        }
    }
}

/// AWS's two sentences about a transfer that ended.
fn finished(errors: u64, LogLocation { bucket, key }: &LogLocation) -> String {
    match errors {
        0 => format!(
            "The data loaded successfully. The log was saved to {key} in the bucket {bucket}."
        ),
        _ => format!(
            "The data load completed with {errors} errors. See {key} in the bucket {bucket} for \
             more details."
        ),
    }
}
