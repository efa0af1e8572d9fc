//! A station asks whether a device may be erased.

use model::actor::Actor;
use model::control::LeaseToken;
use model::device::DeviceFacts;
use model::disposal::GrantId;
use model::disposal::gate::{BayFacts, GateFacts, gate};
use model::disposal::messages::{
    EraseAnswer, EraseGrant, EraseProgress, EraseRefusal, EraseRequest, EraseTerms, USES,
};
use model::job::Job;
use model::manifest::Manifest;
use model::order::OrderVerb;
use model::readable;
use model::time::Timestamp;

use super::facts;
use crate::access::{Action, Caller, Resource, authorize};
use crate::change;
use crate::jobstore::{Erase, JobStoreError};
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
    let by = Confirmers::of(context, &request).await?;
    let bay = seen(context, &job, &request, &by);
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
    let right = right(context, &request, grant, by.names());
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

/// Characters that are kept of what the host of a station calls its user.
const USER_CHARS: usize = 64;

/// Who confirmed an erase.
struct Confirmers {
    /// Those who gave the order.
    persons: Vec<Actor>,
    /// Who sat at the terminal of the station, as that says.
    user: Option<String>,
}

impl Confirmers {
    /// By what the server itself knows of the order, or by what the station says of its terminal.
    async fn of(context: &Context, request: &EraseRequest) -> Result<Self, JobStoreError> {
        let said = request.confirmation.as_ref();
        let Some(id) = said.and_then(|said| said.order.as_ref()) else {
            let user = said.and_then(|said| said.user.as_ref());
            return Ok(Self {
                persons: Vec::new(),
                user: user.map(|user| readable::name(user, USER_CHARS)),
            });
        };
        // One that is not told any more was told a moment ago.
        let ever = Timestamp::from_unix(0);
        let orders = context.jobs.orders(&request.station, ever).await?;
        let given = orders.into_iter().map(|stored| stored.order).find(|order| {
            order.id == *id && order.verb == OrderVerb::Erase && order.erase.as_ref() == said
        });
        Ok(Self {
            persons: given.map(|order| order.persons()).unwrap_or_default(),
            user: None,
        })
    }

    /// As a receipt names them.
    fn names(&self) -> Vec<String> {
        let persons = self.persons.iter().map(|actor| match actor {
            Actor::Person(name) => name.to_string(),
            other => other.to_string(),
        });
        let user = self
            .user
            .iter()
            .map(|user| format!("{user}, at a terminal"));
        persons.chain(user).collect()
    }
}

fn draw() -> GrantId {
    GrantId::new(hex::encode(random::<16>())).expect("thirty-two digits")
}

/// What the station sees, as it is believed.
fn seen(context: &Context, job: &Job, request: &EraseRequest, by: &Confirmers) -> BayFacts {
    BayFacts {
        station: request.station.clone(),
        device: request.device.clone().tidied(),
        signature: facts::signature(context, job, request.signature_file.as_deref()),
        in_use: request.in_use.iter().take(USES).cloned().collect(),
        confirmation: request.confirmation.clone(),
        persons: by.persons.clone(),
        stayed: request.stayed,
        resumes: request.resumes.clone(),
    }
}

fn right(
    context: &Context,
    request: &EraseRequest,
    grant: GrantId,
    confirmed_by: Vec<String>,
) -> Erase {
    let term = i64::from(context.rules.lease_seconds);
    Erase {
        job: request.job,
        station: request.station.clone(),
        bay: request.bay.clone(),
        grant,
        token: LeaseToken(hex::encode(random::<16>())),
        until: context.clock.now().plus_seconds(term),
        confirmed_by,
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
