//! What customs want to know when a device crosses a border.

use std::fmt;

use super::fault::FaultKind;
use super::fields::{Fields, Kinds};
use super::{Address, Country};

const NAME: &str = "customs";

const KINDS: Kinds = Kinds {
    missing: FaultKind::MissingCustoms,
    invalid: FaultKind::InvalidCustoms,
};

/// The customs papers (developer guide, *Customs manifest file options*).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Customs {
    /// `dataDescription`: what is on the device.
    pub data_description: String,
    /// `encryptedData`.
    pub encrypted_data: bool,
    /// `encryptionClassification`; always there when the data is encrypted.
    pub encryption_classification: Option<String>,
    /// `exportCertifierName`.
    pub export_certifier_name: String,
    /// `requiresExportLicense`.
    pub requires_export_license: bool,
    /// `deviceValue`.
    pub device_value: UsCents,
    /// `deviceCountryOfOrigin`, as written.
    pub device_country_of_origin: String,
    /// `deviceType`.
    pub device_type: DeviceType,
    /// `deviceHTS`, the tariff code.
    pub device_hts: Option<String>,
    /// `typeOfExport`.
    pub type_of_export: Option<ExportType>,
}

/// An amount of money in hundredths of a US dollar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UsCents(pub u64);

impl fmt::Display for UsCents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:02}", self.0 / 100, self.0 % 100)
    }
}

impl UsCents {
    /// Reads an amount such as `250`, `250.5` or `250.00`.
    fn parse(text: &str) -> Result<Self, String> {
        let (dollars, fraction) = text.split_once('.').unwrap_or((text, "0"));
        let digits = |part: &str, most: usize| {
            (1..=most).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit())
        };
        if !digits(dollars, 12) || !digits(fraction, 2) {
            return Err(format!(
                "`{text}` is not an amount in US dollars such as 250.00"
            ));
        }
        format!("{dollars}{fraction:0<2}")
            .parse()
            .map(Self)
            .map_err(|_| format!("`{text}`"))
    }
}

/// What the device is to customs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DeviceType {
    /// `externalStorageDevice`.
    ExternalStorageDevice,
    /// `usbFlashDrive`.
    UsbFlashDrive,
    /// `sataDrive`.
    SataDrive,
}

impl DeviceType {
    const ALL: [Self; 3] = [
        Self::ExternalStorageDevice,
        Self::UsbFlashDrive,
        Self::SataDrive,
    ];

    /// The name in the manifest.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ExternalStorageDevice => "externalStorageDevice",
            Self::UsbFlashDrive => "usbFlashDrive",
            Self::SataDrive => "sataDrive",
        }
    }
}

/// Why the device leaves the country.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ExportType {
    /// `return`.
    Return,
    /// `permanent`.
    Permanent,
    /// `temporary`.
    Temporary,
}

impl ExportType {
    const ALL: [Self; 3] = [Self::Return, Self::Permanent, Self::Temporary];

    /// The name in the manifest.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Return => "return",
            Self::Permanent => "permanent",
            Self::Temporary => "temporary",
        }
    }
}

/// Reads `customs`, which a device needs that returns to another country. One that does not may
/// have them all the same; a block left blank is then as good as none.
pub(super) fn read(fields: &Fields<'_>, address: Option<&Address>) -> Option<Customs> {
    let home = address.map(|address| Country::new(&address.country));
    let facility = fields.findings.rules().map(|rules| &rules.facility_country);
    let facility = facility.filter(|from| home.is_some_and(|home| crosses_border(from, &home)));
    let needed = facility.is_some();
    let Some(customs) = fields.map(NAME, KINDS) else {
        let unreadable = fields.text(NAME).is_some();
        if let (Some(facility), false) = (facility, unreadable) {
            let detail = format!("required, the device returns from {facility} to another country");
            fields.fault(
                FaultKind::MissingCustoms,
                NAME,
                fields.line_of(NAME),
                detail,
            );
        }
        return None;
    };
    if !needed && customs.is_blank() {
        return None;
    }
    papers(&customs)
}

/// Whether a parcel from `facility` to `home` passes customs.
fn crosses_border(facility: &Country, home: &Country) -> bool {
    facility != home && !(facility.is_in_eu() && home.is_in_eu())
}

fn papers(customs: &Fields<'_>) -> Option<Customs> {
    let data_description = customs.required("dataDescription");
    let encrypted_data = required_yes_no(customs, "encryptedData");
    if encrypted_data == Some(true) {
        customs.demand("encryptionClassification");
    }
    let encryption_classification = customs.string("encryptionClassification");
    let export_certifier_name = customs.required("exportCertifierName");
    let requires_export_license = required_yes_no(customs, "requiresExportLicense");
    customs.demand("deviceValue");
    let device_value = customs.parsed("deviceValue", UsCents::parse);
    let device_country_of_origin = customs.required("deviceCountryOfOrigin");
    customs.demand("deviceType");
    let device_type = customs.choice("deviceType", &DeviceType::ALL, DeviceType::as_str);
    let device_hts = customs.parsed("deviceHTS", tariff_code);
    let type_of_export = customs.choice("typeOfExport", &ExportType::ALL, ExportType::as_str);
    customs.finish("the customs papers");
    Some(Customs {
        data_description: data_description?,
        encrypted_data: encrypted_data?,
        encryption_classification,
        export_certifier_name: export_certifier_name?,
        requires_export_license: requires_export_license?,
        device_value: device_value?,
        device_country_of_origin: device_country_of_origin?,
        device_type: device_type?,
        device_hts,
        type_of_export,
    })
}

fn required_yes_no(customs: &Fields<'_>, name: &'static str) -> Option<bool> {
    customs.demand(name);
    customs.yes_no(name)
}

/// A code of the Harmonized Tariff Schedule: groups of digits, six to ten in all.
fn tariff_code(text: &str) -> Result<String, String> {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let shaped = text
        .split('.')
        .all(|group| !group.is_empty() && group.bytes().all(|b| b.is_ascii_digit()));
    if shaped && (6..=10).contains(&digits) {
        Ok(text.to_owned())
    } else {
        Err(format!(
            "`{text}` is not a tariff code such as 8471.70.4065"
        ))
    }
}
