//! What becomes of a bay when a docking has ended.

use super::*;
use crate::dock::DockError;
use awshttp::Answer;
use disks::tree::DeviceGone;
use model::control::ControlFault;
use objectstore::StoreError;
use std::io;
use transfer::journal::JournalError;

fn job() -> JobId {
    JobId::new("ABCDE").unwrap()
}

fn denied(code: &str, job: Option<JobId>) -> Verdict {
    denied_for(code, job, None)
}

fn denied_for(code: &str, job: Option<JobId>, cause: Option<StopCause>) -> Verdict {
    Verdict::of(
        &DockError::Denied {
            code: code.to_owned(),
            message: "the device has no SIGNATURE file in its root".to_owned(),
            hint: "ask its customer".to_owned(),
            job,
            cause,
        },
        Path::new("/srv/station"),
    )
}

/// What a job waits for is a field of the denial: its words are for people.
#[test]
fn a_bay_is_held_for_what_the_server_says_that_its_job_waits_for() {
    let own = Some(job());
    for (code, cause) in [
        ("MissingSignature", StopCause::SignatureMissing),
        ("InvalidSignature", StopCause::SignatureWrong),
        ("OnHold", StopCause::StoreFull),
        ("OnHold", StopCause::ByOperator),
    ] {
        let verdict = denied_for(code, own, Some(cause));
        assert_eq!(
            (verdict.event, verdict.again),
            (BayEvent::Held, Some(Again::Mended))
        );
        assert_eq!(verdict.told.cause, Some(cause), "{code}");
    }
    let older = |code| denied(code, own).told.cause;
    assert_eq!(older("BucketPermission"), Some(StopCause::BucketRights));
    assert_eq!(older("OnHold"), Some(StopCause::Other));
}

#[test]
fn what_the_operator_holds_while_it_is_loaded_is_told_so() {
    let held = stopped_by(Halt::OnHold);
    assert_eq!(held.told.cause, Some(StopCause::ByOperator));
    assert_eq!(
        (held.event, held.again),
        (BayEvent::Held, Some(Again::Mended))
    );
    assert!(
        held.told.sentence.contains("on hold"),
        "{}",
        held.told.sentence
    );
}

fn stopped_by(why: Halt) -> Verdict {
    Verdict::of(
        &DockError::Stopped {
            job: job(),
            why,
            store: None,
        },
        Path::new("/srv/station"),
    )
}

#[test]
fn every_denial_of_the_server_is_a_state_with_what_to_do() {
    let own = Some(job());
    for (code, job, event, again) in [
        ("UnknownJob", own, BayEvent::NamesStranger, None),
        ("Canceled", own, BayEvent::NothingIsDue, None),
        ("Expired", own, BayEvent::NothingIsDue, None),
        ("Over", own, BayEvent::NothingIsDue, None),
        ("Returned", own, BayEvent::NothingIsDue, None),
        (
            "OverWithErrors",
            own,
            BayEvent::NothingIsDue,
            Some(Again::Reopened),
        ),
        ("MissingSignature", None, BayEvent::NamesNobody, None),
        ("InvalidSignature", None, BayEvent::NamesNobody, None),
        ("MissingSignature", own, BayEvent::Held, None),
        ("InvalidSignature", own, BayEvent::Held, Some(Again::Mended)),
        ("BucketPermission", own, BayEvent::Held, Some(Again::Mended)),
        ("Unsupported", own, BayEvent::Held, Some(Again::Mended)),
        ("Leased", own, BayEvent::Held, Some(Again::Mended)),
        ("OfALaterRelease", own, BayEvent::Held, Some(Again::Mended)),
    ] {
        let verdict = denied(code, job);
        assert_eq!((verdict.event, verdict.again), (event, again), "{code}");
        assert_eq!(verdict.job, job, "{code}");
        let told = verdict.told;
        assert_eq!(
            told.sentence,
            "The device has no SIGNATURE file in its root."
        );
        assert!(told.hint.unwrap().ends_with('.'), "{code}");
    }
    let cause = |code| denied(code, own).told.cause.unwrap();
    assert_eq!(cause("InvalidSignature"), StopCause::SignatureWrong);
    assert_eq!(cause("BucketPermission"), StopCause::BucketRights);
}

