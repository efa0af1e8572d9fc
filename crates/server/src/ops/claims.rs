//! A device has appeared: decides whether it is loaded, and by whom.
//!
//! The lease is taken before the job changes, and the answer is sent after:
//!
//! 1. A job under another station's lease is left alone, whatever the device shows; so is any job if the station gets
//!    none: it is drained, its clock is wrong, or two hosts have its name.
//! 2. A device that is not to be loaded changes its job at most so that it is here and why it waits,
//!    and takes no lease. It ends no job. Nor does one whose job is on hold for what is not mended, however often it
//!    is docked.
//! 3. Otherwise the station takes the lease. Of two stations that claim at once, one gets it. Stores that give keys for an
//!    attempt are asked for them; if one gives none, the lease is given back, and nothing has happened.
//! 4. Only who has it writes that the device is here and that the transfer runs. If the customer
//!    canceled in between, the lease is given back and the device denied.
//!
//! A crash between 3 and 4 leaves a lease on a job that has not begun: the same station may claim
//! again at once, another when it lapses. A crash after 4 loses the answer: the station claims
//! again and gets a new token, and the old one is worth nothing. So no device is lost, and no two
//! attempts believe that a job is theirs.

mod at_hand;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use model::actor::Actor;
use model::control::{
    BucketAccess, Claim, ClaimAnswer, ClaimRequest, ENCRYPTS_EXPORTS, KNOWS_SECRETS,
    KNOWS_SESSIONS, LeaseToken, View,
};
use model::device::DeviceFacts;
use model::dispatch::{Denial, Dispatch, Docked, Presented, dispatch, job_of};
use model::event::Event;
use model::hold::Check;
use model::ids::{BayName, BucketName, JobId, StationName};
use model::job::Job;
use model::limits::SIGNATURE_FILE_BYTES;
use model::manifest::Manifest;
use model::presence::NoClaims;
use model::readable;
use model::signature::SignatureFile;
use model::stopped::{StopCause, Stopped};

use super::leases::{holder, in_one_line};
use super::stations::presence;
use super::{Context, DockingFault, Refused, secrets, ways};
use crate::access::{Action, Caller, Resource, authorize};
use crate::change::{Committed, Draft, tries};
use crate::config::image_target;
use crate::giving_up;
use crate::jobstore::{Account, JobStoreError, Lease};
use crate::mending::{self, first_denied};
use crate::sealing::random;
use crate::stores::Whence;

/// What a claim comes to.
enum Verdict {
    Load(Box<Manifest>),
    Deny(DenialWords),
}

/// With what a station comes.
#[derive(Clone, Copy)]
enum Comes {
    Device,
    /// With no device, and its own journal.
    Journal,
}

/// Who claims a job.
#[derive(Clone, Copy)]
struct Claimant<'a> {
    station: &'a StationName,
    /// Where it is.
    whence: Whence,
    /// The version of its messages.
    version: u32,
}

/// A denial in words.
struct DenialWords {
    code: &'static str,
    message: String,
    hint: String,
    cause: Option<StopCause>,
}

