//! `[erase]`: the gate before devices are erased.

use std::str::FromStr;

use model::disposal::rules::NotARule;
use model::erasure::{ErasureMethod, VerifyMode};

use super::super::EraseConfig;
use super::super::raw::RawErase;
use super::Check;

impl Check<'_> {
    pub(super) fn erase(&mut self, raw: &RawErase) -> EraseConfig {
        let default = EraseConfig::default();
        EraseConfig {
            release: self
                .parsed("erase.release", &raw.release, rule)
                .unwrap_or(default.release),
            hold_hours: self.number(
                "erase.hold_hours",
                &raw.hold_hours,
                0..=8760,
                default.hold_hours,
            ),
            requires: self
                .parsed("erase.requires", &raw.requires, rule)
                .unwrap_or(default.requires),
            method: self
                .parsed("erase.method", &raw.method, method)
                .unwrap_or(default.method),
            verify: self
                .parsed("erase.verify", &raw.verify, verify)
                .unwrap_or(default.verify),
            confirm: self
                .parsed("erase.confirm", &raw.confirm, rule)
                .unwrap_or(default.confirm),
        }
    }
}

fn rule<T: FromStr<Err = NotARule>>(text: &str) -> Result<T, String> {
    text.parse().map_err(|error: NotARule| error.to_string())
}

fn method(text: &str) -> Result<ErasureMethod, String> {
    let mut all = [ErasureMethod::Clear, ErasureMethod::Purge].into_iter();
    let found = all.find(|method| method.name() == text);
    found.ok_or_else(|| format!("`{text}` is not `clear` or `purge`"))
}

fn verify(text: &str) -> Result<VerifyMode, String> {
    let mut all = [VerifyMode::Full, VerifyMode::Sampled].into_iter();
    let found = all.find(|mode| mode.name() == text);
    found.ok_or_else(|| format!("`{text}` is not `full` or `sampled`"))
}
