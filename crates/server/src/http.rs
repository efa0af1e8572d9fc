//! The transport: API requests as HTTP has them, and their answers as XML.
//!
//! The API is on every path, because clients send it to several: `/health`, `/ready`, `/metrics`,
//! `/artifacts/v1` and `/station/v1` are the only ones with a meaning of their own. What a request
//! says is read from query string and body together, whatever its content type. Secrets and
//! manifests are never logged.

mod artifacts;

use std::sync::Arc;
use std::time::{Duration, Instant};

use awsquery::request::Request as SignedRequest;
use awsquery::xml::{Element, Envelope, IMPORT_EXPORT_NAMESPACE};
use axum::Router;
use axum::body::{Body, HttpBody as _};
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bytes::Bytes;
use futures::StreamExt;
use listen::Peer;
use model::limits::REQUEST_BODY_BYTES;
use serde_json::json;
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::api::{Context, Fault, Operation};
use crate::artifact::PATH;
use crate::config::{MetricsFor, ServerConfig};
use crate::health::{Health, Report, Word};
use crate::identity::{Identity, identify};
use crate::metrics::Metrics;
use crate::station_api;

/// How long the body of a request may take to arrive: a megabyte over the thinnest line.
const BODY_PATIENCE: Duration = Duration::from_secs(30);

/// How long nothing of a body may come.
const BODY_SILENCE: Duration = Duration::from_secs(15);

/// How long a long body waits until others have been read.
const ROOM_PATIENCE: Duration = Duration::from_secs(5);

/// Bytes that are read of a body that is too long, so that its sender gets to read the answer.
const DISCARDED_BYTES: usize = 16 << 20;

/// The header in which SDKs look for the request's id.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");

/// Bytes of a body that are read without asking: every request but one with a manifest, and most of
/// those, and no more than eight megabytes of all connections together.
const FREE_BODY_BYTES: usize = 16 << 10;

/// Bytes of bodies that are longer, of all requests together. Reading one takes some five times its
/// length in memory while it is checked, which few are at a time.
const BODIES_BYTES: u32 = 64 << 20;

/// What all requests share.
pub(crate) struct App {
    pub(crate) context: Context,
    pub(crate) metrics: Metrics,
    metrics_for: MetricsFor,
    health: Health,
    bodies: Bodies,
}

/// The memory of long bodies.
struct Bodies(Semaphore);

impl App {
    pub(crate) fn new(context: Context, metrics: Metrics, config: &ServerConfig) -> Self {
        Self {
            context,
            metrics,
            metrics_for: config.metrics,
            health: Health::new(config.data.clone()),
            bodies: Bodies(Semaphore::new(BODIES_BYTES as usize)),
        }
    }
}

/// Whether a request is answered even when there is no place for others: stations are at work for
/// hours, and whoever asks about health wants to know what is wrong.
pub(crate) fn is_urgent(head: &Parts) -> bool {
    let path = head.uri.path();
    path == "/health" || path == "/ready" || path.starts_with("/station/v1/")
}

/// All paths.
pub(crate) fn router(app: Arc<App>) -> Router {
    Router::new()
        .route("/health", get(health).fallback(api))
        .route("/ready", get(ready).fallback(api))
        .route("/metrics", get(metrics).fallback(api))
        .route(
            &format!("{PATH}/{{name}}"),
            get(artifacts::artifact).fallback(api),
        )
        .nest("/station/v1", station_api::routes())
        .fallback(api)
        .with_state(app)
}

/// What is known of a request by the time it is answered; the log line and the counters.
struct Trace {
    request_id: String,
    begun: Instant,
    operation: Option<Operation>,
    account: Option<String>,
    key: Option<String>,
    job: Option<String>,
}

/// Answers an API request.
async fn api(State(app): State<Arc<App>>, request: Request) -> Response {
    let mut trace = Trace {
        request_id: uuid::Uuid::new_v4().to_string(),
        begun: Instant::now(),
        operation: None,
        account: None,
        key: None,
        job: None,
    };
    let done = perform(&app, request, &mut trace).await;
    trace.tell(&app.metrics, done.as_ref().err());
    respond(&trace, done)
}

