//! `longshore plan-export`: how many devices an export takes, what goes on each, what becomes of the
//! names, how long it lasts, and a manifest for each device.

mod manifests;
mod series;
mod speed;
mod text;

use std::path::PathBuf;

use anyhow::Context as _;
use model::export::capacity::{Geometry, Room};
use model::ids::JobType;
use model::manifest::{Manifest, S3Export};
use transfer::export::Buckets;
use transfer::stop::Stop;

use crate::cli::PlanExportArgs;
use crate::exit::{Exit, Failure};
use crate::reach::ReachableStore;
use crate::{interrupt, output};
use manifests::Target;
use series::Series;
use speed::Speed;

/// A plan, ready to be shown.
#[derive(Debug)]
struct Plan<'a> {
    rules: &'a S3Export,
    capacity: u64,
    series: Series,
    speed: Option<Speed>,
    /// The manifest of each device.
    manifests: Vec<PathBuf>,
}

/// Plans an export.
///
/// # Errors
/// If the manifest or the store cannot be used. Objects that cannot be written are no error: they
/// are in the plan, and in the exit code.
pub(crate) fn run(args: &PlanExportArgs) -> Result<Exit, Failure> {
    let text = crate::job::manifest_file(&args.manifest)?;
    let rules = rules(&text)?;
    let room = room(&rules, args)?;
    let target = Target::new(&args.manifest, args.output.as_deref())?;
    let stop = Stop::default();
    interrupt::stops(stop.clone()).context("could not listen for signals")?;
    let reached = ReachableStore::open(&args.reach, &args.data)?;
    let planned = plan(args, &rules, &reached, &room, &stop);
    reached.close();
    let (series, speed) = planned?;
    let plan = Plan {
        manifests: target.write(&text, &rules, &series.devices)?,
        rules: &rules,
        capacity: args.capacity,
        series,
        speed,
    };
    if args.json {
        output::json(&plan.json())?;
    } else {
        output::data(&plan.text())?;
    }
    Ok(match plan.series.failed.count {
        0 => Exit::Ok,
        _ => Exit::SomeFailed,
    })
}

fn rules(text: &str) -> Result<S3Export, Failure> {
    let wrong = |error: anyhow::Error| Failure::new(Exit::Usage, error);
    match Manifest::parse_accepted(text, JobType::Export) {
        Ok(Manifest::S3Export(rules)) => Ok(rules),
        Ok(_) => Err(wrong(anyhow::anyhow!(
            "the manifest is not that of an export"
        ))),
        Err(faults) => Err(wrong(anyhow::anyhow!("the manifest is wrong: {faults}"))),
    }
}

/// The room on a device of the capacity that is named.
fn room(rules: &S3Export, args: &PlanExportArgs) -> Result<Room, Failure> {
    let geometry = Geometry::of_new(rules.file_system, args.capacity).ok_or_else(|| {
        let (name, bytes) = (rules.file_system.as_str(), args.capacity);
        Failure::usage(format!(
            "{bytes} bytes are too few for a file system {name}"
        ))
    })?;
    let most = args.files_per_device.map(std::num::NonZeroU64::get);
    Ok(Room::new(geometry).with_files(most))
}

fn plan(
    args: &PlanExportArgs,
    rules: &S3Export,
    reached: &ReachableStore,
    room: &Room,
    stop: &Stop,
) -> Result<(Series, Option<Speed>), Failure> {
    let names = rules.operations.iter().map(|set| set.bucket.clone());
    let buckets: Buckets = names
        .map(|name| {
            let bucket = reached.bucket(&name, stop)?;
            Ok((name, bucket))
        })
        .collect::<Result<_, Failure>>()?;
    let series = Series::of(rules, &buckets, room, stop)?;
    let speed = match args.rate {
        Some(rate) => Some(Speed::Given(rate)),
        None => series.sample.measure(&buckets, args.reach.parallel, stop),
    };
    if stop.is_set() {
        return Err(Failure::new(
            Exit::Interrupted,
            anyhow::anyhow!("interrupted"),
        ));
    }
    Ok((series, speed))
}
