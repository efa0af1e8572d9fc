//! Leases: one holder at a time, whatever happens at once.

use std::collections::HashSet;

use futures::future::join_all;
use model::control::Tally;
use model::event::Event;
use model::ids::{JobId, StationName};
use model::loading::Figures;
use model::stopped::StopCause;
use model::time::Timestamp;

use super::{
    JobStore, JobStoreError, admit, arrived, at, change, insert, job_id, new_job, station, stored,
    token,
};
use crate::jobstore::{Lease, SignOfLife};

pub(super) async fn run(store: &dyn JobStore) {
    a_job_without_lease_is_granted(store).await;
    a_lease_in_force_is_not_granted_to_another(store).await;
    a_lease_that_lapsed_or_ended_is_granted_anew(store).await;
    the_same_station_may_claim_again(store).await;
    a_claim_repeated_with_its_token_changes_nothing(store).await;
    of_claims_at_once_one_is_granted(store).await;
    a_renewal_extends_and_keeps_the_figures(store).await;
    a_lost_lease_can_be_neither_renewed_nor_ended(store).await;
    a_lease_is_the_stations_to_whom_it_was_given(store).await;
    jobs_of_silent_stations_are_found_until_they_are_noted(store).await;
    a_restart_extends_what_has_not_ended(store).await;
    several_leases_are_renewed_at_once(store).await;
    a_stations_leases_are_found_and_ended_with_it(store).await;
    a_lease_that_a_wrong_clock_took_locks_nobody_out(store).await;
    a_lease_never_changes_its_job(store).await;
    a_lease_needs_a_job(store).await;
}

async fn job(store: &dyn JobStore, id: &str) -> JobId {
    let job = new_job(id, 9, at(0));
    insert(store, &job).await;
    job.id
}

/// A claim of 60 seconds.
async fn claim(store: &dyn JobStore, job: JobId, by: &str, with: &str, now: Timestamp) -> Lease {
    let (station, token) = (station(by), token(with));
    let until = now.plus_seconds(60);
    store
        .claim_lease(job, &station, &token, now, until)
        .await
        .expect("claims are answered")
}

async fn lease(store: &dyn JobStore, job: JobId) -> Lease {
    store
        .lease(job)
        .await
        .expect("leases can be read")
        .expect("there is one")
}

/// The token `t1` is that of `dock-1`, and so on.
async fn renew(store: &dyn JobStore, job: JobId, with: &str, until: Timestamp) -> bool {
    let by = station(&with.replace('t', "dock-"));
    let renewed = store
        .renew_lease(job, &by, &token(with), until, &Figures::default(), at(0))
        .await;
    renewed.expect("renewals are answered")
}

async fn end(store: &dyn JobStore, job: JobId, with: &str) -> bool {
    store
        .end_lease(job, &token(with))
        .await
        .expect("ends are answered")
}

async fn a_job_without_lease_is_granted(store: &dyn JobStore) {
    let job = job(store, "4AAAA").await;
    assert_eq!(store.lease(job).await.expect("none yet"), None);
    let granted = claim(store, job, "dock-1", "t1", at(0)).await;
    let expected = Lease {
        job,
        station: station("dock-1"),
        token: token("t1"),
        attempt: 1,
        until: at(60),
        figures: Figures::default(),
        ended: false,
    };
    assert_eq!(granted, expected);
    assert_eq!(lease(store, job).await, expected);
}

async fn a_lease_in_force_is_not_granted_to_another(store: &dyn JobStore) {
    let job = job(store, "4AAAB").await;
    let first = claim(store, job, "dock-1", "t1", at(0)).await;
    for now in [at(0), at(59), at(60)] {
        assert_eq!(claim(store, job, "dock-2", "t2", now).await, first);
    }
    assert_eq!(lease(store, job).await, first);
}

async fn a_lease_that_lapsed_or_ended_is_granted_anew(store: &dyn JobStore) {
    let job = job(store, "4AAAC").await;
    claim(store, job, "dock-1", "t1", at(0)).await;
    let figures = Figures {
        found: 7,
        current: Some("a/b".to_owned()),
        ..Figures::default()
    };
    let renewed = store
        .renew_lease(
            job,
            &station("dock-1"),
            &token("t1"),
            at(60),
            &figures,
            at(0),
        )
        .await;
    assert!(renewed.expect("renewals are answered"));
    let second = claim(store, job, "dock-2", "t2", at(61)).await;
    assert_eq!(
        (second.token, second.attempt, second.until),
        (token("t2"), 2, at(121))
    );
    assert_eq!(second.figures, Figures::default(), "a new count");
    assert!(end(store, job, "t2").await);
    let third = claim(store, job, "dock-3", "t3", at(62)).await;
    assert_eq!(
        (third.token, third.attempt, third.ended),
        (token("t3"), 3, false)
    );
}

