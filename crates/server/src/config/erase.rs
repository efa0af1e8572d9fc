//! `[erase]`: who may have a device erased, and what must be so before.

use model::disposal::gate::GateRules;
use model::disposal::rules::{Confirm, Proof, ReleaseRule};
use model::erasure::{ErasureMethod, VerifyMode};

/// `[erase]`: the gate before devices are erased.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EraseConfig {
    /// `release`: what releases a device.
    pub release: ReleaseRule,
    /// `hold_hours`: hours after the report for which the word of a manifest waits.
    pub hold_hours: u32,
    /// `requires`: on what every stored line of the report must rest.
    pub requires: Proof,
    /// `method`: what an erase must achieve at least.
    pub method: ErasureMethod,
    /// `verify`: how much of a device is read after it was erased.
    pub verify: VerifyMode,
    /// `confirm`: who says at the bay that this device is meant.
    pub confirm: Confirm,
}

impl Default for EraseConfig {
    fn default() -> Self {
        Self {
            release: ReleaseRule::Manifest,
            hold_hours: 24,
            requires: Proof::Stored,
            method: ErasureMethod::Clear,
            verify: VerifyMode::Full,
            confirm: Confirm::Person,
        }
    }
}

impl EraseConfig {
    /// What of it the gate goes by.
    #[must_use]
    pub fn gate(&self) -> GateRules {
        GateRules {
            release: self.release,
            hold_hours: self.hold_hours,
            requires: self.requires,
            confirm: self.confirm,
        }
    }
}
