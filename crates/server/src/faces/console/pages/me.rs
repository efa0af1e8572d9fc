//! What is one's own: passkeys, and where one is signed in. For people and for customers.

use askama::Template;
use axum::response::Response;
use serde_json::json;

use crate::access::Action;
use crate::faces::console::form::Form;
use crate::faces::console::guard::see_other;
use crate::faces::console::language::{Text, key};
use crate::faces::console::page::{Shell, html, say};
use crate::faces::console::site::NoSite;
use crate::faces::console::trouble::Trouble;
use crate::faces::console::visit::Visit;
use crate::faces::deeds;
use crate::faces::station::wire;
use crate::jobstore::{StoredPasskey, StoredSession};
use crate::ops::{Refused, audit, passkeys, sign_ins};

/// The page's own path.
const ME: &str = "/me";

#[derive(Template)]
#[template(path = "me.html")]
struct MePage {
    shell: Shell,
    passkeys: Vec<StoredPasskey>,
    /// Why none can be added here, if so.
    no_passkeys: Option<Text>,
    /// Whether whoever looks may have some at all.
    may_have: bool,
    sessions: Vec<StoredSession>,
    /// The session in which this is looked at.
    own: i64,
}

/// The page.
pub(in super::super) async fn show(visit: &Visit) -> Result<Response, Trouble> {
    let (admin, caller) = (visit.console.context.admin(), visit.caller());
    html(&MePage {
        shell: Shell::new(visit, key("you"), "me", ME),
        passkeys: passkeys::own(&admin, caller).await?,
        no_passkeys: visit.site.as_ref().err().map(NoSite::text),
        may_have: passkeys::may_have(caller),
        sessions: sign_ins::own_sessions(&admin, caller).await?,
        own: visit.session.number,
    })
}

/// Does what a button of the page is for.
pub(in super::super) async fn act(
    visit: &Visit,
    words: &[&str],
    form: &Form,
) -> Result<Response, Trouble> {
    match words {
        ["passkeys"] => add(visit, form).await?,
        ["passkeys", number, "remove"] => remove(visit, number).await?,
        ["sessions", "end-others"] => end_others(visit).await?,
        ["sessions", number, "end"] => end(visit, number).await?,
        _ => return Err(Trouble::no_such_page()),
    }
    Ok(see_other(ME))
}

/// Adds the passkey that a browser has made. What people do stands in the audit, as what they ask of the operator API does:
/// this alone has no message there, since only a browser can send it.
async fn add(visit: &Visit, form: &Form) -> Result<(), Trouble> {
    let site = visit.site.as_ref().map_err(Trouble::no_passkeys)?;
    let name = form.get("Name").unwrap_or_default();
    let gate = visit.console.gatehouse();
    let document = form.raw("passkey");
    if visit.is_customer() {
        return Ok(passkeys::add(&gate, &visit.session, site, name, document).await?);
    }
    let said = json!({ "Name": name }).to_string();
    let deed = deeds::asked(&["console", "passkeys"], said.as_bytes());
    let deed = deed.ok_or_else(Trouble::ours)?;
    debug_assert_eq!(deed.action, Action::OpenConsole.name());
    let begun = audit::begin(&gate.admin, visit.caller(), visit.address, deed).await?;
    let added = passkeys::add(&gate, &visit.session, site, name, document).await;
    let outcome = added.as_ref().map(drop).map_err(|refused| wire(refused).1);
    begun.end(&gate.admin, outcome, None).await;
    Ok(added?)
}

async fn remove(visit: &Visit, number: &str) -> Result<(), Trouble> {
    let number: i64 = number.parse().map_err(|_| Trouble::no_such_page())?;
    if visit.is_customer() {
        let admin = visit.console.context.admin();
        return Ok(passkeys::remove(&admin, visit.caller(), number).await?);
    }
    visit
        .post(&format!("console/passkeys/{number}/remove"), &())
        .await?;
    Ok(())
}

async fn end(visit: &Visit, number: &str) -> Result<(), Trouble> {
    let number: i64 = number.parse().map_err(|_| Trouble::no_such_page())?;
    if visit.is_customer() {
        let admin = visit.console.context.admin();
        return Ok(sign_ins::end(&admin, visit.caller(), number).await?);
    }
    visit
        .post(&format!("console/sessions/{number}/end"), &())
        .await?;
    Ok(())
}

/// Ends all of one's own sessions but this one.
async fn end_others(visit: &Visit) -> Result<(), Trouble> {
    let admin = visit.console.context.admin();
    let own: Result<Vec<StoredSession>, Refused> =
        sign_ins::own_sessions(&admin, visit.caller()).await;
    let others = own?.into_iter().map(|session| session.number);
    for number in others.filter(|number| *number != visit.session.number) {
        end(visit, &number.to_string()).await?;
    }
    Ok(())
}
