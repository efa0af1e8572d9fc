//! Who is signed in at the console: the documents of `/operator/v1/console`.

use serde::{Deserialize, Serialize};

use crate::actor::Actor;
use crate::ids::{AccessKeyId, PersonName};
use crate::time::Timestamp;

/// `POST /operator/v1/console/link`: lets somebody in at the console, once.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct LinkFor {
    /// Which person who runs the service; whoever asks if it is nobody, and no account either.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<PersonName>,
    /// Which customer, by the name or number of the account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
}

/// The answer: it is shown this once.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct NewLink {
    /// What to open in a browser.
    pub url: String,
    /// Whom it lets in.
    pub actor: Actor,
    /// Until when.
    pub until: Timestamp,
}

impl std::fmt::Debug for NewLink {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "NewLink({}, …)", self.actor)
    }
}

/// `GET /operator/v1/console/sessions`: who is signed in, the newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct SessionList {
    /// The sessions.
    pub sessions: Vec<SessionLine>,
}

/// A session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct SessionLine {
    /// Which.
    pub number: i64,
    /// Whose.
    pub actor: Actor,
    /// From where it was begun.
    pub address: Option<String>,
    /// When.
    pub began: Timestamp,
    /// When it was last used, within a minute.
    pub seen: Timestamp,
    /// When it ends at the latest.
    pub until: Timestamp,
}

/// `GET /operator/v1/console/passkeys`: what people and customers sign in with, the oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct PasskeyList {
    /// The passkeys.
    pub passkeys: Vec<PasskeyLine>,
}

/// A passkey.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct PasskeyLine {
    /// Which.
    pub number: i64,
    /// Whose.
    pub actor: Actor,
    /// The access key that a customer's goes with.
    pub access_key_id: Option<AccessKeyId>,
    /// What its holder calls it.
    pub name: String,
    /// The name of the site that it is for.
    pub site: String,
    /// Since when.
    pub added: Timestamp,
    /// When it was last used.
    pub used: Option<Timestamp>,
    /// Since when it is good for nothing, because there may be a copy of it.
    pub copied: Option<Timestamp>,
}
