//! `longshore console`: lets people and customers in at the console, and shows who is.

use std::fmt::Display;

use model::operator::console::{
    LinkFor, NewLink, PasskeyLine, PasskeyList, SessionLine, SessionList,
};
use model::readable;

use crate::cli::ConsoleCommand;
use crate::exit::{Exit, Failure};
use crate::job::connection::connect;
use crate::output;
use crate::way::Way;

/// Characters of the name of a passkey that are printed.
const NAME_CHARS: usize = 64;

/// Runs a `longshore console` command.
///
/// # Errors
/// If the operation is refused, or the service cannot be asked.
pub(crate) fn run(command: &ConsoleCommand) -> Result<Exit, Failure> {
    match command {
        ConsoleCommand::Open {
            name,
            account,
            json,
            store,
        } => {
            let link = LinkFor {
                name: name.clone(),
                account: account.clone(),
            };
            tell_link(&Way::open(store)?.post("console/link", &link)?, *json)
        }
        ConsoleCommand::SignIn { api } => {
            let link = connect(api)?.open_console()?;
            if api.json {
                output::json(&link)?;
                return Ok(Exit::Ok);
            }
            tell(&link.url, &link.actor, &link.until)
        }
        ConsoleCommand::Sessions { json, store } => {
            tell_sessions(&Way::open(store)?.get("console/sessions", &[])?, *json)
        }
        ConsoleCommand::End { number, store } => {
            Way::open(store)?.post::<()>(&format!("console/sessions/{number}/end"), &())?;
            output::note(&format!("Session {number} has ended."));
            Ok(Exit::Ok)
        }
        ConsoleCommand::Passkeys { json, store } => {
            tell_passkeys(&Way::open(store)?.get("console/passkeys", &[])?, *json)
        }
        ConsoleCommand::Forget { number, store } => {
            let path = format!("console/passkeys/{number}/remove");
            Way::open(store)?.post::<()>(&path, &())?;
            output::note(&format!("Passkey {number} lets nobody in any more."));
            Ok(Exit::Ok)
        }
    }
}

fn tell_link(link: &NewLink, json: bool) -> Result<Exit, Failure> {
    if json {
        output::json(link)?;
        return Ok(Exit::Ok);
    }
    tell(&link.url, &link.actor, &link.until)
}

fn tell(url: &str, actor: &dyn Display, until: &dyn Display) -> Result<Exit, Failure> {
    output::data(&format!("{url}\n"))?;
    output::note(&format!(
        "Open it in a browser: it lets {actor} in once, until {until}."
    ));
    Ok(Exit::Ok)
}

fn tell_sessions(list: &SessionList, json: bool) -> Result<Exit, Failure> {
    if json {
        output::json(list)?;
        return Ok(Exit::Ok);
    }
    let row = |session: &SessionLine| {
        [
            session.number.to_string(),
            session.actor.to_string(),
            session.address.clone().unwrap_or_default(),
            session.began.to_string(),
            session.seen.to_string(),
            session.until.to_string(),
        ]
    };
    let rows: Vec<[String; 6]> = list.sessions.iter().map(row).collect();
    let head = ["NUMBER", "WHO", "FROM", "BEGAN", "SEEN", "ENDS"];
    output::data(&output::table(head, &rows))?;
    Ok(Exit::Ok)
}

/// Prints passkeys.
///
/// # Errors
/// If nothing can be printed.
pub(crate) fn tell_passkeys(list: &PasskeyList, json: bool) -> Result<Exit, Failure> {
    if json {
        output::json(list)?;
        return Ok(Exit::Ok);
    }
    let row = |passkey: &PasskeyLine| {
        let used = passkey.used.map(|at| at.to_string());
        [
            passkey.number.to_string(),
            passkey.actor.to_string(),
            readable::name(&passkey.name, NAME_CHARS),
            passkey.site.clone(),
            passkey.added.to_string(),
            match passkey.copied {
                Some(at) => format!("copied, void since {at}"),
                None => used.unwrap_or_default(),
            },
        ]
    };
    let rows: Vec<[String; 6]> = list.passkeys.iter().map(row).collect();
    let head = ["NUMBER", "WHO", "NAME", "FOR", "ADDED", "USED"];
    output::data(&output::table(head, &rows))?;
    Ok(Exit::Ok)
}
