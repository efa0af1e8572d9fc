//! The state table, cell by cell, and the page of the documentation printed from it.

use super::*;
use crate::disposal::rules::ReleaseRule;
use crate::disposal::{GrantId, Release, Unerased};
use crate::erasure::{Certificate, ErasureEnd, ErasureMethod, Technique};
use crate::hold::Mended;
use crate::ids::{BucketName, ObjectKey, StationName};
use crate::progress::{AbortReason, LogLocation};

const NOW: i64 = 1_700_000_000;

fn log() -> LogLocation {
    LogLocation {
        bucket: BucketName::new("logs").unwrap(),
        key: ObjectKey::new("import-log-ABCDE").unwrap(),
    }
}

fn station() -> StationName {
    StationName::new("dock-1").unwrap()
}

fn custodies() -> Vec<Custody> {
    let at = Timestamp::from_unix(1);
    vec![
        Custody::NotReceived,
        Custody::AtStation {
            station: station(),
            since: at,
            device: None,
        },
        Custody::Returned {
            carrier: "Post".into(),
            tracking_number: "1".into(),
            at,
        },
    ]
}

fn progresses() -> Vec<Progress> {
    let at = Timestamp::from_unix(2);
    vec![
        Progress::Pending,
        Progress::InProgress { since: at },
        Progress::Finished {
            errors: 3,
            log: log(),
            at,
            remark: None,
        },
        Progress::Aborted {
            reason: AbortReason::MissingSignature,
            at,
            because: None,
        },
        Progress::Canceled { at, because: None },
        Progress::Expired { at },
    ]
}

fn events() -> Vec<Event> {
    vec![
        Event::Updated {
            job_type: JobType::Export,
            manifest: "new".into(),
        },
        Event::Canceled {
            running: WhileRunning::Refuse,
            because: None,
        },
        Event::Canceled {
            running: WhileRunning::Cancel,
            because: None,
        },
        Event::Expired,
        Event::DeviceArrived {
            station: station(),
            device: None,
            signature: None,
        },
        Event::DeviceReturned {
            carrier: "Post".into(),
            tracking_number: "1".into(),
            unerased: None,
        },
        Event::TransferStarted,
        Event::TransferFinished {
            errors: 0,
            log: log(),
            remark: None,
            files: Vec::new(),
            sums: None,
        },
        Event::TransferAborted {
            reason: AbortReason::DeviceError,
            because: Some("It clicks.".into()),
        },
        Event::Stopped {
            cause: StopCause::StoreFull,
            bucket: None,
            words: None,
            detail: "507".into(),
            untouched: false,
        },
        Event::Resumed { how: Mended::Told },
        Event::ToFinishWithout { because: None },
        Event::Reopened,
    ]
}

fn grant() -> GrantId {
    GrantId::new("0123456789abcdef0123456789abcdef").unwrap()
}

/// What can have become of a device, in the order of the documentation.
pub(crate) fn disposals() -> Vec<Disposal> {
    let at = Timestamp::from_unix(3);
    vec![
        Disposal::Kept,
        Disposal::Released(release()),
        Disposal::Erasing {
            grant: grant(),
            station: station(),
            since: at,
        },
        Disposal::EraseFailed { grant: grant(), at },
        Disposal::Erased {
            method: ErasureMethod::Clear,
            at,
        },
        Disposal::Destroyed {
            authority: "Jane".into(),
            reason: "It would not erase.".into(),
            at,
        },
    ]
}

fn release() -> Release {
    Release {
        rule: ReleaseRule::Customer,
        at: Timestamp::from_unix(3),
        gives_up: 0,
        statement: None,
        by_the_account: true,
    }
}

fn word() -> Unerased {
    Unerased {
        authority: "Jane".into(),
        reason: "As asked by phone.".into(),
    }
}

