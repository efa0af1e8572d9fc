//! The audit: what people have done, or tried to.
//!
//! An act is written down before it is begun, and its outcome afterwards. Nothing here changes an act that has its
//! outcome, or removes one.

use async_trait::async_trait;
use model::actor::Actor;
use model::ids::JobId;
use model::operator::audit::AuditLine;
use model::role::Role;
use model::time::Timestamp;
use serde_json::Value as Json;

use super::JobStoreError;
use super::statement::Statement;

/// An act that is begun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Act {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor: Actor,
    /// The role of a person.
    pub role: Option<Role>,
    /// What, in a word of `docs/roles.md`.
    pub action: String,
    /// To what.
    pub resource: String,
    /// The job, where it is one.
    pub job: Option<JobId>,
    /// What is said with it.
    pub said: Json,
    /// The address at the other end of the connection.
    pub address: Option<String>,
}

/// Which acts are wanted. What is not said is not asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ActFilter {
    /// Of this actor.
    pub actor: Option<Actor>,
    /// Of this kind.
    pub action: Option<String>,
    /// To this job.
    pub job: Option<JobId>,
    /// At this time or later.
    pub since: Option<Timestamp>,
    /// Behind this one in the list: begun before it.
    pub before: Option<i64>,
}

/// Keeps the audit. The contract is that of [`JobStore`](super::JobStore).
#[async_trait]
pub trait Audit: Send + Sync + 'static {
    /// Writes down that an act is begun, and gives its number.
    async fn begin_act(&self, act: &Act) -> Result<i64, JobStoreError>;

    /// Writes down what came of an act, unless that is written already; `resource` is told better now, where it is
    /// said.
    async fn end_act(
        &self,
        number: i64,
        outcome: &str,
        resource: Option<&str>,
    ) -> Result<(), JobStoreError>;

    /// At most so many of the acts that are wanted, the newest first; those of one second in the reverse order in which
    /// they were begun. Nothing behind an act that is not there.
    async fn acts(&self, filter: &ActFilter, limit: u32) -> Result<Vec<AuditLine>, JobStoreError>;
}

pub(super) const BEGIN_ACT: &str = "
    INSERT INTO audit (at, actor, role, action, resource, job, said, address)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING seq";

pub(super) const END_ACT: &str = "
    UPDATE audit SET outcome = $2, resource = COALESCE($3, resource) WHERE seq = $1 AND outcome IS NULL";

/// Selects the acts that are wanted. Every filter has an index in the order of the list.
pub(super) fn finding(filter: &ActFilter, limit: u32) -> Statement {
    let ActFilter {
        actor,
        action,
        job,
        since,
        before,
    } = filter;
    let mut statement = Statement::default();
    let mut all = Vec::new();
    if let Some(actor) = actor {
        all.push(format!("actor = {}", statement.value(&actor.to_string())));
    }
    if let Some(action) = action {
        all.push(format!("action = {}", statement.value(action)));
    }
    if let Some(job) = job {
        all.push(format!("job = {}", statement.value(job.as_str())));
    }
    if let Some(since) = since {
        all.push(format!("at >= {}", statement.number(since.unix())));
    }
    if let Some(before) = before {
        let before = statement.number(*before);
        all.push(format!(
            "(at, seq) < (SELECT at, seq FROM audit WHERE seq = {before})"
        ));
    }
    let limit = statement.number(i64::from(limit));
    statement.text = format!(
        "SELECT seq, at, actor, role, action, resource, job, said, address, outcome FROM audit {}
         ORDER BY at DESC, seq DESC LIMIT {limit}",
        Statement::where_all(&all)
    );
    statement
}

/// `seq, at, actor, role, action, resource, job, said, address, outcome`.
pub(super) type ActRow = (
    i64,
    i64,
    String,
    Option<String>,
    String,
    String,
    Option<String>,
    String,
    Option<String>,
    Option<String>,
);

pub(super) fn line(row: ActRow) -> Result<AuditLine, JobStoreError> {
    let (number, at, actor, role, action, resource, job, said, address, outcome) = row;
    let role = role.map(|role| role.parse()).transpose();
    let role =
        role.map_err(|error: model::role::NoSuchRole| JobStoreError::Corrupt(error.to_string()))?;
    Ok(AuditLine {
        number,
        at: Timestamp::from_unix(at),
        actor: actor.parse()?,
        role,
        action,
        resource,
        job_id: job.as_deref().map(JobId::new).transpose()?,
        said: serde_json::from_str(&said)?,
        address,
        outcome,
    })
}

/// Implements [`Audit`] for the store of a database.
macro_rules! implement_audit {
    ($store:ident) => {
        const _: () = {
            use model::operator::audit::AuditLine;
            use sqlx::{AssertSqlSafe, query, query_as, query_scalar};
            use $crate::jobstore::JobStoreError;
            use $crate::jobstore::audit::{self, Act, ActFilter, Audit};
            use $crate::jobstore::statement::{Statement, Value};

            #[async_trait::async_trait]
            impl Audit for $store {
                async fn begin_act(&self, act: &Act) -> Result<i64, JobStoreError> {
                    let mut tx = self.begin().await?;
                    let number: i64 = query_scalar(audit::BEGIN_ACT)
                        .bind(act.at.unix())
                        .bind(act.actor.to_string())
                        .bind(act.role.map(|role| role.name()))
                        .bind(&act.action)
                        .bind(&act.resource)
                        .bind(act.job.map(|job| job.to_string()))
                        .bind(act.said.to_string())
                        .bind(&act.address)
                        .fetch_one(&mut *tx)
                        .await?;
                    tx.commit().await?;
                    Ok(number)
                }

                async fn end_act(
                    &self,
                    number: i64,
                    outcome: &str,
                    resource: Option<&str>,
                ) -> Result<(), JobStoreError> {
                    let mut tx = self.begin().await?;
                    query(audit::END_ACT)
                        .bind(number)
                        .bind(outcome)
                        .bind(resource)
                        .execute(&mut *tx)
                        .await?;
                    Ok(tx.commit().await?)
                }

                async fn acts(
                    &self,
                    filter: &ActFilter,
                    limit: u32,
                ) -> Result<Vec<AuditLine>, JobStoreError> {
                    let Statement { text, values } = audit::finding(filter, limit);
                    // Its text has nothing of the filter in it, only places for values.
                    let mut query = query_as(AssertSqlSafe(text));
                    for value in values {
                        query = match value {
                            Value::Text(text) => query.bind(text),
                            Value::Number(number) => query.bind(number),
                        };
                    }
                    let rows: Vec<audit::ActRow> = query.fetch_all(self.readers()).await?;
                    rows.into_iter().map(audit::line).collect()
                }
            }
        };
    };
}
pub(super) use implement_audit;
