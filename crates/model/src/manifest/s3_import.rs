//! S3 imports: files become objects.

use std::collections::HashMap;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;

use super::fields::{Fields, Pair, Text, header_value};
use super::kind::Kind;
use super::pattern::{Allowance, Unusable};
use super::{Common, IgnorePattern, ManifestVersion};
use crate::identity::METADATA_BYTES;
use crate::ids::BucketName;
use crate::limits::{IGNORE_PATTERNS, KEY_BYTES, SUBSTITUTIONS};

/// Bytes of a time stamp in metadata, `2011-02-23T01:55:59Z`.
const TIMESTAMP_BYTES: usize = 20;

/// An S3 import (developer guide, *S3 import manifest options*).
#[derive(Debug, Clone, PartialEq)]
pub struct S3Import {
    /// The shared options.
    pub common: Common,
    /// `bucket` that takes the objects.
    pub bucket: BucketName,
    /// `prefix` of every key, empty if absent. No slash is added.
    pub prefix: String,
    /// `ignore`: paths that are not loaded.
    pub ignore: Vec<IgnorePattern>,
    /// `substitutions`, in manifest order.
    pub substitutions: Vec<Substitution>,
    /// `acl` of every object.
    pub acl: CannedAcl,
    /// `cacheControl` header of every object.
    pub cache_control: Option<String>,
    /// `contentDisposition` header of every object.
    pub content_disposition: Option<String>,
    /// `contentLanguage` header of every object.
    pub content_language: Option<String>,
    /// `contentTypes`: extension without its point, case-sensitive, and media type.
    pub content_types: Vec<(String, String)>,
    /// `defaultContentType`.
    pub default_content_type: Option<String>,
    /// `setContentEncodingForGzFiles`.
    pub gzip_content_encoding: bool,
    /// `diskTimestampMetadataKey`: user metadata that takes a file's modification time.
    pub disk_timestamp_key: Option<String>,
    /// `staticMetadata`: user metadata of every object.
    pub static_metadata: Vec<(String, String)>,
    /// `storageClass` of every object.
    pub storage_class: StorageClass,
    /// `expires` header of every object.
    pub expires: Option<String>,
    /// `onUnreadable`, which is ours: what becomes of a file of which the device has given up some.
    pub on_unreadable: OnUnreadable,
}

/// One literal replacement in names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Substitution {
    /// What is replaced; never empty.
    pub from: String,
    /// What takes its place.
    pub to: String,
}

/// Who may use the objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum CannedAcl {
    /// `private`.
    #[default]
    Private,
    /// `public-read`.
    PublicRead,
    /// `public-read-write`.
    PublicReadWrite,
    /// `authenticated-read`.
    AuthenticatedRead,
}

impl CannedAcl {
    const ALL: [Self; 4] = [
        Self::Private,
        Self::PublicRead,
        Self::PublicReadWrite,
        Self::AuthenticatedRead,
    ];

    /// Recognises the name, in any case.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|acl| acl.as_str().eq_ignore_ascii_case(text))
    }

    /// The name in the manifest and in `x-amz-acl`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Private => "private",
            Self::PublicRead => "public-read",
            Self::PublicReadWrite => "public-read-write",
            Self::AuthenticatedRead => "authenticated-read",
        }
    }
}

/// How the objects are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum StorageClass {
    /// `STANDARD`.
    #[default]
    Standard,
    /// `REDUCED_REDUNDANCY`.
    ReducedRedundancy,
}

impl StorageClass {
    /// The name in the manifest and in `x-amz-storage-class`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Standard => "STANDARD",
            Self::ReducedRedundancy => "REDUCED_REDUNDANCY",
        }
    }
}

/// What becomes of a file that the device does not give whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum OnUnreadable {
    /// `fail`: it is no object.
    #[default]
    Fail,
    /// `salvage`: what can be read of it is an object, with zeros where nothing could be.
    Salvage,
}

impl OnUnreadable {
    const ALL: [Self; 2] = [Self::Fail, Self::Salvage];

    /// The name in the manifest.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fail => "fail",
            Self::Salvage => "salvage",
        }
    }
}

