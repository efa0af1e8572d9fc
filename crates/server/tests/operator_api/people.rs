//! Who may ask for what.

use model::control::{JobRequest, RetryRequest};
use model::progress::Progress;
use model::role::Role;
use serde_json::{Value, json};

use crate::talk::{Person, fault};
use crate::world::{World, at_station, finished};

/// Everything that can be asked for, and the least role that it takes; `JOBID` is a job.
const PATHS: [(&str, &str, &str, Role); 32] = [
    ("GET", "me", "", Role::Viewer),
    ("GET", "jobs", "", Role::Viewer),
    ("GET", "jobs/JOBID", "", Role::Viewer),
    ("GET", "jobs/JOBID/history", "", Role::Viewer),
    ("POST", "jobs/JOBID/retry", "", Role::Operator),
    (
        "POST",
        "jobs/JOBID/return",
        r#"{"Carrier":"UPS","TrackingNumber":"1Z"}"#,
        Role::Operator,
    ),
    (
        "POST",
        "jobs/JOBID/abort",
        r#"{"Reason":"DeviceError","Because":"b","Account":"000000000000","ProgressCode":"x"}"#,
        Role::Lead,
    ),
    ("GET", "accounts", "", Role::Admin),
    (
        "POST",
        "accounts",
        r#"{"Name":"made by ROLE"}"#,
        Role::Admin,
    ),
    (
        "POST",
        "accounts/allow",
        r#"{"Name":"default"}"#,
        Role::Admin,
    ),
    (
        "POST",
        "accounts/deny",
        r#"{"Name":"default"}"#,
        Role::Admin,
    ),
    (
        "POST",
        "accounts/limit",
        r#"{"Name":"default","Most":"none"}"#,
        Role::Admin,
    ),
    ("GET", "keys", "", Role::Admin),
    ("POST", "keys", r#"{"Account":"default"}"#, Role::Admin),
    (
        "POST",
        "users",
        r#"{"Account":"default","Name":"made-by-ROLE"}"#,
        Role::Admin,
    ),
    ("GET", "users?account=default", "", Role::Admin),
    (
        "POST",
        "users/nobody/delete",
        r#"{"Account":"default"}"#,
        Role::Admin,
    ),
    (
        "POST",
        "groups/nobody/policy",
        r#"{"Account":"default","Policy":"AWSImportExportFullAccess"}"#,
        Role::Admin,
    ),
    (
        "POST",
        "groups/nobody/add",
        r#"{"Account":"default","User":"nobody"}"#,
        Role::Admin,
    ),
    (
        "GET",
        "users/nobody/simulate?account=default&action=importexport:GetStatus",
        "",
        Role::Admin,
    ),
    ("POST", "stations/dock-1/token", "", Role::Admin),
    ("GET", "stations", "", Role::Viewer),
    ("GET", "stations/dock-1", "", Role::Viewer),
    ("GET", "stations/dock-1/bay?bay=B3", "", Role::Operator),
    ("GET", "bays", "", Role::Viewer),
    ("POST", "stations/dock-1/watch", "", Role::Viewer),
    ("POST", "stations/dock-1/drain", "", Role::Operator),
    ("POST", "stations/dock-1/undrain", "", Role::Operator),
    (
        "POST",
        "stations/dock-1/orders",
        r#"{"Bay":"B3","Verb":"load"}"#,
        Role::Operator,
    ),
    ("POST", "stations/dock-1/revoke", "", Role::Lead),
    ("GET", "operators", "", Role::Admin),
    ("POST", "operators/nobody/revoke", "", Role::Admin),
];

/// A right is missing where the answer says so; what else keeps a thing from being done is another answer.
#[tokio::test]
async fn every_path_takes_the_role_that_it_should() {
    let world = World::start().await;
    for role in Role::ALL {
        let person = Person::add(&world, role.name().repeat(2).as_str(), role).await;
        for (method, path, body, least) in PATHS {
            let job = world.plant(at_station(world.now()), Progress::Pending);
            let job = job.await;
            let path = path.replace("JOBID", job.id.as_str());
            let body = body.replace("ROLE", role.name());
            let answer = person.ask(method, &path, &body).await;
            let is_denied = answer == fault(403, "Denied");
            assert_eq!(
                is_denied,
                role < least,
                "{role}: {method} {path}: {answer:?}"
            );
            assert_ne!(answer, fault(404, "UnknownPath"), "{method} {path}");
        }
    }
}

#[tokio::test]
async fn without_a_token_that_is_in_force_nothing_is_told() {
    let world = World::start().await;
    let admin = Person::add(&world, "ann", Role::Admin).await;
    let jane = Person::add(&world, "jane@example.org", Role::Lead).await;
    let me = json!({"Actor": "person:jane@example.org", "Role": "lead"});
    assert_eq!(jane.get("me").await, Ok(me));
    let revoked = admin.post("operators/jane@example.org/revoke", Value::Null);
    assert_eq!(revoked.await, Ok(Value::Null));
    let stranger = |token: &str| Person {
        world: &world,
        token: token.to_owned(),
    };
    for nobody in [&jane, &stranger(""), &stranger(&"0".repeat(64))] {
        for path in ["me", "jobs", "no/such/path"] {
            assert_eq!(nobody.get(path).await, fault(401, "Unauthorized"));
        }
    }
    let answer = world.http("GET", "/operator/v1/jobs", &[], "").await;
    assert_eq!(answer.status, 401);
    assert_eq!(admin.get("no/such/path").await, fault(404, "UnknownPath"));
    let wrong_way = admin.post("jobs", Value::Null).await;
    assert_eq!(wrong_way, fault(404, "UnknownPath"));
}

/// What stations are asked for people may ask too, as far as their role goes; what only stations do they may not.
#[tokio::test]
async fn a_person_speaks_to_the_station_api_in_his_own_name() {
    let world = World::start().await;
    let job = world
        .plant(at_station(world.now()), finished(2, world.now()))
        .await;
    let viewer = Person::add(&world, "joe", Role::Viewer).await;
    let operator = Person::add(&world, "jane", Role::Operator).await;
    let look = JobRequest { job: job.id };
    let seen: Value = world.tell_as(&viewer.token, "job", &look).await.unwrap();
    assert_eq!(seen["job"], job.id.as_str());
    let retry = RetryRequest { job: job.id };
    let denied = world.tell_as::<()>(&viewer.token, "retry", &retry).await;
    assert_eq!(denied, Err((403, "Denied".to_owned())));
    world
        .tell_as::<()>(&operator.token, "retry", &retry)
        .await
        .unwrap();
    let history = viewer.get(&format!("jobs/{}/history", job.id)).await;
    let history = history.unwrap();
    let last = history["History"].as_array().unwrap().last().unwrap();
    assert_eq!(
        (last["Event"].as_str(), last["Actor"].as_str()),
        (Some("Reopened"), Some("person:jane"))
    );
    let claim =
        model::control::ClaimRequest::new("dock-1".parse().unwrap(), "/mnt/device".to_owned());
    let denied = world
        .tell_as::<Value>(&operator.token, "claim", &claim)
        .await;
    assert_eq!(denied, Err((403, "Denied".to_owned())));
}
