//! What a job is on hold for: who mends it, how it is seen that it is mended, and what giving up means.
//!
//! A hold is a [`StopCause`] that somebody can mend. It is no state of AWS and no outcome: the job stands
//! as it stood, keeps what is loaded, and goes on when it is mended. The other causes mend themselves, or
//! say only that nobody is at work. `docs/holds.md` is printed from here.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::progress::AbortReason;
use crate::stopped::StopCause;

/// What is known of a hold by its cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hold {
    /// Who mends it.
    pub mender: Mender,
    /// How it is seen that it is mended.
    pub check: Check,
    /// What becomes of a job that nobody mends, once somebody gives it up.
    pub given_up: GivenUp,
}

/// Who mends what a job is on hold for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mender {
    /// The customer, by the API.
    Customer,
    /// Who has the device at hand.
    Operator,
    /// Who runs the service and its stores.
    Admin,
}

/// How it is seen that something is mended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Check {
    /// The service asks the store for the bucket.
    Bucket,
    /// The service looks at the account's rights.
    Rights,
    /// The service tries in the store what the job needs.
    Store,
    /// The service reads the manifest.
    Manifest,
    /// The service looks at how much a job of the account may load.
    Limit,
    /// A station docks the device again.
    Docking,
    /// A person says so.
    Person,
}

/// What becomes of a job that is given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum GivenUp {
    /// It is canceled.
    Canceled,
    /// It ends with a code of AWS.
    Aborted(AbortReason),
}

/// How a job came to go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mended {
    /// The service found what was wrong mended.
    Checked,
    /// The customer sent the manifest again.
    Updated,
    /// The device was docked again, and nothing stood against it.
    Docked,
    /// A person said that it may go on.
    Told,
    /// A secret came that may open the device.
    Secret,
}

impl Mended {
    /// Whether a person did something about it, so that what was tried in vain before says nothing.
    #[must_use]
    pub(crate) fn is_by_a_person(self) -> bool {
        match self {
            Self::Updated | Self::Told | Self::Secret => true,
            Self::Checked | Self::Docked => false,
        }
    }
}

impl Mender {
    /// A stable word for machines.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::Operator => "operator",
            Self::Admin => "admin",
        }
    }
}

impl Check {
    /// Whether the service sees by itself that it is mended, so that trying again is nobody's work.
    #[must_use]
    pub fn is_by_the_service(self) -> bool {
        match self {
            Self::Bucket | Self::Rights | Self::Store | Self::Manifest | Self::Limit => true,
            Self::Docking | Self::Person => false,
        }
    }
}

impl StopCause {
    /// What is known of the hold, if the cause is one that somebody mends.
    #[must_use]
    pub fn hold(self) -> Option<Hold> {
        let (mender, check, given_up) = match self {
            Self::BucketMissing => (Mender::Customer, Check::Bucket, GivenUp::Canceled),
            Self::BucketRights => (Mender::Admin, Check::Rights, GivenUp::Canceled),
            Self::StoreRefuses | Self::StoreFull => {
                (Mender::Admin, Check::Store, GivenUp::Canceled)
            }
            Self::ManifestFault => (Mender::Customer, Check::Manifest, GivenUp::Canceled),
            Self::SignatureMissing => docked(Mender::Customer, AbortReason::MissingSignature),
            Self::SignatureWrong => docked(Mender::Customer, AbortReason::InvalidSignature),
            Self::FileSystemUnsupported => {
                docked(Mender::Operator, AbortReason::UnsupportedFileFormat)
            }
            Self::PasswordNeeded | Self::PasswordWrong => {
                docked(Mender::Customer, AbortReason::DeviceError)
            }
            Self::DeviceNotEmpty | Self::DeviceTooSmall | Self::DiskGone | Self::DiskFailing => {
                docked(Mender::Operator, AbortReason::DeviceError)
            }
            Self::CapacityWrong => docked(Mender::Customer, AbortReason::DeviceError),
            Self::ByOperator => (Mender::Operator, Check::Person, GivenUp::Canceled),
            Self::ByCustomer => (Mender::Customer, Check::Person, GivenUp::Canceled),
            Self::TooLarge => (Mender::Admin, Check::Limit, GivenUp::Canceled),
            Self::Dirty => docked(Mender::Customer, AbortReason::UnsupportedFileFormat),
            Self::StoreSilent
            | Self::Interrupted
            | Self::StationSilent
            | Self::StationTrouble
            | Self::Retry
            | Self::Other => return None,
        };
        Some(Hold {
            mender,
            check,
            given_up,
        })
    }

