//! Shares: what is decided sees all that have not ended, and nothing is decided beside it.

use futures::future::join_all;
use model::ids::{Boot, StationName};
use model::share::{Asker, Held, Measure};

use super::{JobStore, JobStoreError, admit, at, station};
use crate::jobstore::{HeldShares, SharesOf, StoredShare};

pub(super) async fn run(store: &dyn JobStore) {
    a_share_is_decided_from_those_that_have_not_ended(store).await;
    of_shares_at_once_each_sees_the_one_before(store).await;
    shares_of_requests_are_others_than_those_of_bytes(store).await;
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
    keep_of(store, Measure::Bytes, now, kept).await
}

async fn keep_of(
    store: &dyn JobStore,
    measure: Measure,
    now: i64,
    kept: &StoredShare,
) -> (Vec<StoredShare>, usize) {
    let seen = std::sync::Mutex::new(Vec::new());
    let decide = |all: &[StoredShare]| {
        *seen.lock().expect("nobody panics") = all.to_vec();
        kept.clone()
    };
    let done = store.share(measure, &kept.store, at(now), &decide).await;
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
    let count = |now| store.share_count(Measure::Bytes, "ceph", at(now));
    assert_eq!(count(18).await.expect("a count"), 1);
    assert_eq!(count(21).await.expect("a count"), 0);
    let of_one = store.shares(SharesOf::Station(&one), at(18)).await;
    let of_weed = share("weed", &one, 9, 18);
    assert_eq!(
        of_one.expect("shares"),
        [of_bytes(again.clone()), of_bytes(of_weed)]
    );
    let of_store = store.shares(SharesOf::Store("ceph"), at(18)).await;
    assert_eq!(of_store.expect("shares"), [of_bytes(again)]);
}

fn of_bytes(share: StoredShare) -> HeldShares {
    HeldShares {
        store: share.store.clone(),
        station: share.station.clone(),
        boot: share.boot.clone(),
        bytes: Some(share),
        requests: None,
    }
}

/// Bytes and requests are given each for itself, and shown together.
async fn shares_of_requests_are_others_than_those_of_bytes(store: &dyn JobStore) {
    let one = admit(store, "share-4", 54).await;
    let two = admit(store, "share-5", 55).await;
    let of = |name: &StationName, granted| share("both", name, granted, 15);
    let requests = Measure::Requests;
    assert_eq!(keep(store, 0, &of(&one, 10)).await, (Vec::new(), 1));
    assert_eq!(
        keep_of(store, requests, 0, &of(&one, 3)).await,
        (Vec::new(), 1)
    );
    assert_eq!(
        keep_of(store, requests, 0, &of(&two, 4)).await,
        (vec![of(&one, 3)], 2)
    );
    let count = async |measure| {
        store
            .share_count(measure, "both", at(0))
            .await
            .expect("a count")
    };
    assert_eq!((count(Measure::Bytes).await, count(requests).await), (1, 2));
    let found = store.shares(SharesOf::Store("both"), at(0)).await;
    let both = HeldShares {
        requests: Some(of(&one, 3)),
        ..of_bytes(of(&one, 10))
    };
    let asked = HeldShares {
        bytes: None,
        requests: Some(of(&two, 4)),
        ..of_bytes(of(&two, 4))
    };
    assert_eq!(found.expect("shares"), [both, asked]);
    store.end_shares(&one, None).await.expect("ended");
    assert_eq!((count(Measure::Bytes).await, count(requests).await), (0, 1));
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
        let shares = store.shares(SharesOf::Station(&name), at(0)).await;
        let stores = shares.expect("shares").into_iter().map(|held| held.store);
        stores.collect::<Vec<String>>()
    };
    let ends = async |of: &str, boot: &str| {
        let boot = Boot::new(boot).expect("a run");
        let ended = store.end_shares(&name, Some((of, &boot))).await;
        ended.expect("ended");
    };
    ends("ended-b", "00ff").await;
    assert_eq!(left().await, ["ended-a", "ended-c"]);
    // What another run of the same station has is its own.
    ends("ended-a", "00fe").await;
    assert_eq!(left().await, ["ended-a", "ended-c"]);
    store.end_shares(&name, None).await.expect("ended");
    assert_eq!(left().await, [""; 0]);
}

async fn a_share_needs_a_station(store: &dyn JobStore) {
    let kept = share("ceph", &station("nobody"), 1, 15);
    let done = store
        .share(Measure::Bytes, "ceph", at(0), &|_: &[StoredShare]| {
            kept.clone()
        })
        .await;
    assert!(matches!(done, Err(JobStoreError::Missing(_))), "{done:?}");
}
