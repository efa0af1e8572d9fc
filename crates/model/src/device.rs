//! What is known of a shipped device: values only, whoever looked.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::readable;

/// Characters of a maker's name or number that are kept: SCSI has 16 of a model (SPC-4, 6.4.2), ATA 40, NVMe 40.
const NAME_CHARS: usize = 64;

/// Characters of a mark: those of a table and four volumes.
const MARK_CHARS: usize = 160;

/// A place on a device: bytes from its beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeviceOffset(u64);

impl DeviceOffset {
    /// So many bytes from the beginning.
    #[must_use]
    pub fn new(bytes: u64) -> Self {
        Self(bytes)
    }

    /// Bytes from the beginning.
    #[must_use]
    pub fn get(self) -> u64 {
        self.0
    }
}

/// What tells a shipped device from others, as far as a station knows it. Nothing of it proves anything: a device
/// says of itself what it likes.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct DeviceFacts {
    /// The maker, as the device tells it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maker: Option<String>,
    /// The maker's name of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// The maker's number of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serial: Option<String>,
    /// The name that no other device of the world has, where it tells one. An earlier release does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wwn: Option<String>,
    /// The size of the whole disk or image in bytes, whatever part of it is loaded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// How it is attached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connector: Option<Connector>,
    /// The release of what runs in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub firmware: Option<String>,
    /// Bytes of a logical sector.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logical_sector: Option<u32>,
    /// Bytes of a physical sector.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub physical_sector: Option<u32>,
    /// Whether the kernel says that it turns. Most bridges say so of whatever is behind them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rotational: Option<bool>,
    /// What stands between it and the host, as that calls itself: the bridge of a USB case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bridge: Option<String>,
    /// The numbers that were drawn when its partition table and file systems were made, such as `gpt:…` or `ext:…`: a device
    /// without serial and WWN is known again by nothing else. An earlier release does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mark: Option<String>,
}

/// How a device is attached to a station.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Connector {
    /// USB, whatever is behind the bridge.
    Usb,
    /// SATA, or eSATA.
    Sata,
    /// SAS.
    Sas,
    /// NVMe.
    Nvme,
    /// A reader for memory cards.
    MemoryCard,
    /// Nothing: it is a file that holds what a device would.
    Image,
    /// Something else, or what a later release knows.
    #[serde(other)]
    Other,
}

impl Connector {
    /// Its name, for a person.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Usb => "USB",
            Self::Sata => "SATA",
            Self::Sas => "SAS",
            Self::Nvme => "NVMe",
            Self::MemoryCard => "memory card",
            Self::Image => "image file",
            Self::Other => "another connector",
        }
    }
}

impl DeviceFacts {
    /// The same with names that fit on a line of a log or a screen, whatever the device says.
    #[must_use]
    pub fn tidied(self) -> Self {
        let tidy = |name: String| readable::name(&name, NAME_CHARS);
        Self {
            maker: self.maker.map(tidy),
            model: self.model.map(tidy),
            serial: self.serial.map(tidy),
            wwn: self.wwn.map(tidy),
            firmware: self.firmware.map(tidy),
            bridge: self.bridge.map(tidy),
            mark: self.mark.map(|mark| readable::name(&mark, MARK_CHARS)),
            ..self
        }
    }

    /// Whether something that both tell says that this and `other` are not one device.
    #[must_use]
    pub fn is_another(&self, other: &Self) -> bool {
        let (is, was) = (self.clone().tidied(), other.clone().tidied());
        let pairs = [
            (is.mark, was.mark),
            (is.serial, was.serial),
            (is.wwn, was.wwn),
        ];
        let differ = |(is, was): (Option<String>, Option<String>)| {
            is.zip(was).is_some_and(|(is, was)| is != was)
        };
        pairs.into_iter().any(differ)
    }
}

/// For a person, on one line: `Samsung PSSD T7, serial S5TXNF0R, 1.0 TB, USB`.
impl fmt::Display for DeviceFacts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            maker,
            model,
            serial,
            bytes,
            connector,
            ..
        } = self.clone().tidied();
        let names: Vec<String> = maker.into_iter().chain(model).collect();
        let known = [
            (!names.is_empty()).then(|| names.join(" ")),
            serial.map(|serial| format!("serial {serial}")),
            bytes.map(readable::bytes),
            connector.map(|connector| connector.name().to_owned()),
        ];
        let known: Vec<String> = known.into_iter().flatten().collect();
        match known.is_empty() {
            true => f.write_str("nothing is known of it"),
            false => f.write_str(&known.join(", ")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts() -> DeviceFacts {
        DeviceFacts {
            maker: Some("Samsung".to_owned()),
            model: Some("PSSD T7".to_owned()),
            serial: Some("S5TXNF0R".to_owned()),
            wwn: Some("eui.0025385a11b2c3d4".to_owned()),
            bytes: Some(1_000_204_886_016),
            connector: Some(Connector::Usb),
            ..DeviceFacts::default()
        }
    }

    #[test]
    fn a_device_is_told_on_one_line() {
        let line = "Samsung PSSD T7, serial S5TXNF0R, 1.0 TB, USB";
        assert_eq!(facts().to_string(), line);
        let hostile = DeviceFacts {
            model: Some("x\nforged\u{1b}[2J".repeat(100)),
            ..DeviceFacts::default()
        };
        let told = hostile.to_string();
        assert!(!told.contains(char::is_control) && told.chars().count() <= NAME_CHARS);
        assert_eq!(hostile.clone().tidied().to_string(), told);
        assert_eq!(DeviceFacts::default().to_string(), "nothing is known of it");
    }

    #[test]
    fn what_is_not_known_is_left_out_and_what_a_later_release_knows_is_read() {
        assert_eq!(
            serde_json::to_string(&DeviceFacts::default()).unwrap(),
            "{}"
        );
        let later = r#"{"bytes":5,"connector":"thunderbolt","colour":"red"}"#;
        let read: DeviceFacts = serde_json::from_str(later).unwrap();
        let connector = Some(Connector::Other);
        assert_eq!((read.bytes, read.connector), (Some(5), connector));
    }
}
