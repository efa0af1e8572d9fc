//! What happened on a day, and what lies in the room, for whoever hands over to somebody else.
//!
//! A day is one of UTC: stations of one service may be anywhere, and histories are in UTC too.

use std::collections::HashMap;

use model::custody::Custody;
use model::erasure::ErasureEnd;
use model::event::Event;
use model::ids::JobId;
use model::operator::today::{InRoom, Today, TodayCounts, TodayDeed, TodayJob};
use model::operator::{JobLine, Patience};
use model::parcel::Due;
use model::time::Timestamp;

use super::{Admin, Refused};
use crate::access::{Action, Caller, Resource, authorize};
use crate::jobstore::{DayEvent, InHand};

/// Seconds of a day.
const DAY: i64 = 86_400;

/// Events of a day that are looked at: those of some hundred devices, read within milliseconds.
const EVENTS: u32 = 2_000;

/// Devices in the room that are told, and looked at for what is due.
const DEVICES: u32 = 300;

/// Jobs that are told of those to which something happened.
const JOBS: usize = 300;

/// The beginning of a day that is written `2026-11-30`.
#[must_use]
pub fn day(text: &str) -> Option<Timestamp> {
    let is_day = text.len() == 10 && text.is_ascii();
    format!("{text}T00:00:00Z").parse().ok().filter(|_| is_day)
}

/// Tells of the day that begins then; of this one if none is said.
///
/// # Errors
/// [`Refused`] if the caller has no right to see it, or the job store fails.
pub async fn today(
    admin: &Admin,
    caller: &Caller,
    begin: Option<Timestamp>,
) -> Result<Today, Refused> {
    authorize(caller, Action::ListJobs, Resource::Service)?;
    authorize(caller, Action::LookAtParcels, Resource::Service)?;
    let now = admin.clock.now();
    let begin = begin.unwrap_or_else(|| now.plus_seconds(-now.unix().rem_euclid(DAY)));
    let end = begin.plus_seconds(DAY);
    let events = admin.jobs.happened(begin, end, EVENTS).await?;
    let room = admin.jobs.in_hand(DEVICES).await?;
    let (parcels_in, parcels_out) = admin.jobs.boxes(begin, end).await?;
    let is_full = |count: usize, most: u32| u32::try_from(count).is_ok_and(|count| count >= most);
    let mut is_cut = is_full(events.len(), EVENTS) || is_full(room.len(), DEVICES);
    let mut counts = TodayCounts {
        parcels_in,
        parcels_out,
        ..counted(&events, &room)
    };
    (counts.room, counts.held) = admin.jobs.count_in_hand().await?;
    let mut jobs = of_jobs(events, admin.patience());
    is_cut |= jobs.len() > JOBS;
    jobs.truncate(JOBS);
    Ok(Today {
        day: begin.to_string().chars().take(10).collect(),
        at: now,
        counts,
        jobs,
        room: room
            .into_iter()
            .map(|held| in_room(held, admin.patience()))
            .collect(),
        is_cut,
    })
}

/// What is told of an event, if anything.
fn deed(event: &Event) -> Option<TodayDeed> {
    match event {
        Event::DeviceArrived { .. } => Some(TodayDeed::In),
        Event::TransferFinished { errors: 0, .. } => Some(TodayDeed::Loaded),
        Event::TransferFinished { .. } | Event::TransferAborted { .. } => Some(TodayDeed::Failed),
        Event::Stopped { cause, .. } => cause.hold().map(|_| TodayDeed::Held),
        Event::EraseEnded { end, .. } => match **end {
            ErasureEnd::Erased(_) => Some(TodayDeed::Erased),
            ErasureEnd::Failed(_) => None,
        },
        Event::DeviceReturned { .. } => Some(TodayDeed::Out),
        Event::Updated { .. }
        | Event::Canceled { .. }
        | Event::Expired
        | Event::TransferStarted
        | Event::Resumed { .. }
        | Event::ToFinishWithout { .. }
        | Event::Reopened
        | Event::Released(_)
        | Event::Objected { .. }
        | Event::ObjectionWithdrawn
        | Event::EraseStarted { .. }
        | Event::Destroyed(_) => None,
    }
}

/// Each job counts once for each thing that happened to it, however often.
fn counted(events: &[DayEvent], room: &[InHand]) -> TodayCounts {
    let mut seen: Vec<(TodayDeed, JobId)> = events
        .iter()
        .filter_map(|event| Some((deed(&event.event)?, event.job.id)))
        .collect();
    seen.sort_by_key(|(deed, job)| (*deed, job.as_str().to_owned()));
    seen.dedup();
    let count = |wanted: TodayDeed| seen.iter().filter(|(deed, _)| *deed == wanted).count() as u64;
    let due = |wanted: Due| {
        room.iter()
            .filter(|(job, _)| Due::of(job) == wanted)
            .count() as u64
    };
    TodayCounts {
        devices_in: count(TodayDeed::In),
        loaded: count(TodayDeed::Loaded),
        failed: count(TodayDeed::Failed),
        stopped: count(TodayDeed::Held),
        devices_out: count(TodayDeed::Out),
        shelved: due(Due::SendBack),
        ..TodayCounts::default()
    }
}

/// The jobs to which something happened, those of the last event first.
fn of_jobs(events: Vec<DayEvent>, patience: Patience) -> Vec<TodayJob> {
    let mut places: HashMap<JobId, usize> = HashMap::new();
    let mut jobs: Vec<TodayJob> = Vec::new();
    for event in events {
        let Some(deed) = deed(&event.event) else {
            continue;
        };
        let place = *places.entry(event.job.id).or_insert_with(|| {
            jobs.push(TodayJob {
                job: JobLine::of(&event.job, event.account_name.clone(), patience),
                happened: Vec::new(),
                last: event.at,
            });
            jobs.len() - 1
        });
        // They come with the newest first.
        jobs[place].happened.insert(0, deed);
    }
    for job in &mut jobs {
        job.happened.dedup();
    }
    jobs
}

fn in_room((job, name): InHand, patience: Patience) -> InRoom {
    let due = Due::of(&job);
    let since = match &job.custody {
        Custody::AtStation { since, .. } => Some(*since),
        Custody::NotReceived | Custody::Returned { .. } => None,
    };
    InRoom {
        since,
        due,
        sentence: due.sentence(&job),
        job: JobLine::of(&job, name, patience),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_ten_characters_that_are_one() {
        let begin = day("2026-11-30").unwrap();
        assert_eq!(begin.to_string(), "2026-11-30T00:00:00Z");
        for wrong in [
            "",
            "2026-11-31",
            "2026-1-1",
            "today",
            "2026-11-30T",
            "２０２６",
        ] {
            assert_eq!(day(wrong), None, "{wrong}");
        }
    }
}
