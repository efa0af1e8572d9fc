//! What opens devices: kept, told, counted, and destroyed when jobs are over.

use custody::by::By;
use custody::event::{Event as Told, SecretDestroyed};
use model::actor::Actor;
use model::event::Event;
use model::limits::SECRETS_A_MINUTE;
use model::secret::DeviceSecret;
use model::stopped::StopCause;

use super::{
    JobStore, JobStoreError, arrived, at, canceled, change, insert, job_id, new_job, stored,
};

fn secret(text: &str) -> DeviceSecret {
    DeviceSecret::new(text.to_owned()).expect("a secret")
}

pub(super) async fn run(store: &dyn JobStore) {
    the_last_secret_of_a_job_is_kept(store).await;
    a_job_that_waits_for_a_secret_is_found_until_a_station_has_it(store).await;
    what_is_over_for_long_enough_is_destroyed(store).await;
    secrets_are_counted_by_the_minute(store).await;
}

async fn the_last_secret_of_a_job_is_kept(store: &dyn JobStore) {
    insert(store, &new_job("SECRT", 1, at(0))).await;
    let job = job_id("SECRT");
    let of = async || store.secret_of(job).await.expect("it answers");
    assert_eq!(of().await, None);
    for (number, text) in [(1, "first"), (2, "zweites Wört")] {
        let kept = store.keep_secret(job, &secret(text), at(number)).await;
        kept.expect("there is a job");
        let found = of().await.expect("it was kept");
        assert_eq!(
            (found.secret.expose(), found.number, found.handed),
            (text, number, None)
        );
        assert_eq!(found.given, at(number));
    }
    let nobody = job_id("N9NE2");
    let kept = store.keep_secret(nobody, &secret("x"), at(1)).await;
    assert!(matches!(kept, Err(JobStoreError::Missing(_))), "{kept:?}");
    // Who was told the first has not told the second.
    for (number, handed) in [(1, None), (2, Some(at(7))), (2, Some(at(7)))] {
        store
            .note_handed(job, number, at(7))
            .await
            .expect("it answers");
        assert_eq!(of().await.expect("it is there").handed, handed);
    }
}

async fn a_job_that_waits_for_a_secret_is_found_until_a_station_has_it(store: &dyn JobStore) {
    let found = async || store.jobs_with_new_secrets(100).await.expect("it answers");
    let job = job_id("WAITS");
    insert(store, &new_job("WAITS", 1, at(0))).await;
    store
        .keep_secret(job, &secret("x"), at(1))
        .await
        .expect("there is a job");
    assert_eq!(found().await, [], "it is not on hold");
    for cause in [StopCause::DiskFailing, StopCause::PasswordWrong] {
        let stopped = Event::Stopped {
            cause,
            bucket: None,
            words: None,
            detail: String::new(),
            untouched: false,
        };
        change(store, job, &[arrived(), stopped], at(2)).await;
        let expected = match cause.waits_for_secret() {
            true => vec![job],
            false => Vec::new(),
        };
        assert_eq!(found().await, expected);
    }
    store.note_handed(job, 1, at(3)).await.expect("it answers");
    assert_eq!(found().await, []);
}

async fn what_is_over_for_long_enough_is_destroyed(store: &dyn JobStore) {
    let old = async |until| {
        let found = store.jobs_with_old_secrets(at(until), 100).await;
        let mut found = found.expect("it answers");
        // Other tests have jobs that are over too.
        found.retain(|job| [job_id("HXME2"), job_id("NEVER")].contains(job));
        found
    };
    insert(store, &new_job("HXME2", 1, at(0))).await;
    insert(store, &new_job("NEVER", 1, at(0))).await;
    let (home, never) = (job_id("HXME2"), job_id("NEVER"));
    store
        .keep_secret(home, &secret("x"), at(1))
        .await
        .expect("there is a job");
    let returned = Event::DeviceReturned {
        carrier: "UPS".to_owned(),
        tracking_number: "1Z".to_owned(),
        unerased: None,
    };
    change(store, home, &[arrived(), canceled()], at(900)).await;
    assert!(!old(5000).await.contains(&home), "its device is here");
    change(store, home, &[returned], at(1000)).await;
    change(store, never, &[canceled()], at(1001)).await;
    assert!(!old(999).await.contains(&home));
    assert_eq!(old(1000).await, [home]);
    assert_eq!(old(1001).await, [home, never]);
    let found = stored(store, home).await;
    let mut job = found.job.clone();
    job.manifest = "nothing".to_owned();
    let told = Told {
        at: at(2000).into(),
        what: SecretDestroyed { of: home }.into(),
        by: By::usual(&Actor::Service),
        station: None,
        bay: None,
    };
    let told = [told];
    let late = store.destroy_secrets(&job, found.version - 1, &told).await;
    assert!(matches!(late, Err(JobStoreError::Conflict)), "{late:?}");
    assert_eq!(stored(store, home).await.version, found.version);
    let done = store.destroy_secrets(&job, found.version, &told).await;
    done.expect("nobody else writes");
    assert_eq!(stored(store, home).await.job.manifest, "nothing");
    assert_eq!(store.secret_of(home).await.expect("it answers"), None);
    assert_eq!(old(1001).await, [never]);
    let lines = store.told_of(None).await.expect("it answers");
    let last = &lines.last().expect("it was told").line;
    assert!(last.contains("\"event\":\"secret-destroyed\""), "{last}");
}

async fn secrets_are_counted_by_the_minute(store: &dyn JobStore) {
    let may = async |subject: &str, now| {
        let counted = store.count_secret(subject, at(now)).await;
        counted.expect("it answers")
    };
    for _ in 0..SECRETS_A_MINUTE {
        assert!(may("job TRIES", 0).await);
    }
    assert!(!may("job TRIES", 59).await);
    assert!(may("bay dock-1 B3", 59).await, "each has its own count");
    for _ in 0..SECRETS_A_MINUTE {
        assert!(may("job TRIES", 60).await);
    }
    assert!(!may("job TRIES", 60).await);
    store
        .forget_counted_secrets(at(120))
        .await
        .expect("it answers");
    assert!(may("job TRIES", 60).await, "it was forgotten");
}