/// Reads an S3 import.
pub(super) fn read(fields: &Fields<'_>) -> Option<S3Import> {
    fields.demand("bucket");
    let bucket = fields.parsed("bucket", |text| BucketName::new(text));
    let common = Common::read(fields, Kind::S3Import, bucket.as_ref());
    let prefix = prefix(fields);
    let ignore = ignore(fields);
    let substitutions = substitutions(fields);
    let acl = fields.choice("acl", &CannedAcl::ALL, CannedAcl::as_str);
    let content_types = content_types(fields);
    let disk_timestamp_key = fields.parsed("diskTimestampMetadataKey", metadata_key);
    let static_metadata = static_metadata(fields, disk_timestamp_key.as_deref());
    let classes = [StorageClass::Standard, StorageClass::ReducedRedundancy];
    let storage_class = fields.choice("storageClass", &classes, StorageClass::as_str);
    let cache_control = fields.header("cacheControl");
    let content_disposition = fields.header("contentDisposition");
    let content_language = fields.header("contentLanguage");
    let default_content_type = fields.header("defaultContentType");
    let gzip_content_encoding = fields.yes_no("setContentEncodingForGzFiles");
    let expires = expires(fields);
    let on_unreadable = on_unreadable(fields);
    Some(S3Import {
        common: common?,
        bucket: bucket?,
        prefix,
        ignore,
        substitutions,
        acl: acl.unwrap_or_default(),
        cache_control,
        content_disposition,
        content_language,
        content_types,
        default_content_type,
        gzip_content_encoding: gzip_content_encoding.unwrap_or(false),
        disk_timestamp_key,
        static_metadata,
        storage_class: storage_class.unwrap_or_default(),
        expires,
        on_unreadable,
    })
}

/// Reads `onUnreadable`. A manifest that was accepted before there was such an option may say anything there.
fn on_unreadable(fields: &Fields<'_>) -> OnUnreadable {
    const NAME: &str = "onUnreadable";
    let chosen = match fields.findings.rules() {
        Some(_) => fields.choice(NAME, &OnUnreadable::ALL, OnUnreadable::as_str),
        None => fields.text(NAME).and_then(|text| {
            let is_it = |it: &OnUnreadable| it.as_str().eq_ignore_ascii_case(text.value);
            OnUnreadable::ALL.into_iter().find(is_it)
        }),
    };
    chosen.unwrap_or_default()
}

fn prefix(fields: &Fields<'_>) -> String {
    let Some(text) = fields.raw("prefix") else {
        return String::new();
    };
    if text.value.len() >= KEY_BYTES {
        let detail = format!("leaves no room for names in a key of {KEY_BYTES} bytes");
        fields.invalid("prefix", text.line, detail);
    }
    text.value.to_owned()
}

fn ignore(fields: &Fields<'_>) -> Vec<IgnorePattern> {
    let texts = fields.texts("ignore");
    if let Some(first_too_many) = texts.get(IGNORE_PATTERNS) {
        let detail = format!("more than {IGNORE_PATTERNS} expressions");
        fields.invalid("ignore", first_too_many.line, detail);
        return Vec::new();
    }
    if fields.findings.rules().is_none() {
        let accepted = |text: &Text<'_>| IgnorePattern::accepted(text.value, texts.len());
        return texts.iter().map(accepted).collect();
    }
    let mut allowance = Allowance::new();
    let mut patterns = Vec::new();
    for (index, text) in texts.iter().enumerate() {
        let name = format!("ignore[{}]", index + 1);
        let hint = wildcard(text.value);
        match allowance.check(text.value, texts.len()) {
            Ok(pattern) => {
                if let Some(hint) = hint {
                    fields.warn(&name, Some(text.line), hint);
                }
                patterns.push(pattern);
            }
            Err(Unusable::All) => {
                fields.invalid(&name, text.line, Unusable::All);
                break;
            }
            Err(error) => {
                let hint = hint.map_or(String::new(), |hint| format!("; {hint}"));
                fields.invalid(&name, text.line, format!("{error}{hint}"));
            }
        }
    }
    patterns
}

/// What to write in the place of a wildcard of shells, which is another thing as an expression or
/// none at all; `None` for what is no wildcard.
fn wildcard(text: &str) -> Option<String> {
    let plain = |part: &str| {
        let known = |b: u8| b.is_ascii_alphanumeric() || b"._-~ ".contains(&b);
        !part.is_empty() && part.bytes().all(known)
    };
    let mended = if let Some(end) = text.strip_prefix("**/*").or(text.strip_prefix('*'))
        && plain(end)
    {
        format!("{}$", escaped(end))
    } else if let Some(start) = text.strip_suffix("/**").or(text.strip_suffix("/*"))
        && start.split('/').all(plain)
    {
        format!("^{}/", escaped(start))
    } else {
        return None;
    };
    Some(format!(
        "it looks like a wildcard, and is read as a Java regular expression; as one it is `{mended}`"
    ))
}

/// A text as an expression that finds just it.
fn escaped(text: &str) -> String {
    text.replace('.', "\\.")
}

/// Reads `substitutions`, in order.
pub(super) fn substitutions(fields: &Fields<'_>) -> Vec<Substitution> {
    const NAME: &str = "substitutions";
    let pairs = fields.pairs(NAME);
    if let Some(first_too_many) = pairs.get(SUBSTITUTIONS) {
        fields.invalid(
            NAME,
            first_too_many.line,
            format!("more than {SUBSTITUTIONS}"),
        );
    }
    let version = fields
        .text("manifestVersion")
        .map(|text| ManifestVersion::parse(text.value));
    if let (Some(Ok(ManifestVersion::V1 { .. })), Some(first)) = (version, pairs.first()) {
        fields.frown(NAME, first.line, "belongs to version 2.0");
    }
    let mut substitutions = Vec::new();
    for Pair { key, value, line } in pairs {
        if key.is_empty() {
            fields.invalid(NAME, line, "an empty text cannot be replaced");
        } else {
            substitutions.push(Substitution {
                from: key.to_owned(),
                to: value.to_owned(),
            });
        }
    }
    substitutions
}

