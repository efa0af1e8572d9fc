//! What became of a device that was erased: the certificate, as data.
//!
//! A certificate says what was done and seen, and claims no more than that: a technique gives what it gives
//! ([`Technique::method`]), a sample tells with which chance it misses something ([`Verification`]), and what nobody can
//! reach through a device's own interface always stands in it ([`Unclaimed`]). What ended otherwise is an
//! [`ErasureFailure`], with the same account as far as it got; it never becomes a certificate.
//!
//! Whose the device is, who did it and where it goes, say the events that carry it.

mod account;
mod failure;
mod technique;
mod validation;
mod verification;

pub use account::{
    Answer, Certificate, ErasedDevice, ErasureTool, HiddenArea, Medium, Pass, PassFill, Span,
    Unclaimed, Unwritten,
};
pub use failure::{ErasureFailure, FailureCause};
pub use technique::{ErasureMethod, Technique};
pub use validation::{Doubt, Known, Validation, Verdict};
pub use verification::{Difference, Extent, Miss, Verification, VerifyMode, chance_of_a_miss};

use serde::{Deserialize, Serialize};

/// How the erasing of a device ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "end", rename_all = "kebab-case")]
pub enum ErasureEnd {
    /// Everything was done and seen to be so.
    Erased(Box<Certificate>),
    /// It was not.
    Failed(Box<ErasureFailure>),
}

impl ErasureEnd {
    /// How it ended, by what was done: only a whole account is a certificate.
    #[must_use]
    pub fn of(account: Certificate) -> Self {
        match FailureCause::of(&account) {
            None => Self::Erased(Box::new(account)),
            Some(cause) => Self::Failed(Box::new(ErasureFailure {
                why: cause.sentence(&account),
                cause,
                account,
            })),
        }
    }

    /// Whether it says of itself what its account bears out: what is told as erased is.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        match self {
            Self::Erased(certificate) => FailureCause::of(certificate).is_none(),
            Self::Failed(_) => true,
        }
    }
}

#[cfg(test)]
mod tests;
#[cfg(test)]
pub(crate) use tests::account as sample;
