//! Parcels: boxes come with the devices of jobs, and go back with them.
//!
//! A carrier's number proves nothing and says at most which jobs to expect. A device is here when somebody has it in
//! hand: its slip was read. That begins nothing and ends nothing.

use model::control::ReturnRequest;
use model::disposal::Unerased;
use model::event::Event;
use model::ids::{JobId, StationName};
use model::operator::JobLine;
use model::operator::parcels::{Arrive, Arrived, ParcelLine, Parcels, Receive, Received, SendBack};
use model::parcel::{Direction, Due, PARCEL_JOBS, ParcelNumber};
use model::words::Word;

use super::custody::{self, check};
use super::{Admin, Context, DockingFault, Refused, jobs};
use crate::access::{Action, Caller, Resource, authorize};
use crate::change;
use crate::jobstore::{JobStoreError, Parcel, ParcelFilter};

/// Most boxes of a page.
pub const MOST_PARCELS: u32 = 200;

/// Boxes of a page where nobody says how many.
pub const PARCELS: u32 = 20;

/// Stations that are looked at to find the only one.
const FEW_STATIONS: u32 = 100;

/// Books a box as here, with the devices that are seen to be in it. The same message again is answered alike.
///
/// # Errors
/// [`Refused`]. Devices before the one that is refused are booked then.
pub async fn receive(
    context: &Context,
    caller: &Caller,
    message: Receive,
) -> Result<Received, Refused> {
    let admin = context.admin();
    let Receive {
        number,
        carrier,
        note,
        condition,
        seal,
        station,
        jobs,
    } = message;
    few(&jobs)?;
    let station = place(&admin, caller, station).await?;
    for (field, text) in [("Carrier", &carrier), ("Note", &note), ("Seal", &seal)] {
        text.as_ref().map_or(Ok(()), |text| check(field, text))?;
    }
    let parcel = Parcel {
        number: number.clone(),
        direction: Direction::In,
        carrier,
        note,
        condition,
        seal,
        station: Some(station.clone()),
    };
    let (actor, now) = (caller.actor(), admin.clock.now());
    let expected = expected(&admin, &number).await?;
    let is_expected = !expected.is_empty() || !jobs.is_empty();
    let put = admin.jobs.put_parcel(&parcel, is_expected, &actor, now);
    put.await?;
    tracing::info!(%actor, parcel = %number, %station, is_expected, "parcel received");
    let mut arrived = Vec::new();
    for job in jobs {
        let message = Arrive {
            station: Some(station.clone()),
            parcel: Some(number.clone()),
        };
        arrived.push(arrive(context, caller, job, message).await?);
    }
    Ok(Received {
        parcel: one(&admin, &number, Direction::In).await?,
        expected,
        arrived,
    })
}

/// Books the device of a job as here, and says what is due for it. One that was sent back stays so. The same message
/// again is answered alike.
///
/// # Errors
/// [`Refused`]; the job is unchanged then.
pub async fn arrive(
    context: &Context,
    caller: &Caller,
    id: JobId,
    message: Arrive,
) -> Result<Arrived, Refused> {
    let admin = context.admin();
    let station = place(&admin, caller, message.station).await?;
    let before = jobs::find(context, caller, Action::LookAtJob, id.as_str()).await?;
    let due = Due::of(&before);
    let was_here = before.custody.station() == Some(&station);
    let here = match due {
        Due::Gone => before,
        Due::Load | Due::Fill | Due::Wait | Due::Erase | Due::SendBack if was_here => before,
        Due::Load | Due::Fill | Due::Wait | Due::Erase | Due::SendBack => {
            let arrived = Event::DeviceArrived {
                station: station.clone(),
                device: None,
                signature: None,
            };
            let refused = |why| Refused::State { job: id, why };
            let job = change::apply(context, id, &caller.actor(), &arrived, refused).await?;
            tracing::info!(actor = %caller.actor(), job = %id, %station, "device received");
            job.ok_or_else(|| Refused::no_such_job(id))?
        }
    };
    if let Some(number) = message.parcel {
        let (parcel, now) = ((&number, Direction::In), admin.clock.now());
        let actor = caller.actor();
        let put = admin.jobs.put_into_parcel(parcel, id, &actor, now);
        put.await.map_err(|error| no_such(&number, error))?;
    }
    let account = admin.jobs.account(&here.account).await?;
    Ok(Arrived {
        job: JobLine::of(&here, account.map(|account| account.name), admin.patience()),
        was_here,
        due,
        sentence: due.sentence(&here),
    })
}

/// Books the devices that came in a box, or those of them that are named, as gone back in another. The same message again
/// is answered alike.
///
/// # Errors
/// [`Refused`] if one of the devices cannot go; nothing is changed then.
pub async fn send_back(
    context: &Context,
    caller: &Caller,
    came: &ParcelNumber,
    message: SendBack,
) -> Result<ParcelLine, Refused> {
    let admin = context.admin();
    let number = &message.tracking_number;
    let jobs = going(&admin, came, message.jobs).await?;
    check("Carrier", &message.carrier)?;
    let unerased = Unerased::of(message.authority.clone(), message.unerased.clone());
    let unerased = unerased.map_err(|why| DockingFault::Field {
        field: "Unerased",
        wrong: format!("is half said: {why}"),
    })?;
    let back = |job: JobId| ReturnRequest {
        job,
        carrier: message.carrier.clone(),
        tracking_number: number.to_string(),
        unerased: unerased.clone(),
    };
    for &job in &jobs {
        custody::may_give_back(context, caller, &back(job)).await?;
    }
    let parcel = Parcel {
        number: number.clone(),
        direction: Direction::Out,
        carrier: Some(message.carrier.clone()),
        note: None,
        condition: None,
        seal: None,
        station: None,
    };
    let (actor, now) = (caller.actor(), admin.clock.now());
    admin.jobs.put_parcel(&parcel, true, &actor, now).await?;
    for job in jobs {
        custody::give_back(context, caller, back(job)).await?;
        let parcel = (number, Direction::Out);
        let put = admin.jobs.put_into_parcel(parcel, job, &actor, now);
        put.await.map_err(|error| no_such(number, error))?;
    }
    one(&admin, number, Direction::Out).await
}

