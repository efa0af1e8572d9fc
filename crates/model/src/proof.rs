//! How much of a load is proved, and under which circumstances it was made.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::capabilities::{Capabilities, Finding};
use crate::ids::StationName;
use crate::time::Timestamp;

/// How much of what was stored is read back from the store and compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReadBack {
    /// Nothing: the store's word, given for checksums it has checked, is enough.
    #[default]
    Off,
    /// About one file in a hundred, chosen by its path.
    Sampled,
    /// Every file.
    Full,
}

/// A word that is not `off`, `sampled` or `full`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not `off`, `sampled` or `full`")]
pub struct NotAReadBack(String);

impl FromStr for ReadBack {
    type Err = NotAReadBack;

    fn from_str(text: &str) -> Result<Self, NotAReadBack> {
        match text {
            "off" => Ok(Self::Off),
            "sampled" => Ok(Self::Sampled),
            "full" => Ok(Self::Full),
            other => Err(NotAReadBack(other.to_owned())),
        }
    }
}

impl fmt::Display for ReadBack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Off => "off",
            Self::Sampled => "sampled",
            Self::Full => "full",
        })
    }
}

impl Capabilities {
    /// How much is to be read back where `wanted` is asked for: everything, if the store checks
    /// nothing of whole bodies or nothing of parts, and its entity tags say nothing either.
    #[must_use]
    pub fn needed_read_back(&self, wanted: ReadBack) -> ReadBack {
        let any = |findings: &[Finding]| findings.iter().any(|finding| finding.is_honored());
        let of_bodies = any(&[self.md5, self.sha256, self.signed_body, self.etag_is_md5]);
        // Parts that go by another sum go so because the store was shown to check it.
        let of_parts = !self.part_check().is_md5() || any(&[self.part_md5, self.part_etag_is_md5]);
        if of_bodies && (of_parts || !self.multipart.is_honored()) {
            wanted
        } else {
            ReadBack::Full
        }
    }
}

/// One attempt at a job: a record of the journal, told in the report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// Which attempt, from 1.
    pub number: u32,
    /// When it began.
    pub at: Timestamp,
    /// Who made it.
    pub station: StationName,
    /// How much it reads back.
    pub read_back: ReadBack,
    /// What the store was found to do.
    pub store: Capabilities,
}

impl Attempt {
    /// Whether the store was asked what it does. One that only ends a job with what is loaded sends nothing and asks nothing.
    #[must_use]
    pub fn has_probed(&self) -> bool {
        self.store != Capabilities::all(Finding::Unknown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_store_does_not_check_is_read_back_in_full() {
        let ignored = Capabilities::all(Finding::Ignored);
        for (store, needed) in [
            (Capabilities::all(Finding::Honored), ReadBack::Off),
            (ignored.clone(), ReadBack::Full),
            // Whole bodies are checked, and parts are not.
            (
                Capabilities {
                    md5: Finding::Honored,
                    multipart: Finding::Honored,
                    ..ignored.clone()
                },
                ReadBack::Full,
            ),
            // They are, by a sum of their own.
            (
                Capabilities {
                    md5: Finding::Honored,
                    multipart: Finding::Honored,
                    part_crc64nvme: Finding::Honored,
                    ..ignored.clone()
                },
                ReadBack::Off,
            ),
            // There are no parts.
            (
                Capabilities {
                    md5: Finding::Honored,
                    ..ignored
                },
                ReadBack::Off,
            ),
        ] {
            assert_eq!(store.needed_read_back(ReadBack::Off), needed, "{store:?}");
        }
        let honest = Capabilities::all(Finding::Honored);
        let sampled = honest.needed_read_back(ReadBack::Sampled);
        assert_eq!(sampled, ReadBack::Sampled);
    }
}
