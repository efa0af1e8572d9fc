//! Stations and their tokens.

use super::{JobStore, JobStoreError, at, station};

pub(super) async fn run(store: &dyn JobStore) {
    a_station_is_known_by_its_last_token(store).await;
}

async fn a_station_is_known_by_its_last_token(store: &dyn JobStore) {
    let by_token = |token| store.station_by_token(token);
    assert_eq!(by_token([1; 32]).await.expect("no station"), None);
    store
        .put_station(&station("dock-1"), [1; 32], at(0))
        .await
        .expect("a new station");
    store
        .put_station(&station("dock-2"), [2; 32], at(0))
        .await
        .expect("a new station");
    assert_eq!(
        by_token([1; 32]).await.expect("station"),
        Some(station("dock-1"))
    );
    store
        .put_station(&station("dock-1"), [3; 32], at(1))
        .await
        .expect("a new token");
    assert_eq!(by_token([1; 32]).await.expect("no station"), None);
    assert_eq!(
        by_token([3; 32]).await.expect("station"),
        Some(station("dock-1"))
    );
    assert_eq!(
        by_token([2; 32]).await.expect("station"),
        Some(station("dock-2"))
    );
    let stolen = store.put_station(&station("dock-2"), [3; 32], at(1)).await;
    assert!(
        matches!(stolen, Err(JobStoreError::Exists(_))),
        "a token names one station"
    );
}
