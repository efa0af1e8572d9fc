//! What an authority of OpenSSL answered to a question of ours, and what is no such answer.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::*;

const NONCE: [u8; NONCE_BYTES] = [0x41, 2, 3, 4, 5, 6, 7, 8];

fn query() -> Query {
    Query::new(Digest::of(b"a receipt"), NONCE)
}

/// `openssl ts -reply` to [`query`], with a key of its own, in base64.
fn reply(name: &str) -> Vec<u8> {
    let text = match name {
        "whole" => include_str!("tests/whole.tsr.base64"),
        "fraction" => include_str!("tests/fraction.tsr.base64"),
        _ => include_str!("tests/refused.tsr.base64"),
    };
    let text: String = text.split_whitespace().collect();
    STANDARD.decode(text).unwrap()
}

#[test]
fn a_question_has_a_number_that_is_neither_negative_nor_shorter() {
    for first in [0, 0x7f, 0x80, 0xff] {
        let query = Query::new(Digest::ZERO, [first, 0, 0, 0, 0, 0, 0, 0]);
        let read = TimeStampReq::from_der(&query.der()).unwrap();
        assert_eq!(read.nonce.as_bytes(), query.nonce);
        assert!((0x40..0x80).contains(&query.nonce[0]));
    }
}

#[test]
fn the_answer_of_an_authority_tells_the_time() {
    let digest = Digest::of(b"a receipt");
    for (name, expected) in [
        ("whole", "2026-11-30T09:22:21.000Z"),
        ("fraction", "2026-11-30T09:22:21.330Z"),
    ] {
        let at = query().answered_by(&reply(name)).unwrap();
        assert_eq!(at.to_string(), expected);
        assert_eq!(of_reply(&reply(name), &digest), Ok(at));
    }
}

#[test]
fn what_answers_something_else_is_no_timestamp() {
    let whole = reply("whole");
    let other = Query::new(Digest::of(b"another"), NONCE);
    assert_eq!(other.answered_by(&whole), Err(NoTimestamp::AnotherFile));
    let other = Query::new(Digest::of(b"a receipt"), [0x42; NONCE_BYTES]);
    assert_eq!(other.answered_by(&whole), Err(NoTimestamp::AnotherQuestion));
    let refused = query().answered_by(&reply("refused")).unwrap_err();
    let words = refused.to_string();
    assert!(words.contains("refused it: status 2: "), "{words}");
}

#[test]
fn no_bytes_that_were_changed_or_cut_off_do_more_than_fail() {
    let whole = reply("whole");
    let digest = Digest::of(b"a receipt");
    for end in 0..whole.len() {
        assert!(of_reply(&whole[..end], &digest).is_err());
    }
    for at in 0..whole.len() {
        for flipped in [0x01, 0x80, 0xff] {
            let mut changed = whole.clone();
            changed[at] ^= flipped;
            // It may be the same to us: signatures are looked at by others.
            let _ = of_reply(&changed, &digest);
        }
    }
}

#[test]
fn times_are_read_as_they_are_written() {
    for (text, expected) in [
        ("20261130091500Z", Some("2026-11-30T09:15:00.000Z")),
        ("20261130091500.5Z", Some("2026-11-30T09:15:00.500Z")),
        ("20261130091500.123456Z", Some("2026-11-30T09:15:00.123Z")),
        ("20261130091500", None),
        ("20261130091500.Z", None),
        ("20261330091500Z", None),
        ("2026113009150Z", None),
        ("+0261130091500Z", None),
    ] {
        let read = moment(text.as_bytes()).map(|at| at.to_string());
        assert_eq!(read.as_deref(), expected, "{text}");
    }
}
