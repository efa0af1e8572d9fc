//! What a station tells of a device while it has it, beside what becomes of its job: it stands in the receipt.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::capabilities::Capabilities;
use crate::control::LeaseToken;
use crate::ids::{BayName, JobId};
use crate::proof::ReadBack;

/// `POST /station/v1/lease/tell`: something is to be known of the device of a lease.
///
/// The same again in the same attempt is told once. A lease that has ended is enough, until another has begun.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Telling {
    /// The job.
    pub job: JobId,
    /// The right to it.
    pub lease: LeaseToken,
    /// In which bay the device is, if in one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bay: Option<BayName>,
    /// What.
    pub what: Handling,
}

/// What is to be known of a device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "told", rename_all = "kebab-case")]
pub enum Handling {
    /// The station works on it.
    Docked {
        /// Whether nobody on the station's host can write to it; nothing of an image.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        read_only: Option<bool>,
    },
    /// Volumes of it that are encrypted were opened.
    Unlocked {
        /// Which.
        volumes: Vec<UnlockedVolume>,
    },
    /// What an export writes to it is encrypted.
    Encrypted(EncryptedDevice),
    /// It was asked how it is.
    Examined(DeviceHealth),
    /// The store was probed, before anything was sent to it.
    Probed {
        /// How much of what is stored is read back.
        read_back: ReadBack,
        /// What the store was found to do.
        store: Box<Capabilities>,
    },
    /// The whole device was walked.
    Planned {
        /// Entries that were found: whether they are loaded is another matter.
        entries: u64,
        /// Their bytes.
        bytes: u64,
    },
    /// The station has closed it.
    Undocked {
        /// Whether nobody on the station's host can write to it still; nothing where nobody knows by then.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        read_only: Option<bool>,
    },
}

/// A volume that was opened. Of what opened it nothing is told, no digest of it either.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnlockedVolume {
    /// The number of its partition; 0 is the whole device.
    pub number: u32,
    /// In which form it is encrypted: `LUKS2`.
    pub method: String,
    /// By which its key is known to whoever made it, where the form has that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_id: Option<String>,
}

/// By what a device is encrypted that an export fills. Of what opens it nothing is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "how", rename_all = "kebab-case")]
pub enum EncryptedDevice {
    /// The station has encrypted it with the password of the manifest.
    Made {
        /// In which form: `LUKS2`.
        method: String,
        /// The UUID of its header.
        key_id: String,
    },
    /// It was encrypted, and the password of the manifest opens it.
    Found {
        /// In which form: `LUKS2`.
        method: String,
        /// The UUID of its header.
        key_id: String,
    },
    /// Who docked it says so, and nobody has seen it.
    Told {
        /// By what.
        words: String,
    },
}

/// One sentence for the customer.
impl fmt::Display for EncryptedDevice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Made { method, key_id } | Self::Found { method, key_id } => write!(
                f,
                "The device is encrypted with {method} ({key_id}), and the trueCryptPassword of the manifest opens it."
            ),
            Self::Told { words } => write!(
                f,
                "The device is encrypted by itself, as the operator says: {}.",
                words.trim_end_matches('.')
            ),
        }
    }
}

/// How a device says that it is (SMART: ATA, SCSI and NVMe tell it each in its own way). Nothing where it does not say.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct DeviceHealth {
    /// The maker's name of it, as the disk itself says behind whatever bridge.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// The maker's number of it, likewise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub serial: Option<String>,
    /// The release of what runs in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub firmware: Option<String>,
    /// Whether it holds itself for sound.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub passed: Option<bool>,
    /// Hours that it has run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hours: Option<u64>,
    /// Degrees Celsius.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub temperature: Option<i64>,
    /// Sectors that it has replaced.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reallocated: Option<u64>,
    /// Sectors that it could not read, and has not replaced.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pending: Option<u64>,
    /// Errors that it could not correct.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uncorrectable: Option<u64>,
    /// Errors of its interface.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interface_errors: Option<u64>,
    /// How much of its life is used up, in percent; more than 100 is possible.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub percent_used: Option<u64>,
    /// Sectors that it keeps from its host.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hidden_sectors: Option<u64>,
}

/// That a device is failing: by its own word, or by what of it could not be read. One of them at least.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failing {
    /// Whether it says so itself.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub says_so: bool,
    /// How many ranges of it could not be read, where they are too many.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bad_ranges: Option<u64>,
}

