//! A signature by a passkey (section 7.2).

use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use crate::authenticator::Said;
use crate::client::{self, Asked, ClientData};
use crate::fault::Fault;
use crate::key::PublicKey;
use crate::site::Site;

/// What a page sends of a signature: the fields of `AuthenticatorAssertionResponse` under their names, bytes in base64url.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct AssertionDocument {
    id: String,
    #[serde(rename = "clientDataJSON")]
    client_data: String,
    authenticator_data: String,
    signature: String,
    user_handle: String,
}

/// A signature by a passkey, as a page tells it.
#[derive(Debug, Clone)]
pub struct Assertion {
    id: Vec<u8>,
    user: Vec<u8>,
    client: ClientData,
    challenge: Vec<u8>,
    said: Said,
    message: Vec<u8>,
    signature: Vec<u8>,
}

/// What is known of a passkey.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// What its user was called when it was made.
    pub user: Vec<u8>,
    /// Its key.
    pub key: PublicKey,
    /// How often it had signed when it was seen last.
    pub counter: u32,
}

impl Assertion {
    /// Reads what a page sends: JSON with `id`, `clientDataJSON`, `authenticatorData`, `signature` and `userHandle`.
    ///
    /// # Errors
    /// [`Fault::Unreadable`].
    pub fn read(json: &str) -> Result<Self, Fault> {
        let document: AssertionDocument = client::document(json)?;
        let client_data =
            client::bytes(&document.client_data, "what the browser says of its page")?;
        let client = ClientData::read(&client_data)?;
        let mut message =
            client::bytes(&document.authenticator_data, "what the authenticator says")?;
        let said = Said::read(&message)?;
        // It signs its own words, and the hash of those of the browser (section 6.3.3).
        message.extend(Sha256::digest(&client_data));
        Ok(Self {
            id: client::bytes(&document.id, "the id of the passkey")?,
            user: client::bytes(&document.user_handle, "whose the passkey is")?,
            challenge: client.challenge()?,
            client,
            said,
            message,
            signature: client::bytes(&document.signature, "the signature")?,
        })
    }

    /// Which passkey signed, as it says itself.
    #[must_use]
    pub fn id(&self) -> &[u8] {
        &self.id
    }

    /// The challenge that it answers to. Whether that is one of ours, and still good, the caller knows.
    #[must_use]
    pub fn challenge(&self) -> &[u8] {
        &self.challenge
    }

    /// How often the passkey has signed now, if it is the known one and a page of this site asked it with this challenge.
    /// What is given is to be kept before anybody is let in.
    ///
    /// # Errors
    /// [`Fault`], whatever is wrong first; [`Fault::Copied`] only if all else is right.
    pub fn verify(&self, site: &Site, challenge: &[u8], known: &Known) -> Result<u32, Fault> {
        self.client.check(Asked::Get, site, challenge)?;
        if self.user != known.user {
            return Err(Fault::User);
        }
        self.said.check(site)?;
        if !known.key.has_signed(&self.message, &self.signature) {
            return Err(Fault::Signature);
        }
        let (now, before) = (self.said.counter, known.counter);
        match (now, before) {
            // Those that are on several devices of a user do not count.
            (0, 0) => Ok(0),
            _ if now > before => Ok(now),
            _ => Err(Fault::Copied),
        }
    }
}
