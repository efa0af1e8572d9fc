//! Stations and their tokens, and whether they may work.

use model::actor::Actor;
use model::ids::StationName;

use super::{JobStore, JobStoreError, admit, at, station};
use crate::jobstore::Station;

pub(super) async fn run(store: &dyn JobStore) {
    a_station_is_known_by_its_last_token(store).await;
    a_revoked_station_is_not_known_until_it_is_admitted_again(store).await;
    a_station_is_drained_and_watched(store).await;
    stations_are_listed_by_their_names(store).await;
    what_is_no_station_cannot_be_marked(store).await;
}

async fn a_station_is_known_by_its_last_token(store: &dyn JobStore) {
    let by_token = |token| store.station_by_token(token);
    assert_eq!(by_token([1; 32]).await.expect("no station"), None);
    store
        .put_station(&station("dock-1"), [1; 32], &Actor::Service, at(0))
        .await
        .expect("a new station");
    store
        .put_station(&station("dock-2"), [2; 32], &Actor::Service, at(0))
        .await
        .expect("a new station");
    assert_eq!(
        by_token([1; 32]).await.expect("station"),
        Some(station("dock-1"))
    );
    store
        .put_station(&station("dock-1"), [3; 32], &Actor::Service, at(1))
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
    let stolen = store
        .put_station(&station("dock-2"), [3; 32], &Actor::Service, at(1))
        .await;
    assert!(
        matches!(stolen, Err(JobStoreError::Exists(_))),
        "a token names one station"
    );
}

async fn found(store: &dyn JobStore, name: &StationName) -> Station {
    let found = store.station(name).await.expect("stations can be read");
    found.expect("the station is there")
}

async fn a_revoked_station_is_not_known_until_it_is_admitted_again(store: &dyn JobStore) {
    let name = station("revoked-1");
    let put = |token, now| store.put_station(&name, token, &Actor::Service, now);
    put([11; 32], at(0)).await.expect("a new station");
    assert_eq!(found(store, &name).await.revoked, None);
    for now in [at(1), at(2)] {
        let revoked = store.revoke_station(&name, now).await;
        revoked.expect("again is as good as once");
        assert_eq!(found(store, &name).await.revoked, Some(at(1)));
        let known = store.station_by_token([11; 32]).await;
        assert_eq!(known.expect("an answer"), None);
    }
    let is_void = async |token| store.is_void(&name, token).await.expect("an answer");
    assert!(is_void([11; 32]).await && !is_void([12; 32]).await);
    put([12; 32], at(3)).await.expect("a new token");
    let again = found(store, &name).await;
    assert_eq!((again.revoked, again.registered), (None, at(3)));
    let known = store.station_by_token([12; 32]).await;
    assert_eq!(known.expect("an answer"), Some(name.clone()));
    assert!(!is_void([12; 32]).await);
    put([14; 32], at(4)).await.expect("a new token");
    let told = store.told_of(None).await.expect("it can be read");
    let of_it = told.iter().filter(|line| line.line.contains("revoked-1"));
    assert_eq!(of_it.count(), 2, "admitted, and admitted again");
}

async fn a_station_is_drained_and_watched(store: &dyn JobStore) {
    let name = admit(store, "drained-1", 13).await;
    for since in [Some(at(4)), None, Some(at(5))] {
        let done = store.drain_station(&name, since).await;
        done.expect("the station is there");
        assert_eq!(found(store, &name).await.draining, since);
    }
    let done = store.watch_station(&name, at(9)).await;
    done.expect("the station is there");
    let watched = found(store, &name).await;
    assert_eq!(watched.watched_until, Some(at(9)));
    assert_eq!((watched.name.clone(), watched.heard), (name.clone(), None));
    admit(store, "drained-1", 13).await;
    let again = found(store, &name).await;
    assert_eq!((again.draining, again.watched_until), (None, None));
}

async fn stations_are_listed_by_their_names(store: &dyn JobStore) {
    for (number, name) in [(14, "list-c"), (15, "list-B"), (16, "list-a")] {
        admit(store, name, number).await;
    }
    let names = async |after: &str, limit| {
        let page = store.stations(Some(&station(after)), limit).await;
        let page = page.expect("stations can be listed");
        let names = page.into_iter().map(|station| station.name.to_string());
        names.collect::<Vec<_>>()
    };
    // By their bytes, in every database.
    assert_eq!(names("list-", 2).await, ["list-B", "list-a"]);
    assert_eq!(names("list-a", 1).await, ["list-c"]);
    let all = store.stations(None, 1000).await.expect("a list");
    assert!(all.len() > 3 && all.is_sorted_by(|one, next| one.name < next.name));
    assert_eq!(store.station(&station("nobody")).await.expect("none"), None);
}

async fn what_is_no_station_cannot_be_marked(store: &dyn JobStore) {
    let nobody = station("nobody");
    for done in [
        store.revoke_station(&nobody, at(0)).await,
        store.drain_station(&nobody, None).await,
        store.watch_station(&nobody, at(0)).await,
    ] {
        assert!(matches!(done, Err(JobStoreError::Missing(_))), "{done:?}");
    }
}
