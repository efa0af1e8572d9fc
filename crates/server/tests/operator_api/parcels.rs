//! Boxes that come and go, and the devices in them.

use model::actor::Actor;
use model::custody::Custody;
use model::progress::Progress;
use model::role::Role;
use serde_json::{Value, json};

use crate::talk::{Person, fault, station_of};
use crate::world::{World, at_station, finished, import, returned};

/// The text of each field.
fn texts<'a>(value: &'a Value, names: &[&str]) -> Vec<&'a str> {
    let text = |name: &&str| value[*name].as_str().unwrap_or("-");
    names.iter().map(text).collect()
}

#[tokio::test]
async fn a_box_with_devices_of_several_jobs_comes_and_goes_back() {
    let world = World::start().await;
    let jane = Person::add(&world, "jane", Role::Operator).await;
    let (first, _) = world.create(&import("photos")).await;
    let (second, _) = world.create(&import("photos")).await;
    let own = station_of(&jane).await;
    let number = "1Z999AA10123456784";
    let came = jane
        .post(
            "parcels",
            json!({"Number": "1z 999 aa1 01 2345 6784", "Carrier": "UPS"}),
        )
        .await
        .unwrap();
    assert_eq!(came["Parcel"]["Number"], number);
    assert_eq!(
        (&came["Expected"], &came["Arrived"]),
        (&json!([]), &json!([]))
    );
    let slip = async |job: &str| {
        let message = json!({"Parcel": number});
        jane.post(&format!("jobs/{job}/arrive"), message).await
    };
    let arrived = slip(first.as_str()).await.unwrap();
    assert_eq!(arrived["Due"], "Load");
    assert_eq!(
        texts(&arrived["Job"], &["LocationCode", "Station"]),
        ["AtAWS", own.as_str()]
    );
    assert_eq!(arrived["WasHere"], false);
    assert_eq!(
        slip(first.as_str()).await.unwrap()["WasHere"],
        true,
        "twice is once"
    );
    // Named together with the box, another time.
    let again = json!({"Number": number, "Jobs": [second], "Note": "wet"});
    let came = jane.post("parcels", again).await.unwrap();
    let names = |list: &Value| -> Vec<String> {
        let mut all: Vec<String> = list
            .as_array()
            .unwrap()
            .iter()
            .map(|it| it["JobId"].as_str().or(it.as_str()).unwrap().to_owned())
            .collect();
        all.sort();
        all
    };
    let mut both = [first.to_string(), second.to_string()];
    both.sort();
    assert_eq!(names(&came["Parcel"]["Jobs"]), both);
    assert_eq!(
        texts(&came["Parcel"], &["Carrier", "Note", "Actor"]),
        ["UPS", "wet", "person:jane"]
    );
    assert_eq!(
        names(&came["Expected"]),
        [first.to_string()],
        "its number is its word"
    );

    let back = json!({"Carrier": "UPS", "TrackingNumber": "1Z42"});
    let path = format!("parcels/{number}/return");
    let early = jane.post(&path, back.clone()).await;
    assert_eq!(early, fault(409, "NotStarted"));
    for job in [&first, &second] {
        assert_eq!(
            world.job(*job).await.custody.code(),
            "AtAWS",
            "none is gone yet"
        );
    }
    let history = jane.get(&format!("jobs/{second}/history")).await.unwrap();
    let last = history["History"]
        .as_array()
        .unwrap()
        .last()
        .unwrap()
        .clone();
    assert_eq!(
        texts(&last, &["Event", "Actor"]),
        ["DeviceArrived", "person:jane"]
    );
    let unknown = jane.post("parcels/1Z9/return", back).await;
    assert_eq!(unknown, fault(404, "UnknownParcel"));
}

