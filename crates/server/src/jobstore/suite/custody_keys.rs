//! The keys that receipts are signed with.

use zeroize::Zeroizing;

use super::{JobStore, JobStoreError, at, insert, job_id, new_job};
use crate::jobstore::StoredCustodyKey;

pub(super) async fn run(store: &dyn JobStore) {
    insert(store, &new_job("KEYAA", 1, at(0))).await;
    one_key_is_in_force_and_those_before_it_are_known(store).await;
    insert(store, &new_job("KEYBB", 1, at(0))).await;
    a_job_is_announced_under_the_key_in_force(store).await;
}

fn key(number: u8, since: i64) -> StoredCustodyKey {
    StoredCustodyKey {
        installation: "dock.example".to_owned(),
        fingerprint: format!("SHA256:{number}"),
        public: format!("ssh-ed25519 {number}"),
        private: Zeroizing::new(format!("secret {number}")),
        since: at(since),
        until: None,
        revoked: None,
    }
}

async fn put(
    store: &dyn JobStore,
    key: &StoredCustodyKey,
    before: Option<&str>,
    is_lost: bool,
) -> Result<(), JobStoreError> {
    store.put_custody_key(key, before, is_lost, &[]).await
}

async fn one_key_is_in_force_and_those_before_it_are_known(store: &dyn JobStore) {
    let is_conflict =
        |done: &Result<(), JobStoreError>| matches!(done, Err(JobStoreError::Conflict));
    let all = store.custody_keys().await.expect("keys can be read");
    assert!(all.is_empty());
    put(store, &key(1, 1), None, false)
        .await
        .expect("the first");
    // Of two servers that start at once one makes the key.
    assert!(is_conflict(&put(store, &key(2, 1), None, false).await));
    assert!(is_conflict(
        &put(store, &key(2, 1), Some("SHA256:9"), false).await
    ));
    put(store, &key(2, 5), Some("SHA256:1"), false)
        .await
        .expect("the next");
    assert!(is_conflict(
        &put(store, &key(3, 6), Some("SHA256:1"), false).await
    ));
    put(store, &key(3, 7), Some("SHA256:2"), true)
        .await
        .expect("one more");
    let all = store.custody_keys().await.expect("keys can be read");
    let times = all
        .iter()
        .map(|key| (key.private.as_str(), key.until, key.revoked));
    assert_eq!(
        times.collect::<Vec<_>>(),
        [
            ("secret 1", Some(at(5)), None),
            ("secret 2", Some(at(7)), Some(at(7))),
            ("secret 3", None, None),
        ]
    );
    // A clock that is set back makes no key of before the one in force.
    put(store, &key(4, 2), Some("SHA256:3"), false)
        .await
        .expect("yet another");
    let all = store.custody_keys().await.expect("keys can be read");
    let last = all.last().expect("there are some");
    assert_eq!((last.private.as_str(), last.until), ("secret 4", None));
}

async fn a_job_is_announced_under_the_key_in_force(store: &dyn JobStore) {
    for (job, signers) in [("KEYAA", "null"), ("KEYBB", "\"SHA256:4\"")] {
        let told = store
            .told_of(Some(job_id(job)))
            .await
            .expect("it can be read");
        let signers = format!("\"signers\":{signers}");
        assert!(told[0].line.contains(&signers), "{}", told[0].line);
    }
}
