//! `longshore parcel`: boxes come with the devices of jobs, and go back with them.

use model::operator::parcels::{ParcelLine, Parcels, ParcelsPage, Receive, Received, SendBack};

use crate::cli::{ParcelCommand, ParcelListArgs, ReceiveArgs, SendBackArgs};
use crate::exit::{Exit, Failure};
use crate::output;
use crate::way::Way;

/// Runs a `longshore parcel` command.
///
/// # Errors
/// If the operation is refused, or the service cannot be asked.
pub(crate) fn run(command: &ParcelCommand) -> Result<Exit, Failure> {
    match command {
        ParcelCommand::Receive(args) => receive(args),
        ParcelCommand::List(args) => list(args),
        ParcelCommand::Show {
            number,
            json,
            store,
        } => {
            let known = Way::open(store)?.get(&format!("parcels/{number}"), &[])?;
            show(&known, *json)
        }
        ParcelCommand::Return(args) => give_back(args),
    }
}

fn receive(args: &ReceiveArgs) -> Result<Exit, Failure> {
    let message = Receive {
        number: args.number.clone(),
        carrier: args.carrier.clone(),
        note: args.note.clone(),
        condition: args.condition,
        seal: args.seal.clone(),
        station: args.server.station.clone(),
        jobs: args.jobs.clone(),
    };
    let received: Received = Way::beside(&args.server)?.post("parcels", &message)?;
    if args.json {
        output::json(&received)?;
        return Ok(Exit::Ok);
    }
    output::data(&format!("{}\n", received.told()))?;
    for arrived in &received.arrived {
        output::data(&format!("{}\n", arrived.told()))?;
    }
    Ok(Exit::Ok)
}

fn give_back(args: &SendBackArgs) -> Result<Exit, Failure> {
    let message = SendBack {
        carrier: args.carrier.clone(),
        tracking_number: args.tracking.clone(),
        jobs: args.jobs.clone(),
        unerased: args.word.unerased.clone(),
        authority: args.word.authority.clone(),
    };
    let path = format!("parcels/{}/return", args.number);
    let gone: ParcelLine = Way::beside(&args.server)?.post(&path, &message)?;
    if args.json {
        output::json(&gone)?;
        return Ok(Exit::Ok);
    }
    output::note(&format!(
        "{} on its way back: {} {}.",
        match jobs(&gone).as_slice() {
            [one] => format!("The device of job {one} is"),
            all => format!("The devices of jobs {} are", all.join(", ")),
        },
        output::printable(&args.carrier),
        gone.number
    ));
    Ok(Exit::Ok)
}

fn list(args: &ParcelListArgs) -> Result<Exit, Failure> {
    let page: ParcelsPage = Way::open(&args.store)?.get("parcels", &query(args))?;
    if args.json {
        output::json(&page)?;
        return Ok(Exit::Ok);
    }
    output::data(&table(&page.parcels))?;
    if let Some(next) = page.next {
        output::note(&format!(
            "There are more: --before {next} goes on, --limit N shows more at once."
        ));
    }
    Ok(Exit::Ok)
}

fn query(args: &ParcelListArgs) -> Vec<(String, String)> {
    let pairs = [
        ("direction", args.direction.map(|way| way.name().to_owned())),
        ("number", args.number.as_ref().map(ToString::to_string)),
        ("job", args.job.map(|job| job.to_string())),
        ("before", args.before.map(|place| place.to_string())),
        ("limit", args.limit.map(|limit| limit.to_string())),
    ];
    let named = pairs
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?)));
    named.collect()
}

fn show(known: &Parcels, json: bool) -> Result<Exit, Failure> {
    if json {
        output::json(known)?;
        return Ok(Exit::Ok);
    }
    output::data(&table(&known.parcels))?;
    let expected: Vec<String> = known.expected.iter().map(ToString::to_string).collect();
    if !expected.is_empty() {
        output::note(&format!("Known of jobs {}.", expected.join(", ")));
    }
    Ok(Exit::Ok)
}

fn jobs(parcel: &ParcelLine) -> Vec<String> {
    let jobs = parcel.jobs.iter();
    jobs.map(|job| job.job_id.to_string()).collect()
}

fn table(parcels: &[ParcelLine]) -> String {
    let row = |parcel: &ParcelLine| {
        [
            parcel.number.to_string(),
            parcel.direction.name().to_owned(),
            parcel.at.to_string(),
            parcel.actor.to_string(),
            parcel.carrier.clone().unwrap_or_default(),
            jobs(parcel).join(" "),
            parcel.note.clone().unwrap_or_default(),
        ]
    };
    let rows: Vec<[String; 7]> = parcels.iter().map(row).collect();
    let header = ["NUMBER", "WAY", "SINCE", "WHO", "CARRIER", "JOBS", "NOTE"];
    output::table(header, &rows)
}
