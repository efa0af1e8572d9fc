//! `longshore operator`: the people who run the service.

use model::actor::Actor;
use model::ids::PersonName;
use model::operator::console::PasskeyList;
use model::operator::{NewPerson, NewToken, PersonLine, PersonList};

use crate::cli::OperatorCommand;
use crate::console::tell_passkeys;
use crate::exit::{Exit, Failure};
use crate::output;
use crate::way::Way;

/// Runs a `longshore operator` command.
///
/// # Errors
/// If the operation is refused, or the service cannot be asked.
pub(crate) fn run(command: &OperatorCommand) -> Result<Exit, Failure> {
    match command {
        OperatorCommand::Add {
            name,
            role,
            json,
            store,
        } => {
            let person = NewPerson {
                name: name.clone(),
                role: *role,
            };
            tell_new(name, &Way::open(store)?.post("operators", &person)?, *json)
        }
        OperatorCommand::List { json, store } => {
            tell_all(&Way::open(store)?.get("operators", &[])?, *json)
        }
        OperatorCommand::Revoke { name, store } => {
            Way::open(store)?.post::<()>(&format!("operators/{name}/revoke"), &())?;
            output::note(&format!("The token of {name} is void."));
            Ok(Exit::Ok)
        }
        OperatorCommand::Passkeys { name, json, store } => {
            let one = name
                .iter()
                .map(|name| ("person".to_owned(), name.to_string()));
            let query: Vec<(String, String)> = one.collect();
            let mut list: PasskeyList = Way::open(store)?.get("console/passkeys", &query)?;
            list.passkeys
                .retain(|passkey| matches!(passkey.actor, Actor::Person(_)));
            tell_passkeys(&list, *json)
        }
    }
}

fn tell_new(name: &PersonName, new: &NewToken, json: bool) -> Result<Exit, Failure> {
    if json {
        output::json(new)?;
        return Ok(Exit::Ok);
    }
    output::data(&format!("{}\n", new.token))?;
    output::note(&format!(
        "The token is shown this once. Let {name} put it into a file that nobody else can read:\n\
         longshore job list --all --server URL --token-file FILE"
    ));
    Ok(Exit::Ok)
}

fn tell_all(list: &PersonList, json: bool) -> Result<Exit, Failure> {
    if json {
        output::json(list)?;
        return Ok(Exit::Ok);
    }
    let row = |person: &PersonLine| {
        let revoked = person.revoked.map(|at| at.to_string()).unwrap_or_default();
        [
            person.name.to_string(),
            person.role.to_string(),
            person.added.to_string(),
            revoked,
        ]
    };
    let rows: Vec<[String; 4]> = list.operators.iter().map(row).collect();
    output::data(&output::table(["NAME", "ROLE", "ADDED", "REVOKED"], &rows))?;
    Ok(Exit::Ok)
}
