//! Jobs: insertion, compare-and-swap, history, lists and counts.

use futures::future::join_all;
use model::actor::Actor;
use model::event::Event;
use model::ids::JobType;
use model::job::Job;
use model::time::Timestamp;

use super::{
    JobStore, JobStoreError, account_id, arrived, at, canceled, change, conflicts, customer,
    finished, insert, job_id, new_job, station, stored,
};
use crate::jobstore::{HistoryLine, JobPage, Quota};

pub(super) async fn run(store: &dyn JobStore) {
    a_job_comes_back_as_it_was_inserted(store).await;
    an_id_is_taken_for_ever(store).await;
    of_insertions_of_one_id_at_once_one_succeeds(store).await;
    a_change_replaces_state_and_manifest(store).await;
    a_stale_change_is_a_conflict_and_leaves_no_trace(store).await;
    of_changes_at_once_one_succeeds(store).await;
    retried_changes_all_succeed_in_the_end(store).await;
    the_history_has_every_event_in_order(store).await;
    lists_are_newest_first_in_stable_pages(store).await;
    pages_do_not_shift_when_jobs_are_added(store).await;
    only_pending_jobs_without_device_expire(store).await;
    jobs_are_counted_by_account_time_and_state(store).await;
}

async fn a_job_comes_back_as_it_was_inserted(store: &dyn JobStore) {
    let job = new_job("1AAAA", 1, at(0));
    assert!(store.job(job.id).await.expect("reading works").is_none());
    insert(store, &job).await;
    let found = stored(store, job.id).await;
    assert_eq!(found.job, job);
    let line = HistoryLine {
        at: at(0),
        event: None,
        actor: customer(),
    };
    assert_eq!(
        store.history(job.id).await.expect("there is a history"),
        [line]
    );
    assert!(
        store
            .history(job_id("1ZZZZ"))
            .await
            .expect("no job, no lines")
            .is_empty()
    );
}

async fn an_id_is_taken_for_ever(store: &dyn JobStore) {
    let job = new_job("1AAAB", 1, at(0));
    insert(store, &job).await;
    change(store, job.id, &[canceled()], at(1)).await;
    let before = stored(store, job.id).await;
    let again = store
        .insert_job(&new_job("1AAAB", 2, at(2)), &customer(), None)
        .await;
    assert!(matches!(again, Err(JobStoreError::Exists(id)) if id == "1AAAB"));
    assert_eq!(stored(store, job.id).await.job, before.job);
    assert_eq!(store.history(job.id).await.expect("history").len(), 2);
}

async fn of_insertions_of_one_id_at_once_one_succeeds(store: &dyn JobStore) {
    let jobs: Vec<Job> = (0..8)
        .map(|second| new_job("1AAAC", 1, at(second)))
        .collect();
    let results = join_all(
        jobs.iter()
            .map(|job| store.insert_job(job, &Actor::Service, None)),
    )
    .await;
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
    let others = results
        .iter()
        .filter(|r| matches!(r, Err(JobStoreError::Exists(_))))
        .count();
    assert_eq!(others, 7);
    assert_eq!(
        store.history(job_id("1AAAC")).await.expect("history").len(),
        1
    );
}

async fn a_change_replaces_state_and_manifest(store: &dyn JobStore) {
    let job = new_job("1BBBA", 1, at(0));
    insert(store, &job).await;
    let first = stored(store, job.id).await;
    let updated = Event::Updated {
        job_type: JobType::Export,
        manifest: "fileSystem: NTFS\n".to_owned(),
    };
    let changed = change(store, job.id, &[updated], at(5)).await;
    let second = stored(store, job.id).await;
    assert_eq!(second.job, changed);
    assert_eq!(second.job.manifest, "fileSystem: NTFS\n");
    assert!(second.version > first.version);
    let lines = store.history(job.id).await.expect("history");
    let kept = Event::Updated {
        job_type: JobType::Export,
        manifest: String::new(),
    };
    assert_eq!(lines[1].event, Some(kept), "the history keeps no manifest");
}

