//! Orders: what a person wants a station to do with a bay. The station hears of it with its next heartbeat.

use model::actor::Actor;
use model::bay::BayStatus;
use model::disposal::messages::Confirmation;
use model::disposal::rules::Confirm;
use model::ids::{BayName, JobId, OrderId, StationName};
use model::job::Job;
use model::order::{Order, OrderVerb, stale_since};
use model::secret::DeviceSecret;
use model::signature::SignatureFile;

use super::custody::check;
use super::{AccountFault, Admin, Context, DockingFault, Refused, stations};
use crate::access::{Action, Caller, Resource, authorize};
use crate::change::tries;
use crate::jobstore::JobStoreError;
use crate::sealing::random;

/// What is wanted of a bay.
enum Wanted {
    Plain(OrderVerb),
    LoadAs(SignatureFile),
    /// And whether another person has to say the same.
    Erase(Confirmation, bool),
    Unlock(DeviceSecret),
}

/// Orders something of a bay. If the same is ordered already and not yet answered, that order is meant.
///
/// # Errors
/// [`AccountFault::NoSuchStation`], [`AccountFault::StationRevoked`]; [`AccountFault::NoSuchBay`] if the station's last
/// heartbeat told of no such bay; [`DockingFault::NothingInBay`] if it told of nothing in it; or the job store's failure.
pub async fn order(
    admin: &Admin,
    caller: &Caller,
    station: &StationName,
    bay: &BayName,
    verb: OrderVerb,
) -> Result<Order, Refused> {
    let stay = occupied(admin, caller, station, bay).await?.stay;
    if verb == OrderVerb::Erase {
        let wrong =
            "cannot be `erase` without the job and the end of the device's serial".to_owned();
        let field = "Verb";
        return Err(DockingFault::Field { field, wrong }.into());
    }
    if verb == OrderVerb::Unlock {
        let wrong = "cannot be `unlock` without the password".to_owned();
        let field = "Verb";
        return Err(DockingFault::Field { field, wrong }.into());
    }
    give(admin, caller, station, (bay, stay), Wanted::Plain(verb)).await
}

/// Orders what is in a bay to be erased, if it is the device of this job and the gate is open. Who orders has named both;
/// where the settings want two persons, no station hears of it before another has done the same.
///
/// # Errors
/// As [`order`]; [`DockingFault::MixedUp`] if the station has told of another job in the bay.
pub async fn erase(
    context: &Context,
    caller: &Caller,
    station: &StationName,
    bay: &BayName,
    said: Confirmation,
) -> Result<Order, Refused> {
    let admin = &context.admin();
    let BayStatus {
        job: told, stay, ..
    } = occupied(admin, caller, station, bay).await?;
    if told.is_some_and(|told| told != said.job) {
        let (bay, scanned) = (bay.clone(), said.job);
        return Err(DockingFault::MixedUp { bay, scanned, told }.into());
    }
    check("SerialEnd", &said.serial_end)?;
    let needs_second = context.erase.confirm == Confirm::TwoPersons;
    if needs_second {
        let Actor::Person(_) = caller.actor() else {
            let wrong = "cannot be `erase` by the token of a station: `erase.confirm` is `two-persons`, each with a token \
                         of their own";
            let field = "Verb";
            let wrong = wrong.to_owned();
            return Err(DockingFault::Field { field, wrong }.into());
        };
        let (by, now) = (caller.actor(), admin.clock.now());
        let times = (now, stale_since(now));
        let second = admin.jobs.second_order(station, bay, &said, &by, times);
        if let Some(order) = second.await? {
            let first = &order.by;
            tracing::warn!(%first, second = %by, %station, %bay, job = %said.job, order = %order.id, "ordered by two");
            return Ok(order);
        }
    }
    let wanted = Wanted::Erase(said, needs_second);
    give(admin, caller, station, (bay, stay), wanted).await
}

/// Orders what is in a bay to be opened with a secret that a person typed, and to be loaded. It is tried once, and kept no
/// longer than it takes the station to hear of it.
///
/// # Errors
/// As [`order`]; [`DockingFault::TooManySecrets`].
pub async fn unlock(
    admin: &Admin,
    caller: &Caller,
    station: &StationName,
    bay: &BayName,
    secret: DeviceSecret,
) -> Result<Order, Refused> {
    let stay = occupied(admin, caller, station, bay).await?.stay;
    let subject = format!("bay {bay} of station {station}");
    if !admin.jobs.count_secret(&subject, admin.clock.now()).await? {
        return Err(DockingFault::TooManySecrets(subject).into());
    }
    give(admin, caller, station, (bay, stay), Wanted::Unlock(secret)).await
}

