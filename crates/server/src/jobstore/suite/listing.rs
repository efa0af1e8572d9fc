//! The list of the jobs of all accounts, and the words by which jobs are found.

use model::actor::Actor;
use model::event::Event;
use model::ids::{AccountId, JobId};
use model::job::Job;
use model::stopped::StopCause;
use model::words::Word;

use super::{JobStore, arrived, at, canceled, change, finished, insert, job_id, new_job, station};
use crate::jobstore::{Account, JobFilter};

/// When this file's jobs were made: after those of all others, so that they are the first of every list.
const LATER: i64 = 100_000_000;

pub(super) async fn run(store: &dyn JobStore) {
    let [oldest, .., newest] = make(store).await;
    every_filter_finds_its_jobs(store).await;
    pages_go_on_behind_a_job(store, oldest, newest).await;
    a_job_is_found_by_every_word_it_ever_had(store).await;
    a_word_that_is_too_common_is_told(store).await;
}

fn jane() -> AccountId {
    AccountId::new("700000000001").expect("twelve digits")
}

/// Another, of whom nothing is known but the number.
fn nobody() -> AccountId {
    AccountId::new("700000000002").expect("twelve digits")
}

/// A manifest that has all an import needs.
fn manifest(device_id: &str) -> String {
    format!(
        "manifestVersion: 2.0\nbucket: photos\ndeviceId: {device_id}\neraseDevice: no\n\
         notificationEmail: jane@example.com\nreturnAddress:\n    name: Jane Roe\n    \
         street1: 1 Example Way\n    city: Springfield\n    stateOrProvince: WA\n    \
         postalCode: 98000\n    phoneNumber: 206-555-0100\n    country: USA\n"
    )
}

/// Five jobs of two accounts, of which one has a name, and no two of one state.
async fn make(store: &dyn JobStore) -> [JobId; 5] {
    let account = Account {
        id: jane(),
        name: "jane".to_owned(),
        import: Vec::new(),
        export: Vec::new(),
    };
    store.insert_account(&account).await.expect("a new account");
    let ids = ["7AAAA", "7AAAB", "7AAAC", "7AAAD", "7AAAE"].map(job_id);
    let made = [
        (jane(), 0),
        (nobody(), 1),
        (jane(), 1),
        (nobody(), 2),
        (jane(), 3),
    ];
    for (id, (account, second)) in ids.into_iter().zip(made) {
        let mut job = new_job(id.as_str(), 1, at(LATER + second));
        job.account = account;
        job.manifest = manifest(&format!("Box {id}"));
        insert(store, &job).await;
    }
    let [_, second, third, fourth, fifth] = ids;
    let stopped = Event::Stopped {
        cause: StopCause::StoreFull,
        bucket: None,
        detail: String::new(),
        untouched: false,
        words: None,
    };
    let started = Event::TransferStarted;
    change(store, second, &[arrived(), started.clone()], at(LATER + 9)).await;
    change(store, third, &[arrived(), stopped], at(LATER + 9)).await;
    let over = [arrived(), started, finished(3)];
    change(store, fourth, &over, at(LATER + 9)).await;
    change(store, fifth, &[canceled()], at(LATER + 9)).await;
    ids
}

async fn found(store: &dyn JobStore, filter: JobFilter, limit: u32) -> (Vec<Job>, bool) {
    let page = store.find_jobs(&filter, limit).await.expect("a page");
    let jobs = page.jobs.into_iter().map(|(job, _)| job).collect();
    (jobs, page.truncated)
}

/// The ids of this file's jobs that a filter finds, the newest first.
async fn ids(store: &dyn JobStore, filter: JobFilter) -> Vec<String> {
    let (jobs, _) = found(store, filter, 1_000).await;
    let ids = jobs.iter().map(|job| job.id.to_string());
    ids.filter(|id| id.starts_with("7AAA")).collect()
}

