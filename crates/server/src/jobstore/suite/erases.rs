//! Rights to erase devices: one station has one at a time.

use model::disposal::GrantId;
use model::disposal::messages::EraseProgress;
use model::ids::BayName;

use super::{JobStore, JobStoreError, at, insert, job_id, new_job, station, token};
use crate::jobstore::Erase;

fn right(job: &str, of: &str, word: &str, until: i64) -> Erase {
    Erase {
        job: job_id(job),
        station: station(of),
        bay: Some(BayName::new("B3").expect("a bay")),
        grant: GrantId::new("0123456789abcdef0123456789abcdef").expect("a grant"),
        token: token(word),
        until: at(until),
        confirmed_by: Vec::new(),
        progress: EraseProgress::default(),
        ended: false,
    }
}

pub(super) async fn run(store: &dyn JobStore) {
    insert(store, &new_job("ERASE", 1, at(0))).await;
    let give = async |right: &Erase, now| {
        let given = store.give_erase(right, at(now)).await;
        given.expect("there is a job").token
    };
    let job = job_id("ERASE");
    assert_eq!(store.erase(job).await.expect("it answers"), None);
    let first = right("ERASE", "dock-1", "one", 60);
    assert_eq!(give(&first, 0).await, token("one"));
    assert_eq!(store.erase(job).await.expect("it answers"), Some(first));
    // Another has to wait until it lapses.
    let other = right("ERASE", "dock-2", "two", 90);
    assert_eq!(give(&other, 30).await, token("one"));
    let progress = EraseProgress {
        pass: 1,
        passes: 2,
        bytes: 5,
        of_bytes: 9,
        seconds_left: None,
    };
    let renew = async |of: &str, word: &str, until| {
        let (of, word) = (station(of), token(word));
        let renewed = store.renew_erase(job, &of, &word, at(until), progress);
        renewed.await.expect("it answers")
    };
    assert!(renew("dock-1", "one", 120).await);
    assert!(!renew("dock-2", "one", 120).await, "it is not its own");
    assert!(!renew("dock-1", "two", 120).await);
    let kept = store.erase(job).await.expect("it answers");
    let kept = kept.expect("it is there");
    assert_eq!((kept.progress, kept.until), (progress, at(120)));
    assert_eq!(give(&other, 119).await, token("one"));
    // The same station, which was started anew, has it at once.
    let anew = right("ERASE", "dock-1", "anew", 180);
    assert_eq!(give(&anew, 100).await, token("anew"));
    assert!(!renew("dock-1", "one", 190).await);
    assert_eq!(give(&other, 181).await, token("two"));
    let end = async |word: &str| {
        store
            .end_erase(job, &token(word))
            .await
            .expect("it answers")
    };
    assert!(!end("anew").await);
    assert!(end("two").await && end("two").await);
    assert!(!renew("dock-2", "two", 300).await, "it has ended");
    assert_eq!(
        give(&right("ERASE", "dock-1", "five", 240), 182).await,
        token("five")
    );
    let missing = store
        .give_erase(&right("ERASZ", "dock-1", "one", 60), at(0))
        .await;
    assert!(
        matches!(missing, Err(JobStoreError::Missing(_))),
        "{missing:?}"
    );
}
