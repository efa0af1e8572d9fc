//! Pictures of parcels and devices, which whoever took them keeps: the service is told by what they are known again.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// What is to be seen on a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Subject {
    /// The box.
    Parcel,
    /// A label.
    Label,
    /// A seal.
    Seal,
    /// The device.
    Device,
    /// What is broken.
    Damage,
}

impl Subject {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Parcel,
        Self::Label,
        Self::Seal,
        Self::Device,
        Self::Damage,
    ];

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Parcel => "parcel",
            Self::Label => "label",
            Self::Seal => "seal",
            Self::Device => "device",
            Self::Damage => "damage",
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A word that is none of them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a picture is of a `parcel`, a `label`, a `seal`, a `device` or a `damage`")]
pub struct NotASubject;

impl FromStr for Subject {
    type Err = NotASubject;

    fn from_str(text: &str) -> Result<Self, NotASubject> {
        let mut all = Self::ALL.into_iter();
        all.find(|subject| subject.name() == text)
            .ok_or(NotASubject)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back_and_are_those_of_the_documents() {
        for subject in Subject::ALL {
            assert_eq!(subject.name().parse(), Ok(subject));
            let json = serde_json::to_string(&subject).unwrap();
            assert_eq!(json, format!("\"{subject}\""));
        }
        assert_eq!("box".parse::<Subject>(), Err(NotASubject));
    }
}