async fn perform(app: &App, request: Request, trace: &mut Trace) -> Result<Vec<Element>, Fault> {
    let context = &app.context;
    let (head, body) = request.into_parts();
    if head.method != Method::POST && head.method != Method::GET {
        return Err(Fault::MethodNotAllowed);
    }
    // Held to the end of the request, which has copies of the body.
    let (body, _memory) = app.bodies.read(body).await.map_err(|error| match error {
        BodyError::TooLong => Fault::RequestTooLarge(format!(
            "its body has more than {REQUEST_BODY_BYTES} bytes."
        )),
        BodyError::Incomplete => Fault::RequestIncomplete,
        BodyError::NoRoom => Fault::Unavailable,
    })?;
    let (caller, params) = authenticate(context, &head, &body).await?;
    trace.account = Some(caller.account.id.to_string());
    trace.key = Some(caller.key.to_string());
    trace.job = params.get("JobId").map(|id| id.chars().take(16).collect());
    let operation = Operation::of(&params)?;
    trace.operation = Some(operation);
    operation.run(context, &caller, &params).await
}

async fn authenticate(
    context: &Context,
    head: &Parts,
    body: &[u8],
) -> Result<(Identity, awsquery::Params), Fault> {
    let headers: Vec<(&str, &[u8])> = head
        .headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_bytes()))
        .collect();
    let request = SignedRequest {
        method: head.method.as_str(),
        path_and_query: head
            .uri
            .path_and_query()
            .map_or("/", |target| target.as_str()),
        headers: &headers,
        body,
    };
    identify(context, &request).await
}

impl Trace {
    fn tell(&self, metrics: &Metrics, fault: Option<&Fault>) {
        let operation = self.operation.map_or("", Operation::name);
        let (status, code) = fault.map_or((200, "OK"), |f| (f.http_status(), f.code()));
        metrics.request(operation, code, self.begun.elapsed());
        let elapsed_ms = u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        tracing::info!(
            request_id = self.request_id,
            operation,
            account = self.account,
            access_key = self.key,
            job = self.job,
            status,
            code,
            elapsed_ms,
            "request"
        );
    }
}

/// Writes an answer, with the request's id in it and in the header.
fn respond(trace: &Trace, done: Result<Vec<Element>, Fault>) -> Response {
    let request_id = trace.request_id.as_str();
    let envelope = Envelope {
        namespace: IMPORT_EXPORT_NAMESPACE,
        request_id,
    };
    let (status, text) = match (done, trace.operation) {
        (Ok(elements), Some(operation)) => (
            StatusCode::OK,
            envelope.response(operation.name(), &elements),
        ),
        (Ok(_), None) => refusal(&envelope, &Fault::Internal),
        (Err(fault), _) => refusal(&envelope, &fault),
    };
    let mut response = (status, text).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/xml"));
    if let Ok(id) = HeaderValue::from_str(request_id) {
        headers.insert(REQUEST_ID, id);
    }
    if status == StatusCode::METHOD_NOT_ALLOWED {
        headers.insert(header::ALLOW, HeaderValue::from_static("GET, POST"));
    }
    response
}

fn refusal(envelope: &Envelope<'_>, fault: &Fault) -> (StatusCode, String) {
    let status = StatusCode::from_u16(fault.http_status());
    let text = envelope.error(fault.blame(), fault.code(), &fault.message());
    (status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), text)
}

/// A body that was not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BodyError {
    /// It is longer than it may be.
    TooLong,
    /// It broke off, or took too long.
    Incomplete,
    /// Too many long ones are being read.
    NoRoom,
}

impl Bodies {
    /// Reads the body of an API request. A long one takes memory of all of them before it is read.
    async fn read(&self, body: Body) -> Result<(Bytes, Option<SemaphorePermit<'_>>), BodyError> {
        let announced = body
            .size_hint()
            .exact()
            .and_then(|bytes| usize::try_from(bytes).ok());
        // One that is too long is read to be thrown away.
        let bytes = announced
            .unwrap_or(REQUEST_BODY_BYTES)
            .min(REQUEST_BODY_BYTES);
        let memory = match u32::try_from(bytes) {
            Ok(bytes) if bytes as usize > FREE_BODY_BYTES => {
                let memory = tokio::time::timeout(ROOM_PATIENCE, self.0.acquire_many(bytes));
                let Ok(Ok(memory)) = memory.await else {
                    return Err(BodyError::NoRoom);
                };
                Some(memory)
            }
            _ => None,
        };
        Ok((read_body(body, REQUEST_BODY_BYTES).await?, memory))
    }
}

