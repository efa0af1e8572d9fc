//! That a job is to end with what is loaded of it, since nobody mends what it is on hold for: each file that is not loaded
//! has a failed line with the code of the hold, and the report is delivered.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::ids::BucketName;
use crate::stopped::{StopCause, Stopped, what};

/// Why nothing more of a job is loaded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Without {
    /// What it was on hold for.
    pub cause: StopCause,
    /// The bucket that is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bucket: Option<BucketName>,
    /// Why it is not waited for any longer, in a person's words, which the customer reads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub because: Option<String>,
}

impl Without {
    /// What a job that is on hold for this is finished without.
    #[must_use]
    pub fn of(hold: &Stopped, because: Option<String>) -> Self {
        Self {
            cause: hold.cause,
            bucket: hold.bucket.clone(),
            because,
        }
    }

    /// Why a file was not loaded, as a fragment.
    #[must_use]
    pub fn reason(&self) -> String {
        let what = what(self.cause, self.bucket.as_ref());
        format!("the job was finished without it: {what}")
    }
}

/// What the customer reads of the job as a whole.
impl fmt::Display for Without {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = what(self.cause, self.bucket.as_ref());
        write!(f, "It was finished without what was not loaded: {what}")?;
        match &self.because {
            Some(because) => write!(f, ": {}.", because.trim_end_matches('.')),
            None => f.write_str("."),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_job_was_finished_without_is_told_in_a_sentence() {
        let hold = Stopped {
            bucket: Some(BucketName::new("photos").unwrap()),
            ..Stopped::new(
                "2026-01-02T03:04:05Z".parse().unwrap(),
                StopCause::BucketMissing,
            )
        };
        let without = Without::of(&hold, Some("Nobody answers.".to_owned()));
        assert_eq!(
            without.to_string(),
            "It was finished without what was not loaded: the bucket `photos` does not exist: Nobody answers."
        );
        assert_eq!(
            without.reason(),
            "the job was finished without it: the bucket `photos` does not exist"
        );
    }

    #[test]
    fn only_what_leaves_a_device_readable_or_a_journal_is_finished_without() {
        let may = |cause: &StopCause| cause.may_be_finished_without();
        let found: Vec<StopCause> = StopCause::ALL.into_iter().filter(may).collect();
        assert_eq!(
            found,
            [
                StopCause::BucketMissing,
                StopCause::BucketRights,
                StopCause::StoreRefuses,
                StopCause::StoreFull,
                StopCause::DiskGone,
                StopCause::DiskFailing,
                StopCause::ByOperator,
            ]
        );
        assert!(found.iter().all(|cause| cause.hold().is_some()));
    }
}
