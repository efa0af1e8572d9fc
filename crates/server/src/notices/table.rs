//! Which event of custody somebody is told of, and as what.
//!
//! | event | notice | how often |
//! | --- | --- | --- |
//! | `announced` | `job.created` | each |
//! | `updated` | `job.updated` | each |
//! | `canceled` | `job.canceled` | each |
//! | `expired` | `job.expired` | each |
//! | `received`, of a parcel that is not damaged, opened or wet | `device.received` | once in a job |
//! | `received`, of one that is | `device.problem` | each |
//! | `identified` | `device.received` | once in a job |
//! | `identified`, of another device than the manifest names | `device.problem` | each |
//! | `attempt` | `transfer.started` | each |
//! | `loaded`, `filled` | `transfer.finished` | each |
//! | `aborted` | `transfer.aborted` | each |
//! | `held`, for what may end by itself within minutes | `device.held` | each that stands so long |
//! | `held`, for anything else | `device.held` | each |
//! | `resumed` | `device.resumed` | each, unless that it was held was not told |
//! | `released` | `device.released` | each |
//! | `erased` | `device.erased` | each |
//! | `erase-failed` | `device.erase_failed` | each |
//! | `destroyed`, `returned-unerased` | `device.problem` | each |
//! | `handed-over` | `device.returned` | each |
//!
//! Of the others nobody is told: they are steps of our own, told by what follows, or of no job. What is no event is told
//! besides: `job.expiring` and `job.overdue` by the sweeper, `receipt.issued` by whoever puts the receipt beside the report.

use std::time::Duration;

use custody::event::{Held, Identified, ParcelCondition, Received, What};
use model::ids::{JobId, NoticeId};
use model::notice::NoticeKind;
use model::stopped::StopCause;
use model::time::Timestamp;

/// How often something is told of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HowOften {
    /// Each time.
    Each,
    /// The first time alone: at the door and at the bay a device is received by two who do not know of each other.
    Once,
    /// Each time, if it is still so some minutes later.
    IfItStays,
}

/// For how long a hold that may end by itself stands before it is told: a cable that is loose comes and goes within
/// seconds, a disk that is plugged in again within a minute or two, and a store that starts again within three.
pub(crate) const SETTLES_WITHIN: Duration = Duration::from_secs(5 * 60);

/// As what somebody is told of an event, if so.
#[must_use]
pub(crate) fn notice_of(what: &What) -> Option<(NoticeKind, HowOften)> {
    use HowOften::{Each, Once};
    use NoticeKind as Kind;
    Some(match what {
        What::Announced(_) => (Kind::JobCreated, Each),
        What::Updated(_) => (Kind::JobUpdated, Each),
        What::Canceled(_) => (Kind::JobCanceled, Each),
        What::Expired(_) => (Kind::JobExpired, Each),
        What::Received(received) if is_damaged(received) => (Kind::DeviceProblem, Each),
        What::Received(_) => (Kind::DeviceReceived, Once),
        What::Identified(device) if is_another(device) => (Kind::DeviceProblem, Each),
        What::Identified(_) => (Kind::DeviceReceived, Once),
        What::Attempt(_) => (Kind::TransferStarted, Each),
        What::Loaded(_) | What::Filled(_) => (Kind::TransferFinished, Each),
        What::Aborted(_) => (Kind::TransferAborted, Each),
        What::Held(held) if may_pass(held) => (Kind::DeviceHeld, HowOften::IfItStays),
        What::Held(_) => (Kind::DeviceHeld, Each),
        What::Resumed(_) => (Kind::DeviceResumed, Each),
        What::Released(_) => (Kind::DeviceReleased, Each),
        What::Erased(_) => (Kind::DeviceErased, Each),
        What::EraseFailed(_) => (Kind::DeviceEraseFailed, Each),
        What::Destroyed(_) | What::ReturnedUnerased(_) => (Kind::DeviceProblem, Each),
        What::HandedOver(_) => (Kind::DeviceReturned, Each),
        What::Photographed(_)
        | What::Opened(_)
        | What::Docked(_)
        | What::Unlocked(_)
        | What::Encrypted(_)
        | What::SecretDestroyed(_)
        | What::Examined(_)
        | What::Planned(_)
        | What::Probed(_)
        | What::Sealed(_)
        | What::Undocked(_)
        | What::Interrupted(_)
        | What::Reported(_)
        | What::Verified(_)
        | What::Objected(_)
        | What::ObjectionWithdrawn(_)
        | What::EraseStarted(_)
        | What::Corrected(_)
        | What::Closed(_)
        | What::KeyMade(_)
        | What::KeyRotated(_)
        | What::KeyRevoked(_)
        | What::StationAdmitted(_)
        | What::ParcelUnknown(_) => return None,
    })
}

/// Whether a hold may end with nobody's doing.
fn may_pass(held: &Held) -> bool {
    StopCause::of(&held.cause).is_some_and(StopCause::may_pass)
}

fn is_damaged(received: &Received) -> bool {
    match received.condition {
        Some(ParcelCondition::Damaged | ParcelCondition::Opened | ParcelCondition::Wet) => true,
        Some(ParcelCondition::Intact) | None => false,
    }
}

fn is_another(device: &Identified) -> bool {
    device.matches_device_id == Some(false)
}

