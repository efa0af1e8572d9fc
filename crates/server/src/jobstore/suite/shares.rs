//! Shares: what is decided sees all that have not ended, and nothing is decided beside it.

use futures::future::join_all;
use model::ids::{Boot, StationName};
use model::share::{Asker, Held};

use super::{JobStore, JobStoreError, admit, at, station};
use crate::jobstore::StoredShare;

pub(super) async fn run(store: &dyn JobStore) {
    a_share_is_decided_from_those_that_have_not_ended(store).await;
    of_shares_at_once_each_sees_the_one_before(store).await;
    shares_are_ended(store).await;
    a_share_needs_a_station(store).await;
}

fn share(of: &str, name: &StationName, granted: u64, until: i64) -> StoredShare {
    StoredShare {
        store: of.to_owned(),
        station: name.clone(),
        boot: Boot::new("00ff").expect("a run"),
        held: Held {
            asker: Asker {
                loading: 2,
                wants: model::share::UNLIMITED,
            },
            counted: granted + 1,
        },
        granted,
        until: at(until),
    }
}

async fn keep(store: &dyn JobStore, now: i64, kept: &StoredShare) -> (Vec<StoredShare>, usize) {
    let seen = std::sync::Mutex::new(Vec::new());
    let decide = |all: &[StoredShare]| {
        *seen.lock().expect("nobody panics") = all.to_vec();
        kept.clone()
    };
    let done = store.share(&kept.store, at(now), &decide).await;
    let (stored, count) = done.expect("nothing is in the way");
    assert_eq!(stored, *kept);
    (seen.into_inner().expect("nobody panics"), count)
}

async fn a_share_is_decided_from_those_that_have_not_ended(store: &dyn JobStore) {
    let one = admit(store, "share-1", 51).await;
    let two = admit(store, "share-2", 52).await;
    let (first, second) = (share("ceph", &one, 10, 15), share("ceph", &two, 20, 17));
    assert_eq!(keep(store, 0, &first).await, (Vec::new(), 1));
    assert_eq!(keep(store, 2, &second).await, (vec![first.clone()], 2));
    assert_eq!(
        keep(store, 3, &share("weed", &one, 9, 18)).await,
        (Vec::new(), 1)
    );
    // Asked for again it takes the place of the earlier one.
    let again = share("ceph", &one, 5, 20);
    assert_eq!(
        keep(store, 5, &again).await,
        (vec![first, second.clone()], 2)
    );
    assert_eq!(
        keep(store, 17, &second).await,
        (vec![again.clone(), second], 2)
    );
    assert_eq!(keep(store, 18, &again).await, (vec![again.clone()], 1));
    assert_eq!(store.share_count("ceph", at(18)).await.expect("a count"), 1);
    assert_eq!(store.share_count("ceph", at(21)).await.expect("a count"), 0);
    let of_one = store.shares_of(&one, at(18)).await.expect("shares");
    assert_eq!(of_one, [again, share("weed", &one, 9, 18)]);
}

async fn of_shares_at_once_each_sees_the_one_before(store: &dyn JobStore) {
    let mut names = Vec::new();
    for number in 0..5 {
        names.push(admit(store, &format!("share-at-once-{number}"), 60 + number).await);
    }
    let asked = names.iter().map(|name| {
        let kept = share("crowded", name, 1, 15);
        async move { keep(store, 0, &kept).await.1 }
    });
    let mut counts = join_all(asked).await;
    counts.sort_unstable();
    assert_eq!(counts, [1, 2, 3, 4, 5]);
}

async fn shares_are_ended(store: &dyn JobStore) {
    let name = admit(store, "share-3", 53).await;
    for of in ["ended-a", "ended-b", "ended-c"] {
        keep(store, 0, &share(of, &name, 1, 15)).await;
    }
    let left = async || {
        let shares = store.shares_of(&name, at(0)).await.expect("shares");
        let stores = shares.into_iter().map(|share| share.store);
        stores.collect::<Vec<String>>()
    };
    store
        .end_shares(&name, Some("ended-b"))
        .await
        .expect("ended");
    assert_eq!(left().await, ["ended-a", "ended-c"]);
    store.end_shares(&name, None).await.expect("ended");
    assert_eq!(left().await, [""; 0]);
}

async fn a_share_needs_a_station(store: &dyn JobStore) {
    let kept = share("ceph", &station("nobody"), 1, 15);
    let done = store
        .share("ceph", at(0), &|_: &[StoredShare]| kept.clone())
        .await;
    assert!(matches!(done, Err(JobStoreError::Missing(_))), "{done:?}");
}
