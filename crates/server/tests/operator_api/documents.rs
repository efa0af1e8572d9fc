//! What the documents look like: names are a format. `UPDATE_GOLDEN=1` writes them anew.

use std::path::Path;

use model::progress::Progress;
use model::role::Role;
use serde_json::{Value, json};

use crate::talk::Person;
use crate::world::{World, at_station, import};

/// The names in a document, with the kinds of their values.
fn shape(value: &Value) -> Value {
    match value {
        Value::Null => json!("null"),
        Value::Bool(_) => json!("bool"),
        Value::Number(_) => json!("number"),
        Value::String(_) => json!("text"),
        Value::Array(all) => Value::Array(all.first().map(shape).into_iter().collect()),
        Value::Object(fields) => fields
            .iter()
            .map(|(name, value)| (name.clone(), shape(value)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
    }
}

#[tokio::test]
async fn the_documents_are_the_published_ones() {
    let world = World::start().await;
    let admin = Person::add(&world, "ann", Role::Admin).await;
    let (id, _) = world.create(&import("photos")).await;
    world
        .plant(at_station(world.now()), Progress::Pending)
        .await;
    let mut all = String::new();
    for (method, path, body) in [
        ("GET", "me".to_owned(), Value::Null),
        ("GET", "jobs?limit=1".to_owned(), Value::Null),
        ("GET", format!("jobs/{id}"), Value::Null),
        ("GET", format!("jobs/{id}/history"), Value::Null),
        ("GET", format!("jobs/{id}/manifest"), Value::Null),
        ("GET", format!("jobs/{id}/failed"), Value::Null),
        ("GET", format!("jobs/{id}/rates"), Value::Null),
        ("GET", "today".to_owned(), Value::Null),
        (
            "POST",
            "accounts".to_owned(),
            json!({"Name": "studio", "Import": ["photos"]}),
        ),
        ("GET", "accounts".to_owned(), Value::Null),
        ("POST", "keys".to_owned(), json!({"Account": "studio"})),
        ("GET", "keys".to_owned(), Value::Null),
        (
            "POST",
            "users".to_owned(),
            json!({"Account": "studio", "Name": "jane"}),
        ),
        (
            "POST",
            "groups".to_owned(),
            json!({"Account": "studio", "Name": "readers"}),
        ),
        (
            "POST",
            "groups/readers/add".to_owned(),
            json!({"Account": "studio", "User": "jane"}),
        ),
        (
            "POST",
            "users/jane/policy".to_owned(),
            json!({"Account": "studio", "Policy": "AWSImportExportReadOnlyAccess"}),
        ),
        (
            "POST",
            "keys".to_owned(),
            json!({"Account": "studio", "User": "jane"}),
        ),
        ("GET", "users?account=studio".to_owned(), Value::Null),
        ("GET", "users/jane?account=studio".to_owned(), Value::Null),
        (
            "GET",
            "users/jane/simulate?account=studio&action=importexport:ListJobs".to_owned(),
            Value::Null,
        ),
        ("POST", "stations/dock-1/token".to_owned(), Value::Null),
        (
            "POST",
            "operators".to_owned(),
            json!({"Name": "joe", "Role": "viewer"}),
        ),
        ("GET", "operators".to_owned(), Value::Null),
        ("GET", "stores".to_owned(), Value::Null),
        ("GET", format!("jobs/{id}/receipt"), Value::Null),
        ("GET", format!("jobs/{id}/receipt.pdf"), Value::Null),
        ("GET", "custody".to_owned(), Value::Null),
        (
            "POST",
            "parcels".to_owned(),
            json!({"Number": "1Z999AA10123456784", "Station": "dock-1", "Jobs": []}),
        ),
        ("GET", "parcels".to_owned(), Value::Null),
        ("GET", "stations".to_owned(), Value::Null),
        ("GET", "stations/dock-1".to_owned(), Value::Null),
        ("GET", "bays".to_owned(), Value::Null),
        ("GET", "audit?limit=1".to_owned(), Value::Null),
    ] {
        let answer = admin.ask(method, &path, &body.to_string()).await.unwrap();
        let shape = serde_json::to_string_pretty(&shape(&answer)).unwrap();
        let path = path.replace(id.as_str(), "JOBID");
        all.push_str(&format!("{method} {path}\n{shape}\n\n"));
    }
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/operator-api.txt");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&golden, &all).unwrap();
    }
    assert_eq!(all, std::fs::read_to_string(golden).unwrap());
}
