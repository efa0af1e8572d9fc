//! The station API: how stations claim jobs, keep their leases and conclude. JSON over HTTP; the
//! messages are `model::control`.
//!
//! A station shows a bearer token of which only the SHA-256 is kept. What a message does is in a
//! function of its own; here are the paths, the token, and the one table of refusals.

mod abort;
mod claim;
mod finish;
mod give_back;
mod look;
mod renew;
mod retry;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use model::actor::Actor;
use model::control::ControlFault;
use model::ids::{JobId, StationName};
use model::job::Refusal;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::api::Context;
use crate::http::{App, BodyError, read_body};
use crate::jobstore::JobStoreError;
use crate::keys::StationToken;

/// Largest message of a station, in bytes: a SIGNATURE file in base64 and some names, tenfold.
const MESSAGE_BYTES: usize = 64 << 10;

/// Why a message of a station is not done.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StationFault {
    /// No token, or one that no station has.
    #[error("the station token is not known to this service")]
    Unauthorized,
    /// A token of another station than the message names.
    #[error("the token belongs to station `{token}`, and the message comes from `{says}`")]
    OtherStation {
        /// Whose the token is.
        token: StationName,
        /// Who the message says it is.
        says: StationName,
    },
    /// The message cannot be read.
    #[error("the message cannot be read: {0}")]
    Unreadable(String),
    /// A field of the message has a value that it cannot have.
    #[error("`{field}` {wrong}")]
    BadField {
        /// The field.
        field: &'static str,
        /// What is wrong with it, after the field's name.
        wrong: String,
    },
    /// There is no such job.
    #[error("there is no job {0}")]
    UnknownJob(JobId),
    /// A station is at work on the job.
    #[error("job {job} is being done by station `{holder}`")]
    Leased {
        /// The job.
        job: JobId,
        /// Which station.
        holder: StationName,
    },
    /// The job is not as the person was shown.
    #[error("job {0} is not as it was shown any more: look at it again")]
    Changed(JobId),
    /// Only files of an import can be tried again by themselves.
    #[error("only an import of files can be tried again; for job {0} the customer makes a new job")]
    NoRetry(JobId),
    /// The lease is not in force: another attempt has the job, or it ended otherwise.
    #[error("the lease of job {0} is not in force any more")]
    LeaseLost(JobId),
    /// The job stands so that this cannot happen to it.
    #[error("job {job}: {why}")]
    Refused {
        /// The job.
        job: JobId,
        /// Why not.
        why: Refusal,
    },
    /// The job store failed; nothing was changed.
    #[error("the service cannot reach its job store")]
    Store(#[from] JobStoreError),
}

