//! What a browser says of the page that asked: *client data* (section 5.8.1), and how it writes bytes.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;

use crate::fault::Fault;
use crate::site::Site;

/// What a page asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asked {
    /// A new passkey.
    Create,
    /// A signature.
    Get,
}

/// What a browser says of the page that asked. It may say more, of which nothing counts (section 5.8.1.2).
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct ClientData {
    #[serde(rename = "type")]
    kind: String,
    challenge: String,
    origin: String,
    #[serde(rename = "crossOrigin", default)]
    is_within_another: bool,
    #[serde(rename = "topOrigin")]
    around: Option<String>,
}

impl ClientData {
    pub(crate) fn read(json: &[u8]) -> Result<Self, Fault> {
        let read = serde_json::from_slice(json);
        read.map_err(|_| Fault::Unreadable("what the browser says of its page"))
    }

    /// The challenge that it answers to.
    pub(crate) fn challenge(&self) -> Result<Vec<u8>, Fault> {
        bytes(&self.challenge, "the challenge")
    }

    /// That a page of this site asked for this, with this challenge, and stood within no other.
    pub(crate) fn check(&self, asked: Asked, site: &Site, challenge: &[u8]) -> Result<(), Fault> {
        let kind = match asked {
            Asked::Create => "webauthn.create",
            Asked::Get => "webauthn.get",
        };
        if self.kind != kind {
            return Err(Fault::Purpose);
        }
        if self.challenge()? != challenge {
            return Err(Fault::Challenge);
        }
        if self.origin != site.origin() || self.is_within_another || self.around.is_some() {
            return Err(Fault::Origin);
        }
        Ok(())
    }
}

/// Bytes as browsers write them: base64url without padding.
pub(crate) fn bytes(text: &str, what: &'static str) -> Result<Vec<u8>, Fault> {
    let read = URL_SAFE_NO_PAD.decode(text);
    read.map_err(|_| Fault::Unreadable(what))
}

/// Reads a document of a page.
pub(crate) fn document<'a, D: Deserialize<'a>>(json: &'a str) -> Result<D, Fault> {
    const WHAT: Fault = Fault::Unreadable("what the page sent of the passkey");
    match json.len() <= crate::DOCUMENT_BYTES {
        true => serde_json::from_str(json).map_err(|_| WHAT),
        false => Err(WHAT),
    }
}
