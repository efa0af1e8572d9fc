//! Signing in and out. A link shows a button and does nothing else, so that a program that opens links, as mail filters do,
//! uses none up.

use std::sync::Arc;

use askama::Template;
use axum::body::Body;
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::response::Response;
use passkey::Site;

use crate::access::BearerToken;
use crate::faces::console::Console;
use crate::faces::console::form;
use crate::faces::console::guard::see_other;
use crate::faces::console::language::{Language, Text, key, of_request};
use crate::faces::console::page::{alone, html, with_status};
use crate::faces::console::site::NoSite;
use crate::faces::console::trouble::Trouble;
use crate::faces::console::visit::{Visit, cookie};
use crate::faces::origin;
use crate::ops::{Refused, passkeys, sign_ins};

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignInPage<'a> {
    say: Language,
    token: &'a str,
    /// The page to which whoever chooses another language comes back.
    return_to: String,
}

#[derive(Template)]
#[template(path = "asked.html")]
struct AskedPage {
    say: Language,
    /// Why no passkey lets anybody in here, if so.
    no_passkeys: Option<Text>,
    /// Why the one that was shown does not.
    trouble: Option<Text>,
    /// The page to which whoever chooses another language comes back.
    return_to: &'static str,
}

/// Says how to come in.
pub(in super::super) fn asked(
    say: Language,
    status: StatusCode,
    site: Result<Site, NoSite>,
) -> Result<Response, Trouble> {
    with_status(
        status,
        &AskedPage {
            say,
            no_passkeys: site.err().map(|why| why.text()),
            trouble: None,
            return_to: "/in",
        },
    )
}

/// Lets in whose passkey it is that was touched.
pub(in super::super) async fn enter_by_passkey(
    console: &Arc<Console>,
    head: &Parts,
    body: Body,
) -> Result<Response, Trouble> {
    let from = origin::of(head, &console.context.trusted_proxies).address;
    let form = form::read(body).await?;
    let site = console.site(&head.headers);
    let site = site.map_err(|why| Trouble::no_passkeys(&why))?;
    let document = form.raw("passkey");
    match passkeys::enter(&console.gatehouse(), &site, document, from).await {
        Ok(token) => Ok(let_in(console, &token)),
        Err(Refused::Account(fault)) => with_status(
            StatusCode::FORBIDDEN,
            &AskedPage {
                say: of_request(head),
                return_to: "/in",
                no_passkeys: None,
                trouble: Some(Trouble::from(Refused::Account(fault)).sentence),
            },
        ),
        Err(other) => Err(other.into()),
    }
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
    Ok(let_in(console, &token))
}

fn let_in(console: &Console, token: &BearerToken) -> Response {
    let mut response = see_other("/");
    let set = cookie(Some(token), console.is_secure);
    response.headers_mut().insert(header::SET_COOKIE, set);
    response
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
