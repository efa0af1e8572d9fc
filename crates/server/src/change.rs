//! The one way in which jobs change: read, decide, compare and swap, and again if somebody else
//! was faster.
//!
//! A job whose device did not come in time counts as expired from that moment, whether or not the
//! sweeper has been by: it is read so here, and the next change writes it down.

use model::actor::Actor;
use model::event::Event;
use model::ids::JobId;
use model::job::{Job, Refusal};
use model::time::Timestamp;

use crate::app::Context;
use crate::config::JobsConfig;
use crate::jobstore::{JobStoreError, StoredJob};

/// Times a change is tried again after somebody else's. A customer and a station are at a job at
/// the same time at most.
const TRIES: usize = 8;

/// A change that is being made: a job as read, and what is to happen to it.
#[derive(Debug)]
pub(crate) struct Draft {
    read: StoredJob,
    job: Job,
    events: Vec<Event>,
    now: Timestamp,
}

/// What became of a change.
#[derive(Debug)]
pub(crate) enum Committed {
    /// It is stored.
    Saved(Box<Job>),
    /// Somebody else changed the job since it was read.
    Overtaken,
}

impl Draft {
    /// Reads a job, to change it. `None` if there is none.
    pub(crate) async fn open(context: &Context, id: JobId) -> Result<Option<Self>, JobStoreError> {
        let Some(read) = context.jobs.job(id).await? else {
            return Ok(None);
        };
        let now = context.clock.now();
        let mut draft = Self {
            job: read.job.clone(),
            read,
            events: Vec::new(),
            now,
        };
        let certain = context.certain.now(&*context.clock);
        if draft.job.created <= overdue_since(&context.rules, certain) {
            // A job that is past expiring is left as it is.
            let _ = draft.apply(&Event::Expired);
        }
        Ok(Some(draft))
    }

    /// The job as it will be.
    pub(crate) fn job(&self) -> &Job {
        &self.job
    }

    /// Whether there is something to store: time alone may have made it so.
    pub(crate) fn is_changed(&self) -> bool {
        !self.events.is_empty()
    }

    /// Lets something happen to the job.
    pub(crate) fn apply(&mut self, event: &Event) -> Result<(), Refusal> {
        self.job = self.job.apply(event, self.now)?;
        self.events.push(event.clone());
        Ok(())
    }

    /// Stores the job with its history.
    ///
    /// # Errors
    /// `Unavailable` only if the change was not stored, as far as the store can still be asked.
    pub(crate) async fn commit(
        self,
        context: &Context,
        actor: &Actor,
    ) -> Result<Committed, JobStoreError> {
        if !self.is_changed() {
            return Ok(Committed::Saved(Box::new(self.job)));
        }
        let version = self.read.version;
        let replaced = context
            .jobs
            .replace_job(&self.job, version, &self.events, actor, self.now)
            .await;
        match replaced {
            Ok(()) => Ok(Committed::Saved(Box::new(self.job))),
            Err(JobStoreError::Conflict) => Ok(Committed::Overtaken),
            Err(JobStoreError::Unavailable(error)) => {
                self.look_again(context, JobStoreError::Unavailable(error))
                    .await
            }
            Err(other) => Err(other),
        }
    }

    /// After a write of unknown outcome: the job as we would have written it, one version on, is
    /// ours.
    async fn look_again(
        self,
        context: &Context,
        error: JobStoreError,
    ) -> Result<Committed, JobStoreError> {
        match context.jobs.job(self.job.id).await? {
            Some(found) if found.version == self.read.version => Err(error),
            Some(found) if found.job == self.job => Ok(Committed::Saved(Box::new(self.job))),
            _ => Ok(Committed::Overtaken),
        }
    }
}

/// The last moment of creation for which a job that still waits at `now` is overdue.
pub(crate) fn overdue_since(rules: &JobsConfig, now: Timestamp) -> Timestamp {
    now.plus_seconds(-i64::from(rules.expire_after_days) * 24 * 60 * 60)
}

/// Reads a job as it stands at this moment.
pub(crate) async fn look(context: &Context, id: JobId) -> Result<Option<Job>, JobStoreError> {
    Ok(Draft::open(context, id).await?.map(|draft| draft.job))
}

/// Lets one event happen to a job. `None` if there is no such job.
pub(crate) async fn apply<E: From<JobStoreError>>(
    context: &Context,
    id: JobId,
    actor: &Actor,
    event: &Event,
    refused: impl Fn(Refusal) -> E,
) -> Result<Option<Job>, E> {
    for _ in 0..TRIES {
        let Some(mut draft) = Draft::open(context, id).await? else {
            return Ok(None);
        };
        draft.apply(event).map_err(&refused)?;
        if let Committed::Saved(job) = draft.commit(context, actor).await? {
            return Ok(Some(*job));
        }
    }
    Err(JobStoreError::Conflict.into())
}

/// The tries of a change that is made step by step.
pub(crate) fn tries() -> std::ops::Range<usize> {
    0..TRIES
}
