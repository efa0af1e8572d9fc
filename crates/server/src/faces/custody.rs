//! `/custody`: what everybody may know of the log of custody, as files (C2SP `tlog-tiles`), whose signatures count, and for
//! whom passwords are sealed.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use custody::tree::Tile;

use crate::app::Context;
use crate::ops::{Refused, ledger, secrets};

/// What never changes may be kept for a year.
const FOR_EVER: &str = "public, max-age=31536000, immutable";

/// The paths below `/custody`.
pub(super) fn routes<S>(context: Arc<Context>) -> Router<S> {
    Router::new()
        .route("/checkpoint", get(checkpoint))
        .route("/tile/{*path}", get(tile))
        .route("/signers", get(signers))
        .route("/revoked", get(revoked))
        .route("/vkey", get(vkey))
        .route("/recipient", get(recipient))
        .fallback(nothing)
        .with_state(context)
}

async fn checkpoint(State(context): State<Arc<Context>>) -> Response {
    let note = ledger::checkpoint(&context.admin(), Some(&context)).await;
    text(note.map(|note| note.to_string()))
}

async fn signers(State(context): State<Arc<Context>>) -> Response {
    text(ledger::signers(&context.admin()).await)
}

async fn revoked(State(context): State<Arc<Context>>) -> Response {
    text(ledger::revoked(&context.admin()).await)
}

async fn vkey(State(context): State<Arc<Context>>) -> Response {
    text(ledger::vkey(&context.admin()).await)
}

/// For whom passwords are sealed.
async fn recipient(State(context): State<Arc<Context>>) -> Response {
    text(Ok(format!("{}\n", secrets::recipient(&context))))
}

async fn tile(State(context): State<Arc<Context>>, Path(path): Path<String>) -> Response {
    let Ok(tile) = format!("tile/{path}").parse::<Tile>() else {
        return nothing().await;
    };
    match ledger::tile(&context.admin(), tile).await {
        Ok(Some(hashes)) => {
            let headers = [
                (header::CONTENT_TYPE, "application/octet-stream"),
                (header::CACHE_CONTROL, FOR_EVER),
            ];
            (headers, hashes).into_response()
        }
        Ok(None) => nothing().await,
        Err(error) => unavailable(&error),
    }
}

fn text(told: Result<String, Refused>) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/plain; charset=utf-8"),
        (header::CACHE_CONTROL, "no-cache"),
    ];
    match told {
        Ok(text) => (headers, text).into_response(),
        Err(error) => unavailable(&error),
    }
}

fn unavailable(error: &Refused) -> Response {
    tracing::error!(
        error = error as &dyn std::error::Error,
        "the log of custody cannot be read"
    );
    let told = "the log of custody cannot be read at the moment\n";
    (StatusCode::SERVICE_UNAVAILABLE, told).into_response()
}

async fn nothing() -> Response {
    (
        StatusCode::NOT_FOUND,
        "there is no such file of the log of custody\n",
    )
        .into_response()
}