/// The id of the notice of an event.
#[must_use]
pub(crate) fn id_of_event(job: JobId, seq: u64) -> NoticeId {
    id(&format!("{job}-{seq}"))
}

/// The id of a notice of which a job has one.
#[must_use]
pub(crate) fn id_of_kind(job: JobId, kind: NoticeKind) -> NoticeId {
    id(&format!("{job}-{}", kind.word().replace(['.', '_'], "-")))
}

/// The id of the notice that the hold which began at `since` is overdue.
#[must_use]
pub(crate) fn id_of_overdue(job: JobId, since: Timestamp) -> NoticeId {
    id(&format!("{job}-overdue-{}", since.unix().unsigned_abs()))
}

/// The id of the notice of an edition of a receipt.
#[must_use]
pub(crate) fn id_of_receipt(job: JobId, edition: u32) -> NoticeId {
    id(&format!("{job}-receipt-{edition}"))
}

/// The id of a notice that is about no job.
#[must_use]
pub(crate) fn id_of_its_own(what: &str, random: [u8; 8]) -> NoticeId {
    id(&format!("{what}-{}", hex::encode(random)))
}

/// What the ids of notices begin with that a delivery is given up.
pub(crate) const UNDELIVERED: &str = "undelivered-";

/// The id of the notice that a delivery is given up.
#[must_use]
pub(crate) fn id_of_failure(delivery: i64) -> NoticeId {
    id(&format!("{UNDELIVERED}{}", delivery.unsigned_abs()))
}

fn id(text: &str) -> NoticeId {
    NoticeId::new(text).expect("letters, digits and hyphens, and fewer than 64 of them")
}

#[cfg(test)]
mod tests {
    use custody::digest::Digest;
    use custody::event::{
        Attempt, Canceled, Destroyed, HandedOver, Interrupted, Loaded, Outcome, Released,
        ReturnedUnerased,
    };

    use super::*;

    fn received(condition: Option<ParcelCondition>) -> What {
        let received = Received {
            condition,
            ..Received::default()
        };
        received.into()
    }

    fn identified(matches_device_id: Option<bool>) -> What {
        let device = Identified {
            matches_device_id,
            ..Identified::default()
        };
        device.into()
    }

    #[test]
    fn events_are_told_as_the_table_says() {
        use HowOften::{Each, IfItStays, Once};
        let canceled = Canceled {
            manifest_sha256: Digest::of(b""),
            reason: None,
        };
        let attempt = Attempt { number: 1 };
        let cause = || "StoreFull".to_owned();
        let held = |cause: &str| Held {
            cause: cause.to_owned(),
            until: None,
        };
        let over = HandedOver {
            carrier: "UPS".into(),
            tracking: "1Z".into(),
        };
        let released = Released {
            rule: "customer".to_owned(),
            gives_up: 0,
            statement: None,
        };
        let destroyed = Destroyed {
            authority: "Jane Roe".into(),
            reason: "it would not erase".into(),
        };
        let unerased = ReturnedUnerased {
            authority: "Jane Roe".into(),
            reason: "as asked by phone".into(),
        };
        for (what, expected) in [
            (canceled.into(), Some(("job.canceled", Each))),
            (received(None), Some(("device.received", Once))),
            (
                received(Some(ParcelCondition::Intact)),
                Some(("device.received", Once)),
            ),
            (
                received(Some(ParcelCondition::Wet)),
                Some(("device.problem", Each)),
            ),
            (identified(None), Some(("device.received", Once))),
            (identified(Some(true)), Some(("device.received", Once))),
            (identified(Some(false)), Some(("device.problem", Each))),
            (attempt.into(), Some(("transfer.started", Each))),
            (
                Loaded(Outcome::default()).into(),
                Some(("transfer.finished", Each)),
            ),
            (held("BucketMissing").into(), Some(("device.held", Each))),
            (held("OfNextYear").into(), Some(("device.held", Each))),
            (held("DiskGone").into(), Some(("device.held", IfItStays))),
            (held("StoreFull").into(), Some(("device.held", IfItStays))),
            (Interrupted { cause: cause() }.into(), None),
            (released.into(), Some(("device.released", Each))),
            (destroyed.into(), Some(("device.problem", Each))),
            (unerased.into(), Some(("device.problem", Each))),
            (over.into(), Some(("device.returned", Each))),
        ] {
            let what: What = what;
            let found = notice_of(&what).map(|(kind, often)| (kind.word(), often));
            assert_eq!(found, expected, "{}", what.name());
        }
    }

    #[test]
    fn ids_are_of_one_event_for_ever() {
        let job = JobId::new("ABCDE").unwrap();
        assert_eq!(id_of_event(job, 7).as_str(), "ABCDE-7");
        let kind = NoticeKind::DeviceEraseFailed;
        assert_eq!(id_of_kind(job, kind).as_str(), "ABCDE-device-erase-failed");
        assert_eq!(id_of_receipt(job, 2).as_str(), "ABCDE-receipt-2");
        assert_eq!(
            id_of_its_own("test", [1; 8]).as_str(),
            "test-0101010101010101"
        );
        assert_eq!(id_of_failure(9).as_str(), "undelivered-9");
    }
}
