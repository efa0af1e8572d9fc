//! The operator API: JSON over HTTP for the people who run the service, and for their command line, which asks the
//! same on this host without HTTP. The documents are `model::operator`.
//!
//! Here is who asks and what for; each noun has a file with its paths, and what they do is an operation of
//! [`crate::ops`].

mod accounts;
mod audit;
mod console;
mod custody;
mod fault;
mod jobs;
mod keys;
mod mail;
mod operators;
mod parcels;
mod stations;
mod stores;
mod today;
mod users;
mod webhooks;

use std::net::IpAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use model::operator::Me;
use serde::Serialize;
use serde::de::DeserializeOwned;
use url::form_urlencoded;

use super::body::read_body;
use super::station::bearer;
use super::{deeds, origin};
use crate::access::Caller;
use crate::app::{Admin, Context};
use crate::jobstore::IdentityKind;
use crate::notices::post::Post;
use crate::ops;
use crate::ops::Refused;
use crate::ops::audit::Deed;
use crate::stores::Stores;
use fault::OperatorFault;

/// Largest message of an operator, in bytes: a thousand rights of an account.
const MESSAGE_BYTES: usize = 64 << 10;

/// A question, however it came.
#[derive(Debug, Clone, Copy)]
pub struct Inquiry<'a> {
    /// GET for what only reads, POST for what changes something.
    pub method: &'a Method,
    /// The path below `/operator/v1/`.
    pub path: &'a str,
    /// Names and values of the query.
    pub query: &'a [(String, String)],
    /// A document, of what changes something.
    pub body: &'a [u8],
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    /// 200, or why not.
    pub status: StatusCode,
    /// A document, or a [`ControlFault`](model::control::ControlFault).
    pub body: Vec<u8>,
}

/// What questions are answered with.
pub(crate) struct Desk<'a> {
    pub(crate) admin: &'a Admin,
    /// The stores of the settings.
    pub(crate) stores: &'a Arc<Stores>,
    /// The service that runs here; none where an installation is opened without one.
    pub(crate) service: Option<&'a Context>,
    /// What brings notices; none of an installation that was never started with a log of custody.
    pub(crate) post: Option<&'a Post>,
    /// The URL of the console, where there is one.
    pub(crate) console: Option<&'a str>,
    /// Days after which a job expires whose device has not come.
    pub(crate) expire_after_days: u32,
    pub(crate) caller: &'a Caller,
    /// The address at the other end of the connection, where there is one.
    pub(crate) address: Option<IpAddr>,
}

/// A document, written.
type Document = Result<Vec<u8>, OperatorFault>;

impl<'a> Desk<'a> {
    /// That of a service that runs.
    pub(super) fn of_service(
        context: &'a Context,
        admin: &'a Admin,
        caller: &'a Caller,
        address: Option<IpAddr>,
    ) -> Self {
        Self {
            admin,
            stores: &context.stores,
            service: Some(context),
            post: Some(&context.post),
            console: context.console.as_deref(),
            expire_after_days: context.rules.expire_after_days,
            caller,
            address,
        }
    }
}

