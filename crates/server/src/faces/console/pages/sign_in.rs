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
use crate::faces::console::page::{alone, html};
use crate::faces::console::trouble::Trouble;
use crate::faces::console::visit::{Visit, cookie};
use crate::faces::origin;
use crate::ops::sign_ins;

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignInPage<'a> {
    token: &'a str,
}

/// Says how to come in.
pub(in super::super) fn asked(status: StatusCode) -> Result<Response, Trouble> {
    alone(
        status,
        "Sign in",
        "A link lets you in: there are no passwords.".to_owned(),
        "Who runs the service gets one by `longshore console open` on its host, and elsewhere by \
         `longshore console open --server URL --token-file FILE`. A customer with an access key gets one by \
         `longshore console sign-in --endpoint-url URL`, and any other from who runs the service.",
    )
}

/// Offers the button of a link.
pub(in super::super) fn offered(token: &str) -> Result<Response, Trouble> {
    html(&SignInPage { token })
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
            StatusCode::FORBIDDEN,
            "Sign in",
            "This link lets nobody in any more: it is good once, and for ten minutes.".to_owned(),
            "`longshore console open` prints another, and for customers `longshore console sign-in`.",
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
    let mut response = alone(
        StatusCode::OK,
        "Signed out",
        "You are signed out.".to_owned(),
        "",
    )?;
    let set = cookie(None, visit.console.is_secure);
    response.headers_mut().insert(header::SET_COOKIE, set);
    Ok(response)
}