/// Answers a claim.
///
/// # Errors
/// [`DockingFault::OtherStation`] for a station that speaks for another, or the job store's failure. A
/// device that is not loaded is an answer, no error.
pub async fn claim(
    context: &Context,
    caller: &Caller,
    request: ClaimRequest,
    whence: Whence,
) -> Result<ClaimAnswer, Refused> {
    let station = caller.station(Action::ClaimJobs)?;
    authorize(
        caller,
        Action::ClaimJobs,
        Resource::Station(&request.station),
    )
    .map_err(|_| DockingFault::OtherStation {
        token: station.clone(),
        says: request.station.clone(),
    })?;
    let docked = Docked {
        presented: presented(request.signature_file.as_deref()),
        named: request.job,
        view: request.view,
        obstacle: request.obstacle,
        bytes: request.bytes,
        reads_files: request.reads_files,
        device: request.facts.map(DeviceFacts::tidied),
        has_secret: false,
    };
    let files_bytes = request.files_bytes;
    let comes = match request.from_journal {
        true => Comes::Journal,
        false => Comes::Device,
    };
    let (device, version) = (request.device.as_str(), request.version);
    let who = Claimant {
        station,
        whence,
        version,
    };
    let facts = docked.device.as_ref().map(ToString::to_string);
    let (job, answer) = match job_of(&docked) {
        Ok(id) => (
            Some(id),
            decide(context, who, id, (&docked, comes, files_bytes)).await?,
        ),
        Err(denial) => {
            let job = match &denial {
                Denial::OtherJob { found, .. } => Some(*found),
                _ => None,
            };
            (job, denied(job, denial.into()))
        }
    };
    let job = job.map(|id| id.to_string());
    match &answer {
        ClaimAnswer::Granted(claim) => {
            context.metrics.claim("Granted");
            let (attempt, facts) = (claim.attempt, facts.as_deref());
            tracing::info!(%station, version, job, ?device, facts, attempt, "job claimed");
        }
        ClaimAnswer::Denied { code, message, .. } => {
            context.metrics.claim(code);
            tracing::warn!(%station, job, ?device, code, why = ?message, "device denied");
        }
    }
    Ok(answer)
}

fn presented(signature_file: Option<&str>) -> Presented {
    let Some(text) = signature_file else {
        return Presented::Nothing;
    };
    let fits = |bytes: &Vec<u8>| bytes.len() as u64 <= SIGNATURE_FILE_BYTES;
    // What cannot be decoded or is too long is no SIGNATURE file, and is told like one.
    let bytes = STANDARD.decode(text).ok().filter(fits).unwrap_or_default();
    match SignatureFile::parse(&bytes) {
        Ok(file) => Presented::File(file),
        Err(why) => Presented::Unreadable(why),
    }
}