impl Failing {
    /// Whether a device is failing of which so much is known; more than `limit` ranges that cannot be read are too many.
    #[must_use]
    pub fn of(health: Option<&DeviceHealth>, bad_ranges: u64, limit: u64) -> Option<Self> {
        let failing = Self {
            says_so: health.is_some_and(|health| health.passed == Some(false)),
            bad_ranges: (bad_ranges > limit).then_some(bad_ranges),
        };
        (failing.says_so || failing.bad_ranges.is_some()).then_some(failing)
    }
}

/// What is known of it, as a fragment.
impl fmt::Display for Failing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ranges = self.bad_ranges.map(|ranges| match ranges {
            1 => "1 range of it cannot be read".to_owned(),
            ranges => format!(
                "{} ranges of it cannot be read",
                crate::readable::number(ranges)
            ),
        });
        match (self.says_so, ranges) {
            (true, Some(ranges)) => write!(f, "it says so itself (SMART), and {ranges}"),
            (_, Some(ranges)) => f.write_str(&ranges),
            (_, None) => f.write_str("it says so itself (SMART)"),
        }
    }
}

/// Characters of a name that are kept, as of [`DeviceFacts`](crate::device::DeviceFacts).
const NAME_CHARS: usize = 64;

impl DeviceHealth {
    /// The same with names that fit on a line, whatever the device says.
    #[must_use]
    pub fn tidied(self) -> Self {
        let tidy = |name: String| crate::readable::name(&name, NAME_CHARS);
        Self {
            model: self.model.map(tidy),
            serial: self.serial.map(tidy),
            firmware: self.firmware.map(tidy),
            ..self
        }
    }

    /// Whether it says nothing.
    #[must_use]
    pub fn is_silent(&self) -> bool {
        *self == Self::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_is_failing_by_its_own_word_or_by_what_cannot_be_read() {
        let said = |passed| DeviceHealth {
            passed,
            ..DeviceHealth::default()
        };
        let text = |health: Option<&DeviceHealth>, bad| {
            Failing::of(health, bad, 16).map(|failing| failing.to_string())
        };
        assert_eq!(text(None, 16), None);
        assert_eq!(text(Some(&said(Some(true))), 3), None);
        assert_eq!(text(Some(&said(None)), 0), None);
        let ranges = text(Some(&said(Some(true))), 1_214).unwrap();
        assert_eq!(ranges, "1,214 ranges of it cannot be read");
        let said_so = text(Some(&said(Some(false))), 16).unwrap();
        assert_eq!(said_so, "it says so itself (SMART)");
        assert_eq!(
            text(Some(&said(Some(false))), 17).unwrap(),
            "it says so itself (SMART), and 17 ranges of it cannot be read"
        );
        let one = Failing::of(None, 1, 0).unwrap();
        assert_eq!(one.to_string(), "1 range of it cannot be read");
    }

    #[test]
    fn what_is_told_is_read_as_it_was_said() {
        let health = DeviceHealth {
            passed: Some(true),
            temperature: Some(-3),
            ..DeviceHealth::default()
        };
        for (what, json) in [
            (
                Handling::Docked {
                    read_only: Some(true),
                },
                r#"{"told":"docked","read_only":true}"#,
            ),
            (
                Handling::Undocked { read_only: None },
                r#"{"told":"undocked"}"#,
            ),
            (
                Handling::Encrypted(EncryptedDevice::Made {
                    method: "LUKS2".to_owned(),
                    key_id: "0f6c".to_owned(),
                }),
                r#"{"told":"encrypted","how":"made","method":"LUKS2","key_id":"0f6c"}"#,
            ),
            (
                Handling::Encrypted(EncryptedDevice::Told {
                    words: "its keypad".to_owned(),
                }),
                r#"{"told":"encrypted","how":"told","words":"its keypad"}"#,
            ),
            (
                Handling::Examined(health),
                r#"{"told":"examined","passed":true,"temperature":-3}"#,
            ),
        ] {
            assert_eq!(serde_json::to_string(&what).unwrap(), json);
            assert_eq!(serde_json::from_str::<Handling>(json).unwrap(), what);
        }
        assert!(DeviceHealth::default().is_silent());
    }
}
