//! The paths, and who answers on them.
//!
//! The API is on every path, because clients send it to several: `/health`, `/ready`, `/metrics`,
//! `/artifacts/v1`, `/custody`, `/station/v1` and `/operator/v1` are the only ones with a meaning of their own.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use listen::Peer;
use serde::Serialize;
use serde_json::json;

use super::body::Bodies;
use super::{aws, custody, operator, sheets, station};
use crate::app::Context;
use crate::artifact::PATH;
use crate::config::{MetricsFor, ServerConfig};
use crate::counting::Counting;
use crate::health::{Health, Word};

/// What all requests share.
pub(crate) struct App {
    context: Arc<Context>,
    metrics_for: MetricsFor,
    health: Health,
    counting: Counting,
    bodies: Bodies,
}

impl App {
    pub(crate) fn new(context: Context, config: &ServerConfig) -> Self {
        Self {
            context: Arc::new(context),
            metrics_for: config.metrics,
            health: Health::new(config.data.clone()),
            counting: Counting::default(),
            bodies: Bodies::new(),
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
pub(crate) fn router(app: App) -> Router {
    let context = Arc::clone(&app.context);
    let sheet = get(sheets::sheet).with_state(Arc::clone(&context));
    Router::new()
        .route("/health", get(health).fallback(api))
        .route("/ready", get(ready).fallback(api))
        .route("/metrics", get(metrics).fallback(api))
        .route(&format!("{PATH}/{{name}}"), sheet.fallback(api))
        .nest("/custody", custody::routes(Arc::clone(&context)))
        .nest("/operator/v1", operator::routes(Arc::clone(&context)))
        .nest("/station/v1", station::routes().with_state(context))
        .fallback(api)
        .with_state(Arc::new(app))
}

/// Answers an API request.
async fn api(State(app): State<Arc<App>>, request: Request) -> Response {
    aws::answer(&app.context, &app.bodies, request).await
}

/// `GET /health`: that the service is there. Nothing is looked at: whoever restarts what does not answer must not do so
/// because of a database.
async fn health() -> Response {
    let told = json!({ "status": Word::Ok, "version": env!("CARGO_PKG_VERSION") });
    tell(StatusCode::OK, &told)
}

/// `GET /ready`: how the service is. 503 if it can do nothing that lasts. This machine is told more than others.
async fn ready(State(app): State<Arc<App>>, request: Request) -> Response {
    let (head, _) = request.into_parts();
    let report = app.health.report(&app.context).await;
    let status = match report.status {
        Word::Ok | Word::Degraded => StatusCode::OK,
        Word::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
    };
    match is_local(&head) {
        true => tell(status, &report),
        false => tell(status, &report.for_strangers()),
    }
}

fn tell(status: StatusCode, told: &impl Serialize) -> Response {
    let text = json!(told).to_string();
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

/// `GET /metrics`: the counters, for Prometheus. Those that the job store knows are left out while it
/// cannot be asked. To strangers it is as any other path.
async fn metrics(State(app): State<Arc<App>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    if app.metrics_for == MetricsFor::Loopback && !is_local(&head) {
        return api(State(app), Request::from_parts(head, body)).await;
    }
    let context = &app.context;
    let counted = app.counting.counted(context).await;
    let now = context.clock.now();
    context
        .metrics
        .store_limits(&context.stores.all_limits(now));
    let form = "text/plain; version=0.0.4; charset=utf-8";
    (
        [(header::CONTENT_TYPE, form)],
        context.metrics.render(&counted, now),
    )
        .into_response()
}