async fn a_stale_change_is_a_conflict_and_leaves_no_trace(store: &dyn JobStore) {
    let job = new_job("1BBBB", 1, at(0));
    insert(store, &job).await;
    let stale = stored(store, job.id).await;
    change(store, job.id, &[arrived()], at(1)).await;
    let before = stored(store, job.id).await;
    let late = stale
        .job
        .apply(&canceled(), at(2))
        .expect("it could be canceled then");
    let result = store
        .replace_job(&late, stale.version, &[canceled()], &Actor::Service, at(2))
        .await;
    assert!(matches!(result, Err(JobStoreError::Conflict)));
    let after = stored(store, job.id).await;
    assert_eq!((after.job, after.version), (before.job, before.version));
    assert_eq!(store.history(job.id).await.expect("history").len(), 2);

    let nowhere = new_job("1ZZZY", 1, at(0));
    let result = store
        .replace_job(&nowhere, 1, &[canceled()], &Actor::Service, at(2))
        .await;
    assert!(matches!(result, Err(JobStoreError::Conflict)));
    assert!(
        store
            .history(nowhere.id)
            .await
            .expect("no job, no lines")
            .is_empty()
    );
}

async fn of_changes_at_once_one_succeeds(store: &dyn JobStore) {
    let job = new_job("1BBBC", 1, at(0));
    insert(store, &job).await;
    let found = stored(store, job.id).await;
    let events: Vec<Event> = (0..20)
        .map(|n| Event::DeviceArrived {
            station: station(&format!("dock-{n}")),
            device: None,
            signature: None,
        })
        .collect();
    let results = join_all(events.iter().map(|event| async {
        let next = found.job.apply(event, at(1)).expect("devices may arrive");
        store
            .replace_job(
                &next,
                found.version,
                std::slice::from_ref(event),
                &Actor::Service,
                at(1),
            )
            .await
    }))
    .await;
    assert_eq!(conflicts(&results), 19);
    let winner = results
        .iter()
        .position(Result::is_ok)
        .expect("one of twenty succeeds");
    let expected = found
        .job
        .apply(&events[winner], at(1))
        .expect("it did before");
    assert_eq!(stored(store, job.id).await.job, expected);
    let lines = store.history(job.id).await.expect("history");
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[1].event.as_ref(), Some(&events[winner]));
}

async fn retried_changes_all_succeed_in_the_end(store: &dyn JobStore) {
    let job = new_job("1BBBD", 1, at(0));
    insert(store, &job).await;
    let first = stored(store, job.id).await.version;
    join_all((0..20).map(|n| async move {
        let updated = Event::Updated {
            job_type: JobType::Import,
            manifest: format!("{n}"),
        };
        loop {
            let found = stored(store, job_id("1BBBD")).await;
            let next = found
                .job
                .apply(&updated, at(n))
                .expect("the job is pending");
            let events = std::slice::from_ref(&updated);
            match store
                .replace_job(&next, found.version, events, &Actor::Service, at(n))
                .await
            {
                Ok(()) => break,
                Err(JobStoreError::Conflict) => {}
                Err(other) => panic!("a change fails by conflict only, not by `{other}`"),
            }
        }
    }))
    .await;
    assert_eq!(stored(store, job.id).await.version, first + 20);
    assert_eq!(store.history(job.id).await.expect("history").len(), 21);
}

