//! `longshore today`: a day, for whoever hands over.

use model::operator::today::{InRoom, Today, TodayJob};

use crate::cli::TodayArgs;
use crate::exit::{Exit, Failure};
use crate::output;
use crate::way::Way;

/// Runs the command.
///
/// # Errors
/// If the operation is refused, or the service cannot be asked.
pub(crate) fn run(args: &TodayArgs) -> Result<Exit, Failure> {
    let query = args.day.iter().map(|day| ("day".to_owned(), day.clone()));
    let query: Vec<(String, String)> = query.collect();
    let today: Today = Way::open(&args.store)?.get("today", &query)?;
    if args.json {
        output::json(&today)?;
        return Ok(Exit::Ok);
    }
    output::data(&text(&today))?;
    if today.is_cut {
        output::note("There is more than is listed; the counts are of what was looked at.");
    }
    Ok(Exit::Ok)
}

fn text(today: &Today) -> String {
    let counts = &today.counts;
    let mut text = format!(
        "{} (UTC): {} in, {} loaded, {} failed, {} put on hold, {} out; parcels: {} in, {} out\n\
         In the room: {}, of which {} on hold and {} to be sent back\n",
        today.day,
        counts.devices_in,
        counts.loaded,
        counts.failed,
        counts.stopped,
        counts.devices_out,
        counts.parcels_in,
        counts.parcels_out,
        counts.room,
        counts.held,
        counts.shelved,
    );
    if !today.room.is_empty() {
        text.push_str(&format!("\n{}", room(&today.room)));
    }
    if !today.jobs.is_empty() {
        text.push_str(&format!("\n{}", happened(&today.jobs)));
    }
    text
}

fn room(devices: &[InRoom]) -> String {
    let row = |device: &InRoom| {
        let job = &device.job;
        [
            job.job_id.to_string(),
            customer(job),
            job.station
                .as_ref()
                .map(ToString::to_string)
                .unwrap_or_default(),
            device
                .since
                .map(|since| since.to_string())
                .unwrap_or_default(),
            job.progress_code.clone(),
            device.sentence.clone(),
        ]
    };
    let rows: Vec<[String; 6]> = devices.iter().map(row).collect();
    output::table(
        ["JOB", "ACCOUNT", "STATION", "SINCE", "PROGRESS", "DUE"],
        &rows,
    )
}

fn happened(jobs: &[TodayJob]) -> String {
    let row = |told: &TodayJob| {
        let words: Vec<&str> = told.happened.iter().map(|deed| deed.word()).collect();
        [
            told.job.job_id.to_string(),
            customer(&told.job),
            words.join(", "),
            told.last.to_string(),
            told.job.progress_code.clone(),
        ]
    };
    let rows: Vec<[String; 5]> = jobs.iter().map(row).collect();
    output::table(["JOB", "ACCOUNT", "HAPPENED", "LAST", "PROGRESS"], &rows)
}

fn customer(job: &model::operator::JobLine) -> String {
    job.account_name
        .clone()
        .unwrap_or_else(|| job.account.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::operator::today::TodayCounts;

    #[test]
    fn a_day_is_two_lines_and_what_there_is() {
        let today = Today {
            day: "2026-11-30".to_owned(),
            at: "2026-11-30T12:00:00Z".parse().unwrap(),
            counts: TodayCounts {
                devices_in: 3,
                loaded: 2,
                room: 1,
                ..TodayCounts::default()
            },
            jobs: Vec::new(),
            room: Vec::new(),
            is_cut: false,
        };
        assert_eq!(
            text(&today),
            "2026-11-30 (UTC): 3 in, 2 loaded, 0 failed, 0 put on hold, 0 out; parcels: 0 in, 0 out\n\
             In the room: 1, of which 0 on hold and 0 to be sent back\n"
        );
    }
}
