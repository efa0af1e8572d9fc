//! The gate: all together are granted, and each condition that is broken alone is refused and named.

use proptest::prelude::*;

use super::*;
use crate::disposal::Release;
use crate::disposal::messages::UsedAs;
use crate::progress::{AbortReason, LogLocation};

const NOW: i64 = 1_800_000_000;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_unix(seconds)
}

fn job() -> JobId {
    JobId::new("ABCDE").unwrap()
}

fn station() -> StationName {
    StationName::new("dock-1").unwrap()
}

fn grant() -> GrantId {
    GrantId::new("0123456789abcdef0123456789abcdef").unwrap()
}

fn finished(errors: u64, at: Timestamp) -> Progress {
    Progress::Finished {
        errors,
        log: LogLocation {
            bucket: BucketName::new("logs").unwrap(),
            key: ObjectKey::new("import-log-ABCDE").unwrap(),
        },
        at,
        remark: None,
    }
}

fn disk() -> DeviceFacts {
    DeviceFacts {
        model: Some("T7".to_owned()),
        serial: Some("S5TXNF0R".to_owned()),
        wwn: Some("0x5000c500a1b2c3d4".to_owned()),
        bytes: Some(1_000_204_886_016),
        ..DeviceFacts::default()
    }
}

/// An import whose disk may be erased.
fn good() -> GateFacts {
    let key = |key: &str| (ObjectKey::new(key).unwrap(), FileFound::AsTold);
    GateFacts {
        job: job(),
        job_type: JobType::Import,
        wish: EraseWish::Manifest,
        progress: finished(0, at(NOW - 25 * 3600)),
        custody: Custody::AtStation {
            station: station(),
            since: at(NOW - 40 * 3600),
            device: Some(disk()),
        },
        disposal: Disposal::Kept,
        objection: None,
        rules: GateRules {
            release: ReleaseRule::Manifest,
            hold_hours: 24,
            requires: Proof::Stored,
            confirm: Confirm::Person,
        },
        report: ReportFound::Asked {
            files: vec![key("import-log-ABCDE"), key("import-log-ABCDE.jsonl")],
            says: Some(ReportSays {
                stored: 7,
                ..ReportSays::default()
            }),
        },
        others: Vec::new(),
        loaded: Some(disk()),
        device_id: Some("backup-7".to_owned()),
        bay: BayFacts {
            station: station(),
            device: disk(),
            signature: SignatureSeen::Valid,
            in_use: Vec::new(),
            confirmation: Some(Confirmation::of(job(), "nf0r".to_owned())),
            persons: Vec::new(),
            stayed: false,
            resumes: None,
        },
        now: at(NOW),
    }
}

fn release(by_the_account: bool, gives_up: u64) -> Disposal {
    Disposal::Released(Release {
        rule: ReleaseRule::Customer,
        at: at(NOW - 10),
        gives_up,
        statement: None,
        by_the_account,
    })
}

fn says(facts: &mut GateFacts) -> &mut ReportSays {
    match &mut facts.report {
        ReportFound::Asked { says, .. } => says.as_mut().unwrap(),
        other => panic!("{other:?}"),
    }
}

