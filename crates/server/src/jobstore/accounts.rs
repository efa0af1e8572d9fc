//! Accounts: customers, and the buckets they may use.

use async_trait::async_trait;
use model::ids::AccountId;
use model::time::Timestamp;

use super::JobStoreError;

/// A customer, and what it may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Twelve digits, as AWS has them.
    pub id: AccountId,
    /// What the operator calls it; unique.
    pub name: String,
    /// Buckets it may import to: names, or a beginning followed by `*`.
    pub import: Vec<String>,
    /// Buckets it may export from, in the same form.
    pub export: Vec<String>,
}

/// How much a job of an account may load, as somebody has said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JobLimit {
    /// So many bytes; `None` for as much as there is.
    pub bytes: Option<u64>,
    /// Since when.
    pub since: Timestamp,
}

/// Keeps accounts. The contract is that of [`JobStore`](super::JobStore).
#[async_trait]
pub trait Accounts: Send + Sync + 'static {
    /// Creates an account. `Exists` if number or name is taken.
    async fn insert_account(&self, account: &Account) -> Result<(), JobStoreError>;

    /// Replaces an account's name and rights. `Missing` if there is none with this number,
    /// `Exists` if another has the name.
    async fn update_account(&self, account: &Account) -> Result<(), JobStoreError>;

    /// Says how much a job of an account may load. `Missing` if there is none with this number.
    async fn limit_jobs(&self, id: &AccountId, limit: JobLimit) -> Result<(), JobStoreError>;

    /// What was said of how much jobs may load, of each account of which anything was.
    async fn job_limits(&self) -> Result<Vec<(AccountId, JobLimit)>, JobStoreError>;

    /// The same of one account.
    async fn job_limit(&self, id: &AccountId) -> Result<Option<JobLimit>, JobStoreError>;

    /// All accounts by name.
    async fn accounts(&self) -> Result<Vec<Account>, JobStoreError>;

    /// One account.
    async fn account(&self, id: &AccountId) -> Result<Option<Account>, JobStoreError>;
}

pub(super) const INSERT_ACCOUNT: &str =
    "INSERT INTO accounts (id, name, import_rights, export_rights) VALUES ($1, $2, $3, $4)";

pub(super) const UPDATE_ACCOUNT: &str =
    "UPDATE accounts SET name = $2, import_rights = $3, export_rights = $4 WHERE id = $1";

pub(super) const ACCOUNTS: &str =
    "SELECT id, name, import_rights, export_rights FROM accounts ORDER BY name";

pub(super) const ACCOUNT: &str =
    "SELECT id, name, import_rights, export_rights FROM accounts WHERE id = $1";

pub(super) const LIMIT_JOBS: &str =
    "UPDATE accounts SET job_bytes = $2, job_limited = $3 WHERE id = $1";

pub(super) const JOB_LIMITS: &str =
    "SELECT id, job_bytes, job_limited FROM accounts WHERE job_limited IS NOT NULL ORDER BY id";

pub(super) const JOB_LIMIT: &str =
    "SELECT id, job_bytes, job_limited FROM accounts WHERE job_limited IS NOT NULL AND id = $1";

/// `id, job_bytes, job_limited`.
pub(super) type LimitRow = (String, Option<i64>, i64);

pub(super) fn limit((id, bytes, since): LimitRow) -> Result<(AccountId, JobLimit), JobStoreError> {
    let bytes = bytes.map(u64::try_from).transpose();
    let limit = JobLimit {
        bytes: bytes.map_err(JobStoreError::corrupt)?,
        since: Timestamp::from_unix(since),
    };
    Ok((AccountId::new(id)?, limit))
}

/// `id, name, import_rights, export_rights`.
pub(super) type AccountRow = (String, String, String, String);

/// The two lists of an account's rights as JSON.
pub(super) fn rights_of(account: &Account) -> Result<(String, String), JobStoreError> {
    Ok((
        serde_json::to_string(&account.import)?,
        serde_json::to_string(&account.export)?,
    ))
}

