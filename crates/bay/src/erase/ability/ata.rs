//! ATA: what `hdparm -I`, `-N` and `--sanitize-status` say.

use model::erasure::{HiddenArea, Technique};

use super::Abilities;

/// Reads what a device says of itself; false if it says nothing.
pub(super) fn read(known: &mut Abilities, text: &str) -> bool {
    let lines = || text.lines().map(str::trim);
    if !lines().any(|line| line.starts_with("Model Number:")) {
        return false;
    }
    let value = |name: &str| {
        let found = lines().find_map(|line| line.strip_prefix(name))?;
        let found = found.trim();
        (!found.is_empty()).then(|| found.to_owned())
    };
    known.names.model = value("Model Number:");
    known.names.serial = value("Serial Number:");
    known.names.firmware = value("Firmware Revision:");
    known.names.wwn = value("Logical Unit WWN Device Identifier:");
    known.turns = match value("Nominal Media Rotation Rate:").as_deref() {
        Some("Solid State Device") => Some(false),
        Some(rate) => rate.parse::<u32>().ok().map(|_| true),
        None => None,
    };
    let has = |feature: &str| {
        let enabled = lines().filter_map(|line| line.strip_prefix('*'));
        enabled.map(str::trim).any(|line| line == feature)
    };
    if has("SANITIZE feature set") {
        let kinds = [
            ("OVERWRITE_EXT command", Technique::AtaSanitizeOverwrite),
            ("BLOCK_ERASE_EXT command", Technique::AtaSanitizeBlock),
            ("CRYPTO_SCRAMBLE_EXT command", Technique::AtaSanitizeCrypto),
        ];
        let offered = kinds.into_iter().filter(|(name, _)| has(name));
        known.offers.extend(offered.map(|(_, technique)| technique));
    }
    let security = security(text);
    known.is_frozen = security.is("frozen");
    known.is_locked = security.is("locked");
    if security.is("supported") {
        known.offers.push(Technique::AtaSecurityErase);
    }
    true
}

/// The part of the answer about the Security feature set: a word on each line, with `not` before it where it is not so.
struct Security<'a>(Vec<&'a str>);

fn security(text: &str) -> Security<'_> {
    let part = text
        .lines()
        .skip_while(|line| line.trim_end() != "Security:")
        .skip(1);
    let part = part.take_while(|line| line.starts_with(char::is_whitespace));
    Security(part.map(str::trim).collect())
}

impl Security<'_> {
    fn is(&self, word: &str) -> bool {
        self.0.contains(&word)
    }
}

/// Sectors between the visible and the native maximum.
pub(super) fn hidden(text: &str) -> HiddenArea {
    let told = text.lines().find_map(|line| {
        let numbers = line.trim().strip_prefix("max sectors")?;
        let numbers = numbers.trim_start().strip_prefix('=')?.trim_start();
        let numbers = numbers.split([',', '(', ' ']).next()?;
        let (visible, native) = numbers.split_once('/')?;
        let visible: u64 = visible.parse().ok()?;
        let native: u64 = native.parse().ok()?;
        native.checked_sub(visible)
    });
    told.map_or(HiddenArea::Unknown, HiddenArea::Sectors)
}

/// How far a device is that sanitizes itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::erase) enum SanitizeState {
    /// It does, to so many hundredths.
    Working(u64),
    /// It has, without an error.
    Finished,
    /// It has not, or it cannot be told.
    Failed,
}

/// Reads what `hdparm --sanitize-status` says.
pub(in crate::erase) fn sanitize_state(text: &str) -> SanitizeState {
    let lines = || text.lines().map(str::trim);
    let state = lines().find_map(|line| line.strip_prefix("State:"));
    match state.map(str::trim) {
        Some(state) if state.starts_with("SD2") => {
            let percent = lines().find_map(|line| {
                let told = line.strip_prefix("Progress:")?;
                let (_, told) = told.split_once('(')?;
                told.split('%').next()?.trim().parse().ok()
            });
            SanitizeState::Working(percent.unwrap_or(0))
        }
        Some(state) if state.starts_with("SD0") => {
            let is_done = |line: &str| line == "Last Sanitize Operation Completed Without Error";
            match lines().any(is_done) {
                true => SanitizeState::Finished,
                false => SanitizeState::Failed,
            }
        }
        Some(_) | None => SanitizeState::Failed,
    }
}