/// A way in which something is not as it must be: the condition, words of the sentence, and how it comes to be.
type Broken = (Condition, &'static str, fn(&mut GateFacts));

const BROKEN: &[Broken] = &[
    (Condition::Wanted, "fills a device", |it| {
        it.job_type = JobType::Export
    }),
    (Condition::Wanted, "`eraseDevice: yes`", |it| {
        it.wish = EraseWish::No
    }),
    (Condition::Reported, "`InProgress`", |it| {
        it.progress = Progress::InProgress { since: at(NOW - 5) };
        it.disposal = release(true, 0);
    }),
    (Condition::Reported, "`DeviceError`", |it| {
        it.progress = Progress::Aborted {
            reason: AbortReason::DeviceError,
            at: at(NOW - 5),
            because: None,
        };
        it.disposal = release(true, 0);
    }),
    (Condition::Reported, "earlier release", |it| {
        it.report = ReportFound::NotTold;
    }),
    (Condition::Reported, "`logs` could not be asked", |it| {
        it.report = ReportFound::NotAsked {
            bucket: BucketName::new("logs").unwrap(),
            why: "503".to_owned(),
        };
    }),
    (
        Condition::Reported,
        "`import-log-ABCDE` of the report is not in its bucket",
        |it| {
            if let ReportFound::Asked { files, .. } = &mut it.report {
                files[0].1 = FileFound::Missing;
            }
        },
    ),
    (Condition::Reported, "SHA-256 differs", |it| {
        if let ReportFound::Asked { files, .. } = &mut it.report {
            files[1].1 = FileFound::Different;
        }
    }),
    (Condition::Reported, "for programs is not among", |it| {
        if let ReportFound::Asked { says, .. } = &mut it.report {
            *says = None;
        }
    }),
    (Condition::Proved, "In 2 attempts", |it| {
        says(it).unproved_attempts = 2
    }),
    (Condition::Proved, "`read-back`", |it| {
        it.rules.requires = Proof::ReadBack;
        says(it).read_back = 6;
    }),
    (Condition::Proved, "`verify-full`", |it| {
        it.rules.requires = Proof::VerifyFull
    }),
    (Condition::Proved, "something differed", |it| {
        says(it).is_verified = true;
        says(it).differs = true;
    }),
    (Condition::Whole, "3 lines of the report", |it| {
        it.progress = finished(3, at(NOW - 25 * 3600));
        says(it).lost = 3;
    }),
    (
        Condition::Whole,
        "gives up 2 lines of the report, and 3",
        |it| {
            it.progress = finished(3, at(NOW - 25 * 3600));
            says(it).lost = 3;
            it.disposal = release(true, 2);
        },
    ),
    (
        Condition::Whole,
        "only the account can give them up",
        |it| {
            it.progress = finished(3, at(NOW - 25 * 3600));
            says(it).lost = 3;
            it.disposal = release(false, 3);
        },
    ),
    (
        Condition::Whole,
        "places that the device did not give",
        |it| says(it).has_bad_ranges = true,
    ),
    (Condition::Whole, "ended with 1 errors", |it| {
        it.progress = finished(1, at(NOW - 25 * 3600))
    }),
    (Condition::Released, "24 hours after its report", |it| {
        it.progress = finished(0, at(NOW - 24 * 3600 + 1));
    }),
    (Condition::Released, "`customer`", |it| {
        it.rules.release = ReleaseRule::Customer
    }),
    (Condition::Released, "was erased at", |it| {
        it.disposal = Disposal::Erased {
            method: crate::erasure::ErasureMethod::Clear,
            at: at(NOW - 9),
        };
    }),
    (Condition::Released, "was destroyed", |it| {
        it.disposal = Disposal::Destroyed {
            authority: "Jane".to_owned(),
            reason: "It would not erase.".to_owned(),
            at: at(NOW - 9),
        };
    }),
    (Condition::Unopposed, "objects since", |it| {
        it.objection = Some(Objection {
            at: at(NOW - 9),
            because: "We miss a folder.".to_owned(),
        });
    }),
    (Condition::Unopposed, "Job ZZZZZ is not over", |it| {
        it.others.push(JobId::new("ZZZZZ").unwrap())
    }),
    (Condition::Same, "has the serial `OTHERF0R`", |it| {
        it.bay.device.serial = Some("OTHERF0R".to_owned());
    }),
    (Condition::Same, "tells no serial", |it| {
        it.bay.device.serial = None
    }),
    (Condition::Same, "has the WWN", |it| {
        it.bay.device.wwn = Some("0x1".to_owned())
    }),
    (Condition::Same, "told none", |it| {
        it.loaded.as_mut().unwrap().serial = None;
        it.bay.confirmation.as_mut().unwrap().serial_end = "c3d4".to_owned();
    }),
    (Condition::Same, "1 bytes, and 1000204886016", |it| {
        it.bay.device.bytes = Some(1)
    }),
    (Condition::Same, "not known", |it| {
        it.bay.device.bytes = None
    }),
    (Condition::Same, "was not told", |it| {
        it.loaded.as_mut().unwrap().bytes = None
    }),
    (Condition::Same, "Nothing was told", |it| it.loaded = None),
    (Condition::Same, "no SIGNATURE", |it| {
        it.bay.signature = SignatureSeen::Missing
    }),
    (Condition::Same, "neither serial nor WWN", |it| {
        it.bay.signature = SignatureSeen::Sheet;
        for device in [it.loaded.as_mut().unwrap(), &mut it.bay.device] {
            (device.serial, device.wwn) = (None, None);
        }
        it.bay.confirmation.as_mut().unwrap().serial_end = "KUP7".to_owned();
    }),
    (Condition::Same, "not that of the job", |it| {
        it.bay.signature = SignatureSeen::Invalid
    }),
    (
        Condition::Same,
        "at station `dock-1`, not at `dock-2`",
        |it| {
            it.bay.station = StationName::new("dock-2").unwrap();
        },
    ),
    (Condition::Same, "never received", |it| {
        it.custody = Custody::NotReceived
    }),
    (Condition::Same, "has gone back", |it| {
        it.custody = Custody::Returned {
            carrier: "UPS".to_owned(),
            tracking_number: "1Z".to_owned(),
            at: at(NOW - 9),
        };
    }),
    (Condition::Free, "mounted: /mnt", |it| {
        used(it, UsedAs::Mounted, "/mnt")
    }),
    (Condition::Free, "built on the device: md0", |it| {
        used(it, UsedAs::Held, "md0")
    }),
    (Condition::Free, "swaps", |it| {
        used(it, UsedAs::Swap, "sdb2")
    }),
    (Condition::Free, "runs from", |it| {
        used(it, UsedAs::System, "sdb1")
    }),
    (Condition::Free, "open: dd", |it| {
        used(it, UsedAs::Open, "dd")
    }),
    (Condition::Free, "at work", |it| {
        used(it, UsedAs::AtWork, "loading")
    }),
    (Condition::Free, "in use", |it| used(it, UsedAs::Other, "?")),
    (Condition::Free, "No person has confirmed", |it| {
        it.bay.confirmation = None
    }),
    (Condition::Free, "Job ZZZZZ was confirmed", |it| {
        it.bay.confirmation.as_mut().unwrap().job = JobId::new("ZZZZZ").unwrap();
    }),
    (Condition::Free, "`NF0` was confirmed", |it| {
        it.bay.confirmation.as_mut().unwrap().serial_end = "NF0".to_owned();
    }),
    (Condition::Free, "`` was confirmed", |it| {
        it.bay.confirmation.as_mut().unwrap().serial_end = String::new();
    }),
    (Condition::Free, "has left its bay", |it| {
        it.rules.confirm = Confirm::Station;
        it.bay.confirmation = None;
    }),
];

/// Breaks one condition by a field that no other one is about.
fn break_alone(facts: &mut GateFacts, condition: Condition) {
    match condition {
        Condition::Wanted => facts.wish = EraseWish::No,
        Condition::Reported => {
            if let ReportFound::Asked { files, .. } = &mut facts.report {
                files[1].1 = FileFound::Different;
            }
        }
        Condition::Proved => says(facts).unproved_attempts = 1,
        Condition::Whole => says(facts).has_bad_ranges = true,
        Condition::Released => facts.rules.hold_hours = 26,
        Condition::Unopposed => facts.others.push(JobId::new("ZZZZZ").unwrap()),
        Condition::Same => facts.bay.device.wwn = None,
        Condition::Free => used(facts, UsedAs::Open, "dd"),
    }
}

fn used(facts: &mut GateFacts, how: UsedAs, what: &str) {
    let what = what.to_owned();
    facts.bay.in_use.push(InUse { how, what });
}

#[test]
fn a_device_is_erased_when_all_eight_conditions_hold() {
    let granted = gate(&good()).unwrap();
    assert_eq!(granted.releases, Some(ReleaseRule::Manifest));
    assert!(!granted.goes_on);
    // A station of before told no WWN.
    let mut told_less = good();
    told_less.loaded.as_mut().unwrap().wwn = None;
    gate(&told_less).unwrap();
    let released = GateFacts {
        disposal: release(true, 0),
        ..good()
    };
    assert_eq!(gate(&released).unwrap().releases, None);
}

#[test]
fn each_condition_that_is_broken_alone_is_refused_and_named() {
    for (condition, words, breaks) in BROKEN {
        let mut facts = good();
        breaks(&mut facts);
        let shut = gate(&facts).expect_err(words);
        let of_it = shut.iter().find(|shut| shut.condition == *condition);
        let sentence = &of_it
            .unwrap_or_else(|| panic!("{words}: {shut:?}"))
            .sentence;
        assert!(sentence.contains(words), "{sentence:?} has no {words:?}");
        // What follows of an unknown report is told as well; nothing else is.
        let others = shut.iter().filter(|shut| shut.condition != *condition);
        let follows = |shut: &Shut| match condition {
            Condition::Reported => matches!(shut.condition, Condition::Proved | Condition::Whole),
            _ => false,
        };
        assert!(others.clone().all(follows), "{words}: {shut:?}");
    }
    for condition in Condition::ALL {
        assert!(
            BROKEN.iter().any(|(of, ..)| *of == condition),
            "{condition:?}"
        );
    }
}

#[test]
fn lines_are_given_up_by_the_account_and_by_their_number() {
    let mut facts = good();
    facts.progress = finished(3, at(NOW - 25 * 3600));
    says(&mut facts).lost = 3;
    facts.disposal = release(true, 3);
    gate(&facts).unwrap();
    says(&mut facts).has_bad_ranges = true;
    gate(&facts).unwrap();
}

#[test]
fn every_import_is_erased_where_that_is_the_rule() {
    let mut facts = good();
    facts.wish = EraseWish::No;
    facts.rules.release = ReleaseRule::Aws;
    facts.progress = finished(0, at(NOW));
    assert_eq!(gate(&facts).unwrap().releases, Some(ReleaseRule::Aws));
}

#[test]
fn what_stayed_in_its_bay_is_erased_without_a_person_where_that_is_allowed() {
    let mut facts = good();
    facts.rules.confirm = Confirm::Station;
    facts.bay.confirmation = None;
    facts.bay.stayed = true;
    gate(&facts).unwrap();
    facts.rules.confirm = Confirm::Person;
    gate(&facts).unwrap_err();
}

#[test]
fn a_device_without_a_serial_is_confirmed_by_what_its_customer_calls_it() {
    let mut facts = good();
    let image = DeviceFacts {
        bytes: Some(1 << 30),
        mark: Some("ext:1".to_owned()),
        ..DeviceFacts::default()
    };
    (facts.loaded, facts.bay.device) = (Some(image.clone()), image);
    gate(&facts).unwrap_err();
    facts.bay.confirmation.as_mut().unwrap().serial_end = "UP-7".to_owned();
    gate(&facts).unwrap_err();
    facts.bay.confirmation.as_mut().unwrap().serial_end = "kup-7".to_owned();
    gate(&facts).unwrap();
    facts.device_id = None;
    gate(&facts).unwrap_err();
}

/// A customer may have put one SIGNATURE onto two devices of one kind: only one of them was loaded.
#[test]
fn another_device_with_the_same_signature_and_size_is_not_erased() {
    let mut facts = good();
    facts.bay.confirmation.as_mut().unwrap().serial_end = "KUP7".to_owned();
    let image = |mark: Option<&str>| DeviceFacts {
        bytes: Some(1 << 30),
        mark: mark.map(str::to_owned),
        ..DeviceFacts::default()
    };
    let mut with = |loaded: DeviceFacts, found: DeviceFacts| {
        (facts.loaded, facts.bay.device) = (Some(loaded), found);
        gate(&facts)
            .map(drop)
            .map_err(|shut| shut.into_iter().map(|shut| shut.condition).collect())
    };
    let same: Result<(), Vec<Condition>> = Err(vec![Condition::Same]);
    assert_eq!(with(image(Some("ext:1")), image(Some("ext:1"))), Ok(()));
    assert_eq!(with(image(Some("ext:1")), image(Some("ext:2"))), same);
    assert_eq!(with(image(Some("ext:1")), image(None)), same);
    // Nothing tells them apart, or nothing did when it was loaded.
    assert_eq!(with(image(None), image(None)), same);
    assert_eq!(with(image(None), image(Some("ext:1"))), same);
    // A bridge may tell one serial of all that is plugged into it.
    let named = |mark| DeviceFacts {
        serial: Some("0123456789ABKUP7".to_owned()),
        ..image(mark)
    };
    assert_eq!(with(named(Some("ext:1")), named(Some("ext:2"))), same);
    assert_eq!(
        with(named(None), named(Some("ext:2"))),
        Ok(()),
        "of an earlier release"
    );
}

/// The SIGNATURE is gone by then, and who began it has its journal.
#[test]
fn an_erase_that_was_begun_goes_on_by_its_journal_and_nothing_else() {
    let begun = || {
        let mut facts = good();
        facts.disposal = Disposal::Erasing {
            grant: grant(),
            station: station(),
            since: at(NOW - 9),
        };
        facts.bay.signature = SignatureSeen::Missing;
        facts.bay.confirmation = None;
        facts.bay.resumes = Some(grant());
        // What was in the bucket then has been looked at then.
        facts.report = ReportFound::NotTold;
        facts
    };
    assert!(gate(&begun()).unwrap().goes_on);
    let mut other_journal = begun();
    other_journal.bay.resumes = Some(GrantId::new("f".repeat(32)).unwrap());
    gate(&other_journal).unwrap_err();
    let mut other_device = begun();
    other_device.bay.device.serial = Some("OTHER".to_owned());
    gate(&other_device).unwrap_err();
    let mut mounted = begun();
    used(&mut mounted, UsedAs::Mounted, "/mnt");
    gate(&mounted).unwrap_err();
    let mut elsewhere = begun();
    elsewhere.bay.station = StationName::new("dock-2").unwrap();
    gate(&elsewhere).unwrap_err();
}

/// Where the journal is lost, a person begins again, on a device that says who it is.
#[test]
fn an_erase_whose_journal_is_lost_is_begun_again_by_a_person() {
    let mut facts = good();
    facts.disposal = Disposal::EraseFailed {
        grant: grant(),
        at: at(NOW - 9),
    };
    facts.bay.signature = SignatureSeen::Missing;
    assert!(!gate(&facts).unwrap().goes_on);
    let mut by_itself = facts.clone();
    by_itself.rules.confirm = Confirm::Station;
    by_itself.bay.confirmation = None;
    by_itself.bay.stayed = true;
    let shut = gate(&by_itself).unwrap_err();
    assert!(shut[0].sentence.contains("journal is not here"), "{shut:?}");
    let image = DeviceFacts {
        bytes: Some(1 << 30),
        ..DeviceFacts::default()
    };
    (facts.loaded, facts.bay.device) = (Some(image.clone()), image);
    facts.bay.confirmation.as_mut().unwrap().serial_end = "KUP7".to_owned();
    let shut = gate(&facts).unwrap_err();
    assert!(
        shut[0].sentence.contains("neither serial nor WWN"),
        "{shut:?}"
    );
}

proptest! {
    /// However many of the eight are broken at once, exactly those are among the refusals.
    #[test]
    fn exactly_what_is_broken_is_refused(is_broken in proptest::array::uniform8(any::<bool>())) {
        let mut facts = good();
        let broken = Condition::ALL.into_iter().zip(is_broken);
        let broken: Vec<Condition> = broken.filter(|(_, is)| *is).map(|(of, _)| of).collect();
        for condition in &broken {
            break_alone(&mut facts, *condition);
        }
        let mut refused: Vec<Condition> = match gate(&facts) {
            Ok(_) => Vec::new(),
            Err(shut) => shut.iter().map(|shut| shut.condition).collect(),
        };
        refused.dedup();
        prop_assert_eq!(refused, broken);
    }

    /// What a person types counts as letters and digits, whatever it is.
    #[test]
    fn only_the_end_of_the_serial_confirms(text in "\\PC{0,12}") {
        let mut facts = good();
        facts.bay.confirmation.as_mut().unwrap().serial_end.clone_from(&text);
        let counts: String = text.chars().filter(|c| c.is_alphanumeric()).collect();
        prop_assert_eq!(gate(&facts).is_ok(), counts.to_uppercase().ends_with("NF0R"));
    }

    /// Half a second of patience is not enough.
    #[test]
    fn the_manifest_releases_after_its_hours(ago in 0_i64..200_000, hours in 0_u32..50) {
        let mut facts = good();
        facts.progress = finished(0, at(NOW - ago));
        facts.rules.hold_hours = hours;
        prop_assert_eq!(gate(&facts).is_ok(), ago >= i64::from(hours) * 3600);
    }
}

/// One who says it twice is one; and whoever says it at a terminal is nobody whom the server knows.
#[test]
fn two_persons_are_two_persons() {
    let mut facts = good();
    facts.rules.confirm = Confirm::TwoPersons;
    let person = |name: &str| -> Actor { format!("person:{name}").parse().unwrap() };
    for (persons, opens) in [
        (vec![], false),
        (vec!["jane"], false),
        (vec!["jane", "jane"], false),
        (vec!["jane", "joe"], true),
    ] {
        facts.bay.persons = persons.into_iter().map(person).collect();
        let found = gate(&facts);
        assert_eq!(found.is_ok(), opens, "{found:?}");
    }
    facts.bay.persons = vec![person("jane"), "station:dock-1".parse().unwrap()];
    assert!(gate(&facts).is_err(), "a station is no person");
    facts.bay.confirmation = None;
    let shut = gate(&facts).unwrap_err();
    assert!(shut[0].sentence.contains("`two-persons`"), "{shut:?}");
}
