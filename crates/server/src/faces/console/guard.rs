//! What keeps pages from being used by others: where a form comes from, and what browsers are told to allow.

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};

/// Nothing but what this console serves: no script, style or frame of anybody else's, and none within a page.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
                      form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Whether a form was sent by a page of this console. A browser that says where it comes from is believed; one on plain
/// HTTP, which does not, names the origin. The same host is not enough: the embedded store serves what customers put
/// there on another port of it.
pub(super) fn is_from_here(headers: &HeaderMap, public_url: Option<&str>) -> bool {
    let told = |name| {
        headers
            .get(name)
            .and_then(|value: &HeaderValue| value.to_str().ok())
    };
    if let Some(site) = told("sec-fetch-site") {
        return site == "same-origin";
    }
    let Some(origin) = told("origin") else {
        return false;
    };
    let host = origin.split_once("://").map(|(_, host)| host);
    public_url == Some(origin) || (host.is_some() && host == told("host"))
}

/// The answer with what browsers are to keep to.
pub(super) fn guarded(mut response: Response) -> Response {
    let headers = response.headers_mut();
    let mut put = |name, value| {
        headers.insert(name, HeaderValue::from_static(value));
    };
    put(header::CONTENT_SECURITY_POLICY, POLICY);
    put(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    // With none at all browsers hide the origin of forms too, which is all that plain HTTP has.
    put(header::REFERRER_POLICY, "same-origin");
    put(header::X_FRAME_OPTIONS, "DENY");
    put(
        header::HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    );
    put(
        header::HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    );
    // Whose jobs these are is nobody else's business, and an old page is no page.
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    // Who looks and what the browser asks for decide what a page says, and in which language.
    headers
        .entry(header::VARY)
        .or_insert(HeaderValue::from_static("cookie, accept-language"));
    response
}

/// Sends the browser to another page, which it gets.
pub(super) fn see_other(path: &str) -> Response {
    let place = HeaderValue::from_str(path).unwrap_or(HeaderValue::from_static("/bench"));
    (StatusCode::SEE_OTHER, [(header::LOCATION, place)]).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(lines: &[(&'static str, &'static str)]) -> HeaderMap {
        let line = |(name, value): &(&'static str, &'static str)| {
            (
                header::HeaderName::from_static(name),
                HeaderValue::from_static(value),
            )
        };
        lines.iter().map(line).collect()
    }

    #[test]
    fn only_forms_of_this_console_are_taken() {
        let url = Some("https://console.example.org");
        for (lines, expected) in [
            (&[("sec-fetch-site", "same-origin")] as &[_], true),
            (&[("sec-fetch-site", "same-site")], false),
            (&[("sec-fetch-site", "cross-site")], false),
            (&[("sec-fetch-site", "none")], false),
            // What a script elsewhere could add does not outweigh what the browser says.
            (
                &[
                    ("sec-fetch-site", "cross-site"),
                    ("origin", "https://console.example.org"),
                ],
                false,
            ),
            (&[("origin", "https://console.example.org")], true),
            (
                &[
                    ("origin", "http://10.0.0.5:4782"),
                    ("host", "10.0.0.5:4782"),
                ],
                true,
            ),
            // The embedded store, on the same host.
            (
                &[
                    ("origin", "http://10.0.0.5:4781"),
                    ("host", "10.0.0.5:4782"),
                ],
                false,
            ),
            (&[("origin", "null"), ("host", "null")], false),
            (&[("host", "10.0.0.5:4782")], false),
            (&[], false),
        ] {
            assert_eq!(is_from_here(&headers(lines), url), expected, "{lines:?}");
        }
    }
}
