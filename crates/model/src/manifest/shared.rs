//! The options every kind of job shares.

use std::fmt;

use zeroize::Zeroizing;

use super::Country;
use super::address::{self, Address};
use super::customs::{self, Customs};
use super::fault::{FaultKind, Warning};
use super::fields::Fields;
use super::kind::Kind;
use crate::ids::{AccessKeyId, BucketName, JobType};
use crate::limits::KEY_BYTES;

/// Longest TrueCrypt password in characters, TrueCrypt's own limit. PINs are far shorter.
pub const PASSPHRASE_CHARS: usize = 64;

/// Characters of a job id.
const JOB_ID_CHARS: usize = 5;

/// What the service said about every device it would wipe (API reference, `WarningMessage`).
const ERASE_WARNING: &str = "**** Device will be erased before being returned. ****";

/// The shared options (developer guide, *Common manifest options*).
#[derive(Debug, Clone, PartialEq)]
pub struct Common {
    /// `manifestVersion`.
    pub version: ManifestVersion,
    /// `accessKeyId`; equals the caller's.
    pub access_key_id: Option<AccessKeyId>,
    /// `deviceId`: the serial number, or what the sticker on the device says.
    pub device_id: String,
    /// `generator`: the program that wrote the manifest.
    pub generator: Option<String>,
    /// `logBucket`, or the import's own bucket.
    pub log_bucket: BucketName,
    /// `logPrefix`, empty if absent. No slash is added.
    pub log_prefix: String,
    /// `notificationEmail`, split into addresses.
    pub notification_email: Vec<String>,
    /// `eraseDevice`: whether the device is wiped before it goes home. Always false for exports.
    pub erase_device: bool,
    /// `pinCode` of a device with a key pad.
    pub pin_code: Option<Passphrase>,
    /// `trueCryptPassword` of an encrypted device.
    pub true_crypt_password: Option<Passphrase>,
    /// `serviceLevel` of the return parcel.
    pub service_level: ServiceLevel,
    /// `returnAddress`.
    pub return_address: Address,
    /// `customs`.
    pub customs: Option<Customs>,
}

impl Common {
    /// Reads the shared options. `own_bucket` takes the report of an import that names no
    /// `logBucket`.
    pub(super) fn read(
        fields: &Fields<'_>,
        kind: Kind,
        own_bucket: Option<&BucketName>,
    ) -> Option<Self> {
        let version = version(fields, kind);
        let access_key_id = access_key_id(fields);
        let device_id = fields.required("deviceId");
        let generator = fields.string("generator");
        let log_bucket = log_bucket(fields, kind, own_bucket);
        let log_prefix = log_prefix(fields, kind);
        let notification_email = notification_email(fields);
        let erase_device = erase_device(fields, kind);
        let pin_code = fields.secret("pinCode", PASSPHRASE_CHARS);
        let true_crypt_password = true_crypt_password(fields, kind);
        let return_address = address::read(fields);
        let customs = customs::read(fields, return_address.as_ref());
        let service_level = service_level(fields, return_address.as_ref());
        Some(Self {
            version: version?,
            access_key_id,
            device_id: device_id?,
            generator,
            log_bucket: log_bucket?,
            log_prefix: log_prefix?,
            notification_email,
            erase_device,
            pin_code,
            true_crypt_password,
            service_level,
            return_address: return_address?,
            customs,
        })
    }
}

/// Reads `manifestVersion` and checks that it goes with the kind of job. A published example
/// has a semicolon behind the number.
fn version(fields: &Fields<'_>, kind: Kind) -> Option<ManifestVersion> {
    fields.demand("manifestVersion");
    let version = fields.parsed("manifestVersion", ManifestVersion::parse)?;
    let fits = match version {
        ManifestVersion::V1 { .. } | ManifestVersion::V2 => !kind.is_image(),
        ManifestVersion::V3 => kind.is_image(),
    };
    if !fits {
        let wanted = if kind.is_image() { "3.0" } else { "2.0" };
        let line = fields.line_of("manifestVersion").unwrap_or_default();
        let detail = format!("`{version}` is not for {kind}, which takes `{wanted}`");
        fields.invalid("manifestVersion", line, detail);
    }
    fits.then_some(version)
}

fn access_key_id(fields: &Fields<'_>) -> Option<AccessKeyId> {
    let text = fields.text("accessKeyId")?;
    let Some(caller) = fields.findings.rules().map(|rules| &rules.caller) else {
        return AccessKeyId::new(text.value).ok();
    };
    if text.value == caller.as_str() {
        return Some(caller.clone());
    }
    let detail = "not the access key that signed the request";
    fields.fault(
        FaultKind::AccessKeyMismatch,
        "accessKeyId",
        Some(text.line),
        detail,
    );
    None
}

fn log_bucket(
    fields: &Fields<'_>,
    kind: Kind,
    own_bucket: Option<&BucketName>,
) -> Option<BucketName> {
    if kind != Kind::S3Import {
        fields.demand("logBucket");
    }
    match fields.text("logBucket") {
        Some(_) => fields.parsed("logBucket", |text| BucketName::new(text)),
        None => own_bucket.cloned(),
    }
}

/// Reads `logPrefix`; with the report's name behind it, it must still be a key.
fn log_prefix(fields: &Fields<'_>, kind: Kind) -> Option<String> {
    let Some(text) = fields.raw("logPrefix") else {
        return Some(String::new());
    };
    let name = kind.job_type().log_name().len() + JOB_ID_CHARS;
    let longest = KEY_BYTES - name;
    if text.value.len() > longest {
        let detail = format!("at most {longest} bytes, so that the report's name still fits");
        fields.invalid("logPrefix", text.line, detail);
        return None;
    }
    Some(text.value.to_owned())
}

