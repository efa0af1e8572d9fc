//! JSON over HTTP to a server, by a bearer token: how stations speak to it, and the people who run it.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use awshttp::Surroundings;
use awshttp::endpoint::Address;
use awshttp::route::Route;
use model::control::ControlFault;
use serde::Serialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use ureq::Body;
use ureq::http::{Response, StatusCode};

use super::ControlError;

/// How long one message may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// Longest answer, in bytes: a claim with a whole manifest.
const ANSWER_BYTES: u64 = 4 << 20;

/// The way to a server.
#[derive(Clone)]
pub struct Wire {
    agent: ureq::Agent,
    route: Route,
    server: String,
    /// Of all clones: a token that is changed is changed for each.
    authorization: Arc<RwLock<Arc<str>>>,
}

impl Wire {
    /// A way to the server at `url` for whoever has this token.
    #[must_use]
    pub fn through(url: &str, token: &str, surroundings: &Surroundings) -> Self {
        let address = Address::parse(url);
        let (scheme, host) = address
            .as_ref()
            .map_or(("http", ""), |a| (a.scheme, &a.host));
        let route = surroundings.route(scheme, host);
        let config = route.config().timeout_global(Some(PATIENCE)).build();
        Self {
            agent: config.new_agent(),
            route,
            server: url.trim_end_matches('/').to_owned(),
            authorization: Arc::new(RwLock::new(bearer(token))),
        }
    }

    /// Speaks with this token from now on.
    pub(crate) fn take_token(&self, token: &str) {
        let text = self.authorization.write();
        let mut text = text.unwrap_or_else(PoisonError::into_inner);
        let taken = bearer(token);
        // Who has what is said now sees by it whether the token was changed.
        if **text != *taken {
            *text = taken;
        }
    }

    /// The header by which it is known who speaks.
    pub(crate) fn authorization(&self) -> Arc<str> {
        let text = self.authorization.read();
        Arc::clone(&text.unwrap_or_else(PoisonError::into_inner))
    }

    /// Sends a message.
    ///
    /// # Errors
    /// [`ControlError`].
    pub fn post<A: DeserializeOwned>(
        &self,
        path: &str,
        message: &impl Serialize,
    ) -> Result<A, ControlError> {
        let message = serde_json::to_vec(message).unwrap_or_default();
        self.post_bytes(path, &message, PATIENCE)
    }

    /// Sends a message that is written already, and waits so long for the answer.
    ///
    /// # Errors
    /// [`ControlError`].
    pub fn post_bytes<A: DeserializeOwned>(
        &self,
        path: &str,
        message: &[u8],
        patience: Duration,
    ) -> Result<A, ControlError> {
        let url = self.url(path);
        let request = self
            .agent
            .post(&url)
            .header("authorization", &*self.authorization())
            .content_type("application/json")
            .config()
            .timeout_global(Some(patience))
            .build();
        self.read(&url, request.send(message))
    }

    /// Asks for a document.
    ///
    /// # Errors
    /// [`ControlError`].
    pub fn get<A: DeserializeOwned>(
        &self,
        path: &str,
        query: &[(String, String)],
    ) -> Result<A, ControlError> {
        let url = self.url(path);
        let pairs = query
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()));
        let request = self
            .agent
            .get(&url)
            .header("authorization", &*self.authorization())
            .query_pairs(pairs);
        self.read(&url, request.call())
    }

    fn url(&self, path: &str) -> String {
        format!("{}/{path}", self.server)
    }

    fn read<A: DeserializeOwned>(
        &self,
        url: &str,
        answer: Result<Response<Body>, ureq::Error>,
    ) -> Result<A, ControlError> {
        let unreachable = |error| ControlError::Unreachable {
            url: url.to_owned(),
            source: self.route.no_answer("the server", error).into_io(),
        };
        let mut answer = answer.map_err(unreachable)?;
        let status = answer.status();
        let body = answer
            .body_mut()
            .with_config()
            .limit(ANSWER_BYTES)
            .read_to_vec()
            .map_err(unreachable)?;
        read(url, status, &body)
    }
}

fn bearer(token: &str) -> Arc<str> {
    format!("Bearer {token}").into()
}

/// What an answer says.
///
/// # Errors
/// [`ControlError`].
fn read<A: DeserializeOwned>(
    url: &str,
    status: StatusCode,
    body: &[u8],
) -> Result<A, ControlError> {
    let trouble = |message| ControlError::Trouble {
        url: url.to_owned(),
        message,
    };
    let stranger = || ControlError::Stranger {
        url: url.to_owned(),
        status: status.as_u16(),
    };
    if status.is_success() {
        return match serde_json::from_slice(body) {
            Ok(answer) => Ok(answer),
            Err(_) if serde_json::from_slice::<IgnoredAny>(body).is_err() => Err(stranger()),
            Err(odd) => Err(trouble(format!("odd answer: {odd}"))),
        };
    }
    match serde_json::from_slice::<ControlFault>(body) {
        Ok(fault) if status.is_client_error() => Err(ControlError::Refused(fault)),
        Ok(fault) => Err(trouble(fault.message)),
        // A proxy that does not reach it says so in its own words.
        Err(_) if status.is_server_error() => Err(trouble(format!("HTTP status {status}"))),
        Err(_) => Err(stranger()),
    }
}
