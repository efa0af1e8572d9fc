//! Every way in which a device can be docked, and that none of them ends a job.

use super::*;
use crate::ids::{AccountId, JobType};
use crate::time::Timestamp;

fn station() -> StationName {
    StationName::new("dock-1").unwrap()
}

fn world() -> (Job, SigningKey, Presented) {
    let key = SigningKey::new([1; 32]);
    let account = AccountId::new("123456789012").unwrap();
    let id = JobId::new("ABCDE").unwrap();
    let created = Timestamp::from_unix(1_000_000);
    let signature = key.sign(&account, id, created);
    let job = Job::open(id, account, JobType::Import, String::new(), created);
    let file = Presented::File(SignatureFile { job: id, signature });
    (job, key, file)
}

fn forged(job: &Job) -> Presented {
    let signature = SigningKey::new([2; 32]).sign(&job.account, job.id, job.created);
    Presented::File(SignatureFile {
        job: job.id,
        signature,
    })
}

fn docked(presented: Presented, named: Option<JobId>) -> Docked {
    Docked {
        presented,
        named,
        view: None,
        obstacle: None,
        bytes: None,
        reads_files: false,
        device: None,
        has_secret: false,
    }
}

fn after(job: &Job, dispatch: &Dispatch) -> Job {
    dispatch.events.iter().fold(job.clone(), |job, event| {
        job.apply(event, Timestamp::from_unix(2)).unwrap()
    })
}

fn running(job: &Job) -> Job {
    let started = [
        Event::DeviceArrived {
            station: station(),
            device: None,
            signature: None,
        },
        Event::TransferStarted,
    ];
    let (events, denial) = (started.to_vec(), None);
    after(job, &Dispatch { events, denial })
}

#[test]
fn the_right_signature_starts_the_transfer() {
    let (job, key, presented) = world();
    let verdict = dispatch(&job, None, &key, &docked(presented, None), &station());
    assert_eq!(verdict.denial, None);
    assert_eq!(after(&job, &verdict).progress.code(), "InProgress");
}

#[test]
fn nothing_that_a_device_shows_ends_a_job() {
    let (job, key, right) = world();
    let torn = Presented::Unreadable(UnreadableSignature::NotText);
    let views = [None, Some(View::Mounted), Some(View::Raw), Some(View::Fill)];
    for presented in [Presented::Nothing, torn, forged(&job), right] {
        for (named, view) in [None, Some(job.id)]
            .into_iter()
            .flat_map(|named| views.map(|view| (named, view)))
        {
            for obstacle in [None, Some(StopCause::PasswordNeeded)] {
                let docked = Docked {
                    view,
                    obstacle,
                    bytes: Some(7),
                    ..docked(presented.clone(), named)
                };
                for job in [job.clone(), running(&job)] {
                    let verdict = dispatch(&job, None, &key, &docked, &station());
                    let progress = after(&job, &verdict).progress;
                    assert!(!progress.is_terminal(), "{docked:?} {verdict:?}");
                }
            }
        }
    }
}

#[test]
fn a_missing_or_wrong_signature_leaves_the_job_and_says_why_it_waits() {
    let (job, key, _) = world();
    let torn = Presented::Unreadable(UnreadableSignature::NotText);
    for (presented, named, code, cause, custody) in [
        (
            Presented::Nothing,
            true,
            "MissingSignature",
            StopCause::SignatureMissing,
            "AtAWS",
        ),
        (
            torn,
            true,
            "InvalidSignature",
            StopCause::SignatureWrong,
            "AtAWS",
        ),
        (
            forged(&job),
            true,
            "InvalidSignature",
            StopCause::SignatureWrong,
            "AtAWS",
        ),
        // Anybody can write a job's id on a disk: that is no proof that the device has come.
        (
            forged(&job),
            false,
            "InvalidSignature",
            StopCause::SignatureWrong,
            "NotReceived",
        ),
    ] {
        let docked = docked(presented, named.then_some(job.id));
        let verdict = dispatch(&job, None, &key, &docked, &station());
        let denial = verdict.denial.clone().unwrap();
        assert_eq!(denial.code(), code);
        let hint = denial.hint();
        assert!(
            hint.contains("was not ended") && hint.contains("longshore job abort"),
            "{hint}"
        );
        let after = after(&job, &verdict);
        assert_eq!(
            (after.custody.code(), after.progress.code()),
            (custody, "Pending")
        );
        assert_eq!(after.stopped.as_ref().unwrap().cause, cause);
        // Again: nothing is new.
        let again = dispatch(&after, None, &key, &docked, &station());
        let stops = |event: &Event| matches!(event, Event::Stopped { .. });
        assert!(!again.events.iter().any(stops), "{again:?}");
    }
}

