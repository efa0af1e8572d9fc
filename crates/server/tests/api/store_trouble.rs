//! A job store that can be read and not written: what clients are told, and what stays as it was.

use serde_json::{Value, json};
use sqlx::Connection as _;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};

use crate::world::{World, create, import};

/// Makes every such write fail. `ABORT` undoes the statement alone; `ROLLBACK` ends the transaction, as
/// SQLite itself does on a full disk, on an error of the disk, and without memory.
async fn forbid(world: &World, write: &str, how: &str) -> SqliteConnection {
    let options =
        SqliteConnectOptions::new().filename(world.folder.path().join("data/longshore.db"));
    let mut database = SqliteConnection::connect_with(&options).await.unwrap();
    let trigger =
        format!("CREATE TRIGGER full BEFORE {write} BEGIN SELECT RAISE({how}, 'disk full'); END");
    sqlx::query(sqlx::AssertSqlSafe(trigger))
        .execute(&mut database)
        .await
        .unwrap();
    database
}

async fn allow(mut database: SqliteConnection) {
    sqlx::query("DROP TRIGGER full")
        .execute(&mut database)
        .await
        .unwrap();
}

#[tokio::test]
async fn a_job_that_cannot_be_stored_may_be_sent_again() {
    let world = World::start().await;
    let database = forbid(&world, "INSERT ON jobs", "ABORT").await;
    let manifest = import("photos");
    let failed = world.call(&create(&manifest)).await;
    assert_eq!(failed.fault(), (503, "ServiceUnavailable".to_owned()));
    assert_eq!(failed.text("Type").unwrap(), "Receiver");
    let list = world.call(&[("Action", "ListJobs")]).await;
    assert!(list.body.contains("<Jobs/>"), "{}", list.body);
    allow(database).await;
    assert_eq!(world.call(&create(&manifest)).await.code(), "OK");
}

#[tokio::test]
async fn a_change_that_cannot_be_stored_may_be_sent_again() {
    let world = World::start().await;
    let (id, _) = world.create(&import("photos")).await;
    let before = world.job(id).await;
    let database = forbid(&world, "UPDATE ON jobs", "ABORT").await;
    let cancel = [("Action", "CancelJob"), ("JobId", id.as_str())];
    assert_eq!(
        world.call(&cancel).await.fault(),
        (503, "ServiceUnavailable".to_owned())
    );
    assert_eq!(world.job(id).await, before);
    allow(database).await;
    assert_eq!(world.call(&cancel).await.code(), "OK");
}

/// SQLite has undone the transaction, and the connection would refuse the next one.
#[tokio::test]
async fn jobs_are_stored_again_once_there_is_room() {
    let world = World::start().await;
    let manifest = import("photos");
    let (id, _) = world.create(&manifest).await;
    for write in ["INSERT ON history", "UPDATE ON jobs"] {
        let database = forbid(&world, write, "ROLLBACK").await;
        let cancel = [("Action", "CancelJob"), ("JobId", id.as_str())];
        assert_eq!(world.call(&cancel).await.code(), "ServiceUnavailable");
        let list = world.call(&[("Action", "ListJobs")]).await;
        assert!(list.body.contains(id.as_str()), "{}", list.body);
        allow(database).await;
        assert_eq!(world.call(&create(&manifest)).await.code(), "OK");
    }
    let cancel = [("Action", "CancelJob"), ("JobId", id.as_str())];
    assert_eq!(world.call(&cancel).await.code(), "OK");
}

/// What the service says of itself on a path: the status and the document.
async fn look(world: &World, path: &str, headers: &[(&str, String)]) -> (u16, Value) {
    let answer = world.http("GET", path, headers, "").await;
    (answer.status, serde_json::from_str(&answer.body).unwrap())
}

/// The first look of a service that has this wrong: which things are, and nothing else.
async fn assert_not_ready(world: &World, wrong: &[&str]) {
    let (status, report) = look(world, "/ready", &[]).await;
    assert_eq!((status, &report["status"]), (503, &json!("unavailable")));
    for thing in ["job_store", "schema", "key", "room", "stores"] {
        let expected = match wrong.contains(&thing) {
            true => "unavailable",
            false => "ok",
        };
        assert_eq!(report[thing], expected, "{report}");
    }
    // Whoever restarts what does not answer would mend nothing.
    assert_eq!(look(world, "/health", &[]).await.0, 200);
}