async fn the_history_has_every_event_in_order(store: &dyn JobStore) {
    let job = new_job("1CCCA", 1, at(0));
    insert(store, &job).await;
    let returned = Event::DeviceReturned {
        carrier: "Post".to_owned(),
        tracking_number: "\0 ü".to_owned(),
        unerased: None,
    };
    change(store, job.id, &[arrived(), Event::TransferStarted], at(10)).await;
    // Clocks go back now and then; the order is that of the changes.
    change(store, job.id, &[finished(u64::MAX)], at(9)).await;
    let last = change(store, job.id, std::slice::from_ref(&returned), at(11)).await;
    assert_eq!(stored(store, job.id).await.job, last);
    let lines = store.history(job.id).await.expect("history");
    let (times, events): (Vec<_>, Vec<_>) =
        lines.into_iter().map(|line| (line.at, line.event)).unzip();
    assert_eq!(times, [at(0), at(10), at(10), at(9), at(11)]);
    let expected = [
        arrived(),
        Event::TransferStarted,
        finished(u64::MAX),
        returned,
    ]
    .map(Option::Some);
    assert_eq!(events[1..], expected);
}

async fn page(store: &dyn JobStore, account: u8, after: Option<&str>, limit: u32) -> JobPage {
    store
        .list_jobs(&account_id(account), after.map(job_id), limit)
        .await
        .expect("jobs can be listed")
}

fn ids(page: &JobPage) -> Vec<String> {
    page.jobs.iter().map(|job| job.id.to_string()).collect()
}

async fn lists_are_newest_first_in_stable_pages(store: &dyn JobStore) {
    assert!(page(store, 3, None, 10).await.jobs.is_empty());
    // Three of one second; their ids are in no order; the last is older than all.
    for (id, second) in [
        ("2AAAM", 5),
        ("2AAAZ", 5),
        ("2AAAB", 5),
        ("2AAAQ", 9),
        ("2AAAC", 1),
    ] {
        insert(store, &new_job(id, 3, at(second))).await;
    }
    let foreign = new_job("2BBBB", 4, at(7));
    insert(store, &foreign).await;
    let expected = ["2AAAQ", "2AAAB", "2AAAZ", "2AAAM", "2AAAC"];
    let all = page(store, 3, None, 5).await;
    assert_eq!(ids(&all), expected);
    assert!(!all.truncated);
    assert!(
        all.jobs.iter().all(|job| job.manifest.is_empty()),
        "a list shows no manifest"
    );
    for size in 1..=5 {
        assert_eq!(walk(store, size).await, expected, "in pages of {size}");
    }
    let last = page(store, 3, Some("2AAAC"), 10).await;
    assert!(last.jobs.is_empty() && !last.truncated);
    for stranger in ["2BBBB", "2ZZZZ"] {
        assert!(
            page(store, 3, Some(stranger), 10).await.jobs.is_empty(),
            "after {stranger}"
        );
    }
    assert!(page(store, 3, None, u32::MAX).await.jobs.len() == 5);
}

/// All jobs of the account 3, page by page.
async fn walk(store: &dyn JobStore, size: u32) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    loop {
        let page = page(store, 3, all.last().map(String::as_str), size).await;
        assert!(ids(&page).len() <= usize::try_from(size).unwrap_or(usize::MAX));
        all.extend(ids(&page));
        if !page.truncated {
            return all;
        }
    }
}

async fn pages_do_not_shift_when_jobs_are_added(store: &dyn JobStore) {
    for id in ["2CCCA", "2CCCB", "2CCCC"] {
        insert(store, &new_job(id, 5, at(1))).await;
    }
    assert_eq!(ids(&page(store, 5, None, 2).await), ["2CCCC", "2CCCB"]);
    insert(store, &new_job("2CCCD", 5, at(1))).await;
    change(store, job_id("2CCCB"), &[canceled()], at(2)).await;
    assert_eq!(ids(&page(store, 5, Some("2CCCB"), 2).await), ["2CCCA"]);
}

async fn expirable(store: &dyn JobStore, until: Timestamp, limit: u32) -> Vec<String> {
    let ids = store
        .expirable_jobs(until, limit)
        .await
        .expect("jobs can be looked for");
    ids.iter().map(ToString::to_string).collect()
}

