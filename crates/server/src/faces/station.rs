//! The station API: how stations claim jobs, keep their leases and conclude. JSON over HTTP; the
//! messages are `model::control`.
//!
//! A station shows a bearer token of which only the SHA-256 is kept; so does a person who runs the service, for what
//! people do to jobs. What a message does is an operation of [`crate::ops`]; here are the paths, the token, and the one
//! table of refusals.

use std::net::IpAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use model::control::ControlFault;
use model::heartbeat::HEARTBEAT_BYTES;
use model::job::Refusal;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::body::{BodyError, read_body};
use super::{deeds, origin};
use crate::access::{Action, BearerToken, Caller, Unidentified, by_token};
use crate::app::Context;
use crate::jobstore::IdentityKind;
use crate::ops::audit::Begun;
use crate::ops::{
    AccountFault, DockingFault, Refused, SubmissionFault, audit, claims, custody, disposal,
    heartbeats, jobs, leases, shares,
};
use crate::stores::Whence;

/// Largest message of a station, in bytes: a heartbeat with all its bays. A SIGNATURE file in base64 and some names are
/// a tenth of that.
const MESSAGE_BYTES: usize = HEARTBEAT_BYTES;

/// Why a message of a station is not done.
#[derive(Debug, thiserror::Error)]
enum StationFault {
    /// No token, or one that nobody has.
    #[error(transparent)]
    Unidentified(#[from] Unidentified),
    /// The message cannot be read.
    #[error("the message cannot be read: {0}")]
    Unreadable(String),
    /// The operation refuses.
    #[error(transparent)]
    Refused(#[from] Refused),
}

impl StationFault {
    /// The table: the status of every refusal, and a stable word for machines.
    fn wire(&self) -> (StatusCode, &'static str) {
        match self {
            Self::Unidentified(Unidentified::Store(_)) | Self::Refused(Refused::Store(_)) => {
                (StatusCode::SERVICE_UNAVAILABLE, "Unavailable")
            }
            Self::Unidentified(_) => (StatusCode::UNAUTHORIZED, "Unauthorized"),
            Self::Unreadable(_) => (StatusCode::BAD_REQUEST, "Unreadable"),
            Self::Refused(refused) => wire(refused),
        }
    }
}

/// The same of what operations refuse; for operators too.
pub(super) fn wire(refused: &Refused) -> (StatusCode, &'static str) {
    match refused {
        Refused::Denied(_) => (StatusCode::FORBIDDEN, "Denied"),
        Refused::NoSuchJob(_) => (StatusCode::NOT_FOUND, "UnknownJob"),
        Refused::State { why, .. } => (StatusCode::CONFLICT, refusal_code(*why)),
        Refused::Docking(fault) => docking_wire(fault),
        Refused::Busy(_) | Refused::Store(_) => (StatusCode::SERVICE_UNAVAILABLE, "Unavailable"),
        Refused::Account(fault) => account_wire(fault),
        Refused::Submission(SubmissionFault::Marker(_)) => (StatusCode::BAD_REQUEST, "BadMarker"),
        // Neither stations nor operators submit manifests.
        Refused::Submission(_) | Refused::Internal => {
            (StatusCode::INTERNAL_SERVER_ERROR, "Internal")
        }
    }
}

fn account_wire(fault: &AccountFault) -> (StatusCode, &'static str) {
    match fault {
        AccountFault::Name(_) => (StatusCode::BAD_REQUEST, "BadName"),
        AccountFault::Right(_) => (StatusCode::BAD_REQUEST, "BadRight"),
        AccountFault::Word { .. } => (StatusCode::BAD_REQUEST, "BadWord"),
        AccountFault::Exists(_) | AccountFault::PersonExists(_) => (StatusCode::CONFLICT, "Exists"),
        AccountFault::NoSuchRight { .. } => (StatusCode::CONFLICT, "NoSuchRight"),
        AccountFault::IdentityExists { .. } => (StatusCode::CONFLICT, "Exists"),
        AccountFault::NoSuchIdentity {
            kind: IdentityKind::User,
            ..
        } => (StatusCode::NOT_FOUND, "UnknownUser"),
        AccountFault::NoSuchIdentity {
            kind: IdentityKind::Group,
            ..
        } => (StatusCode::NOT_FOUND, "UnknownGroup"),
        AccountFault::NotInGroup { .. } => (StatusCode::CONFLICT, "NotInGroup"),
        AccountFault::LongName(_) => (StatusCode::BAD_REQUEST, "BadName"),
        AccountFault::TooMany { .. } => (StatusCode::CONFLICT, "TooMany"),
        AccountFault::Policy(_) => (StatusCode::BAD_REQUEST, "BadPolicy"),
        AccountFault::NoSuchPolicy { .. } => (StatusCode::NOT_FOUND, "UnknownPolicy"),
        AccountFault::NoSuchAccount(_) => (StatusCode::NOT_FOUND, "UnknownAccount"),
        AccountFault::NoKeyOf(_) => (StatusCode::CONFLICT, "NoKey"),
        AccountFault::NoSuchKey(_) => (StatusCode::NOT_FOUND, "UnknownKey"),
        AccountFault::NoSuchPerson(_) => (StatusCode::NOT_FOUND, "UnknownOperator"),
        AccountFault::NoSuchSession(_) => (StatusCode::NOT_FOUND, "UnknownSession"),
        AccountFault::NoSuchPasskey(_) => (StatusCode::NOT_FOUND, "UnknownPasskey"),
        AccountFault::PasskeyName => (StatusCode::BAD_REQUEST, "BadName"),
        AccountFault::Passkey(_)
        | AccountFault::OldQuestion
        | AccountFault::UnknownPasskey
        | AccountFault::KnownPasskey
        | AccountFault::NoPasskeys => (StatusCode::FORBIDDEN, "Passkey"),
        AccountFault::NoSuchStation(_) => (StatusCode::NOT_FOUND, "UnknownStation"),
        AccountFault::NoSuchStore(_) => (StatusCode::NOT_FOUND, "UnknownStore"),
        AccountFault::Webhook(_) => (StatusCode::BAD_REQUEST, "BadWebhook"),
        AccountFault::NoSuchWebhook(_) => (StatusCode::NOT_FOUND, "UnknownWebhook"),
        AccountFault::NoSuchDelivery(_) => (StatusCode::NOT_FOUND, "UnknownDelivery"),
        AccountFault::NoMail => (StatusCode::CONFLICT, "NoMail"),
        AccountFault::MailNotTaken(_) => (StatusCode::BAD_GATEWAY, "MailNotTaken"),
        AccountFault::NoSuchBay { .. } => (StatusCode::NOT_FOUND, "UnknownBay"),
        AccountFault::StationRevoked(_) => (StatusCode::CONFLICT, "StationRevoked"),
    }
}

fn docking_wire(fault: &DockingFault) -> (StatusCode, &'static str) {
    match fault {
        DockingFault::OtherStation { .. } => (StatusCode::FORBIDDEN, "OtherStation"),
        DockingFault::Field { .. } => (StatusCode::BAD_REQUEST, "BadField"),
        DockingFault::LeaseLost(_) => (StatusCode::CONFLICT, "LeaseLost"),
        DockingFault::Leased { .. } => (StatusCode::CONFLICT, "Leased"),
        DockingFault::Changed(_) => (StatusCode::CONFLICT, "Changed"),
        DockingFault::Shut { .. } => (StatusCode::CONFLICT, "GateShut"),
        DockingFault::NoReport { .. } => (StatusCode::CONFLICT, "NoReport"),
        DockingFault::NoReceipt { .. } => (StatusCode::CONFLICT, "NoReceipt"),
        DockingFault::NoSuchParcel(_) => (StatusCode::NOT_FOUND, "UnknownParcel"),
        DockingFault::NothingInBay { .. } => (StatusCode::CONFLICT, "NothingInBay"),
        DockingFault::MixedUp { .. } => (StatusCode::CONFLICT, "MixedUp"),
        DockingFault::WrongSheet(_) => (StatusCode::FORBIDDEN, "WrongSheet"),
        DockingFault::WrongCard => (StatusCode::FORBIDDEN, "WrongCard"),
        DockingFault::TooManySecrets(_) => (StatusCode::TOO_MANY_REQUESTS, "TooManySecrets"),
        DockingFault::NoRetry(_) => (StatusCode::CONFLICT, "NoRetry"),
        DockingFault::HeldByOther { .. } => (StatusCode::CONFLICT, "HeldByOther"),
        DockingFault::NoKey { .. } => (StatusCode::SERVICE_UNAVAILABLE, "NoKey"),
        DockingFault::NoFinish { .. } => (StatusCode::CONFLICT, "NoFinish"),
    }
}

fn refusal_code(refusal: Refusal) -> &'static str {
    match refusal {
        Refusal::Canceled => "Canceled",
        Refusal::Expired => "Expired",
        Refusal::InProgress => "InProgress",
        Refusal::Over => "Over",
        Refusal::NotStarted => "NotStarted",
        Refusal::NotReceived => "NotReceived",
        Refusal::Received => "Received",
        Refusal::Returned => "Returned",
        Refusal::NotOver => "NotOver",
        Refusal::NothingFailed => "NothingFailed",
        Refusal::NotOnHold => "NotOnHold",
        Refusal::NotLoaded => "NotLoaded",
        Refusal::NotErased => "NotErased",
        Refusal::NotReleased => "NotReleased",
        Refusal::Objected => "Objected",
        Refusal::NotObjected => "NotObjected",
        Refusal::Erasing => "Erasing",
        Refusal::NotErasing => "NotErasing",
        Refusal::Erased => "Erased",
        Refusal::Destroyed => "Destroyed",
    }
}

impl IntoResponse for StationFault {
    fn into_response(self) -> Response {
        let (status, code) = self.wire();
        if let Self::Unidentified(Unidentified::Store(error))
        | Self::Refused(Refused::Store(error)) = &self
        {
            tracing::error!(error = error as &dyn std::error::Error, "job store failed");
        } else {
            tracing::warn!(code, why = ?self.to_string(), "station refused");
        }
        json(
            status,
            &ControlFault {
                code: code.to_owned(),
                message: self.to_string(),
            },
        )
    }
}

/// The paths below `/station/v1`.
pub(super) fn routes() -> Router<Arc<Context>> {
    Router::new()
        .route("/claim", post(claim_route))
        .route("/heartbeat", post(heartbeat_route))
        .route("/shares", post(shares_route))
        .route("/lease/renew", post(renew_route))
        .route("/lease/finish", post(finish_route))
        .route("/lease/keys", post(keys_route))
        .route("/lease/tell", post(tell_route))
        .route("/return", post(return_route))
        .route("/job", post(look_route))
        .route("/abort", post(abort_route))
        .route("/retry", post(retry_route))
        .route("/hold", post(hold_route))
        .route("/resume", post(resume_route))
        .route("/give-up", post(give_up_route))
        .route("/finish-without", post(finish_without_route))
        .route("/erase/ask", post(erase_ask_route))
        .route("/erase/begin", post(erase_begin_route))
        .route("/erase/renew", post(erase_renew_route))
        .route("/erase/end", post(erase_end_route))
        .fallback(async || no_such_message(StatusCode::NOT_FOUND))
        .method_not_allowed_fallback(async || no_such_message(StatusCode::METHOD_NOT_ALLOWED))
}

async fn claim_route(State(context): State<Arc<Context>>, request: Request) -> Response {
    let done = async {
        let whence = whence(&request);
        let (caller, message) = receive(&context, request).await?;
        Ok(claims::claim(&context, &caller, message, whence).await?)
    };
    answer(done.await)
}

async fn keys_route(State(context): State<Arc<Context>>, request: Request) -> Response {
    let done = async {
        let whence = whence(&request);
        let (caller, message) = receive(&context, request).await?;
        Ok(leases::keys(&context, &caller, message, whence).await?)
    };
    answer(done.await)
}

/// From where a message comes, as the port it came by says.
fn whence(request: &Request) -> Whence {
    let said = request.extensions().get().copied();
    said.unwrap_or(Whence::Elsewhere)
}

async fn heartbeat_route(State(context): State<Arc<Context>>, request: Request) -> Response {
    let done = async {
        let (caller, message) = receive(&context, request).await?;
        Ok(heartbeats::heartbeat(&context, &caller, message).await?)
    };
    answer(done.await)
}

async fn shares_route(State(context): State<Arc<Context>>, request: Request) -> Response {
    let done = async {
        let (caller, message) = receive(&context, request).await?;
        Ok(shares::shares(&context, &caller, message).await?)
    };
    answer(done.await)
}

async fn renew_route(State(context): State<Arc<Context>>, request: Request) -> Response {
    let done = async {
        let (caller, message) = receive(&context, request).await?;
        Ok(leases::renew(&context, &caller, message).await?)
    };
    answer(done.await)
}

async fn finish_route(State(context): State<Arc<Context>>, request: Request) -> Response {
    let done = async {
        let (caller, message) = receive(&context, request).await?;
        Ok(leases::conclude(&context, &caller, message).await?)
    };
    answer(done.await)
}

async fn tell_route(State(context): State<Arc<Context>>, request: Request) -> Response {
    let done = async {
        let (caller, message) = receive(&context, request).await?;
        Ok(leases::tell(&context, &caller, message).await?)
    };
    answer(done.await)
}

async fn return_route(State(context): State<Arc<Context>>, request: Request) -> Response {
    let done = async {
        let (act, caller, message) = begin(&context, request, Action::ReturnDevice).await?;
        let done = custody::give_back(&context, &caller, message).await;
        end(&context, act, done).await
    };
    answer(done.await)
}

async fn look_route(State(context): State<Arc<Context>>, request: Request) -> Response {
    let done = async {
        let (caller, message) = receive(&context, request).await?;
        Ok(jobs::look(&context, &caller, message).await?)
    };
    answer(done.await)
}

async fn abort_route(State(context): State<Arc<Context>>, request: Request) -> Response {
    let done = async {
        let (act, caller, message) = begin(&context, request, Action::AbortJob).await?;
        let done = jobs::abort(&context, &caller, message).await;
        end(&context, act, done).await
    };
    answer(done.await)
}

async fn retry_route(State(context): State<Arc<Context>>, request: Request) -> Response {
    let done = async {
        let (act, caller, message) = begin(&context, request, Action::RetryJob).await?;
        let done = jobs::retry(&context, &caller, message).await;
        end(&context, act, done).await
    };
    answer(done.await)
}

async fn hold_route(State(context): State<Arc<Context>>, request: Request) -> Response {
    let done = async {
        let (act, caller, message) = begin(&context, request, Action::HoldJob).await?;
        let done = jobs::hold(&context, &caller, message).await;
        end(&context, act, done).await
    };
    answer(done.await)
}

async fn resume_route(State(context): State<Arc<Context>>, request: Request) -> Response {
    let done = async {
        let (act, caller, message) = begin(&context, request, Action::ResumeJob).await?;
        let done = jobs::resume(&context, &caller, message).await;
        end(&context, act, done).await
    };
    answer(done.await)
}

async fn give_up_route(State(context): State<Arc<Context>>, request: Request) -> Response {
    let done = async {
        let (act, caller, message) = begin(&context, request, Action::GiveUpJob).await?;
        let done = jobs::give_up(&context, &caller, message).await;
        end(&context, act, done).await
    };
    answer(done.await)
}

async fn finish_without_route(State(context): State<Arc<Context>>, request: Request) -> Response {
    let done = async {
        let (act, caller, message) = begin(&context, request, Action::GiveUpJob).await?;
        let done = jobs::finish_without(&context, &caller, message).await;
        end(&context, act, done).await
    };
    answer(done.await)
}

async fn erase_ask_route(State(context): State<Arc<Context>>, request: Request) -> Response {
    let done = async {
        let (caller, message) = receive(&context, request).await?;
        Ok(disposal::ask(&context, &caller, message).await?)
    };
    answer(done.await)
}

async fn erase_begin_route(State(context): State<Arc<Context>>, request: Request) -> Response {
    let done = async {
        let (act, caller, message) = begin(&context, request, Action::EraseDevices).await?;
        let done = disposal::begin(&context, &caller, message).await;
        end(&context, act, done).await
    };
    answer(done.await)
}

async fn erase_renew_route(State(context): State<Arc<Context>>, request: Request) -> Response {
    let done = async {
        let (caller, message) = receive(&context, request).await?;
        Ok(disposal::renew(&context, &caller, message).await?)
    };
    answer(done.await)
}

async fn erase_end_route(State(context): State<Arc<Context>>, request: Request) -> Response {
    let done = async {
        let (act, caller, message) = begin(&context, request, Action::EraseDevices).await?;
        let done = disposal::end(&context, &caller, message).await;
        end(&context, act, done).await
    };
    answer(done.await)
}

fn answer(done: Result<impl Serialize, StationFault>) -> Response {
    match done {
        Ok(answer) => json(StatusCode::OK, &answer),
        Err(fault) => fault.into_response(),
    }
}

/// Who sends a message, and the message.
async fn receive<M: DeserializeOwned>(
    context: &Context,
    request: Request<Body>,
) -> Result<(Caller, M), StationFault> {
    let (caller, body, _) = read(context, request).await?;
    Ok((caller, parsed(&body)?))
}

/// The same of what a person decides about a job, which stands in the audit before it is done.
async fn begin<M: DeserializeOwned>(
    context: &Context,
    request: Request<Body>,
    action: Action,
) -> Result<(Begun, Caller, M), StationFault> {
    let (caller, body, address) = read(context, request).await?;
    let message = parsed(&body)?;
    let deed = deeds::about_job(action, &parsed(&body)?);
    let begun = audit::begin(&context.admin(), &caller, address, deed).await?;
    Ok((begun, caller, message))
}

/// What came of it, which stands in the audit then.
async fn end<T>(
    context: &Context,
    act: Begun,
    done: Result<T, Refused>,
) -> Result<T, StationFault> {
    let outcome = done.as_ref().map(drop).map_err(|refused| wire(refused).1);
    act.end(&context.admin(), outcome, None).await;
    Ok(done?)
}

fn parsed<M: DeserializeOwned>(body: &[u8]) -> Result<M, StationFault> {
    serde_json::from_slice(body).map_err(|error| StationFault::Unreadable(error.to_string()))
}

/// Who sends a request, its body, and from where it comes. The token is checked before the body is read.
async fn read(
    context: &Context,
    request: Request<Body>,
) -> Result<(Caller, Bytes, Option<IpAddr>), StationFault> {
    let (head, body) = request.into_parts();
    let caller = bearer(context, &head.headers).await?;
    let address = origin::of(&head, &context.trusted_proxies).address;
    let body = read_body(body, MESSAGE_BYTES).await.map_err(|error| {
        StationFault::Unreadable(match error {
            BodyError::TooLong => format!("it has more than {MESSAGE_BYTES} bytes"),
            BodyError::Incomplete | BodyError::NoRoom => "it did not arrive whole".to_owned(),
        })
    })?;
    Ok((caller, body, address))
}

/// Whose token a request shows.
pub(super) async fn bearer(context: &Context, headers: &HeaderMap) -> Result<Caller, Unidentified> {
    let token = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer "))
        .ok_or(Unidentified::Token)?;
    by_token(&*context.jobs, &BearerToken::new(token.trim())).await
}

fn json(status: StatusCode, answer: &impl Serialize) -> Response {
    match serde_json::to_vec(answer) {
        Ok(body) => (status, [(header::CONTENT_TYPE, "application/json")], body).into_response(),
        Err(error) => {
            tracing::error!(%error, "answer to a station not written");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

fn no_such_message(status: StatusCode) -> Response {
    let message = "this service knows no such message".to_owned();
    json(
        status,
        &ControlFault {
            code: "Unreadable".to_owned(),
            message,
        },
    )
}
