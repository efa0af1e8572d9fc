//! What people have done stands in the audit, and what they tried.

use std::collections::BTreeSet;

use model::control::{GiveUpRequest, HoldRequest, JobRequest, ResumeRequest, RetryRequest};
use model::ids::JobId;
use model::progress::Progress;
use model::role::Role;
use serde_json::{Value, json};
use server::access::Action;

use crate::talk::{Person, fault, station_of};
use crate::world::{World, at_station, finished};

/// What stands of acts in the audit, the oldest first: who, in which role, did what to what, and what came of it.
async fn told(reader: &Person<'_>, query: &str) -> Vec<[String; 5]> {
    let page = reader
        .get(&format!("audit?limit=1000{query}"))
        .await
        .unwrap();
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let acts = page["Acts"].as_array().unwrap().iter().rev();
    acts.map(|act| ["Actor", "Role", "Action", "Resource", "Outcome"].map(|name| text(&act[name])))
        .collect()
}

/// Everything that people may do to the service or a job, with a job that it can be done to.
struct Deeds {
    over: JobId,
    waiting: JobId,
    held: JobId,
}

impl Deeds {
    async fn plant(world: &World) -> Self {
        let now = world.now();
        let here = || at_station(now);
        Self {
            over: world.plant(here(), finished(2, now)).await.id,
            waiting: world.plant(here(), Progress::Pending).await.id,
            held: world.plant(here(), Progress::Pending).await.id,
        }
    }

    /// What is asked for over the operator API.
    fn asked(&self) -> Vec<(Action, String, Value)> {
        use Action::*;
        let Self { over, waiting, .. } = self;
        let parcel = json!({"Carrier": "UPS", "TrackingNumber": "1Z42"});
        let abort = json!({
            "Reason": "DeviceError",
            "Because": "It makes a noise.",
            "Account": "000000000000",
            "ProgressCode": "Pending",
        });
        let rights = json!({"Name": "studio", "Import": ["photos"]});
        let person = json!({"Name": "joe", "Role": "viewer"});
        let order = json!({"Bay": "B1", "Verb": "look"});
        let all = [
            (AbortJob, format!("jobs/{waiting}/abort"), abort),
            (RetryJob, format!("jobs/{over}/retry"), Value::Null),
            (ReturnDevice, format!("jobs/{waiting}/return"), parcel),
            (ManageAccounts, "accounts".to_owned(), rights),
            (ManageKeys, "keys".to_owned(), json!({"Account": "studio"})),
            (
                ManageUsers,
                "users".to_owned(),
                json!({"Account": "studio", "Name": "jane"}),
            ),
            (
                ManageStations,
                "stations/dock-7/token".to_owned(),
                Value::Null,
            ),
            (OrderStation, "stations/dock-7/orders".to_owned(), order),
            (
                DrainStation,
                "stations/dock-7/drain".to_owned(),
                Value::Null,
            ),
            (
                RevokeStation,
                "stations/dock-7/revoke".to_owned(),
                Value::Null,
            ),
            (ManageOperators, "operators".to_owned(), person),
            (
                ReceiveParcel,
                "parcels".to_owned(),
                json!({"Number": "1Z42"}),
            ),
            (
                ProbeStore,
                "stores/probe".to_owned(),
                json!({"Of": "Not-A-Store"}),
            ),
            (
                TellOfDevice,
                format!("jobs/{waiting}/correct"),
                json!({"Of": 0, "Says": "It was DHL.", "Because": "Misread."}),
            ),
            (RotateCustodyKey, "custody/rotate".to_owned(), json!({})),
            (
                ManageWebhooks,
                "webhooks".to_owned(),
                json!({"Url": "https://hooks.example.org/x?token=hunter2"}),
            ),
            (
                SendNotices,
                "deliveries/replay".to_owned(),
                json!({"Delivery": 99}),
            ),
            (
                ReleaseDevice,
                format!("jobs/{over}/release"),
                json!({"Because": "By phone."}),
            ),
            (
                HoldDevice,
                format!("jobs/{over}/object"),
                json!({"Because": "By phone."}),
            ),
            (
                GiveSecret,
                format!("jobs/{waiting}/secret"),
                json!({"Secret": "hunter2"}),
            ),
            (
                TellVerified,
                format!("jobs/{over}/verified"),
                json!({"What": "bucket", "Differences": 0, "ReportSha256": "0".repeat(64)}),
            ),
            (
                DestroyDevice,
                format!("jobs/{over}/destroyed"),
                json!({"Authority": "Jane Roe", "Reason": "It would not erase."}),
            ),
        ];
        all.into()
    }
}