/// Decides until nobody else has changed the job meanwhile.
async fn decide(
    context: &Context,
    who: Claimant<'_>,
    id: JobId,
    (docked, comes, files_bytes): (&Docked, Comes, Option<u64>),
) -> Result<ClaimAnswer, Refused> {
    let station = who.station;
    let token = LeaseToken(hex::encode(random::<16>()));
    let mut lease = None;
    for _ in tries() {
        let Some(mut draft) = Draft::open(context, id).await? else {
            return Ok(denied(Some(id), Denial::UnknownJob(id).into()));
        };
        let holder = holder(context, id).await?;
        if let Some(holder) = holder.as_ref().filter(|holder| *holder != station) {
            return Ok(denied(Some(id), leased(id, holder)));
        }
        if let Some(why) = barred(context, station, holder.is_some()).await? {
            return Ok(denied(Some(id), why));
        }
        let account = context.jobs.account(&draft.job().account).await?;
        let secret = secrets::for_claim(context, id, (who.version, docked.view)).await?;
        let docked = &Docked {
            has_secret: secret.is_some(),
            ..docked.clone()
        };
        let (events, verdict) = match comes {
            Comes::Device => judge(context, draft.job(), account.as_ref(), docked, station),
            Comes::Journal => match at_hand::bay_with(context, station, id).await? {
                Some(bay) => (Vec::new(), Verdict::Deny(in_a_bay(id, &bay))),
                None => judge_journal(draft.job(), account.as_ref()),
            },
        };
        let (events, verdict) = held_back(context, draft.job(), events, verdict).await?;
        let (events, verdict) =
            not_too_large(context, draft.job(), files_bytes, (events, verdict)).await?;
        let (events, verdict) = without_sessions(context, who, events, verdict);
        let (mut events, verdict) = without_encryption(who, events, verdict);
        if matches!(verdict, Verdict::Deny(_)) {
            // A device is docked again and again until its job goes on: what is known is no news.
            events.retain(|event| !draft.job().knows(event));
        }
        if matches!(verdict, Verdict::Load(_)) && lease.is_none() {
            let taken = take_lease(context, station, id, &token).await?;
            if taken.token != token {
                return Ok(denied(Some(id), leased(id, &taken.station)));
            }
            // A station that was revoked meanwhile may have got it after its others were ended.
            if let Some(why) = barred(context, station, true).await? {
                context.jobs.end_lease(id, &token).await?;
                return Ok(denied(Some(id), why));
            }
            lease = Some(taken);
        }
        // Before the job changes: where a store gives no key, nothing has happened.
        let buckets = match (&verdict, &lease) {
            (Verdict::Load(manifest), Some(lease)) => {
                let job = (draft.job(), &**manifest);
                let found = ways::to_buckets(context, who.whence, job, lease).await;
                if found.is_err() {
                    context.jobs.end_lease(id, &token).await?;
                }
                found?
            }
            (Verdict::Load(_), None) | (Verdict::Deny(_), _) => Vec::new(),
        };
        for event in &events {
            draft
                .apply(event)
                .map_err(|why| Refused::State { job: id, why })?;
        }
        let Committed::Saved(job) = draft
            .commit(context, &Actor::Station(station.clone()))
            .await?
        else {
            continue;
        };
        return match (verdict, lease) {
            (Verdict::Load(manifest), Some(lease)) => {
                if let Some(secret) = secret.as_ref().filter(|it| it.handed.is_none()) {
                    let now = context.clock.now();
                    context.jobs.note_handed(id, secret.number, now).await?;
                }
                let is_export = matches!(*manifest, Manifest::S3Export(_));
                let is_read = who.version >= KNOWS_SECRETS && docked.view == Some(View::Raw);
                let secrets = match is_export || is_read {
                    true => secrets::told(context, secret.as_ref(), &manifest),
                    false => Vec::new(),
                };
                let claim = grant(context, &job, &manifest, (lease, buckets));
                Ok(ClaimAnswer::Granted(Box::new(Claim { secrets, ..claim })))
            }
            (Verdict::Deny(refused), lease) => {
                if lease.is_some() {
                    context.jobs.end_lease(id, &token).await?;
                }
                let refused = at_hand::told_of_another(context, id, docked, refused).await?;
                Ok(denied(Some(id), refused))
            }
            // A lease was taken above for whatever is loaded.
            (Verdict::Load(_), None) => Err(DockingFault::LeaseLost(id).into()),
        };
    }
    Err(JobStoreError::Conflict.into())
}

/// What the device does to its job, and whether it is loaded. A job whose account has lost its right
/// to a bucket meanwhile is received and otherwise left as it is.
fn judge(
    context: &Context,
    job: &Job,
    account: Option<&Account>,
    docked: &Docked,
    station: &StationName,
) -> (Vec<Event>, Verdict) {
    let manifest = Manifest::parse_accepted(&job.manifest, job.job_type);
    let key = &context.signing_key;
    let Dispatch { events, denial } = dispatch(job, manifest.as_ref().ok(), key, docked, station);
    if let Some(denial) = denial {
        return (events, Verdict::Deny(denial.into()));
    }
    match manifest {
        Ok(manifest) => match first_needed(job, &manifest, account) {
            None => (events, Verdict::Load(Box::new(manifest))),
            Some(bucket) => {
                let denied = forbidden(job, &bucket);
                let events = waiting(events, StopCause::BucketRights, Some(bucket), None);
                (events, Verdict::Deny(denied))
            }
        },
        Err(faults) => {
            tracing::error!(job = %job.id, faults = ?faults.to_string(), "manifest not readable any more");
            let first = faults
                .iter()
                .next()
                .map(|fault| in_one_line(&fault.to_string()));
            let events = waiting(events, StopCause::ManifestFault, None, first);
            (events, Verdict::Deny(unreadable(job)))
        }
    }
}

