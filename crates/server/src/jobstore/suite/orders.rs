//! Orders: each is there until it is answered or stale, and twice the same is one.

use futures::future::join_all;
use model::actor::Actor;
use model::disposal::messages::Confirmation;
use model::ids::{BayName, OrderId, PersonName, StationName};
use model::order::{Acknowledgement, Order, OrderOutcome, OrderVerb};
use model::secret::DeviceSecret;
use model::signature::{Signature, SignatureFile};
use model::time::Timestamp;

use super::{JobStore, JobStoreError, admit, at, job_id, station};
use crate::jobstore::StoredOrder;

pub(super) async fn run(store: &dyn JobStore) {
    orders_are_kept_in_their_order_until_they_are_stale(store).await;
    the_same_order_twice_is_one_until_it_is_answered(store).await;
    the_same_order_at_once_is_one(store).await;
    an_order_is_answered_once_and_by_its_station(store).await;
    orders_are_dropped_with_their_station_alone(store).await;
    an_order_needs_a_station(store).await;
    an_order_that_needs_a_second_person_waits_for_another(store).await;
    an_order_with_another_sheet_takes_the_place_of_one_that_waits(store).await;
    an_order_of_another_disk_takes_the_place_of_one_that_waits(store).await;
    a_secret_is_there_until_its_order_is_answered(store).await;
}

/// The last that was typed counts.
async fn a_secret_is_there_until_its_order_is_answered(store: &dyn JobStore) {
    let name = admit(store, "orders-9", 39).await;
    for (id, text) in [("o7a", "first"), ("o7b", "zweites Wört")] {
        let wanted = Order {
            secret: Some(DeviceSecret::new(text.to_owned()).expect("a secret")),
            ..order(id, "B1", OrderVerb::Unlock, at(5))
        };
        let kept = insert(store, &name, &wanted).await;
        assert_eq!((kept.id.as_str(), kept.secret), (id, None));
    }
    let secret = async |id: &str| {
        let id = OrderId::new(id).expect("an id");
        let found = store.order_secret(&id).await.expect("it answers");
        found.map(|secret| secret.expose().to_owned())
    };
    assert_eq!(secret("o7a").await, None);
    assert_eq!(secret("o7b").await.as_deref(), Some("zweites Wört"));
    let answered = store.answer_orders(&name, &[done("o7b")], at(6)).await;
    answered.expect("it answers");
    assert_eq!(secret("o7b").await, None);
    assert_eq!(orders(store, &name, at(0)).await.len(), 1);
}

/// The same word of another person, and no other, lets the station hear of it, for the full time.
async fn an_order_that_needs_a_second_person_waits_for_another(store: &dyn JobStore) {
    let name = admit(store, "orders-9", 39).await;
    let said = |end: &str| Confirmation::of(job_id("SHEEP"), end.to_owned());
    let wanted = Order {
        erase: Some(said("nf0R")),
        needs_second: true,
        ..order("o7a", "B1", OrderVerb::Erase, at(5))
    };
    let kept = insert(store, &name, &wanted).await;
    assert!(kept.waits() && kept.by == wanted.by);
    let (jane, joe) = (wanted.by.clone(), Actor::Service);
    let second = async |bay: &str, said: &Confirmation, by: &Actor, stale| {
        let bay = BayName::new(bay).expect("a bay");
        let times = (at(9), at(stale));
        let found = store.second_order(&name, &bay, said, by, times).await;
        found.expect("orders can be confirmed")
    };
    assert_eq!(second("B1", &said("NF0R"), &jane, 4).await, None);
    assert_eq!(second("B2", &said("NF0R"), &joe, 4).await, None);
    assert_eq!(second("B1", &said("XXXX"), &joe, 4).await, None);
    assert_eq!(second("B1", &said("NF0R"), &joe, 5).await, None);
    let given = second("B1", &said(" NF0r"), &joe, 4).await;
    let given = given.expect("another person has said the same");
    assert_eq!(given.persons(), [jane, joe.clone()]);
    assert!(!given.waits() && given.at == at(9) && given.id == wanted.id);
    let of_order = given.erase.and_then(|said| said.order);
    assert_eq!(of_order, Some(wanted.id), "the server knows who gave it");
    assert_eq!(second("B1", &said("NF0R"), &joe, 4).await, None, "once");
    let named = Order {
        erase: Some(said(" gerät")),
        needs_second: true,
        ..order("o7b", "B2", OrderVerb::Erase, at(5))
    };
    insert(store, &name, &named).await;
    let given = second("B2", &said("GERÄT"), &joe, 4).await;
    assert!(
        given.is_some(),
        "a device may be known by a name of any letters"
    );
    store.drop_orders(&name).await.expect("orders are dropped");
}

