//! An erase begins, goes on, and ends: by the right that was given for it.

use model::control::LeaseState;
use model::disposal::messages::{
    EraseBegin, EraseConclusion, EraseEnding, EraseLease, EraseRenewal,
};
use model::disposal::rules::ReleaseRule;
use model::disposal::{Disposal, GrantId, Release};
use model::erasure::{Certificate, ErasureEnd, ErasureFailure, Technique, Verdict};
use model::event::Event;
use model::ids::JobId;
use model::job::Job;

use super::facts;
use crate::access::{Action, Caller};
use crate::change::{Committed, Draft, tries};
use crate::jobstore::{Erase, JobStoreError};
use crate::ops::{Context, DockingFault, Refused};
use model::control::LeaseToken;

/// Longest account of an erase in bytes: with what stands beside it, it is within a line of the ledger.
const ACCOUNT_BYTES: usize = 48 << 10;

/// Writes down that the device is erased from now on. The same again is answered alike.
///
/// # Errors
/// [`DockingFault::LeaseLost`] if the right is not in force, [`Refused::State`] if the job does not allow it any more: no
/// byte may be written then.
pub async fn begin(
    context: &Context,
    caller: &Caller,
    EraseBegin {
        job: id,
        lease,
        grant,
        technique,
    }: EraseBegin,
) -> Result<(), Refused> {
    let station = caller.station(Action::EraseDevices)?;
    let right = right(context, caller, id, &lease).await?;
    if right.grant != grant {
        return Err(DockingFault::LeaseLost(id).into());
    }
    for _ in tries() {
        let draft = Draft::open(context, id).await?;
        let mut draft = draft.ok_or_else(|| Refused::no_such_job(id))?;
        for event in begins(context, draft.job(), &right, technique) {
            draft
                .apply(&event)
                .map_err(|why| Refused::State { job: id, why })?;
        }
        if !draft.is_changed() {
            break;
        }
        if let Committed::Saved(_) = draft.commit(context, &caller.actor()).await? {
            tracing::warn!(%station, job = %id, %grant, %technique, "erase begun");
            return Ok(());
        }
    }
    // It had begun; or somebody else changed the job again and again.
    match context.jobs.job(id).await?.map(|stored| stored.job) {
        Some(job) if is_begun(&job, &grant) => Ok(()),
        _ => Err(JobStoreError::Conflict.into()),
    }
}

fn is_begun(job: &Job, grant: &GrantId) -> bool {
    matches!(&job.disposal, Disposal::Erasing { grant: begun, .. } if begun == grant)
}

/// What happens to a job whose device is erased from now on. Where nobody has released it, its rule does so: the gate has
/// seen that it may.
fn begins(context: &Context, job: &Job, right: &Erase, technique: Technique) -> Vec<Event> {
    let grant = &right.grant;
    if is_begun(job, grant) {
        return Vec::new();
    }
    let rule = context.erase.release;
    let release = Event::Released(Release {
        rule,
        at: context.clock.now(),
        gives_up: 0,
        statement: None,
        by_the_account: false,
    });
    let by_rule = match (&job.disposal, rule) {
        (Disposal::Kept, ReleaseRule::Manifest | ReleaseRule::Aws) => Some(release),
        // It was taken back since the gate was asked.
        (_, _) => None,
    };
    let starts = Event::EraseStarted {
        grant: grant.clone(),
        technique,
        confirmed_by: right.confirmed_by.clone(),
    };
    by_rule.into_iter().chain([starts]).collect()
}

/// Extends the right, and keeps how far the erase is.
///
/// # Errors
/// [`Refused::Denied`] for a caller that is no station, or the job store's failure.
pub async fn renew(
    context: &Context,
    caller: &Caller,
    EraseRenewal {
        job,
        lease,
        progress,
    }: EraseRenewal,
) -> Result<EraseLease, Refused> {
    let station = caller.station(Action::EraseDevices)?;
    let term = i64::from(context.rules.lease_seconds);
    let until = context.clock.now().plus_seconds(term);
    let progress = progress.tidied();
    let renewed = context
        .jobs
        .renew_erase(job, station, &lease, until, progress)
        .await?;
    let state = match renewed {
        true => LeaseState::Held,
        false => LeaseState::Lost,
    };
    tracing::debug!(%station, %job, ?state, bytes = progress.bytes, "right to erase renewed");
    Ok(EraseLease { state })
}

