//! The questions of pages: those of the operator API, in its words.

use axum::http::Method;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::form::Fields;
use super::trouble::Trouble;
use super::visit::Visit;
use crate::faces::operator::{Answered, Desk, Inquiry};

impl Visit {
    /// Asks for a document below `/operator/v1/`.
    pub(super) async fn get<A: DeserializeOwned>(
        &self,
        path: &str,
        query: &Fields,
    ) -> Result<A, Trouble> {
        read(&self.ask(&Method::GET, path, query, &[]).await?)
    }

    /// Has something done.
    pub(super) async fn post(
        &self,
        path: &str,
        message: &impl Serialize,
    ) -> Result<Vec<u8>, Trouble> {
        let body = serde_json::to_vec(message).map_err(|_| Trouble::unreadable())?;
        self.ask(&Method::POST, path, &Vec::new(), &body).await
    }

    async fn ask(
        &self,
        method: &Method,
        path: &str,
        query: &Fields,
        body: &[u8],
    ) -> Result<Vec<u8>, Trouble> {
        let context = &self.console.context;
        let admin = context.admin();
        let desk = Desk::of_service(context, &admin, self.caller(), self.address);
        let asked = Inquiry {
            method,
            path,
            query,
            body,
        };
        let Answered { status, body } = desk.answer(&asked).await;
        match status.is_success() {
            true => Ok(body),
            false => Err(Trouble::told(status, &body)),
        }
    }
}

/// Reads a document.
pub(super) fn read<A: DeserializeOwned>(document: &[u8]) -> Result<A, Trouble> {
    serde_json::from_slice(document).map_err(|error| {
        tracing::error!(%error, "a document of ours cannot be read");
        Trouble::ours()
    })
}

/// A part of a path, whatever was typed into it.
pub(super) fn part(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}
