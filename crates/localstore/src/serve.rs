//! Serves a store over HTTP/1.1 until told to stop.

use std::future::Future;

use hyper::service::service_fn;
use listen::{Door, Limits};
use s3s::Body;

use crate::store::Service;

/// Accepts connections until `shutdown` resolves, then lets requests under way finish.
///
/// Whoever brings or takes nothing is let go as `limits` say, and so is a signed upload whose body does
/// not come.
pub async fn serve(
    door: impl Into<Door>,
    service: Service,
    limits: Limits,
    shutdown: impl Future<Output = ()>,
) {
    let answer = service_fn(move |request: http::Request<listen::Body>| {
        let service = service.clone();
        async move { service.call(request.map(Body::http_body_unsync)).await }
    });
    listen::serve(door, answer, |_| false, limits, shutdown).await;
}
