//! `longshore key`, `account` and `station`, beside a running service and without one.

use std::path::Path;

use crate::world::{Ended, World};

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn with_key(world: &World, key: &serde_json::Value, arguments: &[&str]) -> Ended {
    let mut command = world.command(arguments);
    command.env("AWS_ACCESS_KEY_ID", key["AccessKeyId"].as_str().unwrap());
    command.env(
        "AWS_SECRET_ACCESS_KEY",
        key["SecretAccessKey"].as_str().unwrap(),
    );
    command.output().unwrap().into()
}

#[test]
fn an_account_imports_to_its_own_buckets_only_and_a_revoked_key_is_dead() {
    let world = World::new();
    let _service = world.serve();
    let folder = world.device("folder");
    for bucket in ["photos", "raw-1"] {
        world
            .run(["import", path(&folder), "--bucket", bucket])
            .with(0);
    }
    world
        .run(["account", "create", "studio", "--import", "raw-*"])
        .with(0);
    world
        .run(["account", "create", "studio"])
        .with(4)
        .saying("exists already");
    let made = world
        .run(["key", "create", "--account", "studio", "--json"])
        .with(0);
    let key: serde_json::Value = serde_json::from_str(&made.out).unwrap();
    let create = |bucket: &str| {
        let manifest = world.manifest(bucket);
        with_key(
            &world,
            &key,
            &["job", "create", path(&manifest), "--validate-only"],
        )
    };
    create("raw-1").with(0);
    create("photos").with(4).saying("BucketPermissionException");
    world
        .run(["account", "allow", "studio", "--import", "photos"])
        .with(0);
    create("photos").with(0);
    world
        .run(["account", "deny", "studio", "--import", "photos"])
        .with(0);
    create("photos").with(4);
    world
        .run(["account", "deny", "studio", "--import", "photos"])
        .with(4)
        .saying("raw-*");

    let list = world.run(["key", "list"]).with(0).out;
    assert!(list.contains(key["AccessKeyId"].as_str().unwrap()));
    assert!(!list.contains(key["SecretAccessKey"].as_str().unwrap()));
    world
        .run(["key", "revoke", key["AccessKeyId"].as_str().unwrap()])
        .with(0);
    create("raw-1").with(4).saying("InvalidClientTokenId");
    world
        .run(["key", "revoke", "LSIAAAAAAAAAAAAAAAAA"])
        .with(4)
        .saying("there is no access key");
    world
        .run(["key", "create", "--account", "nobody"])
        .with(4)
        .saying("no account `nobody`");
}

/// What is changed while nothing runs holds for the service that starts after, and the other way round.
#[test]
fn accounts_keys_and_stations_are_managed_without_a_service_too() {
    let world = World::new();
    assert_eq!(world.serve().stop(), Some(0));
    world
        .run(["account", "create", "studio", "--export", "a*b"])
        .with(2)
        .saying("`a*b` is not a bucket name");
    world
        .run(["account", "create", "studio", "--import", "*"])
        .with(0);
    let made = world
        .run(["key", "create", "--account", "studio", "--json"])
        .with(0);
    let key: serde_json::Value = serde_json::from_str(&made.out).unwrap();
    let token = world.run(["station", "token", "dock-7"]).with(0).out;
    assert_eq!(token.trim().len(), 64);

    let service = world.serve();
    with_key(&world, &key, &["job", "list"]).with(0);
    let id = key["AccessKeyId"].as_str().unwrap();
    world.run(["key", "revoke", id]).with(0);
    assert_eq!(service.stop(), Some(0));
    let list = world.run(["key", "list", "--json"]).with(0).out;
    let list: serde_json::Value = serde_json::from_str(&list).unwrap();
    let keys = list["Keys"].as_array().unwrap();
    let ours = keys.iter().find(|key| key["AccessKeyId"] == id).unwrap();
    assert_eq!(ours["AccountName"], "studio");
    assert!(ours["Revoked"].is_string());
}

#[test]
fn where_nothing_was_started_nothing_is_made() {
    let world = World::new();
    world.run(["key", "list"]).with(2).saying("no installation");
    assert!(!world.data().exists());
}