#[test]
fn a_store_that_is_silent_is_waited_for_and_what_it_refuses_is_to_be_mended() {
    let answer = |status, code: &str| Answer::new(status, code, "no");
    let store = |error| stopped_by(Halt::Store(error));
    let silent = store(StoreError::Unavailable(answer(503, "ServiceUnavailable")));
    assert_eq!(
        (silent.event, silent.again),
        (BayEvent::StoreAway, Some(Again::Store))
    );
    assert!(!silent.told.sentence.contains("503"), "{silent:?}");
    for (error, cause) in [
        (
            StoreError::NoSuchBucket(answer(404, "NoSuchBucket")),
            StopCause::BucketMissing,
        ),
        (
            StoreError::AccessDenied(answer(403, "AccessDenied")),
            StopCause::StoreRefuses,
        ),
        (
            StoreError::Unavailable(answer(507, "InsufficientStorage")),
            StopCause::StoreFull,
        ),
    ] {
        let held = store(error);
        assert_eq!(
            (held.event, held.again),
            (BayEvent::Held, Some(Again::Mended))
        );
        assert_eq!((held.told.cause, held.job), (Some(cause), Some(job())));
    }
}

#[test]
fn what_a_run_ends_with_is_told_apart() {
    let event = |why| stopped_by(why).event;
    assert_eq!(event(Halt::Interrupted), BayEvent::Stopped);
    assert_eq!(event(Halt::Canceled), BayEvent::NothingIsDue);
    let gone = stopped_by(Halt::Device(DeviceGone(io::Error::other("no answer"))));
    assert_eq!(
        (gone.told.cause, gone.again),
        (Some(StopCause::DiskGone), None)
    );
    let lost = stopped_by(Halt::LeaseLost);
    assert_eq!(
        (lost.event, lost.again),
        (BayEvent::Held, Some(Again::Mended))
    );
}

#[test]
fn a_full_disk_of_the_stations_own_is_told_as_what_it_is() {
    let full = JournalError::Io {
        path: "journal".into(),
        source: io::ErrorKind::StorageFull.into(),
    };
    let verdict = stopped_by(Halt::Journal(full));
    assert_eq!(
        (verdict.event, verdict.again),
        (BayEvent::Held, Some(Again::Store))
    );
    assert!(verdict.told.sentence.contains("own disk is full"));
    let broken = JournalError::Io {
        path: "journal".into(),
        source: io::Error::other("bad sector"),
    };
    let verdict = stopped_by(Halt::Journal(broken));
    assert_eq!((verdict.event, verdict.again), (BayEvent::Failed, None));
}

#[test]
fn a_server_that_is_away_is_waited_for_and_one_that_refuses_the_station_is_not() {
    let away = Verdict::of(
        &DockError::Control(ControlError::Trouble {
            url: "http://server".to_owned(),
            message: "starting".to_owned(),
        }),
        Path::new("/srv/station"),
    );
    assert_eq!(
        (away.event, away.again),
        (BayEvent::Held, Some(Again::Server))
    );
    let refused = Verdict::of(
        &DockError::Control(ControlError::Refused(ControlFault {
            code: "Unauthorized".to_owned(),
            message: "this token is not known".to_owned(),
        })),
        Path::new("/srv/station"),
    );
    assert_eq!((refused.event, refused.again), (BayEvent::Failed, None));
    assert_eq!(refused.told.sentence, "This token is not known.");
}

/// The books of its job say that it is on hold: what is mended there goes on here.
#[test]
fn a_device_with_the_signature_of_another_job_waits_as_its_job_does() {
    let given = JobId::new("BBBBB").unwrap();
    let verdict = Verdict::of(
        &DockError::OtherSignature {
            found: job(),
            given,
        },
        Path::new("/srv/station"),
    );
    assert_eq!(
        (verdict.event, verdict.again, verdict.job),
        (BayEvent::Held, Some(Again::Mended), Some(given))
    );
    assert_eq!(verdict.told.cause, Some(StopCause::SignatureWrong));
}

#[test]
fn a_device_that_says_nothing_is_loaded_by_scanning_and_not_by_a_command() {
    let hint = denied("MissingSignature", None).told.hint.unwrap();
    assert!(
        hint.contains("scan its sheet and then the tag of the bay"),
        "{hint}"
    );
    assert!(!hint.contains("longshore dock"), "{hint}");
    assert!(hint.chars().count() <= 160, "a bay tells no more: {hint}");
}
