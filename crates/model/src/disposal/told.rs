//! What a customer is told of the device: one or two sentences behind those about the data.

use super::gate::released_after;
use super::rules::ReleaseRule;
use super::{Disposal, Release};
use crate::custody::Custody;
use crate::job::Job;
use crate::progress::Progress;
use crate::time::Timestamp;

/// What is said of the device of a job at `now`, where there is anything to say. Nothing of one that goes back as it came.
#[must_use]
pub fn told(job: &Job, rule: ReleaseRule, hold_hours: u32, now: Timestamp) -> Option<String> {
    match &job.disposal {
        Disposal::Kept => kept(job, rule, hold_hours, now),
        Disposal::Released(release) => Some(released(release)),
        Disposal::Erasing { since, .. } => {
            Some(format!("Your device is being erased since {since}."))
        }
        Disposal::Erased { method, at } => {
            Some(format!("Your device was erased ({method}) at {at}."))
        }
        Disposal::EraseFailed { at, .. } => Some(format!(
            "Your device could not be erased: that ended at {at}. It is kept here until it is destroyed, or an erase \
             succeeds."
        )),
        Disposal::Destroyed { at, reason, .. } => Some(format!(
            "Your device was destroyed, as was told at {at}: {reason}"
        )),
    }
}

fn released(release: &Release) -> String {
    let at = release.at;
    match release.gives_up {
        0 => format!("Your device is released to be erased since {at}."),
        1 => format!(
            "Your device is released to be erased since {at}; 1 line of the report is given up."
        ),
        lines => format!(
            "Your device is released to be erased since {at}; {lines} lines of the report are given up."
        ),
    }
}

fn kept(job: &Job, rule: ReleaseRule, hold_hours: u32, now: Timestamp) -> Option<String> {
    if matches!(job.custody, Custody::Returned { .. }) {
        return None;
    }
    if let Some(objection) = &job.objection {
        return Some(format!(
            "Your device is not erased: you object since {}.",
            objection.at
        ));
    }
    let Progress::Finished { errors, .. } = job.progress else {
        return None;
    };
    if !job.wants_erase() {
        return None;
    }
    Some(match (errors, rule, released_after(&job.progress, hold_hours)) {
        (1.., _, _) => "Your device is to be erased before it is returned: it waits until you release it and give up \
                        the lines of the report that failed."
            .to_owned(),
        (0, ReleaseRule::Customer, _) => {
            "Your device is to be erased before it is returned: it waits until you release it.".to_owned()
        }
        (0, ReleaseRule::Manifest, Some(from)) if from > now => format!(
            "Your device is to be erased before it is returned, from {from} on: until then you can object."
        ),
        (0, ReleaseRule::Manifest | ReleaseRule::Aws, _) => {
            "Your device is to be erased before it is returned.".to_owned()
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Event;
    use crate::job::tests::{disposals, loaded};

    #[test]
    fn whoever_waits_for_a_device_is_told_what_it_waits_for() {
        let now = Timestamp::from_unix(100_000);
        let say = |job: &Job, rule| told(job, rule, 24, now);
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