impl Desk<'_> {
    /// Answers a question.
    pub(crate) async fn answer(&self, asked: &Inquiry<'_>) -> Answered {
        let words: Vec<&str> = asked.path.trim_matches('/').split('/').collect();
        let is_post = asked.method == Method::POST;
        let deed = deeds::asked(&words, asked.body).filter(|_| is_post);
        let document = match deed {
            Some(deed) => self.witnessed(asked, &words, deed).await,
            None => self.ask(asked, &words).await,
        };
        match document {
            Ok(body) => Answered {
                status: StatusCode::OK,
                body,
            },
            Err(fault) => fault.answered(),
        }
    }

    /// Has something done that stands in the audit before it is begun.
    async fn witnessed(&self, asked: &Inquiry<'_>, words: &[&str], deed: Deed) -> Document {
        let begun = ops::audit::begin(self.admin, self.caller, self.address, deed).await?;
        let document = self.ask(asked, words).await;
        let outcome = document.as_ref().map(drop).map_err(OperatorFault::code);
        let made = document.as_ref().ok().and_then(|body| key_in(body));
        begun.end(self.admin, outcome, made.as_deref()).await;
        document
    }

    async fn ask(&self, asked: &Inquiry<'_>, words: &[&str]) -> Document {
        match words {
            ["me"] if asked.method == Method::GET => self.me(),
            ["jobs", rest @ ..] => jobs::answer(self, asked, rest).await,
            ["accounts", rest @ ..] => accounts::answer(self, asked, rest).await,
            ["keys", rest @ ..] => keys::answer(self, asked, rest).await,
            ["users", rest @ ..] => users::answer(self, asked, IdentityKind::User, rest).await,
            ["groups", rest @ ..] => users::answer(self, asked, IdentityKind::Group, rest).await,
            ["stations", rest @ ..] => stations::answer(self, asked, rest).await,
            ["bays", rest @ ..] => stations::answer_bays(self, asked, rest).await,
            ["prometheus-targets"] if asked.method == Method::GET => stations::targets(self).await,
            ["stores", rest @ ..] => stores::answer(self, asked, rest).await,
            ["operators", rest @ ..] => operators::answer(self, asked, rest).await,
            ["parcels", rest @ ..] => parcels::answer(self, asked, rest).await,
            ["audit", rest @ ..] => audit::answer(self, asked, rest).await,
            ["today"] if asked.method == Method::GET => today::answer(self, asked).await,
            ["command-cards"] if asked.method == Method::GET => {
                document(&ops::cards::cards(self.service()?, self.caller)?)
            }
            ["custody", rest @ ..] => custody::answer(self, asked, rest).await,
            ["console", rest @ ..] => console::answer(self, asked, rest).await,
            ["webhooks", rest @ ..] => webhooks::answer(self, asked, rest).await,
            ["deliveries", rest @ ..] => webhooks::answer_deliveries(self, asked, rest).await,
            ["mail", rest @ ..] => mail::answer(self, asked, rest).await,
            _ => Err(OperatorFault::NoSuchPath),
        }
    }

    fn me(&self) -> Document {
        document(&Me {
            actor: self.caller.actor(),
            role: ops::audit::role(self.caller),
        })
    }

    /// What brings notices.
    fn post(&self) -> Result<&Post, OperatorFault> {
        self.post.ok_or(OperatorFault::NeedsService)
    }

    /// The service, for what cannot be done without one that runs.
    fn service(&self) -> Result<&Context, OperatorFault> {
        self.service.ok_or(OperatorFault::NeedsService)
    }
}

impl Inquiry<'_> {
    /// The document that was sent.
    fn message<M: DeserializeOwned>(&self) -> Result<M, OperatorFault> {
        serde_json::from_slice(self.body)
            .map_err(|error| OperatorFault::Unreadable(error.to_string()))
    }

    fn is(&self, method: &Method) -> bool {
        self.method == method
    }
}

fn document(answer: &impl Serialize) -> Document {
    serde_json::to_vec(answer).map_err(|error| {
        tracing::error!(%error, "answer to an operator not written");
        OperatorFault::Refused(Refused::Internal)
    })
}

/// The key that an answer tells of: the only thing that is made without having been named.
fn key_in(answer: &[u8]) -> Option<String> {
    #[derive(serde::Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Key {
        access_key_id: String,
        account_name: String,
    }
    let key: Key = serde_json::from_slice(answer).ok()?;
    Some(format!(
        "key {} of account {}",
        key.access_key_id, key.account_name
    ))
}

/// The paths below `/operator/v1`.
pub(super) fn routes(context: Arc<Context>) -> Router<Arc<super::http::App>> {
    Router::new().fallback(respond).with_state(context)
}

async fn respond(State(context): State<Arc<Context>>, request: Request) -> Response {
    let answered = match receive(&context, request).await {
        Ok(answered) => answered,
        Err(fault) => fault.answered(),
    };
    let headers = [
        (header::CONTENT_TYPE, "application/json"),
        // New tokens and secrets are among the answers.
        (header::CACHE_CONTROL, "no-store"),
    ];
    (answered.status, headers, answered.body).into_response()
}

/// Finds out who asks before the body is read, and answers.
async fn receive(context: &Context, request: Request) -> Result<Answered, OperatorFault> {
    let (head, body) = request.into_parts();
    let caller = bearer(context, &head.headers).await?;
    let body = read_body(body, MESSAGE_BYTES).await?;
    let query = head.uri.query().unwrap_or_default();
    let query: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes())
        .into_owned()
        .collect();
    let (admin, address) = (
        context.admin(),
        origin::of(&head, &context.trusted_proxies).address,
    );
    let desk = Desk::of_service(context, &admin, &caller, address);
    let asked = Inquiry {
        method: &head.method,
        path: head.uri.path(),
        query: &query,
        body: &body,
    };
    Ok(desk.answer(&asked).await)
}
