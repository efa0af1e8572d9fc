//! What was done to a device, and what it is, row by row.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::technique::{ErasureMethod, Technique};
use super::validation::Validation;
use super::verification::Verification;
use crate::limits::{ANSWER_CHARS, UNWRITTEN_SPANS};
use crate::readable;
use crate::time::Timestamp;

/// What was done to a device. It is a certificate if it is whole, which [`super::ErasureEnd::of`] decides.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Certificate {
    /// What the device is.
    pub device: ErasedDevice,
    /// What the technique gives.
    pub method: ErasureMethod,
    /// How it was erased.
    pub technique: Technique,
    /// The commands that were given to the device, with its answers; none where we wrote ourselves.
    pub commands: Vec<Answer>,
    /// What was written over it, in order; none where the device did it.
    pub passes: Vec<Pass>,
    /// With what.
    pub tool: ErasureTool,
    /// When it was begun, the first time.
    pub started: Timestamp,
    /// When it was over.
    pub ended: Timestamp,
    /// How often it went on after it was interrupted.
    pub resumed: u32,
    /// Bytes written, all passes together.
    pub bytes_written: u64,
    /// Errors the device answered writes and reads with, those that went away included.
    pub errors: u64,
    /// What could not be written.
    pub not_written: Unwritten,
    /// What was read afterwards; nothing if it did not come to that.
    pub verification: Option<Verification>,
    /// Whether what was done fits the medium.
    pub validation: Validation,
    /// What nobody can say of it. Always all of it.
    pub not_claimed: Vec<Unclaimed>,
}

/// The device. All but its size is what it says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErasedDevice {
    /// The maker.
    pub maker: Option<String>,
    /// The maker's name of it.
    pub model: Option<String>,
    /// The maker's number of it.
    pub serial: Option<String>,
    /// Its World Wide Name.
    pub wwn: Option<String>,
    /// The release of what runs in it.
    pub firmware: Option<String>,
    /// What it is made of.
    pub medium: Medium,
    /// Its size, as it shows it.
    pub bytes: u64,
    /// What it keeps from its host.
    pub hidden: HiddenArea,
}

/// What a device is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Medium {
    /// Platters that turn.
    Rotating,
    /// Cells: a solid-state disk, a stick, a card.
    Flash,
    /// A file that holds what a device would.
    Image,
    /// Nobody knows: what is behind a bridge or in a virtual machine. It is treated as cells are.
    Unknown,
}

impl Medium {
    /// Its name, for a person.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Rotating => "rotating disk",
            Self::Flash => "flash",
            Self::Image => "image file",
            Self::Unknown => "medium of unknown kind",
        }
    }
}

impl fmt::Display for Medium {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Sectors that a device keeps from its host, in its own count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "known", content = "sectors", rename_all = "kebab-case")]
pub enum HiddenArea {
    /// So many; 0 is none.
    Sectors(u64),
    /// Nobody could ask.
    Unknown,
}

/// A command that was given to a device, and what came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// Program and arguments.
    pub command: String,
    /// How it ended; nothing if it was ended by a signal.
    pub status: Option<i32>,
    /// The first of what it said.
    pub said: String,
}

impl Answer {
    /// What a program said, made fit for a line.
    #[must_use]
    pub fn new(command: &str, status: Option<i32>, said: &str) -> Self {
        Self {
            command: readable::name(command, ANSWER_CHARS),
            status,
            said: readable::name(said.trim(), ANSWER_CHARS),
        }
    }
}

/// One time over the whole device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pass {
    /// What was written.
    pub fill: PassFill,
    /// Bytes written.
    pub bytes: u64,
    /// Whether all of it was read back and compared, before the next.
    pub read_back: bool,
}

/// What a pass writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PassFill {
    /// ChaCha20 under a key that nobody has any more, by the number of the block.
    KeyedStream,
    /// Zeros.
    Zeros,
}

/// The program that did it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErasureTool {
    /// Its name.
    pub name: String,
    /// Its release.
    pub version: String,
}

/// Bytes of a device that lie beside each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Span {
    /// Where they begin, in bytes from the beginning of the device.
    pub offset: u64,
    /// How many they are.
    pub bytes: u64,
}

impl Span {
    /// The place after the last of them.
    #[must_use]
    pub fn end(self) -> u64 {
        self.offset.saturating_add(self.bytes)
    }
}

/// What could not be written.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Unwritten {
    /// How many bytes.
    pub bytes: u64,
    /// How many ranges they are in.
    pub ranges: u64,
    /// The first of them, in order.
    pub listed: Vec<Span>,
}

impl Unwritten {
    /// What is told of ranges that are in order and do not touch.
    #[must_use]
    pub fn of(spans: &[Span]) -> Self {
        Self {
            bytes: spans.iter().map(|span| span.bytes).sum(),
            ranges: u64::try_from(spans.len()).unwrap_or(u64::MAX),
            listed: spans.iter().copied().take(UNWRITTEN_SPANS).collect(),
        }
    }

    /// Whether everything was written.
    #[must_use]
    pub fn is_none(&self) -> bool {
        self.ranges == 0
    }
}

/// What no certificate claims.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unclaimed {
    /// Sectors that the device has replaced, and shows to nobody.
    RemappedSectors,
    /// Cells beyond its size, among which it moves what is written.
    OverProvisionedCells,
    /// Areas that it keeps from its host.
    HiddenAreas,
    /// Conformance to IEEE 2883.
    Ieee2883,
}

impl Unclaimed {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::RemappedSectors,
        Self::OverProvisionedCells,
        Self::HiddenAreas,
        Self::Ieee2883,
    ];

    /// What a person is told.
    #[must_use]
    pub fn sentence(self) -> &'static str {
        match self {
            Self::RemappedSectors => "sectors that the device has replaced by others",
            Self::OverProvisionedCells => "cells beyond the size that the device shows",
            Self::HiddenAreas => "areas that the device keeps from its host",
            Self::Ieee2883 => "conformance to IEEE 2883",
        }
    }
}
