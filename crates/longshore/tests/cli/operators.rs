//! The people who run a service, on its host and elsewhere: `longshore operator`, `job list --all`, `job history`, and
//! with a token what is otherwise done on the host.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;

use crate::world::{Ended, Service, World, longshore};

/// Another host, where a person has nothing but a token.
pub(crate) struct Elsewhere {
    url: String,
    token: PathBuf,
}

impl Elsewhere {
    /// Where a new person is, whose token the host of the service has printed.
    pub(crate) fn of(world: &World, service: &Service, name: &str, role: &str) -> Self {
        let added = world.run(["operator", "add", name, "--role", role]).with(0);
        let token = world.path(name);
        fs::write(&token, added.out).unwrap();
        Self {
            url: service.places["Import/Export API"].clone(),
            token,
        }
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ended {
        let token = self.token.to_str().unwrap();
        let mut command = longshore();
        command
            .args(arguments)
            .args(["--server", &self.url, "--token-file", token])
            // Nothing of the service is there.
            .env("LONGSHORE_DATA", "/nonexistent");
        command.output().unwrap().into()
    }
}

/// Loads a folder, and gives the job's id.
pub(crate) fn import(world: &World, name: &str) -> String {
    let folder = world.device(name);
    let folder = folder.to_str().unwrap();
    let done = world
        .run(["import", folder, "--bucket", "photos", "--json"])
        .with(0);
    let summary: Value = serde_json::from_str(&done.out).unwrap();
    summary["job"].as_str().unwrap().to_owned()
}

#[test]
fn jobs_are_listed_alike_on_the_host_and_elsewhere() {
    let world = World::new();
    let service = world.serve();
    let (first, second) = (import(&world, "one"), import(&world, "two"));
    let viewer = Elsewhere::of(&world, &service, "joe", "viewer");
    let first_only = ["job", "list", "--all", "--search", &first.to_lowercase()];
    for arguments in [
        &["job", "list", "--all"][..],
        &["job", "list", "--all", "--json", "--state", "complete"],
        &["job", "list", "--all", "--json", "--limit", "1"],
        &["job", "list", "--all", "--account", "default"],
        &first_only,
        &["job", "history", &first],
        &["job", "history", &first, "--json"],
    ] {
        let here = world.run(arguments).with(0);
        let there = viewer.run(arguments).with(0);
        assert_eq!((&here.out, &here.err), (&there.out, &there.err));
        assert!(
            here.out.contains(&first)
                || here.out.contains(&second)
                || here.out.contains("TransferFinished"),
            "{}",
            here.out
        );
    }
    let out = world.run(first_only).with(0).out;
    assert!(out.contains(&first) && !out.contains(&second), "{out}");
    let page = world.run(["job", "list", "--all", "--limit", "1"]).with(0);
    assert!(page.out.contains(&second) && !page.out.contains(&first));
    let page = page.saying(&format!("--before {second} goes on"));
    assert_eq!(page.out.lines().count(), 2);
    let rest = viewer
        .run(&["job", "list", "--all", "--before", &second])
        .with(0);
    assert!(rest.out.contains(&first) && !rest.out.contains(&second));
    assert!(rest.err.is_empty(), "{}", rest.err);
    let held = world.run(["job", "list", "--all", "--held"]).with(0);
    assert_eq!(held.out.lines().count(), 1, "the header alone");

    // The same without a service.
    assert_eq!(service.stop(), Some(0));
    let here = world.run(["job", "list", "--all"]).with(0).out;
    assert!(here.contains(&first) && here.contains(&second), "{here}");
    let history = world.run(["job", "history", &first]).with(0).out;
    assert!(history.contains("account:") && history.contains("TransferFinished"));
    viewer
        .run(&["job", "list", "--all"])
        .with(5)
        .saying("longshore serve");
}

#[test]
fn a_person_does_what_the_role_says_and_nothing_once_revoked() {
    let world = World::new();
    let service = world.serve();
    let job = import(&world, "one");
    let admin = Elsewhere::of(&world, &service, "ann", "admin");
    let operator = Elsewhere::of(&world, &service, "jane@example.org", "operator");
    let viewer = Elsewhere::of(&world, &service, "joe", "viewer");

    admin
        .run(&["account", "create", "studio", "--import", "raw-*"])
        .with(0);
    let accounts = admin.run(&["account", "list", "--json"]).with(0).out;
    assert_eq!(
        world.run(["account", "list", "--json"]).with(0).out,
        accounts
    );
    admin
        .run(&["account", "deny", "studio", "--import", "photos"])
        .with(4)
        .saying("raw-*");
    let key = admin.run(&["key", "create", "--account", "studio", "--json"]);
    let key: Value = serde_json::from_str(&key.with(0).out).unwrap();
    let key = key["AccessKeyId"].as_str().unwrap();
    admin.run(&["key", "revoke", key]).with(0);
    let token = admin.run(&["station", "token", "dock-7"]).with(0).out;
    assert_eq!(token.trim().len(), 64);

    for refused in [
        &["account", "list"][..],
        &["key", "list"],
        &["operator", "list"],
        &["station", "token", "dock-7"],
    ] {
        let refused = operator.run(refused).with(4);
        refused.saying("person:jane@example.org may not manage");
    }
    let parcel = ["--carrier", "UPS", "--tracking", "1Z42"];
    let back = [&["device", "return", &job][..], &parcel].concat();
    viewer
        .run(&back)
        .with(4)
        .saying("person:joe may not return the device of job");
    operator.run(&back).with(0);
    let history = viewer.run(&["job", "history", &job]).with(0).out;
    let last = history.lines().last().unwrap();
    assert!(
        last.contains("person:jane@example.org") && last.contains("DeviceReturned"),
        "{history}"
    );
    let found = viewer
        .run(&["job", "list", "--all", "--search", "1z4"])
        .with(0);
    assert!(found.out.contains(&job), "by the number of its parcel");

    world
        .run(["operator", "revoke", "jane@example.org"])
        .with(0);
    for nothing in [&["job", "list", "--all"][..], &["job", "history", &job]] {
        operator
            .run(nothing)
            .with(4)
            .saying("the token is not known to this service");
    }
    viewer.run(&["job", "list", "--all"]).with(0);
}

#[test]
fn people_are_added_listed_and_revoked_without_a_service_too() {
    let world = World::new();
    world
        .run(["operator", "list"])
        .with(2)
        .saying("no installation");
    assert_eq!(world.serve().stop(), Some(0));
    let add = |name: &str, role: &str| world.run(["operator", "add", name, "--role", role]);
    let token = add("jane", "lead").with(0).out;
    assert_eq!(token.trim().len(), 64);
    add("jane", "viewer")
        .with(4)
        .saying("there is an operator `jane` already");
    add("operator", "viewer").with(4);
    add("joe", "boss").with(2).saying("is not a role");
    add("no name", "viewer").with(2);
    world.run(["operator", "revoke", "jane"]).with(0);
    world
        .run(["operator", "revoke", "ann"])
        .with(4)
        .saying("there is no operator `ann`");
    let again = add("jane", "viewer").with(0).out;
    assert_ne!(again, token);
    let list = world.run(["operator", "list", "--json"]).with(0).out;
    let list: Value = serde_json::from_str(&list).unwrap();
    let jane = &list["Operators"][0];
    assert_eq!(
        (&jane["Name"], &jane["Role"], &jane["Revoked"]),
        (&"jane".into(), &"viewer".into(), &Value::Null)
    );
    let text = world.run(["operator", "list"]).with(0).out;
    assert!(!text.contains(again.trim()), "no token is shown again");
}

#[test]
fn what_cannot_be_listed_is_a_wrong_command_line() {
    let world = World::new();
    assert_eq!(world.serve().stop(), Some(0));
    for (arguments, words) in [
        (&["--held"][..], "--all"),
        (&["--all", "--state", "Lost"], "`state` cannot be `Lost`"),
        (&["--all", "--search", "x"], "two characters"),
        (&["--all", "--before", "9ZZZZ"], "there is no such job"),
        (&["--all", "--limit", "1001"], "1001"),
        (&["--all", "--server", "http://127.0.0.1:1"], "--token-file"),
        (
            &["--all", "--token-file", "t", "--server", "localhost:8080"],
            "`https://import.example.org`",
        ),
        (
            &[
                "--all",
                "--token-file",
                "t",
                "--server",
                "ftp://dock.example",
            ],
            "`https://import.example.org`",
        ),
        (&["--all", "--max", "3"], "--max"),
    ] {
        let all = [&["job", "list"][..], arguments].concat();
        world.run(all).with(2).saying(words);
    }
    world
        .run(["job", "list", "--all", "--account", "nobody"])
        .with(4)
        .saying("longshore account list");
    world
        .run(["job", "history", "9ZZZZ"])
        .with(4)
        .saying("no job");
}

#[test]
fn what_was_done_on_the_host_and_elsewhere_is_read_by_leads() {
    let world = World::new();
    let service = world.serve();
    let lead = Elsewhere::of(&world, &service, "jane", "lead");
    lead.run(&["account", "create", "studio"]).with(4);
    world.run(["account", "create", "studio"]).with(0);
    let arguments = ["audit", "list", "--action", "manageaccounts", "--json"];
    let (here, there) = (world.run(arguments).with(0), lead.run(&arguments).with(0));
    assert_eq!(here.out, there.out);
    let page: Value = serde_json::from_str(&here.out).unwrap();
    let told: Vec<Value> = page["Acts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|act| serde_json::json!([act["Actor"], act["Role"], act["Outcome"], act["Address"]]))
        .collect();
    assert_eq!(
        told,
        [
            serde_json::json!(["person:operator", "admin", "Done", null]),
            serde_json::json!(["person:jane", "lead", "Denied", "127.0.0.1"]),
        ]
    );
    let text = lead.run(&["audit", "list", "--limit", "1"]).with(0);
    assert!(text.out.contains("account studio  done"), "{}", text.out);
    assert!(text.err.contains("--before"), "{}", text.err);
}
