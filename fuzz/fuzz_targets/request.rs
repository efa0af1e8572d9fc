//! Reads the input as a raw HTTP request and takes it through decoding, claims and verification.
//!
//! Besides never panicking: whatever decodes must encode to something that decodes to the same.

#![no_main]

use awsproto::{Claims, Params, Request, Rules, SecretKey, verify};
use libfuzzer_sys::fuzz_target;
use time::macros::datetime;

fuzz_target!(|data: &[u8]| {
    if let Ok(params) = Params::parse(data) {
        assert_eq!(
            Params::parse(params.encode().as_bytes()).as_ref(),
            Ok(&params)
        );
        params.list("jobIds");
        let _ = params.action();
    }
    with_request(data, |request| {
        if let Ok(claims) = Claims::parse(request) {
            let secret = SecretKey::new("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY");
            // The time at which most recorded requests, the seeds of the corpus, were signed.
            let now = datetime!(2026-11-21 08:09 UTC);
            if let Err(fault) = verify(request, &claims, &secret, now, &Rules::IMPORT_EXPORT) {
                assert!((400..600).contains(&fault.http_status()));
                assert!(!fault.message().is_empty());
            }
        }
    });
});

/// Splits the input into request line, header lines and body, as far as it has them.
fn with_request(data: &[u8], then: impl FnOnce(&Request<'_>)) {
    let (head, body) = split_once(data, b"\r\n\r\n").unwrap_or((data, b""));
    let mut lines = head
        .split(|&b| b == b'\n')
        .map(|line| line.trim_ascii_end());
    let Some(Ok(request_line)) = lines.next().map(str::from_utf8) else {
        return;
    };
    let mut words = request_line.split(' ');
    let method = words.next().unwrap_or_default();
    let path_and_query = words.next().unwrap_or_default();
    let headers: Vec<(&str, &[u8])> = lines
        .filter_map(|line| split_once(line, b":"))
        .filter_map(|(name, value)| Some((str::from_utf8(name).ok()?, value)))
        .collect();
    then(&Request {
        method,
        path_and_query,
        headers: &headers,
        body,
    });
}

fn split_once<'a>(data: &'a [u8], separator: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let at = data
        .windows(separator.len())
        .position(|window| window == separator)?;
    Some((&data[..at], &data[at + separator.len()..]))
}
