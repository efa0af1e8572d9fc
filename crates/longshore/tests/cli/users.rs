//! Users, groups and policies: `longshore user`, `group`, `policy` and `key create --user`.

use std::fs;

use serde_json::Value;

use crate::world::World;

#[test]
fn a_user_gets_a_policy_a_group_and_a_key_without_a_service_too() {
    let world = World::new();
    drop(world.serve());
    let made = world.run(["user", "create", "jane", "--json"]).with(0);
    let made: Value = serde_json::from_str(&made.out).unwrap();
    let arn = made["Arn"].as_str().unwrap();
    assert!(arn.ends_with(":user/jane"), "{arn}");
    world.run(["group", "create", "readers"]).with(0);
    world.run(["group", "add", "readers", "jane"]).with(0);
    let attach = [
        "group",
        "policy",
        "readers",
        "--attach",
        "AWSImportExportReadOnlyAccess",
    ];
    world.run(attach).with(0);
    let file = world.path("no-labels.json");
    let deny = r#"{"Statement": {"Effect": "Deny", "Action": "importexport:GetShippingLabel", "Resource": "*"}}"#;
    fs::write(&file, deny).unwrap();
    let file = file.to_str().unwrap();
    world.run(["policy", "check", file]).with(0);
    world
        .run(["user", "policy", "jane", "--file", file])
        .with(0);
    for (action, decision) in [
        ("importexport:ListJobs", "allowed\n"),
        ("importexport:CreateJob", "implicitDeny\n"),
        ("importexport:GetShippingLabel", "explicitDeny\n"),
    ] {
        let simulated = ["policy", "simulate", "--user", "jane", "--action", action];
        assert_eq!(world.run(simulated).with(0).out, decision, "{action}");
    }
    let key = world
        .run(["key", "create", "--user", "jane", "--json"])
        .with(0);
    let key: Value = serde_json::from_str(&key.out).unwrap();
    assert_eq!(key["User"], "jane");
    let listed = world.run(["key", "list"]).with(0).out;
    let id = key["AccessKeyId"].as_str().unwrap();
    let line = listed.lines().find(|line| line.starts_with(id)).unwrap();
    assert!(line.contains("jane"), "{line}");
    let shown = world.run(["user", "show", "jane"]).with(0).out;
    for text in ["no-labels", "readers", id, deny] {
        assert!(shown.contains(text), "{text}: {shown}");
    }
    world
        .run(["user", "policy", "jane", "--remove", "no-labels"])
        .with(0);
    world.run(["user", "delete", "jane"]).with(0);
    let shown = world
        .run(["group", "show", "readers", "--json"])
        .with(0)
        .out;
    let shown: Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(shown["Beside"], Value::Array(Vec::new()));
}

#[test]
fn a_policy_is_refused_with_every_fault() {
    let world = World::new();
    let file = world.path("bad.json");
    let text =
        r#"{"Statement": {"Effect": "Alow", "Action": "importexport:Fly", "Resource": "*"}}"#;
    fs::write(&file, text).unwrap();
    let refused = world
        .run(["policy", "check", file.to_str().unwrap()])
        .with(2)
        .err;
    assert!(refused.contains("Statement.Effect: `Alow`"), "{refused}");
    assert!(
        refused.contains("Statement.Action: `importexport:Fly`"),
        "{refused}"
    );
}