/// A service that can store nothing says so, and says so no longer when it can.
#[tokio::test]
async fn who_can_store_nothing_is_not_ready_until_it_can() {
    let world = World::start().await;
    let database = forbid(&world, "UPDATE ON clock", "ROLLBACK").await;
    assert_not_ready(&world, &["job_store"]).await;
    allow(database).await;
    // A look is good for a second.
    tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
    let (status, report) = look(&world, "/ready", &[]).await;
    assert_eq!((status, &report["status"]), (200, &json!("ok")), "{report}");
}

async fn change(world: &World, statement: &'static str) {
    let options =
        SqliteConnectOptions::new().filename(world.folder.path().join("data/longshore.db"));
    let mut database = SqliteConnection::connect_with(&options).await.unwrap();
    sqlx::query(statement).execute(&mut database).await.unwrap();
}

/// The backup of an earlier release was put in the place of the job store.
#[tokio::test]
async fn a_schema_that_lacks_something_is_told() {
    let world = World::start().await;
    let last = "DELETE FROM _sqlx_migrations \
                WHERE version = (SELECT MAX(version) FROM _sqlx_migrations)";
    change(&world, last).await;
    assert_not_ready(&world, &["schema"]).await;
}

/// A server of an earlier release goes on with a schema that a later one has added to.
#[tokio::test]
async fn a_schema_of_a_later_release_is_no_trouble() {
    let world = World::start().await;
    let later = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
                 VALUES (9999, 'later', TRUE, x'00', 1)";
    change(&world, later).await;
    let (status, report) = look(&world, "/ready", &[]).await;
    assert_eq!((status, &report["schema"]), (200, &json!("ok")));
}

/// What another key has sealed this server cannot open: passwords, secrets, manifests.
#[tokio::test]
async fn a_job_store_of_another_key_is_told() {
    let world = World::start().await;
    change(&world, "UPDATE installation SET canary = x'00'").await;
    assert_not_ready(&world, &["key"]).await;
}

#[tokio::test]
async fn a_database_that_is_gone_is_told_by_all_that_it_has() {
    let world = World::start().await;
    change(&world, "DROP TABLE clock").await;
    change(&world, "DROP TABLE installation").await;
    change(&world, "DROP TABLE _sqlx_migrations").await;
    assert_not_ready(&world, &["job_store", "schema", "key"]).await;
}

/// A store that does not answer is no reason to send customers elsewhere, and one to say so.
#[tokio::test]
async fn a_store_that_does_not_answer_is_told_by_name() {
    let settings = "[embedded_store]\nenabled = true\n[[stores]]\nname = \"ceph\"\n\
        endpoint = \"http://127.0.0.1:1\"\naccess_key_id = \"AK\"\nsecret_access_key = \"SK\"\n\
        buckets = [\"far-*\"]\n";
    let world = World::with(settings).await;
    let (status, report) = look(&world, "/ready", &[]).await;
    assert_eq!((status, &report["status"]), (200, &json!("degraded")));
    assert_eq!(report["stores"], "unavailable");
    assert_eq!(report["each_store"][0]["name"], "ceph");
    assert_eq!(report["each_store"][0]["status"], "unavailable");
    assert_eq!(report["each_store"][1]["status"], "ok");
}

#[tokio::test]
async fn strangers_learn_no_name_and_no_number() {
    let world = World::start().await;
    let proxied = [("x-forwarded-for", "192.0.2.1".to_owned())];
    let (status, report) = look(&world, "/ready", &proxied).await;
    let names: Vec<&String> = report.as_object().unwrap().keys().collect();
    let expected = [
        "clock",
        "job_store",
        "key",
        "room",
        "schema",
        "status",
        "stores",
        "version",
    ];
    assert_eq!(
        (status, names),
        (200, expected.map(String::from).iter().collect())
    );
}
