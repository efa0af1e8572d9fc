//! The list of the jobs of all accounts, and what is done to one.

use model::custody::Custody;
use model::progress::Progress;
use model::role::Role;
use serde_json::{Value, json};

use crate::talk::{Person, fault};
use crate::world::{World, at_station, finished, import, returned};

fn ids(page: &Value) -> Vec<&str> {
    let jobs = page["Jobs"].as_array().unwrap();
    jobs.iter()
        .map(|job| job["JobId"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn pages_and_filters_are_told_as_the_store_finds_them() {
    let world = World::start().await;
    let viewer = Person::add(&world, "joe", Role::Viewer).await;
    let now = world.now();
    let first = world.plant(Custody::NotReceived, Progress::Pending).await;
    let second = world.plant(at_station(now), finished(2, now)).await;
    let third = world.plant(returned(now), finished(0, now)).await;
    let [first, second, third] = [first, second, third].map(|job| job.id.to_string());

    let page = viewer.get("jobs?limit=2").await.unwrap();
    assert_eq!(ids(&page), [&third, &second]);
    assert_eq!(page["Next"], second.as_str());
    let page = viewer.get(&format!("jobs?limit=2&before={second}")).await;
    let page = page.unwrap();
    assert_eq!(
        (ids(&page), &page["Next"]),
        (vec![first.as_str()], &Value::Null)
    );
    for (query, expected) in [
        ("state=successwitherrors", vec![&second]),
        ("station=dock-9", vec![&second]),
        ("search=1z999", vec![&third]),
        ("account=default&state=Pending", vec![&first]),
        ("held=true", vec![]),
    ] {
        let page = viewer.get(&format!("jobs?{query}")).await.unwrap();
        assert_eq!(ids(&page), expected, "{query}");
    }
    let query = format!("jobs?search={}", first.to_lowercase());
    assert_eq!(ids(&viewer.get(&query).await.unwrap()), [&first]);
}

/// A filter that does nothing would show too much.
#[tokio::test]
async fn what_cannot_be_asked_for_is_refused_and_not_passed_over() {
    let world = World::start().await;
    let viewer = Person::add(&world, "joe", Role::Viewer).await;
    for (query, status, code) in [
        ("sate=Pending", 400, "BadQuery"),
        ("state=Lost", 400, "BadQuery"),
        ("held=maybe", 400, "BadQuery"),
        ("station=no+name", 400, "BadQuery"),
        ("limit=0", 400, "BadQuery"),
        ("limit=1001", 400, "BadQuery"),
        ("before=x", 400, "BadQuery"),
        ("before=9ZZZZ", 400, "BadMarker"),
        ("search=a", 400, "BadWord"),
        ("account=nobody", 404, "UnknownAccount"),
    ] {
        let answer = viewer.get(&format!("jobs?{query}")).await;
        assert_eq!(answer, fault(status, code), "{query}");
    }
    for path in ["jobs/9ZZZZ", "jobs/nothing", "jobs/9ZZZZ/history"] {
        assert_eq!(viewer.get(path).await, fault(404, "UnknownJob"), "{path}");
    }
}

#[tokio::test]
async fn a_job_is_ended_as_it_was_shown_and_its_device_goes_back() {
    let world = World::start().await;
    let lead = Person::add(&world, "jane", Role::Lead).await;
    let (id, _) = world.create(&import("photos")).await;
    let path = |what: &str| format!("jobs/{id}{what}");
    let shown = lead.get(&path("")).await.unwrap();
    assert_eq!(shown["DeviceId"], "123");
    let abort = |progress: &str| {
        json!({
            "Reason": "DeviceError",
            "Because": "It makes a noise.",
            "Account": shown["Account"],
            "ProgressCode": progress,
        })
    };
    let other = lead.post(&path("/abort"), abort("InProgress")).await;
    assert_eq!(other, fault(409, "Changed"));
    let early = lead.post(&path("/abort"), abort("Pending")).await;
    assert_eq!(early, fault(409, "NotReceived"), "it is not here yet");

    let job = world
        .plant(at_station(world.now()), Progress::Pending)
        .await;
    let path = |what: &str| format!("jobs/{}{what}", job.id);
    let over = lead.post(&path("/abort"), abort("Pending")).await.unwrap();
    assert_eq!(over["ProgressCode"], "DeviceError");
    let parcel = json!({"Carrier": "UPS", "TrackingNumber": "1Z42"});
    let back = lead.post(&path("/return"), parcel).await.unwrap();
    assert_eq!(
        (&back["LocationCode"], &back["TrackingNumber"]),
        (&json!("Returned"), &json!("1Z42"))
    );
    let history = lead.get(&path("/history")).await.unwrap();
    let told: Vec<(&str, &str)> = history["History"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| {
            (
                line["Event"].as_str().unwrap(),
                line["Actor"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            ("Created", "service"),
            ("TransferAborted", "person:jane"),
            ("DeviceReturned", "person:jane")
        ]
    );
}
