//! `longshore key` and `account`, beside a running service.

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

#[test]
fn where_nothing_was_started_nothing_is_made() {
    let world = World::new();
    world.run(["key", "list"]).with(2).saying("no installation");
    assert!(!world.data().exists());
}
