//! The index: the truth about keys, attributes, checksums and uploads, in one SQLite file.
//!
//! Everyone reads through a pool; one task writes (`writer`), a batch of changes per transaction.

pub(crate) mod apply;
pub(crate) mod read;
pub(crate) mod rows;
pub(crate) mod writer;

use crate::error::{OpenError, StoreError};
use crate::{Durability, limits, tree};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePool, SqlitePoolOptions,
    SqliteSynchronous,
};
use sqlx::{Connection, Row};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The format this release writes; see `docs/formats.md`.
const VERSION: i64 = 2;

/// The name every index begins with.
const NAME: &str = "longshore-store";

const SCHEMA: &str = "
CREATE TABLE format (name TEXT NOT NULL, version INTEGER NOT NULL) STRICT;
CREATE TABLE bucket (
    name     TEXT PRIMARY KEY,
    owner    TEXT NOT NULL,
    region   TEXT NOT NULL,
    created  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE object (
    bucket         TEXT NOT NULL,
    key            BLOB NOT NULL,
    path           TEXT NOT NULL,
    size           INTEGER NOT NULL,
    modified       INTEGER NOT NULL,
    etag           TEXT NOT NULL,
    owner          TEXT NOT NULL,
    acl            TEXT NOT NULL,
    storage_class  TEXT NOT NULL,
    attributes     TEXT NOT NULL,
    checksums      TEXT NOT NULL,
    parts          TEXT NOT NULL,
    PRIMARY KEY (bucket, key)
) STRICT, WITHOUT ROWID;
CREATE TABLE upload (
    id             TEXT PRIMARY KEY,
    bucket         TEXT NOT NULL,
    key            BLOB NOT NULL,
    initiated      INTEGER NOT NULL,
    owner          TEXT NOT NULL,
    acl            TEXT NOT NULL,
    storage_class  TEXT NOT NULL,
    attributes     TEXT NOT NULL,
    algorithm      TEXT,
    kind           TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX upload_key ON upload (bucket, key, id);
CREATE TABLE part (
    upload     TEXT NOT NULL,
    number     INTEGER NOT NULL,
    path       TEXT NOT NULL,
    size       INTEGER NOT NULL,
    modified   INTEGER NOT NULL,
    md5        BLOB NOT NULL,
    checksums  TEXT NOT NULL,
    PRIMARY KEY (upload, number)
) STRICT, WITHOUT ROWID;
CREATE TABLE doomed (id INTEGER PRIMARY KEY, path TEXT NOT NULL) STRICT;
";

/// What version 2 added: who has a path, and which files are still to be renamed.
const SECOND: &str = "
CREATE INDEX object_path ON object (path);
CREATE TABLE move (id INTEGER PRIMARY KEY, source TEXT NOT NULL, path TEXT NOT NULL) STRICT;
";

/// The index, open.
#[derive(Debug)]
pub(crate) struct Index {
    pub(crate) readers: SqlitePool,
    /// How to open the connection that writes, again if it has seen a failure.
    options: SqliteConnectOptions,
}

impl Index {
    /// Opens a connection for the one task that writes.
    pub(crate) async fn writer(&self) -> Result<SqliteConnection, StoreError> {
        Ok(SqliteConnection::connect_with(&self.options).await?)
    }
}

/// Opens the index, making it if it is not there, and returns it with the one connection that writes.
///
/// # Errors
/// [`OpenError::Index`] or [`OpenError::Newer`].
pub(crate) async fn open(
    root: &Path,
    durability: Durability,
) -> Result<(Index, SqliteConnection), OpenError> {
    let path = root.join("index.db");
    let fail = |path: &Path| {
        let path: PathBuf = path.to_owned();
        |source| OpenError::Index { path, source }
    };
    tree::make_private(&path).map_err(|source| OpenError::Root {
        path: path.clone(),
        source,
    })?;
    let options = SqliteConnectOptions::new()
        .filename(&path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(match durability {
            Durability::Full => SqliteSynchronous::Full,
            Durability::Relaxed => SqliteSynchronous::Off,
        })
        .busy_timeout(Duration::from_secs(30));
    let mut writer = SqliteConnection::connect_with(&options)
        .await
        .map_err(fail(&path))?;
    let found = prepare(&mut writer).await.map_err(fail(&path))?;
    if found > VERSION {
        return Err(OpenError::Newer {
            found,
            known: VERSION,
        });
    }
    let readers = SqlitePoolOptions::new()
        .max_connections(limits::READERS)
        .min_connections(1)
        .connect_with(options.clone().pragma("query_only", "on"))
        .await
        .map_err(fail(&path))?;
    Ok((Index { readers, options }, writer))
}

/// Makes the tables in a new file, and what an older one lacks; returns the format found or made.
async fn prepare(writer: &mut SqliteConnection) -> Result<i64, sqlx::Error> {
    let mut transaction = writer.begin_with("BEGIN IMMEDIATE").await?;
    let tables: i64 =
        sqlx::query("SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'format'")
            .fetch_one(&mut *transaction)
            .await?
            .try_get(0)?;
    if tables == 0 {
        sqlx::raw_sql(SCHEMA).execute(&mut *transaction).await?;
        sqlx::query("INSERT INTO format (name, version) VALUES (?, ?)")
            .bind(NAME)
            .bind(1)
            .execute(&mut *transaction)
            .await?;
    }
    let mut version: i64 = sqlx::query("SELECT version FROM format WHERE name = ?")
        .bind(NAME)
        .fetch_one(&mut *transaction)
        .await?
        .try_get(0)?;
    if version == 1 {
        sqlx::raw_sql(SECOND).execute(&mut *transaction).await?;
        sqlx::query("UPDATE format SET version = ? WHERE name = ?")
            .bind(VERSION)
            .bind(NAME)
            .execute(&mut *transaction)
            .await?;
        version = VERSION;
    }
    transaction.commit().await?;
    Ok(version)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder of the first release is opened, and keeps what it has.
    #[tokio::test]
    async fn the_first_version_is_brought_up_to_date() {
        let folder = tempfile::tempdir().unwrap();
        let options = SqliteConnectOptions::new()
            .filename(folder.path().join("index.db"))
            .create_if_missing(true);
        let mut old = SqliteConnection::connect_with(&options).await.unwrap();
        sqlx::raw_sql(SCHEMA).execute(&mut old).await.unwrap();
        let rows = "INSERT INTO format VALUES ('longshore-store', 1);
            INSERT INTO bucket VALUES ('photos', 'me', '', 0);
            INSERT INTO object VALUES ('photos', CAST('a.jpg' AS BLOB), 'photos/a.jpg~e528538b', 1, 0,
                '0cc175b9c0f1b6a831c399e269772661', 'me', 'private', 'STANDARD', '{}',
                '{\"kind\":\"FULL_OBJECT\"}', '[]');";
        sqlx::raw_sql(rows).execute(&mut old).await.unwrap();
        old.close().await.unwrap();
        for _ in 0..2 {
            let (index, writer) = open(folder.path(), Durability::Full).await.unwrap();
            assert!(index.uses("photos/a.jpg~e528538b").await.unwrap());
            assert!(index.moves().await.unwrap().is_empty());
            assert!(index.object("photos", "a.jpg").await.unwrap().is_some());
            writer.close().await.unwrap();
            index.readers.close().await;
        }
    }
}