/// What can happen to a device that was loaded, with the names of the documentation.
pub(crate) fn steps() -> Vec<(&'static str, Event)> {
    let returned = |unerased| Event::DeviceReturned {
        carrier: "Post".into(),
        tracking_number: "1".into(),
        unerased,
    };
    let ended = |account| Event::EraseEnded {
        end: Box::new(ErasureEnd::of(account)),
        confirmed_by: Vec::new(),
    };
    let whole = crate::erasure::sample();
    let unread = Certificate {
        verification: None,
        ..whole.clone()
    };
    vec![
        ("Released", Event::Released(release())),
        (
            "Objected",
            Event::Objected {
                because: "We miss a folder.".into(),
            },
        ),
        ("ObjectionWithdrawn", Event::ObjectionWithdrawn),
        (
            "EraseStarted",
            Event::EraseStarted {
                grant: grant(),
                technique: Technique::OverwriteZeros,
                confirmed_by: Vec::new(),
            },
        ),
        ("EraseEnded", ended(whole)),
        ("EraseEnded (failed)", ended(unread)),
        ("Destroyed", Event::Destroyed(word())),
        ("Reopened", Event::Reopened),
        ("DeviceReturned", returned(None)),
        ("DeviceReturned (unerased)", returned(Some(word()))),
    ]
}

/// A job whose device was loaded, with errors, and is here.
pub(crate) fn loaded() -> Job {
    job(custodies().remove(1), progresses().remove(2))
}

fn is_legal(custody: &Custody, progress: &Progress) -> bool {
    match (custody, progress) {
        (
            Custody::NotReceived,
            Progress::InProgress { .. } | Progress::Finished { .. } | Progress::Aborted { .. },
        ) => false,
        (Custody::Returned { .. }, progress) => progress.is_terminal(),
        _ => true,
    }
}

fn job(custody: Custody, progress: Progress) -> Job {
    let mut job = Job::open(
        JobId::new("ABCDE").unwrap(),
        AccountId::new("123456789012").unwrap(),
        JobType::Import,
        "old".into(),
        Timestamp::from_unix(0),
    );
    job.custody = custody;
    job.progress = progress;
    job
}

fn legal_jobs() -> Vec<Job> {
    let mut jobs = Vec::new();
    for custody in custodies() {
        for progress in progresses() {
            if is_legal(&custody, &progress) {
                jobs.push(job(custody.clone(), progress));
            }
        }
    }
    jobs
}

#[test]
fn there_are_thirteen_legal_states() {
    assert_eq!(legal_jobs().len(), 13);
}

#[test]
fn no_event_leads_out_of_the_legal_states() {
    for before in legal_jobs() {
        for event in events() {
            if let Ok(after) = before.apply(&event, Timestamp::from_unix(NOW)) {
                assert!(
                    is_legal(&after.custody, &after.progress),
                    "{before:?} {event:?}"
                );
            }
        }
    }
}

#[test]
fn what_is_over_stays_over_unless_it_is_reopened() {
    for before in legal_jobs()
        .into_iter()
        .filter(|job| job.progress.is_terminal())
    {
        for event in events()
            .into_iter()
            .filter(|event| *event != Event::Reopened)
        {
            if let Ok(after) = before.apply(&event, Timestamp::from_unix(NOW)) {
                assert_eq!(after.progress, before.progress, "{event:?}");
            }
        }
    }
}

#[test]
fn an_update_may_change_the_type_and_replaces_the_manifest() {
    let before = job(Custody::NotReceived, Progress::Pending);
    let event = Event::Updated {
        job_type: JobType::Export,
        manifest: "new".into(),
    };
    let after = before.apply(&event, Timestamp::from_unix(NOW)).unwrap();
    assert_eq!(
        (after.job_type, after.manifest.as_str()),
        (JobType::Export, "new")
    );
}

#[test]
fn why_a_job_stands_still_is_kept_until_it_moves_on() {
    let now = Timestamp::from_unix(NOW);
    let stop = |cause| Event::Stopped {
        cause,
        bucket: None,
        words: None,
        detail: String::new(),
        untouched: false,
    };
    let here = custodies().remove(1);
    let pending = job(here.clone(), Progress::Pending);
    let stopped = pending
        .apply(&stop(StopCause::SignatureMissing), now)
        .unwrap();
    assert_eq!(stopped.progress, Progress::Pending);
    assert_eq!(
        stopped.stopped.as_ref().unwrap().cause,
        StopCause::SignatureMissing
    );
    assert_eq!(stopped.stopped.as_ref().unwrap().at, now);
    for event in [
        Event::TransferStarted,
        events().remove(1),
        Event::TransferAborted {
            reason: AbortReason::MissingSignature,
            because: None,
        },
    ] {
        assert_eq!(
            stopped.apply(&event, now).unwrap().stopped,
            None,
            "{event:?}"
        );
    }
    let over = progresses().into_iter().filter(Progress::is_terminal);
    for progress in over {
        let over = job(here.clone(), progress);
        assert!(over.apply(&stop(StopCause::StoreFull), now).is_err());
    }
}

