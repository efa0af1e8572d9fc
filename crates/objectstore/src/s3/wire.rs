//! One request to a store and its answer.
//!
//! Retries live above ([`crate::retrying`]). Repeated here is only what is no failure yet: a request that S3
//! sends elsewhere with a 307, which happens for some minutes after a bucket was made; and a question without a
//! body that is refused without a word, which is put once more so that the answer can have one.

use std::borrow::Cow;
use std::sync::Arc;

use awshttp::connection::Connection;
use awshttp::endpoint::{Address, InvalidEndpoint, ServiceConfig};
use awshttp::request::{Body, Request};
use awsproto::sign::Credentials;
use awsproto::xml::Element;
use ureq::http::{Method, StatusCode};

use super::address::{Addressing, Endpoint};
use super::dialect::{self, Reply, S3};
use crate::error::StoreError;
use crate::paced::Turns;

/// How often one request follows a 307.
const REDIRECTIONS: usize = 2;

/// The connections to one store.
#[derive(Debug, Clone)]
pub(crate) struct Wire {
    connection: Arc<Connection<S3>>,
    addressing: Addressing,
    /// What a call waits for before each request beyond its first, which has had its turn before it came here.
    turns: Option<Turns>,
}

impl Wire {
    pub(crate) fn new(
        config: &ServiceConfig,
        addressing: Addressing,
    ) -> Result<Self, InvalidEndpoint> {
        Ok(Self {
            connection: Arc::new(Connection::new(config)?),
            addressing,
            turns: None,
        })
    }

    /// The same connections for one whose requests wait for their turns.
    pub(crate) fn in_turn(&self, turns: Turns) -> Self {
        Self {
            turns: Some(turns),
            ..self.clone()
        }
    }

    /// What requests wait for.
    pub(crate) fn turns(&self) -> Option<&Turns> {
        self.turns.as_ref()
    }

    /// Waits until the call may send one more request.
    pub(crate) fn turn(&self) -> Result<(), StoreError> {
        self.turns.as_ref().map_or(Ok(()), Turns::ask)
    }

    pub(crate) fn endpoint(&self) -> Endpoint<'_> {
        let address: &Address = self.connection.address();
        Endpoint::new(address, self.addressing)
    }

    pub(crate) fn sign_with(&self, credentials: &Credentials) {
        self.connection.sign_with(credentials);
    }

    pub(crate) fn region(&self) -> &str {
        self.connection.region()
    }

    /// Sends `request` and waits for the head of the answer, whatever its status.
    pub(crate) fn ask(&self, request: &Request<'_>) -> Result<Reply, StoreError> {
        let mut request = Cow::Borrowed(request);
        for _ in 0..REDIRECTIONS {
            let reply = self.connection.ask(&request)?;
            let moved = redirection(&reply).and_then(|location| request.target.moved(location));
            match moved {
                Some(moved) => request.to_mut().target = moved,
                None => return Ok(reply),
            }
            self.turn()?;
        }
        self.connection.ask(&request)
    }

    /// Asks for a document.
    pub(crate) fn read(&self, request: &Request<'_>) -> Result<Element, StoreError> {
        dialect::document(self.ask(request)?)
    }

    /// Asks what has no body in its answer, such as whether an object is there. A refusal that does not say
    /// what it is about is asked for once more in a form that can: by `GET`, of as little as can be.
    pub(crate) fn ask_head(&self, mut request: Request<'_>) -> Result<Reply, StoreError> {
        request.method = Method::HEAD;
        let reply = self.ask(&request)?;
        let status = reply.status();
        if status == StatusCode::NOT_FOUND {
            return Ok(reply);
        }
        let silent = match reply.streaming() {
            Ok(reply) => return Ok(reply),
            Err(silent) => silent,
        };
        if silent.answer().is_none_or(|answer| !answer.code.is_empty()) || silent.may_retry() {
            return Err(silent);
        }
        request.method = Method::GET;
        request.say("range", "bytes=0-0");
        self.turn()?;
        let told = self.ask(&request).and_then(Reply::streaming);
        let is_alike = |told: &StoreError| {
            told.answer()
                .is_some_and(|answer| answer.status == status.as_u16())
        };
        match told {
            Err(told) if is_alike(&told) => Err(told),
            _ => Err(silent),
        }
    }
}

fn redirection(reply: &Reply) -> Option<&str> {
    let location = reply.header("location");
    location.filter(|_| reply.status() == StatusCode::TEMPORARY_REDIRECT)
}

/// A body that is signed with its hash where that is known. Small ones are always signed; a large one only if its
/// hash is there for nothing.
pub(crate) fn body<'a>(data: &'a [u8], sha256: Option<&[u8; 32]>) -> Body<'a> {
    const HASHED_ANYWAY_BYTES: usize = 4 << 10;
    match sha256 {
        Some(sha256) => Body::signed(data, sha256),
        None if data.len() <= HASHED_ANYWAY_BYTES => Body::hashed(data),
        None => Body::unsigned(data),
    }
}
