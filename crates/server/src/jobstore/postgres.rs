//! The job store that several servers share: a PostgreSQL database.

use std::str::FromStr;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgConnection, PgPool, PgPoolOptions, PgRow};
use sqlx::{Connection as _, FromRow, Postgres, Transaction, query_as, query_scalar};

use super::JobStoreError;
use super::implement_job_store;
use super::migrations;
use crate::sealing::Sealer;

/// Connections of one server: PostgreSQL allows a hundred as it comes, for all servers together.
const CONNECTIONS: u32 = 16;

/// How long a request waits for a connection before it is told to come again.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);

/// Whether a connection's server takes writes.
const WRITABLE: &str =
    "SELECT NOT pg_is_in_recovery() AND NOT current_setting('transaction_read_only')::boolean";

/// What time it is, whenever a transaction began.
pub(super) const TIME: &str = "SELECT (EXTRACT(EPOCH FROM clock_timestamp()) * 1000000)::bigint";

/// Whether a database has a job store.
const JOB_STORE: &str = "SELECT to_regclass('_sqlx_migrations') IS NOT NULL";

/// Keeps jobs in a PostgreSQL database, version 12 or later. How durable a confirmed write is, the
/// database's `synchronous_commit` says.
#[derive(Debug, Clone)]
pub struct PostgresJobStore {
    pool: PgPool,
    sealer: Sealer,
}

impl PostgresJobStore {
    /// Connects to the database at `url`, a `postgres://` URL, and brings it up to date. Servers
    /// that start at once wait for each other.
    ///
    /// # Errors
    /// `WrongKey` if the store was made with another secret key; `Migration` if it was made by a
    /// newer version; `Unavailable` if the database cannot be reached.
    pub async fn connect(url: &str, sealer: Sealer) -> Result<Self, JobStoreError> {
        let options = PgConnectOptions::from_str(url)?.application_name("longshore");
        let pool = PgPoolOptions::new()
            .max_connections(CONNECTIONS)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            // In the place of asking whether it is there: one to a server that takes no writes any
            // more, because another took over, is given up like a dead one.
            .test_before_acquire(false)
            .before_acquire(|connection, _| {
                Box::pin(async move {
                    let writable: bool = query_scalar(WRITABLE).fetch_one(&mut *connection).await?;
                    Ok(writable && !connection.is_in_transaction())
                })
            })
            .connect_with(options.clone())
            .await;
        let pool = match pool {
            // The pool has waited for a database that may be starting, and does not say what it met.
            Err(sqlx::Error::PoolTimedOut) => {
                let met = PgConnection::connect_with(&options).await.err();
                return Err(met.unwrap_or(sqlx::Error::PoolTimedOut).into());
            }
            pool => pool?,
        };
        migrations::of_postgres()
            .run(&pool)
            .await
            .map_err(JobStoreError::Migration)?;
        let store = Self { pool, sealer };
        store.check_key().await?;
        Ok(store)
    }

    /// Whether the database at `url` has a job store.
    ///
    /// # Errors
    /// `Unavailable` if the database cannot be reached.
    pub async fn is_there(url: &str) -> Result<bool, JobStoreError> {
        let options = PgConnectOptions::from_str(url)?.application_name("longshore");
        let mut connection = PgConnection::connect_with(&options).await?;
        let found = query_scalar(JOB_STORE).fetch_one(&mut connection).await?;
        connection.close().await?;
        Ok(found)
    }

    /// What time it is at the database, in microseconds of Unix time.
    ///
    /// # Errors
    /// `Unavailable` if the database cannot be reached.
    pub async fn time(&self) -> Result<i64, JobStoreError> {
        Ok(query_scalar(TIME).fetch_one(&self.pool).await?)
    }

    /// Closes all connections after what is under way.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    fn readers(&self) -> &PgPool {
        &self.pool
    }

    async fn row<T>(&self, statement: &'static str, key: &str) -> Result<Option<T>, JobStoreError>
    where
        T: for<'row> FromRow<'row, PgRow> + Send + Unpin,
    {
        let found = query_as(statement)
            .bind(key)
            .fetch_optional(&self.pool)
            .await;
        Ok(found?)
    }

    async fn begin(&self) -> Result<Transaction<'static, Postgres>, sqlx::Error> {
        self.pool.begin().await
    }
}

implement_job_store!(PostgresJobStore, Postgres);