/// Whoever sent a wrong password sends another manifest: AWS takes one while the job is Pending.
#[test]
fn a_job_of_which_nothing_was_moved_waits_for_another_manifest() {
    let now = Timestamp::from_unix(NOW);
    let stop = |cause, untouched| Event::Stopped {
        cause,
        bucket: None,
        words: None,
        detail: String::new(),
        untouched,
    };
    let update = events().remove(0);
    let here = custodies().remove(1);
    let running = job(here, Progress::InProgress { since: now });
    for cause in StopCause::ALL {
        let moved = running.apply(&stop(cause, false), now).unwrap();
        assert_eq!(moved.apply(&update, now), Err(Refusal::InProgress));
        let held = running.apply(&stop(cause, true), now).unwrap();
        let is_for_the_manifest = matches!(
            cause,
            StopCause::PasswordNeeded
                | StopCause::PasswordWrong
                | StopCause::ManifestFault
                | StopCause::CapacityWrong
                | StopCause::BucketMissing
                | StopCause::BucketRights
                | StopCause::StoreRefuses
        );
        assert_eq!(
            held.hold().map(|hold| hold.cause),
            cause.hold().map(|_| cause)
        );
        assert_eq!(
            held.apply(&update, now).is_ok(),
            is_for_the_manifest,
            "{cause:?}"
        );
        let again = held.apply(&Event::TransferStarted, now).unwrap();
        assert_eq!(again.progress, Progress::InProgress { since: now });
    }
}

#[test]
fn nothing_was_moved_before_where_every_attempt_says_so() {
    use crate::event::moved_nothing_before;
    let stop = |untouched| Event::Stopped {
        cause: StopCause::PasswordWrong,
        bucket: None,
        words: None,
        detail: String::new(),
        untouched,
    };
    let (begun, secret) = (Event::TransferStarted, told(Mended::Secret));
    let first = [begun.clone()];
    let second = [begun.clone(), stop(true), secret.clone(), begun.clone()];
    assert!(moved_nothing_before(&first) && moved_nothing_before(&second));
    let moved = [begun.clone(), stop(false), secret, begun.clone()];
    // The lease of the first has lapsed, or a job that was over goes on.
    let lost = [begun.clone(), begun.clone()];
    let reopened = [begun.clone(), events().remove(7), Event::Reopened, begun];
    for history in [&moved[..], &lost, &reopened] {
        assert!(!moved_nothing_before(history), "{history:?}");
    }
}

fn held(cause: StopCause, words: Option<&str>) -> Event {
    Event::Stopped {
        cause,
        bucket: None,
        words: words.map(str::to_owned),
        detail: String::new(),
        untouched: false,
    }
}

fn told(how: Mended) -> Event {
    Event::Resumed { how }
}

/// The job after events that happen a second apart.
fn after(job: &Job, events: &[Event]) -> Job {
    let happen = |(job, now): (Job, i64), event: &Event| {
        let next = job.apply(event, Timestamp::from_unix(now));
        (next.unwrap(), now + 1)
    };
    events.iter().fold((job.clone(), NOW), happen).0
}

#[test]
fn a_hold_begins_once_and_ends_when_it_is_mended() {
    let job = job(
        custodies().remove(1),
        Progress::InProgress {
            since: Timestamp::from_unix(2),
        },
    );
    let full = held(StopCause::StoreFull, None);
    let twice = after(&job, &[full.clone(), full.clone()]);
    assert_eq!(twice.hold().unwrap().at, Timestamp::from_unix(NOW));
    let mended = after(&job, &[full.clone(), told(Mended::Checked)]);
    assert_eq!(mended.hold(), None);
    assert_eq!(
        mended.stopped.as_ref().unwrap().mended,
        Some(Timestamp::from_unix(NOW + 1))
    );
    assert_eq!(
        mended.apply(&told(Mended::Checked), Timestamp::from_unix(NOW)),
        Err(Refusal::NotOnHold),
        "it has ended already"
    );
    let again = [
        full.clone(),
        told(Mended::Checked),
        Event::TransferStarted,
        full.clone(),
    ];
    let hold = after(&job, &again).hold().unwrap().clone();
    assert_eq!(hold.at, Timestamp::from_unix(NOW));
    assert_eq!(hold.in_vain.unwrap().times, 1);
    // A person did something about it: what was tried before says nothing.
    let by_hand = [&again[..], &[told(Mended::Told)]].concat();
    assert_eq!(after(&job, &by_hand).stopped.unwrap().in_vain, None);
    let over = Event::TransferFinished {
        errors: 0,
        log: log(),
        remark: None,
        files: Vec::new(),
        sums: None,
    };
    let over = after(&job, &[&again[..3], &[over]].concat());
    assert_eq!((over.stopped, over.resumed), (None, None));
}