async fn the_same_station_may_claim_again(store: &dyn JobStore) {
    let job = job(store, "4AAAD").await;
    claim(store, job, "dock-1", "t1", at(0)).await;
    let again = claim(store, job, "dock-1", "t2", at(1)).await;
    assert_eq!(
        (again.token, again.attempt, again.until),
        (token("t2"), 2, at(61))
    );
}

async fn a_claim_repeated_with_its_token_changes_nothing(store: &dyn JobStore) {
    let job = job(store, "4AAAE").await;
    let first = claim(store, job, "dock-1", "t1", at(0)).await;
    assert_eq!(claim(store, job, "dock-1", "t1", at(1)).await, first);
    end(store, job, "t1").await;
    let after = claim(store, job, "dock-1", "t1", at(2)).await;
    assert_eq!(
        (after.attempt, after.ended),
        (2, false),
        "what has ended is granted anew"
    );
}

async fn of_claims_at_once_one_is_granted(store: &dyn JobStore) {
    for (id, lapsed) in [("4BBBA", false), ("4BBBB", true)] {
        let job = job(store, id).await;
        if lapsed {
            claim(store, job, "dock-0", "t0", at(-100)).await;
        }
        let names: Vec<(String, String)> = (1..=20)
            .map(|n| (format!("dock-{n}"), format!("t{n}")))
            .collect();
        let leases = join_all(
            names
                .iter()
                .map(|(by, with)| claim(store, job, by, with, at(0))),
        )
        .await;
        let in_force: HashSet<String> = leases.iter().map(|lease| lease.token.0.clone()).collect();
        assert_eq!(in_force.len(), 1, "all are told of the same lease");
        let granted = leases
            .iter()
            .zip(&names)
            .filter(|(lease, name)| lease.token.0 == name.1);
        assert_eq!(granted.count(), 1, "one is told that it is its own");
        assert_eq!(lease(store, job).await, leases[0]);
        assert_eq!(leases[0].attempt, if lapsed { 2 } else { 1 });
    }
}

async fn a_renewal_extends_and_keeps_the_figures(store: &dyn JobStore) {
    let job = job(store, "4CCCA").await;
    claim(store, job, "dock-1", "t1", at(0)).await;
    let figures = Figures {
        tally: Tally {
            stored: 1,
            bytes: u64::MAX,
            ignored: 2,
            failed: 3,
        },
        current: Some("Bücher/\0\n\u{1F4BE}".to_owned()),
        found: 4,
        found_bytes: u64::MAX,
        found_all: true,
        sent_bytes: 5,
        rate: Some(6),
        seconds_left: Some(7),
    };
    let renewed = store
        .renew_lease(
            job,
            &station("dock-1"),
            &token("t1"),
            at(90),
            &figures,
            at(0),
        )
        .await;
    assert!(renewed.expect("renewals are answered"));
    let now = lease(store, job).await;
    assert_eq!((now.until, now.figures), (at(90), figures));
    assert!(renew(store, job, "t1", at(80)).await);
    assert_eq!(
        lease(store, job).await.until,
        at(90),
        "a renewal never shortens"
    );
    assert!(
        renew(store, job, "t1", at(500)).await,
        "lapsed but taken by nobody"
    );
}

async fn a_lost_lease_can_be_neither_renewed_nor_ended(store: &dyn JobStore) {
    let job = job(store, "4CCCB").await;
    assert!(
        !renew(store, job, "t1", at(60)).await && !end(store, job, "t1").await,
        "no lease"
    );
    claim(store, job, "dock-1", "t1", at(0)).await;
    let second = claim(store, job, "dock-2", "t2", at(61)).await;
    assert!(!renew(store, job, "t1", at(999)).await && !end(store, job, "t1").await);
    assert_eq!(lease(store, job).await, second);
    assert!(
        end(store, job, "t2").await && end(store, job, "t2").await,
        "twice is as once"
    );
    assert!(lease(store, job).await.ended);
    assert!(
        !renew(store, job, "t2", at(999)).await,
        "what has ended is not in force"
    );
}

