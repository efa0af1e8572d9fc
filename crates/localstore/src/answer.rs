//! What every answer carries: an id by which the operator's log can be searched, in the headers and in
//! the document of an error; and the answers that are made in front of the protocol library.

use crate::front::Stop;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderValue, StatusCode, header};
use s3s::{Body, HttpResponse};

/// The two ids of a request, as S3 writes them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RequestId {
    /// Sixteen hexadecimal digits.
    pub(crate) short: String,
    host: String,
}

impl RequestId {
    /// Draws an id.
    pub(crate) fn draw() -> Self {
        let drawn = uuid::Uuid::new_v4();
        Self {
            short: hex::encode_upper(&drawn.as_bytes()[..8]),
            host: STANDARD.encode(drawn.as_bytes()),
        }
    }

    /// Writes the id into an answer, and into its document if that tells of an error.
    pub(crate) fn stamp(&self, response: &mut HttpResponse, path: &str) {
        if response.status().as_u16() >= 400 {
            self.stamp_error(response, path);
        }
        let headers = response.headers_mut();
        for (name, value) in [
            ("x-amz-request-id", self.short.as_str()),
            ("x-amz-id-2", self.host.as_str()),
            ("server", "longshore"),
        ] {
            if let Ok(value) = HeaderValue::try_from(value) {
                headers.insert(name, value);
            }
        }
    }

    fn stamp_error(&self, response: &mut HttpResponse, path: &str) {
        const END: &str = "</Error>";
        let Some(bytes) = response.body().bytes() else {
            return;
        };
        let Ok(text) = std::str::from_utf8(&bytes) else {
            return;
        };
        let Some(head) = text.trim_end().strip_suffix(END) else {
            return;
        };
        let stamped = format!(
            "{head}<Resource>{}</Resource><RequestId>{}</RequestId><HostId>{}</HostId>{END}",
            escape(path),
            self.short,
            self.host
        );
        replace(response, stamped);
    }
}

/// Puts another document into an answer.
fn replace(response: &mut HttpResponse, document: String) {
    let length = HeaderValue::from(document.len());
    if response.headers().contains_key(header::CONTENT_LENGTH) {
        response
            .headers_mut()
            .insert(header::CONTENT_LENGTH, length);
    }
    *response.body_mut() = Body::from(document);
}

/// Takes the quotes from the entity tag in an answer to GetObjectAttributes: there alone S3 gives it
/// without, and the protocol library always writes them.
pub(crate) fn unquote_tag(response: &mut HttpResponse) {
    let Some(bytes) = response.body().bytes() else {
        return;
    };
    let Ok(text) = std::str::from_utf8(&bytes) else {
        return;
    };
    if !text.contains("<GetObjectAttributesResponse") {
        return;
    }
    let bare = text
        .replacen("<ETag>\"", "<ETag>", 1)
        .replacen("\"</ETag>", "</ETag>", 1);
    replace(response, bare);
}

/// The answer to a request that goes no further. Its body is not read, so the connection ends.
pub(crate) fn stopped(stop: &Stop) -> HttpResponse {
    error(stop.status, stop.code, &stop.message)
}

/// The answer to a form. Its body is not read, so the connection ends with it.
pub(crate) fn no_forms() -> HttpResponse {
    error(
        StatusCode::METHOD_NOT_ALLOWED,
        "MethodNotAllowed",
        "Forms are not taken here. Send a PUT.",
    )
}

/// An error document in S3's form, after which the connection is closed.
pub(crate) fn error(status: StatusCode, code: &str, message: &str) -> HttpResponse {
    let document = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code>\
         <Message>{}</Message></Error>",
        escape(message)
    );
    let mut response = HttpResponse::new(Body::from(document));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/xml"),
    );
    headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}

/// Text as XML carries it; what XML cannot carry becomes a question mark.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '\t' | ' '..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'.. => escaped.push(c),
            _ => escaped.push('?'),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_says_which_request_it_answers() {
        let id = RequestId::draw();
        assert_eq!(id.short.len(), 16);
        let mut response = error(StatusCode::NOT_FOUND, "NoSuchKey", "a < b");
        id.stamp(&mut response, "/bucket/a&b");
        assert_eq!(response.headers()["x-amz-request-id"], id.short.as_str());
        let document = response.body().bytes().unwrap();
        let document = std::str::from_utf8(&document).unwrap();
        assert!(
            document.contains("<Message>a &lt; b</Message>"),
            "{document}"
        );
        assert!(
            document.contains("<Resource>/bucket/a&amp;b</Resource>"),
            "{document}"
        );
        assert!(document.contains(&format!("<RequestId>{}</RequestId>", id.short)));
        assert!(document.ends_with("</HostId></Error>"), "{document}");
    }
}