#[test]
fn a_job_is_to_be_finished_without_until_it_is_over_or_held_by_a_person() {
    let job = job(
        custodies().remove(1),
        Progress::InProgress {
            since: Timestamp::from_unix(2),
        },
    );
    let because = Some("Nobody answers.".to_owned());
    let without = Event::ToFinishWithout { because };
    let now = Timestamp::from_unix(NOW);
    assert_eq!(job.apply(&without, now), Err(Refusal::NotOnHold));
    let full = held(StopCause::StoreFull, None);
    let decided = after(&job, &[full.clone(), without.clone()]);
    assert_eq!((decided.hold(), &decided.progress), (None, &job.progress));
    assert_eq!(
        decided.without.as_ref().unwrap().cause,
        StopCause::StoreFull
    );
    // The report may have to be delivered again.
    let again = [Event::TransferStarted, full.clone()];
    assert_eq!(after(&decided, &again).without, decided.without);
    let person = held(StopCause::ByOperator, Some("Wait."));
    assert_eq!(after(&decided, &[person]).without, None);
    let over = Event::TransferFinished {
        errors: 3,
        log: log(),
        remark: None,
        files: Vec::new(),
        sums: None,
    };
    assert_eq!(
        after(&decided, &[Event::TransferStarted, over]).without,
        None
    );
}

#[test]
fn what_the_operator_holds_only_a_person_lets_go() {
    let job = job(
        custodies().remove(1),
        Progress::InProgress {
            since: Timestamp::from_unix(2),
        },
    );
    let asked = held(StopCause::ByOperator, Some("The cable is on its way."));
    for cause in StopCause::ALL {
        let hold = after(&job, &[asked.clone(), held(cause, None)]);
        let is_operators =
            cause == StopCause::ByOperator || hold.hold().unwrap().is_held_by_operator();
        assert!(is_operators, "{cause:?}");
    }
    let new_words = held(StopCause::ByOperator, Some("It came."));
    let hold = after(&job, &[asked.clone(), new_words]).stopped.unwrap();
    assert_eq!(hold.words.as_deref(), Some("It came."));
    assert_eq!(after(&job, &[asked, told(Mended::Told)]).hold(), None);
}

#[test]
fn what_a_customer_holds_only_a_person_takes_the_place_of() {
    let since = Timestamp::from_unix(2);
    let job = job(custodies().remove(1), Progress::InProgress { since });
    let asked = held(StopCause::ByCustomer, None);
    for cause in StopCause::ALL {
        let hold = after(&job, &[asked.clone(), held(cause, Some("Wait."))]);
        let expected = match cause {
            StopCause::ByOperator => StopCause::ByOperator,
            _ => StopCause::ByCustomer,
        };
        assert_eq!(hold.hold().unwrap().cause, expected, "{cause:?}");
    }
    // An earlier one is no customer's.
    let before = after(&job, &[held(StopCause::StoreFull, None), asked]);
    assert_eq!(before.hold().unwrap().cause, StopCause::ByCustomer);
}

#[test]
fn only_a_job_with_failures_whose_device_is_here_is_reopened() {
    let now = Timestamp::from_unix(NOW);
    let finished = |errors| Progress::Finished {
        errors,
        log: log(),
        at: now,
        remark: None,
    };
    let [_, here, returned] = custodies().try_into().unwrap();
    let reopened = job(here.clone(), finished(2))
        .apply(&Event::Reopened, now)
        .unwrap();
    assert_eq!(reopened.progress, Progress::InProgress { since: now });
    assert_eq!(reopened.stopped.unwrap().cause, StopCause::Retry);
    let refused = |custody: &Custody, progress| {
        job(custody.clone(), progress)
            .apply(&Event::Reopened, now)
            .unwrap_err()
    };
    assert_eq!(refused(&here, finished(0)), Refusal::NothingFailed);
    assert_eq!(refused(&here, Progress::Pending), Refusal::NotOver);
    assert_eq!(refused(&returned, finished(2)), Refusal::Returned);
}