#[test]
fn another_disk_does_not_disturb_a_job_that_runs() {
    let (job, key, _) = world();
    let job = running(&job);
    for presented in [Presented::Nothing, forged(&job)] {
        let docked = docked(presented, Some(job.id));
        let verdict = dispatch(&job, None, &key, &docked, &station());
        assert!(verdict.events.is_empty() && verdict.denial.is_some());
    }
}

#[test]
fn a_device_of_a_canceled_job_is_received_and_not_loaded() {
    let (job, key, presented) = world();
    let canceled = Event::Canceled {
        because: None,
        running: crate::event::WhileRunning::Refuse,
    };
    let job = job.apply(&canceled, Timestamp::from_unix(2)).unwrap();
    let verdict = dispatch(&job, None, &key, &docked(presented, None), &station());
    assert_eq!(verdict.denial, Some(Denial::Canceled(job.id)));
    let job = after(&job, &verdict);
    assert_eq!(
        (job.custody.code(), job.progress.code()),
        ("AtAWS", "Canceled")
    );
}

#[test]
fn a_device_of_another_job_than_the_operator_says_changes_nothing() {
    let (_, _, presented) = world();
    let expected = JobId::new("ZZZZZ").unwrap();
    let denial = job_of(&docked(presented, Some(expected))).unwrap_err();
    assert_eq!(denial.code(), "OtherJob");
}

#[test]
fn nobody_knows_whose_a_bare_device_is() {
    assert_eq!(
        job_of(&docked(Presented::Nothing, None)),
        Err(Denial::MissingSignature(None))
    );
}

fn manifest(kind: &str) -> Manifest {
    let common = "deviceId: D\nnotificationEmail: a@example.org\nreturnAddress:\n  name: A\n  \
                  street1: B\n  city: C\n  stateOrProvince: WA\n  postalCode: 98101\n  \
                  phoneNumber: 1\n  country: USA\n";
    let (own, job_type) = match kind {
        "import" => (
            "manifestVersion: 2.0\neraseDevice: no\nbucket: photos\n",
            JobType::Import,
        ),
        "export" => (
            "manifestVersion: 2.0\nlogBucket: logs\nfileSystem: EXT4\ntrueCryptPassword: x y\noperations:\n  \
             - exportBucket: photos\n",
            JobType::Export,
        ),
        _ => (
            "manifestVersion: 3.0\neraseDevice: no\nlogBucket: logs\nlogPrefix: l/\noperations:\n  \
             - source: device\n    region: eu-west-1\n    destination: ebs-snapshot\n    \
             deviceCapacityGreaterThan1TB: no\n",
            JobType::Import,
        ),
    };
    Manifest::parse_accepted(&format!("{own}{common}"), job_type)
        .unwrap_or_else(|faults| panic!("{kind}: {faults}"))
}

#[test]
fn an_encrypted_device_is_given_to_a_station_that_can_try_a_secret() {
    let (job, key, right) = world();
    let without = manifest("import");
    let mut with = manifest("import");
    if let Manifest::S3Import(rules) = &mut with {
        let password = crate::manifest::Passphrase::new("open".to_owned());
        rules.common.true_crypt_password = Some(password);
    }
    let docked = |obstacle| Docked {
        view: Some(View::Raw),
        obstacle: Some(obstacle),
        ..docked(right.clone(), Some(job.id))
    };
    let of = |manifest: &Manifest, obstacle| {
        dispatch(&job, Some(manifest), &key, &docked(obstacle), &station())
    };
    let begun = of(&with, StopCause::PasswordNeeded);
    assert_eq!(begun.denial, None);
    assert_eq!(after(&job, &begun).progress.code(), "InProgress");
    for (manifest, cause) in [
        (&without, StopCause::PasswordNeeded),
        (&with, StopCause::PasswordWrong),
        (&with, StopCause::FileSystemUnsupported),
    ] {
        let held = of(manifest, cause);
        assert!(held.denial.is_some(), "{cause:?}");
        assert_eq!(after(&job, &held).hold().unwrap().cause, cause);
    }
    let late = Docked {
        has_secret: true,
        ..docked(StopCause::PasswordNeeded)
    };
    let begun = dispatch(&job, Some(&without), &key, &late, &station());
    assert_eq!(begun.denial, None, "one that came beside the manifest");
    // Who names the job has not shown its device.
    let named = Docked {
        presented: Presented::Nothing,
        ..docked(StopCause::PasswordNeeded)
    };
    let held = dispatch(&job, Some(&with), &key, &named, &station());
    assert!(held.denial.is_some());
}

