//! Who did something, and how that is known.

use model::actor::Actor;
use serde::{Deserialize, Serialize};

/// Who did something, as an event says it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct By {
    /// What the name is one of.
    pub kind: Kind,
    /// The person, the station or the account; of a user of an account `NUMBER/NAME`; of the service, `service`.
    pub name: String,
    /// How it is known.
    pub how: How,
}

/// What does things.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A person who runs the service.
    Person,
    /// A station, or whoever works there.
    Station,
    /// The service itself, by the passing of time or a rule.
    Service,
    /// A customer.
    Account,
}

/// How it is known who it was. All but the signature are claims of the service, which saw the secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum How {
    /// A person showed a token.
    Session,
    /// A station showed its token.
    StationToken,
    /// Somebody was at the host of the service, and could read its secret key.
    CommandLine,
    /// A request was signed with an access key.
    AccessKey,
    /// The person signed it with a key of her own.
    SshSignature,
    /// Nobody: a rule says so.
    Rule,
}

impl By {
    /// Whoever a history names, with how it is known.
    #[must_use]
    pub fn new(actor: &Actor, how: How) -> Self {
        let (kind, name) = match actor {
            Actor::Account(account) => (Kind::Account, account.to_string()),
            Actor::User(account, user) => (Kind::Account, format!("{account}/{user}")),
            Actor::Station(station) => (Kind::Station, station.to_string()),
            Actor::Person(person) => (Kind::Person, person.to_string()),
            Actor::Service => (Kind::Service, "service".to_owned()),
        };
        Self { kind, name, how }
    }

    /// Whoever a history names, who came the usual way: a customer with an access key, a station and a person with
    /// their tokens, and whoever was at the host by the command line.
    #[must_use]
    pub fn usual(actor: &Actor) -> Self {
        let how = match actor {
            Actor::Account(_) | Actor::User(..) => How::AccessKey,
            Actor::Station(_) => How::StationToken,
            Actor::Person(_) if actor.is_operator() => How::CommandLine,
            Actor::Person(_) => How::Session,
            Actor::Service => How::Rule,
        };
        Self::new(actor, how)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_did_it_has_a_kind_a_name_and_a_way() {
        for (actor, json) in [
            (
                "account:123456789012",
                r#"{"kind":"account","name":"123456789012","how":"access-key"}"#,
            ),
            (
                "user:123456789012/alice",
                r#"{"kind":"account","name":"123456789012/alice","how":"access-key"}"#,
            ),
            (
                "station:dock-1",
                r#"{"kind":"station","name":"dock-1","how":"station-token"}"#,
            ),
            (
                "person:jane@example.org",
                r#"{"kind":"person","name":"jane@example.org","how":"session"}"#,
            ),
            (
                "person:operator",
                r#"{"kind":"person","name":"operator","how":"command-line"}"#,
            ),
            (
                "service",
                r#"{"kind":"service","name":"service","how":"rule"}"#,
            ),
        ] {
            let by = By::usual(&actor.parse().unwrap());
            assert_eq!(serde_json::to_string(&by).unwrap(), json);
            assert_eq!(serde_json::from_str::<By>(json).unwrap(), by);
        }
    }
}
