//! Every code that a failed line of a report may have, with its status: the one table of them.
//!
//! `docs/formats.md` says what each means. What a store answers in its own words goes through as it is.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::stopped::StopCause;

/// The code of what failed. Its text is what reports and journals hold.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
#[expect(
    missing_docs,
    reason = "each is told in the table below and in docs/formats.md"
)]
pub enum FailureCode {
    InvalidFileName,
    InvalidSubstitution,
    KeyTooLongError,
    KeyNotKept,
    KeyCollision,
    ObjectExists,
    ReportExists,
    PatternTooCostly,
    EntityTooLarge,
    LargerThanDevice,
    ReadError,
    DamagedFileSystem,
    EncryptedFile,
    CloudPlaceholder,
    DeduplicatedFile,
    UnsupportedFeature,
    UnsupportedFileFormat,
    FileChanged,
    FileVanished,
    ObjectLost,
    ReviewFailed,
    ReadBackMismatch,
    ObjectChanged,
    ObjectDamaged,
    NameCollision,
    WriteError,
    DeviceFull,
    RecoveryDirectoryFull,
    StoreError,
    /// The job was on hold for this, and was finished without what was not loaded.
    Without(StopCause),
    /// A code of the store's own.
    OfStore(Box<str>),
}

impl FailureCode {
    /// All but those of stores.
    const OURS: [Self; 29] = [
        Self::InvalidFileName,
        Self::InvalidSubstitution,
        Self::KeyTooLongError,
        Self::KeyNotKept,
        Self::KeyCollision,
        Self::ObjectExists,
        Self::ReportExists,
        Self::PatternTooCostly,
        Self::EntityTooLarge,
        Self::LargerThanDevice,
        Self::ReadError,
        Self::DamagedFileSystem,
        Self::EncryptedFile,
        Self::CloudPlaceholder,
        Self::DeduplicatedFile,
        Self::UnsupportedFeature,
        Self::UnsupportedFileFormat,
        Self::FileChanged,
        Self::FileVanished,
        Self::ObjectLost,
        Self::ReviewFailed,
        Self::ReadBackMismatch,
        Self::ObjectChanged,
        Self::ObjectDamaged,
        Self::NameCollision,
        Self::WriteError,
        Self::DeviceFull,
        Self::RecoveryDirectoryFull,
        Self::StoreError,
    ];

    /// The table: the text of each, and the status of the lines that have it where no store gave another.
    fn row(&self) -> (&str, u16) {
        match self {
            Self::InvalidFileName => ("InvalidFileName", 400),
            Self::InvalidSubstitution => ("InvalidSubstitution", 400),
            Self::KeyTooLongError => ("KeyTooLongError", 400),
            Self::KeyNotKept => ("KeyNotKept", 400),
            Self::KeyCollision => ("KeyCollision", 409),
            Self::ObjectExists => ("ObjectExists", 409),
            Self::ReportExists => ("ReportExists", 409),
            Self::PatternTooCostly => ("PatternTooCostly", 400),
            Self::EntityTooLarge => ("EntityTooLarge", 400),
            Self::LargerThanDevice => ("LargerThanDevice", 400),
            Self::ReadError => ("ReadError", 500),
            Self::DamagedFileSystem => ("DamagedFileSystem", 500),
            Self::EncryptedFile => ("EncryptedFile", 415),
            Self::CloudPlaceholder => ("CloudPlaceholder", 404),
            Self::DeduplicatedFile => ("DeduplicatedFile", 415),
            Self::UnsupportedFeature => ("UnsupportedFeature", 415),
            Self::UnsupportedFileFormat => ("UnsupportedFileFormat", 415),
            Self::FileChanged => ("FileChanged", 409),
            Self::FileVanished => ("FileVanished", 404),
            Self::ObjectLost => ("ObjectLost", 404),
            Self::ReviewFailed => ("ReviewFailed", 500),
            Self::ReadBackMismatch => ("ReadBackMismatch", 500),
            Self::ObjectChanged => ("ObjectChanged", 409),
            Self::ObjectDamaged => ("ObjectDamaged", 500),
            Self::NameCollision => ("NameCollision", 500),
            Self::WriteError => ("WriteError", 500),
            Self::DeviceFull => ("DeviceFull", 507),
            Self::RecoveryDirectoryFull => ("RecoveryDirectoryFull", 507),
            Self::StoreError => ("StoreError", 500),
            Self::Without(cause) => (cause.code(), cause.status()),
            Self::OfStore(code) => (code, 500),
        }
    }

    /// Its text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.row().0
    }

    /// The status of a line that has it, where no store gave another.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.row().1
    }

    /// Whether the name of the file alone was in the way, and not its content, device or store.
    #[must_use]
    pub fn is_of_name(&self) -> bool {
        matches!(
            self,
            Self::InvalidFileName
                | Self::InvalidSubstitution
                | Self::KeyTooLongError
                | Self::KeyNotKept
                | Self::KeyCollision
                | Self::ObjectExists
                | Self::ReportExists
        )
    }
}

impl From<String> for FailureCode {
    fn from(text: String) -> Self {
        let ours = Self::OURS.into_iter().find(|code| code.as_str() == text);
        let is_it = |cause: &StopCause| cause.may_be_finished_without() && cause.code() == text;
        let without = StopCause::ALL.into_iter().find(is_it).map(Self::Without);
        ours.or(without)
            .unwrap_or_else(|| Self::OfStore(text.into()))
    }
}

impl From<FailureCode> for String {
    fn from(code: FailureCode) -> Self {
        code.as_str().to_owned()
    }
}

impl fmt::Display for FailureCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_read_as_it_is_written() {
        for code in FailureCode::OURS {
            let text = String::from(code.clone());
            assert!((400..600).contains(&code.status()), "{text}");
            assert_eq!(FailureCode::from(text), code);
        }
        for cause in StopCause::ALL {
            let code = FailureCode::from(cause.code().to_owned());
            let is_ours = code == FailureCode::Without(cause);
            assert_eq!(is_ours, cause.may_be_finished_without(), "{code}");
            assert_eq!(String::from(code), cause.code());
        }
        let of_store = FailureCode::from("SlowDown".to_owned());
        assert_eq!(of_store, FailureCode::OfStore("SlowDown".into()));
        assert_eq!(of_store.to_string(), "SlowDown");
    }
}
