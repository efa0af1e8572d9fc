//! Heartbeats: the last of each station, of which no two are the same.

use futures::future::join_all;
use model::bay::BayStatus;
use model::heartbeat::{HostFacts, Told};
use model::ids::{BayName, Boot, PortId};
use model::other_disk::{OTHER_DISKS, OtherDisk};
use model::presence::{Heard, Runs};

use super::{JobStore, JobStoreError, admit, at, conflicts, station};
use crate::jobstore::Heartbeat;

pub(super) async fn run(store: &dyn JobStore) {
    the_last_heartbeat_is_kept(store).await;
    of_heartbeats_at_once_one_is_kept(store).await;
    a_station_that_is_admitted_again_is_as_new(store).await;
    a_heartbeat_needs_a_station(store).await;
}

fn heartbeat(version: i64) -> Heartbeat {
    let boot = Boot::new("00ff").expect("a run");
    let Heard::New(runs) = Runs::default().hear(&boot, 1, at(version)) else {
        panic!("nothing was heard before");
    };
    Heartbeat {
        version,
        at: at(version),
        release: "0.9.0".to_owned(),
        clock_ahead: -version,
        runs,
    }
}

/// What a station tells that has so many bays.
fn told(bays: usize) -> Told {
    let bay = |number: usize| {
        let name = BayName::new(format!("B{number}")).expect("a name");
        BayStatus::empty(name, PortId::new("usb-1").expect("a port"), at(0))
    };
    let other = |number: usize| OtherDisk {
        medium: format!("sd{number}"),
        port: PortId::new("usb-2").expect("a port"),
        bytes: 1 << 40,
        why: "its port is no bay".to_owned(),
        remedy: None,
    };
    Told {
        bays: (0..bays).map(bay).collect(),
        others: (0..bays.min(OTHER_DISKS)).map(other).collect(),
        host: HostFacts::default(),
        metrics: "dock-1:4783".parse().ok(),
    }
}

async fn the_last_heartbeat_is_kept(store: &dyn JobStore) {
    let name = admit(store, "heart-1", 21).await;
    assert_eq!(store.told(&name).await.expect("nothing yet"), None);
    // A page has 8 KiB: what is told of 64 bays has more.
    for (version, bays) in [(1, 3), (2, 64), (3, 0), (4, 64)] {
        let kept = store
            .keep_heartbeat(&name, &heartbeat(version), &told(bays))
            .await;
        kept.expect("nobody else is heard under this name");
        let found = store.station(&name).await.expect("stations can be read");
        let found = found.expect("the station is there");
        assert_eq!(found.heard, Some(heartbeat(version)));
        assert_eq!(store.told(&name).await.expect("told"), Some(told(bays)));
    }
    for version in [1, 3, 4, 6] {
        let late = store
            .keep_heartbeat(&name, &heartbeat(version), &told(0))
            .await;
        assert!(matches!(late, Err(JobStoreError::Conflict)), "{version}");
    }
    assert_eq!(store.told(&name).await.expect("told"), Some(told(64)));
    let until = async |last| {
        let (after, last) = (station("heart-"), station(last));
        let told = store.told_until(Some(&after), &last).await;
        told.expect("told")
    };
    assert_eq!(until("heart-0").await, []);
    assert_eq!(until("heart-1").await, [(name, told(64))]);
}

async fn of_heartbeats_at_once_one_is_kept(store: &dyn JobStore) {
    let name = admit(store, "heart-2", 22).await;
    for version in [1, 2] {
        let (heartbeat, told) = (heartbeat(version), told(1));
        let kept = (0..6).map(|_| store.keep_heartbeat(&name, &heartbeat, &told));
        assert_eq!(conflicts(&join_all(kept).await), 5);
    }
}

async fn a_station_that_is_admitted_again_is_as_new(store: &dyn JobStore) {
    let name = admit(store, "heart-3", 23).await;
    let keep = async |version| {
        let kept = store
            .keep_heartbeat(&name, &heartbeat(version), &told(1))
            .await;
        kept.expect("it is the next");
    };
    keep(1).await;
    admit(store, "heart-3", 23).await;
    assert_eq!(store.told(&name).await.expect("nothing again"), None);
    keep(1).await;
}

async fn a_heartbeat_needs_a_station(store: &dyn JobStore) {
    let kept = store
        .keep_heartbeat(&station("nobody"), &heartbeat(1), &told(0))
        .await;
    assert!(matches!(kept, Err(JobStoreError::Missing(_))), "{kept:?}");
}