/// Whether a journal alone is enough: only a job that is to end with what is loaded needs no device.
fn judge_journal(job: &Job, account: Option<&Account>) -> (Vec<Event>, Verdict) {
    let manifest = Manifest::parse_accepted(&job.manifest, job.job_type);
    match manifest {
        Ok(manifest) if job.without.is_some() && !job.progress.is_terminal() => {
            match first_needed(job, &manifest, account) {
                None => (
                    vec![Event::TransferStarted],
                    Verdict::Load(Box::new(manifest)),
                ),
                Some(bucket) => (Vec::new(), Verdict::Deny(forbidden(job, &bucket))),
            }
        }
        Ok(_) | Err(_) => (Vec::new(), Verdict::Deny(needs_device(job))),
    }
}

/// The first bucket that the job needs and to which its account has no right any more. One that is to end with what is
/// loaded only needs that of its report.
fn first_needed(job: &Job, manifest: &Manifest, account: Option<&Account>) -> Option<BucketName> {
    match job.without {
        None => first_denied(manifest, account),
        Some(_) => giving_up::denied_report(manifest, account),
    }
}

/// Holds a device back whose job is on hold, unless that is mended. Whoever docks it by hand needs not wait until the
/// service has looked.
async fn held_back(
    context: &Context,
    job: &Job,
    events: Vec<Event>,
    verdict: Verdict,
) -> Result<(Vec<Event>, Verdict), Refused> {
    let (Verdict::Load(_), Some(hold)) = (&verdict, job.hold()) else {
        return Ok((events, verdict));
    };
    let Some(rule) = hold.cause.hold() else {
        return Ok((events, verdict));
    };
    let goes_on = match rule.check {
        // The docking has shown it.
        Check::Docking => true,
        Check::Person => !hold.is_held_by_person(),
        Check::Bucket | Check::Rights | Check::Store | Check::Manifest | Check::Limit => {
            hold.may_be_mended_from() <= context.clock.now()
                && mending::may_be_mended(context, job, hold).await?
        }
    };
    if goes_on {
        return Ok((events, verdict));
    }
    let events = events.into_iter().filter(is_arrival).collect();
    Ok((events, Verdict::Deny(on_hold(job.id, hold))))
}

/// Holds a device back on which there is more than a job of its account may load. One that is to end with what is loaded
/// loads nothing more.
async fn not_too_large(
    context: &Context,
    job: &Job,
    files_bytes: Option<u64>,
    (events, verdict): (Vec<Event>, Verdict),
) -> Result<(Vec<Event>, Verdict), Refused> {
    let is_counted =
        matches!(&verdict, Verdict::Load(manifest) if matches!(**manifest, Manifest::S3Import(_)));
    let found = files_bytes.filter(|_| is_counted && job.without.is_none());
    let limit = match found {
        Some(_) => mending::job_limit(context, job).await?,
        None => None,
    };
    match (found, limit) {
        (Some(found), Some(limit)) if found > limit => {
            let words = format!(
                "{} on it, and {} are allowed",
                readable::bytes(found),
                readable::bytes(limit)
            );
            let denied = too_large(job, &words);
            let events = waiting(events, StopCause::TooLarge, None, Some(words));
            Ok((events, Verdict::Deny(denied)))
        }
        _ => Ok((events, verdict)),
    }
}

/// Holds a device back whose stores give keys that end by themselves, if its station cannot use such.
fn without_sessions(
    context: &Context,
    who: Claimant<'_>,
    events: Vec<Event>,
    verdict: Verdict,
) -> (Vec<Event>, Verdict) {
    match &verdict {
        Verdict::Load(manifest)
            if who.version < KNOWS_SESSIONS && context.stores.gives_sessions(manifest) =>
        {
            let events = events.into_iter().filter(is_arrival).collect();
            let lacks = "cannot use the keys that a store of this job gives";
            (events, Verdict::Deny(too_old(who.station, lacks)))
        }
        Verdict::Load(_) | Verdict::Deny(_) => (events, verdict),
    }
}

