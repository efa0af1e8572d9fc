//! An API request as HTTP has it, and its answer as XML.
//!
//! What a request says is read from query string and body together, whatever its content type. Secrets
//! and manifests are never logged.

use std::time::Instant;

use awsproto::params::Params;
use awsproto::request::Request as SignedRequest;
use awsproto::xml::{Element, Envelope, IMPORT_EXPORT_NAMESPACE};
use axum::extract::Request;
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use model::limits::REQUEST_BODY_BYTES;

use super::Operation;
use super::fault::Fault;
use crate::access::{Caller, Customer, by_signature};
use crate::app::Context;
use crate::faces::body::{Bodies, BodyError};
use crate::faces::origin;
use crate::metrics::Metrics;

/// The header in which SDKs look for the request's id.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");

/// What is known of a request by the time it is answered; the log line and the counters.
struct Trace {
    request_id: String,
    begun: Instant,
    operation: Option<Operation>,
    account: Option<String>,
    key: Option<String>,
    user: Option<String>,
    job: Option<String>,
}

/// Answers an API request. Long bodies take their memory of `bodies`.
pub(in crate::faces) async fn answer(
    context: &Context,
    bodies: &Bodies,
    request: Request,
) -> Response {
    let mut trace = Trace {
        request_id: uuid::Uuid::new_v4().to_string(),
        begun: Instant::now(),
        operation: None,
        account: None,
        key: None,
        user: None,
        job: None,
    };
    let done = perform(context, bodies, request, &mut trace).await;
    trace.tell(&context.metrics, done.as_ref().err());
    respond(&trace, done)
}

async fn perform(
    context: &Context,
    bodies: &Bodies,
    request: Request,
    trace: &mut Trace,
) -> Result<Vec<Element>, Fault> {
    let (head, body) = request.into_parts();
    if head.method != Method::POST && head.method != Method::GET {
        return Err(Fault::MethodNotAllowed);
    }
    // Held to the end of the request, which has copies of the body.
    let (body, _memory) = bodies.read(body).await.map_err(|error| match error {
        BodyError::TooLong => Fault::RequestTooLarge(format!(
            "its body has more than {REQUEST_BODY_BYTES} bytes."
        )),
        BodyError::Incomplete => Fault::RequestIncomplete,
        BodyError::NoRoom => Fault::Unavailable,
    })?;
    let (customer, params) = authenticate(context, &head, &body).await?;
    trace.account = Some(customer.account.id.to_string());
    trace.key = Some(customer.key.to_string());
    trace.job = params.get("JobId").map(|id| id.chars().take(16).collect());
    let operation = Operation::of(&params)?;
    trace.operation = Some(operation);
    // Before any parameter: who may not ask learns nothing.
    if let Some(user) = &customer.user {
        trace.user = Some(user.name().to_string());
        user.may(operation.action())?;
    }
    let caller = Caller::Customer(customer);
    operation.run(context, &caller, &params).await
}

async fn authenticate(
    context: &Context,
    head: &Parts,
    body: &[u8],
) -> Result<(Customer, Params), Fault> {
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
    let origin = origin::of(head, &context.trusted_proxies);
    Ok(by_signature(context, &request, &origin).await?)
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
            user = self.user,
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