/// Of the sheet only its job is kept.
async fn an_order_with_another_sheet_takes_the_place_of_one_that_waits(store: &dyn JobStore) {
    let name = admit(store, "orders-8", 38).await;
    let of_sheet = |id: &str, job: &str| Order {
        sheet: Some(SignatureFile {
            job: job_id(job),
            signature: Signature::parse(&format!("{}=", "A".repeat(27))).expect("20 bytes"),
        }),
        ..order(id, "B1", OrderVerb::Load, at(5))
    };
    let mut kept = Vec::new();
    for wanted in [
        order("o6a", "B1", OrderVerb::Load, at(5)),
        of_sheet("o6b", "SHEET"),
        of_sheet("o6c", "SHEET"),
        order("o6d", "B1", OrderVerb::Load, at(5)),
        of_sheet("o6e", "SHEEP"),
    ] {
        let order = insert(store, &name, &wanted).await;
        assert_eq!(order.sheet, None);
        kept.push(order.id.to_string());
    }
    assert_eq!(kept, ["o6a", "o6b", "o6b", "o6b", "o6e"]);
    let found = orders(store, &name, at(0)).await;
    let told: Vec<_> = found
        .iter()
        .map(|it| (it.order.id.as_str(), it.job))
        .collect();
    assert_eq!(told, [("o6e", Some(job_id("SHEEP")))]);
}

async fn an_order_of_another_disk_takes_the_place_of_one_that_waits(store: &dyn JobStore) {
    let name = admit(store, "orders-10", 40).await;
    let mut kept = Vec::new();
    for (id, stay) in [
        ("o8a", None),
        ("o8b", Some(7)),
        ("o8c", Some(7)),
        ("o8d", Some(u32::MAX)),
        ("o8e", None),
    ] {
        let wanted = Order {
            stay,
            ..order(id, "B1", OrderVerb::Load, at(5))
        };
        let order = insert(store, &name, &wanted).await;
        kept.push((order.id.to_string(), order.stay));
    }
    let kept: Vec<_> = kept.iter().map(|(id, stay)| (id.as_str(), *stay)).collect();
    let last = ("o8d", Some(u32::MAX));
    let wanted = [
        ("o8a", None),
        ("o8b", Some(7)),
        ("o8b", Some(7)),
        last,
        last,
    ];
    assert_eq!(kept, wanted);
}

fn order(id: &str, bay: &str, verb: OrderVerb, at: Timestamp) -> Order {
    Order {
        id: OrderId::new(id).expect("an id"),
        bay: BayName::new(bay).expect("a bay"),
        verb,
        by: Actor::Person(PersonName::new("jane@example.org").expect("a person")),
        at,
        stay: None,
        sheet: None,
        erase: None,
        secret: None,
        needs_second: false,
        second: None,
    }
}

fn done(id: &str) -> Acknowledgement {
    Acknowledgement {
        id: OrderId::new(id).expect("an id"),
        outcome: OrderOutcome::Done,
    }
}

async fn insert(store: &dyn JobStore, name: &StationName, order: &Order) -> Order {
    let kept = store.insert_order(name, order, at(0)).await;
    kept.expect("orders are taken")
}

async fn orders(store: &dyn JobStore, name: &StationName, stale: Timestamp) -> Vec<StoredOrder> {
    let found = store.orders(name, stale).await;
    found.expect("orders can be read")
}

async fn orders_are_kept_in_their_order_until_they_are_stale(store: &dyn JobStore) {
    let name = admit(store, "orders-1", 31).await;
    let wanted = [
        order("o1a", "B2", OrderVerb::Load, at(5)),
        order("o1b", "B1", OrderVerb::Look, at(6)),
        order("o1c", "B2", OrderVerb::Stop, at(6)),
    ];
    for order in &wanted {
        assert_eq!(insert(store, &name, order).await, *order);
    }
    let found = orders(store, &name, at(4)).await;
    let told: Vec<&Order> = found.iter().map(|stored| &stored.order).collect();
    assert_eq!(told, wanted.iter().collect::<Vec<_>>());
    assert!(found.iter().all(|stored| stored.answered.is_none()));
    assert_eq!(orders(store, &name, at(5)).await.len(), 2);
    assert_eq!(orders(store, &name, at(6)).await, []);
    let pending = async |stale| store.pending_orders(stale).await.expect("a number");
    assert_eq!((pending(at(4)).await, pending(at(5)).await), (3, 2));
    store
        .forget_orders(at(5))
        .await
        .expect("orders are forgotten");
    assert_eq!(orders(store, &name, at(0)).await.len(), 2);
    store.drop_orders(&name).await.expect("orders are dropped");
}