/// Writes down how an erase ends. The same under the same right is answered alike however often it comes.
///
/// # Errors
/// [`DockingFault::LeaseLost`] if another has the right, [`DockingFault::Field`] if the account is of another device or
/// claims more than it bears out: the job is unchanged then.
pub async fn end(
    context: &Context,
    caller: &Caller,
    EraseConclusion {
        job: id,
        lease,
        ending,
    }: EraseConclusion,
) -> Result<(), Refused> {
    let station = caller.station(Action::EraseDevices)?;
    let found = context.jobs.erase(id).await?;
    let found = found.filter(|right| right.token == lease && right.station == *station);
    let right = found.ok_or(DockingFault::LeaseLost(id))?;
    match ending {
        EraseEnding::Interrupted { reason } => {
            tracing::warn!(%station, job = %id, ?reason, "right to erase given back");
        }
        EraseEnding::Over { account } => {
            check(context, id, &account).await?;
            over(context, caller, &right, account).await?;
        }
    }
    context.jobs.end_erase(id, &lease).await?;
    Ok(())
}

async fn over(
    context: &Context,
    caller: &Caller,
    right: &Erase,
    account: ErasureEnd,
) -> Result<(), Refused> {
    let id = right.job;
    let event = Event::EraseEnded {
        end: Box::new(account),
        confirmed_by: right.confirmed_by.clone(),
    };
    for _ in tries() {
        let draft = Draft::open(context, id).await?;
        let mut draft = draft.ok_or_else(|| Refused::no_such_job(id))?;
        // Said before, and its answer lost.
        if is_over(&draft.job().disposal, right) {
            return Ok(());
        }
        if right.ended {
            return Err(DockingFault::LeaseLost(id).into());
        }
        draft
            .apply(&event)
            .map_err(|why| Refused::State { job: id, why })?;
        if let Committed::Saved(job) = draft.commit(context, &caller.actor()).await? {
            let became = job.disposal.code();
            tracing::warn!(actor = %caller.actor(), job = %id, became, "erase ended");
            return Ok(());
        }
    }
    Err(JobStoreError::Conflict.into())
}

/// Whether the erase that this right is for has ended already.
fn is_over(disposal: &Disposal, right: &Erase) -> bool {
    match disposal {
        Disposal::Erased { .. } => true,
        Disposal::EraseFailed { grant, .. } => *grant == right.grant,
        Disposal::Kept
        | Disposal::Released(_)
        | Disposal::Erasing { .. }
        | Disposal::Destroyed { .. } => false,
    }
}

/// Whether an account is of the device that was loaded, and bears out what it claims.
async fn check(context: &Context, id: JobId, end: &ErasureEnd) -> Result<(), Refused> {
    let history = context.jobs.history(id).await?;
    let (account, is_erased) = match end {
        ErasureEnd::Erased(account) => (&**account, true),
        ErasureEnd::Failed(failure) => {
            let ErasureFailure { account, .. } = &**failure;
            (account, false)
        }
    };
    let wrong = match serde_json::to_vec(end) {
        Ok(bytes) if bytes.len() > ACCOUNT_BYTES => {
            Some(format!("has more than {ACCOUNT_BYTES} bytes"))
        }
        Ok(_) => is_erased
            .then(|| claims_too_much(context, end, account))
            .flatten(),
        Err(error) => Some(format!("cannot be written: {error}")),
    };
    let is_other = facts::loaded(&history).and_then(|loaded| {
        let found = &account.device;
        let differs = loaded.serial.is_some() && loaded.serial != found.serial
            || loaded.wwn.is_some() && loaded.wwn != found.wwn
            || loaded.bytes.is_some_and(|bytes| bytes != found.bytes);
        differs.then(|| "is of another device than the one that was loaded".to_owned())
    });
    match wrong.or(is_other) {
        None => Ok(()),
        Some(wrong) => {
            let field = "account";
            Err(DockingFault::Field { field, wrong }.into())
        }
    }
}

/// What a certificate says that it may not.
fn claims_too_much(context: &Context, end: &ErasureEnd, account: &Certificate) -> Option<String> {
    if !end.is_sound() || account.validation.verdict == Verdict::Rejected {
        return Some("tells a device as erased that is not, by what was done".to_owned());
    }
    if account.method != account.technique.method() {
        return Some(format!(
            "claims `{}`, and `{}` gives `{}`",
            account.method,
            account.technique,
            account.technique.method()
        ));
    }
    (account.method < context.erase.method).then(|| {
        format!(
            "claims `{}`, and `erase.method` is `{}`",
            account.method, context.erase.method
        )
    })
}

/// The right to erase that has this token and is the caller's, if it is in force.
async fn right(
    context: &Context,
    caller: &Caller,
    job: JobId,
    lease: &LeaseToken,
) -> Result<Erase, Refused> {
    let station = caller.station(Action::EraseDevices)?;
    let found = context.jobs.erase(job).await?;
    let found = found.filter(|right| {
        right.token == *lease
            && right.station == *station
            && right.is_in_force(context.clock.now(), context.rules.lease_seconds)
    });
    Ok(found.ok_or(DockingFault::LeaseLost(job))?)
}
