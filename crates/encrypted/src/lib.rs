//! Encrypted volumes: what opens them, and where their plain bytes lie.
//!
//! Bytes in, bytes out. [`open()`] reads the header of a volume and tries the secrets that it is given; what comes of it is
//! a [`plain::Plain`]: which bytes of the volume are to be deciphered with which key, and which are zeros. Whoever reads
//! the volume does that himself ([`cipher::SectorCipher`]), where he reads. Nothing here does I/O, starts a thread or
//! writes a word to anywhere.
//!
//! A header is made by whoever made the disk: it costs no more than [`limits`] allows, and what is not known of it is
//! refused by name and never guessed. A read gives the bytes that were encrypted, or there is none. Secrets and keys have
//! no face, and are wiped when they are dropped.

/// Whether keys cost nothing and sums are right whatever they are: see the feature `unchecked`.
const UNCHECKED: bool = cfg!(feature = "unchecked");

mod bitlocker;
pub mod cipher;
mod key;
pub mod limits;
mod luks;
pub mod plain;
pub mod secrets;
mod stretch;
mod veracrypt;

use filesystems::blocks::{Blocks, Fault};
use thiserror::Error;

use plain::Plain;
use secrets::Secrets;

/// In which form a volume is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// LUKS, of either version.
    Luks,
    /// BitLocker, BitLocker To Go.
    BitLocker,
    /// VeraCrypt or TrueCrypt, which have no mark: whatever else is there looks so.
    VeraCrypt,
}

/// Why a volume is not open.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Locked {
    /// None of the secrets is of a kind that it takes; a fragment of what it takes: "a password".
    #[error("it takes {0}")]
    Needed(String),
    /// It takes secrets of this kind, and this is not one of its own.
    #[error("the secret is not the one that it was encrypted with")]
    Wrong,
    /// A fragment that goes on from "the volume …", of what was found and what the customer can do.
    #[error("the volume {0}")]
    Refused(String),
    /// Its header is damaged or cannot be read.
    #[error("its header is damaged: {0}")]
    Damaged(String),
    /// Trying the secret would take more time or memory than a header may ask for.
    #[error("its header asks for too much: {0}")]
    Costly(String),
    /// The device answers no more.
    #[error("the device answers no more")]
    Ended,
}

impl Locked {
    fn of(fault: Fault, what: &str) -> Self {
        match fault {
            Fault::Bad => Self::Damaged(format!("{what} cannot be read")),
            Fault::Ended => Self::Ended,
        }
    }
}

/// What a volume says that it is encrypted with.
///
/// # Errors
/// [`Fault::Ended`] if the device answers no more. What cannot be read has no mark.
pub fn format(volume: &mut dyn Blocks) -> Result<Format, Fault> {
    let mut start = [0; 512];
    match volume.read(0, &mut start) {
        Ok(()) if luks::is_there(&start) => Ok(Format::Luks),
        Ok(()) if bitlocker::is_there(&start) => Ok(Format::BitLocker),
        Ok(()) | Err(Fault::Bad) if luks::has_second_header(volume)? => Ok(Format::Luks),
        Ok(()) | Err(Fault::Bad) => Ok(Format::VeraCrypt),
        Err(Fault::Ended) => Err(Fault::Ended),
    }
}

/// The label and the UUID that a volume of LUKS2 has in its first 512 bytes, in clear: they tell it from others, and prove
/// nothing. None of what has no label.
#[must_use]
pub fn luks_names(start: &[u8]) -> Option<(String, String)> {
    luks::names(start)
}

/// Opens a volume with the first of the secrets that opens it.
///
/// # Errors
/// [`Locked`].
pub fn open(volume: &mut dyn Blocks, secrets: &Secrets) -> Result<Plain, Locked> {
    let format = format(volume).map_err(|fault| Locked::of(fault, "its first sector"))?;
    let plain = match format {
        Format::Luks => luks::open(volume, secrets),
        Format::BitLocker => bitlocker::open(volume, secrets),
        Format::VeraCrypt => veracrypt::open(volume, secrets),
    }?;
    plain.checked(volume.bytes())
}
