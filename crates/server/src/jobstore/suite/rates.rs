//! How much of a job was sent by when.

use model::ids::JobId;
use model::loading::Figures;

use super::{JobStore, at, insert, job_id, new_job, station, token};

/// When the samples of these tests begin: at a minute, and at ten.
const BEGIN: i64 = 400 + 60_000_000;

pub(super) async fn run(store: &dyn JobStore) {
    let job = new_job("RATE1", 1, at(BEGIN));
    insert(store, &job).await;
    let (dock, own) = (station("dock-1"), token("r1"));
    let lease = store.claim_lease(job.id, &dock, &own, at(BEGIN), at(BEGIN + 900));
    lease.await.expect("a lease");
    a_minute_has_one_sample_of_whoever_has_the_lease(store, job.id).await;
    old_samples_are_thinned_and_then_forgotten(store, job.id).await;
}

async fn renew(store: &dyn JobStore, job: JobId, with: &str, seconds: i64, sent: u64) -> bool {
    let figures = Figures {
        sent_bytes: sent,
        ..Figures::default()
    };
    let (now, until) = (at(BEGIN + seconds), at(BEGIN + seconds + 900));
    store
        .renew_lease(job, &station("dock-1"), &token(with), until, &figures, now)
        .await
        .expect("a lease can be renewed")
}

async fn samples(store: &dyn JobStore, job: JobId) -> Vec<(i64, u64)> {
    let found = store.rates(job).await.expect("samples can be read");
    found
        .iter()
        .map(|sample| (sample.at.unix() - at(BEGIN).unix(), sample.sent))
        .collect()
}

async fn a_minute_has_one_sample_of_whoever_has_the_lease(store: &dyn JobStore, job: JobId) {
    assert!(samples(store, job).await.is_empty());
    for (seconds, sent) in [(0, 0), (15, 10), (59, 20), (60, 30), (185, 90)] {
        assert!(renew(store, job, "r1", seconds, sent).await);
    }
    assert!(!renew(store, job, "other", 240, 7_000).await);
    assert_eq!(samples(store, job).await, [(0, 0), (60, 30), (180, 90)]);
    let nobody = samples(store, job_id("RATE2")).await;
    assert!(nobody.is_empty());
}

async fn old_samples_are_thinned_and_then_forgotten(store: &dyn JobStore, job: JobId) {
    let hour = 3_600;
    assert!(renew(store, job, "r1", 3 * hour, 500).await);
    let thin = async |seconds: i64| {
        let thinned = store.thin_rates(at(BEGIN + seconds)).await;
        thinned.expect("samples can be thinned");
    };
    thin(hour).await;
    assert_eq!(samples(store, job).await.len(), 4, "all are new");
    thin(2 * hour + 600).await;
    assert_eq!(samples(store, job).await, [(0, 0), (3 * hour, 500)]);
    thin(31 * 24 * hour).await;
    assert!(samples(store, job).await.is_empty());
}
