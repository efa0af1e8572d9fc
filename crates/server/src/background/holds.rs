//! Looks whether what jobs are on hold for is mended, and says so in their histories: the next claim goes on.
//!
//! A round asks each store only once whether it answers, and each question only once however many jobs it is asked for,
//! so that a store that is down costs one request and one line of the log. What it cannot ask within its bounds is left to
//! the next round, which begins where this one ended.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use model::actor::Actor;
use model::event::Event;
use model::hold::Mended;
use model::ids::JobId;
use model::stopped::StopCause;
use tokio_util::sync::CancellationToken;

use crate::app::Context;
use crate::change::{Committed, Draft};
use crate::giving_up;
use crate::jobstore::{HeldJob, JobStoreError};
use crate::mending::{self, Seen};
use crate::stores::{Answer, Question};

/// Jobs read at a time.
const BATCH: u32 = 100;

/// Jobs that are looked at in one round: with four reads each, a database of a thousand reads a second has it done in
/// four seconds.
const JOBS: usize = 1_000;

/// Questions that stores are asked in one round. With some six requests each, and a tenth of a second for each of those,
/// half a minute.
const QUESTIONS: usize = 50;

/// What a customer reads of a job that the service gave up.
const OVERDUE: &str = "What it was on hold for was not mended in time.";

/// What the rounds of one server remember of each other. What is lost with it costs a line of the log.
#[derive(Debug, Clone, Default)]
pub(super) struct Memory(Arc<Mutex<Remembered>>);

#[derive(Debug, Default)]
struct Remembered {
    /// Where the next round begins.
    place: Option<HeldJob>,
    /// Which stores did not answer.
    silent: Vec<String>,
    /// Where the next look for rights begins.
    right: Option<JobId>,
    /// How many buckets the embedded store had made at the last look.
    made: u64,
}

/// What was asked in a round.
#[derive(Debug, Default)]
struct Round {
    heard: HashMap<String, bool>,
    answers: HashMap<Question, Answer>,
}

/// Gives up what is overdue, if the operator wants that; after a batch no other if the service is to stop.
pub(super) async fn give_up_overdue(
    context: &Context,
    stop: &CancellationToken,
) -> Result<(), JobStoreError> {
    let days = i64::from(context.rules.hold_days);
    while context.rules.give_up_held && !stop.is_cancelled() {
        // What cannot be taken back is decided by a time of which the service is sure.
        let certain = context.certain.now(&*context.clock);
        let until = certain.plus_seconds(-days * 24 * 60 * 60);
        let overdue = context.jobs.jobs_on_hold(until, None, BATCH).await?;
        let mut given_up = 0;
        for job in &overdue {
            if give_up(context, job.id).await? {
                given_up += 1;
            }
        }
        // A batch of which nothing was given up would come again.
        if given_up == 0 || overdue.len() < BATCH.try_into().unwrap_or(usize::MAX) {
            break;
        }
    }
    Ok(())
}

/// Writes down that a job is given up; `false` if it has moved on meanwhile, or cannot be.
async fn give_up(context: &Context, id: JobId) -> Result<bool, JobStoreError> {
    let Some(mut draft) = Draft::open(context, id).await? else {
        return Ok(false);
    };
    let Some(hold) = draft.job().hold().cloned() else {
        return Ok(false);
    };
    // A device that never came is for the rule about those.
    if draft.apply(&giving_up::event(&hold, OVERDUE)).is_err() {
        return Ok(false);
    }
    let is_saved = matches!(
        draft.commit(context, &Actor::Service).await?,
        Committed::Saved(_)
    );
    if is_saved {
        tracing::warn!(job = %id, code = hold.cause.code(), since = %hold.at, "job given up: on hold for too long");
    }
    Ok(is_saved)
}

