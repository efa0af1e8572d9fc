//! The steps of a device, one after another.

use super::super::tests::{disposals, loaded, steps};
use super::*;
use crate::event::Event;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_unix(1_700_000_000 + seconds)
}

fn step(name: &str) -> Event {
    let found = steps().into_iter().find(|(of, _)| *of == name);
    found.unwrap_or_else(|| panic!("no step {name}")).1
}

/// The job after these steps, each of which must be possible.
fn after(job: Job, names: &[&str]) -> Job {
    let happens = |job: Job, name: &&str| {
        let next = job.apply(&step(name), at(0));
        next.unwrap_or_else(|why| panic!("{name}: {why}"))
    };
    names.iter().fold(job, happens)
}

fn wishful(job: Job) -> Job {
    Job {
        erase: Some(EraseWish::Manifest),
        ..job
    }
}

#[test]
fn a_device_that_is_to_be_erased_goes_back_erased_destroyed_or_with_a_word() {
    let job = wishful(loaded());
    let back = step("DeviceReturned");
    for ways in [
        &["Released", "EraseStarted", "EraseEnded"][..],
        &["Destroyed"],
        &[
            "Released",
            "EraseStarted",
            "EraseEnded (failed)",
            "Destroyed",
        ],
    ] {
        after(job.clone(), ways).apply(&back, at(1)).unwrap();
    }
    for ways in [
        &[][..],
        &["Released"],
        &["Released", "EraseStarted"],
        &["Released", "EraseStarted", "EraseEnded (failed)"],
        &["Objected"],
    ] {
        let before = after(job.clone(), ways);
        assert_eq!(
            before.apply(&back, at(1)),
            Err(Refusal::NotErased),
            "{ways:?}"
        );
        after(before, &["DeviceReturned (unerased)"]);
    }
    let erased = after(job, &["Released", "EraseStarted", "EraseEnded"]);
    let lie = erased.apply(&step("DeviceReturned (unerased)"), at(1));
    assert_eq!(lie, Err(Refusal::Erased));
}

/// Nobody asks more of a job than was asked when it was made.
#[test]
fn other_devices_go_back_as_they_came() {
    let back = step("DeviceReturned");
    for erase in [None, Some(EraseWish::No)] {
        let job = Job { erase, ..loaded() };
        job.apply(&back, at(1)).unwrap();
    }
    let canceled = Job {
        progress: Progress::Canceled {
            at: at(0),
            because: None,
        },
        ..wishful(loaded())
    };
    canceled.apply(&back, at(1)).unwrap();
}

#[test]
fn an_objection_shuts_the_gate_until_it_is_withdrawn_and_takes_a_release_back() {
    let objects = after(loaded(), &["Released", "Objected"]);
    assert_eq!(objects.disposal, Disposal::Kept);
    for name in ["Released", "EraseStarted", "Destroyed"] {
        let refused = objects.apply(&step(name), at(1));
        assert_eq!(refused, Err(Refusal::Objected), "{name}");
    }
    let withdrawn = after(objects, &["ObjectionWithdrawn"]);
    assert_eq!(
        withdrawn.apply(&step("EraseStarted"), at(1)),
        Err(Refusal::NotReleased)
    );
    after(withdrawn, &["Released", "EraseStarted"]);
}

#[test]
fn a_failed_erase_is_never_an_erased_device() {
    let failed = after(
        loaded(),
        &["Released", "EraseStarted", "EraseEnded (failed)"],
    );
    let again = failed.apply(&step("EraseEnded"), at(1));
    assert_eq!(again, Err(Refusal::NotErasing));
    assert!(!failed.disposal.is_gone());
    let anew = after(failed, &["EraseStarted", "EraseEnded"]);
    assert!(anew.disposal.is_gone());
}

/// Files that failed are tried again only from a device that still has them.
#[test]
fn what_was_erased_is_not_tried_again() {
    for (disposal, erased) in [
        (Disposal::Kept, false),
        (disposals().remove(1), false),
        (disposals().remove(2), true),
        (disposals().remove(3), true),
        (disposals().remove(4), true),
        (disposals().remove(5), true),
    ] {
        let job = Job {
            disposal,
            ..loaded()
        };
        match job.apply(&Event::Reopened, at(1)) {
            Ok(reopened) => assert!(!erased && reopened.disposal == Disposal::Kept),
            Err(_) => assert!(erased, "{:?}", job.disposal),
        }
    }
}

#[test]
fn the_wish_is_that_of_the_last_manifest() {
    let with = |erase: &str| {
        format!(
            "manifestVersion: 2.0\nbucket: photos\naccessKeyId: AKIAIOSFODNN7EXAMPLE\ndeviceId: d\n\
             eraseDevice: {erase}\nreturnAddress:\n    name: a\n    street1: b\n    city: c\n    \
             postalCode: 1\n    country: USA\n    phoneNumber: 1\n    stateOrProvince: WA\n"
        )
    };
    let (yes, no) = (with("yes"), with("no"));
    assert_eq!(EraseWish::of(JobType::Import, &yes), EraseWish::Manifest);
    assert_eq!(EraseWish::of(JobType::Import, &no), EraseWish::No);
    assert_eq!(EraseWish::of(JobType::Export, &yes), EraseWish::No);
    assert_eq!(EraseWish::of(JobType::Import, "{"), EraseWish::No);
    let every = EraseWish::Every;
    assert_eq!(every.after_update(JobType::Import, &no), every);
    assert_eq!(every.after_update(JobType::Export, &no), EraseWish::No);
    let manifests = EraseWish::Manifest;
    assert_eq!(manifests.after_update(JobType::Import, &no), EraseWish::No);
}