async fn a_lease_is_the_stations_to_whom_it_was_given(store: &dyn JobStore) {
    let job = job(store, "4CCCD").await;
    let given = claim(store, job, "dock-1", "t1", at(0)).await;
    let by_another = store
        .renew_lease(
            job,
            &station("dock-2"),
            &token("t1"),
            at(999),
            &Figures::default(),
            at(0),
        )
        .await;
    assert!(!by_another.expect("renewals are answered"));
    assert_eq!(lease(store, job).await, given);
}

async fn jobs_of_silent_stations_are_found_until_they_are_noted(store: &dyn JobStore) {
    let silent = |now| async move {
        let found = store
            .lapsed_leases(now, 100)
            .await
            .expect("they are listed");
        found
            .iter()
            .filter(|id| id.as_str().starts_with("4FFF"))
            .map(|id| id.to_string())
            .collect::<Vec<_>>()
    };
    for id in ["4FFFA", "4FFFB", "4FFFC"] {
        let job = job(store, id).await;
        claim(store, job, "dock-1", "t1", at(-900)).await;
    }
    let begun = [arrived(), Event::TransferStarted];
    for id in ["4FFFA", "4FFFC"] {
        change(store, job_id(id), &begun, at(-900)).await;
    }
    end(store, job_id("4FFFC"), "t1").await;
    assert!(
        silent(at(-840)).await.is_empty(),
        "in its last second it is in force"
    );
    assert_eq!(
        silent(at(-839)).await,
        ["4FFFA"],
        "4FFFB has not begun, 4FFFC was given back"
    );
    let stopped = Event::Stopped {
        cause: StopCause::StationSilent,
        bucket: None,
        words: None,
        detail: "no sign of life".to_owned(),
        untouched: false,
    };
    change(store, job_id("4FFFA"), &[stopped], at(-800)).await;
    assert!(silent(at(-700)).await.is_empty());
    let found = stored(store, job_id("4FFFA"))
        .await
        .job
        .stopped
        .expect("it is kept");
    assert_eq!(
        (found.cause, found.at),
        (StopCause::StationSilent, at(-800))
    );
    change(store, job_id("4FFFA"), &[Event::TransferStarted], at(-600)).await;
    assert_eq!(stored(store, job_id("4FFFA")).await.job.stopped, None);
    assert_eq!(
        silent(at(-500)).await,
        ["4FFFA"],
        "it went on, and is silent again"
    );
    end(store, job_id("4FFFA"), "t1").await;
}

async fn a_restart_extends_what_has_not_ended(store: &dyn JobStore) {
    let ids = ["4DDDA", "4DDDB", "4DDDC"];
    let mut jobs = Vec::new();
    for id in ids {
        let job = job(store, id).await;
        claim(store, job, "dock-1", "t1", at(0)).await;
        jobs.push(job);
    }
    end(store, jobs[1], "t1").await;
    renew(store, jobs[2], "t1", at(500)).await;
    store
        .extend_leases(at(200))
        .await
        .expect("leases can be extended");
    let mut ends = Vec::new();
    for job in jobs {
        ends.push(lease(store, job).await.until);
    }
    assert_eq!(ends, [at(200), at(60), at(500)]);
}

async fn several_leases_are_renewed_at_once(store: &dyn JobStore) {
    let sign = |id: &str, with: &str, found: u64| SignOfLife {
        job: job_id(id),
        token: token(with),
        figures: Figures {
            found,
            ..Figures::default()
        },
    };
    for (id, by) in [
        ("4GGGA", "dock-1"),
        ("4GGGB", "dock-1"),
        ("4GGGC", "dock-2"),
    ] {
        let job = job(store, id).await;
        claim(store, job, by, "t1", at(0)).await;
    }
    let signs = [
        sign("4GGGA", "t1", 1),
        sign("4GGGB", "t9", 2),
        sign("4GGGC", "t1", 3),
        sign("4GGGD", "t1", 4),
    ];
    let renewed = store
        .renew_leases(&station("dock-1"), &signs, at(90), at(0))
        .await;
    let renewed = renewed.expect("renewals are answered");
    assert_eq!(renewed, [true, false, false, false]);
    let kept = lease(store, job_id("4GGGA")).await;
    assert_eq!((kept.until, kept.figures.found), (at(90), 1));
    for id in ["4GGGB", "4GGGC"] {
        let kept = lease(store, job_id(id)).await;
        assert_eq!((kept.until, kept.figures.found), (at(60), 0), "{id}");
    }
}

