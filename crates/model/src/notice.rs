//! What customers and operators are told of while a job goes its way, and which of it goes by mail.
//!
//! The kinds of notices are words that receivers rely on: one is never given another meaning. Which event of custody gives
//! which kind stands in `server/src/notices/table.rs`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The address of nobody, in manifests that a program makes for somebody who wants no mail: `longshore import` does. It is
/// sent nothing.
pub const NOBODY: &str = "nobody@localhost";

/// Lists the kinds once, each with its word and whether it goes by mail.
macro_rules! kinds {
    ($($(#[$doc:meta])* $variant:ident $word:literal $mail:ident,)*) => {
        /// What somebody is told of.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub enum NoticeKind {
            $($(#[$doc])* $variant,)*
        }

        impl NoticeKind {
            /// All of them, in the order in which things happen.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The word for it, for ever.
            #[must_use]
            pub fn word(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)*
                }
            }

            /// Whether the customer gets a mail of it. Everything goes to webhooks.
            #[must_use]
            pub fn goes_by_mail(self) -> ByMail {
                match self {
                    $(Self::$variant => ByMail::$mail,)*
                }
            }
        }
    };
}

/// Whether a kind of notice goes by mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ByMail {
    /// To each address of the manifest.
    Yes,
    /// To webhooks alone.
    No,
}

kinds! {
    /// A job was made.
    JobCreated "job.created" Yes,
    /// Its manifest was replaced.
    JobUpdated "job.updated" No,
    /// It was taken back.
    JobCanceled "job.canceled" No,
    /// Its device has not come, and the time for that is nearly over.
    JobExpiring "job.expiring" Yes,
    /// Its device did not come in time.
    JobExpired "job.expired" Yes,
    /// Its device is here.
    DeviceReceived "device.received" Yes,
    /// Something is wrong with the device or its parcel.
    DeviceProblem "device.problem" Yes,
    /// The job stands still until somebody mends something.
    DeviceHeld "device.held" Yes,
    /// The job goes on.
    DeviceResumed "device.resumed" Yes,
    /// The job is on hold for longer than the operator's `hold_days`.
    JobOverdue "job.overdue" Yes,
    /// A transfer began, or began again.
    TransferStarted "transfer.started" No,
    /// Every entry has its line in the report.
    TransferFinished "transfer.finished" Yes,
    /// The job was given up.
    TransferAborted "transfer.aborted" Yes,
    /// The device may be erased.
    DeviceReleased "device.released" Yes,
    /// The device was erased.
    DeviceErased "device.erased" Yes,
    /// The device could not be erased.
    DeviceEraseFailed "device.erase_failed" Yes,
    /// The device is on its way back.
    DeviceReturned "device.returned" Yes,
    /// There is another edition of the receipt.
    ReceiptIssued "receipt.issued" No,
    /// Somebody tries whether a webhook works.
    WebhookTest "webhook.test" No,
}

impl fmt::Display for NoticeKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// A word that is no kind of notice.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a kind of notice such as `transfer.finished`")]
pub struct UnknownNotice(String);

impl FromStr for NoticeKind {
    type Err = UnknownNotice;

    fn from_str(word: &str) -> Result<Self, UnknownNotice> {
        let mut all = Self::ALL.iter().copied();
        let found = all.find(|kind| kind.word() == word);
        found.ok_or_else(|| UnknownNotice(crate::readable::name(word, 40)))
    }
}

impl TryFrom<String> for NoticeKind {
    type Error = UnknownNotice;

    fn try_from(word: String) -> Result<Self, UnknownNotice> {
        word.parse()
    }
}

impl From<NoticeKind> for String {
    fn from(kind: NoticeKind) -> Self {
        kind.word().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_read_by_its_word() {
        for kind in NoticeKind::ALL {
            assert_eq!(kind.word().parse(), Ok(*kind));
        }
        let unknown = "job.made".parse::<NoticeKind>().unwrap_err();
        assert!(unknown.to_string().contains("`job.made`"), "{unknown}");
    }

    /// The table of the guide: who reads mails is not told of every step.
    #[test]
    fn mails_tell_what_somebody_waits_for_or_has_to_do() {
        let quiet = NoticeKind::ALL
            .iter()
            .filter(|kind| kind.goes_by_mail() == ByMail::No);
        let quiet: Vec<&str> = quiet.map(|kind| kind.word()).collect();
        let expected = [
            "job.updated",
            "job.canceled",
            "transfer.started",
            "receipt.issued",
            "webhook.test",
        ];
        assert_eq!(quiet, expected);
    }
}
