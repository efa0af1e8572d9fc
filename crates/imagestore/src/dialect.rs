//! How EBS and Glacier say what all services say: signatures, codes, refusals, documents of JSON.
//!
//! They differ in names only. Redirections are not followed: these services have none.

use std::marker::PhantomData;

use awshttp::Answer;
use awshttp::connection::{Dialect, Sign};
use awshttp::reply::Reply;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::error::ServiceError;

/// The version of the Glacier API. EBS does not look at it.
const GLACIER_VERSION: &str = "2012-06-01";

/// What the services differ in.
pub(crate) trait Service {
    /// The name in the scope of a signature.
    const NAME: &'static str;

    /// What every request says.
    const HEADERS: &'static [(&'static str, &'static str)];
}

/// The EBS direct APIs.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Ebs {}

impl Service for Ebs {
    const NAME: &'static str = "ebs";
    const HEADERS: &'static [(&'static str, &'static str)] = &[];
}

/// Glacier.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Glacier {}

impl Service for Glacier {
    const NAME: &'static str = "glacier";
    const HEADERS: &'static [(&'static str, &'static str)] =
        &[("x-amz-glacier-version", GLACIER_VERSION)];
}

/// The dialect of both.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rest<S>(PhantomData<S>);

impl<S: Service> Dialect for Rest<S> {
    type Error = ServiceError;

    const SIGNING_NAME: &'static str = S::NAME;
    const SIGN: Sign = awsproto::sign::rest;
    const HEADERS: &'static [(&'static str, &'static str)] = S::HEADERS;

    fn is_signed(_: &str) -> bool {
        true
    }

    fn code(reply: &Reply<Self>, document: &[u8]) -> Option<String> {
        Fault::read(document).code(reply)
    }

    fn refusal(reply: &Reply<Self>, document: &[u8]) -> ServiceError {
        Fault::read(document).refusal(reply)
    }
}

/// Reads an answer of success that is a document.
pub(crate) fn document<T: DeserializeOwned, D: Dialect<Error = ServiceError>>(
    reply: Reply<D>,
) -> Result<T, ServiceError> {
    let mut reply = reply.streaming()?;
    let bytes = reply.document()?;
    serde_json::from_slice(&bytes).map_err(|error| reply.protocol(error.to_string()))
}

/// An error document: EBS writes `Message` and `Reason`, Glacier `code` and `message`, others `__type`. Proxies
/// send none, or one that is not JSON.
#[derive(Debug, Default, Deserialize)]
struct Fault {
    #[serde(alias = "__type", alias = "Code")]
    code: Option<String>,
    #[serde(alias = "Message")]
    message: Option<String>,
    #[serde(alias = "Reason")]
    reason: Option<String>,
}

impl Fault {
    fn read(document: &[u8]) -> Self {
        serde_json::from_slice(document).unwrap_or_default()
    }

    fn code<D: Dialect>(&self, reply: &Reply<D>) -> Option<String> {
        let header = reply.header("x-amzn-errortype");
        let code = header.or(self.code.as_deref())?;
        Some(bare_code(code).to_owned())
    }

    fn refusal<D: Dialect>(&self, reply: &Reply<D>) -> ServiceError {
        let code = self.code(reply).unwrap_or_default();
        let message = self.message.as_deref().unwrap_or_default();
        let reason = self.reason.as_deref();
        let mut answer = Answer::new(reply.status().as_u16(), &code, message);
        if let Some(reason) = reason {
            answer.message = format!("{reason}: {message}");
        }
        answer.request_id = reply.header("x-amzn-requestid").map(str::to_owned);
        ServiceError::from_answer(answer, reason)
    }
}

/// Takes `Name` out of `namespace#Name:http://...`.
fn bare_code(code: &str) -> &str {
    let code = code.split(':').next().unwrap_or_default();
    code.rsplit('#').next().unwrap_or_default()
}

#[cfg(test)]
mod tests;
