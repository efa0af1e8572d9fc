//! `GET /artifacts/v1/NAME?token=…`: a sheet as PDF, for whoever has the link.
//!
//! Refusals are plain text, because people follow links. Nothing is cached on the way.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::{Path, Query, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use crate::app::Context;
use crate::artifact::{BadLink, Gone};
use crate::ops::artifacts::{Drawn, NoSheet, draw};
use crate::work::NotDone;

/// The query of a link. What else stands there is ignored: mailers and proxies add to links.
#[derive(Deserialize)]
pub(super) struct Link {
    #[serde(default)]
    token: String,
}

/// Status and a word for the counters.
fn status(why: &NoSheet) -> (StatusCode, &'static str) {
    match why {
        NoSheet::Link(BadLink::TooLong) => (StatusCode::URI_TOO_LONG, "TooLong"),
        NoSheet::Link(BadLink::Forged) => (StatusCode::FORBIDDEN, "Forged"),
        NoSheet::Link(BadLink::Expired) => (StatusCode::GONE, "Expired"),
        NoSheet::Gone(Gone::Job { .. }) => (StatusCode::GONE, "Gone"),
        NoSheet::Gone(Gone::Store(_)) => (StatusCode::SERVICE_UNAVAILABLE, "Unavailable"),
        NoSheet::Gone(Gone::Busy(NotDone::Busy)) | NoSheet::NotDone(NotDone::Busy) => {
            (StatusCode::SERVICE_UNAVAILABLE, "Busy")
        }
        NoSheet::Gone(Gone::Busy(NotDone::BrokeOff))
        | NoSheet::NotDone(NotDone::BrokeOff)
        | NoSheet::Drawing => (StatusCode::INTERNAL_SERVER_ERROR, "Internal"),
    }
}

/// Answers with the sheet of a link.
pub(super) async fn sheet(
    State(context): State<Arc<Context>>,
    Path(name): Path<String>,
    Query(link): Query<Link>,
) -> Response {
    let begun = Instant::now();
    let done = draw(&context, &name, &link.token).await;
    let (status, code) = done
        .as_ref()
        .map_or_else(status, |_| (StatusCode::OK, "OK"));
    context.metrics.request("artifact", code, begun.elapsed());
    match done {
        Ok(sheet) => {
            tracing::info!(artifact = sheet.file_name, "artifact given");
            respond(sheet)
        }
        Err(error) => {
            tracing::warn!(code, why = %error, "artifact refused");
            private((status, format!("{error}\n")).into_response())
        }
    }
}

fn respond(Drawn { file_name, pdf }: Drawn) -> Response {
    let mut response = pdf.into_response();
    let headers = response.headers_mut();
    let form = HeaderValue::from_static("application/pdf");
    headers.insert(header::CONTENT_TYPE, form);
    let name = format!("inline; filename=\"{file_name}\"");
    if let Ok(name) = HeaderValue::from_str(&name) {
        headers.insert(header::CONTENT_DISPOSITION, name);
    }
    private(response)
}

/// Keeps an answer out of caches, and its link out of what the reader asks for next.
fn private(mut response: Response) -> Response {
    for (name, value) in [
        (header::CACHE_CONTROL, "private, no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ] {
        let headers = response.headers_mut();
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}
