//! What happened in a span of time, and what lies in the room.

use model::event::Event;
use model::parcel::{Direction, ParcelNumber};

use super::{JobStore, arrived, at, change, customer, finished, insert, new_job};
use crate::jobstore::{DayEvent, Parcel};

/// When the day of these tests begins: no other test does anything then.
const BEGIN: i64 = 90_000_000;

pub(super) async fn run(store: &dyn JobStore) {
    what_happened_is_told_with_the_newest_first(store).await;
    what_is_in_the_room_is_what_came_and_did_not_go(store).await;
}

fn names(events: &[DayEvent]) -> Vec<(String, &'static str)> {
    events
        .iter()
        .map(|it| (it.job.id.to_string(), it.event.name()))
        .collect()
}

async fn what_happened_is_told_with_the_newest_first(store: &dyn JobStore) {
    let (one, two) = (
        new_job("DAY1A", 1, at(BEGIN + 1)),
        new_job("DAY1B", 1, at(BEGIN + 2)),
    );
    insert(store, &one).await;
    insert(store, &two).await;
    let nothing = store.happened(at(BEGIN), at(BEGIN + 100), 9).await;
    assert!(
        nothing.expect("days can be read").is_empty(),
        "that it was made is not told"
    );
    change(store, one.id, &[arrived()], at(BEGIN + 10)).await;
    change(store, two.id, &[arrived()], at(BEGIN + 10)).await;
    change(
        store,
        one.id,
        &[Event::TransferStarted, finished(2)],
        at(BEGIN + 20),
    )
    .await;
    let told = |from: i64, until: i64, most: u32| async move {
        let found = store
            .happened(at(BEGIN + from), at(BEGIN + until), most)
            .await;
        names(&found.expect("days can be read"))
    };
    let name = |id: &str, event: &'static str| (id.to_owned(), event);
    assert_eq!(
        told(0, 100, 9).await,
        [
            name("DAY1A", "TransferFinished"),
            name("DAY1A", "TransferStarted"),
            name("DAY1B", "DeviceArrived"),
            name("DAY1A", "DeviceArrived")
        ]
    );
    assert_eq!(
        told(0, 20, 1).await,
        [name("DAY1B", "DeviceArrived")],
        "its end is not part of it"
    );
    assert!(told(11, 20, 9).await.is_empty());
}

async fn what_is_in_the_room_is_what_came_and_did_not_go(store: &dyn JobStore) {
    let ids = async || {
        let found = store.in_hand(10_000).await.expect("days can be read");
        let ours = found
            .into_iter()
            .filter(|(job, _)| job.id.as_str().starts_with("DAY"));
        ours.map(|(job, _)| job.id.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(ids().await, ["DAY1B", "DAY1A"]);
    let back = Event::DeviceReturned {
        carrier: "UPS".to_owned(),
        tracking_number: "1ZDAY".to_owned(),
        unerased: None,
    };
    change(store, super::job_id("DAY1A"), &[back], at(BEGIN + 30)).await;
    assert_eq!(ids().await, ["DAY1B"]);
    assert_eq!(store.in_hand(1).await.expect("days can be read").len(), 1);
    let all = store.in_hand(10_000).await.expect("days can be read");
    let held = all.iter().filter(|(job, _)| job.hold().is_some()).count();
    let counted = store.count_in_hand().await.expect("days can be read");
    assert_eq!(counted, (all.len() as u64, held as u64));
    for (number, direction) in [
        ("1ZDAYA", Direction::In),
        ("1ZDAYB", Direction::In),
        ("1ZDAYC", Direction::Out),
    ] {
        let parcel = Parcel {
            number: ParcelNumber::new(number).expect("the tests' numbers are valid"),
            direction,
            carrier: None,
            note: None,
            condition: None,
            seal: None,
            station: None,
        };
        let actor = customer();
        let put = store.put_parcel(&parcel, true, &actor, at(BEGIN + 40));
        put.await.expect("a box can be kept");
    }
    let boxes = store.boxes(at(BEGIN), at(BEGIN + 100)).await;
    assert_eq!(boxes.expect("days can be read"), (2, 1));
    let boxes = store.boxes(at(BEGIN), at(BEGIN + 40)).await;
    assert_eq!(boxes.expect("days can be read"), (0, 0));
}
