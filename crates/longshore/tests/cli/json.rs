//! What `--json` prints of what there is: names are a format, which programs read. `UPDATE_GOLDEN=1` writes it anew.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use crate::help::{COMMANDS, is_published};
use crate::operators::{Elsewhere, import};
use crate::stations::{Resident, STATION};
use crate::world::World;

const PARCEL: &str = "1Z999AA10123456784";

/// What is known only of work that took long enough.
const MEASURED: &str = "Rate";

/// The names in a document, with the kinds of their values: all members of a list are one.
fn shape(value: &Value) -> Value {
    match value {
        Value::Null => json!("null"),
        Value::Bool(_) => json!("bool"),
        Value::Number(_) => json!("number"),
        Value::String(_) => json!("text"),
        Value::Array(all) => {
            Value::Array(all.iter().map(shape).reduce(either).into_iter().collect())
        }
        Value::Object(fields) => {
            let shape = |(name, value): (&String, &Value)| match name.as_str() {
                MEASURED => (name.clone(), json!("null or number")),
                _ => (name.clone(), shape(value)),
            };
            Value::Object(fields.iter().map(shape).collect())
        }
    }
}

/// The shape of what has either shape.
fn either(one: Value, other: Value) -> Value {
    match (one, other) {
        (one, other) if one == other => one,
        (Value::Object(one), Value::Object(mut other)) => {
            let mut both: Map<_, _> = one
                .into_iter()
                .map(|(name, shape)| match other.remove(&name) {
                    Some(also) => (name, either(shape, also)),
                    None => (name, either(shape, json!("nothing"))),
                })
                .collect();
            let rest = other.into_iter();
            both.extend(rest.map(|(name, shape)| (name, either(shape, json!("nothing")))));
            Value::Object(both)
        }
        (Value::Array(one), Value::Array(other)) => {
            let all = one.into_iter().chain(other);
            Value::Array(all.reduce(either).into_iter().collect())
        }
        (one, other) => {
            let words = |shape: Value| match shape {
                Value::String(words) => words.split(" or ").map(str::to_owned).collect(),
                Value::Array(_) => vec!["list".to_owned()],
                _ => vec!["object".to_owned()],
            };
            let mut all: Vec<String> = [words(one), words(other)].concat();
            all.sort_unstable();
            all.dedup();
            json!(all.join(" or "))
        }
    }
}

/// Everything that is listed, one of each; gives a job that is loaded and one whose device has not come.
fn stock(world: &World, admin: &Elsewhere, resident: &mut Resident) -> [String; 2] {
    let loaded = import(world, "one");
    let made = world.job(&["create", world.manifest("photos").to_str().unwrap()]);
    let waiting = made["JobId"].as_str().unwrap().to_owned();
    resident.beats(Vec::new()).unwrap();
    for words in [
        &["account", "create", "studio", "--import", "photos"][..],
        &["bay", "look", STATION, "left, upper"],
        &["parcel", "receive", PARCEL, "--station", STATION],
        &["webhook", "add", "https://hooks.example.org/x"],
        &["user", "create", "jane", "--account", "default"],
        &["group", "create", "readers", "--account", "default"],
        &["group", "add", "readers", "jane", "--account", "default"],
        &["key", "create", "--account", "default", "--user", "jane"],
    ] {
        admin.run(words).with(0);
    }
    [loaded, waiting]
}

#[test]
fn what_json_has_of_what_there_is_has_the_published_names() {
    let world = World::new();
    let service = world.serve();
    let admin = Elsewhere::of(&world, &service, "ann", "admin");
    let mut resident = Resident::admit(&world, &service);
    let [loaded, waiting] = stock(&world, &admin, &mut resident);
    let lists = [
        "job list",
        "job list --all",
        &format!("job status {waiting}"),
        &format!("job history {waiting}"),
        &format!("job manifest {waiting}"),
        &format!("job rates {waiting}"),
        &format!("job failed {loaded}"),
        &format!("job artifacts {waiting}"),
        "key list",
        "account list",
        "user list",
        "user show jane",
        "group list",
        "group show readers",
        "station list",
        &format!("station show {STATION}"),
        &format!("bay list {STATION}"),
        "store list",
        "custody show",
        "webhook list",
        "parcel list",
        &format!("parcel show {PARCEL}"),
        "console sessions",
        "console passkeys",
        "operator list",
        "operator passkeys",
        "today",
        "audit list",
    ];
    let is_told = |command: &&str| lists.iter().any(|words| words.starts_with(*command));
    // A mail is only shown where some are sent.
    let is_list = |command: &&str| {
        command.ends_with(" list") || (command.ends_with(" show") && *command != "mail show")
    };
    let forgotten: Vec<_> = COMMANDS
        .into_iter()
        .filter(is_list)
        .filter(|it| !is_told(it))
        .collect();
    assert!(forgotten.is_empty(), "{forgotten:?}");

    let mut all = String::new();
    for words in lists {
        let out = world.run(words.split(' ').chain(["--json"])).with(0).out;
        let shape = shape(&serde_json::from_str(&out).unwrap());
        let shape = serde_json::to_string_pretty(&shape).unwrap();
        let words = words.replace(&loaded, "JOBID").replace(&waiting, "JOBID");
        writeln!(all, "longshore {words} --json\n{shape}\n").unwrap();
    }
    is_published("json.txt", &all);
}
