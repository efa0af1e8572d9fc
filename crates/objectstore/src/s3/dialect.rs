//! How S3 says what all services say: signatures, codes, refusals, documents of XML.

use awshttp::connection::{Dialect, Sign};
use awshttp::{Answer, reply};
use awsproto::xml::{self, Element};
use ureq::http::Uri;

use crate::error::StoreError;

/// The dialect of S3 and of all stores that are compatible with it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum S3 {}

/// An answer of a store.
pub(crate) type Reply = reply::Reply<S3>;

impl Dialect for S3 {
    type Error = StoreError;

    const SIGNING_NAME: &'static str = "s3";
    const SIGN: Sign = awsproto::sign::s3;
    const HEADERS: &'static [(&'static str, &'static str)] = &[];

    fn is_signed(header: &str) -> bool {
        header.starts_with("x-amz-") || matches!(header, "content-md5" | "content-type")
    }

    fn code(_: &Reply, document: &[u8]) -> Option<String> {
        let root = xml::parse(document).ok()?;
        Some(xml::remote_error(&root)?.code)
    }

    fn refusal(reply: &Reply, document: &[u8]) -> StoreError {
        let root = xml::parse(document).ok();
        let region_header = reply.header("x-amz-bucket-region");
        let region_element = root.as_ref().and_then(|root| root.text_of("Region"));
        let region = region_header.or(region_element).map(str::to_owned);
        let answer = root.as_ref().and_then(|root| answer(reply, root));
        let mut answer = answer.unwrap_or_else(|| Answer {
            request_id: request_id(reply),
            ..Answer::new(reply.status().as_u16(), "", "")
        });
        if let Some(origin) = moved_to(reply) {
            let mending = "set the store's `endpoint` to it";
            answer.message = format!("it sends to `{origin}`: {mending}");
        }
        StoreError::from_answer(answer, region)
    }
}

/// Reads an answer of success that is a document.
///
/// An `<Error>` in it counts as what it is: S3 commits itself to a 200 before it assembles an
/// object (API reference, `CompleteMultipartUpload`).
pub(crate) fn document(reply: Reply) -> Result<Element, StoreError> {
    let mut reply = reply.streaming()?;
    let bytes = reply.document()?;
    let root = xml::parse(&bytes).map_err(|error| reply.protocol(error.to_string()))?;
    match answer(&reply, &root) {
        Some(answer) => Err(StoreError::from_answer(answer, None)),
        None => Ok(root),
    }
}

fn answer(reply: &Reply, root: &Element) -> Option<Answer> {
    let error = xml::remote_error(root)?;
    Some(Answer {
        status: reply.status().as_u16(),
        code: error.code,
        message: error.message,
        request_id: error.request_id.or_else(|| request_id(reply)),
    })
}

fn request_id(reply: &Reply) -> Option<String> {
    reply.header("x-amz-request-id").map(str::to_owned)
}

/// The scheme and host that a permanent redirection leads to.
fn moved_to(reply: &Reply) -> Option<String> {
    let location = reply.header("location");
    let location = location.filter(|_| reply.status().is_redirection())?;
    let uri: Uri = location.parse().ok()?;
    Some(format!("{}://{}", uri.scheme_str()?, uri.authority()?))
}