async fn every_filter_finds_its_jobs(store: &dyn JobStore) {
    let all = JobFilter::default;
    assert_eq!(
        ids(store, all()).await,
        ["7AAAE", "7AAAD", "7AAAC", "7AAAB", "7AAAA"],
        "of one second the later comes first"
    );
    for (filter, expected) in [
        (
            JobFilter {
                progress: Some("SuccessWithErrors".to_owned()),
                ..all()
            },
            &["7AAAD"][..],
        ),
        (
            JobFilter {
                held: true,
                ..all()
            },
            &["7AAAC"],
        ),
        (
            JobFilter {
                account: Some(jane()),
                ..all()
            },
            &["7AAAE", "7AAAC", "7AAAA"],
        ),
        (
            JobFilter {
                station: Some(station("dock-1")),
                ..all()
            },
            &["7AAAD", "7AAAC", "7AAAB"],
        ),
        (
            JobFilter {
                station: Some(station("dock-1")),
                account: Some(jane()),
                progress: Some("Pending".to_owned()),
                held: true,
                word: Word::new("7aa"),
                before: Some(job_id("7AAAD")),
            },
            &["7AAAC"],
        ),
        (
            JobFilter {
                station: Some(station("dock-9")),
                ..all()
            },
            &[],
        ),
    ] {
        assert_eq!(ids(store, filter.clone()).await, expected, "{filter:?}");
    }
    let page = store.find_jobs(&all(), 2).await.expect("a page");
    let names: Vec<Option<&str>> = page.jobs.iter().map(|(_, name)| name.as_deref()).collect();
    assert_eq!(names, [Some("jane"), None]);
    assert!(page.jobs.iter().all(|(job, _)| job.manifest.is_empty()));
}

async fn pages_go_on_behind_a_job(store: &dyn JobStore, oldest: JobId, newest: JobId) {
    let behind = |before| JobFilter {
        before: Some(before),
        ..JobFilter::default()
    };
    let (jobs, truncated) = found(store, behind(newest), 3).await;
    let page: Vec<&str> = jobs.iter().map(|job| job.id.as_str()).collect();
    assert_eq!((page, truncated), (vec!["7AAAD", "7AAAC", "7AAAB"], true));
    let of_jane = JobFilter {
        account: Some(jane()),
        ..behind(job_id("7AAAC"))
    };
    let (jobs, truncated) = found(store, of_jane, 1).await;
    assert_eq!((jobs[0].id, truncated), (oldest, false));
    let (jobs, truncated) = found(store, behind(job_id("7ZZZZ")), 5).await;
    assert!(jobs.is_empty() && !truncated, "nothing is behind no job");
}

async fn a_job_is_found_by_every_word_it_ever_had(store: &dyn JobStore) {
    let with = |word: &str| JobFilter {
        word: Word::new(word),
        ..JobFilter::default()
    };
    assert_eq!(ids(store, with("7aaab")).await, ["7AAAB"]);
    assert_eq!(ids(store, with("BOX 7AA")).await.len(), 5);
    assert_eq!(
        ids(store, with("s5txn")).await,
        ["7AAAD", "7AAAC", "7AAAB"],
        "by the serial number of the device"
    );
    assert!(ids(store, with("5txn")).await.is_empty(), "not by its end");

    let mut updated = store.job(job_id("7AAAA")).await.expect("it is read");
    let stored = updated.as_mut().expect("it is there");
    stored.job.manifest = manifest("Crate 9");
    let event = Event::Updated {
        job_type: stored.job.job_type,
        manifest: stored.job.manifest.clone(),
    };
    store
        .replace_job(
            &stored.job,
            stored.version,
            &[event],
            &Actor::Service,
            at(LATER),
        )
        .await
        .expect("nobody else writes");
    let returned = Event::DeviceReturned {
        carrier: "UPS".to_owned(),
        tracking_number: "1Z999AA1".to_owned(),
        unerased: None,
    };
    change(store, job_id("7AAAD"), &[returned], at(LATER + 10)).await;
    for (word, id) in [
        ("crate", "7AAAA"),
        ("box 7aaaa", "7AAAA"),
        ("1z999aa1", "7AAAD"),
        ("7aaad", "7AAAD"),
    ] {
        assert_eq!(ids(store, with(word)).await, [id], "{word}");
    }
    let at_station = JobFilter {
        station: Some(station("dock-1")),
        ..JobFilter::default()
    };
    assert_eq!(ids(store, at_station).await, ["7AAAC", "7AAAB"]);
}

async fn a_word_that_is_too_common_is_told(store: &dyn JobStore) {
    let word = |text| Word::new(text).expect("a word");
    for (beginning, most, is_common) in [
        ("box 7aaa", 5, false),
        ("box 7aaa", 4, true),
        ("box 7aaab", 1, false),
        ("box 7aaab", 0, true),
        ("nothing", 0, false),
    ] {
        let told = store.is_common(&word(beginning), most).await;
        assert_eq!(told.expect("words are counted"), is_common, "{beginning}");
    }
}