async fn a_stations_leases_are_found_and_ended_with_it(store: &dyn JobStore) {
    let name = admit(store, "leaving-1", 41).await;
    for id in ["4HHHA", "4HHHB", "4HHHC", "4HHHD"] {
        let job = job(store, id).await;
        claim(store, job, name.as_str(), "t1", at(0)).await;
    }
    change(
        store,
        job_id("4HHHA"),
        &[arrived(), Event::TransferStarted],
        at(1),
    )
    .await;
    end(store, job_id("4HHHB"), "t1").await;
    claim(store, job_id("4HHHC"), "dock-1", "t2", at(61)).await;
    renew_for(store, &name, "4HHHD", at(30)).await;
    let held = store.leases_of(&name).await.expect("leases can be read");
    let told: Vec<(&str, &str)> = held
        .iter()
        .map(|held| (held.lease.job.as_str(), held.progress.as_str()))
        .collect();
    assert_eq!(told, [("4HHHA", "InProgress"), ("4HHHD", "Pending")]);
    assert_eq!(held[0].lease, lease(store, job_id("4HHHA")).await);
    assert_eq!(held[0].stopped, None);
    let holders = async || store.holders().await.expect("holders can be read");
    assert!(holders().await.contains(&name));

    store
        .revoke_station(&name, at(40))
        .await
        .expect("it is there");
    store
        .end_leases_of(&name, at(40))
        .await
        .expect("leases end");
    assert_eq!(store.leases_of(&name).await.expect("none"), []);
    assert!(!holders().await.contains(&name));
    let over = lease(store, job_id("4HHHA")).await;
    assert_eq!((over.ended, over.until), (true, at(40)));
    assert!(!lease(store, job_id("4HHHC")).await.ended, "another's");
    assert!(!renew_for(store, &name, "4HHHA", at(90)).await);
    let silent = store.lapsed_leases(at(41), 1000).await.expect("a list");
    assert!(silent.contains(&job_id("4HHHA")), "its job stands still");
    let next = claim(store, job_id("4HHHA"), "dock-1", "t2", at(40)).await;
    assert_eq!((next.token, next.attempt), (token("t2"), 2));
    end(store, job_id("4HHHA"), "t2").await;
}

/// Renews by the token `t1`, whoever has it.
async fn renew_for(store: &dyn JobStore, by: &StationName, id: &str, until: Timestamp) -> bool {
    let renewed = store
        .renew_lease(
            job_id(id),
            by,
            &token("t1"),
            until,
            &Figures::default(),
            at(0),
        )
        .await;
    renewed.expect("renewals are answered")
}

/// A day ahead is longer than any lease.
async fn a_lease_that_a_wrong_clock_took_locks_nobody_out(store: &dyn JobStore) {
    const DAY: i64 = 24 * 60 * 60;
    let jobs = [
        job(store, "4DDDE").await,
        job(store, "4DDDF").await,
        job(store, "4DDDG").await,
    ];
    for job in jobs {
        claim(store, job, "dock-1", "t1", at(DAY)).await;
        assert!(!lease(store, job).await.is_in_force(at(0), 60));
        assert!(lease(store, job).await.is_in_force(at(DAY), 60));
    }
    let taken = claim(store, jobs[0], "dock-2", "t2", at(0)).await;
    assert_eq!((taken.token, taken.until), (token("t2"), at(60)));
    assert!(renew(store, jobs[1], "t1", at(70)).await);
    assert_eq!(lease(store, jobs[1]).await.until, at(70));
    store
        .extend_leases(at(80))
        .await
        .expect("leases can be extended");
    assert_eq!(lease(store, jobs[2]).await.until, at(80));
}

async fn a_lease_never_changes_its_job(store: &dyn JobStore) {
    let job = job(store, "4EEEA").await;
    let before = stored(store, job).await;
    claim(store, job, "dock-1", "t1", at(0)).await;
    renew(store, job, "t1", at(90)).await;
    end(store, job, "t1").await;
    let after = stored(store, job).await;
    assert_eq!((after.job, after.version), (before.job, before.version));
    assert_eq!(store.history(job).await.expect("history").len(), 1);
}

async fn a_lease_needs_a_job(store: &dyn JobStore) {
    let (station, token) = (station("dock-1"), token("t1"));
    let claimed = store
        .claim_lease(job_id("4ZZZZ"), &station, &token, at(0), at(60))
        .await;
    assert!(matches!(claimed, Err(JobStoreError::Missing(id)) if id == "4ZZZZ"));
    assert_eq!(store.lease(job_id("4ZZZZ")).await.expect("no lease"), None);
}