#[tokio::test]
async fn all_devices_of_a_box_go_back_or_those_that_are_named() {
    let world = World::start().await;
    let jane = Person::add(&world, "jane", Role::Operator).await;
    let now = world.now();
    let mut jobs = Vec::new();
    for _ in 0..3 {
        let job = world.plant(at_station(now), finished(0, now)).await.id;
        jobs.push(job.to_string());
    }
    world
        .jobs()
        .put_station(&"dock-9".parse().unwrap(), [9; 32], &Actor::Service, now)
        .await
        .unwrap();
    let message = json!({"Number": "123456789012", "Station": "dock-9", "Jobs": jobs});
    let came = jane.post("parcels", message).await.unwrap();
    let arrived = came["Arrived"].as_array().unwrap();
    assert!(
        arrived.iter().all(|it| it["Due"] == "SendBack"),
        "{arrived:?}"
    );
    let back = |jobs: Value| json!({"Carrier": "DHL", "TrackingNumber": "JJD1", "Jobs": jobs});
    let path = "parcels/123456789012/return";
    let stranger = world.plant(at_station(now), finished(0, now)).await.id;
    let other = jane.post(path, back(json!([stranger]))).await;
    assert_eq!(other, fault(400, "BadField"));
    let one = jane.post(path, back(json!([jobs[0]]))).await.unwrap();
    assert_eq!(one["Jobs"].as_array().unwrap().len(), 1);
    for job in &jobs[1..] {
        let told = jane.get(&format!("jobs/{job}")).await.unwrap();
        assert_eq!(told["LocationCode"], "AtAWS");
    }
    let message = json!({"Number": "123456789013", "Station": "dock-9", "Jobs": jobs[1..]});
    jane.post("parcels", message).await.unwrap();
    let path = "parcels/123456789013/return";
    for _ in 0..2 {
        let gone = jane.post(path, back(json!([]))).await.unwrap();
        assert_eq!(gone["Direction"], "out");
    }
    for job in &jobs {
        let told = jane.get(&format!("jobs/{job}")).await.unwrap();
        assert_eq!(
            texts(&told, &["LocationCode", "Carrier", "TrackingNumber"]),
            ["Returned", "DHL", "JJD1"]
        );
    }
    let page = jane.get("parcels?direction=out&number=jjd").await.unwrap();
    assert_eq!(page["Parcels"][0]["Jobs"].as_array().unwrap().len(), 3);
    let page = jane.get("parcels?limit=1").await.unwrap();
    let next = page["Next"].as_i64().unwrap();
    let rest = jane
        .get(&format!("parcels?limit=9&before={next}"))
        .await
        .unwrap();
    assert_eq!(
        (rest["Parcels"].as_array().unwrap().len(), &rest["Next"]),
        (2, &Value::Null)
    );
}

/// Nothing is begun or ended by a slip, and what is not to be loaded is said.
#[tokio::test]
async fn a_device_in_hand_is_booked_and_told_what_is_due() {
    let world = World::start().await;
    let jane = Person::add(&world, "jane", Role::Operator).await;
    let viewer = Person::add(&world, "joe", Role::Viewer).await;
    let now = world.now();
    let canceled = Progress::Canceled {
        at: now,
        because: None,
    };
    for (custody, progress, due, place) in [
        (Custody::NotReceived, Progress::Pending, "Load", "AtAWS"),
        (Custody::NotReceived, canceled, "SendBack", "AtAWS"),
        (
            Custody::NotReceived,
            Progress::Expired { at: now },
            "SendBack",
            "AtAWS",
        ),
        (returned(now), finished(0, now), "Gone", "Returned"),
    ] {
        let job = world.plant(custody, progress.clone()).await.id;
        let path = format!("jobs/{job}/arrive");
        assert_eq!(viewer.post(&path, json!({})).await, fault(403, "Denied"));
        let arrived = jane.post(&path, json!({})).await.unwrap();
        assert_eq!(texts(&arrived, &["Due"]), [due], "{arrived}");
        assert_eq!(arrived["Job"]["LocationCode"], place);
        assert_eq!(world.job(job).await.progress, progress);
    }
    let unknown = jane.post("jobs/9ZZZZ/arrive", json!({})).await;
    assert_eq!(unknown, fault(404, "UnknownJob"));
    let job = world
        .plant(Custody::NotReceived, Progress::Pending)
        .await
        .id;
    let nowhere = jane
        .post(&format!("jobs/{job}/arrive"), json!({"Parcel": "1Z8"}))
        .await;
    assert_eq!(nowhere, fault(404, "UnknownParcel"));
    world
        .jobs()
        .put_station(&"dock-9".parse().unwrap(), [9; 32], &Actor::Service, now)
        .await
        .unwrap();
    let where_ = jane.post(&format!("jobs/{job}/arrive"), json!({})).await;
    assert_eq!(where_, fault(400, "BadField"), "two stations: which?");
    let named = json!({"Station": "dock-9"});
    let arrived = jane
        .post(&format!("jobs/{job}/arrive"), named)
        .await
        .unwrap();
    assert_eq!(arrived["Job"]["Station"], "dock-9");
}
