//! Timestamps of receipts (RFC 3161): an authority that the operator has named signs the digest of a receipt with the time.

use awshttp::Surroundings;
use custody::digest::Digest;
use custody::moment::Moment;
use custody::timestamp::{NONCE_BYTES, NoTimestamp, QUERY, Query, REPLY_BYTES};

use crate::outside::{self, NoReply, OutsideRequest};

/// An authority.
#[derive(Debug, Clone)]
pub(crate) struct Timestamps {
    url: String,
    surroundings: Surroundings,
}

/// Why something has no timestamp yet.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotStamped {
    /// The system gives no chance.
    #[error("the system gives no random bytes")]
    Chance(#[from] getrandom::Error),
    /// The authority cannot be asked.
    #[error("the timestamp authority {0}")]
    Silent(#[from] NoReply),
    /// It says no.
    #[error("the timestamp authority answered {0}")]
    Status(u16),
    /// It says something else.
    #[error("what the timestamp authority answered is of no use")]
    Useless(#[from] NoTimestamp),
}

impl Timestamps {
    /// Those of an authority at an address.
    pub(crate) fn new(url: &str, surroundings: Surroundings) -> Self {
        Self {
            url: url.to_owned(),
            surroundings,
        }
    }

    /// What the authority answers for these bytes, as `openssl ts -verify -in` reads it, and the time in it.
    pub(crate) async fn of(&self, content: &[u8]) -> Result<(Vec<u8>, Moment), NotStamped> {
        let mut nonce = [0; NONCE_BYTES];
        getrandom::fill(&mut nonce)?;
        let query = Query::new(Digest::of(content), nonce);
        let message = OutsideRequest {
            url: self.url.clone(),
            content_type: QUERY,
            body: query.der(),
            most: REPLY_BYTES,
        };
        let reply = outside::post(&self.surroundings, message).await?;
        if reply.status != 200 {
            return Err(NotStamped::Status(reply.status));
        }
        let at = query.answered_by(&reply.body)?;
        Ok((reply.body, at))
    }
}