async fn only_pending_jobs_without_device_expire(store: &dyn JobStore) {
    // Long before all other tests' jobs.
    for (id, second) in [
        ("3AAAD", 4),
        ("3AAAA", 1),
        ("3AAAB", 2),
        ("3AAAC", 3),
        ("3AAAE", 5),
    ] {
        insert(store, &new_job(id, 6, at(second - 1000))).await;
    }
    change(store, job_id("3AAAB"), &[arrived()], at(0)).await;
    change(store, job_id("3AAAC"), &[canceled()], at(0)).await;
    assert_eq!(expirable(store, at(-996), 10).await, ["3AAAA", "3AAAD"]);
    assert_eq!(expirable(store, at(-996), 1).await, ["3AAAA"]);
    assert_eq!(expirable(store, at(-997), 10).await, ["3AAAA"]);
    change(store, job_id("3AAAA"), &[Event::Expired], at(0)).await;
    assert_eq!(expirable(store, at(-995), 10).await, ["3AAAD", "3AAAE"]);
}

async fn jobs_are_counted_by_account_time_and_state(store: &dyn JobStore) {
    let before = counts(store).await;
    for (id, second) in [("3BBBA", 1), ("3BBBB", 2), ("3BBBC", 3)] {
        insert(store, &new_job(id, 7, at(second))).await;
    }
    insert(store, &new_job("3BBBD", 8, at(3))).await;
    // Three of account 7 at or after 0, two at or after 2, one at or after 3.
    for (since, made) in [(at(0), 3), (at(2), 2), (at(3), 1), (at(4), 0)] {
        let quota = |jobs| Some(Quota { jobs, since });
        let again = new_job("3BBBA", 7, at(3));
        let within = store.insert_job(&again, &customer(), quota(made + 1)).await;
        assert!(
            matches!(within, Err(JobStoreError::Exists(_))),
            "{within:?}"
        );
        let beyond = store.insert_job(&again, &customer(), quota(made)).await;
        assert!(
            matches!(beyond, Err(JobStoreError::QuotaExceeded)),
            "{beyond:?}"
        );
    }
    let events = [arrived(), Event::TransferStarted, finished(3)];
    change(store, job_id("3BBBA"), &events, at(5)).await;
    let after = counts(store).await;
    let grown = |code: &str| count(&after, code) - count(&before, code);
    assert_eq!(
        (
            grown("Pending"),
            grown("SuccessWithErrors"),
            grown("Canceled")
        ),
        (3, 1, 0)
    );
}

/// After the accounts' own tests, which begin with none.
pub(super) async fn a_quota_holds_for_requests_at_once(store: &dyn JobStore) {
    // That account is there by now.
    let hasty = 2;
    let known = store.account(&account_id(hasty)).await;
    assert!(known.expect("accounts can be read").is_some());
    let quota = Some(Quota {
        jobs: 5,
        since: at(5000),
    });
    let letters = || "ABCDEFGHJKMNPQRSTVWX".chars();
    let jobs: Vec<Job> = letters()
        .flat_map(|a| ['A', 'B'].map(|b| new_job(&format!("3CC{a}{b}"), hasty, at(5000))))
        .collect();
    assert_eq!(jobs.len(), 40);
    let inserts = jobs
        .iter()
        .map(|job| store.insert_job(job, &Actor::Service, quota));
    let results = join_all(inserts).await;
    let refused =
        |result: &&Result<(), JobStoreError>| matches!(result, Err(JobStoreError::QuotaExceeded));
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 5);
    assert_eq!(results.iter().filter(refused).count(), 35);
}

async fn counts(store: &dyn JobStore) -> Vec<(String, u64)> {
    store.job_counts().await.expect("jobs can be counted")
}

fn count(counts: &[(String, u64)], code: &str) -> u64 {
    counts
        .iter()
        .find(|(name, _)| name == code)
        .map_or(0, |(_, count)| *count)
}