pub(super) fn account(row: AccountRow) -> Result<Account, JobStoreError> {
    let (id, name, import, export) = row;
    Ok(Account {
        id: AccountId::new(id)?,
        name,
        import: serde_json::from_str(&import)?,
        export: serde_json::from_str(&export)?,
    })
}

/// Implements [`Accounts`] for the store of a database.
macro_rules! implement_accounts {
    ($store:ident) => {
        const _: () = {
            use model::ids::AccountId;
            use sqlx::{query, query_as};
            use $crate::jobstore::accounts::{self, Account, Accounts, JobLimit};
            use $crate::jobstore::{JobStoreError, error, ledger};

            #[async_trait::async_trait]
            impl Accounts for $store {
                async fn insert_account(&self, account: &Account) -> Result<(), JobStoreError> {
                    let (import, export) = accounts::rights_of(account)?;
                    let mut tx = self.begin().await?;
                    let inserted = query(accounts::INSERT_ACCOUNT)
                        .bind(account.id.as_str())
                        .bind(&account.name)
                        .bind(import)
                        .bind(export)
                        .execute(&mut *tx)
                        .await;
                    if let Err(error) = inserted {
                        tx.rollback().await?;
                        // Number and name are unique: say which of them is taken.
                        let known = self.account(&account.id).await?.is_some();
                        let taken = if known {
                            account.id.as_str()
                        } else {
                            &account.name
                        };
                        return Err(error::refused(error, taken, ""));
                    }
                    Ok(tx.commit().await?)
                }

                async fn update_account(&self, account: &Account) -> Result<(), JobStoreError> {
                    let (import, export) = accounts::rights_of(account)?;
                    let mut tx = self.begin().await?;
                    let done = query(accounts::UPDATE_ACCOUNT)
                        .bind(account.id.as_str())
                        .bind(&account.name)
                        .bind(import)
                        .bind(export)
                        .execute(&mut *tx)
                        .await
                        .map_err(|error| error::refused(error, &account.name, ""))?;
                    if done.rows_affected() == 0 {
                        return Err(JobStoreError::Missing(account.id.to_string()));
                    }
                    Ok(tx.commit().await?)
                }

                async fn limit_jobs(
                    &self,
                    id: &AccountId,
                    limit: JobLimit,
                ) -> Result<(), JobStoreError> {
                    let bytes = limit.bytes.map(ledger::number).transpose()?;
                    let mut tx = self.begin().await?;
                    let done = query(accounts::LIMIT_JOBS)
                        .bind(id.as_str())
                        .bind(bytes)
                        .bind(limit.since.unix())
                        .execute(&mut *tx)
                        .await?;
                    if done.rows_affected() == 0 {
                        return Err(JobStoreError::Missing(id.to_string()));
                    }
                    Ok(tx.commit().await?)
                }

                async fn job_limits(&self) -> Result<Vec<(AccountId, JobLimit)>, JobStoreError> {
                    let all: Vec<accounts::LimitRow> = query_as(accounts::JOB_LIMITS)
                        .fetch_all(self.readers())
                        .await?;
                    all.into_iter().map(accounts::limit).collect()
                }

                async fn job_limit(
                    &self,
                    id: &AccountId,
                ) -> Result<Option<JobLimit>, JobStoreError> {
                    let row: Option<accounts::LimitRow> =
                        self.row(accounts::JOB_LIMIT, id.as_str()).await?;
                    let found = row.map(accounts::limit).transpose()?;
                    Ok(found.map(|(_, limit)| limit))
                }

                async fn accounts(&self) -> Result<Vec<Account>, JobStoreError> {
                    let all: Vec<accounts::AccountRow> = query_as(accounts::ACCOUNTS)
                        .fetch_all(self.readers())
                        .await?;
                    all.into_iter().map(accounts::account).collect()
                }

                async fn account(&self, id: &AccountId) -> Result<Option<Account>, JobStoreError> {
                    let row: Option<accounts::AccountRow> =
                        self.row(accounts::ACCOUNT, id.as_str()).await?;
                    row.map(accounts::account).transpose()
                }
            }
        };
    };
}
pub(super) use implement_accounts;
