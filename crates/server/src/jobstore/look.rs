//! How a job store stands to this release and this key, told without changing anything in it: opening one brings it up to
//! date, which is not for whoever only asks.

use std::cmp::Ordering;
use std::path::Path;
use std::str::FromStr as _;

use model::time::Timestamp;
use rusqlite::{Connection as Sqlite, OpenFlags};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{Connection as _, query_scalar};

use super::postgres::TIME;
use super::{JobStoreError, canary, migrations};
use crate::sealing::Sealer;

/// How many stations are admitted, in both databases.
const STATIONS: &str = "SELECT count(*) FROM stations WHERE revoked IS NULL";

/// The tables of a job store beside those of this release.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Schema {
    /// They are those.
    Current,
    /// The next start of this release brings them up to date.
    Older,
    /// A later release made them: this one does not start.
    Newer,
}

/// How a job store stands to this release.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Its tables.
    pub schema: Schema,
    /// Whether what is sealed in it opens with the key.
    pub key_fits: bool,
    /// How many stations are admitted. `None` where that cannot be asked, as in tables of an earlier release.
    pub stations: Option<i64>,
    /// What time it is there, where that is another host's clock.
    pub time: Option<Timestamp>,
}

/// Looks at the SQLite job store in a file, which has to be there.
///
/// # Errors
/// `Unavailable` if it cannot be read, or is none.
pub fn sqlite(path: &Path, sealer: &Sealer) -> Result<Standing, JobStoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Sqlite::open_with_flags(path, flags)?;
    let version = connection.query_row(canary::SCHEMA, [], |row| row.get(0))?;
    let sealed: Vec<u8> = connection.query_row(canary::CANARY, [], |row| row.get(0))?;
    let stations = connection.query_row(STATIONS, [], |row| row.get(0)).ok();
    Ok(standing(version, &sealed, sealer, stations, None))
}

/// Looks at the job store in a PostgreSQL.
///
/// # Errors
/// `Unavailable` if it cannot be reached, or has none.
pub async fn postgres(url: &str, sealer: &Sealer) -> Result<Standing, JobStoreError> {
    let options = PgConnectOptions::from_str(url)?.application_name("longshore");
    let mut connection = PgConnection::connect_with(&options).await?;
    let version = query_scalar(canary::SCHEMA)
        .fetch_one(&mut connection)
        .await?;
    let sealed: Vec<u8> = query_scalar(canary::CANARY)
        .fetch_one(&mut connection)
        .await?;
    let stations = query_scalar(STATIONS).fetch_one(&mut connection).await.ok();
    let micros: i64 = query_scalar(TIME).fetch_one(&mut connection).await?;
    connection.close().await?;
    let time = Timestamp::from_unix(micros.div_euclid(1_000_000));
    Ok(standing(version, &sealed, sealer, stations, Some(time)))
}

fn standing(
    version: Option<i64>,
    sealed: &[u8],
    sealer: &Sealer,
    stations: Option<i64>,
    time: Option<Timestamp>,
) -> Standing {
    Standing {
        schema: match version.unwrap_or(0).cmp(&migrations::last()) {
            Ordering::Less => Schema::Older,
            Ordering::Equal => Schema::Current,
            Ordering::Greater => Schema::Newer,
        },
        key_fits: canary::check(sealer, sealed).is_ok(),
        stations,
        time,
    }
}