/// Prints `docs/job-states.md`. With `UPDATE_DOCS=1` it is written, otherwise compared.
#[test]
fn the_documented_state_table_is_the_true_one() {
    let page = include_str!("../../../docs/job-states.md");
    let printed = state_table();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/job-states.md");
        std::fs::write(path, &printed).unwrap();
    } else {
        assert_eq!(page, printed, "run the tests once with UPDATE_DOCS=1");
    }
}

fn state_table() -> String {
    let mut page = String::from(
        "# Job states\n\nPrinted from `model::job::Job::apply` by its tests; do not edit by hand.\n\n\
         A job's state is three facts: *custody* (where the device is, `LocationCode`), *progress*\n\
         (what became of the data, `ProgressCode`) and *disposal* (what became of the device itself, below). A cell shows the state after the event, `=` where\n\
         the event is taken and changes nothing, or why it is refused.\n\n\
         `Canceled` appears twice: as the API reference has it, and with the operator's switch\n\
         `cancel_in_progress` on. `TransferAborted` comes from a person who says so in so many words,\n\
         never from a docking. `Stopped` keeps why a job stands still beside its state, and what moves\n\
         the job on takes it away; of a job of which nothing was moved yet, and which another manifest\n\
         may mend, it makes Pending out of InProgress, so that UpdateJob is taken.\n\
         `Resumed` and `ToFinishWithout` need a job that is on hold\n\
         ([holds](holds.md)). `Reopened` needs a\n\
         job with errors.\n\n",
    );
    let names: Vec<String> = events()
        .iter()
        .map(|event| match event {
            Event::Canceled {
                running: WhileRunning::Cancel,
                ..
            } => "Canceled (switch on)".to_owned(),
            other => other.name().to_owned(),
        })
        .collect();
    page.push_str(&format!("| Custody, progress | {} |\n", names.join(" | ")));
    page.push_str(&format!("| --- |{}\n", " --- |".repeat(names.len())));
    for before in legal_jobs() {
        let cells: Vec<String> = events().iter().map(|event| cell(&before, event)).collect();
        page.push_str(&format!(
            "| **{}** | {} |\n",
            state(&before),
            cells.join(" | ")
        ));
    }
    page.push_str(&disposal_table());
    page
}

/// What becomes of a device that was loaded and whose job wants an erase.
fn disposal_table() -> String {
    let mut page = String::from(
        "\n## What becomes of the device\n\n\
         The third fact is *disposal*. It is `Kept` until the import is finished; this is how it goes on for a job\n\
         with errors whose device is here and is to be erased. An objection of the account stands beside it and shuts\n\
         the gate ([erasing](erasing.md)). `EraseEnded` tells a certificate, `(failed)` a failure; `(unerased)` is a\n\
         return for which somebody answers. A cell shows what becomes of the device, `=` where that does not change.\n\n",
    );
    let steps = steps();
    let names: Vec<&str> = steps.iter().map(|(name, _)| *name).collect();
    page.push_str(&format!("| Disposal | {} |\n", names.join(" | ")));
    page.push_str(&format!("| --- |{}\n", " --- |".repeat(names.len())));
    let objection = Objection {
        at: Timestamp::from_unix(3),
        because: "We miss a folder.".into(),
    };
    let mut rows: Vec<(Disposal, Option<Objection>)> =
        disposals().into_iter().map(|it| (it, None)).collect();
    rows.insert(1, (Disposal::Kept, Some(objection)));
    for (disposal, objection) in rows {
        let before = Job {
            erase: Some(EraseWish::Manifest),
            disposal,
            objection,
            ..loaded()
        };
        let cells = steps.iter().map(|(_, event)| disposal_cell(&before, event));
        let cells: Vec<String> = cells.collect();
        page.push_str(&format!(
            "| **{}** | {} |\n",
            disposal_of(&before),
            cells.join(" | ")
        ));
    }
    page
}

