//! The ways to erase a device, and what each gives.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::ids::InvalidId;

/// What is gone after a technique did its work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ErasureMethod {
    /// Nothing comes back through the device's own interface.
    Clear,
    /// Nothing comes back in a laboratory.
    Purge,
}

impl ErasureMethod {
    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Clear => "clear",
            Self::Purge => "purge",
        }
    }
}

impl fmt::Display for ErasureMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A way to erase a device. The names are stable words for machines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Technique {
    /// Zeros over every visible block, once.
    OverwriteZeros,
    /// A keyed stream over every visible block, read back; then zeros.
    OverwriteStream,
    /// ATA SECURITY ERASE UNIT, with or without ENHANCED. Never by itself: one that is interrupted locks the drive.
    AtaSecurityErase,
    /// ATA SANITIZE, OVERWRITE EXT.
    AtaSanitizeOverwrite,
    /// ATA SANITIZE, BLOCK ERASE EXT.
    AtaSanitizeBlock,
    /// ATA SANITIZE, CRYPTO SCRAMBLE EXT.
    AtaSanitizeCrypto,
    /// SCSI SANITIZE, OVERWRITE.
    ScsiSanitizeOverwrite,
    /// SCSI SANITIZE, BLOCK ERASE.
    ScsiSanitizeBlock,
    /// SCSI SANITIZE, CRYPTOGRAPHIC ERASE.
    ScsiSanitizeCrypto,
    /// NVMe Format with user data erase.
    NvmeFormatErase,
    /// NVMe Format with cryptographic erase.
    NvmeFormatCrypto,
    /// NVMe Sanitize, overwrite.
    NvmeSanitizeOverwrite,
    /// NVMe Sanitize, block erase.
    NvmeSanitizeBlock,
    /// NVMe Sanitize, crypto erase.
    NvmeSanitizeCrypto,
}

impl Technique {
    /// Every technique.
    pub const ALL: [Self; 14] = [
        Self::OverwriteZeros,
        Self::OverwriteStream,
        Self::AtaSecurityErase,
        Self::AtaSanitizeOverwrite,
        Self::AtaSanitizeBlock,
        Self::AtaSanitizeCrypto,
        Self::ScsiSanitizeOverwrite,
        Self::ScsiSanitizeBlock,
        Self::ScsiSanitizeCrypto,
        Self::NvmeFormatErase,
        Self::NvmeFormatCrypto,
        Self::NvmeSanitizeOverwrite,
        Self::NvmeSanitizeBlock,
        Self::NvmeSanitizeCrypto,
    ];

    /// A stable word for machines, and what a person types.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::OverwriteZeros => "overwrite-zeros",
            Self::OverwriteStream => "overwrite-stream",
            Self::AtaSecurityErase => "ata-security-erase",
            Self::AtaSanitizeOverwrite => "ata-sanitize-overwrite",
            Self::AtaSanitizeBlock => "ata-sanitize-block",
            Self::AtaSanitizeCrypto => "ata-sanitize-crypto",
            Self::ScsiSanitizeOverwrite => "scsi-sanitize-overwrite",
            Self::ScsiSanitizeBlock => "scsi-sanitize-block",
            Self::ScsiSanitizeCrypto => "scsi-sanitize-crypto",
            Self::NvmeFormatErase => "nvme-format-erase",
            Self::NvmeFormatCrypto => "nvme-format-crypto",
            Self::NvmeSanitizeOverwrite => "nvme-sanitize-overwrite",
            Self::NvmeSanitizeBlock => "nvme-sanitize-block",
            Self::NvmeSanitizeCrypto => "nvme-sanitize-crypto",
        }
    }

    /// What it gives, and not more: formatting and SECURITY ERASE UNIT are read carefully.
    #[must_use]
    pub fn method(self) -> ErasureMethod {
        match self {
            Self::OverwriteZeros
            | Self::OverwriteStream
            | Self::AtaSecurityErase
            | Self::NvmeFormatErase
            | Self::NvmeFormatCrypto => ErasureMethod::Clear,
            Self::AtaSanitizeOverwrite
            | Self::AtaSanitizeBlock
            | Self::AtaSanitizeCrypto
            | Self::ScsiSanitizeOverwrite
            | Self::ScsiSanitizeBlock
            | Self::ScsiSanitizeCrypto
            | Self::NvmeSanitizeOverwrite
            | Self::NvmeSanitizeBlock
            | Self::NvmeSanitizeCrypto => ErasureMethod::Purge,
        }
    }

    /// Whether we write every block ourselves.
    #[must_use]
    pub fn is_overwrite(self) -> bool {
        matches!(self, Self::OverwriteZeros | Self::OverwriteStream)
    }

    /// Whether every block reads as zeros after it. A device that has thrown away its key, or erased its cells, may
    /// answer anything, also an error.
    #[must_use]
    pub fn leaves_zeros(self) -> bool {
        self.is_overwrite()
            || matches!(
                self,
                Self::AtaSanitizeOverwrite
                    | Self::ScsiSanitizeOverwrite
                    | Self::NvmeSanitizeOverwrite
            )
    }

    /// What a person is told of it.
    #[must_use]
    pub fn sentence(self) -> &'static str {
        match self {
            Self::OverwriteZeros => "zeros over every visible block",
            Self::OverwriteStream => {
                "a keyed stream over every visible block, read back, then zeros"
            }
            Self::AtaSecurityErase => "ATA SECURITY ERASE UNIT",
            Self::AtaSanitizeOverwrite => "ATA SANITIZE by overwriting",
            Self::AtaSanitizeBlock => "ATA SANITIZE by block erase",
            Self::AtaSanitizeCrypto => "ATA SANITIZE by crypto scramble",
            Self::ScsiSanitizeOverwrite => "SCSI SANITIZE by overwriting",
            Self::ScsiSanitizeBlock => "SCSI SANITIZE by block erase",
            Self::ScsiSanitizeCrypto => "SCSI SANITIZE by cryptographic erase",
            Self::NvmeFormatErase => "NVMe Format with user data erase",
            Self::NvmeFormatCrypto => "NVMe Format with cryptographic erase",
            Self::NvmeSanitizeOverwrite => "NVMe Sanitize by overwriting",
            Self::NvmeSanitizeBlock => "NVMe Sanitize by block erase",
            Self::NvmeSanitizeCrypto => "NVMe Sanitize by crypto erase",
        }
    }
}

impl fmt::Display for Technique {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl FromStr for Technique {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let mut all = Self::ALL.into_iter();
        all.find(|it| it.code() == text).ok_or_else(|| InvalidId {
            value: text.to_owned(),
            expected: "a technique of erasing, for instance `overwrite-zeros` or `nvme-sanitize-block`",
        })
    }
}
