//! What waits for others: requests to services that the operator has named, witnesses and a timestamp authority.
//!
//! The way is that of `[network]`. Nothing is followed, an answer is read up to a length, and whoever does not answer in
//! time is not waited for.

use std::io::Read as _;
use std::time::Duration;

use awshttp::Surroundings;
use ureq::config::AutoHeaderValue;
use url::Url;

/// How long a service may take to answer.
const ANSWER: Duration = Duration::from_secs(5);

/// What is sent.
#[derive(Debug, Clone)]
pub(crate) struct OutsideRequest {
    /// Where to.
    pub(crate) url: String,
    /// `Content-Type`.
    pub(crate) content_type: &'static str,
    /// The bytes.
    pub(crate) body: Vec<u8>,
    /// Most bytes that are read of the answer.
    pub(crate) most: usize,
}

/// What comes back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OutsideReply {
    /// The status.
    pub(crate) status: u16,
    /// The bytes.
    pub(crate) body: Vec<u8>,
}

/// The service cannot be asked, or does not answer as HTTP does.
#[derive(Debug, thiserror::Error)]
#[error("`{host}` does not answer: {why}")]
pub(crate) struct NoReply {
    host: String,
    why: String,
}

/// Sends something by POST, and waits for the answer on a thread of its own.
pub(crate) async fn post(
    surroundings: &Surroundings,
    message: OutsideRequest,
) -> Result<OutsideReply, NoReply> {
    let host = host_of(&message.url);
    let surroundings = surroundings.clone();
    let sent = aside(move || send(&surroundings, &message)).await;
    let failed = || Err("the service failed; its log says why".to_owned());
    sent.unwrap_or_else(failed)
        .map_err(|why| NoReply { host, why })
}

/// Does something that blocks on a thread of its own, which no stop of the service has to wait for. `None` if it could not be
/// begun, or did not come to its end.
pub(crate) async fn aside<T: Send + 'static>(
    what: impl FnOnce() -> T + Send + 'static,
) -> Option<T> {
    let (done, outcome) = tokio::sync::oneshot::channel();
    let name = "outside".to_owned();
    let begun = std::thread::Builder::new().name(name).spawn(move || {
        // Whoever waited has gone: what came of it is found out by trying again.
        let _ = done.send(what());
    });
    begun.ok()?;
    outcome.await.ok()
}

fn send(surroundings: &Surroundings, message: &OutsideRequest) -> Result<OutsideReply, String> {
    let url = Url::parse(&message.url).map_err(|error| error.to_string())?;
    let route = surroundings.route(url.scheme(), url.host_str().unwrap_or_default());
    let config = route
        .config()
        .accept(AutoHeaderValue::None)
        .accept_encoding(AutoHeaderValue::None)
        .timeout_global(Some(ANSWER));
    let agent = config.build().new_agent();
    let sent = agent
        .post(&message.url)
        .header("content-type", message.content_type)
        .send(message.body.as_slice());
    let mut response = sent.map_err(|error| route.no_answer("service", error).to_string())?;
    let mut body = Vec::new();
    let most = message.most as u64;
    let read = response.body_mut().as_reader().take(most + 1);
    let read = { read }.read_to_end(&mut body);
    read.map_err(|error| error.to_string())?;
    if body.len() > message.most {
        return Err(format!("its answer has more than {most} bytes"));
    }
    Ok(OutsideReply {
        status: response.status().as_u16(),
        body,
    })
}

/// Host and port, as they stand in an address.
fn host_of(url: &str) -> String {
    match Url::parse(url) {
        Ok(url) => url.authority().to_owned(),
        Err(_) => model::readable::name(url, 80),
    }
}
