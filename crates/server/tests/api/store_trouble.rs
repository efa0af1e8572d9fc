//! A job store that can be read and not written: what clients are told, and what stays as it was.

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

/// A service that can store nothing says so, and says so no longer when it can.
#[tokio::test]
async fn health_is_whether_the_job_store_takes_a_write() {
    let world = World::start().await;
    let database = forbid(&world, "UPDATE ON clock", "ROLLBACK").await;
    let look = async |path: &str| {
        let answer = world.http("GET", path, &[], "").await;
        let report: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
        (answer.status, report)
    };
    for path in ["/health", "/ready"] {
        let (status, report) = look(path).await;
        assert_eq!(status, 503, "{report}");
        assert_eq!(report["job_store"], "unavailable");
        assert_eq!(report["stores"][0]["status"], "ok");
    }
    allow(database).await;
    // A look is good for a second.
    tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
    for path in ["/health", "/ready"] {
        let (status, report) = look(path).await;
        assert_eq!((status, &report["status"]), (200, &"ok".into()), "{report}");
    }
}

/// A store that does not answer is no reason to send customers elsewhere, and one to say so.
#[tokio::test]
async fn a_store_that_does_not_answer_is_told_by_name() {
    let settings = "[embedded_store]\nenabled = true\n[[stores]]\nname = \"ceph\"\n\
        endpoint = \"http://127.0.0.1:1\"\naccess_key_id = \"AK\"\nsecret_access_key = \"SK\"\n\
        buckets = [\"far-*\"]\n";
    let world = World::with(settings).await;
    let health = world.http("GET", "/health", &[], "").await;
    let report: serde_json::Value = serde_json::from_str(&health.body).unwrap();
    assert_eq!(
        (health.status, &report["status"]),
        (200, &"degraded".into())
    );
    assert_eq!(report["stores"][0]["name"], "ceph");
    assert_eq!(report["stores"][0]["status"], "unavailable");
    assert_eq!(report["stores"][1]["status"], "ok");
    assert_eq!(world.http("GET", "/ready", &[], "").await.status, 503);
}
