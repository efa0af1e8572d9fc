//! Signing in and out. A link shows a button and does nothing else, so that a program that opens links, as mail filters do,
//! uses none up.

use std::sync::Arc;

use askama::Template;
use axum::body::Body;
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::response::Response;

use crate::access::BearerToken;
use crate::faces::console::Console;
use crate::faces::console::form;
use crate::faces::console::guard::see_other;
use crate::faces::console::language::{Language, key, of_request};
use crate::faces::console::page::{alone, html};
use crate::faces::console::trouble::Trouble;
use crate::faces::console::visit::{Visit, cookie};
use crate::faces::origin;
use crate::ops::sign_ins;

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignInPage<'a> {
    say: Language,
    token: &'a str,
    /// The page to which whoever chooses another language comes back.
    return_to: String,
}

/// Says how to come in.
pub(in super::super) fn asked(say: Language, status: StatusCode) -> Result<Response, Trouble> {
    let hint = Some(key("sign-in-how"));
    alone(say, status, key("sign-in"), key("sign-in-by-link"), hint)
}

/// Offers the button of a link.
pub(in super::super) fn offered(say: Language, token: &str) -> Result<Response, Trouble> {
    let return_to = format!("/in/{token}");
    html(&SignInPage {
        say,
        token,
        return_to,
    })
}

/// Uses a link up.
pub(in super::super) async fn enter(
    console: &Arc<Console>,
    head: &Parts,
    body: Body,
) -> Result<Response, Trouble> {
    let from = origin::of(head, &console.context.trusted_proxies).address;
    let form = form::read(body).await?;
    let link = BearerToken::new(form.get("token").unwrap_or_default());
    let entered = sign_ins::enter(&console.context.admin(), &link, from).await?;
    let Some(token) = entered else {
        return alone(
            of_request(head),
            StatusCode::FORBIDDEN,
            key("sign-in"),
            key("link-is-void"),
            Some(key("link-another")),
        );
    };
    let mut response = see_other("/");
    let set = cookie(Some(&token), console.is_secure);
    response.headers_mut().insert(header::SET_COOKIE, set);
    Ok(response)
}

/// Ends the session.
pub(in super::super) async fn leave(visit: &Visit) -> Result<Response, Trouble> {
    match visit.is_customer() {
        true => sign_ins::leave(&visit.console.context.admin(), &visit.session).await?,
        false => {
            let path = format!("console/sessions/{}/end", visit.session.number);
            visit.post(&path, &()).await?;
        }
    }
    let (title, sentence) = (key("signed-out"), key("you-are-signed-out"));
    let mut response = alone(visit.say, StatusCode::OK, title, sentence, None)?;
    let set = cookie(None, visit.console.is_secure);
    response.headers_mut().insert(header::SET_COOKIE, set);
    Ok(response)
}