/// Holds a device back that is to be filled and encrypted, if its station would fill it and not encrypt it.
fn without_encryption(
    who: Claimant<'_>,
    events: Vec<Event>,
    verdict: Verdict,
) -> (Vec<Event>, Verdict) {
    match &verdict {
        Verdict::Load(manifest)
            if who.version < ENCRYPTS_EXPORTS && matches!(**manifest, Manifest::S3Export(_)) =>
        {
            let events = events.into_iter().filter(is_arrival).collect();
            let lacks = "does not encrypt the devices that it fills";
            (events, Verdict::Deny(too_old(who.station, lacks)))
        }
        Verdict::Load(_) | Verdict::Deny(_) => (events, verdict),
    }
}

/// The device is here, and its job waits instead of beginning.
fn waiting(
    events: Vec<Event>,
    cause: StopCause,
    bucket: Option<BucketName>,
    words: Option<String>,
) -> Vec<Event> {
    let stopped = Event::Stopped {
        cause,
        bucket,
        words,
        detail: "the docking was refused".to_owned(),
        untouched: false,
    };
    let events = events.into_iter().filter(is_arrival);
    events.chain([stopped]).collect()
}

fn is_arrival(event: &Event) -> bool {
    matches!(event, Event::DeviceArrived { .. })
}

/// Why a station gets no job, if it gets none. One that is drained goes on with what it `has`.
async fn barred(
    context: &Context,
    station: &StationName,
    has: bool,
) -> Result<Option<DenialWords>, JobStoreError> {
    let Some(found) = context.jobs.station(station).await? else {
        return Ok(Some(revoked(station)));
    };
    if found.revoked.is_some() {
        return Ok(Some(revoked(station)));
    }
    let bar = presence(&found, has).no_claims(context.clock.now());
    Ok(match bar {
        None => None,
        Some(NoClaims::Draining) if has => None,
        Some(why) => Some(no_claims(station, why)),
    })
}

async fn take_lease(
    context: &Context,
    station: &StationName,
    id: JobId,
    token: &LeaseToken,
) -> Result<Lease, JobStoreError> {
    let now = context.clock.now();
    let until = now.plus_seconds(context.rules.lease_seconds.into());
    context
        .jobs
        .claim_lease(id, station, token, now, until)
        .await
}

fn grant(
    context: &Context,
    job: &Job,
    manifest: &Manifest,
    (lease, buckets): (Lease, Vec<BucketAccess>),
) -> Claim {
    Claim {
        job: job.id,
        job_type: job.job_type,
        account: job.account.clone(),
        created: job.created,
        manifest: job.manifest.clone(),
        attempt: lease.attempt,
        begun: job.progress.running_since(),
        lease_seconds: context.rules.lease_seconds,
        buckets,
        lease: lease.token,
        image: image_target(manifest, context.ebs.as_ref(), &context.glacier)
            .map(|target| context.stores.with_way(target)),
        without: job.without.clone(),
        as_it_is: job.as_it_is.clone(),
        secrets: Vec::new(),
    }
}

fn denied(job: Option<JobId>, denied: DenialWords) -> ClaimAnswer {
    let DenialWords {
        code,
        message,
        hint,
        cause,
    } = denied;
    ClaimAnswer::Denied {
        code: code.to_owned(),
        message,
        hint,
        job,
        cause,
    }
}

impl From<Denial> for DenialWords {
    fn from(denial: Denial) -> Self {
        Self {
            code: denial.code(),
            message: denial.to_string(),
            hint: denial.hint(),
            cause: denial.cause(),
        }
    }
}

fn leased(id: JobId, holder: &StationName) -> DenialWords {
    DenialWords {
        code: "Leased",
        message: format!("job {id} is being done by station `{holder}`"),
        hint: "wait until that station is done, or until its lease lapses".to_owned(),
        cause: None,
    }
}