    /// Whether a job that is on hold for this can end with what is loaded of it. Otherwise nothing is, and AWS has a code
    /// for how it ends.
    #[must_use]
    pub fn may_be_finished_without(self) -> bool {
        match self {
            Self::BucketMissing
            | Self::BucketRights
            | Self::StoreRefuses
            | Self::StoreFull
            | Self::DiskGone
            | Self::DiskFailing
            | Self::ByOperator => true,
            Self::StoreSilent
            | Self::ManifestFault
            | Self::PasswordNeeded
            | Self::PasswordWrong
            | Self::SignatureMissing
            | Self::SignatureWrong
            | Self::FileSystemUnsupported
            | Self::CapacityWrong
            | Self::DeviceNotEmpty
            | Self::DeviceTooSmall
            | Self::Dirty
            | Self::TooLarge
            | Self::ByCustomer
            | Self::Interrupted
            | Self::StationSilent
            | Self::StationTrouble
            | Self::Retry
            | Self::Other => false,
        }
    }

    /// Whether it may end within minutes with nobody's doing: a bus that is reset, or a store with too little room, or too
    /// little patience, for a moment.
    #[must_use]
    pub fn may_pass(self) -> bool {
        matches!(self, Self::DiskGone | Self::StoreFull | Self::StoreRefuses)
    }

    /// Whether it is what a person said.
    #[must_use]
    pub fn is_by_person(self) -> bool {
        matches!(self, Self::ByOperator | Self::ByCustomer)
    }

    /// Whether its customer may let the job go on: it is what she said herself, or about what is on her device.
    #[must_use]
    pub fn is_let_go_by_customer(self) -> bool {
        matches!(self, Self::ByCustomer | Self::Dirty)
    }

    /// Whether a person may say that the device is loaded as it is, which holds for the job from then on: what it is on
    /// hold for stays as it was, and would hold it again with the next docking.
    #[must_use]
    pub fn may_be_taken_as_it_is(self) -> bool {
        matches!(self, Self::Dirty | Self::DiskFailing)
    }

    /// The nearest status of HTTP, for the lines of files that a job was finished without.
    #[must_use]
    pub(crate) fn status(self) -> u16 {
        match self {
            Self::BucketMissing => 404,
            Self::BucketRights | Self::StoreRefuses => 403,
            Self::StoreFull => 507,
            Self::TooLarge => 413,
            Self::ByOperator | Self::ByCustomer => 409,
            Self::ManifestFault
            | Self::CapacityWrong
            | Self::SignatureMissing
            | Self::SignatureWrong => 400,
            Self::PasswordNeeded
            | Self::PasswordWrong
            | Self::FileSystemUnsupported
            | Self::Dirty => 415,
            Self::StoreSilent
            | Self::DeviceNotEmpty
            | Self::DeviceTooSmall
            | Self::DiskGone
            | Self::DiskFailing
            | Self::Interrupted
            | Self::StationSilent
            | Self::StationTrouble
            | Self::Retry
            | Self::Other => 500,
        }
    }

    /// Whether a secret that opens the device mends it, which a station finds out by trying.
    #[must_use]
    pub fn waits_for_secret(self) -> bool {
        matches!(self, Self::PasswordNeeded | Self::PasswordWrong)
    }

    /// Whether another manifest may mend it: a job that is on hold for this and of which nothing was moved is Pending,
    /// since AWS takes a manifest of no other.
    #[must_use]
    pub fn may_be_mended_by_manifest(self) -> bool {
        self.is_mended_by_update() || self.waits_for_secret()
    }

    /// Whether a manifest that was sent again, and whose buckets were found to be usable, mends it.
    #[must_use]
    pub fn is_mended_by_update(self) -> bool {
        match self {
            Self::BucketMissing
            | Self::BucketRights
            | Self::StoreRefuses
            | Self::ManifestFault
            | Self::CapacityWrong => true,
            // Writing nothing finds room in a full store, and the others are about the device.
            Self::StoreFull
            | Self::StoreSilent
            | Self::PasswordNeeded
            | Self::PasswordWrong
            | Self::SignatureMissing
            | Self::SignatureWrong
            | Self::FileSystemUnsupported
            | Self::DeviceNotEmpty
            | Self::DeviceTooSmall
            | Self::Dirty
            | Self::TooLarge
            | Self::DiskGone
            | Self::DiskFailing
            | Self::ByOperator
            | Self::ByCustomer
            | Self::Interrupted
            | Self::StationSilent
            | Self::StationTrouble
            | Self::Retry
            | Self::Other => false,
        }
    }
}

/// What only another docking shows, and that otherwise ends as AWS ended it.
fn docked(mender: Mender, reason: AbortReason) -> (Mender, Check, GivenUp) {
    (mender, Check::Docking, GivenUp::Aborted(reason))
}

impl fmt::Display for Mender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Customer => "customer",
            Self::Operator => "operator",
            Self::Admin => "who runs the service",
        })
    }
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bucket => "the service asks for the bucket",
            Self::Rights => "the service looks at the account's rights",
            Self::Store => "the service tries what the job needs",
            Self::Manifest => "the service reads the manifest",
            Self::Limit => "the service looks at the account's limit",
            Self::Docking => "the device is docked again",
            Self::Person => "who set it says so",
        })
    }
}

impl fmt::Display for GivenUp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Canceled => f.write_str("`Canceled`"),
            Self::Aborted(reason) => write!(f, "`{}`", reason.code()),
        }
    }
}

#[cfg(test)]
#[path = "hold_tests.rs"]
mod tests;