/// Reads `notificationEmail`: addresses between semicolons, or the commas people write instead.
fn notification_email(fields: &Fields<'_>) -> Vec<String> {
    if fields.findings.is_strict() {
        fields.demand("notificationEmail");
    }
    let Some(text) = fields.text("notificationEmail") else {
        return Vec::new();
    };
    let mut addresses = Vec::new();
    for address in text
        .value
        .split([';', ','])
        .map(str::trim)
        .filter(|part| !part.is_empty())
    {
        if is_email(address) {
            addresses.push(address.to_owned());
        } else {
            let detail = format!("`{address}` is not an e-mail address");
            fields.invalid("notificationEmail", text.line, detail);
        }
    }
    addresses
}

/// Whether a text has what every address has; only delivery can tell more.
fn is_email(text: &str) -> bool {
    let plain = !text.contains(|c: char| c.is_whitespace() || "<>\"".contains(c));
    plain
        && text
            .split_once('@')
            .is_some_and(|(user, host)| !user.is_empty() && !host.is_empty() && !host.contains('@'))
}

/// Reads `eraseDevice`. Older editions left the choice, the last one demanded `yes`.
fn erase_device(fields: &Fields<'_>, kind: Kind) -> bool {
    const NAME: &str = "eraseDevice";
    if kind.job_type() == JobType::Export {
        return false;
    }
    let strict = fields.findings.is_strict();
    if strict {
        fields.demand(NAME);
    }
    let line = fields.line_of(NAME);
    match (fields.yes_no(NAME), line) {
        (Some(true), _) => {
            let detail = ERASE_WARNING.to_owned();
            fields.findings.warn(Warning {
                field: None,
                line: None,
                detail,
            });
            return true;
        }
        (Some(false), Some(line)) if strict => {
            fields.invalid(NAME, line, "must be yes: every imported device is erased");
        }
        (None, None) if !strict => {
            fields.warn(NAME, None, "not given, the device will not be erased");
        }
        _ => {}
    }
    false
}

/// Reads `trueCryptPassword`. An export needs it or a PIN; images are taken as they are.
fn true_crypt_password(fields: &Fields<'_>, kind: Kind) -> Option<Passphrase> {
    const NAME: &str = "trueCryptPassword";
    if kind.is_image() {
        return None;
    }
    let lacks = |name| fields.raw(name).is_none_or(|text| text.value.is_empty());
    if kind == Kind::S3Export && lacks(NAME) && lacks("pinCode") {
        fields.missing(NAME, "an export needs trueCryptPassword or pinCode");
    }
    fields.secret(NAME, PASSPHRASE_CHARS)
}

/// Reads `serviceLevel`. Expedited parcels went only from the USA to the USA.
fn service_level(fields: &Fields<'_>, address: Option<&Address>) -> ServiceLevel {
    const NAME: &str = "serviceLevel";
    let levels = [ServiceLevel::Standard, ServiceLevel::Expedited];
    let level = fields
        .choice(NAME, &levels, ServiceLevel::as_str)
        .unwrap_or_default();
    let domestic = |country: &Country| *country == Country::default();
    let abroad = address.is_some_and(|address| !domestic(&Country::new(&address.country)))
        || fields
            .findings
            .rules()
            .is_some_and(|rules| !domestic(&rules.facility_country));
    if level == ServiceLevel::Expedited && abroad {
        let line = fields.line_of(NAME).unwrap_or_default();
        fields.frown(
            NAME,
            line,
            "expeditedShipping is offered within the USA only",
        );
    }
    level
}

/// The version of the manifest language.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ManifestVersion {
    /// The e-mail service's, `1.0` to `1.9`; S3 only.
    V1 {
        /// The digit after the point.
        minor: u8,
    },
    /// `2.0`, S3 import and export.
    V2,
    /// `3.0`, EBS and Glacier import.
    V3,
}

impl ManifestVersion {
    /// Reads a version; one semicolon behind it is overlooked.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let number = text.strip_suffix(';').unwrap_or(text).trim_end();
        match number {
            "2" | "2.0" => return Ok(Self::V2),
            "3" | "3.0" => return Ok(Self::V3),
            _ => {}
        }
        match number.strip_prefix("1.").map(str::as_bytes) {
            Some([digit @ b'0'..=b'9']) => Ok(Self::V1 {
                minor: digit - b'0',
            }),
            _ => Err(format!("`{number}` is not 1.0 to 1.9, 2.0 or 3.0")),
        }
    }
}

impl fmt::Display for ManifestVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::V1 { minor } => write!(f, "1.{minor}"),
            Self::V2 => f.write_str("2.0"),
            Self::V3 => f.write_str("3.0"),
        }
    }
}

/// How fast the device returns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum ServiceLevel {
    /// `standard`.
    #[default]
    Standard,
    /// `expeditedShipping`, two days.
    Expedited,
}

impl ServiceLevel {
    /// The name in the manifest.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Standard => "standard",
            Self::Expedited => "expeditedShipping",
        }
    }
}

/// A password or PIN. It has no `Display`, `Debug` hides it, and it is wiped when dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct Passphrase(Zeroizing<String>);

impl Passphrase {
    /// Takes a secret.
    #[must_use]
    pub fn new(secret: String) -> Self {
        Self(Zeroizing::new(secret))
    }

    /// The secret itself, for the program that opens the device.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passphrase(…)")
    }
}