#[test]
fn a_job_that_needs_the_device_in_another_way_says_so_and_waits() {
    let (job, key, right) = world();
    for (kind, view, hint) in [
        ("import", View::Raw, "mount it read-only"),
        ("import", View::Fill, "without --format"),
        ("export", View::Raw, "--format"),
        ("image", View::Mounted, "unmount it"),
        ("image", View::Fill, "without --format"),
    ] {
        let manifest = manifest(kind);
        for presented in [Presented::Nothing, right.clone()] {
            let docked = Docked {
                view: Some(view),
                ..docked(presented.clone(), Some(job.id))
            };
            let verdict = dispatch(&job, Some(&manifest), &key, &docked, &station());
            let denial = verdict.denial.clone().unwrap();
            assert_eq!(denial.code(), "WrongView", "{kind} {view:?}");
            assert!(
                denial.hint().contains(hint),
                "{kind} {view:?}: {}",
                denial.hint()
            );
            let is_proved = presented == right;
            let custody = if is_proved { "AtAWS" } else { "NotReceived" };
            let job = after(&job, &verdict);
            assert_eq!(
                (job.custody.code(), job.progress.code()),
                (custody, "Pending")
            );
            assert_eq!(job.stopped, None, "an operator's mistake is no news");
        }
    }
}

#[test]
fn an_import_is_loaded_from_a_raw_device_whose_files_the_station_reads() {
    let (job, key, right) = world();
    let dispatched = |kind, view, presented: &Presented| {
        let docked = Docked {
            view: Some(view),
            reads_files: true,
            ..docked(presented.clone(), Some(job.id))
        };
        dispatch(&job, Some(&manifest(kind)), &key, &docked, &station())
    };
    let verdict = dispatched("import", View::Raw, &right);
    assert_eq!(verdict.denial, None);
    assert_eq!(after(&job, &verdict).progress.code(), "InProgress");
    let unsigned = dispatched("import", View::Raw, &Presented::Nothing);
    assert_eq!(unsigned.denial.as_ref().unwrap().code(), "MissingSignature");
    let waiting = after(&job, &unsigned).stopped.unwrap();
    assert_eq!(waiting.cause, StopCause::SignatureMissing);
    // It is no licence to format, and none to take an export for an import.
    for (kind, view) in [
        ("import", View::Fill),
        ("export", View::Raw),
        ("image", View::Fill),
    ] {
        let denial = dispatched(kind, view, &right).denial.unwrap();
        assert_eq!(denial.code(), "WrongView", "{kind} {view:?}");
    }
}

#[test]
fn an_image_without_its_sheet_wants_it_scanned() {
    let (job, key, _) = world();
    let docked = Docked {
        view: Some(View::Raw),
        ..docked(Presented::Nothing, Some(job.id))
    };
    let verdict = dispatch(&job, Some(&manifest("image")), &key, &docked, &station());
    assert_eq!(verdict.denial, Some(Denial::NoSheet(job.id)));
    assert!(
        verdict
            .denial
            .clone()
            .unwrap()
            .hint()
            .contains("--signature")
    );
    assert_eq!(after(&job, &verdict).stopped, None);
}

#[test]
fn a_device_of_another_size_than_the_manifest_says_waits_for_its_customer() {
    let (job, key, presented) = world();
    let docked = |bytes| Docked {
        view: Some(View::Raw),
        bytes: Some(bytes),
        ..docked(presented.clone(), None)
    };
    let manifest = manifest("image");
    let verdict = dispatch(&job, Some(&manifest), &key, &docked(ONE_TB + 1), &station());
    assert_eq!(verdict.denial.as_ref().unwrap().code(), "WrongCapacity");
    let waiting = after(&job, &verdict);
    assert_eq!(waiting.progress, Progress::Pending);
    assert_eq!(waiting.stopped.unwrap().cause, StopCause::CapacityWrong);
    let verdict = dispatch(&job, Some(&manifest), &key, &docked(ONE_TB), &station());
    assert_eq!(verdict.denial, None);
}
