//! NVMe: what `nvme id-ctrl` and `nvme sanitize-log` say in JSON.
//!
//! Bits of `sanicap`, `oacs` and `fna`: NVM Express Base Specification, *Identify Controller Data Structure*.

use model::erasure::{HiddenArea, Technique};
use serde_json::Value;

use super::ata::SanitizeState;
use super::{Abilities, Hidden};

const SANITIZE_CRYPTO: u64 = 1 << 0;
const SANITIZE_BLOCK: u64 = 1 << 1;
const SANITIZE_OVERWRITE: u64 = 1 << 2;
const KNOWS_FORMAT: u64 = 1 << 1;
const FORMAT_CRYPTO: u64 = 1 << 2;

/// Bytes in which what is hidden is counted.
const SECTOR: u64 = 512;

/// Reads what a controller says of itself; false if it says nothing.
pub(super) fn read(known: &mut Abilities, text: &str) -> bool {
    let Ok(Value::Object(told)) = serde_json::from_str(text) else {
        return false;
    };
    let number = |name: &str| told.get(name).and_then(number);
    let name = |key: &str| {
        let value = told.get(key)?.as_str()?.trim();
        (!value.is_empty()).then(|| value.to_owned())
    };
    let Some(sanitize) = number("sanicap") else {
        return false;
    };
    known.names.model = name("mn");
    known.names.serial = name("sn");
    known.names.firmware = name("fr");
    known.turns = Some(false);
    let kinds = [
        (SANITIZE_BLOCK, Technique::NvmeSanitizeBlock),
        (SANITIZE_CRYPTO, Technique::NvmeSanitizeCrypto),
        (SANITIZE_OVERWRITE, Technique::NvmeSanitizeOverwrite),
    ];
    let offered = kinds.into_iter().filter(|(bit, _)| sanitize & bit != 0);
    known.offers.extend(offered.map(|(_, technique)| technique));
    // It may meet every namespace: only where there is one.
    let is_alone = number("nn") == Some(1);
    if is_alone && number("oacs").unwrap_or(0) & KNOWS_FORMAT != 0 {
        known.offers.push(Technique::NvmeFormatErase);
        if number("fna").unwrap_or(0) & FORMAT_CRYPTO != 0 {
            known.offers.push(Technique::NvmeFormatCrypto);
        }
    }
    if let Some(unallocated) = number("unvmcap") {
        known.hidden = Hidden(HiddenArea::Sectors(unallocated / SECTOR));
    }
    true
}

/// A number, or one that is too large for JSON and stands as text.
fn number(value: &Value) -> Option<u64> {
    let as_text = || value.as_str()?.replace(',', "").parse().ok();
    value.as_u64().or_else(as_text)
}

/// Reads what `nvme sanitize-log` says. Releases of the program differ in what is around it.
pub(in crate::erase) fn sanitize_log(text: &str) -> SanitizeState {
    let Ok(told) = serde_json::from_str::<Value>(text) else {
        return SanitizeState::Failed;
    };
    let Some(status) = find(&told, "sstat") else {
        return SanitizeState::Failed;
    };
    // Bits 2:0 of the status: 1 done, 2 at work, 3 failed, 4 done and deallocated.
    let code = number(status).map(|bits| bits & 0b111);
    let words = find(status, "status").and_then(Value::as_str).unwrap_or("");
    let words = words.to_ascii_lowercase();
    let progress = find(&told, "sprog").and_then(number).unwrap_or(0);
    match code {
        Some(1 | 4) => SanitizeState::Finished,
        Some(2) => SanitizeState::Working(progress * 100 / 65_536),
        None if words.contains("success") => SanitizeState::Finished,
        None if words.contains("progress") => SanitizeState::Working(progress * 100 / 65_536),
        Some(_) | None => SanitizeState::Failed,
    }
}

/// The value of a field, however deep: what is around it has other names in each release. JSON is nested 128 deep at most.
fn find<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    let fields = value.as_object()?;
    let deeper = || fields.values().find_map(|inner| find(inner, name));
    fields.get(name).or_else(deeper)
}