/// Reads `contentTypes`; a point before an extension is overlooked.
fn content_types(fields: &Fields<'_>) -> Vec<(String, String)> {
    const NAME: &str = "contentTypes";
    let mut types = Vec::new();
    for Pair { key, value, line } in fields.pairs(NAME) {
        let extension = key.strip_prefix('.').unwrap_or(key);
        if extension.is_empty() || value.is_empty() {
            fields.invalid(NAME, line, "an extension or its media type is empty");
        } else if let Some(detail) = unusable_type(fields, value) {
            fields.invalid(NAME, line, detail);
        } else {
            types.push((extension.to_owned(), value.to_owned()));
        }
    }
    types
}

/// What keeps a media type from being sent. One that was accepted before must only be harmless.
fn unusable_type(fields: &Fields<'_>, value: &str) -> Option<String> {
    if value.contains(char::is_control) {
        return Some("control characters are not allowed".to_owned());
    }
    fields.findings.rules()?;
    header_value(value).err()
}

/// Reads `expires`, an HTTP date.
fn expires(fields: &Fields<'_>) -> Option<String> {
    const NAME: &str = "expires";
    let text = fields.text(NAME)?;
    if fields.findings.rules().is_some() && OffsetDateTime::parse(text.value, &Rfc2822).is_err() {
        let detail = format!(
            "`{}` is not a date such as `Tue, 03 Feb 2032 21:57:43 GMT`",
            text.value
        );
        fields.invalid(NAME, text.line, detail);
        return None;
    }
    Some(text.value.to_owned())
}

/// Reads `staticMetadata`, whose names and values become headers.
fn static_metadata(fields: &Fields<'_>, timestamp_key: Option<&str>) -> Vec<(String, String)> {
    const NAME: &str = "staticMetadata";
    let mut metadata = Vec::new();
    let mut bytes = timestamp_key.map_or(0, |key| key.len() + TIMESTAMP_BYTES);
    // Header names have no case, so neither have these.
    let mut seen: HashMap<String, usize> = HashMap::new();
    if let (Some(key), Some(line)) = (timestamp_key, fields.line_of("diskTimestampMetadataKey")) {
        seen.insert(key.to_ascii_lowercase(), line);
    }
    for Pair { key, value, line } in fields.pairs(NAME) {
        bytes += key.len() + value.len();
        match metadata_pair(key, value) {
            Ok(pair) => metadata.push(pair),
            Err(detail) => fields.invalid(NAME, line, detail),
        }
        match seen.insert(key.to_ascii_lowercase(), line) {
            Some(first) if !has_repetition(&metadata, key) => {
                let detail = format!("`{key}` is the same header as the key on line {first}");
                fields.invalid(NAME, line, detail);
            }
            _ => {}
        }
    }
    if bytes > METADATA_BYTES {
        let line = fields
            .line_of(NAME)
            .or(fields.line_of("diskTimestampMetadataKey"));
        let detail = format!("{bytes} bytes of metadata, an object can have {METADATA_BYTES}");
        fields.invalid(NAME, line.unwrap_or_default(), detail);
    }
    metadata
}

/// Whether `key` was given twice in the same case, which is reported for every map already.
fn has_repetition(metadata: &[(String, String)], key: &str) -> bool {
    metadata
        .iter()
        .filter(|(other, _)| other == key)
        .nth(1)
        .is_some()
}

fn metadata_pair(key: &str, value: &str) -> Result<(String, String), String> {
    let key = metadata_key(key)?;
    if value.bytes().all(|b| (b' '..=b'~').contains(&b)) {
        Ok((key, value.to_owned()))
    } else {
        Err(format!("the value of `{key}` must be printable ASCII"))
    }
}

/// What user metadata begins with that stores take for an order: `snowball-auto-extract` has them unpack an
/// archive, over whatever is there.
const ORDERS: &str = "snowball-";

/// A name that can stand in a header (RFC 9110, `token`), and that no store obeys.
fn metadata_key(text: &str) -> Result<String, String> {
    if text.to_ascii_lowercase().starts_with(ORDERS) {
        return Err(format!(
            "`{text}` is no metadata but an order to the store; a file is stored as it is"
        ));
    }
    let token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    if !text.is_empty() && text.bytes().all(token) {
        Ok(text.to_owned())
    } else {
        Err(format!("`{text}` cannot be part of a header's name"))
    }
}
