//! What scripts ask for before they ask a browser for a passkey. A question is new each time, and good for five minutes, so
//! that a page may stand open for hours.

use axum::Json;
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use passkey::{PublicKey, Site};
use serde::Serialize;

use crate::faces::console::Console;
use crate::faces::console::site::NoSite;
use crate::faces::console::trouble::Trouble;
use crate::faces::console::visit::Visit;
use crate::ops::passkeys::{self, PasskeyQuestion};

/// What a browser is to be asked for, under the names that it has for that; bytes in base64url.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct BrowserQuestion {
    challenge: String,
    rp_id: String,
    /// Where a passkey is to be made: what it calls its user, by which name it is shown, and the kinds of keys.
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<String>,
    name: String,
    algorithms: &'static [i64],
    passkeys: Vec<String>,
}

/// What somebody is asked who wants to come in.
pub(in super::super) fn to_sign_in(
    console: &Console,
    site: Result<Site, NoSite>,
) -> Result<Response, Trouble> {
    let site = site.map_err(|why| Trouble::no_passkeys(&why))?;
    let gate = console.gatehouse();
    Ok(answer(
        &site,
        passkeys::ask_to_sign_in(&gate),
        String::new(),
    ))
}

/// What somebody is asked who is in.
pub(in super::super) async fn of_visit(visit: &Visit, what: &str) -> Result<Response, Trouble> {
    let site = visit.site.as_ref().map_err(Trouble::no_passkeys)?;
    let gate = visit.console.gatehouse();
    let session = &visit.session;
    let question = match what {
        "add" => passkeys::ask_to_add(&gate, session, site).await?,
        "touch" => passkeys::ask_to_touch(&gate, session, site).await?,
        _ => return Err(Trouble::no_such_page()),
    };
    Ok(answer(site, question, visit.name()))
}

fn answer(site: &Site, question: PasskeyQuestion, name: String) -> Response {
    let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let asked = BrowserQuestion {
        challenge: text(&question.challenge),
        rp_id: site.name().to_owned(),
        user: question.user.map(|user| text(&user)),
        name,
        algorithms: PublicKey::algorithms(),
        passkeys: question.passkeys.iter().map(|id| text(id)).collect(),
    };
    Json(asked).into_response()
}