/// Rights that people have and use to look, which changes nothing.
fn only_looks(action: Action) -> bool {
    use Action::*;
    match action {
        ListJobs | GetStatus | LookAtJob | ReadHistory | LookAtStations | LookAtParcels
        | LookAtStores | ReadAudit | MakeReceipt | LookAtNotices => true,
        // What customers and stations do stands in the histories of their jobs. Nobody else has a way to cancel.
        CreateJob | UpdateJob | CancelJob | PrintLabel | Import | Export | Report | ClaimJobs
        | UseLease | SendHeartbeat | EraseDevices => true,
        ReturnDevice | AbortJob | RetryJob | HoldJob | ResumeJob | GiveUpJob | ManageAccounts
        | ManageKeys | ManageUsers | ManageStations | OrderStation | DrainStation
        | RevokeStation | ManageOperators | ReceiveParcel | ProbeStore | TellOfDevice
        | RotateCustodyKey | ManageWebhooks | SendNotices | ReleaseDevice | HoldDevice
        | DestroyDevice | TellVerified | GiveSecret => false,
        // Every role lets itself in.
        OpenConsole => true,
    }
}

/// Done and refused, by the operator API and by that of stations, which people use too.
#[tokio::test]
async fn every_act_of_a_person_stands_in_the_audit() {
    let world = World::start().await;
    let admin = Person::add(&world, "ann", Role::Admin).await;
    let viewer = Person::add(&world, "vic", Role::Viewer).await;
    let deeds = Deeds::plant(&world).await;
    let mut acted = BTreeSet::new();
    for (action, path, body) in deeds.asked() {
        assert_eq!(
            viewer.post(&path, body.clone()).await,
            fault(403, "Denied"),
            "{path}"
        );
        let answer = admin.post(&path, body).await;
        let outcome = answer.map_or_else(|(_, code)| code, |_| "Done".to_owned());
        let query = format!("&action={}", action.name());
        let acts = told(&admin, &query).await;
        let told: Vec<[&str; 4]> = acts
            .iter()
            .map(|[actor, role, action, _, outcome]| {
                [actor, role, action, outcome].map(|text| text.as_str())
            })
            .collect();
        let name = action.name();
        let expected = [
            ["person:vic", "viewer", &name, "Denied"],
            ["person:ann", "admin", &name, &outcome],
        ];
        assert_eq!(told, expected, "{path}");
        acted.insert(name);
    }
    let said = |held: JobId| HoldRequest {
        job: held,
        because: "We wait for a cable.".to_owned(),
    };
    let held = deeds.held;
    for person in [&viewer, &admin] {
        let _ = world
            .tell_as::<()>(&person.token, "hold", &said(held))
            .await;
        let resume = ResumeRequest { job: held };
        let _ = world.tell_as::<()>(&person.token, "resume", &resume).await;
        let _ = world
            .tell_as::<()>(&person.token, "hold", &said(held))
            .await;
        let facts: Value = world
            .tell_as(&admin.token, "job", &JobRequest { job: held })
            .await
            .unwrap();
        let give_up = GiveUpRequest {
            job: held,
            because: "Nobody answers.".to_owned(),
            account: serde_json::from_value(facts["account"].clone()).unwrap(),
            shown: "Pending".to_owned(),
        };
        let _ = world
            .tell_as::<()>(&person.token, "give-up", &give_up)
            .await;
    }
    let done: Vec<[String; 5]> = told(&admin, &format!("&job={held}")).await;
    let told: Vec<(&str, &str, &str)> = done
        .iter()
        .map(|[actor, _, action, _, outcome]| (actor.as_str(), action.as_str(), outcome.as_str()))
        .collect();
    let mut expected = Vec::new();
    for (who, outcome) in [("person:vic", "Denied"), ("person:ann", "Done")] {
        for action in ["HoldJob", "ResumeJob", "HoldJob", "GiveUpJob"] {
            expected.push((who, action, outcome));
            acted.insert(action.to_owned());
        }
    }
    assert_eq!(told, expected);
    let all = Action::ALL
        .into_iter()
        .filter(|action| !only_looks(*action));
    assert_eq!(acted, all.map(Action::name).collect());
}

