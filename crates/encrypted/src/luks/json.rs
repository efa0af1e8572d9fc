//! The JSON of a LUKS2 header, as far as it is needed to open a volume. What is not known in it is refused where it
//! could change what the bytes mean.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::Value;

use super::damaged;
use crate::Locked;
use crate::limits::SLOTS;

/// The whole of it.
#[derive(Deserialize)]
pub(super) struct Json {
    #[serde(default)]
    pub(super) keyslots: BTreeMap<String, Value>,
    pub(super) segments: BTreeMap<String, Segment>,
    pub(super) digests: BTreeMap<String, Digest>,
    pub(super) config: Config,
}

#[derive(Deserialize)]
pub(super) struct Config {
    #[serde(default)]
    pub(super) requirements: Requirements,
}

#[derive(Deserialize, Default)]
pub(super) struct Requirements {
    #[serde(default)]
    pub(super) mandatory: Vec<String>,
}

#[derive(Deserialize)]
pub(super) struct Segment {
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) offset: String,
    pub(super) size: String,
    #[serde(default)]
    pub(super) iv_tweak: Option<String>,
    #[serde(default)]
    pub(super) encryption: Option<String>,
    #[serde(default)]
    pub(super) sector_size: Option<u32>,
    #[serde(default)]
    pub(super) integrity: Option<Value>,
    #[serde(default)]
    pub(super) flags: Vec<String>,
}

#[derive(Deserialize)]
pub(super) struct Slot {
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) key_size: usize,
    pub(super) af: Splitter,
    pub(super) area: KeyArea,
    pub(super) kdf: Kdf,
    #[serde(default)]
    pub(super) priority: Option<u32>,
}

#[derive(Deserialize)]
pub(super) struct Splitter {
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) stripes: u32,
    pub(super) hash: String,
}

#[derive(Deserialize)]
pub(super) struct KeyArea {
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) offset: String,
    pub(super) encryption: String,
    pub(super) key_size: usize,
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub(super) enum Kdf {
    Pbkdf2 {
        salt: String,
        hash: String,
        iterations: u32,
    },
    Argon2i {
        salt: String,
        time: u32,
        memory: u32,
        cpus: u32,
    },
    Argon2id {
        salt: String,
        time: u32,
        memory: u32,
        cpus: u32,
    },
}

#[derive(Deserialize)]
pub(super) struct Digest {
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) keyslots: Vec<String>,
    pub(super) segments: Vec<String>,
    pub(super) salt: String,
    pub(super) digest: String,
    pub(super) hash: String,
    pub(super) iterations: u32,
}

impl Json {
    /// What the text of a header says.
    pub(super) fn parse(text: &[u8]) -> Result<Self, Locked> {
        let text = text.split(|byte| *byte == 0).next().unwrap_or_default();
        let json: Self = serde_json::from_slice(text)
            .map_err(|error| Locked::Damaged(format!("its JSON: {error}")))?;
        let is_long = json.keyslots.len() > SLOTS
            || json.segments.len() > SLOTS
            || json.digests.len() > SLOTS;
        match is_long {
            true => Err(damaged("it has more than 32 slots, segments or digests")),
            false => Ok(json),
        }
    }
}

/// A number that stands as text.
pub(super) fn number(text: &str) -> Result<u64, Locked> {
    text.parse()
        .map_err(|_| damaged("a number that is no number"))
}

/// Bytes that stand as text.
pub(super) fn bytes(text: &str) -> Result<Vec<u8>, Locked> {
    let bytes = STANDARD.decode(text);
    bytes.map_err(|_| damaged("bytes that are no base64"))
}
