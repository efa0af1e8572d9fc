//! What a customer is told of the device: one or two sentences behind those about the data.

use std::fmt;

use super::Disposal;
use super::gate::released_after;
use super::rules::ReleaseRule;
use crate::custody::Custody;
use crate::erasure::ErasureMethod;
use crate::job::Job;
use crate::progress::Progress;
use crate::time::Timestamp;

/// What is said of a device, by what there is to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeviceTold {
    /// It may be erased, since then; so many lines of the report are given up.
    Released {
        /// Since when.
        at: Timestamp,
        /// How many lines.
        gives_up: u64,
    },
    /// It is being erased.
    Erasing {
        /// Since when.
        since: Timestamp,
    },
    /// It is erased.
    Erased {
        /// How, in a word of the certificate.
        method: ErasureMethod,
        /// When.
        at: Timestamp,
    },
    /// It could not be erased.
    EraseFailed {
        /// When that ended.
        at: Timestamp,
    },
    /// It was destroyed.
    Destroyed {
        /// When that was told.
        at: Timestamp,
        /// Why, in the words of who told it.
        reason: String,
    },
    /// Its customer objects to an erase.
    Objected {
        /// Since when.
        at: Timestamp,
    },
    /// It is to be erased when its customer releases it and gives up what failed.
    WaitsForLines,
    /// It is to be erased when its customer releases it.
    WaitsForRelease,
    /// It is to be erased from then on.
    ErasedFrom {
        /// Until when its customer can object.
        from: Timestamp,
    },
    /// It is to be erased.
    ToBeErased,
}

/// What is said of the device of a job at `now`, where there is anything to say. Nothing of one that goes back as it came.
#[must_use]
pub fn told(job: &Job, rule: ReleaseRule, hold_hours: u32, now: Timestamp) -> Option<DeviceTold> {
    match &job.disposal {
        Disposal::Kept => kept(job, rule, hold_hours, now),
        Disposal::Released(release) => Some(DeviceTold::Released {
            at: release.at,
            gives_up: release.gives_up,
        }),
        Disposal::Erasing { since, .. } => Some(DeviceTold::Erasing { since: *since }),
        Disposal::Erased { method, at } => Some(DeviceTold::Erased {
            method: *method,
            at: *at,
        }),
        Disposal::EraseFailed { at, .. } => Some(DeviceTold::EraseFailed { at: *at }),
        Disposal::Destroyed { at, reason, .. } => Some(DeviceTold::Destroyed {
            at: *at,
            reason: reason.clone(),
        }),
    }
}

fn kept(job: &Job, rule: ReleaseRule, hold_hours: u32, now: Timestamp) -> Option<DeviceTold> {
    if matches!(job.custody, Custody::Returned { .. }) {
        return None;
    }
    if let Some(objection) = &job.objection {
        return Some(DeviceTold::Objected { at: objection.at });
    }
    let Progress::Finished { errors, .. } = job.progress else {
        return None;
    };
    if !job.wants_erase() {
        return None;
    }
    Some(
        match (errors, rule, released_after(&job.progress, hold_hours)) {
            (1.., _, _) => DeviceTold::WaitsForLines,
            (0, ReleaseRule::Customer, _) => DeviceTold::WaitsForRelease,
            (0, ReleaseRule::Manifest, Some(from)) if from > now => DeviceTold::ErasedFrom { from },
            (0, ReleaseRule::Manifest | ReleaseRule::Aws, _) => DeviceTold::ToBeErased,
        },
    )
}

/// One or two sentences for the customer.
impl fmt::Display for DeviceTold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Released { at, gives_up: 0 } => {
                write!(f, "Your device is released to be erased since {at}.")
            }
            Self::Released { at, gives_up: 1 } => write!(
                f,
                "Your device is released to be erased since {at}; 1 line of the report is given up."
            ),
            Self::Released { at, gives_up } => write!(
                f,
                "Your device is released to be erased since {at}; {gives_up} lines of the report are given up."
            ),
            Self::Erasing { since } => write!(f, "Your device is being erased since {since}."),
            Self::Erased { method, at } => {
                write!(f, "Your device was erased ({method}) at {at}.")
            }
            Self::EraseFailed { at } => write!(
                f,
                "Your device could not be erased: that ended at {at}. It is kept here until it is destroyed, or an \
                 erase succeeds."
            ),
            Self::Destroyed { at, reason } => {
                write!(f, "Your device was destroyed, as was told at {at}: {reason}")
            }
            Self::Objected { at } => {
                write!(f, "Your device is not erased: you object since {at}.")
            }
            Self::WaitsForLines => f.write_str(
                "Your device is to be erased before it is returned: it waits until you release it and give up the \
                 lines of the report that failed.",
            ),
            Self::WaitsForRelease => f.write_str(
                "Your device is to be erased before it is returned: it waits until you release it.",
            ),
            Self::ErasedFrom { from } => write!(
                f,
                "Your device is to be erased before it is returned, from {from} on: until then you can object."
            ),
            Self::ToBeErased => {
                f.write_str("Your device is to be erased before it is returned.")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Event;
    use crate::job::tests::{disposals, loaded};

    #[test]
    fn whoever_waits_for_a_device_is_told_what_it_waits_for() {
        let now = Timestamp::from_unix(100_000);
        let say = |job: &Job, rule| told(job, rule, 24, now).map(|told| told.to_string());
        let wishful = Job {
            erase: Some(crate::disposal::EraseWish::Manifest),
            ..loaded()
        };
        let whole = |at| {
            let mut job = wishful.clone();
            if let Progress::Finished {
                errors, at: ended, ..
            } = &mut job.progress
            {
                (*errors, *ended) = (0, at);
            }
            job
        };
        let manifest = ReleaseRule::Manifest;
        assert_eq!(say(&loaded(), manifest), None);
        for (job, rule, words) in [
            (&wishful, manifest, "lines of the report that failed"),
            (&whole(now), manifest, "from 1970-01-03T03:46:40Z on"),
            (
                &whole(Timestamp::from_unix(5)),
                manifest,
                "before it is returned.",
            ),
            (&whole(now), ReleaseRule::Customer, "until you release it"),
            (&whole(now), ReleaseRule::Aws, "before it is returned."),
        ] {
            let said = say(job, rule).unwrap();
            assert!(said.contains(words), "{said}");
        }
        let because = "We miss a folder.".to_owned();
        let objects = wishful.apply(&Event::Objected { because }, now).unwrap();
        assert!(
            say(&objects, manifest)
                .unwrap()
                .contains("you object since")
        );
        for disposal in disposals().into_iter().skip(1) {
            let code = disposal.code();
            let job = Job {
                disposal,
                ..loaded()
            };
            assert!(say(&job, manifest).is_some(), "{code}");
        }
    }
}