fn revoked(station: &StationName) -> DenialWords {
    DenialWords {
        code: "Revoked",
        message: format!("station `{station}` is revoked"),
        hint:
            "dock the device at another station, or admit this one again with `longshore station \
               token`"
                .to_owned(),
        cause: None,
    }
}

fn no_claims(station: &StationName, why: NoClaims) -> DenialWords {
    let (code, message, hint) = match why {
        NoClaims::Twice => (
            "StationTwice",
            format!("two hosts are heard as station `{station}`"),
            "stop one of them, or give it a name and a token of its own; a minute later this goes on",
        ),
        NoClaims::Clock => (
            "StationClock",
            format!("the clock of station `{station}` is wrong by more than a minute"),
            "set the clock of its host, best by NTP; with the next heartbeat this goes on",
        ),
        NoClaims::Draining | NoClaims::Other => (
            "StationDrained",
            format!("station `{station}` is drained: it begins nothing new"),
            "dock the device at another station, or let this one begin again",
        ),
    };
    DenialWords {
        code,
        message,
        hint: hint.to_owned(),
        cause: None,
    }
}

fn forbidden(job: &Job, bucket: &BucketName) -> DenialWords {
    DenialWords {
        code: "BucketPermission",
        message: format!(
            "account {} of job {} has no right to the bucket `{bucket}` any more",
            job.account, job.id
        ),
        hint: "the device is booked as received; give the right back with `longshore account \
               allow` and dock it again, or let the customer cancel the job"
            .to_owned(),
        cause: Some(StopCause::BucketRights),
    }
}

fn too_large(job: &Job, words: &str) -> DenialWords {
    DenialWords {
        code: "TooLarge",
        message: format!(
            "there is more on the device of job {} than account {} may load with a job: {words}",
            job.id, job.account
        ),
        hint: format!(
            "the device is booked as received; `longshore account limit {} 10TB` lets it load more, and it goes on by itself",
            job.account
        ),
        cause: Some(StopCause::TooLarge),
    }
}

fn on_hold(job: JobId, hold: &Stopped) -> DenialWords {
    let from = hold.may_be_mended_from();
    let again = match hold.in_vain {
        Some(in_vain) => format!(
            "it went on {} times in vain, and is tried again from {from} on",
            in_vain.times
        ),
        None => "it goes on when that is mended".to_owned(),
    };
    DenialWords {
        code: "OnHold",
        message: format!("job {job} waits. {hold}"),
        hint: format!("{again}; `longshore job resume {job}` lets it go on at once"),
        cause: Some(hold.cause),
    }
}

/// The journal is for a device that is gone.
fn in_a_bay(job: JobId, bay: &BayName) -> DenialWords {
    DenialWords {
        code: "DeviceAtHand",
        message: format!("the device of job {job} is in bay {bay} of this station"),
        hint: "its bay ends the job by itself, with a line for each of its files; if that is another device or a dead one, \
               take it out first"
            .to_owned(),
        cause: None,
    }
}

fn needs_device(job: &Job) -> DenialWords {
    DenialWords {
        code: "NeedsDevice",
        message: format!(
            "job {} is not to be finished without what is not loaded",
            job.id
        ),
        hint: format!(
            "dock its device; or, while it is on hold, `longshore job finish-without {}`",
            job.id
        ),
        cause: None,
    }
}

fn too_old(station: &StationName, lacks: &str) -> DenialWords {
    DenialWords {
        code: "Unsupported",
        message: format!("station `{station}` is of an earlier release, which {lacks}"),
        hint: "install this release of Longshore at the station, and dock the device again"
            .to_owned(),
        cause: None,
    }
}

fn unreadable(job: &Job) -> DenialWords {
    DenialWords {
        code: "Unsupported",
        message: format!(
            "the manifest of job {} cannot be read by this release",
            job.id
        ),
        hint: "the device is booked as received; let the customer submit the manifest again with \
               UpdateJob"
            .to_owned(),
        cause: Some(StopCause::ManifestFault),
    }
}
