//! The list of the jobs of all accounts, page by page, and the words by which jobs are found.
//!
//! However many jobs there are, a page reads little more than itself: every filter has an index in the order of the
//! list, pages begin behind a job and not at a number, and of a word that is too common nothing is listed. A job keeps
//! every word that it ever had, for it is still on some label.

use std::collections::BTreeSet;

use async_trait::async_trait;
use model::event::Event;
use model::ids::{AccountId, JobId, StationName};
use model::job::Job;
use model::words::{self, Word};

use super::JobStoreError;
use super::jobs::listed_job;
use super::statement::Statement;

/// Most jobs that are looked through for a word. As many rows of one index, each with a look into another and all of
/// them sorted: some milliseconds.
pub const WORD_MATCHES: u32 = 1_000;

/// Which jobs are wanted. What is not said is not asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JobFilter {
    /// With this `ProgressCode`.
    pub progress: Option<String>,
    /// That are on hold.
    pub held: bool,
    /// Of this account.
    pub account: Option<AccountId>,
    /// Whose device this station has.
    pub station: Option<StationName>,
    /// That have a word with this beginning.
    pub word: Option<Word>,
    /// Behind this job in the list: made before it.
    pub before: Option<JobId>,
}

/// A page of the jobs of all accounts, the newest first.
#[derive(Debug, Clone)]
pub struct JobsFound {
    /// At most as many as were asked for, without their manifests, each with what its account is called.
    pub jobs: Vec<(Job, Option<String>)>,
    /// Whether there are more behind the last.
    pub truncated: bool,
}

/// Lists the jobs of all accounts. The contract is that of [`JobStore`](super::JobStore).
#[async_trait]
pub trait Listing: Send + Sync + 'static {
    /// The jobs that are wanted, the newest first; jobs of one second in the reverse order of their insertion.
    /// Nothing behind a job that is not there.
    async fn find_jobs(&self, filter: &JobFilter, limit: u32) -> Result<JobsFound, JobStoreError>;

    /// Whether more than so many words of jobs begin like this. Of more than [`WORD_MATCHES`],
    /// [`Listing::find_jobs`] would not look through all.
    async fn is_common(&self, beginning: &Word, most: u32) -> Result<bool, JobStoreError>;
}

pub(super) const INSERT_WORD: &str =
    "INSERT INTO job_words (word, job) VALUES ($1, $2) ON CONFLICT (word, job) DO NOTHING";

pub(super) const COUNT_WORDS: &str = "
    SELECT COUNT(*) FROM
        (SELECT 1 AS one FROM job_words WHERE word >= $1 AND word < $2 LIMIT $3) AS begun";

/// The words of a new job.
pub(super) fn first_words(job: &Job) -> BTreeSet<Word> {
    let mut all = words::of_state(job);
    all.append(&mut words::of_manifest(job));
    all
}

/// The words that a job may have got by what happened to it.
pub(super) fn words_after(job: &Job, events: &[Event]) -> BTreeSet<Word> {
    let is_updated = events
        .iter()
        .any(|event| matches!(event, Event::Updated { .. }));
    if is_updated {
        first_words(job)
    } else {
        words::of_state(job)
    }
}

impl Statement {
    /// Selects the state and account name of at most `limit` jobs.
    pub(super) fn finding(filter: &JobFilter, limit: i64) -> Self {
        let mut statement = Self::default();
        let where_ = Self::where_all(&statement.conditions(filter));
        let limit = statement.number(limit);
        statement.text = format!(
            "SELECT jobs.state, accounts.name
             FROM jobs LEFT JOIN accounts ON accounts.id = jobs.account
             {where_}
             ORDER BY jobs.created DESC, jobs.seq DESC LIMIT {limit}"
        );
        statement
    }

    fn conditions(&mut self, filter: &JobFilter) -> Vec<String> {
        let JobFilter {
            progress,
            held,
            account,
            station,
            word,
            before,
        } = filter;
        let mut all = Vec::new();
        if let Some(progress) = progress {
            all.push(format!("jobs.progress = {}", self.value(progress)));
        }
        if *held {
            all.push("jobs.held IS NOT NULL".to_owned());
        }
        if let Some(account) = account {
            all.push(format!("jobs.account = {}", self.value(account.as_str())));
        }
        if let Some(station) = station {
            all.push(format!("jobs.station = {}", self.value(station.as_str())));
        }
        if let Some(word) = word {
            let (from, to) = (self.value(word.as_str()), self.value(&word.end()));
            let most = self.number(i64::from(WORD_MATCHES));
            all.push(format!(
                "jobs.id IN (SELECT job FROM job_words
                             WHERE word >= {from} AND word < {to} LIMIT {most})"
            ));
        }
        if let Some(before) = before {
            let before = self.value(before.as_str());
            all.push(format!(
                "(jobs.created, jobs.seq) < (SELECT created, seq FROM jobs WHERE id = {before})"
            ));
        }
        all
    }
}

/// `state, name of the account`.
pub(super) type FoundRow = (String, Option<String>);

pub(super) fn jobs_found(rows: Vec<FoundRow>, limit: u32) -> Result<JobsFound, JobStoreError> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let truncated = rows.len() > limit;
    let jobs = rows
        .into_iter()
        .take(limit)
        .map(|(state, name)| Ok((listed_job(&state)?, name)));
    Ok(JobsFound {
        jobs: jobs.collect::<Result<_, JobStoreError>>()?,
        truncated,
    })
}

/// Implements [`Listing`] for the store of a database.
macro_rules! implement_listing {
    ($store:ident) => {
        const _: () = {
            use model::words::Word;
            use sqlx::{AssertSqlSafe, query_as, query_scalar};
            use $crate::jobstore::JobStoreError;
            use $crate::jobstore::listing::{self, JobFilter, JobsFound, Listing};
            use $crate::jobstore::statement::{Statement, Value};

            #[async_trait::async_trait]
            impl Listing for $store {
                async fn find_jobs(
                    &self,
                    filter: &JobFilter,
                    limit: u32,
                ) -> Result<JobsFound, JobStoreError> {
                    // One more than asked for tells whether there are more.
                    let Statement { text, values } =
                        Statement::finding(filter, i64::from(limit) + 1);
                    // Its text has nothing of the filter in it, only places for values.
                    let mut query = query_as(AssertSqlSafe(text));
                    for value in values {
                        query = match value {
                            Value::Text(text) => query.bind(text),
                            Value::Number(number) => query.bind(number),
                        };
                    }
                    let rows: Vec<listing::FoundRow> = query.fetch_all(self.readers()).await?;
                    listing::jobs_found(rows, limit)
                }

                async fn is_common(
                    &self,
                    beginning: &Word,
                    most: u32,
                ) -> Result<bool, JobStoreError> {
                    let begun: i64 = query_scalar(listing::COUNT_WORDS)
                        .bind(beginning.as_str())
                        .bind(beginning.end())
                        .bind(i64::from(most) + 1)
                        .fetch_one(self.readers())
                        .await?;
                    Ok(begun > i64::from(most))
                }
            }
        };
    };
}
pub(super) use implement_listing;
