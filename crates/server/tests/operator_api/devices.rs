//! What people who run a service say of devices after they were loaded.

use model::custody::Custody;
use model::disposal::{Disposal, EraseWish, GrantId};
use model::event::Event;
use model::ids::JobId;
use model::job::Job;
use model::role::Role;
use serde_json::json;

use crate::talk::{Person, fault};
use crate::world::{World, at_station, finished};

/// A job whose device was loaded and is to be erased.
async fn loaded(world: &World) -> JobId {
    let job = world
        .plant(at_station(world.now()), finished(0, world.now()))
        .await;
    let next = Job {
        erase: Some(EraseWish::Manifest),
        ..job
    };
    change(world, &next).await;
    next.id
}

async fn change(world: &World, job: &Job) {
    let jobs = world.jobs();
    let version = jobs.job(job.id).await.unwrap().unwrap().version;
    let actor = model::actor::Actor::Service;
    let events: [Event; 0] = [];
    let changed = jobs.replace_job(job, version, &events, &actor, world.now());
    changed.await.unwrap();
}

#[tokio::test]
async fn a_device_is_released_and_held_for_its_customer_with_a_word() {
    let world = World::start().await;
    let lead = Person::add(&world, "jane", Role::Lead).await;
    let operator = Person::add(&world, "olga", Role::Operator).await;
    let job = loaded(&world).await;
    let say = async |who: &Person<'_>, what: &str, words: &str| {
        let message = json!({"Because": words});
        let done = who.post(&format!("jobs/{job}/{what}"), message).await;
        done.map(|_| ())
    };
    let release = say(&operator, "release", "By phone.").await;
    assert_eq!(release, Err((403, "Denied".to_owned())));
    assert_eq!(
        say(&lead, "release", " ").await,
        Err((400, "BadField".to_owned()))
    );
    assert_eq!(say(&lead, "release", "By phone.").await, Ok(()));
    assert_eq!(world.job(job).await.disposal.code(), "Released");
    assert_eq!(say(&operator, "object", "By phone.").await, Ok(()));
    let objects = world.job(job).await;
    assert_eq!(
        (objects.disposal, objects.objection.is_some()),
        (Disposal::Kept, true)
    );
    assert_eq!(
        say(&lead, "release", "By phone.").await,
        Err((409, "Objected".to_owned()))
    );
    operator
        .post(&format!("jobs/{job}/withdraw"), json!(null))
        .await
        .unwrap();
    let again = operator
        .post(&format!("jobs/{job}/withdraw"), json!(null))
        .await;
    assert_eq!(again, fault(409, "NotObjected"));
    let lines = world.jobs().told_of(Some(job)).await.unwrap();
    let released = lines
        .iter()
        .find(|line| line.line.contains(r#""event":"released""#));
    let released = &released.unwrap().line;
    assert!(
        released.contains(r#""statement":"By phone.""#) && released.contains("jane"),
        "{released}"
    );
}

#[tokio::test]
async fn a_device_is_told_as_destroyed_if_it_could_be_erased_or_would_not() {
    let world = World::start().await;
    let lead = Person::add(&world, "jane", Role::Lead).await;
    let job = loaded(&world).await;
    let destroy = async || {
        let message = json!({"Authority": "Jane Roe", "Reason": "It would not erase."});
        lead.post(&format!("jobs/{job}/destroyed"), message).await
    };
    // Its report was never told of.
    assert_eq!(destroy().await, fault(409, "GateShut"));
    let failed = Job {
        disposal: Disposal::EraseFailed {
            grant: GrantId::new("0".repeat(32)).unwrap(),
            at: world.now(),
        },
        ..world.job(job).await
    };
    change(&world, &failed).await;
    destroy().await.unwrap();
    destroy().await.unwrap();
    assert_eq!(world.job(job).await.disposal.code(), "Destroyed");
    let back = json!({"Carrier": "UPS", "TrackingNumber": "1Z"});
    lead.post(&format!("jobs/{job}/return"), back)
        .await
        .unwrap();
}

#[tokio::test]
async fn a_box_with_a_device_that_is_not_erased_goes_back_with_a_word_or_not_at_all() {
    let world = World::start().await;
    let jane = Person::add(&world, "jane", Role::Operator).await;
    let (owes, free) = (
        loaded(&world).await,
        world
            .plant(at_station(world.now()), finished(0, world.now()))
            .await
            .id,
    );
    let come = json!({"Number": "1Z1", "Jobs": [owes, free]});
    jane.post("parcels", come).await.unwrap();
    let back = |more: serde_json::Value| {
        let mut message = json!({"Carrier": "UPS", "TrackingNumber": "1Z2"});
        for (name, value) in more.as_object().unwrap() {
            message[name] = value.clone();
        }
        message
    };
    let send = async |more| jane.post("parcels/1Z1/return", back(more)).await;
    assert_eq!(send(json!({})).await, fault(409, "NotErased"));
    assert_eq!(
        send(json!({"Unerased": "By phone."})).await,
        fault(400, "BadField")
    );
    let is_here = |job: &Job| matches!(job.custody, Custody::AtStation { .. });
    assert!(
        is_here(&world.job(free).await),
        "all of the box go, or none"
    );
    send(json!({"Unerased": "By phone.", "Authority": "Jane Roe"}))
        .await
        .unwrap();
    for (job, words) in [(owes, true), (free, false)] {
        assert!(!is_here(&world.job(job).await));
        let lines = world.jobs().told_of(Some(job)).await.unwrap();
        let told = lines
            .iter()
            .any(|line| line.line.contains("returned-unerased"));
        assert_eq!(told, words, "{job}");
    }
}
