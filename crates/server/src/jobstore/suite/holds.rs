//! Holds: found by how long they last, counted by cause, and gone when they are mended.

use model::event::{Event, WhileRunning};
use model::heartbeat::MendedJob;
use model::hold::Mended;
use model::ids::JobId;
use model::stopped::StopCause;

use super::{JobStore, arrived, at, canceled, change, insert, new_job, station, stored};
use crate::jobstore::{HeldJob, HoldCount};

pub(super) async fn run(store: &dyn JobStore) {
    jobs_on_hold_are_found_in_pages_by_how_long_they_are(store).await;
    what_is_mended_over_or_no_hold_is_not_found(store).await;
    jobs_are_found_by_what_they_are_on_hold_for(store).await;
    a_station_finds_what_is_mended_until_it_goes_on(store).await;
}

fn stopped(cause: StopCause) -> Event {
    Event::Stopped {
        cause,
        bucket: None,
        words: None,
        detail: String::new(),
        untouched: false,
    }
}

/// Puts jobs on hold, each at its second.
async fn hold(store: &dyn JobStore, id: &str, cause: StopCause, second: i64) -> JobId {
    let job = new_job(id, 7, at(0));
    insert(store, &job).await;
    change(store, job.id, &[arrived(), stopped(cause)], at(second)).await;
    job.id
}

async fn page(
    store: &dyn JobStore,
    until: i64,
    after: Option<HeldJob>,
    limit: u32,
) -> Vec<HeldJob> {
    let found = store.jobs_on_hold(at(until), after, limit).await;
    found.expect("jobs on hold can be found")
}

async fn found(store: &dyn JobStore, until: i64) -> Vec<JobId> {
    let all = page(store, until, None, 10).await;
    all.into_iter().map(|job| job.id).collect()
}

async fn counts(store: &dyn JobStore) -> Vec<HoldCount> {
    store.hold_counts().await.expect("holds can be counted")
}

async fn jobs_on_hold_are_found_in_pages_by_how_long_they_are(store: &dyn JobStore) {
    let before = counts(store).await;
    assert_eq!(before, [], "no other noun of the suite holds a job");
    let missing = StopCause::BucketMissing;
    let (third, first) = (
        hold(store, "6AAAA", missing, 30).await,
        hold(store, "6AAAB", StopCause::StoreFull, 10).await,
    );
    let (second, alike) = (
        hold(store, "6AAAC", missing, 20).await,
        hold(store, "6AAAD", missing, 20).await,
    );
    let all = [first, second, alike, third];
    assert_eq!(found(store, 30).await, all);
    assert_eq!(found(store, 20).await, all[..3]);
    let mut after = None;
    for job in all {
        let next = page(store, 30, after, 1).await;
        assert_eq!(next.len(), 1);
        assert_eq!(next[0].id, job);
        after = Some(next[0]);
    }
    assert_eq!(page(store, 30, after, 1).await, []);
    let count = |code: &str, jobs, oldest| HoldCount {
        code: code.to_owned(),
        jobs,
        oldest: at(oldest),
    };
    let counted = [count("BucketMissing", 3, 20), count("StoreFull", 1, 10)];
    assert_eq!(counts(store).await, counted);
    for job in all {
        change(store, job, &[canceled()], at(40)).await;
    }
    assert_eq!(counts(store).await, []);
}

async fn what_is_mended_over_or_no_hold_is_not_found(store: &dyn JobStore) {
    let mended = hold(store, "6BBBA", StopCause::BucketMissing, 10).await;
    let waits = hold(store, "6BBBB", StopCause::StationSilent, 11).await;
    let held = hold(store, "6BBBC", StopCause::ByOperator, 12).await;
    let how = Mended::Checked;
    change(store, mended, &[Event::Resumed { how }], at(13)).await;
    assert_eq!(found(store, 99).await, [held]);
    for job in [mended, waits, held] {
        change(store, job, &[canceled()], at(40)).await;
    }
    assert_eq!(found(store, 99).await, []);
}

async fn jobs_are_found_by_what_they_are_on_hold_for(store: &dyn JobStore) {
    let rights = StopCause::BucketRights;
    let (one, two) = (
        hold(store, "6CCCB", rights, 10).await,
        hold(store, "6CCCA", rights, 11).await,
    );
    let other = hold(store, "6CCCC", StopCause::StoreFull, 12).await;
    let found = async |after, limit| {
        let found = store.jobs_on_hold_for(rights, after, limit).await;
        found.expect("jobs can be found by what they are on hold for")
    };
    assert_eq!(found(None, 10).await, [two, one]);
    assert_eq!(found(None, 1).await, [two]);
    assert_eq!(found(Some(two), 10).await, [one]);
    assert_eq!(found(Some(one), 10).await, []);
    for job in [one, two, other] {
        change(store, job, &[canceled()], at(40)).await;
    }
    assert_eq!(found(None, 10).await, []);
}

async fn a_station_finds_what_is_mended_until_it_goes_on(store: &dyn JobStore) {
    let mended = hold(store, "6DDDA", StopCause::StoreFull, 10).await;
    let held = hold(store, "6DDDB", StopCause::StoreFull, 10).await;
    let silent = hold(store, "6DDDC", StopCause::StationSilent, 10).await;
    let here = stored(store, mended).await.job;
    let here = here.custody.station().expect("it has arrived").clone();
    let found = async |name| {
        let found = store.mended_jobs(&name).await;
        found.expect("what is mended can be found")
    };
    assert_eq!(found(here.clone()).await, []);
    let how = Mended::Told;
    change(store, mended, &[Event::Resumed { how }], at(13)).await;
    let since = at(13);
    assert_eq!(
        found(here.clone()).await,
        [MendedJob { job: mended, since }]
    );
    assert_eq!(found(station("elsewhere")).await, []);
    change(store, mended, &[Event::TransferStarted], at(14)).await;
    assert_eq!(found(here).await, []);
    for job in [mended, held, silent] {
        let running = WhileRunning::Cancel;
        let because = None;
        change(store, job, &[Event::Canceled { running, because }], at(40)).await;
    }
}
