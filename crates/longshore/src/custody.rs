//! `longshore custody`: with which key receipts are signed.

use model::operator::custody::{CustodyFacts, CustodyKeyLine, RotateCustodyKey, WitnessLine};

use crate::cli::CustodyCommand;
use crate::exit::{Exit, Failure};
use crate::output;
use crate::way::Way;

/// Runs a `longshore custody` command.
///
/// # Errors
/// If the operation is refused, or the service cannot be asked.
pub(crate) fn run(command: &CustodyCommand) -> Result<Exit, Failure> {
    let (facts, json): (CustodyFacts, bool) = match command {
        CustodyCommand::Show { json, store } => (Way::open(store)?.get("custody", &[])?, *json),
        CustodyCommand::Rotate { lost, json, store } => {
            let message = RotateCustodyKey {
                lost_because: lost.clone(),
            };
            (Way::open(store)?.post("custody/rotate", &message)?, *json)
        }
    };
    match json {
        true => output::json(&facts)?,
        false => output::data(&told(&facts))?,
    }
    Ok(Exit::Ok)
}

fn told(facts: &CustodyFacts) -> String {
    let row = |key: &CustodyKeyLine| {
        let until = key.until.map(|until| until.to_string());
        let stands = match (key.revoked, &key.until) {
            (true, _) => "counts no more",
            (false, Some(_)) => "replaced",
            (false, None) => "in force",
        };
        [
            key.fingerprint.clone(),
            key.since.to_string(),
            until.unwrap_or_default(),
            stands.to_owned(),
        ]
    };
    let rows: Vec<[String; 4]> = facts.keys.iter().map(row).collect();
    let table = output::table(["KEY", "SINCE", "UNTIL", ""], &rows);
    format!(
        "Receipts are signed by custody@{}.\n\n{table}\n{}{}",
        facts.installation,
        facts.checkpoint,
        witnesses(&facts.witnesses)
    )
}

fn witnesses(lines: &[WitnessLine]) -> String {
    if lines.is_empty() {
        return String::new();
    }
    let row = |witness: &WitnessLine| {
        let name = witness.key.split('+').next().unwrap_or_default();
        [
            output::printable(name),
            witness.size.to_string(),
            witness.signed.map(|at| at.to_string()).unwrap_or_default(),
            output::printable(witness.trouble.as_deref().unwrap_or_default()),
        ]
    };
    let rows: Vec<[String; 4]> = lines.iter().map(row).collect();
    let table = output::table(["WITNESS", "EVENTS", "SIGNED", ""], &rows);
    format!("\n{table}")
}
