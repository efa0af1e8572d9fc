//! `GET /artifacts/v1/NAME?token=…`: a sheet as PDF, for whoever has the link.
//!
//! Refusals are plain text, because people follow links. Nothing is cached on the way.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::{Path, Query, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::App;
use crate::artifact::{Artifact, BadLink, Gone, prepare};
use crate::work::NotDone;

/// The query of a link. What else stands there is ignored: mailers and proxies add to links.
#[derive(Deserialize)]
pub(super) struct Link {
    #[serde(default)]
    token: String,
}

/// Why there is no sheet.
#[derive(Debug, thiserror::Error)]
enum NoSheet {
    #[error(transparent)]
    Link(#[from] BadLink),
    #[error(transparent)]
    Gone(#[from] Gone),
    #[error(transparent)]
    NotDone(#[from] NotDone),
    #[error("the sheet could not be drawn")]
    Drawing,
}

impl NoSheet {
    /// Status and a word for the counters.
    fn status(&self) -> (StatusCode, &'static str) {
        match self {
            Self::Link(BadLink::TooLong) => (StatusCode::URI_TOO_LONG, "TooLong"),
            Self::Link(BadLink::Forged) => (StatusCode::FORBIDDEN, "Forged"),
            Self::Link(BadLink::Expired) => (StatusCode::GONE, "Expired"),
            Self::Gone(Gone::Job { .. }) => (StatusCode::GONE, "Gone"),
            Self::Gone(Gone::Store(_)) => (StatusCode::SERVICE_UNAVAILABLE, "Unavailable"),
            Self::Gone(Gone::Busy(NotDone::Busy)) | Self::NotDone(NotDone::Busy) => {
                (StatusCode::SERVICE_UNAVAILABLE, "Busy")
            }
            Self::Gone(Gone::Busy(NotDone::BrokeOff))
            | Self::NotDone(NotDone::BrokeOff)
            | Self::Drawing => (StatusCode::INTERNAL_SERVER_ERROR, "Internal"),
        }
    }
}

/// Answers with the sheet of a link.
pub(super) async fn artifact(
    State(app): State<Arc<App>>,
    Path(name): Path<String>,
    Query(link): Query<Link>,
) -> Response {
    let begun = Instant::now();
    let done = sheet(&app, &name, &link.token).await;
    let (status, code) = done
        .as_ref()
        .map_or_else(NoSheet::status, |_| (StatusCode::OK, "OK"));
    app.metrics.request("artifact", code, begun.elapsed());
    match done {
        Ok((artifact, pdf)) => {
            tracing::info!(artifact = artifact.file_name(), "artifact given");
            respond(&artifact, pdf)
        }
        Err(error) => {
            tracing::warn!(code, why = %error, "artifact refused");
            private((status, format!("{error}\n")).into_response())
        }
    }
}

async fn sheet(app: &App, name: &str, token: &str) -> Result<(Artifact, Vec<u8>), NoSheet> {
    let artifact = Artifact::of_link(&app.context, name, token)?;
    let sheet = prepare(&app.context, &artifact).await?;
    match app.context.work.run(move || sheet.draw()).await? {
        Ok(pdf) => Ok((artifact, pdf)),
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "sheet not drawn");
            Err(NoSheet::Drawing)
        }
    }
}

fn respond(artifact: &Artifact, pdf: Vec<u8>) -> Response {
    let mut response = pdf.into_response();
    let headers = response.headers_mut();
    let form = HeaderValue::from_static("application/pdf");
    headers.insert(header::CONTENT_TYPE, form);
    let name = format!("inline; filename=\"{}\"", artifact.file_name());
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
