//! The station's side of the conversation with its server: [`model::control`] over HTTP.

pub mod wire;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use awshttp::Surroundings;
use model::control::{
    AbortRequest, ClaimAnswer, ClaimRequest, Conclusion, ControlFault, FinishRequest,
    GiveUpRequest, HoldRequest, JobFacts, JobRequest, KeysAnswer, KeysRequest, LeaseState, Renewal,
    ResumeRequest, RetryRequest, ReturnRequest,
};
use model::disposal::messages::{
    EraseAnswer, EraseBegin, EraseConclusion, EraseLease, EraseRenewal, EraseRequest,
};
use model::handling::Telling;
use model::heartbeat::{Heartbeat, HeartbeatAnswer};
use model::share::{ShareAnswer, ShareRequest};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::lease::Carried;
use wire::Wire;

/// How long a heartbeat may take: the next tells the same, and whoever ends waits for it.
const HEARTBEAT_PATIENCE: Duration = Duration::from_secs(5);

/// A message that had no success.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// No answer, or one from something else: try again later.
    #[error("could not reach the server at `{url}`")]
    Unreachable {
        /// Where.
        url: String,
        /// How it failed.
        source: io::Error,
    },
    /// The server is there and in trouble: try again later.
    #[error("the server at `{url}` is in trouble: {message}")]
    Trouble {
        /// Where.
        url: String,
        /// What it says.
        message: String,
    },
    /// Something else than a server of ours answers: a proxy, a page to sign in, another service. It may be gone later.
    #[error("what answers at `{url}` is no service of Longshore (HTTP status {status})")]
    Stranger {
        /// Where.
        url: String,
        /// With which status.
        status: u16,
    },
    /// The server refuses.
    #[error("{}", .0.message)]
    Refused(ControlFault),
}

impl ControlError {
    /// Whether the same message may succeed later.
    #[must_use]
    pub fn may_retry(&self) -> bool {
        !matches!(self, Self::Refused(_))
    }
}

/// The way to the server.
#[derive(Clone)]
pub struct Control {
    wire: Wire,
    carried: Carried,
}

impl Control {
    /// A way to the server at `url` for the station that has this token, where nothing stands between.
    #[must_use]
    pub fn new(url: &str, token: &str) -> Self {
        Self::through(url, token, &Surroundings::default())
    }

    /// A way to the server at `url` for the station that has this token.
    #[must_use]
    pub fn through(url: &str, token: &str, surroundings: &Surroundings) -> Self {
        Self {
            wire: Wire::through(url, token, surroundings),
            carried: Carried::default(),
        }
    }

    /// Speaks with another token from now on, and so do all that were cloned of it.
    pub fn take_token(&self, token: &str) {
        self.wire.take_token(token);
    }

    /// By what it is known who speaks: another one after a token was taken.
    pub(crate) fn authorization(&self) -> Arc<str> {
        self.wire.authorization()
    }

    /// The leases that heartbeats carry on this way, and on all that were cloned of it.
    pub(crate) fn carried(&self) -> &Carried {
        &self.carried
    }

    /// Says how all bays are, and asks what is to be done.
    ///
    /// # Errors
    /// [`ControlError`].
    pub fn heartbeat(&self, heartbeat: Heartbeat) -> Result<HeartbeatAnswer, ControlError> {
        let message = heartbeat.message();
        self.wire
            .post_bytes(&below("heartbeat"), &message, HEARTBEAT_PATIENCE)
    }

    /// Asks for shares of the rates of stores.
    ///
    /// # Errors
    /// [`ControlError`].
    pub(crate) fn shares(&self, request: &ShareRequest) -> Result<ShareAnswer, ControlError> {
        self.send("shares", request)
    }

    /// Reports a device and asks for the right to its job.
    ///
    /// # Errors
    /// [`ControlError`]. A denial is an answer, not an error.
    pub fn claim(&self, request: &ClaimRequest) -> Result<ClaimAnswer, ControlError> {
        self.send("claim", request)
    }

    /// Gives a sign of life.
    ///
    /// # Errors
    /// [`ControlError`].
    pub fn renew(&self, renewal: &Renewal) -> Result<LeaseState, ControlError> {
        self.send("lease/renew", renewal)
    }