fn disposal_cell(before: &Job, event: &Event) -> String {
    match before.apply(event, Timestamp::from_unix(NOW)) {
        Err(refusal) => format!("*{refusal}*"),
        Ok(after) if disposal_of(&after) == disposal_of(before) => "=".to_owned(),
        Ok(after) => disposal_of(&after),
    }
}

fn disposal_of(job: &Job) -> String {
    let code = job.disposal.code();
    match job.objection {
        Some(_) => format!("{code}, objected"),
        None => code.to_owned(),
    }
}

fn cell(before: &Job, event: &Event) -> String {
    match before.apply(event, Timestamp::from_unix(NOW)) {
        Err(refusal) => format!("*{refusal}*"),
        Ok(after) if state(&after) == state(before) => "=".to_owned(),
        Ok(after) => state(&after),
    }
}

fn state(job: &Job) -> String {
    let progress = match job.progress {
        Progress::Finished { .. } => "Complete / SuccessWithErrors",
        Progress::Aborted { .. } => "aborted",
        _ => job.progress.code(),
    };
    format!("{}, {progress}", job.custody.code())
}

/// What is known of the device stays with the job from docking to docking, and goes when it turns up elsewhere.
#[test]
fn what_is_known_of_a_device_is_that_of_its_last_docking() {
    let facts = |serial: &str| DeviceFacts {
        serial: Some(serial.to_owned()),
        ..DeviceFacts::default()
    };
    let known = |job: &Job| match &job.custody {
        Custody::AtStation { since, device, .. } => (since.to_string(), device.clone()),
        custody => panic!("{custody:?}"),
    };
    let at = Timestamp::from_unix;
    let arrives = |job: &Job, name: &str, device: Option<DeviceFacts>, now| {
        let station = StationName::new(name).unwrap();
        let arrived = Event::DeviceArrived {
            station,
            device,
            signature: None,
        };
        job.apply(&arrived, at(now)).unwrap()
    };
    let job = legal_jobs()
        .into_iter()
        .find(|job| (&job.custody, &job.progress) == (&Custody::NotReceived, &Progress::Pending))
        .unwrap();
    let job = arrives(&job, "dock-1", Some(facts("A")), 5);
    assert_eq!(known(&job), (at(5).to_string(), Some(facts("A"))));
    let job = arrives(&job, "dock-1", None, 6);
    assert_eq!(known(&job), (at(5).to_string(), Some(facts("A"))));
    let job = arrives(&job, "dock-1", Some(facts("B")), 7);
    assert_eq!(known(&job), (at(5).to_string(), Some(facts("B"))));
    let job = arrives(&job, "dock-2", None, 8);
    assert_eq!(known(&job), (at(8).to_string(), None));
}

/// What a person has a device loaded in spite of is that device's: another one is looked at anew.
#[test]
fn a_device_that_a_person_takes_as_it_is_stays_so_until_another_comes() {
    let arrived = |serial: Option<&str>| Event::DeviceArrived {
        station: station(),
        device: serial.map(|serial| DeviceFacts {
            serial: Some(serial.to_owned()),
            bytes: Some(1_000),
            ..DeviceFacts::default()
        }),
        signature: None,
    };
    let here = after(
        &job(Custody::NotReceived, Progress::Pending),
        &[arrived(Some("S1")), Event::TransferStarted],
    );
    let taken = [StopCause::DiskFailing];
    for (how, expected) in [(Mended::Told, &taken[..]), (Mended::Docked, &[])] {
        let resumed = after(&here, &[held(StopCause::DiskFailing, None), told(how)]);
        assert_eq!(resumed.as_it_is, expected, "{how:?}");
    }
    let other = after(
        &here,
        &[held(StopCause::StoreFull, None), told(Mended::Told)],
    );
    assert_eq!(other.as_it_is, []);
    let resumed = after(
        &here,
        &[held(StopCause::DiskFailing, None), told(Mended::Told)],
    );
    for same in [Some("S1"), None] {
        let again = after(&resumed, &[arrived(same), Event::TransferStarted]);
        assert_eq!(again.as_it_is, taken, "{same:?}");
    }
    let another = after(&resumed, &[arrived(Some("S2"))]);
    assert_eq!(another.as_it_is, []);
    let over = after(&resumed, &[Event::TransferStarted, events().remove(7)]);
    assert_eq!(over.as_it_is, []);
}
