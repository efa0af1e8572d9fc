//! Who did something to a job: what its history says beside each event.
//!
//! The text form is written and read here and nowhere else. It is in every history, so it is a
//! format: `account:NUMBER`, `user:NUMBER/NAME`, `station:NAME`, `person:NAME` or `service`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::ids::{AccountId, IdentityName, InvalidId, PersonName, StationName};

const ACCOUNT: &str = "account";
const USER: &str = "user";
const STATION: &str = "station";
const PERSON: &str = "person";
const SERVICE: &str = "service";

/// The person who is at the host of the service, whoever that is: nobody else has this name.
const OPERATOR: &str = "operator";

/// Who did it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Actor {
    /// A customer, through the API.
    Account(AccountId),
    /// A user of a customer's account, through the API.
    User(AccountId, IdentityName),
    /// A station, or whoever works there.
    Station(StationName),
    /// A person who runs the service.
    Person(PersonName),
    /// Nobody: it happened by itself, by the passing of time.
    Service,
}

impl Actor {
    /// Whoever is at the host of the service, and can read its secret key.
    ///
    /// # Panics
    /// Never: the name is one.
    #[must_use]
    pub fn operator() -> Self {
        Self::Person(PersonName::new(OPERATOR).expect("a word of small letters"))
    }

    /// Whether it is whoever was at the host.
    #[must_use]
    pub fn is_operator(&self) -> bool {
        matches!(self, Self::Person(name) if name.as_str().eq_ignore_ascii_case(OPERATOR))
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Account(id) => write!(f, "{ACCOUNT}:{id}"),
            Self::User(id, name) => write!(f, "{USER}:{id}/{name}"),
            Self::Station(name) => write!(f, "{STATION}:{name}"),
            Self::Person(name) => write!(f, "{PERSON}:{name}"),
            Self::Service => f.write_str(SERVICE),
        }
    }
}

impl FromStr for Actor {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let unknown = || InvalidId {
            value: text.to_owned(),
            expected: "an actor such as `account:123456789012`, `station:dock-1` or `service`",
        };
        let (kind, name) = match text.split_once(':') {
            Some(split) => split,
            None if text == SERVICE => return Ok(Self::Service),
            None => return Err(unknown()),
        };
        match kind {
            ACCOUNT => name.parse().map(Self::Account),
            USER => {
                let (account, user) = name.split_once('/').ok_or_else(unknown)?;
                Ok(Self::User(account.parse()?, user.parse()?))
            }
            STATION => name.parse().map(Self::Station),
            PERSON => name.parse().map(Self::Person),
            _ => Err(unknown()),
        }
    }
}

impl TryFrom<String> for Actor {
    type Error = InvalidId;

    fn try_from(text: String) -> Result<Self, InvalidId> {
        text.parse()
    }
}

impl From<Actor> for String {
    fn from(actor: Actor) -> Self {
        actor.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Histories of every release hold these texts.
    #[test]
    fn each_actor_has_one_text_and_is_read_from_it() {
        let account = AccountId::new("123456789012").unwrap();
        for (actor, text) in [
            (Actor::Account(account), "account:123456789012"),
            (
                Actor::User(
                    AccountId::new("123456789012").unwrap(),
                    IdentityName::new("alice").unwrap(),
                ),
                "user:123456789012/alice",
            ),
            (
                Actor::Station(StationName::new("dock-1").unwrap()),
                "station:dock-1",
            ),
            (
                Actor::Person(PersonName::new("jane@example.org").unwrap()),
                "person:jane@example.org",
            ),
            (Actor::Service, "service"),
        ] {
            assert_eq!(actor.to_string(), text);
            assert_eq!(text.parse(), Ok(actor.clone()));
            let json = serde_json::to_string(&actor).unwrap();
            assert_eq!(json, format!("\"{text}\""));
            assert_eq!(serde_json::from_str::<Actor>(&json).unwrap(), actor);
        }
    }

    #[test]
    fn nobody_else_is_whoever_is_at_the_host() {
        assert_eq!(Actor::operator().to_string(), "person:operator");
        for (text, is_operator) in [
            ("person:operator", true),
            ("person:Operator", true),
            ("person:operators", false),
            ("station:operator", false),
            ("service", false),
        ] {
            assert_eq!(
                text.parse::<Actor>().unwrap().is_operator(),
                is_operator,
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_no_actor_is_not_read_as_one() {
        for text in [
            "",
            "test",
            "service:x",
            "account:",
            "account:12",
            "user:123456789012",
            "user:123456789012/",
            "user:12/alice",
            "station:a b",
            "person:",
            "robot:x",
        ] {
            assert!(text.parse::<Actor>().is_err(), "{text:?}");
        }
    }
}
