//! The leases that a heartbeat names: each is renewed when a quarter of its term is over, so that a station with many
//! bays costs the job store few writes, and answered from how its job stands.

use model::control::{LeaseState, Renewal};
use model::heartbeat::LeaseAnswer;
use model::ids::JobId;
use model::stopped::StopCause;
use model::time::Timestamp;

use super::renew::{end_of_held, go_on, is_held, on_hold, state_of_lost, tidied};
use crate::access::{Action, Caller};
use crate::jobstore::{HeldLease, JobStoreError, LONGEST_LEASE, SignOfLife};
use crate::ops::{Context, Refused};

/// So many times within its term a lease is renewed: three may be lost.
const RENEWALS_PER_TERM: i64 = 4;

/// Renews the leases that are named, if the heartbeat `is_new`, and answers for each, in their order.
///
/// # Errors
/// [`Refused::Denied`] for a caller that is no station, or the job store's failure.
pub(in crate::ops) async fn keep(
    context: &Context,
    caller: &Caller,
    named: Vec<Renewal>,
    is_new: bool,
) -> Result<Vec<LeaseAnswer>, Refused> {
    let station = caller.station(Action::UseLease)?;
    if named.is_empty() {
        return Ok(Vec::new());
    }
    let (now, term) = (context.clock.now(), i64::from(context.rules.lease_seconds));
    let held = context.jobs.leases_of(station).await?;
    let (mut answers, mut due, mut silent) = (Vec::new(), Vec::new(), Vec::new());
    for renewal in named {
        let found = held.iter().find(|held| is_meant(held, &renewal));
        let state = match found {
            Some(held) if is_on_hold(context, held).await? => {
                end_of_held(context, station, renewal.job, &renewal.lease).await?;
                on_hold(renewal.version)
            }
            Some(held) => state(&held.progress),
            None => state_of_lost(context, renewal.job, renewal.version).await?,
        };
        answers.push(LeaseAnswer {
            job: renewal.job,
            state,
        });
        let Some(held) = found.filter(|_| is_new && is_in_force(state)) else {
            continue;
        };
        let (job, figures) = (renewal.job, tidied(renewal.figures));
        context.metrics.loaded(job, figures.tally);
        if held.stopped.as_deref() == Some(StopCause::StationSilent.code()) {
            silent.push(job);
        }
        if is_due(held.lease.until, now, term) {
            due.push(SignOfLife {
                job,
                token: renewal.lease,
                figures,
            });
        }
    }
    // In one order everywhere, so that no two transactions wait for each other.
    due.sort_by_key(|sign| sign.job);
    let until = now.plus_seconds(term);
    let lost = renew(context, caller, &due, until).await?;
    for answer in &mut answers {
        if lost.contains(&answer.job) {
            answer.state = LeaseState::Lost;
        }
    }
    for job in silent.into_iter().filter(|job| !lost.contains(job)) {
        go_on(context, caller, job).await?;
    }
    Ok(answers)
}

/// Renews; gives the jobs whose lease went to another in that moment.
async fn renew(
    context: &Context,
    caller: &Caller,
    due: &[SignOfLife],
    until: Timestamp,
) -> Result<Vec<JobId>, Refused> {
    if due.is_empty() {
        return Ok(Vec::new());
    }
    let station = caller.station(Action::UseLease)?;
    let renewed = context
        .jobs
        .renew_leases(station, due, until, context.clock.now())
        .await?;
    let lost = due.iter().zip(renewed).filter(|(_, renewed)| !renewed);
    let lost: Vec<JobId> = lost.map(|(sign, _)| sign.job).collect();
    for job in &lost {
        tracing::warn!(%station, %job, "lease lost");
    }
    Ok(lost)
}

fn is_meant(held: &HeldLease, renewal: &Renewal) -> bool {
    held.lease.job == renewal.job && held.lease.token == renewal.lease
}

/// Whether a person has put the job on hold. Seldom: it is read only if it may be.
async fn is_on_hold(context: &Context, held: &HeldLease) -> Result<bool, JobStoreError> {
    let stopped = held.stopped.as_deref().and_then(StopCause::of);
    if !stopped.is_some_and(StopCause::is_by_person) {
        return Ok(false);
    }
    let job = context.jobs.job(held.lease.job).await?;
    Ok(job.is_some_and(|stored| is_held(&stored.job)))
}

/// Whether a lease that is answered so is to be renewed: a canceled job's too, until its station has stopped.
fn is_in_force(state: LeaseState) -> bool {
    match state {
        LeaseState::Held | LeaseState::Canceled => true,
        LeaseState::Lost | LeaseState::OnHold => false,
    }
}

/// Whether a quarter of the term is over, or a wrong clock put the end where it is.
fn is_due(until: Timestamp, now: Timestamp, term: i64) -> bool {
    let soonest = now.plus_seconds(term - term / RENEWALS_PER_TERM);
    until <= soonest || until > now.plus_seconds(term + LONGEST_LEASE)
}

/// Whether to go on with a job whose progress has this code.
fn state(progress: &str) -> LeaseState {
    match progress {
        "Canceled" => LeaseState::Canceled,
        "Pending" | "InProgress" => LeaseState::Held,
        _ => LeaseState::Lost,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_is_renewed_when_a_quarter_of_its_term_is_over() {
        let now = Timestamp::from_unix(1_700_000_000);
        for (left, due) in [
            (60, false),
            (46, false),
            (45, true),
            (0, true),
            (-900, true),
            (61 + LONGEST_LEASE, true),
            (60 + LONGEST_LEASE, false),
        ] {
            assert_eq!(is_due(now.plus_seconds(left), now, 60), due, "{left}");
        }
    }
}