/// Orders what is in a bay to be loaded, if it is the device of this job, whose slip was scanned: a slip is no proof.
///
/// # Errors
/// As [`order`]; [`DockingFault::MixedUp`] if the station has not told so.
pub async fn load_as(
    admin: &Admin,
    caller: &Caller,
    station: &StationName,
    bay: &BayName,
    job: JobId,
) -> Result<Order, Refused> {
    let BayStatus {
        job: told, stay, ..
    } = occupied(admin, caller, station, bay).await?;
    if told != Some(job) {
        let (bay, scanned) = (bay.clone(), job);
        return Err(DockingFault::MixedUp { bay, scanned, told }.into());
    }
    give(
        admin,
        caller,
        station,
        (bay, stay),
        Wanted::Plain(OrderVerb::Load),
    )
    .await
}

/// Orders what is in a bay to be loaded as the device of this sheet, which was scanned: it stands for a SIGNATURE file.
/// A bay that is still told to be empty may have been filled by the person who scans.
///
/// # Errors
/// As [`order`]; [`DockingFault::WrongSheet`] if it was not issued here, [`DockingFault::MixedUp`] if the device names
/// another job.
pub async fn present(
    context: &Context,
    caller: &Caller,
    station: &StationName,
    bay: &BayName,
    sheet: SignatureFile,
) -> Result<Order, Refused> {
    let admin = context.admin();
    let BayStatus {
        job: told, stay, ..
    } = told(&admin, caller, station, bay).await?;
    let scanned = sheet.job;
    let job = super::jobs::find(context, caller, Action::LookAtJob, scanned.as_str()).await?;
    if sheet_of(context, &job) != sheet {
        return Err(DockingFault::WrongSheet(scanned).into());
    }
    if told.is_some_and(|told| told != scanned) {
        let bay = bay.clone();
        return Err(DockingFault::MixedUp { bay, scanned, told }.into());
    }
    give(&admin, caller, station, (bay, stay), Wanted::LoadAs(sheet)).await
}

/// The sheet that was issued for a job.
pub(crate) fn sheet_of(context: &Context, job: &Job) -> SignatureFile {
    let key = &context.signing_key;
    SignatureFile {
        job: job.id,
        signature: key.sign(&job.account, job.id, job.created),
    }
}

/// What the station last told of a bay of which the caller may order something.
///
/// # Errors
/// As [`order`] of a bay that nobody has told of.
pub(crate) async fn told(
    admin: &Admin,
    caller: &Caller,
    station: &StationName,
    bay: &BayName,
) -> Result<BayStatus, Refused> {
    authorize(caller, Action::OrderStation, Resource::Station(station))?;
    if stations::find(admin, station).await?.revoked.is_some() {
        return Err(AccountFault::StationRevoked(station.clone()).into());
    }
    let told = admin.jobs.told(station).await?.unwrap_or_default();
    let found = told.bays.into_iter().find(|told| told.name == *bay);
    Ok(found.ok_or_else(|| AccountFault::NoSuchBay {
        station: station.clone(),
        bay: bay.clone(),
    })?)
}

/// The same of a bay that something is in: another can do nothing.
async fn occupied(
    admin: &Admin,
    caller: &Caller,
    station: &StationName,
    bay: &BayName,
) -> Result<BayStatus, Refused> {
    let told = told(admin, caller, station, bay).await?;
    if told.state.is_vacant() {
        let (station, bay) = (station.clone(), bay.clone());
        return Err(DockingFault::NothingInBay { station, bay }.into());
    }
    Ok(told)
}

async fn give(
    admin: &Admin,
    caller: &Caller,
    station: &StationName,
    (bay, stay): (&BayName, Option<u32>),
    wanted: Wanted,
) -> Result<Order, Refused> {
    let now = admin.clock.now();
    let plain = |verb| Order {
        id: draw_id(),
        bay: bay.clone(),
        verb,
        by: caller.actor(),
        at: now,
        stay,
        sheet: None,
        erase: None,
        secret: None,
        needs_second: false,
        second: None,
    };
    let order = match wanted {
        Wanted::Plain(verb) => plain(verb),
        Wanted::LoadAs(sheet) => Order {
            sheet: Some(sheet),
            ..plain(OrderVerb::Load)
        },
        Wanted::Erase(said, needs_second) => Order {
            erase: Some(said),
            needs_second,
            ..plain(OrderVerb::Erase)
        },
        Wanted::Unlock(secret) => Order {
            secret: Some(secret),
            ..plain(OrderVerb::Unlock)
        },
    };
    let verb = order.verb;
    for _ in tries() {
        let kept = admin.jobs.insert_order(station, &order, stale_since(now));
        match kept.await {
            Ok(kept) => {
                tracing::info!(actor = %caller.actor(), %station, %bay, %verb, order = %kept.id, "ordered");
                return Ok(kept);
            }
            // The same, which was there, was answered in that moment.
            Err(JobStoreError::Conflict) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(JobStoreError::Conflict.into())
}

/// An order that takes no secret.
pub(crate) fn no_secret_for(verb: OrderVerb) -> Refused {
    let field = "Secret";
    let wrong = format!("goes with `unlock`, and not with `{verb}`");
    DockingFault::Field { field, wrong }.into()
}

fn draw_id() -> OrderId {
    OrderId::new(hex::encode(random::<8>())).expect("sixteen digits")
}
