//! What a station does by itself with devices that are plugged in: a part of `[station]`.

use model::ids::{BayName, PortId};
use serde::{Deserialize, Serialize};

/// The bench of a station.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BenchConfig {
    /// `bench`: whether devices are noticed that are plugged in.
    pub enabled: bool,
    /// `auto_load`: whether one is loaded as soon as it is known whose it is.
    pub auto_load: bool,
    /// `loads_at_once`: most devices that are loaded at a time.
    pub loads_at_once: u32,
    /// `settle_seconds`: how long a device that has gone may take to come back by itself.
    pub settle_seconds: u32,
    /// `on_dirty`: what is done with a device that was not ejected cleanly.
    pub on_dirty: OnDirty,
    /// `on_failing`: what is done with a device that is failing.
    pub on_failing: OnFailing,
    /// `bad_limit`: most ranges that cannot be read of a device that is not failing.
    pub bad_limit: u32,
    /// `[[station.bays]]`: the bays that have names. Where none has, every port is one.
    pub bays: Vec<BayConfig>,
}

/// `[[station.bays]]`: a bay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BayConfig {
    /// `name`: what stands on its sticker.
    pub name: BayName,
    /// `match`: the ports that it is.
    pub ports: Vec<PortId>,
}

/// What is done with a device that was not ejected cleanly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OnDirty {
    /// It is loaded as it is, and the report says so.
    Load,
    /// It waits for a person.
    Hold,
}

/// What is done with a device that is failing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OnFailing {
    /// It is loaded on; what is bad is read last.
    GoOn,
    /// Its job is held until a person says so.
    Hold,
}

impl Default for BenchConfig {
    fn default() -> Self {
        Self {
            enabled: false,
            auto_load: true,
            loads_at_once: 8,
            settle_seconds: 20,
            on_dirty: OnDirty::Load,
            on_failing: OnFailing::GoOn,
            bad_limit: 16,
            bays: Vec::new(),
        }
    }
}