/// The jobs whose devices go back: all that came in the box, or those of them that are named.
async fn going(
    admin: &Admin,
    came: &ParcelNumber,
    named: Vec<JobId>,
) -> Result<Vec<JobId>, Refused> {
    few(&named)?;
    let found = with_number(admin, came, Some(Direction::In)).await?;
    let line = found.into_iter().next();
    let line = line.ok_or_else(|| DockingFault::NoSuchParcel(came.clone()))?;
    let inside: Vec<JobId> = line.jobs.iter().map(|job| job.job_id).collect();
    let wrong = match named.iter().find(|job| !inside.contains(job)) {
        Some(job) => format!("cannot be {job}: its device did not come in this box"),
        None if inside.is_empty() => "must be there: no slip of this box was read".to_owned(),
        None if named.is_empty() => return Ok(inside),
        None => return Ok(named),
    };
    let field = "Jobs";
    Err(DockingFault::Field { field, wrong }.into())
}

/// A page of boxes with their places in the list, the newest first; one more than asked for, where there are more.
///
/// # Errors
/// [`Refused`] if the caller has no right to see them, or the job store fails.
pub async fn list(
    admin: &Admin,
    caller: &Caller,
    filter: &ParcelFilter,
    limit: u32,
) -> Result<Vec<(i64, ParcelLine)>, Refused> {
    authorize(caller, Action::LookAtParcels, Resource::Service)?;
    let limit = limit.clamp(1, MOST_PARCELS);
    Ok(admin.jobs.parcels(filter, limit + 1).await?)
}

/// What is known of a number: the boxes that had it, and the jobs that have it among their words.
///
/// # Errors
/// [`Refused`] if the caller has no right to see it, or the job store fails.
pub async fn show(
    admin: &Admin,
    caller: &Caller,
    number: &ParcelNumber,
) -> Result<Parcels, Refused> {
    authorize(caller, Action::LookAtParcels, Resource::Service)?;
    Ok(Parcels {
        parcels: with_number(admin, number, None).await?,
        expected: expected(admin, number).await?,
    })
}

/// The jobs that have this number among their words.
async fn expected(admin: &Admin, number: &ParcelNumber) -> Result<Vec<JobId>, Refused> {
    match Word::new(number.as_str()) {
        Some(word) => Ok(admin.jobs.jobs_with_word(&word).await?),
        None => Ok(Vec::new()),
    }
}

async fn one(
    admin: &Admin,
    number: &ParcelNumber,
    direction: Direction,
) -> Result<ParcelLine, Refused> {
    let found = with_number(admin, number, Some(direction)).await?;
    found.into_iter().next().ok_or(Refused::Internal)
}

/// The boxes with exactly this number.
async fn with_number(
    admin: &Admin,
    number: &ParcelNumber,
    direction: Option<Direction>,
) -> Result<Vec<ParcelLine>, Refused> {
    let filter = ParcelFilter {
        direction,
        beginning: Some(number.clone()),
        ..ParcelFilter::default()
    };
    let found = admin.jobs.parcels(&filter, MOST_PARCELS).await?;
    let lines = found.into_iter().map(|(_, line)| line);
    Ok(lines.filter(|line| line.number == *number).collect())
}

/// Where the caller is: at the station that is named, at itself, or at the only one there is.
async fn place(
    admin: &Admin,
    caller: &Caller,
    named: Option<StationName>,
) -> Result<StationName, Refused> {
    let station = match (named, caller) {
        (Some(named), _) => super::stations::find(admin, &named).await?.name,
        (None, Caller::Station(own)) => own.clone(),
        (None, Caller::Customer(_) | Caller::Person(_) | Caller::Operator) => only(admin).await?,
    };
    authorize(caller, Action::ReceiveParcel, Resource::Station(&station))?;
    Ok(station)
}

async fn only(admin: &Admin) -> Result<StationName, Refused> {
    let all = admin.jobs.stations(None, FEW_STATIONS).await?;
    let mut there = all.into_iter().filter(|station| station.revoked.is_none());
    match (there.next(), there.next()) {
        (Some(only), None) => Ok(only.name),
        _ => Err(DockingFault::Field {
            field: "Station",
            wrong: "must be said: which station is it at?".to_owned(),
        }
        .into()),
    }
}

fn few(jobs: &[JobId]) -> Result<(), DockingFault> {
    if jobs.len() <= PARCEL_JOBS {
        return Ok(());
    }
    let wrong = format!("must be at most {PARCEL_JOBS} jobs");
    Err(DockingFault::Field {
        field: "Jobs",
        wrong,
    })
}

fn no_such(number: &ParcelNumber, error: JobStoreError) -> Refused {
    match error {
        JobStoreError::Missing(_) => DockingFault::NoSuchParcel(number.clone()).into(),
        error => error.into(),
    }
}
