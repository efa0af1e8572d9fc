//! Properties: what is signed verifies, what is encoded decodes, and no bytes make anything panic.

use awsproto::fault::Blame;
use awsproto::sign::{self, Credentials, Endpoint, SignedForm};
use awsproto::sigv2::HmacMethod;
use awsproto::xml::{self, Element, Envelope, IMPORT_EXPORT_NAMESPACE};
use awsproto::{AccessKeyId, Params, SecretKey, SessionToken};
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use time::OffsetDateTime;

use crate::wire::{KEY_ID, RawRequest};

/// Operation parameters; their names do not collide with those of authentication.
fn params() -> impl Strategy<Value = Params> {
    let name = prop_oneof!["[a-z.0-9]{1,12}", "[ -~é💾]{1,8}"].prop_map(|name| format!("p{name}"));
    btree_map(name, any::<String>(), 0..8).prop_map(|pairs| pairs.into_iter().collect())
}

fn credentials() -> impl Strategy<Value = Credentials> {
    (
        any::<String>(),
        proptest::option::of("[A-Za-z0-9/+=]{1,40}"),
    )
        .prop_map(|(secret, token)| Credentials {
            access_key_id: AccessKeyId::parse(KEY_ID).unwrap(),
            secret: SecretKey::new(secret),
            session_token: token.map(SessionToken::new),
        })
}

fn time() -> impl Strategy<Value = OffsetDateTime> {
    (0i64..4_000_000_000).prop_map(|s| OffsetDateTime::from_unix_timestamp(s).unwrap())
}

fn host() -> impl Strategy<Value = String> {
    "[a-zA-Z][a-zA-Z0-9.-]{0,20}(:[0-9]{1,5})?"
}

fn path() -> impl Strategy<Value = String> {
    "/([a-zA-Z0-9~._/-]|%[0-9A-F]{2}){0,12}"
}

/// Any bytes, or bytes that look enough like a request to get further.
fn noise() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        vec(any::<u8>(), 0..200),
        "[A-Za-z0-9%&=+./:;, -]{0,200}".prop_map(String::into_bytes),
        "(AWS4-HMAC-SHA256 )?(Credential=[a-zA-Z0-9/]{0,40},? ?)?(SignedHeaders=[a-z;-]{0,20},? ?)?(Signature=.{0,9})?"
            .prop_map(String::into_bytes),
    ]
}

fn posted(form: SignedForm, host: &str, path: &str) -> RawRequest {
    let mut headers: Vec<(&str, &str)> = form
        .headers
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    headers.push(("Host", host));
    RawRequest::new("POST", path, &headers, &form.body)
}

fn carries(judged: &Params, params: &Params) -> bool {
    params
        .iter()
        .all(|(name, value)| judged.get(name) == Some(value))
}