async fn the_same_order_twice_is_one_until_it_is_answered(store: &dyn JobStore) {
    let name = admit(store, "orders-2", 32).await;
    let first = order("o2a", "B1", OrderVerb::Load, at(5));
    insert(store, &name, &first).await;
    let again = order("o2b", "B1", OrderVerb::Load, at(6));
    assert_eq!(insert(store, &name, &again).await, first);
    let acknowledged = store.answer_orders(&name, &[done("o2a")], at(7)).await;
    acknowledged.expect("answers are kept");
    assert_eq!(insert(store, &name, &again).await, again);
    // A stale one is not in the way.
    let late = order("o2c", "B1", OrderVerb::Load, at(99));
    let kept = store.insert_order(&name, &late, at(6)).await;
    assert_eq!(kept.expect("orders are taken"), late);
    assert_eq!(orders(store, &name, at(0)).await.len(), 1);
    store.drop_orders(&name).await.expect("orders are dropped");
}

async fn the_same_order_at_once_is_one(store: &dyn JobStore) {
    let name = admit(store, "orders-3", 33).await;
    let all: Vec<Order> = (0..6)
        .map(|n| order(&format!("o3n{n}"), "B1", OrderVerb::Look, at(5)))
        .collect();
    let kept = join_all(all.iter().map(|order| insert(store, &name, order))).await;
    assert!(kept.iter().all(|order| *order == kept[0]), "{kept:?}");
    assert_eq!(orders(store, &name, at(0)).await.len(), 1);
    store.drop_orders(&name).await.expect("orders are dropped");
}

async fn an_order_is_answered_once_and_by_its_station(store: &dyn JobStore) {
    let name = admit(store, "orders-4", 34).await;
    let stranger = admit(store, "orders-5", 35).await;
    insert(store, &name, &order("o4a", "B1", OrderVerb::Stop, at(5))).await;
    let answer = async |by: &StationName, outcome, now| {
        let word = Acknowledgement {
            outcome,
            ..done("o4a")
        };
        let kept = store.answer_orders(by, &[done("unknown"), word], now).await;
        kept.expect("answers are kept");
        orders(store, &name, at(0)).await[0].answered.clone()
    };
    let refused = OrderOutcome::Refused {
        why: "the bay is empty".to_owned(),
    };
    assert_eq!(answer(&stranger, OrderOutcome::Done, at(6)).await, None);
    let first = Some((at(7), refused.clone()));
    assert_eq!(answer(&name, refused, at(7)).await, first);
    assert_eq!(answer(&name, OrderOutcome::Done, at(8)).await, first);
    let pending = store.pending_orders(at(0)).await.expect("a number");
    assert_eq!(pending, 0);
    store.drop_orders(&name).await.expect("orders are dropped");
}

async fn orders_are_dropped_with_their_station_alone(store: &dyn JobStore) {
    let name = admit(store, "orders-6", 36).await;
    let other = admit(store, "orders-7", 37).await;
    insert(store, &name, &order("o6a", "B1", OrderVerb::Stop, at(5))).await;
    insert(store, &other, &order("o7a", "B1", OrderVerb::Stop, at(5))).await;
    store.drop_orders(&name).await.expect("orders are dropped");
    assert_eq!(orders(store, &name, at(0)).await, []);
    assert_eq!(orders(store, &other, at(0)).await.len(), 1);
    store.drop_orders(&other).await.expect("orders are dropped");
}

async fn an_order_needs_a_station(store: &dyn JobStore) {
    let order = order("o8a", "B1", OrderVerb::Look, at(5));
    let kept = store.insert_order(&station("nobody"), &order, at(0)).await;
    assert!(matches!(kept, Err(JobStoreError::Missing(_))), "{kept:?}");
}
