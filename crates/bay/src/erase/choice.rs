//! Which technique it is: a table over what the device is made of and what it offers.
//!
//! The best that it offers; who wants a lower one may have it, and nobody claims a higher one. SECURITY ERASE UNIT is
//! never taken by itself: one that is interrupted leaves the drive locked. Discarding is no erasing.

use model::erasure::{Medium, Technique};

use super::ability::Abilities;

/// What was chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chosen {
    /// The technique.
    pub technique: Technique,
    /// Why it is no better one.
    pub remarks: Vec<String>,
}

/// A technique that the device does not offer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the device does not offer `{wanted}`; it can be erased by {}", list(.offered))]
pub struct NotOffered {
    /// What was wanted.
    pub wanted: Technique,
    /// What there is, the best first.
    pub offered: Vec<Technique>,
}

fn list(offered: &[Technique]) -> String {
    let names: Vec<String> = offered.iter().map(|it| format!("`{it}`")).collect();
    names.join(", ")
}

/// Chooses the technique for a device of this medium.
///
/// # Errors
/// [`NotOffered`], if one is wanted that is not offered.
pub fn choose(
    able: &Abilities,
    medium: Medium,
    wanted: Option<Technique>,
) -> Result<Chosen, NotOffered> {
    let offered = offered(able, medium);
    match wanted {
        Some(wanted) if !offered.contains(&wanted) => Err(NotOffered { wanted, offered }),
        Some(technique) => Ok(Chosen {
            technique,
            remarks: Vec::new(),
        }),
        None => {
            let mut by_itself = offered.iter().filter(|it| is_by_itself(**it));
            let best = by_itself.next().copied();
            Ok(Chosen {
                technique: best.unwrap_or(Technique::OverwriteStream),
                remarks: remarks(able),
            })
        }
    }
}

/// Whether a technique is taken where nobody asks for one.
fn is_by_itself(technique: Technique) -> bool {
    technique != Technique::AtaSecurityErase
}

/// What can be done, the best first; writing over it always can.
fn offered(able: &Abilities, medium: Medium) -> Vec<Technique> {
    use Technique::{
        AtaSanitizeBlock, AtaSanitizeCrypto, AtaSanitizeOverwrite, AtaSecurityErase,
        NvmeFormatCrypto, NvmeFormatErase, NvmeSanitizeBlock, NvmeSanitizeCrypto,
        NvmeSanitizeOverwrite, OverwriteStream, OverwriteZeros, ScsiSanitizeBlock,
        ScsiSanitizeCrypto, ScsiSanitizeOverwrite,
    };
    let rotating = [
        AtaSanitizeOverwrite,
        AtaSanitizeCrypto,
        ScsiSanitizeOverwrite,
        ScsiSanitizeCrypto,
        OverwriteZeros,
        OverwriteStream,
        AtaSecurityErase,
    ];
    // Overwriting by itself, a drive of flash does not do in ATA: what it would leave is what our own leaves.
    let flash = [
        AtaSanitizeBlock,
        AtaSanitizeCrypto,
        ScsiSanitizeBlock,
        ScsiSanitizeCrypto,
        NvmeSanitizeBlock,
        NvmeSanitizeCrypto,
        NvmeSanitizeOverwrite,
        NvmeFormatErase,
        NvmeFormatCrypto,
        OverwriteStream,
        OverwriteZeros,
        AtaSecurityErase,
    ];
    // What is behind a bridge says what it can, and not what it is.
    let unknown = [
        AtaSanitizeOverwrite,
        AtaSanitizeBlock,
        AtaSanitizeCrypto,
        OverwriteStream,
        OverwriteZeros,
        AtaSecurityErase,
    ];
    let table: &[Technique] = match medium {
        Medium::Rotating => &rotating,
        Medium::Flash => &flash,
        Medium::Unknown => &unknown,
        Medium::Image => &[OverwriteStream, OverwriteZeros],
    };
    let is_there = |technique: &Technique| {
        technique.is_overwrite()
            || able.offers.contains(technique) && !able.is_frozen && !able.is_locked
    };
    table.iter().copied().filter(is_there).collect()
}

fn remarks(able: &Abilities) -> Vec<String> {
    let mut remarks = able.remarks.clone();
    if able.is_locked {
        remarks.push("it is locked with a password, and takes no command".to_owned());
    }
    if able.is_frozen {
        remarks.push(
            "its security is frozen until it was without power: taking it out and in again may offer more"
                .to_owned(),
        );
    }
    remarks
}