    /// Asks for other keys of the stores of a lease's job.
    ///
    /// # Errors
    /// [`ControlError`].
    pub fn keys(&self, request: &KeysRequest) -> Result<KeysAnswer, ControlError> {
        self.send("lease/keys", request)
    }

    /// Says what is to be known of the device of a lease.
    ///
    /// # Errors
    /// [`ControlError`].
    pub fn tell(&self, telling: &Telling) -> Result<(), ControlError> {
        self.send("lease/tell", telling)
    }

    /// Ends a lease.
    ///
    /// # Errors
    /// [`ControlError`].
    pub fn conclude(&self, conclusion: &Conclusion) -> Result<(), ControlError> {
        self.send("lease/finish", conclusion)
    }

    /// Marks a device as sent back.
    ///
    /// # Errors
    /// [`ControlError`].
    pub fn give_back(&self, request: &ReturnRequest) -> Result<(), ControlError> {
        self.send("return", request)
    }

    /// Asks whose a job is and how it stands.
    ///
    /// # Errors
    /// [`ControlError`].
    pub fn job(&self, request: &JobRequest) -> Result<JobFacts, ControlError> {
        self.send("job", request)
    }

    /// Gives a job up, as a person said.
    ///
    /// # Errors
    /// [`ControlError`].
    pub fn abort(&self, request: &AbortRequest) -> Result<(), ControlError> {
        self.send("abort", request)
    }

    /// Lets what failed of a job that is over be tried again.
    ///
    /// # Errors
    /// [`ControlError`].
    pub fn retry(&self, request: &RetryRequest) -> Result<(), ControlError> {
        self.send("retry", request)
    }

    /// Puts a job on hold, as a person said.
    ///
    /// # Errors
    /// [`ControlError`].
    pub fn hold(&self, request: &HoldRequest) -> Result<(), ControlError> {
        self.send("hold", request)
    }

    /// Lets a job go on, as a person said.
    ///
    /// # Errors
    /// [`ControlError`].
    pub fn resume(&self, request: &ResumeRequest) -> Result<(), ControlError> {
        self.send("resume", request)
    }

    /// Has a job end with what is loaded of it, as a person said.
    ///
    /// # Errors
    /// [`ControlError`].
    pub fn finish_without(&self, request: &FinishRequest) -> Result<(), ControlError> {
        self.send("finish-without", request)
    }

    /// Gives a job up that is on hold, as a person said.
    ///
    /// # Errors
    /// [`ControlError`].
    pub fn give_up(&self, request: &GiveUpRequest) -> Result<(), ControlError> {
        self.send("give-up", request)
    }

    /// Asks whether a device may be erased.
    ///
    /// # Errors
    /// [`ControlError`]. A refusal is an answer, not an error.
    pub fn erase_ask(&self, request: &EraseRequest) -> Result<EraseAnswer, ControlError> {
        self.send("erase/ask", request)
    }

    /// Says that the next thing is a write.
    ///
    /// # Errors
    /// [`ControlError`], also if the lease is not held any more: nothing may be written then.
    pub fn erase_begin(&self, begin: &EraseBegin) -> Result<(), ControlError> {
        self.send("erase/begin", begin)
    }

    /// Says how far an erasing is.
    ///
    /// # Errors
    /// [`ControlError`].
    pub fn erase_renew(&self, renewal: &EraseRenewal) -> Result<EraseLease, ControlError> {
        self.send("erase/renew", renewal)
    }

    /// Says how an erasing ended.
    ///
    /// # Errors
    /// [`ControlError`].
    pub fn erase_end(&self, conclusion: &EraseConclusion) -> Result<(), ControlError> {
        self.send("erase/end", conclusion)
    }

    fn send<A: DeserializeOwned>(
        &self,
        path: &str,
        message: &impl Serialize,
    ) -> Result<A, ControlError> {
        self.wire.post(&below(path), message)
    }
}

/// The path of a station's message.
fn below(path: &str) -> String {
    format!("station/v1/{path}")
}
