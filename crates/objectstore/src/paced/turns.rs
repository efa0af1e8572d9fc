//! What a run waits for before it sends something to a store.

use std::fmt;
use std::sync::Arc;

use awshttp::retry::Sleeper;
use model::share::REQUEST;

use super::token_bucket::TokenBucket;
use crate::error::StoreError;

/// The turns of a run: what it waits for before it sends and asks, as long as nobody stops it. Cheap to clone; clones, and
/// those of other runs with the same tokens, stand in the same lines.
#[derive(Clone)]
pub struct Turns {
    bytes: Option<Arc<TokenBucket>>,
    requests: Option<Arc<TokenBucket>>,
    sleeper: Arc<dyn Sleeper>,
}

impl fmt::Debug for Turns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Turns")
            .field("bytes", &self.bytes)
            .field("requests", &self.requests)
            .finish_non_exhaustive()
    }
}

impl Turns {
    /// Waits for tokens of bytes and of requests, as `sleeper` lets it. Where there are none of one kind, that is not
    /// waited for.
    #[must_use]
    pub fn new(
        bytes: Option<Arc<TokenBucket>>,
        requests: Option<Arc<TokenBucket>>,
        sleeper: Arc<dyn Sleeper>,
    ) -> Self {
        Self {
            bytes,
            requests,
            sleeper,
        }
    }

    /// The same for requests alone: bodies wait for no rate.
    #[must_use]
    pub fn of_requests(&self) -> Self {
        Self {
            bytes: None,
            ..self.clone()
        }
    }

    /// Whether bodies wait.
    pub(super) fn keep_to_a_rate(&self) -> bool {
        self.bytes.is_some()
    }

    /// Waits until one more request may be sent.
    pub(crate) fn ask(&self) -> Result<(), StoreError> {
        match &self.requests {
            Some(requests) => requests.pass(REQUEST, &*self.sleeper),
            None => Ok(()),
        }
    }

    /// Waits until one more request may be sent, with a body of so many bytes.
    pub(super) fn send(&self, bytes: u64) -> Result<(), StoreError> {
        match &self.bytes {
            Some(tokens) => tokens.pass_with(bytes, &*self.sleeper, || self.ask()),
            None => self.ask(),
        }
    }

    /// Waits until so many bytes more may be received.
    pub(super) fn receive(&self, bytes: u64) -> Result<(), StoreError> {
        match &self.bytes {
            Some(tokens) => tokens.pass(bytes, &*self.sleeper),
            None => Ok(()),
        }
    }
}