/// Looks at the jobs that are on hold.
pub(super) async fn look(
    context: &Context,
    memory: &Memory,
    stop: &CancellationToken,
) -> Result<(), JobStoreError> {
    let now = context.clock.now();
    let mut round = Round::default();
    let mut place = memory.lock().place;
    let mut seen = 0;
    while seen < JOBS && !stop.is_cancelled() {
        let held = context.jobs.jobs_on_hold(now, place, BATCH).await?;
        for job in &held {
            if round.answers.len() >= QUESTIONS || stop.is_cancelled() {
                break;
            }
            place = Some(*job);
            seen += 1;
            look_at(context, &mut round, job.id).await?;
        }
        if held.len() < BATCH.try_into().unwrap_or(usize::MAX) {
            place = None;
            break;
        }
        if round.answers.len() >= QUESTIONS {
            break;
        }
    }
    memory.lock().place = place;
    memory.tell(&round);
    Ok(())
}

/// Looks at what is mended here, by a row or in the embedded store, and not far away: rights that were given, and buckets
/// if one was made since the last look, of which `made` counts all. It may be done every few seconds.
pub(super) async fn look_near(
    context: &Context,
    memory: &Memory,
    made: u64,
) -> Result<(), JobStoreError> {
    let after = memory.lock().right;
    let last = look_for(context, StopCause::BucketRights, after).await?;
    memory.lock().right = last;
    if std::mem::replace(&mut memory.lock().made, made) != made {
        look_for(context, StopCause::BucketMissing, None).await?;
    }
    Ok(())
}

/// Looks at the jobs that are on hold for `cause`, a batch of them; the last, if there may be more.
async fn look_for(
    context: &Context,
    cause: StopCause,
    after: Option<JobId>,
) -> Result<Option<JobId>, JobStoreError> {
    let held = context.jobs.jobs_on_hold_for(cause, after, BATCH).await?;
    let mut round = Round::default();
    for id in &held {
        look_at(context, &mut round, *id).await?;
    }
    let is_full = held.len() >= BATCH.try_into().unwrap_or(usize::MAX);
    Ok(held.last().copied().filter(|_| is_full))
}

/// Writes down that a job is no longer on hold, if so.
async fn look_at(context: &Context, round: &mut Round, id: JobId) -> Result<(), JobStoreError> {
    let Some(mut draft) = Draft::open(context, id).await? else {
        return Ok(());
    };
    let Some(hold) = draft.job().hold().cloned() else {
        return Ok(());
    };
    if hold.may_be_mended_from() > context.clock.now() {
        return Ok(());
    }
    let is_mended = match mending::look(context, draft.job(), &hold).await? {
        Seen::Mended => true,
        Seen::Not => false,
        Seen::Asked(asked) => {
            let answer = round.ask(context, asked.question, asked.alike).await;
            answer == Answer::Yes
        }
    };
    let how = Mended::Checked;
    if !is_mended || draft.apply(&Event::Resumed { how }).is_err() {
        return Ok(());
    }
    // Who was faster has changed what there was to see.
    if let Committed::Saved(_) = draft.commit(context, &Actor::Service).await? {
        let (code, since) = (hold.cause.code(), hold.at);
        tracing::info!(job = %id, code, %since, "no longer on hold");
    }
    Ok(())
}

impl Round {
    async fn ask(&mut self, context: &Context, question: Question, alike: Question) -> Answer {
        if let Some(answer) = self.answers.get(&alike) {
            return *answer;
        }
        for store in context.stores.asked(&question) {
            let is_heard = match self.heard.get(&store) {
                Some(is_heard) => *is_heard,
                None => context.stores.is_heard(&store).await,
            };
            self.heard.insert(store, is_heard);
            if !is_heard {
                return Answer::Silent;
            }
        }
        let answer = context.stores.tell(question).await;
        self.answers.insert(alike, answer);
        answer
    }
}

impl Memory {
    fn lock(&self) -> std::sync::MutexGuard<'_, Remembered> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Logs which stores do not answer any more, and which do again.
    fn tell(&self, round: &Round) {
        let mut kept = self.lock();
        for (store, is_heard) in &round.heard {
            let place = kept.silent.iter().position(|silent| silent == store);
            match (is_heard, place) {
                (false, None) => {
                    tracing::warn!(store, "store does not answer: jobs on hold for it wait");
                    kept.silent.push(store.clone());
                }
                (true, Some(place)) => {
                    tracing::info!(store, "store answers again");
                    kept.silent.swap_remove(place);
                }
                (true, None) | (false, Some(_)) => {}
            }
        }
    }
}