proptest! {
    #[test]
    fn signed_v4_verifies(
        credentials in credentials(), host in host(), path in path(), region in "[a-z0-9-]{1,12}",
        params in params(), time in time(),
    ) {
        let endpoint = Endpoint { host: &host, path: &path };
        let form = sign::query_v4(&credentials, endpoint, &region, "IngestionService", &params, time);
        let request = posted(form, &host, &path);
        let judged = request.judge_with(KEY_ID, credentials.secret.expose(), time);
        prop_assert!(carries(&judged.unwrap(), &params));
        let claims = request.claims().unwrap();
        prop_assert_eq!(claims.session_token(), credentials.session_token.as_ref());
    }

    #[test]
    fn signed_v2_verifies(
        credentials in credentials(), host in host(), path in path(), params in params(),
        sha1 in any::<bool>(), time in time(),
    ) {
        let endpoint = Endpoint { host: &host, path: &path };
        let method = if sha1 { HmacMethod::Sha1 } else { HmacMethod::Sha256 };
        let form = sign::form_v2(&credentials, endpoint, method, &params, time);
        let request = posted(form, &host, &path);
        let judged = request.judge_with(KEY_ID, credentials.secret.expose(), time);
        prop_assert!(carries(&judged.unwrap(), &params));
    }

    #[test]
    fn presigned_v4_verifies_and_is_wholly_signed(
        credentials in credentials(), host in host(), path in path(), params in params(),
        time in time(), at in any::<prop::sample::Index>(),
    ) {
        let endpoint = Endpoint { host: &host, path: &path };
        let target =
            sign::presigned_v4(&credentials, endpoint, "eu-west-1", "importexport", &params, time, 1);
        let request = RawRequest::new("GET", &target, &[("Host", &host)], "");
        let secret = credentials.secret.expose();
        let meant = request.judge_with(KEY_ID, secret, time).unwrap();
        prop_assert!(carries(&meant, &params));

        let mut bytes = target.into_bytes();
        let at = at.index(bytes.len());
        bytes[at] = if bytes[at] == b'0' { b'1' } else { b'0' };
        let changed = RawRequest { target: String::from_utf8(bytes).unwrap(), ..request };
        prop_assert!(changed.judge_with(KEY_ID, secret, time).is_err());
    }

    #[test]
    fn another_secret_never_verifies(
        credentials in credentials(), other in any::<String>(), params in params(), time in time(),
    ) {
        prop_assume!(credentials.secret != SecretKey::new(other.as_str()));
        // HMAC pads a short key with zero bytes, so keys that differ in those alone are one key.
        prop_assume!(!other.ends_with('\0') && !credentials.secret.expose().ends_with('\0'));
        let endpoint = Endpoint { host: "h", path: "/" };
        let form = sign::form_v2(&credentials, endpoint, HmacMethod::Sha256, &params, time);
        prop_assert!(posted(form, "h", "/").judge_with(KEY_ID, &other, time).is_err());
        let form = sign::query_v4(&credentials, endpoint, "r", "importexport", &params, time);
        prop_assert!(posted(form, "h", "/").judge_with(KEY_ID, &other, time).is_err());
    }

    #[test]
    fn encoded_parameters_decode(params in params()) {
        let encoded = params.encode();
        prop_assert!(encoded.bytes().all(|b| b.is_ascii_graphic()));
        prop_assert_eq!(Params::parse(encoded.as_bytes()), Ok(params));
    }

    #[test]
    fn decoding_and_encoding_settle(bytes in noise()) {
        if let Ok(params) = Params::parse(&bytes) {
            prop_assert_eq!(Params::parse(params.encode().as_bytes()), Ok(params));
        }
    }

    #[test]
    fn no_request_panics(
        method in ".{0,4}", target in ".{0,60}", body in noise(), seconds in any::<i32>(),
        headers in vec((
            prop_oneof![
                Just("host"), Just("authorization"), Just("x-amz-date"), Just("x-amz-content-sha256"),
                Just("X-Amz-Security-Token"), Just("x")
            ],
            prop_oneof![noise(), Just(b"20110620T223059Z".to_vec())],
        ), 0..6),
    ) {
        let headers = headers.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let request = RawRequest { method, target, headers, body };
        let now = OffsetDateTime::from_unix_timestamp(i64::from(seconds) * 30).unwrap();
        if let Err(fault) = request.judge(now) {
            prop_assert!(!fault.message().is_empty());
        }
    }

    #[test]
    fn no_document_panics(bytes in vec(any::<u8>(), 0..200), text in "[<>/&;#x0-9a-c!?\\[\\]\"'= -]{0,80}") {
        let _ = xml::parse(&bytes);
        let _ = xml::parse(text.as_bytes());
    }

    #[test]
    fn written_text_is_read_back(text in "[\\PC\\r\\n\\t]{0,40}", code in "[A-Za-z.]{1,20}") {
        let envelope = Envelope { namespace: IMPORT_EXPORT_NAMESPACE, request_id: "id" };
        let written = envelope.response("Op", &[Element::leaf("Text", text.as_str())]);
        let root = xml::parse(written.as_bytes()).unwrap();
        prop_assert_eq!(&root.descend(&["OpResult", "Text"]).unwrap().text, &text);

        let written = envelope.error(Blame::Sender, &code, &text);
        let error = xml::remote_error(&xml::parse(written.as_bytes()).unwrap()).unwrap();
        prop_assert_eq!((error.code, error.message), (code, text));
    }
}