/// Reads a body of at most `limit` bytes, in time.
pub(crate) async fn read_body(body: Body, limit: usize) -> Result<Bytes, BodyError> {
    // Of what is announced as far too long nothing is waited for.
    if body.size_hint().lower() > DISCARDED_BYTES as u64 {
        return Err(BodyError::TooLong);
    }
    tokio::time::timeout(BODY_PATIENCE, collect(body, limit))
        .await
        .unwrap_or(Err(BodyError::Incomplete))
}

async fn collect(body: Body, limit: usize) -> Result<Bytes, BodyError> {
    let mut stream = body.into_data_stream();
    let mut collected = Vec::new();
    let mut length = 0_usize;
    while let Some(chunk) = tokio::time::timeout(BODY_SILENCE, stream.next())
        .await
        .map_err(|_| BodyError::Incomplete)?
    {
        let chunk = chunk.map_err(|_| BodyError::Incomplete)?;
        length = length.saturating_add(chunk.len());
        if length <= limit {
            collected.extend_from_slice(&chunk);
        } else if length > DISCARDED_BYTES {
            break;
        }
    }
    if length > limit {
        Err(BodyError::TooLong)
    } else {
        Ok(collected.into())
    }
}

/// `GET /health`: how the service is. 503 if it can do nothing that lasts.
async fn health(State(app): State<Arc<App>>) -> Response {
    let report = app.health.report(&app.context).await;
    tell(report.status != Word::Unavailable, &report)
}

/// `GET /ready`: the same. 503 unless everything is as it should be.
async fn ready(State(app): State<Arc<App>>) -> Response {
    let report = app.health.report(&app.context).await;
    tell(report.status == Word::Ok, &report)
}

fn tell(well: bool, report: &Report) -> Response {
    let status = match well {
        true => StatusCode::OK,
        false => StatusCode::SERVICE_UNAVAILABLE,
    };
    let text = json!(report).to_string();
    (status, [(header::CONTENT_TYPE, "application/json")], text).into_response()
}

/// Whether a request comes from this machine, and was not handed on by a proxy.
fn is_local(head: &Parts) -> bool {
    let peer = head.extensions.get::<Peer>();
    let is_loopback = |Peer(peer): &Peer| peer.ip().to_canonical().is_loopback();
    let forwarded = [
        header::FORWARDED,
        HeaderName::from_static("x-forwarded-for"),
    ];
    let forwarded = forwarded.iter().any(|name| head.headers.contains_key(name));
    peer.is_some_and(is_loopback) && !forwarded
}

/// `GET /metrics`: the counters, for Prometheus. Those of jobs are left out while the job store
/// cannot be asked. To strangers it is as any other path.
async fn metrics(State(app): State<Arc<App>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    if app.metrics_for == MetricsFor::Loopback && !is_local(&head) {
        return api(State(app), Request::from_parts(head, body)).await;
    }
    let jobs = app.context.jobs.job_counts().await.unwrap_or_else(|error| {
        tracing::error!(error = &error as &dyn std::error::Error, "job store failed");
        Vec::new()
    });
    let form = "text/plain; version=0.0.4; charset=utf-8";
    ([(header::CONTENT_TYPE, form)], app.metrics.render(&jobs)).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn long_bodies_have_so_much_memory_together() {
        let bodies = Bodies(Semaphore::new(3 * FREE_BODY_BYTES));
        let long = || Body::from(vec![b'x'; 2 * FREE_BODY_BYTES]);
        let (body, memory) = bodies.read(long()).await.unwrap();
        assert_eq!(body.len(), 2 * FREE_BODY_BYTES);
        assert!(memory.is_some());
        assert_eq!(bodies.read(long()).await.err(), Some(BodyError::NoRoom));
        let short = bodies.read(Body::from(vec![b'x'; FREE_BODY_BYTES])).await;
        assert!(short.unwrap().1.is_none());
        drop(memory);
        assert!(bodies.read(long()).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_falls_silent_is_not_waited_for() {
        let begun = tokio::time::Instant::now();
        let first = futures::stream::iter([Ok::<_, std::io::Error>(Bytes::from("Action="))]);
        let body = Body::from_stream(first.chain(futures::stream::pending()));
        assert_eq!(read_body(body, 100).await, Err(BodyError::Incomplete));
        assert_eq!(begun.elapsed(), BODY_SILENCE);
    }
}