impl StationFault {
    fn status(&self) -> StatusCode {
        match self {
            Self::Unauthorized => StatusCode::UNAUTHORIZED,
            Self::OtherStation { .. } => StatusCode::FORBIDDEN,
            Self::Unreadable(_) | Self::BadField { .. } => StatusCode::BAD_REQUEST,
            Self::UnknownJob(_) => StatusCode::NOT_FOUND,
            Self::LeaseLost(_)
            | Self::Leased { .. }
            | Self::Changed(_)
            | Self::NoRetry(_)
            | Self::Refused { .. } => StatusCode::CONFLICT,
            Self::Store(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// A stable word for machines.
    fn code(&self) -> &'static str {
        match self {
            Self::Unauthorized => "Unauthorized",
            Self::OtherStation { .. } => "OtherStation",
            Self::Unreadable(_) => "Unreadable",
            Self::BadField { .. } => "BadField",
            Self::UnknownJob(_) => "UnknownJob",
            Self::LeaseLost(_) => "LeaseLost",
            Self::Leased { .. } => "Leased",
            Self::Changed(_) => "Changed",
            Self::NoRetry(_) => "NoRetry",
            Self::Refused { why, .. } => refusal_code(*why),
            Self::Store(_) => "Unavailable",
        }
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
    }
}

impl IntoResponse for StationFault {
    fn into_response(self) -> Response {
        let (status, code) = (self.status(), self.code());
        if let Self::Store(error) = &self {
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
pub(crate) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/claim", post(claim_route))
        .route("/lease/renew", post(renew_route))
        .route("/lease/finish", post(finish_route))
        .route("/return", post(return_route))
        .route("/job", post(look_route))
        .route("/abort", post(abort_route))
        .route("/retry", post(retry_route))
        .fallback(async || no_such_message(StatusCode::NOT_FOUND))
        .method_not_allowed_fallback(async || no_such_message(StatusCode::METHOD_NOT_ALLOWED))
}

async fn claim_route(State(app): State<Arc<App>>, request: Request) -> Response {
    let done = async {
        let (station, message) = receive(&app.context, request).await?;
        claim::claim(&app, &station, message).await
    };
    answer(done.await)
}

async fn renew_route(State(app): State<Arc<App>>, request: Request) -> Response {
    let done = async {
        let (station, message) = receive(&app.context, request).await?;
        renew::renew(&app, &station, message).await
    };
    answer(done.await)
}

async fn finish_route(State(app): State<Arc<App>>, request: Request) -> Response {
    let done = async {
        let (station, message) = receive(&app.context, request).await?;
        finish::finish(&app, &station, message).await
    };
    answer(done.await)
}

async fn return_route(State(app): State<Arc<App>>, request: Request) -> Response {
    let done = async {
        let (station, message) = receive(&app.context, request).await?;
        give_back::give_back(&app, &station, message).await
    };
    answer(done.await)
}

async fn look_route(State(app): State<Arc<App>>, request: Request) -> Response {
    let done = async {
        let (_, message) = receive(&app.context, request).await?;
        look::look(&app.context, message).await
    };
    answer(done.await)
}

async fn abort_route(State(app): State<Arc<App>>, request: Request) -> Response {
    let done = async {
        let (station, message) = receive(&app.context, request).await?;
        abort::abort(&app, &station, message).await
    };
    answer(done.await)
}

async fn retry_route(State(app): State<Arc<App>>, request: Request) -> Response {
    let done = async {
        let (station, message) = receive(&app.context, request).await?;
        retry::retry(&app, &station, message).await
    };
    answer(done.await)
}

fn answer(done: Result<impl Serialize, StationFault>) -> Response {
    match done {
        Ok(answer) => json(StatusCode::OK, &answer),
        Err(fault) => fault.into_response(),
    }
}

/// Who sends a message, and the message. The token is checked before the body is read.
async fn receive<M: DeserializeOwned>(
    context: &Context,
    request: Request<Body>,
) -> Result<(StationName, M), StationFault> {
    let (head, body) = request.into_parts();
    let station = station(context, &head.headers).await?;
    let body = read_body(body, MESSAGE_BYTES).await.map_err(|error| {
        StationFault::Unreadable(match error {
            BodyError::TooLong => format!("it has more than {MESSAGE_BYTES} bytes"),
            BodyError::Incomplete | BodyError::NoRoom => "it did not arrive whole".to_owned(),
        })
    })?;
    let message = serde_json::from_slice(&body)
        .map_err(|error| StationFault::Unreadable(error.to_string()))?;
    Ok((station, message))
}

/// Looks the token up by its hash: how long that takes says nothing about any token.
async fn station(context: &Context, headers: &HeaderMap) -> Result<StationName, StationFault> {
    let token = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer "))
        .ok_or(StationFault::Unauthorized)?;
    let hash = StationToken::new(token.trim()).sha256();
    context
        .jobs
        .station_by_token(hash)
        .await?
        .ok_or(StationFault::Unauthorized)
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

/// The station whose lease of a job is in force, and the lease not lapsed.
async fn holder(context: &Context, job: JobId) -> Result<Option<StationName>, JobStoreError> {
    let (now, term) = (context.clock.now(), context.rules.lease_seconds);
    let lease = context.jobs.lease(job).await?;
    Ok(lease
        .filter(|lease| lease.is_in_force(now, term))
        .map(|lease| lease.station))
}

/// The actor of what a station does.
fn actor(station: &StationName) -> Actor {
    Actor::Station(station.clone())
}
