//! A passkey is touched before something is done that cannot be taken back. The form that was sent is shown again with
//! nothing but a button for the touch, and goes on as it was, under the same key: it is done once.

use askama::Template;
use axum::response::Response;

use super::form::Form;
use super::language::key;
use super::page::{Shell, html};
use super::trouble::Trouble;
use super::visit::Visit;
use crate::ops::passkeys::{self, TouchDue};

/// The field with what the passkey has signed.
pub(super) const TOUCH: &str = "touch";

/// What a touch is asked for, of those who run the service; `*` stands for a name. What adds people or passkeys is among it:
/// whoever took a session over could otherwise make themselves one with which to go on.
const OF_PEOPLE: &[&[&str]] = &[
    &["act", "jobs", "*", "abort"],
    &["act", "jobs", "*", "give-up"],
    &["act", "jobs", "*", "finish-without"],
    &["act", "jobs", "*", "release"],
    &["act", "stations", "*", "revoke"],
    &["act", "keys", "*", "revoke"],
    &["act", "operators"],
    &["act", "console", "link"],
    &["act", "operators", "*", "revoke"],
];

/// The same of customers.
const OF_CUSTOMERS: &[&[&str]] = &[&["jobs", "*", "release"]];

/// The same of both.
const OF_BOTH: &[&[&str]] = &[&["me", "passkeys"], &["me", "passkeys", "*", "remove"]];

/// The path of orders, of which one erases.
const ORDERS: &[&str] = &["act", "stations", "*", "orders"];

#[derive(Template)]
#[template(path = "touch.html")]
struct TouchPage<'a> {
    shell: Shell,
    /// Where the form goes.
    action: String,
    /// What it says.
    fields: Vec<&'a (String, String)>,
    back: String,
}

/// Notes the touch that came with a form. If one is due and none came, gives the page that asks for it.
pub(super) async fn asked(
    visit: &Visit,
    words: &[&str],
    form: &Form,
) -> Result<Option<Response>, Trouble> {
    if !takes_touch(words, form, visit.is_customer()) {
        return Ok(None);
    }
    let gate = visit.console.gatehouse();
    let site = visit.site.as_ref();
    match passkeys::touch_due(&gate.admin, &visit.session, site.ok()).await? {
        TouchDue::No => Ok(None),
        TouchDue::Elsewhere(sites) => Err(Trouble::touch_elsewhere(&sites.join(", "))),
        TouchDue::Yes => match (form.get(TOUCH), site) {
            (Some(document), Ok(site)) => {
                passkeys::touch(&gate, &visit.session, site, document).await?;
                Ok(None)
            }
            _ => page(visit, words, form).map(Some),
        },
    }
}

fn page(visit: &Visit, words: &[&str], form: &Form) -> Result<Response, Trouble> {
    let back = form.back(visit.home());
    html(&TouchPage {
        shell: Shell::new(visit, key("touch-title"), "", &back),
        action: format!("/{}", words.join("/")),
        fields: form.fields().filter(|(name, _)| name != TOUCH).collect(),
        back,
    })
}

fn takes_touch(words: &[&str], form: &Form, is_customer: bool) -> bool {
    let of_own = match is_customer {
        true => OF_CUSTOMERS,
        false => OF_PEOPLE,
    };
    let is_erase = !is_customer && is_on(ORDERS, words) && form.get("Verb") == Some("erase");
    let mut all = of_own.iter().chain(OF_BOTH);
    is_erase || all.any(|pattern| is_on(pattern, words))
}

fn is_on(pattern: &[&str], words: &[&str]) -> bool {
    let is_like = |(own, asked): (&&str, &&str)| *own == "*" || own == asked;
    pattern.len() == words.len() && std::iter::zip(pattern, words).all(is_like)
}

#[cfg(test)]
mod tests {
    use super::super::acts;
    use super::*;

    #[test]
    fn a_touch_is_asked_for_what_there_is() {
        let all: Vec<String> = acts::acts().map(|(path, _)| path).collect();
        for pattern in OF_PEOPLE.iter().chain([&ORDERS]) {
            let path = format!("/{}", pattern.join("/"));
            assert!(all.contains(&path), "{path}");
        }
    }

    #[test]
    fn what_cannot_be_taken_back_takes_a_touch() {
        let form = Form::of(&[("Verb", "erase")]);
        let takes = |path: &str, is_customer| {
            let words: Vec<&str> = path.trim_start_matches('/').split('/').collect();
            takes_touch(&words, &form, is_customer)
        };
        for path in [
            "/act/jobs/ABCDE/abort",
            "/act/operators/jane/revoke",
            "/act/stations/dock-1/orders",
            "/me/passkeys/7/remove",
        ] {
            assert!(takes(path, false), "{path}");
        }
        for path in [
            "/act/jobs/ABCDE/hold",
            "/act/jobs/ABCDE/abort/x",
            "/me/sessions/7/end",
            "/out",
        ] {
            assert!(!takes(path, false), "{path}");
        }
        assert!(takes("/jobs/ABCDE/release", true) && !takes("/jobs/ABCDE/object", true));
        let look = Form::of(&[("Verb", "look")]);
        assert!(!takes_touch(
            &["act", "stations", "dock-1", "orders"],
            &look,
            false
        ));
    }
}
