//! Who looks at a page.

use std::net::IpAddr;
use std::sync::Arc;

use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, header};
use model::role::Role;
use passkey::Site;

use super::Console;
use super::language::{Language, of_request};
use super::site::NoSite;
use super::trouble::Trouble;
use crate::access::BearerToken;
use crate::faces::origin;
use crate::ops::sign_ins::{self, Session};
use crate::ops::{Caller, audit};

/// The cookie of a console that is reached over TLS; browsers take it from nobody else.
const SECURE_COOKIE: &str = "__Host-longshore";

/// The cookie of another.
const COOKIE: &str = "longshore-console";

/// Somebody who is signed in, and asks for something.
#[derive(Clone)]
pub(super) struct Visit {
    pub(super) console: Arc<Console>,
    pub(super) session: Session,
    pub(super) token: BearerToken,
    pub(super) address: Option<IpAddr>,
    /// In which language.
    pub(super) say: Language,
    /// The site whose passkeys can be asked for here, or why none.
    pub(super) site: Result<Site, NoSite>,
}

impl Visit {
    /// Who asks; nobody if the browser shows no session that goes on.
    pub(super) async fn of(console: &Arc<Console>, head: &Parts) -> Result<Option<Self>, Trouble> {
        let Some(token) = shown(&head.headers, console.is_secure) else {
            return Ok(None);
        };
        let origin = origin::of(head, &console.context.trusted_proxies);
        let session = sign_ins::session(&console.context.admin(), &token, &origin).await?;
        Ok(session.map(|session| Self {
            console: Arc::clone(console),
            session,
            token,
            address: origin.address,
            say: of_request(head),
            site: console.site(&head.headers),
        }))
    }

    pub(super) fn caller(&self) -> &Caller {
        &self.session.caller
    }

    /// What this person may do, as pages show it; whether it is done is decided elsewhere. A customer has no role.
    pub(super) fn role(&self) -> Option<Role> {
        audit::role(self.caller())
    }

    /// Whether it is a customer, who has pages of his own.
    pub(super) fn is_customer(&self) -> bool {
        matches!(self.caller(), Caller::Customer(_))
    }

    /// Who it is, as pages say it.
    pub(super) fn name(&self) -> String {
        match self.caller() {
            Caller::Person(person) => person.name.to_string(),
            Caller::Customer(customer) => match &customer.user {
                Some(user) => self
                    .say
                    .t("user-of-account")
                    .with("user", user.name())
                    .with("account", &customer.account.name)
                    .to_string(),
                None => customer.account.name.clone(),
            },
            Caller::Operator | Caller::Station(_) => self.say.t("at-the-host").to_string(),
        }
    }

    /// The page on which everything begins for whoever looks.
    pub(super) fn home(&self) -> &'static str {
        match self.is_customer() {
            true => "/jobs",
            false => "/bench",
        }
    }
}

fn name(is_secure: bool) -> &'static str {
    match is_secure {
        true => SECURE_COOKIE,
        false => COOKIE,
    }
}

/// The session that a browser shows.
fn shown(headers: &HeaderMap, is_secure: bool) -> Option<BearerToken> {
    let cookies = headers.get_all(header::COOKIE).into_iter();
    let mut pairs = cookies
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='));
    let (_, value) = pairs.find(|(key, _)| *key == name(is_secure))?;
    Some(BearerToken::new(value))
}

/// What makes a browser keep a session, until it is closed; or forget it.
pub(super) fn cookie(token: Option<&BearerToken>, is_secure: bool) -> HeaderValue {
    let (value, age) = match token {
        Some(token) => (token.expose(), ""),
        None => ("", "; Max-Age=0"),
    };
    let secure = if is_secure { "; Secure" } else { "" };
    let name = name(is_secure);
    let text = format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax{secure}{age}");
    let mut value =
        HeaderValue::from_str(&text).unwrap_or_else(|_| HeaderValue::from_static("longshore="));
    value.set_sensitive(true);
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_found_among_other_cookies() {
        let shown = |cookies: &'static str, is_secure| {
            let mut headers = HeaderMap::new();
            headers.insert(header::COOKIE, HeaderValue::from_static(cookies));
            super::shown(&headers, is_secure).map(|token| token.expose().to_owned())
        };
        let token = Some("00ff".to_owned());
        assert_eq!(shown("a=b; longshore-console=00ff; c=d", false), token);
        assert_eq!(shown("__Host-longshore=00ff", true), token);
        // Anybody on the host can set the other one.
        assert_eq!(shown("longshore-console=00ff", true), None);
        assert_eq!(
            shown("xlongshore-console=00ff; longshore-console", false),
            None
        );
    }

    #[test]
    fn a_cookie_is_for_this_console_alone() {
        let token = BearerToken::new("00ff");
        let set = cookie(Some(&token), true);
        assert_eq!(
            set.to_str().unwrap(),
            "__Host-longshore=00ff; Path=/; HttpOnly; SameSite=Lax; Secure"
        );
        let forgotten = cookie(None, false);
        assert_eq!(
            forgotten.to_str().unwrap(),
            "longshore-console=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0"
        );
    }
}
