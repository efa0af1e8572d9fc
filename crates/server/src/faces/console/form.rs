//! What forms send, and that each is sent once.

use axum::body::Body;
use axum::http::request::Parts;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use url::form_urlencoded;

use super::trouble::Trouble;
use super::visit::Visit;
use crate::access::BearerToken;
use crate::faces::body::read_body;
use crate::ops::sign_ins;
use crate::sealing::random;

/// Largest form of people, in bytes.
const FORM_BYTES: usize = 64 << 10;

/// Largest form of customers, in bytes: the longest manifest twice, or the paths of 80,000 files, as forms write them.
const CUSTOMER_BYTES: usize = 8 << 20;

/// The field with the form's key.
const KEY: &str = "key";

/// The field with the page that a form goes back to.
const BACK: &str = "back";

/// Names and values, in the order in which they were sent.
pub(super) type Fields = Vec<(String, String)>;

/// A form that was sent.
#[derive(Debug)]
pub(super) struct Form(Fields);

/// The query of a request.
pub(super) fn query(head: &Parts) -> Fields {
    let query = head.uri.query().unwrap_or_default();
    form_urlencoded::parse(query.as_bytes())
        .into_owned()
        .collect()
}

/// What a page of a list is asked for with: what the query says, and how many of a page. What is empty says nothing; whether
/// there is something of each name is not for pages to say, so that no filter is passed over.
pub(super) fn of_list(query: &Fields, limit: u32) -> Fields {
    let mut wanted = query.clone();
    wanted.retain(|(_, value)| !value.trim().is_empty());
    wanted.push(("limit".to_owned(), limit.to_string()));
    wanted
}

/// Whether it is the first page of a list.
pub(super) fn is_first(query: &Fields) -> bool {
    query
        .iter()
        .all(|(name, value)| name != "before" || value.trim().is_empty())
}

/// Reads a form.
pub(super) async fn read(body: Body) -> Result<Form, Trouble> {
    read_within(body, FORM_BYTES).await
}

/// Reads a form of a customer.
pub(super) async fn read_of_customer(body: Body) -> Result<Form, Trouble> {
    read_within(body, CUSTOMER_BYTES).await
}

async fn read_within(body: Body, bytes: usize) -> Result<Form, Trouble> {
    let body = read_body(body, bytes)
        .await
        .map_err(|_| Trouble::unreadable())?;
    Ok(Form(form_urlencoded::parse(&body).into_owned().collect()))
}

impl Form {
    /// All that it says.
    pub(super) fn fields(&self) -> impl Iterator<Item = &(String, String)> {
        self.0.iter()
    }

    /// What stands in a field; nothing of one that is empty.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(field, _)| field == name);
        let value = found.map(|(_, value)| value.trim());
        value.filter(|value| !value.is_empty())
    }

    /// The page that it goes back to: one of this console.
    pub(super) fn back(&self, home: &str) -> String {
        let told = self.get(BACK).unwrap_or_default();
        let is_here = told.starts_with('/')
            && !told.starts_with("//")
            && told
                .bytes()
                .all(|byte| byte.is_ascii_graphic() && byte != b'\\');
        match is_here {
            true => told.to_owned(),
            false => home.to_owned(),
        }
    }

    /// What stands in a field, blanks and all; nothing of one that was not sent.
    pub(super) fn find(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(field, _)| field == name);
        found.map(|(_, value)| value.as_str())
    }

    /// The same, and an empty text of one that was not sent.
    pub(super) fn raw(&self, name: &str) -> &str {
        self.find(name).unwrap_or_default()
    }

    #[cfg(test)]
    pub(super) fn of(fields: &[(&str, &str)]) -> Self {
        let field = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Self(fields.iter().map(field).collect())
    }

    /// That its key was given to this session: any other form is none of our pages'.
    pub(super) fn check_key(&self, visit: &Visit) -> Result<(), Trouble> {
        let key = self.get(KEY).unwrap_or_default();
        match is_key_of(&visit.token, key) {
            true => Ok(()),
            false => Err(Trouble::stale()),
        }
    }

    /// Whether this is the first time that it is sent.
    pub(super) async fn is_first(&self, visit: &Visit) -> Result<bool, Trouble> {
        self.check_key(visit)?;
        let admin = visit.console.context.admin();
        Ok(sign_ins::send_form(&admin, self.hash()).await?)
    }

    /// Lets it be sent again: nothing was done because of it.
    pub(super) async fn free(&self, visit: &Visit) {
        let admin = visit.console.context.admin();
        if let Err(error) = sign_ins::free_form(&admin, self.hash()).await {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "a form stays sent"
            );
        }
    }

    fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.get(KEY).unwrap_or_default().as_bytes()).into()
    }
}

/// A new key: chance, and a proof that it was given out to this session.
pub(super) fn new_key(token: &BearerToken) -> String {
    let chance = hex::encode(random::<16>());
    format!("{chance}.{}", proof(token, &chance))
}

fn is_key_of(token: &BearerToken, key: &str) -> bool {
    let Some((chance, told)) = key.split_once('.') else {
        return false;
    };
    proof(token, chance)
        .as_bytes()
        .ct_eq(told.as_bytes())
        .into()
}

fn proof(token: &BearerToken, chance: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(token.expose().as_bytes())
        .expect("HMAC takes keys of any length");
    mac.update(chance.as_bytes());
    hex::encode(mac.finalize().into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_of_the_session_it_was_given_to() {
        let (one, other) = (BearerToken::draw(), BearerToken::draw());
        let key = new_key(&one);
        assert!(is_key_of(&one, &key));
        assert!(!is_key_of(&other, &key));
        assert_ne!(key, new_key(&one));
        let cut = &key[..key.len() - 1];
        for wrong in ["", ".", "00.00", cut, &format!("0{key}")] {
            assert!(!is_key_of(&one, wrong), "{wrong}");
        }
    }

    #[test]
    fn a_form_goes_back_to_a_page_of_this_console() {
        let back = |told: &str| Form(vec![(BACK.to_owned(), told.to_owned())]).back("/bench");
        assert_eq!(back("/jobs/EX1ID?a=b#c"), "/jobs/EX1ID?a=b#c");
        for wrong in [
            "",
            "https://example.org",
            "//example.org",
            "/\\example.org",
            "/a\r\nSet-Cookie: b",
            "jobs",
        ] {
            assert_eq!(back(wrong), "/bench", "{wrong:?}");
        }
    }

    #[test]
    fn a_field_that_is_empty_says_nothing() {
        let fields = [("because", "  "), ("bay", " B3 ")];
        let fields = fields.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let form = Form(fields.to_vec());
        assert_eq!(form.get("because"), None);
        assert_eq!(form.get("bay"), Some("B3"));
    }
}
