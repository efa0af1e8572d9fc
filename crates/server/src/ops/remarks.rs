//! What people tell of a device that changes nothing of its job: what was in its parcel, what a picture of it is known by,
//! how it was packed, and what was told wrongly.

use custody::by::By;
use custody::digest::Digest;
use custody::event::{Belongings, Corrected, Event, FileName, Opened, Photographed, Sealed, What};
use model::ids::JobId;
use model::operator::custody::{Belonging, Correct, Photograph, Remarked, Seal, Unpack};

use super::custody::check;
use super::{Admin, DockingFault, Refused};
use crate::access::{Action, Caller, Resource, authorize};

/// Longest correction and reason, in characters: a line of the ledger keeps as many.
const TEXT_CHARS: usize = custody::limits::TOLD_CHARS;

/// Tells that something was told wrongly, and what is true. What was told stays as it is.
///
/// # Errors
/// [`Refused`] if the job has no such event, the caller has no right to it, or the job store fails.
pub async fn correct(
    admin: &Admin,
    caller: &Caller,
    id: JobId,
    message: Correct,
) -> Result<Remarked, Refused> {
    let Correct { of, says, because } = message;
    text("Says", &says)?;
    text("Because", &because)?;
    let told = told(admin, caller, id).await?;
    if of >= told {
        return Err(DockingFault::Field {
            field: "Of",
            wrong: format!(
                "must be an event of this job: it has those from 0 to {}",
                told - 1
            ),
        }
        .into());
    }
    let corrected = Corrected {
        of,
        says: says.as_str().into(),
        reason: because.as_str().into(),
    };
    tell(admin, caller, id, corrected.into()).await
}

/// Tells what a picture is known by. The picture itself is kept by whoever took it.
///
/// # Errors
/// [`Refused`] if nothing was told of the job yet, the caller has no right to it, or the job store fails.
pub async fn photographed(
    admin: &Admin,
    caller: &Caller,
    id: JobId,
    message: Photograph,
) -> Result<Remarked, Refused> {
    let Photograph {
        of,
        name,
        bytes,
        sha256,
        media_type,
    } = message;
    let unfit = |error: custody::event::UnfitName| DockingFault::Field {
        field: "Name",
        wrong: format!("must be the name of a file: {error}"),
    };
    let name = FileName::new(name).map_err(unfit)?;
    check("MediaType", &media_type)?;
    told(admin, caller, id).await?;
    let photographed = Photographed {
        of,
        name,
        sha256: Digest::from(&sha256),
        bytes,
        media_type,
    };
    tell(admin, caller, id, photographed.into()).await
}

/// Tells that the parcel of a device was unpacked, and what was in it.
///
/// # Errors
/// [`Refused`] if nothing was told of the job yet, the caller has no right to it, or the job store fails.
pub async fn unpacked(
    admin: &Admin,
    caller: &Caller,
    id: JobId,
    message: Unpack,
) -> Result<Remarked, Refused> {
    let Unpack { found, seal_intact } = message;
    told(admin, caller, id).await?;
    let contents = Belongings {
        device: found.contains(&Belonging::Device),
        power_supply: found.contains(&Belonging::PowerSupply),
        cable: found.contains(&Belonging::Cable),
        slip: found.contains(&Belonging::Slip),
    };
    let opened = Opened {
        contents,
        seal_intact,
    };
    tell(admin, caller, id, opened.into()).await
}

/// Tells that a device was packed to go back, and under which seal.
///
/// # Errors
/// [`Refused`] if nothing was told of the job yet, the caller has no right to it, or the job store fails.
pub async fn sealed(
    admin: &Admin,
    caller: &Caller,
    id: JobId,
    message: Seal,
) -> Result<Remarked, Refused> {
    let Seal { seal, r#box } = message;
    check("Seal", &seal)?;
    r#box.as_ref().map_or(Ok(()), |name| check("Box", name))?;
    told(admin, caller, id).await?;
    let sealed = Sealed {
        seal: (&seal).into(),
        r#box: r#box.as_ref().map(Into::into),
    };
    tell(admin, caller, id, sealed.into()).await
}

fn text(field: &'static str, text: &str) -> Result<(), DockingFault> {
    let fits = !text.trim().is_empty() && text.chars().count() <= TEXT_CHARS;
    match fits {
        true => Ok(()),
        false => Err(DockingFault::Field {
            field,
            wrong: format!("must have 1 to {TEXT_CHARS} characters"),
        }),
    }
}

/// How many events were told of a job, of which the caller may tell more.
async fn told(admin: &Admin, caller: &Caller, id: JobId) -> Result<u64, Refused> {
    let stored = admin.jobs.job(id).await?;
    let job = stored.ok_or_else(|| Refused::no_such_job(id))?.job;
    authorize(caller, Action::TellOfDevice, Resource::Job(&job))?;
    match admin.jobs.told_of(Some(id)).await?.len() {
        0 => Err(DockingFault::NoReceipt {
            job: id,
            why: super::receipts::NOTHING_TOLD.to_owned(),
        }
        .into()),
        told => Ok(told as u64),
    }
}

async fn tell(admin: &Admin, caller: &Caller, job: JobId, what: What) -> Result<Remarked, Refused> {
    let actor = caller.actor();
    let event = what.name();
    let told = Event {
        at: admin.clock.now().into(),
        what,
        by: By::usual(&actor),
        station: None,
        bay: None,
    };
    admin.jobs.tell(Some(job), &[told]).await?;
    tracing::info!(%actor, %job, event, "told of a device");
    Ok(Remarked {
        job_id: job,
        event: event.to_owned(),
    })
}
