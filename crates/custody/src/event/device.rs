//! Events at a bay: what was plugged in, and what it is.

use model::device::{Connector, DeviceFacts};
use model::handling::DeviceHealth;
use model::signature::SignatureSeen;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::told::Told;

/// A station looked at the device. All of it is what the device says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Identified {
    /// The maker.
    pub maker: Option<Told>,
    /// The maker's name of it.
    pub model: Option<Told>,
    /// The maker's number of it.
    pub serial: Option<Told>,
    /// The release of what runs in it.
    pub firmware: Option<Told>,
    /// Its World Wide Name.
    pub wwn: Option<Told>,
    /// The size of the whole disk or image.
    pub bytes: Option<u64>,
    /// Bytes of a logical sector.
    pub logical_sector: Option<u32>,
    /// Bytes of a physical sector.
    pub physical_sector: Option<u32>,
    /// How it is attached.
    pub bus: Option<Connector>,
    /// The bridge between bus and disk.
    pub bridge: Option<Told>,
    /// Whether it turns.
    pub rotational: Option<bool>,
    /// What its SIGNATURE is worth.
    pub signature: Option<Seen>,
    /// Whether it is the device that the manifest names.
    pub matches_device_id: Option<bool>,
}

impl Identified {
    /// What is known by what a station tells the server.
    #[must_use]
    pub fn of(device: &DeviceFacts) -> Self {
        let told = |text: &Option<String>| text.as_ref().map(Told::from);
        let DeviceFacts {
            maker,
            model,
            serial,
            wwn,
            bytes,
            connector,
            firmware,
            logical_sector,
            physical_sector,
            rotational,
            bridge,
            mark: _,
        } = device;
        Self {
            maker: told(maker),
            model: told(model),
            serial: told(serial),
            wwn: told(wwn),
            bytes: *bytes,
            firmware: told(firmware),
            logical_sector: *logical_sector,
            physical_sector: *physical_sector,
            bus: *connector,
            bridge: told(bridge),
            rotational: *rotational,
            ..Self::default()
        }
    }
}

/// Sectors that a device keeps from its host: in a line a number, or `"unknown"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum HiddenSectors {
    /// So many.
    Known(u64),
    /// Nobody could ask: behind most bridges it is so.
    #[default]
    Unknown,
}

/// The form of [`HiddenSectors`] in a line.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum NumberOrWord {
    Number(u64),
    Word(String),
}

const UNKNOWN: &str = "unknown";

impl Serialize for HiddenSectors {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let form = match self {
            Self::Known(sectors) => NumberOrWord::Number(*sectors),
            Self::Unknown => NumberOrWord::Word(UNKNOWN.to_owned()),
        };
        form.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for HiddenSectors {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match NumberOrWord::deserialize(deserializer)? {
            NumberOrWord::Number(sectors) => Ok(Self::Known(sectors)),
            NumberOrWord::Word(word) if word == UNKNOWN => Ok(Self::Unknown),
            NumberOrWord::Word(_) => Err(serde::de::Error::custom(
                "hidden sectors are a number or `unknown`",
            )),
        }
    }
}

/// What the SIGNATURE of a device is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Seen {
    /// It is the one that was issued.
    Valid,
    /// There is none.
    Missing,
    /// It is not the one that was issued.
    Invalid,
    /// A device of this kind of job has none.
    NoneExpected,
}

impl From<SignatureSeen> for Seen {
    fn from(seen: SignatureSeen) -> Self {
        match seen {
            SignatureSeen::Valid => Self::Valid,
            SignatureSeen::Missing => Self::Missing,
            SignatureSeen::Invalid => Self::Invalid,
            SignatureSeen::Sheet => Self::NoneExpected,
        }
    }
}

/// The device was asked how it is. All of it is what the device says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Examined {
    /// The maker's name of it, as the disk itself says behind whatever bridge.
    pub model: Option<Told>,
    /// The maker's number of it, likewise.
    pub serial: Option<Told>,
    /// The release of what runs in it.
    pub firmware: Option<Told>,
    /// Whether it holds itself for sound.
    pub passed: Option<bool>,
    /// Hours that it has run.
    pub hours: Option<u64>,
    /// Degrees Celsius.
    pub temperature: Option<i64>,
    /// Sectors that it has replaced.
    pub reallocated: Option<u64>,
    /// Sectors that it could not read, and has not replaced.
    pub pending: Option<u64>,
    /// Errors that it could not correct.
    pub uncorrectable: Option<u64>,
    /// Errors of its interface.
    pub interface_errors: Option<u64>,
    /// How much of its life is used up, in percent.
    pub percent_used: Option<u64>,
    /// Sectors that the device keeps from its host.
    pub hidden_sectors: HiddenSectors,
}

impl Examined {
    /// What a station tells the server.
    #[must_use]
    pub fn of(health: &DeviceHealth) -> Self {
        let told = |text: &Option<String>| text.as_ref().map(Told::from);
        Self {
            model: told(&health.model),
            serial: told(&health.serial),
            firmware: told(&health.firmware),
            passed: health.passed,
            hours: health.hours,
            temperature: health.temperature,
            reallocated: health.reallocated,
            pending: health.pending,
            uncorrectable: health.uncorrectable,
            interface_errors: health.interface_errors,
            percent_used: health.percent_used,
            hidden_sectors: health
                .hidden_sectors
                .map_or(HiddenSectors::Unknown, HiddenSectors::Known),
        }
    }
}

/// The device is in a bay, and a station works on it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Docked {
    /// Whether the block device was set so that nothing can write to it.
    pub read_only: Option<bool>,
}

/// A volume of the device was opened that is encrypted. Of what opened it nothing is told, no digest of it either: a
/// PIN is guessed from its digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unlocked {
    /// The number of its partition; 0 is the whole device.
    pub volume: u32,
    /// In which form it is encrypted: `LUKS2`.
    pub method: Told,
    /// By which its key is known to whoever made it: the UUID of a LUKS header, the identifier of a BitLocker key.
    pub key_id: Option<Told>,
}

/// What an export writes to the device is encrypted. Of what opens it nothing is told, as of a volume that was opened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Encrypted {
    /// How that is known.
    pub how: EncryptedHow,
    /// In which form: `LUKS2`; nothing where a person answers for it.
    pub method: Option<Told>,
    /// The UUID of the LUKS header.
    pub key_id: Option<Told>,
    /// By what, in the words of the person who answers for it.
    pub words: Option<Told>,
}

/// How it is known that a device is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EncryptedHow {
    /// The station has encrypted it with the password of the manifest.
    Made,
    /// It was encrypted, and the password of the manifest opens it.
    Found,
    /// Who docked it says so, and nobody has seen it.
    Told,
}

/// The station has let go of the device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Undocked {
    /// Whether nothing could write to it still; of a block device nobody knows by then.
    pub read_only: Option<bool>,
}
