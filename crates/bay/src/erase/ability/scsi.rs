//! SCSI: which commands a device knows, as `sg_opcodes` lists them.

use model::erasure::Technique;

use super::Abilities;

/// Reads the list: a line for each command, and for each service action of SANITIZE.
pub(super) fn read(known: &mut Abilities, text: &str) {
    let kinds = [
        ("Sanitize, overwrite", Technique::ScsiSanitizeOverwrite),
        ("Sanitize, block erase", Technique::ScsiSanitizeBlock),
        (
            "Sanitize, cryptographic erase",
            Technique::ScsiSanitizeCrypto,
        ),
    ];
    let has = |name: &str| text.lines().any(|line| line.trim_end().ends_with(name));
    let offered = kinds.into_iter().filter(|(name, _)| has(name));
    known.offers.extend(offered.map(|(_, technique)| technique));
}