#[tokio::test]
async fn an_act_is_told_with_what_was_said_and_from_where_and_without_secrets() {
    let world = World::start().await;
    let lead = Person::add(&world, "jane", Role::Lead).await;
    let admin = Person::add(&world, "ann", Role::Admin).await;
    let rights = json!({"Name": "studio", "Import": ["photos"], "Password": "hunter2"});
    admin.post("accounts", rights).await.unwrap();
    let key = admin
        .post("keys", json!({"Account": "studio"}))
        .await
        .unwrap();
    let page = lead.get("audit?actor=person:ann").await.unwrap();
    let acts = page["Acts"].as_array().unwrap();
    let made = key["AccessKeyId"].as_str().unwrap();
    assert_eq!(acts[0]["Resource"], format!("key {made} of account studio"));
    assert_eq!(acts[1]["Resource"], "account studio");
    assert_eq!(
        acts[1]["Said"],
        json!({"Asked": "accounts", "Name": "studio", "Import": ["photos"]})
    );
    assert_eq!(acts[1]["Address"], "127.0.0.1");
    let secret = key["SecretAccessKey"].as_str().unwrap();
    let text = page.to_string();
    assert!(
        !text.contains(secret) && !text.contains("hunter2"),
        "{text}"
    );
}

#[tokio::test]
async fn the_audit_is_read_page_by_page_by_leads() {
    let world = World::start().await;
    let lead = Person::add(&world, "jane", Role::Lead).await;
    let operator = Person::add(&world, "olga", Role::Operator).await;
    assert_eq!(operator.get("audit").await, fault(403, "Denied"));
    for name in ["one", "two", "three"] {
        let denied = operator.post("accounts", json!({"Name": name})).await;
        assert_eq!(denied, fault(403, "Denied"));
    }
    let page = lead.get("audit?limit=2").await.unwrap();
    let next = page["Next"].as_i64().unwrap();
    let rest = lead
        .get(&format!("audit?limit=2&before={next}"))
        .await
        .unwrap();
    let names = |page: &Value| -> Vec<Value> {
        let acts = page["Acts"].as_array().unwrap();
        acts.iter().map(|act| act["Said"]["Name"].clone()).collect()
    };
    assert_eq!(names(&page), ["three", "two"]);
    assert_eq!(
        (names(&rest), &rest["Next"]),
        (vec![json!("one")], &Value::Null)
    );
    for wrong in [
        "actor=jane",
        "action=Burn",
        "since=today",
        "limit=0",
        "who=x",
    ] {
        let answer = lead.get(&format!("audit?{wrong}")).await;
        assert_eq!(answer, fault(400, "BadQuery"), "{wrong}");
    }
    // Looking is no act.
    let _ = lead.post("stations/dock-1/watch", Value::Null).await;
    assert_eq!(
        told(&lead, "&actor=person:jane").await,
        Vec::<[String; 5]>::new()
    );
}

#[tokio::test]
async fn a_station_that_decides_stands_in_the_audit_too() {
    let world = World::start().await;
    let lead = Person::add(&world, "jane", Role::Lead).await;
    let now = world.now();
    let job = world.plant(at_station(now), finished(2, now)).await.id;
    world
        .tell::<()>("retry", &RetryRequest { job })
        .await
        .unwrap();
    let acts = told(&lead, &format!("&job={job}")).await;
    let resource = format!("job {job}");
    let own = station_of(&lead).await;
    let actor = format!("station:{own}");
    let expected = [&actor, "-", "RetryJob", &resource, "Done"].map(str::to_owned);
    assert_eq!(acts, [expected]);
}
