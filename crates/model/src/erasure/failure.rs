//! Why a device is not erased.

use serde::{Deserialize, Serialize};

use super::account::Certificate;

/// A device was begun to be erased, and is not.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ErasureFailure {
    /// Why.
    pub cause: FailureCause,
    /// The same for a person.
    pub why: String,
    /// What was done until then.
    pub account: Certificate,
}

/// Why. The names are stable words for machines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FailureCause {
    /// Some blocks could not be written.
    BadBlocks,
    /// What was read is not what was written.
    NotAsWritten,
    /// The same while it was still filled with what nobody can guess: it is smaller than it says, or does not keep what
    /// it is given.
    Counterfeit,
    /// Some blocks could not be read afterwards.
    Unreadable,
    /// The device refused a command, or ended it.
    CommandFailed,
    /// The device went away, or gives nothing any more.
    Gone,
    /// It is not the device that it was.
    Changed,
    /// It was not read afterwards.
    NotVerified,
    /// What a newer release says.
    #[serde(other)]
    Other,
}

impl FailureCause {
    /// Why an account is no certificate; nothing if it is one.
    #[must_use]
    pub fn of(account: &Certificate) -> Option<Self> {
        if !account.not_written.is_none() {
            return Some(Self::BadBlocks);
        }
        if account.commands.iter().any(|it| it.status != Some(0)) {
            return Some(Self::CommandFailed);
        }
        match &account.verification {
            None => Some(Self::NotVerified),
            Some(read) if read.first_difference.is_some() => Some(Self::NotAsWritten),
            Some(read) if read.unreadable > 0 => Some(Self::Unreadable),
            Some(_) => None,
        }
    }

    /// What a person is told.
    #[must_use]
    pub fn sentence(self, account: &Certificate) -> String {
        let unwritten = &account.not_written;
        match self {
            Self::BadBlocks => format!(
                "{} bytes in {} ranges could not be written",
                unwritten.bytes, unwritten.ranges
            ),
            Self::NotAsWritten | Self::Counterfeit => different(account, self),
            Self::Unreadable => {
                let ranges = account.verification.as_ref().map_or(0, |it| it.unreadable);
                format!("{ranges} ranges could not be read afterwards")
            }
            Self::CommandFailed => {
                let failed = account.commands.iter().find(|it| it.status != Some(0));
                let failed = failed.map_or("a command", |it| it.command.as_str());
                format!("`{failed}` did not succeed")
            }
            Self::Gone => "the device went away while it was being erased".to_owned(),
            Self::Changed => "it is not the device that it was when it was begun".to_owned(),
            Self::NotVerified => "it was not read afterwards".to_owned(),
            Self::Other => "it could not be erased".to_owned(),
        }
    }
}

fn different(account: &Certificate, cause: FailureCause) -> String {
    let read = account.verification.as_ref();
    let place = match read.and_then(|it| it.first_difference) {
        Some(it) => format!(
            "byte {} reads as {} and should be {}",
            it.offset, it.found, it.expected
        ),
        None => "it does not read as it was written".to_owned(),
    };
    match cause {
        FailureCause::Counterfeit => format!(
            "the device does not keep what is written to it, or is smaller than it says: {place}"
        ),
        _ => place,
    }
}
