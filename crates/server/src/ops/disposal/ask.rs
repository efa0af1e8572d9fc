//! A station asks whether a device may be erased.

use model::control::LeaseToken;
use model::device::DeviceFacts;
use model::disposal::GrantId;
use model::disposal::gate::{BayFacts, GateFacts, gate};
use model::disposal::messages::{
    EraseAnswer, EraseGrant, EraseProgress, EraseRefusal, EraseRequest, EraseTerms, USES,
};
use model::job::Job;
use model::manifest::Manifest;

use super::facts;
use crate::access::{Action, Caller, Resource, authorize};
use crate::change;
use crate::jobstore::Erase;
use crate::ops::{Context, DockingFault, Refused};
use crate::sealing::random;

/// Answers. What is refused is an answer, no error, and changes nothing.
///
/// # Errors
/// [`DockingFault::OtherStation`] for a station that speaks for another, [`DockingFault::Leased`] while another erases the
/// device, or the job store's failure.
pub async fn ask(
    context: &Context,
    caller: &Caller,
    request: EraseRequest,
) -> Result<EraseAnswer, Refused> {
    let station = caller.station(Action::EraseDevices)?;
    authorize(
        caller,
        Action::EraseDevices,
        Resource::Station(&request.station),
    )
    .map_err(|_| DockingFault::OtherStation {
        token: station.clone(),
        says: request.station.clone(),
    })?;
    let id = request.job;
    let found = change::look(context, id).await?;
    let job = found.ok_or_else(|| Refused::no_such_job(id))?;
    if let Some(holder) = super::eraser(context, id).await?.filter(|it| it != station) {
        return Err(DockingFault::Leased { job: id, holder }.into());
    }
    let bay = seen(context, &job, &request);
    let facts = facts::collect(context, &job, bay).await?;
    let pass = match gate(&facts) {
        Ok(pass) => pass,
        Err(shut) => {
            let refusals: Vec<EraseRefusal> = shut.into_iter().map(EraseRefusal::from).collect();
            tracing::warn!(%station, job = %id, ?refusals, "erase refused");
            return Ok(EraseAnswer::Refused { refusals });
        }
    };
    let terms = terms(context, &job, &facts);
    if request.dry_run {
        return Ok(EraseAnswer::WouldGrant {
            terms: Box::new(terms),
        });
    }
    // Who has a journal goes by the grant that stands in it, also if it never came to a first write.
    let grant = request.resumes.clone().unwrap_or_else(draw);
    let right = right(context, &request, grant);
    let given = context.jobs.give_erase(&right, context.clock.now()).await?;
    if given.token != right.token {
        let holder = given.station;
        return Err(DockingFault::Leased { job: id, holder }.into());
    }
    let goes_on = pass.goes_on;
    tracing::warn!(%station, job = %id, grant = %given.grant, goes_on, device = %facts.bay.device, "erase granted");
    Ok(EraseAnswer::Granted(Box::new(EraseGrant {
        grant: given.grant,
        lease: given.token,
        lease_seconds: context.rules.lease_seconds,
        goes_on,
        terms,
    })))
}

fn draw() -> GrantId {
    GrantId::new(hex::encode(random::<16>())).expect("thirty-two digits")
}

/// What the station sees, as it is believed.
fn seen(context: &Context, job: &Job, request: &EraseRequest) -> BayFacts {
    BayFacts {
        station: request.station.clone(),
        device: request.device.clone().tidied(),
        signature: facts::signature(context, job, request.signature_file.as_deref()),
        in_use: request.in_use.iter().take(USES).cloned().collect(),
        confirmation: request.confirmation.clone(),
        stayed: request.stayed,
        resumes: request.resumes.clone(),
    }
}

fn right(context: &Context, request: &EraseRequest, grant: GrantId) -> Erase {
    let term = i64::from(context.rules.lease_seconds);
    Erase {
        job: request.job,
        station: request.station.clone(),
        bay: request.bay.clone(),
        grant,
        token: LeaseToken(hex::encode(random::<16>())),
        until: context.clock.now().plus_seconds(term),
        progress: EraseProgress::default(),
        ended: false,
    }
}

fn terms(context: &Context, job: &Job, facts: &GateFacts) -> EraseTerms {
    let manifest = Manifest::parse_accepted(&job.manifest, job.job_type).ok();
    let log = job.progress.log();
    EraseTerms {
        job: job.id,
        at_least: context.erase.method,
        verify: context.erase.verify,
        account: job.account.clone(),
        device_id: manifest.map(|manifest| manifest.common().device_id.clone()),
        device: facts
            .loaded
            .clone()
            .map_or_else(|| facts.bay.device.clone(), DeviceFacts::tidied),
        report: log.map_or_else(String::new, |log| {
            format!("s3://{}/{}", log.bucket, log.key.as_str())
        }),
        since: context.clock.now(),
    }
}
