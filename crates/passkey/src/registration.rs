//! A passkey that was made (section 7.1).

use serde::Deserialize;

use crate::authenticator::Said;
use crate::cbor::{self, Value};
use crate::client::{self, Asked, ClientData};
use crate::fault::Fault;
use crate::key::PublicKey;
use crate::site::Site;

/// What a page sends of a passkey that was made: the fields of `AuthenticatorAttestationResponse` under their names, bytes
/// in base64url.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RegistrationDocument {
    id: String,
    #[serde(rename = "clientDataJSON")]
    client_data: String,
    attestation_object: String,
}

/// A passkey that was made, as a page tells it.
#[derive(Debug, Clone)]
pub struct Registration {
    id: Vec<u8>,
    client: ClientData,
    challenge: Vec<u8>,
    said: Said,
}

/// A passkey that is to be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPasskey {
    /// Its id: 1 to 1,023 bytes, drawn by the authenticator.
    pub id: Vec<u8>,
    /// What it is known by.
    pub key: PublicKey,
    /// How often it has signed; zero of one that does not count.
    pub counter: u32,
}

impl Registration {
    /// Reads what a page sends: JSON with `id`, `clientDataJSON` and `attestationObject`.
    ///
    /// # Errors
    /// [`Fault::Unreadable`], [`Fault::Key`].
    pub fn read(json: &str) -> Result<Self, Fault> {
        const ATTESTATION: &str = "the attestation";
        let document: RegistrationDocument = client::document(json)?;
        let client = client::bytes(&document.client_data, "what the browser says of its page")?;
        let client = ClientData::read(&client)?;
        let attestation = client::bytes(&document.attestation_object, ATTESTATION)?;
        let Some((attestation, [])) = cbor::read(&attestation) else {
            return Err(Fault::Unreadable(ATTESTATION));
        };
        // What vouches for the maker of the authenticator is passed over: nobody asked for it, and anybody's are taken.
        let said = attestation.under("authData").and_then(Value::bytes);
        Ok(Self {
            id: client::bytes(&document.id, "the id of the passkey")?,
            challenge: client.challenge()?,
            client,
            said: Said::read(said.ok_or(Fault::Unreadable(ATTESTATION))?)?,
        })
    }

    /// The challenge that it answers to. Whether that is one of ours, and still good, the caller knows.
    #[must_use]
    pub fn challenge(&self) -> &[u8] {
        &self.challenge
    }

    /// The passkey, if a page of this site asked for it with this challenge.
    ///
    /// # Errors
    /// [`Fault`], whatever is wrong first.
    pub fn verify(self, site: &Site, challenge: &[u8]) -> Result<NewPasskey, Fault> {
        self.client.check(Asked::Create, site, challenge)?;
        self.said.check(site)?;
        let counter = self.said.counter;
        let made = self.said.made.ok_or(Fault::Key)?;
        match made.id == self.id {
            true => Ok(NewPasskey {
                id: made.id,
                key: made.key,
                counter,
            }),
            false => Err(Fault::Unreadable("the id of the passkey")),
        }
    }
}
