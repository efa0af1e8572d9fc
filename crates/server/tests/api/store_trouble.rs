//! A job store that can be read and not written: what clients are told, and what stays as it was.

use sqlx::Connection as _;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};

use crate::world::{World, create, import};

/// Makes every such write fail, as a full disk would.
async fn forbid(world: &World, write: &str) -> SqliteConnection {
    let options =
        SqliteConnectOptions::new().filename(world.folder.path().join("data/longshore.db"));
    let mut database = SqliteConnection::connect_with(&options).await.unwrap();
    let trigger = format!(
        "CREATE TRIGGER full BEFORE {write} ON jobs BEGIN SELECT RAISE(ABORT, 'disk full'); END"
    );
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
    let database = forbid(&world, "INSERT").await;
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
    let database = forbid(&world, "UPDATE").await;
    let cancel = [("Action", "CancelJob"), ("JobId", id.as_str())];
    assert_eq!(
        world.call(&cancel).await.fault(),
        (503, "ServiceUnavailable".to_owned())
    );
    assert_eq!(world.job(id).await, before);
    allow(database).await;
    assert_eq!(world.call(&cancel).await.code(), "OK");
}
